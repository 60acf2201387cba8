"""Look into audio files, and decode anything FFmpeg's libraries read into mono float32 blocks at 16 kHz.

Time zero is the start of the container, as in players: audio that begins later than the picture is padded with silence.
Positions count samples, never timestamps of lossy seek tables, so times do not drift, however long the recording.

Scale: integers of b bits are divided by 2^(b-1), floats are taken as they are and clipped to [-1, 1].
Mix: the mean of all channels, with equal weight (a voice on one of two channels comes out 6 dB lower, and never clips).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from asrcli.errors import InputError
from asrcli.media import open_audio, open_bytes
from asrcli.types import SAMPLE_RATE, Recording

if TYPE_CHECKING:
    from asrcli.types import Samples

GROUP_SECONDS = 1.0  # frames (20 to 100 ms) are resampled together: one call into libswresample per second of audio
PREROLL = 1.0  # seconds decoded before a seek's target, so that overlapping transforms and the resampler have settled
GAP = 0.1  # seconds by which timestamps must run ahead of the samples before silence is put in: below it is jitter
LATE_START = 0.01  # the same at the very start, where there is no jitter
LONGEST_GAP = 60.0  # seconds of silence put in where the container does not say how long it is
WRONG_SCALE = 4.0  # a peak above this is no codec's overshoot but a file in another scale
MOST_ERRORS = 1000  # damaged packets in a row before the rest is given up
SHORT_BY = 0.5  # seconds missing at the end that make a file "cut short"; codec padding is below 0.1 s

# Where a seek lands on a known sample: containers that count in samples. The others are decoded from the start.
SEEKABLE = ("wav", "w64", "aiff", "au", "caf", "flac", "mov,mp4,m4a,3gp,3g2,mj2")
# Where the declared length is the true one (others estimate it from the bit rate).
EXACT_LENGTH = (*SEEKABLE, "matroska,webm", "tta", "wv", "ape")

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
    with open_bytes(path) as file:
        if not file.seekable():
            return AudioInfo("pipe", "unknown", 0, 0, None, False)
        with open_audio(path, file) as (container, stream):
            rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
            seconds = _declared_seconds(container, stream)
            frames = _frames(container, stream, _Damage())
            frame = next(frames, None)
            frames.close()
            if frame is None:
                raise InputError(_nothing(path, container, stream))
            pictures = [one for one in container.streams.video if not _is_cover(one)]
            return AudioInfo(
                container.format.name,
                stream.codec_context.name,
                frame.sample_rate or rate,
                frame.layout.nb_channels or channels,
                seconds,
                bool(pictures),
            )


def channels(path: str) -> int:
    """Return the number of audio channels.

    Raises:
        InputError: as `probe`.
    """
    return probe(path).channels


def decode(
    recording: Recording, warn: Warn, block_seconds: float = 10.0, stdin: BinaryIO | None = None
) -> Iterator[Samples]:
    """Yield a recording's samples from its start to its end as consecutive float32 blocks `(n,)`, mono, 16 kHz.

    Memory is bounded by the block, not by the recording. Damaged packets, a missing tail and values that are no numbers
    are reported through `warn`, once each, and the good part is kept.

    Args:
        recording: what to read; path ``-`` is `stdin` (default: standard input).
        warn: gets one clause per problem, without the file's name.
        block_seconds: the length of every block but the last.

    Raises:
        InputError: as `probe`; or no such channel; or nothing that can be decoded; or ``start`` is after the end.
    """
    first, last = round(recording.start * SAMPLE_RATE), math.inf
    if recording.end is not None:
        last = round(recording.end * SAMPLE_RATE)
    size = max(1, round(block_seconds * SAMPLE_RATE))
    total = 0
    with open_bytes(recording.path, stdin) as file, open_audio(recording.path, file) as (container, stream):
        decoder = _Decoder(recording, container, stream, warn)
        at, blocks = decoder.run(first, seekable=file.seekable())
        for block in _blocks(_between(at, blocks, first, last), size):
            total += len(block)
            yield block
        decoder.finish(file)
        if not total and decoder.position:
            raise InputError(f"{recording.path}: starts at {recording.start:g} s, but ends at {decoder.position:.1f} s")
        if not total:
            raise InputError(_nothing(recording.path, container, stream, decoder.damage))


@dataclass(slots=True)
class _Damage:
    """Packets that could not be decoded, and where."""

    packets: int = 0
    first: float | None = None  # seconds; None before the first timestamp
    last: float | None = None
    gave_up: bool = False

    def add(self, seconds: float | None) -> None:
        self.packets += 1
        if self.first is None:
            self.first = seconds
        self.last = seconds if seconds is not None else self.last


class _Decoder:
    """One pass over one stream: frames -> mono at the source rate on the timeline -> 16 kHz."""

    def __init__(self, recording: Recording, container: Any, stream: Any, warn: Warn) -> None:
        self.recording = recording
        self.container = container
        self.stream = stream
        self.warn = warn
        self.damage = _Damage()
        self.position = 0.0  # seconds from the start of the container that are decoded by now
        self.declared = _declared_seconds(container, stream)
        self.origin = _origin(container, stream)
        self.told: set[str] = set()
        count = stream.codec_context.channels
        if recording.channel is not None and not 0 <= recording.channel < count:
            raise InputError(f"{recording.path}: has no channel {recording.channel}; it has {count}, counted from 0")

    def run(self, first: int, seekable: bool) -> tuple[int, Iterator[Samples]]:
        """Return the number of the first sample (16 kHz) that will come, and the samples in pieces."""
        frames = _frames(self.container, self.stream, self.damage)
        rate = self.stream.codec_context.sample_rate
        target = first / SAMPLE_RATE - PREROLL
        at = 0
        if seekable and target > PREROLL and rate and self._counts_samples(rate):
            offset = math.floor(target * rate) + (self.stream.start_time or 0)
            self.container.seek(offset, stream=self.stream, backward=True)
            frame = next(frames, None)
            index = None if frame is None or frame.pts is None else frame.pts - (self.stream.start_time or 0)
            if frame is None or index is None or index > target * rate or index < 0:
                # A seek past the end, or one that went wrong: start again and drop.
                self.container.seek(self.stream.start_time or 0, stream=self.stream, backward=True)
                frames = _frames(self.container, self.stream, self.damage)
            else:
                step = rate // math.gcd(rate, SAMPLE_RATE)  # source samples after which both grids meet again
                drop = -index % step
                at = (index + drop) * SAMPLE_RATE // rate
                return at, self._resample(self._timeline(_chain(frame, frames), index / rate), drop)
        return at, self._resample(self._timeline(frames, 0.0), 0)

    def finish(self, file: BinaryIO) -> None:
        """Say what was wrong, when all has been read."""
        damage = self.damage
        if damage.packets:
            where = "" if damage.first is None else f" at {damage.first:.1f} s"
            if damage.first is not None and damage.last is not None and damage.last - damage.first > 1:
                where = f" between {damage.first:.1f} s and {damage.last:.1f} s"
            rest = "the rest was given up" if damage.gave_up else "the rest was kept"
            self.warn(f"{damage.packets} damaged packets{where}; {rest}")
        if self.recording.end is not None and self.position >= self.recording.end:
            return
        exact = self.container.format.name in EXACT_LENGTH or (
            self.container.format.name == "mp3" and self.stream.start_time  # has a LAME header, which counts frames
        )
        if exact and self.declared and self.declared - self.position > SHORT_BY:
            self.warn(f"cut short: ends at {self.position:.1f} s of {self.declared:.1f} s")
        elif missing := _missing_riff_bytes(file):
            self.warn(f"cut short: ends at {self.position:.1f} s, {missing} bytes are missing")

    def _counts_samples(self, rate: int) -> bool:
        base = self.stream.time_base
        return self.container.format.name in SEEKABLE and base is not None and base * rate == 1

    def _timeline(self, frames: Iterator[Any], position: float) -> Iterator[tuple[int, Samples]]:
        """Yield `(rate, mono samples)` with silence where timestamps say that audio is missing."""
        import numpy as np

        offset = None  # container time of timeline zero, moved when timestamps jump
        if position:
            offset = self.origin
        self.position = position
        for frame in frames:
            rate = frame.sample_rate
            if not rate or not frame.samples:
                continue
            time = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            if time is not None:
                first = offset is None
                if offset is None:
                    offset = min(self.origin, time)
                ahead = time - offset - self.position
                if ahead > (LATE_START if first else GAP) and self._fits(ahead):
                    if not first:
                        self.tell_once("gap", f"audio is missing at {self.position:.1f} s; silence was put in")
                    yield from _silence(rate, ahead)
                    self.position += ahead
                elif abs(ahead) > GAP:
                    offset += ahead  # timestamps jumped: follow them from here, keep every sample
            samples = _mono(frame, self.recording.channel)
            if samples is None:
                self.tell_once("channel", f"channel {self.recording.channel} is missing from {self.position:.1f} s on")
                samples = np.zeros(frame.samples, np.float32)
            yield rate, samples
            self.position += frame.samples / rate

    def _fits(self, gap: float) -> bool:
        end = self.position + gap
        return end <= self.declared + 1 if self.declared is not None else gap <= LONGEST_GAP

    def tell_once(self, kind: str, text: str) -> None:
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
            self.tell_once("nan", f"values that are not numbers near {self.position:.1f} s were set to 0")
            samples = np.where(np.isfinite(samples), samples, np.float32(0))
            peak = np.abs(samples).max()
        if peak > WRONG_SCALE:
            self.tell_once(
                "scale", f"samples reach {peak:g} near {self.position:.1f} s (full scale is 1) and are clipped"
            )
        return np.clip(samples, -1, 1) if peak > 1 else samples

    def _resample(self, pieces: Iterator[tuple[int, Samples]], drop: int) -> Iterator[Samples]:
        """Yield 16 kHz samples; `drop` samples of the source are left out first. The filter's tail is flushed."""
        import numpy as np

        rate, resampler = 0, None
        for group_rate, group in _groups(pieces):
            if group_rate != rate:
                if resampler is not None:
                    yield np.clip(resampler.flush(), -1, 1)
                rate, resampler = group_rate, _Resampler(group_rate)
            cut, drop = group[drop:], max(0, drop - len(group))
            assert resampler is not None
            yield np.clip(resampler.feed(self._clean(cut)), -1, 1)
        if resampler is not None:
            yield np.clip(resampler.flush(), -1, 1)


