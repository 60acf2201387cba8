"""The seed of all random cases: ``ASR_FUZZ_SEED=2 make test-slow`` tries others than those that are always tried."""

from __future__ import annotations

import os

SEED = os.environ.get("ASR_FUZZ_SEED", "")


def seeded(case: str) -> str:
    """Return the seed of a case, the name of the case where no other was asked for."""
    return f"{SEED} {case}" if SEED else case
