"""Tokens and text of CTC models and transducers: which tokens are text, which make one word, how a word is spelled.

Two ways of writing are in use: characters with a sign between words (``|``, wav2vec 2.0 and its family), and pieces of
words that carry their space in front (``▁``, SentencePiece; Parakeet).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrcli.errors import ModelError

PIECE_SPACE = "▁"
STAR = -1  # a letter without a token, and a label that any sound fits
UNSPACED = ("CJK ", "HIRAGANA ", "KATAKANA ")  # names of characters that are words of their own
APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})


@dataclass(frozen=True, slots=True)
class Span:
    """One token and the frames it was recognised in, ``first`` to before ``past``."""

    token: int
    first: int
    past: int
    score: float  # probability, 0 to 1


@dataclass(frozen=True, slots=True)
class WordSpan:
    """One word and the frames it was recognised in."""

    text: str
    first: int
    past: int
    score: float  # mean probability of its tokens


class Vocabulary:
    """The tokens of a model.

    Args:
        tokens: as the tokenizer writes them, by number.
        blank: number of the token that says nothing.
        special: numbers of tokens that are no text (start, end, unknown, padding).
        delimiter: the token between words; ``None`` when tokens carry their space (``▁``) in front.
        segment: the model's own way to cut a word into pieces; ``None`` takes the longest that fit from the left.
    """

    def __init__(
        self,
        tokens: Sequence[str],
        blank: int,
        special: frozenset[int],
        delimiter: str | None,
        segment: Callable[[str], Sequence[int]] | None = None,
    ) -> None:
        self.tokens = list(tokens)
        self.blank = blank
        self.silent = special | {blank}
        self.delimiter = delimiter
        self.segment = segment
        self.numbers = {token: number for number, token in enumerate(self.tokens) if number not in self.silent}
        self.pieces = delimiter is None and any(token.startswith(PIECE_SPACE) for token in self.numbers)
        letters = [token for token in self.numbers if any(char.isalpha() for char in token)]
        self.upper = bool(letters) and all(token.upper() == token for token in letters)
        self.lower = bool(letters) and all(token.lower() == token for token in letters)
        self._alphabet = {char for token in self.numbers if token != delimiter for char in token} - {PIECE_SPACE}
        self._longest = max((len(token) for token in self.numbers), default=1)

    def __len__(self) -> int:
        return len(self.tokens)

    def surface(self, token: int) -> str:
        """Return what a token adds to a text, with its spaces; nothing for a special one."""
        if token in self.silent:
            return ""
        text = self.tokens[token]
        return " " if text == self.delimiter else text.replace(PIECE_SPACE, " ")

    def words(self, spans: Sequence[Span]) -> list[WordSpan]:
        """Join the tokens of one utterance into words."""
        groups: list[list[tuple[str, Span]]] = []
        fresh = True
        for span in spans:
            text = self.surface(span.token)
            bare = text.strip()
            if text[:1].isspace() or not groups:
                fresh = True
            if bare:
                own = [(bare, span)]
                if fresh or unicodedata.name(bare[0], "").startswith(UNSPACED):
                    groups.append(own)
                else:
                    groups[-1] += own
                fresh = text[-1:].isspace()
        return [_join(group) for group in groups]

    def spell(self, word: str) -> list[int]:
        """Return the tokens of one spoken word, `STAR` for each letter that the vocabulary has no token for.

        Case is that of the vocabulary; a letter with an accent falls back on the bare one; signs are left out. Pieces
        are those of the model's own tokenizer, because it was taught no others, or else the longest that fit from the
        left; a word of pieces starts with one that carries the space.
        """
        text = word.translate(APOSTROPHES)
        text = text.upper() if self.upper else text.lower() if self.lower else text
        text = "".join(map(self._plain, text))
        if self.pieces and self.segment and (own := list(self.segment(text))) and self.silent.isdisjoint(own):
            return own
        found: list[int] = []
        place = 0
        if self.pieces:
            text = PIECE_SPACE + text
        while place < len(text):
            tokens, length = self._longest_from(text[place : place + self._longest])
            found += tokens
            place += length
        return found

    def _longest_from(self, text: str) -> tuple[list[int], int]:
        """Return the tokens for the beginning of a text, and how many characters they spell."""
        for length in range(len(text), 0, -1):
            if (number := self._number(text[:length])) is not None:
                return [number], length
        return ([] if text[0] == PIECE_SPACE else [STAR]), 1

    def _plain(self, char: str) -> str:
        """Return a character as the vocabulary has it: without its accent, or nothing for a sign it has not."""
        if self._alphabet & {char, char.lower(), char.upper()}:
            return char
        bare = "".join(one for one in unicodedata.normalize("NFKD", char) if one in self._alphabet)
        return bare or (char if unicodedata.category(char)[0] in "LN" else "")

    def _number(self, text: str) -> int | None:
        for form in (text, text.lower(), text.upper()):
            if form != self.delimiter and (number := self.numbers.get(form)) is not None:
                return number
        return None


def _join(group: Sequence[tuple[str, Span]]) -> WordSpan:
    spans = [span for _, span in group]
    return WordSpan(
        "".join(text for text, _ in group),
        spans[0].first,
        max(span.past for span in spans),
        sum(span.score for span in spans) / len(spans),
    )


def read_vocabulary(folder: Path, tokenizer: Any, blank: int, size: int) -> Vocabulary:
    """Read the tokens of a model from its tokenizer.

    Args:
        blank: number of the blank token.
        size: how many tokens the network knows.

    Raises:
        ModelError: network and tokenizer do not belong together.
    """
    known = dict(tokenizer.get_vocab())
    last = max(known.values(), default=-1)
    if not 0 <= blank < size or len(known) < 2 or last >= size + len(tokenizer.all_special_ids):
        raise ModelError(
            f"'{folder}': the network knows {size} tokens (blank {blank}), the tokenizer {last + 1}; "
            "they do not belong together, or the tokenizer's files are missing"
        )
    tokens = [""] * max(size, last + 1)
    for token, number in known.items():
        tokens[number] = token
    special = {number for number in tokenizer.all_special_ids if number is not None}
    special |= {number for number, token in enumerate(tokens) if not token or (token[0] == "<" and token[-1] == ">")}
    delimiter = getattr(tokenizer, "word_delimiter_token", None)
    if delimiter in known:
        special.discard(known[delimiter])  # a special token for the library, and a space for us

    def segment(word: str) -> Sequence[int]:
        """Return the numbers of the tokens of a word."""
        numbers: Sequence[int] = tokenizer(word, add_special_tokens=False)["input_ids"]
        return numbers

    return Vocabulary(tokens[:size], blank, frozenset(special), delimiter if delimiter in known else None, segment)
