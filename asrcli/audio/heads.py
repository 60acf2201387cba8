"""How files of sound begin, and whether one begins at a place: joined end to end, nothing else says so.

A file with a head is known by that. MP3, AAC, AC-3 and DTS are frames one behind the other, each of which says how long
it is: three of one kind in a row are one.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice, takewhile
from typing import BinaryIO

LETTERS = frozenset((string.ascii_letters + string.digits + " _-.!").encode())  # of names of chunks and boxes
SEARCHED = 1 << 16  # bytes looked through at a time
LONGEST = 64  # bytes of a head
RF64 = (b"RF64", b"BW64")
OGG, EBML, PACK, SYNC = b"OggS", b"\x1a\x45\xdf\xa3", b"\0\0\1\xba", 0x47
W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"
WIDTHS = ((188, 0), (192, 4))  # bytes of a packet of a transport stream, and of the time in front of it (m2ts)
PACKETS = 5 * 192  # bytes in which a few of them are
DTS = b"\x7f\xfe\x80\x01"
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
MXF = bytes.fromhex("060e2b34020501010d0102010102")  # a header partition
INITIAL = re.escape(bytes(value for value in range(256) if value & 8))  # of WavPack's flags: first of a moment
# How a file begins whose end is not told by its head -> its first bytes, as far as they are the same in all.
HEADS = {
    b"FLV\x01": rb"FLV\x01[\x00-\x05]\x00\x00\x00\x09\x00\x00\x00\x00",
    b"TTA1": rb"TTA1[\x01\x02]\x00[\x01-\x08]\x00[\x08\x10\x18]\x00",
    b"Crea": rb"Creative Voice File\x1a",
    b"NIST": rb"NIST_1A\n   1024\n",
    b"nut/": rb"nut/multimedia container\x00",
    b".snd": rb"\.snd\x00\x00.{6}\x00\x00\x00[\x01-\x1b]\x00[\x00-\x02].{2}\x00\x00\x00[\x01-\x20]",
    b"wvpk": rb"wvpk.{4}[\x02-\x10]\x04.{6}\x00\x00\x00\x00.{5}[" + INITIAL + rb"]",
    b"#!AM": rb"#!AMR(?:-WB)?\n",
    ASF[:4]: re.escape(ASF),
    MXF[:4]: re.escape(MXF),
}
# FLAC in Matroska has its own head in the head of its track, behind this mark and a size.
NOT_IN_MATROSKA = b"".join(rb"(?<!\x63\xa2.{%d})" % digits for digits in (1, 2, 3, 4, 8))
COMMON = {
    b"RIFF": rb"RIFF.{4}WAVE(?:fmt |JUNK|junk|bext|LIST|fact|iXML|PAD |FLLR|Fake|cue |PEAK)",
    b"fLaC": NOT_IN_MATROSKA + rb"fLaC[\x00\x80]\x00\x00\x22",
    b"OggS": rb"OggS\x00\x02\x00{8}",
    b"ftyp": rb"\x00\x00[\x00-\x0f].ftyp",
    b"ID3": rb"ID3[\x02-\x04].[\x00\x10\x20\x40\x60\x80\xc0\xe0][\x00-\x7f]{4}",
}
OTHERS = (
    rb"RIFF.{4}AVI LIST", rb"(?:RIFX|RF64|BW64).{4}WAVE", re.escape(W64), rb"FORM.{4}(?:AIF[FC]|8SVX|16SV)",
    rb"caff\x00[\x01\x02]\x00\x00", rb"\x1a\x45\xdf\xa3[\x80-\xff\x40-\x7f\x01]",
    rb"\x00\x00\x01\xba(?:[\x20-\x2f].{7}|[\x40-\x7f].{8}[\xf8-\xff]\xff{,7})\x00\x00\x01",
    DTS, rb"MAC .\x0f", rb"MPCKSH", rb"tBaK", rb"\.RMF\x00\x00\x00",
    rb"DSD \x1c\x00{7}",
)  # fmt: skip
SEARCHED_FOR = {
    **HEADS,
    **COMMON,
    RF64[0]: rb"RF64.{4}WAVE",
    RF64[1]: rb"BW64.{4}WAVE",
    EBML: EBML + rb".{,40}(?:webm|matroska)",
}
OWN = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in SEARCHED_FOR.items()}
ANY = re.compile(b"|".join((*HEADS.values(), *list(COMMON.values())[:-1], *OTHERS)), re.DOTALL)
TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")
MOST_CUT_OFF = 1000  # pieces of one recording
MOST_LIKELY = 100  # heads looked for in one piece that is cut off
LEAST, FRAMES = 8, 3  # bytes of the head of a frame; frames in a row that are no chance
CANDIDATE = re.compile(ANY.pattern + rb"|ID3[\x02-\x04]|\xff(?=[\xe2-\xff])|\x0b\x77|\x47(?=.{187}\x47)", re.DOTALL)
# kbit/s of MPEG audio by its version (1 or later) and layer; of AC-3.
RATES = {
    (True, 1): range(0, 480, 32),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
AC3_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)

# Gives what stands so far from here: so many bytes at least, if there are, and no more than so many. From a pipe, what
# is there already is given where 0 are enough.
Look = Callable[[int, int, int], bytes]


def find(file: BinaryIO, wanted: bytes, at: int, size: int) -> int:
    """Return where these bytes stand next, or the end of the file."""
    while at < size:
        file.seek(at)
        piece = file.read(SEARCHED)
        if (found := piece.find(wanted)) >= 0:
            return at + found
        at += max(1, len(piece) - len(wanted) + 1)
    return size


def look_into(file: BinaryIO, place: int) -> Look:
    """Return what gives the bytes of a file from a place on."""

    def _look(at: int, least: int, most: int) -> bytes:
        file.seek(place + at)
        return file.read(max(least, most))

    return _look


def begins(look: Look, at: int = 0) -> bool:
    """Return whether a file of any kind begins so far from here."""
    head = look(at, LONGEST, PACKETS)
    head = head if SYNC not in head[:5] else look(at, PACKETS, PACKETS)
    if tag := id3_bytes(head):
        at += tag
        head = look(at, LONGEST, LONGEST)
    return bool(ANY.match(head)) or in_a_row(look, at) or bool(packet_width(head)[0])


class Pieces:
    """How far the pieces of a recording reach, each of which says how long it is: less where one is cut off."""

    def __init__(self, look: Look, goes_on: Callable[[bytes], bool]) -> None:
        self.look, self.goes_on = look, goes_on  # the latter: whether a further piece begins with these bytes
        self.tries = 0

    def reach(self, length: int) -> int:
        """Return how far a piece of so many bytes reaches: to the next head where that is in it."""
        behind = self.look(length, LONGEST, LONGEST)
        if not behind or self.goes_on(behind) or behind.startswith(TAGS) or begins(self.look, length):
            return length
        self.tries += 1
        if self.tries > MOST_CUT_OFF:
            return length
        data = self.look(0, length, length + PACKETS)
        found = takewhile(lambda at: at < length, islice(likely(data, 1), MOST_LIKELY))
        return next((at for at in found if begins(self.look, at)), length)

    def up_to(self, last: int, end: int) -> Iterator[int]:
        """Walk over whole pieces, of which the last begins and ends so far from here."""
        if last:
            yield last
        yield self.reach(end - last)


def likely(data: bytes, at: int) -> Iterator[int]:
    """Yield the places from one on where a file may begin by its first bytes."""
    for match in CANDIDATE.finditer(data, at):
        if data[match.start()] != 0xFF or frame_bytes(data[match.start() : match.start() + LEAST]):
            yield match.start()


def packet_width(head: bytes) -> tuple[int, int]:
    """Return the bytes of a packet of a transport stream, and how many of them are in front; 0 of other files."""
    for width, lead in WIDTHS:
        if len(head) >= 5 * width and all(head[lead + width * number] == SYNC for number in range(5)):
            return width, lead
    return 0, 0


def id3_bytes(head: bytes) -> int:
    """Return the bytes of an ID3 tag with this head, 0 where it is none."""
    if len(head) < 10 or not OWN[b"ID3"].match(head):
        return 0
    return 10 + sum(value << 7 * (3 - place) for place, value in enumerate(head[6:10]))


def in_a_row(look: Look, at: int) -> bool:
    """Return whether frames of one kind stand so far from here, to the end if there are only two."""
    first = b""
    for number in range(FRAMES):
        head = look(at, LEAST, LEAST)
        if not head and number > 1:
            return True
        length = frame_bytes(head)
        if not length or (number and kind_of(head) != kind_of(first)):
            return False
        first, at = head, at + length
    return True


def kind_of(head: bytes) -> tuple[int, int]:
    """Return what is the same in the heads of all frames of a stream: MPEG's layer, AAC, AC-3 or DTS."""
    return head[0], head[1] & 6


