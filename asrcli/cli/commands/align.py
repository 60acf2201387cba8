"""``asr align``: options in, words with times out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.base.console import Console
from asrcli.cli.commands.options import OutputOptions, ReportOptions, option
from asrcli.cli.commands.running import run_planned
from asrcli.cli.commands.sinks import Sinks, check_sinks
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.runs.align_pairs import Pair
    from asrcli.runs.align_plan import AlignRequest


def align(
    audio: Annotated[str, typer.Argument(metavar="AUDIO", help="A recording, or a folder of them.")],
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="txt, srt, vtt or json; a folder with the same names; - for stdin."),
    ] = None,
    aligner: Annotated[
        str, option("--aligner", "-a", help="ALIGNER[:MODEL], or auto: the best for the language here.")
    ] = "auto",
    model: Annotated[str | None, option("--model", "-m", help="Name, hub id, or folder of weights.")] = None,
    listener: Annotated[
        str, option("--listener", help="ENGINE[:MODEL] that finds which words are there, for qwen3; auto, or none.")
    ] = "auto",
    language: Annotated[str | None, option("--language", "-l", help="Code or name; default: by the text.")] = None,
    format: Annotated[
        str | None,
        option("--format", "-f", help="textgrid ctm json srt vtt ass ...; default: the text's own, or ctm."),
    ] = None,
    output_dir: Annotated[
        str | None, option("--output-dir", "-o", help="Folder for the results; - is standard output, the default.")
    ] = None,
    output: Annotated[str | None, option("--output", help="Write the one result to this file.")] = None,
    output_template: Annotated[
        str, option("--output-template", help="Names in the folder, default '{stem}.{format}'.")
    ] = "{stem}.{format}",
    mirror_tree: Annotated[bool, option("--mirror-tree", help="Keep the folders below a folder input.")] = False,
    min_coverage: Annotated[
        float, option("--min-coverage", min=0, max=1, help="Fail below this share of words found, default 0.5.")
    ] = 0.5,
    max_word_seconds: Annotated[
        float, option("--max-word-seconds", min=0, help="Fail when a word is longer, default 5.")
    ] = 5.0,
    reference: Annotated[
        str | None, option("--reference", help="Folder of TextGrid or CTM files: say how far from them we are.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        option("--allow-host", help="Read from this host although it is private: HOST, or HOST:PORT; several: again."),
    ] = None,
    shard: Annotated[
        str | None, option("--shard", help="I/N: the I-th of N parts of a folder; auto in a job of an array.")
    ] = None,
    start: Annotated[str | None, option("--start", help="Begin here: seconds, or 1:02:03.5.")] = None,
    end: Annotated[str | None, option("--end", help="Stop here.")] = None,
    channels: Annotated[str, option("--channels", help="mix, or the number of the channel with this text.")] = "mix",
    track: Annotated[
        str | None, option("--track", help="Sound track: a number from 0, or a language; default: that of -l.")
    ] = None,
    jumps: Annotated[
        bool, option("--jumps", help="Keep leaps of a file's clock (over 10 minutes) as silence.")
    ] = False,
    chunk_length: Annotated[
        float | None, option("--chunk-length", help="Longest stretch aligned at once, seconds; default: by aligner.")
    ] = None,
    vad: Annotated[bool, option("--vad/--no-vad", help="Look for words in speech only.")] = True,
    device: Annotated[str, option("--device", help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    compute_type: Annotated[str, option("--compute-type", "--dtype", help="auto, float32, bfloat16, ...")] = "auto",
    threads: Annotated[int, option("--threads", "-t", min=0, help="CPU threads; 0: the library decides.")] = 0,
    offline: Annotated[bool, option("--offline", "--local-files-only", help="Never use the network.")] = False,
    subs: Annotated[
        str | None, option("--subs", help="Subtitle profile: default, netflix, ...; subtitles keep their cues.")
    ] = None,
    highlight_words: Annotated[
        bool | None,
        option("--highlight-words/--no-highlight-words", help="Mark each word as it is said; default: in ass only."),
    ] = None,
    force: Annotated[bool, option("--force", help="Make all again; replace edited and foreign files.")] = False,
    dry_run: Annotated[bool, option("--dry-run", help="Only say what would be made, and why.")] = False,
    fail_fast: Annotated[bool, option("--fail-fast", help="Stop at the first input that fails.")] = False,
    report: Annotated[str | None, option("--report", help="A JSON line per input into this file.")] = None,
    events: Annotated[str | None, option("--events", help="JSON lines as things happen: FILE, -, or fd:N.")] = None,
    json: Annotated[bool, option("--json", help="JSON lines on standard output.")] = False,
    quiet: Annotated[bool, option("--quiet", "-q", help="Errors only.")] = False,
    verbose: Annotated[bool, option("--verbose", "-v", help="More about what is going on.")] = False,
) -> None:
    """Find when each word of a known text is said.

    Every word gets a time, a score and a status: ok, low, or not_in_audio. Speech without text is listed. A text that
    does not belong to the recording is an error, not an alignment.

    Examples: asr align talk.mp3 talk.txt -f textgrid · asr align talk.mp3 old.srt > new.srt · asr align corpus -o out
    """
    from asrcli.audio.inputs import STDIN
    from asrcli.audio.vad import VadOptions
    from asrcli.cli.commands.requests import say_shard, spoken_language, stretch, track_choice
    from asrcli.formats import layout
    from asrcli.places.addresses import settle
    from asrcli.runs.align_pairs import find_pairs
    from asrcli.runs.align_plan import AlignRequest
    from asrcli.runs.shards import shard_of

    settle(allow_host, offline=offline)
    part = shard_of(shard)
    if part:
        report, events = part.named(report), part.named(events)
    if audio == STDIN:
        raise UsageError("standard input can be the text, not the recording: asr align AUDIO -")
    results = OutputOptions(
        format=format, output=output, output_dir=output_dir, output_template=output_template, mirror_tree=mirror_tree
    )
    reports = ReportOptions(report=report, events=events, json=json, dry_run=dry_run, fail_fast=fail_fast, force=force)
    with Console(quiet=quiet, verbose=verbose) as console:
        pairs = find_pairs(audio, text)
        chosen = _formats(results, reports, pairs)
        if part:
            results.check_names([pair.audio for pair in pairs], chosen)
            pairs = [pair for pair in pairs if part.has(pair.audio)]
            say_shard(part, len(pairs), console)
        first, last = stretch(start, end)
        wanted = AlignRequest(
            pairs=tuple(pairs), start=first, end=last, channel=_channel(channels), track=track_choice(track),
            jumps=jumps, language=spoken_language(language),
            aligner=aligner, model=model, listener=listener, vad=VadOptions() if vad else None,
            formats=chosen, layout=layout(subs) if subs else None,
            highlight_words=highlight_words, naming=results.naming, force=force,
            chunk_length=chunk_length, min_coverage=min_coverage, max_word_seconds=max_word_seconds,
            reference=reference, device=device, dtype=compute_type, threads=threads, offline=offline,
        )  # fmt: skip
        raise typer.Exit(_run(wanted, reports, console))


def _run(wanted: AlignRequest, reports: ReportOptions, console: Console) -> int:
    from asrcli.runs.align import execute
    from asrcli.runs.align_plan import plan

    planned = plan(wanted)
    return run_planned(planned, lambda: execute(planned), console, Sinks(reports, planned))


def _formats(results: OutputOptions, reports: ReportOptions, pairs: list[Pair]) -> tuple[str, ...]:
    """Return the formats to write.

    Raises:
        UsageError: there is no such format, or results would be mixed up.
    """
    from asrcli.formats import FORMATS, formats

    known = [name for name in FORMATS if name != "answers"]
    chosen = formats(results.format, known) if results.format else [_default_format(results.output, pairs[0].text)]
    check_sinks(results, reports, len(pairs), chosen)
    return tuple(chosen)


def _channel(text: str) -> int | None:
    if text == "mix" or text.isdecimal():
        return None if text == "mix" else int(text)
    raise UsageError(f"--channels {text}: a text is aligned with the mix, or with one channel, counted from 0")


def _default_format(output: str | None, text: str) -> str:
    """Return the format an output file's extension names, else that of the text, else one line per word."""
    from asrcli.formats import FORMATS

    known = {one.extension.lower(): name for name, one in FORMATS.items() if name != "txt"}
    for path in (output or "", text):
        if found := known.get(os.path.splitext(path)[1][1:].lower()):
            return found
    return "ctm"
