"""How every command is made: its ``-h``, the width of its help, no completion of Typer's own."""

from __future__ import annotations

from typing import Any

import typer

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def app(**settings: Any) -> typer.Typer:
    """Return a Typer app, to which settings of ``typer.Typer`` are added."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=CONTEXT, **settings)
