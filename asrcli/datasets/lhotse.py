"""Lhotse's manifests: cuts, or supervisions with the recordings beside them, as JSON Lines (also gzipped).

See https://lhotse.readthedocs.io/en/latest/corpus.html and cuts.html for the layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asrcli.base.join import join_texts
from asrcli.base.lines import json_lines
from asrcli.datasets.columns import Row
from asrcli.errors import InputError
from asrcli.types import Utterance

Rows = list[tuple[int, Row]]


def is_lhotse(row: Row) -> bool:
    """Return whether a line is a cut or a supervision."""
    return (
        "tracks" in row
        or ("recording" in row and "supervisions" in row)
        or ("recording_id" in row and "duration" in row)
    )


def read_lhotse(rows: Rows, path: Path, recordings: Rows) -> list[Utterance]:
    """Read cuts or supervisions.

    Args:
        rows: number and object of every line.
        path: the file, for messages.
        recordings: the lines of the recordings' manifest, for supervisions, which only name them.
    """
    by_id = {str(row.get("id")): row for _, row in recordings}
    return [one_cut(row, f"{path} line {number}", by_id) for number, row in rows]


def one_cut(row: Row, where: str, recordings: Mapping[str, Row]) -> Utterance:
    """Return the utterance of one cut (all its supervisions joined) or of one supervision."""
    if "tracks" in row:
        raise InputError(f"{where}: Lhotse mixes this cut of several tracks while it is read; save its audio first")
    try:
        if "supervisions" in row:
            said, recording = sorted(row["supervisions"], key=lambda one: float(one["start"])), row["recording"]
        else:
            said, recording = [row], recordings.get(row["recording_id"])
        if recording is None:
            raise InputError(f"{where}: recording '{row['recording_id']}' is not in the recordings' manifest beside it")
        start, seconds = float(row["start"]), float(row["duration"])
        whole = start == 0 and abs(seconds - float(recording.get("duration", -1))) < 1e-3
        first: Mapping[str, Any] = said[0] if said else {}
        return Utterance(
            str(row["id"]),
            join_texts(str(one.get("text") or "") for one in said),
            audio_of(recording, where),
            first.get("language"),
            first.get("speaker"),
            None if whole else start,
            None if whole else start + seconds,
            seconds,
            channel_of(row, recording),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: not a cut or supervision as Lhotse writes them ({error!r})") from None


def channel_of(row: Row, recording: Row) -> tuple[tuple[str, str], ...]:
    """Return the one channel of several that a cut or supervision is of, from 0, as a field."""
    channels = row.get("channel")
    only = channels[0] if isinstance(channels, list) and len(channels) == 1 else channels
    known = recording.get("channel_ids") or recording["sources"][0].get("channels") or [0]
    return (("channel", str(known.index(only))),) if isinstance(only, int) and len(known) > 1 else ()


def audio_of(recording: Row, where: str) -> str:
    """Return the file of a recording.

    Raises:
        InputError: it is made by a command, or has been changed by Lhotse while reading.
    """
    sources = recording["sources"]
    if len(sources) != 1 or sources[0]["type"] not in ("file", "url"):
        kinds = ", ".join(str(source["type"]) for source in sources)
        raise InputError(f"{where}: audio of type {kinds} is not read, only of one file")
    if recording.get("transforms"):
        raise InputError(f"{where}: the recording is transformed by Lhotse while it is read; save the audio first")
    return str(sources[0]["source"])


def write_lhotse(rows: Rows, texts: Mapping[str, str]) -> str:
    """Return the lines with what was recognised under ``custom.pred_text``, where Lhotse keeps foreign values."""
    changed = []
    for _, row in rows:
        text = texts.get(str(row["id"]))
        changed.append(row if text is None else {**row, "custom": {**(row.get("custom") or {}), "pred_text": text}})
    return json_lines(changed)
