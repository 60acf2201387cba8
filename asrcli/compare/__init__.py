"""Compare systems on the same references: rates with intervals, tests, where the errors are, and reports."""
