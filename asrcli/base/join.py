"""Join pieces of text by the rule of their script: Chinese, Japanese, Thai and their like write no space."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category

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
SHARED_MARKS = frozenset("…—―“”‘’·")  # of scripts with spaces and of those without


def is_unspaced(char: str) -> bool:
    """Return whether the character belongs to a script that writes no space between words."""
    code = ord(char)
    return code >= 0x0E00 and any(first <= code <= last for first, last in UNSPACED)


def glue(before: str, after: str) -> str:
    """Return what belongs between two texts: a space, or nothing where both sides are unspaced script.

    Quotes, dashes and dots of omission belong to the script that they stand in. Punctuation as wide as a character has
    its space in itself. A seam between an unspaced character and a Latin word gets a space, which is how mixed text is
    usually set.
    """
    if not before or not after or _is_wide_mark(before[-1]) or _is_wide_mark(after[0]):
        return ""
    last = next((char for char in reversed(before) if char not in SHARED_MARKS), before[-1])
    first = next((char for char in after if char not in SHARED_MARKS), after[0])
    return "" if is_unspaced(last) and is_unspaced(first) else " "


def _is_wide_mark(char: str) -> bool:
    return char >= "\u3000" and is_unspaced(char) and category(char)[0] in "PS"


def join_texts(texts: Iterable[str]) -> str:
    """Join texts by the rule of their script, see `glue`."""
    joined = ""
    for text in (piece.strip() for piece in texts):
        joined += glue(joined, text) + text
    return joined
