"""Datasets of the Hugging Face hub: streamed, and kept on this machine by the hash of each recording.

The Open ASR Leaderboard's sets have short names. Their places are those of its own scripts (``run_*.sh`` and
``submit_jobs.sh`` of github.com/huggingface/open_asr_leaderboard): ``esb`` as in the tables of 2026-03-26, ``oal`` as
since 2026-08, ``long`` and ``ml`` for the long-form and the multilingual ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.base.files import cause, write_atomic
from asrcli.base.http import paced
from asrcli.base.lines import json_lines
from asrcli.datasets.columns import GROUP_KEYS, ID_KEYS, REFERENCE_KEYS, first_text
from asrcli.datasets.journal import Journal
from asrcli.datasets.utterances import check_text, read_manifest
from asrcli.errors import InputError, MissingExtra, UsageError

if TYPE_CHECKING:
    from asrcli.datasets.dataset import Dataset, Wanted

ESB, OAL, LONG = (
    "hf-audio/esb-datasets-test-only-sorted",
    "hf-audio/open-asr-leaderboard",
    "hf-audio/asr-leaderboard-longform",
)
MULTILINGUAL = "nithinraok/asr-leaderboard-datasets"
AUDIO_COLUMNS = ("audio", "wav", "speech", "file", "path")
SECONDS_TO_ANSWER = 10.0
BUFFER = 1000  # utterances that the stream is shuffled among; its shards are shuffled too
IGNORED = ("", "ignore time segment in scoring", "ignore_time_segment_in_scoring")  # references the leaderboard drops


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dataset is on the hub."""

    repository: str  # owner/name, or a local folder that `datasets` can load
    config: str | None = None
    split: str = "test"
    language: str | None = None
    revision: str | None = None


def _short_names() -> Mapping[str, Place]:
    sets = "ami earnings22 gigaspeech spgispeech tedlium voxpopuli".split()
    names = {f"esb:{name}": Place(ESB, name, language="en") for name in sets}
    for prefix, repository in (("esb", ESB), ("oal", OAL)):
        for part in ("clean", "other"):
            names[f"{prefix}:librispeech-{part}"] = Place(repository, "librispeech", f"test.{part}", "en")
    names |= {
        "oal:ami": Place(OAL, "ami_cleaned", language="en"),
        "oal:gigaspeech": Place(OAL, "gigaspeech_cleaned", language="en"),
        "oal:voxpopuli": Place(OAL, "voxpopuli_cleaned_aa", language="en"),
        "oal:spgispeech": Place(OAL, "spgispeech", language="en"),
        "oal:monsoon": Place("VoiceArena/Monsoon_en_IN_test", language="en"),
    }
    names |= {f"long:{name}": Place(LONG, name, language="en") for name in ("earnings21", "earnings22", "tedlium")}
    for part in ("ATL", "DCA", "DCB", "DTA", "LES", "PRV", "ROC", "VLD"):
        names[f"long:coraal-{part.lower()}"] = Place("bezzam/coraal", part, language="en")
    for test, codes in (("fleurs", "de fr it es pt"), ("mcv", "de es fr it"), ("mls", "es fr it pt")):
        for code in codes.split():
            names[f"ml:{test}-{code}"] = Place(MULTILINGUAL, f"{test}_{code}", language=code)
    return names


SHORT_NAMES = _short_names()
NOT_MEASURED = {  # sets of the leaderboard that are not datasets of recordings with texts
    "oal:earnings22": "its 341 pieces of six calls have no texts, only the calls in another dataset have, and "
    "`asr bench` does not join them"
}
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?(:[^:]*){0,2}")  # what stands behind hf:
PREFIXES = ("hf:", "esb:", "oal:", "long:", "ml:")


def is_hub_name(source: str) -> bool:
    """Return whether a name means a dataset of the hub: it begins with one of `PREFIXES`, and is no file here."""
    return source.startswith(PREFIXES) and not Path(source).exists()


