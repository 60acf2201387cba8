"""Tables as the Open ASR Leaderboard publishes them: CSV whose columns have changed often, read by what they hold."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asrcli.errors import InputError
from asrcli.leaderboard.tables import EvalSet, Kind, Protocol, Row, Table, set_name
from asrcli.web.cleaning import clean

MODEL = ("model", "model_id")
AVERAGE = ("avg", "average", "avg. wer", "avg wer", "average wer")
SPEED = ("rtfx",)
LICENCE = ("license", "licence")
SIZE = ("size (b)", "model size (b)")
MISSING = frozenset({"", "-1", "-1.0", "nan", "none", "n/a", "-"})
MOST_ROWS, MOST_COLUMNS, MOST_NAME = 5_000, 200, 200


@dataclass(frozen=True, slots=True)
class Origin:
    """What a CSV file does not say about itself."""

    name: str
    title: str
    day: str
    source: str
    protocol: Protocol
    revision: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column holds what; ``None`` where there is none."""

    header: Sequence[str]
    sets: Mapping[int, EvalSet]
    model: int
    average: int | None
    rtfx: int | None
    size: int | None
    licence: int | None


def read_published(data: bytes, origin: Origin) -> Table:
    """Read a table.

    Raises:
        InputError: it is none: HTML, another encoding, no models, no test sets, or a cell that is no number.
    """
    header, lines = cells_of(data, origin.source)
    layout = find_layout(header, lines, origin)
    rows = [row_of(cells, layout, origin, f"{origin.source} line {number}") for number, cells in lines]
    sets, revision = tuple(layout.sets.values()), origin.revision
    return Table(origin.name, origin.title, origin.day, Kind.PUBLISHED, sets, tuple(rows), revision=revision)


def find_layout(header: Sequence[str], lines: Sequence[tuple[int, list[str]]], origin: Origin) -> Layout:
    """Return which column holds what; raise `InputError` where there is no model, no test set, or no row."""
    places = {name.lower(): place for place, name in reversed(list(enumerate(header)))}

    def first(names: Sequence[str]) -> int | None:
        """Return the place of the first of these columns that is there."""
        return next((places[name] for name in names if name in places), None)

    model = first(MODEL)
    if model is None:
        raise InputError(f"{origin.source}: no column {' or '.join(MODEL)} in: {clean(', '.join(header), 80)}")
    sets = find_sets(header, lines, origin.language)
    if not sets or not lines:
        raise InputError(f"{origin.source}: {len(lines)} models and {len(sets)} test sets: not a table of results")
    return Layout(header, sets, model, first(AVERAGE), first(SPEED), first(SIZE), first(LICENCE))


def row_of(cells: Sequence[str], layout: Layout, origin: Origin, where: str) -> Row:
    """Return one row; raise `InputError` where it has no model, or a cell that is no number."""

    def figure(place: int | None) -> float | None:
        """Return the number in a cell, None without such a column."""
        return None if place is None else number_in(cells[place], layout.header[place], where)

    model = clean(cells[layout.model], MOST_NAME)
    if not model:
        raise InputError(f"{where}: a row without a model")
    return Row(
        model=model,
        protocol=origin.protocol,
        source=origin.source,
        day=origin.day,
        rates={one.name: rate for place, one in layout.sets.items() if (rate := figure(place)) is not None},
        average=figure(layout.average),
        rtfx=figure(layout.rtfx),
        parameters=figure(layout.size),
        licence="" if layout.licence is None else clean(cells[layout.licence], MOST_NAME),
    )


def cells_of(data: bytes, source: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header and the numbered lines of a CSV file, all of one length.

    Raises:
        InputError: it is no such file.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{source}: not UTF-8 text") from None
    if "\0" in text or text.lstrip()[:1] in ("<", "{", "["):
        raise InputError(f"{source}: not a table but {clean(text, 40) or 'binary data'}")
    reader = csv.reader(text.splitlines(), strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        header = [clean(name, MOST_NAME) for name in next(reader, [])]
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                found = f"{len(cells)} cells where the header has {len(header)}"
                raise InputError(f"{source} line {reader.line_num}: {found}")
            if len(lines) >= MOST_ROWS or len(header) > MOST_COLUMNS:
                raise InputError(f"{source}: more than {MOST_ROWS} rows or {MOST_COLUMNS} columns")
            lines.append((reader.line_num, cells))
    except csv.Error as error:
        raise InputError(f"{source} line {reader.line_num}: {error}") from None
    return header, lines


def find_sets(header: Sequence[str], lines: Sequence[tuple[int, list[str]]], language: str) -> dict[int, EvalSet]:
    """Return place -> test set.

    Newer tables mark them with ``WER``, older ones hold nothing but numbers in them. Those with a speed of their own
    are what the average is over; where none has one, those that have no cleaned version beside them.
    """
    labels = {place: name for place, name in enumerate(header) if name.lower().endswith(" wer")}
    labels = {place: name for place, name in labels.items() if not name.lower().startswith(("avg", "average"))}
    if not labels:
        known = {*MODEL, *AVERAGE, *SPEED, *LICENCE, *SIZE}
        labels = {
            place: name
            for place, name in enumerate(header)
            if name.lower() not in known
            and not name.lower().startswith(("avg", "average", "#"))
            and not name.lower().endswith("rtfx")
            and lines
            and all(is_number(cells[place]) for _, cells in lines)
        }
    timed = {set_name(name[: -len(" RTFx")]) for name in header if name.lower().endswith(" rtfx")}
    prefix = "" if language in ("", "en") else f"{language}-"
    names = {place: set_name(name) for place, name in labels.items()}
    cleaned = {name.partition("-cleaned")[0] for name in names.values() if "-cleaned" in name}
    found: dict[int, EvalSet] = {}
    for place, name in names.items():
        if prefix + name in {one.name for one in found.values()}:
            continue
        averaged = name in timed if timed & set(names.values()) else name not in cleaned
        spoken = language or (name[:2] if name[2:3] == "-" else "")
        found[place] = EvalSet(prefix + name, labels[place].removesuffix(" WER"), spoken, averaged=averaged)
    return found


def is_number(text: str) -> bool:
    """Tell whether a cell is a number or missing."""
    try:
        float(text)
    except ValueError:
        return text.strip().lower() in MISSING
    return True


def number_in(text: str, column: str, where: str) -> float | None:
    """Return a cell as a number, ``None`` where it is missing.

    Raises:
        InputError: it is none, or one that cannot be.
    """
    text = text.strip()
    if text.lower() in MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e6:
        raise InputError(f"{where}: '{clean(text, 40)}' is no number for {column}")
    return value
