"""The names of columns: which of them hold the text, the recording, the id, and the rest, in lists of many programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Row = Mapping[str, Any]
MOST_COMPARED = 2000  # characters of a text
LOOKED_AT = 200  # rows: what a column holds shows in the first ones
REFERENCE_KEYS = (
    *(
        "text",
        "reference",
        "ref",
        "sentence",
        "transcript",
        "transcription",
        "normalized_text",
        "answer",
        "wrd",
        "txt",
        "text_tn",
    ),
)
HYPOTHESIS_KEYS = ("pred_text", "hypothesis", "hyp", "prediction", "pred", "text", "transcript", "transcription")
SYSTEM_KEYS = tuple(key for key in HYPOTHESIS_KEYS if key not in REFERENCE_KEYS)  # that hold no reference
ID_KEYS = (
    *("id", "utterance_id", "utt_id", "segment_id", "uid", "key", "sid", "id_", "utteranceid", "utt", "utt_name"),
    *("audio_id", "clip_id", "sample_id", "example_id"),
)
AUDIO_KEYS = (
    *("audio_filepath", "audio", "audio_path", "file_name", "wav", "file", "path", "audio_file", "audio_filename"),
    *("audio_file_name", "filename", "filepath", "wav_filename", "wav_path"),
)
GROUP_KEYS = ("group", "speaker", "speaker_id", "session", "session_id")
LANGUAGE_KEYS = ("language", "lang", "source_lang", "locale")
SECONDS_KEYS = ("duration", "seconds", "audio_length_s")
TEXT_FILE = "text_filepath"  # of NeMo, in place of a text
PARENT, CHUNK = "parent_id", "chunk_index"  # of long recordings in pieces: one reference for all of them
PREDICTED_LANGUAGE = "pred_language"  # that a system identified by itself; "language" is the one that is spoken
TEXTS = frozenset({*REFERENCE_KEYS, *HYPOTHESIS_KEYS})
KNOWN = frozenset(
    (*REFERENCE_KEYS, *HYPOTHESIS_KEYS, *ID_KEYS, *AUDIO_KEYS, *GROUP_KEYS, *LANGUAGE_KEYS, *SECONDS_KEYS)
) | {*("offset", "start", "end", TEXT_FILE, PARENT, CHUNK, PREDICTED_LANGUAGE)}

ROLES = {  # words that say where an utterance is in its recording, and what we call it
    **dict.fromkeys(("start", "begin", "beg", "onset", "from", "xmin", "tmin", "t0"), "start"),
    **dict.fromkeys(("end", "stop", "to", "until", "till", "finish", "xmax", "tmax", "t1"), "end"),
    **{"offset": "offset", "duration": "duration", "dur": "duration", "length": "length", "len": "length"},
}
PLAIN = frozenset(  # words that say no more beside one of those: clip_start, End (s), begin_time
    "time times timestamp timestamps ts at in t pos s sec secs second seconds seg segment utt utterance audio wav clip"
    " speech video interval span range".split()
)
UNITS = {  # seconds
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 1e-3),
    **{"cs": 1e-2, "us": 1e-6, "usec": 1e-6, "microseconds": 1e-6, "ns": 1e-9, "nsec": 1e-9, "nanoseconds": 1e-9},
}
SPANS = frozenset(("timestamp", "timestamps", "interval", "span", "range", "time", "times", "segment"))  # both in one
GLUED = re.compile(r"\b(start|begin|onset|end|stop|finish|offset|duration)(times?|at|secs?|seconds|s|ms|pos)\b")
LONGEST_TIME = 60  # characters
CLOCK = r"(?:\d+:){0,2}\d+(?:[.,]\d+)?\s*(?:s|secs?|seconds)?|(?:\d+h)?\d+m\d+(?:[.,]\d+)?s"
CLOCKS = re.compile(rf"(-?(?:{CLOCK}))(?:\s*(?:-+>?|[–—~,;]|to)\s*({CLOCK}))?")  # 1.5 s, 0m2.5s, or 0:01.5 --> 0:03


@lru_cache(maxsize=1000)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of the name of a column in small letters: segmentStart, "Begin Time - hh:mm:ss.ms"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower()
    plain = re.sub(r"(?:hh:)?mm:ss(?:\.ms)?|ss\.msec", "", apart)
    words = " ".join(re.findall(r"[^\W_]+", plain))
    return tuple(GLUED.sub(r"\1 \2", re.sub(r"\b([xt]) (?=m(?:in|ax)\b)|\b(m) (?=secs?\b)", r"\1\2", words)).split())


@lru_cache(maxsize=1000)
def time_names(names: tuple[str, ...]) -> tuple[tuple[str, str, float], ...]:
    """Return which names of a row are times by another name, what we call them, and what makes seconds of them."""
    found = []
    for name in names:
        words = [word for word in words_of(name) if word not in PLAIN and word not in UNITS]
        if len(words) == 1 and words[0] in ROLES:
            found.append((name, ROLES[words[0]], next((UNITS[one] for one in words_of(name) if one in UNITS), 1.0)))
    roles = {our for _, our, _ in found}
    # A length is of anything, but of the utterance where that has a start and nothing else says how long it is.
    ours = {"length": "duration"} if roles.isdisjoint(("end", "duration")) and len(roles) > 1 else {}
    found = [(name, ours.get(our, our), unit) for name, our, unit in found if our != "length" or ours]
    spans = [(name, "span", 1.0) for name in names if not found and SPANS.issuperset(words_of(name)) and words_of(name)]
    plain = frozenset(names)
    return (*((name, our, unit) for name, our, unit in found if our == name or our not in plain), *spans)


def with_times(row: Row) -> Row:
    """Return a row with its times under our names, in seconds; what is no time in a recording, as a date, is none."""
    times: dict[str, float] = {}
    for name, our, unit in time_names(tuple(row)):
        found = times_in(row[name])
        if our == "span" and len(found) == 2 and found[0] < found[1]:
            times |= {"start": found[0], "end": found[1]}
        elif our != "span" and len(found) == 1 and (name != our or isinstance(row[name], str)):
            times[our] = unit * found[0]
    return {**row, **times} if times else row


def times_in(value: Any) -> list[float]:
    """Return the numbers of a value that can be times: one, a clock (0:00:12.5), or a start and an end."""
    if isinstance(value, (list, tuple)):
        alone = len(value) == 2 and not any(isinstance(one, (list, tuple)) for one in value)
        found = [time for one in value for time in times_in(one)] if alone else []
        return found if len(found) == 2 else []
    if isinstance(value, str):
        parts = CLOCKS.fullmatch(value.strip("[]() ")) if len(value) < LONGEST_TIME else None
        return [clock(part) for part in parts.groups() if part] if parts else []
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e18
    return [float(value)] if number else []


def clock(text: str) -> float:
    """Return hours, minutes and seconds as seconds."""
    total = 0.0
    for part in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ".")):
        total = 60 * total + float(part)
    return -total if text.startswith("-") else total


def flat(row: Row, depth: int = 3) -> Row:
    """Return a row in which what stands in objects has names of its own, too: ``segment.start``."""
    if depth == 0 or not any(isinstance(value, dict) for value in row.values()):
        return row
    objects = [(key, flat(value, depth - 1)) for key, value in row.items() if isinstance(value, dict)]
    return {**{f"{key}.{name}": one for key, inside in objects for name, one in inside.items()}, **row}


@lru_cache(maxsize=1000)
def known_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a row as they are looked for, where only capitals differ: File_Name, TEXT."""
    taken = set(names)
    return tuple(low if (low := str(name).lower()) in KNOWN and low not in taken else name for name in names)


