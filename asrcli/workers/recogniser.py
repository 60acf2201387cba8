"""A recogniser whose engine is in a process of its own, which may crash, hang, leak and print what it likes.

A death costs one load and one batch. A batch accuses all its clips, so each of them is transcribed alone; only a clip
that kills the process twice while it is alone fails its recording.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from asrcli.base.console import clock
from asrcli.base.counts import count_of
from asrcli.base.files import cause
from asrcli.engine import Engine
from asrcli.engines.recogniser import Announce, Choice, LocalRecogniser, Results, silently
from asrcli.errors import EngineUnavailable, InputError
from asrcli.transport.child import Died
from asrcli.types import Clip, Options, Segment
from asrcli.workers.remote import Launch, Remote, launch_here, remote
from asrcli.workers.wanted import Limits

MOST_IN_A_ROW = 3  # recordings at which it died, none transcribed between them: it is not they who are to blame
SHARE = 0.8  # of the machine's memory that all workers together may grow to
CGROUP = "/sys/fs/cgroup/memory.max"

DEFAULT = Limits()

T = TypeVar("T")


class WorkerRecogniser(LocalRecogniser):
    """An engine in a process of its own. Out of memory, it goes down the same ladder, on fresh processes.

    Args:
        limits: what the process may take.
        workers: how many there are on this machine, which share its memory; 0: they are elsewhere.
        announce: gets one sentence for each death and each step down.
    """

    lanes = 2

    def __init__(
        self,
        choice: Choice,
        limits: Limits = DEFAULT,
        workers: int = 1,
        announce: Announce = silently,
        launch: Launch = launch_here,
    ) -> None:
        super().__init__(choice, announce)
        self.limits, self._launch = limits, launch
        self._most = limits.memory or (int(SHARE * machine_memory() / workers) if workers else 0)  # bytes
        self._calling = self._loading  # one call at a time, whatever the engine can
        self._remote: Remote | None = None  # also while it loads
        self._closings = 0
        self._since: int | None = None  # closings when the call that is under way was made
        self._died_at: set[str] = set()  # recordings, since a clip was transcribed

    def load(self) -> Engine:
        """Return the engine, in a process that is started first if need be."""
        with self._turn():
            return super().load()

    def close(self) -> None:
        """End the process, in the middle of a call if need be; the next call starts another."""
        self._closings += 1  # which calls that wait for their turn see as well
        if self._loading.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._loading.release()
        elif (running := self._remote) is not None:
            running.child.kill()

    def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
        """Return what was recognised in each clip. A failure, or a death, is that of its clip alone.

        Raises:
            EngineUnavailable: the engine dies of everything, and has recognised none of the clips.
            OutOfMemory: one clip alone does not fit on any device.
        """
        with self._turn():
            try:
                results = super().transcribe(clips, options)
                self._died_at.clear()
            except Died as death:
                results = self._after_death(death, clips, options)
            self._replace_if_grown()
            return results

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of each language for each clip."""
        over = f"while it found the language, at {clock(clips[0].start)}"
        return self._twice(lambda: super(WorkerRecogniser, self).identify_language(clips), over)

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return what the engine's language model answers to each prompt."""
        return self._twice(lambda: super(WorkerRecogniser, self).generate(prompts, max_new_tokens), "over a question")

    # The process

    def _open(self) -> Engine:
        """Start a process and load the weights in it; one that dies then is tried once more."""
        for again in (True, False):
            self._check_open()
            process = self._launch(self.choice, self.device, lambda text: self.announce(text))
            self._remote = remote(self.choice, self.device, self.limits, process)
            try:
                self._check_open()
                self._remote.load()
                return self._remote
            except BaseException as error:
                self._let_go()
                if not isinstance(error, Died):
                    raise
                self._check_open()
                if not again:
                    raise EngineUnavailable(
                        f"the process of engine '{self.choice.engine.name}' died twice while loading: {cause(error)}"
                    ) from None
                self.announce(f"the engine's process died while loading: {cause(error)}; it is started once more")
        raise AssertionError

    def _let_go(self) -> None:
        """End the process."""
        ended, self._remote, self._engine = self._remote, None, None
        if ended is not None:
            ended.child.close(seconds=0.2)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Make one call after the other, none that was made before the recogniser was closed."""
        made = self._closings
        with self._loading:
            outer, self._since = self._since, made if self._since is None else self._since
            try:
                self._check_open()
                yield
            finally:
                self._since = outer

    def _check_open(self) -> None:
        if self._since not in (None, self._closings):
            raise EngineUnavailable("the recogniser was closed in the middle of its work")

    def _replace_if_grown(self) -> None:
        running = self._remote
        if running is None:
            return
        if self._most and running.memory > self._most >= running.memory_at_first:
            self.announce(
                f"the engine's process has grown from {_size(running.memory_at_first)} to {_size(running.memory)}, "
                f"beyond {_size(self._most)}: a fresh one goes on"
            )
            self._let_go()

    # Deaths

    def _after_failure(self, error: Exception, clips: Sequence[Clip], options: Options) -> Results | None:
        if isinstance(error, Died):
            raise error  # no matter of this batch alone, see `transcribe`
        return super()._after_failure(error, clips, options)

    def _after_death(self, death: Died, clips: Sequence[Clip], options: Options) -> Results:
        """Transcribe each clip of a call alone, on fresh processes."""
        self._bury()
        trial = Trial(clips)
        if len(clips) > 1:
            self.announce(f"the engine's process died with {_named(clips)}: {death}; each clip is tried alone")
        try:
            if len(clips) == 1 and (at := trial.next()) is not None:
                self._accuse(trial, at, death)
            while (at := trial.next()) is not None:
                self._try_alone(trial, at, options)
        except EngineUnavailable as gone:
            return trial.results(gone)
        return trial.results()

    def _try_alone(self, trial: Trial, at: int, options: Options) -> None:
        try:
            found = super().transcribe([trial.clips[at]], options)
        except Died as death:
            self._bury()
            self._accuse(trial, at, death)
        else:
            self._died_at.clear()
            trial.recognised(at, found[0])

    def _accuse(self, trial: Trial, at: int, death: Died) -> None:
        """Say that the process died at a clip that was alone.

        Raises:
            EngineUnavailable: at those of other recordings too, and none was transcribed between them.
        """
        clip = trial.clips[at]
        once_more = trial.died(at, death)
        self._died_at.add(clip.recording.name)
        if len(self._died_at) >= MOST_IN_A_ROW:
            raise EngineUnavailable(
                f"engine '{self.choice.engine.name}' dies of everything, {len(self._died_at)} recordings in a row: "
                f"{death}"
            )
        if once_more:
            where = f"{clip.recording.name} at {clock(clip.start)}"
            self.announce(f"the engine's process died at {where}: {death}; it is tried once more")

    def _twice(self, work: Callable[[], T], over: str) -> T:
        """Do work that is tried once more when the process dies of it; raise `InputError` where it died twice."""
        with self._turn():
            try:
                return work()
            except Died as death:
                self._bury()
                self.announce(f"the engine's process died {over}: {death}; it is tried once more")
            try:
                return work()
            except Died as death:
                self._bury()
                raise InputError(f"the engine died twice {over}: {death}") from None

    def _bury(self) -> None:
        self._let_go()
        self._check_open()


def _named(clips: Sequence[Clip]) -> str:
    """Return how many clips of which recordings there are."""
    names = list(dict.fromkeys(clip.recording.name for clip in clips))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{count_of(clips, 'clip')} of {names[0]}{more}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def machine_memory() -> int:
    """Return the memory that this machine, or its container, has, in bytes; 0 where the system does not say."""
    try:
        have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0
    with suppress(OSError, ValueError):  # no group of processes, or one without a limit
        have = min(have, int(Path(CGROUP).read_text()))
    return have


class Trial:
    """The clips of a call at which the process died: each is transcribed alone, and only who kills twice has failed."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = clips
        self.suspects: set[int] = set()  # at which the process died while they were alone
        self._waiting = list(range(len(clips)))
        self._found: dict[int, list[Segment] | Exception] = {}

    def next(self) -> int | None:
        """Take the next clip; ``None`` when all have been transcribed or have failed."""
        return self._waiting.pop(0) if self._waiting else None

    def recognised(self, at: int, result: list[Segment] | Exception) -> None:
        """Keep what came of a clip."""
        self._found[at] = result

    def died(self, at: int, death: Died) -> bool:
        """Note a death at a clip that was alone; return whether it is tried once more.

        Then the other recordings come first, so that it is known whether the engine transcribes anything at all. The
        second death fails the recording, whose other clips need not be transcribed.
        """
        recording = self.clips[at].recording
        mine = [one for one in self._waiting if self.clips[one].recording == recording]
        others = [one for one in self._waiting if one not in mine]
        if at not in self.suspects:
            self.suspects.add(at)
            self._waiting = [*others, at, *mine]
            return True
        where = clock(self.clips[at].start)
        failure = InputError(f"{recording.path}: the engine died twice at {where}: {death}")
        self._found.update(dict.fromkeys([at, *mine], failure))
        self._waiting = others
        return False

    def results(self, gone: EngineUnavailable | None = None) -> Results:
        """Return what came of each clip; of those that were not transcribed, that the engine is gone.

        Raises:
            EngineUnavailable: it is gone, and has transcribed none of them.
        """
        if gone is not None and all(isinstance(one, Exception) for one in self._found.values()):
            raise gone
        rest: list[Segment] | Exception = gone if gone is not None else []
        return [self._found.get(at, rest) for at in range(len(self.clips))]
