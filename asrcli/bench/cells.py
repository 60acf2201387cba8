"""The cells of a benchmark's tables: figures with their spread, rates with their interval."""

from __future__ import annotations

from asrcli.compare import wording
from asrcli.datasets.results import Measure, RunRecord
from asrcli.scoring.intervals import Interval

BLANK = ""  # what was not counted is blank, never a guess


def figure(value: float) -> str:
    """Return a number with three digits that count, and without an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = f"{value:.3g}"
    return f"{value:.5f}".rstrip("0") if "e" in digits else digits


def value(record: RunRecord, name: str, condition: str = "", form: str = "") -> str:
    """Return a figure with its spread; blank where it was not measured."""
    one = record.measure(name, condition)
    return with_spread(one, form)


def with_spread(one: Measure | None, form: str = "") -> str:
    """Return a figure with its spread; blank where there is none."""
    if one is None or one.value is None:
        return BLANK
    text = form.format(one.value) if form else figure(one.value)
    if one.low is None or one.high is None or (one.low, one.high) == (one.value, one.value):
        return text
    low, high = (form.format(end) if form else figure(end) for end in (one.low, one.high))
    return f"{text} [{low}, {high}]"


def percent(one: Measure | None) -> str:
    """Return a rate in percent, with its interval where there is one."""
    if one is None or one.value is None:
        return BLANK
    interval = f" {wording.span(Interval(one.low, one.high))}" if one.low is not None and one.high is not None else ""
    return wording.percent(one.value) + interval
