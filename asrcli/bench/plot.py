"""Accuracy against speed, with the Pareto front: a PNG or SVG through matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.base.files import write_atomic
from asrcli.bench.labels import MOST_NAMED, Box, place_names
from asrcli.bench.tables import headline
from asrcli.bench.verdicts import Point, front, points
from asrcli.datasets.results import RunRecord
from asrcli.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg", ".pdf")
SIZE, LETTER = 8.5, 5.0  # of the names: height, and width of a letter, in typographic points
COLOURS = ("#2563eb", "#d9730d", "#0f9d76", "#9333ea", "#c02660", "#5b7083")  # as the HTML reports


def check_plot(path: Path) -> None:
    """Raise when a plot could not be written, before anything is measured.

    Raises:
        UsageError: the name says no format.
        MissingExtra: matplotlib is not installed.
    """
    from importlib.util import find_spec

    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot {path}: the name must end in {', '.join(FORMATS)}")
    if find_spec("matplotlib") is None:
        raise MissingExtra("--plot", ["matplotlib"], "plots")


def write_plot(runs: Sequence[RunRecord], path: Path) -> None:
    """Write the plot; runs without a rate or a speed are not in it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 5.6), dpi=160, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    known = points(runs)
    edge = front(runs)
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
            label=f"{number} {one.name}" if many else None,
        )
    steps = [(one.speed, 100 * one.rate) for at in edge for one in known if one.at == at]
    if len(steps) > 1:
        label = "Pareto front"
        axes.step(*zip(*steps, strict=True), where="pre", color="#98a2b3", linewidth=1.2, zorder=1, label=label)
    if many:
        figure.legend(frameon=False, loc="outside right upper", fontsize=SIZE)
    elif len(steps) > 1:
        axes.legend(frameon=False, loc="best")
    axes.set_xscale("log")
    axes.set_xlabel("speed, RTFx (seconds of audio per second)")
    axes.set_ylabel("WER, %")
    axes.set_title(headline(runs), fontsize=11, loc="left")
    axes.set_ylim(bottom=0.0)
    if known:
        fastest, slowest = max(one.speed for one in known), min(one.speed for one in known)
        axes.set_xlim(slowest / 1.6, fastest * (1.6 if many else 2.6))  # room for names to the right
    axes.grid(color="#dfe3e8", linewidth=0.6, zorder=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    canvas.draw()  # only now is it known where the points are
    write_names(axes, known)
    data = io.BytesIO()
    figure.savefig(data, format=path.suffix.lower()[1:], metadata={"Date": None} if path.suffix == ".svg" else None)
    write_atomic(path, data.getvalue())


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
            name,
            (one.speed, 100 * one.rate),
            xytext=offset,
            textcoords="offset points",
            fontsize=SIZE,
            color=colour(one),
            verticalalignment="center",
            arrowprops={"arrowstyle": "-", "color": "#98a2b3", "linewidth": 0.6} if place.far else None,
        )


def colour(one: Point) -> str:
    """Return the colour of a point: the same as in the report."""
    return COLOURS[one.at % len(COLOURS)]
