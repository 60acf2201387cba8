"""Where the sound of an MPEG stream goes on under other numbers: advertisements and recordings joined to others.

A transport stream says from time to time which packets hold its sound (ISO 13818-1: a table of programs, and one for
each of them); in a program stream (DVD, VCD, camcorders) the number of each packet says it. FFmpeg follows the packets
that it found at the beginning; what comes under other numbers was dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from asrcli.audio.heads import MOST_CUT_OFF, PACK, PACKETS, SYNC, Pieces, begins, find, look_into, packet_width
from asrcli.audio.walks import packet_bytes

BLOCK, AFTER_DAMAGE = 1 << 15, 1 << 6  # packets read at a time
SOUND = (0x03, 0x04, 0x0F, 0x11, 0x1C, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87)  # kinds of streams
PRIVATE = 0x06  # sound where a descriptor says so (AC-3, E-AC-3, DTS, AAC) or none says anything
DESCRIPTORS = (0x6A, 0x7A, 0x7B, 0x7C)
REGISTERED = (b"AC-3", b"EAC3", b"DTS1", b"DTS2", b"DTS3", b"Opus", b"BSSD")
LAYERS, OTHER = range(0xC0, 0xE0), 0xBD  # packets of MPEG sound; of AC-3, DTS, PCM, subtitles
FIRST_SOUND = 0x80  # of the numbers within the latter
SYSTEM, OTHER_FILE = 0xBB, -1  # the header of the stream; where it is over
SOUND_PACK = re.compile(  # the head of a pack and what its packet begins with, which alone may stand in any sound
    PACK + rb"(?:[\x20-\x2f].{7}|[\x40-\x7f].{8}[\xf8-\xff])" + PACK[:3] + rb"(?=[\xbd\xc0-\xdf])", re.DOTALL
)
GONE = 30  # packets of others without one of the sound that was there: then that has ended

Sounds = frozenset[tuple[int, int]]  # kind and number of each stream of sound


def program_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield the positions of the tables from which on no stream of sound has the kind and number of one before."""
    file.seek(0)
    width, lead = packet_width(file.read(PACKETS))
    if width:
        yield from _Tables(lead).changes(_packets(file, size, width, lead))


