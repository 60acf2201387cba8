"""The reports of a benchmark: one HTML file (no script, every text escaped), Markdown, CSV and JSON."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.resources import files
from itertools import pairwise

from asrcli.bench import cells, tables
from asrcli.bench.tables import facts_line, grids, headline
from asrcli.bench.verdicts import Point, best_speed, front, points, verdicts
from asrcli.compare import wording
from asrcli.datasets.results import RunRecord
from asrcli.reports.labels import MOST_NAMED, Box, end_of_line, place_names
from asrcli.reports.page import head
from asrcli.reports.table import cell, csv_text, html_table, json_text, markdown_table, scroller
from asrcli.scoring.intervals import Interval

WIDTH, HEIGHT = 900, 420  # of the plot, in its own units
LEFT, RIGHT, TOP, BOTTOM = 64, 290, 16, 46
LETTER, LINE, LONGEST = 6.9, 13.0, 60  # width and height of its text, letters of a name


def to_html(runs: Sequence[RunRecord]) -> str:
    """Return the page."""
    styles = (files(package).joinpath("style.css") for package in ("asrcli.compare.page", "asrcli.bench"))
    style = "".join(one.read_text(encoding="utf-8") for one in styles)
    said = "".join(f"<li>{html.escape(one)}</li>" for one in verdicts(runs))
    said = f'<ul class="verdict said">{said}</ul>' if said else ""
    title = tables.headline(runs)
    return f"""{head(title, style)}<header>
  <h1>{html.escape(title)}</h1>
  <p class="quiet">{html.escape(tables.facts_line(runs))}</p>
</header>
<main>
  <section class="cards" aria-label="Systems">{"".join(card(runs, at) for at in range(len(runs)))}</section>
  {said}
  {plot(runs)}
  {"".join(html_table(one) for one in tables.grids(runs))}
  {"".join(facts_of(one) for one in runs)}
</main>
<footer class="quiet">RTFx is seconds of audio per second of wall clock. Intervals of error rates are 95 %, over
speakers or sessions where they are known, or else utterances; all others are the least and the greatest of the
repeats. What this machine does not count is blank.</footer>
</body>
</html>
"""


def card(runs: Sequence[RunRecord], at: int) -> str:
    """Return the card of one engine."""
    one = runs[at]
    rate, speed = one.measure("wer"), best_speed(one)
    interval = ""
    if rate and rate.low is not None and rate.high is not None:
        interval = wording.span(Interval(rate.low, rate.high))
    figures = {
        "interval, 95 %": interval,
        "best RTFx": cells.with_spread(speed).partition(" ")[0],
        "p50, p95": " / ".join(f"{cells.value(one, f'latency_p{share}').partition(' ')[0]} s" for share in (50, 95)),
        "cold start": f"{cells.value(one, 'cold_start').partition(' ')[0]} s",
        "peak memory": f"{cells.value(one, 'memory_peak', tables.part_of_best(one), '{:,.0f}')} MiB",
    }
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in figures.items())
    best = '<span class="best">on the Pareto front</span>' if len(runs) > 1 and at in front(runs) else ""
    number = wording.percent(rate.value if rate else None)
    return (
        f'<article class="card c{at % 6}"><div class="name">{html.escape(one.system)}</div>'
        f'<div class="rate">{number}</div>{best}<dl>{rows}</dl></article>'
    )


def facts_of(one: RunRecord) -> str:
    """Return the environment of a run, folded away."""
    rows = "".join(
        f"<tr><td class=quiet>{html.escape(name)}</td><td>{html.escape(text)}</td></tr>"
        for name, text in (("revision", one.revision or ""), *one.facts)
        if text and name != "replay"
    )
    return f"<details><summary>Environment of {html.escape(one.system)}</summary><table>{rows}</table></details>"


def plot(runs: Sequence[RunRecord]) -> str:
    """Return accuracy against speed as SVG, speed on a logarithmic axis; nothing where there is no such figure."""
    known = points(runs)
    if not known:
        return ""
    top = max([0.01, *(max(one.rate, one.high) for one in known)]) * 1.08
    first = math.floor(math.log10(min(one.speed for one in known)) - 0.05)
    last = math.ceil(math.log10(max(one.speed for one in known)) + 0.05)

    def x(speed: float) -> float:
        """Return where a speed stands, in pixels from the left; the axis is logarithmic."""
        return LEFT + (math.log10(speed) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(rate: float) -> float:
        """Return where an error rate stands, in pixels from the top."""
        return TOP + (1 - rate / top) * (HEIGHT - TOP - BOTTOM)

    parts = [*axis_x(first, last, x), *axis_y(top, y)]
    places = {one.at: (x(one.speed), y(one.rate)) for one in known}
    edge = [places[at] for at in front(runs)]
    if len(edge) > 1:
        parts.append('<polyline points="' + " ".join(f"{a:.1f},{b:.1f}" for a, b in step_line(edge)) + '"/>')
    for one in known:
        place = f"{places[one.at][0]:.1f}"
        ends = f'x1="{place}" x2="{place}" y1="{y(one.low):.1f}" y2="{y(one.high):.1f}"'
        parts.append(f'<line class="c{one.at % 6}" {ends}/>')
    parts += named(known, [places[one.at] for one in known])
    label = "Accuracy against speed, with the Pareto front"
    body = "".join(parts)
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg>'
    return f"<section><h2>{label}</h2>{scroller('plot', label, svg)}</section>"


def named(known: Sequence[Point], spots: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Yield the points with their names beside them, none over another; of many with numbers, and a key."""
    many = len(known) > MOST_NAMED
    names = [str(number) if many else one.name[:LONGEST] for number, one in enumerate(known, 1)]
    frame = Box(LEFT, TOP / 2, WIDTH - RIGHT if many else WIDTH, HEIGHT - BOTTOM)
    places = place_names(spots, [LETTER * len(name) for name in names], LINE, frame)
    for one, name, (x, y), place in zip(known, names, spots, places, strict=True):
        box = place.box
        if place.far:
            end = end_of_line(box, (x, y))
            yield f'<line class="lead" x1="{x:.1f}" y1="{y:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"/>'
        title = html.escape(one.name)
        yield f'<circle class="c{one.at % 6}" cx="{x:.1f}" cy="{y:.1f}" r="6"><title>{title}</title></circle>'
        yield text(box.left, (box.top + box.bottom) / 2 + LINE * 0.32, name)
    step = min(LINE + 3, (HEIGHT - TOP - BOTTOM) / len(known))
    for number, one in enumerate(known if many else (), 1):
        bottom = TOP + number * step
        yield f'<rect class="c{one.at % 6}" x="{WIDTH - RIGHT + 10}" y="{bottom - 8:.1f}" width="8" height="8"/>'
        yield text(WIDTH - RIGHT + 26, bottom, f"{number} {shortened(one.name)}")


