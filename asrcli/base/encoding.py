"""Text that people's programs wrote: UTF-8, or UTF-16 and UTF-32 (Windows), with or without a byte-order mark."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
LEAST_ZEROS = 0.2  # share of characters of ASCII in UTF-16, in all lists and subtitles: digits, blanks, ends
SEEN = 1 << 16  # bytes by which an encoding is guessed
SHOWN = 40  # characters of a line
LIKELY = 0.75  # share of letters that are as usual
MARGIN = 0.1  # of that share by which the encoding of a text can be less likely than another
MOST_NAMED = 4  # encodings in which a text reads otherwise; where there are more, a letter or two cannot tell
OLD = (
    "CP1252 is usual for Western Europe, CP1250 for Central, CP1251 for Cyrillic, GB18030 and BIG5 for Chinese, "
    "CP932 for Japanese, CP949 for Korean"
)


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
    """Return a text without its byte-order mark; raise `UnicodeDecodeError` where it is neither UTF-8 nor UTF-16."""
    return data.decode(encoding_of(data))


def _usual(encoding: str, first: int, last: int) -> Callable[[str], bool]:
    """Return whether a character is one of the frequent ones, which come first in the tables of East Asia."""
    return lambda char: first <= (char.encode(encoding, "ignore") or b"\0")[0] <= last


def _kana(char: str) -> bool:
    return "\u3041" <= char <= "\u30fc"


# How encodings that were usual show themselves, the ones that are most easily told first: by what are letters.
USUAL: dict[str, Callable[[str], bool]] = {
    "EUC-JP": lambda char: _kana(char) or _usual("shift_jis", 0x88, 0x97)(char),
    "CP932": lambda char: _kana(char) or _usual("shift_jis", 0x88, 0x97)(char),
    "CP949": _usual("euc_kr", 0xB0, 0xC8),
    "GB18030": _usual("gb2312", 0xB0, 0xD7),
    "BIG5": _usual("big5", 0xA4, 0xC6),
    "CP1251": lambda char: "а" <= char <= "я" or char in "ёіїєґјўљњћђ",
    "KOI8-R": lambda char: "а" <= char <= "я" or char == "ё",
    "CP1253": lambda char: "ά" <= char <= "ώ",
    "CP1255": lambda char: "א" <= char <= "ת",
    "CP1256": lambda char: "ء" <= char <= "ي",
    "CP874": lambda char: "ก" <= char <= "ํ",
    "CP1252": lambda char: char in "äöüßéèàáíóúñçêâôîûãõåæøëïìòùœþðšž",
    "CP1254": lambda char: char in "ğışçöüâîİ",
    "CP1250": lambda char: char in "ąćęłńóśźżáčďéěíňřšťúůýžőűöüäôľĺŕđăâîșțşţ",
}
LATIN = ("CP1252", "CP1254", "CP1250")
JAPANESE = ("EUC-JP", "CP932")
SIGNS = re.compile(r"[\s\d!-/:-@\[-`{-~–—‘’“”„«»…。、，？！：；（）《》「」・·¿¡\u3000]")


def _likeness(name: str, text: str) -> float:
    """Return the share of letters beyond ASCII that are as usual: capitals begin words, letters of other alphabets
    stand among their own, and Latin ones do not.
    """
    usual, latin = USUAL[name], name in LATIN
    text = SIGNS.sub(" ", text)
    right = total = 0
    for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if char > "\x7f":
            total += 1
            among = any(one.isascii() and one.isalpha() for one in (before, after))
            fits = usual(char) or (usual(char.lower()) and not before.isalpha())
            right += fits and (among or before == after == " " if latin else not among)
    if name in JAPANESE and sum(map(_kana, text)) * 8 < total:
        return 0.0
    return right / total if total else 0.5


def old_encodings(data: bytes) -> list[str]:
    """Return the encodings of old that a text can be in, as its letters say; of those that read alike the likeliest.

    On words of 35 languages: where there is one, it was right 99 times of 100, and else the right one was among them.
    """
    cut = data[:SEEN].rpartition(b"\n")[0] if len(data) > SEEN else data
    found: dict[str, float] = {}
    readings: dict[str, str] = {}
    for name in USUAL:
        try:
            text = cut.decode(name)
        except UnicodeDecodeError:
            continue
        found[name] = _likeness(name, text)
        if found[name] > found.get(readings.get(text, ""), 0.0):
            readings[text] = name
    least = max(LIKELY, max(found.values(), default=0.0) - MARGIN)
    return sorted((name for name in readings.values() if found[name] >= least), key=lambda name: -found[name])


def not_utf8(data: bytes, error: UnicodeDecodeError) -> str:
    """Return what to say of a text that is not: how a line reads in its likely encodings, and what to type."""
    if b"\0" in data and not data.startswith((*UTF16, *UTF32)):
        head = data.partition(b"\0")[0]
        return f"line {head.count(10) + 1}: a NUL byte, so this is no text file"
    line = data.count(b"\n", 0, error.start)
    bare = data.split(b"\n")[line]
    names = [] if data.startswith((*UTF16, *UTF32)) else old_encodings(data)
    if not 0 < len(names) <= MOST_NAMED:
        return f"line {line + 1}: not UTF-8: convert it with iconv -f ENCODING -t UTF-8 FILE > NEW; {OLD}"
    read = ", ".join(f"in {name} it is '{_shown(bare.decode(name, 'replace'))}'" for name in names)
    right = "with the one that is right" if len(names) > 1 else "if that is right"
    return f"line {line + 1}: not UTF-8; {read}: {right}, iconv -f {names[0]} -t UTF-8 FILE > NEW"


def _shown(line: str) -> str:
    """Return the beginning of a line as it can be printed."""
    said = "".join(char if char.isprintable() else " " for char in line).strip()
    return said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
