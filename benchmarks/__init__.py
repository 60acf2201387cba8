"""Measurements of speed; each module prints a Markdown section."""
