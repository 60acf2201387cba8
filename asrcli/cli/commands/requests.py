"""What the options of ``asr transcribe`` ask for: their words checked, and turned into the library's values."""

from __future__ import annotations

import os
from math import isfinite
from typing import TYPE_CHECKING, Any

from asrcli.cli.commands.sinks import check_sinks
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.audio.vad import VadOptions
    from asrcli.diarization.speakers import SpeakerOptions
    from asrcli.runs.plan import Request
    from asrcli.types import Options

PUNCTUATION_MODEL = "firered"  # unless --punctuation-model names another


def request(given: dict[str, Any]) -> Request:
    """Return what the options ask for.

    Raises:
        UsageError: a value, or a combination, that cannot work.
    """
    from asrcli.audio import inputs
    from asrcli.formats import formats, layout
    from asrcli.outputs.naming import Naming
    from asrcli.runs.plan import Request

    if given["manifest"]:
        found, chosen = [], []
        if given["ask"]:
            raise UsageError("--ask is about recordings, and --manifest holds utterances: give one of them")
    else:
        named = list(given["inputs"] or [])
        if given["files_from"]:
            named += inputs.read_names(given["files_from"], given["null"])
        if not named:
            raise UsageError("nothing to transcribe; name files, folders, or - for standard input")
        found = inputs.expand(named)
        chosen = formats(given["format"]) if given["format"] else _default_formats(given)
        _check_answers(given, chosen)
        _check_alternatives(given, chosen)
        check_sinks(given, len(found), chosen)
    if given["model_dir"]:
        os.environ["HF_HUB_CACHE"] = given["model_dir"]
    start, end = stretch(given)
    shape = {name: given[name] for name in _LAYOUT_OPTIONS} | {"max_lines": given["max_line_count"]}
    folder = None if given["output_dir"] == "-" else given["output_dir"]
    naming = Naming(folder, given["output"], given["output_template"], given["mirror_tree"])
    return Request(
        inputs=tuple(found),
        engine=given["engine"],
        model=given["model"],
        options=options(given),
        backend=given["backend"],
        formats=tuple(chosen),
        layout=layout(given["subs"] or "default", **shape),
        naming=naming,
        channels=_channels(given["channels"]),
        start=start,
        end=end,
        vad=_vad(given) if given["vad"] else None,
        punctuation=_punctuation(given),
        identifier=given["identify_with"],
        languages=tuple(_codes(given["languages"])),
        device=_device(given),
        dtype="float16" if given["fp16"] and given["compute_type"] == "auto" else given["compute_type"],
        threads=given["threads"],
        batch_size=given["batch_size"],
        offline=given["offline"],
        force=given["force"],
        aligner=given["aligner"],
        speakers=_speakers(given),
    )


_LAYOUT_OPTIONS = (
    "max_line_width",
    "max_words_per_line",
    "max_cps",
    "min_duration",
    "max_duration",
    "min_gap",
    "highlight_words",
)
_SAME_NAME = (
    "language_model",
    "prompt",
    "word_timestamps",
    "beam_size",
    "n_best",
    "best_of",
    "patience",
    "length_penalty",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "compression_ratio_threshold",
    "logprob_threshold",
    "no_speech_threshold",
    "condition_on_previous_text",
    "carry_initial_prompt",
    "hallucination_silence_threshold",
    "prepend_punctuations",
    "append_punctuations",
    "max_new_tokens",
    "batched",
    "seed",
)


def options(given: dict[str, Any]) -> Options:
    """Return what is asked of the engine."""
    from asrcli.base.languages import language_code
    from asrcli.engines.options import parse_engine_options
    from asrcli.types import Options

    task = given["task"] or ("translate" if given["translate"] else None)
    if task not in (None, "transcribe", "translate"):
        raise UsageError(f"--task {task}: choose transcribe or translate")
    if given["language_model"] and not os.path.isfile(given["language_model"]):
        raise UsageError(
            f"--language-model {given['language_model']}: there is no such file; name an ARPA or KenLM file"
        )
    automatic = given["language"] in (None, "auto", "None")
    hotwords = given["hotwords"]
    return Options(
        language=None if automatic else language_code(given["language"]),
        task=task,
        hotwords=tuple(word.strip() for word in hotwords.split(",") if word.strip()) if hotwords else None,
        temperature=_temperatures(given["temperature"], given["temperature_increment_on_fallback"]),
        suppress_tokens=_numbers(given["suppress_tokens"], "--suppress-tokens", int),
        ask=tuple(given["ask"]) if given["ask"] else None,
        engine_options=parse_engine_options(given["engine_option"] or ()),
        **{name: given[name] for name in _SAME_NAME},
    )


def _check_alternatives(given: dict[str, Any], chosen: list[str]) -> None:
    """Raise `UsageError` when there is no place for an n-best list."""
    from asrcli.runs.plan import PLACES

    if given["n_best"] and not PLACES["n_best"] & set(chosen) and not given["json"] and not given["events"]:
        raise UsageError(f"--n-best: {chosen[0]} has no place for a list; choose -f json or jsonl")


