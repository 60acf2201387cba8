"""Look into audio files, and decode anything FFmpeg's libraries read into mono float32 blocks at 16 kHz.

Time zero is the start of the container, as in players: audio that begins later than the picture is padded with silence.
Positions count samples and never come from seek tables that estimate, so times do not drift in a long recording.
Values are clipped to [-1, 1]; `asrcli.audio.resample` says how integers are scaled and channels mixed.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from asrcli.audio.media import (
    EXACT_LENGTH,
    SAMPLE_EXACT,
    Damage,
    declared_seconds,
    decoded_frames,
    is_cover,
    missing_riff_bytes,
    open_audio,
    open_bytes,
    time_zero,
)
from asrcli.audio.resample import Mixer, Resampler, between, regroup
from asrcli.base.files import is_special
from asrcli.errors import InputError
from asrcli.types import SAMPLE_RATE, Recording

if TYPE_CHECKING:
    from asrcli.types import Samples

GROUP_SECONDS = 1.0  # frames (20 to 100 ms) are converted together: 1.6 times faster than one by one
PREROLL = 1.0  # seconds decoded before a seek's target, so that overlapping transforms and the resampler have settled
GAP = 0.1  # seconds by which timestamps must run ahead of the samples before silence is put in: below it is jitter
LATE_START = 0.01  # the same at the very start, where there is no jitter
MOST_SILENCE = 12 * 3600.0  # seconds of silence put in altogether: a kilobyte can declare a gap of a year
LONGEST_GAP = 60.0  # seconds of silence put in where the container does not say how long it is
WRONG_SCALE = 4.0  # a peak above this is no codec's overshoot but a file in another scale
SHORT_BY = 0.5  # seconds missing at the end that make a file "cut short"; codec padding is below 0.1 s

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file holds, without decoding more than its first frame."""

    container: str  # FFmpeg's name of the format; "pipe" for a named pipe, which cannot be looked into
    codec: str
    sample_rate: int  # Hz
    channels: int
    seconds: float | None  # as the container says; None when it does not
    has_video: bool  # moving pictures; a cover image does not count


def probe(path: str) -> AudioInfo:
    """Open a file and decode its first frame. Cheap, and safe to call in several threads at once.

    Raises:
        InputError: nothing there, a folder, no permission, empty, not audio, damaged header, no audio track, no audio
            in it, or encrypted.
    """
    if is_special(path):  # opening it twice would lose what its writer has sent, or wait for one that never comes
        with suppress(OSError):
            if stat.S_ISFIFO(os.stat(path).st_mode):
                return AudioInfo("pipe", "unknown", 0, 0, None, False)
    with open_bytes(path) as file:
        if not file.seekable():
            return AudioInfo("pipe", "unknown", 0, 0, None, False)
        with open_audio(path, file) as (container, stream):
            damage = Damage()
            frames = decoded_frames(container, stream, damage)
            frame = next((one for one in frames if one.samples and one.sample_rate), None)
            frames.close()
            if frame is None:
                raise InputError(_nothing(path, container, stream, damage))
            return AudioInfo(
                container.format.name,
                stream.codec_context.name,
                frame.sample_rate,
                frame.layout.nb_channels,
                declared_seconds(container, stream),
                any(not is_cover(one) for one in container.streams.video),
            )


def channels(path: str) -> int:
    """Return the number of audio channels.

    Raises:
        InputError: as `probe`.
    """
    return probe(path).channels


def decode(
    recording: Recording,
    warn: Warn,
    block_seconds: float = 10.0,
    stdin: BinaryIO | None = None,
    group_seconds: float = GROUP_SECONDS,
) -> Iterator[Samples]:
    """Yield a recording's samples from its start to its end as consecutive float32 blocks `(n,)`, mono, 16 kHz.

    Memory is bounded by the block, not by the recording. Damaged packets, a missing tail and values that are no numbers
    are reported through `warn`, once each, and the good part is kept.

    Args:
        recording: what to read; path ``-`` is standard input.
        warn: gets one clause per problem, without the file's name.
        block_seconds: the length of every block but the last.
        stdin: the bytes of the recording, instead of what its path names.
        group_seconds: how much is converted together; less comes sooner and costs more.

    Raises:
        InputError: as `probe`; or no such channel; or nothing that can be decoded; or ``start`` is after the end.
    """
    first, last = round(recording.start * SAMPLE_RATE), math.inf
    if recording.end is not None:
        last = round(recording.end * SAMPLE_RATE)
    total = 0
    with open_bytes(recording.path, stdin) as file, open_audio(recording.path, file) as (container, stream):
        decoder = _Decoder(recording, container, stream, warn, group_seconds)
        at, pieces = decoder.run(first, seekable=file.seekable())
        for block in regroup(between(at, pieces, first, last), max(1, round(block_seconds * SAMPLE_RATE))):
            total += len(block)
            yield block
        if not decoder.position:
            if "mp4" in container.format.name and not file.seekable():
                raise InputError(f"{recording.path}: its index is at the end, which a pipe cannot carry: give the file")
            raise InputError(_nothing(recording.path, container, stream, decoder.damage))
        if not total:
            raise InputError(f"{recording.path}: ends at {decoder.position:.1f} s, before {recording.start:g} s")
        decoder.report(file)


