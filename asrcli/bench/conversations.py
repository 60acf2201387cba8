"""Recordings of several people in a benchmark: their reference turns, and how well speakers were found."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asrcli.bench import messages as say
from asrcli.compare.conversations import read_turns
from asrcli.datasets.dataset import Dataset
from asrcli.datasets.kaldi import read_stm
from asrcli.datasets.results import Measure
from asrcli.errors import InputError, UsageError
from asrcli.scoring import meetings
from asrcli.types import Utterance

WITH_SPEAKERS = "with speakers"  # the condition of the figures
COLLAR = 0.25  # seconds round each boundary, NIST's, for the second of two rates
KEYS = {".rttm": ("rttm", "rttm_filepath"), ".stm": ("stm", "stm_filepath")}  # of a manifest; NeMo's name is the second


@dataclass(frozen=True, slots=True)
class Reference:
    """Who speaks when in a recording, and what each says where that is known; `recording` is the utterance's id."""

    turns: tuple[Utterance, ...]
    segments: tuple[Utterance, ...] | None  # None: no words


def references(dataset: Dataset) -> dict[str, Reference]:
    """Return the references of each recording that has any: rttm, stm or both, beside it or named in the manifest.

    Raises:
        UsageError: none has.
        InputError: a file that is named is not there, or cannot be understood, or is about other recordings.
    """
    found: dict[str, Reference] = {}
    for one in dataset.utterances:
        rttm, stm = (_file(one, suffix, dataset.source) for suffix in KEYS)
        segments = None if stm is None else _own(one, read_stm(stm), stm)
        turns = segments if rttm is None else _own(one, read_turns(rttm), rttm)
        if turns is not None:
            found[one.id] = Reference(turns, segments)
    if not found:
        raise UsageError(
            f"--diarize: nothing says who speaks in '{dataset.source}': put NAME.rttm or NAME.stm beside NAME.wav, "
            "or name the file as rttm or stm in the manifest"
        )
    return found


def _file(one: Utterance, suffix: str, source: str) -> Path | None:
    """Return the file of a recording's references: the one the manifest names, else one of its name beside it."""
    fields = dict(one.fields)
    named = next((fields[key] for key in KEYS[suffix] if fields.get(key)), None)
    if named is not None:
        base = Path(source) if os.path.isdir(source) else Path(source).parent
        path = base / named
        if not path.is_file():
            raise InputError(f"{path} is not there: it is the {suffix[1:]} of '{one.id}' in the manifest")
        return path
    beside = Path(one.audio or "").with_suffix(suffix) if one.audio and "://" not in one.audio else None
    return beside if beside is not None and beside.is_file() else None


def _own(one: Utterance, segments: Sequence[Utterance], path: Path) -> tuple[Utterance, ...]:
    """Return what of a file is about a recording, within the part of it that is transcribed.

    Raises:
        InputError: it is about others only.
    """
    names = {dict(each.fields)["recording"] for each in segments}
    stem = Path(one.audio or one.id).stem
    wanted = {one.id, stem, "_".join(stem.split())}
    if not names & wanted and len(names) > 1:
        raise InputError(f"{path} has nothing of '{stem}'; it has: {', '.join(sorted(names)[:3])}")
    chosen = names & wanted or names
    first, last = one.start or 0.0, float("inf") if one.end is None else one.end
    kept = []
    for each in segments:
        start, end = each.start or 0.0, each.end or 0.0
        if dict(each.fields)["recording"] not in chosen or min(end, last) <= max(start, first):
            continue
        inside = first <= (start + end) / 2 < last  # the words of one that is cut count where most of it is
        text, own = each.text if inside else "", (("recording", one.id),)
        kept.append(replace(each, start=max(start, first), end=min(end, last), text=text, fields=own))
    return tuple(kept)


def _found(name: str, parts: Sequence[tuple[Any, ...]]) -> list[Utterance]:
    """Return what was found in a recording: its turns, or its segments, which have words."""
    own = (("recording", name),)
    return [
        Utterance(f"{name}-{place}", "".join(text), group=who, start=start, end=end, fields=own)
        for place, (who, start, end, *text) in enumerate(parts)
    ]


def scores(
    known: Mapping[str, Reference], spoken: Sequence[say.Spoken], normalize: Callable[[str], str]
) -> list[Measure]:
    """Return how well speakers were found; a recording that failed counts as one without any speaker found."""
    if not spoken:
        return []
    said = meetings.by_recording([turn for one in spoken for turn in known[one.id].turns])
    transcribed = meetings.by_recording([turn for one in spoken for turn in _found(one.id, one.turns)])
    measures = []
    for name, collar in (("der", 0.0), ("der_collar", COLLAR)):
        parts = meetings.score_turns(said, transcribed, collar)
        total = parts["total"] or None
        errors = {f"{name}_{part}": parts[key] for part, key in PARTS.items()}
        rates = {name: sum(errors.values()), **errors}
        measures += [Measure(key, total and value / total, "of speech", WITH_SPEAKERS) for key, value in rates.items()]
    measures.append(Measure("jer", meetings.score_speakers(said, transcribed, 0.0), "of speech", WITH_SPEAKERS))
    right = sum(_people(said.get(one.id, ())) == _people(transcribed.get(one.id, ())) for one in spoken)
    measures.append(Measure("speaker_count_right", right, "recordings", WITH_SPEAKERS, count=len(spoken)))
    return [*measures, *_word_scores(known, spoken, normalize)]


PARTS = {"missed": "missed detection", "false_alarm": "false alarm", "confusion": "confusion"}


def _people(segments: Sequence[Utterance]) -> int:
    return len({one.group for one in segments})


def _word_scores(
    known: Mapping[str, Reference], spoken: Sequence[say.Spoken], normalize: Callable[[str], str]
) -> list[Measure]:
    """Return the rates of words under the best pairing of speakers, of the recordings that have words."""
    worded = [one for one in spoken if known[one.id].segments is not None]
    said = meetings.by_recording([each for one in worded for each in known[one.id].segments or ()])
    transcribed = meetings.by_recording([each for one in worded for each in _found(one.id, one.segments)])
    counted = meetings.score_words(said, transcribed, normalize)
    if not counted:
        return []
    cp, tcp, _, words = (list(column) for column in zip(*counted, strict=True))
    measures = []
    for name, errors in (("cp_wer", cp), ("tcp_wer", tcp)):
        between = meetings.over_recordings(errors, words)
        low, high = (between.low, between.high) if between else (None, None)
        rate = sum(errors) / sum(words) if sum(words) else None
        measures.append(Measure(name, rate, "errors/word", WITH_SPEAKERS, low, high, sum(words)))
    return measures


def speeds(found: say.Diarized, audio: float) -> list[Measure]:
    """Return how fast engine and diarizer are together, and the diarizer of that."""
    pairs = ((WITH_SPEAKERS, found.wall), ("diarizer", found.diarizer))
    return [Measure("rtfx", audio / wall if wall else None, "x", condition) for condition, wall in pairs]
