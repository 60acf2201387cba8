"""Which language each system identified, against the one that was spoken: accuracy, and what it was taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from asrcli.base.languages import DIALECTS, language_code
from asrcli.compare import wording
from asrcli.compare.comparison import number_groups, rate_interval
from asrcli.compare.scores import Comparison
from asrcli.errors import UsageError
from asrcli.scoring.intervals import FEWEST_FOR_INTERVAL, Interval
from asrcli.types import Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TITLE = "Language identified"
ALL = "all"
NOTHING = "none"  # no language was identified, or nothing at all
COLUMNS = ("system", "spoken", "utterances", "right", "taken for")
NORMAL = 1.959964  # of the standard normal distribution, 95 % lie as near to its mean
ALIKE = {"fil": "tl"}  # Filipino is the standard form of Tagalog; of engines some say the one and some the other


@dataclass(frozen=True, slots=True)
class Identified:
    """How often one language was identified as what it is."""

    spoken: str  # a code, or `ALL`
    utterances: int
    right: int
    instead: tuple[tuple[str, int], ...]  # the languages it was taken for, the most frequent first
    interval: Interval | None  # of the share that is right, over speakers where they are known, or else utterances

    @property
    def accuracy(self) -> float:
        """The share of the utterances whose language was identified."""
        return self.right / self.utterances


def identified(utterances: Sequence[Utterance], hypothesis: Sequence[str | None]) -> list[Identified]:
    """Return how well languages were told apart: all together, then each that is spoken.

    Args:
        utterances: those without a language do not count.
        hypothesis: the language that was identified in each; ``None`` is none, which is wrong.

    Returns:
        Nothing where no utterance has a language, or none was identified in any.
    """
    rows = [
        (one, comparable_code(one.language), comparable_code(language))
        for one, language in zip(utterances, hypothesis, strict=False)
        if one.language
    ]
    if not any(language for _, _, language in rows):
        return []
    spoken = sorted({code for _, code, _ in rows})
    parts = [[row for row in rows if row[1] == code] for code in spoken]
    whole = [_identified(ALL, rows)] if len(spoken) > 1 else []
    return [*whole, *(_identified(code, part) for code, part in zip(spoken, parts, strict=True))]


def _identified(name: str, rows: Sequence[tuple[Utterance, str, str]]) -> Identified:
    """Count the utterances of one language, or of all."""
    import numpy as np

    wrong = np.array([spoken != language for _, spoken, language in rows], np.int64)
    pairs = Counter(
        (f"{spoken} as {language or NOTHING}" if name == ALL else language or NOTHING)
        for _, spoken, language in rows
        if spoken != language
    )
    right = len(rows) - int(wrong.sum())
    groups = number_groups([one for one, _, _ in rows])[0]
    interval = wilson(right, len(rows)) if groups is None else over_groups(wrong, groups)
    instead = tuple(sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])))
    return Identified(name, len(rows), right, instead, interval)


def wilson(right: int, count: int) -> Interval | None:
    """Return Wilson's score interval of a share of independent utterances; none of fewer than five."""
    if count < FEWEST_FOR_INTERVAL:
        return None
    share, square = right / count, NORMAL**2 / count
    middle = (share + square / 2) / (1 + square)
    half = NORMAL * sqrt(share * (1 - share) / count + square / count / 4) / (1 + square)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def over_groups(wrong: NDArray[np.int64], groups: NDArray[np.int64]) -> Interval | None:
    """Return the interval of the share that is right, over speakers; none of fewer than five."""
    import numpy as np

    if int(groups.max()) + 1 < FEWEST_FOR_INTERVAL:
        return None
    found = rate_interval(wrong, np.ones_like(wrong), groups)
    return Interval(max(0.0, 1 - found.high), min(1.0, 1 - found.low)) if found else None


def comparable_code(language: str | None) -> str:
    """Return the code by which languages are compared: of dialects that of their language; "" for none."""
    code = code_of(language)
    return ALIKE.get(code, code)


def code_of(language: str | None) -> str:
    """Return the code for however data names a language: ``German``, ``de_DE``, ``sichuan``; "" for none."""
    if not language:
        return ""
    try:
        return language_code(language)
    except UsageError:
        low = language.strip().lower().removesuffix(" dialect")
        return next((one for one, names in DIALECTS.items() if low in names), low)


def rows(system: str, found: Sequence[Identified], most: int = 6) -> list[tuple[str, ...]]:
    """Return the rows of a table with `COLUMNS`."""
    made: list[tuple[str, ...]] = []
    for one in found:
        right = wording.percent(one.accuracy) + wording.behind(one.interval)
        made.append((system, one.spoken, f"{one.utterances:,}", right, listed(one.instead, most)))
    return made


def all_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return the rows of all systems that identified languages by themselves."""
    return [
        row for one in comparison.systems for row in rows(one.name, identified(comparison.utterances, one.languages))
    ]


def listed(instead: Sequence[tuple[str, int]], most: int) -> str:
    """Return what a language was taken for: ``nl 3, af 1``."""
    shown = [f"{name} {count:,}" for name, count in instead[:most]]
    rest = sum(count for _, count in instead[most:])
    return ", ".join([*shown, *([f"others {rest:,}"] if rest else [])])


def facts(found: Sequence[Identified]) -> list[dict[str, object]]:
    """Return the same for JSON."""
    return [
        {
            **{name: getattr(one, name) for name in ("spoken", "utterances", "right", "accuracy")},
            "interval": [one.interval.low, one.interval.high] if one.interval else None,
            "instead": dict(one.instead),
        }
        for one in found
    ]
