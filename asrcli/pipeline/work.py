"""What the engine threads of a run share: recordings under way, clips that wait, and the batches made of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from asrcli.base.console import clock
from asrcli.engines.recogniser import Recogniser, vote
from asrcli.errors import DeviceError, EngineUnavailable
from asrcli.pipeline.assembly import Assembly, RecognisedClip, clip_key
from asrcli.pipeline.batches import Closed, SecondsQueue, choose_batch, total_seconds
from asrcli.pipeline.calls import Calls
from asrcli.pipeline.events import ClipRecognised, Event, Failed, Finished, Known, Notice, Settled, Voted, Worked
from asrcli.pipeline.feed import End, Fed
from asrcli.pipeline.feeding import Feeding
from asrcli.pipeline.given_up import GivenUp
from asrcli.pipeline.lead import Lead, limit
from asrcli.pipeline.settings import Settings, shaped_by
from asrcli.pipeline.track import Track
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Segment, Timings, Transcript

SURE, SURE_SECONDS = 0.9, 5.0  # probability and length of a clip that is said to be in another language
VOTES = 4  # clips of a recording that vote on its language: two minutes of speech at the most


@dataclass(frozen=True, slots=True)
class Task:
    """What a run is asked for."""

    recordings: Sequence[Recording]
    options: Options
    settings: Settings
    known: Callable[[int], Known]  # what an interrupted run had recognised of a recording, by its index


class Work:
    """The state that the engine threads share. Everything but the calls of engines and models is done under a lock."""

    def __init__(self, task: Task, recognisers: Sequence[Recogniser], put: Callable[[Event], None]) -> None:
        self.recordings, self.known, self.put = task.recordings, task.known, put
        self.options, self.settings = options, settings = task.options, task.settings
        self.fed: SecondsQueue[Fed] = SecondsQueue(settings.queue_seconds)
        self.all = tuple(recognisers)
        self.recognisers = list(recognisers)  # without those that have failed
        self.given_up = GivenUp(self.recognisers, put)
        self.feeding = Feeding()
        self.recognised = 0.0  # seconds of audio
        self.choice = choice = recognisers[0].choice
        self.recorded = (*shaped_by(choice, settings), *options.recorded())
        self.tracks: dict[int, Track] = {}  # under way
        self.waiting: list[tuple[Track, Clip]] = []  # ready for a batch, the oldest first
        self.over = 0
        self.budget = settings.batch_seconds or choice.engine.batch_length(choice.device)
        self.ahead = 4 * self.budget * len(recognisers)  # seconds of clips to choose batches from
        least = self.ahead if options.seed is not None else 0.0  # which waits for all that a batch is chosen from
        self.lead = Lead(self.fed, max(least, limit(settings, self.budget, len(recognisers))), self._held)
        able = choice.engine.identifies_language or settings.identifier is not None
        one_language = len(choice.engine.languages(choice.weights.name)) == 1
        self.votes = able and options.language is None and not one_language
        self.calls = Calls(options, settings, self.votes)

    def go_on(self, recogniser: Recogniser) -> None:
        """Work with one recogniser until every recording is finished or failed. Raises `Closed` when the run ends."""
        with self.fed.changed:
            while self.over < len(self.recordings):
                self.fed.check_open()
                self._collect()
                if not self._step(recogniser):
                    self.lead.ask(self._is_hungry(recogniser))
                    self.fed.changed.wait()

    def _step(self, recogniser: Recogniser) -> bool:
        """Do what there is to do for a recogniser: finish a recording, settle its language, or recognise a batch.

        Return whether there was anything.
        """
        if (track := self._finished_track()) is not None:
            self._finish(track, recogniser)
            return True
        if (track := self._electorate()) is not None and self._may_vote(recogniser):
            self._settle_language(track, recogniser)
            return True
        if self.waiting and not self._is_collecting() and self._has_turn(recogniser):
            self._recognise_batch(recogniser)
            return True
        return False

    def _held(self) -> float:
        """Return the seconds of audio that wait here."""
        undecided = [clip for track in self.tracks.values() for clip in track.undecided]
        return total_seconds([*undecided, *(clip for _, clip in self.waiting)])

    def _is_hungry(self, recogniser: Recogniser) -> bool:
        """Return whether a recogniser that is at work has no batch: sound comes too slowly. At first it loads."""
        return bool(self.recognised) and recogniser in self.recognisers and not self.feeding.busy(recogniser)

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

    def _may_vote(self, recogniser: Recogniser) -> bool:
        """Return whether a recogniser may be asked for a language: first who is free, behind a batch it waits."""
        return not self.feeding.busy(recogniser) or all(map(self.feeding.busy, self.recognisers))

    def _settle_language(self, track: Track, recogniser: Recogniser) -> None:
        clips = track.undecided[:VOTES]
        track.voting = True
        try:
            with self._unlocked():
                recogniser.load()  # weights that do not load end the run
                guesses: list[dict[str, float]] | Exception = self.calls.identify(recogniser, clips)
        finally:
            track.voting = False
        if isinstance(guesses, Exception):
            self._fail(track, guesses)
            return
        language, score = vote(guesses, [clip.seconds for clip in clips], self.settings.languages)
        track.assembly.language, track.assembly.language_score = language, score
        self.put(Voted(track.index, language, score))
        if line := other_language(guesses, clips, language):
            self.put(Notice(line, track.index))
        own = [replace(clip, language_score=one.get(language, 0.0)) for clip, one in zip(clips, guesses, strict=False)]
        for clip in [*own, *track.undecided[len(own) :]]:
            self._enqueue(track, clip)
        track.undecided = []

    def _recognise_batch(self, recogniser: Recogniser) -> None:
        lengths = [clip.seconds for _, clip in self.waiting]
        fair = len(lengths) * max(lengths) / len(self.recognisers)  # of several none takes all that there is
        chosen = choose_batch(lengths, min(self.budget, fair), self.settings.batch_size)
        batch = [self.waiting[at] for at in chosen]
        taken = set(chosen)
        self.waiting = [one for at, one in enumerate(self.waiting) if at not in taken]
        clips = [clip for _, clip in batch]
        self.feeding.begin(recogniser)
        self.lead.ask(hungry=False)
        try:
            with self._unlocked():
                results, spent = self.calls.recognise(recogniser, clips)
        except (EngineUnavailable, DeviceError):
            self._give_back(batch)
            raise
        finally:
            self.feeding.end(recogniser, more=not self._all_decoded())
        seconds = sum(clip.seconds for clip in clips) or 1.0
        self._count(recogniser, seconds)
        for (track, clip), result in zip(batch, results, strict=True):
            if not track.failed:
                self._take_result(track, clip, result, spent * clip.seconds / seconds)
        if gone := next((one for one in results if isinstance(one, EngineUnavailable)), None):
            self._give_back([one for one, result in zip(batch, results, strict=True) if result is gone])
            while (finished := self._finished_track()) is not None:
                self._finish(finished, recogniser)
            raise gone

    def _give_back(self, batch: Sequence[tuple[Track, Clip]]) -> None:
        """Let another recogniser recognise clips, if there is one."""
        self.waiting = [*(one for one in batch if not one[0].failed), *self.waiting]

    def spare(self, recogniser: Recogniser, error: Exception) -> bool:
        """Give up a recogniser if there are others, which may do the rest; return whether there are."""
        with self.fed.changed:
            self.fed.changed.notify_all()
            return self.given_up.spare(recogniser, error, self.recognised > 0)

    def _has_turn(self, recogniser: Recogniser) -> bool:
        """Return whether a recogniser may take a batch: one that is at work, only where enough is left for the others.

        What waits behind a batch that is being recognised is not there for a recogniser that is free.
        """
        if recogniser not in self.recognisers:
            raise Closed
        seconds = sum(clip.seconds for _, clip in self.waiting)
        return not self.feeding.busy(recogniser) or seconds > self.budget * len(self.recognisers)

    def _count(self, recogniser: Recogniser, seconds: float) -> None:
        self.recognised += seconds
        self.given_up.say()
        if len(self.all) > 1:
            self.put(Worked(self.all.index(recogniser), seconds))

    def _take_result(self, track: Track, clip: Clip, result: list[Segment] | Exception, spent: float) -> None:
        if isinstance(result, EngineUnavailable):
            return  # ends the run; the recording is not to blame
        if isinstance(result, Exception):
            self._fail(track, result)
            return
        other = next((one for one in result if clip.language and one.language not in (None, clip.language)), None)
        if other is not None and not track.told:
            track.told = True
            text = f"parts are in other languages, as at {clock(other.start)} in '{other.language}', and written so"
            self.put(Notice(text, track.index))
        key = clip_key(clip)
        track.assembly.engine_seconds += spent
        track.assembly.by_key[key].segments = tuple(result)
        self.put(ClipRecognised(track.index, RecognisedClip(key, tuple(result))))
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
            try:
                self.put(self._ending(track, recogniser))
            except DeviceError:
                self.tracks[track.index] = track  # for another recogniser, if there is one
                raise
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
            language_score=assembly.main_language_score(),
            seconds=end.seconds,
            speech=end.speech,
            gaps=assembly.uncovered(end.speech, end.left_out),
            warnings=end.warnings,
            options=self.recorded,
            timings=Timings(end.decode_seconds, assembly.engine_seconds, time.perf_counter() - track.started),
        )


def other_language(guesses: Sequence[Mapping[str, float]], clips: Sequence[Clip], language: str) -> str | None:
    """Return a line about the first clip that is surely in another language than the recording is taken for."""
    for guess, clip in zip(guesses, clips, strict=False):
        code = max(sorted(guess), key=lambda one: guess[one], default=language)
        if code != language and guess[code] >= SURE and clip.seconds >= SURE_SECONDS:
            return (
                f"at {clock(clip.start)} it sounds like '{code}', and all of it is taken for '{language}'; "
                "of a recording in two languages, give each part its own -l with --start and --end"
            )
    return None
