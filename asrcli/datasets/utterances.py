"""Utterances from a manifest or a table: every mistake is named by file and line.

A manifest is JSON Lines (NeMo's, the Open ASR Leaderboard's), CSV or TSV.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from asrcli.errors import InputError
from asrcli.types import Utterance

RECORD_KEY = "asr_run"  # in the first line of a run record, which is a manifest otherwise
REFERENCE_KEYS = ("text", "reference", "ref", "sentence", "transcript", "transcription", "normalized_text")
HYPOTHESIS_KEYS = ("pred_text", "hypothesis", "hyp", "prediction", "pred", "text", "transcript", "transcription")
ID_KEYS = ("id", "utterance_id", "utt_id", "segment_id", "uid", "key")
AUDIO_KEYS = ("audio_filepath", "audio", "audio_path", "file_name", "wav", "file", "path")
GROUP_KEYS = ("group", "speaker", "speaker_id", "session", "session_id")
SECONDS_KEYS = ("duration", "seconds", "audio_length_s")
PARENT, CHUNK = "parent_id", "chunk_index"  # of long recordings in pieces: one reference for all of them
MOST_CHARACTERS = 2_000_000  # of one text: more than a day of speech


Row = Mapping[str, Any]


class NoText(InputError):
    """A line has none of the columns in which a text is looked for."""


def read_manifest(
    path: Path, *, hypotheses: bool = False, needs_text: bool = True, text_column: str | None = None
) -> list[Utterance]:
    """Read a manifest in JSON Lines, CSV or TSV.

    Args:
        path: the file.
        hypotheses: take what was heard (``pred_text``, ...) rather than the reference as the text.
        needs_text: a line without a text is a mistake; otherwise its text is empty.
        text_column: the name of the text; ``None`` takes the first of the usual names.

    Raises:
        InputError: a line cannot be understood; it is named.
    """
    rows = read_table(path) if path.suffix in (".csv", ".tsv") else read_json_lines(path)
    keys = (text_column,) if text_column else HYPOTHESIS_KEYS if hypotheses else REFERENCE_KEYS
    found: list[Utterance] = []
    numbers: list[int] = []
    chunks: dict[str, list[tuple[int, int]]] = {}
    for number, row in rows:
        if RECORD_KEY in row and not found:
            continue
        if PARENT in row:
            place = int(number_of(row, CHUNK, path, number) or 0)
            chunks.setdefault(str(row[PARENT]), []).append((place, len(found)))
        found.append(utterance(row, keys, path, number, needs_text=needs_text))
        numbers.append(number)
    if chunks:
        return joined_chunks(found, chunks, hypotheses=hypotheses)
    return unique(found, numbers, path)


def read_json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield line number and object of every line that is not empty."""
    decode = json.JSONDecoder().raw_decode  # twice as fast as json.loads, which looks for space round every line
    for number, line in enumerate(read_lines(path), start=1):
        if not line or line.isspace():
            continue
        try:
            row, end = decode(line)
        except (ValueError, RecursionError):
            end = -1
        if end != len(line):
            row = read_json_line(line, path, number)
        if not isinstance(row, dict):
            raise InputError(f"{path} line {number}: a line must be an object like {{...}}, not: {line[:60]}")
        yield number, row


def read_json_line(line: str, path: Path, number: int) -> Any:
    """Read one line, with space round it."""
    try:
        return json.loads(line)
    except RecursionError:
        raise InputError(f"{path} line {number}: brackets inside brackets, too deep to be read") from None
    except ValueError as error:
        raise InputError(f"{path} line {number}: not JSON ({error}): {line[:60]}") from None


