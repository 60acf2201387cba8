"""Where live sound comes from: standard input, a file that is still being written, a named pipe, a microphone.

Each source yields short blocks as they come, in any container that FFmpeg's libraries read, or raw samples.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from typing import Any, BinaryIO, cast

from asrcli.errors import EngineUnavailable, InputError, MissingExtra, UsageError
from asrcli.places.addresses import is_address
from asrcli.types import SAMPLE_RATE, Recording, Samples

BLOCK = 0.1  # seconds; shorter blocks cost more than they gain
READ_BYTES = 1 << 16
POLL = 0.1  # seconds between two looks at a file that has not grown
STDIN = "-"
MICROPHONE = "mic:"  # then nothing, a number, or a part of the name
LIST = "mic:list"

# What ``--pcm`` calls a sample, as FFmpeg does, and what numpy calls it.
SAMPLE_TYPES = {"s16le": "<i2", "s16be": ">i2", "s32le": "<i4", "f32le": "<f4", "f32be": ">f4", "u8": "u1"}

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pcm:
    """The layout of raw samples."""

    kind: str  # a key of SAMPLE_TYPES
    rate: int  # Hz
    channels: int

    @property
    def frame_bytes(self) -> int:
        """The bytes of one sample of every channel."""
        return int(SAMPLE_TYPES[self.kind][-1]) * self.channels


def parse_pcm(text: str) -> Pcm:
    """Return the layout for ``s16le:16000:1``; rate and channels may be left out from the right.

    Raises:
        UsageError: it is none.
    """
    kind, *numbers = text.lower().split(":")
    rate, channels = ([int(one) if one.isdecimal() else 0 for one in numbers] + [SAMPLE_RATE, 1][len(numbers) :])[:2]
    if kind not in SAMPLE_TYPES or len(numbers) > 2 or not (1_000 <= rate <= 1_000_000 and 1 <= channels <= 64):
        known = ", ".join(SAMPLE_TYPES)
        raise UsageError(f"--pcm {text}: write FORMAT:RATE:CHANNELS, such as s16le:16000:1; formats: {known}")
    return Pcm(kind, rate, channels)


def open_source(name: str, pcm: Pcm | None, idle: float, channel: int | None) -> Source:
    """Return the source that a name stands for; nothing is read yet.

    Args:
        name: ``-``, ``mic:...``, or a path.
        pcm: the layout of raw samples; None for a container.
        idle: seconds without growth after which a file is over.
        channel: the one to recognise, counted from 0; None for the mean of all.

    Raises:
        UsageError: these do not go together.
        InputError: no such file.
        MissingExtra, EngineUnavailable: nothing can record here.
    """
    if name.startswith(MICROPHONE) and not os.path.exists(name):
        if pcm is not None:
            raise UsageError(f"--pcm is for bytes from a pipe or a file, not for {name}")
        load_sounddevice()  # before an engine is loaded for nothing
        return Microphone(name.removeprefix(MICROPHONE), channel or 0)
    if pcm is not None and channel is not None and channel >= pcm.channels:
        raise UsageError(f"--channels {channel}: --pcm has {pcm.channels} channels, counted from 0")
    if is_address(name):
        raise UsageError(
            f"--stream follows what grows, and objects and pages do not: asr transcribe '{name}', or curl into it"
        )
    if name != STDIN and not os.path.exists(name):
        raise InputError(f"{name}: no such file")
    return Bytes(name, pcm, idle, channel)


class GrowingFile(RawIOBase):
    """A file that may still be written: its end is the end only when it has not grown for a while."""

    def __init__(self, file: BinaryIO, idle: float, stop: threading.Event) -> None:
        super().__init__()
        self.file, self.idle, self.stop = file, idle, stop
        self.over = False  # readers ask again behind the end

    def readable(self) -> bool:
        """It is read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, waiting for more at the end."""
        grown = time.monotonic()
        while not self.over and not self.stop.is_set():
            if data := self.file.read(len(buffer)):
                buffer[: len(data)] = data
                return len(data)
            self.over = time.monotonic() - grown >= self.idle
            self.stop.wait(0 if self.over else POLL)
        return 0


class Bytes:
    """Standard input, a named pipe, or a file that is followed while it grows."""

    waits = False

    def __init__(self, name: str, pcm: Pcm | None, idle: float, channel: int | None) -> None:
        self.name, self.pcm, self.idle = name, pcm, idle
        self.recording = Recording(name, channel)

    def blocks(self, warn: Warn, stop: threading.Event) -> Iterator[Samples]:
        """Yield blocks as they come, until `stop` is set; a read that blocks is left to itself."""
        from asrcli.audio.decode import decode

        with self._open(stop) as file:
            if self.pcm is not None:
                yield from raw_blocks(file, self.pcm, self.recording, warn)
            else:
                yield from decode(self.recording, warn, BLOCK, stdin=file, group_seconds=BLOCK)

    @contextmanager
    def _open(self, stop: threading.Event) -> Iterator[BinaryIO]:
        from asrcli.audio.media import open_bytes

        with open_bytes(self.name) as file:
            follows = self.name != STDIN and stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            yield cast(BinaryIO, GrowingFile(file, self.idle, stop)) if follows else file


def raw_blocks(file: BinaryIO, pcm: Pcm, recording: Recording, warn: Warn) -> Iterator[Samples]:
    """Yield the samples of raw bytes, however they are cut up, at 16 kHz.

    Raises:
        InputError: there are none.
    """
    import numpy as np

    from asrcli.audio.resample import Resampler

    read = getattr(file, "read1", file.read)  # what is there, instead of waiting for all that is asked for
    resampler = Resampler(pcm.rate)
    least = max(1, round(BLOCK * pcm.rate)) * pcm.frame_bytes
    waiting, any_bytes = bytearray(), False
    while data := read(READ_BYTES):
        any_bytes = True
        waiting += data
        if len(waiting) >= least:
            whole = len(waiting) // pcm.frame_bytes * pcm.frame_bytes
            yield resampler.feed(_mono(bytes(waiting[:whole]), pcm, recording.channel))
            del waiting[:whole]
    if not any_bytes:
        raise InputError(f"{recording.path}: is empty (0 bytes)")
    whole = len(waiting) // pcm.frame_bytes * pcm.frame_bytes
    yield np.concatenate(
        [resampler.feed(_mono(bytes(waiting[:whole]), pcm, recording.channel)), resampler.flush()], dtype=np.float32
    )
    if left := len(waiting) - whole:
        warn(f"ends inside a sample: {left} of {pcm.frame_bytes} bytes; is --pcm {pcm.kind}:{pcm.rate} right?")


def _mono(data: bytes, pcm: Pcm, channel: int | None) -> Samples:
    """Return raw bytes as samples `(n,)`: one channel, or the mean of all."""
    import numpy as np

    values = np.frombuffer(data, SAMPLE_TYPES[pcm.kind]).reshape(-1, pcm.channels)
    mixed = values[:, channel].astype(np.float64) if channel is not None else values.mean(axis=1, dtype=np.float64)
    if pcm.kind == "u8":
        mixed = mixed - 128
    if not pcm.kind.startswith("f"):
        mixed = mixed / 2.0 ** (8 * values.dtype.itemsize - 1)
    samples: Samples = np.clip(np.nan_to_num(mixed, nan=0.0), -1, 1).astype(np.float32)
    return samples


class Microphone:
    """A device that records, through PortAudio."""

    waits = True  # until the listener is ready: nothing is lost before

    def __init__(self, device: str, channel: int) -> None:
        self.name = f"{MICROPHONE}{device}"
        self.device: int | str | None = int(device) if device.isdecimal() else device or None
        self.channel = channel
        self.recording = Recording("microphone")

    def blocks(self, warn: Warn, stop: threading.Event) -> Iterator[Samples]:
        """Yield blocks until told to stop; what the machine could not take in time is said once."""
        from asrcli.audio.resample import Resampler

        sounddevice = load_sounddevice()
        try:
            rate = int(sounddevice.query_devices(self.device, "input")["default_samplerate"])
            resampler = Resampler(rate)
            stream = sounddevice.InputStream(
                samplerate=rate, channels=self.channel + 1, dtype="float32", device=self.device
            )
            with stream:
                for data in recorded(stream, round(BLOCK * rate), warn, stop):
                    yield resampler.feed(data[:, self.channel].copy())
        except (sounddevice.PortAudioError, ValueError) as error:
            raise InputError(f"{self.name}: {error}; see: asr transcribe --stream {LIST}") from error
        yield resampler.flush()


Source = Bytes | Microphone  # something that can be recognised while it happens


def recorded(stream: Any, frames: int, warn: Warn, stop: threading.Event) -> Iterator[Any]:
    """Yield blocks ``(frames, channels)`` of an open stream; say once that the machine could not take all in time."""
    told = False
    while not stop.is_set():
        data, lost = stream.read(max(1, frames))
        if lost and not told:
            told = True
            warn("the machine was too busy to take all sound from the microphone; some is lost")
        yield data


def load_sounddevice() -> Any:
    """Return the module that records.

    Raises:
        MissingExtra, EngineUnavailable: it, or the library below it, is not installed.
    """
    try:
        import sounddevice
    except ImportError:
        raise MissingExtra("a microphone", ("sounddevice",), "mic") from None
    except OSError:
        raise EngineUnavailable("a microphone needs the PortAudio library: apt install libportaudio2") from None
    return sounddevice


def devices() -> list[tuple[int, str, int, int]]:
    """Return number, name, channels and rate (Hz) of every device that records.

    Raises:
        MissingExtra, EngineUnavailable: nothing can record here.
    """
    return [
        (number, str(one["name"]), int(one["max_input_channels"]), int(one["default_samplerate"]))
        for number, one in enumerate(load_sounddevice().query_devices())
        if one["max_input_channels"] > 0
    ]
