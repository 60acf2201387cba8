"""The report as JSON, CSV, Markdown and JUnit XML: for programs, spreadsheets, pull requests and build servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from asrcli.base.console import printable
from asrcli.base.counts import count_of
from asrcli.compare import identification, wording
from asrcli.compare.breakdown import by_field, macro_means
from asrcli.compare.classes import CLASSES
from asrcli.compare.conditions import Outcome
from asrcli.compare.scores import LADDER, Comparison, PairScore, Share, SystemScore, reduction
from asrcli.reports.table import cell, csv_text, json_text, markdown_table
from asrcli.scoring.intervals import Interval

SCHEMA = "asr-compare/1"
COUNTS = ("hits", "substitutions", "deletions", "insertions", "reference_length")
SPANS = ("95 %", "95 % by group")
SYSTEM_COLUMNS = (*("system", "WER", *SPANS, "raw", "no case", "no case, no punctuation", "CER", "sub", "del", "ins"),)
PAIR_COLUMNS = (
    *("pair", "difference", *SPANS, "MAPSSWE p (Holm)", "randomisation p (Holm)", "McNemar p", "sign p", "Wilcoxon p"),
    "",
)


def to_json(comparison: Comparison, *, fields: Sequence[str] = (), utterances: bool = True) -> str:
    """Return everything as one JSON object; per utterance, errors and alignments of every system."""
    settings = comparison.settings
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "reference": comparison.reference_path,
        "utterances": len(comparison.utterances),
        "groups": comparison.groups,
        "normalizer": comparison.normalizer,
        "language": settings.language,
        "convention": settings.convention.value,
        "systems": [{**system_facts(one), **reduced(one, comparison.systems[0])} for one in comparison.systems],
        "pairs": [pair_facts(comparison, pair) for pair in comparison.pairs],
        "notes": list(comparison.notes),
        "by": {name: bucket_facts(comparison, name) for name in fields},
        "macro": {name: macro_facts(comparison, name) for name in fields},
    }
    hypothesis = {
        one.name: identification.facts(identification.identified(comparison.utterances, one.languages))
        for one in comparison.systems
        if one.languages
    }
    if hypothesis:
        data["language_heard"] = hypothesis
    if comparison.rules:
        data["rules"] = [{"rule": name, "errors_more_without": list(numbers)} for name, numbers in comparison.rules]
    if utterances:
        data["details"] = [utterance_facts(comparison, index) for index in range(len(comparison.utterances))]
    return json_text(data)


def rate_facts(share: Share, interval: Interval | None = None) -> dict[str, Any]:
    """Return errors, length and rate, with its interval where there is one."""
    facts: dict[str, Any] = {"errors": share.errors, "length": share.length, "rate": share.rate}
    return {**facts, "interval": interval_facts(interval)} if interval else facts


def interval_facts(interval: Interval | None) -> list[float] | None:
    """Return the two ends."""
    return [interval.low, interval.high] if interval else None


def system_facts(one: SystemScore) -> dict[str, Any]:
    """Return the figures of one system."""
    counts = one.counts
    return {
        "name": one.name,
        "path": one.path,
        "wer": counts.rate,
        "interval": interval_facts(one.interval),
        "group_interval": interval_facts(one.group_interval),
        "counts": {name: getattr(counts, name) for name in COUNTS},
        "ladder": {name: rate_facts(share) for name, share in zip(LADDER, one.ladder, strict=True)},
        "cer": rate_facts(one.characters, one.character_interval),
        **dict(one.measures),
        "classes": {name: one.profile.classes[name] for name in CLASSES},
        "confusions": [
            {"reference": said, "heard": hypothesis, "count": number}
            for (said, hypothesis), number in one.profile.confusions.most_common(100)
        ],
        "missing": list(one.missing),
        "extra": list(one.extra),
    }


def reduced(one: SystemScore, first: SystemScore) -> dict[str, float | None]:
    """Return the relative reductions of the error rates against the first system; of that one, nothing."""
    if one is first:
        return {}
    werr, cerr = reduction(one.counts.rate, first.counts.rate), reduction(one.characters.rate, first.characters.rate)
    return {"werr": werr, "cerr": cerr}


def pair_facts(comparison: Comparison, pair: PairScore) -> dict[str, Any]:
    """Return the tests of one pair."""
    return {
        "first": comparison.systems[pair.first].name,
        "second": comparison.systems[pair.second].name,
        "difference": pair.difference,
        "interval": interval_facts(pair.interval),
        "group_interval": interval_facts(pair.group_interval),
        "mapsswe": {
            "segments": pair.matched_pairs.segments,
            "mean": pair.matched_pairs.mean,
            "deviation": pair.matched_pairs.deviation,
            "z": None if pair.matched_pairs.constant else pair.matched_pairs.z,
            "p": None if pair.matched_pairs.constant else pair.matched_pairs.p,
            "p_holm": pair.matched_pairs_p,
        },
        "units": pair.units,
        "units_needed": pair.fewest,
        "randomisation_p_holm": pair.flipped_p,
        "sign_p": pair.sign_p,
        "wilcoxon_p": pair.wilcoxon_p,
        "mcnemar": {
            "only_first_right": pair.mcnemar.only_first,
            "only_second_right": pair.mcnemar.only_second,
            "p": pair.mcnemar.p,
        },
        **{name: getattr(pair, name) for name in ("wins", "ties", "losses", "significant")},
        "more_utterances_needed": pair.more_needed,
        "more_units_needed": pair.more_units,
        "verdict": wording.verdict(comparison, pair),
    }


def bucket_facts(comparison: Comparison, name: str) -> list[dict[str, Any]]:
    """Return one breakdown, with the rates of every system in each bucket."""
    return [
        {"value": one.value, "utterances": one.utterances, "systems": list(map(rate_facts, one.shares, one.intervals))}
        for one in by_field(comparison, name)
    ]


def macro_facts(comparison: Comparison, name: str) -> list[dict[str, Any]]:
    """Return the mean of each system's rates over the values of a field; none where that means nothing."""
    found = macro_means(by_field(comparison, name), name)
    return [{"rate": mean, "interval": interval_facts(interval)} for mean, interval in found]


