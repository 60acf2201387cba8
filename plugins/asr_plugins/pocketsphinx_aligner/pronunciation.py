"""How English words are said: the dictionary in the PocketSphinx wheel, and for other words endings, parts and rules.

Every word gets at least one pronunciation. Tried in order: the dictionary; a stem of the dictionary with an ending;
parts joined by a hyphen or written together; capitals said one by one; espeak-ng where it is installed; letter-to-sound
rules. A word that has no Latin letters is said as any speech.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path

from asrcli.base.children import NOWHERE, surroundings

Phones = tuple[str, ...]

SPEECH = "+SPN+"  # any speech: what the model calls a sound made by a mouth
HESITATIONS = frozenset({"uh", "um", "er", "erm", "hm", "hmm", "mm", "mmm", "mhm", "ah", "eh", "huh", "uhm"})
SIBILANTS = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
VOICELESS = frozenset({"P", "T", "K", "F", "TH"})
ENDINGS = {"ing": ("IH", "NG"), "ly": ("L", "IY"), "ness": ("N", "AH", "S"), "less": ("L", "AH", "S"),
           "ment": ("M", "AH", "N", "T"), "er": ("ER",), "ers": ("ER", "Z"), "ish": ("IH", "SH"),
           "able": ("AH", "B", "AH", "L"), "ful": ("F", "AH", "L"), "y": ("IY",), "ism": ("IH", "Z", "AH", "M"),
           "ist": ("IH", "S", "T"), "'ll": ("AH", "L"), "'ve": ("V",), "'re": ("ER",),
           "n't": ("AH", "N", "T")}  # fmt: skip
BEGINNINGS = {"un": ("AH", "N"), "re": ("R", "IY"), "non": ("N", "AA", "N"), "pre": ("P", "R", "IY"),
              "dis": ("D", "IH", "S"), "mis": ("M", "IH", "S"), "sub": ("S", "AH", "B"), "de": ("D", "IY")}  # fmt: skip
LEAST_PART = 3  # letters of a part of a compound

# Letters and their sounds, the longest first; "e" at the end of a word is silent and makes the vowel before it long.
RULES = {
    "tion": "SH AH N", "sion": "ZH AH N", "ough": "AO", "augh": "AO", "eigh": "EY", "igh": "AY", "tch": "CH",
    "sch": "S K", "dge": "JH", "eau": "OW", "ious": "IY AH S", "ous": "AH S", "ture": "CH ER", "que": "K",
    "qu": "K W", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "gh": "G", "wh": "W", "ck": "K", "ng": "NG",
    "kn": "N", "wr": "R", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oi": "OY", "oy": "OY",
    "ai": "EY", "ay": "EY", "au": "AO", "aw": "AO", "ei": "EY", "ey": "IY", "ie": "IY", "oa": "OW", "oe": "OW",
    "ue": "UW", "ui": "UW", "ew": "UW", "ar": "AA R", "er": "ER", "ir": "ER", "or": "AO R", "ur": "ER", "yr": "ER",
    "ce": "S", "ci": "S IH", "cy": "S IY", "ge": "JH", "gi": "JH IH", "gy": "JH IY", "bb": "B", "cc": "K", "dd": "D",
    "ff": "F", "gg": "G", "ll": "L", "mm": "M", "nn": "N", "pp": "P", "rr": "R", "ss": "S", "tt": "T", "zz": "Z",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V",
    "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}

# What espeak-ng writes (IPA, American English) in the phones of the model; the longest first, the rest is passed over.
IPA = {
    "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "ɑː": "AA",
    "ɔː": "AO",
    "ɜː": "ER", "iː": "IY", "uː": "UW", "oː": "AO", "ɚ": "ER", "ɝ": "ER", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH",
    "ɛ": "EH", "ɪ": "IH", "ᵻ": "IH", "i": "IY", "ʊ": "UH", "u": "UW", "ɑ": "AA", "ɒ": "AA", "ɔ": "AO", "a": "AE",
    "e": "EH", "o": "OW", "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "h": "HH", "k": "K", "l": "L", "m": "M",
    "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T", "ʔ": "T", "θ": "TH",
    "v": "V", "w": "W", "j": "Y", "z": "Z", "ʒ": "ZH", "x": "K",
}  # fmt: skip


class Pronouncer:
    """Finds pronunciations, and remembers them."""

    def __init__(self, dictionary: Path, espeak: bool = True) -> None:
        self.dictionary = dictionary
        self.espeak = espeak
        self._known: dict[str, tuple[Phones, ...]] = {}

    @cached_property
    def entries(self) -> dict[str, list[str]]:
        """The dictionary: word -> pronunciations as written."""
        found: dict[str, list[str]] = {}
        for line in self.dictionary.read_text(encoding="utf-8").splitlines():
            word, _, phones = line.partition(" ")
            found.setdefault(word.partition("(")[0], []).append(phones)
        return found

    def pronunciations(self, word: str) -> tuple[Phones, ...]:
        """Return the ways to say a word as written, at least one."""
        if word not in self._known:
            self._known[word] = self._find(word)
        return self._known[word]

    def _find(self, word: str) -> tuple[Phones, ...]:
        text = plain(word)
        if text in HESITATIONS:
            return (*self._listed(text), (SPEECH,))
        ways = (
            self._listed(text)
            or self._with_ending(text)
            or self._in_parts(text)
            or ((self._spelled(text),) if word.isupper() and len(text) > 1 else ())
        )
        if ways or not re.search("[a-z]", text):
            return ways or ((SPEECH,),)
        said = speak(text) if self.espeak else ()
        return (said or by_rule(text),)

    def _listed(self, text: str) -> tuple[Phones, ...]:
        return tuple(tuple(one.split()) for one in self.entries.get(text, ()))

    def _with_ending(self, text: str) -> tuple[Phones, ...]:
        for stem, ending in self._endings(text):
            if ways := self._listed(stem):
                return tuple((*phones, *sound(phones, ending)) for phones in ways)
        for beginning, phones in BEGINNINGS.items():
            rest = text.removeprefix(beginning)
            if rest != text and len(rest) >= LEAST_PART and (ways := self._listed(rest)):
                return tuple((*phones, *own) for own in ways)
        return ()

    def _endings(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield stems that the word may have been made of, with the ending."""
        for ending in ("'s", "s'", "es", "s", "ed", "'d", *ENDINGS):
            stem = text.removesuffix(ending)
            if stem == text or len(stem) < 2:
                continue
            yield stem, ending
            yield stem + "e", ending  # making, saved
            if stem[-1] == stem[-2:-1]:
                yield stem[:-1], ending  # running
            if stem[-1] == "i":
                yield stem[:-1] + "y", ending  # happiness

    def _in_parts(self, text: str) -> tuple[Phones, ...]:
        """Say words joined by a hyphen one after the other, and split a word into two of the dictionary."""
        if "-" in text:
            parts = [part for part in text.split("-") if part]
            return (tuple(phone for part in parts for phone in self.pronunciations(part)[0]),) if parts else ()
        for middle in sorted(range(LEAST_PART, len(text) - LEAST_PART + 1), key=lambda at: abs(at - len(text) / 2)):
            first, second = self._listed(text[:middle]), self._listed(text[middle:])
            if first and second:
                return ((*first[0], *second[0]),)
        return ()

    def _spelled(self, text: str) -> Phones:
        return tuple(phone for letter in text for way in self._listed(letter)[:1] for phone in way)


