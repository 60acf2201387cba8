"""Join pieces of text by the rule of their script: Chinese, Japanese, Thai and their like write no space."""

from __future__ import annotations

from collections.abc import Iterable

# Blocks whose languages write words without spaces between them (Unicode 16, Blocks.txt). Hangul is not among them.
UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3000, 0x30FF),  # CJK punctuation, Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana phonetic extensions
    (0x3400, 0x4DBF),  # CJK extension A
    (0x4E00, 0x9FFF),  # CJK unified ideographs
    (0xF900, 0xFAFF),  # CJK compatibility ideographs
    (0xFF00, 0xFFEF),  # half and full width forms
    (0x20000, 0x3FFFF),  # CJK extensions B and on
)


def is_unspaced(char: str) -> bool:
    """Return whether the character belongs to a script that writes no space between words."""
    code = ord(char)
    return code >= 0x0E00 and any(first <= code <= last for first, last in UNSPACED)


def join_texts(texts: Iterable[str]) -> str:
    """Join texts with one space, or with nothing where both sides of the seam are unspaced script.

    A seam between an unspaced character and a Latin word gets a space, which is how mixed text is usually set.
    """
    joined = ""
    for text in (piece.strip() for piece in texts):
        if not text:
            continue
        glue = " " if joined and not (is_unspaced(joined[-1]) and is_unspaced(text[0])) else ""
        joined += glue + text
    return joined
