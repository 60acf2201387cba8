"""The library's front door: what the commands do, for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from os import PathLike, fspath
from typing import Any

from asrcli.audio import inputs
from asrcli.audio.vad import VadOptions
from asrcli.base.languages import language_code
from asrcli.errors import UsageError
from asrcli.runs import execute as execution
from asrcli.runs import plan as jobs
from asrcli.types import Options, Transcript


def transcribe(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    engine: str = "auto",
    model: str | None = None,
    vad: VadOptions | bool = True,
    on_error: Callable[[str, Exception], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    **more: Any,
) -> Iterator[Transcript]:
    """Transcribe files and folders; yield a transcript for each input as soon as it is finished.

    Args:
        paths: one or several files, folders (walked recursively) or glob patterns.
        engine: name of an engine, or ``auto`` for the best with its weights on this machine.
        model: short name, hub id or folder; ``None`` is the engine's default.
        vad: leave silence out (``True``, or options), or hear everything (``False``).
        on_error: called with the name and the error of each input that fails, and the others go on; without it the
            first error is raised.
        on_note: called with each line that the command would print on standard error.
        more: fields of `Options` (``language``, ``prompt``, ``beam_size``, ..., ``engine_options`` also as a mapping of
            names to numbers) and of `asrcli.runs.plan.Request`
            (``device``, ``dtype``, ``channels``, ``start``, ``end``, ``offline``, ...).

    Raises:
        AsrError: as the command would fail; its class says how.
    """
    named = [paths] if isinstance(paths, str | PathLike) else list(paths)
    found = inputs.expand(fspath(path) for path in named)
    asked = {field.name: more.pop(field.name) for field in fields(Options) if field.name in more}
    if isinstance(own := asked.get("engine_options"), Mapping):
        asked["engine_options"] = tuple(sorted((name.replace("-", "_"), own[name]) for name in own)) or None
    if asked.get("language"):
        asked["language"] = language_code(asked["language"])
    unknown = set(more) - {field.name for field in fields(jobs.Request)}
    if unknown:
        raise UsageError(f"transcribe() has no argument '{sorted(unknown)[0]}'")
    speech = (VadOptions() if vad else None) if isinstance(vad, bool) else vad
    request = jobs.Request(tuple(found), engine, model, Options(**asked), vad=speech, **more)
    yield from _transcripts(jobs.plan(request), on_error, on_note)


def _transcripts(
    planned: jobs.Plan, on_error: Callable[[str, Exception], None] | None, on_note: Callable[[str], None] | None
) -> Iterator[Transcript]:
    say = on_note or (lambda text: None)
    for text in planned.notices:
        say(text)
    for event in execution.execute(planned):
        match event:
            case execution.Done(transcript=transcript):
                yield transcript
            case execution.JobFailed(job, error):
                if on_error is None:
                    raise error
                on_error(job.name, error)
            case execution.Note(text):
                say(text)
