"""Cells of tables that spreadsheets open."""

from __future__ import annotations

from typing import Any


def safe_cell(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
