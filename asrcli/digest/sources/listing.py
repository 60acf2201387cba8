"""arXiv's listing pages: which papers were announced on days that were missed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

SHOWING = re.compile(r"showing\s+(?:first\s+)?(\d+)\s+of\s+(\d+)\s+entries", re.I)
LISTED = re.compile(r"""href\s*=\s*["']?/abs/([a-z-]*(?:\.[A-Z]{2})?/?\d{4}\.?\d{3,5})(?:v\d+)?["']""")
HEADING = re.compile(r"<h3[^>]*>(.*?)</h3>", re.S | re.I)


def weekdays(after: date, until: date) -> list[date]:
    """Return Mondays to Fridays after one day and up to another."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return [day for day in days if day.weekday() < 5]


def listing_urls(category: str, missed: Sequence[date], day: date) -> list[str]:
    """Return the listings that hold the missed days: the past week, or whole months when it is longer ago."""
    base = f"https://arxiv.org/list/{category}"
    if (day - missed[0]).days <= 5:
        return [f"{base}/pastweek?skip=0&show=2000"]
    # A month's listing is ordered by id, and an id's month is that of its submission.
    months: Iterable[str] = dict.fromkeys(f"{one:%Y-%m}" for one in (missed[0] - timedelta(days=7), *missed))
    return [f"{base}/{month}?skip=0&show=2000" for month in months]


def read_listing(page: str) -> tuple[list[str], str]:
    """Return the ids of a listing, and what is wrong when fewer are there than its headings promise."""
    ids = list(dict.fromkeys(LISTED.findall(page)))
    promised = sum(int(found[0]) for heading in HEADING.findall(page) for found in SHOWING.findall(heading))
    if promised > len(ids):
        return ids, f"the listing promises {promised} entries and holds {len(ids)}"
    return ids, ""
