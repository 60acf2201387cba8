"""Recordings in, transcripts out: decode, cut, batch, recognise, assemble."""
