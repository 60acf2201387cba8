"""Groups of options as they were typed, which several commands or several modules of one command read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from asrcli.errors import UsageError
from asrcli.outputs.naming import TEMPLATE, Naming

if TYPE_CHECKING:
    from asrcli.audio.inputs import Found
    from asrcli.runs.plan import Request
    from asrcli.runs.shards import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """What to transcribe."""

    inputs: list[str] | None
    files_from: str | None
    null: bool  # names in that file end with NUL
    manifest: str | None
    shard: Shard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where results go, and as what."""

    format: str | None  # one, or several with commas
    output: str | None
    output_dir: str | None  # - is standard output
    output_template: str
    mirror_tree: bool

    @property
    def naming(self) -> Naming:
        """The names of the files."""
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
        return None if self.output_template == TEMPLATE else self.output_template


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What a run says about itself, and when it stops."""

    report: str | None
    events: str | None
    json: bool  # records on standard output
    dry_run: bool
    fail_fast: bool
    force: bool  # replaces files that are not ours


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """What is recognised while it is spoken."""

    stream: bool
    pcm: str | None
    idle: float | None  # seconds
    settle_after: float | None  # seconds

    @property
    def given(self) -> list[str]:
        """The names of those that were given."""
        values = {"stream": self.stream or None, "pcm": self.pcm, "idle": self.idle, "settle-after": self.settle_after}
        return [name for name, value in values.items() if value is not None]


def option(*names: str, help: str, **more: Any) -> Any:
    """Declare an option; its help says itself what holds without it."""
    return typer.Option(*names, help=help, show_default=False, **more)


def of_recordings(wanted: Request) -> dict[str, object]:
    """Return what was asked for that needs whole recordings, by the names of its options."""
    return {
        "--start, --end or --clip-timestamps": wanted.start or wanted.end,
        "--rttm-in": wanted.speakers and wanted.speakers.rttm,
        "--n-best": wanted.options.n_best,
        "--track": wanted.track,
        "--jumps": wanted.jumps,
    }


def refuse(options: Mapping[str, object], why: str) -> None:
    """Raise `UsageError` for the first of these options that was given: it would be passed over."""
    for name, value in options.items():
        if value not in (None, False, (), []):
            raise UsageError(f"{name} {why}")
