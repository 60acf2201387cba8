"""What the options of ``asr transcribe`` ask for: their words checked, and turned into the library's values."""

from __future__ import annotations

import os
from math import isfinite
from typing import TYPE_CHECKING, Any

import typer

from asrcli.cli.commands.options import InputOptions, OutputOptions, ReportOptions, refuse
from asrcli.cli.commands.sinks import check_sinks
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.audio.inputs import Found
    from asrcli.audio.vad import VadOptions
    from asrcli.base.console import Console
    from asrcli.diarization.speakers import SpeakerOptions
    from asrcli.runs.shards import Shard
    from asrcli.types import Options

LEAST_STEP, HOTTEST, MOST_TRIED = 0.01, 10.0, 100  # of temperatures


def inputs_and_formats(
    sources: InputOptions, results: OutputOptions, reports: ReportOptions, options: Options
) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """Return the inputs that were named, and the formats to write; none of both for a manifest.

    Raises:
        UsageError: a combination that cannot work.
    """
    from asrcli.audio import inputs
    from asrcli.formats import formats

    if sources.manifest:
        refuse({"--shard": sources.shard}, "is for recordings, and --manifest names utterances: split the manifest")
        if options.ask:
            raise UsageError("--ask is about recordings, and --manifest holds utterances: give one of them")
        return (), ()
    named = list(sources.inputs or [])
    if sources.files_from:
        named += inputs.read_names(sources.files_from, sources.null)
    if not named:
        raise UsageError("nothing to transcribe; name files, folders, or - for standard input")
    found = inputs.expand(named)
    chosen = formats(results.format) if results.format else [_default_format(results, options)]
    chosen += _place_for_answers(results, reports, options, chosen)
    _check_alternatives(reports, options, chosen)
    check_sinks(results, reports, len(found), chosen)
    if sources.shard:
        results.check_names(found, chosen)
        found = sources.shard.of(found)
    return tuple(found), tuple(chosen)


def say_shard(part: Shard, inputs: int, console: Console) -> None:
    """Say what a job of an array has to do; end here where that is nothing."""
    source = f" ({part.source})" if part.source else ""
    console.note(f"shard {part}{source}: {inputs} of the inputs")
    if not inputs:
        raise typer.Exit(0)


def _check_alternatives(reports: ReportOptions, options: Options, chosen: list[str]) -> None:
    """Raise `UsageError` when there is no place for an n-best list."""
    from asrcli.runs.jobs import PLACES

    if options.n_best and not PLACES["n_best"] & set(chosen) and not reports.json and not reports.events:
        raise UsageError(f"--n-best: {chosen[0]} has no place for a list; choose -f json or jsonl")


def _place_for_answers(
    results: OutputOptions, reports: ReportOptions, options: Options, chosen: list[str]
) -> list[str]:
    """Return the format that answers need besides; raise `UsageError` when there are none, or no place for them."""
    if any(not question.strip() for question in options.ask or ()):
        raise UsageError("--ask '': write a question")
    if not options.ask:
        if "answers" in chosen:
            raise UsageError("-f answers holds the answers to questions: give --ask 'QUESTION'")
        return []
    if results.naming.folder is not None:
        return [] if "answers" in chosen else ["answers"]
    if not {"answers", "json"} & set(chosen) and not reports.json:
        raise UsageError(f"--ask: {chosen[0]} has no place for answers; choose -f answers or json, or --output-dir")
    return []


def _default_format(results: OutputOptions, options: Options) -> str:
    """Return the format an output file's extension names; else text, or answers where they alone are wanted."""
    from asrcli.formats import format_of

    output = results.output or ""
    found = format_of(output)
    plain = found == "txt" and not output.lower().endswith(".txt")  # no format was named
    return "answers" if options.ask and plain and results.naming.folder is None else found


def stretch(start: str | None, end: str | None, clip_timestamps: str | None = None) -> tuple[float, float | None]:
    """Return where an input begins and ends, in seconds.

    Raises:
        UsageError: no such times.
    """
    if clip_timestamps not in (None, "0"):
        parts = clip_timestamps.split(",")
        if len(parts) > 2:
            raise UsageError("--clip-timestamps takes one stretch, START,END; run asr once for each")
        start, end = parts[0], parts[1] if len(parts) == 2 else None
    first = _time(start, "--start") if start else 0.0
    last = _time(end, "--end") if end else None
    if last is not None and last <= first:
        raise UsageError(f"--end {end} is not after --start {start or 0}")
    return first, last


MOST_SECONDS = 1e9  # 30 years: what is beyond is no time of a recording, and no number of samples


def _time(text: str, option: str) -> float:
    """Return seconds for ``90``, ``1:30`` or ``0:01:30.5``."""
    try:
        seconds = 0.0
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MOST_SECONDS:
        raise UsageError(f"{option} {text}: give seconds, or hours:minutes:seconds such as 1:02:03.5")
    return seconds


