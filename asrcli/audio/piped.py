"""What comes through a pipe, in which nothing can be sought: the parts of a chained Ogg are found while it is read."""

from __future__ import annotations

from collections import Counter
from typing import BinaryIO

from asrcli.audio.parts import FIRST_PAGE, MOST_CHUNKS, OGG, OGG_HEAD
from asrcli.audio.programs import PACK, sound_numbers

FEW = 3  # packets: one may be damage


class Piped:
    """What comes through a pipe, part by part: of a chained Ogg, reading ends at each joint until `next_part`."""

    def __init__(self, file: BinaryIO) -> None:
        self._read = getattr(file, "read1", file.read)  # what is there, so that a live pipe flows
        self._held = b""
        self._left = 0  # bytes of this page
        self._inside = False  # behind the first pages
        self._cut_off = 0  # pages
        self._packs = False  # of a program stream
        self.sounds: Counter[int] = Counter()  # its packets of sound, by their number
        self.joint = False  # reading has ended because another part begins

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; none at a joint and at the end."""
        if self._left == 0 and not self._next_page():
            return b""
        size = self._left if size < 0 else min(size, self._left)
        data = self._held[:size] or self._read(size)
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
        """Go on behind a joint; return whether there is one."""
        there, self.joint, self._inside = self.joint, False, False
        return there

    def _next_page(self) -> bool:
        """Find how long the next page is, or the stretch up to it; return whether there is one in this part."""
        if self.joint:
            return False
        self._fill(4)
        if self._held[:4] != OGG:
            found = self._held.find(OGG, 1)
            self._left = found if found > 0 else max(1, len(self._held) - 3)
            if not self._inside:
                self._left = 1 << 62  # this is no Ogg
            return bool(self._held)
        self._fill(OGG_HEAD)
        count = self._held[26] if len(self._held) >= OGG_HEAD else 0
        self._fill(OGG_HEAD + count)
        begins = len(self._held) > 5 and bool(self._held[5] & FIRST_PAGE)
        self.joint = begins and self._inside
        self._inside = not begins
        self._left = OGG_HEAD + count + sum(self._held[OGG_HEAD : OGG_HEAD + count])
        self._fill(self._left)
        if self._cut_off < MOST_CHUNKS and (inner := self._held.find(OGG, 4, self._left)) > 0:
            self._left = inner  # this one is cut off
            self._cut_off += 1
        if self.joint:
            self._left = 0
        return not self.joint

    def _fill(self, count: int) -> None:
        """Hold at least so many bytes, if there are."""
        while len(self._held) < count and (data := self._read(count - len(self._held))):
            self._held += data
