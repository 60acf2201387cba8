"""Objects of S3, Google Cloud Storage and Azure: told of, read, listed, and written in one step."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from math import inf
from typing import Any, NoReturn, TypeVar

from asrcli.base.background import TICK, fulfil
from asrcli.base.files import cause
from asrcli.errors import AsrError, InputError, OutputError, UsageError
from asrcli.places.addresses import bucket_and_key
from asrcli.places.blocks import FIRST, Blocks, Facts
from asrcli.places.credentials import settings_of

Result = TypeVar("Result")
EXCHANGE = timedelta(seconds=60)  # for one request with its answer, of at most 4 MiB
CONNECT = timedelta(seconds=10)
PATIENCE = timedelta(seconds=60)  # after which a request that failed is not tried again
TRIES = 4
LISTING = 120.0  # seconds for a thousand names, with all tries
STATUS = re.compile(r"status code: (\d{3})")
CODE = re.compile(r"<Code>(\w{1,60})</Code>|\"error\": ?\"(\w{1,60})\"")
ANYWAY = object()  # as `only`: whatever is there
PATH = re.compile(r'Path "(.{1,300}?)"(?:: | contained)', re.DOTALL)
CHANGED = "it changed while it was read; the same command does it again"
NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound"})
LOST = frozenset({"ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "RequestExpired"})


class Taken(Exception):
    """An object is there already, or another one than it should be."""


class Bucket:
    """The objects of one bucket, or container."""

    def __init__(self, scheme: str, name: str) -> None:
        from obstore import store

        self.name = f"{scheme}://{name}"
        kinds: dict[str, Any] = {"s3": store.S3Store, "gs": store.GCSStore, "az": store.AzureStore}
        settings, client = settings_of(scheme, self.name)
        client |= {"timeout": EXCHANGE, "connect_timeout": CONNECT, "user_agent": "asrcli"}
        retries = {"max_retries": TRIES - 1, "retry_timeout": PATIENCE}
        try:
            self.store = kinds[scheme](name, client_options=client, retry_config=retries, **settings)
        except Exception as error:  # obstore's own classes have no base but this one
            words = re.sub(r"^Generic \w+ error: ", "", cause(error).partition("\n")[0])
            raise UsageError(
                f"'{self.name}': {words or type(error).__name__}; set what its provider asks for"
            ) from None

    def facts(self, key: str) -> Facts | None:
        """Return what is said of an object; ``None`` when it is not there."""
        import obstore

        try:
            return _facts(_ask(lambda: obstore.head(self.store, key)))
        except FileNotFoundError:
            return None

    def open(self, key: str) -> Blocks:
        """Open an object for reading; one that is replaced meanwhile is not read on."""
        import obstore

        def get(first: int, last: int, tag: str | None) -> tuple[Facts, bytes]:
            """Return bytes ``[first, last)`` of the object, with what the store says of it."""
            options: Any = {"range": (first, last), **({"if_match": tag} if tag else {})}
            found = obstore.get(self.store, key, options=options)
            return _facts(found.meta), bytes(found.bytes())

        def fetch(first: int, last: int) -> bytes:
            """Return bytes ``[first, last)``; raise `InputError` where the object has changed, or cannot be read."""
            with _spoken(f"{self.name}/{key}", InputError):
                found, data = _ask(lambda: get(first, last, facts.tag))
            if (found.size, found.tag) != (facts.size, facts.tag):  # of a server that does not heed If-Match
                raise InputError(f"{self.name}/{key}: {CHANGED}")
            if len(data) != last - first:
                raise InputError(f"{self.name}/{key}: {last - first} bytes were asked for, and {len(data)} came")
            return data

        try:
            facts, head = _ask(lambda: get(0, FIRST, None))
        except Exception as error:
            whole = self.facts(key) if _status(error) == "416" else None  # nothing of nothing can be had
            if whole is None or whole.size:
                raise
            facts, head = whole, b""
        return Blocks(fetch, facts, head)

    def read(self, key: str, most: int) -> tuple[bytes, Facts]:
        """Return a whole object that is not larger than ``most`` bytes."""
        import obstore

        def get() -> tuple[bytes, Facts]:
            """Return the whole object; raise `InputError` where it is larger than `most`."""
            found = obstore.get(self.store, key)
            facts = _facts(found.meta)
            if facts.size > most:
                raise InputError(f"{self.name}/{key}: is larger than {most >> 20} MB")
            return bytes(found.bytes()), facts

        return _ask(get)

    def write(self, key: str, data: bytes, only: object = ANYWAY) -> Facts:
        """Write an object in one step, over nothing, or ``only`` over what has these facts; return what tells it apart.

        Raises:
            Taken: it is there, or another one.
        """
        import obstore
        from obstore import exceptions

        mode: Any = "overwrite" if only is ANYWAY else "create"
        if isinstance(only, Facts):
            mode = {name: value for name, value in (("e_tag", only.tag), ("version", only.version)) if value}
        try:
            made = _ask(lambda: obstore.put(self.store, key, data, mode=mode, use_multipart=False))
            return Facts(len(data), 0, _tag(made), str(made["version"] or ""))
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
            with suppress(Exception):  # an answer was lost, and the second try has met the first
                there, facts = self.read(key, len(data))
                if there == data:
                    return facts
            raise Taken(f"{self.name}/{key}") from None
        except FileNotFoundError:
            if isinstance(only, Facts):  # what was to be replaced has gone
                raise Taken(f"{self.name}/{key}") from None
            raise

    def delete(self, key: str) -> None:
        """Remove an object, whether it is there or not."""
        import obstore

        with suppress(FileNotFoundError):
            _ask(lambda: obstore.delete(self.store, key))

    def listed(self, prefix: str) -> Iterator[tuple[str, Facts]]:
        """Yield every object whose key begins with the folders of a prefix."""
        import obstore

        pages = iter(obstore.list(self.store, prefix or None, chunk_size=1000))
        endless = UsageError(
            f"'{self.name}/{prefix}': its list does not come to an end"
        )  # of parts with nothing in them
        while (page := _ask(lambda: next(pages, None), LISTING, endless)) is not None:
            for one in page:
                yield str(one["path"]), _facts(one)


@lru_cache(maxsize=64)
def bucket(scheme: str, name: str) -> Bucket:
    """Return the one object for a bucket in this process."""
    return Bucket(scheme, name)


@contextmanager
def located(name: str, mistake: type[AsrError]) -> Iterator[tuple[Bucket, str]]:
    """Give the bucket and the key of an object; what goes wrong is said as a mistake of this class."""
    scheme, place, key = bucket_and_key(name)
    with _spoken(name, mistake):
        yield bucket(scheme, place), key


@contextmanager
def _spoken(name: str, mistake: type[AsrError]) -> Iterator[None]:
    """Turn what a store says into one sentence. Its own words are not repeated: they may hold names of keys."""
    try:
        yield
    except (AsrError, Taken):
        raise
    except Exception as error:
        from obstore.exceptions import BaseError

        if not isinstance(error, BaseError | FileNotFoundError | PermissionError | ValueError):
            raise
        _say(name, mistake, error)


def _say(name: str, mistake: type[AsrError], error: Exception) -> NoReturn:
    from obstore import exceptions

    text, status = cause(error), _status(error)
    code = next((one or other for one, other in CODE.findall(text)), "")
    if isinstance(error, exceptions.PreconditionError):
        raise InputError(f"{name}: {CHANGED}") from None
    if code in NO_BUCKET or isinstance(error, FileNotFoundError):
        words = "there is no such bucket" if code in NO_BUCKET else "no such object"
    elif "169.254." in text or "metadata" in text.lower():
        words = "there are no credentials for it: see docs/remote.md"
    else:
        words = _refusal(status, code, text) if status else _failure(error, text)
    raise mistake(f"cannot write '{name}': {words}" if mistake is OutputError else f"{name}: {words}") from None


def _refusal(status: str, code: str, text: str) -> str:
    """Return what a server's answer means."""
    said = " ".join(filter(None, (status, code)))
    if code in LOST:
        return f"the credentials are refused ({said}): they have expired or are wrong"
    if status in ("401", "403"):
        return f"no permission ({said}): check the credentials and what they allow"
    if status in ("301", "307", "400") and ("region" in text.lower() or "redirect" in text.lower()):
        return f"its bucket is in another region ({said}): set AWS_REGION"
    return f"the server answers {said}"


