"""Reports of one command in several formats: what can be written is, whatever becomes of the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from asrcli.base.console import complain, harmless
from asrcli.base.files import reason
from asrcli.errors import OutputError, UsageError
from asrcli.outputs.ledger import check_replaceable, write_ours
from asrcli.outputs.naming import check_file
from asrcli.outputs.targets import ReportPaths
from asrcli.reports.plot import check_plot

Maker = Callable[[], str | bytes | Iterable[str]]


def check_reports(paths: ReportPaths, *, force: bool, blocks: bool = False) -> None:
    """Look before any work at where reports will go; of the Markdown, ``blocks`` says, a block alone is replaced.

    Raises:
        UsageError: one would replace what is not ours or cannot be there, a picture or two have standard output.
    """
    names = [f"--{name}" for name, path in paths._asdict().items() if path is not None and str(path) == "-"]
    if len(names) > 1:
        raise UsageError(f"only one of {' and '.join(names)} can have standard output; name a file for the others")
    if str(paths.plot) == "-":
        raise UsageError("--plot -: a picture is no text for standard output; name a file")
    check_replaceable(paths._replace(markdown=None) if blocks else paths, force=force)
    named = [(f"--{name}", path) for name, path in paths._asdict().items() if path is not None and str(path) != "-"]
    for name, path in named:
        check_file(name, str(path))
    for _, path in named:
        check_folder(path)
    if paths.plot:
        check_plot(paths.plot)


def check_folder(path: Path) -> None:
    """Make the folder of a report, or raise `UsageError` when it cannot be made or takes no files."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write '{path}': {reason(error)}") from error
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write '{path}': no permission in its folder")


def write_reports(paths: ReportPaths, makers: Mapping[str, Maker], *, force: bool) -> None:
    """Make and write every report that has a path.

    What came there since `check_reports`, or was edited, is kept too.

    Raises:
        OutputError: one cannot be written; the others are.
    """
    failed: list[OutputError] = []
    wanted = [(path, makers[name]()) for name, path in paths._asdict().items() if path is not None]
    for path, made in wanted:
        if str(path) == "-":
            assert not isinstance(made, bytes), "check_reports refuses a picture for standard output"
            sys.stdout.writelines(map(harmless, [made] if isinstance(made, str) else made))
            continue
        try:
            write_ours(path, made if isinstance(made, str | bytes) else "".join(made), force=force)
        except OutputError as error:
            failed.append(error)
    for one in failed[:-1]:
        complain(f"asr: {one}")
    if failed:
        raise failed[-1]
