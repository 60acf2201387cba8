"""Where further files begin in one that was joined end to end: where the first bytes of another of its kind stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

SEARCHED = 1 << 20  # bytes looked through at a time
LONGEST = 64  # bytes of what is looked for
INITIAL = re.escape(
    bytes(value for value in range(256) if value & 8)
)  # of WavPack's flags: the first block of a moment
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
MXF = bytes.fromhex("060e2b34020501010d0102010102")  # a header partition
# How a file begins -> its first bytes, as far as they are the same in all that are worth it.
HEADS = {
    b"FLV\x01": rb"FLV\x01[\x00-\x05]\x00\x00\x00\x09\x00\x00\x00\x00",
    b"TTA1": rb"TTA1[\x01\x02]\x00[\x01-\x08]\x00[\x08\x10\x18]\x00",
    b"Crea": rb"Creative Voice File\x1a",
    b"NIST": rb"NIST_1A\n   1024\n",
    b"nut/": rb"nut/multimedia container\x00",
    b".snd": rb"\.snd\x00\x00.{6}\x00\x00\x00[\x01-\x1b]\x00[\x00-\x02].{2}\x00\x00\x00[\x01-\x20]",
    b"wvpk": rb"wvpk.{4}[\x02-\x10]\x04.{6}\x00\x00\x00\x00.{5}[" + INITIAL + rb"]",
    ASF[:4]: re.escape(ASF),
    MXF[:4]: re.escape(MXF),
}


def file_starts(file: BinaryIO, size: int, head: bytes) -> Iterator[int]:
    """Yield where further files of the kind begin; none of other kinds than `HEADS`.

    Args:
        file: may be anywhere, and be moved between two of them.
        size: bytes of `file`.
        head: its first bytes, four at least.
    """
    wanted = HEADS.get(head[:4])
    if wanted is None:
        return
    pattern, at = re.compile(wanted, re.DOTALL), 1
    while at < size:
        file.seek(at)
        piece = file.read(SEARCHED + LONGEST)
        for match in pattern.finditer(piece):
            if match.start() < SEARCHED:
                yield at + match.start()
        at += SEARCHED
