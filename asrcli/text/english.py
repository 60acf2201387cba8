"""The engine of the English normalisers, whose rules are in `asrcli.text.english_rules`.

Rule by rule over the whole text, such a normaliser costs twenty times what scoring does. Nearly every rule however
looks at one word, so the result of a word is remembered, and a text of known words is put together from the memory.
What looks further (numbers, ``he's been``, ``wi fi``, spelled letters) is marked in the memory, and only texts with
such a word go through the rules that are left, or through all of them. The output is the same to the last character:
tests compare it with the official code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from asrcli.text import numbers_english
from asrcli.text.english_rules import TITLES, EnglishRules
from asrcli.text.numbers_apart import ApartReader

# Letters that Unicode does not take apart (openai-whisper, whisper/normalizers/basic.py).
LETTERS = {"œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "đ": "d", "Đ": "D"}
LETTERS |= {"ð": "d", "Ð": "D", "þ": "th", "Þ": "th", "ł": "l", "Ł": "L"}
NUMERIC_MARKS = ".%$¢€£"  # kept until the numbers are read


def first_run(word: str) -> str:
    """Return the letters and digits that a word begins with."""
    found = re.match(r"\w*", word)
    return found[0] if found else ""


def has_letters(words: list[str]) -> bool:
    """Return whether two words of one character stand side by side."""
    try:
        return b"\1\1" in bytes(map(len, words))
    except ValueError:  # a word of more than 255 characters
        return True


class MarkTable(dict[int, str]):
    """Characters -> what is left of them without marks, symbols and diacritics; filled as characters come up."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        if char in NUMERIC_MARKS:
            kept = char
        elif char in LETTERS:
            kept = LETTERS[char]
        elif category == "Mn":
            kept = ""
        else:
            kept = " " if category[0] in "MSP" else char
        self[code] = kept
        return kept


MARKS = MarkTable()
NUMERIC = re.compile(f"[{NUMERIC_MARKS}]")
MIXED = re.compile("(?<=[a-z][a-z])(?=[0-9])|(?<=[0-9])(?=[a-z][a-z])")
ONE_BY_ONE = re.compile(r"(?<!\S)\d(?: \d){2,}(?!\S)")
SPELLED = re.compile(r"(?<!\S)\w \w(?!\S)")
AFTER_PERFECT = ("been", "gone", "done", "got")
MOST_WORDS = 400_000  # remembered; then the memory starts afresh


@dataclass(slots=True)
class Known:
    """What is remembered of one word that needs a second look in its text."""

    early: str  # after the rules that look at one word
    wholly: bool  # only the text as a whole can be trusted
    perfect: bool  # can be the second half of "he's been"
    second: bool  # can be the second half of "wi fi"
    marks: bool  # has digits or the marks of numbers, or is the half of "and a half"


