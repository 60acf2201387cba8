"""Measures of conversations: who spoke when (DER, JER); words under any names of speakers (cpWER, tcpWER, ORC-WER).

meeteval and pyannote.metrics do the work (extra ``[meetings]``); errors and lengths are added over recordings, never
averaged. The references and hypotheses are the segments of stm or SegLST files (recording, speaker, times, words), or
the turns of rttm files, which have no words and give the diarization error rate only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from asrcli.errors import InputError, MissingExtra
from asrcli.scoring.intervals import Interval, jackknife
from asrcli.types import Utterance

COLLAR = 5.0  # seconds that a word may be recognised before or after its time, for tcpWER: meeteval's and CHiME's usual


@dataclass(frozen=True, slots=True)
class MeetingScore:
    """Errors of one system over all recordings; ``None`` for a measure that the segments do not allow."""

    name: str
    recordings: int
    cp_errors: int | None  # concatenated minimum-permutation: the best pairing of speakers
    orc_errors: int | None  # optimal reference combination: each utterance goes to the stream that suits it best
    words: int
    missed: float  # seconds of speech
    false_alarm: float
    confusion: float  # seconds of speech under another speaker
    speech: float
    tcp_errors: int | None = None  # as cp, but a word counts as recognised only near its time
    cp_interval: Interval | None = None  # 95 %, over recordings; none of fewer than five
    orc_interval: Interval | None = None
    tcp_interval: Interval | None = None
    jer: float | None = None  # Jaccard error rate: the mean over the speakers of a reference

    @property
    def cp_wer(self) -> float | None:
        """Return the concatenated minimum-permutation word error rate."""
        return self.cp_errors / self.words if self.words and self.cp_errors is not None else None

    @property
    def tcp_wer(self) -> float | None:
        """Return the time-constrained minimum-permutation word error rate."""
        return self.tcp_errors / self.words if self.words and self.tcp_errors is not None else None

    @property
    def orc_wer(self) -> float | None:
        """Return the optimal reference combination word error rate."""
        return self.orc_errors / self.words if self.words and self.orc_errors is not None else None

    @property
    def diarization_error_rate(self) -> float | None:
        """Return missed, false and confused speech per second of reference speech."""
        return (self.missed + self.false_alarm + self.confusion) / self.speech if self.speech else None


def score_meetings(
    name: str,
    references: Sequence[Utterance],
    hypotheses: Sequence[Utterance],
    normalize: Callable[[str], str] | None,
    collar: float = 0.0,
) -> MeetingScore:
    """Score the segments of one system.

    Args:
        references: segments with ``group`` as the speaker, times, and the field ``recording``.
        hypotheses: the same of the system; the names of the speakers do not matter.
        normalize: applied to every text; ``None`` scores no words, because one side has none.
        collar: seconds round each reference boundary that are not scored for who spoke when.

    Raises:
        MissingExtra: meeteval or pyannote.metrics is not installed.
        InputError: the hypotheses have none of the recordings.
    """
    check_installed("scoring meetings", words=normalize is not None)
    said, hypothesis = by_recording(references), by_recording(hypotheses)
    if not set(said) & set(hypothesis):
        raise InputError(f"{name} has none of the recordings of the reference: {', '.join(list(said)[:5])}")
    parts = score_turns(said, hypothesis, collar)
    counted = score_words(said, hypothesis, normalize) if normalize else []
    cp, tcp, orc, words = (list(column) for column in zip(*counted, strict=True)) if counted else ([], [], [], [])
    return MeetingScore(
        name,
        len(said),
        sum(cp) if counted else None,
        sum(orc) if counted else None,
        sum(words),
        parts["missed detection"],
        parts["false alarm"],
        parts["confusion"],
        parts["total"],
        sum(tcp) if counted else None,
        over_recordings(cp, words),
        over_recordings(orc, words),
        over_recordings(tcp, words),
        score_speakers(said, hypothesis, collar),
    )


def over_recordings(errors: Sequence[int], words: Sequence[int]) -> Interval | None:
    """Return the interval of a rate from the errors and words of each recording."""
    import numpy as np

    return jackknife(np.array([errors], np.int64), np.array([words], np.int64)).interval(0) if errors else None


Recordings = dict[str, list[Utterance]]


def score_turns(said: Recordings, hypothesis: Recordings, collar: float) -> Mapping[str, float]:
    """Return the seconds of missed, false and confused speech, and of speech, over all recordings."""
    from pyannote.metrics.diarization import DiarizationErrorRate

    return _added_up(DiarizationErrorRate(collar=2 * collar), said, hypothesis)


def _added_up(metric: Any, said: Recordings, hypothesis: Recordings) -> Mapping[str, float]:
    """Return the parts of a metric of pyannote, whose collar is the whole width, over all recordings."""
    for recording, segments in said.items():
        others = hypothesis.get(recording, [])
        metric(annotation(recording, segments), annotation(recording, others), uem=common_extent(segments, others))
    parts: Mapping[str, float] = metric.accumulated_
    return parts


def score_speakers(said: Recordings, hypothesis: Recordings, collar: float) -> float | None:
    """Return the Jaccard error rate, in which each speaker counts alike, however little he says (DIHARD II, 2019).

    Each speaker of a reference is paired with one of the hypothesis; the error is what only one of the two says, of
    what either says. None without speech.
    """
    from pyannote.metrics.diarization import JaccardErrorRate

    parts = _added_up(JaccardErrorRate(collar=2 * collar), said, hypothesis)
    return float(parts["speaker error"] / parts["speaker count"]) if parts["speaker count"] else None


def score_words(said: Recordings, hypothesis: Recordings, normalize: Callable[[str], str]) -> list[tuple[int, ...]]:
    """Return the errors of cpWER, tcpWER and ORC-WER, and the words, of each recording."""
    from meeteval.wer import cp_word_error_rate, orc_word_error_rate

    logging.getLogger("preprocess").setLevel(logging.ERROR)  # meeteval says at every call that texts have no times
    found: list[tuple[int, ...]] = []
    for recording, segments in said.items():
        streams = by_speaker(hypothesis.get(recording, []), normalize) or {"": ""}
        cp = cp_word_error_rate(by_speaker(segments, normalize), streams)
        orc = orc_word_error_rate([normalize(one.text) for one in segments], streams)
        others = hypothesis.get(recording)
        tcp = near_errors(segments, others, normalize) if others else int(cp.errors)
        found.append((int(cp.errors), tcp, int(orc.errors), int(cp.length)))
    return found


def near_errors(said: Sequence[Utterance], hypothesis: Sequence[Utterance], normalize: Callable[[str], str]) -> int:
    """Return the errors of one recording where a word counts as recognised only within `COLLAR` of its time.

    Words share the time of their segment by their letters, as meeteval does by default.
    """
    from meeteval.io import SegLST
    from meeteval.wer import time_constrained_minimum_permutation_word_error_rate

    def segments(side: Sequence[Utterance]) -> Any:
        """Return utterances as meeteval's segments, their texts normalised."""
        names = ("session_id", "speaker", "words", "start_time", "end_time")
        rows = [("", one.group or "", normalize(one.text), one.start or 0.0, one.end or 0.0) for one in side]
        return SegLST([dict(zip(names, row, strict=True)) for row in rows])

    scored = time_constrained_minimum_permutation_word_error_rate(segments(said), segments(hypothesis), collar=COLLAR)
    return int(scored.errors)


