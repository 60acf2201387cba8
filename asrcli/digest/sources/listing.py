"""arXiv's listing pages: which papers were announced on days that were missed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

SHOWING = re.compile(r"showing\s+(?:first\s+)?(\d+)\s+of\s+(\d+)\s+entries", re.I)
LISTED = re.compile(r"""href\s*=\s*["']?/abs/([a-z-]*(?:\.[A-Z]{2})?/?\d{4}\.?\d{3,5})(?:v\d+)?["']""")
TOTAL = re.compile(r"Total of (\d+) entries", re.I)
SHOWN = 2000  # entries in one page: the most arXiv gives
PAGES = 5
HEADING = re.compile(r"<h3[^>]*>(.*?)</h3>", re.S | re.I)


def weekdays(after: date, until: date) -> list[date]:
    """Return Mondays to Fridays after one day and up to another."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return [day for day in days if day.weekday() < 5]


def listing_urls(category: str, missed: Sequence[date], day: date) -> list[str]:
    """Return the listings that hold the missed days: the past week, or whole months when it is longer ago."""
    base = f"https://arxiv.org/list/{category}"
    if (day - missed[0]).days <= 5:
        return [f"{base}/pastweek"]
    # A month's listing is ordered by id, and an id's month is that of its submission.
    months: Iterable[str] = dict.fromkeys(f"{one:%Y-%m}" for one in (missed[0] - timedelta(days=7), *missed))
    return [f"{base}/{month}" for month in months]


def page_url(base: str, skip: int) -> str:
    """Return the address of one page of a listing."""
    return f"{base}?skip={skip}&show={SHOWN}"


def read_listing(page: str) -> tuple[list[str], int, str]:
    """Return the ids of a page, how many entries the whole listing has, and what is wrong with the page.

    A page is wrong when it holds fewer entries than its headings promise: then its form has changed.
    """
    found = LISTED.findall(page)
    total = TOTAL.search(page)
    promised = sum(int(one[0]) for heading in HEADING.findall(page) for one in SHOWING.findall(heading))
    problem = f"the listing promises {promised} entries and holds {len(found)}" if promised > len(found) else ""
    return list(dict.fromkeys(found)), int(total[1]) if total else len(found), problem
