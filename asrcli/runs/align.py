"""Pairs of sound and text to finished outputs: aligned one after the other, checked, and written whole."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.alignment import choice as choices
from asrcli.alignment import reference as references
from asrcli.alignment.listening import Listener
from asrcli.alignment.readings import numbers_in
from asrcli.alignment.result import spell, summarise, transcript_of
from asrcli.alignment.script import SUFFIXES, Script, read_script
from asrcli.alignment.windows import Pairing, SpokenText, Windows, keep_whole
from asrcli.audio.inputs import STDIN
from asrcli.base.background import Announce, follow
from asrcli.base.whole import MOST
from asrcli.engines.recogniser import Choice
from asrcli.engines.selection import Setup, prepare
from asrcli.errors import CheckFailed, DeviceError, EngineUnavailable, InputError, OutputError
from asrcli.outputs.identity import Stamp, stamp
from asrcli.runs.align_checks import doubts, failed_check, language_of
from asrcli.runs.align_plan import AlignPlan, AlignRequest
from asrcli.runs.events import Done, JobEvent, JobFailed, Note, Recognised
from asrcli.runs.execute import probe_jobs
from asrcli.runs.outputs import identity_since, write_outputs
from asrcli.runs.sharing import DoneElsewhere, Shared
from asrcli.types import Options, Transcript
from asrcli.workers.pool import recogniser

if TYPE_CHECKING:
    from asrcli.aligner import Aligner
    from asrcli.audio.decode import AudioInfo
    from asrcli.runs.jobs import Job

    Look = tuple[Job, AudioInfo | None]


def execute(planned: AlignPlan) -> Generator[JobEvent, None, None]:
    """Do what is planned, one recording after the other; yield what happens.

    Raises:
        EngineUnavailable, DeviceError: the aligner cannot be loaded.
    """
    readable = yield from _with_texts((yield from probe_jobs(planned, {})))
    if readable:
        prepared = yield from follow(lambda announce: _prepare(planned, announce), Note)
        yield from _Alignment(planned, prepared).events(readable)


def _with_texts(jobs: Sequence[Look]) -> Generator[JobFailed, None, list[Look]]:
    """Yield which texts cannot be read, before weights are looked for and loaded, and return the jobs of the others."""
    found = []
    for job, info in jobs:
        try:
            _script(job.name, job.text)
        except InputError as error:
            yield JobFailed(job, error)
        else:
            found.append((job, info))
    return found


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a run works with; its weights are on this machine now, and nothing is loaded yet."""

    aligner: choices.AlignerChoice
    finder: choices.AlignerChoice | None  # a second aligner that verifies which words are in the audio
    listener: Choice | None  # or a recogniser that does
    second: Callable[[Announce], Choice] | None  # finds a recogniser to ask before a text is called another one

    def load(self, announce: Announce) -> Pairing:
        """Load the aligner and the verifier; a recogniser as verifier loads when it is needed."""
        aligner = self.aligner.load()
        if self.listener is not None:
            return verified_by(self.listener, aligner, announce)
        return Pairing(aligner, self.finder.load() if self.finder else None)


def verified_by(choice: Choice, aligner: Aligner, announce: Announce) -> Pairing:
    """Return an aligner whose words a recogniser finds."""
    return Pairing(aligner, Listener(recogniser(choice, announce), aligner), timed=True)


def _prepare(planned: AlignPlan, announce: Announce) -> _Prepared:
    """Find all weights, pulling them when allowed."""
    request = planned.request
    setup = Setup(device=request.device, dtype=request.dtype, threads=request.threads, offline=request.offline)
    aligner = choices.prepare_aligner(planned.aligner, planned.model, setup, announce)

    def found(listener: choices.Listener, announce: Announce) -> Choice:
        """Find the weights of an engine that recognises for the aligner."""
        # The type asked for is the aligner's; an engine may not have it.
        return prepare(*listener, Options(), replace(setup, dtype="auto"), announce)

    listener = found(planned.listener, announce) if planned.listener else None
    second = partial(found, planned.second) if planned.second else None
    finder = None
    if planned.finder is not None:  # --device and --dtype are for the aligner
        here = Setup(threads=request.threads, offline=True)
        finder = choices.prepare_aligner(*planned.finder, here, announce)
    return _Prepared(aligner, finder, listener, second)


