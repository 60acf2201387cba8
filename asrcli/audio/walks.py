"""Where a recording ends, found in one pass forwards, so that it is found in a pipe as well as in a file.

Each walk yields how many bytes the recording goes on, over and over, and ends where another may begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Literal

from asrcli.audio.fragments import boxes
from asrcli.audio.frames import ALL, BLOCK, behind_rubbish, flac, frames, promised, searched, tags, whole
from asrcli.audio.heads import (
    ASF,
    COMMON,
    EBML,
    HEADS,
    LETTERS,
    LONGEST,
    MOST_CUT_OFF,
    OGG,
    OWN,
    PACK,
    PACKETS,
    RF64,
    SEARCHED,
    SYNC,
    W64,
    Look,
    Pieces,
    begins,
    frame_bytes,
    id3_bytes,
    packet_width,
)

SEGMENT = b"\x18\x53\x80\x67"
ELEMENTS = (EBML, SEGMENT, b"\x1c\x53\xbb\x6b", b"\x12\x54\xc3\x67", b"\x1f\x43\xb6\x75")  # also cues, tags, a cluster
ATTACHMENTS = b"\x19\x41\xa4\x69"
OGG_HEAD, FIRST_PAGE = 27, 2
UNKNOWN = 0x7FFF0000  # bytes of sound, or more, that a writer says who does not know how many there will be
BLOCK_HEAD, FEW = 24, 1 << 12  # bytes of the head of a block, and of a few small ones
END, PACK_HEAD = 0xB9, 14  # of a program stream: the least number of a packet, bytes of its head
# How a file begins -> bytes of its head, bytes of a chunk's size, the order of those, the chunk with the sound, and
# whether a chunk of odd length has one more byte. RF64 and W64 keep their sizes elsewhere.
LAYOUTS: dict[bytes, tuple[int, int, Literal["little", "big"], bytes, bool]] = {
    b"RIFF": (12, 4, "little", b"data", True),
    b"FORM": (12, 4, "big", b"SSND", True),
    b"caff": (8, 8, "big", b"data", False),
}


def walk(look: Look) -> Iterator[int]:
    """Walk through the recording that begins here, to the end of what has no way."""
    if tag := id3_bytes(look(0, LONGEST, LONGEST)):
        yield tag
    yield from _way(look)
    if not begins(look):
        yield from behind_rubbish(look)


def _way(look: Look) -> Iterator[int]:
    head = look(0, LONGEST, LONGEST)
    if head[:4] in BLOCKS:
        return _blocks(look, *BLOCKS[head[:4]])
    if head[:4] in HEADS:
        return chain((len(head),), searched(look, head[:4]))
    if way := WAYS.get(head[4:8]) or WAYS.get(head[:4]):
        return way(look)
    if SYNC in head[:5] and (packets := packet_width(look(0, PACKETS, PACKETS)))[0]:
        return _packets(look, *packets)
    return frames(look) if frame_bytes(head) else iter((ALL,))


def _chunks(look: Look) -> Iterator[int]:
    """Walk through the chunks of a WAV, AIFF or CAF; where its writer did not know how long the sound is, search."""
    kind = look(0, 4, 4)[:4]
    if look(8, 4, 4)[:4] == b"AVI ":
        yield from _avi(look)
        return
    first, digits, order, sound, padded = LAYOUTS[b"RIFF" if kind in RF64 else kind]
    counted = int.from_bytes(look(28, 8, 8), "little") if kind in RF64 else 0
    sounding = False
    yield first
    while len(head := look(0, 4 + digits, 4 + digits)) == 4 + digits:
        if (sounding and begins(look)) or not LETTERS.issuperset(head[:4]):
            return
        length = int.from_bytes(head[4:], order)
        sounding = sounding or head[:4] == sound
        if counted and head[:4] == sound:
            length = counted
        elif head[:4] == sound and not 0 < length < UNKNOWN:
            yield len(head)
            yield from searched(look, b"RIFF")
            return
        if head[:4] == sound:
            yield len(head)
            yield from promised(look, length, lambda behind: LETTERS.issuperset(behind[:4]))
        else:
            yield len(head) + length
        if padded and length % 2 and not begins(look):
            yield 1


def _pages(look: Look) -> Iterator[int]:
    """Walk through the pages of an Ogg, to the first page of a stream behind pages that are none."""
    inside, tries = False, 0
    pieces = Pieces(look, lambda behind: behind[:4] == OGG)
    while head := look(0, OGG_HEAD, OGG_HEAD):
        if head[:4] != OGG or len(head) < OGG_HEAD:
            if begins(look):
                return
            data = look(0, LONGEST, SEARCHED)
            yield found if (found := data.find(OGG, 1)) > 0 else max(1, len(data) - len(OGG))
            continue
        anew = bool(head[5] & FIRST_PAGE)
        if anew and inside:
            return
        inside = not anew
        sizes = look(OGG_HEAD, head[26], head[26])
        length = OGG_HEAD + len(sizes) + sum(sizes)
        page = look(0, length, length)
        if tries < MOST_CUT_OFF and (inner := page.find(OGG + b"\0", len(OGG))) > 0:
            length, tries = inner, tries + 1  # this one is cut off, with the next in what it promised
        # A live stream is not to wait for its next page.
        yield pieces.reach(length) if any(one in page[len(OGG) :] for one in COMMON) else length


def _avi(look: Look) -> Iterator[int]:
    """Walk through an AVI, of which further gigabytes have heads of their own."""
    yield 8 + int.from_bytes(look(4, 4, 4)[:4], "little")
    while (head := look(0, 12, 12))[8:12] == b"AVIX":
        yield 8 + int.from_bytes(head[4:8], "little")


def _matroska(look: Look) -> Iterator[int]:
    """Walk through a Matroska or WebM, searching where a live writer left out the sizes."""
    head = look(0, 12, 12)[:12]
    while head:
        length = ebml_size(head[4:]) if head[:4] in (EBML, SEGMENT) else None
        behind = look(length or 0, 0, LONGEST)
        if length is None or (behind and behind[:4] not in ELEMENTS and not begins(look, length)):  # it is cut off
            yield len(head)
            yield from searched(look, EBML)
            return
        yield from promised(look, length, lambda behind: behind[:4] in ELEMENTS, ATTACHMENTS)
        head = b"" if begins(look) else look(0, 12, 12)[:12]


def ebml_size(data: bytes) -> int | None:
    """Return the bytes of an element with this head (without its id), head and id included; ``None`` if not known."""
    digits = 9 - data[0].bit_length() if data and data[0] else 9
    if len(data) < digits or digits > 8:
        return None
    value = int.from_bytes(data[:digits], "big") - (1 << 7 * digits)
    return None if value == (1 << 7 * digits) - 1 else 4 + digits + value


def _packets(look: Look, width: int, lead: int) -> Iterator[int]:
    """Walk through the packets of a transport stream; where the grid is lost, to what may be one."""
    pieces = Pieces(look, lambda behind: behind[lead : lead + 1] == bytes((SYNC,)))
    while data := look(0, width, BLOCK):
        marks = data[lead::width]
        if count := len(marks) - len(marks.lstrip(bytes((SYNC,)))):
            yield from pieces.up_to((count - 1) * width, count * width)
        elif begins(look):
            return
        else:
            yield found if (found := data.find(SYNC, lead + 1) - lead) > 0 else len(data)


def _packs(look: Look) -> Iterator[int]:
    """Walk through the packets of a program stream; behind damage the next pack is next."""
    pieces = Pieces(look, lambda behind: bool(packet_bytes(behind)))
    while data := look(0, PACK_HEAD, SEARCHED):
        last, at = whole(data, PACK_HEAD, packet_bytes)
        if at:
            yield from pieces.up_to(last, at)
        elif begins(look):
            return
        else:
            yield found if (found := data.find(PACK, 1)) > 0 else max(1, len(data) - LONGEST)


def packet_bytes(head: bytes) -> int:
    """Return the bytes of a packet of a program stream with this head, 0 where it is none."""
    if head[:3] != PACK[:3] or len(head) < PACK_HEAD or head[3] < END:
        return 0
    if head[3] == PACK[3]:
        return 12 if head[4] >> 4 == 2 else 14 + head[13] % 8  # of MPEG-1, or with stuffing
    return 4 if head[3] == END else 6 + int.from_bytes(head[4:6], "big")


def _blocks(look: Look, first: Callable[[bytes], int], length: Callable[[bytes], int]) -> Iterator[int]:
    """Walk through blocks each of which says how long it is; where one does not, search."""
    head = look(0, LONGEST, LONGEST)
    kind, size = head[:4], first(head) or len(head)
    while size:
        yield size
        size = whole(look(0, BLOCK_HEAD, FEW), BLOCK_HEAD, length)[1]
    yield from tags(look)
    if not begins(look):
        yield from searched(look, kind)


def _w64(look: Look) -> Iterator[int]:
    """Walk through a W64 as far as it says."""
    yield int.from_bytes(look(16, 8, 8), "little") or ALL


WAYS: dict[bytes, Callable[[Look], Iterator[int]]] = {
    **dict.fromkeys((*LAYOUTS, *RF64), _chunks),
    b"ftyp": boxes,
    OGG: _pages,
    b"fLaC": flac,
    W64[:4]: _w64,
    EBML: _matroska,
    PACK: _packs,
}


def _au_bytes(head: bytes) -> int:
    length = int.from_bytes(head[8:12], "big")
    return int.from_bytes(head[4:8], "big") + (length if length != 0xFFFFFFFF else 0)


def _flv_bytes(head: bytes) -> int:
    return 15 + int.from_bytes(head[1:4], "big") if head[0] in (8, 9, 18) else 0


def _voc_bytes(head: bytes) -> int:
    return (
        4 + int.from_bytes(head[1:4], "little")
        if 0 < head[0] < 10
        else int(not head[0] and not OWN[b"ftyp"].match(head))
    )


def _asf_bytes(head: bytes) -> int:
    return int.from_bytes(head[16:24], "little") if head[:16] in ASF_OBJECTS else 0


def _wavpack_bytes(head: bytes) -> int:
    return 8 + int.from_bytes(head[4:8], "little") if head[:4] == b"wvpk" else 0


# The sound of an ASF, and indexes behind it.
ASF_OBJECTS = tuple(
    bytes.fromhex(one)
    for one in (
        "3626b2758e66cf11a6d900aa0062ce6c",
        "90080033b1e5cf1189f400a0c90349cb",
        "d329e2d6da35d111903400a0c90349be",
    )
)
# How a file of blocks begins -> the bytes of its head, and those of a block with this head; 0 where it is none.
BLOCKS: dict[bytes, tuple[Callable[[bytes], int], Callable[[bytes], int]]] = {
    b"FLV\x01": (lambda _: 13, _flv_bytes),
    b".snd": (_au_bytes, lambda _: 0),
    b"Crea": (lambda head: head[20], _voc_bytes),
    ASF[:4]: (lambda head: int.from_bytes(head[16:24], "little"), _asf_bytes),
    b"wvpk": (_wavpack_bytes, lambda head: 0 if OWN[b"wvpk"].match(head) else _wavpack_bytes(head)),
}