def voice_activity(
    wanted: bool, model: str, threshold: float | None, min_speech_ms: int | None, min_silence_ms: int | None
) -> VadOptions | None:
    """Return what counts as speech, by default at the model's own threshold; ``None`` transcribes silence too."""
    from asrcli.audio.vad import SILERO, VadOptions
    from asrcli.engines import companions

    if not wanted:
        return None
    default = VadOptions() if model == SILERO else VadOptions(threshold=companions.find_detector(model).threshold)
    return VadOptions(
        model=model,
        threshold=default.threshold if threshold is None else threshold,
        min_speech=default.min_speech if min_speech_ms is None else min_speech_ms / 1000,
        min_silence=default.min_silence if min_silence_ms is None else min_silence_ms / 1000,
    )


def engine_choice(engine: str, fast: bool) -> str:
    """Return the engine; ``--fast`` stands for one, and against any other that is named."""
    if fast and engine not in ("auto", "fast"):
        raise UsageError(f"--fast chooses the engine: leave it or --engine {engine} out")
    return "fast" if fast else engine


def punctuation(punctuate: bool, model: str | None) -> str | None:
    """Return the punctuation model, or ``None`` where none is wanted."""
    if not punctuate:
        refuse({f"--punctuation-model {model}": model}, "is for --punctuate: give that too")
        return None
    from asrcli.companions import PUNCTUATORS
    from asrcli.engines import companions

    return model or companions.default_name(PUNCTUATORS)


def channel_choice(text: str) -> str:
    """Return ``mix``, ``split`` or the number of a channel."""
    if text in ("mix", "split") or text.isdecimal():
        return text
    raise UsageError(f"--channels {text}: choose mix, split, or the number of a channel, counted from 0")


def track_choice(text: str | None) -> str | None:
    """Return the number of a sound track, or a language; ``None`` leaves it to the file.

    Raises:
        UsageError: neither a number nor a language.
    """
    from asrcli.base.languages import language_code

    if text is not None and not text.isdecimal():
        try:
            return language_code(text)
        except UsageError as error:
            raise UsageError(f"--track {text}: give a number, counted from 0, or a language ({error})") from error
    return text


def speaker_options(
    diarize: bool, rttm: str | None, wanted: SpeakerOptions, sources: InputOptions
) -> SpeakerOptions | None:
    """Return how speakers are found: by a model as wanted, from a file, or not at all."""
    from asrcli.diarization.speakers import SpeakerOptions

    if wanted.same:
        why = "takes some of the recordings, and --same-speakers compares all: leave one of them out"
        refuse({"--shard": sources.shard, "--manifest": sources.manifest}, why)
    if not diarize:
        counts: dict[str, object] = {"--speakers": wanted.exactly, "--min-speakers": wanted.at_least}
        counts |= {"--max-speakers": wanted.at_most, "--diarize-model": wanted.model, "--voices": wanted.voices}
        given = {f"{name} {value}": value for name, value in counts.items()}
        refuse({**given, "--same-speakers": wanted.same}, "is for --diarize: give that too")
        return None if rttm is None else SpeakerOptions(rttm=rttm)
    if rttm is not None:
        raise UsageError("--rttm-in has the speakers already: leave out --diarize")
    return wanted


def task_choice(task: str | None, translate: bool) -> str | None:
    """Return what the engine is to do with the speech; ``None`` leaves it to the engine."""
    if task not in (None, "transcribe", "translate"):
        raise UsageError(f"--task {task}: choose transcribe or translate")
    return task or ("translate" if translate else None)


def spoken_language(text: str | None) -> str | None:
    """Return the code of a language; ``None`` finds it out."""
    from asrcli.base.languages import language_code

    return None if text in (None, "auto", "None") else language_code(text)


def language_model_file(path: str | None) -> str | None:
    """Return the path of a language model that is there."""
    if path and not os.path.isfile(path):
        raise UsageError(f"--language-model {path}: there is no such file; name an ARPA or KenLM file")
    return path


def words(text: str | None) -> tuple[str, ...]:
    """Return the words of a list with commas."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def temperatures(text: str | None, increment: str | None) -> tuple[float, ...] | None:
    """Return the temperatures to try in order, the steps of the increment up to 1.0 included."""
    listed = numbers(text, "--temperature", float)
    if listed is not None and not (0 < len(listed) <= MOST_TRIED and all(0 <= one <= HOTTEST for one in listed)):
        raise UsageError(f"--temperature {text}: give up to {MOST_TRIED} numbers from 0 to {HOTTEST:g}")
    step = (
        None
        if increment in (None, "None", "none")
        else numbers(increment, "--temperature-increment-on-fallback", float)
    )
    if step is None or (listed is not None and len(listed) > 1):
        return (listed or (0.0,)) if increment is not None else listed
    first = listed[0] if listed else 0.0
    if len(step) != 1 or step[0] < LEAST_STEP:
        raise UsageError(f"--temperature-increment-on-fallback {increment}: give a number from {LEAST_STEP}, or None")
    return tuple(round(first + number * step[0], 6) for number in range(int((1.0 + 1e-6 - first) / step[0]) + 1))


def numbers(text: str | None, option: str, kind: type[Any]) -> tuple[Any, ...] | None:
    """Return the numbers of a list with commas."""
    if text is None:
        return None
    try:
        numbers = tuple(kind(part) for part in text.strip("()[]").split(",") if part.strip())
    except ValueError as error:
        raise UsageError(f"{option} {text}: give numbers separated by commas") from error
    if not all(isfinite(number) for number in numbers):
        raise UsageError(f"{option} {text}: give finite numbers")
    return numbers
