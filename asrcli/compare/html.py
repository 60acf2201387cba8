"""The report as one HTML file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from asrcli.base.counts import count_of
from asrcli.compare import wording
from asrcli.compare.breakdown import by_field, fields_of
from asrcli.compare.classes import CLASSES
from asrcli.compare.identification import identified
from asrcli.compare.scores import LADDER, Comparison, PairScore, SystemScore
from asrcli.reports.page import dump, page_pieces

MOST_BYTES = 14_000_000  # of the utterances in the page: it stays below 15 MB and opens in a second or two
MOST_BUCKETS = 14  # of one chart
ROWS_AT_ONCE = 500  # in a piece of the page


def to_html(comparison: Comparison, *, fields: Sequence[str] = (), folder: Path | None = None) -> Iterator[str]:
    """Return the page in pieces that are not copied again: of 20,000 utterances it has 7 MB.

    Args:
        fields: breakdowns to show besides those that the data suggests.
        folder: where the page will lie: recordings are linked from there.
    """
    rows, left_out = utterance_rows(comparison, folder)

    def data() -> Iterator[str]:
        """Yield the data of the page as JSON, a few rows at a time."""
        yield dump(page_data(comparison, fields, left_out)).removesuffix("}") + ',"rows":['
        for start in range(0, len(rows), ROWS_AT_ONCE):
            yield ("," if start else "") + ",".join(rows[start : start + ROWS_AT_ONCE])
        yield "]}"

    return page_pieces("asrcli.compare.page", title(comparison), data(), "media-src 'self' file:; ")


def title(comparison: Comparison) -> str:
    """Return the headline."""
    return " against ".join(one.name for one in comparison.systems[:4]) if comparison.systems else "Comparison"


def page_data(comparison: Comparison, fields: Sequence[str], left_out: int) -> dict[str, Any]:
    """Return what the script shows, but for the rows of the table."""
    words = int(comparison.systems[0].lengths.sum())
    notes = [*comparison.notes, *(line for one in comparison.systems for line in wording.unmatched(one))]
    if left_out:
        notes.append(
            f"{left_out:,} utterances with the fewest errors are counted but not listed: the page would be too big"
        )
    chosen = dict.fromkeys([*fields, *fields_of(comparison)[:6]])
    classes = [name for name in CLASSES if any(one.profile.classes[name] for one in comparison.systems)]
    return {
        "title": title(comparison),
        "summary": f"{count_of(comparison.utterances, 'utterance')}, {count_of(words, 'word')} "
        f"({comparison.reference_path})",
        "footer": f"{wording.convention(comparison)}. {wording.RULE}",
        "notes": notes,
        "winner": wording.winner(comparison),
        "systems": [system_data(one, classes) for one in comparison.systems],
        "pairs": [pair_data(comparison, pair) for pair in comparison.pairs],
        "classes": classes,
        "fields": [*(field_data(comparison, name) for name in chosen), *language_data(comparison)],
    }


def system_data(one: SystemScore, classes: Sequence[str]) -> dict[str, Any]:
    """Return the figures of one system."""
    counts = one.counts
    return {
        "name": one.name,
        "wer": counts.rate,
        "interval": [one.interval.low, one.interval.high] if one.interval else None,
        "group_interval": [one.group_interval.low, one.group_interval.high] if one.group_interval else None,
        "counts": [counts.substitutions, counts.deletions, counts.insertions],
        "ladder": [[name, share.rate] for name, share in zip(LADDER, one.ladder, strict=True)],
        "cer": one.characters.rate,
        "classes": [one.profile.classes[name] for name in classes],
        "confusions": [
            [said, hypothesis, number] for (said, hypothesis), number in one.profile.confusions.most_common(15)
        ],
    }


def pair_data(comparison: Comparison, pair: PairScore) -> dict[str, Any]:
    """Return the verdict and the figures behind it."""
    names = f"{comparison.systems[pair.first].name} − {comparison.systems[pair.second].name}"
    over = f", over groups {wording.span(pair.group_interval, plus=True)}" if pair.group_interval else ""
    detail = (
        f"{names}: {wording.signed(pair.difference)} points, 95 % {wording.span(pair.interval, plus=True)}{over}; "
        f"MAPSSWE Z {wording.z_value(pair.matched_pairs)}, p (Holm) {wording.p_value(pair.matched_pairs_p)}; "
        f"randomisation p (Holm) {wording.p_value(pair.flipped_p)}; "
        f"McNemar p {wording.p_value(pair.mcnemar.p)}, sign test {wording.p_value(pair.sign_p)}, "
        f"Wilcoxon {wording.p_value(pair.wilcoxon_p)}; win / tie / loss {pair.wins:,} / {pair.ties:,} / {pair.losses:,}"
    )
    return {"verdict": wording.verdict(comparison, pair), "detail": detail}


def field_data(comparison: Comparison, name: str) -> dict[str, Any]:
    """Return one breakdown; of many values those where the first system makes the most errors per word."""
    buckets = by_field(comparison, name, intervals=False)
    label = {"length": "length in words", "group": "speaker or session"}.get(name, name)
    if len(buckets) > MOST_BUCKETS:
        label += f" (the worst {MOST_BUCKETS} of {len(buckets):,})"
        buckets = sorted(buckets, key=lambda one: -(one.shares[0].rate or 0.0))[:MOST_BUCKETS]
    return {
        "name": label,
        "labels": [one.value for one in buckets],
        "sizes": [one.utterances for one in buckets],
        "rates": [[share.rate for share in one.shares] for one in buckets],
    }


def language_data(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the share of utterances in which another language was identified, by the one that is spoken."""
    found = [identified(comparison.utterances, one.languages) for one in comparison.systems]
    if not any(found):
        return []
    names = list(dict.fromkeys(row.spoken for rows in found for row in rows))
    wrong = [{row.spoken: 1 - row.accuracy for row in rows} for rows in found]
    sizes = {row.spoken: row.utterances for rows in found for row in rows}
    rates = [[own.get(name) for own in wrong] for name in names]
    title = "language, share of utterances in which another was identified"
    return [{"name": title, "labels": names, "sizes": [sizes[name] for name in names], "rates": rates}]


