"""Compare systems without a reference: how far they are apart, what most of them say, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.base.join import join_texts
from asrcli.base.lines import json_lines
from asrcli.compare import wording
from asrcli.compare.matching import Hypotheses, distinct_names
from asrcli.compare.run import NORMALIZER, Wanted, as_recorded, check_names, chosen_convention, guess_language
from asrcli.compare.sources import STRICT, Losses, files_of, read_source
from asrcli.errors import InputError, UsageError
from asrcli.outputs.ledger import check_replaceable, write_ours
from asrcli.outputs.targets import File, check_targets, reads
from asrcli.reports.table import json_text
from asrcli.scoring.alignment import align, count_all
from asrcli.scoring.rover import Consensus, vote
from asrcli.text.normalisers import NORMALIZERS, build
from asrcli.text.universal import raw_words, without_punctuation
from asrcli.types import ErrorCounts, Utterance

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Agreement:
    """What several systems have in common."""

    ids: tuple[str, ...]
    systems: tuple[Hypotheses, ...]
    matrix: tuple[tuple[ErrorCounts, ...], ...]  # row against column as its reference, over what both have
    consensus: tuple[Consensus, ...]
    texts: tuple[str, ...]  # of the consensus
    normalizer: str

    @property
    def disputed(self) -> list[int]:
        """Return the utterances by disagreement, the most disputed first."""
        order = range(len(self.ids))
        return sorted((one for one in order if self.consensus[one].disputed), key=lambda one: (-self.score(one), one))

    def score(self, index: int) -> float:
        """Return how much is disputed in an utterance, in slots, weighted by their share."""
        return self.consensus[index].disputed * self.consensus[index].disagreement


def compare_unreferenced(paths: Sequence[Path], wanted: Wanted, losses: Losses = STRICT) -> Agreement:
    """Compare what lies at these paths with each other, without those that ``losses`` takes.

    Raises:
        UsageError: there is only one system, or no such normaliser.
        InputError: fewer than two can be read, or the systems have no id in common.
    """
    if len(paths) < 2:
        raise UsageError("--no-ref compares systems with each other: name at least two")
    check_names(wanted)
    wanted, _ = as_recorded(wanted, paths)
    wanted = replace(wanted, normalizer=wanted.normalizer or NORMALIZER)
    sources = []
    for path in paths:
        with (losses if len(paths) > 2 else STRICT).boundary(path):
            sources.append(read_source(path, hypotheses=True, format=wanted.formats[1], losses=losses))
    if len(sources) < 2:
        raise InputError("fewer than two systems are left to compare")
    ids = list(dict.fromkeys(one.id for source in sources for one in source.utterances))
    by_id = [{one.id: one.text for one in source.utterances} for source in sources]
    if not any(sum(name in texts for texts in by_id) > 1 for name in ids):
        raise InputError(f"{sources[0].path} and {sources[1].path} have no id in common")
    systems = tuple(
        Hypotheses(name, source.path, tuple(map(texts.get, ids)), missing=tuple(one for one in ids if one not in texts))
        for name, source, texts in zip(distinct_names([Path(one.path) for one in sources]), sources, by_id, strict=True)
    )
    language = wanted.language or guess_language(
        [Utterance("", text) for texts in by_id for text in list(texts.values())[:200]]
    )
    matrix = pairwise(systems, wanted, language)
    # The one nearest to all others votes first.
    order = sorted(range(len(matrix)), key=lambda row: sum(map(distance, matrix[row])))
    consensus = tuple(vote([keyed(systems[place].texts[index]) for place in order]) for index in range(len(ids)))
    texts = tuple(join_texts(one.words) for one in consensus)
    return Agreement(tuple(ids), systems, matrix, consensus, texts, NORMALIZERS[wanted.normalizer or NORMALIZER].label)


def pairwise(
    systems: Sequence[Hypotheses], wanted: Wanted, language: str | None
) -> tuple[tuple[ErrorCounts, ...], ...]:
    """Return the errors of every system against every other as its reference, where both have a text."""
    normalize = build(wanted.normalizer or NORMALIZER, language)
    words = [[None if text is None else normalize(text).split() for text in one.texts] for one in systems]
    rows = []
    for mine in words:
        row = []
        for theirs in words:
            both = [
                (one, other) for one, other in zip(theirs, mine, strict=True) if one is not None and other is not None
            ]
            said, instead = ([pair[side] for pair in both] for side in (0, 1))
            row.append(count_all(align(said, instead, chosen_convention(wanted.normalizer, wanted.convention))))
        rows.append(tuple(row))
    return tuple(rows)


def distance(counts: ErrorCounts) -> float:
    """Return how far two systems are apart: errors by the words of both, which is the same either way round.

    The error rate is not: by it, the system that says least would be the nearest one.
    """
    words = counts.reference_length + counts.hits + counts.substitutions + counts.insertions
    return counts.errors / words if words else 0.0


def keyed(text: str | None) -> list[tuple[str, str]] | None:
    """Return the words of a text with the keys by which they are compared: without case and punctuation."""
    if text is None:
        return None
    return [(key, word) for word in raw_words(text) if (key := "".join(without_punctuation([word])))]


def write_consensus(agreement: Agreement, path: Path, systems: Sequence[Path], *, force: bool = False) -> None:
    """Write the consensus: a text file per recording into a folder, or JSON Lines for ``*.jsonl``.

    Raises:
        InputError: an id leads out of the folder.
        UsageError: a file of the folder is one that a system's texts were read from, or is there and not as asr wrote
            it; nothing is written.
    """
    if path.suffix != ".jsonl":
        files = {path / f"{name}.txt": text for name, text in zip(agreement.ids, agreement.texts, strict=True)}
        for file in files:
            if not file.resolve().is_relative_to(path.resolve()):
                raise InputError(f"{file} would be written outside {path}; use --consensus FILE.jsonl")
        written = [File("--consensus", str(file)) for file in files]
        check_targets(written, reads("the texts of a system", *files_of(*systems)))
        check_replaceable(files, force=force)
        for file, text in files.items():
            write_ours(file, text + "\n", force=True)
        return
    rows = [
        dict(id=name, text=text, votes=list(one.support), voters=one.voters, disagreement=round(one.disagreement, 4))
        for name, text, one in zip(agreement.ids, agreement.texts, agreement.consensus, strict=True)
    ]
    write_ours(path, json_lines(rows), force=force)


def to_json(agreement: Agreement) -> str:
    """Return everything as one JSON object."""
    data: dict[str, Any] = {
        "schema": "asr-agreement/1",
        "normalizer": agreement.normalizer,
        "systems": [{"name": one.name, "path": one.path, "missing": list(one.missing)} for one in agreement.systems],
        "rates": [[counts.rate for counts in row] for row in agreement.matrix],
        "utterances": [
            {"id": name, "disagreement": consensus.disagreement, "consensus": text}
            for name, consensus, text in (
                (agreement.ids[one], agreement.consensus[one], agreement.texts[one]) for one in agreement.disputed
            )
        ],
    }
    return json_text(data)


def show(agreement: Agreement, console: Console, most: int = 20) -> None:
    """Print the matrix and the utterances that are most disputed."""
    from rich.text import Text

    from asrcli.reports.terminal import table

    names = [one.name for one in agreement.systems]
    rows = [
        [name, *(wording.percent(counts.rate) for counts in agreement.matrix[row])] for row, name in enumerate(names)
    ]
    for place, row in enumerate(rows):
        row[place + 1] = "·"
    console.print(Text("Word error rate of each row with the column as its reference", "bold"))
    console.print(table("", ["", *names], rows))
    for one in agreement.systems:
        if one.missing:
            lacking = f"{len(one.missing)}: {wording.first_names(one.missing, 5)}"
            console.print(Text(f"note: {one.name} has no text for {lacking}"))
    disputed = agreement.disputed
    consensus = agreement.consensus
    listed = [
        [agreement.ids[one], f"{consensus[one].disputed} of {consensus[one].slots}", agreement.texts[one]]
        for one in disputed[:most]
    ]
    title = f"Most disputed ({len(disputed):,} of {len(agreement.ids):,} utterances are not unanimous)"
    console.print(Text(title, "bold"))
    console.print(table("", ["utterance", "words disputed", "consensus"], listed))
