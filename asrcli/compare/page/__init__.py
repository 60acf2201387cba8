"""The parts of the HTML report: page, style and script."""
