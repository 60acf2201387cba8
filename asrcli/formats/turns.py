"""Turns of speakers in a transcript, their names as the formats write them, and RTTM, in which diarizations travel."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from asrcli.base.encoding import decode_text, not_utf8
from asrcli.base.files import reason
from asrcli.base.whole import MOST_ROWS, read_whole
from asrcli.errors import InputError
from asrcli.types import Segment, Transcript, Turn

UNKNOWN = "unknown"  # the speaker of a word that no turn is near


def channel_speaker(channel: int | None) -> str:
    """Return what the speaker on a channel of a split recording is called; channels count from 0."""
    return f"channel {channel}"


def channel_of(speaker: str | None) -> int | None:
    """Return the channel of a speaker that `channel_speaker` has named, else ``None``."""
    found = re.fullmatch(r"channel (\d{1,4})", speaker or "")
    return int(found[1]) if found else None


def turns_of(transcript: Transcript) -> tuple[Turn, ...]:
    """Return the turns of a transcript, or where it has none those that its segments make, in the order of time."""
    return tuple(sorted(transcript.turns, key=lambda turn: (turn.start, turn.end))) or turns_from(transcript.segments)


def turns_from(segments: Iterable[Segment]) -> tuple[Turn, ...]:
    """Return one turn for each run of segments of a speaker that touch or overlap."""
    latest: dict[str, Turn] = {}
    turns: list[Turn] = []
    for segment in sorted(segments, key=lambda one: (one.start, one.end)):
        speaker = segment.speaker or UNKNOWN
        last = latest.get(speaker)
        if last and segment.start <= last.end:
            latest[speaker] = Turn(speaker, last.start, max(last.end, segment.end))
            continue
        if last:
            turns.append(last)
        latest[speaker] = Turn(speaker, segment.start, segment.end)
    return tuple(sorted([*turns, *latest.values()], key=lambda turn: (turn.start, turn.end)))


Turns = tuple[Turn, ...]


def read_rttm(path: str | Path) -> dict[str, Turns]:
    """Return the turns of each recording that a file names, in the order of time.

    Fields are parted by white space: type, recording, channel, start, duration, two that are not read, and the speaker.
    Recordings and speakers may have names with spaces, as many programs write them: the times tell where names end.
    Lines of other types than ``SPEAKER``, and comments (``;;``), are passed over.

    Raises:
        InputError: the file cannot be read, or a line is no turn.
    """
    try:
        text = decode_text(raw := read_whole(path, MOST_ROWS))
    except OSError as error:
        raise InputError(f"cannot read '{path}': {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' {not_utf8(raw, error)}") from error
    turns: dict[str, list[Turn]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0].startswith(";") or fields[0] in OTHER_TYPES:
            continue
        found = TURN.fullmatch(" ".join(fields))
        begin, length = (float(found[2]), float(found[3])) if found else (0.0, math.inf)
        if found is None or not math.isfinite(begin + length):
            raise InputError(
                f"'{path}' line {number} is no turn of RTTM; it should look like: "
                f"SPEAKER talk 1 0.50 2.25 <NA> <NA> anna <NA> <NA>"
            )
        recording, speaker = found[1], found[4]
        turns.setdefault(recording, []).append(Turn(speaker, begin, round(begin + length, 6)))
    return {recording: tuple(sorted(own, key=_by_time)) for recording, own in turns.items()}


# Behind the speaker stand a confidence and a lookahead, or one of them, or none.
NUMERAL = r"\d{1,18}(?:\.\d{0,18})?(?:[eE][-+]?\d{1,3})?"
TURN = re.compile(
    rf"SPEAKER (.+) \S+ ({NUMERAL}) ({NUMERAL}) (?:<NA>|\S+) (?:<NA>|\S+) (.+?)(?: (?:<NA>|{NUMERAL})){{0,2}}"
)


# The other types of line in annex A of NIST's RT-09 evaluation plan; what they hold is not about turns.
OTHER_TYPES = {"SPKR-INFO", "LEXEME", "NON-LEX", "NON-SPEECH", "NOSCORE", "NO_RT_METADATA"}
OTHER_TYPES |= {"SEGMENT", "SU", "CB", "A/P", "FILLER", "EDIT", "IP"}


def _by_time(turn: Turn) -> tuple[float, float, str]:
    return turn.start, turn.end, turn.speaker


def turns_of_input(path: str, where: str | Path, known: Mapping[str, Turns], alone: bool) -> Turns:
    """Return the turns of one input among those of an RTTM file, by the name of the input without its extension.

    Args:
        path: the input.
        where: the file, for the message.
        known: what it holds.
        alone: whether this is the only input; a file about one recording then needs no name that fits.

    Raises:
        InputError: the file has nothing about the input.
    """
    stem = Path(path).stem
    for name in (stem, "_".join(stem.split()), " ".join(stem.split())):
        if name in known:
            return known[name]
    full = [name for name in known if os.path.basename(name) == os.path.basename(path)]  # written with its extension
    if len(full) == 1:
        return known[full[0]]
    if alone and len(known) == 1:
        return next(iter(known.values()))
    there = ", ".join(sorted(known)[:3]) or "no turn at all"
    raise InputError(f"'{where}' has no turns of '{stem}'; it has: {there}{', ...' if len(known) > 3 else ''}")
