"""Write a board wherever it was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from asrcli.base.console import complain
from asrcli.errors import UsageError
from asrcli.leaderboard.ranking import Board
from asrcli.leaderboard.runs import Measured
from asrcli.outputs.ledger import write_ours
from asrcli.outputs.targets import ReportPaths


def report(board: Board, top: int, runs: Sequence[Measured], paths: ReportPaths, *, quiet: bool) -> None:
    """Write the files, then print the table unless standard output is taken.

    Raises:
        UsageError: two of them want standard output, or nothing can be plotted.
        InputError: the Markdown file has no markers.
        OutputError: a file cannot be written.
    """
    from asrcli.leaderboard import html, markdown, plot, reports

    taken = [name for name, path in paths._asdict().items() if path is not None and str(path) == "-"]
    if len(taken) > 1 or {"plot"} & {*taken}:
        raise UsageError(f"--{taken[-1]} -: standard output can be taken once, and not by a picture")
    if paths.json is not None:
        put(paths.json, reports.board_json(board, top, runs))
    if paths.csv is not None:
        put(paths.csv, reports.board_csv(board, top))
    if paths.html is not None:
        put(paths.html, html.page(board, runs))
    if paths.markdown is not None:
        text = markdown.board_markdown(board, top)
        if str(paths.markdown) == "-":
            sys.stdout.write(text)
        else:
            markdown.write_block(paths.markdown, text, create=True)
    if paths.plot is not None:
        drawn = plot.draw(board, paths.plot)
        if drawn < len(board.standings):
            missing = len(board.standings) - drawn
            complain(f"asr: {paths.plot}: {missing} models without an average or a speed are not in it")
    if not quiet and not taken:
        from asrcli.base.console import table_console
        from asrcli.leaderboard.terminal import show

        show(board, table_console(), top, runs)


def put(path: Path, text: str) -> None:
    """Write a file that may be replaced, or standard output for ``-``."""
    if str(path) == "-":
        sys.stdout.write(text)
    else:
        write_ours(path, text, force=True)
