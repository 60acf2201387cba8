"""Recordings joined end to end in one file: where each of them lies, so that it is opened by itself.

A decoder is set up once from the head of a file. The parts of a chained Ogg may have another rate or another codebook,
a second WAV or MP4 behind the first is never looked at, and an MP3 says how long its own part is. So each part is
opened as a file of its own. Heads that promise less sound than there is (of a recorder that was cut off, or of more
than 4 GiB) are read as if they promised all of it.

FFmpeg looks for further chunks to the end of the file, eight bytes at a time: 40 MB of zeros behind the sound would
take it 26 s, in which nothing can interrupt it. So what lies behind the chunks is kept from it.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Literal

from asrcli.audio.joined_mp3 import SEARCHED, find, mp3_starts

MOST_CHUNKS = 1000  # of one WAV, AIFF or CAF; boxes of one MP4; pages of an Ogg that are cut off
MOST_PARTS = 10_000  # that are opened by themselves: a few bytes can be one
LETTERS = frozenset((string.ascii_letters + string.digits + " _-.!").encode())
# How a file begins -> bytes of its head, bytes of a chunk's size, the order of those, the chunk with the sound, and
# whether a chunk of odd length has one more byte. RF64 and W64 keep their sizes elsewhere.
LAYOUTS: dict[bytes, tuple[int, int, Literal["little", "big"], bytes, bool]] = {
    b"RIFF": (12, 4, "little", b"data", True),
    b"FORM": (12, 4, "big", b"SSND", True),
    b"caff": (8, 8, "big", b"data", False),
}
# What other programs put behind the sound: no sound, even where it is cut off.
TAGS = (b"TAG", b"ID3", b"id3 ", b"APETAGEX", b"LIST", b"bext", b"cue ", b"JUNK", b"iXML", b"_PMX", b"smpl", b"PK\3\4")
LEAST_MORE = 3200  # bytes behind the promised sound that are taken for more of it: 0.1 s at 16 kHz
OGG, OGG_HEAD, FIRST_PAGE = b"OggS", 27, 2
EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the recordings in a file: where it begins and ends (bytes), and a few bytes of it that are read as others.

    An end of ``None`` is the end of the file.
    """

    start: int = 0
    end: int | None = None
    patch: tuple[int, bytes] | None = None  # position from the start of the part, and what stands there


def parts_of(file: BinaryIO) -> Iterator[Part]:
    """Find the parts of a file that can be sought in; one, without an end, of nearly all files.

    The file may be read between two parts, and is anywhere afterwards.
    """
    file.seek(0)
    head = file.read(12)
    size = file.seek(0, 2)
    if head[:4] in LAYOUTS:
        return _chunked(file, size)
    if head[:4] == b"RF64":
        return iter((_rf64(file, size),))
    return _between(_starts(head)(file, size))


def _starts(head: bytes) -> Callable[[BinaryIO, int], Iterator[int]]:
    """Return what finds where the recordings of a file begin, by its first bytes."""
    if head[:4] == OGG:
        return _ogg_starts
    if head[:4] == EBML:
        return _matroska_starts
    return _mp4_starts if head[4:8] == b"ftyp" else mp3_starts


def _between(starts: Iterator[int]) -> Iterator[Part]:
    """Yield the parts between places where one begins, the start of the file first; too many are one at the end."""
    last = 0
    for start in islice(starts, MOST_PARTS):
        yield Part(last, start)
        last = start
    yield Part(last)


