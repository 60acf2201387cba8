"""What is wrong or fragile in a table, found by recomputing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from asrcli.leaderboard.ranking import Standing, mean_of, rank_rows, ranks
from asrcli.leaderboard.tables import EvalSet, Row, Table
from asrcli.reports.blocks import two_digits

TOP = 10
ROUNDING = 0.0101  # averages and columns are published with two digits


class Fault(StrEnum):
    """Kinds of defects."""

    AVERAGE = "wrong average"  # not the mean of its own columns
    INCOMPLETE = "incomplete"  # a test set is missing
    FLATTERED = "flattered"  # incomplete, and its published average would rank it better than the others allow
    FRAGILE = "fragile"  # the order hangs on one test set
    CLOSE = "close"  # neighbours at the top differ by next to nothing
    DOUBLE = "double"  # a model stands there twice
    RANGE = "out of range"
    SPEED = "no speed"


@dataclass(frozen=True, slots=True)
class Defect:
    """One finding; ``model`` is "" when it is about the whole table."""

    fault: Fault
    text: str
    model: str = ""


def find_defects(table: Table) -> list[Defect]:
    """Return what is wrong or fragile in a table, row by row and then as a whole."""
    sets = [one for one in table.sets if one.averaged]
    standings = rank_rows(table.rows, sets, mix=True, from_published=not sets)
    found = [defect for row in table.rows for defect in row_defects(row, sets)]
    found += flattered(standings, sets)
    counts = Counter(row.model for row in table.rows)
    found += [Defect(Fault.DOUBLE, f"stands there {n} times", model) for model, n in counts.items() if n > 1]
    if len(sets) > 1:
        found += [defect for one in sets if (defect := fragility(table, sets, one))]
    found += closeness(standings)
    silent = sum(row.rtfx is None for row in table.rows)
    if 0 < silent < len(table.rows):
        found.append(Defect(Fault.SPEED, f"{silent} of {len(table.rows)} rows have no speed"))
    return found


def row_defects(row: Row, sets: list[EvalSet]) -> list[Defect]:
    """Return the defects of one row."""
    found = []
    present = [row.rates[one.name] for one in sets if one.name in row.rates]
    missing = [one.name for one in sets if one.name not in row.rates]
    if missing and sets:
        found.append(Defect(Fault.INCOMPLETE, f"no {', '.join(missing)}", row.model))
    if present and row.average is not None and abs(sum(present) / len(present) - row.average) > ROUNDING:
        mean = sum(present) / len(present)
        text = f"the published average is {two_digits(row.average)}, its {len(present)} columns give {two_digits(mean)}"
        found.append(Defect(Fault.AVERAGE, text, row.model))
    strange = [f"{name} {rate:g}" for name, rate in row.rates.items() if not 0 < rate <= 100]
    if strange:
        found.append(Defect(Fault.RANGE, f"{', '.join(strange)} per cent", row.model))
    return found


def flattered(standings: list[Standing], sets: list[EvalSet]) -> list[Defect]:
    """Return the incomplete rows whose published average would take a place among the first."""
    averages = sorted(one.average for one in standings if one.average is not None)
    found = []
    for one in standings:
        published = one.row.average
        if not sets or one.average is not None or published is None:
            continue
        place = 1 + sum(average < published for average in averages)
        if place <= TOP:
            missing = ", ".join(column.name for column in sets if column.name not in one.row.rates)
            text = f"its published average {two_digits(published)} would be number {place}, only without {missing}"
            found.append(Defect(Fault.FLATTERED, text, one.row.model))
    return found


def fragility(table: Table, sets: list[EvalSet], left_out: EvalSet) -> Defect | None:
    """Return what happens to the ranks when a test set is left out; ``None`` when nothing does."""
    complete = [row for row in table.rows if all(one.name in row.rates for one in sets)]
    before = [mean_of(row, sets) or 0.0 for row in complete]
    after = [mean_of(row, [one for one in sets if one is not left_out]) or 0.0 for row in complete]
    changed = sum(one != other for one, other in zip(ranks(before), ranks(after), strict=True))
    if not changed:
        return None
    text = f"without {left_out.name} {changed} of {len(complete)} ranks change"
    first, now = ([row.model for row, mean in zip(complete, every, strict=True) if mean == min(every)]
                  for every in (before, after))  # fmt: skip
    if first != now:
        told = [f"{' and '.join(names)} ({two_digits(min(every))})" for names, every in ((now, after), (first, before))]
        text += f", and first is {told[0]} instead of {told[1]}"
    return Defect(Fault.FRAGILE, text)


def closeness(standings: list[Standing]) -> list[Defect]:
    """Return how near the first ten are to each other, when no interval is published."""
    averages = sorted(one.average for one in standings if one.average is not None)[:TOP]
    if len(averages) < 3:
        return []
    gaps = [round(after - before, 2) for before, after in pairwise(averages)]
    text = f"neighbours among the first {len(averages)} are {min(gaps):.2f} to {max(gaps):.2f} points apart"
    return [Defect(Fault.CLOSE, f"{text}, and no confidence intervals are published")]
