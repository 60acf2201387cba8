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
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO, Literal

from asrcli.audio.fragments import Fragment, Pieces, in_order, mp4_starts
from asrcli.audio.joined_files import HEADS, file_starts
from asrcli.audio.joined_mp3 import SEARCHED, find, mp3_starts
from asrcli.audio.programs import PACK, pack_starts, program_starts
from asrcli.audio.wav_heads import replaced_head

MOST_CHUNKS = 1000  # of one WAV, AIFF or CAF; pages of an Ogg that are cut off
NEAR = 1 << 22  # bytes of a file that is read to its end in any case
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
RF64 = (b"RF64", b"BW64")
W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"
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
    more: bool = False  # than its head promises: that is why it is read as another
    pieces: Pieces = ()  # of which it is to be put together, where they lie in another order


def parts_of(file: BinaryIO, far: bool = True) -> Iterator[Part]:
    """Find the parts of a file that can be sought in; one, without an end, of nearly all files.

    The file may be read between two parts, and is anywhere afterwards.

    Args:
        file: what may be several recordings.
        far: also read a large file to its end where nothing else tells where another begins.
    """
    size = file.seek(0, 2)
    start = _behind_id3(file)
    file.seek(start)
    head = file.read(12)
    if replaced := replaced_head(file, start, size):
        return iter((Part(replaced[0], None, (0, replaced[1])),))
    if head[:4] in LAYOUTS:
        return _chunked(file, start, size)
    if head[:4] in RF64:
        return _rf64(file, size)
    return _mp4(file, size) if head[4:8] == b"ftyp" else _between(_starts(file, head, size, far))


def _starts(file: BinaryIO, head: bytes, size: int, far: bool) -> Iterator[int]:
    """Find where the recordings of a file begin, by its first bytes."""
    if head[:4] == W64[:4]:
        return _w64_starts(file, size)
    if head[:4] == OGG:
        return _ogg_starts(file, size)
    if head[:4] == EBML:
        return _matroska_starts(file, size)
    if head[:4] not in (*HEADS, PACK) and b"\x47" not in (head[:1], head[4:5]):
        return mp3_starts(file, size)
    if not far and size > NEAR:
        return iter(())
    if head[:4] == PACK:
        return pack_starts(file, size)
    return file_starts(file, size, head) if head[:4] in HEADS else program_starts(file, size)


def _between(starts: Iterator[int]) -> Iterator[Part]:
    """Yield the parts between places where one begins, the start of the file first; too many are one at the end."""
    last = 0
    for start in islice(starts, MOST_PARTS):
        yield Part(last, start)
        last = start
    yield Part(last)


def _mp4(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield the parts of an MP4, each with its fragments in the order of time."""
    fragments: list[Fragment] = []
    for part in _between(mp4_starts(file, size, fragments)):
        end = size if part.end is None else part.end
        own = [one for one in fragments if one.start < end]
        fragments[:] = fragments[len(own) :]  # of the next part the first may be there
        yield replace(part, pieces=in_order(part.start, own)) if own else part


def _behind_id3(file: BinaryIO) -> int:
    """Return where a WAV, AIFF or FLAC begins that a tagger put an ID3 tag in front of; 0 of any other file."""
    file.seek(0)
    head = file.read(10)
    if head[:3] != b"ID3" or len(head) < 10 or max(head[6:]) > 127:
        return 0
    at = 10 + sum(value << 7 * (3 - place) for place, value in enumerate(head[6:]))
    file.seek(at)
    return at if file.read(4) in (b"RIFF", b"FORM") else 0


def _chunked(file: BinaryIO, first: int, size: int) -> Iterator[Part]:
    """Yield the parts of a WAV, AIFF or CAF file: one ends where the head of another stands instead of a chunk."""
    start: int | None = first
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
                return Part(start, None, (sounding - start, unknown.to_bytes(digits, order)), more=True), None
            break
        if head[:4] == b"fmt ":
            width = int.from_bytes(file.read(14)[12:], order)
        if head[:4] == sound and not sounding:
            if length in (0, (1 << 8 * digits) - 1):  # of a writer that did not know it
                return Part(start), None
            sounding = at + 4
        at += len(head) + length + (length % 2 if padded else 0)
    return Part(start, at if sounding and at < size else None), None


def _rf64(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield the parts of an RF64: each with all its sound, also where its writer was cut off before it counted."""
    start: int | None = 0
    while start is not None:
        at, counted = _rf64_sound(file, start, size)
        behind = at + counted + counted % 2
        file.seek(min(behind, size))
        head = file.read(4)
        if at == start or (counted and (LETTERS.issuperset(head) or not _is_more_sound(file, behind, size))):
            following = behind if at > start and head in RF64 else None
            yield Part(start, following)
            start = following
        elif size - at < LEAST_MORE:
            yield Part(start)
            return
        else:
            yield Part(start, None, (28, (size - at).to_bytes(8, "little")), more=True)
            return


def _rf64_sound(file: BinaryIO, start: int, size: int) -> tuple[int, int]:
    """Return where the sound of an RF64 begins, and how many bytes it counts; `start` and 0 where that is not known."""
    file.seek(start + 12)
    sizes = file.read(24)
    at = start + 12
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or sizes[:4] != b"ds64":
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"data":
            counted = int.from_bytes(sizes[16:], "little")
            return at + 8, counted if length in (0, 0xFFFFFFFF) else length
        at += 8 + length + length % 2
    return start, 0


def _w64_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where further W64 files begin: right behind the bytes that one counts."""
    at = 0
    while True:
        file.seek(at + 16)
        at += int.from_bytes(file.read(8), "little")
        file.seek(min(at, size))
        if at >= size or file.read(16) != W64:
            return
        yield at


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
        length = ebml_size(head[4:]) if head[:4] in (EBML, SEGMENT) else None
        at = find(file, EBML, at + 4, size) if length is None else at + length


def ebml_size(data: bytes) -> int | None:
    """Return the bytes of an element with this head (without its id), head and id included; ``None`` if not known."""
    digits = 9 - data[0].bit_length() if data and data[0] else 9
    if len(data) < digits or digits > 8:
        return None
    value = int.from_bytes(data[:digits], "big") - (1 << 7 * digits)
    return None if value == (1 << 7 * digits) - 1 else 4 + digits + value
