"""Which rows and test sets to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from asrcli.base.languages import language_code
from asrcli.errors import UsageError
from asrcli.leaderboard.tables import EvalSet, Row, Table, set_name


@dataclass(frozen=True, slots=True)
class View:
    """What to look at; empty means everything."""

    sets: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    language: str | None = None
    licence: str | None = None
    open_only: bool = False
    min_size: float | None = None  # billions of parameters
    max_size: float | None = None
    min_rtfx: float | None = None
    search: str | None = None
    sort: str = "average"
    mix: bool = False  # rank rows of different protocols against each other


def chosen_sets(tables: Sequence[Table], view: View) -> tuple[tuple[EvalSet, ...], bool]:
    """Return the test sets to average over, and whether the published average has to do because there are none."""
    known = {one.name: one for table in reversed(tables) for one in table.sets}
    shared = [one for one in known.values() if all(any(one.name == own.name for own in table.sets) for table in tables)]
    if view.sets:
        sets = [find_set(name, known, tables) for name in view.sets]
    else:
        sets = [one for one in shared if one.averaged]
        if len(tables) > 1 and not sets:
            names = ", ".join(table.name for table in tables)
            raise UsageError(f"the tables {names} share no test set that is averaged: name some with --sets")
    if view.language:
        spoken = [one for one in sets or known.values() if one.language == language_code(view.language)]
        if not spoken:
            there = ", ".join(sorted({one.language for one in known.values() if one.language}))
            raise UsageError(
                f"--language {view.language}: no test set of {tables[0].name}; it has {there or 'none by language'}"
            )
        sets = spoken
    left_out = {find_set(name, known, tables).name for name in view.without}
    left = [one for one in dict.fromkeys(sets) if one.name not in left_out]
    if sets and not left:
        raise UsageError("--without leaves no test set")
    return tuple(left), not left


def find_set(text: str, known: dict[str, EvalSet], tables: Sequence[Table]) -> EvalSet:
    """Return a test set by any spelling of its name."""
    found = known.get(set_name(text))
    if found is None:
        names = list(known)
        close = get_close_matches(set_name(text), names, 1)
        hint = f"did you mean {close[0]}?" if close else f"choose {', '.join(names) or 'another table'}"
        raise UsageError(f"{' and '.join(table.name for table in tables)}: no test set '{text}': {hint}")
    return found


def fits(row: Row, view: View) -> bool:
    """Tell whether a row passes the filters; what is not known does not pass."""
    size, speed = row.parameters, row.rtfx
    return (
        (view.licence is None or view.licence.lower() in row.licence.lower())
        and (not view.open_only or row.is_open is True)
        and (view.min_size is None or (size is not None and size >= view.min_size))
        and (view.max_size is None or (size is not None and size <= view.max_size))
        and (view.min_rtfx is None or (speed is not None and speed >= view.min_rtfx))
        and (view.search is None or view.search.lower() in row.model.lower())
    )


def silence(rows: Sequence[Row], view: View) -> str:
    """Return what to add when nothing fits because the tables do not say it at all."""
    asked = {
        "licence": (view.open_only or view.licence is not None, any(row.licence for row in rows)),
        "size": (view.min_size is not None or view.max_size is not None, any(row.parameters for row in rows)),
        "speed": (view.min_rtfx is not None, any(row.rtfx for row in rows)),
    }
    unsaid = [name for name, (wanted, known) in asked.items() if wanted and not known]
    return f"; the table names no {' and no '.join(unsaid)} of any model" if unsaid else ""


def wanted_of(view: View) -> str:
    """Return the filters as they were typed."""
    filters = {
        "--licence": view.licence,
        "--open": view.open_only or None,
        "--min-size": view.min_size,
        "--max-size": view.max_size,
        "--min-rtfx": view.min_rtfx,
        "--search": view.search,
    }
    given = {name: value for name, value in filters.items() if value is not None}
    typed = {name: f"{value:g}" if isinstance(value, float) else value for name, value in given.items()}
    return " ".join(name if value is True else f"{name} {value}" for name, value in typed.items())
