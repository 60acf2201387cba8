"""The options of ``asr leaderboard``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from asrcli.outputs.targets import ReportPaths

Output = Path | None
Force = Annotated[bool, typer.Option("--force", help="Replace reports that were edited, and files of others.")]
Tables = Annotated[
    list[str] | None, typer.Option("--table", "-t", help="Tables (see `asr leaderboard tables`). Default: english.")
]
Day = Annotated[str | None, typer.Option("--date", help="The version of this day or the last before it, YYYY-MM-DD.")]


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Which tables, of which day."""

    table: Tables = None
    date: Day = None


@dataclass(frozen=True, kw_only=True)
class ViewOptions:
    """Which rows and columns, and their order."""

    top: int = typer.Option(20, min=0, help="How many rows; 0 shows all.")
    sets: str | None = typer.Option(None, help="Average over these test sets only, comma-separated.")
    without: str | None = typer.Option(None, help="Leave these test sets out, comma-separated.")
    language: str | None = typer.Option(None, "--language", "-l", help="Only test sets of this language.")
    licence: str | None = typer.Option(None, "--licence", "--license", help="Only models whose licence contains this.")
    only_open: bool = typer.Option(False, "--open", help="Only models with open weights.")
    min_size: float | None = typer.Option(None, min=0, help="Least size, in billions of parameters.")
    max_size: float | None = typer.Option(None, min=0, help="Greatest size, in billions of parameters.")
    min_rtfx: float | None = typer.Option(None, min=0, help="Least speed (RTFx), in seconds of audio per second.")
    search: str | None = typer.Option(None, help="Only models whose name contains this.")
    sort: str = typer.Option("average", help="average, rtfx, size, model or a test set.")
    mix: bool = typer.Option(False, "--mix", help="Rank rows of different protocols against each other.")
    add: list[Path] | None = typer.Option(
        None, metavar="RUN", help="Place a run of `asr bench`, or a folder of them, beside the rows."
    )


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Where reports go."""

    json_path: Output = typer.Option(None, "--json", help="Write JSON; - is standard output.")
    csv_path: Output = typer.Option(None, "--csv", help="Write CSV; - is standard output.")
    markdown_path: Output = typer.Option(
        None, "--markdown", help="Write Markdown between the markers of FILE; - is standard output."
    )
    html_path: Output = typer.Option(None, "--html", help="Write a page to look at, in one file.")
    plot: Output = typer.Option(None, help="Draw accuracy against speed: FILE.png, .svg or .pdf.")
    force: Force = False
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print no table.")

    @property
    def paths(self) -> ReportPaths:
        """The files of the reports."""
        from asrcli.outputs.targets import ReportPaths

        return ReportPaths(self.json_path, self.csv_path, self.markdown_path, self.html_path, self.plot)
