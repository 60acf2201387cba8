"""Folders of recordings with their texts beside them, and LibriSpeech's way: one ``*.trans.txt`` for a chapter."""

from __future__ import annotations

from pathlib import Path

from asrcli.audio.inputs import walk
from asrcli.base.join import join_texts
from asrcli.datasets.lines import read_lines
from asrcli.datasets.utterances import check_text
from asrcli.errors import InputError
from asrcli.types import Utterance

METADATA = ("metadata.jsonl", "metadata.csv", "manifest.jsonl", "manifest.json")  # a manifest that says what is inside
TEXT_SUFFIXES = (".txt", ".lab", ".normalized.txt")


def read_folder(folder: Path) -> tuple[list[Utterance], list[str]]:
    """Return the utterances of a folder, by path, and what is wrong: recordings without a text.

    Raises:
        InputError: there is no recording with a text.
    """
    found: list[Utterance] = []
    silent: list[str] = []
    chapters: dict[Path, dict[str, str]] = {}
    for path in map(Path, walk(str(folder))):
        key = str(path.relative_to(folder).with_suffix(""))
        if path.parent not in chapters:
            chapters[path.parent] = read_chapters(path.parent)
        text = chapters[path.parent].get(path.stem)
        if text is None:
            beside = next((one for suffix in TEXT_SUFFIXES if (one := path.with_suffix(suffix)).is_file()), None)
            if beside is None:
                silent.append(str(path))
                continue
            text = join_texts(read_lines(beside))
            check_text(text, beside, 1)
        speaker = path.parent.name if path.parent != folder else None
        found.append(Utterance(key, text, str(path.absolute()), group=speaker))
    if not found:
        suffixes = ", ".join(TEXT_SUFFIXES)
        raise InputError(
            f"{folder}: no recording with a text of the same name ({suffixes}) or in a *.trans.txt, and no manifest "
            f"({', '.join(METADATA)}, wav.scp)"
        )
    return found, silent


def read_chapters(folder: Path) -> dict[str, str]:
    """Return the texts of LibriSpeech's ``*.trans.txt`` in a folder, by id."""
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.trans.txt")):
        for number, line in enumerate(read_lines(path), start=1):
            key, _, text = line.strip().partition(" ")
            check_text(text, path, number)
            if key:
                texts[key] = text
    return texts
