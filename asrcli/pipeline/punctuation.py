"""Put the signs of a punctuation model into segments, text and words alike, in the script that stands around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli.base.join import is_unspaced

if TYPE_CHECKING:
    from asrcli.companions import Punctuator
    from asrcli.types import Segment

LATIN = {"，": ",", "。": ".", "？": "?", "！": "!", "、": ",", "；": ";", "：": ":"}
ENDS = frozenset(".?!。？！")
PUNCTUATED = re.compile(r"[，。？！、；：,.?!;:](?!\d)")  # a text with any of these is left as it is


@dataclass(slots=True)
class _Unit:
    """A word, or a character of a script without spaces, and the white space before it."""

    text: str
    space: str
    mark: str = ""

    @property
    def latin(self) -> bool:
        """Whether it ends in a letter of an alphabet, or a digit."""
        return not is_unspaced(self.text[-1:])


def punctuate(segments: Sequence[Segment], model: Punctuator) -> tuple[Segment, ...]:
    """Return the segments with punctuation and capitals; those that have punctuation already stay as they are.

    The words of a segment keep their times and get the sign that stands after them.
    """
    bare = [number for number, one in enumerate(segments) if one.text and not PUNCTUATED.search(one.text)]
    units = {number: _units(segments[number]) for number in bare}
    marks = model.marks([[unit.text for unit in units[number]] for number in bare]) if bare else []
    found = list(segments)
    for number, own in zip(bare, marks, strict=True):
        _write(units[number], own)
        found[number] = _rebuilt(segments[number], units[number])
    return tuple(found)


def _units(segment: Segment) -> list[_Unit]:
    """Return the words of a segment where they make up its text, else its words and characters."""
    text = segment.text.lower() if segment.text.isupper() else segment.text
    found: list[_Unit] = []
    position = 0
    for word in _pieces(segment, text):
        start = text.index(word, position)
        found.append(_Unit(word, text[position:start]))
        position = start + len(word)
    return found


def _pieces(segment: Segment, text: str) -> list[str]:
    words = [word.text.lower() if segment.text.isupper() else word.text for word in segment.words]
    if words and "".join("".join(words).split()) == "".join(text.split()):
        return words
    return _split(text)


def _split(text: str) -> list[str]:
    pieces: list[str] = []
    for word in text.split():
        run = ""
        for char in word:
            if is_unspaced(char):
                pieces += [run] if run else []
                pieces.append(char)
                run = ""
            else:
                run += char
        pieces += [run] if run else []
    return pieces


def _write(units: list[_Unit], marks: Sequence[str]) -> None:
    """Set the marks, in the script around them, the spaces after them, and the capitals."""
    raised = True
    for number, (unit, mark) in enumerate(zip(units, marks, strict=True)):
        following = units[number + 1] if number + 1 < len(units) else None
        neighbour = following or (units[number - 1] if number else None)
        latin = unit.latin and (neighbour is None or neighbour.latin)
        unit.mark = LATIN.get(mark, mark) if latin else mark
        if unit.latin and (raised or unit.text.split("'")[0] == "i"):
            unit.text = unit.text[:1].upper() + unit.text[1:]
        raised = unit.mark in ENDS if unit.mark else False
        if following is not None and unit.mark:
            following.space = " " if latin else ""


def _rebuilt(segment: Segment, units: Sequence[_Unit]) -> Segment:
    text = "".join(unit.space + unit.text + unit.mark for unit in units).strip()
    if len(segment.words) != len(units):
        return replace(segment, text=text)
    words = (replace(word, text=unit.text + unit.mark) for word, unit in zip(segment.words, units, strict=True))
    return replace(segment, text=text, words=tuple(words))
