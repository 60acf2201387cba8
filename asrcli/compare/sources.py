"""Read texts to compare from whatever they lie in: folders, or files as recognisers and scorers write them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asrcli.base.files import cause, check_local, is_special, reason, refusal
from asrcli.base.join import join_texts
from asrcli.compare.nist import TRN, read_ctm, read_kaldi_text, read_trn, whole_recordings
from asrcli.datasets.columns import PREDICTED_LANGUAGE, SYSTEM_KEYS
from asrcli.datasets.kaldi import read_stm
from asrcli.datasets.lines import TABLES, read_lines
from asrcli.datasets.utterances import LINE_ID, check_text, from_rows, is_json_lines, read_manifest
from asrcli.errors import AsrError, InputError, UsageError
from asrcli.formats import SUBTITLES
from asrcli.types import Utterance, Word


class Losses:
    """What could not be read. Without ``say`` nobody would hear of it, so the first one is raised."""

    def __init__(self, say: Callable[[str, Exception], None] | None = None) -> None:
        self.say = say
        self.notes: list[str] = []

    @contextmanager
    def boundary(self, name: object) -> Iterator[None]:
        """Keep the failure of one input from the others; a mistake in the command line ends all."""
        try:
            yield
        except UsageError:
            raise
        except Exception as error:  # the per-input boundary
            if self.say is None:
                raise
            self.say(str(name), error)
            why = cause(error) if isinstance(error, AsrError) else refusal(error) or f"{name}: {type(error).__name__}"
            self.notes.append(f"not compared: {why}")


STRICT = Losses()
LINE = re.compile(LINE_ID.format(r"\d+"))
TRANSCRIPT_SUFFIXES = (".json", *SUBTITLES, ".txt")  # one recording each; the richer one counts where both are there
COLLECTION_SUFFIXES = (".jsonl", ".csv", ".tsv", ".trn", ".stm", ".ctm")
KALDI = ".kaldi"  # not a suffix: Kaldi calls its files text
CUES = tuple(suffix[1:] for suffix in SUBTITLES)
FORMATS = ("txt", "kaldi", "trn", "stm", "ctm", *CUES, "json", "jsonl", "csv", "tsv")  # for --format


@dataclass(frozen=True, slots=True)
class Source:
    """The texts of one side: references, or what one system recognised."""

    name: str
    path: str
    utterances: tuple[Utterance, ...]
    words: tuple[tuple[str, Word], ...] = ()  # of a ctm: recording and word, to be laid into the segments of an stm
    lines: bool = False  # texts without ids, one a line or a row, which are told apart by their number
    ignored: tuple[Utterance, ...] = ()  # stretches of an stm that are not scored, nor what was recognised in them
    notes: tuple[str, ...] = ()
    marked: bool = False  # a trn or stm file, whose texts can hold alternations and optional words


def name_of(path: Path) -> str:
    """Return what a file or folder is called in reports."""
    return path.name if path.is_dir() else path.stem


def files_of(*paths: Path) -> list[Path]:
    """Return the files that are read for paths of systems: themselves, or the texts under a folder."""
    kinds = (*TRANSCRIPT_SUFFIXES, *COLLECTION_SUFFIXES)
    return [file for path in paths for file in (of_kinds(under(path)[0], kinds) if os.path.isdir(path) else [path])]


def format_choice(text: str | None) -> tuple[str | None, str | None]:
    """Return the formats of the references and of what was recognised: ``kaldi`` for both, or ``stm,ctm``.

    Raises:
        UsageError: there is no such format.
    """
    named = [] if text is None else [one.strip().lower().lstrip(".") for one in text.split(",")]
    wrong = next((one for one in named if one not in FORMATS), None)
    if wrong is not None or len(named) > 2:
        raise UsageError(
            f"--format {text}: choose one of {', '.join(FORMATS)}; or two, of references and systems: stm,ctm"
        )
    return (named[0], named[-1]) if named else (None, None)


def kind_of(path: Path, format: str | None = None) -> str:
    """Return how a file is written: as it was said to be, or the suffix that names its format.

    Without a known suffix what is inside decides: lines that end in an id are trn. A file without any is Kaldi's text.
    """
    if format is not None:
        return f".{format}"
    if path.name.endswith((".json.txt", "manifest")):
        return ".jsonl"
    if path.suffix in (*TRANSCRIPT_SUFFIXES, *COLLECTION_SUFFIXES) or path.is_dir() or not path.exists():
        return path.suffix
    lines = [line for line in read_lines(path) if line.strip() and not line.startswith(";;")]
    if lines and all(map(TRN.match, lines)):
        return ".trn"
    if path.suffix == "":
        return KALDI
    raise InputError(
        f"{path}: the format '{path.suffix}' is not known; say what it is with --format: {', '.join(FORMATS)}"
    )


def read_source(path: Path, *, hypotheses: bool, format: str | None = None, losses: Losses = STRICT) -> Source:
    """Read one side.

    Args:
        path: a file or a folder.
        hypotheses: the file is a system's; a manifest that has both texts is then read for what was recognised.
        format: how a file is written, one of `FORMATS`; ``None`` goes by its suffix.
        losses: takes what cannot be read of a folder.

    Raises:
        InputError: nothing is there, or something cannot be understood: file and line are named.
    """
    name = name_of(path)
    if path.is_dir():
        return read_folder(path, name, hypotheses=hypotheses, losses=losses)
    if not path.exists():
        check_local(str(path), "copy it here first")
        raise InputError(f"{path} does not exist")
    kind = kind_of(path, format)
    if kind == ".ctm":
        words = tuple(read_ctm(path))
        return Source(name, str(path), tuple(whole_recordings(words)), words)
    if kind == ".txt":
        texts = read_lines(path)
        for number, text in enumerate(texts, start=1):
            check_text(text, path, number)
        found = tuple(Utterance(LINE_ID.format(number), text) for number, text in enumerate(texts, start=1))
        return Source(name, str(path), found, lines=True)
    notes: list[str] = []
    found = tuple(read_file(path, kind, name, hypotheses=hypotheses, notes=notes))
    marked = kind in (".trn", ".stm")
    ignored = tuple(read_stm(path, ignored=True)) if kind == ".stm" else ()
    told = tuple(f"{path}: {note}" for note in notes)
    lines = bool(found) and all(LINE.fullmatch(one.id) for one in found)
    return Source(name, str(path), found, lines=lines, ignored=ignored, marked=marked, notes=told)


def read_file(path: Path, kind: str, key: str, *, hypotheses: bool, notes: list[str] | None = None) -> list[Utterance]:
    """Read a file of any format but ctm; a transcript of one recording has the id ``key``.

    ``notes`` takes which column of a manifest was taken for the text, where several could be.
    """
    if kind == ".trn":
        return read_trn(path)
    if kind == ".stm":
        return read_stm(path)
    if kind == KALDI:
        return read_kaldi_text(path)
    if kind == ".json":
        return read_json(path, key, hypotheses=hypotheses, notes=notes)
    if kind in SUBTITLES:
        return read_subtitles(path, key, kind)
    if kind == ".txt":
        text = join_texts(read_lines(path))
        check_text(text, path, 1)
        return [Utterance(key, text, audio=sibling_audio(path))]
    return read_manifest(path, hypotheses=hypotheses, table=kind if kind in TABLES else None, notes=notes)


def read_folder(path: Path, name: str, *, hypotheses: bool, losses: Losses = STRICT) -> Source:
    """Read every text under a folder; a recording's id is its path below the folder, without the suffix."""
    found: dict[str, Utterance] = {}
    files, closed = under(path)
    for folder, why in closed.items():
        with losses.boundary(folder):
            raise InputError(f"{folder}: {why}")
    for file in of_kinds(files, TRANSCRIPT_SUFFIXES):
        key = str(file.relative_to(path).with_suffix(""))
        if key not in found:
            with losses.boundary(file):
                add(found, read_file(readable(file), file.suffix, key, hypotheses=hypotheses), file, path)
    for file in of_kinds(files, COLLECTION_SUFFIXES[:-1]):
        with losses.boundary(file):
            rows = read_file(readable(file), file.suffix, file.stem, hypotheses=hypotheses)
            add(found, rows, file, path, again=not hypotheses)
    return Source(name, str(path), tuple(found.values())) if found else read_ctm_folder(path, name, losses)


