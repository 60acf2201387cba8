"""The library's front door: what the commands do, for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from os import PathLike, fspath
from typing import Any, Self, TypedDict, Unpack

from asrcli.audio import inputs
from asrcli.audio.vad import VadOptions
from asrcli.base.languages import language_code
from asrcli.engines import selection
from asrcli.engines.recogniser import Recogniser
from asrcli.errors import UsageError
from asrcli.places.addresses import settle
from asrcli.runs import plan as jobs
from asrcli.runs.events import Done, JobFailed, Note
from asrcli.runs.execute import execute
from asrcli.types import Options, Transcript
from asrcli.workers.pool import recogniser
from asrcli.workers.wanted import Workers

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
OnError = Callable[[str, Exception], None]


def transcribe(
    paths: Paths,
    *,
    engine: str = "auto",
    model: str | None = None,
    vad: VadOptions | bool = True,
    on_error: OnError | None = None,
    on_note: Callable[[str], None] | None = None,
    **more: Any,
) -> Iterator[Transcript]:
    """Transcribe files and folders; yield a transcript for each input as soon as it is finished.

    Args:
        paths: one or several files, folders (walked recursively) or glob patterns.
        engine: name of an engine, or ``auto`` for the best with its weights on this machine, ``fast`` for the quickest.
        model: short name, hub id or folder; ``None`` is the engine's default.
        vad: leave silence out (``True``, or options), or recognise everything (``False``).
        on_error: called with the name and the error of each input that fails, and the others go on; without it the
            first error is raised.
        on_note: called with each line that the command would print on standard error.
        more: fields of `Options` (``language``, ``prompt``, ``beam_size``, ..., ``engine_options`` also as a mapping of
            names to numbers) and of `asrcli.runs.plan.Request`
            (``device``, ``dtype``, ``channels``, ``start``, ``end``, ``offline``, ...; ``workers`` also as a number).

    Raises:
        AsrError: as the command would fail; its class says how.
    """
    request = _request(paths, vad, {"engine": engine, "model": model, **more})
    yield from _transcripts(jobs.plan(request), None, on_error, on_note or _ignore)


class Setup(TypedDict, total=False):
    """How the engine of a `Transcriber` runs; see `asrcli.engines.selection.Setup`."""

    backend: str | None
    device: str
    dtype: str
    threads: int
    offline: bool


class Transcriber:
    """An engine that is loaded once and transcribes many times; several threads may use it at once.

    A context manager: it loads on entry, and lets go of the weights on exit. Without ``with`` they load when they are
    needed, until `close`.

    Args:
        engine: name of an engine, or ``auto`` for the best with its weights on this machine.
        model: short name, hub id or folder; ``None`` is the engine's default.
        on_note: called with each line that the command would print on standard error, from any thread.
        setup: where and how the engine runs.

    Raises:
        AsrError: there is no such engine or model, or it cannot run here.
    """

    def __init__(
        self,
        engine: str = "auto",
        model: str | None = None,
        *,
        on_note: Callable[[str], None] | None = None,
        **setup: Unpack[Setup],
    ) -> None:
        self._say = on_note or _ignore
        chosen, model = selection.choose_class(engine, model, Options(), self._say)
        choice = selection.prepare(chosen, model, Options(), selection.Setup(**setup), self._say)
        # What it announces is for all runs, and none of them may take it for itself.
        self._recogniser = recogniser(choice, self._say)
        self._fixed: dict[str, Any] = {"engine": chosen.name, "model": model, **setup}

    def __enter__(self) -> Self:
        self._recogniser.load()
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the weights; the next transcript loads them again."""
        self._recogniser.close()

    def transcribe(
        self, paths: Paths, *, vad: VadOptions | bool = True, on_error: OnError | None = None, **more: Any
    ) -> Iterator[Transcript]:
        """Transcribe files and folders; yield a transcript for each input as soon as it is finished.

        Args:
            paths, vad, on_error: as of the function `transcribe`.
            more: likewise, without what this was made with.

        Raises:
            AsrError: as the command would fail; its class says how.
        """
        if clash := sorted({"engine", "model", "on_note", *Setup.__annotations__} & set(more)):
            raise UsageError(f"'{clash[0]}' is given to Transcriber(), not to its transcribe()")
        planned = jobs.plan(_request(paths, vad, {**self._fixed, **more}))
        yield from _transcripts(planned, self._recogniser, on_error, self._say)


def _ignore(text: str) -> None:
    """Say nothing."""


def _request(paths: Paths, vad: VadOptions | bool, more: dict[str, Any]) -> jobs.Request:
    """Return what is asked for by the fields of `Options` and `Request`."""
    named = [paths] if isinstance(paths, str | PathLike) else list(paths)
    settle(None, offline=bool(more.get("offline")))
    found = inputs.expand(fspath(path) for path in named)
    asked = {field.name: more.pop(field.name) for field in fields(Options) if field.name in more}
    if isinstance(own := asked.get("engine_options"), Mapping):
        asked["engine_options"] = tuple(sorted((name.replace("-", "_"), own[name]) for name in own)) or None
    if asked.get("language"):
        asked["language"] = language_code(asked["language"])
    unknown = set(more) - {field.name for field in fields(jobs.Request)}
    if unknown:
        raise UsageError(f"transcribe() has no argument '{sorted(unknown)[0]}'")
    if isinstance(count := more.get("workers"), int):
        more["workers"] = Workers(count)
    speech = (VadOptions() if vad else None) if isinstance(vad, bool) else vad
    return jobs.Request(tuple(found), options=Options(**asked), vad=speech, **more)


def _transcripts(
    planned: jobs.Plan, recogniser: Recogniser | None, on_error: OnError | None, say: Callable[[str], None]
) -> Iterator[Transcript]:
    for text in planned.notices:
        say(text)
    for output in [output for job in planned.jobs for output in job.kept]:
        say(f"{output.path}: {output.kept}")
    for event in execute(planned, recogniser):
        match event:
            case Done(transcript=transcript):
                yield transcript
            case JobFailed(job, error):
                if on_error is None:
                    raise error
                on_error(job.name, error)
            case Note(text):
                say(text)
