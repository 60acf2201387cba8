"""Programs for the repository itself; nothing here is installed with asr."""