def check_installed(what: str, *, words: bool) -> None:
    """Raise `MissingExtra` when what scores turns, and words if there are any, is not installed."""
    needed = ("meeteval", "pyannote.metrics") if words else ("pyannote.metrics",)
    if absent := [module for module in needed if not is_installed(module)]:
        raise MissingExtra(what, absent, "meetings")


def is_installed(module: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def by_recording(segments: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    """Return the segments of each recording in the order of time."""
    found: dict[str, list[Utterance]] = {}
    for one in sorted(segments, key=lambda one: one.start or 0.0):
        found.setdefault(dict(one.fields).get("recording", ""), []).append(one)
    return found


def by_speaker(segments: Sequence[Utterance], normalize: Callable[[str], str]) -> dict[str, str]:
    """Return everything that each speaker says."""
    found: dict[str, list[str]] = {}
    for one in segments:
        found.setdefault(one.group or "", []).append(normalize(one.text))
    return {speaker: " ".join(texts) for speaker, texts in found.items()}


def annotation(recording: str, segments: Sequence[Utterance]) -> Any:
    """Return who speaks when, as pyannote wants it."""
    from pyannote.core import Annotation, Segment

    made = Annotation(uri=recording)
    for place, one in enumerate(segments):
        made[Segment(one.start or 0.0, one.end or 0.0), place] = one.group or ""
    return made


def common_extent(segments: Sequence[Utterance], others: Sequence[Utterance]) -> Any:
    """Return the stretch that holds every segment: all of it is scored."""
    from pyannote.core import Segment, Timeline

    both = [*segments, *others]
    return Timeline([Segment(min(one.start or 0.0 for one in both), max(one.end or 0.0 for one in both))])
