"""``asr transcribe``: options in, jobs done, results and lines out."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asrcli.commands.running import Sinks, check_sinks, run
from asrcli.console import Console
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.jobs import Request
    from asrcli.speakers import SpeakerOptions
    from asrcli.types import Options
    from asrcli.vad import VadOptions


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, show_default=False, **more)


# The sections of --help; an option belongs to one by the function that declares it.
_engine = partial(_option, rich_help_panel="Engine and language")
_inputs = partial(_option, rich_help_panel="Inputs")
_results = partial(_option, rich_help_panel="Results")
_voices = partial(_option, rich_help_panel="Speakers")
_subtitles = partial(_option, rich_help_panel="Subtitles")
_live = partial(_option, rich_help_panel="Live")
_silence = partial(_option, rich_help_panel="Silence")
_decoding = partial(_option, rich_help_panel="Decoding, as far as the engine can")
_machine = partial(_option, rich_help_panel="Machine")
_talk = partial(_option, rich_help_panel="Reports")


def transcribe(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT", help="Files, folders, patterns, or - for standard input.")
    ] = None,
    engine: Annotated[str, _engine("--engine", "-e", help="Engine, or auto: the best with weights here.")] = "auto",
    model: Annotated[str | None, _engine("--model", "-m", help="Name, hub id, or folder of weights.")] = None,
    backend: Annotated[str | None, _engine("--backend", help="Implementation, of an engine with several.")] = None,
    language: Annotated[str | None, _engine("--language", "-l", help="Code or name; default: found out.")] = None,
    languages: Annotated[str | None, _engine("--languages", help="Find the language among these: de,en.")] = None,
    identify_with: Annotated[
        str | None, _engine("--identify-with", help="Model that finds the language: firered, firered:FOLDER.")
    ] = None,
    task: Annotated[str | None, _engine("--task", help="transcribe, or translate into English.")] = None,
    translate: Annotated[bool, _engine("--translate", help="The same as --task translate.")] = False,
    ask: Annotated[
        list[str] | None, _engine("--ask", help="Question about what was said; several: --ask ... --ask ...")
    ] = None,
    prompt: Annotated[str | None, _engine("--prompt", "--initial-prompt", help="Text that came before.")] = None,
    hotwords: Annotated[str | None, _engine("--hotwords", help="Words to expect, separated by commas.")] = None,
    files_from: Annotated[str | None, _inputs("--files-from", help="Read names of inputs from a file, or -.")] = None,
    null: Annotated[bool, _inputs("--null", "-0", help="Names in --files-from end with a NUL byte.")] = False,
    manifest: Annotated[
        str | None,
        _inputs(
            "--manifest", help="Hear the utterances of a manifest (JSON Lines, CSV, Lhotse, Kaldi); add pred_text."
        ),
    ] = None,
    start: Annotated[str | None, _inputs("--start", help="Begin here: seconds, or 1:02:03.5.")] = None,
    end: Annotated[str | None, _inputs("--end", help="Stop here.")] = None,
    clip_timestamps: Annotated[
        str | None, _inputs("--clip-timestamps", help="START,END in seconds: the same as --start and --end.")
    ] = None,
    channels: Annotated[str, _inputs("--channels", help="mix, split (a speaker per channel), or a number.")] = "mix",
    format: Annotated[
        str | None,
        _results(
            "--format",
            "--output-format",
            "-f",
            help="txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm; several: srt,json.",
        ),
    ] = None,
    output_dir: Annotated[
        str | None, _results("--output-dir", "-o", help="Folder for the results; - is standard output, the default.")
    ] = None,
    output: Annotated[str | None, _results("--output", help="Write the one result to this file.")] = None,
    output_template: Annotated[
        str, _results("--output-template", help="Names in the folder, default '{stem}.{format}'.")
    ] = "{stem}.{format}",
    mirror_tree: Annotated[bool, _results("--mirror-tree", help="Keep the folders below a folder input.")] = False,
    word_timestamps: Annotated[
        bool | None, _results("--word-timestamps/--no-word-timestamps", help="Times and scores of words.")
    ] = None,
    aligner: Annotated[
        str | None,
        _results("--aligner", help="Who times the words, NAME or NAME:MODEL; default: the engine, or the best."),
    ] = None,
    punctuate: Annotated[bool, _results("--punctuate", help="Put punctuation into texts that have none.")] = False,
    punctuation_model: Annotated[
        str, _results("--punctuation-model", help="firered, or firered:FOLDER; for --punctuate.")
    ] = "firered",
    force: Annotated[bool, _results("--force", help="Make everything again; overwrite files of others.")] = False,
    dry_run: Annotated[bool, _results("--dry-run", help="Only say what would be made, and why.")] = False,
    fail_fast: Annotated[bool, _results("--fail-fast", help="Stop at the first input that fails.")] = False,
    diarize: Annotated[
        bool, _voices("--diarize", help="Find who speaks: a speaker for every word (pyannote).")
    ] = False,
    diarize_model: Annotated[
        str | None, _voices("--diarize-model", help="Hub id or folder of a pyannote pipeline; default: community-1.")
    ] = None,
    speakers: Annotated[int | None, _voices("--speakers", min=1, help="How many speakers there are.")] = None,
    min_speakers: Annotated[int | None, _voices("--min-speakers", min=1, help="At least so many.")] = None,
    max_speakers: Annotated[int | None, _voices("--max-speakers", min=1, help="At most so many.")] = None,
    rttm_in: Annotated[
        str | None, _voices("--rttm-in", help="Take the speakers from this RTTM file, or a folder of them.")
    ] = None,
    subs: Annotated[str | None, _subtitles("--subs", help="Subtitle profile: default, netflix, bbc, ...")] = None,
    max_line_width: Annotated[int | None, _subtitles("--max-line-width", min=1, help="Characters in a line.")] = None,
    max_line_count: Annotated[int | None, _subtitles("--max-line-count", min=1, help="Lines in a cue.")] = None,
    max_words_per_line: Annotated[
        int | None, _subtitles("--max-words-per-line", min=1, help="Words in a line.")
    ] = None,
    max_cps: Annotated[float | None, _subtitles("--max-cps", help="Reading speed, characters a second.")] = None,
    min_duration: Annotated[float | None, _subtitles("--min-duration", help="Shortest cue, seconds.")] = None,
    max_duration: Annotated[float | None, _subtitles("--max-duration", help="Longest cue, seconds.")] = None,
    min_gap: Annotated[float | None, _subtitles("--min-gap", help="Gap between cues, seconds.")] = None,
    highlight_words: Annotated[
        bool | None, _subtitles("--highlight-words/--no-highlight-words", help="Mark each word as it is said.")
    ] = None,
    stream: Annotated[bool, _live("--stream", help="Hear -, a growing file or mic: while it is spoken.")] = False,
    pcm: Annotated[str | None, _live("--pcm", help="Raw samples for --stream: s16le:16000:1.")] = None,
    idle: Annotated[
        float | None, _live("--idle", min=0, help="--stream ends when a file has not grown so long: 10 s.")
    ] = None,
    vad: Annotated[bool, _silence("--vad/--no-vad", "--vad-filter/--no-vad-filter", help="Leave silence out.")] = True,
    vad_model: Annotated[
        str, _silence("--vad-model", help="silero, firered, or firered:FOLDER; --vad firered means the same.")
    ] = "silero",
    vad_threshold: Annotated[
        float | None, _silence("--vad-threshold", min=0, max=1, help="Probability that is speech, 0 to 1.")
    ] = None,
    vad_min_speech_duration_ms: Annotated[
        int | None, _silence("--vad-min-speech-duration-ms", min=0, help="Shorter speech is ignored.")
    ] = None,
    vad_min_silence_duration_ms: Annotated[
        int | None, _silence("--vad-min-silence-duration-ms", min=0, help="Shorter silence does not part speech.")
    ] = None,
    language_model: Annotated[
        str | None, _decoding("--language-model", help="ARPA or KenLM file of word n-grams, for CTC models.")
    ] = None,
    beam_size: Annotated[int | None, _decoding("--beam-size", min=1, help="Hypotheses kept while decoding.")] = None,
    best_of: Annotated[int | None, _decoding("--best-of", min=1, help="Samples per temperature above zero.")] = None,
    patience: Annotated[float | None, _decoding("--patience", help="Beam search goes on for this factor.")] = None,
    length_penalty: Annotated[float | None, _decoding("--length-penalty", help="Exponent of the length.")] = None,
    repetition_penalty: Annotated[float | None, _decoding("--repetition-penalty", help="Above 1 repeats less.")] = None,
    no_repeat_ngram_size: Annotated[
        int | None, _decoding("--no-repeat-ngram-size", help="Never repeat this many tokens.")
    ] = None,
    temperature: Annotated[
        str | None, _decoding("--temperature", help="One, or several tried in order: 0,0.2,0.4.")
    ] = None,
    temperature_increment_on_fallback: Annotated[
        str | None,
        _decoding("--temperature-increment-on-fallback", help="Step up to 1.0 when a result fails; None: no."),
    ] = None,
    compression_ratio_threshold: Annotated[
        float | None, _decoding("--compression-ratio-threshold", help="A text that compresses better has failed.")
    ] = None,
    logprob_threshold: Annotated[
        float | None, _decoding("--logprob-threshold", help="A mean log probability below it has failed.")
    ] = None,
    no_speech_threshold: Annotated[
        float | None, _decoding("--no-speech-threshold", help="Above it, and unsure: silence.")
    ] = None,
    condition_on_previous_text: Annotated[
        bool | None,
        _decoding(
            "--condition-on-previous-text/--no-condition-on-previous-text", help="Window after window, in context."
        ),
    ] = None,
    carry_initial_prompt: Annotated[
        bool | None, _decoding("--carry-initial-prompt/--no-carry-initial-prompt", help="Prompt for every window.")
    ] = None,
    hallucination_silence_threshold: Annotated[
        float | None, _decoding("--hallucination-silence-threshold", help="Skip text in silences longer than this.")
    ] = None,
    prepend_punctuations: Annotated[
        str | None, _decoding("--prepend-punctuations", help="Signs that belong to the next word.")
    ] = None,
    append_punctuations: Annotated[
        str | None, _decoding("--append-punctuations", help="Signs that belong to the word before.")
    ] = None,
    suppress_tokens: Annotated[
        str | None, _decoding("--suppress-tokens", help="Token ids never to write; -1: the usual symbols.")
    ] = None,
    max_new_tokens: Annotated[int | None, _decoding("--max-new-tokens", min=1, help="Tokens per clip.")] = None,
    batched: Annotated[
        bool | None, _decoding("--batched/--no-batched", help="Many clips at once (default), or in sequence.")
    ] = None,
    batch_size: Annotated[
        int | None, _decoding("--batch-size", min=1, help="Greatest number of clips at once.")
    ] = None,
    device: Annotated[str, _machine("--device", help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    device_index: Annotated[
        int | None, _machine("--device-index", help="Which GPU; the same as --device cuda:N.")
    ] = None,
    compute_type: Annotated[str, _machine("--compute-type", "--dtype", help="auto, int8, float16, ...")] = "auto",
    fp16: Annotated[bool | None, _machine("--fp16/--no-fp16", help="The same as --compute-type float16.")] = None,
    threads: Annotated[int, _machine("--threads", "-t", min=0, help="CPU threads; 0: the library decides.")] = 0,
    model_dir: Annotated[str | None, _machine("--model-dir", help="Folder that downloaded models are kept in.")] = None,
    offline: Annotated[bool, _machine("--offline", "--local-files-only", help="Never use the network.")] = False,
    report: Annotated[str | None, _talk("--report", help="A JSON line per input into this file.")] = None,
    events: Annotated[str | None, _talk("--events", help="JSON lines as things happen: FILE, -, or fd:N.")] = None,
    json: Annotated[bool, _talk("--json", help="JSON lines on standard output.")] = False,
    quiet: Annotated[bool, _talk("--quiet", "-q", help="Errors only.")] = False,
    verbose: Annotated[bool, _talk("--verbose", "-v", help="More about what is going on.")] = False,
) -> None:
    """Turn recordings into text and subtitles.

    Results go to standard output, or with --output-dir into a folder, where a second run makes only what is not up to
    date. Every input that fails is one line, the others go on, and the exit code says so.

    Examples: asr transcribe talk.mp3 · asr transcribe recordings -f srt,json -o out · cat talk.mp3 | asr transcribe -
    """
    given = dict(locals())  # every option by its name, which is what the library calls it too
    with Console(quiet=quiet, verbose=verbose) as console:
        if stream or pcm is not None or idle is not None:
            from asrcli.commands.streaming import run_live

            raise typer.Exit(run_live(request(given), given, console))
        if manifest:
            from asrcli.commands.manifests import run_manifest

            raise typer.Exit(run_manifest(request(given), given, console))
        raise typer.Exit(run(request(given), console, Sinks(given)))


def request(given: dict[str, Any]) -> Request:
    """Return what the options ask for.

    Raises:
        UsageError: a value, or a combination, that cannot work.
    """
    from asrcli import inputs
    from asrcli.jobs import Request
    from asrcli.outputs import Naming
    from asrcli.writers import formats, layout

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
        check_sinks(given, len(found), chosen)
    if given["model_dir"]:
        os.environ["HF_HUB_CACHE"] = given["model_dir"]
    start, end = _stretch(given)
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
        punctuation=given["punctuation_model"] if given["punctuate"] else None,
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
)


def options(given: dict[str, Any]) -> Options:
    """Return what is asked of the engine."""
    from asrcli.languages import language_code
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
        **{name: given[name] for name in _SAME_NAME},
    )


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
    from asrcli.writers import format_of

    output = given["output"] or ""
    found = format_of(output)
    to_folder = given["output_dir"] not in (None, "-")
    plain = found == "txt" and not output.lower().endswith(".txt")  # no format was named
    return ["answers"] if given["ask"] and plain and not to_folder else [found]


def _stretch(given: dict[str, Any]) -> tuple[float, float | None]:
    start, end = given["start"], given["end"]
    if given["clip_timestamps"] not in (None, "0"):
        parts = given["clip_timestamps"].split(",")
        if len(parts) > 2:
            raise UsageError("--clip-timestamps takes one stretch, START,END; run asr once for each")
        start, end = parts[0], parts[1] if len(parts) == 2 else None
    first = _time(start, "--start") if start else 0.0
    last = _time(end, "--end") if end else None
    if last is not None and last <= first:
        raise UsageError(f"--end {end} is not after --start {start or 0}")
    return first, last


def _time(text: str, option: str) -> float:
    """Return seconds for ``90``, ``1:30`` or ``0:01:30.5``."""
    try:
        seconds = 0.0
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"{option} {text}: give seconds, or hours:minutes:seconds such as 1:02:03.5")
    return seconds


def _vad(given: dict[str, Any]) -> VadOptions:
    """Return what counts as speech: the voice-activity model's own threshold unless another one is given."""
    from asrcli import companions
    from asrcli.vad import SILERO, VadOptions

    asked = {name: _seconds(given[f"vad_{name}_duration_ms"]) for name in ("min_speech", "min_silence")}
    asked["threshold"] = given["vad_threshold"]
    if given["vad_model"] != SILERO and asked["threshold"] is None:
        asked["threshold"] = companions.find_detector(given["vad_model"]).threshold
    return VadOptions(model=given["vad_model"], **{name: value for name, value in asked.items() if value is not None})


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _channels(text: str) -> str:
    if text in ("mix", "split") or text.isdecimal():
        return text
    raise UsageError(f"--channels {text}: choose mix, split, or the number of a channel, counted from 0")


def _speakers(given: dict[str, Any]) -> SpeakerOptions | None:
    from asrcli.speakers import SpeakerOptions

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
    from asrcli.languages import language_code

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
        return tuple(kind(part) for part in text.strip("()[]").split(",") if part.strip())
    except ValueError as error:
        raise UsageError(f"{option} {text}: give numbers separated by commas") from error
