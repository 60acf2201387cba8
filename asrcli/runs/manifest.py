"""``asr transcribe --manifest``: a job for every utterance, and what was recognised written back into the manifest.

What is recognised is kept in a journal beside the result until that is written, whole, in one step. An utterance that
fails gets no text; the next run tries only those again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from asrcli.audio.inputs import Found
from asrcli.base.files import check_local, is_special
from asrcli.base.whole import MOST_ROWS
from asrcli.datasets import manifests
from asrcli.datasets.dataset import looked_into, track_lines, whole_if_rounded
from asrcli.datasets.journal import Journal
from asrcli.datasets.kaldi import FILES
from asrcli.datasets.manifests import Layout, Manifest, recording_of
from asrcli.engines import selection
from asrcli.errors import InputError, UsageError
from asrcli.outputs.identity import Stamp, stamp
from asrcli.outputs.ledger import ledger_of
from asrcli.outputs.targets import File, check_targets, reads
from asrcli.places import remote
from asrcli.places.addresses import is_address, join
from asrcli.runs.events import Done, JobEvent, JobFailed, Note, Probed, Resumed, Written
from asrcli.runs.execute import Execution, Part
from asrcli.runs.jobs import FORCED, Job, Output, planned_output
from asrcli.runs.journal import state_of
from asrcli.runs.outputs import identity_since
from asrcli.runs.plan import Plan, Request, text_recipe
from asrcli.runs.prepare import Prepared, prepare
from asrcli.types import Transcript, Utterance

ONE_TRACK = (".wav", ".flac", ".mp3", ".sph", ".aif", ".aiff", ".amr", ".aac", ".opus", ".spx", ".w64", ".wma")

# Suffixes that say how a list is written -> the layouts that are written so. Kaldi's texts may be called anything.
SUFFIXES = {
    **dict.fromkeys((".json", ".jsonl"), (Layout.JSON_LINES, Layout.LHOTSE)),
    **{".csv": (Layout.CSV,), ".tsv": (Layout.TSV,), ".stm": (Layout.STM,)},
}


@dataclass(frozen=True, slots=True)
class ManifestPlan(Plan):
    """What a run will do: a job for each utterance, all with one output, or none for standard output."""

    manifest: Manifest
    output: Output | None
    opened: Stamp | None  # of the file whose change makes the result old, when it was read

    @property
    def read(self) -> list[File]:
        """The files that are read."""
        found = reads("part of the manifest itself", _source(Path(self.manifest.path)), *_reserved(self.manifest))
        found += reads("a recording of the manifest", *{one.audio for one in self.manifest.utterances})
        return found + self.read_by_engine


def plan(path: Path, request: Request) -> ManifestPlan:
    """Read the manifest and check everything that can be checked without weights.

    Args:
        request: how to transcribe, and the file to write or the folder: there the result has the manifest's own name,
            and for Kaldi ``text``.

    Raises:
        InputError: the manifest cannot be understood.
        UsageError: nothing is there, the result would overwrite a file that asr did not make, or an option cannot work.
    """
    request.naming.check()
    if not path.exists():
        check_local(str(path), "copy it here first")
        raise UsageError(f"--manifest {path}: there is no such file or folder")
    opened = stamp(str(_source(path)), MOST_ROWS)
    manifest = manifests.read(path, needs_text=False)
    request.writing.check(request.options.language)
    notices = list(manifest.notes)
    remote.look_up(one.audio for one in manifest.utterances if one.audio)
    engine, model = selection.choose_class(request.engine, request.model, request.options, notices.append)
    recipe = {**text_recipe(request, engine, model), "audio": _audio_key(manifest.utterances)}
    _check_suffix(manifest, request.naming.file)
    name = "text" if manifest.layout is Layout.KALDI else path.name
    target = request.naming.file or (join(request.naming.folder, name) if request.naming.folder else None)
    empty = ManifestPlan(request, engine, model, (), recipe, None, tuple(notices), {}, manifest, None, opened)
    check_targets([File("the output", target)] if target else [], empty.read)
    if target is None:
        return replace(empty, jobs=_jobs(manifest))
    ledger = ledger_of(request.naming.state_folder)
    stale = FORCED if request.force else ledger.stale(target, str(_source(path)), recipe)
    output = planned_output(manifest.layout.value, target, stale, request.naming)
    return replace(empty, jobs=_jobs(manifest, output), output=output)


def _check_suffix(manifest: Manifest, target: str | None) -> None:
    """Raise `UsageError` for a result that would be called as another kind of list than it is."""
    suffix = os.path.splitext(target or "")[1].lower()
    if manifest.layout not in SUFFIXES.get(suffix, (manifest.layout,)):
        kind = manifest.layout.value
        right = next((own for own, layouts in SUFFIXES.items() if manifest.layout in layouts), "")
        better = f"{os.path.splitext(target or '')[0]}{right}"
        raise UsageError(f"--output {target}: {manifest.path} is {kind} and comes back as {kind}: call it {better}")


def _jobs(manifest: Manifest, *outputs: Output) -> tuple[Job, ...]:
    return tuple(Job(Found(one.id), outputs) for one in manifest.utterances)


def _source(path: Path) -> Path:
    """Return the file whose change makes a result old."""
    folder = path if path.is_dir() else path.parent
    kaldi = path.is_dir() or path.name in ("wav.scp", "segments")
    return next((one for one in (folder / "segments", folder / "wav.scp") if kaldi and one.exists()), path)


def _reserved(manifest: Manifest) -> set[Path]:
    """Return the files that a result must never replace."""
    path = Path(manifest.path)
    if manifest.layout is not Layout.KALDI:
        return set()
    folder = path if path.is_dir() else path.parent
    return {(folder / name).resolve() for name in FILES}


def _audio_key(utterances: Sequence[Utterance]) -> str:
    """Return a hash of which audio files there are and when they were last written."""
    whole = hashlib.blake2b(digest_size=16)
    for one in utterances:
        whole.update(f"{one.audio}\0{_audio_stamp(one)}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def _audio_stamp(one: Utterance) -> str:
    """Return what changes when an utterance's audio does; "" where there is none."""
    if is_address(one.audio or ""):
        try:
            said = remote.facts_of(one.audio or "")
        except InputError:
            return ""
        return f"{said.size} {said.tag or said.mtime_ns} {one.start} {one.end}" if said else ""
    try:
        facts = os.stat(one.audio or "")
    except OSError:
        return ""
    return f"{facts.st_size} {facts.st_mtime_ns} {one.start} {one.end}"


