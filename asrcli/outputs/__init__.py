"""What a command writes: where, whether it may replace what is there, and how each output was made."""