def frame_bytes(head: bytes) -> int:
    """Return the bytes of a frame of MP3 (any layer), AAC (ADTS), AC-3 or DTS with this head, 0 where it is none."""
    if len(head) < LEAST:
        return 0
    if head[0] == 0x0B and head[1] == 0x77:
        return _ac3_bytes(head)
    if head[:4] == DTS:
        return ((head[5] & 3) << 12 | head[6] << 4 | head[7] >> 4) + 1
    if head[0] != 0xFF or head[1] < 0xE0:
        return 0
    if head[1] & 0xF6 == 0xF0:
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return length if length > LEAST and head[2] >> 2 & 15 < 13 else 0
    return _mpeg_bytes(head[1], head[2])


@lru_cache(maxsize=1 << 12)
def _mpeg_bytes(second: int, third: int) -> int:
    version, layer, rate, place = second >> 3 & 3, 4 - (second >> 1 & 3), third >> 4, third >> 2 & 3
    if version == 1 or layer == 4 or rate in (0, 15) or place == 3:
        return 0
    first = version == 3
    bits = 1000 * RATES[(first, layer if first else min(layer, 2))][rate]
    hertz = (44_100, 48_000, 32_000)[place] >> (3 - version + 1) // 2
    padding = third >> 1 & 1
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    return (144 if first or layer == 2 else 72) * bits // hertz + padding


def _ac3_bytes(head: bytes) -> int:
    rate, code, version = head[4] >> 6, head[4] & 63, head[5] >> 3
    if version > 10:
        return 2 * (int.from_bytes(head[2:4], "big") & 0x7FF) + 2 if version <= 16 else 0
    if rate == 3 or code >= 2 * len(AC3_RATES):
        return 0
    bits = 1000 * AC3_RATES[code // 2]
    return 2 * (bits * 96 // 44_100 + code % 2) if rate == 1 else bits * (192, 0, 288)[rate] // 48_000
