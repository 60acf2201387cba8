"""SegLST, the segments of conversations as meeteval and the CHiME challenges write them: a JSON list of objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asrcli.datasets.lines import read_lines
from asrcli.datasets.utterances import check_text
from asrcli.errors import InputError
from asrcli.types import Utterance

TEXTS = ("session_id", "speaker", "words")
TIMES = ("start_time", "end_time")


def is_seglst(rows: Any) -> bool:
    """Tell whether data of JSON is SegLST."""
    return (
        isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict) and {"session_id", "words"} <= set(rows[0])
    )


def read_seglst(path: Path) -> list[Utterance]:
    """Read segments, with the session as their recording.

    Raises:
        InputError: it is not SegLST, or an entry lacks something.
    """
    try:
        rows = json.loads("\n".join(read_lines(path)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON that can be read ({error})") from None
    if not is_seglst(rows):
        raise InputError(f"{path} is not SegLST: a list of objects with {', '.join((*TEXTS, *TIMES))} must be there")
    return [_segment(row, path, number) for number, row in enumerate(rows, start=1)]


def _segment(row: Any, path: Path, number: int) -> Utterance:
    if not isinstance(row, dict):
        raise InputError(f"{path}: entry {number} must be an object like {{...}}, not: {json.dumps(row)[:60]}")
    for name in (*TEXTS, *TIMES):
        if name not in row:
            raise InputError(f"{path}: entry {number} has no '{name}'")
    try:
        start, end = (float(row[name]) for name in TIMES)
    except (TypeError, ValueError):
        raise InputError(f"{path}: entry {number}: start_time and end_time must be seconds") from None
    if not 0.0 <= start <= end < float("inf"):
        raise InputError(f"{path}: entry {number}: {start:g} to {end:g} is no stretch of time")
    session, speaker, words = (str(row[name]) for name in TEXTS)
    check_text(words, path, number)
    fields = (("recording", session),)
    return Utterance(
        f"{session}-{number}", words, group=speaker, start=start, end=end, seconds=end - start, fields=fields
    )
