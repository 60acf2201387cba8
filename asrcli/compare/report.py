"""Write a comparison wherever it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from asrcli.base.console import table_console
from asrcli.compare import tables
from asrcli.compare.breakdown import worst
from asrcli.compare.conditions import Outcome
from asrcli.compare.matching import distinct_names
from asrcli.compare.scores import Comparison, Share
from asrcli.compare.sources import STRICT, Losses
from asrcli.compare.wording import percent, rates
from asrcli.errors import CheckFailed, InputError, UsageError
from asrcli.outputs.targets import ReportPaths, check_targets, reads, writes
from asrcli.reports.table import json_text
from asrcli.reports.written import Maker, write_reports
from asrcli.text.normalisers import build

if TYPE_CHECKING:
    from asrcli.compare.run import Wanted
    from asrcli.scoring.meetings import MeetingScore


@dataclass(frozen=True, slots=True)
class Sink:
    """How a comparison is said and written."""

    losses: Losses
    force: bool = False
    quiet: bool = False

    @property
    def code(self) -> int:
        """The exit code: 1 where something could not be read."""
        return 1 if self.losses.notes else 0


def write(
    comparison: Comparison, paths: ReportPaths, outcomes: Sequence[Outcome], *, fields: Sequence[str], force: bool
) -> None:
    """Write every report that has a path; `asrcli.reports.written.check_reports` has said that all may be written.

    Raises:
        OutputError: a file cannot be written.
    """
    from asrcli.compare.html import to_html

    recordings = {one.audio for one in comparison.utterances}
    check_targets(writes(**paths._asdict()), reads("a recording of the references", *recordings))
    makers: dict[str, Maker] = {
        "json": lambda: tables.to_json(comparison, fields=fields),
        "csv": lambda: tables.to_csv(comparison),
        "markdown": lambda: tables.to_markdown(comparison, outcomes),
        "html": lambda: to_html(comparison, fields=fields, folder=paths.html.parent if paths.html else None),
        "junit": lambda: tables.to_junit(outcomes),
    }
    write_reports(paths, makers, force=force)


def unreferenced(systems: Sequence[Path], wanted: Wanted, paths: ReportPaths, consensus: Path | None, to: Sink) -> None:
    """Compare systems without a reference, and write and print what was asked for."""
    from asrcli.compare import unreferenced as without

    agreement = without.compare_unreferenced(systems, wanted, to.losses)
    if consensus is not None:
        without.write_consensus(agreement, consensus, systems, force=to.force)
    write_reports(paths, {"json": lambda: without.to_json(agreement)}, force=to.force)
    if not to.quiet and not paths.to_stdout:
        without.show(agreement, table_console())


def meetings(
    reference: Path, systems: Sequence[Path], wanted: Wanted, paths: ReportPaths, collar: float, to: Sink
) -> None:
    """Score stm, SegLST or rttm files, or folders of them, as conversations, and write and print what was asked for."""
    from asrcli.reports.terminal import Sheet

    scores = score_conversations(reference, systems, wanted, collar, to.losses)

    def to_json() -> str:
        """Return the scores as JSON."""
        rows = [{**asdict(one), **_rates(one)} for one in scores]
        return json_text({"schema": "asr-meetings/1", "systems": rows})

    write_reports(paths, {"json": to_json}, force=to.force)
    if to.quiet or paths.to_stdout:
        return
    words = ["words", "cpWER", "tcpWER", "ORC-WER"]
    columns = ["system", "recordings", *words, "DER", "JER", "missed", "false alarm", "confusion"]
    rows = [_conversation(one) for one in scores]
    table_console().print(Sheet(columns, rows, "Conversations"))


def score_conversations(
    reference: Path, systems: Sequence[Path], wanted: Wanted, collar: float, losses: Losses
) -> list[MeetingScore]:
    """Score each system that can be read; words where both sides have them, otherwise only who spoke when."""
    from asrcli.compare.conversations import read_conversations
    from asrcli.compare.run import NORMALIZER, guess_language
    from asrcli.scoring.meetings import score_meetings

    said, worded = read_conversations(reference)
    normalize = build(wanted.normalizer or NORMALIZER, wanted.language or guess_language(said)) if worded else None
    found = []
    for name, path in zip(distinct_names(systems), systems, strict=True):
        with (losses if len(systems) > 1 else STRICT).boundary(path):
            hypothesis, worded = read_conversations(path)
            found.append(score_meetings(name, said, hypothesis, normalize if worded else None, collar))
    if not found:
        raise InputError("no system is left to compare")
    return found


def _rates(one: MeetingScore) -> dict[str, object]:
    rates = {"cp_wer": one.cp_wer, "tcp_wer": one.tcp_wer, "orc_wer": one.orc_wer, "der": one.diarization_error_rate}
    intervals = {name: getattr(one, name) for name in ("cp_interval", "tcp_interval", "orc_interval")}
    return {**rates, **{name: tables.interval_facts(interval) for name, interval in intervals.items()}}


def _conversation(one: MeetingScore) -> list[str]:
    seconds = [f"{part:.1f} s" for part in (one.missed, one.false_alarm, one.confusion)]
    words = f"{one.words:,}" if one.cp_errors is not None else "–"
    all_three = [Share(errors or 0, one.words) for errors in (one.cp_errors, one.tcp_errors, one.orc_errors)]
    intervals = [one.cp_interval, one.tcp_interval, one.orc_interval]
    shown = rates(all_three, intervals) if one.cp_errors is not None else ["–"] * 3
    turns = [percent(one.diarization_error_rate), percent(one.jer)]
    return [one.name, f"{one.recordings}", words, *shown, *turns, *seconds]


def print_tables(comparison: Comparison, *, fields: Sequence[str], confusions: int, show: str | None) -> None:
    """Print the tables on standard output, and the utterances asked for."""
    from asrcli.compare import terminal

    console = table_console()
    indices = chosen(comparison, show)
    terminal.show(comparison, console, fields=fields, confusions=confusions)
    for index in indices:
        for line in terminal.diff(comparison, index, console.width if console.is_terminal else None):
            console.print(line, soft_wrap=True)


def chosen(comparison: Comparison, show: str | None) -> list[int]:
    """Return the utterances that ``--show`` names: ``worst:N``, ``different:N`` or an id."""
    if not show:
        return []
    kind, _, number = show.partition(":")
    if kind in ("worst", "different") and (number or "10").isdigit():
        against = 1 if kind == "different" and len(comparison.systems) > 1 else None
        return worst(comparison, int(number or 10), second=against)
    found = [index for index, one in enumerate(comparison.utterances) if one.id == show]
    if not found:
        raise UsageError(f"--show {show}: write worst:20, different:20 or the id of an utterance")
    return found


def judge(outcomes: Sequence[Outcome], stderr: TextIO) -> None:
    """Raise `CheckFailed` when a condition holds, after naming all that do, and those that cannot."""
    for one in outcomes:
        if one.idle:
            print(f"asr: note: --fail-if {one.sentence}", file=stderr)
    held = [one for one in outcomes if one.holds]
    for one in held[:-1]:
        print(f"asr: {one.sentence}", file=stderr)
    if held:
        raise CheckFailed(held[-1].sentence)