def utterance_rows(comparison: Comparison, folder: Path | None) -> tuple[list[str], int]:
    """Return the utterances for the table as JSON, and how many with the fewest errors had to be left out."""
    import numpy as np

    total = np.stack([one.errors for one in comparison.systems]).sum(axis=0)
    rows: dict[int, str] = {}
    size = 0
    for index in np.argsort(-total, kind="stable").tolist():
        row = dump(utterance_row(comparison, index, folder))
        size += (len(row) if row.isascii() else len(row.encode())) + 1
        if size > MOST_BYTES:
            break
        rows[index] = row
    return [rows[index] for index in sorted(rows)], len(comparison.utterances) - len(rows)


def utterance_row(comparison: Comparison, index: int, folder: Path | None) -> list[Any]:
    """Return one utterance; a system that has everything right takes a single character."""
    one = comparison.utterances[index]
    said = " ".join(comparison.systems[0].references[index])
    hypothesis: list[Any] = []
    for system in comparison.systems:
        moves = system.alignments[index].decode("ascii")
        own = " ".join(system.references[index])
        words = " ".join(system.words[index])
        if own == said == words:
            hypothesis.append(0)
        else:
            hypothesis.append([int(system.errors[index]), words, moves, *([own] if own != said else [])])
    return [one.id, said, one.group, one.seconds, audio_link(one.audio, comparison.reference_path, folder), hypothesis]


def audio_link(audio: str | None, reference: str, folder: Path | None) -> str | None:
    """Return a link to a recording that is there: from the page's folder, escaped so that it can only be a path."""
    if not audio or "\0" in audio:
        return None
    beside = Path(reference).parent if reference else Path()
    found = next((path for path in (Path(audio), beside / audio) if path.is_file()), None)
    if found is None:
        return None
    return quote(os.path.relpath(found.resolve(), (folder or Path()).resolve()).replace(os.sep, "/"))
