"""Datasets: recordings with what is said in them, read from the layouts that people keep them in."""
