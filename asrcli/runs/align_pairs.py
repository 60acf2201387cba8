"""Recordings and their texts: which belong together."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from asrcli.alignment.script import SUFFIXES
from asrcli.audio.inputs import EXTENSIONS, Found, walk
from asrcli.errors import UsageError
from asrcli.places.addresses import is_address

TEXTS = frozenset(SUFFIXES) - EXTENSIONS


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording and the text of it."""

    audio: Found
    text: str


def find_pairs(audio: str, text: str | None) -> list[Pair]:
    """Return the pairs that two arguments stand for: two files, or folders whose files have the same stems.

    Raises:
        UsageError: nothing there to be paired.
    """
    _check_order(audio, text)
    if is_address(audio) or is_address(text or ""):
        from asrcli.runs.align_elsewhere import find_pairs_elsewhere

        return find_pairs_elsewhere(audio, text)
    if not os.path.isdir(audio):
        if text is None:
            raise UsageError(f"'{audio}' needs its text: asr align {audio} TEXT, or - for standard input")
        if os.path.isdir(text):
            text = _text_of(Path(text), Path(audio).stem) or os.path.join(text, Path(audio).stem + SUFFIXES[0])
        return [Pair(Found(audio), text)]
    if text is not None and not os.path.isdir(text):
        raise UsageError(f"'{audio}' is a folder and '{text}' is not: name a folder of texts with the same names")
    pairs, alone = [], []
    for path in walk(audio):
        below = os.path.relpath(os.path.dirname(path), audio)
        beside = Path(text or audio, below)
        own = _text_of(beside, Path(path).stem)
        if own:
            pairs.append(Pair(Found(path, audio), own))
        else:
            alone.append(path)
    if not pairs:
        kinds = ", ".join(SUFFIXES)
        raise UsageError(
            f"no recording in '{audio}' has a text of the same name ({kinds}) in '{text or audio}'"
            if alone
            else f"no audio or video files in folder '{audio}'"
        )
    return pairs + [Pair(Found(path, audio), "") for path in alone]


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


def _text_of(folder: Path, stem: str) -> str | None:
    paths = [folder / (stem + suffix) for suffix in SUFFIXES if suffix not in EXTENSIONS]
    return next((str(path) for path in paths if path.is_file()), None)
