"""Where weights come from, what is in them, and whether they are safe to open."""
