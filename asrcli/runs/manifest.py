"""``asr transcribe --manifest``: every utterance of a manifest heard, and what was heard written back into its layout.

What is heard is kept in a journal beside the result until that is written, whole, in one step. An utterance that fails
gets no text; the next run tries only those again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asrcli.base.background import Announce, follow
from asrcli.datasets import manifests
from asrcli.datasets.journal import Journal
from asrcli.datasets.kaldi import FILES
from asrcli.datasets.manifests import Layout, Manifest, recording_of
from asrcli.engine import Engine
from asrcli.engines import selection
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.errors import InputError, UsageError
from asrcli.outputs.identity import Stamp, changed, stamp
from asrcli.outputs.ledger import STATE, Kept, ledger_of
from asrcli.outputs.recipes import Recipe
from asrcli.outputs.targets import File, check_targets, reads
from asrcli.pipeline import events
from asrcli.pipeline.run import run
from asrcli.runs.execute import identity_since, pipeline_settings, prepare_companions
from asrcli.runs.plan import FORCED, Request, prepare_engine, text_recipe
from asrcli.types import Utterance


@dataclass(frozen=True, slots=True)
class Task:
    """A manifest, where its result goes (``None``: to standard output), and how it is heard."""

    manifest: Manifest
    target: Path | None
    request: Request
    engine: type[Engine]
    model: str | None
    recipe: Recipe
    notices: tuple[str, ...]
    stale: str | None  # why there is something to do; None when the result is up to date
    kept: Kept | None = None  # why the result is left as it is, although it is stale
    opened: Stamp | None = None  # of the file whose change makes the result old, when it was read


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
    opened = stamp(str(_source(path)))
    manifest = manifests.read(path, needs_text=False)
    notices: list[str] = []
    engine, model = selection.choose_class(request.engine, request.model, request.options, notices.append)
    recipe = {**text_recipe(request, engine, model), "audio": audio_key(manifest.utterances)}
    if target is None and folder is not None:
        target = folder / ("text" if manifest.layout is Layout.KALDI else path.name)
    source = source_of(manifest)
    read = reads("part of the manifest itself", source, *reserved(manifest))
    read += reads("a recording of the manifest", *{one.audio for one in manifest.utterances})
    check_targets([File("the output", str(target))] if target else [], read)
    if target is None:
        return Task(manifest, None, request, engine, model, recipe, tuple(notices), "to standard output")
    ledger = ledger_of(str(target.parent))
    stale = FORCED if request.force else ledger.stale(str(target), str(source), recipe)
    kept = ledger.kept(str(target)) if stale and not request.force else None
    if kept and not kept.edited:
        raise UsageError(f"--output '{target}' is {kept}")
    return Task(manifest, target, request, engine, model, recipe, tuple(notices), stale, kept, opened)


def source_of(manifest: Manifest) -> Path:
    """Return the file whose change makes a result old."""
    return _source(Path(manifest.path))


def _source(path: Path) -> Path:
    folder = path if path.is_dir() else path.parent
    kaldi = path.is_dir() or path.name in ("wav.scp", "segments")
    return next((one for one in (folder / "segments", folder / "wav.scp") if kaldi and one.exists()), path)


def reserved(manifest: Manifest) -> set[Path]:
    """Return the files that a result must never replace."""
    path = Path(manifest.path)
    if manifest.layout is not Layout.KALDI:
        return set()
    folder = path if path.is_dir() else path.parent
    return {(folder / name).resolve() for name in FILES}


def audio_key(utterances: Sequence[Utterance]) -> str:
    """Return a hash of which audio files there are and when they were last written."""
    whole = hashlib.blake2b(digest_size=16)
    for one in utterances:
        whole.update(f"{one.audio}\0{audio_stamp(one)}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def audio_stamp(one: Utterance) -> str:
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
        stamps = {one.id: audio_stamp(one) for one in task.manifest.utterances}
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
        changed = yield from write(task, task.target, texts, complete=not failed)
        if changed:
            raise changed
        if not failed:
            journal.remove()


def journal_path(target: Path) -> Path:
    """Return where the texts heard are kept until the result is written."""
    name = hashlib.blake2b(os.fsencode(target.absolute()), digest_size=12).hexdigest()
    return target.parent / STATE / "manifests" / f"{name}.jsonl"


def write(
    task: Task, target: Path, texts: dict[str, str], *, complete: bool
) -> Generator[Written, None, InputError | None]:
    """Write the result; it counts as made only when every utterance was heard.

    Returns:
        The mistake when the manifest has changed in the meantime: the result is that of the old one.
    """
    audio, changed = identity_since(str(source_of(task.manifest)), task.opened)
    text = task.manifest.with_hypotheses(texts)
    made_of = (audio, task.recipe if complete else None)
    ledger_of(str(target.parent)).write(str(target), text, *made_of, force=task.request.force)
    yield Written(target, text)
    return changed


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
    opened: dict[int, Stamp | None] = {}

    def opening(index: int) -> None:
        opened[index] = stamp(recordings[index].path)

    settings = replace(pipeline_settings(request, choice), opening=opening)
    for event in run(recordings, [LocalRecogniser(choice)], request.options, settings):
        if isinstance(event, events.Finished):
            path = recordings[event.index].path
            if opened[event.index] != stamp(path):
                event = events.Failed(event.index, changed(path))
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
