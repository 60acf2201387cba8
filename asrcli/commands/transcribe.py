"""``asr transcribe``: options in, jobs done, results and lines out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from asrcli.commands.requests import request
from asrcli.commands.running import Sinks, run
from asrcli.console import Console


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, show_default=False, **more)


def transcribe(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT", help="Files, folders, patterns, or - for standard input.")
    ] = None,
    engine: Annotated[str, _option("--engine", "-e", help="Engine, or auto: the best with weights here.")] = "auto",
    model: Annotated[str | None, _option("--model", "-m", help="Name, hub id, or folder of weights.")] = None,
    backend: Annotated[str | None, _option("--backend", help="Implementation, of an engine with several.")] = None,
    language: Annotated[str | None, _option("--language", "-l", help="Code or name; default: found out.")] = None,
    languages: Annotated[str | None, _option("--languages", help="Find the language among these: de,en.")] = None,
    task: Annotated[str | None, _option("--task", help="transcribe, or translate into English.")] = None,
    translate: Annotated[bool, _option("--translate", help="The same as --task translate.")] = False,
    format: Annotated[
        str | None,
        _option(
            "--format",
            "--output-format",
            "-f",
            help="txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm; several: srt,json.",
        ),
    ] = None,
    output_dir: Annotated[
        str | None, _option("--output-dir", "-o", help="Folder for the results; - is standard output, the default.")
    ] = None,
    output: Annotated[str | None, _option("--output", help="Write the one result to this file.")] = None,
    output_template: Annotated[
        str, _option("--output-template", help="Names in the folder, default '{stem}.{format}'.")
    ] = "{stem}.{format}",
    mirror_tree: Annotated[bool, _option("--mirror-tree", help="Keep the folders below a folder input.")] = False,
    files_from: Annotated[str | None, _option("--files-from", help="Read names of inputs from a file, or -.")] = None,
    manifest: Annotated[
        str | None,
        _option(
            "--manifest", help="Hear the utterances of a manifest (JSON Lines, CSV, Lhotse, Kaldi); add pred_text."
        ),
    ] = None,
    null: Annotated[bool, _option("--null", "-0", help="Names in --files-from end with a NUL byte.")] = False,
    ask: Annotated[
        list[str] | None, _option("--ask", help="Question about what was said; several: --ask ... --ask ...")
    ] = None,
    channels: Annotated[str, _option("--channels", help="mix, split (a speaker per channel), or a number.")] = "mix",
    diarize: Annotated[
        bool, _option("--diarize", help="Find who speaks: a speaker for every word (pyannote).")
    ] = False,
    diarize_model: Annotated[
        str | None, _option("--diarize-model", help="Hub id or folder of a pyannote pipeline; default: community-1.")
    ] = None,
    speakers: Annotated[int | None, _option("--speakers", min=1, help="How many speakers there are.")] = None,
    min_speakers: Annotated[int | None, _option("--min-speakers", min=1, help="At least so many.")] = None,
    max_speakers: Annotated[int | None, _option("--max-speakers", min=1, help="At most so many.")] = None,
    rttm_in: Annotated[
        str | None, _option("--rttm-in", help="Take the speakers from this RTTM file, or a folder of them.")
    ] = None,
    start: Annotated[str | None, _option("--start", help="Begin here: seconds, or 1:02:03.5.")] = None,
    end: Annotated[str | None, _option("--end", help="Stop here.")] = None,
    clip_timestamps: Annotated[
        str | None, _option("--clip-timestamps", help="START,END in seconds: the same as --start and --end.")
    ] = None,
    prompt: Annotated[str | None, _option("--prompt", "--initial-prompt", help="Text that came before.")] = None,
    hotwords: Annotated[str | None, _option("--hotwords", help="Words to expect, separated by commas.")] = None,
    language_model: Annotated[
        str | None, _option("--language-model", help="ARPA or KenLM file of word n-grams, for CTC models.")
    ] = None,
    word_timestamps: Annotated[
        bool | None, _option("--word-timestamps/--no-word-timestamps", help="Times and scores of words.")
    ] = None,
    aligner: Annotated[
        str | None, _option("--aligner", help="Who gives words their times; default: the engine, or the best aligner.")
    ] = None,
    beam_size: Annotated[int | None, _option("--beam-size", min=1, help="Hypotheses kept while decoding.")] = None,
    best_of: Annotated[int | None, _option("--best-of", min=1, help="Samples per temperature above zero.")] = None,
    patience: Annotated[float | None, _option("--patience", help="Beam search goes on for this factor.")] = None,
    length_penalty: Annotated[float | None, _option("--length-penalty", help="Exponent of the length.")] = None,
    repetition_penalty: Annotated[float | None, _option("--repetition-penalty", help="Above 1 repeats less.")] = None,
    no_repeat_ngram_size: Annotated[
        int | None, _option("--no-repeat-ngram-size", help="Never repeat this many tokens.")
    ] = None,
    temperature: Annotated[
        str | None, _option("--temperature", help="One, or several tried in order: 0,0.2,0.4.")
    ] = None,
    temperature_increment_on_fallback: Annotated[
        str | None, _option("--temperature-increment-on-fallback", help="Step up to 1.0 when a result fails; None: no.")
    ] = None,
    compression_ratio_threshold: Annotated[
        float | None, _option("--compression-ratio-threshold", help="A text that compresses better has failed.")
    ] = None,
    logprob_threshold: Annotated[
        float | None, _option("--logprob-threshold", help="A mean log probability below it has failed.")
    ] = None,
    no_speech_threshold: Annotated[
        float | None, _option("--no-speech-threshold", help="Above it, and unsure: silence.")
    ] = None,
    condition_on_previous_text: Annotated[
        bool | None,
        _option(
            "--condition-on-previous-text/--no-condition-on-previous-text", help="Window after window, in context."
        ),
    ] = None,
    carry_initial_prompt: Annotated[
        bool | None, _option("--carry-initial-prompt/--no-carry-initial-prompt", help="Prompt for every window.")
    ] = None,
    hallucination_silence_threshold: Annotated[
        float | None, _option("--hallucination-silence-threshold", help="Skip text in silences longer than this.")
    ] = None,
    prepend_punctuations: Annotated[
        str | None, _option("--prepend-punctuations", help="Signs that belong to the next word.")
    ] = None,
    append_punctuations: Annotated[
        str | None, _option("--append-punctuations", help="Signs that belong to the word before.")
    ] = None,
    suppress_tokens: Annotated[
        str | None, _option("--suppress-tokens", help="Token ids never to write; -1: the usual symbols.")
    ] = None,
    max_new_tokens: Annotated[int | None, _option("--max-new-tokens", min=1, help="Tokens per clip.")] = None,
    batched: Annotated[
        bool | None, _option("--batched/--no-batched", help="Many clips at once (default), or in sequence.")
    ] = None,
    batch_size: Annotated[int | None, _option("--batch-size", min=1, help="Greatest number of clips at once.")] = None,
    vad: Annotated[bool, _option("--vad/--no-vad", "--vad-filter/--no-vad-filter", help="Leave silence out.")] = True,
    vad_model: Annotated[
        str, _option("--vad-model", help="silero, firered, or firered:FOLDER; --vad firered means the same.")
    ] = "silero",
    vad_threshold: Annotated[
        float | None, _option("--vad-threshold", min=0, max=1, help="Probability that is speech, 0 to 1.")
    ] = None,
    vad_min_speech_duration_ms: Annotated[
        int | None, _option("--vad-min-speech-duration-ms", min=0, help="Shorter speech is ignored.")
    ] = None,
    vad_min_silence_duration_ms: Annotated[
        int | None, _option("--vad-min-silence-duration-ms", min=0, help="Shorter silence does not part speech.")
    ] = None,
    punctuate: Annotated[bool, _option("--punctuate", help="Put punctuation into texts that have none.")] = False,
    punctuation_model: Annotated[
        str, _option("--punctuation-model", help="firered, or firered:FOLDER; for --punctuate.")
    ] = "firered",
    identify_with: Annotated[
        str | None, _option("--identify-with", help="Model that finds the language: firered, firered:FOLDER.")
    ] = None,
    device: Annotated[str, _option("--device", help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    device_index: Annotated[
        int | None, _option("--device-index", help="Which GPU; the same as --device cuda:N.")
    ] = None,
    compute_type: Annotated[str, _option("--compute-type", "--dtype", help="auto, int8, float16, ...")] = "auto",
    fp16: Annotated[bool | None, _option("--fp16/--no-fp16", help="The same as --compute-type float16.")] = None,
    threads: Annotated[int, _option("--threads", "-t", min=0, help="CPU threads; 0: the library decides.")] = 0,
    model_dir: Annotated[str | None, _option("--model-dir", help="Folder that downloaded models are kept in.")] = None,
    offline: Annotated[bool, _option("--offline", "--local-files-only", help="Never use the network.")] = False,
    subs: Annotated[str | None, _option("--subs", help="Subtitle profile: default, netflix, bbc, ...")] = None,
    max_line_width: Annotated[int | None, _option("--max-line-width", min=1, help="Characters in a line.")] = None,
    max_line_count: Annotated[int | None, _option("--max-line-count", min=1, help="Lines in a cue.")] = None,
    max_words_per_line: Annotated[int | None, _option("--max-words-per-line", min=1, help="Words in a line.")] = None,
    max_cps: Annotated[float | None, _option("--max-cps", help="Reading speed, characters a second.")] = None,
    min_duration: Annotated[float | None, _option("--min-duration", help="Shortest cue, seconds.")] = None,
    max_duration: Annotated[float | None, _option("--max-duration", help="Longest cue, seconds.")] = None,
    min_gap: Annotated[float | None, _option("--min-gap", help="Gap between cues, seconds.")] = None,
    highlight_words: Annotated[
        bool | None, _option("--highlight-words/--no-highlight-words", help="Mark each word as it is said.")
    ] = None,
    stream: Annotated[bool, _option("--stream", help="Hear -, a growing file or mic: while it is spoken.")] = False,
    pcm: Annotated[str | None, _option("--pcm", help="Raw samples for --stream: s16le:16000:1.")] = None,
    idle: Annotated[
        float | None, _option("--idle", min=0, help="--stream ends when a file has not grown so long: 10 s.")
    ] = None,
    force: Annotated[bool, _option("--force", help="Make everything again; overwrite files of others.")] = False,
    dry_run: Annotated[bool, _option("--dry-run", help="Only say what would be made, and why.")] = False,
    fail_fast: Annotated[bool, _option("--fail-fast", help="Stop at the first input that fails.")] = False,
    report: Annotated[str | None, _option("--report", help="A JSON line per input into this file.")] = None,
    events: Annotated[str | None, _option("--events", help="JSON lines as things happen: FILE, -, or fd:N.")] = None,
    json: Annotated[bool, _option("--json", help="JSON lines on standard output.")] = False,
    quiet: Annotated[bool, _option("--quiet", "-q", help="Errors only.")] = False,
    verbose: Annotated[bool, _option("--verbose", "-v", help="More about what is going on.")] = False,
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
