"""Accuracy against speed as a picture, with the Pareto front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.base.console import complain
from asrcli.errors import UsageError
from asrcli.leaderboard.ranking import Board, Standing, front
from asrcli.leaderboard.tables import Kind
from asrcli.reports.plot import BLUE, GREEN, GREY, ORANGE, RED, picture, without_mathtext

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"open": BLUE, "proprietary": ORANGE, "licence not said": GREY, "measured here": RED}


def to_plot(board: Board, path: Path) -> bytes:
    """Return a picture of the rows that have an average and a speed, as the file of that name holds it.

    Raises:
        UsageError: none has both.
    """
    points = [one for one in board.standings if one.average and one.row.rtfx]
    if not points:
        raise UsageError("--plot: no model of this view has both an average and a speed")
    if missing := len(board.standings) - len(points):
        complain(f"asr: {path}: {missing} models without an average or a speed are not in it")

    def draw(axes: Axes) -> None:
        """Draw the points and the axes."""
        draw_points(axes, points)
        draw_scales(axes, board)

    return picture(path, 6.2, draw)


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
    axes.step([one.row.rtfx for one in best], [one.average for one in best], where="post", c=GREEN, lw=1, ls="--")
    for one in [*best, *(one for one in points if one.row.kind is Kind.MEASURED and one not in best)]:
        name = without_mathtext(one.row.model.rpartition("/")[2][:40])
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
    axes.set_ylabel(f"average {board.unit}{'' if board.unit.endswith('ms') else ' in %'}, lower is better")
    titles = "; ".join(f"{table.title}, {table.day}" for table in board.tables)
    titles += "; several protocols, compare points of one only" if len(board.protocols) > 1 else ""
    axes.set_title(without_mathtext(titles), loc="left", fontsize=10)
