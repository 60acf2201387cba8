"""Folders of recordings with their texts beside them, and LibriSpeech's way: one ``*.trans.txt`` for a chapter."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from asrcli.audio.inputs import walk
from asrcli.base.files import as_stored
from asrcli.base.join import join_texts
from asrcli.datasets.lines import read_lines
from asrcli.datasets.utterances import check_text
from asrcli.errors import InputError
from asrcli.types import Utterance

METADATA = ("metadata.jsonl", "metadata.csv", "manifest.jsonl", "manifest.json")  # a manifest that says what is inside
TEXT_SUFFIXES = (".txt", ".lab", ".normalized.txt")


@dataclass(slots=True)
class Found:
    """What is in a folder."""

    utterances: list[Utterance] = field(default_factory=list)  # by path
    silent: list[str] = field(default_factory=list)  # recordings without a text
    broken: list[str] = field(default_factory=list)  # what is wrong with texts that cannot be read


def read_folder(folder: Path) -> Found:
    """Return the utterances of a folder, and what is wrong with the others.

    Raises:
        InputError: there is no recording with a text that can be read.
    """
    found = Found()
    chapters: dict[Path, dict[str, str]] = {}
    for path in map(Path, walk(str(folder))):
        key = str(path.relative_to(folder).with_suffix(""))
        if path.parent not in chapters:
            chapters[path.parent] = read_chapters(path.parent, found.broken)
        try:
            known = chapters[path.parent].get(path.stem)
            text = text_beside(path) if known is None else known
        except InputError as error:
            found.broken.append(str(error))
            continue
        if text is None:
            found.silent.append(str(path))
            continue
        speaker = path.parent.name if path.parent != folder else None
        found.utterances.append(Utterance(key, text, str(path.absolute()), group=speaker))
    if not found.utterances:
        suffixes = ", ".join(TEXT_SUFFIXES)
        tables = sorted(one.name for one in folder.iterdir() if one.suffix in (".tsv", ".csv", ".jsonl", ".txt"))
        listed = f"; or name the list that is meant: {', '.join(tables[:6])}" if tables else ""
        none = f"{folder}: no recording with a text of the same name ({suffixes}) or in a *.trans.txt"
        raise InputError([*found.broken, f"{none}, and no manifest ({', '.join(METADATA)}, wav.scp){listed}"][0])
    return found


def text_beside(path: Path) -> str | None:
    """Return the text in a file of the recording's name; ``None`` where there is none.

    Raises:
        InputError: it cannot be read.
    """
    places = (Path(as_stored(str(path.with_suffix(suffix)))) for suffix in TEXT_SUFFIXES)
    beside = next((one for one in places if one.exists()), None)
    if beside is None:
        return None
    text = join_texts(read_lines(beside))
    check_text(text, beside, 1)
    return text


def read_chapters(folder: Path, broken: list[str]) -> dict[str, str]:
    """Return the texts of LibriSpeech's ``*.trans.txt`` in a folder, by id; what cannot be read goes to ``broken``."""
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.trans.txt")):
        try:
            texts |= read_chapter(path)
        except InputError as error:
            broken.append(str(error))
    return texts


def read_chapter(path: Path) -> dict[str, str]:
    """Return the texts of one of LibriSpeech's files, by id. Raises `InputError` when it cannot be read."""
    texts = {}
    for number, line in enumerate(read_lines(path), start=1):
        key, text = (*line.strip().split(maxsplit=1), "", "")[:2]
        check_text(text, path, number)
        if key:
            texts[key] = text
    return texts
