"""The parts of one file, opened one after the other, and pictures looked for in a second pass."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from asrcli.audio.media import is_cover, open_audio, open_bytes
from asrcli.audio.parts import Part, parts_of
from asrcli.audio.piped import Piped
from asrcli.errors import InputError

if TYPE_CHECKING:
    from asrcli.types import Recording

MOST_PICTURES = 20_000  # packets looked through for a picture: ten minutes between key frames


class Source:
    """The parts of one file, opened one after the other."""

    def __init__(self, recording: Recording, file: BinaryIO, stack: ExitStack) -> None:
        self.recording = recording
        self.stack = stack.enter_context(ExitStack())  # holds what is open
        self.file: BinaryIO | Piped = file if file.seekable() else Piped(file)
        self.parts = iter(()) if isinstance(self.file, Piped) else parts_of(self.file)
        self.part = next(self.parts, Part())
        self.count = 1  # parts that were begun
        self.opened = self._open()

    def _open(self) -> tuple[Any, Any]:
        opened = open_audio(self.recording.path, self.file, self.part, self.recording.track)
        return self.stack.enter_context(opened)

    def go_on(self) -> bool:
        """Open the next part instead; return whether there is one.

        Raises:
            InputError: it cannot be opened.
        """
        if isinstance(self.file, Piped):
            if not self.file.next_part():
                return False
        elif (part := next(self.parts, None)) is None:
            return False
        else:
            self.part = part
        self.count += 1
        self.stack.close()
        self.opened = self._open()
        return True

    def pictures(self, time: float, reach: float) -> bool:
        """Return whether there are moving pictures so near (seconds) a timestamp; they are looked for in a second pass.

        Only a file is looked into, and only where it is one recording.
        """
        if isinstance(self.file, Piped) or self.part.start or not self.opened[0].streams.video:
            return False
        with (
            suppress(InputError),
            open_bytes(self.recording.path) as file,
            open_audio(self.recording.path, file) as (container, _),
        ):
            return has_picture(container, time, reach)
        return False


def has_picture(container: Any, time: float, reach: float) -> bool:
    """Return whether an open container has a moving picture so near (seconds) a timestamp; it is read on from there."""
    import av

    stream = next((one for one in container.streams.video if not is_cover(one)), None)
    if stream is None or not stream.time_base:
        return False
    stream.discard = av.stream.Discard.default
    try:
        container.seek(round(time * 1_000_000), backward=True)
        for packet in islice(container.demux(stream), MOST_PICTURES):
            at = None if packet.pts is None else float(packet.pts * stream.time_base)
            if at is not None and at > time - reach:
                return at < time + reach
    except (av.FFmpegError, OSError, EOFError, LookupError):
        pass
    return False
