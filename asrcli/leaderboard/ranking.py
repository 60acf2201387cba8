"""Averages and ranks of the rows of a view, and how far a rank can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli.errors import UsageError
from asrcli.leaderboard.tables import EvalSet, Kind, Protocol, Row, Table
from asrcli.leaderboard.view import View, chosen_sets, find_set, fits, silence, wanted_of
from asrcli.reports.blocks import two_digits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REPLICATES = 2_000
SEED = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One row and where it stands.

    ``average`` is the mean of the chosen test sets, ``None`` when one of them is missing. ``interval`` is where 95 % of
    the ranks lie when the test sets are drawn again.
    """

    row: Row
    average: float | None = None
    rank: int | None = None
    interval: tuple[int, int] | None = None
    remark: str = ""  # why it has no rank, or what is odd about it


@dataclass(frozen=True, slots=True)
class Board:
    """A view of one or several tables."""

    tables: tuple[Table, ...]
    sets: tuple[EvalSet, ...]
    standings: tuple[Standing, ...]
    selected: int  # rows that fit the view, of all rows
    columns: tuple[EvalSet, ...] = ()  # the test sets to show: those of the average, or all where there is none
    notes: tuple[str, ...] = ()
    sorted_by: str = ""  # the test set whose rates order the rows, "" for an average or another figure

    @property
    def source(self) -> str:
        """The titles of the tables and where their rows were read."""
        titles = "; ".join(table.title for table in self.tables)
        return f"{titles} ({', '.join(dict.fromkeys(one.row.source for one in self.standings))})"

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols of the rows, in the order of the rows."""
        return tuple({one.row.protocol.name: one.row.protocol for one in self.standings}.values())

    @property
    def unit(self) -> str:
        """WER or CER; both when the test sets differ."""
        return "/".join(dict.fromkeys(one.unit for one in self.columns if one.unit)) or "WER"

    def first(self, top: int) -> list[Standing]:
        """Return so many rows, 0 for all, and of the others those that were measured here."""
        last = top or len(self.standings)
        return [*self.standings[:last], *(one for one in self.standings[last:] if one.row.kind is Kind.MEASURED)]


def arrange(tables: Sequence[Table], view: View, extra: Iterable[Row] = ()) -> Board:
    """Choose, average, rank and sort.

    Args:
        tables: one, or several that share test sets.
        extra: rows measured here; they pass every filter.

    Raises:
        UsageError: the view names a test set, language or order that is not there, or nothing fits it.
    """
    sets, from_published = chosen_sets(tables, view)
    every = [row for table in tables for row in table.rows]
    rows = [row for row in every if fits(row, view)]
    added = list(extra)
    if not rows and not added:
        raise UsageError(f"none of the {len(every)} models fits: {wanted_of(view)}{silence(every, view)}")
    ranked = rank_rows([*rows, *added], sets, mix=view.mix, from_published=from_published)
    order, sorted_by = sort_key(view.sort, sets, tables)
    found = tuple(sorted(ranked, key=order))
    columns = sets or tuple({one.name: one for table in tables for one in table.sets}.values())
    board = Board(tuple(tables), sets, found, len(rows), columns, sorted_by=sorted_by)
    return replace(board, notes=tuple(notes_of(board, view, len(every), from_published=from_published)))


def mean_of(row: Row, sets: Sequence[EvalSet]) -> float | None:
    """Return the mean of rates over test sets; ``None`` when one is missing."""
    rates = [row.rates.get(one.name) for one in sets]
    known = [rate for rate in rates if rate is not None]
    return round(sum(known) / len(known), 6) if known and len(known) == len(rates) else None


def rank_rows(
    rows: Sequence[Row], sets: Sequence[EvalSet], *, mix: bool, from_published: bool = False
) -> list[Standing]:
    """Return every row with its average and its rank among the rows of its protocol (of all, with ``mix``)."""
    standings = []
    for row in rows:
        average = row.average if from_published else mean_of(row, sets)
        missing = [one.name for one in sets if one.name not in row.rates]
        remark = f"no {', '.join(missing)}" if missing else ""
        remark = "none of these test sets" if len(missing) == len(sets) > 1 else remark
        if not missing and not from_published and (wrong := wrong_average(row, sets)):
            remark = wrong
        standings.append(Standing(row, average, remark=remark))
    groups: dict[str, list[int]] = {}
    for place, one in enumerate(standings):
        if one.average is not None and (mix or one.row.kind is not Kind.MEASURED):
            groups.setdefault("" if mix else one.row.protocol.name, []).append(place)
    for places in groups.values():
        averages = [standings[place].average or 0.0 for place in places]
        intervals = rank_intervals([standings[place].row for place in places], sets)
        for place, rank, interval in zip(places, ranks(averages), intervals, strict=True):
            standings[place] = replace(standings[place], rank=rank, interval=interval)
    return standings if mix else [placed(one, standings) for one in standings]


def placed(one: Standing, standings: Sequence[Standing]) -> Standing:
    """Return a row measured here with the place that it would have, if what it is beside could be compared with it."""
    if one.row.kind is not Kind.MEASURED or one.average is None:
        return one
    others = [other.average for other in standings if other.average is not None and other.rank is not None]
    place = 1 + sum(average < one.average for average in others)
    return replace(one, remark=f"would be number {place} of {len(others) + 1}, if comparable")


def wrong_average(row: Row, sets: Sequence[EvalSet]) -> str:
    """Say so when the published average is not the mean of these columns, which are all that it is over."""
    if row.average is None or set(row.rates) != {one.name for one in sets}:
        return ""
    mean = sum(row.rates.values()) / len(row.rates)
    # Published averages have two digits, those of the columns too: half a digit of the last place each.
    return f"published {two_digits(row.average)}" if abs(mean - row.average) > 0.0101 else ""


def ranks(averages: Sequence[float]) -> list[int]:
    """Return competition ranks: equal averages share the better one."""
    ordered = sorted(averages)
    first: dict[float, int] = {}
    for place, average in enumerate(ordered, 1):
        first.setdefault(average, place)
    return [first[average] for average in averages]


def rank_intervals(rows: Sequence[Row], sets: Sequence[EvalSet]) -> list[tuple[int, int] | None]:
    """Return where 95 % of the ranks lie when the test sets are drawn again with replacement.

    This is the only uncertainty that published tables let one see: no counts of words or errors come with them.
    """
    if len(sets) < 2 or len(rows) < 2:
        return [None] * len(rows)
    import numpy as np

    rates: NDArray[np.float64] = np.array([[row.rates[one.name] for one in sets] for row in rows])
    draws = np.random.default_rng(SEED).multinomial(len(sets), [1 / len(sets)] * len(sets), size=REPLICATES)
    means = np.round(rates @ draws.T / len(sets), 6)  # (rows, replicates)
    drawn = np.stack([1 + np.searchsorted(np.sort(column), column) for column in means.T], axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=1, method="nearest")
    return [(int(first), int(last)) for first, last in zip(low, high, strict=True)]


def sort_key(
    sort: str, sets: Sequence[EvalSet], tables: Sequence[Table]
) -> tuple[Callable[[Standing], tuple[bool, float, str]], str]:
    """Return the order of the rows, and the test set that makes it, "" when none does.

    What has no value comes last, and equals are in the order of their names.

    Raises:
        UsageError: there is no such order.
    """
    known = {one.name: one for table in tables for one in table.sets}
    if sort == "average" and not sets and known:
        sort = next(iter(known))  # a table that is not averaged: the first of its test sets
    figures: dict[str, Callable[[Standing], float | None]] = {
        "average": lambda one: one.average,
        "rtfx": lambda one: None if one.row.rtfx is None else -one.row.rtfx,
        "size": lambda one: one.row.parameters,
        "model": lambda one: 0.0,
    }
    name = ""
    if sort not in figures:
        try:
            name = find_set(sort, known, tables).name
        except UsageError:
            raise UsageError(f"--sort {sort}: choose {', '.join([*figures, *known])}") from None

    def key(one: Standing) -> tuple[bool, float, str]:
        """Return the order of a row: unknown values last, then by value and name."""
        value = one.row.rates.get(name) if name else figures[sort](one)
        return value is None, value or 0.0, one.row.model.lower()

    return key, name


def notes_of(board: Board, view: View, every: int, *, from_published: bool) -> list[str]:
    """Return what has to be said with the board."""
    notes = [f"{table.name}: {table.note}" for table in board.tables if table.note]
    if board.selected < every:
        notes.append(f"{board.selected} of {every} models fit {wanted_of(view)}; ranks count among them")
    protocols = board.protocols
    if len(protocols) > 1 and view.mix:
        names = ", ".join(one.name for one in protocols)
        notes.append(f"--mix: this rank mixes {len(protocols)} protocols ({names}); small differences mean nothing")
    elif len(protocols) > 1:
        notes.append(f"{len(protocols)} protocols: ranks count within each (--mix ranks all against each other)")
    averaged = any(one.average is not None for one in board.standings)
    if from_published and averaged:
        notes.append("the averages are the published ones: the table has no columns they could be computed from")
    if not averaged:
        notes.append("no average and no ranks: choose test sets with --sets")
    if len({one.unit for one in board.sets}) > 1:
        notes.append("the average mixes error rates of words and of characters: choose sets with --sets")
    unranked = sum(one.rank is None and one.row.kind is not Kind.MEASURED for one in board.standings)
    if unranked and averaged:
        notes.append(f"{unranked} incomplete rows have no rank")
    return notes


def front(standings: Iterable[Standing]) -> list[Standing]:
    """Return the Pareto front of accuracy and speed, the fastest first."""
    timed = [one for one in standings if one.average is not None and one.row.rtfx is not None]
    found: list[Standing] = []
    for one in sorted(timed, key=lambda one: (-(one.row.rtfx or 0.0), one.average or 0.0)):
        if not found or (one.average or 0.0) < (found[-1].average or 0.0):
            found.append(one)
    return found
