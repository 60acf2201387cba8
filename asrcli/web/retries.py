"""When a server is asked again, and how long after."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

TRIES = 4
LONGEST_WAIT = 60.0  # seconds; a server that asks for more is given up
BUSY = 429
RETRIED = frozenset({BUSY, 500, 502, 503, 504})  # answers that may be others a little later


def retry_after(asked: str, date: str, otherwise: float) -> float:
    """Return the seconds that a server asks to wait.

    Args:
        asked: its ``Retry-After`` header: a number of seconds, or a date.
        date: its ``Date`` header, on whose clock the other date is.
        otherwise: what to return where it asks for nothing that can be understood.
    """
    if asked.strip().isascii() and asked.strip().isdigit():
        return float(asked)
    try:
        seconds = (parsedate_to_datetime(asked) - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return otherwise
    return max(0.0, seconds)
