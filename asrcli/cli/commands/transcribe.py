"""``asr transcribe``: options in, jobs done, results and lines out."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from asrcli.base.console import Console
from asrcli.cli.commands import requests
from asrcli.cli.commands.options import InputOptions, LiveOptions, OutputOptions, ReportOptions, option

# The sections of --help; an option belongs to one by the function that declares it.
_engine = partial(option, rich_help_panel="Engine and language")
_inputs = partial(option, rich_help_panel="Inputs")
_results = partial(option, rich_help_panel="Results")
_voices = partial(option, rich_help_panel="Speakers")
_subtitles = partial(option, rich_help_panel="Subtitles")
_live = partial(option, rich_help_panel="Live")
_silence = partial(option, rich_help_panel="Silence")
_decoding = partial(option, rich_help_panel="Decoding, as far as the engine can")
_machine = partial(option, rich_help_panel="Machine")
_talk = partial(option, rich_help_panel="Reports")


def transcribe(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT", help="Files, folders, patterns, or - for standard input.")
    ] = None,
    engine: Annotated[
        str, _engine("--engine", "-e", help="ENGINE or ENGINE:MODEL; auto: the best with weights here.")
    ] = "auto",
    model: Annotated[str | None, _engine("--model", "-m", help="Name, hub id, or folder of weights.")] = None,
    fast: Annotated[bool, _engine("--fast", help="The quickest with weights here; the same as --engine fast.")] = False,
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
        _inputs("--manifest", help="Transcribe a manifest (JSON Lines, CSV, Lhotse, Kaldi); add pred_text."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        _inputs("--allow-host", help="Read from this host although it is private: HOST, or HOST:PORT; several: again."),
    ] = None,
    shard: Annotated[
        str | None, _inputs("--shard", help="I/N: the I-th of N parts of the inputs; auto in a job of an array.")
    ] = None,
    start: Annotated[str | None, _inputs("--start", help="Begin here: seconds, or 1:02:03.5.")] = None,
    end: Annotated[str | None, _inputs("--end", help="Stop here.")] = None,
    clip_timestamps: Annotated[
        str | None, _inputs("--clip-timestamps", help="START,END in seconds: the same as --start and --end.")
    ] = None,
    channels: Annotated[str, _inputs("--channels", help="mix, split (a speaker per channel), or a number.")] = "mix",
    track: Annotated[
        str | None, _inputs("--track", help="Sound track: a number from 0, or a language; default: that of -l.")
    ] = None,
    jumps: Annotated[
        bool, _inputs("--jumps", help="Keep leaps of a file's clock (over 10 minutes) as silence.")
    ] = False,
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
        bool | None,
        _results("--word-timestamps/--no-word-timestamps", help="Times of words; default: as the format needs."),
    ] = None,
    aligner: Annotated[
        str | None,
        _results("--aligner", help="Aligner that times the words: NAME[:MODEL], or engine; default: the better one."),
    ] = None,
    punctuate: Annotated[bool, _results("--punctuate", help="Put punctuation into texts that have none.")] = False,
    punctuation_model: Annotated[
        str | None, _results("--punctuation-model", help="For --punctuate: firered, the default, or firered:FOLDER.")
    ] = None,
    numbers: Annotated[
        str, _results("--numbers", help="Write numbers as words or digits; as-is: as the engine does, the default.")
    ] = "as-is",
    script: Annotated[
        str | None, _results("--script", help="Write Chinese as hans (simplified) or hant (traditional).")
    ] = None,
    force: Annotated[bool, _results("--force", help="Make all again; replace edited and foreign files.")] = False,
    dry_run: Annotated[bool, _results("--dry-run", help="Only say what would be made, and why.")] = False,
    fail_fast: Annotated[bool, _results("--fail-fast", help="Stop at the first input that fails.")] = False,
    diarize: Annotated[bool, _voices("--diarize", help="Find who speaks: a speaker for every word.")] = False,
    diarize_model: Annotated[
        str | None, _voices("--diarize-model", help="campplus, or hub id or folder of a pyannote pipeline.")
    ] = None,
    speakers: Annotated[int | None, _voices("--speakers", min=1, help="How many speakers there are.")] = None,
    min_speakers: Annotated[int | None, _voices("--min-speakers", min=1, help="Least number of speakers.")] = None,
    max_speakers: Annotated[int | None, _voices("--max-speakers", min=1, help="Greatest number of speakers.")] = None,
    voices: Annotated[
        str | None, _voices("--voices", help="Name the speakers by this folder: a recording of each, NAME.wav.")
    ] = None,
    same_speakers: Annotated[
        bool, _voices("--same-speakers", help="One person has one name in all recordings of the run.")
    ] = False,
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
    stream: Annotated[bool, _live("--stream", help="Transcribe -, a growing file or mic: while it is spoken.")] = False,
    pcm: Annotated[str | None, _live("--pcm", help="Raw samples for --stream: s16le:16000:1.")] = None,
    idle: Annotated[
        float | None, _live("--idle", min=0, help="--stream ends when a file has not grown so long: 10 s.")
    ] = None,
    settle_after: Annotated[
        float | None,
        _live("--settle-after", min=0.5, help="Seconds after which --stream settles a word, agreed upon or not: 2."),
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
    n_best: Annotated[
        int | None, _decoding("--n-best", min=1, help="List so many readings of each segment, in JSON.")
    ] = None,
    best_of: Annotated[int | None, _decoding("--best-of", min=1, help="Samples per temperature above zero.")] = None,
    patience: Annotated[float | None, _decoding("--patience", help="Patience factor of beam search.")] = None,
    length_penalty: Annotated[float | None, _decoding("--length-penalty", help="Exponent of the length.")] = None,
    repetition_penalty: Annotated[
        float | None, _decoding("--repetition-penalty", help="Penalty on repeated tokens, above 1.")
    ] = None,
    no_repeat_ngram_size: Annotated[
        int | None, _decoding("--no-repeat-ngram-size", help="Never repeat this many tokens.")
    ] = None,
    temperature: Annotated[
        str | None, _decoding("--temperature", help="One, or several tried in order: 0,0.2,0.4.")
    ] = None,
    temperature_increment_on_fallback: Annotated[
        str | None,
        _decoding(
            "--temperature-increment-on-fallback",
            help="Step to higher temperatures, up to 1.0, when a result fails; None: no step.",
        ),
    ] = None,
    compression_ratio_threshold: Annotated[
        float | None,
        _decoding("--compression-ratio-threshold", help="A result whose text compresses better than this fails."),
    ] = None,
    logprob_threshold: Annotated[
        float | None, _decoding("--logprob-threshold", help="A result with a lower mean log probability fails.")
    ] = None,
    no_speech_threshold: Annotated[
        float | None,
        _decoding("--no-speech-threshold", help="Probability of no speech above which unsure text is dropped."),
    ] = None,
    condition_on_previous_text: Annotated[
        bool | None,
        _decoding(
            "--condition-on-previous-text/--no-condition-on-previous-text",
            help="Give each window the text before it as context.",
        ),
    ] = None,
    carry_initial_prompt: Annotated[
        bool | None,
        _decoding("--carry-initial-prompt/--no-carry-initial-prompt", help="Give the prompt to every window."),
    ] = None,
    hallucination_silence_threshold: Annotated[
        float | None, _decoding("--hallucination-silence-threshold", help="Skip text in silences longer than this.")
    ] = None,
    prepend_punctuations: Annotated[
        str | None, _decoding("--prepend-punctuations", help="Punctuation that belongs to the next word.")
    ] = None,
    append_punctuations: Annotated[
        str | None, _decoding("--append-punctuations", help="Punctuation that belongs to the word before.")
    ] = None,
    suppress_tokens: Annotated[
        str | None, _decoding("--suppress-tokens", help="Token ids never to write; -1: the usual symbols.")
    ] = None,
    max_new_tokens: Annotated[int | None, _decoding("--max-new-tokens", min=1, help="Tokens per clip.")] = None,
    seed: Annotated[
        int | None,
        _decoding("--seed", min=0, max=2**32 - 2, help="Seed for sampling at temperatures above 0."),
    ] = None,
    engine_option: Annotated[
        list[str] | None,
        _decoding("--engine-option", metavar="NAME=VALUE", help="Option of this engine alone; asr engines lists them."),
    ] = None,
    chunk_length: Annotated[
        float | None,
        _decoding(
            "--chunk-length", "--chunk-size", help="Longest piece recognised at once, seconds; default: by engine."
        ),
    ] = None,
    batched: Annotated[
        bool | None, _decoding("--batched/--no-batched", help="Many clips at once (default), or in sequence.")
    ] = None,
    batch_size: Annotated[
        int | None, _decoding("--batch-size", min=1, help="Greatest number of clips at once.")
    ] = None,
    device: Annotated[
        str, _machine("--device", help="auto, cpu, cuda, cuda:1, mps; several: cuda:0,cuda:1 or cuda:all.")
    ] = "auto",
    device_index: Annotated[
        int | None, _machine("--device-index", help="Which GPU; the same as --device cuda:N.")
    ] = None,
    compute_type: Annotated[str, _machine("--compute-type", "--dtype", help="auto, int8, float16, ...")] = "auto",
    fp16: Annotated[bool | None, _machine("--fp16/--no-fp16", help="The same as --compute-type float16.")] = None,
    threads: Annotated[int, _machine("--threads", "-t", min=0, help="CPU threads; 0: the library decides.")] = 0,
    workers: Annotated[
        int, _machine("--workers", min=0, help="Engines in so many processes; 0: in this one, on one device.")
    ] = 0,
    ray: Annotated[
        str | None, _machine("--ray", help="Workers on a cluster of Ray: auto, HOST:PORT, or local to start one.")
    ] = None,
    worker_timeout: Annotated[
        float | None, _machine("--worker-timeout", help="Seconds for loading, and for a call; default: as it has been.")
    ] = None,
    worker_memory: Annotated[
        float | None, _machine("--worker-memory", help="Gigabytes at which a worker is replaced; default: its share.")
    ] = None,
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
    from asrcli.base.languages import language_code
    from asrcli.diarization.speakers import SpeakerOptions
    from asrcli.engines.options import parse_engine_options
    from asrcli.formats import layout
    from asrcli.places.addresses import settle
    from asrcli.runs.plan import Request
    from asrcli.runs.shards import shard_of
    from asrcli.text.writing import Writing
    from asrcli.types import Options
    from asrcli.workers.wanted import Limits, Workers

    settle(allow_host, offline=offline)
    part = shard_of(shard)
    if part:
        report, events = part.named(report), part.named(events)
    sources = InputOptions(inputs=inputs, files_from=files_from, null=null, manifest=manifest, shard=part)
    results = OutputOptions(
        format=format, output=output, output_dir=output_dir, output_template=output_template, mirror_tree=mirror_tree
    )
    reports = ReportOptions(report=report, events=events, json=json, dry_run=dry_run, fail_fast=fail_fast, force=force)
    live = LiveOptions(stream=stream, pcm=pcm, idle=idle, settle_after=settle_after)
    if model_dir:
        os.environ["HF_HUB_CACHE"] = model_dir
    with Console(quiet=quiet, verbose=verbose) as console:
        options = Options(
            language=requests.spoken_language(language), task=requests.task_choice(task, translate),
            prompt=prompt, hotwords=requests.words(hotwords) if hotwords else None,
            language_model=requests.language_model_file(language_model), word_timestamps=word_timestamps,
            beam_size=beam_size, n_best=n_best, best_of=best_of, patience=patience, length_penalty=length_penalty,
            repetition_penalty=repetition_penalty, no_repeat_ngram_size=no_repeat_ngram_size,
            temperature=requests.temperatures(temperature, temperature_increment_on_fallback),
            compression_ratio_threshold=compression_ratio_threshold, logprob_threshold=logprob_threshold,
            no_speech_threshold=no_speech_threshold, condition_on_previous_text=condition_on_previous_text,
            carry_initial_prompt=carry_initial_prompt, hallucination_silence_threshold=hallucination_silence_threshold,
            prepend_punctuations=prepend_punctuations, append_punctuations=append_punctuations,
            suppress_tokens=requests.numbers(suppress_tokens, "--suppress-tokens", int),
            max_new_tokens=max_new_tokens, chunk_length=chunk_length, batched=batched, seed=seed,
            ask=tuple(ask) if ask else None, engine_options=parse_engine_options(engine_option or ()),
        )  # fmt: skip
        found, formats = requests.inputs_and_formats(sources, results, reports, options)
        if part:
            requests.say_shard(part, len(found), console)
        first, last = requests.stretch(start, end, clip_timestamps)
        shape = layout(
            subs or "default", max_line_width=max_line_width, max_lines=max_line_count, max_cps=max_cps,
            max_words_per_line=max_words_per_line, min_duration=min_duration, max_duration=max_duration,
            min_gap=min_gap, highlight_words=highlight_words,
        )  # fmt: skip
        wanted = Request(
            inputs=found, start=first, end=last, channels=requests.channel_choice(channels),
            track=requests.track_choice(track), jumps=jumps,
            engine=requests.engine_choice(engine, fast), model=model, backend=backend, options=options,
            batch_size=batch_size,
            languages=tuple(language_code(one) for one in requests.words(languages)), identifier=identify_with,
            formats=formats, layout=shape, naming=results.naming, force=force,
            vad=requests.voice_activity(
                vad, vad_model, vad_threshold, vad_min_speech_duration_ms, vad_min_silence_duration_ms
            ),
            punctuation=requests.punctuation(punctuate, punctuation_model), aligner=aligner,
            writing=Writing(numbers, script),
            speakers=requests.speaker_options(
                diarize, rttm_in,
                SpeakerOptions(None, diarize_model, speakers, min_speakers, max_speakers, voices, same_speakers),
                sources,
            ),
            device=device if device_index is None else f"cuda:{device_index}",
            dtype="float16" if fp16 and compute_type == "auto" else compute_type, threads=threads, offline=offline,
            workers=Workers(workers, Limits.of(worker_timeout, worker_memory), ray),
        )  # fmt: skip
        if live.given:
            from asrcli.cli.commands.streaming import run_live

            raise typer.Exit(run_live(wanted, sources, reports, live, console))
        if manifest:
            from asrcli.cli.commands.manifests import run_manifest

            raise typer.Exit(run_manifest(wanted, sources, results, reports, console))
        from asrcli.cli.commands.running import run

        raise typer.Exit(run(wanted, files_from, reports, console))
