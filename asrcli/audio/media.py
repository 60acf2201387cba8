"""Open any container that holds audio, safely: bytes come only from the file that was named.

Every input is opened by Python and handed to FFmpeg's libraries as a byte source without a name. So no name is ever
taken for a protocol (``http:``, ``concat:``) and any name that the file system allows can be opened. Formats whose
files point to other files (playlists, manifests, image sequences) are left out of the list of formats: a playlist
called ``talk.wav`` must not read another file or reach the network.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EINVAL
from typing import Any, BinaryIO, cast

from asrcli.audio import voc
from asrcli.audio.fragments import Reordered
from asrcli.audio.parts import Part
from asrcli.audio.piped import Piped
from asrcli.audio.tracks import choose_track
from asrcli.base.files import cause, reason
from asrcli.errors import InputError
from asrcli.places.addresses import is_address

# FFmpeg's demuxers of self-contained files. Left out on purpose: concat, hls, dash, imf, sdp, rtsp, image2, lavfi and
# all other formats that name further files or devices, and raw formats, which take any bytes for audio.
DEMUXERS = (
    "aac,ac3,eac3,aiff,amr,ape,asf,au,avi,avr,caf,dhav,dsf,dss,dts,dtshd,dv,epaf,flac,flv,gxf,hcom,iff,ilbc,ircam,latm,"
    "loas,lxf,matroska,webm,mlp,mov,mp4,m4a,3gp,3g2,mj2,mp2,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nsv,nut,nuv,ogg,oma,"
    "pvf,qcp,rm,shn,sox,tak,truehd,tta,ty,voc,w64,wav,wtv,wv,wve,xwma"
)
# Containers that count in samples, where a seek lands on a known one.
SAMPLE_EXACT = ("wav", "w64", "aiff", "au", "caf", "flac", "mov,mp4,m4a,3gp,3g2,mj2")
# Containers whose declared length is the true one; others estimate it from the bit rate.
EXACT_LENGTH = (*SAMPLE_EXACT, "matroska,webm", "tta", "wv", "ape", "flv", "mxf", "nistsphere")
RATES = (1_000, 1_000_000)  # Hz; telephone is 8 kHz, the fastest converters are below 1 MHz
MOST_ERRORS = 1000  # damaged packets in a row before the rest is given up
READ_BYTES = 1 << 18  # per call into Python: decoding is 4 % slower with FFmpeg's 32 KiB
ENCRYPTED_TAGS = ("enca", "drms", "aavd")  # sample entries of protected audio: common encryption, FairPlay, Audible
# Bytes, which FFmpeg keeps in memory, and microseconds in which a first packet of sound is looked for.
MORE_PROBED = {"probesize": str(1 << 27), "analyzeduration": str(3600 * 10**6)}
FLAC = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")  # and the first block, which the format asks for
# Names of samples without a head -> what tells ffmpeg so; another rate may be meant.
HEADLESS = {
    **dict.fromkeys((".raw", ".pcm", ".s16", ".sw"), "s16le -ar 16000"), ".sln": "s16le -ar 8000", ".g722": "g722",
    **dict.fromkeys((".ulaw", ".ul", ".mulaw"), "mulaw -ar 8000"), ".alaw": "alaw -ar 8000", ".al": "alaw -ar 8000",
    ".g726": "g726 -ar 8000", ".g729": "g729",
}  # fmt: skip
# Formats without a clock: FFmpeg counts their frames.
CLOCKLESS = ("aac", "ac3", "eac3", "amr", "dts", "dtshd", "gsm", "latm", "loas", "mlp", "mp2", "mp3", "truehd")
LEAST_AMR = 12  # bytes of a frame with speech; descriptions of silence have 6, and those without data 1
GSM_FRAME = 33  # bytes; 20 ms
WHOLE = Part()
MAGIC = (b"RIFF", b"RF64", b"FORM", b"fLaC", b"OggS", b"ID3", b"caff", b"\x1a\x45\xdf\xa3", b".snd", b"NIST")


ChooseTrack = Callable[[Any], int | None]  # the open container -> the number of a sound track


class ByteSource:
    """A pipe as PyAV wants it, without the name; reads return what is there, so that it flows while it is written."""

    def __init__(self, file: Piped) -> None:
        self.file = file
        self.read = file.read


class SeekableSource:
    """One part of a binary file that can be read at any place."""

    def __init__(self, file: BinaryIO, part: Part) -> None:
        if part.pieces:
            file, part = cast(BinaryIO, Reordered(file, part.pieces)), WHOLE
        self.file, self.part = file, part
        self.read: Callable[[int], bytes] = file.read
        self.seek: Callable[..., int] = self._seek
        self.tell: Callable[[], int] = file.tell
        if part != WHOLE:
            self.read, self.tell = self._read, self._tell

    def _read(self, size: int) -> bytes:
        at = self._tell()
        if self.part.end is not None:
            size = max(0, min(size, self.part.end - self.part.start - at))
        data = self.file.read(size)
        place, other = self.part.patch or (0, b"")
        first, last = max(at, place), min(at + len(data), place + len(other))
        if first < last:
            data = data[: first - at] + other[first - place : last - place] + data[last - at :]
        return data

    def _seek(self, offset: int, whence: int = 0) -> int:
        if whence == 2 and self.part.end is not None:
            offset, whence = offset + self.part.end - self.part.start, 0
        try:
            return self.file.seek(offset + (self.part.start if whence == 0 else 0), whence) - self.part.start
        except (OSError, ValueError) as error:
            if getattr(error, "errno", EINVAL) != EINVAL:
                raise
            return -1  # before the start, as a damaged file may ask: PyAV would print a traceback

    def _tell(self) -> int:
        return self.file.tell() - self.part.start


@contextmanager
def open_bytes(path: str, stdin: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """Open a path or an address for reading, or take `stdin` as what it holds; ``-`` is standard input, and left open.

    Raises:
        InputError: there is nothing that can be read at this path.
    """
    if path == "-" or stdin is not None:
        yield sys.stdin.buffer if stdin is None else stdin
        return
    if is_address(path):
        from asrcli.places.remote import reading

        with reading(path) as elsewhere:
            yield elsewhere
        return
    try:
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISFIFO(mode)):
            raise InputError(f"{path}: is a device or socket, not an audio file")
        file = open(path, "rb")  # noqa: SIM115 (closed below; the errors of opening are told apart from those of reading)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        if not os.access(path, os.R_OK | os.X_OK):
            raise InputError(f"{path}: no permission to read this folder") from None
        raise InputError(f"{path}: is a folder, not an audio file") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise InputError(f"{path}: cannot be opened: {cause(error)}") from None
    with file:
        yield file


@contextmanager
def open_audio(
    path: str, file: BinaryIO | Piped, part: Part = WHOLE, track: int | ChooseTrack | None = None
) -> Iterator[tuple[Any, Any]]:
    """Open the container in a part of `file` and yield it with an audio stream, ready to demux.

    Args:
        path: what messages call the file.
        file: the bytes; a pipe is at the start of the part.
        part: which of the recordings in the file.
        track: the number of the audio stream, from 0, or what chooses it when it is open; ``None`` takes the best.

    Raises:
        InputError: empty, not a known format, damaged header, no audio track, no such track, or encrypted.
    """
    import av

    piped = isinstance(file, Piped)
    head = None if isinstance(file, Piped) else _head(path, file, part.start)
    source = ByteSource(file) if isinstance(file, Piped) else SeekableSource(file, part)
    if head == b"":
        raise InputError(f"{path}: is empty (0 bytes)")
    known = _known(head) if part.patch is None else None
    if not isinstance(file, Piped) and path.lower().endswith(".gsm") and _is_gsm(file):
        known = "gsm"
    try:
        container = _opened(source, known)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path}: {_why_not(head, not piped)}{_of_samples(path)}") from error
    with container:
        stream = choose_track(path, container, track(container) if callable(track) else track)
        if stream is None:
            kinds = sorted({one.type for one in container.streams})
            if "audio" in kinds:
                raise InputError(f"{path}: its audio track is coded in a way that FFmpeg does not know")
            raise InputError(f"{path}: has no audio track (only {', '.join(kinds) or 'an empty container'})")
        for other in container.streams:
            if other is not stream:
                other.discard = av.stream.Discard.all  # containers with an index skip its bytes
        if stream.codec_context is None:
            raise InputError(f"{path}: its audio is coded in a way that FFmpeg does not know")
        if _tag(stream) in ENCRYPTED_TAGS:
            raise InputError(f"{path}: is encrypted (DRM) and cannot be decoded; export it without protection first")
        stream.codec_context.thread_count = 1  # recordings are decoded side by side; threads inside one only add noise
        yield container, stream


def _opened(source: ByteSource | SeekableSource, known: str | None) -> Any:
    """Open a container with more of its beginning where the first 5 MB show no sound: no head may speak of it."""
    import av

    if isinstance(source, SeekableSource) and known == "voc":
        source = SeekableSource(io.BytesIO(voc.plain(source.read(voc.MOST))), WHOLE)
    # The option reaches nested opens too: with an empty-handed list no demuxer can open anything by name.
    options = {"format_whitelist": "gsm" if known == "gsm" else DEMUXERS, "protocol_whitelist": "none"}
    how: Any = {"metadata_errors": "ignore", "buffer_size": READ_BYTES}
    container = av.open(source, "r", known, container_options=options, **how)
    if container.streams.audio or isinstance(source, ByteSource):
        return container
    container.close()
    source.seek(0)
    return av.open(source, "r", known, container_options=options | MORE_PROBED, **how)


def _head(path: str, file: BinaryIO, start: int) -> bytes:
    """Return the first bytes of a part, and go back to them."""
    try:
        file.seek(start)
        head = file.read(12)
        file.seek(start)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {reason(error)}") from error
    return head


def _known(head: bytes | None) -> str | None:
    """Return the format that FFmpeg finds by these first bytes: it would ask all the others, too, for 0.1 ms."""
    if head is None:
        return None
    if head == voc.HEAD[:12]:
        return "voc"
    return "wav" if head[:4] + head[8:] == b"RIFFWAVE" else "flac" if head[:8] in FLAC else None


def _is_gsm(file: BinaryIO) -> bool:
    """Return whether a file is made of frames of GSM, which has no head; each frame of 33 bytes begins with 13."""
    file.seek(0)
    data = file.read(GSM_FRAME * 64)
    file.seek(0)
    return len(data) >= GSM_FRAME and all(first >> 4 == 13 for first in data[::GSM_FRAME])


def _tag(stream: Any) -> str:
    try:
        tag = stream.codec_context.codec_tag
    except UnicodeDecodeError:  # a number and no letters: AAC and G.722 in WAV
        return ""
    return tag if isinstance(tag, str) else ""


def _why_not(head: bytes | None, seekable: bool) -> str:
    """Say why FFmpeg refused the container, as well as its first bytes tell."""
    if not seekable:
        return "is not audio in a format that asr opens, or is empty"
    if head is not None and (head.startswith(MAGIC) or head[4:8] in (b"ftyp", b"moov", b"mdat")):
        return "is damaged: its header is cut off or broken"
    return "is not audio in a format that asr opens"


def _of_samples(path: str) -> str:
    """Return what makes a WAV of samples without a head, which a name may tell."""
    kind = HEADLESS.get(os.path.splitext(path)[1].lower())
    return "" if kind is None else f"; if it is samples without a head: ffmpeg -f {kind} -i FILE new.wav"


class TooDamaged(Exception):
    """Too many packets in a row cannot be decoded, so no more are tried."""


@dataclass(slots=True)
class Damage:
    """Packets that could not be decoded, and where."""

    packets: int = 0
    first: float | None = None  # seconds; None before the first timestamp
    last: float | None = None
    gave_up: bool = False
    in_a_row: int = 0  # since the last frame
    zero: float = 0.0  # the timestamp of time zero
    heard: bool = False  # a frame, before
    lost: float = 0.0  # seconds of damaged packets since then, where no clock tells how long they are
    late_streams: int = 0  # packets of streams that the beginning did not speak of

    def add(self, seconds: float | None) -> None:
        """Count a packet with its time, if it has one."""
        self.packets += 1
        if self.first is None:
            self.first = seconds
        self.last = seconds if seconds is not None else self.last

    def where(self) -> str:
        """Return " at 1.0 s", " between 1.0 s and 2.0 s", or nothing when it is not known."""
        if self.first is None or self.last is None:
            return ""
        return (
            f" at {self.first:.1f} s"
            if self.last - self.first < 1
            else f" between {self.first:.1f} s and {self.last:.1f} s"
        )


def decoded_frames(container: Any, stream: Any, damage: Damage) -> Generator[Any, None, None]:
    """Yield decoded frames; count what is damaged and go on behind it."""
    import av

    damage.in_a_row = 0
    while damage.in_a_row < MOST_ERRORS:
        try:
            for packet in container.demux(stream):
                yield from _counted(packet, damage)
            return
        except EOFError:
            return
        except TooDamaged:
            break
        except LookupError:  # a packet of a stream that the header did not speak of: late video in FLV
            damage.in_a_row += 1
            damage.late_streams += 1
        except (av.FFmpegError, OSError):
            damage.in_a_row += 50  # the container itself: twenty tries
            damage.add(None)
    damage.gave_up = True


def _counted(packet: Any, damage: Damage) -> Iterator[Any]:
    """Yield the frames of a packet; count it if it is damaged."""
    import av

    try:
        for frame in _sound_frames(packet):
            if damage.heard and damage.lost:
                yield _silence(frame, damage.lost)
            damage.in_a_row, damage.lost, damage.heard = 0, 0.0, True
            yield frame
    except EOFError:
        raise
    except (av.FFmpegError, ValueError, LookupError, TypeError) as error:
        if packet.size < LEAST_AMR and packet.stream.codec_context.name.startswith("amr"):
            yield _silence(packet.stream.codec_context, 0.02)
            return
        if (
            packet.size < 2
        ):  # what makes the length of GSM even, which SoX counts among its blocks; the end of FLAC in NUT
            return
        damage.in_a_row += 1
        if packet.stream.container.format.name in CLOCKLESS and packet.duration:
            damage.lost += float(packet.duration * packet.time_base)
        damage.add(None if packet.pts is None else max(0.0, float(packet.pts * packet.time_base) - damage.zero))
        if damage.in_a_row >= MOST_ERRORS:
            raise TooDamaged from error


def _silence(like: Any, seconds: float) -> Any:
    """Return a frame of silence in the form of another, or of what a decoder makes."""
    import av

    frame = av.AudioFrame(like.format.name, like.layout.name, round(seconds * like.sample_rate))
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = like.sample_rate
    return frame


def _sound_frames(packet: Any) -> Iterator[Any]:
    """Yield the frames of a packet.

    Raises:
        FFmpegError, ValueError: it is damaged.
    """
    for frame in packet.decode():
        if not RATES[0] <= frame.sample_rate <= RATES[1]:
            raise ValueError("a sample rate that nothing records at: a damaged header")
        yield frame


def time_zero(container: Any) -> float:
    """Return the timestamp (seconds) that is time zero: the earliest of all streams."""
    starts = [
        float(one.start_time * one.time_base)
        for one in container.streams
        if one.type in ("audio", "video") and one.start_time is not None and one.time_base is not None
    ]
    return min(starts, default=0.0)


def is_cover(stream: Any) -> bool:
    """Tell whether a video stream is a picture attached to the sound."""
    import av

    return bool(stream.disposition & av.stream.Disposition.attached_pic)
