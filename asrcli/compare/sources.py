"""Read texts to compare from whatever they lie in: folders, or files as recognisers and scorers write them."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from asrcli.base.join import join_texts
from asrcli.datasets.lines import read_lines
from asrcli.datasets.utterances import SYSTEM_KEYS, check_text, from_rows, is_json_lines, read_manifest
from asrcli.errors import InputError
from asrcli.scoring.network import parse_network
from asrcli.types import Utterance, Word

SUBTITLES = (".srt", ".vtt")
TRANSCRIPT_SUFFIXES = (".json", *SUBTITLES, ".txt")  # one recording each; the richer one counts where both are there
COLLECTION_SUFFIXES = (".jsonl", ".csv", ".tsv", ".trn", ".stm", ".ctm")
IGNORED = "ignore_time_segment_in_scoring"
LABEL = re.compile(r"\[[^][]*\] ")  # of a speaker, before what they say in SubRip
TRN = re.compile(r"(.*)\(([^()\s]+)\)\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """The texts of one side: references, or what one system heard."""

    name: str
    path: str
    utterances: tuple[Utterance, ...]
    words: tuple[tuple[str, Word], ...] = ()  # of a ctm: recording and word, to be laid into the segments of an stm
    lines: bool = False  # a plain text file, whose ids are line numbers
    marked: bool = False  # a trn or stm file, whose texts can hold alternations and optional words


def name_of(path: Path) -> str:
    """Return what a file or folder is called in reports."""
    return path.name if path.is_dir() else path.stem


def files_of(*paths: Path) -> list[Path]:
    """Return the files that are read for paths of systems: themselves, or the texts under a folder."""
    kinds = (*TRANSCRIPT_SUFFIXES, *COLLECTION_SUFFIXES)
    return [file for path in paths for file in (_visible(path, kinds) if path.is_dir() else [path])]


def read_source(path: Path, *, hypotheses: bool) -> Source:
    """Read one side.

    Args:
        path: a file or a folder.
        hypotheses: the file is a system's; a manifest that has both texts is then read for what was heard.

    Raises:
        InputError: nothing is there, or something cannot be understood: file and line are named.
    """
    name = name_of(path)
    if path.is_dir():
        return read_folder(path, name, hypotheses=hypotheses)
    if not path.exists():
        raise InputError(f"{path} does not exist")
    if path.suffix == ".ctm":
        words = tuple(read_ctm(path))
        return Source(name, str(path), tuple(whole_recordings(words)), words)
    if path.suffix == ".txt":
        texts = read_lines(path)
        for number, text in enumerate(texts, start=1):
            check_text(text, path, number)
        found = tuple(Utterance(str(number), text) for number, text in enumerate(texts, start=1))
        return Source(name, str(path), found, lines=True)
    marked = path.suffix in (".trn", ".stm")
    return Source(name, str(path), tuple(read_file(path, hypotheses=hypotheses)), marked=marked)


def read_file(path: Path, *, hypotheses: bool) -> list[Utterance]:
    """Read a file of any format but ctm and plain lines."""
    if path.suffix == ".trn":
        return read_trn(path)
    if path.suffix == ".stm":
        return read_stm(path)
    if path.suffix == ".json":
        return read_json(path, path.stem, hypotheses=hypotheses)
    if path.suffix in SUBTITLES:
        return read_subtitles(path, path.stem)
    if path.suffix in (".jsonl", ".csv", ".tsv") or path.name.endswith((".json.txt", "manifest")):
        return read_manifest(path, hypotheses=hypotheses)
    known = ", ".join((*TRANSCRIPT_SUFFIXES, *COLLECTION_SUFFIXES))
    raise InputError(f"{path}: the format '{path.suffix or path.name}' is not known; use one of {known}")


def read_folder(path: Path, name: str, *, hypotheses: bool) -> Source:
    """Read every text under a folder; a recording's id is its path below the folder, without the suffix."""
    found: dict[str, Utterance] = {}
    for file in _visible(path, TRANSCRIPT_SUFFIXES):
        key = str(file.relative_to(path).with_suffix(""))
        if key not in found and file.is_file():
            add(found, read_transcript(file, key, hypotheses=hypotheses), file, path)
    for file in _visible(path, COLLECTION_SUFFIXES[:-1]):
        add(found, read_file(file, hypotheses=hypotheses), file, path)
    return Source(name, str(path), tuple(found.values())) if found else read_ctm_folder(path, name)


def add(found: dict[str, Utterance], rows: Iterable[Utterance], file: Path, folder: Path) -> None:
    """Add the texts of one file of a folder, whose ids must be new."""
    for row in rows:
        if row.id in found:
            raise InputError(f"{file}: the id '{row.id}' is in another file under {folder} too")
        found[row.id] = row


