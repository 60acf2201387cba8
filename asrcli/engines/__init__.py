"""Which engine, weights and device a run uses, and the loaded recogniser."""
