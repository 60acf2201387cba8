"""Write a board wherever it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asrcli.leaderboard.ranking import Board
from asrcli.leaderboard.runs import Measured
from asrcli.outputs.targets import ReportPaths
from asrcli.reports.written import Maker, write_reports


def report(board: Board, top: int, runs: Sequence[Measured], paths: ReportPaths, *, force: bool, quiet: bool) -> None:
    """Write the files, then print the table unless standard output is taken.

    Raises:
        UsageError: nothing can be plotted.
        InputError: the Markdown file has no markers.
        OutputError: a file cannot be written.
    """
    from asrcli.leaderboard import html, markdown, plot, reports

    makers: dict[str, Maker] = {
        "json": lambda: reports.board_json(board, top, runs),
        "csv": lambda: reports.board_csv(board, top),
        "markdown": lambda: markdown.board_markdown(board, top),
        "html": lambda: html.page(board, runs),
        "plot": lambda: plot.to_plot(board, paths.plot or Path()),
    }
    whole = paths if str(paths.markdown) == "-" else paths._replace(markdown=None)  # of a file a block alone is ours
    write_reports(whole, makers, force=force)
    if paths.markdown is not None and whole.markdown is None:
        markdown.write_block(paths.markdown, markdown.board_markdown(board, top), create=True)
    if not quiet and not paths.to_stdout:
        from asrcli.base.console import table_console
        from asrcli.leaderboard.terminal import show

        show(board, table_console(), top, runs)
