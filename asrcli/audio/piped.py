"""What comes through a pipe, in which nothing can be sought: where a recording ends is found while it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from asrcli.audio.frames import ALL
from asrcli.audio.heads import LONGEST, PACK, SEARCHED, begins, id3_bytes
from asrcli.audio.parts import MOST_PARTS
from asrcli.audio.programs import sound_numbers
from asrcli.audio.walks import walk

FEW = 3  # packets: one may be damage
MOST_HELD = 1 << 22  # bytes kept to look ahead


class Piped:
    """What comes through a pipe, part by part: reading ends where another recording begins, until `next_part`."""

    def __init__(self, file: BinaryIO) -> None:
        self._read = getattr(file, "read1", file.read)  # what is there, so that a live pipe flows
        self._held = b""
        self._left = 0  # bytes until the next look
        self._parts = 0
        self._way = self._stretches()
        self._packs = False  # of a program stream
        self.sounds: Counter[int] = Counter()  # its packets of sound in this part, by their number

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; none at the end of a part."""
        while self._left == 0 and (following := next(self._way, None)) is not None:
            self._left = following
        size = self._left if size < 0 else min(size, self._left)
        data = self._held[:size] or (self._read(size) if size else b"")
        self._held = self._held[len(data) :]
        self._left -= len(data)
        self._packs = self._packs or (not self.sounds and data[:4] == PACK)
        if self._packs:
            self.sounds.update(sound_numbers(data))
        return data

    def has_other_sound(self, numbers: set[int]) -> bool:
        """Return whether a program stream had more than a few packets of sound with other numbers than these."""
        return any(count >= FEW for number, count in self.sounds.items() if number not in numbers)

    def next_part(self) -> bool:
        """Go on behind what is left of this part; return whether there is more."""
        while self.read(SEARCHED):
            pass
        self._left, self._way = 0, self._stretches()
        if there := bool(self._look(0, 1, 1)):
            self.sounds, self._packs = Counter(), False
        return there

    def _stretches(self) -> Iterator[int]:
        """Yield how many bytes of this part come until the next look; what cannot be told apart belongs to it."""
        self._parts += 1
        passed, tag = False, id3_bytes(self._look(0, LONGEST, LONGEST))
        if tag and self._look(tag, 4, 4) in (b"RIFF", b"FORM"):
            self._held = self._held[tag:]  # FFmpeg does not look behind it
        for length in walk(self._look):
            passed = True
            yield length
        if not passed or self._parts > MOST_PARTS or not begins(self._look):
            yield ALL

    def _look(self, at: int, least: int, most: int) -> bytes:
        """Return what is held from so far on, at least so many bytes if there are, and no more than so many."""
        wanted = min(at + least, MOST_HELD) if least else 0
        while len(self._held) < wanted and (data := self._read(SEARCHED)):
            self._held += data
        return self._held[at : at + max(least, most)]
