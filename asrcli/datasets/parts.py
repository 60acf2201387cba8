"""Which channel the rows of a list are of, and which of its columns are not used though they could say what is meant.

Names are endless, so what the values can be decides as much: two numbers within the recording that begin and end what
its text is too short for, or what alone differs between rows of one recording.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from typing import Any

from asrcli.audio.decode import AudioInfo, probe
from asrcli.base.counts import count_of
from asrcli.datasets.columns import KNOWN, LOOKED_AT, ROLES, Row, is_missing, time_names, times_in, words_of
from asrcli.errors import InputError
from asrcli.types import Utterance

OPENED = 5  # recordings of rows with the same names
MOST_OPENED = 20
MOST_PAIRED = 30  # columns that are tried as start and end of each other
MOST_NAMED = 6
ROUNDED = 0.5  # seconds that a file may be longer than its line says it is: some are rounded to whole ones
SLOW = 4  # letters a second: slower than that, a text is that of a part of its recording
# Words for a place in a recording, for one of its channels, and for what is counted of a whole one.
PLACES = ROLES.keys() | set("frame frames sample samples seek bounds crop trim cut".split())
LOOSE = frozenset("time times timestamp seconds sec ms range pos position in out first last segment span".split())
CHANNEL = frozenset(("channel", "chan", "ch"))
BESIDE_CHANNEL = frozenset("id index idx no number selector audio".split())
ALL = ("average", "mix", "all", "both")
CHANNELS = CHANNEL | {"channels", "side", "track", "mic", "leg", "kanal", "canal"}
OF_A_WHOLE = frozenset(
    "rate hz khz bits width fps id ids idx index word words char chars characters token tokens letters phones alignment"
    " alignments text score date year day size file byte bytes age latency inference processing".split()
)
UNREAD = re.compile(r"(?!\d{4}[-/.]\d)(?:PT)?\d")  # begins like a time, and is none that is understood
LETTERS = {"a": 0, "l": 0, "left": 0, "b": 1, "r": 1, "right": 1}
PAIRS = ({"0", "1"}, {"1", "2"}, {"a", "b"}, {"l", "r"}, {"left", "right"})  # of channels
UNITS = (1, 1000, 100, 50, 25, 12.5, 16_000)  # of a second: milliseconds, frames of models, samples, bytes

Facts = Mapping[str, AudioInfo]
Pairs = Sequence[tuple[Row, Utterance]]


def heard_whole(found: Sequence[Utterance], facts: Facts) -> list[Utterance]:
    """Return utterances without their times where each is a file of its own, as long as most say, and none has its
    place in it: the times are of the recording that they were cut from, as of AMI.
    """
    timed = [(one.start, one.end, seconds) for one in found if one.start and (seconds := seconds_of(one, facts))]
    alike = [abs(seconds - (end or 0.0) + start) < ROUNDED for start, end, seconds in timed]
    within = any(start < seconds and not same for (start, _, seconds), same in zip(timed, alike, strict=True))
    if 2 * sum(alike) <= len(alike) or within or len({one.audio for one in found}) < len(found):
        return list(found)
    return [replace(one, start=None, end=None) for one in found]


def seconds_of(one: Utterance, facts: Facts) -> float | None:
    """Return the length of the recording of an utterance, where it is known."""
    info = facts.get(one.audio or "")
    return info.seconds if info else None


def looked_at(rows: Sequence[Row]) -> list[int]:
    """Return the places of the first rows, and of the first with other names: each may have its own."""
    counts = Counter[tuple[str, ...]]()
    places: list[int] = []
    for place, row in enumerate(rows):
        names = tuple(row)
        counts[names] += 1
        places += [place] if place < LOOKED_AT or (counts[names] <= OPENED and len(places) < 2 * LOOKED_AT) else []
    return places


def opened(rows: Sequence[Row], found: Sequence[Utterance]) -> dict[str, AudioInfo]:
    """Return what some recordings say of themselves: the first, and the first of rows with other names."""
    facts: dict[str, AudioInfo] = {}
    counts = Counter[tuple[str, ...]]()
    for place in looked_at(rows) or range(min(len(found), LOOKED_AT)):
        path, names = found[place].audio or "", tuple(rows[place]) if rows else ()
        if path not in facts and counts[names] < OPENED and counts.total() < MOST_OPENED and os.path.isfile(path):
            counts[names] += 1
            with suppress(InputError):
                facts[path] = probe(path)
    return facts


def with_channels(rows: Sequence[Row], found: Sequence[Utterance], facts: Facts) -> tuple[list[Utterance], list[str]]:
    """Return utterances with the channel that a column of any usual name says, from 0, and what must be said of it.

    Channels count from 1 where the last of them is as great as their number. A recording with one has none to choose.
    """
    name = next((name for row in rows[:LOOKED_AT] for name in row if names_channel(name)), None)
    if name is None:
        return list(found), []
    values = [channel_in(row.get(name)) for row in rows]
    known = {value for value in values if value is not None}
    most = max((info.channels for info in facts.values()), default=0)
    letters = any(str(row.get(name)).strip().lower() in LETTERS for row in rows[:LOOKED_AT])
    first = int(not letters and 0 not in known and max(known, default=0) == most > 1)
    notes = []
    if odd := next((row[name] for row, one in zip(rows, values, strict=True) if one is None and is_odd(row, name)), ""):
        notes += [f"'{name}' {odd!r} is no channel (0, 1, left, right): the mix of all is heard"] if most > 1 else []
    if name.lower() != "channel" and max(known, default=0) > most > 0:  # as of television
        notes += (
            [f"'{name}' {max(known)} is no channel of recordings with {most}: the mix is heard"] if most > 1 else []
        )
        values, known = [None] * len(values), set()
    if most == 1 and known <= {0, 1}:
        values = [None] * len(values)
    if known == {1} and most > 1 and not (letters or first):
        notes += [f"'{name}' is 1 in every row: channels count from 0, so that is the second one"]
    told = []
    for one, value in zip(found, values, strict=True):
        others = tuple(pair for pair in one.fields if pair[0] != "channel")
        told.append(replace(one, fields=others if value is None else (*others, ("channel", str(value - first)))))
    return told, notes


def names_channel(name: Any) -> bool:
    """Return whether a name is that of a column with a channel: channel, Channel_ID, audio_channel."""
    words = set(words_of(name))
    return not words.isdisjoint(CHANNEL) and words <= CHANNEL | BESIDE_CHANNEL


def channel_in(value: Any) -> int | None:
    """Return the channel that a value says, as it counts; ``None`` where it says no single one."""
    only = value[0] if isinstance(value, list) and len(value) == 1 else value
    text = str(only).strip().lower().removesuffix(".0")
    return int(text) if text.isdecimal() and len(text) < 9 else LETTERS.get(text)


def is_odd(row: Row, name: str) -> bool:
    """Return whether a row has a value where a channel is due that says neither one nor all."""
    value = row.get(name)
    return isinstance(value, (str, int, float)) and str(value).lower() not in ("", "nan", *ALL)


def unused(rows: Sequence[Row], found: Sequence[Utterance], facts: Facts, *, whole: bool) -> list[str]:
    """Return a line about the columns that could bound what is heard of recordings, and are not used.

    Args:
        rows: as they stand in the list.
        found: the utterance of each, with its recording.
        facts: what some of these recordings say of themselves.
        whole: each is a file of its own, and times are those of the recording that it was cut from.
    """
    pairs = [(rows[place], found[place]) for place in looked_at(rows)] if rows else []
    names = list(dict.fromkeys(str(name) for row, _ in pairs for name in row))
    roles = {
        name: (our, unit)
        for some in (*((name,) for name in names), tuple(names))
        for name, our, unit in time_names(some)
    }
    told = {name for name, role in roles.items() if not whole and differs(name, role, pairs, facts)}
    loose = [name for name in names if name.lower() not in KNOWN and name not in roles and not names_channel(name)]
    numbers = {name: values for name in loose if (values := times_of(name, pairs, facts))}
    again = repeated(found)
    given = {name: [(row, one) for row, one in pairs if row.get(name) not in (None, "")] for name in numbers}
    spare = {name for name in numbers if again or too_short(given[name], facts)}
    told |= {name for name in numbers if not (PLACES | LOOSE if name in spare else PLACES).isdisjoint(words_of(name))}
    told |= {name for name in spare if all(len(values) == 2 for values in numbers[name])}
    told |= {
        name for row, one in pairs for name in row if holds_places(name, row[name]) and too_short([(row, one)], facts)
    }
    told |= {name for name in loose if chooses_channel(name, pairs, facts, alone=bool(again))}
    if again:
        told |= {name for name, values in numbers.items() if len(set(map(tuple, values))) > 1}
    elif not whole:
        starts = [[one.start] for _, one in pairs if one.start is not None and one.end is None]
        known = {name: numbers[name] for name in sorted(spare)[:MOST_PAIRED]} | ({"": starts} if starts else {})
        told |= {one for two in permutations(known, 2) if bounds(known[two[0]], known[two[1]]) for one in two if one}
    if told:
        shown = ", ".join([f"'{name}'" for name in names if name in told][:MOST_NAMED])
        shown += f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
        are = "is" if len(told) == 1 else "are"
        said = f"{shown} could say which part or channel of a recording is meant, and {are} not used"
        return [f"{said}: times are read from 'start' and 'end' (seconds), channels from 'channel' (0, 1)"]
    if not again:
        return []
    rows_are = f"{count_of(again.total(), 'row')} are of {count_of(len(again), 'recording')}"
    return [f"{rows_are}, as {next(iter(again))}, and no column tells their parts apart: each hears the same"]


def differs(name: str, role: tuple[str, float], pairs: Pairs, facts: Facts) -> bool:
    """Return whether what a column of times says is not what is heard."""
    our, unit = role
    for row, one in pairs:
        values, seconds = times_in(row.get(name)), seconds_of(one, facts)
        if not values and UNREAD.match(str(row.get(name))):
            return True
        if not values or seconds is None:
            continue
        start, end = one.start or 0.0, one.end or seconds
        heard = {"start": start, "offset": start, "span": start, "end": end, "duration": end - start}[our]
        if abs(heard - unit * values[0]) > ROUNDED / 10 and 0 < unit * values[0] < seconds - ROUNDED:
            return True
    return False


def holds_places(name: str, value: Any) -> bool:
    """Return whether a value is a list of segments with times, of more than words."""
    first = value[0] if isinstance(value, list) and value and OF_A_WHOLE.isdisjoint(words_of(name)) else None
    if isinstance(first, dict):
        return any(not PLACES.isdisjoint(words_of(inside)) for inside in first)
    return isinstance(first, list) and len(times_in(first)) == 2


def times_of(name: str, pairs: Pairs, facts: Facts) -> list[list[float]]:
    """Return the values of a column where all are within their recordings, in seconds, nanoseconds or what is between.

    Those that are the lengths of whole recordings, in whatever unit, bound nothing.
    """
    found, lengths, known = [], 0, 0
    for row, one in pairs:
        value, info = row.get(name), facts.get(one.audio or "")
        if is_missing(value) or value in ("", "NaN", "nan", "null", "NA", "n/a"):
            continue
        values = times_in(value)
        if not values or min(values) < 0:
            return []
        if info and info.seconds is not None:
            seconds, known = info.seconds, known + 1
            if max(values) > 1.01e9 * seconds:
                return []
            near = max(0.1, 0.03 * seconds)
            lengths += any(
                abs(values[-1] / unit - seconds) < near for unit in (*UNITS, info.sample_rate, 2 * info.sample_rate)
            )
        found.append(values)
    return found if OF_A_WHOLE.isdisjoint(words_of(name)) and not (known and lengths == known) else []


def chooses_channel(name: str, pairs: Pairs, facts: Facts, *, alone: bool) -> bool:
    """Return whether a column could choose a channel of recordings that have several, by its name or its values."""
    counts = {info.channels for _, one in pairs if (info := facts.get(one.audio or ""))}
    values = {str(row[name]).strip().lower().removesuffix(".0") for row, _ in pairs if row.get(name) not in (None, "")}
    if max(counts, default=1) < 2 or not values:
        return False
    return (alone and values in PAIRS) or (not CHANNELS.isdisjoint(words_of(name)) and values != {str(max(counts))})


def repeated(found: Sequence[Utterance]) -> Counter[str]:
    """Return the recordings of which several rows hear the same, and how many do."""
    heard = Counter((one.audio or "", one.start, one.end, dict(one.fields).get("channel")) for one in found)
    again: Counter[str] = Counter()
    for (audio, *_), count in heard.items():
        if count > 1:
            again[audio] += count
    return again


def too_short(pairs: Pairs, facts: Facts) -> bool:
    """Return whether texts are too short for what is heard of their recordings, or there are none."""
    heard = [(one, seconds) for _, one in pairs if (seconds := seconds_of(one, facts))]
    letters = sum(len(one.text.encode(errors="replace")) for one, _ in heard)  # a sign of Chinese is three
    return letters < SLOW * sum(min(one.end or seconds, seconds) - (one.start or 0.0) for one, seconds in heard)


def bounds(first: Sequence[list[float]], last: Sequence[list[float]]) -> bool:
    """Return whether two columns can begin and end a part of each recording."""
    if len(first) != len(last) or not all(x[0] < y[-1] for x, y in zip(first, last, strict=True)):
        return False
    return not all(y[-1].is_integer() and y[-1] < 100 for y in last)  # as votes, ages, numbers of speakers