def with_known_names(row: Row) -> Row:
    """Return a row with the names that are looked for."""
    if isinstance(row, dict) and {"key", "source", "target"} <= row.keys() and TEXTS.isdisjoint(row):  # FunASR's
        row = {"audio": row["source"], "text": row["target"], **row}
    if not isinstance(row, dict):
        return row
    names = known_names(tuple(row))
    row = flat(row if names == tuple(row) else dict(zip(names, row.values(), strict=True)))
    return with_times(row) if time_names(tuple(row)) else row


def text_column_of(rows: Iterable[Row], keys: Sequence[str]) -> str | None:
    """Return the first of these names that any row has: where the text is in all of them."""
    rows = list(rows)
    return next((key for key in keys if any(key in row for row in rows)), None)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which names of a line hold what; lines of one manifest nearly always have the same names."""

    text: str | None
    id: tuple[str, ...]
    audio: tuple[str, ...]
    group: tuple[str, ...]
    language: tuple[str, ...]
    seconds: tuple[str, ...]
    times: bool
    offset: bool  # NeMo's way to say where in the file: offset and duration
    stretch: bool  # the same without an offset: from the start of the file, so long
    others: tuple[str, ...]


@lru_cache(maxsize=1000)
def find_columns(names: tuple[str, ...], text_keys: tuple[str, ...]) -> Columns:
    """Return what the names of a line hold."""
    text = next((key for key in text_keys if key in names), None)

    def those(keys: Sequence[str]) -> tuple[str, ...]:
        """Return the keys that the manifest has."""
        return tuple(key for key in keys if key in names)

    used = {text or "", *ID_KEYS, *AUDIO_KEYS, *TEXTS}
    return Columns(
        text,
        those(ID_KEYS),
        those(AUDIO_KEYS),
        those(GROUP_KEYS),
        those(LANGUAGE_KEYS),
        those(SECONDS_KEYS),
        "start" in names or "end" in names,
        "offset" in names and "start" not in names,
        "audio_filepath" in names and "duration" in names and "start" not in names and "end" not in names,
        tuple(name for name in names if name not in used),
    )


def other_texts(rows: Sequence[Row], column: str, keys: Sequence[str]) -> list[str]:
    """Return a line about the columns that could hold the text, too, and say something else than the one in use.

    Args:
        rows: some of the list.
        column: where the text is read from.
        keys: the names among which that is the first.
    """
    some = [row for row in rows[:LOOKED_AT] if isinstance(row.get(column), str)]
    system = column in SYSTEM_KEYS  # beside what was recognised stands the reference, as it should
    others = [
        f"'{name}'"
        for name in dict.fromkeys(name for row in some for name in row if name != column)
        if name in (SYSTEM_KEYS if system else keys)
        or (not system and name not in SYSTEM_KEYS and any(alike(row[column], row.get(name)) for row in some))
    ]
    others = [name for name in others if any(row.get(name[1:-1]) not in (None, "", row[column]) for row in some)]
    return [f"the text is '{column}'; {', '.join(others[:4])} could be it, too"] if others else []


def alike(text: str, other: Any) -> bool:
    """Return whether a value has most of the words of a text."""
    if not isinstance(other, str):
        return False
    words, others = ({word.strip('.,;:!?"').lower() for word in one[:MOST_COMPARED].split()} for one in (text, other))
    return 2 * len(words & others) > max(len(words), len(others))


def is_missing(value: Any) -> bool:
    """Return whether a value is none: null, or NaN, which tables write for it."""
    return value is None or (isinstance(value, float) and value != value)


def first_text(row: Row, keys: Sequence[str]) -> str | None:
    """Return the first of these values that is there, as text; of a file as datasets has it, its path."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, dict):
            value = value.get("path")
        if isinstance(value, (str, int, float)) and value != "" and not is_missing(value):
            return str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return None
