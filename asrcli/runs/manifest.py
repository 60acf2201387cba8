"""``asr transcribe --manifest``: every utterance of a manifest heard, and what was heard written back into its layout.

What is heard is kept in a journal beside the result until that is written, whole, in one step. An utterance that fails
gets no text; the next run tries only those again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asrcli.base.background import Announce, follow
from asrcli.base.files import write_atomic
from asrcli.datasets import manifests
from asrcli.datasets.journal import Journal
from asrcli.datasets.manifests import Layout, Manifest, recording_of
from asrcli.engine import Engine
from asrcli.engines import selection
from asrcli.engines.recogniser import Choice
from asrcli.errors import InputError, UsageError
from asrcli.pipeline import events
from asrcli.pipeline import run as pipeline
from asrcli.runs import state
from asrcli.runs.execute import pipeline_settings, prepare_companions
from asrcli.runs.plan import Request, prepare_engine, text_recipe
from asrcli.types import Utterance


@dataclass(frozen=True, slots=True)
class Task:
    """A manifest, where its result goes (``None``: to standard output), and how it is heard."""

    manifest: Manifest
    target: Path | None
    request: Request
    engine: type[Engine]
    model: str | None
    recipe: state.Recipe
    notices: tuple[str, ...]
    stale: str | None  # why there is something to do; None when the result is up to date


@dataclass(frozen=True, slots=True)
class Begun:
    """Work begins: how many utterances are heard now, how many had been, and the seconds of audio if known."""

    left: int
    known: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance was heard."""

    utterance: Utterance
    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """One utterance could not be heard."""

    utterance: Utterance
    error: Exception


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """The result: in its file, or as text for standard output."""

    path: Path | None
    text: str


Event = Begun | Heard | Failed | Note | Written


def plan(path: Path, target: Path | None, folder: Path | None, request: Request) -> Task:
    """Read the manifest and check everything that can be checked without weights.

    Args:
        path: the manifest.
        target: the file to write; ``None`` takes the usual name in the folder, or standard output without one.
        folder: where to write under the usual name: the manifest's own, and for Kaldi ``text``.
        request: how to hear.

    Raises:
        InputError: the manifest cannot be understood.
        UsageError: the result would overwrite a file that asr did not make, or an option cannot work.
    """
    manifest = manifests.read(path, needs_text=False)
    notices: list[str] = []
    engine, model = selection.choose_class(request.engine, request.model, request.options, notices.append)
    recipe = {**text_recipe(request, engine, model), "audio": audio_key(manifest.utterances)}
    if target is None and folder is not None:
        target = folder / ("text" if manifest.layout is Layout.KALDI else path.name)
    if target is None:
        return Task(manifest, None, request, engine, model, recipe, tuple(notices), "to standard output")
    source = source_of(manifest)
    if target.exists() and (os.path.samefile(target, source) or target.resolve() in reserved(manifest)):
        raise UsageError(f"'{target}' is part of the manifest itself; name another file with --output")
    ledger = state.ledger(str(target.parent))
    if ledger.foreign(str(target)) and not request.force:
        raise UsageError(
            f"'{target}' is there and asr did not make it; --force overwrites it, or name another --output"
        )
    stale = "--force" if request.force else ledger.stale(str(target), str(source), recipe)
    return Task(manifest, target, request, engine, model, recipe, tuple(notices), stale)


def source_of(manifest: Manifest) -> Path:
    """Return the file whose change makes a result old."""
    path = Path(manifest.path)
    if manifest.layout is not Layout.KALDI:
        return path
    folder = path if path.is_dir() else path.parent
    return next(one for one in (folder / "segments", folder / "wav.scp") if one.exists())


def reserved(manifest: Manifest) -> set[Path]:
    """Return the files that a result must never replace."""
    path = Path(manifest.path)
    if manifest.layout is not Layout.KALDI:
        return set()
    folder = path if path.is_dir() else path.parent
    return {(folder / name).resolve() for name in ("wav.scp", "segments", "text", "utt2spk", "utt2lang")}


