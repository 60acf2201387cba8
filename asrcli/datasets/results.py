"""Run records: what `asr bench` leaves, and what compare and the leaderboard read.

JSON Lines whose first line says what ran and whose other lines are utterances, each with its reference (``text``) and
what was recognised (``pred_text``). Without that first line it is a manifest of the Open ASR Leaderboard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from asrcli.base.counts import count_of
from asrcli.base.files import write_atomic
from asrcli.base.lines import json_lines
from asrcli.datasets.columns import REFERENCE_KEYS
from asrcli.datasets.lines import read_json_lines
from asrcli.datasets.utterances import RECORD_KEY, check_characters, check_text, number_of, utterance
from asrcli.errors import InputError
from asrcli.transport.codec import build
from asrcli.types import Utterance

CARD_SUFFIX = ".robustness.jsonl"  # of the texts of a robustness card, beside the record
RECORD_VERSION = 1  # of the layout; the value of `RECORD_KEY` in the first line
LABEL = "label"  # a fact that is in no file: a name of its own beside runs of the same system
MOST_DEVICES = 1000  # characters of their names
MOST_HEAD = 1 << 20  # characters of a first line that may be one of a run record
Row = TypeVar("Row")
WANTED = "run records are what `asr bench DATASET -e ENGINE` leaves"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure that was measured; ``None`` is a counter that was not there: a blank, never a guess."""

    name: str  # latency_p50, rtfx, memory_peak, ...; `asrcli.bench.measures` lists them
    value: float | None
    unit: str
    condition: str = ""  # under which: "5-15 s", "batch 8", "snr 10 dB"; "" is all
    low: float | None = None  # the least and the greatest of the repeats, or the interval of an error rate
    high: float | None = None
    count: int = 0  # how many values it rests on


@dataclass(frozen=True, slots=True)
class RequestTime:
    """One request while several callers have one each; times are seconds from when it was made."""

    callers: int
    id: str  # of the utterance
    seconds: float  # of audio
    total: float  # until its whole text was there
    first: float | None = None  # until its first token was; None where the engine does not tell
    batch: int = 1  # clips that were recognised together with it
    error: str = ""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a run says that its texts are scored; ``None`` where it does not say."""

    normalizer: str | None
    language: str | None

    @classmethod
    def said_by(cls, facts: Mapping[str, Any]) -> Scoring:
        """Read it from the facts of a run."""
        try:
            options = json.loads(facts.get("options") or "{}")
        except (TypeError, ValueError, RecursionError):
            options = {}
        language = options.get("language") if isinstance(options, dict) else None
        return cls(str(facts.get("normalizer") or "") or None, str(language) if language else None)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one benchmark run did and recognised.

    ``hypotheses`` has a text per utterance, ``None`` where the engine failed. ``times`` are seconds of wall clock per
    utterance, ``None`` where they were not measured. ``facts`` are names and values of everything else worth keeping:
    versions, hashes, command, machine.
    """

    engine: str
    utterances: tuple[Utterance, ...]
    hypotheses: tuple[str | None, ...]
    times: tuple[float | None, ...]
    model: str | None = None
    revision: str | None = None
    dataset: str | None = None
    started: str | None = None  # ISO 8601, UTC
    facts: tuple[tuple[str, str], ...] = ()
    measures: tuple[Measure, ...] = ()
    requests: tuple[RequestTime, ...] = ()

    def fact(self, name: str) -> str:
        """Return one of the facts; "" where it is not known."""
        return dict(self.facts).get(name, "")

    @property
    def scoring(self) -> Scoring:
        """How its texts are scored."""
        return Scoring.said_by(dict(self.facts))

    def measure(self, name: str, condition: str = "") -> Measure | None:
        """Return one figure; ``None`` where it was not asked for."""
        return next((one for one in self.measures if (one.name, one.condition) == (name, condition)), None)

    @property
    def system(self) -> str:
        """What ran, as `system_name` calls it, or by its label beside others of the same name."""
        return self.fact(LABEL) or system_name(self.engine, self.model, self.fact("backend"))


def system_name(engine: str, model: str | None, backend: str | None = None) -> str:
    """Return what an engine with its model is called: ``whisper:tiny``, ``canary@native:qwen-2.5b``.

    Of a folder of weights it is the name, of a server the address.
    """
    if backend:
        engine = f"{engine}@{backend}"
    if not model or model == "default":
        return engine
    _, scheme, address = model.partition("://")
    return f"{engine}:{address if scheme else Path(model).name}"


