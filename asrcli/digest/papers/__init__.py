"""Pages about one paper: what was read of it, the card of its claim, and the files that hold both."""
