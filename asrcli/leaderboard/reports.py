"""Boards and findings as JSON and CSV, for programs and spreadsheets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from asrcli.leaderboard.ranking import Board, Standing
from asrcli.leaderboard.runs import Measured
from asrcli.leaderboard.scores import Score, score_facts, totals
from asrcli.reports.table import csv_text, json_text

SCHEMA = "asr-leaderboard/1"


def board_json(board: Board, top: int, runs: Sequence[Measured] = ()) -> str:
    """Return a board as one JSON object; every row has its source, its day and its protocol."""
    data = {
        "schema": SCHEMA,
        "tables": [
            {"name": one.name, "title": one.title, "day": one.day, "kind": one.kind, "revision": one.revision}
            for one in board.tables
        ],
        "unit": board.unit,
        "sets": [asdict(one) for one in board.columns],
        "protocols": {one.name: asdict(one) for one in board.protocols},
        "models": len(board.standings),
        "rows": [standing_facts(one) for one in (board.standings[:top] if top else board.standings)],
        "runs": [
            {"path": run.path, "model": run.row.model, "set": run.set, "rates": dict(run.row.rates),
             "utterances": run.utterances, "failed": run.failed, "comparisons": list(run.comparisons)}
            for run in runs
        ],
        "notes": list(board.notes),
    }  # fmt: skip
    return json_text(data)


def standing_facts(one: Standing) -> dict[str, Any]:
    """Return one row."""
    row = one.row
    return {
        "rank": one.rank,
        "rank_interval": list(one.interval) if one.interval else None,
        "model": row.model,
        "average": one.average,
        "published_average": row.average,
        "rates": dict(row.rates),
        "rtfx": row.rtfx,
        "parameters": row.parameters,
        "licence": row.licence or None,
        "open": row.is_open,
        "kind": row.kind,
        "remark": one.remark,
        "protocol": row.protocol.name,
        "day": row.day,
        "source": row.source,
    }


def board_csv(board: Board, top: int) -> str:
    """Return a board as CSV, a line per model; numbers are as published, the average is computed."""
    ends = ("rtfx", "parameters", "licence", "kind", "remark", "day", "protocol", "scorer", "normalizer", "hardware")
    sets = [one.name for one in board.columns]
    columns = ["rank", "rank_low", "rank_high", "model", "average", "published_average", "unit", *sets, *ends, "source"]
    rows = []
    for one in board.standings[:top] if top else board.standings:
        row, protocol = one.row, one.row.protocol
        low, high = one.interval or (None, None)
        cells: list[Any] = [one.rank, low, high, row.model, one.average, row.average, board.unit]
        cells += [row.rates.get(name) for name in sets]
        cells += [row.rtfx, row.parameters, row.licence, row.kind, one.remark, row.day]
        cells += [protocol.name, protocol.scorer, protocol.normalizer, protocol.hardware, row.source]
        rows.append(cells)
    return csv_text(columns, rows)


def score_json(one: Score) -> str:
    """Return what belongs beside a manifest as ``.score.json``."""
    return json.dumps(score_facts(one), indent=2) + "\n"


def scores_json(scores: Sequence[Score]) -> str:
    """Return what the leaderboard makes of manifests, and each model's totals."""
    data = {
        "schema": "asr-leaderboard-score/1",
        "manifests": [
            {"file": one.file, "model": one.model, "dataset": one.dataset, "utterances": one.utterances,
             **score_facts(one), "notes": list(one.notes)}
            for one in scores
        ],
        "models": [asdict(one) for one in totals(scores)],
    }  # fmt: skip
    return json_text(data)


def scores_csv(scores: Sequence[Score]) -> str:
    """Return a line per manifest."""
    names = ("wer", "sub", "del", "ins", "audio_length", "inference_time", "rtfx", "language", "manifest_sha256")
    facts = [score_facts(one) for one in scores]
    return csv_text(
        ["model", "dataset", "utterances", *names],
        (
            [one.model, one.dataset, one.utterances, *(own[name] for name in names)]
            for one, own in zip(scores, facts, strict=True)
        ),
    )