def read_transcript(file: Path, key: str, *, hypotheses: bool) -> list[Utterance]:
    """Read one of the files of a folder that are about one recording each."""
    if file.suffix == ".json":
        return read_json(file, key, hypotheses=hypotheses)
    if file.suffix in SUBTITLES:
        return read_subtitles(file, key)
    text = join_texts(read_lines(file))
    check_text(text, file, 1)
    return [Utterance(key, text, audio=sibling_audio(file))]


def read_ctm_folder(path: Path, name: str) -> Source:
    """Read the ctm files under a folder without other texts; beside others they hold the same words once more."""
    words = tuple(word for file in _visible(path, (".ctm",)) for word in read_ctm(file))
    if not words:
        known = ", ".join((*TRANSCRIPT_SUFFIXES, *COLLECTION_SUFFIXES))
        raise InputError(f"{path}: no texts under this folder ({known})")
    return Source(name, str(path), tuple(whole_recordings(words)), words)


def _visible(folder: Path, suffixes: Iterable[str]) -> Iterator[Path]:
    """Yield the files under a folder, sorted, those of each suffix together; what is hidden (``.asr``) is not data."""
    for suffix in suffixes:
        for file in sorted(folder.rglob(f"*{suffix}")):
            if not any(part.startswith(".") for part in file.relative_to(folder).parts):
                yield file


