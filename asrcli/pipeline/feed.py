"""The decoding side of a run: recordings to clips, in threads of their own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from asrcli.audio.cut import CutOptions, CutSummary, cut
from asrcli.audio.decode import decode
from asrcli.pipeline.batches import Closed
from asrcli.pipeline.events import Event, Notice
from asrcli.pipeline.lead import Lead
from asrcli.pipeline.no_speech import left_out, no_speech_lines, worth_a_look
from asrcli.pipeline.settings import Settings
from asrcli.places.addresses import is_address
from asrcli.types import Clip, Recording, Region

LONGEST_LOOK = 600.0  # seconds of it that are recognised, at most: a second look is to be cheap


@dataclass(frozen=True, slots=True)
class End:
    """The decoder's last word on a recording."""

    index: int
    seconds: float = 0.0
    speech: tuple[Region, ...] = ()
    left_out: tuple[Region, ...] = ()  # stands out, and no speech was found in it
    warnings: tuple[str, ...] = ()
    decode_seconds: float = 0.0
    error: Exception | None = None


Fed = tuple[int, Clip] | End


def start_decoding(
    recordings: Sequence[Recording], settings: Settings, threads: int, lead: Lead, put: Callable[[Event], None]
) -> None:
    """Start threads that decode recordings, in their order, until all are fed or the queue is closed."""
    remaining = iter(range(len(recordings)))
    lock = threading.Lock()

    def begin_next() -> int | None:
        """Return the number of the next recording, if there is one."""
        with lock:
            if (index := next(remaining, None)) is not None:
                lead.begin(index, recordings[index])
            return index

    def decode_all() -> None:
        """Decode one recording after the other."""
        with suppress(Closed):
            while (index := begin_next()) is not None:
                feed(index, recordings[index], settings, lead, put)

    for number in range(threads):
        threading.Thread(target=decode_all, name=f"asr-decode-{number}", daemon=True).start()


def feed(index: int, recording: Recording, settings: Settings, lead: Lead, put: Callable[[Event], None]) -> None:
    """Decode and cut one recording into the queue; the last item says how it ended."""
    warnings: list[str] = []
    fed = lead.queue

    def warn(text: str) -> None:
        """Say a line about the recording and keep it for its transcript."""
        warnings.append(text)
        put(Notice(text, index))

    busy = 0.0
    summary = CutSummary()
    begun = time.perf_counter()
    try:
        if settings.opening:
            settings.opening(index)
        with closing(decode(recording, warn)) as blocks:  # the file, too: an exception may keep all frames for long
            listened = settings.listen(index, blocks) if settings.listen else blocks
            for clip in cut(listened, recording, settings.cut, summary):
                busy += time.perf_counter() - begun
                lead.decoded(index, recording, clip.end)
                fed.put((index, clip), clip.seconds)
                begun = time.perf_counter()
        busy += time.perf_counter() - begun
        left: tuple[Region, ...] = ()
        if summary.standout is not None:
            left = left_out(summary.speech, summary.standout, recording.start)
            for line in no_speech_lines(recording, summary.seconds, summary.speech, left, summary.silent):
                warn(line)
            for clip in _second_look(recording, settings.cut, worth_a_look(summary.speech, left)):
                fed.put((index, clip), clip.seconds)
        end = End(index, summary.seconds, tuple(summary.speech), left, tuple(warnings), busy)
    except Closed:
        raise
    except Exception as error:  # the per-input boundary: this input fails, the others go on
        end = End(index, error=error)
    lead.end(index)
    fed.put(end, 0.0)


def _second_look(recording: Recording, options: CutOptions, left: Sequence[Region]) -> Iterator[Clip]:
    """Yield clips of what voice activity left out.

    These clips have no speech. The engine decides, and only what it is sure of counts, see `asrcli.pipeline.again`.
    """
    if not os.path.isfile(recording.path) and not is_address(recording.path):
        return  # a pipe cannot be read again; the line says what was left out
    seconds = 0.0
    for one in left:
        if (seconds := seconds + one.seconds) > LONGEST_LOOK:
            return
        end = one.end if recording.end is None else min(one.end, recording.end)
        part = replace(recording, start=max(recording.start, one.start), end=end)
        for clip in cut(decode(part, lambda text: None), part, replace(options, vad=None)):
            yield replace(clip, recording=recording)