class EnglishNormalizer:
    """Normalises English texts by the given rules."""

    def __init__(self, rules: EnglishRules, disabled: frozenset[str] = frozenset()) -> None:
        """Compile the rules.

        Args:
            rules: what to do.
            disabled: names of rules to leave out, of `RULES`: to find out what each one does to a score.
        """
        self.rules = rules
        self.reader = ApartReader if rules.apart else numbers_english.NumberReader
        on = {name: name not in disabled for name in RULES}
        self.on = on
        self.brackets = [re.compile(pattern) for pattern in rules.brackets] if on["brackets"] else []
        self.fillers = re.compile(rf"\b({'|'.join(rules.fillers)})\b")
        self.contractions = [(re.compile(pattern), new) for pattern, new in rules.contractions if self.keeps(new)]
        # One pattern for all: no pair begins with the word that another one ends with, so their order is free.
        pairs = "|".join(pair.replace(" ", r"\s+") for pair in rules.compounds)
        self.compounds = re.compile(rf"\b(?:{pairs})\b") if pairs and on["compounds"] else None
        self.seconds = frozenset(pair.split()[1] for pair in rules.compounds)
        names = rules.names if on["names"] else {}
        spellings = rules.spellings if on["spellings"] else {}
        self.respelling = {**names, **{old: names.get(new, new) for old, new in spellings.items()}}
        self.plain: dict[str, tuple[str, ...]] = {}  # words that nothing around them changes -> what they become
        self.known: dict[str, Known] = {}
        self.kept: dict[str, str] = {}  # every different word of `words` once

    def keeps(self, replacement: str) -> bool:
        """Return whether a contraction is wanted: titles can be disabled on their own."""
        title = replacement.strip() in TITLES.values()
        return self.on["titles"] if title else self.on["contractions"]

    def __call__(self, text: str) -> str:
        """Return the normalised text."""
        text = text.lower()
        tokens = text.split()
        words = self.recall(text, tokens)
        return self.look_closer(text, tokens) if words is None else " ".join(words)

    def words(self, text: str) -> list[str]:
        """Return the words of the normalised text; words that come again are the same objects.

        That saves memory, and time wherever words are compared or hashed.
        """
        text = text.lower()
        tokens = text.split()
        words = self.recall(text, tokens)
        if words is None:
            words = self.look_closer(text, tokens).split()
            return list(map(self.kept.setdefault, words, words))
        return words

    def recall(self, text: str, tokens: list[str]) -> list[str] | None:
        """Return the normalised words of a text of known words that do not depend on each other, or ``None``."""
        if "(" in text or "[" in text or "<" in text:
            return None
        try:
            words = list(chain.from_iterable(map(self.plain.__getitem__, tokens)))
        except KeyError:
            return None
        return None if self.rules.acronyms and has_letters(words) else words

    def look_closer(self, text: str, tokens: list[str]) -> str:
        """Normalise a text that has words which are new or depend on others."""
        if "(" in text or "[" in text or "<" in text:
            return self.apply(text)
        for token in tokens:
            if token not in self.known:
                self.learn(token)
        known, plain = self.known, self.plain
        special = [place for place, token in enumerate(tokens) if token not in plain]
        if not special:
            joined = " ".join([word for token in tokens for word in plain[token]])
            return self.join_letters(joined) if self.rules.acronyms else joined
        pairs = marks = False
        for place in special:
            found = known[tokens[place]]
            if found.wholly or (found.perfect and place and tokens[place - 1].endswith(("'s", "'d"))):
                return self.apply(text)
            pairs = pairs or found.second
            marks = marks or found.marks
        early = " ".join([known[token].early for token in tokens])
        if pairs or marks:
            return self.finish(early)
        if self.on["numbers"]:
            early = self.write_numbers(early.split())
        joined = self.respell(early)
        joined = self.join_letters(joined) if self.rules.acronyms else joined
        return self.unmark(joined)

    def learn(self, token: str) -> Known:
        """Apply the rules that look at one word, remember the outcome and whether the rest of a text can change it."""
        if len(self.known) > MOST_WORDS:
            for memory in (self.known, self.plain, self.kept):
                memory.clear()
        unfilled = self.fillers.sub("", token) if self.on["fillers"] else token
        early = self.start(token)
        words = early.split()
        known = Known(
            early,
            wholly=unfilled.startswith("'"),
            perfect=token.startswith(AFTER_PERFECT),
            second=any(first_run(word) in self.seconds for word in words),
            marks="half" in words or any(char.isdigit() or char in NUMERIC_MARKS for char in early),
        )
        self.known[token] = known
        number = any(word in numbers_english.ACTIVE for word in words)
        depends = known.wholly or known.perfect or known.second or known.marks or number
        if not depends:
            if self.compounds:
                early = self.compounds.sub(lambda found: self.rules.compounds[" ".join(found[0].split())], early)
            self.plain[token] = tuple([self.kept.setdefault(word, word) for word in self.respell(early).split()])
        return known

    def apply(self, text: str) -> str:
        """Apply every rule to a lower-case text, in order."""
        for pattern in self.brackets:
            text = pattern.sub("", text)
        return self.finish(self.start(text))

    def start(self, text: str) -> str:
        """Apply the rules up to punctuation: fillers, contractions, marks and diacritics."""
        if self.on["fillers"]:
            text = self.fillers.sub("", text)
        text = re.sub(r"\s+'", "'", text)
        for pattern, new in self.contractions:
            text = pattern.sub(new, text)
        text = re.sub(r"(\d),(\d)", r"\1\2", text)
        text = re.sub(r"\.([^0-9]|$)", r" \1", text)
        text = unicodedata.normalize("NFKD", text).translate(MARKS)
        return self.fillers.sub("", text) if self.rules.apart and self.on["fillers"] else text

    def finish(self, text: str) -> str:
        """Apply the other rules: compounds, numbers, spellings, names, spelled letters and the marks of numbers."""
        if self.compounds:
            text = self.compounds.sub(lambda found: self.rules.compounds[" ".join(found[0].split())], text)
        if self.on["numbers"]:
            text = self.write_numbers(numbers_english.split_numbers(text).split())
        text = self.respell(text)
        if self.rules.acronyms:
            text = self.join_letters(text)
        return self.unmark(text)

    def write_numbers(self, words: list[str]) -> str:
        """Return words with their numbers in digits; apart, but for three digits and more one by one: nine one one."""
        read = " ".join(numbers_english.read_numbers(words, self.reader))
        text = numbers_english.polish(read, literal_one=self.rules.literal_one)
        return ONE_BY_ONE.sub(lambda found: found[0].replace(" ", ""), text) if self.rules.apart else text

    def respell(self, text: str) -> str:
        """Write each word in the spelling, and each name in the form, that stands for it."""
        return " ".join([self.respelling.get(word, word) for word in text.split()])

    def unmark(self, text: str) -> str:
        """Remove the marks of numbers that stand at no number."""
        if not NUMERIC.search(text):
            return text
        text = re.sub(r"[.$¢€£]([^0-9])", r" \1", text)
        text = re.sub(r"([^0-9])%", r"\1 ", text)
        return re.sub(r"\s+", " ", text)

    def join_letters(self, text: str) -> str:
        """Write spelled letters and digits together: ``b b c`` as ``bbc``; with an ``a`` or ``i``, three at least."""
        if not self.on["acronyms"] or not SPELLED.search(text):
            return text
        done: list[str] = []
        run: list[str] = []
        for word in [*text.split(), ""]:
            letter = len(word) == 1 and word.isalnum()
            if letter and not (self.rules.apart and run and (run[-1] + word).isdecimal()):
                run.append(word)
                continue
            enough = 3 if "a" in run or "i" in run else 2
            done += [self.joined(run)] if len(run) >= enough else run
            run = [word] if letter else []
            done += [] if letter else [word]
        return " ".join(done[:-1])

    def joined(self, letters: list[str]) -> str:
        """Return spelled letters as one word, in which digits stay apart where they are parted in writing: bbc 2."""
        word = "".join(letters)
        if self.rules.apart and word in self.rules.fillers:
            return " ".join(letters)
        return MIXED.sub(" ", word) if self.rules.apart else word


RULES = ("brackets", "fillers", "contractions", "titles", "compounds", "numbers", "spellings", "names", "acronyms")
Normalizer = Callable[[str], str]
