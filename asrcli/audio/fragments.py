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

from asrcli.audio.frames import promised, searched
from asrcli.audio.heads import LETTERS, LONGEST, SEARCHED, Look, begins

Pieces = tuple[tuple[int, int], ...]  # where each begins and ends (bytes)
MOST_BETWEEN = 50  # boxes between the head of a fragmented file and its first fragment


@dataclass(slots=True)
class Fragment:
    """A fragment of a file: where it is (bytes), of which track, and when it begins, in units of that."""

    start: int
    end: int
    track: int
    time: int
    movable: bool  # its samples are counted from its own start


def boxes(look: Look, fragments: list[Fragment] | None = None) -> Iterator[int]:
    """Walk through the boxes of an MP4 (as `walks`), to the head of another: in one of fragments, where time says so.

    Args:
        look: gives the bytes from where the walk is.
        fragments: gets those that are passed.
    """
    seen: set[bytes] = set()
    at, time = 0, -1  # of the last fragment
    while (box := _box(look, 0))[1] >= 8:
        kind, length = box
        again = kind == b"ftyp" and (not {b"moov", b"mdat"} <= seen or 0 <= time < _next_time(look))
        if seen and not again and begins(look):
            return
        if kind == b"moof":
            fragment = _fragment(look(0, min(length, SEARCHED), 0), at, length)
            time = fragment.time
            if fragments is not None:
                fragments.append(fragment)
        if kind == b"mdat" and fragments and fragments[-1].end == at:
            fragments[-1].end += length
        seen.add(kind)
        behind = look(length, 0, LONGEST)
        if kind == b"mdat" and behind and not LETTERS.issuperset(behind[4:8]) and not begins(look, length):
            yield 16  # it is cut off
            yield from searched(look, b"ftyp")
            return
        if kind == b"mdat":
            yield from promised(look, length, lambda behind: LETTERS.issuperset(behind[4:8]))
        else:
            yield length
        at += length


def _box(look: Look, at: int) -> tuple[bytes, int]:
    """Return the kind of the box so far from here, and how long it is; less than 8 where it is none."""
    head = look(at, 16, 16)
    length = int.from_bytes(head[:4], "big")
    return head[4:8], int.from_bytes(head[8:], "big") if length == 1 else length


def _next_time(look: Look) -> int:
    """Return when the next fragment begins, -1 where none is near."""
    at = 0
    for _ in range(MOST_BETWEEN):
        kind, length = _box(look, at)
        if kind == b"moof":
            return _fragment(look(at, min(length, SEARCHED), 0), at, length).time
        at += length
        if length < 8 or at >= SEARCHED:
            break
    return -1


def _fragment(box: bytes, at: int, length: int) -> Fragment:
    """Return a fragment without its samples, which are in the box behind this."""
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