def plain(word: str) -> str:
    """Return a word in lower case without accents, with nothing but letters, apostrophes and hyphens inside."""
    text = unicodedata.normalize("NFKD", word.replace("’", "'")).lower()
    return re.sub("[^a-z'-]", "", text).strip("'-")


def sound(stem: Sequence[str], ending: str) -> Phones:
    """Return how an ending is said after a stem."""
    last = stem[-1]
    if ending in ("'s", "s'", "es", "s"):
        return ("IH", "Z") if last in SIBILANTS else ("S",) if last in VOICELESS else ("Z",)
    if ending in ("ed", "'d"):
        return (
            ("IH", "D")
            if last in ("T", "D")
            else ("T",)
            if last in VOICELESS | SIBILANTS - {"Z", "ZH", "JH"}
            else ("D",)
        )
    return ENDINGS[ending]


def by_rule(text: str) -> Phones:
    """Return the sounds of the letters, by rule; at least one."""
    phones: list[str] = []
    at = 0
    silent = len(text) > 3 and text[-1] == "e" and text[-2] not in "aeiou"
    end = len(text) - 1 if silent else len(text)
    while at < end:
        if silent and at == end - 2 and text[at] in LONG:  # the vowel of "make"
            phones.append(LONG[text[at]])
            at += 1
            continue
        piece = next((text[at : at + size] for size in (4, 3, 2, 1) if text[at : at + size] in RULES), "")
        piece = piece if at + len(piece) <= end else text[at]
        phones += RULES.get(piece, "").split()
        at += max(1, len(piece))
    return tuple(phones) or (SPEECH,)


@cache
def speak(text: str) -> Phones:
    """Return what espeak-ng makes of a word; () where it is not installed or fails."""
    program = shutil.which("espeak-ng")
    if program is None:
        return ()
    try:
        done = subprocess.run(
            [program, "-q", "--ipa", "-v", "en-us", "--", text],
            capture_output=True,
            timeout=10,
            check=True,
            cwd=NOWHERE,  # espeak-ng reads a file named en-us of the current folder as that voice
            env=surroundings(),
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return from_ipa(done.stdout.decode("utf-8", "replace"))


def from_ipa(text: str) -> Phones:
    """Return IPA as phones of the model; stress and unknown signs are passed over."""
    phones: list[str] = []
    at = 0
    signs = re.sub(r"[ˈˌ\s]", "", text)
    while at < len(signs):
        size = 2 if signs[at : at + 2] in IPA else 1
        if (phone := IPA.get(signs[at : at + size])) is not None:
            phones.append(phone)
        at += size
    return tuple(phones)
