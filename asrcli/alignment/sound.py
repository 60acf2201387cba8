"""A recording read once from start to end, with as much of it in memory as a window needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asrcli.audio.conditioning import without_offset
from asrcli.pipeline.no_speech import left_out, moved, no_speech_lines
from asrcli.types import SAMPLE_RATE, Clip, Recording, Region, Samples

if TYPE_CHECKING:
    from asrcli.audio.vad import VadOptions


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass over a recording finds."""

    seconds: float
    speech: tuple[Region, ...]  # recording time
    detected: bool = True  # somebody has looked for it; if not, all of the recording counts as speech
    left_out: tuple[Region, ...] = ()  # stands out, and no speech was found in it


def survey(recording: Recording, vad: VadOptions | None, warn: Callable[[str], None]) -> Survey:
    """Find the speech of a recording; without voice activity all of it is taken as speech.

    Raises:
        InputError: as `asrcli.audio.decode.decode`.
    """
    from asrcli.audio.decode import decode
    from asrcli.audio.vad import SpeechDetector

    detector = SpeechDetector(vad, keep_seconds=1.0) if vad else None
    found: list[Region] = []
    samples = 0
    for block in decode(recording, warn):
        samples += len(block)
        found += detector.feed(block) if detector else []
    found += detector.finish() if detector else [Region(0.0, samples / SAMPLE_RATE)]
    speech = moved(found, recording.start)
    left = left_out(speech, detector.standout, recording.start) if detector else ()
    if detector is not None:
        for line in no_speech_lines(recording, samples / SAMPLE_RATE, speech, left, detector.silent):
            warn(line)
    return Survey(samples / SAMPLE_RATE, speech, vad is not None, left)


class Tape:
    """Gives out stretches of a recording that only move on; what lies before the last one asked for is forgotten."""

    def __init__(self, recording: Recording) -> None:
        from asrcli.audio.decode import decode

        self.recording = recording
        self._blocks = decode(recording, lambda text: None)  # the survey has warned already
        self._held: list[Samples] = []
        self._first = round(recording.start * SAMPLE_RATE)  # sample number of what is held
        self._end = self._first

    def clip(self, start: float, end: float, speech: Sequence[Region] = ()) -> Clip:
        """Return a stretch as a clip; ``start`` is not before that of an earlier one."""
        import numpy as np

        start = max(start, self.recording.start)
        first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
        while self._end < last and (block := next(self._blocks, None)) is not None:
            self._held.append(block)
            self._end += len(block)
        while self._held and self._first + len(self._held[0]) <= first:
            self._first += len(self._held.pop(0))
        joined = np.concatenate(self._held) if self._held else np.zeros(0, np.float32)
        samples = joined[max(0, first - self._first) : max(0, last - self._first)]
        inside = tuple(one for one in speech if one.end > start and one.start < end)
        return Clip(self.recording, start, without_offset(samples), inside)
