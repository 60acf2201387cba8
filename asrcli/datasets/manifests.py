"""Manifests of every layout: told apart, read, and written back with what was recognised."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from asrcli.audio.inputs import walk
from asrcli.base.encoding import decode_text
from asrcli.base.files import as_stored, cause, check_local
from asrcli.base.lines import json_lines
from asrcli.datasets.columns import Row, flat
from asrcli.datasets.kaldi import as_manifest, pairs, read_kaldi, read_stm, write_kaldi, write_stm
from asrcli.datasets.lhotse import is_lhotse, read_lhotse, write_lhotse
from asrcli.datasets.lines import TABLES, delimiter_of, read_json_lines, read_lines, read_table
from asrcli.datasets.parts import heard_whole, opened, unused, with_channels
from asrcli.datasets.utterances import RECORD_KEY, check_text, from_rows
from asrcli.errors import InputError
from asrcli.places.addresses import is_address, named
from asrcli.types import Recording, Utterance

PREDICTED = "pred_text"
MOST_UNPACKED = 1 << 28  # bytes of a gzipped manifest; memory takes ten times as much
# Folders, seen from the manifest's, where files may lie: of Common Voice, LJ Speech, TED-LIUM.
BESIDE = ("", "clips", "audio", "wavs", "../sph")
# Of recordings whose names stand in lists without suffix.
UNNAMED = (".wav", ".mp3", ".flac", ".ogg", ".opus", ".sph", ".m4a", ".WAV", ".MP3", ".FLAC")


class Layout(StrEnum):
    """How a manifest is written."""

    JSON_LINES = "JSON Lines"
    CSV = "CSV"
    TSV = "TSV"
    KALDI = "Kaldi"
    LHOTSE = "Lhotse"
    STM = "stm"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read: paths of audio are absolute, references as they stand there."""

    path: str
    layout: Layout
    utterances: tuple[Utterance, ...]
    notes: tuple[str, ...] = ()  # what a reader must know of its columns

    @property
    def name(self) -> str:
        """What to call it: a folder's name, or a file's without suffix."""
        path = Path(self.path).absolute()
        generic = {"wav.scp", "segments", "manifest.jsonl", "manifest.json", "metadata.csv", "metadata.jsonl"}
        return path.parent.name if path.name in generic else path.name.split(".")[0] or path.name

    def with_hypotheses(self, texts: Mapping[str, str]) -> str:
        """Return the manifest with a text for every id that has one; everything else stays as it is."""
        path = Path(self.path)
        if self.layout is Layout.KALDI:
            return write_kaldi(list(self.utterances), dict(texts))
        if self.layout is Layout.LHOTSE:
            return write_lhotse(read_rows(path), texts)
        if self.layout is Layout.STM:
            return write_stm(path, texts)
        rows = [row for _, row in read_rows(path) if RECORD_KEY not in row]
        changed = [
            {**row, PREDICTED: texts[one.id]} if one.id in texts else {k: v for k, v in row.items() if k != PREDICTED}
            for row, one in zip(rows, self.utterances, strict=True)
        ]
        if self.layout is Layout.JSON_LINES:
            return json_lines(changed)
        return to_table(changed, rows, delimiter_of(read_lines(path), path.suffix))


def to_table(changed: Sequence[Row], rows: Sequence[Row], delimiter: str) -> str:
    """Return rows as CSV or TSV with a header."""
    header = [*(name for name in rows[0] if name != PREDICTED), PREDICTED] if rows else [PREDICTED]
    table = [header, *([str(row.get(name, "")) for name in header] for row in changed)]
    if delimiter == "\t" and not any(sign in cell for row in table for cell in row for sign in "\t\n\r"):
        return "".join("\t".join(row) + "\n" for row in table)  # quotes stand for themselves, as Common Voice has them
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerows(table)
    return stream.getvalue()


