"""Blocks of a text file between two markers, replaced without a pattern that content could bend."""

from __future__ import annotations

from asrcli.errors import InputError


def replace_block(text: str, start: str, end: str, content: str) -> str:
    """Return the text with what stands between two markers replaced.

    Raises:
        InputError: a marker stands there twice, alone, or in the wrong order; or the content holds one.
    """
    if text.count(start) != 1 or text.count(end) != 1:
        raise InputError(f"{start} and {end} must each stand there exactly once")
    first, last = text.index(start) + len(start), text.index(end)
    if first > last:
        raise InputError(f"{end} stands before {start}")
    if "<!--" in content:
        raise InputError("a comment in the content of a block")
    return f"{text[:first]}\n{content.strip()}\n{text[last:]}"
