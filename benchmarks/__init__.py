"""Speed, measured as ratios within one run. Each module has a main() that prints a section in markdown."""
