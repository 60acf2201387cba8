"""Text that people's programs wrote: UTF-8, or UTF-16 and UTF-32 (Windows), with or without a byte-order mark."""

from __future__ import annotations

import codecs

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
LEAST_ZEROS = 0.2  # share of characters of ASCII in UTF-16, in all lists and subtitles: digits, blanks, ends


def encoding_of(data: bytes) -> str:
    """Return the encoding of a text by its byte-order mark, or by where its zeros are; UTF-8 where there are none."""
    if data.startswith(UTF32):
        return "utf-32"
    if data.startswith(UTF16):
        return "utf-16"
    head = data[:4096]
    zeros = [head[place::2].count(0) for place in (0, 1)]
    if len(data) % 2 == 0 and 0 in zeros and sum(zeros) > max(3, LEAST_ZEROS * len(head) / 2):
        return "utf-16-be" if zeros[0] else "utf-16-le"
    return "utf-8-sig"


def decode_text(data: bytes) -> str:
    """Return a text without its byte-order mark.

    Raises:
        UnicodeDecodeError: it is neither UTF-8 nor UTF-16.
    """
    return data.decode(encoding_of(data))
