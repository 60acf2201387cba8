"""From what was measured to run records, with accuracy scored and everything that a later run is held against."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from asrcli.bench import messages as say
from asrcli.bench.conversations import references, scores
from asrcli.bench.plan import Contestant, Plan
from asrcli.bench.robustness import CONDITION, Condition
from asrcli.bench.run import Outcome
from asrcli.compare.comparison import compare
from asrcli.compare.identification import ALL, identified
from asrcli.compare.matching import Hypotheses as System
from asrcli.compare.run import settings_of
from asrcli.compare.scores import LADDER, SystemScore
from asrcli.datasets.columns import PREDICTED_LANGUAGE
from asrcli.datasets.dataset import Dataset
from asrcli.datasets.results import OWN_KEYS, Measure, RunRecord
from asrcli.datasets.utterances import predicted_language
from asrcli.engine import Weights
from asrcli.text.normalisers import build
from asrcli.types import Utterance

RATES = ("wer_raw", "wer_no_case", "wer_no_case_no_punctuation", "wer")  # as `comparison.LADDER`
LANGUAGE_ACCURACY = "language_accuracy"
# What a run adds to the fields of an utterance.
PREDICTED_KEYS = ("error", PREDICTED_LANGUAGE, f"{PREDICTED_LANGUAGE}_score")
SEGMENT = 60.0  # seconds in a minute


def run_record(
    contestant: Contestant, dataset: Dataset, plan: Plan, outcome: Outcome, facts: Mapping[str, str], started: str
) -> RunRecord:
    """Return the record of a run, scored."""
    transcribed = {one.id: one for one in outcome.transcribed}
    utterances = tuple(bare(one, transcribed[one.id]) for one in dataset.utterances)
    texts = tuple(transcribed[one.id].text for one in utterances)
    language = contestant.options.language
    accuracy = score(utterances, texts, plan, language)
    card = [figure for one, rows in outcome.card for figure in card_figures(one, rows, plan, language)]
    speakers = speaker_scores(dataset, plan, outcome, language)
    notes = {"notes": json.dumps(list(outcome.notes), ensure_ascii=False)} if outcome.notes else {}
    return RunRecord(
        engine=contestant.choice.engine.name,
        utterances=utterances,
        hypotheses=texts,
        times=tuple(transcribed[one.id].total if transcribed[one.id].text is not None else None for one in utterances),
        model=model_of(contestant.choice.weights),
        revision=contestant.choice.weights.revision,
        dataset=dataset.name,
        started=started,
        facts=tuple({**facts, "device": outcome.device, **notes}.items()),
        measures=(*accuracy, *languages(utterances), *outcome.measures, *speakers, *card),
        requests=outcome.requests,
    )


def speaker_scores(dataset: Dataset, plan: Plan, outcome: Outcome, language: str | None) -> list[Measure]:
    """Return how well speakers were found, where that was asked for."""
    if not outcome.spoken:
        return []
    settings = settings_of(plan.normalizer, language, dataset.utterances)
    return scores(references(dataset), outcome.spoken, build(settings.normalizer, settings.language))


def model_of(weights: Weights) -> str:
    """Return a model's name, of one named by a path the whole path: a short one may look like an id of the hub."""
    named = bool(weights.path) and os.path.exists(weights.name) and os.path.samefile(weights.name, weights.path or "")
    return os.path.abspath(weights.name) if named else weights.name


def bare(one: Utterance, transcribed: say.Transcribed) -> Utterance:
    """Return an utterance with the fields that are the dataset's own, the language identified, and why nothing was."""
    fields = tuple((name, value) for name, value in one.fields if name not in (*OWN_KEYS, *PREDICTED_KEYS, "offset"))
    score = None if transcribed.language_score is None else f"{transcribed.language_score:g}"
    own = zip(PREDICTED_KEYS, (transcribed.error, transcribed.language, score), strict=True)
    return replace(one, fields=(*fields, *((name, value) for name, value in own if value)))


