"""Text: how scripts write, join and split words, and the normalisers for scoring."""