class _Decoder:
    """One pass over one stream: frames -> mono at the source rate, on the timeline -> 16 kHz."""

    def __init__(
        self, recording: Recording, container: Any, stream: Any, warn: Warn, group_seconds: float = GROUP_SECONDS
    ) -> None:
        self.group_seconds = group_seconds
        self.silence = 0.0  # seconds that were put in
        self.recording = recording
        self.container = container
        self.stream = stream
        self.warn = warn
        self.damage = Damage()
        self.mixer = Mixer(recording.channel)
        self.position = 0.0  # seconds from time zero that are decoded by now
        self.declared = declared_seconds(container, stream)
        self.zero: float | None = None  # the timestamp (seconds) of time zero; moved when timestamps jump
        self.told: set[str] = set()
        count = stream.codec_context.channels
        if recording.channel is not None and not 0 <= recording.channel < count:
            raise InputError(f"{recording.path}: has no channel {recording.channel}; it has {count}, counted from 0")

    def run(self, first: int, seekable: bool) -> tuple[int, Iterator[Samples]]:
        """Return the number of the first sample (16 kHz) that will come, at most `first`, and the samples."""
        landed = self._seek(first / SAMPLE_RATE - PREROLL) if seekable else None
        if landed is None:
            return 0, self._resampled(decoded_frames(self.container, self.stream, self.damage), 0)
        index, rate, frames = landed
        # The resampler must start where both grids of samples meet, or all samples are shifted by a fraction.
        drop = -index % (rate // math.gcd(rate, SAMPLE_RATE))
        self.position = index / rate
        self.zero = time_zero(self.container)
        return (index + drop) * SAMPLE_RATE // rate, self._resampled(frames, drop)

    def _seek(self, target: float) -> tuple[int, int, Iterator[Any]] | None:
        """Seek to `target` seconds or before. Return the sample (source rate) it landed on, the rate and the frames.

        None when the container cannot land on a known sample, or it is not worth it; reading is at the start, then.
        """
        rate, base, zero = self.stream.codec_context.sample_rate, self.stream.time_base, self.stream.start_time or 0
        exact = self.container.format.name in SAMPLE_EXACT and rate and base is not None and base * rate == 1
        if not exact or target < PREROLL or zero != round(time_zero(self.container) * rate):
            return None
        place = math.floor(target * rate) + zero
        frame = self._first_frame_at(place)
        index = -1 if frame is None or frame.pts is None else frame.pts - zero
        if 0 <= index <= target * rate and frame is not None and frame.sample_rate == rate:
            self.container.seek(place, stream=self.stream, backward=True)
            return index, rate, decoded_frames(self.container, self.stream, self.damage)
        # Behind the end, or a seek that went wrong: read from the start and drop.
        self.container.seek(zero, stream=self.stream, backward=True)
        return None

    def _first_frame_at(self, place: int) -> Any:
        """Return the frame that a seek lands on, or None when the container cannot seek or has nothing there."""
        import av

        try:
            self.container.seek(place, stream=self.stream, backward=True)
        except av.FFmpegError:
            return None
        frames = decoded_frames(self.container, self.stream, Damage())
        frame = next(frames, None)
        frames.close()
        return frame

    def _resampled(self, frames: Iterator[Any], drop: int) -> Iterator[Samples]:
        """Yield 16 kHz samples, without the first `drop` samples of the source; the filter's tail is flushed."""
        resampler: Resampler | None = None
        for rate, group in self._timeline(frames):
            if resampler is None or resampler.rate != rate:
                if resampler is not None:
                    yield resampler.flush()
                resampler = Resampler(rate)
            kept, drop = group[drop:], max(0, drop - len(group))
            yield resampler.feed(self._clean(kept))
        if resampler is not None:
            yield resampler.flush()

    def _timeline(self, frames: Iterator[Any]) -> Iterator[tuple[int, Samples]]:
        """Yield `(rate, mono samples)`, about a second each, with silence where timestamps say audio is missing."""
        from av.audio.fifo import AudioFifo

        fifo, kind, rate, base = AudioFifo(), None, 0, None
        for frame in frames:
            if not frame.samples or not frame.sample_rate:
                continue
            # The queue compares formats, but not the number of channels: one that grew would crash it.
            if (frame.sample_rate, frame.layout.nb_channels, frame.format.name) != kind:
                yield from self._drained(fifo, rate)
                fifo, rate, base = AudioFifo(), frame.sample_rate, float(frame.time_base or 0)
                kind = (rate, frame.layout.nb_channels, frame.format.name)
            ahead = self._ahead(frame.pts * base) if frame.pts is not None and base else 0.0
            if ahead:
                yield from self._drained(fifo, rate)
                yield from _silence(rate, ahead)
                self.position += ahead
            frame.pts = None  # the queue would insist on timestamps without a gap
            fifo.write(frame)
            self.position += frame.samples / rate
            if fifo.samples >= rate * self.group_seconds:
                yield from self._drained(fifo, rate)
        yield from self._drained(fifo, rate)

    def _drained(self, fifo: Any, rate: int) -> Iterator[tuple[int, Samples]]:
        """Yield what waits in the queue, as mono samples."""
        import numpy as np

        frame = fifo.read()
        if frame is None:
            return
        samples = self.mixer.mono(frame)
        if self.mixer.opposed:
            self._tell_once("phase", "its two channels are in opposite phase: their difference is heard")
        if samples is None:
            self._tell_once("channel", f"channel {self.recording.channel} ends near {self.position:.1f} s")
            samples = np.zeros(frame.samples, np.float32)
        yield rate, samples

    def _ahead(self, time: float) -> float:
        """Return the seconds of silence that belong before the frame with this timestamp."""
        begins = self.zero is None
        if self.zero is None:
            self.zero = min(time_zero(self.container), time)
        ahead = time - self.zero - self.position
        if ahead > (LATE_START if begins else GAP) and self._fits(ahead):
            if self.silence + ahead > MOST_SILENCE:
                self._tell_once("year", f"{ahead / 3600:.0f} hours are missing at {self.position:.1f} s, left out")
            else:
                self.silence += ahead
                if not begins:
                    self._tell_once("gap", f"audio is missing at {self.position:.1f} s; silence was put in its place")
                return ahead
        if abs(ahead) > GAP:
            self.zero += ahead  # timestamps jumped: follow them from here, and keep every sample
        return 0.0

    def _fits(self, gap: float) -> bool:
        return self.position + gap <= self.declared + 1 if self.declared is not None else gap <= LONGEST_GAP

    def _tell_once(self, kind: str, text: str) -> None:
        """Warn unless this kind of problem was told before."""
        if kind not in self.told:
            self.told.add(kind)
            self.warn(text)

    def _clean(self, samples: Samples) -> Samples:
        """Replace what is no number by 0 and clip to [-1, 1]."""
        import numpy as np

        if not len(samples):
            return samples
        peak = np.abs(samples).max()
        if not np.isfinite(peak):
            self._tell_once("numbers", f"values that are not numbers near {self.position:.1f} s were set to 0")
            samples = np.where(np.isfinite(samples), samples, np.float32(0))
            peak = np.abs(samples).max()
        if peak > WRONG_SCALE:
            self._tell_once("scale", f"samples reach {peak:g} near {self.position:.1f} s; above 1 they are clipped")
        return np.clip(samples, -1, 1) if peak > 1 else samples

    def report(self, file: BinaryIO) -> None:
        """Say what was wrong with the file, when all that is wanted has been read."""
        damage = self.damage
        if damage.packets:
            noun = "damaged packet" if damage.packets == 1 else "damaged packets"
            rest = "the rest was given up" if damage.gave_up else "the rest was kept"
            self.warn(f"{damage.packets} {noun}{damage.where()}; {rest}")
        if self.recording.end is not None and self.position >= self.recording.end:
            return
        name = self.container.format.name
        # An mp3 that begins with a LAME header (skipped, so it starts late) has its frames counted there.
        exact = name in EXACT_LENGTH or (name == "mp3" and self.stream.start_time)
        # The length of a video says nothing about its sound, which may end before the picture.
        exact = exact and (self.stream.duration or not self.container.streams.video)
        if exact and self.declared and self.declared - self.position > SHORT_BY:
            self.warn(f"cut short: ends at {self.position:.1f} s of {self.declared:.1f} s")
        elif missing := missing_riff_bytes(file):
            self.warn(f"cut short: ends at {self.position:.1f} s, {missing} bytes are missing")


def _silence(rate: int, seconds: float) -> Iterator[tuple[int, Samples]]:
    """Yield silence in pieces of a second: a gap can be hours long."""
    import numpy as np

    left = round(seconds * rate)
    while left > 0:
        yield rate, np.zeros(min(left, rate), np.float32)
        left -= rate


def _nothing(path: str, container: Any, stream: Any, damage: Damage) -> str:
    if damage.packets:
        return f"{path}: nothing in it can be decoded ({stream.codec_context.name} in {container.format.name}, damaged)"
    return f"{path}: holds no audio (0 seconds)"