def text(x: float, y: float, words: str) -> str:
    """Return words that begin at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}">{html.escape(words)}</text>'


def shortened(name: str) -> str:
    """Return a name that fits into the key."""
    most = int((RIGHT - 46) / LETTER)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def step_line(edge: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the front as stairs: up to the next engine's speed the better one's rate holds."""
    corners = [edge[0]]
    for (left, _), (right, height) in pairwise(edge):
        corners += [(left, height), (right, height)]
    return corners


def axis_x(first: int, last: int, x: Callable[[float], float]) -> list[str]:
    """Return the axis of speeds."""
    found = []
    for power in range(first, last + 1):
        place = x(10.0**power)
        found.append(f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        found.append(
            f'<text class="dim" text-anchor="middle" x="{place:.1f}" y="{HEIGHT - BOTTOM + 18}">{10.0**power:g}</text>'
        )
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    return [*found, f'<text class="dim" text-anchor="middle" x="{middle:.0f}" y="{HEIGHT - 8}">RTFx</text>']


def axis_y(top: float, y: Callable[[float], float]) -> list[str]:
    """Return the axis of error rates."""
    step = next(
        one for one in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 100.0) if top / one <= 7
    )
    found = []
    for number in range(int(top / step) + 1):
        height = y(number * step)
        found.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
        label = f"{100 * number * step:.3g} %"
        found.append(f'<text class="dim" text-anchor="end" x="{LEFT - 8}" y="{height + 4:.1f}">{label}</text>')
    return found


def to_markdown(runs: Sequence[RunRecord]) -> str:
    """Return all tables as Markdown."""
    lines = [f"# {headline(runs)}", "", facts_line(runs), ""]
    for grid in grids(runs):
        lines += [f"## {grid.title}", ""]
        lines += markdown_table(list(map(cell, grid.columns)), (list(map(cell, row)) for row in grid.rows))
        lines += ["", *([grid.note + ".", ""] if grid.note else [])]
    said = verdicts(runs)
    lines += [f"- {cell(one)}" for one in said] + ([""] if said else [])
    return "\n".join(lines)


def to_csv(runs: Sequence[RunRecord]) -> str:
    """Return every figure as a row."""
    figures = ("name", "condition", "value", "unit", "low", "high", "count")
    rows = [
        (run.system, run.dataset, run.started, *(getattr(one, name) for name in figures))
        for run in runs
        for one in run.measures
    ]
    return csv_text(("system", "dataset", "started", *figures), rows)


def to_json(runs: Sequence[RunRecord], paths: Sequence[str]) -> str:
    """Return every figure and fact; utterances stay in the records."""
    rows = [
        {
            "system": run.system,
            "record": path,
            **{name: getattr(run, name) for name in ("engine", "model", "revision", "dataset", "started")},
            "utterances": len(run.utterances),
            "on_pareto_front": at in front(runs),
            "facts": dict(run.facts),
            "measures": [asdict(one) for one in run.measures],
            **({"requests": [asdict(one) for one in run.requests]} if run.requests else {}),
        }
        for at, (run, path) in enumerate(zip(runs, paths, strict=True))
    ]
    return json_text({"schema": "asr-bench/1", "runs": rows, "verdicts": verdicts(runs)})