def _failure(error: Exception, text: str) -> str:
    """Return why there is no answer, or none that can be used."""
    from obstore.exceptions import InvalidPathError

    if isinstance(error, InvalidPathError) and (found := PATH.search(text)):
        return f"holds an object named {found[1]!r}, with which it cannot be listed: name the others, or rename it"
    if isinstance(error, ValueError):
        return "is no name that object stores are asked for: empty parts, '.', '..'"
    if "timed out" in text or "TimedOut" in text:
        return "the server takes too long"
    return "the server cannot be reached, or ends in the middle"


def _status(error: Exception) -> str:
    found = STATUS.search(cause(error))
    return found[1] if found else ""


def _facts(meta: Any) -> Facts:
    modified = round(meta["last_modified"].timestamp() * 1000) * 1_000_000
    return Facts(int(meta["size"]), modified, _tag(meta), str(meta["version"] or ""))


def _tag(meta: Any) -> str:
    """Return the ETag in quotes, as it is compared: in its lists Azure leaves them out."""
    tag = str(meta["e_tag"] or "")
    return f'"{tag}"' if tag and not tag.endswith('"') else tag


def _ask(work: Callable[[], Result], seconds: float = inf, late: AsrError | None = None) -> Result:
    """Do a request; one of the main thread in another, since an interrupt would wait for its end.

    Args:
        seconds: after which it is left to itself.
        late: is raised then.
    """
    if threading.current_thread() is not threading.main_thread() and late is None:
        return work()
    until = time.monotonic() + seconds
    done: Future[Result] = Future()

    threading.Thread(target=fulfil, args=(done, work), name="asr-store", daemon=True).start()
    while not done.done():
        with suppress(TimeoutError):
            done.exception(timeout=TICK)
        if late is not None and time.monotonic() > until and not done.done():
            raise late
    return done.result()
