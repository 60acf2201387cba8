"""Look into audio files, and decode anything FFmpeg's libraries read into mono float32 blocks at 16 kHz.

Time zero is the start of the container, as in players: audio that begins later than the picture is padded with silence.
Positions count samples and never come from seek tables that estimate, so times do not drift in a long recording.
Values are clipped to [-1, 1]; `asrcli.audio.resample` says how integers are scaled and channels mixed.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from asrcli.audio.lengths import cut_within, declared_seconds, is_interrupted, is_of_sound, missing_bytes
from asrcli.audio.media import (
    EXACT_LENGTH,
    RATES,
    SAMPLE_EXACT,
    Damage,
    decoded_frames,
    is_cover,
    open_audio,
    open_bytes,
    time_zero,
)
from asrcli.audio.parts import MOST_PARTS, Part, parts_of
from asrcli.audio.piped import Piped
from asrcli.audio.resample import Mixer, Resampler, between, regroup
from asrcli.audio.source import Source
from asrcli.audio.timeline import Timeline
from asrcli.audio.tracks import Track, find_track, line_of, tracks_of
from asrcli.audio.wav_heads import plain_sound
from asrcli.base.counts import count_of
from asrcli.base.files import is_special
from asrcli.errors import InputError
from asrcli.types import SAMPLE_RATE, Recording

if TYPE_CHECKING:
    from asrcli.types import Samples

GROUP_SECONDS = 1.0  # frames (20 to 100 ms) are converted together: 1.6 times faster than one by one
PREROLL = 1.0  # seconds decoded before a seek's target, so that overlapping transforms and the resampler have settled
WRONG_SCALE = 4.0  # a peak above this is no codec's overshoot but a file in another scale
SHORT_BY = 0.5  # seconds missing at the end that make a file "cut short"; codec padding is below 0.1 s
MOST_MEASURED = 200  # parts of one file whose lengths are added up

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
    tracks: tuple[Track, ...] = field(default=(), compare=False)  # the sound tracks that it has
    track: int | None = None  # which of them was asked for; None is the one that players take


def probe(path: str, track: str | None = None, language: str | None = None) -> AudioInfo:
    """Open a file and decode its first frame. Cheap, and safe to call in several threads at once.

    Args:
        path: the file.
        track: the number or language of the sound track to look into.
        language: the code of what is spoken: its track is looked into where the file marks one.

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
        if track is None and (plain := _plain(file)):
            rate, samples = plain
            return AudioInfo("wav", "pcm_s16le", rate, 1, len(samples) / rate, False, (Track(None, "", 1, True),))
        parts = list(islice(parts_of(file, far=False), MOST_MEASURED + 1))
        later = [_part_seconds(path, file, part) for part in parts[1:]]
        tracks: tuple[Track, ...] = ()
        chosen: int | None = None

        def choose(container: Any) -> int | None:
            """Return the number of the track to decode, None for what players take."""
            nonlocal tracks, chosen
            tracks = tracks_of(container)
            chosen = find_track(path, tracks, track, language)
            return chosen

        with open_audio(path, file, parts[0], choose) as (container, stream):
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
                added_up([declared_seconds(container, stream), *later]),
                any(not is_cover(one) for one in container.streams.video),
                tracks,
                chosen,
            )


def _plain(file: BinaryIO) -> tuple[int, Samples] | None:
    """Return the rate and all samples of a small WAV that needs no decoder, and nothing to be said about."""
    import numpy as np

    found = None
    with suppress(OSError):  # which those say who read it next
        found = plain_sound(file)
    if found is None or not RATES[0] <= found[0] <= RATES[1]:
        return None
    return found[0], np.frombuffer(found[1], "<i2").astype(np.float32) / np.float32(1 << 15)


def _part_seconds(path: str, file: BinaryIO, part: Part) -> float | None:
    """Return the length of a further part of a file; of one that cannot be opened nothing will be used."""
    try:
        with open_audio(path, file, part) as (container, stream):
            return declared_seconds(container, stream)
    except InputError:
        return 0.0


def added_up(lengths: Sequence[float | None]) -> float | None:
    """Return the sum of lengths, ``None`` where one is not known or there are too many."""
    known = [one for one in lengths if one is not None]
    return sum(known) if len(known) == len(lengths) <= MOST_MEASURED else None


