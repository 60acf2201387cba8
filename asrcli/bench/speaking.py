"""A diarizer beside the engine, as it is timed. Only the measuring process imports this."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from asrcli.alignment.choice import aligner_for, prepare_aligner
from asrcli.alignment.words import AlignedTimes, Timer, own_times
from asrcli.bench import messages as say
from asrcli.datasets.manifests import recording_of
from asrcli.diarization.choice import DiarizerChoice
from asrcli.diarization.desk import Desk
from asrcli.diarization.finder import SpeakerFinder
from asrcli.diarization.speakers import Diarization, SpeakerOptions
from asrcli.diarizer import Diarizer
from asrcli.engine import load_plugin
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.engines.selection import Setup
from asrcli.errors import UsageError
from asrcli.pipeline.events import Failed, Finished
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings
from asrcli.types import Options

if TYPE_CHECKING:
    from asrcli.audio.cut import CutOptions
    from asrcli.types import HalfSamples, Samples


class TimedFinder(SpeakerFinder):
    """Finds speakers, and adds up the time that this takes."""

    def __init__(self, request: say.Diarize, announce: Callable[[str], None]) -> None:
        """Load the diarizer; raises what a diarizer raises."""
        kind = load_plugin(Diarizer, request.diarizer)
        choice = DiarizerChoice(kind, request.weights, request.device)
        super().__init__(choice, SpeakerOptions(), announce)
        self.busy = 0.0

    def find(self, samples: Samples | HalfSamples, start: float) -> Diarization:
        """Return who speaks when."""
        begun = time.perf_counter()
        try:
            return super().find(samples, start)
        finally:
            self.busy += time.perf_counter() - begun


def diarize(
    request: say.Diarize,
    recogniser: LocalRecogniser,
    options: Options,
    cut: CutOptions,
    announce: Callable[[str], None],
) -> Iterator[say.Spoken | say.Diarized]:
    """Transcribe recordings as `asr transcribe --diarize` does, all of them in one run."""
    finder = TimedFinder(request, announce)
    recordings = [recording_of(one) for one in request.utterances]
    desk = Desk(recordings, lambda say_line: finder)
    words = word_times(recogniser.choice, options, announce)
    if "word_timestamps" in recogniser.choice.engine.supports:
        options = replace(options, word_timestamps=True)
    begun = time.perf_counter()
    happenings = run(recordings, [recogniser], options, Settings(cut=cut, words=words, listen=desk.listen))
    for event in desk.add_speakers(happenings):
        if isinstance(event, Finished):
            turns = tuple((one.speaker, one.start, one.end) for one in event.transcript.turns)
            said = tuple((one.speaker or "", one.start, one.end, one.text) for one in event.transcript.segments)
            yield say.Spoken(request.utterances[event.index].id, turns, said)
        elif isinstance(event, Failed):
            error = f"{type(event.error).__name__}: {event.error}"
            yield say.Spoken(request.utterances[event.index].id, error=error)
    yield say.Diarized(time.perf_counter() - begun, finder.busy)


def word_times(choice: Choice, options: Options, announce: Callable[[str], None]) -> Timer:
    """Return what gives words the times by which they get their speakers: the same as in `asr transcribe --diarize`."""
    try:
        found = aligner_for(choice.engine, replace(options, word_timestamps=True), None)
    except UsageError:  # no aligner here speaks the language: the words of a segment share its time
        found = None
    if found is None:
        return own_times
    return AlignedTimes(prepare_aligner(*found, Setup(threads=choice.device.threads, offline=True), announce), announce)
