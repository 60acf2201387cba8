"""``asr report``: reports of several runs put together."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from asrcli.base.console import complain, printable
from asrcli.base.counts import count_of
from asrcli.cli import apps
from asrcli.cli.groups import option
from asrcli.errors import UsageError

MOST_NAMED = 10  # names on standard error
app = apps.app()


@app.callback()
def report() -> None:
    """Put the reports of several runs together."""


@app.command()
def merge(
    reports: Annotated[list[str], typer.Argument(metavar="REPORT", help="Files that --report has written.")],
    of: list[str] | None = option(
        None, metavar="INPUT", help="Inputs that should have a record: a file or folder; several."
    ),
    missing: bool = option(
        False, "--missing", help="Print the names of inputs without a result, instead of the records."
    ),
    null: bool = option(False, "--null", "-0", help="These names end with a NUL byte."),
    output: str | None = option(None, help="Write the merged report here."),
    force: bool = option(False, "--force", help="Replace a file that was edited, or is not asr's."),
) -> None:
    """Put the reports of the jobs of an array into one, with a record for each input.

    Of several records about one input the best counts: done, up to date, kept, failed. What is missing is said: shards,
    by the names of the reports (run-3-of-8.jsonl), and with --of inputs. The exit code is 1 when something is, or
    failed.

    Examples: asr report merge run-*.jsonl --output run.jsonl · asr report merge run-*.jsonl --of recordings --missing
    """
    from asrcli.audio.inputs import expand
    from asrcli.outputs.ledger import check_replaceable, write_ours
    from asrcli.outputs.targets import check_targets, reads, writes
    from asrcli.runs.merging import Merged
    from asrcli.runs.merging import merge as merged_of

    if output and missing:
        raise UsageError("--missing prints names, and --output takes the report: give one of them")
    if null and not missing:
        raise UsageError("--null is for the names of --missing")
    check_targets(writes(output=output), reads("a report", *reports))
    check_replaceable([output], force=force)
    merged: Merged = merged_of(reports, [found.path for found in expand(of or ())])
    if output and output != "-":
        write_ours(output, "".join(merged.lines()), force=force)
    elif missing:
        for name in merged.unfinished:
            sys.stdout.write(f"{name if null else printable(name)}" + ("\0" if null else "\n"))
    else:
        sys.stdout.writelines(merged.lines())
    sys.stdout.flush()
    _say(merged.notes, merged.shards, merged.missing)
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(merged.counts.items()))
    sums = [count_of(reports, "report"), count_of(merged.records, "input")]
    complain(f"asr: {', '.join(sums)}" + (f": {counts}" if counts else ""))
    raise typer.Exit(0 if merged.complete else 1)


def _say(notes: tuple[str, ...], shards: tuple[str, ...], missing: tuple[str, ...]) -> None:
    for note in notes:
        complain(f"asr: {note}")
    if shards:
        complain(f"asr: no report of shard {_listed(shards)}")
    if missing:
        complain(f"asr: no record of {count_of(missing, 'input')}: {_listed(tuple(map(os.fspath, missing)))}")


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
