"""The report on a terminal: tables, and references and hypotheses aligned word by word in colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from asrcli.base.console import printable
from asrcli.base.counts import count_of
from asrcli.compare import identification, wording
from asrcli.compare.breakdown import by_field, macro_means
from asrcli.compare.classes import CLASSES
from asrcli.compare.scores import LADDER, Comparison, SystemScore
from asrcli.compare.tables import reduced
from asrcli.reports.terminal import Sheet

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

COLOURS = {"S": "bold magenta", "D": "bold red", "I": "bold blue", "o": "dim"}
NOTHING = "·"


def show(comparison: Comparison, console: Console, *, fields: Sequence[str] = (), confusions: int = 10) -> None:
    """Print the whole report."""
    for renderable in list(parts(comparison, fields, confusions)):  # a field that is not there is said before any table
        console.print(renderable)


def parts(comparison: Comparison, fields: Sequence[str], confusions: int) -> Iterator[RenderableType]:
    """Yield the tables and lines of the report."""
    from rich.text import Text

    words = sum(int(one.lengths.sum()) for one in comparison.systems[:1])
    yield Text(
        f"{count_of(comparison.utterances, 'utterance')}, {count_of(words, 'word')}; {wording.convention(comparison)}",
        "dim",
    )
    yield rates(comparison)
    for line in (*comparison.notes, *(line for one in comparison.systems for line in wording.unmatched(one))):
        yield Text(printable(f"note: {line}"))
    if comparison.pairs:
        yield differences(comparison)
        for pair in comparison.pairs:
            yield Text(printable(wording.verdict(comparison, pair)), "bold" if pair.significant else "")
    if any(one.counts.errors for one in comparison.systems):
        yield classes(comparison)
        yield top_confusions(comparison, confusions)
    for name in fields:
        yield breakdown(comparison, name)
        if name == "language" and (rows := identification.all_rows(comparison)):
            yield Sheet(identification.COLUMNS, rows, identification.TITLE)
    if comparison.rules:
        yield rules(comparison)


def rates(comparison: Comparison) -> Sheet:
    """Return the rates of every system; one is bold only where it is significantly better than all others."""
    from rich.text import Text

    best = wording.winner(comparison)
    grouped = any(one.group_interval for one in comparison.systems)
    columns = ["system", "WER", *(["95 % by utterance", "95 % by group"] if grouped else ["95 %"])]
    columns += ["sub", "del", "ins", "raw", "no case", "no punct.", "CER", "MER", "WIL"]
    columns += ["WERR", "CERR"] if len(comparison.systems) > 1 else []  # against the first system
    rows: list[list[str | Text]] = []
    for index, one in enumerate(comparison.systems):
        extra = dict(one.measures)
        style = "bold green" if index == best else ""
        row: list[str | Text] = [Text(printable(one.name), style), Text(wording.percent(one.counts.rate), style)]
        row.append(wording.span(one.interval))
        row += [wording.span(one.group_interval)] if grouped else []
        row += [f"{number:,}" for number in (one.counts.substitutions, one.counts.deletions, one.counts.insertions)]
        row += [wording.percent(share.rate) for share in one.ladder[: len(LADDER) - 1]]
        row += [wording.percent(value) for value in (one.characters.rate, extra["mer"], extra["wil"])]
        if len(comparison.systems) > 1:
            less = reduced(one, comparison.systems[0])
            row += [wording.percent(less.get(name), 1) for name in ("werr", "cerr")]
        rows.append(row)
    return Sheet(columns, rows)


def differences(comparison: Comparison) -> Sheet:
    """Return every pair of systems with its tests."""
    grouped = any(one.group_interval for one in comparison.pairs)
    columns = ["difference in points", "", *(["95 % by utterance", "95 % by group"] if grouped else ["95 %"])]
    columns += ["MAPSSWE Z", "p (Holm)", "p random. (Holm)", "p McNemar", "win / tie / loss"]
    rows: list[list[str | Text]] = []
    for pair in comparison.pairs:
        names = f"{comparison.systems[pair.first].name} − {comparison.systems[pair.second].name}"
        row: list[str | Text] = [names, wording.signed(pair.difference), wording.span(pair.interval, plus=True)]
        row += [wording.span(pair.group_interval, plus=True)] if grouped else []
        row += [wording.z_value(pair.matched_pairs), wording.p_value(pair.matched_pairs_p)]
        row += [wording.p_value(pair.flipped_p), wording.p_value(pair.mcnemar.p)]
        row += [f"{pair.wins:,} / {pair.ties:,} / {pair.losses:,}"]
        rows.append(row)
    return Sheet(columns, rows)


def classes(comparison: Comparison) -> Sheet:
    """Return the errors by class; the columns add up to the totals."""
    systems = comparison.systems
    rows = [
        [name, *(share_of(one, one.profile.classes[name]) for one in systems)]
        for name in CLASSES
        if any(one.profile.classes[name] for one in systems)
    ]
    rows.append(["all errors", *(f"{one.counts.errors:,}" for one in systems)])
    return Sheet(["", *(one.name for one in systems)], rows, "Errors by class")


def share_of(one: SystemScore, number: int) -> str:
    """Return a number of errors with its share of all of them."""
    return f"{number:,}  {100 * number / one.counts.errors:4.1f} %" if one.counts.errors else "0"


def top_confusions(comparison: Comparison, most: int) -> Sheet:
    """Return the words that each system gets wrong most often."""
    columns = [
        [
            f"{said or NOTHING} → {hypothesis or NOTHING}  {number:,}"
            for (said, hypothesis), number in one.profile.confusions.most_common(most)
        ]
        for one in comparison.systems
    ]
    deepest = max(map(len, columns), default=0)
    rows = [[str(row + 1), *(column[row] if row < len(column) else "" for column in columns)] for row in range(deepest)]
    return Sheet(["", *(one.name for one in comparison.systems)], rows, "Most frequent errors")


def breakdown(comparison: Comparison, name: str) -> Sheet:
    """Return the error rates by the values of a field."""
    buckets = by_field(comparison, name)
    rows = [[one.value, f"{one.utterances:,}", *wording.rates(one.shares, one.intervals)] for one in buckets]
    if macro := macro_means(buckets, name):
        rows.append(["mean of these", "", *(wording.percent(mean) + wording.behind(one) for mean, one in macro)])
    return Sheet(["", "utterances", *(one.name for one in comparison.systems)], rows, f"By {name}")


def rules(comparison: Comparison) -> Sheet:
    """Return how many more errors there would be without each rule of the normaliser."""
    rows = [[name, *(f"{number:+,}" for number in numbers)] for name, numbers in comparison.rules]
    columns = ["rule left out", *(one.name for one in comparison.systems)]
    return Sheet(columns, rows, f"Errors more or fewer without a rule of {comparison.normalizer}")


def diff(comparison: Comparison, index: int, width: int | None = None) -> Iterator[Text]:
    """Yield an utterance as aligned rows: the reference and what each system recognised instead.

    Args:
        width: of the terminal; longer rows go on below, both together. ``None`` keeps them whole.
    """
    from rich.text import Text

    utterance = comparison.utterances[index]
    figures = ", ".join(f"{printable(one.name)} {one.errors[index]}" for one in comparison.systems)
    words = count_of(int(comparison.systems[0].lengths[index]), "word")
    yield Text(f"{printable(utterance.id)}  ({words}; errors: {figures})", "bold")
    label = max([9, *(len(one.name) for one in comparison.systems)])
    for one in comparison.systems:
        for cells in folded(columns(one, index), width - label - 4 if width else None):
            yield row("reference", label, cells, 1)
            yield row(printable(one.name), label, cells, 2)


def row(name: str, label: int, cells: Iterable[Column], side: int) -> Text:
    """Return one side of some columns, behind a name that is ``label`` wide."""
    from rich.text import Text

    line = Text(f"  {name:<{label}}  ")
    for cell in cells:
        line.append(*laid(cell, side))
    line.rstrip()
    return line


Column = tuple[str, str, str]  # move, reference words, words recognised


def folded(cells: Iterable[Column], room: int | None) -> Iterator[list[Column]]:
    """Yield the columns of an alignment in lines of that many characters; a column that is wider stands alone."""
    line: list[Column] = []
    used = 0
    for cell in cells:
        wide = breadth(cell) + 1
        if line and room is not None and used + wide > room + 1:
            yield line
            line, used = [], 0
        line.append(cell)
        used += wide
    yield line


def breadth(cell: Column) -> int:
    """Return the width of a column on a terminal, where some characters take two places."""
    from rich.cells import cell_len

    return max(cell_len(printable(word)) for word in cell[1:])


def laid(cell: Column, side: int) -> tuple[str, str]:
    """Return the text of one side of a column, as wide as the column, and its style."""
    from rich.cells import cell_len

    width = breadth(cell)
    text = printable(cell[side]) or "*" * width
    return text + " " * (width - cell_len(text) + 1), COLOURS.get(cell[0], "")


def columns(one: SystemScore, index: int) -> Iterator[Column]:
    """Yield move, reference words and words recognised of each column of an alignment; one side can be empty."""
    said, hypothesis = iter(one.references[index]), iter(one.words[index])
    merged_said: list[str] = []
    merged_hypothesis: list[str] = []
    for move in one.alignments[index].decode("ascii"):
        if move == "<":
            merged_said.append(next(said))
        elif move == ">":
            merged_hypothesis.append(next(hypothesis))
        else:
            words = [*merged_said, *([next(said)] if move != "I" else [])]
            instead = [*merged_hypothesis, *([next(hypothesis)] if move not in "Do" else [])]
            merged_said, merged_hypothesis = [], []
            yield move, " ".join(words), " ".join(instead)