class _Resampler:
    """libswresample from one rate to 16 kHz, mono; 16 kHz passes through untouched."""

    def __init__(self, rate: int) -> None:
        import av

        self.rate = rate
        self.swr = None if rate == SAMPLE_RATE else av.AudioResampler("flt", "mono", SAMPLE_RATE)

    def feed(self, samples: Samples) -> Samples:
        import av
        import numpy as np

        if self.swr is None or not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
        frame.sample_rate = self.rate
        return _joined(self.swr.resample(frame))

    def flush(self) -> Samples:
        return _joined(self.swr.resample(None) if self.swr is not None else [])


def _joined(frames: list[Any]) -> Samples:
    import numpy as np

    arrays = [frame.to_ndarray()[0] for frame in frames]
    return np.concatenate(arrays) if arrays else np.zeros(0, np.float32)


def _frames(container: Any, stream: Any, damage: _Damage) -> Generator[Any, None, None]:
    """Yield decoded frames; count what is damaged and go on behind it."""
    import av

    in_a_row = 0
    while in_a_row < MOST_ERRORS:
        try:
            for packet in container.demux(stream):
                try:
                    for frame in packet.decode():
                        in_a_row = 0
                        yield frame
                except EOFError:
                    return
                except (av.FFmpegError, ValueError):
                    in_a_row += 1
                    damage.add(None if packet.pts is None else float(packet.pts * packet.time_base))
                    if in_a_row >= MOST_ERRORS:
                        break
            else:
                return
        except EOFError:
            return
        except (av.FFmpegError, OSError):
            in_a_row += 50  # the container itself: twenty tries
            damage.add(None)
    damage.gave_up = True


