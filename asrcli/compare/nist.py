"""Files of scorers: NIST's trn and ctm, and Kaldi's text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from asrcli.datasets.kaldi import pairs
from asrcli.datasets.lines import read_lines
from asrcli.datasets.utterances import check_text
from asrcli.errors import InputError
from asrcli.scoring.network import parse_network
from asrcli.types import Utterance, Word

ALTERNATIVES = ("<ALT_BEGIN>", "<ALT>", "<ALT_END>")
TRN = re.compile(r"(.*)\(([^()\s]+)\)\s*\Z", re.DOTALL)


def read_kaldi_text(path: Path) -> list[Utterance]:
    """Read Kaldi's ``text``: an id and its words a line; an id alone has none."""
    found = []
    for number, key, text in pairs(path):
        check_text(text, path, number)
        found.append(Utterance(key, text))
    return found


def read_trn(path: Path) -> list[Utterance]:
    """Read NIST's trn: a text per line and its id in parentheses at the end, ``speaker-utterance``."""
    found: dict[str, Utterance] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        parts = TRN.match(line)
        if parts is None:
            raise InputError(f"{path} line {number}: no (id) at the end: {line[-60:]}")
        if parts[2] in found:
            raise InputError(f"{path} line {number}: the id '{parts[2]}' was there already")
        check_text(line, path, number)
        group = re.split(r"[-_]", parts[2], maxsplit=1)[0]
        found[parts[2]] = Utterance(parts[2], parts[1].strip(), group=group)
    return list(found.values())


def read_ctm(path: Path) -> Iterable[tuple[str, Word]]:
    """Yield recording (with its channel) and word of NIST's ctm: ``recording channel start length word [score]``."""
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        cells = line.split()
        try:
            if cells[4].upper() in ALTERNATIVES:
                raise InputError(
                    f"{path} line {number}: {cells[4]}: alternatives of what was recognised, keep one of them"
                )
            start, length = float(cells[2]), float(cells[3])
            yield f"{cells[0]} {cells[1]}", Word(cells[4], start, start + length)
        except (IndexError, ValueError):
            raise InputError(f"{path} line {number}: not 'recording channel start length word': {line[:60]}") from None


def whole_recordings(words: Iterable[tuple[str, Word]]) -> list[Utterance]:
    """Join the words of each recording of a ctm into one text."""
    texts: dict[str, list[Word]] = {}
    for recording, word in words:
        texts.setdefault(recording.split()[0], []).append(word)
    return [
        Utterance(key, " ".join(word.text for word in sorted(group, key=lambda word: word.start)))
        for key, group in texts.items()
    ]


def lay_into_segments(
    segments: Iterable[Utterance], words: Iterable[tuple[str, Word]]
) -> tuple[list[Utterance], int, Counter[str]]:
    """Give each word of a ctm to the stm segment that holds its middle, or else to the next one, as sclite does.

    No word goes to a segment before that of a word that begins earlier.

    Returns:
        The segments with the words in them, how many words lay in no segment of their recording, and how many are of
        recordings (with their channel) that have no segments.
    """
    by_recording: dict[str, list[Utterance]] = {}
    for segment in segments:
        fields = dict(segment.fields)
        key = f"{fields.get('recording')} {fields.get('channel')}".casefold()  # as sclite does
        by_recording.setdefault(key, []).append(segment)
    for places in by_recording.values():
        places.sort(key=lambda one: one.start or 0.0)
    texts: dict[str, list[Word]] = {}
    outside = 0
    unknown: Counter[str] = Counter()
    reached: Counter[str] = Counter()  # the place of the segment, in each recording
    for recording, word in sorted(words, key=lambda one: one[1].start):
        key = recording.casefold()
        places = by_recording.get(key, [])
        if not places:
            unknown[recording] += 1
            continue
        middle = (word.start + word.end) / 2
        while reached[key] + 1 < len(places) and middle >= (places[reached[key]].end or 0.0):
            reached[key] += 1
        segment = places[reached[key]]
        outside += not (segment.start or 0.0) <= middle <= (segment.end or 0.0)
        texts.setdefault(segment.id, []).append(word)
    laid = []
    for segment in (one for places in by_recording.values() for one in places):
        laid.append(replace(segment, text=" ".join(word.text for word in texts.get(segment.id, ()))))
    return laid, outside, unknown


def check_marks(path: Path, kind: str) -> None:
    """Raise `InputError` for an alternation of a trn or stm file that lacks a brace."""
    if kind in (".trn", ".stm"):
        for number, line in enumerate(read_lines(path), start=1):
            try:
                parse_network(line)
            except InputError as error:
                raise InputError(f"{path} line {number}: {error}") from None