def readable(file: Path) -> Path:
    """Return a file of a folder; raises `InputError` for what is none."""
    if is_special(file):
        raise InputError(f"{file} is a pipe, a socket or a device; name it to have it read")
    return file


def add(found: dict[str, Utterance], rows: Iterable[Utterance], file: Path, folder: Path, again: bool = False) -> None:
    """Add the texts of one file of a folder, whose ids are new; ``again`` lets all runs on a dataset have its texts."""
    for row in rows:
        if row.id in found and not (again and found[row.id].text == row.text):
            raise InputError(f"{file}: the id '{row.id}' is in another file under {folder} too")
        found[row.id] = row


def read_ctm_folder(path: Path, name: str, losses: Losses = STRICT) -> Source:
    """Read the ctm files under a folder without other texts; beside others they hold the same words once more."""
    words: list[tuple[str, Word]] = []
    for file in of_kinds(under(path)[0], (".ctm",)):
        with losses.boundary(file):
            words += read_ctm(readable(file))
    if not words:
        known = ", ".join((*TRANSCRIPT_SUFFIXES, *COLLECTION_SUFFIXES))
        raise InputError(f"{path}: no texts under this folder ({known})")
    return Source(name, str(path), tuple(whole_recordings(words)), tuple(words))


def under(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Return the files under a folder, and folders that cannot be read, with the reason.

    What is hidden (``.asr``) is not data. A folder that is called as a text and has nothing in it stands where a text
    should, and is among the files: reading it fails.
    """
    found: list[Path] = []
    closed: dict[str, str] = {}
    for parent, folders, names in os.walk(folder, onerror=lambda error: closed.update({error.filename: reason(error)})):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
        if not folders and not names and parent != os.fspath(folder):
            found.append(Path(parent))
    return sorted(found), closed


def of_kinds(files: Iterable[Path], suffixes: Iterable[str]) -> list[Path]:
    """Return the files of each suffix together."""
    known = list(files)
    return [file for suffix in suffixes for file in known if file.suffix == suffix]


def sibling_audio(file: Path) -> str | None:
    """Return the recording that lies beside a text, if there is one."""
    for suffix in (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"):
        if (audio := file.with_suffix(suffix)).exists():
            return str(audio)
    return None


def read_json(path: Path, key: str, *, hypotheses: bool, notes: list[str] | None = None) -> list[Utterance]:
    """Read a transcript as openai-whisper writes it, or the rows of a manifest: JSON Lines, or one list."""
    lines = read_lines(path)
    if is_json_lines(lines):
        return read_manifest(path, hypotheses=hypotheses, notes=notes)
    try:
        data = json.loads("\n".join(lines))
    except RecursionError:
        raise InputError(f"{path} line 1: brackets inside brackets, too deep to be read") from None
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{path} line {line}: not JSON ({error})") from None
    if is_seglst(data):
        raise InputError(f"{path} holds segments of conversations (SegLST): add --meetings")
    if isinstance(data, list):
        for number, row in enumerate(data, start=1):
            if not isinstance(row, dict):
                raise InputError(f"{path}: entry {number} must be an object like {{...}}, not: {json.dumps(row)[:60]}")
        return from_rows(enumerate(data, start=1), path, hypotheses=hypotheses, notes=notes)
    text = data.get("text") if isinstance(data, dict) else None
    if text is None and isinstance(data, dict) and isinstance(data.get("segments"), list):
        text = join_texts(str(one.get("text", "")) for one in data["segments"] if isinstance(one, dict))
    if not isinstance(text, str):
        raise InputError(f"{path} line 1: no transcript; 'text' or 'segments' must be there")
    check_text(text, path, 1)
    language = data.get("language")
    spoken = language if isinstance(language, str) else None
    options = data.get("options")
    asked = isinstance(options, dict) and "language" in options  # then it was told, and identified none
    hypothesis = ((PREDICTED_LANGUAGE, spoken),) if spoken and hypotheses and not asked else ()
    return [Utterance(key, text.strip(), audio=sibling_audio(path), language=spoken, fields=hypothesis)]


def is_seglst(rows: object) -> bool:
    """Tell whether data of JSON is SegLST, the segments of conversations as meeteval and the CHiME challenges have."""
    first = rows[0] if isinstance(rows, list) and rows else None
    return isinstance(first, dict) and {"session_id", "words"} <= set(first)


def read_subtitles(path: Path, key: str, kind: str) -> list[Utterance]:
    """Read what the cues of a recording say, without speakers and marks."""
    from asrcli.formats import captions, reading

    text = "\n".join(read_lines(path))
    try:
        cues = captions.read_cues(text, kind)
    except InputError as error:
        raise InputError(f"{path} {error}") from None
    said = join_texts(line.strip() for cue in reading.join_frames(cues) for line in cue.lines)
    check_text(said, path, 1)
    return [Utterance(key, said, audio=sibling_audio(path))]


def names_system(path: Path) -> bool:
    """Return whether a file says itself that it holds what a system recognised, by a name such as ``pred_text``."""
    if path.is_dir() or path.suffix not in (".json", ".jsonl", ".csv", ".tsv"):
        return False
    lines = read_lines(path)
    if path.suffix in (".csv", ".tsv"):
        return not set(SYSTEM_KEYS).isdisjoint(re.split(r'[,\t" ]+', lines[0] if lines else ""))
    return re.search(rf'"({"|".join(SYSTEM_KEYS)})"\s*:', "\n".join(lines)) is not None