def _mono(frame: Any, channel: int | None) -> Samples | None:
    """Return one channel, or the mean of all, as float32 `(n,)` in full scale; None when there is no such channel."""
    import numpy as np

    count = frame.layout.nb_channels
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, count).T
    if channel is not None:
        if channel >= count:
            return None
        values = values[channel : channel + 1]
    kind = values.dtype
    wide = np.float32 if kind.itemsize < 4 else np.float64
    with np.errstate(over="ignore", invalid="ignore"):
        mixed = (values[0] if len(values) == 1 else values.mean(axis=0, dtype=wide)).astype(wide)
        if kind.kind == "u":
            mixed = mixed - 128
        if kind.kind in "ui":
            mixed = mixed / 2.0 ** (8 * kind.itemsize - 1)
        samples: Samples = mixed.astype(np.float32)
    return samples


def _groups(pieces: Iterator[tuple[int, Samples]]) -> Iterator[tuple[int, Samples]]:
    """Join pieces of one rate until they are `GROUP_SECONDS` long."""
    import numpy as np

    waiting: list[Samples] = []
    rate, length = 0, 0
    for piece_rate, piece in pieces:
        if waiting and (piece_rate != rate or length >= rate * GROUP_SECONDS):
            yield rate, np.concatenate(waiting)
            waiting, length = [], 0
        rate = piece_rate
        waiting.append(piece)
        length += len(piece)
    if waiting:
        yield rate, np.concatenate(waiting)


