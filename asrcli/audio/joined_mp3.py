"""Where further MP3 files begin in one that was joined end to end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

MOST_TAGS = 1000  # what looks like one and is none, in one part
SEARCHED = 1 << 16  # bytes looked through at a time
# Bytes between the head of an MPEG frame and its Xing header: (MPEG 1 or not, mono or not).
XING_AT = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}


def find(file: BinaryIO, wanted: bytes, at: int, size: int) -> int:
    """Return where these bytes stand next, or the end of the file."""
    while at < size:
        file.seek(at)
        piece = file.read(SEARCHED)
        if (found := piece.find(wanted)) >= 0:
            return at + found
        at += max(1, len(piece) - len(wanted) + 1)
    return size


def mp3_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where further MP3 files begin: behind the frames that the Xing header of one counts, where another stands.

    A part without such a header has no length of its own: it ends where the tag of another stands.
    """
    at = 0
    while at < size:
        end = _xing_end(file, at)
        at = _next_tag(file, at, size) if end is None else _behind_tags(file, end)
        file.seek(at)
        head = file.read(3)
        if head != b"ID3" and not (len(head) == 3 and head[0] == 0xFF and head[1] >= 0xE2):
            return
        yield at


def _next_tag(file: BinaryIO, at: int, size: int) -> int:
    """Return where the ID3 tag of a further MP3 begins, or the end of the file; it is the end if this is no MP3."""
    at = _frame_at(file, at)
    file.seek(at)
    if not _is_frame(file.read(4)):
        return size
    for _ in range(MOST_TAGS):
        at = find(file, b"ID3", at + 1, size)
        file.seek(at)
        head = file.read(10)
        if len(head) == 10 and head[3] in (2, 3, 4) and max(head[4:]) < 128:
            file.seek(_frame_at(file, at))
            if _is_frame(file.read(4)):
                return at
    return size


def _is_frame(head: bytes) -> bool:
    """Return whether a frame of MPEG audio, layer III, may begin so."""
    return len(head) == 4 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] >> 4 not in (0, 15)


def _frame_at(file: BinaryIO, at: int) -> int:
    """Return where the first frame of an MP3 stands: behind its tag, if it has one."""
    file.seek(at)
    head = file.read(10)
    if len(head) == 10 and head[:3] == b"ID3" and max(head[6:]) < 128:
        at += 10 + sum(value << 7 * (3 - place) for place, value in enumerate(head[6:]))
    return at


def _xing_end(file: BinaryIO, at: int) -> int | None:
    """Return where the sound of an MP3 that begins here ends by its own account, ``None`` where it gives none."""
    at = _frame_at(file, at)
    file.seek(at)
    frame = file.read(64)
    if len(frame) < 64 or frame[0] != 0xFF or frame[1] < 0xE2:
        return None
    place = 4 + XING_AT[(frame[1] & 0x18 == 0x18, frame[3] >> 6 == 3)]
    flags = int.from_bytes(frame[place + 4 : place + 8], "big")
    if frame[place : place + 4] not in (b"Xing", b"Info") or not flags & 2:
        return None
    counted = place + 8 + (4 if flags & 1 else 0)
    length = int.from_bytes(frame[counted : counted + 4], "big")
    return at + length if length > 0 else None


def _behind_tags(file: BinaryIO, at: int) -> int:
    """Return the position behind ID3v1 and APE tags."""
    while True:
        file.seek(at)
        head = file.read(32)
        if head[:3] == b"TAG":
            at += 128
        elif head[:8] == b"APETAGEX" and len(head) == 32:
            at += int.from_bytes(head[12:16], "little") + (32 if head[23] & 0x80 else 0)
        else:
            return at
