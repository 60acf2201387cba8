"""``asr align``: options in, words with times out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.cli.commands import options
from asrcli.cli.groups import grouped, option
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.runs.align_pairs import Pair


@dataclass(frozen=True, kw_only=True)
class AlignerOptions:
    """Which aligner, of what language."""

    aligner: str = option("auto", "--aligner", "-a", help="ALIGNER[:MODEL], or auto: the best for the language here.")
    model: str | None = option(None, "--model", "-m", help="Name, hub id, or folder of weights.")
    listener: str = option("auto", help="ENGINE[:MODEL] that verifies which words are said, for qwen3; auto, or none.")
    language: str | None = option(None, "--language", "-l", help="Code or name; default: by the text.")


@dataclass(frozen=True, kw_only=True)
class TimesOptions(options.OutputOptions):
    """Where words and their times go, and as what."""

    format: str | None = option(
        None, "--format", "-f", help="textgrid ctm json srt vtt ass ...; default: the text's own, or ctm."
    )


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """What an alignment has to be, so as not to fail."""

    min_coverage: float = option(0.5, min=0, max=1, help="Fail below this share of words found, default 0.5.")
    max_word_seconds: float = option(5.0, min=0, help="Fail when a word is longer, default 5.")
    reference: str | None = option(None, help="Folder of TextGrid or CTM references: report the boundary error.")


@dataclass(frozen=True, kw_only=True)
class PartOptions:
    """Which of the recordings."""

    allow_host: list[str] | None = options.ALLOW_HOST
    shard: str | None = option(None, help="I/N: the I-th of N parts of a folder; auto in a job of an array.")


@dataclass(frozen=True, kw_only=True)
class OneSoundOptions(options.SoundOptions):
    """Which of the sounds in a file has the text."""

    channels: str = option("mix", help="mix, or the number of the channel with this text.")


@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """How, and where, the aligner works."""

    chunk_length: float | None = option(None, help="Longest stretch aligned at once, seconds; default: by aligner.")
    vad: bool = option(True, help="Look for words in speech only.")
    device: str = options.DEVICE
    compute_type: str = option("auto", "--compute-type", "--dtype", help="auto, float32, bfloat16, ...")
    threads: int = options.THREADS
    offline: bool = options.OFFLINE


@dataclass(frozen=True, kw_only=True)
class CueOptions:
    """How subtitles are shaped."""

    subs: str | None = option(None, help="Subtitle profile: default, netflix, ...; subtitles keep their cues.")
    highlight_words: bool | None = option(None, help="Mark each word as it is said; default: in ass only.")


@grouped
def align(
    audio: Annotated[str, typer.Argument(metavar="AUDIO", help="A recording, or a folder of them.")],
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT",
            help="txt, srt, vtt, ass, json ...; a folder with the same names; - for stdin.",
        ),
    ] = None,
    *,
    aligner: AlignerOptions,
    results: TimesOptions,
    checks: CheckOptions,
    recordings: PartOptions,
    when: options.StretchOptions,
    sound: OneSoundOptions,
    work: WorkOptions,
    cues: CueOptions,
    runs: options.RunOptions,
    reports: options.ReportOptions,
) -> None:
    """Find when each word of a known text is said.

    Every word gets a time, a score and a status: ok, low, or not_in_audio. Speech without text is listed. A text that
    does not belong to the recording is an error, not an alignment.

    Examples: asr align talk.mp3 talk.txt -f textgrid · asr align talk.mp3 old.srt > new.srt · asr align corpus -o out
    """
    from asrcli.audio.inputs import STDIN
    from asrcli.audio.vad import VadOptions
    from asrcli.cli.commands.requests import say_format, say_shard, spoken_language, track_choice
    from asrcli.cli.commands.running import run_planned
    from asrcli.cli.commands.sinks import Sinks
    from asrcli.formats import layout
    from asrcli.places.addresses import settle
    from asrcli.runs.align import execute
    from asrcli.runs.align_pairs import find_pairs
    from asrcli.runs.align_plan import AlignRequest, plan
    from asrcli.runs.shards import shard_of

    settle(recordings.allow_host, offline=work.offline)
    part = shard_of(recordings.shard)
    reports = reports.of(part)
    if audio == STDIN:
        raise UsageError("standard input can be the text, not the recording: asr align AUDIO -")
    with reports.console() as console:
        pairs = find_pairs(audio, text)
        chosen = _formats(results, reports, pairs)
        if part:
            results.check_names([pair.audio for pair in pairs], chosen)
            pairs = [pair for pair in pairs if part.has(pair.audio)]
            say_shard(part, len(pairs), console)
        first, last = when.seconds()
        wanted = AlignRequest(
            pairs=tuple(pairs), start=first, end=last, channel=_channel(sound.channels),
            track=track_choice(sound.track), jumps=sound.jumps, language=spoken_language(aligner.language),
            aligner=aligner.aligner, model=aligner.model, listener=aligner.listener,
            vad=VadOptions() if work.vad else None, formats=chosen,
            layout=layout(cues.subs) if cues.subs else None, highlight_words=cues.highlight_words,
            naming=results.naming, force=runs.force, chunk_length=work.chunk_length,
            min_coverage=checks.min_coverage, max_word_seconds=checks.max_word_seconds, reference=checks.reference,
            device=work.device, dtype=work.compute_type, threads=work.threads, offline=work.offline,
        )  # fmt: skip
        planned = plan(wanted)
        say_format(results, chosen, console)
        sinks = Sinks(reports, runs, planned)
        raise typer.Exit(run_planned(planned, lambda: execute(planned), console, sinks))


def _formats(results: options.OutputOptions, reports: options.ReportOptions, pairs: list[Pair]) -> tuple[str, ...]:
    """Return the formats to write; raise `UsageError` where there is no such format, or results would be mixed up."""
    from asrcli.cli.commands.sinks import check_sinks
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
    from asrcli.alignment.script import holds_cues
    from asrcli.formats import FORMATS

    known = {one.extension.lower(): name for name, one in FORMATS.items() if name != "txt"}
    for path in (output or "", text):
        if found := known.get(os.path.splitext(path)[1][1:].lower()):
            return found
    return "srt" if holds_cues(text) else "ctm"
