"""Recordings: finding, decoding, resampling, voice activity and cutting at pauses."""