def _packets(file: BinaryIO, size: int, width: int, lead: int) -> Iterator[tuple[int, Any]]:
    """Yield positions and packets `(n, width)`; where the grid is lost, it is looked for again.

    Where a file of another kind begins there, it is the last position, with ``None``.
    """
    import numpy as np

    at, count = 0, BLOCK
    while at + width <= size:
        file.seek(at)
        data = np.frombuffer(file.read(count * width), np.uint8)
        rows = data[: len(data) // width * width].reshape(-1, width)
        lost = np.flatnonzero(rows[:, lead] != SYNC)
        good = rows[: lost[0]] if len(lost) else rows
        count = min(BLOCK, 2 * count) if bool(len(good)) != bool(len(lost)) else AFTER_DAMAGE
        if len(good):
            yield at, good
            at += good.size
            continue
        if at and (other := _other_at(file, at - width, width)):
            yield other, None
            return
        grid = data[lead:] == SYNC
        grid = grid[: -3 * width] & grid[width : -2 * width] & grid[2 * width : -width] & grid[3 * width :]
        found = np.flatnonzero(grid)
        at += int(found[0]) if len(found) else max(width, len(data) - 3 * width)


class _Tables:
    """The tables of a stream, as far as they have been read."""

    def __init__(self, lead: int) -> None:
        self.lead = lead
        self.at = 0  # where the last table of programs stands
        self.seen: dict[int, bytes] = {}  # by the number of its packets
        self.programs: dict[int, Sounds] = {}
        self.sounds: Sounds = frozenset()

    def changes(self, blocks: Iterator[tuple[int, Any]]) -> Iterator[int]:
        """Yield the positions of the tables of programs from which on no stream of sound is one of before."""
        for at, rows in blocks:
            if rows is None:
                yield at
                return
            for row, number in self._tables(rows):
                if self._read(number, rows[row].tobytes()[self.lead :], at + row * rows.shape[1]):
                    yield self.at

    def _tables(self, rows: Any) -> Iterator[tuple[int, int]]:
        """Yield in which packets a table begins, and their number; those of programs that were listed meanwhile too."""
        import numpy as np

        flags, low = rows[:, self.lead + 1], rows[:, self.lead + 2]
        numbers = (flags.astype(np.int32) & 0x1F) << 8 | low
        begins = (flags & 0x40) != 0
        first, known = 0, None
        while known != set(self.programs):
            known = set(self.programs)
            wanted = begins[first:] & np.isin(numbers[first:], [0, *known])
            for row in map(int, np.flatnonzero(wanted) + first):
                first = row + 1
                yield row, int(numbers[row])
                if known != set(self.programs):
                    break

    def _read(self, number: int, packet: bytes, at: int) -> bool:
        """Take a packet in which a table begins; return whether the sound changes with it."""
        if number == 0:
            self.at = at
        payload = packet[5 + packet[4] :] if packet[3] & 0x20 else packet[4:]
        if self.seen.get(number) == payload or not payload:
            return False
        self.seen[number] = payload
        section = payload[1 + payload[0] :]
        section = section[: 3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - 4]
        if number == 0 and section[:1] == b"\0":
            listed = {int.from_bytes(section[at + 2 : at + 4], "big") & 0x1FFF for at in range(8, len(section) - 3, 4)}
            self.programs = {one: self.programs.get(one, frozenset()) for one in listed}
            self.seen = {one: data for one, data in self.seen.items() if one == 0 or one in listed}
            return False
        if number and section[:1] == b"\2":
            self.programs[number] = frozenset(_sounds(section))
            return self._changed()
        return False

    def _changed(self) -> bool:
        sounds: Sounds = frozenset().union(*self.programs.values())
        before, self.sounds = self.sounds, sounds or self.sounds
        return bool(before and sounds and not before & sounds)


def _sounds(section: bytes) -> Iterator[tuple[int, int]]:
    """Yield the kind and number of each stream of sound in the table of a program."""
    at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
    while at + 5 <= len(section):
        kind, number = section[at], int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF
        length = int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF
        if kind in SOUND or (kind == PRIVATE and _describes_sound(section[at + 5 : at + 5 + length])):
            yield kind, number
        at += 5 + length


def _describes_sound(descriptors: bytes) -> bool:
    at = 0
    while at + 2 <= len(descriptors):
        tag, length = descriptors[at : at + 2]
        if tag in DESCRIPTORS or (tag == 0x05 and descriptors[at + 2 : at + 6] in REGISTERED):
            return True
        at += 2 + length
    return not descriptors


def pack_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield the positions in a program stream from which on no packet of sound has a number of one before."""
    own: set[int] = set()
    other: set[int] = set()  # numbers that came since the last packet of `own`
    begins, count = 0, 0
    for pack, number, anew in _numbers(file, size):
        if number == OTHER_FILE:
            begins, other = begins if other else pack, {number}
            break
        if not own or number in own:
            own, other, count = own | other | {number}, set(), 0
            continue
        begins, count = (begins, count + 1) if other else (pack, 1)
        other.add(number)
        if anew or count == GONE:
            yield begins
            own, other = other, set()
    if other:
        yield begins


def _numbers(file: BinaryIO, size: int) -> Iterator[tuple[int, int, bool]]:
    """Yield where the pack of each packet of sound begins, its number, and whether the clock went back before it.

    Where a header of the whole stream came since the packet before it, that is where it begins.
    """
    pack, begins, time, anew = 0, None, b"", False
    for at, _, head in stream_packets(file, 0, size):
        if not head:
            yield at, OTHER_FILE, False
            return
        kind = head[3]
        if kind == PACK[3]:
            pack, anew, time = at, anew or head[4:9] < time, head[4:9]
        elif kind == SYSTEM:
            begins = pack
        number = _inner(head[6:]) if kind == OTHER else kind if kind in LAYERS else 0
        if number >= FIRST_SOUND:
            yield pack if begins is None else begins, number, anew
            begins, anew = None, False


def stream_packets(file: BinaryIO, at: int, size: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield the place, the end and the head of each packet of a program stream; behind damage the next pack is next.

    Where a file of another kind begins, it is the last place, without a head.
    """
    before, tries = at, 0
    while at < size:
        file.seek(at)
        head = file.read(32)
        if not (length := packet_bytes(head)):
            tries += 1
            if tries < MOST_CUT_OFF and at > before and (other := _other_at(file, before, at - before)):
                yield other, other, b""
                return
            before = at = find(file, PACK, at + 1, size)
            continue
        before = at
        yield at, at + length, head
        at += length


def _other_at(file: BinaryIO, last: int, length: int) -> int:
    """Return where a file of another kind begins behind the last packet, or in it where it is cut off; 0 where not."""
    within = Pieces(look_into(file, last), lambda _: False).reach(length)
    return last + within if within < length or begins(look_into(file, last + length)) else 0


def sound_numbers(data: bytes) -> Iterator[int]:
    """Yield the numbers of the packets of sound with which packs begin in some bytes of a program stream."""
    for match in SOUND_PACK.finditer(data):
        number = data[match.end()]
        if number == OTHER:
            number = _inner(data[match.end() + 3 : match.end() + 259] or b"\0")
        if number >= FIRST_SOUND:
            yield number


def _inner(packet: bytes) -> int:
    """Return the number that stands first in a packet, behind the times in its head; 0 where there is none."""
    if packet[0] >> 6 == 2:
        return packet[3 + packet[2]] if len(packet) > 3 + packet[2] else 0
    packet = packet.lstrip(b"\xff")  # MPEG-1: what fills it up, the size of a buffer, times
    packet = packet[2:] if packet[:1] and packet[0] >> 6 == 1 else packet
    times = {2: 5, 3: 10}.get(packet[0] >> 4, 1) if packet else 0
    return packet[times] if len(packet) > times else 0