def languages(utterances: Sequence[Utterance]) -> list[Measure]:
    """Return how often the language that is spoken was identified, and what was taken for it."""
    measures = []
    for one in identified(utterances, [predicted_language(each) for each in utterances]):
        low, high = (one.interval.low, one.interval.high) if one.interval else (None, None)
        name = "" if one.spoken == ALL else one.spoken
        measures.append(Measure(LANGUAGE_ACCURACY, one.accuracy, "of utterances", name, low, high, one.utterances))
        if name:
            instead = [(f"{name} as {transcribed}", count) for transcribed, count in one.instead]
            measures += [Measure("language_heard", count, "utterances", pair) for pair, count in instead]
    return measures


def score(
    utterances: Sequence[Utterance], texts: Sequence[str | None], plan: Plan, language: str | None
) -> list[Measure]:
    """Return the error rates, with their intervals."""
    found = compared(utterances, texts, plan, language)
    interval = found.group_interval or found.interval
    low, high = (interval.low, interval.high) if interval else (None, None)
    rates = []
    for name, share, _ in zip(RATES, found.ladder, LADDER, strict=True):
        between = (low, high) if name == "wer" else (None, None)
        rates.append(Measure(name, share.rate, "errors/word", "", *between, share.length))
    rates.append(Measure("cer", found.characters.rate, "errors/character", count=found.characters.length))
    counts = found.counts
    for name in ("substitutions", "deletions", "insertions"):
        rates.append(Measure(name, getattr(counts, name), "words", count=counts.reference_length))
    empty = sum(1 for text in texts if text is not None and not text.strip())
    failed = sum(1 for text in texts if text is None)
    rates += [Measure("empty", empty, "utterances", count=len(texts))]
    return [*rates, Measure("failed", failed, "utterances", count=len(texts))]


def compared(
    utterances: Sequence[Utterance], texts: Sequence[str | None], plan: Plan, language: str | None
) -> SystemScore:
    """Score what one engine transcribed, as `asr compare` does."""
    settings = settings_of(plan.normalizer, language, utterances)
    return compare(utterances, [System("", "", tuple(texts))], settings).systems[0]


def card_figures(
    condition: Condition, rows: Sequence[say.Transcribed], plan: Plan, language: str | None
) -> list[Measure]:
    """Return what one row of the robustness card comes to."""
    texts = [one.text for one in rows]
    known = [(one, text) for one, text in zip(condition.utterances, texts, strict=True) if text is not None]
    if not known:
        return [Measure("wer" if condition.speech else "invented", None, "", condition.name)]
    if condition.speech:
        found = compared(condition.utterances, texts, plan, language)
        interval = found.group_interval or found.interval
        low, high = (interval.low, interval.high) if interval else (None, None)
        rate = Measure(
            "wer", found.counts.rate, "errors/word", condition.name, low, high, found.counts.reference_length
        )
        active = condition.active_ratio
        return [rate, *([] if active is None else [Measure("active_snr", active, "dB", condition.name)])]
    minutes = sum(one.seconds or 0.0 for one, _ in known) / SEGMENT
    characters = sum(len("".join(text.split())) for _, text in known)
    with_text = sum(1 for _, text in known if text.strip())
    return [
        Measure("invented", characters / minutes, "characters/min", condition.name, count=len(known)),
        Measure("invented_files", with_text, "files", condition.name, count=len(known)),
    ]


def card_record(record: RunRecord, outcome: Outcome) -> RunRecord | None:
    """Return what was transcribed under every condition, as a record that `asr compare --by condition` reads."""
    if not outcome.card:
        return None
    pairs = [(one, row) for each, rows in outcome.card for one, row in zip(each.utterances, rows, strict=True)]
    utterances = tuple(
        replace(bare(one, row), audio=None, fields=((CONDITION, dict(one.fields)[CONDITION]),)) for one, row in pairs
    )
    return replace(
        record,
        utterances=utterances,
        hypotheses=tuple(row.text for _, row in pairs),
        times=tuple(row.total if row.text is not None else None for _, row in pairs),
        dataset=f"{record.dataset}, robustness",
        measures=(),
        requests=(),
    )
