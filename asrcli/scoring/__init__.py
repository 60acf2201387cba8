"""Scoring: counts that add, alignments under a named convention, and significance."""