def utterance_facts(comparison: Comparison, index: int) -> dict[str, Any]:
    """Return one utterance with what every system made of it."""
    one = comparison.utterances[index]
    return {
        "id": one.id,
        "reference": one.text,
        "systems": [
            {
                "heard": system.texts[index],
                "errors": int(system.errors[index]),
                "reference_words": int(system.lengths[index]),
                "alignment": system.alignments[index].decode("ascii"),
            }
            for system in comparison.systems
        ],
    }


def to_csv(comparison: Comparison) -> str:
    """Return a row per utterance with the errors of every system."""
    figures = ("errors", "substitutions", "deletions", "insertions", "heard")
    header = [f"{name} ({one.name})" for one in comparison.systems for name in figures]
    rows = []
    for index, one in enumerate(comparison.utterances):
        row: list[Any] = [one.id, one.group, one.seconds, int(comparison.systems[0].lengths[index]), one.text]
        for system in comparison.systems:
            moves = system.alignments[index]
            row += [int(system.errors[index]), moves.count(b"S"), moves.count(b"D"), moves.count(b"I")]
            row.append(system.texts[index])
        rows.append(row)
    return csv_text(["id", "group", "seconds", "words", "reference", *header], rows)


def to_markdown(comparison: Comparison, outcomes: Sequence[Outcome] = ()) -> str:
    """Return the totals and the tests as Markdown tables; bold is only what is significantly better than all others."""
    lines = markdown_table(SYSTEM_COLUMNS, system_rows(comparison), (0, 2, 3))
    if comparison.pairs:
        lines += ["", *markdown_table(PAIR_COLUMNS, pair_rows(comparison), (0, 2, 3, len(PAIR_COLUMNS) - 1))]
    if rows := identification.all_rows(comparison):
        lines += ["", *markdown_table(identification.COLUMNS, (tuple(map(cell, row)) for row in rows), (0, 1, 3, 4))]
    lines += ["", f"{count_of(comparison.utterances, 'utterance')}; {wording.convention(comparison)}."]
    if outcomes:
        lines += ["", *(f"- {mark(one)} {cell(one.sentence)}" for one in outcomes)]
    return "\n".join(lines) + "\n"


def system_rows(comparison: Comparison) -> Iterator[list[str]]:
    """Yield the cells of `SYSTEM_COLUMNS`."""
    best = wording.winner(comparison)
    for index, one in enumerate(comparison.systems):
        first = [cell(one.name), wording.percent(one.counts.rate)]
        yield [
            *(f"**{text}**" if index == best else text for text in first),
            wording.span(one.interval),
            wording.span(one.group_interval),
            *(wording.percent(share.rate) for share in one.ladder[: len(LADDER) - 1]),
            wording.percent(one.characters.rate),
            *map(str, (one.counts.substitutions, one.counts.deletions, one.counts.insertions)),
        ]


def pair_rows(comparison: Comparison) -> Iterator[list[str]]:
    """Yield the cells of `PAIR_COLUMNS`."""
    for pair in comparison.pairs:
        values = (pair.matched_pairs_p, pair.flipped_p, pair.mcnemar.p, pair.sign_p, pair.wilcoxon_p)
        yield [
            f"{cell(comparison.systems[pair.first].name)} − {cell(comparison.systems[pair.second].name)}",
            wording.signed(pair.difference),
            wording.span(pair.interval, plus=True),
            wording.span(pair.group_interval, plus=True),
            *map(wording.p_value, values),
            cell(wording.verdict(comparison, pair)),
        ]


def mark(one: Outcome) -> str:
    """Return the sign of an outcome: failed, could not be judged, passed."""
    return "❌" if one.holds else "⚠️" if one.idle else "✅"


def to_junit(outcomes: Sequence[Outcome]) -> str:
    """Return the conditions as a JUnit test suite, which build servers show."""
    from xml.sax.saxutils import escape, quoteattr  # it brings the modules for the network along

    outcomes = [replace(one, subject=printable(one.subject)) for one in outcomes]
    failures = sum(one.holds for one in outcomes)
    cases = []
    for one in outcomes:
        failure = f"<failure message={quoteattr(one.sentence)}/>" if one.holds else ""
        failure = f"<skipped message={quoteattr(one.idle)}/>" if one.idle else failure
        cases.append(
            f'  <testcase classname="asr compare" name={quoteattr(f"{one.subject}: not {one.condition}")}>'
            f"{failure}<system-out>{escape(one.sentence)}</system-out></testcase>"
        )
    skipped = f' skipped="{idle}"' if (idle := sum(bool(one.idle) for one in outcomes)) else ""
    head = f'<testsuite name="asr compare" tests="{len(outcomes)}" failures="{failures}"{skipped}>'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"]) + "\n"
