"""Fragments of MP4: where another recording begins behind them, and the order in which they are to be played.

Each says when its sound begins. Recorders that store the pieces of a live stream as they come store some too late:
FFmpeg drops those, or plays them behind their time, where a browser puts each in its place.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import BinaryIO

from asrcli.audio.joined_mp3 import SEARCHED

MOST_BOXES = 200_000  # of one MP4: two for each fragment, of which a day of live sound has 43,200
Pieces = tuple[tuple[int, int], ...]  # where each begins and ends (bytes)


@dataclass(slots=True)
class Fragment:
    """A fragment of a file: where it is (bytes), of which track, and when it begins, in units of that."""

    start: int
    end: int
    track: int
    time: int
    movable: bool  # its samples are counted from its own start


def mp4_starts(file: BinaryIO, size: int, fragments: list[Fragment]) -> Iterator[int]:
    """Yield where further MP4 files begin; in a fragmented one, whose pieces may repeat the head, where time does.

    Args:
        file: may be anywhere, and be moved between two of them.
        size: bytes of `file`.
        fragments: gets those that are passed.
    """
    at, whole, start = 0, False, 0  # where another may begin
    time = -1  # of the last fragment of this one
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        length = int.from_bytes(head[8:16], "big") if length == 1 else length
        if length < 8 or at + length > size:
            break
        kind = head[4:8]
        if kind == b"ftyp" and whole:
            if start:
                yield start
                time = -1
            start, whole = at, False
        if kind == b"moof":
            fragments.append(_fragment(file, at, length))
            before, time = time, fragments[-1].time
            if start and (before < 0 or time <= before):
                yield start
            start = 0
        if kind == b"mdat" and fragments and fragments[-1].end == at:
            fragments[-1].end += length
        whole = whole or kind == b"moov"
        at += length
    if start and whole:
        yield start


def _fragment(file: BinaryIO, at: int, length: int) -> Fragment:
    """Return a fragment without its samples, which are in the box behind it."""
    file.seek(at)
    box = file.read(min(length, SEARCHED))
    head, place = box.find(b"tfhd"), box.find(b"tfdt")
    time = int.from_bytes(box[place + 8 : place + (16 if box[place + 4 : place + 5] == b"\1" else 12)], "big")
    track = int.from_bytes(box[head + 8 : head + 12], "big")
    return Fragment(at, at + length, track, time, min(head, place) > 0 and not box[head + 7] & 1)


def in_order(start: int, own: Sequence[Fragment]) -> Pieces:
    """Return the pieces of a part, its head first, in the order of time; () where they are in it or cannot move."""
    ordered = sorted(own, key=lambda one: (one.track, one.time))
    queues = {track: iter(list(group)) for track, group in groupby(ordered, key=lambda one: one.track)}
    placed = [next(queues[one.track]) for one in own]
    if placed == own or not all(one.movable for one in own):
        return ()
    return ((start, own[0].start), *((one.start, one.end) for one in placed))


class Reordered(io.RawIOBase):
    """Pieces of a file as one."""

    def __init__(self, file: BinaryIO, pieces: Pieces) -> None:
        self.file, self.pieces, self.at = file, pieces, 0
        self.begins = [0, *accumulate(end - start for start, end in pieces)]

    def read(self, size: int = -1) -> bytes:
        """Return bytes of one piece, at most `size`."""
        number = bisect_right(self.begins, self.at) - 1
        if number == len(self.pieces):
            return b""
        (start, end), inside = self.pieces[number], self.at - self.begins[number]
        self.file.seek(start + inside)
        data = self.file.read(end - start - inside if size < 0 else min(size, end - start - inside))
        self.at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place; return it."""
        self.at = max(0, offset + (0, self.at, self.begins[-1])[whence])
        return self.at

    def tell(self) -> int:
        """Return the place."""
        return self.at
