"""Dataset manifests and run records: an utterance per line, read with every mistake named by file and line.

A manifest is JSON Lines (NeMo's, the Open ASR Leaderboard's), CSV or TSV. A **run record** is what `asr bench` leaves:
JSON Lines whose first line says what ran and whose other lines are utterances, each with its reference (``text``) and
what was heard (``pred_text``). Without that first line it is a manifest of the Open ASR Leaderboard.
"""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from asrcli.errors import InputError, OutputError
from asrcli.types import Utterance

RECORD_VERSION = 1
RECORD_KEY = "asr_run"  # in the first line of a run record; its value is the version of the layout

REFERENCE_KEYS = ("text", "reference", "ref", "sentence", "transcript", "transcription", "normalized_text")
HYPOTHESIS_KEYS = ("pred_text", "hypothesis", "hyp", "prediction", "pred", "text", "transcript", "transcription")
ID_KEYS = ("id", "utterance_id", "utt_id", "segment_id", "uid", "key")
AUDIO_KEYS = ("audio_filepath", "audio", "audio_path", "file_name", "wav", "file", "path")
GROUP_KEYS = ("group", "speaker", "speaker_id", "session", "session_id")
SECONDS_KEYS = ("duration", "seconds", "audio_length_s")
PARENT, CHUNK = "parent_id", "chunk_index"  # of long recordings in pieces: one reference for all of them
MOST_CHARACTERS = 2_000_000  # of one text: more than a day of speech

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure that was measured; ``None`` is a counter that was not there: a blank, never a guess."""

    name: str  # latency_p50, rtfx, memory_peak, ...; `asrcli.bench.measures` lists them
    value: float | None
    unit: str
    condition: str = ""  # under which: "5-15 s", "batch 8", "snr 10 dB"; "" is all
    low: float | None = None  # the least and the greatest of the repeats, or the interval of an error rate
    high: float | None = None
    count: int = 0  # how many values it rests on


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one benchmark run did and heard.

    ``heard`` has a text per utterance, ``None`` where the engine failed. ``times`` are seconds of wall clock per
    utterance, ``None`` where they were not measured. ``facts`` are names and values of everything else worth keeping:
    versions, hashes, command, machine.
    """

    engine: str
    utterances: tuple[Utterance, ...]
    heard: tuple[str | None, ...]
    times: tuple[float | None, ...]
    model: str | None = None
    revision: str | None = None
    dataset: str | None = None
    started: str | None = None  # ISO 8601, UTC
    facts: tuple[tuple[str, str], ...] = ()
    measures: tuple[Measure, ...] = ()

    def fact(self, name: str) -> str:
        """Return one of the facts; "" where it is not known."""
        return dict(self.facts).get(name, "")

    def measure(self, name: str, condition: str = "") -> Measure | None:
        """Return one figure; ``None`` where it was not asked for."""
        return next((one for one in self.measures if (one.name, one.condition) == (name, condition)), None)

    @property
    def system(self) -> str:
        """What ran, as it is typed: ``whisper:tiny``; of a folder of weights its name."""
        return system_name(self.engine, self.model)


def system_name(engine: str, model: str | None) -> str:
    """Return what an engine with its model is called: ``whisper:tiny``; of a folder of weights its name."""
    return f"{engine}:{Path(model).name}" if model and model != "default" else engine


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
    loads = json.loads
    for number, line in enumerate(read_lines(path), start=1):
        if not line or line.isspace():
            continue
        try:
            row = loads(line)
        except ValueError as error:
            raise InputError(f"{path} line {number}: not JSON ({error}): {line[:60]}") from None
        if not isinstance(row, dict):
            raise InputError(f"{path} line {number}: a line must be an object like {{...}}, not: {line[:60]}")
        yield number, row


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
    audio = first_text(row, columns.audio)
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
        first_text(row, columns.language),
        first_text(row, columns.group),
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
        known = ", ".join(text_keys)
        raise InputError(f"{path} line {number}: no text; one of {known} must be there, not {shown(row)}")
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
        if value is not None and value != "" and isinstance(value, (str, int, float)):
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


def read_run(path: Path) -> RunRecord:
    """Read a run record.

    Raises:
        InputError: it is none, or a line is broken.
    """
    rows = list(read_json_lines(path))
    if not rows or rows[0][1].get(RECORD_KEY) != RECORD_VERSION:
        raise InputError(f"{path} line 1: not a run record of `asr bench`, which begins with '{RECORD_KEY}'")
    head = rows[0][1]
    facts = head.get("facts")
    read = [utterance(row, REFERENCE_KEYS, path, number) for number, row in rows[1:]]
    utterances = tuple(
        replace(one, fields=tuple(pair for pair in one.fields if pair[0] not in OWN_KEYS)) for one in read
    )
    return RunRecord(
        engine=str(head.get("engine", "")),
        utterances=utterances,
        heard=tuple(row.get("pred_text") for _, row in rows[1:]),
        times=tuple(number_of(row, "time", path, number) for number, row in rows[1:]),
        model=head.get("model"),
        revision=head.get("revision"),
        dataset=head.get("dataset"),
        started=head.get("started"),
        facts=tuple((str(name), str(value)) for name, value in (facts.items() if isinstance(facts, dict) else ())),
        measures=read_measures(head.get("measures"), path),
    )


def read_measures(data: Any, path: Path) -> tuple[Measure, ...]:
    """Build the figures of a run from the first line of its record."""
    try:
        return tuple(Measure(**one) for one in data or ())
    except TypeError as error:
        raise InputError(f"{path} line 1: 'measures' is not as `asr bench` writes it ({error})") from None


OWN_KEYS = ("id", "audio_filepath", "start", "end", "duration", "time", "text", "pred_text", "language", "group")


def write_run(record: RunRecord, path: Path) -> None:
    """Write a run record, atomically."""
    apart = ("utterances", "heard", "times", "facts", "measures")
    head = {key: value for key, value in asdict(record).items() if key not in apart}
    figures = [{key: value for key, value in asdict(one).items() if value is not None} for one in record.measures]
    for figure in figures:
        figure.setdefault("value", None)
    rows: list[dict[str, Any]] = [{RECORD_KEY: RECORD_VERSION, **head, "facts": dict(record.facts)}]
    if figures:
        rows[0]["measures"] = figures
    for one, heard, seconds in zip(record.utterances, record.heard, record.times, strict=True):
        values = (one.id, one.audio, one.start, one.end, one.seconds, seconds, one.text, heard, one.language, one.group)
        row = dict(zip(OWN_KEYS, values, strict=True)) | {k: v for k, v in one.fields if k not in OWN_KEYS}
        rows.append({key: value for key, value in row.items() if value is not None or key in ("time", "pred_text")})
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_text(path: Path, text: str | Iterable[str]) -> None:
    """Write a file so that it is either the old one or the whole new one.

    Raises:
        OutputError: it cannot be written.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines([text] if isinstance(text, str) else text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~read_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None


def read_umask() -> int:
    """Return the process's mask of file permissions."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
