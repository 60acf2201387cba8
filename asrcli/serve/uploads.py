"""A form with a file, read from the connection piece by piece: the file onto the disk, the fields into memory.

starlette's own parser bounds the fields and not the file, and no server bounds the time that a body takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from asrcli.base.files import reason
from asrcli.serve.errors import Gone, Refused
from asrcli.serve.guard import Receive

SECONDS_BETWEEN = 30.0  # two pieces of a body
SLOWEST = 4096  # bytes a second, on average, after as long
MOST_FIELD = 1 << 16  # bytes of one field
MOST_PARTS = 100
MARGIN = 1 << 20  # bytes of a body beside its file
FLUSH = 1 << 20  # bytes that are written at once


@dataclass(frozen=True, slots=True)
class Limits:
    """What requests may take."""

    upload: int = 2 << 30  # bytes of one file
    space: int = 10 << 30  # bytes of all files that are here at once
    seconds: float = 12 * 3600.0  # of audio in one request
    requests: int = 64  # open at once


@dataclass(slots=True)
class Form:
    """What was sent."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    size: int | None = None  # bytes of the file; None where there was none


class Reader:
    """Reads one form.

    Args:
        headers: of the request, by lower-case name.
        path: where the file goes.
        reserve: counts bytes that are written, and may refuse them.
    """

    def __init__(self, headers: Mapping[str, str], path: str, limits: Limits, reserve: Callable[[int], object]) -> None:
        from python_multipart.multipart import MAX_BOUNDARY_LENGTH, MultipartParser, parse_options_header

        kind, options = parse_options_header(headers.get("content-type", ""))
        if kind != b"multipart/form-data" or not 0 < len(options.get(b"boundary", b"")) <= MAX_BOUNDARY_LENGTH:
            raise Refused(400, "send the recording as multipart/form-data, in the field file", "file")
        self._options_of = parse_options_header
        self.form, self._path, self._limits, self._reserve = Form(), path, limits, reserve
        self._file: BinaryIO | None = None
        self._pending: list[bytes] = []
        self._parts = self._held = 0
        self._name = self._header = b""
        self._headers: dict[bytes, bytes] = {}
        self._value: bytearray | None = None  # of a field; None: part of the file, or of nothing
        self._to_file = self._ended = False
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_begin": self._begin_header,
                "on_header_field": self._take_name,
                "on_header_value": self._take_value,
                "on_headers_finished": self._begin_data,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._end_all,
            },
        )

    async def read(self, receive: Receive) -> Form:
        """Return the form.

        Raises:
            Refused: it is none, or too large, or comes too slowly.
            Gone: the client has hung up.
        """
        from python_multipart.exceptions import MultipartParseError

        try:
            await self._take_in(receive)
            await asyncio.to_thread(self._flush)
        except TimeoutError:
            raise Refused(408, "the upload comes too slowly") from None
        except MultipartParseError:
            raise Refused(400, "the body is no multipart/form-data", "file") from None
        except OSError as error:
            raise Refused(503, f"the server has no room for uploads: {reason(error)}") from None
        finally:
            if self._file is not None:
                self._file.close()
        if not self._ended:
            raise Refused(400, "the body ends before its last boundary: send it again", "file")
        return self.form

    async def _take_in(self, receive: Receive) -> None:
        """Parse the body piece by piece. Raises `TimeoutError` where they stay away."""
        begun, size, more = time.monotonic(), 0, True
        while more:
            async with asyncio.timeout(SECONDS_BETWEEN):
                message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            piece: bytes = message.get("body", b"")
            size, more = size + len(piece), message.get("more_body", False)
            if size > self._limits.upload + MARGIN:
                raise too_large(self._limits)
            self._parser.write(piece)
            if self._held >= FLUSH:
                await asyncio.to_thread(self._flush)
            if (time.monotonic() - begun - SECONDS_BETWEEN) * SLOWEST > size:
                raise TimeoutError

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Refused(400, f"more than {MOST_PARTS} fields")
        self._headers, self._value, self._to_file = {}, None, False

    def _begin_header(self) -> None:
        self._header = b""

    def _take_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end].lower()

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._headers[self._header] = self._headers.get(self._header, b"") + data[start:end]

    def _begin_data(self) -> None:
        _, options = self._options_of(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"")
        if self._name == b"file":
            if self.form.size is not None:
                raise Refused(400, "several files: send one in each request", "file")
            self._to_file, self.form.size = True, 0
            self._file = open(self._path, "xb")  # noqa: SIM115 -- closed in `read`
        elif b"filename" not in options:  # other files are for nobody
            self._value = bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._to_file:
            assert self.form.size is not None
            self.form.size += end - start
            if self.form.size > self._limits.upload:
                raise too_large(self._limits)
            self._reserve(end - start)
            self._pending.append(data[start:end])
            self._held += end - start
        elif self._value is not None:
            self._value += data[start:end]
            if len(self._value) > MOST_FIELD:
                raise Refused(400, f"a field of more than {MOST_FIELD} bytes", _shown(self._name))

    def _end(self) -> None:
        if self._value is not None:
            values = self.form.fields.setdefault(_shown(self._name), [])
            values.append(self._value.decode("utf-8", "replace"))

    def _end_all(self) -> None:
        self._ended = True

    def _flush(self) -> None:
        if self._file is not None:
            self._file.write(b"".join(self._pending))
        self._pending, self._held = [], 0


def too_large(limits: Limits) -> Refused:
    """Return the refusal of a file that is too large."""
    return Refused(413, f"the file is larger than {limits.upload / (1 << 20):g} MiB", "file", "file_too_large")


def _shown(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace")[:100]