def run_paths(paths: Iterable[Path]) -> list[Path]:
    """Return the run records that paths mean: a folder stands for all that lie in it, by name.

    Raises:
        InputError: a folder has none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = [one for one in path.glob("*.jsonl") if not one.name.endswith(CARD_SUFFIX)]
        inside += [one for one in path.glob("*.json") if system_of(one) is not None]
        if not inside:
            raise InputError(f"{path}: no run record in it; {WANTED}")
        found += sorted(inside, key=lambda one: one.stem)  # "fake" before "fake-b", whose names begin the same
    return found


def head_of(path: Path) -> Mapping[str, Any] | None:
    """Return the first line of a run record; ``None`` for every other file or folder."""
    if path.suffix not in (".jsonl", ".json") or not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            head = json.loads(file.readline(MOST_HEAD))
    except (OSError, ValueError, RecursionError):  # reading it says what is wrong with it
        return None
    return head if isinstance(head, dict) and RECORD_KEY in head and head.get("engine") else None


def system_of(path: Path) -> str | None:
    """Return what ran, by the first line of a run record alone; ``None`` for every other file or folder."""
    head = head_of(path)
    if head is None:
        return None
    facts, model = head.get("facts"), head.get("model")
    backend = facts.get("backend") if isinstance(facts, dict) else None
    return system_name(str(head["engine"]), str(model) if model else None, backend)


def workers_of(facts: Mapping[str, Any]) -> str:
    """Return with how many workers a run was measured, and where: "2 workers on cpu"; "" when there were none."""
    count, devices = facts.get("workers"), facts.get("worker_devices")
    if not isinstance(count, str) or not re.fullmatch("[1-9][0-9]{0,3}", count) or not isinstance(devices, str):
        return ""
    return f"{count_of(int(count), 'worker')} on {', '.join(dict.fromkeys(devices[:MOST_DEVICES].split(', ')))}"


def scoring_of(path: Path) -> Scoring | None:
    """Return how a run record says that it is scored; ``None`` for every other file or folder."""
    head = head_of(path)
    facts = head.get("facts") if head is not None else None
    return Scoring.said_by(facts) if isinstance(facts, dict) else None


def read_run(path: Path) -> RunRecord:
    """Read a run record.

    Raises:
        InputError: it is none, or a line is broken.
    """
    try:
        rows = list(read_json_lines(path))
    except InputError as error:
        raise InputError(f"{error}; {WANTED}") from None
    if not rows or RECORD_KEY not in rows[0][1]:
        raise InputError(f"{path} line 1: not a run record; {WANTED}")
    if rows[0][1][RECORD_KEY] != RECORD_VERSION:
        made = rows[0][1][RECORD_KEY]
        raise InputError(f"{path} line 1: a run record of layout {made!r}, and this asr reads {RECORD_VERSION}")
    head = rows[0][1]
    check_characters(json.dumps(head, ensure_ascii=False), path, 1)
    facts = head.get("facts")
    read = [utterance(row, REFERENCE_KEYS, path, number) for number, row in rows[1:]]
    utterances = tuple(
        replace(one, fields=tuple(pair for pair in one.fields if pair[0] not in OWN_KEYS)) for one in read
    )
    return RunRecord(
        engine=str(head.get("engine", "")),
        utterances=utterances,
        hypotheses=tuple(_text(row, "pred_text", path, number) for number, row in rows[1:]),
        times=tuple(number_of(row, "time", path, number) for number, row in rows[1:]),
        **{name: _text(head, name, path, 1) for name in ("model", "revision", "dataset", "started")},
        facts=tuple((str(name), str(value)) for name, value in (facts.items() if isinstance(facts, dict) else ())),
        measures=read_rows(Measure, head.get("measures"), path, "measures"),
        requests=read_rows(RequestTime, head.get("requests"), path, "requests"),
    )


def _text(row: Mapping[str, Any], key: str, path: Path, number: int) -> str | None:
    """Return a value of a line, which is a text or ``None``."""
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{path} line {number}: '{key}' must be text, not {json.dumps(value)[:40]}")
    if value:
        check_text(value, path, number)
    return value


def read_rows(kind: type[Row], data: Any, path: Path, name: str) -> tuple[Row, ...]:
    """Build the values of one kind from the first line of a record."""
    try:
        return tuple(build(kind, one) for one in data or ())
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path} line 1: '{name}' is not as `asr bench` writes it ({error})") from None


OWN_KEYS = ("id", "audio_filepath", "start", "end", "duration", "time", "text", "pred_text", "language", "group")


def write_run(record: RunRecord, path: Path) -> None:
    """Write a run record, atomically."""
    apart = ("utterances", "hypotheses", "times", "facts", "measures", "requests")
    head = {key: value for key, value in asdict(record).items() if key not in apart}
    figures = [{key: value for key, value in asdict(one).items() if value is not None} for one in record.measures]
    for figure in figures:
        figure.setdefault("value", None)
    rows: list[dict[str, Any]] = [{RECORD_KEY: RECORD_VERSION, **head, "facts": dict(record.facts)}]
    if figures:
        rows[0]["measures"] = figures
    if record.requests:
        rows[0]["requests"] = [asdict(one) for one in record.requests]
    for one, text, seconds in zip(record.utterances, record.hypotheses, record.times, strict=True):
        values = (one.id, one.audio, one.start, one.end, one.seconds, seconds, one.text, text, one.language, one.group)
        row = dict(zip(OWN_KEYS, values, strict=True)) | {k: v for k, v in one.fields if k not in OWN_KEYS}
        rows.append({key: value for key, value in row.items() if value is not None or key in ("time", "pred_text")})
    write_atomic(path, json_lines(rows))
