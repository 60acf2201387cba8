"""Manifests and run records scored as the Open ASR Leaderboard scores them, to the last digit.

What is done is what ``score_results`` does (normalizer/eval_utils.py, commit d1e99b25 of 2026-08-21): pieces of long
recordings are joined, texts are normalised, compounds cost nothing, and rates are rounded to two digits before they are
averaged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrcli.datasets.columns import CHUNK, PARENT, Row
from asrcli.datasets.lines import read_json_lines
from asrcli.datasets.results import CARD_SUFFIX, system_of
from asrcli.datasets.utterances import RECORD_KEY, check_text, number_of
from asrcli.errors import InputError
from asrcli.leaderboard.manifests import FILE, NORMALIZER, hub_id, model_label
from asrcli.scoring.alignment import Convention, align, count_all, join_alike, without_collector
from asrcli.text.normalisers import build
from asrcli.types import ErrorCounts


@dataclass(frozen=True, slots=True)
class Score:
    """What the leaderboard makes of one manifest; ``wer`` is per cent with two digits."""

    model: str
    dataset: str
    file: str
    utterances: int
    counts: ErrorCounts
    wer: float | None  # None without a reference word
    audio_length: float | None  # seconds; None, as the time, when one line lacks either or has 0
    inference_time: float | None
    sha256: str
    language: str
    notes: tuple[str, ...] = ()

    @property
    def rtfx(self) -> float | None:
        """Seconds of audio per second of work, with four digits."""
        if self.audio_length is None or self.inference_time is None:
            return None
        return round(self.audio_length / self.inference_time, 4)


@dataclass(frozen=True, slots=True)
class Total:
    """One model over its data sets."""

    model: str
    datasets: int
    wer: float | None
    rtfx: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a manifest, or a whole recording put together from its pieces."""

    text: str
    hypothesis: str
    seconds: float | None
    time: float | None


@without_collector()
def score_folder(folder: Path, language: str = "en") -> list[Score]:
    """Score every manifest and run record in a folder and below, in the order of their names.

    Raises:
        InputError: there is none, or one cannot be understood.
    """
    if not folder.exists():
        raise InputError(f"{folder} does not exist")
    paths = [folder] if folder.is_file() else sorted(files_in(folder))
    if not paths:
        raise InputError(
            f"{folder}: no manifest (MODEL_owner-name_DATASET_path_name_split.jsonl) and no run record; "
            "`asr leaderboard export RUN` makes manifests of runs"
        )
    return [score_file(path, language) for path in paths]


