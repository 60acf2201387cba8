"""What the verbs of ``asr digest`` share: the Typer app, options that several have, days, what a folder holds."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.cli import apps
from asrcli.errors import InputError, UsageError

if TYPE_CHECKING:
    from asrcli.digest.edition import Edition
    from asrcli.digest.store import Store

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


def store_in(out: Path) -> closing[Store]:
    """Return the store of a digest's folder, as a context that closes it.

    Raises:
        InputError: there is none.
    """
    from asrcli.digest.store import open_store

    return closing(open_store(out / "digest.sqlite"))


def editions_in(out: Path, days: int = 0) -> list[Edition]:
    """Return the editions of a folder, newest first; ``days`` > 0 counts back from the newest.

    Raises:
        InputError: there is none.
    """
    from asrcli.digest.run import load_editions

    found = load_editions(out, days)
    if not found:
        raise InputError(f"no digest in {out}: start one with `asr digest run --out {out}`")
    if days:
        first = (date.fromisoformat(found[0].day) - timedelta(days=days - 1)).isoformat()
        found = [edition for edition in found if edition.day >= first]
    return found
