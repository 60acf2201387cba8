"""What is said, read and written of places elsewhere, whatever they are; the one door to this package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from asrcli.base.background import in_order
from asrcli.base.files import cause
from asrcli.errors import InputError, OutputError, UsageError
from asrcli.places.addresses import WEB, bucket_and_key, is_address, scheme_of
from asrcli.places.blocks import Blocks, Facts

AT_ONCE = 16  # requests
MOST_LISTED = 5_000_000  # objects; a server may say that there are more without an end
MOST_TEXT = 1 << 26  # bytes of a text that is read at once
_seen: dict[str, Facts] = {}  # what was last said of each place: by a listing, or when it was asked for


def facts(name: str) -> Facts | None:
    """Ask what is said of a recording or result; ``None`` when it is not there.

    Raises:
        InputError: it cannot be asked.
    """
    if scheme_of(name) in WEB:
        from asrcli.places.web import WebRecording

        found = WebRecording(name).facts()
    else:
        from asrcli.places.stores import located

        with located(name, InputError) as (bucket, key):
            found = bucket.facts(key) if key else None
    if found is not None:
        _seen[name] = found
    return found


def facts_of(name: str) -> Facts | None:
    """Return what was last said of a place in this process, else ask. Raises as `facts`."""
    return _seen.get(name) or facts(name)


def look_up(paths: Iterable[str]) -> None:
    """Ask for many places at once, so that `facts_of` knows them; what cannot be asked for is said when it is."""
    names = [path for path in dict.fromkeys(paths) if is_address(path) and path not in _seen]
    for _ in in_order(_look, names, AT_ONCE):
        pass


def _look(name: str) -> None:
    with suppress(InputError):
        facts(name)


def open_recording(name: str) -> BinaryIO:
    """Open a recording for reading at any place; raise `InputError` where it is not there, or cannot be had."""
    if scheme_of(name) in WEB:
        from asrcli.places.web import WebRecording

        return WebRecording(name).open()
    from asrcli.places.stores import located

    with located(name, InputError) as (bucket, key):
        if not key:
            raise InputError(f"{name}: is a bucket, not an audio file")
        file = bucket.open(key)
        _seen[name] = file.facts
        return cast(BinaryIO, file)


@contextmanager
def reading(name: str) -> Iterator[BinaryIO]:
    """Open a recording; what could not be read of it is raised in the end, too: a decoder may take it for the end."""
    with open_recording(name) as file:
        yield file
        if isinstance(file, Blocks):
            file.check()


def read_text(name: str) -> bytes:
    """Return a whole text; raise `InputError` where it is not there, or larger than `MOST_TEXT`."""
    if scheme_of(name) in WEB:
        with open_recording(name) as file:
            data = file.read(MOST_TEXT + 1)
        if len(data) > MOST_TEXT:
            raise InputError(f"{name}: is larger than {MOST_TEXT >> 20} MB")
        return data
    from asrcli.places.stores import located

    with located(name, InputError) as (bucket, key):
        return bucket.read(key, MOST_TEXT)[0]


def listed(folder: str) -> Iterator[str]:
    """Yield the names of all objects below a folder of a store, sorted as the store does.

    Raises:
        UsageError: it cannot be asked.
    """
    from asrcli.places.stores import located

    scheme, place, _ = bucket_and_key(folder)
    with located(folder, UsageError) as (bucket, key):
        for count, (path, found) in enumerate(bucket.listed(key.rstrip("/"))):
            if count == MOST_LISTED:
                raise UsageError(f"'{folder}' holds more than {MOST_LISTED} objects: name a folder in it")
            name = f"{scheme}://{place}/{path}"
            _seen[name] = found
            yield name


def check_there(folder: str) -> None:
    """Raise `UsageError` where there is no such bucket, or it may not be looked into."""
    from asrcli.places.stores import located

    scheme, place, _ = bucket_and_key(folder)
    with located(f"{scheme}://{place}", UsageError) as (bucket, _):
        try:
            bucket.read(f"{folder.partition(place)[2].strip('/')}/.asr/none".strip("/"), 1)
        except FileNotFoundError as error:
            if "NoSuchBucket" in cause(error) or "ContainerNotFound" in cause(error):
                raise


def exists(name: str) -> bool:
    """Ask whether a result is there; raise `OutputError` where it cannot be asked."""
    from asrcli.places.stores import located

    with located(name, OutputError) as (bucket, key):
        return bucket.facts(key) is not None
