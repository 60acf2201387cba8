"""Read the number words of languages other than English and Chinese as digits: dreiundzwanzig and 23 are one text.

Cardinals to 999,999 and decimals, where the words can be nothing else. A form of one that is an article too is only
read in a number (vingt et un), beside a digit, before a per cent sign or alone: "un homme" is not "1 homme", and two
forms of it are never made one text. `tables/numbers.txt` has the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, partial
from itertools import takewhile

from asrcli.text import tables
from asrcli.text.signs import AND, BEFORE, PER_CENT, join_cents

MOST_WORDS = 400_000  # remembered
PREFIX = r"(?<![\w.])"
END = r"(?!\w)"
SPELLED = re.compile(r"(?<![\w.,])0\d{2,}(?![\w.,])")  # said digit by digit


@cache
def reader_of(language: str) -> Callable[[str], str] | None:
    """Return a function that writes the number words of a text as digits, ``None`` for a language without a table.

    The text is in small letters, without marks that part no numbers.
    """
    return Reader(counting(language), language) if language in LANGUAGES else None


def _any(forms: Iterable[str]) -> str:
    """Return a pattern for any of these forms, the longest first; by their first letters, so that few are tried."""
    starts: dict[str, list[str]] = {}
    for form in sorted(forms, key=len, reverse=True):
        starts.setdefault(form[:2], []).append(form[2:].replace(" ", " ?"))
    return "|".join(f"{start}(?:{'|'.join(rest)})" for start, rest in starts.items())


class Reader:
    """Writes number words as digits."""

    def __init__(self, table: Counting, language: str) -> None:
        self.values = {form.replace(" ", ""): value for form, value in table.small.items()}
        self.larger = {form.replace(" ", ""): value for form, value in table.hundreds.items()}
        self.parts = table.parts
        self.lone = table.lone
        self.articles = frozenset(table.ones.split("|")).union(table.bare.split("|"))
        self.bare = frozenset(table.bare.split("|"))
        # The form that is counted with: read beside digits and alone.
        self.counted = table.lone or next(form for form, value in table.small.items() if value == 1)
        self.per_cent = language in ("ca", "es", "fr", "it", "pt")  # where it is said with the word for hundred
        small, hundreds = _any(table.small), _any(table.hundreds)
        if language == "it":
            plain = "|".join(sorted(table.hundreds, key=len, reverse=True)).replace(" ", " ?")
            hundreds = re.sub(r"cent(?!o)", "cent(?=ott|un)", plain)
        joint = table.joint if table.joint.startswith(" ") else f" ?(?:{table.joint})?" if table.joint else " ?"
        joint = f"(?:{joint}| ?)"
        behind = f"(?! ?(?:{table.hundred}){END})" if table.hundred else ""
        last = behind + f"(?! ?(?:{table.thousands}){END})"
        head = f"(?:(?:{hundreds})(?:{joint}(?:{small}){behind})?|(?:{small}))"
        rest = f"(?:(?:{hundreds})(?:{joint}(?:{small}){last})?|(?:{small}){last})"
        self.part = re.compile(f"(?:({hundreds})(?:{joint}(?={small})|$))?({small})?$")
        self.number = re.compile(
            rf"{PREFIX}(?:(?:(?P<head>{head}|\d{{1,3}}) ?(?:{table.thousands})|(?P<alone>{table.thousand}))"
            rf"(?:{joint}(?P<rest>{rest}){END})?|(?P<plain>{rest})){END}"
            rf"|{PREFIX}(?P<one>{small}){END}"
        )
        ones = _any({*table.ones.split("|"), table.lone, *table.bare.split("|")} - {""})
        share, large = PER_CENT.get(language, "%"), f"{table.million}|{table.milliard}"
        self.language, self.ones = language, table.ones
        # What is below a thousand behind millions may count something else: "three million, five of them".
        rest = rf"((?!(?:1[89]|20)\d\d(?!\d))[1-9]\d{{3,8}})(?! (?:{large})\b)"
        behind = rf"(?: (?:(?:{table.joint.strip()}|{AND[language]}) )?{rest})?(?![\w.])"
        self.larger_still = tuple(
            (re.compile(rf"{PREFIX}(\d{{1,20}}(?:\.\d{{1,9}})?) (?:{words}){behind}"), size)
            for words, size in ((table.million, 10**6), (table.milliard, 10**9))
        )
        self.half = re.compile(rf"{PREFIX}(\d+)((?: (?:{large}))?) (?:{table.half}){END}")
        self.halved = re.compile(rf"{PREFIX}({small})(?:einhalb|ënhalf|enhalf|eneenhalf){END}")
        self.before_share = re.compile(
            rf"{PREFIX}(?:{ones})(?= (?:%|{share}|{large}){END}| (?:{table.point}) (?:\d|(?:{ones}){END}))"
        )
        self.behind_share = re.compile(rf"(?<={BEFORE[language]} )(?:{ones}){END}") if language in BEFORE else None
        self.sign = re.compile(rf".*%|{share}|{large}|{BEFORE.get(language, '%')}")
        self.relevant: dict[str, bool] = {}
        digit = rf"(?:\d|{ones})"
        behind_mark = rf"({digit}(?: {digit})*|\d{{2,}})(?: ({'|'.join(table.parts) or '(?!)'}))?"
        self.decimal = re.compile(rf"{PREFIX}(\d+) (?:{table.point}) {behind_mark}(?![\w.])")

    def __call__(self, text: str) -> str:
        """Return a text with its numbers in digits."""
        if text == self.counted:
            return "1"
        if not any([self._counts(word) for word in text.split()]):
            return text
        if "hal" in text:
            text = self.halved.sub(lambda found: f"{self._below(found[1])}.5", text)
        text = self.half.sub(r"\1.5\2", self.number.sub(self._digits, text))
        text = self.before_share.sub(self._plain, text)
        if self.behind_share:
            text = self.behind_share.sub(self._plain, text)
        if self.counted in self.articles:
            text = self._beside(text)
        text = self.decimal.sub(self._with_point, text)
        for pattern, size in self.larger_still:
            text = pattern.sub(partial(self._millions, size), text)
        if self.per_cent:  # languages in which millions are of something: 5 000 000 € is cinq millions d'euros
            text = re.sub(r"(?<=\d000000) (?:de |di |d')", " ", text)
        text = SPELLED.sub(lambda found: " ".join(found[0]), text)
        return join_cents(text, self.language, self.ones)

    def _counts(self, word: str) -> bool:
        """Return whether a word may be the first of a number, or one of those that show an article to be one."""
        known = self.relevant.get(word)
        if known is None:
            if len(self.relevant) > MOST_WORDS:
                self.relevant.clear()
            number = (word not in self.articles or word in self.bare) and bool(
                self.number.search(word) or self.halved.fullmatch(word)
            )
            self.relevant[word] = known = number or word.isdecimal() or bool(self.sign.fullmatch(word))
        return known

    def _plain(self, found: re.Match[str]) -> str:
        """Return the digits of a form that is an article, too."""
        return str(self.values.get(found[0], 1))

    def _digits(self, found: re.Match[str]) -> str:
        """Return the digits of a number, or what was found where it is none."""
        words = found[0]
        if words in self.articles or (self.per_cent and words.startswith(("cent", "cient")) and self._is_share(found)):
            return words
        if words == self.lone:
            return "1"
        plain = found["plain"] or found["one"]
        if plain:
            return str(self._below(plain))
        head = found["head"]
        many = 1 if not head else int(head) if head.isdecimal() else self._below(head)
        return str(many * 1000 + self._below(found["rest"] or "")) if many else words

    def _millions(self, size: int, found: re.Match[str]) -> str:
        """Return millions or milliards in digits, with what is smaller than one of them behind."""
        behind = int(found[2] or 0)
        if behind >= size:
            return found[0]
        many = Decimal(found[1]) * size + behind
        return f"{many:f}".rstrip("0").rstrip(".") if many != int(many) else str(int(many))

    def _below(self, words: str) -> int:
        """Return the value of a number below 2000."""
        found = self.part.match(words)
        if not found:
            return self.values[words.replace(" ", "")]
        hundreds, small = ((found[n] or "").replace(" ", "") for n in (1, 2))
        return self.larger.get(hundreds, 0) + self.values.get(small, 0)

    def _is_share(self, found: re.Match[str]) -> bool:
        """Return whether a word for hundred is that of "five per cent"."""
        before = found.string[max(0, found.start() - 100) : found.start()].rsplit(" ", 3)
        if len(before) < 3 or before[-2] not in ("pour", "por", "per"):
            return False
        return any(
            number[-1:].isdecimal() or number in self.values or number in self.larger or bool(self.number.match(number))
            for number in (before[-3], before[-3].removesuffix("s"))  # quatre-vingts, deux cents
        )

    def _beside(self, text: str) -> str:
        """Return a text in which the article that counts is a digit where it stands alone or beside a digit."""
        if self.counted not in text:
            return text
        words = text.split(" ")
        for order in (range(1, len(words)), range(len(words) - 2, -1, -1)):
            step = -1 if order.step > 0 else 1
            for place in order:
                other = words[place + step]
                if words[place] == self.counted and len(other) == 1 and other.isdecimal():
                    words[place] = "1"
        return " ".join(words)

    def _with_point(self, found: re.Match[str]) -> str:
        """Return a decimal."""
        digits = "".join(part if part.isdecimal() else str(self.values.get(part, 1)) for part in found[2].split())
        if found[3]:
            digits = digits.rjust(self.parts[found[3]], "0")
        return f"{found[1]}.{digits}"


LANGUAGES = ("ca", "cs", "da", "de", "es", "fr", "it", "nb", "nl", "no", "pl", "pt", "ru", "sv", "tr", "vi")
LIST = re.compile(r"(\w+) (\d+) (\d+) (.*)")
TERM = re.compile(r"([+*]?)([^+*]+)")
Ordinals = Mapping[str, str]  # words in small letters -> as they are written
Forms = dict[str, tuple[int, str]]  # words -> value, sign


@dataclass(frozen=True, slots=True)
class Counting:
    """How a language counts to 999,999. In a form a blank is one that may be left out."""

    small: Mapping[str, int]  # 0 to 99
    hundreds: Mapping[str, int]
    thousand: str  # how it stands alone, by |
    thousands: str  # behind how many
    point: str  # the words for the decimal mark
    million: str  # behind how many
    milliard: str
    half: str  # and a half, behind a number
    ones: str  # forms of one that are articles, pronouns or both
    lone: str = ""  # the form of one that is a number wherever it stands
    bare: str = ""  # forms of others that are words, too: numbers in larger ones, before per cent and at the point
    hundred: str = ""  # the word behind how many hundreds, where it is one of its own
    joint: str = ""  # what may stand before the last part: "und"
    parts: Mapping[str, int] = field(default_factory=dict)  # words for tenths, hundredths -> digits behind the mark


def counting(language: str) -> Counting:
    """Return how one of `LANGUAGES` counts."""
    forms, texts = section(language)
    values = {name: {form: value for form, (value, _) in forms[name].items()} for name in forms if name.islower()}
    texts = {name: text for name, text in texts.items() if name not in ("months", "years")}
    return Counting(values["small"], values["hundreds"], parts=values.get("parts", {}), **texts)


def ordinals(language: str) -> Ordinals:
    """Return the ordinals of one of `LANGUAGES`; of others there are none."""
    forms = section(language)[0]["ordinals"] if language in LANGUAGES else {}
    return {form: f"{value}{sign}" for form, (value, sign) in forms.items()}


@cache
def section(language: str) -> tuple[dict[str, Forms], dict[str, str]]:
    """Return what the file has for a language: the forms of each name, and its fields."""
    lines = tables.lines("numbers.txt")
    start = lines.index(f"[{'nb' if language == 'no' else language}]") + 1
    names: dict[str, Forms] = {}
    texts: dict[str, str] = {}
    for line in takewhile(lambda line: not line.startswith("["), lines[start:]):
        name, _, rest = line.partition(" ")
        if name.endswith(":"):
            texts[name[:-1]] = rest.replace("_", " ")
        else:
            names[name] = _forms(line, names)
    return names, texts


def _forms(line: str, names: Mapping[str, Forms]) -> Forms:
    name, _, rest = line.partition(" ")
    if listed := LIST.fullmatch(line):
        return _listed(int(listed[2]), int(listed[3]), listed[4])
    if rest.startswith("= "):
        made = [_joined(term, names) for term in rest[2:].split(" / ")]
        return {form: value for forms in reversed(made) for form, value in forms.items()}
    return {form: value for form, value in names[name].items() if form not in rest.split()}


def _listed(first: int, step: int, words: str) -> Forms:
    found: Forms = {}
    common, value = "", first
    for word in words.split():
        if word.startswith("="):
            common = word[1:]
            continue
        for form in word.split("|"):
            form, _, sign = form.partition("=")
            found[form.replace("_", " ")] = value, sign or common
        value += step
    found.pop("-", None)
    return found


def _joined(term: str, names: Mapping[str, Forms]) -> Forms:
    made: Forms = {"": (0, "")}
    for mark, piece in TERM.findall(term):
        forms = names.get(piece) or {piece.replace("_", " "): (int(mark == "*"), "")}
        made = {
            one + other: (value * more if mark == "*" else value + more, sign + end)
            for one, (value, sign) in made.items()
            for other, (more, end) in forms.items()
        }
    return made
