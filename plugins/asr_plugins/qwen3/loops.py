"""Tell a decoder that runs in circles from people who repeat themselves.

A loop is the same pattern again and again at the end of what was written. A pattern of up to 64 tokens is a long
sentence. The official code calls 20 repeats of up to 20 characters a loop, after the whole answer was written; a
decoder that has gone round ten times does not stop by itself, and people who say "no" ten times are done within 40
tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_PATTERN = 64
LEAST_REPEATS = 10
LEAST_REPEATED = 40  # tokens in all repeats together


def loop(tokens: Sequence[int]) -> tuple[int, int] | None:
    """Return where a repetition that lasts to the end of the tokens starts, and how long its pattern is."""
    total = len(tokens)
    for size in range(1, min(LONGEST_PATTERN, total // LEAST_REPEATS) + 1):
        run = 0
        while run + size < total and tokens[total - 1 - run] == tokens[total - 1 - run - size]:
            run += 1
        if run + size >= max(LEAST_REPEATS * size, LEAST_REPEATED):
            return total - run - size, size
    return None
