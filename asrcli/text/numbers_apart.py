"""English number words for ``asr``: what is said one after the other stays apart, but for years and the like.

The published rules write "five six" as 56 and "ten eleven twelve" as 101112. Here two numbers are one only if nothing
else is said so: nineteen eighty-four, seven forty-seven, three oh five. Digits behind a point are one, and zeros in
front are said: 007 is zero zero seven. (Three digits and more one by one become a number afterwards, in
`EnglishNormalizer.write_numbers`.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from asrcli.text.numbers_english import WORDS, Kind, NumberReader, NumberWord, Value, is_kind

NAMES = (Kind.ZERO, Kind.SMALL, Kind.TEN)
LETTER_ZERO = ("o", "oh")
ZEROS_BEFORE = re.compile(r"0\d+\Z")


class ApartReader(NumberReader):
    """Reads words from left to right; a number that does not go on with the next word ends."""

    def word(self, word: str, before: str | None, after: str | None) -> Iterator[str]:
        """Take a word that is not written in digits."""
        entry = WORDS.get(word)
        if entry and entry.kind in NAMES and self.value is not None and not self.goes_on(word, entry, before, after):
            yield from self.flush()
        yield from super().word(word, before, after)

    def goes_on(self, word: str, entry: NumberWord, before: str | None, after: str | None) -> bool:
        """Return whether a number word belongs to the number that is being said."""
        value, before = self.value, before or ""
        if isinstance(value, int) and is_kind(after, Kind.LARGE):  # two hundred | two hundred
            scale = WORDS[str(after)].value
            if value >= 100 and (value % 1000 if scale == 100 else value // 1000 % scale):
                return False
        if isinstance(value, str) and "." in value:
            return entry.value < 10 or value.endswith(".")
        if before[-1:].isdigit() or word == "zero" or value == "0":
            return False
        if word in LETTER_ZERO:
            return (
                isinstance(value, int) and value < 100 and is_kind(after, Kind.SMALL) and WORDS[str(after)].value < 10
            )
        if before in LETTER_ZERO:
            return entry.kind is Kind.SMALL and entry.value < 10
        if is_kind(before, Kind.TEN) and entry.kind is Kind.SMALL and entry.value < 10:
            return True
        return isinstance(value, int) and (value % 100 == 0 or (value < 100 and entry.value >= 10))

    def say(self, result: Value) -> str:
        """Return a finished word with the sign or currency that came before it; zeros in front one by one."""
        digits = str(result)
        if ZEROS_BEFORE.match(digits):
            result = " ".join(digits)
        return super().say(result)

    def digits(self, word: str, bare: str) -> Iterator[str]:
        """Take digits, with or without a sign or currency before them."""
        if ZEROS_BEFORE.match(bare) and not (isinstance(self.value, str) and self.value.endswith(".")):
            yield from self.flush()
            self.prefix = word[: len(word) - len(bare)]
            self.value = bare
        else:
            yield from super().digits(word, bare)