def decode(
    recording: Recording,
    warn: Warn,
    block_seconds: float = 10.0,
    stdin: BinaryIO | None = None,
    group_seconds: float = GROUP_SECONDS,
) -> Generator[Samples, None, None]:
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
    with open_bytes(recording.path, stdin) as file, ExitStack() as stack:
        found = None if recording.channel or recording.track or not file.seekable() else _plain(file)
        decoder = _Plain(*found) if found else _Decoder(recording, Source(recording, file, stack), warn, group_seconds)
        at, pieces = decoder.run(first, seekable=file.seekable())
        for block in regroup(between(at, pieces, first, last), max(1, round(block_seconds * SAMPLE_RATE))):
            total += len(block)
            yield block
        ends = decoder.end()
        if not total:
            raise InputError(f"{recording.path}: ends at {ends:.1f} s, before {recording.start:g} s")
        decoder.report()


class _Plain:
    """A small WAV whose samples are taken as they are."""

    def __init__(self, rate: int, samples: Samples) -> None:
        self.rate, self.samples = rate, samples

    def run(self, first: int, seekable: bool) -> tuple[int, Iterator[Samples]]:
        """Return 0, where reading begins, and the samples at 16 kHz."""
        return 0, self._resampled()

    def _resampled(self) -> Iterator[Samples]:
        resampler = Resampler(self.rate)
        yield resampler.feed(self.samples)
        yield resampler.flush()

    def end(self) -> float:
        """Return where the sound ends, in seconds."""
        return len(self.samples) / self.rate

    def report(self) -> None:
        """Do nothing: nothing is wrong with it."""


