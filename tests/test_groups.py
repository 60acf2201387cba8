"""Groups of options: a command with groups is the command that Typer makes of the same options one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import pytest
import typer
from typer.testing import CliRunner

from asrcli.cli import apps
from asrcli.cli.groups import grouped, option, words


@dataclass(frozen=True, kw_only=True)
class Search:
    """How is searched."""

    section: ClassVar[str] = "Searching"
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE")] = None
    beam_size: int | None = option(None, min=1, help="Hypotheses.")
    hotwords: list[str] | None = option(None, "--hotword", "-w", help="Words.")


@dataclass(frozen=True, kw_only=True)
class WideSearch(Search):
    """The same with another default."""

    beam_size: int | None = option(5, min=1, help="More hypotheses.")
    exact: bool | None = option(None, help="No pruning.")


def shown(command: object, *typed: str) -> str:
    """Return what a command prints and its exit code."""
    app = apps.app()
    app.command("find")(command)  # type: ignore[arg-type]
    done = CliRunner().invoke(app, typed)
    return f"{done.exit_code} {done.output}"


def alone(
    quiet: bool = option(False, "--quiet", "-q", help="Errors only."),
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE")] = None,
    beam_size: int | None = option(5, min=1, help="More hypotheses."),
    hotwords: list[str] | None = option(None, "--hotword", "-w", help="Words."),
    exact: bool | None = option(None, help="No pruning."),
) -> None:
    """Find something."""
    print(quiet, files, beam_size, hotwords, exact)


@grouped
def together(quiet: bool = option(False, "--quiet", "-q", help="Errors only."), *, search: WideSearch) -> None:
    """Find something."""
    print(quiet, search.files, search.beam_size, search.hotwords, search.exact)


@pytest.mark.parametrize(
    "typed",
    ["--help", "", "a b -w x -w y --no-exact -q", "--beam-size 3 -- -w", "--beam-size 0", "--beam-size x", "--bean 3"],
)
def test_a_group_is_its_options(typed: str) -> None:
    assert shown(together, *typed.split()) == shown(alone, *typed.split())


def test_a_section_is_that_of_the_group_in_commands_that_have_sections() -> None:
    def find(*, plain: Search) -> None:
        """Find something."""

    app = apps.app()
    app.command("find")(partial(grouped, sections=True)(find))
    panels = {one.name: getattr(one, "rich_help_panel", None) for one in typer.main.get_command(app).params}
    assert panels == {"files": None, "beam_size": "Searching", "hotwords": "Searching"}
    assert Search.__dataclass_fields__["beam_size"].default.rich_help_panel is None  # other commands have none


def test_lists_with_commas_are_words() -> None:
    assert words(" a, b c ,,") == ("a", "b c")
    assert words(None) == ()
