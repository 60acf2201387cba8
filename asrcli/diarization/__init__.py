"""Who speaks when: pyannote.audio beside the recogniser, or turns that were found elsewhere."""
