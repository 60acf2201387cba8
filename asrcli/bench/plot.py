"""Accuracy against speed, with the Pareto front: a PNG or SVG through matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from asrcli.bench.tables import headline
from asrcli.bench.verdicts import best_speed, front
from asrcli.errors import MissingExtra, UsageError
from asrcli.files import write_atomic
from asrcli.results import RunRecord

FORMATS = (".png", ".svg", ".pdf")
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

    figure = Figure(figsize=(8.0, 5.2), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    edge = front(runs)
    points = []
    for at, one in enumerate(runs):
        rate, speed = one.measure("wer"), best_speed(one)
        if rate is None or speed is None or rate.value is None or speed.value is None:
            continue
        points.append((speed.value, 100 * rate.value))
        colour = COLOURS[at % len(COLOURS)]
        low, high = rate.low if rate.low is not None else rate.value, rate.high if rate.high is not None else rate.value
        axes.errorbar(
            speed.value,
            100 * rate.value,
            yerr=[[100 * max(0.0, rate.value - low)], [100 * max(0.0, high - rate.value)]],
            fmt="o" if at in edge else "s",
            color=colour,
            markersize=8,
            capsize=3,
            zorder=3,
        )
        axes.annotate(one.system, points[-1], xytext=(8, 6), textcoords="offset points", fontsize=9, color=colour)
    line = [(best_speed(runs[at]), runs[at].measure("wer")) for at in edge]
    steps = [(speed.value or 0.0, 100 * (rate.value or 0.0)) for speed, rate in line if speed and rate]
    if len(steps) > 1:
        axes.step(
            *zip(*steps, strict=True), where="pre", color="#98a2b3", linewidth=1.2, zorder=1, label="Pareto front"
        )
        axes.legend(frameon=False, loc="best")
    axes.set_xscale("log")
    axes.set_xlabel("speed, RTFx (seconds of audio per second)")
    axes.set_ylabel("WER, %")
    axes.set_title(headline(runs), fontsize=11, loc="left")
    axes.set_ylim(bottom=min(0.0, *(rate for _, rate in points)) if points else 0.0)
    if points:
        fastest, slowest = max(speed for speed, _ in points), min(speed for speed, _ in points)
        axes.set_xlim(slowest / 1.6, fastest * 2.6)  # room for the names, which stand to the right
    axes.grid(color="#dfe3e8", linewidth=0.6, zorder=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    data = io.BytesIO()
    figure.savefig(data, format=path.suffix.lower()[1:], metadata={"Date": None} if path.suffix == ".svg" else None)
    write_atomic(path, data.getvalue())
