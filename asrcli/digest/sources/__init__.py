"""Where news comes from. A source is ``collect(task) -> Report``; what a server does never makes it raise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from asrcli.digest.items import Item, Report, State, join, merge
from asrcli.digest.settings import Settings
from asrcli.web.client import Answer, Call, Web, WebError


@dataclass(frozen=True, slots=True)
class Task:
    """What a source is asked."""

    day: date  # the day of the digest
    web: Web
    settings: Settings = field(default_factory=Settings)
    marks: Mapping[str, str] = field(default_factory=dict)  # watermarks as they were before this day
    known: Callable[[str], bool] = lambda _: False  # was this id seen before this day?
    x_token: str = field(default="", repr=False)
    x_budget: float = 0.0  # US dollars for this run


def ask(task: Task, call: Call, name: str) -> Answer | Report:
    """Return the answer, or the failed report when there is none or its status is not 200."""
    try:
        answer = task.web.get(call)
    except WebError as error:
        return Report(name, State.FAILED, str(error)[:300])
    if answer.status != 200:
        wait = answer.header("retry-after")
        asked = f", asked to wait {wait} s" if wait.isascii() and wait.isdigit() else ""
        return Report(name, State.FAILED, f"HTTP {answer.status}{asked}")
    return answer


def ask_json(task: Task, call: Call, name: str, kind: type) -> Any:
    """Return decoded JSON of the expected kind (dict or list), or a failed report."""
    answer = ask(task, call, name)
    return answer if isinstance(answer, Report) else decode(answer, name, kind)


def decode(answer: Answer, name: str, kind: type) -> Any:
    """Return the decoded JSON of an answer, or a failed report."""
    try:
        values = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        return Report(name, State.FAILED, f"HTTP 200 but not JSON ({str(error)[:80]})")
    if not isinstance(values, kind):
        return Report(name, State.FAILED, f"HTTP 200 but {type(values).__name__} instead of {kind.__name__}")
    return values


def text_of(value: object) -> str:
    """Return a JSON string, "" for anything else."""
    return value if isinstance(value, str) else ""


def number_of(value: object) -> float:
    """Return a JSON number, 0 for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 else 0.0


def signals_of(numbers: Iterable[tuple[str, object]]) -> tuple[tuple[str, float], ...]:
    """Return the numbers that were given, with their names."""
    return tuple((key, found) for key, number in numbers if (found := number_of(number)))


def texts_of(value: object) -> tuple[str, ...]:
    """Return the strings in a JSON list."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def combine(name: str, parts: Sequence[Report], evidence: str = "") -> Report:
    """Put the transports of a source together: items merged by id, the state joined, their evidence in a row."""
    merged: dict[str, Item] = {}
    for item in (item for part in parts for item in part.items):
        merged[item.id] = merge(merged[item.id], item) if item.id in merged else item
    said = evidence or "; ".join(f"{part.name.removeprefix(name).strip() or name}: {part.evidence}" for part in parts)
    marks = tuple(mark for part in parts for mark in part.marks)
    return Report(name, join(part.state for part in parts), said, tuple(merged.values()), tuple(parts), marks)
