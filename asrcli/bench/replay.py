"""Replay a run from its record: what the record names and asks for, and what has changed since."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from asrcli.bench.plan import Plan
from asrcli.bench.session import REPLAY, Request
from asrcli.datasets.results import RunRecord
from asrcli.errors import UsageError
from asrcli.transport.codec import build

PASSING = frozenset({"command", REPLAY, "notes", "dataset_source"})  # facts that may differ without meaning anything
SPEED = ("cold_start", "load", "latency_p50", "rtfx", "rtfx_best")
APART = 0.1  # share by which a speed must have moved besides being outside the spread of both
SHOWN = 5
PLACE = re.compile(r"[/\\~@]|\.\w|:\d")
NEEDED = ("dataset", "options", "plan", "vad", "device", "dtype", "threads")  # what `session.replay_of` writes,
LATER = ("told", "workers")  # and has not always written; a record may come from a stranger, and says no more
NAMED = ("engine", "dataset.source", "options.language_model", "plan.diarize_model")


@dataclass(frozen=True, slots=True)
class Drift:
    """What is not as it was."""

    texts: tuple[str, ...]  # ids of utterances that were transcribed otherwise
    dataset: bool  # references or recordings have changed
    around: tuple[str, ...]  # versions, weights, machine, one sentence each
    speed: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the run was reproduced: the same texts of the same data."""
        return not self.texts and not self.dataset

    def sentences(self) -> list[str]:
        """Return all of it in sentences."""
        said = ["dataset: references or recordings are not those of the first run"] if self.dataset else []
        said += [f"around it: {one}" for one in self.around]
        if self.texts:
            more = ", ..." if len(self.texts) > SHOWN else ""
            said.append(f"texts: {len(self.texts)} utterances differ: {', '.join(self.texts[:SHOWN])}{more}")
        return [*said, *(f"speed: {one}" for one in self.speed)]


def named(record: RunRecord) -> list[str]:
    """Return what a run would be replayed with that sends, fetches or reads something: ``engine: whisper:tiny``.

    These are engine and data, whatever they are called (a server or a hub may be behind a plain name), and every other
    address and path.
    """
    try:
        values = json.loads(record.fact(REPLAY))
    except (ValueError, KeyError, RecursionError):
        return []  # such a record cannot be replayed
    return [f"{name}: {text}" for name, text in _texts(values, "") if name in NAMED or PLACE.search(text)]


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield each text of decoded JSON with the name of its place."""
    if isinstance(value, str):
        yield name, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, f"{name}.{key}".lstrip("."))
    if isinstance(value, list):
        for one in value:
            yield from _texts(one, name)


def request_of(record: RunRecord, folder: Path | None, *, offline: bool = False) -> Request:
    """Return the request that a run came from.

    Raises:
        UsageError: the record does not say, so it was not written by `asr bench`, or asks for what cannot be.
    """
    try:
        values = json.loads(record.fact(REPLAY))
        json.dumps(values, ensure_ascii=False).encode()  # no half of a surrogate pair
        known = {one.name for one in fields(Plan)}
        values["plan"] = {name: one for name, one in values["plan"].items() if name in known}
        own = {name: values[name] for name in (*NEEDED, *LATER) if name in NEEDED or name in values}
        made = build(Request, {**own, "engines": [values["engine"]]})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError("the record does not say how it was made; only runs of `asr bench` can be replayed") from None
    sample, seed = made.dataset.sample, made.dataset.seed
    if seed < 0 or (sample is not None and sample < 1):
        raise UsageError(f"the record names a sample of {sample} with the seed {seed}, which cannot be drawn")
    made.plan.check()
    return replace(made, offline=offline, folder=folder)


def drift(before: RunRecord, after: RunRecord) -> Drift:
    """Return what differs between two runs that were meant to be the same."""
    texts = {one.id: text for one, text in zip(after.utterances, after.hypotheses, strict=True)}
    changed = [
        one.id for one, text in zip(before.utterances, before.hypotheses, strict=True) if texts.get(one.id, ...) != text
    ]
    known = {one.id for one in before.utterances}
    changed += [name for name in texts if name not in known]
    old, new = dict(before.facts), dict(after.facts)
    around = [
        f"{name} was {old.get(name) or 'not there'}, is {new.get(name) or 'not there'}"
        for name in sorted({*old, *new} - PASSING)
        if old.get(name) != new.get(name) and name != "dataset_sha256"
    ]
    if before.revision != after.revision:
        around.append(f"revision of the weights was {before.revision}, is {after.revision}")
    return Drift(
        tuple(changed), old.get("dataset_sha256") != new.get("dataset_sha256"), tuple(around), speeds(before, after)
    )


def speeds(before: RunRecord, after: RunRecord) -> tuple[str, ...]:
    """Return the speeds that have moved further than repeats spread."""
    found = []
    for one in before.measures:
        other = after.measure(one.name, one.condition)
        if one.name not in SPEED or other is None or not one.value or not other.value:
            continue
        greatest_low = max(one.low or one.value, other.low or other.value)
        least_high = min(one.high or one.value, other.high or other.value)
        if greatest_low > least_high and abs(other.value - one.value) > APART * one.value:
            where = f" ({one.condition})" if one.condition else ""
            found.append(f"{one.name}{where} was {one.value:.3g} {one.unit}, is {other.value:.3g} {other.unit}")
    return tuple(found)
