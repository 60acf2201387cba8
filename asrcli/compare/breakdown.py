"""Error rates by speaker, length, duration or any other field, and the utterances where systems differ most."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asrcli.compare.comparison import number_groups, rate_interval
from asrcli.compare.identification import code_of
from asrcli.compare.scores import Comparison, Share
from asrcli.errors import UsageError
from asrcli.scoring.intervals import FEWEST_FOR_INTERVAL, Interval
from asrcli.types import Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTHS = (1, 5, 10, 20, 40, 80)  # words, the lower ends of the buckets
SECONDS = (0, 2, 5, 10, 20, 30, 60)
MOST_BUCKETS = 12  # of numbers; more different ones are put into ranges


@dataclass(frozen=True, slots=True)
class Bucket:
    """The utterances with one value of a field."""

    value: str
    utterances: int
    shares: tuple[Share, ...]  # per system
    intervals: tuple[Interval | None, ...]  # of their rates; none of fewer than five speakers, or else utterances


def fields_of(comparison: Comparison) -> list[str]:
    """Return the names that `by_field` takes, those that make sense first."""
    names: dict[str, set[str]] = {}
    for one in comparison.utterances:
        for name, value in one.fields:
            names.setdefault(name, set()).add(value)
    count = len(comparison.utterances)
    told_apart = [name for name, values in names.items() if 1 < len(values) < max(3, count)]
    fixed = ["length"]
    fixed += ["seconds"] if any(one.seconds is not None for one in comparison.utterances) else []
    fixed += ["group"] if comparison.groups else []
    fixed += ["language"] if len({one.language for one in comparison.utterances}) > 1 else []
    known = frozenset("duration seconds speaker group session speaker_id language lang start end time".split())
    return fixed + [name for name in told_apart if name not in known]


def by_field(comparison: Comparison, name: str, *, intervals: bool = True) -> list[Bucket]:
    """Return the error counts by the values of a field.

    Args:
        name: ``length`` (words of the reference), ``seconds``, ``group``, ``language`` or a field of the manifest.

    Raises:
        UsageError: no utterance has that field.
    """
    import numpy as np

    lengths = comparison.systems[0].lengths.tolist()  # in words of the reference
    values = [value_of(one, name, length) for one, length in zip(comparison.utterances, lengths, strict=True)]
    if not any(value is not None for value in values):
        known = ", ".join(fields_of(comparison))
        raise UsageError(f"no utterance has a field '{name}'; there are: {known}")
    labels = labelled(values, name)
    order = sorted(set(labels), key=lambda label: (label[0], natural(label[1])))
    numbers = {label: number for number, label in enumerate(order)}
    places = np.array([numbers[label] for label in labels])
    sizes = np.bincount(places, minlength=len(order))
    errors = [np.bincount(places, one.errors, len(order)) for one in comparison.systems]
    words = [np.bincount(places, one.lengths, len(order)) for one in comparison.systems]
    groups = number_groups(comparison.utterances)[0] if intervals and comparison.groups else None
    nothing = (None,) * len(comparison.systems)
    return [
        Bucket(
            label[1],
            int(sizes[place]),
            tuple(Share(int(bad[place]), int(all_[place])) for bad, all_ in zip(errors, words, strict=True)),
            intervals_of(comparison, places == place, groups) if intervals else nothing,
        )
        for place, label in enumerate(order)
    ]


def macro_means(buckets: Sequence[Bucket], name: str) -> list[tuple[float | None, Interval | None]]:
    """Return the mean of each system's rates over the values of a field, as over data sets; none of lengths.

    Its interval is put together from those of the rates (Zou and Donner 2008), and there is none where one lacks its
    own. It takes what has different values for independent: no speaker in two data sets.
    """
    if len(buckets) < 2 or name in ("length", "seconds", "group"):
        return []
    found: list[tuple[float | None, Interval | None]] = []
    for at in range(len(buckets[0].shares)):
        rates = [rate for one in buckets if (rate := one.shares[at].rate) is not None]
        known = [interval for one in buckets if (interval := one.intervals[at]) is not None]
        mean = sum(rates) / len(rates) if rates else None
        whole = mean is not None and len(known) == len(buckets) == len(rates)
        found.append((mean, together(rates, known) if whole else None))
    return found


def together(rates: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """Return the interval of the mean of independent rates."""
    mean = sum(rates) / len(rates)
    low = math.hypot(*(rate - one.low for rate, one in zip(rates, intervals, strict=True))) / len(rates)
    high = math.hypot(*(one.high - rate for rate, one in zip(rates, intervals, strict=True))) / len(rates)
    return Interval(mean - low, mean + high)


def intervals_of(
    comparison: Comparison, inside: NDArray[np.bool_], groups: NDArray[np.int64] | None
) -> tuple[Interval | None, ...]:
    """Return the interval of each system's rate on some of the utterances."""
    if inside.sum() < FEWEST_FOR_INTERVAL:
        return (None,) * len(comparison.systems)
    own = None if groups is None else groups[inside]
    return tuple(rate_interval(one.errors[inside], one.lengths[inside], own) for one in comparison.systems)


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts numbers in texts by their value: s2 before s10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", text) if part]


def value_of(one: Utterance, name: str, length: int) -> str | float | None:
    """Return what an utterance has in a field."""
    if name == "length":
        return float(length)
    if name == "seconds":
        return one.seconds
    if name == "group":
        return one.group
    if name == "language":
        return code_of(one.language) or None
    return dict(one.fields).get(name)


def labelled(values: Sequence[str | float | None], name: str) -> list[tuple[float, str]]:
    """Return a sort key and a label per value; many different numbers are put into ranges."""
    numbers = [as_number(value) for value in values]
    if name in ("length", "seconds"):
        edges: Sequence[float] = LENGTHS if name == "length" else SECONDS
    elif all(number is not None or value is None for number, value in zip(numbers, values, strict=True)):
        different = sorted({number for number in numbers if number is not None})
        if len(different) <= MOST_BUCKETS:
            return [(float("inf"), "–") if number is None else (number, f"{number:g}") for number in numbers]
        step = len(different) / 8
        edges = [different[int(step * place)] for place in range(8)]
    else:
        return [(0.0, "–" if value is None else str(value)) for value in values]
    return [ranged(number, edges, whole=name == "length") for number in numbers]


def as_number(value: str | float | None) -> float | None:
    """Return a value as a number, if it is one."""
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def ranged(number: float | None, edges: Sequence[float], *, whole: bool) -> tuple[float, str]:
    """Return the lower edge and the label of the range that holds a number."""
    if number is None:
        return float("inf"), "–"
    below = [edge for edge in edges if edge <= number]
    if not below:
        return float("-inf"), f"< {edges[0]:g}"
    after = [edge for edge in edges if edge > number]
    if not after:
        return below[-1], f"{below[-1]:g} and more"
    return below[-1], f"{below[-1]:g} to {after[0] - 1 if whole else after[0]:g}"


def worst(comparison: Comparison, number: int, *, second: int | None = None) -> list[int]:
    """Return the utterances in which the first system has most errors, or differs most from another, worst first."""
    import numpy as np

    errors: NDArray[np.int64] = comparison.systems[0].errors
    key = errors if second is None else np.abs(errors - comparison.systems[second].errors)
    order = np.lexsort((-errors, -key))
    return [int(index) for index in order[:number] if key[index] > 0]
