"""Outputs of jobs, written whole and remembered with what they are made of."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from asrcli.errors import InputError
from asrcli.formats import check, render
from asrcli.outputs.identity import Identity, Stamp, unchanged
from asrcli.outputs.ledger import ledger_of
from asrcli.places.addresses import is_address
from asrcli.runs.events import Note
from asrcli.runs.jobs import Job, Output, output_recipe
from asrcli.runs.plan import Plan, Request
from asrcli.types import Transcript

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.runs.align_plan import AlignRequest


def keep_newer(jobs: Sequence[Job]) -> None:
    """Make outputs that are up to date newer than inputs that were only touched, so that make does not rerun the rule.

    So it is with one that is kept because it was edited; what is not ours is not touched.
    """
    for job, output in ((one, output) for one in jobs for output in one.outputs):
        if output.kept.edited if output.kept else job.up_to_date:
            for source in filter(None, (job.name, job.text)):
                _touch(output.path, source)


def _touch(made: str, source: str) -> None:
    """Make an output newer than what it is made of."""
    with suppress(OSError):  # another user's file
        if os.stat(made).st_mtime_ns < os.stat(source).st_mtime_ns:
            os.utime(made)


def identity_since(path: str, opened: Stamp | None) -> tuple[Identity | None, InputError | None]:
    """Return what an input was when it was transcribed, or the mistake when it is not the same any more."""
    try:
        return unchanged(path, opened), None
    except InputError as error:
        return None, error


def write_outputs(
    request: Request | AlignRequest, job: Job, transcript: Transcript, audio: Identity | None, *, good: bool = True
) -> Generator[Note, None, tuple[tuple[str, ...], Exception | None]]:
    """Write the outputs of a job that are not up to date; return their paths, and the first mistake.

    Says how many cues, read again as a player would, could not keep to the layout.

    Args:
        transcript: of the job's input.
        audio: what it is made of; ``None`` remembers only whose files they are, so that they are never up to date.
        good: otherwise likewise.
    """
    ledger = ledger_of(request.naming.state_folder)
    written: list[str] = []
    problem: Exception | None = None
    for output in [one for one in job.outputs if one.todo]:
        layout = request.layout_for(job, output.format)
        recipe = output_recipe(job.recipe, output.format, request.layout) if good else None
        try:
            text = request.own_text(job, transcript, output.format) or _rendered(output, transcript, layout)
            ledger.write(output.path, text, audio, recipe, force=output.forced)
        except Exception as error:  # the others may still be written, and other inputs transcribed
            problem = problem or error
            continue
        written.append(output.path)
        if broken := check(text, output.format, layout):
            more = f" (and {len(broken) - 1} more like this)" if len(broken) > 1 else ""
            yield Note(f"{output.path}: {broken[0]}{more}", job)
    return tuple(written), problem


def _rendered(output: Output, transcript: Transcript, layout: Layout) -> str:
    """Return what an output holds, with the way to the recording from where it is written."""
    text, recording = render(transcript, output.format, layout), transcript.recording.path
    if output.format != "eaf" or is_address(output.path) or is_address(recording):
        return text
    from asrcli.formats.elan import seen_from  # which loads a client of the web, for one function of XML

    return seen_from(text, recording, output.path)


def write_live(planned: Plan, transcript: Transcript) -> list[str]:
    """Write the outputs of a live stream, which is the only job of its plan and cannot be transcribed again.

    A file that was changed or made since the stream began is kept, and the text goes beside it.

    Raises:
        OutputError: one cannot be written.
    """
    (job,) = planned.jobs
    written = []
    for output in job.outputs:
        ledger, path = ledger_of(planned.request.naming.state_folder), output.path
        stem, extension = os.path.splitext(path)
        number = 1
        while not output.forced and ledger.kept(path):
            number += 1
            path = f"{stem}-{number}{extension}"
        text = _rendered(output, transcript, planned.request.layout)
        # From now on it is asr's own file, and out of date for a run over the finished recording.
        ledger.write(path, text, force=output.forced)
        written.append(path)
    return written
