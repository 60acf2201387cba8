"""Accuracy against speed as a picture, with the front of those that nobody beats in both."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from asrcli.base.console import printable
from asrcli.base.files import write_atomic
from asrcli.errors import MissingExtra, UsageError
from asrcli.leaderboard.ranking import Board, Standing, front
from asrcli.leaderboard.tables import Kind

FORMATS = ("png", "svg", "pdf")
COLOURS = {"open": "#2563eb", "proprietary": "#d9730d", "licence not said": "#5b7083", "measured here": "#c02660"}


def check_plot(path: Path) -> None:
    """Raise what would stop `draw`, before anything is computed.

    Raises:
        UsageError: no format of that name.
        MissingExtra: matplotlib is not installed.
    """
    from importlib.util import find_spec

    if path.suffix.removeprefix(".") not in FORMATS:
        raise UsageError(f"--plot {path}: the name must end in {', '.join(f'.{one}' for one in FORMATS)}")
    if find_spec("matplotlib") is None:
        raise MissingExtra("--plot", ["matplotlib"], "plots")


def draw(board: Board, path: Path) -> int:
    """Draw the rows that have an average and a speed; return how many.

    Raises:
        UsageError: none has both.
        OutputError: the file cannot be written.
    """
    points = [one for one in board.standings if one.average and one.row.rtfx]
    if not points:
        raise UsageError("--plot: no model of this view has both an average and a speed")
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "asr", "svg.fonttype": "none", "font.size": 9, "text.usetex": False}):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 6.2), layout="constrained", dpi=150)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        draw_points(axes, points)
        draw_scales(axes, board)
        data = io.BytesIO()
        kind = path.suffix.removeprefix(".")
        stamp = {"png": {"Software": "asr"}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
        figure.savefig(data, format=kind, metadata=stamp)
    write_atomic(path, data.getvalue())
    return len(points)


def colour_of(kind: Kind, is_open: bool | None) -> str:
    """Return the group of a point."""
    if kind is Kind.MEASURED:
        return "measured here"
    return "licence not said" if is_open is None else "open" if is_open else "proprietary"


def draw_points(axes: Any, points: list[Standing]) -> None:
    """Draw the rows by what is known of their licence, the front, and the names of those on it."""
    for label, colour in COLOURS.items():
        group = [one for one in points if colour_of(one.row.kind, one.row.is_open) == label]
        if group:
            axes.scatter(
                [one.row.rtfx for one in group],
                [one.average for one in group],
                s=[18 + 14 * min(one.row.parameters or 0.0, 10) for one in group],
                c=colour,
                alpha=0.75,
                label=label,
                marker="*" if label == Kind.MEASURED else "o",
            )
    best = front(points)
    axes.step([one.row.rtfx for one in best], [one.average for one in best], where="post", c="#0b7a4b", lw=1, ls="--")
    for one in [*best, *(one for one in points if one.row.kind is Kind.MEASURED and one not in best)]:
        name = printable(one.row.model.rpartition("/")[2])[:40].replace("$", r"\$")
        place = (one.row.rtfx, one.average)
        axes.annotate(name, place, xytext=(-5, 5), textcoords="offset points", fontsize=7, ha="right")
    axes.legend(loc="upper left", fontsize=8, title="size of a point: parameters", title_fontsize=8)


def draw_scales(axes: Any, board: Board) -> None:
    """Draw both scales, logarithmic, and the title."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis, steps in ((axes.xaxis, (1, 3)), (axes.yaxis, (1, 2, 3, 5))):
        axis.set_major_locator(LogLocator(subs=steps))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("RTFx: seconds of audio per second (hardware as the protocol says)")
    axes.set_ylabel(f"average {board.unit} in %, lower is better")
    titles = "; ".join(f"{table.title}, {table.day}" for table in board.tables)
    titles += "; several protocols, compare points of one only" if len(board.protocols) > 1 else ""
    axes.set_title(titles.replace("$", r"\$"), loc="left", fontsize=10)
    axes.grid(alpha=0.25)
