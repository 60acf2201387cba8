"""Answers of the network: asked politely and safely, recorded, or replayed.

Sources see one thing, a `Web` with ``get(url)``. `LiveWeb` asks; `RecordedWeb` answers from files and never opens a
socket; `Recording` puts every live answer into such files, without tokens.

A record is ``{url, status, headers, fetched_at, body}``. ``status_code`` is read as well, so that the answers arxiv.py
records for its own tests load unchanged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from asrcli.base.files import cause, write_text
from asrcli.base.secret import Secret
from asrcli.base.whole import read_text
from asrcli.errors import InputError, UsageError

KEPT_HEADERS = ("content-type", "date", "etag", "last-modified", "link", "ratelimit", "ratelimit-policy", "retry-after")
SECRET_PARAMETERS = frozenset(
    {"token", "key", "api_key", "apikey", "access_token", "auth", "password", "secret", "mailto"}
)


class WebError(Exception):
    """No answer: refused, timed out, too large, not recorded. The message is the evidence for the reader."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    url: str
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case

    def header(self, name: str) -> str:
        """Return a header, "" when it is not there."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked for. Tokens travel in ``secret`` and nowhere else: they are not part of the address or a record."""

    url: str
    accept: str = "*/*"
    secret: Secret | None = field(default=None, repr=False)  # sent as "Authorization: Bearer ...", to its host alone


class Web(Protocol):
    """Whatever answers calls."""

    def get(self, call: Call) -> Answer:
        """Return the answer, whatever its status; raise `WebError` where no answer could be had."""


def canonical(url: str) -> str:
    """Return an address with sorted parameters and no fragment: the key of a record."""
    parts = urlsplit(url)
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path, query, ""))


def without_secrets(url: str) -> str:
    """Return an address whose secret-looking parameters are blanked."""
    parts = urlsplit(url)
    query = [
        (name, "-" if name.lower() in SECRET_PARAMETERS else value) for name, value in parse_qsl(parts.query, True)
    ]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, urlencode(query), ""))


class RecordedWeb:
    """Answers from recorded files only."""

    def __init__(self, answers: Iterable[Answer], where: str = "the recording") -> None:
        self.where = where
        self.answers = {canonical(answer.url): answer for answer in answers}

    def get(self, call: Call) -> Answer:
        """Return the recorded answer."""
        answer = self.answers.get(canonical(without_secrets(call.url)))
        if answer is None:
            raise WebError(f"not in {self.where}")
        return answer


def load_records(folder: Path) -> RecordedWeb:
    """Read every record in a folder (not its subfolders); raise `WebError` where a file is not a record."""
    return RecordedWeb((read_record(path) for path in sorted(folder.glob("*.json"))), f"the recording {folder.name}")


def replayed(folder: Path) -> RecordedWeb:
    """Return the answers that `--replay` names.

    Raises:
        UsageError: there is no such folder.
        InputError: a file in it is not a record.
    """
    if not folder.is_dir():
        raise UsageError(f"--replay {folder}: there is no such folder")
    try:
        return load_records(folder)
    except WebError as error:
        raise InputError(f"--replay {folder}: {error}") from error


def read_record(path: Path) -> Answer:
    """Read one record."""
    try:
        values = json.loads(read_text(path))
        status = values.get("status", values.get("status_code"))
        headers = tuple(sorted((str(name).lower(), str(value)) for name, value in values.get("headers", {}).items()))
        return Answer(
            str(values["url"]), int(status), str(values["body"]).encode(values.get("encoding", "utf-8")), headers
        )
    except (ValueError, KeyError, TypeError, AttributeError, LookupError, OSError, RecursionError) as error:
        raise WebError(f"{path.name} is not a recorded answer ({cause(error)})") from error


@dataclass(frozen=True, slots=True)
class Recording:
    """Asks another web and keeps what it answers."""

    web: Web
    folder: Path
    fetched_at: str  # ISO 8601

    def get(self, call: Call) -> Answer:
        """Return the live answer after writing it down."""
        answer = self.web.get(call)
        write_record(self.folder, call.url, answer, self.fetched_at)
        return answer


def write_record(folder: Path, url: str, answer: Answer, fetched_at: str) -> Path:
    """Write one record; nothing that could hold a token is in it."""
    url = without_secrets(url)
    try:
        body, encoding = answer.body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        body, encoding = answer.body.decode("latin-1"), "latin-1"
    headers: Mapping[str, str] = {name: value for name, value in answer.headers if name in KEPT_HEADERS}
    record = {
        "url": url,
        "status": answer.status,
        "headers": headers,
        "fetched_at": fetched_at,
        "encoding": encoding,
        "body": body,
    }
    path = folder / f"{hashlib.sha256(canonical(url).encode()).hexdigest()[:32]}.json"
    write_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    return path
