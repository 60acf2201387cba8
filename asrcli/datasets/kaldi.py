"""Kaldi's data folders and NIST's stm, as references of scorers and as manifests.

A folder has ``wav.scp``, and beside it ``segments``, ``text``, ``utt2spk`` and ``utt2lang``. No command of a
``wav.scp`` is ever run. The few that only unpack a file (``flac -c -d -s FILE |``) are read for the name of the file,
which is then decoded like any other. An stm has segments of recordings, each with its speaker, times and text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from asrcli.base.counts import count_of
from asrcli.datasets.lines import read_lines
from asrcli.datasets.utterances import check_text
from asrcli.errors import InputError
from asrcli.places.addresses import is_address
from asrcli.types import Utterance

FILES = ("wav.scp", "segments", "text", "utt2spk", "utt2lang")
# Commands that give the sound of a file unchanged, or in another rate and width and mixed: what may stand in them
# alone, and with a value behind.
UNPACKERS = {
    "flac": ({"-c", "-d", "-s", "-dc", "-cd", "-dcs", "-f", "--stdout", "--decode", "--silent"}, set[str]()),
    "cat": (set[str](), set[str]()),
    "sph2pipe": ({"-p"}, {"-f", "-c"}),
    "sox": ({"-G", "-D", "-q", "-V0", "-V1", "-R"}, {"-t", "-r", "-c", "-b", "-e"}),
    "ffmpeg": (
        {"-nostdin", "-y", "-hide_banner", "-vn"},
        {"-i", "-f", "-ar", "-ac", "-acodec", "-c:a", "-codec:a", "-sample_fmt", "-loglevel", "-v"},
    ),
}
CHANNELS = {"A": "0", "B": "1"}  # as NIST calls them; Kaldi counts from 0
OUTPUTS = ("-", "pipe:1", "pipe:", "/dev/stdout")


def read_kaldi(path: Path, *, needs_text: bool = True, notes: list[str] | None = None) -> list[Utterance]:
    """Read a data folder, named itself or by its ``wav.scp`` or ``segments``.

    Raises:
        InputError: a line cannot be understood, a recording or a text is missing: it is named.
    """
    folder = path if path.is_dir() else path.parent
    recordings = {key: (number, rest) for number, key, rest in pairs(folder / "wav.scp")}
    if not recordings:
        raise InputError(f"{folder / 'wav.scp'}: no recordings")
    parts = list(stretches(folder, recordings))
    texts = optional(folder / "text")
    if texts is None and needs_text:
        raise InputError(f"{folder / 'text'} does not exist, so there is nothing to score against")
    speakers, languages = optional(folder / "utt2spk") or {}, optional(folder / "utt2lang") or {}
    if notes is not None and (left := (texts or {}).keys() - {part[0] for part in parts}):
        of = "is" if len(left) == 1 else "are"
        notes.append(f"{count_of(len(left), 'text')} {of} of no recording or segment, first {min(left)}")
    found = []
    for name, audio, channel, start, end in parts:
        if texts is not None and needs_text and name not in texts:
            raise InputError(f"{folder / 'text'}: no line for '{name}'")
        seconds = end - start if start is not None and end is not None else None
        text = (texts or {}).get(name, "")
        check_text(text, folder / "text", 1)
        fields = () if channel is None else (("channel", str(channel)),)
        own = (languages.get(name), speakers.get(name))
        found.append(Utterance(name, text, audio, *own, start, end, seconds, fields))
    return found


Sound = tuple[str, int | None]  # a file and one of its channels, from 0
Stretch = tuple[str, str, int | None, float | None, float | None]


def stretches(folder: Path, recordings: dict[str, tuple[int, str]]) -> Iterator[Stretch]:
    """Yield id, audio file, channel, start and end of every utterance: of ``segments``, or of whole recordings."""
    files = {key: audio_file(folder, number, rest) for key, (number, rest) in recordings.items()}
    if len({file for file, _ in files.values()}) < len(files):  # channels of the same files
        for key, rest in (optional(folder / "reco2file_and_channel") or {}).items():
            side = CHANNELS.get(rest.split()[-1:][0]) if rest else None
            if key in files and files[key][1] is None and side is not None:
                files[key] = (files[key][0], int(side))
    if not (folder / "segments").exists():
        yield from ((key, *sound, None, None) for key, sound in files.items())
        return
    for number, key, rest in pairs(folder / "segments"):
        where = f"{folder / 'segments'} line {number}"
        cells = rest.split()
        try:
            recording, start, end = cells[0], float(cells[1]), float(cells[2])
            channel = int(CHANNELS.get(cells[3], cells[3])) if len(cells) > 3 else None
        except (IndexError, ValueError):
            raise InputError(f"{where}: not 'utterance recording start end [channel]': {key} {rest[:50]}") from None
        if recording not in files:
            raise InputError(f"{where}: recording '{recording}' is not in wav.scp")
        if start < 0 or 0 <= end <= start:
            raise InputError(f"{where}: from {start:g} to {end:g} is no stretch of time")
        file, known = files[recording]
        last = None if end < 0 else end  # -1 is Kaldi's word for the end of the file
        yield key, file, known if channel is None else channel, start, last


def pairs(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield number, key and rest of every line.

    Raises:
        InputError: a key is there twice.
    """
    seen: set[str] = set()
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        key, _, rest = line.strip().partition(" ")
        key, _, tabbed = key.partition("\t")
        if key in seen:
            raise InputError(f"{path} line {number}: the id '{key}' was there already")
        seen.add(key)
        yield number, key, f"{tabbed} {rest}".strip()


