"""How long a recording is by its own account, and whether it is cut short."""

from __future__ import annotations

from typing import Any, BinaryIO

from asrcli.audio.heads import EBML, OGG, PACK, PACKETS, SYNC, W64, packet_width
from asrcli.audio.media import time_zero
from asrcli.audio.parts import Part
from asrcli.audio.programs import stream_packets
from asrcli.audio.walks import OGG_HEAD, SEGMENT, ebml_size

LEAST_MISSING = 1024  # bytes of a file; writers count their head twice, or not at all
MOST_MISSING = 1 << 56  # beyond, its writer did not know
UNKNOWN = {"flac": (1 << 36) - 1}  # samples, all bits of the head: its writer did not know
ENDS = ("asf", "ogg")  # whose streams say when they end, not how long they are
LATE = 0.5  # seconds at which the clock of an FLV begins that is not its own
HEAD = 256  # bytes of one by which a round size may be off
TAIL = 4096  # bytes that are zeros where a copy or a recorder was interrupted
LAST = 1 << 17  # bytes at the end in which the last page of an Ogg or pack of a program stream begins


def declared_seconds(container: Any, stream: Any) -> float | None:
    """Return the length as the container says it, or None."""
    begins = max(0.0, time_zero(container))
    if stream.duration and stream.duration == UNKNOWN.get(container.format.name):
        return None
    if stream.duration and stream.time_base and stream.duration > 0:
        seconds = float(stream.duration * stream.time_base)
        until = "mp4" in container.format.name and not stream.frames  # of fragments, their end is what is known
        if not until and stream.start_time and container.format.name not in ENDS:
            seconds += max(0.0, float(stream.start_time * stream.time_base) - time_zero(container))
    elif container.duration and container.duration > 0:
        seconds = container.duration / 1_000_000
        # Of Matroska, FFmpeg's own writer (OBS, yt-dlp) says the end, mkvmerge the length.
        tags = {name.lower(): text for name, text in container.metadata.items()}
        until = "matroska" in container.format.name and tags.get("encoder", "").startswith("Lav")
    else:
        return None
    seconds -= begins if until and seconds > begins else 0
    return seconds


def is_of_sound(container: Any, stream: Any) -> bool:
    """Return whether the declared length is that of the sound, which may end before what else is there."""
    if not stream.duration and len(container.streams) > 1 + len(container.streams.video):
        return False
    if not container.streams.video or container.format.name == "mxf":
        return container.format.name != "flv" or time_zero(container) < LATE  # it may be the time of its end
    whole = stream.duration and round(stream.duration * stream.time_base * 1_000_000) == container.duration
    return "mp4" in container.format.name and bool(stream.frames or not whole)  # FFmpeg guesses it of late fragments


def missing_bytes(file: BinaryIO, part: Part) -> int:
    """Return how many bytes the head of a RIFF, W64, CAF or Matroska promises that the file does not have.

    FFmpeg corrects the length of some silently, and a Matroska with pictures does not say how long its sound is.
    """
    file.seek(part.start)
    head = file.read(24)
    size = file.seek(0, 2) - part.start
    declared = int.from_bytes(head[4:8], "little") + 8
    # Streaming writers leave 0, about 2 or 4 GiB, or another round size where they do not know it.
    round_size = any(declared > unit and (declared + 8) % unit < HEAD for unit in (10**9, 1 << 28))
    promised = declared if head[:4] == b"RIFF" and 8 < declared < 0x7FFFF008 and not round_size else 0
    if head[:4] == EBML and (at := ebml_size(head[4:])):
        file.seek(part.start + at)
        segment = file.read(12)
        promised = at + (ebml_size(segment[4:]) or 0) if segment[:4] == SEGMENT else 0
    elif head[:16] == W64:
        promised = int.from_bytes(head[16:], "little", signed=True)
    elif head[:4] == b"caff":
        promised = _promised_caf(file, part.start) - part.start
    return promised - size if LEAST_MISSING < promised - size < MOST_MISSING else 0


def _promised_caf(file: BinaryIO, start: int) -> int:
    """Return where the sound of a CAF ends by its own account; the end of the file where its writer did not know."""
    at, size = start + 8, file.seek(0, 2)
    while at < size:
        file.seek(at)
        kind, length = file.read(4), int.from_bytes(file.read(8), "big", signed=True)
        at += 12 + length
        if kind == b"data" or length < 0:
            return at if length >= 0 else size
    return size


def cut_within(file: BinaryIO, part: Part) -> str:
    """Return within what a part ends that has no length: a page of an Ogg, a packet of an MPEG stream; "" of others."""
    size = file.seek(0, 2) if part.end is None else part.end
    file.seek(part.start)
    head = file.read(PACKETS)
    (width, lead), head = packet_width(head), head[:4]
    if not width and head not in (OGG, PACK):
        return ""
    begins = max(part.start, size - LAST)
    file.seek(begins)
    tail = file.read(size - begins)
    if head == OGG:
        page = tail[tail.rfind(OGG) :]
        whole = OGG_HEAD + page[26] + sum(page[OGG_HEAD : OGG_HEAD + page[26]]) if len(page) > 26 else OGG_HEAD
        return "page" if page[:4] == OGG and len(page) < whole else ""
    if head == PACK:
        last = max((end for _, end, _ in stream_packets(file, begins + max(0, tail.rfind(PACK)), size)), default=0)
        return "packet" if last > size else ""
    tail = tail[-2 * TAIL :]
    first = next((at for at in range(width) if set(tail[at::width]) == {SYNC}), None)
    return "packet" if first is not None and (len(tail) - first + lead) % width else ""


def is_interrupted(file: BinaryIO, part: Part) -> bool:
    """Return whether a writer was interrupted: its file ends in zeros, or an FLV without the size of its last tag."""
    size = file.seek(0, 2) if part.end is None else part.end
    file.seek(part.start)
    head = file.read(3)
    file.seek(max(part.start, size - TAIL))
    tail = file.read(TAIL)
    if head == b"FLV":
        last = int.from_bytes(tail[-4:], "big")
        file.seek(max(part.start, size - 4 - last))
        return int.from_bytes(file.read(4)[1:], "big") + 11 != last
    return not any(tail)