def sibling_audio(file: Path) -> str | None:
    """Return the recording that lies beside a text, if there is one."""
    for suffix in (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"):
        if (audio := file.with_suffix(suffix)).exists():
            return str(audio)
    return None


def read_json(path: Path, key: str, *, hypotheses: bool) -> list[Utterance]:
    """Read a transcript as openai-whisper writes it, or the rows of a manifest: JSON Lines, or one list."""
    lines = read_lines(path)
    if is_json_lines(lines):
        return read_manifest(path, hypotheses=hypotheses)
    try:
        data = json.loads("\n".join(lines))
    except RecursionError:
        raise InputError(f"{path} line 1: brackets inside brackets, too deep to be read") from None
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{path} line {line}: not JSON ({error})") from None
    if isinstance(data, list):
        for number, row in enumerate(data, start=1):
            if not isinstance(row, dict):
                raise InputError(f"{path}: entry {number} must be an object like {{...}}, not: {json.dumps(row)[:60]}")
        return from_rows(enumerate(data, start=1), path, hypotheses=hypotheses)
    text = data.get("text") if isinstance(data, dict) else None
    if text is None and isinstance(data, dict) and isinstance(data.get("segments"), list):
        text = join_texts(str(one.get("text", "")) for one in data["segments"] if isinstance(one, dict))
    if not isinstance(text, str):
        raise InputError(f"{path} line 1: no transcript; 'text' or 'segments' must be there")
    check_text(text, path, 1)
    language = data.get("language")
    spoken = language if isinstance(language, str) else None
    return [Utterance(key, text.strip(), audio=sibling_audio(path), language=spoken)]


def read_subtitles(path: Path, key: str) -> list[Utterance]:
    """Read what the cues of a recording say, without speakers and marks."""
    from asrcli.formats import reading

    text = "\n".join(read_lines(path))
    cues = reading.parse_vtt(text) if path.suffix == ".vtt" else reading.parse_srt(text)
    lines = [[line.strip() for line in cue.lines] for cue in reading.join_frames(cues)]
    said = join_texts(join_texts([LABEL.sub("", first), *rest]) for first, *rest in filter(None, lines))
    check_text(said, path, 1)
    return [Utterance(key, said, audio=sibling_audio(path))]


def names_system(path: Path) -> bool:
    """Return whether a file says itself that it holds what a system heard, by a name such as ``pred_text``."""
    if path.is_dir() or path.suffix not in (".json", ".jsonl", ".csv", ".tsv"):
        return False
    lines = read_lines(path)
    if path.suffix in (".csv", ".tsv"):
        return not set(SYSTEM_KEYS).isdisjoint(re.split(r'[,\t" ]+', lines[0] if lines else ""))
    return re.search(rf'"({"|".join(SYSTEM_KEYS)})"\s*:', "\n".join(lines)) is not None


def read_trn(path: Path) -> list[Utterance]:
    """Read NIST's trn: a text per line and its id in parentheses at the end, ``speaker-utterance``."""
    found: dict[str, Utterance] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        parts = TRN.match(line)
        if parts is None:
            raise InputError(f"{path} line {number}: no (id) at the end: {line[-60:]}")
        if parts[2] in found:
            raise InputError(f"{path} line {number}: the id '{parts[2]}' was there already")
        check_text(line, path, number)
        group = re.split(r"[-_]", parts[2], maxsplit=1)[0]
        found[parts[2]] = Utterance(parts[2], parts[1].strip(), group=group)
    return list(found.values())


def read_stm(path: Path) -> list[Utterance]:
    """Read NIST's stm: ``recording channel speaker start end [<labels>] text``."""
    found: dict[str, Utterance] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        cells = line.split(maxsplit=5)
        try:
            recording, channel, speaker, start, end = *cells[:3], float(cells[3]), float(cells[4])
        except (IndexError, ValueError):
            raise InputError(
                f"{path} line {number}: not 'recording channel speaker start end text': {line[:60]}"
            ) from None
        text = cells[5] if len(cells) > 5 else ""
        labels, rest = (re.match(r"<[^<>]*>", text) or [""])[0], text
        rest = text[len(labels) :].strip()
        check_text(text, path, number)
        if rest.lower() == IGNORED:
            continue
        key = f"{recording}-{channel}-{start:.3f}-{end:.3f}"
        if key in found:
            raise InputError(f"{path} line {number}: the segment '{key}' was there already")
        fields = (("recording", recording), ("channel", channel), *((("labels", labels[1:-1]),) if labels else ()))
        found[key] = Utterance(
            key, rest, group=speaker, start=start, end=end, seconds=end - start, fields=fields
        )  # fmt: skip
    return list(found.values())


def check_marks(path: Path) -> None:
    """Raise `InputError` for an alternation of a trn or stm file that lacks a brace."""
    if path.suffix in (".trn", ".stm"):
        for number, line in enumerate(read_lines(path), start=1):
            try:
                parse_network(line)
            except InputError as error:
                raise InputError(f"{path} line {number}: {error}") from None


def read_turns(path: Path) -> list[Utterance]:
    """Read the turns of an rttm file as segments without words."""
    from asrcli.formats.rttm import read_rttm

    return [
        Utterance(
            f"{recording}-{place}",
            "",
            group=one.speaker,
            start=one.start,
            end=one.end,
            fields=(("recording", recording),),
        )
        for recording, turns in read_rttm(path).items()
        for place, one in enumerate(turns)
    ]


def read_ctm(path: Path) -> Iterable[tuple[str, Word]]:
    """Yield recording (with its channel) and word of NIST's ctm: ``recording channel start length word [score]``."""
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        cells = line.split()
        try:
            start, length = float(cells[2]), float(cells[3])
            yield f"{cells[0]} {cells[1]}", Word(cells[4], start, start + length)
        except (IndexError, ValueError):
            raise InputError(f"{path} line {number}: not 'recording channel start length word': {line[:60]}") from None


def whole_recordings(words: Iterable[tuple[str, Word]]) -> list[Utterance]:
    """Join the words of each recording of a ctm into one text."""
    texts: dict[str, list[Word]] = {}
    for recording, word in words:
        texts.setdefault(recording.split()[0], []).append(word)
    return [
        Utterance(key, join_texts(word.text for word in sorted(group, key=lambda word: word.start)))
        for key, group in texts.items()
    ]


def lay_into_segments(
    segments: Iterable[Utterance], words: Iterable[tuple[str, Word]]
) -> tuple[list[Utterance], int, Counter[str]]:
    """Give each word of a ctm to the stm segment that holds its middle, or else to the nearest one.

    Returns:
        The segments with the words in them, how many words lay in no segment of their recording, and how many are of
        recordings (with their channel) that have no segments.
    """
    by_recording: dict[str, list[Utterance]] = {}
    for segment in segments:
        fields = dict(segment.fields)
        by_recording.setdefault(f"{fields.get('recording')} {fields.get('channel')}", []).append(segment)
    texts: dict[str, list[Word]] = {}
    outside = 0
    unknown: Counter[str] = Counter()
    for recording, word in words:
        places = by_recording.get(recording, [])
        if not places:
            unknown[recording] += 1
            continue
        places.sort(key=lambda one: one.start or 0.0)
        middle = (word.start + word.end) / 2
        index = bisect_right(places, middle, key=lambda one: one.start or 0.0) - 1
        near = places[max(0, index) : max(0, index) + 2]
        best = min(near, key=lambda one: max((one.start or 0.0) - middle, middle - (one.end or 0.0), 0.0))
        outside += not (best.start or 0.0) <= middle <= (best.end or 0.0)
        texts.setdefault(best.id, []).append(word)
    laid = []
    for segment in (one for places in by_recording.values() for one in places):
        said = sorted(texts.get(segment.id, ()), key=lambda word: word.start)
        laid.append(replace(segment, text=join_texts(word.text for word in said)))
    return laid, outside, unknown
