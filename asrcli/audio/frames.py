"""Where a recording ends that is made of frames, or whose writer did not know how long it would be; as in `walks`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from asrcli.audio.heads import (
    ANY,
    CANDIDATE,
    COMMON,
    EBML,
    LEAST,
    LONGEST,
    OWN,
    SEARCHED,
    TAGS,
    Look,
    Pieces,
    begins,
    frame_bytes,
    id3_bytes,
    in_a_row,
    kind_of,
    likely,
    look_into,
)

# Bytes between the head of an MPEG frame and its Xing header: (MPEG 1 or not, mono or not).
XING_AT = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}
ALL = 1 << 62  # bytes, more than any file has
MOST_TRIES = 100_000  # what looks like a frame or a head in damage, and is none
UTF8 = rb"[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xef][\x80-\xbf]|\xf0[\x90-\xbf].)[\x80-\xbf]"
FRAME = re.compile(rb"\xff\xf8[\x10-\xef][\x00-\xae](" + UTF8 + rb")", re.DOTALL)  # of FLAC, with its number
INVALID = 127  # no kind of a block of FLAC, as a frame has it
NEARBY = 1 << 13  # bytes, at least
BLOCK = 1 << 20  # bytes searched at a time
PROMISED = (*COMMON, EBML)  # heads that no sound has by chance


def frames(look: Look) -> Iterator[int]:
    """Walk through MP3, AAC, AC-3 or DTS: behind the frames that a Xing header counts, or frame by frame."""
    head, tries = look(0, LONGEST, LONGEST), 0
    kind = kind_of(head)

    def _own_bytes(head: bytes) -> int:
        return frame_bytes(head) if kind_of(head) == kind else 0

    pieces = Pieces(look, lambda behind: bool(_own_bytes(behind[:LEAST])))
    ends = _xing_end(head)
    if ends and look(ends - 1, 0, 1) and (not (behind := look(ends, 0, LONGEST)) or _is_end(look, ends, behind)):
        yield ends
        yield from tags(look)
        if begins(look):
            return
    while data := look(0, LEAST, SEARCHED):
        last, at = whole(data, LEAST, _own_bytes)
        if at:
            yield from pieces.up_to(last, at)
            continue
        yield from tags(look)
        if begins(look) or not (data := look(0, LONGEST, SEARCHED)):
            return
        place, count = _in_damage(look, data)
        tries += count
        yield place if tries < MOST_TRIES else ALL


def _in_damage(look: Look, data: bytes) -> tuple[int, int]:
    """Return where frames go on or another file begins in these bytes, or nearly their end; and how many were tried."""
    tries = 0
    for match in CANDIDATE.finditer(data, 1):
        tries += 1
        if ANY.match(data, match.start()) or in_a_row(look, match.start()):
            return match.start(), tries
    return max(1, len(data) - LONGEST), tries


def _is_end(look: Look, at: int, head: bytes) -> bool:
    return bool(frame_bytes(head)) or head.startswith(TAGS) or begins(look, at)


def whole(data: bytes, least: int, length: Callable[[bytes], int]) -> tuple[int, int]:
    """Return where the last of the pieces begins and ends of which the heads, so many bytes, are in these bytes."""
    last, at, most = 0, 0, len(data) - least
    while at <= most and (size := length(data[at : at + least])):
        last, at = at, at + size
    return last, at


def _xing_end(frame: bytes) -> int:
    """Return how many bytes of sound an MP3 with this first frame counts, 0 where it gives no account."""
    if len(frame) < LONGEST or frame[0] != 0xFF:
        return 0
    place = 4 + XING_AT[(frame[1] & 0x18 == 0x18, frame[3] >> 6 == 3)]
    flags = int.from_bytes(frame[place + 4 : place + 8], "big")
    if frame[place : place + 4] not in (b"Xing", b"Info") or not flags & 2:
        return 0
    counted = place + 8 + (4 if flags & 1 else 0)
    return int.from_bytes(frame[counted : counted + 4], "big")


def tags(look: Look) -> Iterator[int]:
    """Walk over ID3v1, APE and Lyrics3 tags, and ID3v2 tags before which no sound begins."""
    while length := _tag_bytes(look):
        yield length


def _tag_bytes(look: Look) -> int:
    head = look(0, 32, 32)
    if head[:3] == TAGS[0]:
        return 128
    if head[:8] == TAGS[1] and len(head) == 32:
        return max(32, int.from_bytes(head[12:16], "little") + (32 if head[23] & 0x80 else 0))
    if head[:11] == TAGS[2] and (ends := re.search(rb"LYRICS200|LYRICSEND", look(0, SEARCHED, SEARCHED))):
        return ends.end()
    return 0 if begins(look) else id3_bytes(head)


def flac(look: Look) -> Iterator[int]:
    """Walk through a FLAC: to another, or behind the frame that its head promises as the last one."""
    head = look(0, 4, 4)
    last, longest = _last_frame(look(8, 34, 34))
    yield len(head)
    while len(head := look(0, 4, 4)) == 4 and head[0] & 0x7F < INVALID:  # blocks of metadata, where a picture may be
        yield 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            break
    if not last:
        yield from searched(look, b"fLaC")
        return
    while data := look(0, LONGEST, BLOCK):
        own = OWN[b"fLaC"].search(data)
        found = last.search(data) if last else None
        if own and not (found and found.start() < own.start()):
            yield own.start()
            return
        if not found:
            yield max(1, len(data) - LONGEST)
            continue
        yield found.start()
        data, last = look(0, longest, longest), None
        if place := next((one for one in likely(data, LEAST) if begins(look, one)), 0):
            yield place
            return


def is_whole_flac(file: BinaryIO, size: int) -> bool:
    """Return whether a FLAC ends with the frame that it promises, and those at a few places before go up to it.

    They have its rate, too: so nothing else is in it that would have to be opened anew, and it need not be searched.
    """
    file.seek(8)
    last, longest = _last_frame(file.read(34))
    if not last or size < max(BLOCK, longest):
        return False
    look = look_into(file, size - longest)
    tail = look(0, longest, longest)
    found = last.search(tail)
    if not found:
        return False
    places = [FRAME.search(look_into(file, size * place // 4)(0, longest, longest)) for place in (1, 2, 3)]
    heads = [one for one in (*places, found) if one]
    numbers = [_number(one[1]) for one in heads]
    if len(heads) < 4 or numbers != sorted(set(numbers)) or len({one[0][2] & 15 for one in heads}) > 1:
        return False
    return not any(begins(look, one) for one in likely(tail, found.end()))


def _number(code: bytes) -> int:
    """Return a number that is written as a letter would be."""
    try:
        return ord(code.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return -1


def _last_frame(info: bytes) -> tuple[re.Pattern[bytes] | None, int]:
    """Return how the last frame of a FLAC begins, and what it takes at most; ``None`` where frames differ in size."""
    size, rest = int.from_bytes(info[:2], "big"), int.from_bytes(info[10:18], "big")
    channels, bits, total = (rest >> 41 & 7) + 1, (rest >> 36 & 31) + 1, rest & ((1 << 36) - 1)
    if size != int.from_bytes(info[2:4], "big") or not size or not total:
        return None, 0
    number = (total - 1) // size
    try:
        code = chr(number).encode("utf-8", "surrogatepass")  # the same code as that of letters
    except (ValueError, OverflowError):
        return None, 0
    return re.compile(rb"\xff\xf8..(" + re.escape(code) + rb")", re.DOTALL), size * channels * (
        bits + 1
    ) // 8 + SEARCHED


def behind_rubbish(look: Look) -> Iterator[int]:
    """Walk over what is no part of a recording to the next: of any kind nearby, and further on of the common ones."""
    data = look(0, NEARBY, SEARCHED)
    if place := next((one for one in likely(data, 1) if begins(look, one)), 0):
        yield place
    else:
        yield from searched(look, b"RIFF")


def promised(look: Look, length: int, goes_on: Callable[[bytes], bool], most: bytes = b"") -> Iterator[int]:
    """Walk through so many bytes of sound that a head promises, or to another recording in them where it is cut off.

    What stands behind them tells whether it is; where that is not there yet, as in a pipe, they are searched.

    Args:
        look: gives the bytes from where the walk is.
        length: how many bytes are promised.
        goes_on: whether the recording goes on with these bytes behind them.
        most: up to where is searched: behind it other files may stand that belong to this one.
    """
    if look(length - 1, 0, 1) and (not (behind := look(length, 0, LONGEST)) or goes_on(behind) or begins(look, length)):
        yield length
        return
    first = 1  # sound in WAV may have a head of its own
    while length > 0 and (data := look(0, min(LONGEST, length), BLOCK)):
        found = (match.start() for one in PROMISED if one in data for match in OWN[one].finditer(data, first))
        places = [at for at in found if at < length and (data[at : at + 3] != b"ID3" or begins(look, at))]
        if places or (most and most in data):
            yield min(places, default=length)
            return
        step = length if len(data) >= length else max(1, len(data) - LONGEST)
        yield step
        length, first = length - step, 0


def searched(look: Look, kind: bytes) -> Iterator[int]:
    """Walk to the head of another of this kind, or of the common kinds."""
    kinds = {*COMMON, kind}  # to look for a few bytes first is quicker
    size = SEARCHED  # at first: parts may be many and short
    while data := look(0, LONGEST, size):
        found = (OWN[one].finditer(data) for one in kinds if one in data)
        likely_ones = (
            (match.start() for match in ones if match[0][:3] != b"ID3" or begins(look, match.start())) for ones in found
        )
        if places := [place for ones in likely_ones if (place := next(ones, -1)) >= 0]:
            yield min(places)
            return
        yield max(1, len(data) - LONGEST)
        size = BLOCK
