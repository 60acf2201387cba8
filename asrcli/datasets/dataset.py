"""A dataset made ready to be transcribed: found by what the user typed, checked, sampled, and known by a hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.audio.inputs import EXTENSIONS, lines_of_passed_over
from asrcli.audio.tracks import code_of, line_of
from asrcli.base.counts import count_of
from asrcli.base.files import cause, check_local, is_special, reason
from asrcli.datasets import folders, kaldi, manifests
from asrcli.datasets.parts import ROUNDED
from asrcli.datasets.utterances import NoText
from asrcli.errors import InputError
from asrcli.places.addresses import is_address, is_signed
from asrcli.places.remote import facts
from asrcli.types import Utterance

if TYPE_CHECKING:
    from asrcli.audio.decode import AudioInfo

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Utterances with audio on this machine; references are as the source has them."""

    name: str
    source: str  # as it was typed
    utterances: tuple[Utterance, ...]
    missing: tuple[str, ...] = ()  # what could not be had, one sentence each; those utterances are left out
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """The length of all utterances whose length is known."""
        return sum(one.seconds or 0.0 for one in self.utterances)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of which dataset."""

    source: str
    sample: int | None = None
    seed: int = 0
    language: str | None = None  # code of what is spoken; None is what the data says
    offline: bool = False
    text_column: str | None = None  # None takes the first of the usual names
    cache: Path | None = None  # where audio of the hub is kept; None is the user's cache


def open_dataset(wanted: Wanted, announce: Announce) -> Dataset:
    """Find, read, sample and measure a dataset.

    Raises:
        InputError: it is not there, or not to be understood.
        UsageError: no such short name.
        MissingExtra: it is on the hub and `datasets` is not installed.
    """
    from asrcli.datasets import hub

    if hub.is_hub_name(wanted.source):
        found = hub.fetch(wanted, announce)
    else:
        found = from_disk(wanted)
        kept = tuple(sample(found.utterances, wanted.sample, wanted.seed))
        found = replace(found, utterances=kept)
    return measured(found, wanted.language)


def files_of(source: str) -> Iterator[Path]:
    """Yield the files that a dataset on this machine is read from, as far as their names say so."""
    path = Path(source)
    if os.path.isfile(source):
        yield path
    for parent, _, names in os.walk(source) if source and os.path.isdir(source) else ():
        for name in names:
            kind = os.path.splitext(name)[1].lower()
            if kind in EXTENSIONS or name.endswith(folders.TEXT_SUFFIXES) or name in (*folders.METADATA, *kaldi.FILES):
                yield Path(parent, name)


def from_disk(wanted: Wanted) -> Dataset:
    """Read a dataset that lies in a folder or a manifest."""
    path = Path(wanted.source)
    check_local(wanted.source, "name a manifest here whose lines hold addresses")
    if not path.exists():
        raise InputError(
            f"dataset '{wanted.source}' is not there; give a folder, a manifest, or a name of the hub such as "
            "esb:librispeech-clean or hf:owner/name"
        )
    manifest = path
    if path.is_dir() and not (path / "wav.scp").exists():
        inside = next((path / name for name in folders.METADATA if (path / name).is_file()), None)
        found = inside or texts_beside(path, wanted.source)
        if isinstance(found, Dataset):
            return found
        manifest = found
    try:
        read = manifests.read(manifest, text_column=wanted.text_column)
    except NoText as error:
        raise InputError(f"{error}" + ("" if wanted.text_column else "; --text-column names another")) from None
    if signed := next((one for one in read.utterances if is_signed(one.audio or "")), None):
        raise InputError(
            f"{signed.audio}: a link with a signature stays in one process, and bench has several; fetch it"
        )
    return Dataset(read.name, wanted.source, read.utterances, notes=read.notes)


def texts_beside(folder: Path, source: str) -> Dataset | Path:
    """Return the recordings of a folder that have a text beside them; where none has, the manifest below it.

    Raises:
        InputError: there is neither.
    """
    try:
        found = folders.read_folder(folder)
    except InputError:
        if (inside := manifest_below(folder)) is None:
            raise
        return inside
    without = f"{count_of(found.silent, 'recording')} without a text beside it"
    notes = (*([f"{without}, first {found.silent[0]}"] if found.silent else ()), *lines_of_passed_over([str(folder)]))
    missing = tuple(found.broken)
    return Dataset(folder.absolute().name, source, tuple(found.utterances), missing=missing, notes=notes)


def manifest_below(folder: Path) -> Path | None:
    """Return the manifest in a folder of a folder, as of a split; ``None`` where there is none.

    Raises:
        InputError: several folders have one.
    """
    found = [path for name in folders.METADATA for path in sorted(folder.glob(f"*/{name}")) if path.is_file()]
    if len({path.parent for path in found}) > 1:
        named = ", ".join(map(str, found[:3]))
        raise InputError(f"{folder}: several manifests are in its folders, name one of them: {named}")
    return found[0] if found else None


def sample(utterances: Sequence[Utterance], count: int | None, seed: int) -> list[Utterance]:
    """Return a part chosen by a seed, in the order of the whole.

    An utterance's lot is a hash of the seed and its id, so that the sample does not depend on the order of the source,
    a bigger sample holds every smaller one, and it is the same in every version of Python.
    """
    if count is None or count >= len(utterances):
        return list(utterances)
    lots = sorted(utterances, key=lambda one: hashlib.sha256(f"{seed}\0{one.id}".encode(errors="replace")).digest())
    chosen = {one.id for one in lots[:count]}
    return [one for one in utterances if one.id in chosen]


def measured(dataset: Dataset, language: str | None = None) -> Dataset:
    """Return a dataset with length and sound track of every utterance, and without those whose audio cannot be opened.

    Raises:
        InputError: nothing is left.
    """
    seen = looked_into(dataset.utterances, language)
    kept: list[Utterance] = []
    missing = list(dataset.missing)
    longer: list[str] = []  # whose lines go on behind the ends of their recordings
    for one, info in zip(dataset.utterances, seen, strict=True):
        if isinstance(info, InputError):
            missing.append(f"{one.id}: {info}")
            continue
        whole = info.seconds
        if whole is not None and one.start is not None and one.start >= whole:
            missing.append(f"{one.id}: begins at {one.start:g} s, and {one.audio} ends at {whole:.2f} s")
        else:
            longer += [one.id] if whole is not None and (one.end or 0.0) > whole + ROUNDED else []
            one = whole_if_rounded(one, whole)
            kept.append(replace(one, seconds=part(one, whole), track=info.track))
    if not kept:
        first = f": {missing[0]}" if missing else ""
        raise InputError(f"dataset '{dataset.source}' has no utterance whose audio can be read{first}")
    notes = (*dataset.notes, *track_lines(dataset.utterances, seen))
    if longer:
        said = f"{count_of(len(longer), 'utterance')} should go on behind the end of the recording, first {longer[0]}"
        notes += (f"{said}: what is said there counts as missed",)
    return replace(dataset, utterances=tuple(kept), missing=tuple(missing), notes=notes)


def looked_into(utterances: Sequence[Utterance], language: str | None) -> list[AudioInfo | InputError]:
    """Return what is known of the recording of each utterance, or why it cannot be opened.

    Args:
        utterances: those of a dataset; a recording is looked into once.
        language: the code of what is spoken, whose sound track is taken where a file marks one; else each row's own.
    """

    def look(wanted: tuple[str, str | None]) -> AudioInfo | InputError:
        """Return what is known of a recording, or why it cannot be used."""
        from asrcli.audio.decode import probe

        path, spoken = wanted
        try:
            if is_special(path):
                raise InputError(
                    f"{path} is a pipe or a device, and a dataset is read more than once: save it as a file"
                )
            return probe(path, None, spoken)
        except InputError as error:
            return error
        except Exception as error:  # the per-input boundary
            return InputError(f"{path}: unexpected {type(error).__name__}: {cause(error)}")

    each = [(one.audio or "", language or code_of(one.language)) for one in utterances]
    once = list(dict.fromkeys(each))
    with ThreadPoolExecutor(8) as pool:
        known = dict(zip(once, pool.map(look, once), strict=True))
    return [known[one] for one in each]


def track_lines(utterances: Sequence[Utterance], seen: Sequence[AudioInfo | InputError]) -> list[str]:
    """Return a line for each recording with several sound tracks: which is used, and what there is."""
    found = [(one.audio, info) for one, info in zip(utterances, seen, strict=True) if not isinstance(info, InputError)]
    how = "-l takes that of a language"
    lines = [f"{path}: {line}" for path, info in found if (line := line_of(info.tracks, info.track, how))]
    return list(dict.fromkeys(lines))


def whole_if_rounded(one: Utterance, whole: float | None) -> Utterance:
    """Return an utterance as the whole file where it begins and ends about there: lengths are rounded."""
    rounded = one.start == 0 and one.end is not None and whole is not None and whole - one.end < ROUNDED
    return replace(one, start=None, end=None) if rounded else one


def part(one: Utterance, whole: float | None) -> float | None:
    """Return the length of an utterance: the file's own, or of its part of the file."""
    if one.start is None and one.end is None:
        return whole if whole is not None else one.seconds
    end = min(value for value in (one.end, whole, float("inf")) if value is not None)
    return None if end == float("inf") else end - (one.start or 0.0)


def digest(utterances: Sequence[Utterance]) -> str:
    """Return a hash of everything that shapes a score: ids, references, parts, and the bytes of the recordings."""

    @cache
    def content(path: str) -> str:
        """Return what tells the content of a recording from others: its digest, or what a store says of it."""
        if is_address(path):
            found = facts(path)
            return f"{found.size} {found.tag or found.mtime_ns}" if found else "gone"
        try:
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{path}: {reason(error)}") from error

    whole = hashlib.sha256()
    for one in utterances:
        parts = [one.id, one.text, one.start, one.end, content(one.audio or "")]
        parts += [] if one.track is None else [one.track]
        whole.update(json.dumps(parts).encode() + b"\n")
    return whole.hexdigest()