class _Alignment:
    """The state of one run: what is loaded, and how far all words so far are from their reference."""

    def __init__(self, planned: AlignPlan, prepared: _Prepared) -> None:
        self.plan, self.request = planned, planned.request
        self.shared = Shared(self.request)
        self.choice = prepared.aligner
        self.notes: list[str] = []  # lines for the user, which whoever loads something adds to
        self.aligners = prepared.load(self.notes.append)
        self.find_second = prepared.second
        self.errors: list[references.BoundaryError] = []
        self.tracks: dict[str, str | None] = {}  # of several in one input, by its name

    def events(self, jobs: Sequence[tuple[Job, AudioInfo | None]]) -> Iterator[JobEvent]:
        """Align one recording after the other."""
        for job, info in jobs:
            self.tracks[job.name] = None if info is None or info.track is None else str(info.track)
            try:
                self.shared.claim(job)
            except DoneElsewhere:  # until the end
                continue
            except OutputError as error:
                yield JobFailed(job, error)
                continue
            yield from self._attempt(job)
        while left := (yield from self.shared.next_left()):
            yield from self._attempt(left)
        if len(self.errors) > 1:
            total = sum(self.errors, start=references.BoundaryError((), 0, 0))
            yield Note(f"all {len(self.errors)} against {self.request.reference}: {total}")

    def _attempt(self, job: Job) -> Iterator[JobEvent]:
        try:
            yield from self._align(job)
        except (EngineUnavailable, DeviceError):
            raise
        except Exception as error:  # the per-input boundary
            yield JobFailed(job, error)
        finally:
            self.shared.release(job)
        yield from self._noted()

    def _noted(self) -> Iterator[Note]:
        while self.notes:
            yield Note(self.notes.pop(0))

    def _align(self, job: Job) -> Iterator[JobEvent]:
        opened = {job.name: stamp(job.name), **({job.text: stamp(job.text, MOST)} if job.text else {})}
        transcript, again = (yield from self._aligned(job, self.aligners)), False
        if self.find_second is not None and self._coverage(transcript) < self.request.min_coverage:
            other = yield from self._aligned(job, self.second)
            again = self._coverage(other) > self._coverage(transcript)
            transcript = other if again else transcript
        yield from (Note(text, job) for text in transcript.warnings)
        weights, options = self.choice.weights, tuple(self.plan.shaped_by(self.choice.device, again))
        transcript = replace(transcript, model=weights.name, revision=weights.revision, options=options)
        yield from self._finish(job, transcript, opened)
        if self.request.reference:
            yield self._compare(self.request.reference, job, transcript)

    def _aligned(self, job: Job, aligners: Pairing) -> Generator[JobEvent, None, Transcript]:
        request = replace(self.request, track=self.tracks[job.name])
        recording = request.recording(job.name)
        steps = alignment(job.name, job.text, aligners, request)
        while True:
            yield from self._noted()
            try:
                yield Recognised(job, recording, (), next(steps))
            except StopIteration as end:
                transcript: Transcript = end.value
                return transcript

    @cached_property
    def second(self) -> Pairing:
        """The aligner with a recogniser that finds the words, for texts that the aligner calls others."""
        assert self.find_second is not None
        return verified_by(self.find_second(self.notes.append), self.aligners.aligner, self.notes.append)

    def _coverage(self, transcript: Transcript) -> float:
        return summarise(transcript, detected=self.request.vad is not None).coverage

    def _compare(self, folder: str, job: Job, transcript: Transcript) -> Note:
        """Say how far a recording's words are from its reference, or why that is unknown."""
        try:
            known = references.find_reference(folder, Path(job.name).stem)
        except InputError as problem:  # the alignment is done all the same
            return Note(str(problem), job)
        error = references.boundary_error(known, references.words_of(transcript))
        if error.words < references.LEAST_SHARED * len(known):
            return Note(f"the reference in '{folder}' has other words: {error.words} of {len(known)} are the same", job)
        self.errors.append(error)
        return Note(f"against {folder}: {error}", job)

    def _finish(self, job: Job, transcript: Transcript, opened: Mapping[str, Stamp | None]) -> Iterator[JobEvent]:
        """Write the outputs, say what does not fit together, and check what was asked for."""
        audio, changed = identity_since(job.name, opened[job.name])
        if changed is None:
            changed = identity_since(job.text, opened[job.text])[1]  # after its hash has been taken for the recipes
        doubtful = failed_check(transcript, self.request, self.aligners.verifier is not None)
        # A result that a check has failed is there to be looked at, and never up to date.
        good = changed is None and doubtful is None
        written, problem = yield from write_outputs(self.request, job, transcript, audio, good=good)
        yield from (Note(text, job) for text in doubts(transcript))
        kept = f"; see {written[0]}" if written else ""
        if doubtful and not changed:
            problem = problem or CheckFailed(f"{job.name}: {doubtful}{kept}")
        if failure := changed or problem:
            yield JobFailed(job, failure)
        else:
            yield Done(job, transcript, written)


def align_pair(audio: str, text: str, aligners: Pairing, request: AlignRequest) -> Transcript:
    """Align one recording with its text; see `alignment`."""
    steps = alignment(audio, text, aligners, request)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            transcript: Transcript = end.value
            return transcript


def _script(audio: str, text: str) -> Script:
    """Read the text of a recording.

    Raises:
        InputError: there is none, or it cannot be read; or the recording cannot be read twice.
    """
    if not text:
        raise InputError(f"{audio}: no text of this name ({', '.join(SUFFIXES)})")
    if audio == STDIN:
        raise InputError("standard input is read once and sound twice: give the recording as a file")
    return read_script(text)


def alignment(audio: str, text: str, aligners: Pairing, request: AlignRequest) -> Generator[float, None, Transcript]:
    """Align one recording with its text; yield how far it is, in seconds of the recording, and return the transcript.

    Raises:
        InputError: one of them cannot be read.
        CheckFailed: the text is plainly in a language that the aligner does not speak.
    """
    from asrcli.alignment.sound import Tape, survey

    script = _script(audio, text)
    language = language_of(script, request, type(aligners.aligner), text)
    recording = request.recording(audio)
    warnings: list[str] = []
    found = survey(recording, request.vad, warnings.append)
    spelling = spell(script, language)
    spoken = SpokenText(spelling.spoken, language, numbers_in(spelling, language))
    aligners = replace(aligners, window=request.chunk_length)
    windows = Windows(spoken, Tape(recording), found.speech, aligners)
    yield from windows.steps()
    spelling = spell(script, language, windows.chosen)
    if windows.verifier is not None:
        keep_whole(windows, spelling.starts, lambda: Tape(recording))
    scored = aligners.verifier is not None
    transcript = transcript_of(spelling, windows.found, recording, found, aligners.aligner.name, scored)
    return replace(transcript, language=language, warnings=tuple(warnings))
