"""Text that people's programs wrote: UTF-8 with or without a byte-order mark, or UTF-16 with one (Windows)."""

from __future__ import annotations

import codecs

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(data: bytes) -> str:
    """Return the encoding of a text by its byte-order mark; UTF-8 where there is none."""
    return "utf-16" if data.startswith(UTF16) else "utf-8-sig"


def decode_text(data: bytes) -> str:
    """Return a text without its byte-order mark.

    Raises:
        UnicodeDecodeError: it is neither UTF-8 nor UTF-16 with a mark.
    """
    return data.decode(encoding_of(data))
