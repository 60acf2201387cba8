"""What was probably meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the known name that is nearest as a question; without one what to say instead, by default all names."""
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"did you mean '{close[0]}'?" if close else otherwise or f"choose one of: {', '.join(names)}"