def place_of(source: str) -> Place:
    """Return where a dataset is: a short name, or ``hf:owner/name[@revision][:config[:split]]``.

    Raises:
        UsageError: no such short name; names like it are suggested.
    """
    if not source.startswith("hf:"):
        if source in SHORT_NAMES:
            return SHORT_NAMES[source]
        if source in NOT_MEASURED:
            raise UsageError(f"dataset '{source}' cannot be measured here: {NOT_MEASURED[source]}")
        from difflib import get_close_matches

        prefix, _, name = source.partition(":")
        known = [short.removeprefix(f"{prefix}:") for short in SHORT_NAMES if short.startswith(f"{prefix}:")]
        close = get_close_matches(name, known, n=1)
        choice = f"did you mean '{prefix}:{close[0]}'?" if close else f"{prefix}: has {', '.join(known)}"
        raise UsageError(f"no dataset '{source}': {choice}")
    name, _, rest = source.removeprefix("hf:").partition(":")
    repository, _, revision = name.partition("@")
    config, _, split = rest.partition(":")
    if not repository or (not Path(repository).exists() and repository.count("/") != 1):
        raise UsageError(f"'{source}': write hf:owner/name, hf:owner/name:config or hf:owner/name:config:split")
    return Place(repository, config or None, split or "test", revision=revision or None)


def fetch(wanted: Wanted, announce: Callable[[str], None]) -> Dataset:
    """Return a dataset of the hub, from the cache where it is complete there.

    Raises:
        MissingExtra: `datasets` is not installed.
        InputError: the hub does not answer, has no such dataset, or the columns hold no audio or text.
    """
    from asrcli.datasets.dataset import Dataset

    place = place_of(wanted.source)
    root = wanted.cache or cache_folder()
    recipe = [asdict(place), wanted.sample, wanted.seed, wanted.text_column]
    key = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:24]
    manifest = root / f"{key}.jsonl"
    if not manifest.exists():
        if wanted.offline:
            raise InputError(
                f"dataset '{wanted.source}' is not in the cache ({root}), and --offline forbids to fetch it"
            )
        announce(f"fetching dataset '{wanted.source}' from the hub ({place.repository}, split {place.split})")
        download(place, wanted, root, key)
    found = read_manifest(manifest)
    return Dataset(wanted.source.removeprefix("hf:"), wanted.source, tuple(found))


def cache_folder() -> Path:
    """Return where recordings of the hub are kept."""
    from platformdirs import user_cache_path

    return Path(user_cache_path("asr")) / "datasets"


def download(place: Place, wanted: Wanted, root: Path, key: str) -> None:
    """Stream a dataset into the cache: recordings by their hash, then the manifest, which says that all are there.

    A download that was killed goes on after the rows it has.
    """
    check_installed(wanted.source)
    if not is_here(place.repository, wanted.source):
        check_answers(wanted.source)
    with Journal(root / f"{key}.part.jsonl", {"place": asdict(place)}) as journal:
        have = len(journal.lines)
        with hub_errors(wanted.source):
            for number, row in enumerate(stream(place, wanted, have), start=have):
                journal.add(keep(row, number, place, wanted, root))
        rows = [row for row in journal.lines if row["text"].strip().lower() not in IGNORED]
        if not rows:
            raise InputError(f"dataset '{wanted.source}': split '{place.split}' has no utterance with a reference")
        write_atomic(root / f"{key}.jsonl", json_lines(rows))
        journal.remove()


def is_here(repository: str, source: str) -> bool:
    """Return whether a dataset is a folder of this machine, by its name.

    Raises:
        UsageError: it is named as on the hub, and the current folder has that too: the library would take this one.
    """
    if not os.path.lexists(repository):
        return False
    if not repository.startswith((".", os.sep)):
        raise UsageError(
            f"dataset '{source}': '{repository}' is in this folder, too: run asr elsewhere for the hub's, or write "
            f"hf:./{repository}"
        )
    return True


def check_installed(source: str) -> None:
    """Raise `MissingExtra` when the library of the hub's datasets is not there."""
    from importlib.util import find_spec

    if find_spec("datasets") is None:
        raise MissingExtra(f"dataset '{source}'", ["datasets"], "datasets")


def check_answers(source: str) -> None:
    """Ask the hub once: its library tries five times before it gives up, which takes half a minute.

    Raises:
        InputError: it does not answer.
    """
    from huggingface_hub import constants, get_session

    paced(get_session())
    with hub_errors(source):
        get_session().head(constants.ENDPOINT, timeout=SECONDS_TO_ANSWER)


