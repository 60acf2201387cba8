"""Plots of benchmarks and leaderboards: their formats, how they look, and how they are drawn, through matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.base.console import printable
from asrcli.base.import_guard import guard_imports
from asrcli.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Format -> metadata without the time, so that the same data give the same bytes.
FORMATS = {".png": {"Software": "asr"}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
BLUE, ORANGE, GREEN, VIOLET, RED, GREY = "#2563eb", "#d9730d", "#0f9d76", "#9333ea", "#c02660", "#5b7083"
LINE, GRID = "#98a2b3", "#dfe3e8"
STYLE = {"svg.hashsalt": "asr", "svg.fonttype": "none", "font.size": 9, "text.usetex": False}
DOTS = 150  # per inch


def check_plot(path: Path) -> None:
    """Raise when a plot could not be written, before anything is computed.

    Raises:
        UsageError: the name says no format.
        MissingExtra: matplotlib is not installed.
    """
    from importlib.util import find_spec

    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot {path}: the name must end in {', '.join(FORMATS)}")
    if find_spec("matplotlib") is None:
        raise MissingExtra("--plot", ["matplotlib"], "plots")


def picture(path: Path, height: float, draw: Callable[[Axes], None]) -> bytes:
    """Return what is drawn on axes that are 10 inches wide, as the file of that name holds it."""
    guard_imports()
    import matplotlib

    with matplotlib.rc_context(STYLE):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10.0, height), dpi=DOTS, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.grid(color=GRID, linewidth=0.6, zorder=0)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        draw(axes)
        data = io.BytesIO()
        kind = path.suffix.lower()
        figure.savefig(data, format=kind[1:], metadata=FORMATS[kind])
    return data.getvalue()


def without_mathtext(text: str) -> str:
    """Return text that matplotlib does not read as mathematics."""
    return printable(text).replace("$", r"\$")