def _silence(rate: int, seconds: float) -> Iterator[tuple[int, Samples]]:
    import numpy as np

    left = round(seconds * rate)
    while left > 0:
        yield rate, np.zeros(min(left, rate), np.float32)
        left -= rate


def _between(at: int, pieces: Iterator[Samples], first: int, last: float) -> Iterator[Samples]:
    """Yield the samples from number `first` up to `last` of pieces that begin with number `at`."""
    for piece in pieces:
        kept = piece[max(0, first - at) : max(0, int(min(last - at, len(piece))))]
        at += len(piece)
        if len(kept):
            yield kept
        if at >= last:
            return


def _blocks(pieces: Iterator[Samples], size: int) -> Iterator[Samples]:
    """Regroup pieces into blocks of `size` samples; the last one is shorter."""
    import numpy as np

    waiting: list[Samples] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        while length >= size:
            joined = np.concatenate(waiting)
            yield joined[:size]
            waiting, length = [joined[size:]], length - size
    if length:
        yield np.concatenate(waiting)


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _declared_seconds(container: Any, stream: Any) -> float | None:
    """Return the length as the container says it, or None."""
    if stream.duration and stream.time_base and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        return float(container.duration / 1_000_000)
    return None


def _origin(container: Any, stream: Any) -> float:
    """Return the timestamp (seconds) that is time zero: the earliest of all streams."""
    starts = [
        float(one.start_time * one.time_base)
        for one in container.streams
        if one.type in ("audio", "video") and one.start_time is not None and one.time_base is not None
    ]
    return min(starts, default=0.0)


def _is_cover(stream: Any) -> bool:
    import av

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _nothing(path: str, container: Any, stream: Any, damage: _Damage | None = None) -> str:
    if damage is not None and damage.packets:
        return f"{path}: nothing in it can be decoded ({stream.codec_context.name} in {container.format.name}, damaged)"
    return f"{path}: holds no audio (0 seconds)"


def _missing_riff_bytes(file: BinaryIO) -> int:
    """Return how many bytes a RIFF header promises that the file does not have; FFmpeg corrects the length silently."""
    if not file.seekable():
        return 0
    file.seek(0)
    head = file.read(8)
    size = file.seek(0, 2)
    declared = int.from_bytes(head[4:8], "little")
    # Streaming writers leave 0 or about 2 or 4 GiB where they do not know the size.
    known = head[:4] == b"RIFF" and 0 < declared < 0x7FFFF000
    return max(0, declared + 8 - size) if known else 0