def execute(planned: ManifestPlan) -> Generator[JobEvent, None, None]:
    """Transcribe what has no text yet, and write the result; yield what happens.

    Raises:
        EngineUnavailable, DeviceError: no engine can do the rest; what was recognised is kept.
    """
    output, manifest = planned.output, planned.manifest
    if output is None:
        texts: dict[str, str] = {}
        yield from _transcribe(planned, texts, texts.__setitem__)
        yield Written(None, manifest.with_hypotheses(texts))
        return
    if not output.todo:
        return
    recipe = {name: value for name, value in planned.recipe.items() if name != "audio"}
    with Journal(_journal_path(output.path), {"recipe": recipe, "target": os.path.abspath(output.path)}) as journal:
        if planned.request.force:
            journal.clear()
        stamps = {one.id: _audio_stamp(one) for one in manifest.utterances}
        texts = {line["id"]: line["text"] for line in journal.lines if stamps.get(line["id"]) == line["audio"]}

        def keep(name: str, text: str) -> None:
            """Keep the text of a recording, also for a run that goes on after this one."""
            texts[name] = text
            journal.add({"id": name, "audio": stamps[name], "text": text})

        yield from _transcribe(planned, texts, keep)
        complete = len(texts) == len(stamps)
        text = manifest.with_hypotheses(texts)
        audio, problem = identity_since(str(_source(Path(manifest.path))), planned.opened)
        made_of = (audio, planned.recipe if complete else None)  # else it never counts as up to date
        ledger_of(planned.request.naming.state_folder).write(output.path, text, *made_of, force=output.forced)
        yield Written(output.path, text)
        if problem:  # the result is that of the old manifest
            raise problem
        if complete:
            journal.remove()


def _journal_path(target: str) -> Path:
    """Return where texts are kept until the result is written."""
    place = target if is_address(target) else os.path.abspath(target)
    name = hashlib.blake2b(os.fsencode(place), digest_size=12).hexdigest()
    return state_of(os.path.dirname(target)) / "manifests" / f"{name}.jsonl"


def _transcribe(
    planned: ManifestPlan, known: Mapping[str, str], keep: Callable[[str, str], None]
) -> Iterator[JobEvent]:
    """Transcribe the utterances that have no text yet."""
    if resumed := tuple(job for job in planned.jobs if job.name in known):
        yield Resumed(resumed)
    parts = []
    wanted = [one for one in planned.manifest.utterances if one.id not in known and one.audio and _unsure(one)]
    seen = looked_into(wanted, planned.request.track_language)
    yield from (Note(line) for line in track_lines(wanted, seen))
    infos = {one.id: info for one, info in zip(wanted, seen, strict=True) if not isinstance(info, InputError)}
    for job, one in zip(planned.jobs, planned.manifest.utterances, strict=True):
        if job.name in known:
            continue
        if os.path.isfile(one.audio or "") or is_address(one.audio or ""):
            if info := infos.get(one.id):
                one = replace(whole_if_rounded(one, info.seconds), track=info.track)
            parts.append((Part(job, recording_of(one)), one.seconds))
        else:
            yield JobFailed(job, _no_file(one.audio or ""))
    yield Probed(tuple((part.job, seconds) for part, seconds in parts))
    if parts:
        prepared = yield from prepare(planned)
        with closing(prepared):
            yield from _Utterances(planned, [part for part, _ in parts], prepared, keep).events()


def _unsure(one: Utterance) -> bool:
    """Return whether a recording has to be looked into: it may be a whole file, or have several sound tracks."""
    return one.start == 0 or not (one.audio or "").lower().endswith(ONE_TRACK)


def _no_file(path: str) -> InputError:
    if is_special(path):
        return InputError(f"'{path}' is a pipe or a device: save what comes out of it as a file")
    return InputError(f"'{path}' is a folder" if os.path.isdir(path) else f"there is no file '{path}'")


class _Utterances(Execution):
    """A run whose jobs are utterances: what is recognised is kept for the output of all."""

    def __init__(
        self, planned: Plan, parts: Sequence[Part], prepared: Prepared, keep: Callable[[str, str], None]
    ) -> None:
        super().__init__(planned, parts, prepared)
        self.keep = keep

    def finish(self, part: Part, transcript: Transcript) -> Iterator[JobEvent]:
        """Keep the text of an utterance whose recording was left alone."""
        path = part.recording.path
        if problem := identity_since(path, self.opened[part.job.name])[1]:
            yield JobFailed(part.job, problem)
            return
        self.keep(part.job.name, transcript.text)
        yield Done(part.job, transcript)