class _Decoder:
    """One pass over one file: frames -> mono at the source rate, on the timeline -> 16 kHz."""

    def __init__(self, recording: Recording, source: Source, warn: Warn, group_seconds: float) -> None:
        self.recording, self.source, self.warn = recording, source, warn
        self.damage = Damage()
        self.told: set[str] = set()
        self.timeline = Timeline(Mixer(recording.channel), self._tell_once, recording.jumps, group_seconds)
        self.timeline.pictures = source.pictures
        self._begin()
        # What others have was said when they were looked into.
        unseen = recording.path == "-" or isinstance(source.file, Piped)
        if unseen and (line := line_of(tracks_of(self.container), recording.track)):
            warn(line)
        count = self.stream.codec_context.channels
        if recording.channel is not None and not 0 <= recording.channel < count:
            raise InputError(f"{recording.path}: has no channel {recording.channel}; it has {count}, counted from 0")

    def _begin(self) -> None:
        """Go on with what the source has open."""
        self.container, self.stream = self.source.opened
        if self.source.part.more:
            self._tell_once("more", "there is more sound than its header promises; all of it is used")
        self.timeline.begin(self.container, declared_seconds(self.container, self.stream))
        self.damage.zero = time_zero(self.container) - self.timeline.position

    def _frames(self) -> Iterator[Any]:
        """Yield the frames of all parts of the file."""
        yield from decoded_frames(self.container, self.stream, self.damage)
        while self._goes_on():
            yield from decoded_frames(self.container, self.stream, self.damage)

    def _goes_on(self) -> bool:
        """Begin the next part that can be opened; return whether there is one."""
        at = self.timeline.position
        empty = at == self.timeline.begun
        self._check_length()
        self._check_tracks()
        while True:
            try:
                more = self.source.go_on()
            except InputError as error:
                self.warn(f"what follows at {at:.1f} s cannot be decoded: {str(error).partition(': ')[2] or error}")
                continue
            if empty and (more or at):
                self.warn(f"what stands at {at:.1f} s holds no sound that can be decoded")
            if more:
                self._begin()
            if more and self.source.count > MOST_PARTS:
                self.warn(f"holds more than {MOST_PARTS:,} recordings; what follows at {at:.1f} s is taken for one")
            return more

    def run(self, first: int, seekable: bool) -> tuple[int, Iterator[Samples]]:
        """Return the number of the first sample (16 kHz) that will come, at most `first`, and the samples."""
        landed = self._seek(first / SAMPLE_RATE - PREROLL) if seekable else None
        if landed is None:
            return 0, self._resampled(self._frames(), 0)
        index, rate, frames = landed
        # The resampler must start where both grids of samples meet, or all samples are shifted by a fraction.
        drop = -index % (rate // math.gcd(rate, SAMPLE_RATE))
        self.timeline.position = index / rate
        self.timeline.zero = time_zero(self.container)
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
            return index, rate, self._frames()
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
        for rate, group in self.timeline.place(frames):
            if resampler is None or resampler.rate != rate:
                if resampler is not None:
                    yield resampler.flush()
                resampler = Resampler(rate)
            kept, drop = group[drop:], max(0, drop - len(group))
            yield resampler.feed(self._clean(kept))
        if resampler is not None:
            yield resampler.flush()

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
            self._tell_once("numbers", f"values that are not numbers near {self.timeline.position:.1f} s were set to 0")
            samples = np.where(np.isfinite(samples), samples, np.float32(0))
            peak = np.abs(samples).max()
        if peak > WRONG_SCALE:
            self._tell_once(
                "scale", f"samples reach {peak:g} near {self.timeline.position:.1f} s; above 1 they are clipped"
            )
        return np.clip(samples, -1, 1) if peak > 1 else samples

    def _check_length(self) -> None:
        """Say when a part of the file, decoded to its end, is shorter than it says."""
        place, name = self.timeline.position, self.container.format.name
        if not place or (self.recording.end is not None and place >= self.recording.end):
            return
        decoded = place - self.timeline.begun + self.timeline.closed
        # An mp3 that begins with a LAME header (skipped, so it starts late) has its frames counted there.
        exact = name in EXACT_LENGTH or (name == "mp3" and self.stream.start_time)
        exact = exact and is_of_sound(self.container, self.stream)
        file, part = self.source.file, self.source.part
        exact = exact or (not isinstance(file, Piped) and is_interrupted(file, part))
        declared = self.timeline.declared
        self.timeline.closed = 0.0
        if exact and declared and declared - decoded > SHORT_BY:
            whole = self.timeline.begun + declared
            self._tell_once("short", f"cut short: ends at {place:.1f} s of {whole:.1f} s")
        elif not isinstance(file, Piped) and (missing := missing_bytes(file, part)):
            self._tell_once("short", f"cut short: ends at {place:.1f} s, {count_of(missing, 'byte')} missing")
        elif not isinstance(file, Piped) and (unit := cut_within(file, part)):
            self._tell_once("short", f"cut short: ends at {place:.1f} s, within a {unit}")

    def _check_tracks(self) -> None:
        """Say when a part that came through a pipe had sound that its beginning did not speak of."""
        file, numbers = self.source.file, {one.id & 0xFF for one in self.container.streams}
        late = "mpegts" in self.container.format.name and self.damage.late_streams
        if isinstance(file, Piped) and (late or file.has_other_sound(numbers)):
            self._tell_once(
                "late", "tracks that begin later are left out of a pipe; where sound is missing, give the file"
            )

    def end(self) -> float:
        """Return where the sound ends, in seconds.

        Raises:
            InputError: there is none.
        """
        if not self.timeline.position:
            if "mp4" in self.container.format.name and isinstance(self.source.file, Piped):
                raise InputError(
                    f"{self.recording.path}: its index is at the end, which a pipe cannot carry: give the file"
                )
            raise InputError(_nothing(self.recording.path, self.container, self.stream, self.damage))
        return self.timeline.position

    def report(self) -> None:
        """Say what was wrong with the file, when all that is wanted has been read."""
        self._check_tracks()
        damage = self.damage
        if damage.packets:
            noun = "damaged packet" if damage.packets == 1 else "damaged packets"
            rest = "the rest was given up" if damage.gave_up else "the rest was kept"
            self.warn(f"{damage.packets} {noun}{damage.where()}; {rest}")


def _nothing(path: str, container: Any, stream: Any, damage: Damage) -> str:
    if damage.packets:
        return f"{path}: nothing in it can be decoded ({stream.codec_context.name} in {container.format.name}, damaged)"
    return f"{path}: holds no audio (0 seconds)"
