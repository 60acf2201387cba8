"""The file in which a model's owner reports results of the Open ASR Leaderboard: ``.eval_results`` of its repository.

The leaderboard asks for it beside the manifests (.github/PULL_REQUEST_TEMPLATE.md, d1e99b25). The layout is the hub's
for evaluation results (huggingface/hub-docs, docs/hub/eval-results.md); the tasks are those in the files that the
leaderboard's own people have put into models (nvidia/canary-qwen-2.5b, revision b1469e1b).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import asrcli
from asrcli.errors import InputError, UsageError
from asrcli.leaderboard.manifests import official_name
from asrcli.leaderboard.scores import Score, totals

BENCHMARK = "hf-audio/open-asr-leaderboard"
FILE = PurePosixPath(".eval_results/open_asr_leaderboard.yaml")
OAL, ESB = "hf-audio-open-asr-leaderboard", "hf-audio-esb-datasets-test-only-sorted"
PARTS = {f"{one}_test": f"{one}_wer" for one in "ami earnings22 gigaspeech spgispeech tedlium voxpopuli".split()}
PARTS |= {f"librispeech_test.{part}": f"librispeech_{part}_wer" for part in ("clean", "other")}
TASKS: Mapping[str, str] = {f"{path}_{part}": task for path in (ESB, OAL) for part, task in PARTS.items()}
CHUNKED = "ArtificialAnalysis-Earnings22-Cleaned-AA-chunked"
CLEANED = {f"{OAL}_{name}_test" for name in ("ami_cleaned", "gigaspeech_cleaned", "voxpopuli_cleaned_aa", "spgispeech")}
CLEANED |= {f"{OAL}_librispeech_test.{part}" for part in ("clean", "other")}
# The test sets of the leaderboard's averages: of 2026-03, since 2026-05, since 2026-08 without and with Monsoon.
SUITES = (
    *({f"{path}_{part}" for part in PARTS} for path in (ESB, OAL)),
    *({f"{path}_{part}" for part in PARTS if part != "tedlium_test"} for path in (ESB, OAL)),
    *(
        CLEANED | {earnings} | more
        for earnings in (f"{CHUNKED}__test", f"{CHUNKED}_earnings22_cleaned_aa_chunked_test")
        for more in (set(), {"VoiceArena-Monsoon_en_IN_test__test"})
    ),
)


@dataclass(frozen=True, slots=True)
class Report:
    """The file, and what of the scores is not in it, a sentence each."""

    text: str
    missing: tuple[str, ...]


def eval_results(scores: Sequence[Score]) -> Report:
    """Return the report of one model.

    Its average and its speed are in it only when the test sets are exactly those of one of the leaderboard's averages.

    Raises:
        UsageError: the scores are of several models, or not of English.
        InputError: none of the test sets is a task of the benchmark.
    """
    models = list(dict.fromkeys(one.model for one in scores))
    if len(models) > 1:
        raise UsageError(f"--eval-results: one model's manifests at a time, and there are {', '.join(models)}")
    if any(one.language != "en" for one in scores):
        raise UsageError("--eval-results: the benchmark's tasks are English ones: leave --language out")
    values: dict[str, float] = {}
    missing = []
    named = {official_name(one.dataset): one for one in scores}
    if set(named) in SUITES and len(named) == len(scores):
        (total,) = totals(scores)
        values |= {name: value for name, value in (("mean_wer", total.wer), ("rtfx", total.rtfx)) if value is not None}
    else:
        missing.append("mean_wer and rtfx: the test sets are not those of one of the leaderboard's averages")
    for name, one in named.items():
        task = TASKS.get(name)
        if task is None:
            missing.append(
                f"{one.dataset}: no task of {BENCHMARK} is known for it; its eval.yaml says whether there is one"
            )
        elif one.wer is not None:
            values[task] = one.wer
    if not values:
        raise InputError(f"nothing to report to {BENCHMARK}: {missing[-1]}")
    return Report("".join(entry(task, value) for task, value in values.items()), tuple(missing))


def entry(task: str, value: float) -> str:
    """Return one result as YAML."""
    note = json.dumps(f"scored by asr {asrcli.__version__} as normalizer/eval_utils.py of d1e99b25 does")
    return f"- dataset:\n    id: {BENCHMARK}\n    task_id: {task}\n  value: {value}\n  notes: {note}\n"