def files_in(folder: Path) -> Iterator[Path]:
    """Yield what may be a manifest or a run record: no robustness card, and nothing that is under way."""
    for path in (*folder.rglob("*.jsonl"), *folder.rglob("*.json")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        named = path.suffix == ".jsonl" or FILE.fullmatch(path.name) or system_of(path)  # other JSON is no manifest
        if named and not hidden and not path.name.endswith((CARD_SUFFIX, ".score.json")):
            yield path


def score_file(path: Path, language: str = "en") -> Score:
    """Score one manifest, or one run record of `asr bench`.

    Raises:
        InputError: its name or a line cannot be understood.
    """
    rows = list(read_json_lines(path))
    head = rows[0][1] if rows and RECORD_KEY in rows[0][1] else None
    if head is not None:
        facts = head.get("facts")
        backend = str(facts.get("backend") or "") if isinstance(facts, dict) else ""
        model = model_label(str(head.get("engine") or ""), str(head.get("model") or ""), backend)
        dataset = str(head.get("dataset") or "")
        rows = rows[1:]
    else:
        match = FILE.fullmatch(path.name)
        if match is None:
            raise InputError(
                f"{path}: neither a run record nor named like the leaderboard's manifests, "
                "MODEL_owner-name_DATASET_path_name_split.jsonl"
            )
        model, dataset = hub_id(match["model"]), match["dataset"]
    if not rows:
        raise InputError(f"{path}: no utterances")
    lines, notes = lines_of(rows, path)
    counts = count_errors([one.text for one in lines], [one.hypothesis for one in lines], language)
    seconds, times = [one.seconds for one in lines], [one.time for one in lines]
    timed = all(seconds) and all(times)
    audio, work = (sum(filter(None, column)) if timed else None for column in (seconds, times))
    wer = None if counts.rate is None else round(100 * counts.rate, 2)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Score(model, dataset, str(path), len(lines), counts, wer, audio, work, sha256, language, notes)


def lines_of(rows: Sequence[tuple[int, Row]], path: Path) -> tuple[list[Line], tuple[str, ...]]:
    """Return the lines to score, and what is odd about them.

    Raises:
        InputError: a line has no text, or a number that is none.
    """
    notes = []
    lines = [line_of(row, path, number) for number, row in rows]
    silent = sum(row.get("pred_text") is None for _, row in rows)
    if silent:
        notes.append(f"{silent} utterances without pred_text count as not recognised")
    if PARENT not in rows[0][1]:
        return lines, tuple(notes)
    pieces: dict[str, list[tuple[int, Line]]] = {}
    for (number, row), line in zip(rows, lines, strict=True):
        if PARENT not in row or CHUNK not in row:
            raise InputError(f"{path} line {number}: no {PARENT} and {CHUNK}, which the lines before have")
        place = amount(row, CHUNK, path, number)
        pieces.setdefault(str(row[PARENT]), []).append((int(place or 0), line))
    joined = []
    for parent in sorted(pieces):
        ordered = sorted(pieces[parent], key=lambda piece: piece[0])
        if [place for place, _ in ordered] != list(range(len(ordered))):
            notes.append(f"pieces of {parent} are missing or double: what they hold counts as not recognised")
        joined.append(join_pieces([line for _, line in ordered]))
    return joined, tuple(notes)


def line_of(row: Row, path: Path, number: int) -> Line:
    """Return one line of a manifest."""
    text, hypothesis = row.get("text"), row.get("pred_text")
    if not isinstance(text, str) or not isinstance(hypothesis, str | None):
        raise InputError(f"{path} line {number}: 'text' and 'pred_text' must be there and be text")
    for one in (text, hypothesis or ""):
        check_text(one, path, number)
    seconds, time = (amount(row, key, path, number) for key in ("duration", "time"))
    return Line(text, hypothesis or "", seconds, time)


def amount(row: Row, key: str, path: Path, number: int) -> float | None:
    """Return a number that is not negative; ``None`` where it is missing."""
    value = number_of(row, key, path, number)
    if value is not None and not 0 <= value < 1e9:
        raise InputError(f"{path} line {number}: '{key}' cannot be {value}")
    return value


def join_pieces(pieces: Sequence[Line]) -> Line:
    """Return a recording: its reference stands whole in the first piece."""

    def whole(values: Sequence[float | None]) -> float | None:
        """Return the sum, None where a value is unknown."""
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    hypothesis = " ".join(text for piece in pieces if (text := piece.hypothesis.strip()))
    return Line(pieces[0].text, hypothesis, whole([one.seconds for one in pieces]), whole([one.time for one in pieces]))


def count_errors(
    texts: Sequence[str],
    hypothesis: Sequence[str],
    language: str,
    convention: Convention = Convention.OPEN_ASR_LEADERBOARD,
) -> ErrorCounts:
    """Count word errors with the leaderboard's normaliser, and (unless told otherwise) in its way."""
    normalize = build(NORMALIZER, language)
    references = [normalize(text).split() for text in texts]
    words = [normalize(text).split() for text in hypothesis]
    if language != "en" and convention is Convention.OPEN_ASR_LEADERBOARD:
        pairs = [join_alike(one, other) for one, other in zip(references, words, strict=True)]
        references, words = [list(one) for one, _ in pairs], [list(other) for _, other in pairs]
    return count_all(align(references, words, convention))


def totals(scores: Sequence[Score]) -> list[Total]:
    """Return each model's macro average of the rounded rates, and its speed over everything."""
    found = []
    for model in dict.fromkeys(one.model for one in scores):
        own = [one for one in scores if one.model == model]
        rates = [one.wer for one in own if one.wer is not None]
        timed = all(one.rtfx is not None for one in own)
        seconds = sum(one.audio_length or 0.0 for one in own)
        time = sum(one.inference_time or 0.0 for one in own)
        wer = round(sum(rates) / len(rates), 2) if len(rates) == len(own) else None
        found.append(Total(model, len(own), wer, round(seconds / time, 2) if timed and time else None))
    return found


def score_facts(one: Score) -> dict[str, Any]:
    """Return what the leaderboard's ``.score.json`` beside a manifest holds."""
    return {
        "wer": one.wer,
        "ins": one.counts.insertions,
        "del": one.counts.deletions,
        "sub": one.counts.substitutions,
        "audio_length": one.audio_length,
        "inference_time": one.inference_time,
        "rtfx": one.rtfx,
        "language": one.language,
        "multilingual": one.language != "en",
        "manifest_sha256": one.sha256,
    }
