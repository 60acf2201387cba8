"""Style sheets and the one script, written into the pages that use them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def asset(name: str) -> str:
    """Return the text of one file of this folder."""
    return files(__package__).joinpath(name).read_text("utf-8").strip()