def audio_key(utterances: Sequence[Utterance]) -> str:
    """Return a hash of which audio files there are and when they were last written."""
    whole = hashlib.blake2b(digest_size=16)
    for one in utterances:
        whole.update(f"{one.audio}\0{stamp(one)}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def stamp(one: Utterance) -> str:
    """Return what changes when an utterance's audio does; "" where there is none."""
    try:
        facts = os.stat(one.audio or "")
    except OSError:
        return ""
    return f"{facts.st_size} {facts.st_mtime_ns} {one.start} {one.end}"


def execute(task: Task) -> Iterator[Event]:
    """Hear what has not been heard, and write the result; yield what happens.

    Raises:
        EngineUnavailable, DeviceError: no engine can do the rest; what was heard is kept.
    """
    if task.target is None:
        texts: dict[str, str] = {}
        for event in hear(task, list(task.manifest.utterances), 0):
            if isinstance(event, Heard):
                texts[event.utterance.id] = event.text
            yield event
        yield Written(None, task.manifest.with_hypotheses(texts))
        return
    recipe = {name: value for name, value in task.recipe.items() if name != "audio"}
    with Journal(journal_path(task.target), {"recipe": recipe, "target": str(task.target.absolute())}) as journal:
        if task.request.force:
            journal.clear()
        stamps = {one.id: stamp(one) for one in task.manifest.utterances}
        texts = {line["id"]: line["text"] for line in journal.lines if stamps.get(line["id"]) == line["audio"]}
        left = [one for one in task.manifest.utterances if one.id not in texts]
        failed = False
        for event in hear(task, left, len(texts)):
            if isinstance(event, Heard):
                texts[event.utterance.id] = event.text
                name = event.utterance.id
                journal.add({"id": name, "audio": stamps[name], "text": event.text})
            failed = failed or isinstance(event, Failed)
            yield event
        yield write(task, task.target, texts, complete=not failed)
        if not failed:
            journal.remove()


def journal_path(target: Path) -> Path:
    """Return where the texts heard are kept until the result is written."""
    name = hashlib.blake2b(os.fsencode(target.absolute()), digest_size=12).hexdigest()
    return target.parent / state.STATE / "manifests" / f"{name}.jsonl"


def write(task: Task, target: Path, texts: dict[str, str], *, complete: bool) -> Written:
    """Write the result; it counts as made only when every utterance was heard."""
    ledger = state.ledger(str(target.parent))
    text = task.manifest.with_hypotheses(texts)
    ledger.making(str(target))
    write_atomic(target, text)
    if complete:
        ledger.made(str(target), state.identify(str(source_of(task.manifest))), task.recipe)
    return Written(target, text)


def hear(task: Task, utterances: list[Utterance], known: int) -> Iterator[Event]:
    """Run the pipeline over utterances."""
    yield from (Note(text) for text in task.notices)
    readable: list[Utterance] = []
    for one in utterances:
        if os.path.isfile(one.audio or ""):
            readable.append(one)
        else:
            yield Failed(one, InputError(f"there is no file '{one.audio}'"))
    lengths = [one.seconds for one in utterances]
    begun = Begun(len(utterances), known, None if None in lengths else sum(one or 0.0 for one in lengths))
    if not readable:
        yield begun
        return
    request = task.request
    choice = yield from follow(lambda announce: prepare(task, announce), Note)
    yield begun
    recordings = [recording_of(one) for one in readable]
    for event in pipeline.run(recordings, choice, request.options, pipeline_settings(request, choice)):
        yield from told(event, readable)


def prepare(task: Task, announce: Announce) -> Choice:
    """Find the weights of everything that is needed, pulling them when allowed."""
    choice = prepare_engine(task.request, task.engine, task.model, task.request.options, announce)
    prepare_companions(task.request, announce)
    return choice


def told(event: events.Event, readable: Sequence[Utterance]) -> Iterator[Event]:
    """Yield what an event of the pipeline means for the utterances that it hears."""
    match event:
        case events.Finished(index=index, transcript=transcript):
            yield Heard(readable[index], transcript.text, transcript.seconds)
        case events.Failed(index=index, error=error):
            yield Failed(readable[index], error)
        case events.Notice(index=place, text=text):
            yield Note(text if place is None else f"{readable[place].id}: {text}")
