"""What the digest says about a paper in its own words: each sentence rests on one of the abstract's, which is quoted."""