def optional(path: Path) -> dict[str, str] | None:
    """Return a file's lines by key; ``None`` when there is no such file."""
    return {key: rest for _, key, rest in pairs(path)} if path.exists() else None


def audio_file(folder: Path, number: int, text: str) -> Sound:
    """Return the file that a line of ``wav.scp`` names, absolute, and the channel where it takes one."""
    where = f"{folder / 'wav.scp'} line {number}"
    if not text:
        raise InputError(f"{where}: no file after the id")
    channel: int | None = None
    if text.endswith("|"):
        text, channel = unpacked(text[:-1], where)
    elif ".ark:" in text:
        raise InputError(f"{where}: archives are not read, write single files with wav-copy: {text[:60]}")
    if is_address(text):
        return text, channel
    given = Path(text)
    beside = folder / given
    return str(given.absolute() if given.exists() or not beside.exists() else beside.absolute()), channel


def unpacked(command: str, where: str) -> Sound:
    """Return the one file that a command unpacks without changing its sound, and the channel that it takes of it."""
    try:
        program, *words = shlex.split(command)
    except ValueError:
        program, words = "", []
    name = Path(program).name
    alone, valued = UNPACKERS.get(name, (set(), set()))
    files, channel, rest = [], None, iter(words if name in UNPACKERS else [])
    for word in rest:
        value = next(rest, "") if word in valued else None
        if name == "sph2pipe" and word == "-c" and value in ("1", "2"):
            channel = int(value) - 1
        elif value is None or word == "-i":
            files += [word if value is None else value] if word not in alone and word not in OUTPUTS else []
    if len(files) != 1 or files[0].startswith("-"):
        known = ", ".join(UNPACKERS)
        raise InputError(
            f"{where}: commands are not run, and only {known} of one file are read past: {command.strip()[:60]}"
        )
    return files[0], channel


def write_kaldi(utterances: list[Utterance], texts: dict[str, str]) -> str:
    """Return a ``text`` file; an utterance without a result has no line."""
    return "".join(f"{one.id} {texts[one.id]}".rstrip() + "\n" for one in utterances if one.id in texts)


IGNORED = "ignore_time_segment_in_scoring"


def read_stm(path: Path, *, ignored: bool = False) -> list[Utterance]:
    """Read NIST's stm: ``recording channel speaker start end [<labels>] text``; or what in it is not to be scored."""
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
        labels = (re.match(r"<[^<>]*>\S*", text) or [""])[0]  # as sclite, what adheres to them is of them
        rest = text[len(labels) :].strip()
        check_text(text, path, number)
        if not 0 <= start <= end:
            raise InputError(f"{path} line {number}: from {start:g} to {end:g} is no stretch of time")
        if (rest.lower() == IGNORED) != ignored:
            continue
        key = f"{recording}-{channel}-{start:.3f}-{end:.3f}"
        if key in found and found[key].group != speaker:  # two people at once
            key += f"-{speaker}"
        if key in found:
            raise InputError(f"{path} line {number}: the segment '{key}' was there already")
        fields = (
            ("recording", recording),
            ("channel", channel),
            *((("labels", labels[1 : labels.index(">")]),) if labels else ()),
        )
        found[key] = Utterance(
            key, rest, group=speaker, start=start, end=end, seconds=end - start, fields=fields
        )  # fmt: skip
    return list(found.values())


def as_manifest(segments: list[Utterance]) -> list[Utterance]:
    """Return segments with their recordings as audio, and the channel, from 0, of recordings that have several.

    Where all segments of a recording are of channel 1, that is the recording as a whole.
    """
    fields = [dict(one.fields) for one in segments]
    several = {own["recording"] for own in fields if own["channel"] != "1"}
    found = []
    for one, own in zip(segments, fields, strict=True):
        letter = CHANNELS.get(own.pop("channel").upper())
        number = dict(one.fields)["channel"] if letter is None else str(int(letter) + 1)
        if own["recording"] in several and number.isdecimal() and int(number):
            own["channel"] = str(int(number) - 1)
        found.append(replace(one, audio=own["recording"], fields=tuple(own.items())))
    return found


def write_stm(path: Path, texts: Mapping[str, str]) -> str:
    """Return the segments of a file with what was recognised; one without a result has no line."""
    lines = []
    for one in read_stm(path):
        own = dict(one.fields)
        labels = f" <{own['labels']}>" if "labels" in own else ""
        if one.id in texts:
            text = " ".join(texts[one.id].split())
            times = f"{one.start:.3f} {one.end:.3f}"
            lines.append(f"{own['recording']} {own['channel']} {one.group} {times}{labels} {text}".rstrip() + "\n")
    return "".join(lines)
