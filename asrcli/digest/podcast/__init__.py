"""A show made from the verified digest: a script of two voices, speech, chapters, word times, a feed."""
