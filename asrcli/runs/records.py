"""Records for programs: ``--events`` (what happens, as it happens) and ``--report`` (one record per input).

Both are JSON Lines; the schemas are ``docs/events.schema.json`` and ``docs/report.schema.json``. A record carries
``"v": 1``; a later version only adds keys or raises the number.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from typing import IO, Any

from asrcli.base.files import reason
from asrcli.errors import AsrError, OutputError, UsageError
from asrcli.types import Region, Segment, Transcript

VERSION = 1


class Lines:
    """A sink of JSON Lines: a file, standard output (``-``), an inherited descriptor (``fd:3``), or nothing."""

    def __init__(self, target: str | None, option: str) -> None:
        self.name = f"{option} {target}"
        self.file = _open(target, option) if target else None

    def write(self, kind: str, **values: Any) -> None:
        """Write one record at once, so that a reader sees it and a killed run keeps it.

        Raises:
            OutputError: the disk is full, ...
        """
        if self.file is None:
            return
        record = {"v": VERSION, "type": kind, **values}
        try:
            self.file.write(json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n")
            self.file.flush()
        except BrokenPipeError:  # its reader has gone, which is for the command to answer
            raise
        except OSError as error:
            raise OutputError(f"cannot write {self.name}: {reason(error)}") from error


def _open(target: str, option: str) -> IO[str]:
    if target == "-":
        return sys.stdout
    try:
        if target.startswith("fd:"):
            return os.fdopen(os.dup(int(target[3:])), "w", encoding="utf-8")
        if parent := os.path.dirname(target):
            os.makedirs(parent, exist_ok=True)
        return open(target, "w", encoding="utf-8")
    except ValueError as error:
        raise UsageError(f"{option} {target}: write fd:N with a number, such as fd:3") from error
    except OSError as error:
        raise UsageError(f"{option} {target}: {reason(error)}") from error


def now() -> float:
    """Return the time of an event: seconds since 1970, to the millisecond."""
    return round(time.time(), 3)


def segment_record(segment: Segment) -> dict[str, Any]:
    """Return a segment as an event carries it; absent values are left out."""
    values = asdict(segment)
    values["words"] = [
        {key: value for key, value in word.items() if value not in (None, ())} for word in values["words"]
    ]
    return {key: value for key, value in values.items() if value not in (None, (), [])}


def regions_record(regions: tuple[Region, ...]) -> list[list[float]]:
    """Return regions as pairs of start and end."""
    return [[round(region.start, 3), round(region.end, 3)] for region in regions]


def done_record(transcript: Transcript) -> dict[str, Any]:
    """Return what a report says of a finished input, apart from its name and outputs."""
    flagged: dict[str, int] = {}
    for segment in transcript.segments:
        for flag in segment.flags:
            flagged[flag] = flagged.get(flag, 0) + 1
    return {
        "engine": transcript.engine,
        "model": transcript.model,
        "revision": transcript.revision,
        "language": transcript.language,
        "language_score": transcript.language_score,
        "seconds": round(transcript.seconds, 3),
        "segments": len(transcript.segments),
        "gaps": regions_record(transcript.gaps),
        "flags": flagged,
        "warnings": list(transcript.warnings),
        "timings": {name: round(value, 3) for name, value in asdict(transcript.timings).items()},
    }


def failed_record(error: Exception) -> dict[str, Any]:
    """Return what a report says of a failed input: the class of the error and its sentence."""
    kind = type(error).__name__ if isinstance(error, AsrError) else "unexpected"
    return {"error": kind, "message": str(error)}


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object as a line of standard output."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    if any("\ud800" <= char <= "\udfff" for char in text):  # a name that is not UTF-8, which JSON has to be
        text = json.dumps(record, ensure_ascii=True, allow_nan=False)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