def _chunked(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield the parts of a WAV, AIFF or CAF file: one ends where the head of another stands instead of a chunk."""
    start: int | None = 0
    while start is not None:
        part, start = _one_chunked(file, start, size)
        yield part


def _one_chunked(file: BinaryIO, start: int, size: int) -> tuple[Part, int | None]:
    """Return the part that begins at `start`, and where the next one does."""
    file.seek(start)
    kind = file.read(4)
    first, digits, order, sound, padded = LAYOUTS[kind]
    at, sounding, width = start + first, 0, 0  # where the size of the sound stands; bytes of a sample of all channels
    for _ in range(MOST_CHUNKS):
        if at + 4 + digits > size:
            break
        file.seek(at)
        head = file.read(4 + digits)
        length = int.from_bytes(head[4:], order)
        if head[:4] == kind and sounding:
            return Part(start, at), at
        again = head[:4] == sound and bool(sounding and width) and len(head) % width == 0  # its head is a few samples
        if again or not LETTERS.issuperset(head[:4]) or (sounding and at + len(head) + length > size):
            if sounding and _is_more_sound(file, at, size):
                unknown = min(size - sounding - digits, (1 << 8 * digits) - 2) if kind != b"RIFF" else 0
                return Part(start, None, (sounding - start, unknown.to_bytes(digits, order))), None
            break
        if head[:4] == b"fmt ":
            width = int.from_bytes(file.read(14)[12:], order)
        if head[:4] == sound and not sounding:
            if length in (0, (1 << 8 * digits) - 1):  # of a writer that did not know it
                return Part(start), None
            sounding = at + 4
        at += len(head) + length + (length % 2 if padded else 0)
    return Part(start, at if sounding and at < size else None), None


def _rf64(file: BinaryIO, size: int) -> Part:
    """Return an RF64 as it is, or with all its sound where its writer was cut off before it counted."""
    at = 12
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[:4] == b"data":
            break
        length = int.from_bytes(head[4:], "little")
        at += 8 + length + length % 2
    file.seek(12)
    sizes = file.read(24)
    counted = int.from_bytes(sizes[16:], "little")
    if head[:4] != b"data" or sizes[:4] != b"ds64" or counted or size - at - 8 < LEAST_MORE:
        return Part()
    return Part(0, None, (28, (size - at - 8).to_bytes(8, "little")))


def _is_more_sound(file: BinaryIO, at: int, size: int) -> bool:
    """Return whether what lies behind the promised sound is more of it: no tag, no single byte over and over."""
    file.seek(at)
    piece = file.read(SEARCHED)
    if size - at < LEAST_MORE or piece.startswith(TAGS):
        return False
    while piece and piece.count(piece[:1]) == len(piece):
        piece = file.read(SEARCHED)
    return bool(piece)


def _ogg_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where further parts of a chained Ogg begin: at first pages of streams behind pages that are none."""
    at, inside, last, searched = 0, False, -1, 0
    while at < size:
        file.seek(at)
        head = file.read(OGG_HEAD + 255)
        if head[:4] != OGG or len(head) < OGG_HEAD:  # the last page may be cut off, with the next in what it promised
            searched += 1
            at = find(file, OGG, (last if searched < MOST_CHUNKS else at) + 1, size)
            last = at
            continue
        last = at
        begins = bool(head[5] & FIRST_PAGE)
        if begins and inside:
            yield at
        inside = not begins
        at += OGG_HEAD + head[26] + sum(head[OGG_HEAD : OGG_HEAD + head[26]])


def _matroska_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where further Matroska or WebM files begin; searched for where a live writer left out the sizes."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(12)
        more = file.read(64)
        if head[:4] == EBML and at and (b"webm" in more or b"matroska" in more):
            yield at
        length = _ebml_size(head[4:]) if head[:4] in (EBML, SEGMENT) else None
        at = find(file, EBML, at + 4, size) if length is None else at + length


def _ebml_size(data: bytes) -> int | None:
    """Return the bytes of an element with this head (without its id), head and id included; ``None`` if not known."""
    digits = 9 - data[0].bit_length() if data and data[0] else 9
    if len(data) < digits or digits > 8:
        return None
    value = int.from_bytes(data[:digits], "big") - (1 << 7 * digits)
    return None if value == (1 << 7 * digits) - 1 else 4 + digits + value


def _mp4_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where further MP4 files begin; none in a fragmented one, whose pieces may repeat the head."""
    at, whole = 0, False
    starts: list[int] = []
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or head[4:8] == b"moof":
            starts = [] if len(head) >= 8 else starts
            break
        if head[4:8] == b"ftyp" and whole:
            starts.append(at)
            whole = False
        whole = whole or head[4:8] == b"moov"
        length = int.from_bytes(head[:4], "big")
        length = int.from_bytes(head[8:16], "big") if length == 1 else length
        if length < 8 or at + length > size:
            break
        at += length
    yield from starts


class Piped:
    """What comes through a pipe, part by part: of a chained Ogg, reading ends at each joint until `next_part`."""

    def __init__(self, file: BinaryIO) -> None:
        self._read = getattr(file, "read1", file.read)  # what is there, so that a live pipe flows
        self._held = b""
        self._left = 0  # bytes of this page
        self._inside = False  # behind the first pages
        self._cut_off = 0  # pages
        self.joint = False  # reading has ended because another part begins

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; none at a joint and at the end."""
        if self._left == 0 and not self._next_page():
            return b""
        size = self._left if size < 0 else min(size, self._left)
        data = self._held[:size] or self._read(size)
        self._held = self._held[len(data) :]
        self._left -= len(data)
        return data

    def next_part(self) -> bool:
        """Go on behind a joint; return whether there is one."""
        there, self.joint, self._inside = self.joint, False, False
        return there

    def _next_page(self) -> bool:
        """Find how long the next page is, or the stretch up to it; return whether there is one in this part."""
        if self.joint:
            return False
        self._fill(4)
        if self._held[:4] != OGG:
            found = self._held.find(OGG, 1)
            self._left = found if found > 0 else max(1, len(self._held) - 3)
            if not self._inside:
                self._left = 1 << 62  # this is no Ogg
            return bool(self._held)
        self._fill(OGG_HEAD)
        count = self._held[26] if len(self._held) >= OGG_HEAD else 0
        self._fill(OGG_HEAD + count)
        begins = len(self._held) > 5 and bool(self._held[5] & FIRST_PAGE)
        self.joint = begins and self._inside
        self._inside = not begins
        self._left = OGG_HEAD + count + sum(self._held[OGG_HEAD : OGG_HEAD + count])
        self._fill(self._left)
        if self._cut_off < MOST_CHUNKS and (inner := self._held.find(OGG, 4, self._left)) > 0:
            self._left = inner  # this one is cut off
            self._cut_off += 1
        if self.joint:
            self._left = 0
        return not self.joint

    def _fill(self, count: int) -> None:
        """Hold at least ``count`` bytes, if the file has them."""
        while len(self._held) < count and (data := self._read(count - len(self._held))):
            self._held += data
