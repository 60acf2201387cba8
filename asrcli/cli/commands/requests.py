"""What the options of ``asr transcribe`` ask for: their words checked, and turned into the library's values."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import typer

from asrcli.audio import inputs
from asrcli.cli.commands.options import InputOptions, OutputOptions, ReportOptions
from asrcli.cli.commands.sinks import check_sinks
from asrcli.cli.groups import refuse, words
from asrcli.errors import UsageError
from asrcli.types import Options

if TYPE_CHECKING:
    from asrcli.audio.inputs import Found
    from asrcli.audio.vad import VadOptions
    from asrcli.base.console import Console
    from asrcli.cli.commands import transcribe_options as own
    from asrcli.diarization.speakers import SpeakerOptions
    from asrcli.formats import Layout
    from asrcli.runs.shards import Shard

PLAIN = (".txt", ".text", ".md", ".log")  # extensions of files that hold plain text
LEAST_STEP, HOTTEST, MOST_TRIED = 0.01, 10.0, 100  # of temperatures


def inputs_and_formats(
    sources: InputOptions, results: OutputOptions, reports: ReportOptions, options: Options
) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """Return the inputs that were named, and the formats to write; none of both for a manifest.

    Raises:
        UsageError: a combination that cannot work.
    """
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
    if part := sources.part:
        results.check_names(found, chosen)
        found = part.of(found)
    return tuple(found), tuple(chosen)


def say_shard(part: Shard, inputs: int, console: Console) -> None:
    """Say what a job of an array has to do; end here where that is nothing."""
    source = f" ({part.source})" if part.source else ""
    console.note(f"shard {part}{source}: {inputs} of the inputs")
    if not inputs:
        raise typer.Exit(0)


def say_format(results: OutputOptions, formats: Sequence[str], console: Console) -> None:
    """Say which format is written into a file whose extension is of none, as that of a slip is."""
    from asrcli.formats import FORMATS

    extension = os.path.splitext(results.output or "")[1].lower()
    if results.output is None or results.format or not extension:
        return
    name = formats[0]  # one file has one
    is_text = name in ("txt", "answers")
    if not (results.output.lower().endswith(f".{FORMATS[name].extension.lower()}") or (is_text and extension in PLAIN)):
        what = "plain text" if is_text else name
        console.note(f"{results.output}: {what}, because no format has the extension '{extension}'; -f names one")


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


def voice_activity(silence: own.SilenceOptions) -> VadOptions | None:
    """Return what counts as speech, by default at the model's own threshold; ``None`` transcribes silence too."""
    from asrcli.audio.vad import SILERO, VadOptions
    from asrcli.companions import Detector
    from asrcli.engines import companions

    if not silence.vad:
        return None
    name, speech, pause = silence.vad_model, silence.vad_min_speech_duration_ms, silence.vad_min_silence_duration_ms
    default = VadOptions() if name == SILERO else VadOptions(threshold=companions.find(Detector, name).threshold)
    return VadOptions(
        model=name,
        threshold=default.threshold if silence.vad_threshold is None else silence.vad_threshold,
        min_speech=default.min_speech if speech is None else speech / 1000,
        min_silence=default.min_silence if pause is None else pause / 1000,
    )


def engine_choice(engine: str, fast: bool) -> str:
    """Return the engine; ``--fast`` stands for one, and against any other that is named."""
    if fast and engine not in ("auto", "fast"):
        raise UsageError(f"--fast chooses the engine: leave it or --engine {engine} out")
    return "fast" if fast else engine


def punctuation(text: own.TextOptions) -> str | None:
    """Return the punctuation model, or ``None`` where none is wanted."""
    model = text.punctuation_model
    if not text.punctuate:
        refuse({f"--punctuation-model {model}": model}, "is for --punctuate: give that too")
        return None
    from asrcli.companions import Punctuator
    from asrcli.engines import ranking

    return model or ranking.best_name(Punctuator)


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
    from asrcli.audio.tracks import code_of
    from asrcli.base.languages import language_code

    if text is not None and not text.isdecimal():
        try:
            return code_of(text) or language_code(text)
        except UsageError as error:
            raise UsageError(f"--track {text}: give a number, counted from 0, or a language ({error})") from error
    return text


