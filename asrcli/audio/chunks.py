"""Where the chunks of a WAV, AIFF or CAF file end, whatever lies behind them.

FFmpeg looks for further chunks to the end of the file, eight bytes at a time: 40 MB of zeros behind the sound would
take it 26 s, in which nothing can interrupt it.
"""

from __future__ import annotations

import string
from typing import BinaryIO

MOST_CHUNKS = 1000  # of one file
LETTERS = frozenset((string.ascii_letters + string.digits + " _-.!").encode())
# How a file begins -> bytes of its head, bytes of a chunk's size, the order of those, the chunk with the sound, and
# whether a chunk of odd length has one more byte. RF64 and W64 keep their sizes elsewhere.
LAYOUTS = {
    b"RIFF": (12, 4, "little", b"data", True),
    b"FORM": (12, 4, "big", b"SSND", True),
    b"caff": (8, 8, "big", b"data", False),
}


def end_of_chunks(file: BinaryIO) -> int | None:
    """Return the position behind the last chunk, ``None`` where that is not known or is the end of the file.

    The file is at its start afterwards.
    """
    layout = LAYOUTS.get(file.read(4))
    size = file.seek(0, 2)
    at, sound = (layout[0] if layout else size), False
    for _ in range(MOST_CHUNKS):
        if layout is None or at + 4 + layout[1] > size:
            break
        file.seek(at)
        head = file.read(4 + layout[1])
        length = int.from_bytes(head[4:], layout[2])  # type: ignore[arg-type]
        if not LETTERS.issuperset(head[:4]):
            break
        if head[:4] == layout[3]:
            if length in (0, (1 << 8 * layout[1]) - 1):  # of a writer that did not know it
                sound = False
                break
            sound = True
        at += len(head) + length + (length % 2 if layout[4] else 0)
    file.seek(0)
    return at if sound and at < size else None
