"""The clips of a call at which a worker died: each is transcribed alone, and only who kills twice has failed."""

from __future__ import annotations

from collections.abc import Sequence

from asrcli.base.console import clock
from asrcli.engines.recogniser import Results
from asrcli.errors import EngineUnavailable, InputError
from asrcli.transport.child import Died
from asrcli.types import Clip, Segment


class Trial:
    """Which clips have still to be transcribed, and what came of the others."""

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
