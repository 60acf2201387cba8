"""How numbers and Chinese are written in results: digits or words, simplified or traditional; nothing is scored by it.

Words become digits by text2num (Allo-Media), digits become words as they are said (`asrcli.alignment.spoken`), and
Chinese is converted by OpenCC, by phrases and then by characters. Words keep their times: several that become one
share their stretch, one that becomes several parts its own by letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache

from asrcli.errors import MissingExtra, UsageError
from asrcli.types import Segment, Word, spread

NUMBERS = ("as-is", "words", "digits")
SCRIPTS = {"hans": "t2s", "hant": "s2t"}  # by the names of ISO 15924, and OpenCC's
DIGIT_LANGUAGES = ("ca", "de", "en", "es", "fr", "it", "nl", "pt")  # that text2num reads
# That num2words spells and whose words are parted by spaces; regional forms are left to it.
WORD_LANGUAGES = ("cs", "da", "de", "en", "es", "fi", "fr", "hu", "id", "it", "lt", "lv", "nl", "no", "pl", "pt", "ro",
                  "ru", "sl", "sv", "tr", "uk", "vi")  # fmt: skip
CHINESE = ("zh", "yue")
POINTS = ("en",)  # with a decimal point and commas between thousands; the others the other way round
EDGES = "\"'“”‘’«»([{)]}.,;:!?…-–—"

Spell = Callable[[str, str | None], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Writing:
    """How numbers and Chinese are to be written."""

    numbers: str = "as-is"  # or words, digits
    script: str | None = None  # hans or hant; None as it comes

    @property
    def changes(self) -> bool:
        """Whether anything is to be written otherwise than it comes."""
        return self.numbers != "as-is" or self.script is not None

    def check(self, language: str | None) -> None:
        """Raise where this cannot be done at all, or not in a language that is known beforehand.

        Raises:
            UsageError: no such choice, or not in this language.
            MissingExtra: its library is not installed.
        """
        if self.numbers not in NUMBERS:
            raise UsageError(f"--numbers {self.numbers}: choose {', '.join(NUMBERS)}")
        if self.script not in (None, *SCRIPTS):
            raise UsageError(f"--script {self.script}: choose hans (simplified) or hant (traditional)")
        if self.script:
            _converter(self.script)
        if self.numbers != "as-is":
            if language is not None and not self._writes(language):
                known = ", ".join(self._languages)
                raise UsageError(f"--numbers {self.numbers} cannot be written in '{language}', only in: {known}")
            _digits() if self.numbers == "digits" else _check_spelling()

    @property
    def _languages(self) -> tuple[str, ...]:
        return DIGIT_LANGUAGES if self.numbers == "digits" else WORD_LANGUAGES

    def _writes(self, language: str | None) -> bool:
        return (language or "").split("-")[0] in self._languages

    def rewrite(self, segment: Segment, language: str | None, spell: Spell) -> Segment:
        """Return a segment as it is to be written; in languages without rules here, as it is.

        Args:
            segment: what was recognised.
            language: of the text, where the segment does not say.
            spell: what is said for a written word, see `asrcli.alignment.spoken.spoken_words`.
        """
        language = segment.language or language
        if self.numbers != "as-is" and self._writes(language):
            digits = self.numbers == "digits"
            text = with_digits(segment.text, language) if digits else with_words(segment.text, language, spell)
            segment = replace(segment, text=text, words=_moved(segment.words, segment.text, text))
        if self.script and (language is None or language.split("-")[0] in CHINESE):
            segment = _converted(segment, _converter(self.script))
        return segment

    def leaves(self, language: str | None) -> bool:
        """Tell whether numbers stay as they are because a language has no rules here."""
        return self.numbers != "as-is" and language is not None and not self._writes(language)


def with_digits(text: str, language: str | None) -> str:
    """Return a text with numbers in digits; one to three stay words where they stand alone."""
    return _digits()(text, (language or "").split("-")[0])


def with_words(text: str, language: str | None, spell: Spell) -> str:
    """Return a text with numbers in words; signs before and after a number stay."""
    return " ".join(_spelled(token, language, spell) for token in text.split())


def _spelled(token: str, language: str | None, spell: Spell) -> str:
    core = token.strip(EDGES)
    if not any(char.isdecimal() for char in core):
        return token
    at = token.index(core)
    code = (language or "").split("-")[0]
    said = " ".join(spell(core, language)) if code == "en" else _said(core, code)
    return token[:at] + said + token[at + len(core) :] if said else token


def _said(number: str, code: str) -> str:
    """Return a plain number in words; "" for a date, a time, a sum and whatever else is said by other rules."""
    from decimal import Decimal

    from num2words import num2words

    point, thousands = (".", ",") if code in POINTS else (",", ".")
    whole, _, part = number.partition(point)
    digits = whole.replace(thousands, "") if re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})+", whole) else whole
    if not re.fullmatch("0|[1-9][0-9]{0,14}", digits) or not re.fullmatch("[0-9]*", part) or number.endswith(point):
        return ""
    said: str = num2words(Decimal(f"{digits}.{part}") if part else int(digits), lang=code)
    return said.replace("dicotto", "diciotto") if code == "it" else said  # num2words spells 118 "centodicotto"


def _moved(words: Sequence[Word], before: str, after: str) -> tuple[Word, ...]:
    """Return the words of a text that has been rewritten, with the times of those that they were.

    Where the words were not those of the text, there are none: times are not guessed.
    """
    if before == after or not words:
        return tuple(words)
    if [word.text for word in words] != before.split():
        return ()
    found: list[Word] = []
    tokens = after.split()
    matcher = SequenceMatcher(None, [word.text for word in words], tokens, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        match kind:
            case "equal":
                found += words[first:last]
            case "replace":
                found += _shared(words[first:last], tokens[start:end])
            case "delete" if found:  # nothing stands for them: their time is that of the word before
                found[-1] = replace(found[-1], end=words[last - 1].end)
            case "insert":
                place = found[-1].end if found else words[0].start
                found += [Word(token, place, place, source="interpolated") for token in tokens[start:end]]
    return tuple(found)


def _shared(words: Sequence[Word], tokens: Sequence[str]) -> list[Word]:
    """Return tokens in the stretch of some words, parted by letters where they are several."""
    start, end = words[0].start, words[-1].end
    scores = [word.score for word in words if word.score is not None]
    one = replace(words[0], phones=(), score=min(scores) if scores else None)
    if len(tokens) == 1:
        return [replace(one, text=tokens[0], start=round(start, 3), end=round(end, 3))]
    return list(spread([replace(one, text=token) for token in tokens], start, end))


def _converted(segment: Segment, convert: Callable[[str], str]) -> Segment:
    """Return a segment in another script: words as the whole text has them, whose phrases decide about characters."""
    text, words, at = convert(segment.text), [], 0
    for word in segment.words:
        place = segment.text.find(word.text, at)
        alike = place >= 0 and len(text) == len(segment.text)
        at = place + len(word.text) if place >= 0 else at
        words.append(replace(word, text=text[place:at] if alike else convert(word.text)))
    return replace(segment, text=text, words=tuple(words))


def _converter(script: str) -> Callable[[str], str]:
    from asrcli.text.universal import chinese_converter

    return chinese_converter(SCRIPTS[script], f"--script {script}", "writing")


@cache
def _digits() -> Callable[[str, str], str]:
    try:
        from text_to_num import alpha2digit
    except ImportError:
        raise MissingExtra("--numbers digits", ["text_to_num"], "writing") from None
    convert: Callable[[str, str], str] = alpha2digit
    return convert


def _check_spelling() -> None:
    try:
        import num2words  # noqa: F401
    except ImportError:
        raise MissingExtra("--numbers words", ["num2words"], "writing") from None
