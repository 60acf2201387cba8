"""Who speaks when: a diarizer beside the recogniser, turns from a file, and names from voice prints."""