def read_table(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells by column name of a CSV or TSV file with a header."""
    lines = read_lines(path)
    if not lines:
        return
    reader = csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ",")
    header = [name.strip() for name in next(reader)]
    csv.field_size_limit(MOST_CHARACTERS)
    try:
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                number = reader.line_num
                raise InputError(f"{path} line {number}: {len(cells)} columns where the header has {len(header)}")
            yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num}: {error}") from None


def read_lines(path: Path) -> list[str]:
    """Read the lines of a UTF-8 text file.

    Raises:
        InputError: it cannot be opened, is not UTF-8, or holds a NUL byte.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    if b"\0" in data:
        raise InputError(f"{path} line {line_of(data, data.index(0))}: a NUL byte, so this is no text file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} line {line_of(data, error.start)}: not UTF-8; convert it with iconv") from None
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def line_of(data: bytes, offset: int) -> int:
    """Return the number of the line that holds a byte."""
    return data.count(b"\n", 0, offset) + 1


@dataclass(frozen=True, slots=True)
class Columns:
    """Which names of a line hold what; lines of one manifest nearly always have the same names."""

    text: str | None
    id: tuple[str, ...]
    audio: tuple[str, ...]
    group: tuple[str, ...]
    language: tuple[str, ...]
    seconds: tuple[str, ...]
    times: bool
    offset: bool  # NeMo's way to say where in the file: offset and duration
    others: tuple[str, ...]


@lru_cache(maxsize=1000)
def find_columns(names: tuple[str, ...], text_keys: tuple[str, ...]) -> Columns:
    """Return what the names of a line hold."""
    text = next((key for key in text_keys if key in names), None)

    def those(keys: Sequence[str]) -> tuple[str, ...]:
        return tuple(key for key in keys if key in names)

    used = {text or "", *ID_KEYS, *AUDIO_KEYS, *TEXTS}
    return Columns(
        text,
        those(ID_KEYS),
        those(AUDIO_KEYS),
        those(GROUP_KEYS),
        those(("language", "lang")),
        those(SECONDS_KEYS),
        "start" in names or "end" in names,
        "offset" in names and "start" not in names,
        tuple(name for name in names if name not in used),
    )


def utterance(row: Row, text_keys: tuple[str, ...], path: Path, number: int, *, needs_text: bool = True) -> Utterance:
    """Build an utterance from one line of a manifest."""
    columns = find_columns(tuple(row), text_keys)
    text = text_of(row, columns, text_keys, path, number, needs_text=needs_text)
    audio = first_text(row, columns.audio) if columns.audio else None
    if audio is not None:
        check_text(audio, path, number)
    seconds = number_of(row, columns.seconds[0], path, number) if columns.seconds else None
    start = number_of(row, "start", path, number) if columns.times else None
    end = number_of(row, "end", path, number) if columns.times else None
    if columns.offset and (offset := number_of(row, "offset", path, number)):
        start, end = offset, offset + seconds if seconds is not None else None
    name = first_text(row, columns.id) or (name_after(audio, start, columns) if audio else str(number))
    check_text(name, path, number)
    return Utterance(
        name,
        text,
        audio,
        first_text(row, columns.language) if columns.language else None,
        first_text(row, columns.group) if columns.group else None,
        start,
        end,
        seconds,
        tuple([(key, str(row[key])) for key in columns.others if is_plain(row[key])]),
    )


def text_of(
    row: Row, columns: Columns, text_keys: tuple[str, ...], path: Path, number: int, *, needs_text: bool
) -> str:
    """Return the text of a line, checked."""
    if columns.text is None:
        if not needs_text:
            return ""
        wanted = f"one of {', '.join(text_keys)}" if len(text_keys) > 1 else f"'{text_keys[0]}'"
        raise NoText(f"{path} line {number}: no text; {wanted} must be there, not {shown(row)}")
    text = row[columns.text]
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InputError(f"{path} line {number}: '{columns.text}' must be text, not {json.dumps(text)[:40]}")
    check_text(text, path, number)
    return text


def name_after(audio: str, start: float | None, columns: Columns) -> str:
    """Return an id for a line that has none: the name of its file, and the place in it where NeMo gives one."""
    stem = Path(audio).with_suffix("").name
    return f"{stem}-{start:.3f}" if columns.offset and start else stem


SURROGATES = re.compile("[\ud800-\udfff]")
TEXTS = frozenset({*REFERENCE_KEYS, *HYPOTHESIS_KEYS})


def is_plain(value: Any) -> bool:
    """Return whether a value can be a field of a report: text or a number."""
    return isinstance(value, (str, int, float)) and (not isinstance(value, str) or len(value) < 200)


def shown(row: Row) -> str:
    """Return the names in a line, shortened."""
    names = ", ".join(map(str, row)) or "nothing"
    return names if len(names) < 100 else names[:97] + "..."


def first_text(row: Row, keys: Sequence[str]) -> str | None:
    """Return the first of these values that is there, as text."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, (str, int, float)) and value != "":
            return str(value)
    return None


def number_of(row: Row, key: str, path: Path, number: int) -> float | None:
    """Return a value as a number; ``None`` where it is missing."""
    value = row.get(key)
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{path} line {number}: '{key}' must be a number, not {json.dumps(value)[:40]}") from None


def check_text(text: str, path: Path, number: int) -> None:
    """Raise `InputError` for a text that cannot be one utterance."""
    if "\0" in text:
        raise InputError(f"{path} line {number}: a NUL character in the text")
    if not text.isascii() and SURROGATES.search(text):
        raise InputError(f"{path} line {number}: half of a surrogate pair in the text, which is no character")
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"{path} line {number}: a text of {len(text):,} characters is too long for one utterance; cut it up"
        )


def unique(found: list[Utterance], numbers: list[int], path: Path) -> list[Utterance]:
    """Return the utterances with names that differ: the whole path of the audio where file names repeat."""
    if len({one.id for one in found}) == len(found):
        return found
    found = [named_by_path(one) for one in found]
    seen: dict[str, int] = {}
    for one, number in zip(found, numbers, strict=True):
        if one.id in seen:
            raise InputError(f"{path} line {number}: the id '{one.id}' was there already in line {seen[one.id]}")
        seen[one.id] = number
    return found


def named_by_path(one: Utterance) -> Utterance:
    """Return an utterance whose id, where that is the name of its recording, is the recording's whole path."""
    if not one.audio or one.id != Path(one.audio).with_suffix("").name:
        return one
    return replace(one, id=str(Path(one.audio).with_suffix("")))


def joined_chunks(
    found: list[Utterance], chunks: Mapping[str, list[tuple[int, int]]], *, hypotheses: bool
) -> list[Utterance]:
    """Join the pieces of each recording; its reference stands whole in the first piece.

    As the Open ASR Leaderboard does (normalizer/eval_utils.py, `merge_chunked_manifest`).
    """
    joined = []
    for parent in sorted(chunks):
        pieces = [found[index] for _, index in sorted(chunks[parent])]
        texts = [stripped for piece in pieces if (stripped := piece.text.strip())]
        seconds = [piece.seconds for piece in pieces if piece.seconds is not None]
        whole = sum(seconds) if len(seconds) == len(pieces) else None
        text = " ".join(texts) if hypotheses else pieces[0].text
        joined.append(replace(pieces[0], id=parent, text=text, audio=None, seconds=whole))
    return joined
