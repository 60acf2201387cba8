"""Recordings and their texts where one of them, or both, are behind an address: which belong together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from asrcli.alignment.script import SUFFIXES
from asrcli.audio.inputs import EXTENSIONS, STDIN, Found, expand
from asrcli.errors import UsageError
from asrcli.places.addresses import below, file_of, is_address, is_stored, named
from asrcli.runs.align_pairs import Pair

TextOf = Callable[[Found], str | None]


def find_pairs_elsewhere(audio: str, text: str | None) -> list[Pair]:
    """Return the pairs that two arguments stand for, of which at least one is an address.

    Raises:
        UsageError: nothing there to be paired.
    """
    found = expand([audio])
    if not found[0].root:
        if text is None:
            raise UsageError(
                f"'{found[0].path}' needs its text: asr align {found[0].path} TEXT, or - for standard input"
            )
        one = found[0]
        return [Pair(one, _text_beside(text, one))]
    if text == STDIN or (text is not None and not _is_folder(text)):
        raise UsageError(f"'{audio}' is a folder and '{text}' is not: name a folder of texts with the same names")
    text_of = _texts(named(text) if text is not None and is_address(text) else text or found[0].root)
    pairs = [Pair(one, text_of(one) or "") for one in found]
    if not any(pair.text for pair in pairs):
        kinds = ", ".join(SUFFIXES)
        raise UsageError(f"no recording in '{audio}' has a text of the same name ({kinds}) in '{text or audio}'")
    return sorted(pairs, key=lambda pair: not pair.text)


def _is_folder(text: str) -> bool:
    """Tell whether a text is a folder of them: of a store, by the way it is written."""
    return os.path.isdir(text) or (is_stored(text) and PurePosixPath(text).suffix.lower() not in SUFFIXES)


def _text_beside(text: str, one: Found) -> str:
    """Return the text of one recording: what was named, or what is called like it in a folder that was."""
    if text != STDIN and _is_folder(text):
        place = named(text) if is_address(text) else text
        return _texts(place)(Found(one.path)) or f"{place.rstrip('/')}/{_path(one.path).stem}{SUFFIXES[0]}"
    return named(text) if is_address(text) else text


def _texts(folder: str) -> TextOf:
    """Return what finds the text of a recording in a folder, of a store or of this machine."""
    suffixes = [suffix for suffix in SUFFIXES if suffix not in EXTENSIONS]
    if is_address(folder):
        from asrcli.places.remote import listed

        known: frozenset[str] | None = frozenset(listed(folder))
    else:
        known = None

    def text_of(one: Found) -> str | None:
        """Return the address of the text that belongs to a recording, None without one."""
        parts = [folder.rstrip("/"), _below(one), _path(one.path).stem]
        start = "/".join(part for part in parts if part)
        return next((start + suffix for suffix in suffixes if _is_there(start + suffix, known)), None)

    return text_of


def _is_there(path: str, known: frozenset[str] | None) -> bool:
    return os.path.isfile(path) if known is None else path in known


def _below(one: Found) -> str:
    if not one.root:
        return ""
    if is_address(one.path):
        return below(one.path, one.root)
    beneath = os.path.relpath(os.path.dirname(one.path), one.root)
    return "" if beneath == "." else beneath


def _path(name: str) -> PurePosixPath | Path:
    return file_of(name) if is_address(name) else Path(name)
