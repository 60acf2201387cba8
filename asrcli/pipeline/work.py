"""What the engine threads of a run share: recordings under way, clips that wait, and the batches made of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from asrcli.engines.recogniser import Recogniser, vote
from asrcli.errors import DeviceError, EngineUnavailable
from asrcli.pipeline.again import hear_again, second_hearing, sure
from asrcli.pipeline.assembly import Assembly, HeardClip, clip_key, doubt, settle
from asrcli.pipeline.batches import SecondsQueue, choose_batch
from asrcli.pipeline.events import ClipHeard, Event, Failed, Finished, Known, Settled, Voted
from asrcli.pipeline.feed import End, Fed
from asrcli.pipeline.punctuation import punctuate
from asrcli.pipeline.recorded import shaped_by
from asrcli.pipeline.settings import Settings
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Segment, Timings, Transcript

VOTES = 4  # clips of a recording that vote on its language: two minutes of speech at the most


@dataclass(slots=True, eq=False)
class Track:
    """One recording on its way through a run."""

    index: int
    assembly: Assembly
    known: Known
    started: float
    undecided: list[Clip]  # held back until the language is known
    voting: bool = False  # a thread identifies the language now
    failed: bool = False
    end: End | None = None  # the decoder's last word

    @property
    def over(self) -> bool:
        """Whether nothing more comes: failed, or recognised to the end."""
        return self.end is not None and not self.voting and (self.failed or self.assembly.complete)


class Work:
    """The state that the engine threads share. Everything but the calls of engines and models is done under a lock."""

    def __init__(  # noqa: PLR0913 -- takes over what `run` was given, and both its queues
        self,
        recordings: Sequence[Recording],
        recognisers: Sequence[Recogniser],
        options: Options,
        settings: Settings,
        known: Callable[[int], Known],
        fed: SecondsQueue[Fed],
        put: Callable[[Event], None],
    ) -> None:
        self.recordings, self.options, self.settings = recordings, options, settings
        self.known, self.fed, self.put = known, fed, put
        self.choice = choice = recognisers[0].choice
        self.tracks: dict[int, Track] = {}  # under way
        self.waiting: list[tuple[Track, Clip]] = []  # ready for a batch, the oldest first
        self.over = 0
        self.budget = settings.batch_seconds or choice.engine.batch_length(choice.device)
        self.ahead = 4 * self.budget * len(recognisers)  # seconds of clips to choose batches from
        able = choice.engine.identifies_language or settings.identifier is not None
        one_language = len(choice.engine.languages(choice.weights.name)) == 1
        self.votes = able and options.language is None and not one_language

    def go_on(self, recogniser: Recogniser) -> None:
        """Work with one recogniser until every recording is finished or failed. Raises `Closed` when the run ends."""
        with self.fed.changed:
            while self.over < len(self.recordings):
                self.fed.check_open()
                self._collect()
                if (track := self._finished_track()) is not None:
                    self._finish(track, recogniser)
                elif (track := self._electorate()) is not None:
                    self._settle_language(track, recogniser)
                elif self.waiting and not self._is_collecting():
                    self._recognise_batch(recogniser)
                else:
                    self.fed.changed.wait()

    @contextmanager
    def _unlocked(self) -> Iterator[None]:
        """Let the other threads work while this one computes; wake them when there is something new."""
        self.fed.changed.release()
        try:
            yield
        finally:
            self.fed.changed.acquire()
            self.fed.changed.notify_all()

    def _wanted(self) -> float:
        return self.ahead - sum(clip.seconds for _, clip in self.waiting)

    def _all_decoded(self) -> bool:
        ended = sum(track.end is not None for track in self.tracks.values())
        return self.over + ended >= len(self.recordings)

    def _is_collecting(self) -> bool:
        """Return whether a batch has to wait: with a seed, batches must not depend on the speed of the decoder."""
        return self.options.seed is not None and self._wanted() > 0 and not self._all_decoded()

    def _collect(self) -> None:
        """Take the clips that are there, as many as a few batches need."""
        while (wanted := self._wanted()) > 0 and (items := self.fed.take(wanted)):
            for item in items:
                self._receive(item)

    def _receive(self, item: Fed) -> None:
        if isinstance(item, End):
            track = self._track(item.index)
            track.end, track.assembly.ended = item, True
            if item.error is not None:
                self._fail(track, item.error)
            return
        index, clip = item
        track = self._track(index)
        if track.failed:
            return
        slot = track.assembly.add(clip)
        if (segments := track.known.clips.get(slot.key)) is not None:
            slot.segments = segments
            self._emit(track)
        elif self.votes and track.assembly.language is None:
            track.undecided.append(clip)
        else:
            self._enqueue(track, clip)

    def _track(self, index: int) -> Track:
        if index not in self.tracks:
            known = self.known(index)
            assembly = Assembly(
                self.recordings[index],
                self.options,
                language=self.options.language or known.language,
                language_score=known.language_score,
            )
            self.tracks[index] = Track(index, assembly, known, time.perf_counter(), [])
        return self.tracks[index]

    def _enqueue(self, track: Track, clip: Clip) -> None:
        language = track.assembly.language
        self.waiting.append((track, replace(clip, language=language) if language else clip))

    def _electorate(self) -> Track | None:
        """Return a recording that has enough clips for a vote on its language, or no more to come."""
        for track in self.tracks.values():
            enough = len(track.undecided) >= VOTES or track.end is not None
            if track.undecided and enough and not track.voting and not track.failed:
                return track
        return None

    def _settle_language(self, track: Track, recogniser: Recogniser) -> None:
        clips = track.undecided[:VOTES]
        track.voting = True
        try:
            with self._unlocked():
                recogniser.load()  # weights that do not load end the run
                guesses: list[dict[str, float]] | Exception = self._identify(recogniser, clips)
        finally:
            track.voting = False
        if isinstance(guesses, Exception):
            self._fail(track, guesses)
            return
        language, score = vote(guesses, [clip.seconds for clip in clips], self.settings.languages)
        track.assembly.language, track.assembly.language_score = language, score
        self.put(Voted(track.index, language, score))
        for clip in track.undecided:
            self._enqueue(track, clip)
        track.undecided = []

    def _identify(self, recogniser: Recogniser, clips: Sequence[Clip]) -> list[dict[str, float]] | Exception:
        try:
            return (self.settings.identifier or recogniser).identify_language(clips)
        except DeviceError:
            raise
        except Exception as error:  # the per-input boundary
            return error

    def _recognise_batch(self, recogniser: Recogniser) -> None:
        lengths = [clip.seconds for _, clip in self.waiting]
        chosen = choose_batch(lengths, self.budget, self.settings.batch_size)
        batch = [self.waiting[at] for at in chosen]
        taken = set(chosen)
        self.waiting = [one for at, one in enumerate(self.waiting) if at not in taken]
        clips = [clip for _, clip in batch]
        with self._unlocked():
            begun = time.perf_counter()
            results = recogniser.transcribe(clips, self.options)
            results = [self._settled(recogniser, clip, one) for clip, one in zip(clips, results, strict=True)]
            spent = time.perf_counter() - begun
            results = [self._complete(clip, result) for clip, result in zip(clips, results, strict=True)]
        seconds = sum(clip.seconds for clip in clips) or 1.0
        for (track, clip), result in zip(batch, results, strict=True):
            if not track.failed:
                self._take_result(track, clip, result, spent * clip.seconds / seconds)
        if gone := next((one for one in results if isinstance(one, EngineUnavailable)), None):
            while (finished := self._finished_track()) is not None:
                self._finish(finished, recogniser)
            raise gone

    def _settled(
        self, recogniser: Recogniser, clip: Clip, result: list[Segment] | Exception
    ) -> list[Segment] | Exception:
        """Move segments to the recording's clock, and hear again what lacks text for the speech in it."""
        if isinstance(result, Exception):
            return result
        vad = self.settings.cut.vad is not None
        if not vad:
            segments = settle(clip, result, self.options, None)
            trusted = self.choice.engine.rejects_noise or not segments
            return list(segments if trusted else doubt(clip, segments))
        segments = settle(clip, result, self.options, clip.speech)
        if not clip.speech:
            return list(sure(segments))

        return list(hear_again(clip, segments, self.settings.cut, second_hearing(recogniser, self.options)))

    def _complete(self, clip: Clip, segments: list[Segment] | Exception) -> list[Segment] | Exception:
        """Give segments punctuation and word times where asked for."""
        if isinstance(segments, Exception):
            return segments
        if self.settings.punctuator is not None:
            segments = list(punctuate(segments, self.settings.punctuator))
        if self.settings.words is None:
            return segments
        try:
            return list(self.settings.words(clip, segments))
        except (EngineUnavailable, DeviceError):
            raise
        except Exception as error:  # the per-input boundary
            return error

    def _take_result(self, track: Track, clip: Clip, result: list[Segment] | Exception, spent: float) -> None:
        if isinstance(result, EngineUnavailable):
            return  # ends the run; the recording is not to blame
        if isinstance(result, Exception):
            self._fail(track, result)
            return
        key = clip_key(clip)
        track.assembly.engine_seconds += spent
        track.assembly.by_key[key].segments = tuple(result)
        self.put(ClipHeard(track.index, HeardClip(key, tuple(result))))
        self._emit(track)

    def _emit(self, track: Track) -> None:
        assembly = track.assembly
        before = assembly.emitted
        segments = assembly.ready()
        if assembly.emitted > before:
            first, length = assembly.slots[assembly.emitted - 1].key
            self.put(Settled(track.index, tuple(segments), (first + length) / SAMPLE_RATE))

    def _fail(self, track: Track, error: Exception) -> None:
        track.failed, track.undecided = True, []
        self.waiting = [one for one in self.waiting if one[0] is not track]
        self.put(Failed(track.index, error))

    def _finished_track(self) -> Track | None:
        return next((track for track in self.tracks.values() if track.over), None)

    def _finish(self, track: Track, recogniser: Recogniser) -> None:
        """Hand on a transcript, with the answers to what was asked about it."""
        del self.tracks[track.index]
        if not track.failed:
            self.put(self._ending(track, recogniser))
        self.over += 1
        self.fed.changed.notify_all()

    def _ending(self, track: Track, recogniser: Recogniser) -> Finished | Failed:
        transcript = self._transcript(track)
        if self.settings.answer is None:
            return Finished(track.index, transcript)
        try:
            with self._unlocked():
                return Finished(track.index, self.settings.answer(transcript, recogniser))
        except DeviceError:
            raise
        except Exception as error:  # the per-input boundary
            return Failed(track.index, error)

    def _transcript(self, track: Track) -> Transcript:
        assembly, end, weights = track.assembly, track.end, self.choice.weights
        assert end is not None
        return Transcript(
            recording=replace(assembly.recording, seconds=assembly.recording.seconds or end.seconds),
            segments=assembly.segments,
            engine=self.choice.engine.name,
            model=weights.name,
            revision=weights.revision,
            language=assembly.main_language(),
            language_score=assembly.language_score,
            seconds=end.seconds,
            speech=end.speech,
            gaps=assembly.uncovered(end.speech),
            warnings=end.warnings,
            options=(*shaped_by(self.choice, self.settings), *self.options.recorded()),
            timings=Timings(end.decode_seconds, assembly.engine_seconds, time.perf_counter() - track.started),
        )
