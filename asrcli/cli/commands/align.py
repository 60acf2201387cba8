"""``asr align``: options in, words with times out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asrcli.base.console import Console
from asrcli.cli.commands.running import run_planned
from asrcli.cli.commands.sinks import Sinks, check_sinks
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.runs.align_plan import AlignRequest


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, show_default=False, **more)


def align(
    audio: Annotated[str, typer.Argument(metavar="AUDIO", help="A recording, or a folder of them.")],
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="txt, srt, vtt or json; a folder with the same names; - for stdin."),
    ] = None,
    aligner: Annotated[
        str, _option("--aligner", "-a", help="Aligner, or auto: the best for the language with weights here.")
    ] = "auto",
    model: Annotated[str | None, _option("--model", "-m", help="Name, hub id, or folder of weights.")] = None,
    listener: Annotated[
        str, _option("--listener", help="ENGINE[:MODEL] that hears which words are there, for qwen3; auto, or none.")
    ] = "auto",
    language: Annotated[str | None, _option("--language", "-l", help="Code or name; default: by the text.")] = None,
    format: Annotated[
        str | None,
        _option("--format", "-f", help="textgrid ctm json srt vtt ass ...; default: the text's own, or ctm."),
    ] = None,
    output_dir: Annotated[
        str | None, _option("--output-dir", "-o", help="Folder for the results; - is standard output, the default.")
    ] = None,
    output: Annotated[str | None, _option("--output", help="Write the one result to this file.")] = None,
    output_template: Annotated[
        str, _option("--output-template", help="Names in the folder, default '{stem}.{format}'.")
    ] = "{stem}.{format}",
    mirror_tree: Annotated[bool, _option("--mirror-tree", help="Keep the folders below a folder input.")] = False,
    min_coverage: Annotated[
        float, _option("--min-coverage", min=0, max=1, help="Fail below this share of words found, default 0.5.")
    ] = 0.5,
    max_word_seconds: Annotated[
        float, _option("--max-word-seconds", min=0, help="Fail when a word is longer, default 5.")
    ] = 5.0,
    reference: Annotated[
        str | None, _option("--reference", help="Folder of TextGrid or CTM files: say how far from them we are.")
    ] = None,
    start: Annotated[str | None, _option("--start", help="Begin here: seconds, or 1:02:03.5.")] = None,
    end: Annotated[str | None, _option("--end", help="Stop here.")] = None,
    channels: Annotated[str, _option("--channels", help="mix, or the number of the channel with this text.")] = "mix",
    vad: Annotated[bool, _option("--vad/--no-vad", help="Look for words in speech only.")] = True,
    device: Annotated[str, _option("--device", help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    compute_type: Annotated[str, _option("--compute-type", "--dtype", help="auto, float32, bfloat16, ...")] = "auto",
    threads: Annotated[int, _option("--threads", "-t", min=0, help="CPU threads; 0: the library decides.")] = 0,
    offline: Annotated[bool, _option("--offline", "--local-files-only", help="Never use the network.")] = False,
    subs: Annotated[
        str | None, _option("--subs", help="Subtitle profile: default, netflix, ...; subtitles keep their cues.")
    ] = None,
    highlight_words: Annotated[
        bool | None,
        _option("--highlight-words/--no-highlight-words", help="Mark each word as it is said; default: in ass only."),
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
    """Find when each word of a known text is said.

    Every word gets a time, a score and a status: ok, low, or not_in_audio. Speech without text is listed. A text that
    does not belong to the recording is an error, not an alignment.

    Examples: asr align talk.mp3 talk.txt -f textgrid · asr align talk.mp3 old.srt > new.srt · asr align corpus -o out
    """
    given = dict(locals())
    with Console(quiet=quiet, verbose=verbose) as console:
        raise typer.Exit(_run(given, console))


def _run(given: dict[str, Any], console: Console) -> int:
    from asrcli.runs.align import execute
    from asrcli.runs.align_plan import layout_for, plan

    wanted = request(given)
    planned = plan(wanted)
    layout = layout_for(wanted, wanted.pairs[0].text, wanted.formats[0])
    return run_planned(planned, lambda: execute(planned), layout, console, Sinks(given))


def request(given: dict[str, Any]) -> AlignRequest:
    """Return what the options ask for.

    Raises:
        UsageError: a value, or a combination, that cannot work.
    """
    from asrcli.audio.inputs import STDIN
    from asrcli.audio.vad import VadOptions
    from asrcli.base.languages import language_code
    from asrcli.cli.commands.requests import stretch
    from asrcli.formats import FORMATS, formats, layout
    from asrcli.runs.align_pairs import find_pairs
    from asrcli.runs.align_plan import AlignRequest
    from asrcli.runs.outputs import Naming

    if given["audio"] == STDIN:
        raise UsageError("standard input can be the text, not the recording: asr align AUDIO -")
    pairs = find_pairs(given["audio"], given["text"])
    known = [name for name in FORMATS if name != "answers"]
    chosen = formats(given["format"], known) if given["format"] else [_default_format(given["output"], pairs[0].text)]
    check_sinks(given, len(pairs), chosen)
    start, end = stretch(given)
    folder = None if given["output_dir"] == "-" else given["output_dir"]
    return AlignRequest(
        pairs=tuple(pairs),
        aligner=given["aligner"],
        model=given["model"],
        listener=given["listener"],
        language=None if given["language"] in (None, "auto") else language_code(given["language"]),
        formats=tuple(chosen),
        layout=layout(given["subs"]) if given["subs"] else None,
        highlight_words=given["highlight_words"],
        naming=Naming(folder, given["output"], given["output_template"], given["mirror_tree"]),
        vad=VadOptions() if given["vad"] else None,
        min_coverage=given["min_coverage"],
        max_word_seconds=given["max_word_seconds"],
        reference=given["reference"],
        channel=_channel(given["channels"]),
        start=start,
        end=end,
        device=given["device"],
        dtype=given["compute_type"],
        threads=given["threads"],
        offline=given["offline"],
        force=given["force"],
    )


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
