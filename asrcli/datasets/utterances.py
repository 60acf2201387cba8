"""Utterances from a manifest or a table: every mistake is named by file and line.

A manifest is JSON Lines (NeMo's, the Open ASR Leaderboard's), CSV or TSV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from asrcli.base.files import is_special
from asrcli.base.join import join_texts
from asrcli.datasets.columns import (
    CHUNK,
    HYPOTHESIS_KEYS,
    LOOKED_AT,
    PARENT,
    PREDICTED_LANGUAGE,
    REFERENCE_KEYS,
    SYSTEM_KEYS,
    TEXT_FILE,
    Columns,
    Row,
    find_columns,
    first_text,
    is_missing,
    other_texts,
    text_column_of,
    with_known_names,
)
from asrcli.datasets.lines import MOST_CHARACTERS, TABLES, read_json_lines, read_lines, read_table
from asrcli.errors import InputError
from asrcli.types import Utterance

RECORD_KEY = "asr_run"  # in the first line of a run record, which is a manifest otherwise
REFERENCES = frozenset(REFERENCE_KEYS)
LINE_ID = "#{}"  # of a text without an id: no id that somebody gave is matched with it
SILENT_PIECES = "silent_pieces"  # of a recording in pieces: in how many of them a system has nothing


DECIMAL_COMMA = re.compile(r"\s*-?\d+,\d+\s*")  # as spreadsheets write it where they write semicolons


class NoText(InputError):
    """A line has none of the columns in which a text is looked for."""


def read_manifest(
    path: Path,
    *,
    hypotheses: bool = False,
    needs_text: bool = True,
    text_column: str | None = None,
    table: str | None = None,
    notes: list[str] | None = None,
) -> list[Utterance]:
    """Read a manifest in JSON Lines, CSV or TSV.

    Args:
        path: the file.
        hypotheses: take what was recognised (``pred_text``, ...) rather than the reference as the text.
        needs_text: a line without a text is a mistake; otherwise its text is empty.
        text_column: the name of the text; ``None`` takes the first of the usual names.
        table: ``.csv`` or ``.tsv`` whatever the file is called; ``None`` goes by its suffix.
        notes: takes which column was taken for the text, where several could be.

    Raises:
        InputError: a line cannot be understood; it is named.
    """
    kind = table or path.suffix
    rows = read_table(path, kind) if kind in TABLES else read_json_lines(path)
    return from_rows(rows, path, hypotheses=hypotheses, needs_text=needs_text, text_column=text_column, notes=notes)


def from_rows(
    numbered: Iterable[tuple[int, Row]],
    path: Path,
    *,
    hypotheses: bool = False,
    needs_text: bool = True,
    text_column: str | None = None,
    notes: list[str] | None = None,
) -> list[Utterance]:
    """Build the utterances of a manifest from its rows, as `read_manifest` does.

    One name holds the text in every row of a file: with a name chosen row by row, a row in which a system has nothing
    would be read for its reference. A row without what was recognised is left out; it is a reference without a
    hypothesis.
    """
    rows = [(number, with_known_names(row)) for number, row in numbered if RECORD_KEY not in row]
    if needs_text and not hypotheses and not text_column:
        rows = [(number, with_its_text(row, path, number)) for number, row in rows]
    keys = (text_column,) if text_column else HYPOTHESIS_KEYS if hypotheses else REFERENCE_KEYS
    if column := text_column_of((row for _, row in rows), keys):
        if notes is not None and not text_column:
            notes += other_texts([row for _, row in rows[:LOOKED_AT]], column, keys)
        keys = (column,)
    found: list[Utterance] = []
    numbers: list[int] = []
    chunks: dict[str, list[tuple[int, int]]] = {}
    silent: set[int] = set()  # pieces without a text, by their place among the utterances
    dropped: set[int] = set()  # rows without one; they still count where a recording is in several rows
    for number, row in rows:
        lacking = hypotheses and column is not None and is_missing(row.get(column))
        if PARENT in row:
            place = int(number_of(row, CHUNK, path, number) or 0)
            chunks.setdefault(str(row[PARENT]), []).append((place, len(found)))
            silent |= {len(found)} if lacking else set()
        elif lacking:
            dropped.add(len(found))
        one = utterance(row, keys, path, number, needs_text=needs_text and not lacking)
        found.append(one if one.id else replace(one, id=LINE_ID.format(len(found) + 1)))
        numbers.append(number)
    blank = path.suffix in TABLES and not any(one.text for one in found)  # a table cannot say more than an empty cell
    if hypotheses and rows and (blank or len(found) == len(silent | dropped)):
        raise NoText(f"{path}: no line has a text in '{column}', so there is no hypothesis to score")
    if chunks:
        return joined_chunks(found, chunks, silent, hypotheses=hypotheses)
    return [one for place, one in enumerate(unique(found, numbers, path)) if place not in dropped]


def with_its_text(row: Row, path: Path, number: int) -> Row:
    """Return a row with the text of the file that it names in place of one, as NeMo's may (``text_filepath``).

    Raises:
        InputError: the file cannot be read; the line is named.
    """
    if not row.get(TEXT_FILE) or not REFERENCES.isdisjoint(row):
        return row
    near = path.parent / str(row[TEXT_FILE])
    file = near if near.exists() else Path(str(row[TEXT_FILE]))
    try:
        if is_special(file):
            raise InputError(f"{file} is a pipe or a device")
        return {**row, "text": join_texts(read_lines(file))}
    except InputError as error:
        raise InputError(f"{path} line {number}: {TEXT_FILE}: {error}") from None


def is_json_lines(lines: Sequence[str]) -> bool:
    """Return whether the lines of a file are JSON Lines, whatever the file is called, and no single JSON value.

    A file of one line is a manifest where it has names that no transcript has.
    """
    filled = [line for line in lines if line and not line.isspace()][:2]
    try:
        first = json.loads(filled[0]) if filled else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(first, dict):
        return False
    return len(filled) > 1 or not {RECORD_KEY, "audio_filepath", *SYSTEM_KEYS}.isdisjoint(first)


def utterance(row: Row, text_keys: tuple[str, ...], path: Path, number: int, *, needs_text: bool = True) -> Utterance:
    """Build an utterance from one line of a manifest; without an id and a recording its own id is empty."""
    if not isinstance(row, dict):
        raise InputError(f"{path} line {number}: {str(row)[:40]!r} where an object of names and values is due")
    columns = find_columns(tuple(row), text_keys)
    text = text_of(row, columns, text_keys, path, number, needs_text=needs_text)
    audio = first_text(row, columns.audio) if columns.audio else None
    if audio is not None:
        check_text(audio, path, number)
    seconds = time_of(row, columns.seconds[0], path, number) if columns.seconds else None
    seconds = seconds if seconds is None or seconds > 0 else None  # 0 and -1 are words for the rest of the file
    start = time_of(row, "start", path, number) if columns.times else None
    end = time_of(row, "end", path, number) if columns.times else None
    if columns.times and "end" not in row and start is not None and seconds is not None:
        end = start + seconds
    if columns.offset or columns.stretch:
        offset = time_of(row, "offset", path, number) or 0.0
        if offset or seconds is not None:
            start, end = offset, None if seconds is None else offset + seconds
    if (start or 0.0) < 0 or (end is not None and end <= (start or 0.0)):
        raise InputError(f"{path} line {number}: from {start or 0:g} to {end} s is no stretch of a recording")
    name = first_text(row, columns.id) or (name_after(audio, start, columns) if audio else "")
    check_text(name, path, number)
    language = first_text(row, columns.language) if columns.language else None
    group = first_text(row, columns.group) if columns.group else None
    others = tuple([(key, str(row[key])) for key in columns.others if is_plain(row[key])])
    for value in (language or "", group or "", *(one for pair in others for one in pair)):
        check_characters(value, path, number)
    return Utterance(name, text, audio, language, group, start, end, seconds, others)


def text_of(
    row: Row, columns: Columns, text_keys: tuple[str, ...], path: Path, number: int, *, needs_text: bool
) -> str:
    """Return the text of a line, checked."""
    if columns.text is None:
        if not needs_text:
            return ""
        wanted = f"one of {', '.join(text_keys)}" if len(text_keys) > 1 else f"'{text_keys[0]}'"
        raise NoText(f"{path} line {number}: no text; {wanted} must be there, not {excerpt(row)}")
    text = row[columns.text]
    if is_missing(text):
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


def is_plain(value: Any) -> bool:
    """Return whether a value can be a field of a report: text or a number."""
    return isinstance(value, (str, int, float)) and (not isinstance(value, str) or len(value) < 200)


def excerpt(row: Row) -> str:
    """Return the names in a line, shortened."""
    names = ", ".join(map(str, row)) or "nothing"
    return names if len(names) < 100 else names[:97] + "..."


def number_of(row: Row, key: str, path: Path, number: int) -> float | None:
    """Return a value as a number; ``None`` where it is missing."""
    value = row.get(key)
    if value is None or value == "":
        return None
    try:
        return float(value.replace(",", ".") if isinstance(value, str) and DECIMAL_COMMA.fullmatch(value) else value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{path} line {number}: '{key}' must be a number, not {json.dumps(value)[:40]}") from None


def time_of(row: Row, key: str, path: Path, number: int) -> float | None:
    """Return a value as seconds; ``None`` where it is missing, or NaN, which tables write for it."""
    found = number_of(row, key, path, number)
    return found if found is not None and isfinite(found) else None


def check_characters(text: str, path: Path, number: int) -> None:
    """Raise `InputError` for a text that no file takes."""
    if not text.isascii() and SURROGATES.search(text):
        raise InputError(f"{path} line {number}: half of a surrogate pair in the text, which is no character")


def check_text(text: str, path: Path, number: int) -> None:
    """Raise `InputError` for a text that cannot be one utterance."""
    if "\0" in text:
        raise InputError(f"{path} line {number}: a NUL character in the text")
    check_characters(text, path, number)
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"{path} line {number}: a text of {len(text):,} characters is too long for one utterance; cut it up"
        )


def unique(found: list[Utterance], numbers: list[int], path: Path) -> list[Utterance]:
    """Return the utterances with names that differ: the whole path of the audio where file names repeat."""
    if len({one.id for one in found}) == len(found):
        return found
    found = numbered([named_by_path(one) for one in found])
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


def numbered(found: Sequence[Utterance]) -> list[Utterance]:
    """Return utterances of which those that are named by one recording are told apart: by their number, from 2."""
    taken = {one.id for one in found}
    counts: dict[str, int] = {}
    told = []
    for one in found:
        counts[one.id] = counts.get(one.id, 0) + 1
        if counts[one.id] > 1 and is_named_by_audio(one):
            name = f"{one.id}-{counts[one.id]}"
            while name in taken:
                name += "x"
            taken.add(name)
            one = replace(one, id=name)
        told.append(one)
    return told


def predicted_language(one: Utterance) -> str | None:
    """Return the language that a line of a system says it has identified; ``None`` where it does not say."""
    fields = dict(one.fields)
    return fields.get(PREDICTED_LANGUAGE) or fields.get("pred_lang")


def is_named_by_audio(one: Utterance) -> bool:
    """Return whether an id is that of a recording, or of a place in it."""
    if not one.audio:
        return False
    path = Path(one.audio).with_suffix("")
    places = ("", f"-{one.start or 0.0:.3f}")
    return one.id in {f"{name}{place}" for name in (str(path), path.name) for place in places}


def joined_chunks(
    found: list[Utterance], chunks: Mapping[str, list[tuple[int, int]]], silent: set[int], *, hypotheses: bool
) -> list[Utterance]:
    """Join the pieces of each recording; its reference stands whole in the first piece.

    As the Open ASR Leaderboard does (normalizer/eval_utils.py, `merge_chunked_manifest`). A recording in whose pieces
    nothing was recognised is left out; how many pieces of another are ``silent`` is in its field `SILENT_PIECES`.
    """
    joined = []
    for parent in sorted(chunks):
        places = [index for _, index in sorted(chunks[parent])]
        lost = len(silent.intersection(places))
        if lost == len(places):
            continue
        pieces = [found[index] for index in places]
        texts = [stripped for piece in pieces if (stripped := piece.text.strip())]
        seconds = [piece.seconds for piece in pieces if piece.seconds is not None]
        whole = sum(seconds) if len(seconds) == len(pieces) else None
        text = " ".join(texts) if hypotheses else pieces[0].text
        fields = (*pieces[0].fields, *(((SILENT_PIECES, f"{lost} of {len(places)}"),) if lost else ()))
        joined.append(replace(pieces[0], id=parent, text=text, audio=None, seconds=whole, fields=fields))
    return joined