def speaker_options(typed: own.DiarizationOptions, sources: InputOptions) -> SpeakerOptions | None:
    """Return how speakers are found: by a model as wanted, from a file, or not at all."""
    from asrcli.diarization.speakers import SpeakerOptions

    least, most, model = typed.min_speakers, typed.max_speakers, typed.diarize_model
    if typed.same_speakers:
        why = "takes some of the recordings, and --same-speakers compares all: leave one of them out"
        refuse({"--shard": sources.shard, "--manifest": sources.manifest}, why)
    if not typed.diarize:
        values: dict[str, object] = {"--speakers": typed.speakers, "--min-speakers": least, "--max-speakers": most}
        values |= {"--diarize-model": model, "--voices": typed.voices}
        given = {f"{name} {value}": value for name, value in values.items()}
        refuse({**given, "--same-speakers": typed.same_speakers}, "is for --diarize: give that too")
        return None if typed.rttm_in is None else SpeakerOptions(rttm=typed.rttm_in)
    if typed.rttm_in is not None:
        raise UsageError("--rttm-in has the speakers already: leave out --diarize")
    return SpeakerOptions(None, model, typed.speakers, least, most, typed.voices, typed.same_speakers)


def layout(typed: own.SubtitleOptions, formats: Sequence[str], context: typer.Context) -> Layout:
    """Return how subtitles are shaped; raise `UsageError` for what was typed about them where none are written."""
    from asrcli.formats import HIGHLIGHTING, layout

    shaped = layout(
        typed.subs or "default", max_line_width=typed.max_line_width, max_lines=typed.max_line_count,
        max_cps=typed.max_cps, max_words_per_line=typed.max_words_per_line, min_duration=typed.min_duration,
        max_duration=typed.max_duration, min_gap=typed.min_gap, highlight_words=typed.highlight_words,
    )  # fmt: skip
    if not HIGHLIGHTING.intersection(formats):
        given: dict[str, object] = {}
        for name, value in [(one.name, getattr(typed, one.name)) for one in fields(typed)]:
            source = context.get_parameter_source(name)  # a setting that stays may be for other runs
            if source and source.name == "COMMANDLINE":
                given[f"--{name.replace('_', '-')}{'' if value is True else f' {value}'}"] = value
        refuse(given, "is for subtitles: give -f srt, vtt, ass or lrc")
    return shaped


def recognition(engine: own.EngineOptions, text: own.TextOptions, decoding: own.DecodingOptions) -> Options:
    """Return what the engine is asked for."""
    from asrcli.engines.options import parse_engine_options

    alike = {one.name for one in fields(Options)} & {one.name for one in fields(decoding)}
    as_typed = Options(**{name: getattr(decoding, name) for name in alike})
    return replace(
        as_typed, language=spoken_language(engine.language), task=task_choice(engine.task, engine.translate),
        prompt=engine.prompt, hotwords=words(engine.hotwords) if engine.hotwords else None,
        language_model=language_model_file(decoding.language_model), word_timestamps=text.word_timestamps,
        temperature=temperatures(decoding.temperature, decoding.temperature_increment_on_fallback),
        suppress_tokens=numbers(decoding.suppress_tokens, "--suppress-tokens", int),
        ask=tuple(engine.ask) if engine.ask else None,
        engine_options=parse_engine_options(decoding.engine_option or ()),
    )  # fmt: skip


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


def temperatures(text: str | None, increment: str | None) -> tuple[float, ...] | None:
    """Return the temperatures to try in order, the steps of the increment up to 1.0 included."""
    listed = numbers(text, "--temperature", float)
    if listed is not None and not (0 < len(listed) <= MOST_TRIED and all(0 <= one <= HOTTEST for one in listed)):
        raise UsageError(f"--temperature {text}: give up to {MOST_TRIED} numbers from 0 to {HOTTEST:g}")
    wanted = None if increment in ("None", "none") else increment
    step = numbers(wanted, "--temperature-increment-on-fallback", float)
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