def read(path: Path, *, needs_text: bool = True, text_column: str | None = None) -> Manifest:
    """Read a manifest, whatever its layout.

    Args:
        path: a file, or a Kaldi data folder.
        needs_text: a line without a reference is a mistake.
        text_column: where the reference is; ``None`` takes the first of the usual names.

    Raises:
        InputError: nothing is there, or a line cannot be understood: file and line are named.
    """
    if not path.exists():
        check_local(str(path), "copy it here first")
        raise InputError(f"{path} does not exist")
    if path.is_dir() or path.name in ("wav.scp", "segments"):
        if not (path if path.is_dir() else path.parent).joinpath("wav.scp").exists():
            raise InputError(f"{path}: a folder is a manifest when it holds Kaldi's wav.scp, and this one does not")
        said: list[str] = []
        kaldi = read_kaldi(path, needs_text=needs_text, notes=said)
        said += unused([], kaldi, {}, whole=False)
        return Manifest(str(path), Layout.KALDI, tuple(kaldi), tuple(f"{path}: {note}" for note in said))
    layout = layout_of(path)
    rows: list[Row] = []
    notes: list[str] = []
    if layout is Layout.KALDI:
        found = list(read_list(path, needs_text=needs_text))
    elif layout is Layout.LHOTSE:
        numbered = read_rows(path)
        found = read_lhotse(numbered, path, recordings_beside(path, numbered))
        if needs_text and any(not one.text for one in found):
            nameless = next(one.id for one in found if not one.text)
            raise InputError(f"{path}: '{nameless}' has no text in its supervisions")
    elif layout is Layout.STM:
        found = as_manifest(read_stm(path))
    else:
        numbered = read_rows(path)
        rows = [row for _, row in numbered]
        told = notes if needs_text else None
        found = from_rows(numbered, path, needs_text=needs_text, text_column=text_column, notes=told)
    if not found:
        raise InputError(f"{path}: no utterances")
    check_units(found[0], path)
    found = [with_audio(one, path) for one in placed(found, path)]
    rows = [flat(row) for row in rows] if len(rows) == len(found) else []  # not of a record, or recordings in pieces
    facts = opened(rows, found)
    heard = heard_whole(found, facts)
    whole = [one.start for one in heard] != [one.start for one in found]
    heard, more = with_channels(rows, heard, facts) if rows else (heard, [])
    notes += [*more, *unused(rows, heard, facts, whole=whole)]
    return Manifest(str(path), layout, tuple(heard), tuple(f"{path}: {note}" for note in notes))


def read_list(path: Path, *, needs_text: bool) -> Iterator[Utterance]:
    """Yield the utterances of a list with the name of a recording and its text in each line, ``::`` between or not."""
    lines = list(pairs(path))
    if all(":" in key and not text for _, key, text in lines):  # of JSUT
        lines = [(number, key.partition(":")[0], key.partition(":")[2]) for number, key, _ in lines]
    if lines and all(PLACED.match(text) for _, _, text in lines):
        raise InputError(
            f"{path} line {lines[0][0]}: numbers like times before the text: call the file .stm for NIST's, or put "
            f"names of columns above it (start, end in seconds) and call it .csv or .tsv: {lines[0][2][:60]}"
        )
    for number, key, text in lines:
        where = f"{path} line {number}"
        if "\t" in text or "|" in key:
            raise InputError(
                f"{where}: more than a name and a text: for a table call the file .tsv or .csv: {key[:60]}"
            )
        text = text.removeprefix(":: ")  # of KsponSpeech
        if needs_text and not text:
            raise InputError(f"{where}: no text behind '{key[:60]}'")
        check_text(text, path, number)
        yield Utterance(key, text, key)


PLACED = re.compile(r"(?:\S+\s+){0,3}\d+\.\d+\s+\d+(?:\.\d+)?(?:\s|$)")  # the times of an stm, ctm, rttm or segments
COUNTED = re.compile(
    r"(?:start|begin|end|stop|offset)_?(?:samples?|frames?)|(?:samples?|frames?)_?(?:start|end|offset)"
)


def check_units(one: Utterance, path: Path) -> None:
    """Raise `InputError` where the place of utterances in their recordings is counted in what may have any length."""
    odd = next((name for name, _ in one.fields if COUNTED.fullmatch(name.lower())), None)
    if odd is not None and one.start is None:
        raise InputError(f"{path}: '{odd}' counts samples or frames: write 'start' and 'end' in seconds in its place")


def placed(found: Sequence[Utterance], manifest: Path) -> list[Utterance]:
    """Return utterances with the recordings of their bare names anywhere below the manifest's folder, where none is in
    the usual places: as of FLEURS, MLS, AISHELL and VoxPopuli.
    """
    names = [one.audio or one.id for one in found]
    if any(is_address(name) or os.path.isfile(beside(name, manifest)) for name in names):
        return list(found)
    paths: dict[str, list[str]] = {}
    for path in walk(str(manifest.absolute().parent)):
        for name in {os.path.basename(path), os.path.splitext(os.path.basename(path))[0]}:
            paths.setdefault(name, []).append(path)
    only = {name: places[0] for name, places in paths.items() if len(places) == 1}
    return [replace(one, audio=only.get(name, one.audio)) for one, name in zip(found, names, strict=True)]


