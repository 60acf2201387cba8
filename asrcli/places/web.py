"""Recordings behind ``https://``: read by ranges where the server knows them, else fetched once into a hidden file."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, BinaryIO, cast

from asrcli.base.files import reason
from asrcli.base.http import RETRIED, deadline, persist, retry_after
from asrcli.errors import InputError
from asrcli.places.addresses import request_address
from asrcli.places.asking import Answer, Later, Problem, failure_text, request_range, transport_errors
from asrcli.places.blocks import FIRST, Blocks, Facts
from asrcli.web.client import WebError

EXCHANGE = 60.0  # seconds for one block in all: a server that drips must not hold the run
SLOWEST = 1 << 14  # bytes a second of a recording that has to be fetched in one piece
MOST_FETCHED = 1 << 33  # bytes of such a recording: 8 GiB
TRIES = 3


class WebRecording:
    """One recording behind an address.

    Args:
        name: what messages call it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._url = request_address(name)
        self._moved = self._url  # where redirects have led, asked first from then on

    def facts(self) -> Facts | None:
        """Return what the server says of it; ``None`` when it is not there."""
        with self._tried(0, 1) as answer:
            if answer is None:
                return None
            size = answer.range[2] if answer.range else answer.length
            return None if size is None else answer.facts(size)

    def open(self) -> BinaryIO:
        """Open it: by ranges, or as a file without a name that holds all of it.

        Raises:
            InputError: it cannot be had.
        """
        with self._tried(0, FIRST) as answer:
            if answer is None:
                raise InputError(f"{self.name}: no such file (404)")
            if answer.response.status_code == 416:
                return cast(BinaryIO, Blocks(self._nothing, answer.facts(0), b""))
            if answer.range is None:
                return self._fetched(answer)
            first, last, size = answer.range
            facts = answer.facts(size)
            head = b"".join(answer.body(FIRST))
            if first != 0 or len(head) != last or (last < size and not head):
                raise Problem("sends another part than it was asked for")
        return cast(BinaryIO, Blocks(lambda start, end: self._block(start, end, facts), facts, head))

    def _nothing(self, start: int, end: int) -> bytes:
        return b""

    def _block(self, start: int, end: int, facts: Facts) -> bytes:
        """Return the bytes between two positions of the content that was opened."""
        with self._tried(start, end) as answer:
            if answer is None or answer.range is None or answer.facts(answer.range[2]) != facts:
                raise InputError(f"{self.name}: it changed while it was read; the same command does it again")
            data = b"".join(answer.body(end - start))
            first, last, _ = answer.range
            if first != start or not start < last <= end or len(data) != last - first:
                raise Problem("ends in the middle, or sends another part than it was asked for")
            return data

    def _fetched(self, answer: Answer) -> BinaryIO:
        """Return a file with the whole body, for a server that knows no ranges."""
        promised = answer.length
        if promised is not None and promised > MOST_FETCHED:
            raise Problem(
                f"sends {promised >> 20} MB in one piece, more than {MOST_FETCHED >> 20} MB: copy it here first"
            )
        with ExitStack() as opened:
            try:
                file = opened.enter_context(tempfile.TemporaryFile(prefix="asr-"))
                received = self._receive(answer, file)
                file.seek(0)
            except OSError as error:
                raise InputError(f"{self.name}: no place here to fetch it to: {reason(error)}") from None
            if promised is not None and received != promised:
                raise Problem(f"ends after {received} of {promised} bytes")
            opened.pop_all()  # the reader closes it
            return cast(BinaryIO, file)

    def _receive(self, answer: Answer, file: IO[bytes]) -> int:
        """Write the body into a file and return its length."""
        started, received = time.monotonic(), 0
        with deadline(MOST_FETCHED / SLOWEST):
            for piece in answer.body(MOST_FETCHED):
                file.write(piece)
                received += len(piece)
                if time.monotonic() - started > EXCHANGE + received / SLOWEST:
                    raise Problem("is too slow")
        return received

    @contextmanager
    def _tried(self, start: int, end: int) -> Iterator[Answer | None]:
        """Give the answer to a request for some bytes, ``None`` where nothing is; ask again what may go better.

        Raises:
            InputError: no answer that can be used.
        """
        with deadline(EXCHANGE):
            answer = self._answer(start, end)
        try:
            with deadline(EXCHANGE):
                yield answer
        except Problem as error:
            raise InputError(f"{self.name}: the server {error}") from None
        except transport_errors() as error:
            raise InputError(f"{self.name}: the server {failure_text(error)}") from None
        finally:
            if answer is not None:
                answer.response.close()

    def _answer(self, start: int, end: int) -> Answer | None:
        try:
            return persist(lambda number: self._asked(start, end), TRIES)
        except (Problem, WebError) as error:
            said = f"the server {error}" if isinstance(error, Problem) else str(error)
            raise InputError(f"{self.name}: {said}") from None
        except socket.gaierror as error:
            raise InputError(f"{self.name}: its host cannot be resolved ({reason(error)})") from None

    def _asked(self, start: int, end: int) -> Answer | None:
        try:
            answer = request_range(self._moved, start, end)
        except transport_errors() as error:
            raise Later(failure_text(error), 0.5) from None
        self._moved = answer.url
        return self._checked(answer, start)

    def _checked(self, answer: Answer, start: int) -> Answer | None:
        """Return an answer with a body; ``None`` when nothing is there."""
        status = answer.response.status_code
        if status == 206 and answer.range is None:  # as the whole, it would be cut short in silence
            answer.response.close()
            raise Problem("sends a part and does not say of how much: copy it here first")
        if status in (200, 206) or (status == 416 and start == 0):
            return answer
        answer.response.close()
        if self._moved != self._url and status in (
            400,
            401,
            403,
            404,
            410,
        ):  # a link that redirects lead to has run out
            self._moved = self._url
            raise Later(f"answers {status}", 0.0)
        if status in (404, 410):
            return None
        if status in (401, 403):
            raise Problem(f"gives no permission ({status})")
        if status in RETRIED:
            wait = retry_after(answer.header("retry-after"), answer.header("date"), 1.0)
            raise Later(f"answers {status}", wait)
        raise Problem(f"answers {status}")
