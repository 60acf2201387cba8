"""Accuracy against speed, with the Pareto front: a PNG or SVG through matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.bench.tables import headline
from asrcli.bench.verdicts import Point, front, points
from asrcli.datasets.results import RunRecord
from asrcli.reports.labels import MOST_NAMED, Box, place_names
from asrcli.reports.plot import BLUE, GREEN, GREY, LINE, ORANGE, RED, VIOLET, picture, without_mathtext

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, LETTER = 8.5, 5.0  # of the names: height, and width of a letter, in typographic points
COLOURS = (BLUE, ORANGE, GREEN, VIOLET, RED, GREY)  # as the HTML reports


def to_plot(runs: Sequence[RunRecord], path: Path) -> bytes:
    """Return the plot as the file of that name holds it; runs without a rate or a speed are not in it."""
    return picture(path, 5.6, lambda axes: draw(axes, runs))


def draw(axes: Axes, runs: Sequence[RunRecord]) -> None:
    """Draw points with their intervals, the front, the scales and the names."""
    known, edge = points(runs), front(runs)
    many = len(known) > MOST_NAMED
    for number, one in enumerate(known, 1):
        axes.errorbar(
            one.speed,
            100 * one.rate,
            yerr=[[100 * max(0.0, one.rate - one.low)], [100 * max(0.0, one.high - one.rate)]],
            fmt="o" if one.at in edge else "s",
            color=colour(one),
            markersize=7,
            capsize=3,
            zorder=3,
            label=without_mathtext(f"{number} {one.name}") if many else None,
        )
    steps = [(one.speed, 100 * one.rate) for at in edge for one in known if one.at == at]
    if len(steps) > 1:
        label = "Pareto front"
        axes.step(*zip(*steps, strict=True), where="pre", color=LINE, linewidth=1.2, zorder=1, label=label)
    if many:
        axes.figure.legend(frameon=False, loc="outside right upper", fontsize=SIZE)
    elif len(steps) > 1:
        axes.legend(frameon=False, loc="best")
    axes.set_xscale("log")
    axes.set_xlabel("speed, RTFx (seconds of audio per second)")
    axes.set_ylabel("WER, %")
    axes.set_title(without_mathtext(headline(runs)), fontsize=11, loc="left")
    axes.set_ylim(bottom=0.0)
    if known:
        fastest, slowest = max(one.speed for one in known), min(one.speed for one in known)
        axes.set_xlim(slowest / 1.6, fastest * (1.6 if many else 2.6))  # room for names to the right
    axes.figure.canvas.draw()  # only now is it known where the points are
    write_names(axes, known)


def write_names(axes: Axes, known: Sequence[Point]) -> None:
    """Put the names beside the points, none over another; of many numbers, whose key is the legend."""
    unit = axes.figure.dpi / 72  # pixels of a typographic point
    frame = axes.get_window_extent()
    spots = [axes.transData.transform((one.speed, 100 * one.rate)) / unit for one in known]
    turned = [(float(x), -float(y)) for x, y in spots]  # y counts upwards there
    room = Box(frame.x0 / unit, -frame.y1 / unit, frame.x1 / unit, -frame.y0 / unit)
    many = len(known) > MOST_NAMED
    names = [str(number) if many else one.name for number, one in enumerate(known, 1)]
    places = place_names(turned, [LETTER * len(name) for name in names], SIZE, room)
    for one, name, (x, y), place in zip(known, names, turned, places, strict=True):
        box = place.box
        offset = (box.left - x, y - (box.top + box.bottom) / 2)
        axes.annotate(
            without_mathtext(name),
            (one.speed, 100 * one.rate),
            xytext=offset,
            textcoords="offset points",
            fontsize=SIZE,
            color=colour(one),
            verticalalignment="center",
            arrowprops={"arrowstyle": "-", "color": LINE, "linewidth": 0.6} if place.far else None,
        )


def colour(one: Point) -> str:
    """Return the colour of a point: the same as in the report."""
    return COLOURS[one.at % len(COLOURS)]
