"""Recordings and their texts: which belong together."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from asrcli.alignment.script import SUFFIXES
from asrcli.audio.inputs import EXTENSIONS, Found, expand, walk
from asrcli.base.files import as_stored
from asrcli.errors import UsageError
from asrcli.places.addresses import below, file_of, is_address, is_stored, join, named

TEXTS = frozenset(SUFFIXES) - EXTENSIONS


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording and the text of it."""

    audio: Found
    text: str


def find_pairs(audio: str, text: str | None) -> list[Pair]:
    """Return the pairs that two arguments stand for: two files, or folders whose files have the same stems.

    Each of them is a path or an address.

    Raises:
        UsageError: nothing there to be paired.
    """
    _check_order(audio, text)
    if is_address(audio):
        found = expand([audio])
    else:
        found = [Found(path, audio) for path in walk(audio)] if os.path.isdir(audio) else [Found(audio)]
    if found and not found[0].root:
        one = found[0]
        if text is None:
            raise UsageError(f"'{one.path}' needs its text: asr align {one.path} TEXT, or - for standard input")
        return [Pair(one, _text_beside(text, one))]
    if text is not None and not _is_folder(text):
        raise UsageError(f"'{audio}' is a folder and '{text}' is not: name a folder of texts with the same names")
    if not found:
        raise UsageError(f"no audio or video files in folder '{audio}'")
    text_of = _texts(_named(text or found[0].root))
    pairs = [Pair(one, text_of(one) or "") for one in found]
    if not any(pair.text for pair in pairs):
        kinds = ", ".join(SUFFIXES)
        raise UsageError(f"no recording in '{audio}' has a text of the same name ({kinds}) in '{text or audio}'")
    return sorted(pairs, key=lambda pair: not pair.text)


def _check_order(audio: str, text: str | None) -> None:
    """Raise `UsageError` where the two are the other way round, by their names, or the same."""
    if text is None:
        return
    if _kind(audio) in TEXTS and _kind(text) in EXTENSIONS:
        order = shlex.join(("asr", "align", text, audio))
        raise UsageError(f"'{audio}' is the name of a text and '{text}' of a recording: write {order}")
    if audio == text and not os.path.isdir(audio):
        raise UsageError(f"'{audio}' is named as the recording and as its text: name the text second")


def _kind(path: str) -> str:
    return Path(path).suffix.lower()


def _named(place: str) -> str:
    return named(place) if is_address(place) else place


def _is_folder(text: str) -> bool:
    """Tell whether a text is a folder of them: of a store, by the way it is written."""
    return os.path.isdir(text) or (is_stored(text) and PurePosixPath(text).suffix.lower() not in SUFFIXES)


def _text_beside(text: str, one: Found) -> str:
    """Return the text of one recording: what was named, or what is called like it in a folder that was."""
    place = _named(text)
    if not _is_folder(text):
        return place
    return _texts(place)(Found(one.path)) or f"{place.rstrip('/')}/{_path(one.path).stem}{SUFFIXES[0]}"


def _texts(folder: str) -> Callable[[Found], str | None]:
    """Return what finds the text of a recording in a folder, of a store or of this machine; ``None`` without one."""
    if not is_address(folder):
        return lambda one: next(filter(os.path.isfile, (as_stored(str(path)) for path in _places(folder, one))), None)
    from asrcli.places.remote import listed

    known = frozenset(listed(folder))
    return lambda one: next((path for name in _names(one) if (path := join(folder, _below(one), name)) in known), None)


def _places(folder: str, one: Found) -> list[Path]:
    """Return where the text of a recording may be on this machine."""
    return [Path(folder, _below(one), name) for name in _names(one)]


def _names(one: Found) -> list[str]:
    """Return what the text of a recording may be called."""
    return [_path(one.path).stem + suffix for suffix in SUFFIXES if suffix not in EXTENSIONS]


def _below(one: Found) -> str:
    """Return the folder of a recording below the one that it was found under."""
    if not one.root:
        return ""
    if is_address(one.path):
        return below(one.path, one.root)
    beneath = os.path.relpath(os.path.dirname(one.path), one.root)
    return "" if beneath == "." else beneath


def _path(name: str) -> PurePosixPath | Path:
    return file_of(name) if is_address(name) else Path(name)
