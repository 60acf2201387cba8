"""Groups of options that several commands, or several modules of one command, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from asrcli.base.console import Console
from asrcli.cli.groups import option
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.audio.inputs import Found
    from asrcli.outputs.naming import Naming
    from asrcli.runs.plan import Request
    from asrcli.runs.shards import Shard

ALLOW_HOST = option(
    None, "--allow-host", help="Read from this host although it is private: HOST, or HOST:PORT; several: again."
)
DEVICE = option("auto", "--device", help="auto, cpu, cuda, cuda:1, mps.")
THREADS = option(0, "--threads", "-t", min=0, help="CPU threads; 0: the library decides.")
OFFLINE = option(False, "--offline", "--local-files-only", help="Never use the network.")
QUIET = option(False, "--quiet", "-q", help="Errors only.")
VERBOSE = option(False, "--verbose", "-v", help="More about what is going on.")


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """What to transcribe."""

    section: ClassVar[str] = "Inputs"
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT", help="Files, folders, patterns, or - for standard input.")
    ] = None
    files_from: str | None = option(None, help="Read names of inputs from a file, or -.")
    null: bool = option(False, "--null", "-0", help="Names in --files-from end with a NUL byte.")
    manifest: str | None = option(
        None, help="Transcribe a manifest (JSON Lines, CSV, Lhotse, Kaldi, stm); add pred_text."
    )
    allow_host: list[str] | None = ALLOW_HOST
    shard: str | None = option(None, help="I/N: the I-th of N parts of the inputs; auto in a job of an array.")

    @property
    def part(self) -> Shard | None:
        """The part of the inputs that this process does."""
        from asrcli.runs.shards import shard_of

        return shard_of(self.shard)


@dataclass(frozen=True, kw_only=True)
class StretchOptions:
    """Which part of each recording."""

    section: ClassVar[str] = "Inputs"
    start: str | None = option(None, help="Begin here: seconds, or 1:02:03.5.")
    end: str | None = option(None, help="End here.")

    def seconds(self) -> tuple[float, float | None]:
        """Return where an input begins and ends, in seconds; raise `UsageError` where there are no such times."""
        return _stretch(self.start, self.end)


@dataclass(frozen=True, kw_only=True)
class ClipOptions(StretchOptions):
    """The same, in the words of other programs too."""

    clip_timestamps: str | None = option(None, help="START,END in seconds: the same as --start and --end.")

    def seconds(self) -> tuple[float, float | None]:
        """Return where an input begins and ends, in seconds; raise `UsageError` where there are no such times."""
        if self.clip_timestamps in (None, "0"):
            return super().seconds()
        parts = self.clip_timestamps.split(",")
        if len(parts) > 2:
            raise UsageError("--clip-timestamps takes one stretch, START,END; run asr once for each")
        return _stretch(parts[0], parts[1] if len(parts) == 2 else None)


@dataclass(frozen=True, kw_only=True)
class SoundOptions:
    """Which of the sounds in a file."""

    section: ClassVar[str] = "Inputs"
    channels: str = option("mix", help="mix, split (a speaker per channel), or a number.")
    track: str | None = option(None, help="Sound track: a number from 0, or a language; default: that of -l.")
    jumps: bool = option(False, "--jumps", help="Keep leaps of a file's clock (over 10 minutes) as silence.")


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Where results go, and as what."""

    section: ClassVar[str] = "Results"
    format: str | None = option(
        None,
        "--format",
        "--output-format",
        "-f",
        help="txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm; several: srt,json.",
    )
    output_dir: str | None = option(
        None, "--output-dir", "-o", help="Folder for the results; - is standard output, the default."
    )
    output: str | None = option(None, help="Write the one result to this file; - is standard output.")
    output_template: str = option("{stem}.{format}", help="Names in the folder, default '{stem}.{format}'.")
    mirror_tree: bool = option(False, "--mirror-tree", help="Keep the folders below a folder input.")

    def __post_init__(self) -> None:
        if self.output == "-" and self.output_dir is None:
            object.__setattr__(self, "output", None)

    @property
    def naming(self) -> Naming:
        """The names of the files."""
        from asrcli.outputs.naming import Naming

        folder = None if self.output_dir == "-" else self.output_dir
        return Naming(folder, self.output, self.output_template, self.mirror_tree)

    def check_names(self, found: Sequence[Found], formats: Sequence[str]) -> None:
        """Raise `UsageError` where two inputs have one output: jobs of an array would overwrite each other's."""
        from asrcli.formats import FORMATS
        from asrcli.outputs.naming import check_collisions

        if not self.naming.to_stdout:
            extensions = [FORMATS[name].extension for name in formats]
            check_collisions(
                [(one.path, self.naming.path(one, extension)) for one in found for extension in extensions]
            )

    @property
    def template(self) -> str | None:
        """The template for names where another than the usual one was given."""
        from asrcli.outputs.naming import TEMPLATE

        return None if self.output_template == TEMPLATE else self.output_template


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What is made again, and when a run stops."""

    section: ClassVar[str] = "Results"
    force: bool = option(False, "--force", help="Make all again; replace edited and foreign files.")
    dry_run: bool = option(False, "--dry-run", help="Only say what would be made, and why.")
    fail_fast: bool = option(False, "--fail-fast", help="Stop at the first input that fails.")


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """What is transcribed while it is spoken."""

    section: ClassVar[str] = "Live"
    stream: bool = option(False, "--stream", help="Transcribe -, a growing file or mic: while it is spoken.")
    pcm: str | None = option(None, help="Raw samples for --stream: s16le:16000:1.")
    idle: float | None = option(None, min=0, help="--stream ends when a file has not grown for this long: 10 s.")
    settle_after: float | None = option(
        None, min=0.5, help="Seconds after which --stream settles a word, agreed upon or not: 2."
    )

    @property
    def given(self) -> list[str]:
        """The names of those that were given."""
        values = {"stream": self.stream or None, "pcm": self.pcm, "idle": self.idle, "settle-after": self.settle_after}
        return [name for name, value in values.items() if value is not None]


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What a run says about itself."""

    section: ClassVar[str] = "Reports"
    report: str | None = option(None, help="A JSON line per input into this file.")
    events: str | None = option(None, help="JSON lines as things happen: FILE, -, or fd:N.")
    json: bool = option(False, "--json", help="JSON lines on standard output.")
    quiet: bool = QUIET
    verbose: bool = VERBOSE

    def console(self) -> Console:
        """Return what writes on standard error."""
        return Console(quiet=self.quiet, verbose=self.verbose)

    def of(self, part: Shard | None) -> ReportOptions:
        """Return the same for one job of an array, whose files have names of their own."""
        return replace(self, report=part.named(self.report), events=part.named(self.events)) if part else self


def of_recordings(wanted: Request) -> dict[str, object]:
    """Return what was asked for that needs whole recordings, by the names of its options."""
    return {
        "--start, --end or --clip-timestamps": wanted.start or wanted.end,
        "--rttm-in": wanted.speakers and wanted.speakers.rttm,
        "--n-best": wanted.options.n_best,
        "--track": wanted.track,
        "--jumps": wanted.jumps,
    }


def _stretch(start: str | None, end: str | None) -> tuple[float, float | None]:
    """Return the seconds of a begin and an end."""
    first = _time(start, "--start") if start else 0.0
    last = _time(end, "--end") if end else None
    if last is not None and last <= first:
        raise UsageError(f"--end {end} is not after --start {start or 0}")
    return first, last


MOST_SECONDS = 1e9  # 30 years: what is beyond is no time of a recording, and no number of samples


def _time(text: str, option: str) -> float:
    """Return seconds for ``90``, ``1:30`` or ``0:01:30.5``."""
    try:
        seconds = 0.0
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MOST_SECONDS:
        raise UsageError(f"{option} {text}: give seconds, or hours:minutes:seconds such as 1:02:03.5")
    return seconds
