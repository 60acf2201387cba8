"""What the verbs of ``asr digest`` share: the Typer app, options that several have, days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from asrcli.cli import apps
from asrcli.errors import UsageError

EPILOG = (
    "Exit codes: 0: every source was read; 1: a check failed; 2: wrong usage; 3: some sources failed (the digest says "
    "which); 4: no source was usable."
)
app = apps.app(
    no_args_is_help=True,
    epilog=EPILOG,
    help="Follow the field: a verified digest of each day, with feeds, a podcast and a mindmap.",
)

Out = Annotated[Path, typer.Option("--out", "-o", help="The folder of the digest.", envvar="ASR_DIGEST")]
Day = Annotated[str | None, typer.Option("--date", help="The day, YYYY-MM-DD. Default: today (UTC).")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that were edited, and files of others.")]
OUT = Path("digest")


def day_of(text: str | None, option: str = "--date") -> date:
    """Return a day.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a day: write YYYY-MM-DD") from error
