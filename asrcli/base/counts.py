"""A number with its noun, as English has it."""

from __future__ import annotations

from collections.abc import Sized


def count_of(things: int | Sized, noun: str, plural: str = "") -> str:
    """Return "1 paper" or "3,000 papers" of a number or a collection; ``plural`` if it has no s."""
    number = things if isinstance(things, int) else len(things)
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
