"""A recogniser whose engine lives in a process of its own, and that process."""
