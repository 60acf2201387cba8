"""Which rate belongs to which test, where a sentence names several of both in one go."""

from __future__ import annotations

import re
from collections.abc import Sequence

from asrcli.digest.statements.rates import Rate

# No name of one test: several, or a piece of a number ("a 12" of "a 12, 500 hour task").
_FRAGMENT = re.compile(r"^both\b|^(?:an?\s)?\d+$", re.I)


def is_sure(text: str, rate: Rate, test: str, tests: Sequence[str]) -> bool:
    """Tell whether a rate and its test belong together, where a sentence may name several of both in one go."""
    if _FRAGMENT.search(test):
        return False
    # "13.7%/23.1% on A/B", "on A and B, 9% and 5% respectively": right only where each has a test of its own.
    paired = re.search(r"\d\s*%?\s*/\s*$", text[: rate.start]) or re.match(r"\s*/\s*\d", text[rate.end :])
    if paired or (len(tests) > 1 and re.search(r"\brespectively\b", text, re.I)):
        return bool(test) and tests.count(test) == 1 and "/" not in test
    return True


def is_torn(text: str, rate: Rate, own: Sequence[Rate]) -> bool:
    """Tell whether a rate is the end of a list of which not all is known: "10.6%, 8.5% and 7.0% WER"."""
    before = re.search(r"(\d+(?:\.\d+)?)\s*%?\s*,?\s*(?:and\s*)?$", text[: rate.start])
    return before is not None and not any(one.start <= before.start() < one.end for one in own)