def layout_of(path: Path) -> Layout:
    """Tell the layout of a file by its suffix, and of JSON Lines by the first line."""
    if path.suffix in (".csv", ".tsv", ".stm"):
        return Layout(path.suffix[1:].upper() if path.suffix in TABLES else "stm")
    if path.suffix == ".txt":  # a name and a text a line, as of LibriSpeech, MLS and AISHELL
        return Layout.KALDI
    if not path.name.endswith((".jsonl", ".json", ".jsonl.gz", ".manifest", "manifest", "data.list")):
        raise InputError(
            f"{path}: not a manifest by its name; JSON Lines (.jsonl .json .jsonl.gz), .csv, .tsv, "
            ".stm, .txt with a name and a text a line, or Kaldi's wav.scp are read"
        )
    rows = read_rows(path)
    if rows and is_lhotse(rows[0][1]):
        return Layout.LHOTSE
    if path.suffix == ".gz":
        raise InputError(f"{path}: of gzipped manifests only Lhotse's are read; unpack it with gunzip")
    return Layout.JSON_LINES


def unpacked(path: Path) -> bytes:
    """Return what a gzipped file holds, unless it is a bomb: 3 MB can unpack to gigabytes.

    Raises:
        OSError, EOFError, zlib.error: it is no gzip.
        InputError: it holds too much.
    """
    with gzip.open(path) as file:
        data = file.read(MOST_UNPACKED + 1)
    if len(data) > MOST_UNPACKED:
        raise InputError(f"{path}: unpacks to more than {MOST_UNPACKED >> 20} MB; split it")
    return data


def read_rows(path: Path) -> list[tuple[int, Row]]:
    """Read the lines of a manifest as they are."""
    if path.suffix in TABLES:
        return list(read_table(path))
    if path.suffix != ".gz":
        return list(read_json_lines(path))
    try:
        lines = decode_text(unpacked(path)).split("\n")
        return [(number, json.loads(line)) for number, line in enumerate(lines, start=1) if line.strip()]
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise InputError(f"{path}: not gzipped JSON Lines ({cause(error)})") from None


def recordings_beside(path: Path, rows: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """Return the recordings that Lhotse keeps beside supervisions: the same name with the other word."""
    if rows and not {"supervisions", "tracks"}.isdisjoint(rows[0][1]):
        return []
    other = path.with_name(path.name.replace("supervisions", "recordings"))
    if other == path or not other.exists():
        raise InputError(f"{path}: supervisions only name their recordings, and there is no {other.name} beside them")
    return read_rows(other)


def with_audio(one: Utterance, manifest: Path) -> Utterance:
    """Return an utterance with the absolute path of its audio.

    A relative one counts from the manifest's folder, as in NeMo, or else from the current one.

    Raises:
        InputError: the line names no audio.
    """
    if not one.audio:
        named_so = replace(one, audio=beside(one.id, manifest))
        if not os.path.isfile(named_so.audio or ""):
            keys = "audio_filepath, audio, file_name, path, wav"
            raise InputError(f"{manifest}: '{one.id}' names no audio file ({keys}), and none is called so")
        return named_so
    if one.audio.startswith("file://"):
        return replace(one, audio=unquote(urlsplit(one.audio).path))
    if is_address(one.audio):
        return replace(one, audio=named(one.audio))
    path = beside(one.audio, manifest)
    if "shard_id" in dict(one.fields) and not os.path.isfile(path):
        raise InputError(
            f"{manifest}: recordings in tar files (shard_id); unpack them here: for t in *.tar; do tar xf $t; done"
        )
    return replace(one, audio=path)


def beside(audio: str, manifest: Path) -> str:
    """Return the absolute path of a recording by its name in a manifest: the first place where there is one."""
    folder = manifest.absolute().parent
    audio = audio.removeprefix("{data_root}/").removeprefix("$data_root/")  # SpeechBrain's word for the folder
    names = [audio, *([os.path.expanduser(audio)] if audio[0] == "~" else [])]
    names += [audio.replace("\\", "/")] if "\\" in audio else []
    names += [audio + suffix for suffix in UNNAMED if not audio.endswith(suffix)]  # a name may have dots: talk.2024
    places = (os.path.join(*place) for name in names for place in (*((folder, part, name) for part in BESIDE), (name,)))
    there = next((found for place in places if os.path.isfile(found := as_stored(place))), os.path.join(folder, audio))
    return str(Path(there).absolute())


def recording_of(one: Utterance) -> Recording:
    """Return the recording, or the part of one, that an utterance is."""
    channel = dict(one.fields).get("channel", "")
    return Recording(
        one.audio or "",
        int(channel) if channel.isdecimal() else None,
        one.seconds if one.start is None else None,
        one.start or 0.0,
        one.end,
        one.track,
    )
