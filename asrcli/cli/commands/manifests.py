"""What ``asr transcribe --manifest`` shows; the work is done by `asrcli.runs.manifest`."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.base.console import Console, clock, tell
from asrcli.errors import AsrError, UsageError

if TYPE_CHECKING:
    from asrcli.runs.manifest import Event, Task
    from asrcli.runs.plan import Request

# Options that mean something for files only: name -> the value that says nothing was asked for.
FOR_FILES: dict[str, Any] = {
    "inputs": None, "files_from": None, "format": None, "output_template": "{stem}.{format}", "mirror_tree": False,
    "channels": "mix", "start": None, "end": None, "clip_timestamps": None, "word_timestamps": None, "subs": None,
    "report": None, "events": None, "json": False, "stream": False, "pcm": None, "idle": None,
    "diarize": False, "diarize_model": None, "speakers": None, "min_speakers": None, "max_speakers": None,
    "rttm_in": None, "ask": None, "aligner": None, "n_best": None,
}  # fmt: skip


def run_manifest(wanted: Request, given: dict[str, Any], console: Console) -> int:
    """Hear a manifest and return the exit code: 1 when an utterance failed."""
    from asrcli.runs.manifest import plan

    for name, nothing in FOR_FILES.items():
        if given[name] not in (nothing, []):
            what = "INPUT" if name == "inputs" else f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{what} and --manifest do not go together: the manifest says what to hear and what to write"
            )
    if given["output"] and given["output_dir"]:
        raise UsageError("--output names one file and --output-dir a folder: give one of them")
    target = Path(given["output"]) if given["output"] else None
    folder = Path(given["output_dir"]) if given["output_dir"] not in (None, "-") else None
    task = plan(Path(given["manifest"]), target, folder, wanted)
    if given["dry_run"] or task.stale is None or task.kept:
        state = str(task.kept or "") or (f"make: {task.stale}" if task.stale else "up to date")
        console.note(f"{task.target or 'standard output'}: {len(task.manifest.utterances)} utterances, {state}")
        return 0
    return _Show(console, fail_fast=given["fail_fast"]).run(task)


class _Show:
    """Shows what happens, and counts."""

    def __init__(self, console: Console, *, fail_fast: bool) -> None:
        self.console, self.fail_fast = console, fail_fast
        self.done = self.known = self.failed = 0
        self.seconds = 0.0

    def run(self, task: Task) -> int:
        """Do the work and return the exit code."""
        from asrcli.cli.commands.running import leave
        from asrcli.runs.manifest import execute

        begun = time.perf_counter()
        try:
            for event in execute(task):
                self._handle(event)
                if self.failed and self.fail_fast:
                    self._summary(time.perf_counter() - begun)
                    leave(1)
        except KeyboardInterrupt:
            self._summary(time.perf_counter() - begun)
            self.console.error("interrupted; the same command goes on from here")
            leave(130)
        except AsrError as error:
            self.console.stop()
            self.console.error(str(error))
            leave(error.exit_code)
        self._summary(time.perf_counter() - begun)
        return 1 if self.failed else 0

    def _handle(self, event: Event) -> None:
        from asrcli.runs import manifest as transcribing

        match event:
            case transcribing.Note(text):
                self.console.note(text)
            case transcribing.Begun(known=known, seconds=seconds):
                self.known = known
                self.console.start(seconds)
            case transcribing.Heard(seconds=seconds):
                self.done += 1
                self.seconds += seconds
                self.console.heard("manifest", self.seconds)
            case transcribing.Failed(utterance, error):
                self._failed(utterance.id, error)
            case transcribing.Written(None, text):
                sys.stdout.write(text)
            case transcribing.Written(path):
                tell(path)

    def _failed(self, name: str, error: Exception) -> None:
        self.failed += 1
        self.console.error(f"{name}: {error}")
        if not isinstance(error, AsrError):
            self.console.raw("".join(traceback.format_exception(error)))

    def _summary(self, elapsed: float) -> None:
        self.console.stop()
        counts = {"done": self.done, "done before": self.known, "failed": self.failed}
        text = ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "done")
        if self.seconds and elapsed:
            text += f"; {clock(self.seconds)} of audio in {clock(elapsed)}, {self.seconds / elapsed:.1f} x real time"
        self.console.note(text)