def stream(place: Place, wanted: Wanted, skip: int) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a dataset, audio undecoded, from a row on."""
    import datasets

    datasets.disable_progress_bars()
    rows = datasets.load_dataset(
        place.repository, place.config, split=place.split, revision=place.revision, streaming=True
    )
    for name in rows.column_names or ():
        if type((rows.features or {}).get(name)).__name__ == "Audio":
            rows = rows.cast_column(name, datasets.Audio(decode=False))
    if wanted.sample is not None:
        rows = rows.shuffle(seed=wanted.seed, buffer_size=BUFFER).take(wanted.sample)
    yield from rows.skip(skip)


def keep(row: Mapping[str, Any], number: int, place: Place, wanted: Wanted, root: Path) -> dict[str, Any]:
    """Put the audio of a row into the cache and return its line of the manifest; its reference stays as it is."""
    where = f"dataset '{wanted.source}' row {number + 1}"
    audio = next((row[name] for name in AUDIO_COLUMNS if isinstance(row.get(name), Mapping)), None)
    keys = (wanted.text_column,) if wanted.text_column else REFERENCE_KEYS
    text = next((row[name] for name in keys if isinstance(row.get(name), str)), None)
    if audio is None or text is None:
        lacking = f"audio ({', '.join(AUDIO_COLUMNS)})" if audio is None else f"text ({', '.join(keys)})"
        raise InputError(f"{where}: no column with {lacking}; there are: {', '.join(row)}; see --text-column")
    check_text(text, Path(wanted.source), number + 1)
    data = sound_of(audio, place, where)
    digest = hashlib.sha256(data).hexdigest()
    path = root / "audio" / digest[:2] / f"{digest}{Path(audio.get('path') or '').suffix[:8]}"
    if not path.exists():
        write_atomic(path, data)
    name = first_text(row, (*ID_KEYS, "file_name"))
    line = {"id": name if name is not None else f"{number:06d}", "audio_filepath": str(path), "text": text}
    line |= {"language": place.language or first_text(row, ("language", "lang"))}
    line |= {"group": first_text(row, GROUP_KEYS)}
    return {key: value for key, value in line.items() if value is not None}


def sound_of(audio: Mapping[str, Any], place: Place, where: str) -> bytes:
    """Return the file of a row: in it, or where it says, which is a file of this very dataset.

    Raises:
        InputError: it names another file, which may be anybody's.
    """
    data: bytes | None = audio.get("bytes")
    if data is not None:
        return data
    path = str(audio.get("path") or "")
    if (
        path.startswith((f"hf://datasets/{place.repository}@", f"hf://datasets/{place.repository}/"))
        and ".." not in path
    ):
        from huggingface_hub import HfFileSystem

        found: bytes = HfFileSystem().read_bytes(path)
        return found
    folder, real = os.path.realpath(place.repository), os.path.realpath(path)
    if os.path.isdir(folder) and os.path.commonpath((folder, real)) == folder:
        return Path(real).read_bytes()
    raise InputError(f"{where}: its audio is neither in it nor in the dataset, but '{path}'")


@contextmanager
def hub_errors(source: str) -> Iterator[None]:
    """Turn what the libraries of the hub raise into one sentence.

    They have no common base: a missing dataset is a FileNotFoundError, a server that does not answer a ConnectionError
    or an error of the HTTP library, an unknown config or split a ValueError.
    """
    from huggingface_hub.errors import HTTPError  # of the HTTP library that the installed version uses

    try:
        yield
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        raise InputError(f"dataset '{source}': {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """Return what an error says, shortened to a line, and what to do when there was no answer."""
    text = " ".join(cause(error).split())[:300] or type(error).__name__
    network = ("connect", "timed out", "timeout", "resolve", "resolution", "name or service", "couldn't reach",
               "offline", "max retries", "localentry", "refused")  # fmt: skip
    if any(word in text.lower() for word in network):
        return f"the hub did not answer ({text[:200]}); what was fetched is kept, the same command goes on from there"
    return text