def _check_answers(given: dict[str, Any], chosen: list[str]) -> None:
    """Give answers a place to go; raise `UsageError` when there are none, or when there is no place for them."""
    if any(not question.strip() for question in given["ask"] or ()):
        raise UsageError("--ask '': write a question")
    if not given["ask"]:
        if "answers" in chosen:
            raise UsageError("-f answers holds the answers to questions: give --ask 'QUESTION'")
        return
    if given["output_dir"] not in (None, "-"):
        chosen += [] if "answers" in chosen else ["answers"]
    elif not {"answers", "json"} & set(chosen) and not given["json"]:
        raise UsageError(f"--ask: {chosen[0]} has no place for answers; choose -f answers or json, or --output-dir")


def _default_formats(given: dict[str, Any]) -> list[str]:
    """Return the format an output file's extension names; else text, or answers where they alone are wanted."""
    from asrcli.formats import format_of

    output = given["output"] or ""
    found = format_of(output)
    to_folder = given["output_dir"] not in (None, "-")
    plain = found == "txt" and not output.lower().endswith(".txt")  # no format was named
    return ["answers"] if given["ask"] and plain and not to_folder else [found]


def stretch(given: dict[str, Any]) -> tuple[float, float | None]:
    """Return where an input begins and ends, in seconds.

    Raises:
        UsageError: no such times.
    """
    start, end = given["start"], given["end"]
    if given.get("clip_timestamps") not in (None, "0"):
        parts = given["clip_timestamps"].split(",")
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


def _vad(given: dict[str, Any]) -> VadOptions:
    """Return what counts as speech: the voice-activity model's own threshold unless another one is given."""
    from asrcli.audio.vad import SILERO, VadOptions
    from asrcli.engines import companions

    asked = {name: _seconds(given[f"vad_{name}_duration_ms"]) for name in ("min_speech", "min_silence")}
    asked["threshold"] = given["vad_threshold"]
    if given["vad_model"] != SILERO and asked["threshold"] is None:
        asked["threshold"] = companions.find_detector(given["vad_model"]).threshold
    return VadOptions(model=given["vad_model"], **{name: value for name, value in asked.items() if value is not None})


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _punctuation(given: dict[str, Any]) -> str | None:
    model: str | None = given["punctuation_model"]
    if model is not None and not given["punctuate"]:
        raise UsageError(f"--punctuation-model {model} is for --punctuate: give that too")
    return (model or PUNCTUATION_MODEL) if given["punctuate"] else None


def _channels(text: str) -> str:
    if text in ("mix", "split") or text.isdecimal():
        return text
    raise UsageError(f"--channels {text}: choose mix, split, or the number of a channel, counted from 0")


def _speakers(given: dict[str, Any]) -> SpeakerOptions | None:
    from asrcli.diarization.speakers import SpeakerOptions

    numbers = {"--speakers": given["speakers"], "--min-speakers": given["min_speakers"]}
    numbers |= {"--max-speakers": given["max_speakers"], "--diarize-model": given["diarize_model"]}
    if not given["diarize"]:
        for name, value in numbers.items():
            if value is not None:
                raise UsageError(f"{name} {value} is for --diarize: give that too")
    if given["rttm_in"] is not None:
        if given["diarize"]:
            raise UsageError("--rttm-in has the speakers already: leave out --diarize")
        return SpeakerOptions(rttm=given["rttm_in"])
    if not given["diarize"]:
        return None
    return SpeakerOptions(None, given["diarize_model"], given["speakers"], given["min_speakers"], given["max_speakers"])


def _codes(text: str | None) -> list[str]:
    from asrcli.base.languages import language_code

    return [language_code(one) for one in (text or "").split(",") if one.strip()]


def _device(given: dict[str, Any]) -> str:
    device: str = given["device"]
    if given["device_index"] is not None:
        return f"cuda:{given['device_index']}"
    return device


def _temperatures(text: str | None, increment: str | None) -> tuple[float, ...] | None:
    given = _numbers(text, "--temperature", float)
    step = (
        None
        if increment in (None, "None", "none")
        else _numbers(increment, "--temperature-increment-on-fallback", float)
    )
    if step is None or (given is not None and len(given) > 1):
        return (given or (0.0,)) if increment is not None else given
    first = given[0] if given else 0.0
    if step[0] <= 0:
        raise UsageError(f"--temperature-increment-on-fallback {increment}: give a number above 0, or None")
    return tuple(round(first + number * step[0], 6) for number in range(int((1.0 + 1e-6 - first) / step[0]) + 1))


def _numbers(text: str | None, option: str, kind: type[Any]) -> tuple[Any, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(kind(part) for part in text.strip("()[]").split(",") if part.strip())
    except ValueError as error:
        raise UsageError(f"{option} {text}: give numbers separated by commas") from error
    if not all(isfinite(number) for number in numbers):
        raise UsageError(f"{option} {text}: give finite numbers")
    return numbers
