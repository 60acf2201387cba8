"""Letters that keyboards, encodings and traditions write in two ways, made one by language.

Persian and Urdu by Arabic keyboards, Romanian with cedillas, Russian without ё, Vietnamese tones in the old place, Thai
and Lao am in two signs. What makes another word (Arabic vowel signs, Turkish circumflexes) stays.
"""

from __future__ import annotations

import re
import unicodedata

KEYS = {
    "fa": str.maketrans("كيىۀ", "کییۀ"),
    "ur": str.maketrans("كيى", "کیی"),
    "ro": str.maketrans("şţŞŢ", "șțȘȚ"),
    "ru": str.maketrans("ёЁ", "еЕ"),
}
AM = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32|\u0ecd([\u0ec8-\u0ecb]?)\u0eb2")
EV = re.compile("և|[եԵ][ւՒ]")  # one sign, as it is written apart and as its capitals are: ԵՎ
OLD_TONES = re.compile(r"([òóỏõọ])([ae])(?!\w)|(?<!q)([ùúủũụ])(y)(?!\w)", re.IGNORECASE)


def _tone(found: re.Match[str]) -> str:
    """Return òa as oà: the mark on the second vowel."""
    first, second = (found[1], found[2]) if found[1] else (found[3], found[4])
    apart = unicodedata.normalize("NFD", first)
    return unicodedata.normalize("NFC", apart[0] + second + apart[1:])


def one_way(text: str, language: str) -> str:
    """Return a text in composed letters (NFC) with those of its language written one way."""
    if text.isascii():
        return text
    if language in KEYS:
        return text.translate(KEYS[language])
    if language == "hy":
        return EV.sub("եվ", text)
    if language == "vi":
        return OLD_TONES.sub(_tone, text)
    return AM.sub(lambda found: f"{found[1]}\u0e33" if found[1] is not None else f"{found[2]}\u0eb3", text)
