"""Lines of text files, and the rows of JSON Lines, CSV and TSV: every mistake is named by file and line."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from asrcli.base.encoding import decode_text, encoding_of, not_utf8
from asrcli.base.files import reason
from asrcli.base.whole import MOST_ROWS, read_whole
from asrcli.datasets.columns import KNOWN, Row
from asrcli.errors import InputError

TABLES = (".csv", ".tsv")
MOST_CHARACTERS = 2_000_000  # of one text: more than a day of speech
SEPARATOR = re.compile(r"sep=(.)\s*")  # Excel's own first line
LINES_SEEN = 5  # that tell what parts cells
# Of tables without a header.
LJ_SPEECH = ["file_name", "text", "normalized_text"]
FLEURS = ["sentence_id", *LJ_SPEECH, "characters", "num_samples", "gender"]
RECORDING = re.compile(r"[^\s|]*\.(?:wav|mp3|flac|ogg|opus|m4a|sph|webm|aac|wma)", re.IGNORECASE)
NUMBERED = re.compile(r"[^\s|]*\d[^\s|]*")  # names of recordings without suffix; those of columns have no digits


def read_json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield line number and object of every line that is not empty, or of every object of one JSON list or file."""
    decode = json.JSONDecoder().raw_decode  # twice as fast as json.loads, which looks for space round every line
    lines = read_lines(path)
    first = next((line for line in lines if line and not line.isspace()), "").strip()
    if (rows := _rows_inside(lines)) is not None:
        yield from rows
        return
    if first.startswith("[") or first == "{":  # of the latter each over several lines, as jq writes them
        yield from read_json_list("\n".join(lines), path)
        return
    for number, line in enumerate(lines, start=1):
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


def _rows_inside(lines: Sequence[str]) -> Iterator[tuple[int, Row]] | None:
    """Return the objects of one object: of objects by their names, as SpeechBrain has them, or of the segments of
    recordings, as of GigaSpeech and WenetSpeech; ``None`` for other files.
    """
    if not lines or (len(lines) > 1 and lines[0].strip() != "{"):
        return None
    try:
        whole = json.loads("\n".join(lines))
    except (ValueError, RecursionError):
        return None
    if isinstance(whole, dict) and isinstance(audios := whole.get("audios"), list):
        with suppress(KeyError, TypeError):
            return enumerate(
                [{"audio": audio["path"], **one} for audio in audios for one in audio["segments"]], start=1
            )
    if not isinstance(whole, dict) or not whole or not all(isinstance(row, dict) for row in whole.values()):
        return None
    rows = ({"id": name, **({"text": row["words"]} if "words" in row else {}), **row} for name, row in whole.items())
    return enumerate(rows, start=1)


