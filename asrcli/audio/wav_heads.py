"""Heads of WAV and AU files that FFmpeg does not read, or reads as something else: what is read in their place.

Recorders and editors write them: a chunk of odd length without its padding, a chunk that claims a gigabyte, an
extensible format without its extension, 24 bits in the upper part of 32 (which FFmpeg takes for an old floating-point
format: noise), big-endian RIFX (noise as well), and an AU whose writer left the length at 0.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from asrcli.audio.heads import find

SMALL = 1 << 18  # bytes of a file that FFmpeg would read in one piece
SEARCHED = 1 << 20  # bytes behind a chunk that leads nowhere in which the next is looked for
MOST_CHUNKS = 1000
LONGEST_FORMAT = 1 << 12  # bytes
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
SUBFORMAT = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"  # what follows the format's number in its GUID
AU_CODES = {
    (PCM, 8): 2,
    (PCM, 16): 3,
    (PCM, 24): 4,
    (PCM, 32): 5,
    (FLOAT, 32): 6,
    (FLOAT, 64): 7,
    (6, 8): 27,
    (7, 8): 1,
}


def replaced_head(file: BinaryIO, start: int, size: int) -> tuple[int, bytes, int] | None:
    """Return where a file with another head begins, that head, and where its sound ends as far as it says so.

    ``None`` where FFmpeg reads what is there.

    Args:
        file: may be anywhere, and is anywhere afterwards.
        start: where the file that may be mended begins in it.
        size: bytes of `file`.
    """
    file.seek(start)
    head = file.read(24)
    if head[:4] == b".snd" and len(head) == 24 and head[8:12] == bytes(4) and size > start + 24:
        return start, head[:8] + b"\xff" * 4, size
    if head[:4] not in (b"RIFF", b"RIFX") or head[8:12] != b"WAVE":
        return None
    order = "<" if head[:4] == b"RIFF" else ">"
    found = _sound(file, start + 12, size, order)
    if found is None:
        return None
    form, at, length, broken = found
    if order == ">":
        return _as_au(form, start, at, length)
    mended = _mended_format(form)
    if not broken and mended == form:
        return None
    # All that stands before the sound becomes one chunk, whose rest is not looked at; it begins at an even place.
    first = start + (at - start) % 2
    mended = mended.ljust(at - first - 28, b"\0")
    riff = b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE"
    whole = riff + b"fmt " + struct.pack("<I", len(mended)) + mended + b"data" + struct.pack("<I", length)
    return (first, whole, at + length + length % 2) if len(whole) == at - first else None


def plain_sound(file: BinaryIO) -> tuple[int, bytes] | None:
    """Return the rate and the samples (16 bits, little-endian) of a small WAV with one channel and nothing wrong.

    ``None`` of any other file, which may be anywhere afterwards: FFmpeg reads it, a millisecond slower.
    """
    if (size := file.seek(0, 2)) > SMALL:
        return None
    file.seek(0)
    head = file.read(12)
    if (
        head != b"RIFF" + struct.pack("<I", max(0, size - 8)) + b"WAVE"
        or (found := _sound(file, 12, size, "<")) is None
    ):
        return None
    form, at, length, broken = found
    tag, channels, rate, _, width, bits = struct.unpack("<HHIIHH", form[:16])
    if broken or not length or at + length != size or length % 2 or (tag, channels, width, bits) != (PCM, 1, 2, 16):
        return None
    file.seek(at)
    return rate, file.read()


def _sound(file: BinaryIO, at: int, size: int, order: str) -> tuple[bytes, int, int, bool] | None:
    """Return the format, where the sound begins, how long it is said to be, and whether a chunk led elsewhere."""
    form, broken = b"", False
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return None
        length = struct.unpack(f"{order}I", head[4:])[0]
        if head[:4] == b"data":
            return (form, at + 8, length, broken) if len(form) >= 16 else None
        if head[:4] == b"fmt ":
            form = file.read(min(length, LONGEST_FORMAT))
        following = at + 8 + length + length % 2
        if length % 2 and _is_chunk(file, at + 8 + length):
            following, broken = at + 8 + length, True
        elif following + 8 > size:
            wanted = b"data" if form else b"fmt "
            following, broken = find(file, wanted, at + 8, min(size, at + 8 + SEARCHED)), True
        at = following
    return None


def _is_chunk(file: BinaryIO, at: int) -> bool:
    """Return whether one of the chunks that lead to the sound begins here."""
    file.seek(at)
    return file.read(4) in (b"data", b"fmt ", b"fact", b"LIST", b"bext", b"JUNK", b"junk")


def _mended_format(form: bytes) -> bytes:
    """Return a format whose samples FFmpeg reads as they are meant."""
    tag, _, _, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if tag != EXTENSIBLE:
        return form
    if len(form) < 40:
        return struct.pack("<H", PCM) + form[2:16]
    valid, code = struct.unpack("<H", form[18:20])[0], struct.unpack("<H", form[24:26])[0]
    if form[26:40] == SUBFORMAT and code == PCM and bits == 32 and valid < bits:
        return form[:18] + struct.pack("<H", bits) + form[20:]
    return form


def _as_au(form: bytes, start: int, at: int, length: int) -> tuple[int, bytes, int] | None:
    """Return the head of an AU file, which is big-endian and as long as it says, for a RIFX."""
    tag, channels, rate, _, _, bits = struct.unpack(">HHIIHH", form[:16])
    code = AU_CODES.get((tag, bits))
    if code is None or (tag, bits) == (PCM, 8):  # eight bits have a sign in AU
        return None
    head = struct.pack(">4sIIIII", b".snd", at - start, length, code, rate, channels)
    return start, head.ljust(at - start, b"\0"), at + length + length % 2
