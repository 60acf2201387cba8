"""What successive hypotheses agree on: LocalAgreement-2.

Audio is recognised again and again while it grows. The longest beginning that two hypotheses in a row share is settled
and never taken back (Liu et al. 2020, https://arxiv.org/abs/2005.11185; Macháček et al. 2023,
https://arxiv.org/abs/2307.14743). The published code finds the place of the settled words in a new hypothesis by their
times; engines without word times need it too, so the place is found by alignment: the beginning of the hypothesis that
has the least edit distance from what is settled.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asrcli.base.join import is_unspaced
from asrcli.types import Region, Segment, Word


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a character of a script that writes no spaces."""

    text: str
    start: float | None = None  # seconds; None when the engine does not say
    end: float | None = None
    word: Word | None = None
    spaced: bool = True  # whether it stands apart from the one before
    until: float | None = None  # about when it ends, where the engine only says when its segment does

    @property
    def ended(self) -> float | None:
        """When it ends, or about when; None where that is unknown."""
        return self.until if self.end is None else self.end

    @property
    def key(self) -> str:
        """What is compared: letters and digits only, without case, unless there are none."""
        kept = "".join(char for char in self.text.casefold() if unicodedata.category(char)[0] in "LMN")
        return kept or self.text


@dataclass(slots=True)
class Agreement:
    """The state between hypotheses about one stretch of audio."""

    settled: list[Token] = field(default_factory=list)
    _before: list[Token] = field(default_factory=list)  # the last hypothesis, behind what is settled

    def add(self, hypothesis: Sequence[Token], old: float = -math.inf) -> tuple[list[Token], list[Token]]:
        """Take a new hypothesis; return what is settled by it, and the tail that is not.

        Words that end before the time ``old`` settle without agreement.
        """
        rest = self._behind(hypothesis)
        agreed = 0
        for one, other in zip(rest, self._before, strict=False):
            if one.key != other.key:
                break
            agreed += 1
        while agreed < len(rest) and (end := rest[agreed].ended) is not None and end <= old:
            agreed += 1
        self.settled += rest[:agreed]
        self._before = rest[agreed:]
        return rest[:agreed], rest[agreed:]

    def finish(self, hypothesis: Sequence[Token] | None = None) -> list[Token]:
        """Settle all of a last hypothesis (None: of the one before) and return what is new."""
        rest = self._before if hypothesis is None else self._behind(hypothesis)
        self.settled += rest
        self._before = []
        return list(rest)

    @property
    def empty(self) -> bool:
        """Whether nothing was heard in any hypothesis that counts."""
        return not self.settled and not self._before

    def behind(self, count: int) -> Agreement:
        """Return the state for the audio behind the first `count` settled tokens, when it is recognised by itself."""
        return Agreement(self.settled[count:], self._before)

    def _behind(self, hypothesis: Sequence[Token]) -> list[Token]:
        return list(hypothesis[best_prefix(self.settled, hypothesis) :])


def best_prefix(known: Sequence[Token], hypothesis: Sequence[Token]) -> int:
    """Return how many tokens of a hypothesis stand for the known ones: the prefix nearest to them.

    Nearest by Levenshtein distance; of equals the one most like them in length.
    """
    wanted, keys = [token.key for token in known], [token.key for token in hypothesis]
    row = list(range(len(keys) + 1))
    for number, key in enumerate(wanted, 1):
        above, row = row, [number]
        for at, other in enumerate(keys):
            row.append(min(above[at] + (key != other), above[at + 1] + 1, row[at] + 1))
    return min(range(len(row)), key=lambda at: (row[at], abs(at - len(wanted))))


def tokens(segments: Sequence[Segment], speech: Sequence[Region] = ()) -> list[Token]:
    """Return the tokens of a hypothesis: its words where it has them, else its text split by the script's own rule.

    Then they share the speech of their segment by their letters.
    """
    return [token for segment in segments for token in _of_segment(segment, speech)]


def _of_segment(segment: Segment, speech: Sequence[Region]) -> Iterator[Token]:
    if segment.words:
        at = 0
        for word in segment.words:
            found = segment.text.find(word.text, at)
            spaced = found <= 0 or segment.text[found - 1].isspace()
            at = found + len(word.text) if found >= 0 else at
            yield Token(word.text, word.start, word.end, word, spaced)
        return
    found_pieces = list(pieces(segment.text))
    last = len(found_pieces) - 1
    said, letters = 0, sum(len(text) for text, _ in found_pieces)
    for at, (text, spaced) in enumerate(found_pieces):
        said += len(text)
        start, end = (segment.start if at == 0 else None), (segment.end if at == last else None)
        yield Token(text, start, end, spaced=spaced, until=_reached(segment, speech, said / letters))


def _reached(segment: Segment, speech: Sequence[Region], share: float) -> float:
    """Return when a share of a segment's text has been said, if all its speech is equally fast."""
    cut = ((max(one.start, segment.start), min(one.end, segment.end)) for one in speech)
    spoken = [(start, end) for start, end in cut if start < end] or [(segment.start, segment.end)]
    left = share * sum(end - start for start, end in spoken)
    for start, end in spoken:
        if left <= end - start:
            return start + left
        left -= end - start
    return spoken[-1][1]


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words of a text, and whether a space stands before each.

    Characters of a script without spaces come one by one; marks and punctuation stay with the letter before.
    """
    for word in text.split():
        piece, first = "", True
        for char in word:
            apart = is_unspaced(char) or bool(piece and is_unspaced(piece[-1]))
            if piece and apart and unicodedata.category(char)[0] in "LN":
                yield piece, first
                piece, first = char, False
            else:
                piece += char
        yield piece, first


def written(before: str, tokens: Sequence[Token]) -> str:
    """Return tokens as they are written behind a text, with the space between where their script has one."""
    text = before
    for token in tokens:
        apart = text and token.spaced and not (is_unspaced(text[-1]) and is_unspaced(token.text[0]))
        text += (" " if apart else "") + token.text
    return text[len(before) :]
