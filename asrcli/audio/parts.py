"""Recordings joined end to end in one file: where each of them lies, so that it is opened by itself.

A decoder is set up once from the head of a file. The parts of a chained Ogg may have another rate or another codebook,
a second WAV or MP4 behind the first is never looked at, and an MP3 says how long its own part is. So each part is
opened as a file of its own. Heads that promise less sound than there is (of a recorder that was cut off, or of more
than 4 GiB) are read as if they promised all of it.

FFmpeg looks for further chunks to the end of the file, eight bytes at a time: 40 MB of zeros behind the sound would
take it 26 s, in which nothing can interrupt it. So what lies behind the chunks is kept from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO, cast

from asrcli.audio.fragments import Fragment, Pieces, Reordered, boxes, in_order
from asrcli.audio.frames import behind_rubbish, is_whole_flac, searched
from asrcli.audio.heads import (
    LETTERS,
    LONGEST,
    PACK,
    PACKETS,
    RF64,
    SEARCHED,
    Look,
    begins,
    id3_bytes,
    look_into,
    packet_width,
)
from asrcli.audio.programs import pack_starts, program_starts
from asrcli.audio.walks import LAYOUTS, walk
from asrcli.audio.wav_heads import replaced_head

MOST_CHUNKS = 1000  # of one WAV, AIFF or CAF
MOST_BOXES = 200_000  # of one MP4: two for each fragment, of which a day of live sound has 43,200
NEAR = 1 << 22  # bytes of a file that is read to its end in any case
MOST_PARTS = 10_000  # that are opened by themselves: a few bytes can be one
# What other programs put behind the sound: no sound, even where it is cut off.
TAGS = (b"TAG", b"ID3", b"id3 ", b"APETAGEX", b"LIST", b"bext", b"cue ", b"JUNK", b"iXML", b"_PMX", b"smpl", b"PK\3\4")
LEAST_MORE = 3200  # bytes behind the promised sound that are taken for more of it: 0.1 s at 16 kHz


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
    size, start = file.seek(0, 2), 0
    for _ in range(MOST_PARTS):
        view = cast(BinaryIO, Reordered(file, ((start, size),))) if start else file
        part, following = _first(view, size - start, far)
        yield _moved(part, start) if start else part
        if following is None:
            return
        start += following
    yield Part(start)


def _moved(part: Part, by: int) -> Part:
    """Return a part of a view as one of the file, whose bytes begin so far before it."""
    pieces = tuple((start + by, end + by) for start, end in part.pieces)
    return replace(part, start=part.start + by, end=None if part.end is None else part.end + by, pieces=pieces)


def _first(file: BinaryIO, size: int, far: bool) -> tuple[Part, int | None]:
    """Return the first part of a file, and where the next one begins."""
    start = _behind_id3(file)
    file.seek(start)
    head = file.read(12)
    if replaced := replaced_head(file, start, size):
        begin, other, end = replaced
        following = end if _begins(file, end, size) else None
        if head[:4] == b".snd":  # whose writer did not know how long it would be
            following = _behind(file, begin + len(other), size, lambda look: searched(look, head[:4]), far)
        return Part(begin, following, (0, other)), following
    if head[:4] in LAYOUTS and head[8:12] != b"AVI ":
        return _chunked(file, start, size, far)
    if head[:4] in RF64:
        return _rf64(file, size)
    if head[4:8] == b"ftyp":
        return _mp4(file, size)
    following = _following(file, head, size, far)
    return Part(0, following), following


def _following(file: BinaryIO, head: bytes, size: int, far: bool) -> int | None:
    """Return where another begins behind the first recording of a file, by its first bytes."""
    file.seek(0)
    packets, _ = packet_width(file.read(PACKETS))  # one mark is not enough: a frame of AAC may have it
    if packets or head[:4] == PACK:
        starts = program_starts if packets else pack_starts
        return next(starts(file, size), None) if far or size <= NEAR else None
    if head[:4] == b"fLaC" and is_whole_flac(file, size):
        return None
    return _behind(file, 0, size, walk, far)


def _behind(file: BinaryIO, at: int, size: int, way: Callable[[Look], Iterator[int]], far: bool = True) -> int | None:
    """Return where another recording begins behind what begins at a place, a way through which is given."""

    def _look(ahead: int, least: int, most: int) -> bytes:
        if at + ahead >= size:
            return b""
        file.seek(at + ahead)
        return file.read(max(least, most))

    for length in islice(way(_look), None if far or size <= NEAR else NEAR // SEARCHED):
        at += length
    return at if 0 < at < size and begins(_look) else None


def _begins(file: BinaryIO, at: int, size: int) -> bool:
    return at < size and begins(look_into(file, at))


def _following_sound(file: BinaryIO, at: int, behind: int, size: int) -> int | None:
    """Return where another recording begins, near the end that one promises or else in what it promises."""
    following = _behind(file, behind, min(size, behind + SEARCHED), behind_rubbish)
    return following or _behind(file, at, size, _next_head)


def _next_head(look: Look) -> Iterator[int]:
    return searched(look, b"RIFF")


def _mp4(file: BinaryIO, size: int) -> tuple[Part, int | None]:
    """Return the first part of an MP4, with its fragments in the order of time, and where the next one begins."""
    fragments: list[Fragment] = []
    following = _behind(file, 0, size, lambda look: islice(boxes(look, fragments), MOST_BOXES))
    return Part(0, following, pieces=in_order(0, fragments)), following


def _behind_id3(file: BinaryIO) -> int:
    """Return where a WAV or AIFF begins that a tagger put an ID3 tag in front of; 0 of any other file."""
    file.seek(0)
    at = id3_bytes(file.read(LONGEST))
    file.seek(at)
    return at if file.read(4) in (b"RIFF", b"FORM") else 0


def _chunked(file: BinaryIO, start: int, size: int, far: bool) -> tuple[Part, int | None]:
    """Return a WAV, AIFF or CAF, and where the next part begins: where a head stands instead of a chunk."""
    file.seek(start)
    kind = file.read(4)
    first, digits, order, sound, padded = LAYOUTS[kind]
    at, sounding, width, odd = start + first, 0, 0, 0  # where its size stands; bytes of a sample of all channels
    for _ in range(MOST_CHUNKS):
        if at + 4 + digits > size:
            break
        file.seek(at)
        head = file.read(4 + digits)
        length = int.from_bytes(head[4:], order)
        for end in (at - odd, at):  # a chunk of odd length without its padding
            if sounding and _begins(file, end, size):
                return Part(start, end), end
        again = head[:4] == sound and bool(sounding and width) and len(head) % width == 0  # its head is a few samples
        if again or not LETTERS.issuperset(head[:4]) or (sounding and at + len(head) + length > size):
            following = _following_sound(file, sounding + digits, at, size) if sounding else None
            if sounding and _is_more_sound(file, at, size if following is None else following):
                most = (size if following is None else following) - sounding - digits
                unknown = min(most, (1 << 8 * digits) - 2) if kind != b"RIFF" else 0
                return Part(start, following, (sounding - start, unknown.to_bytes(digits, order)), True), following
            return Part(start, min(at, following or at) if sounding else None), following
        if head[:4] == b"fmt ":
            width = int.from_bytes(file.read(14)[12:], order)
        if head[:4] == sound and not sounding:
            if not length or at + len(head) + length > size:  # of a writer that did not know it
                following = _behind(file, at + len(head), size, _next_head) if far or size <= NEAR else None
                return Part(start, following), following
            sounding = at + 4
        odd = length % 2 if padded else 0
        at += len(head) + length + odd
    return Part(start, at if sounding and at < size else None), None


def _rf64(file: BinaryIO, size: int) -> tuple[Part, int | None]:
    """Return an RF64 with all its sound, also where its writer was cut off before it counted, and where another is."""
    at, counted = _rf64_sound(file)
    if not at or size - at < LEAST_MORE:
        return Part(), None
    if counted and (following := _behind(file, 0, size, walk)):
        return Part(0, following), following
    behind = at + counted + counted % 2
    file.seek(min(behind, size))
    if counted and (LETTERS.issuperset(file.read(4)) or not _is_more_sound(file, behind, size)):
        return Part(), None
    following = _following_sound(file, at, behind, size)
    length = (size if following is None else following) - at
    return Part(0, following, (28, length.to_bytes(8, "little")), more=True), following


def _rf64_sound(file: BinaryIO) -> tuple[int, int]:
    """Return where the sound of an RF64 begins, and how many bytes it counts; zeros where that is not known."""
    file.seek(12)
    sizes = file.read(24)
    at = 12
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
    return 0, 0


def _is_more_sound(file: BinaryIO, at: int, size: int) -> bool:
    """Return whether what lies behind the promised sound is more of it: no tag, no single byte over and over."""
    file.seek(at)
    piece = file.read(min(SEARCHED, max(0, size - at)))
    if size - at < LEAST_MORE or piece.startswith(TAGS):
        return False
    while piece and piece.count(piece[:1]) == len(piece):
        piece = file.read(min(SEARCHED, max(0, size - file.tell())))
    return bool(piece)