def read_json_list(text: str, path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the line in which each object of a JSON list, or of a file of them, begins, and the object.

    Raises:
        InputError: it is no list of objects.
    """
    decode = json.JSONDecoder().raw_decode
    listed = text.lstrip().startswith("[")
    at, counted, number = text.index("[") + 1 if listed else 0, 0, 1
    while True:
        while text[at : at + 1] in (" ", "\t", "\r", "\n", ","):
            at += 1
        number, counted = number + text.count("\n", counted, at), at
        if text[at : at + 1] == "]" * listed and not text[at + 1 :].strip():
            return
        begun = at
        try:
            row, at = decode(text, at)
        except (ValueError, RecursionError) as error:
            if isinstance(error, json.JSONDecodeError) and not listed:
                raise InputError(f"{path} line {error.lineno}: not JSON ({error.msg})") from None
            row = None
        if not isinstance(row, dict):
            found = text[begun : begun + 60].partition("\n")[0] or "the end of the file"
            raise InputError(f"{path} line {number}: a list must hold objects like {{...}}, not: {found}")
        yield number, row


def read_json_line(line: str, path: Path, number: int) -> Any:
    """Read one line, with space round it."""
    try:
        return json.loads(line)
    except RecursionError:
        raise InputError(f"{path} line {number}: brackets inside brackets, too deep to be read") from None
    except ValueError as error:
        raise InputError(f"{path} line {number}: not JSON ({error}): {line[:60]}") from None


def read_table(path: Path, kind: str | None = None) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells by column name of a CSV or TSV file with a header; `kind` stands for its suffix.

    Without a header the first line names a recording, and what else is in it is known where that is a text alone, or
    as in the tables of LJ Speech and FLEURS.
    """
    kind = kind or path.suffix
    lines = read_lines(path)
    if not lines:
        return
    csv.field_size_limit(MOST_CHARACTERS)
    skipped = SEPARATOR.fullmatch(lines[0]) is not None
    delimiter = delimiter_of(lines, kind)
    lines = lines[skipped:]
    if kind == ".tsv" and delimiter == "\t" and (plain := plain_cells(lines)):
        reader: Any = csv.reader(plain, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        kept = (f"{line}\n" for line in lines)  # an end of a line inside a cell is a space in its text
        quoted = delimiter != "|"  # LJ Speech has single quotes in its texts
        reader = csv.reader(
            kept, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        )
    try:
        first = next(reader)
        header = header_of([name.strip() for name in first], delimiter, path)
        if header[0] not in map(str.strip, first):
            yield reader.line_num + skipped, dict(zip(header, first, strict=True))
        for cells in reader:
            number = reader.line_num + skipped
            if not cells or (len(header) > 1 and not any(map(str.strip, cells))):  # spreadsheets write what was emptied
                continue
            if len(cells) != len(header):
                raise InputError(f"{path} line {number}: {len(cells)} columns where the header has {len(header)}")
            yield number, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num + skipped}: {error}") from None


def header_of(names: list[str], delimiter: str, path: Path) -> list[str]:
    """Return the names of columns, also where the first line is no header.

    Raises:
        InputError: one is there twice, or which cell of a line without names is the text cannot be told.
    """
    named = next((place for place, name in enumerate(names) if RECORDING.fullmatch(name)), None)
    if named is None and KNOWN.isdisjoint(map(str.lower, names)):
        barred = delimiter == "|" and len(names) in (2, 3) and not all(map(str.isidentifier, names))
        named = 0 if barred or NUMBERED.fullmatch(names[0]) else None
    if named is not None:
        if len(names) == 2:
            return LJ_SPEECH[:2] if named == 0 else LJ_SPEECH[1::-1]
        if delimiter == "|" and len(names) == 3:
            return LJ_SPEECH
        if len(names) == len(FLEURS) and names[-1] in ("MALE", "FEMALE", "OTHER"):
            return FLEURS
        kinds = [*(f"column{place}" for place in range(1, len(names))), "text"]
        kinds[named] = "file_name"
        shown = delimiter.replace("\t", "\\t").join(kinds)
        raise InputError(f"{path} line 1: no names of columns; put them before it, as in: sed '1i {shown}' FILE > NEW")
    if twice := next((name for place, name in enumerate(names) if name and name in names[:place]), None):
        raise InputError(f"{path} line 1: two columns are called '{twice}'; rename one")
    return names


def delimiter_of(lines: Sequence[str], kind: str) -> str:
    """Return what parts the cells of a table: what its first line says (``sep=;``), or what parts its lines alike."""
    if stated := SEPARATOR.fullmatch(lines[0]):
        return stated[1]
    usual = "\t" if kind == ".tsv" else ","
    for delimiter in (usual, ";", "\t", "|", ","):
        try:
            sizes = {len(cells) for cells in csv.reader(lines[:LINES_SEEN], delimiter=delimiter) if cells}
        except csv.Error:
            continue
        if len(sizes) == 1 and max(sizes) > 1:
            return delimiter
    return next((one for one in (usual, ";") if one in lines[0]), usual)


DOUBLED = re.compile(r'"(?:[^"]|"")*""(?:[^"]|"")*"')


def plain_cells(lines: Sequence[str]) -> list[str] | None:
    """Return the lines of a TSV in which quotes stand for themselves, ``None`` where they hold cells together.

    Common Voice and most others write quotes as they are, so that one alone would swallow rows. A writer of CSV quotes
    the names, or has tabs and ends of lines inside cells, so that columns are missing; its doubled quotes are read.
    """
    columns = lines[0].count("\t")
    if any(cell[:1] == cell[-1:] == '"' for cell in lines[0].split("\t")) or any(
        line.count("\t") != columns for line in lines if line
    ):
        return None

    def unquoted(cell: str) -> str:
        """Return a cell without the quotes of CSV."""
        return cell[1:-1].replace('""', '"') if DOUBLED.fullmatch(cell) else cell

    return ["\t".join(map(unquoted, line.split("\t"))) if '""' in line else line for line in lines]


def read_lines(path: Path) -> list[str]:
    """Read the lines of a UTF-8 text file.

    Raises:
        InputError: it cannot be opened, is not UTF-8, or holds a NUL byte.
    """
    try:
        data = read_whole(path, MOST_ROWS)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from None
    if b"\0" in data and encoding_of(data) == "utf-8-sig":
        line = data.count(b"\n", 0, data.index(0)) + 1
        raise InputError(f"{path} line {line}: a NUL byte, so this is no text file")
    try:
        text = decode_text(data)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} {not_utf8(data, error)}") from None
    text = text.replace("\r\n", "\n").lstrip("\ufeff").replace("\n\ufeff", "\n")  # of files that were joined
    text = text.replace("\r", "\n") if "\n" not in text else text  # of spreadsheets on old Macs
    return text.removesuffix("\n").split("\n") if text else []
