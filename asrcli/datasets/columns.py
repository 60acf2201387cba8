"""The names of columns: which of them hold the text, the recording, the id, and the rest, in lists of many programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Row = Mapping[str, Any]
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
ID_KEYS = ("id", "utterance_id", "utt_id", "segment_id", "uid", "key", "sid", "id_")
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

TIME = re.compile(  # where an utterance is in its recording, in the words of other programs: start_time, end_ms
    r"(?:seg(?:ment)?_)?(?:(start|begin|onset|from|[xt]_?min|t0)|(end|stop|to|until|[xt]_?max|t1)|(offset)|duration)"
    r"(?:_?(?:time|at))?(?:_(?:in_)?(?:s|secs?|seconds|ss\.msec|(?:hh:)?mm:ss\.ms|(ms|m_?secs?|millis|milliseconds)))?"
)
SPANS = ("timestamp", "timestamps", "interval", "span")  # start and end in one


@lru_cache(maxsize=1000)
def time_names(names: tuple[str, ...]) -> tuple[tuple[str, str, float], ...]:
    """Return which names of a row are times by another name, what we call them, and what makes seconds of them."""
    plain = {name: re.sub(r"(?<=[a-z])(?=[A-Z])|[\s_-]+", "_", str(name)).lower() for name in names}
    found = [(name, one) for name in names if (one := TIME.fullmatch(plain[name]))]
    ours = [
        (name, "start" if one[1] else "end" if one[2] else "offset" if one[3] else "duration", 0.001 if one[4] else 1)
        for name, one in found
    ]
    spans = [(name, "span", 1.0) for name in names if plain[name] in SPANS and not found]
    return (*((name, our, unit) for name, our, unit in ours if our == name or our not in names), *spans)


def with_times(row: Row) -> Row:
    """Return a row with its times under our names, in seconds; what is no time in a recording, as a date, is none."""
    times: dict[str, float] = {}
    for name, our, unit in time_names(tuple(row)):
        with suppress(TypeError, ValueError):
            times |= times_in(row[name], our, unit, other=name != our)
    return {**row, **times} if times else row


def times_in(value: Any, our: str, unit: float, *, other: bool) -> dict[str, float]:
    """Return the times that a value says under our names; it may be a clock (0:00:12.5), or start and end in one."""
    if our == "span":
        start, end = map(float, value if isinstance(value, list) else ())
        return {"start": start, "end": end}
    if not (other or (isinstance(value, str) and ":" in value)):
        return {}
    parts = value.replace(",", ".").split(":") if isinstance(value, str) else [value]
    return {our: unit * sum(60**place * float(part) for place, part in enumerate(reversed(parts)))}


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
    row = row if names == tuple(row) else dict(zip(names, row.values(), strict=True))
    return with_times(row) if time_names(names) else row


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


def is_missing(value: Any) -> bool:
    """Return whether a value is none: null, or NaN, which tables write for it."""
    return value is None or (isinstance(value, float) and value != value)


def first_text(row: Row, keys: Sequence[str]) -> str | None:
    """Return the first of these values that is there, as text; of a file as datasets has it, its path."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, dict):
            value = value.get("path")
        if isinstance(value, (str, int, float)) and value != "":
            return str(value)
    return None
