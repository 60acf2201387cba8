"""Recordings behind ``https://``: read by ranges where the server knows them, else fetched once into a hidden file."""

from __future__ import annotations

import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import IO, TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

from asrcli.base.files import cause, reason
from asrcli.base.http import RETRIED, Passing, deadline, persist, retry_after
from asrcli.errors import InputError
from asrcli.places.addresses import is_allowed, may_be_plain, request_address
from asrcli.places.blocks import FIRST, Blocks, Facts
from asrcli.web.client import WebError
from asrcli.web.guard import GuardedHttp

if TYPE_CHECKING:
    import httpx2

EXCHANGE = 60.0  # seconds for one block in all: a server that drips must not hold the run
SLOWEST = 1 << 14  # bytes a second of a recording that has to be fetched in one piece
MOST_FETCHED = 1 << 33  # bytes of such a recording: 8 GiB
TRIES = 3

REDIRECTS = 5
TIMEOUT = 20.0  # seconds to connect, and between two pieces of an answer
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class WebRecording:
    """One recording behind an address; ``name`` is what messages call it."""

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
                return cast(BinaryIO, Blocks(lambda start, end: b"", answer.facts(0), b""))
            if answer.range is None:
                return self._fetched(answer)
            first, last, size = answer.range
            facts = answer.facts(size)
            head = b"".join(answer.body(FIRST))
            if first != 0 or len(head) != last or (last < size and not head):
                raise Problem("sends another part than it was asked for")
        return cast(BinaryIO, Blocks(lambda start, end: self._block(start, end, facts), facts, head))

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


@dataclass(slots=True)
class Answer:
    """The head of an answer, whose body is still to come."""

    response: httpx2.Response
    url: str  # that has answered, after redirects

    def header(self, name: str) -> str:
        """Return a header, "" when it is not there."""
        return str(self.response.headers.get(name, ""))

    @property
    def range(self) -> tuple[int, int, int] | None:
        """The first byte, the one behind the last, and the size of all; ``None`` when the whole is coming."""
        found = RANGE.fullmatch(self.header("content-range").strip()) if self.response.status_code == 206 else None
        return (int(found[1]), int(found[2]) + 1, int(found[3])) if found else None

    def facts(self, size: int) -> Facts:
        """Return what the server says of the recording."""
        try:
            modified = round(parsedate_to_datetime(self.header("last-modified")).timestamp()) * 1_000_000_000
        except (TypeError, ValueError, OverflowError):
            modified = 0
        return Facts(size, modified, self.header("etag")[:200])

    def body(self, most: int) -> Iterator[bytes]:
        """Yield the body as it is sent; raise `InputError` when it is longer than ``most`` bytes."""
        if self.header("content-encoding") not in ("", "identity"):
            raise Problem("sends something packed, which was not asked for")
        seen = 0
        for piece in self.response.iter_raw():
            seen += len(piece)
            if seen > most:
                raise Problem(f"sends more than {most} bytes")
            yield piece

    @property
    def length(self) -> int | None:
        """The size of the body, where it is promised."""
        text = self.header("content-length")
        return int(text) if text.isascii() and text.isdigit() else None


class Problem(Exception):
    """What a server does wrong, as the end of a sentence that begins with its address."""


class Later(Problem, Passing):
    """A failure that may pass: what to try again after a wait."""


def request_range(url: str, start: int, end: int) -> Answer:
    """Ask for some bytes of what is behind an address; return the head of the answer that leads nowhere else."""
    headers = {"Range": f"bytes={start}-{end - 1}", "Accept": "*/*", "Accept-Encoding": "identity"}
    check = partial(_check, secure=url.startswith("https:"))
    found, response = http().follow(url, check, REDIRECTS, headers=headers)
    return Answer(response, found)


def _check(url: str, secure: bool) -> None:
    """Raise `Problem` for an address that is not asked; from a ``secure`` one none leads to another that is not."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Problem("leads to something that is no address") from None
    if parts.scheme != "https" and (parts.scheme != "http" or secure or not may_be_plain(host, port)):
        raise Problem("leads to an address that is not encrypted")
    if not host or parts.username is not None:
        raise Problem("leads to an address with a password, or without a host")


@lru_cache(maxsize=1)
def http() -> GuardedHttp:
    """Return the client for recordings: hosts that the user allows may be on a private network."""
    return GuardedHttp(TIMEOUT, 0, allowed=is_allowed, timeout=TIMEOUT, headers={"User-Agent": "asrcli"})


def transport_errors() -> tuple[type[Exception], ...]:
    """Return the mistakes of connections."""
    import httpx2

    return (httpx2.TransportError,)


def failure_text(error: Exception) -> str:
    """Return what a mistake of a connection is, as the end of a sentence about the server."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return "takes too long"
    if isinstance(error, httpx2.ConnectError):
        return "cannot be reached" + (": its certificate is not valid" if "CERTIFICATE" in cause(error) else "")
    return "ends in the middle"
