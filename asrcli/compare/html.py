"""The report in one HTML file."""

from __future__ import annotations

from collections.abc import Sequence

from asrcli.compare.comparison import Comparison


def to_html(comparison: Comparison, *, fields: Sequence[str] = ()) -> str:
    """Return the page."""
    raise NotImplementedError
