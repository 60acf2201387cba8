"""Write a comparison wherever it was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from asrcli.base.console import table_console
from asrcli.base.files import write_atomic
from asrcli.compare import tables
from asrcli.compare.breakdown import worst
from asrcli.compare.conditions import Outcome
from asrcli.compare.scores import Comparison
from asrcli.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from asrcli.compare.run import Wanted
    from asrcli.scoring.meetings import MeetingScore


class Paths(NamedTuple):
    """Where the reports go; ``-`` is standard output."""

    json: Path | None = None
    csv: Path | None = None
    markdown: Path | None = None
    html: Path | None = None
    junit: Path | None = None

    @property
    def to_stdout(self) -> bool:
        """Whether standard output is taken."""
        return any(path is not None and str(path) == "-" for path in self)


def write(comparison: Comparison, paths: Paths, outcomes: Sequence[Outcome], *, fields: Sequence[str]) -> None:
    """Write every report that has a path.

    Raises:
        OutputError: a file cannot be written.
    """
    from asrcli.compare.html import to_html

    makers: dict[str, Callable[[], str | Iterable[str]]] = {
        "json": lambda: tables.to_json(comparison, fields=fields),
        "csv": lambda: tables.to_csv(comparison),
        "markdown": lambda: tables.to_markdown(comparison, outcomes),
        "html": lambda: to_html(comparison, fields=fields, folder=paths.html.parent if paths.html else None),
        "junit": lambda: tables.to_junit(outcomes),
    }
    for name, path in paths._asdict().items():
        if path is None:
            continue
        text = makers[name]()
        if str(path) == "-":
            sys.stdout.writelines([text] if isinstance(text, str) else text)
        else:
            write_atomic(path, text)


def refuse(options: Mapping[str, object], why: str) -> None:
    """Raise `UsageError` where an option was given that would be passed over."""
    for name, value in options.items():
        if value:
            raise UsageError(f"{name} {why}")


def unreferenced(systems: Sequence[Path], wanted: Wanted, paths: Paths, consensus: Path | None, *, quiet: bool) -> None:
    """Compare systems without a reference, and write and print what was asked for."""
    from asrcli.compare import unreferenced as without

    agreement = without.compare_unreferenced(systems, wanted)
    if consensus is not None:
        without.write_consensus(agreement, consensus)
    if paths.json is not None:
        if paths.to_stdout:
            sys.stdout.write(without.to_json(agreement))
            return
        write_atomic(paths.json, without.to_json(agreement))
    if not quiet:
        without.show(agreement, table_console())


def meetings(
    reference: Path, systems: Sequence[Path], wanted: Wanted, paths: Paths, collar: float, *, quiet: bool
) -> None:
    """Score stm or rttm files as conversations, and write and print what was asked for."""
    import json
    from dataclasses import asdict

    from asrcli.compare import terminal

    scores = score_conversations(reference, systems, wanted, collar)
    if paths.json is not None:
        rates = [{"cp_wer": one.cp_wer, "orc_wer": one.orc_wer, "der": one.diarization_error_rate} for one in scores]
        rows = [{**asdict(one), **more} for one, more in zip(scores, rates, strict=True)]
        text = json.dumps({"schema": "asr-meetings/1", "systems": rows}, ensure_ascii=False, indent=1) + "\n"
        if paths.to_stdout:
            sys.stdout.write(text)
            return
        write_atomic(paths.json, text)
    if quiet:
        return
    columns = ["system", "recordings", "words", "cpWER", "ORC-WER", "DER", "missed", "false alarm", "confusion"]
    table_console().print(terminal.table("Conversations", columns, [_conversation(one) for one in scores]))


def score_conversations(reference: Path, systems: Sequence[Path], wanted: Wanted, collar: float) -> list[MeetingScore]:
    """Score each system; words where both sides are stm files, otherwise only who spoke when."""
    from asrcli.compare.matching import distinct_names
    from asrcli.compare.run import guess_language
    from asrcli.compare.sources import Source, read_source, read_turns
    from asrcli.scoring.meetings import score_meetings
    from asrcli.text.normalisers import build

    def read(path: Path, hypotheses: bool) -> Source:
        if path.suffix not in (".stm", ".rttm"):
            raise UsageError(f"--meetings compares stm or rttm files, which have speakers and times; {path} is neither")
        if path.suffix == ".stm":
            return read_source(path, hypotheses=hypotheses)
        return Source(path.stem, str(path), tuple(read_turns(path)))

    said = read(reference, False).utterances
    normalize = (
        build(wanted.normalizer, wanted.language or guess_language(said)) if reference.suffix == ".stm" else None
    )
    return [
        score_meetings(name, said, read(path, True).utterances, normalize if path.suffix == ".stm" else None, collar)
        for name, path in zip(distinct_names(systems), systems, strict=True)
    ]


def _conversation(one: MeetingScore) -> list[str]:
    from asrcli.compare.wording import percent

    seconds = [f"{part:.1f} s" for part in (one.missed, one.false_alarm, one.confusion)]
    words = f"{one.words:,}" if one.cp_errors is not None else "–"
    rates = [percent(one.cp_wer), percent(one.orc_wer), percent(one.diarization_error_rate)]
    return [one.name, f"{one.recordings}", words, *rates, *seconds]


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
    """Raise `CheckFailed` when a condition holds, after naming all that do."""
    held = [one for one in outcomes if one.holds]
    for one in held[:-1]:
        print(f"asr: {one.sentence}", file=stderr)
    if held:
        raise CheckFailed(held[-1].sentence)
