"""A show made from the verified digest: a script of two voices, speech, chapters, a transcript with word times, a feed."""
