"""``asr ask``: questions about a saved transcript, answered by an engine's language model or by a server."""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.base.console import Console, harmless
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def ask(
    transcript: Annotated[str, typer.Argument(metavar="TRANSCRIPT", help="JSON of asr, openai-whisper or WhisperX.")],
    questions: Annotated[list[str], typer.Argument(metavar="QUESTION", help="In plain words.")],
    engine: str = typer.Option(
        "auto", "--engine", "-e", help="ENGINE or ENGINE:MODEL, of one with a language model; or auto."
    ),
    model: str | None = typer.Option(None, "--model", "-m", help="Name, hub id, or folder of weights."),
    backend: str | None = typer.Option(None, help="Implementation, of an engine with several."),
    llm: str | None = typer.Option(None, metavar="URL", help="Ask this OpenAI-compatible server instead."),
    llm_model: str = typer.Option("", metavar="NAME", help="The model's name there."),
    device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
    compute_type: str = typer.Option("auto", "--compute-type", "--dtype", help="auto, bfloat16, ..."),
    threads: int = typer.Option(0, "--threads", "-t", min=0, help="CPU threads; 0: the library decides."),
    offline: bool = typer.Option(False, "--offline", help="Download nothing."),
    json: bool = typer.Option(False, "--json", help="Answers as JSON."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Errors only."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="More about what is going on."),
) -> None:
    """Put questions to a transcript.

    Answers go to standard output as Markdown, each with the places in the recording that say its words. The key of a
    server is read from ASR_LLM_KEY.

    Examples: asr ask meeting.json "Summarise in three bullets" · asr ask meeting.json "Who is away?" --llm
    http://localhost:8000/v1 --llm-model qwen3
    """
    from dataclasses import asdict, replace
    from json import dumps

    from asrcli.ask.questions import ask as answers_to
    from asrcli.engines.selection import Setup, prepare_to_answer
    from asrcli.formats import Layout, render
    from asrcli.formats.json import read_transcript
    from asrcli.outputs.targets import check_targets, reads
    from asrcli.web.chat import KEY, chat_server, is_address
    from asrcli.workers.pool import recogniser

    if any(not question.strip() for question in questions):
        raise UsageError("a question is empty: asr ask TRANSCRIPT 'QUESTION'")
    _check_order(transcript, questions)
    check_targets((), reads("the transcript", transcript))
    with Console(quiet, verbose) as console:
        found = read_transcript(transcript)  # before weights are looked for, which may mean a long download
        if llm and is_address(llm):
            asking = partial(answers_to, generate=chat_server(llm, llm_model, os.environ.get(KEY, "")).generate)
        else:
            setup = Setup(backend, device, compute_type, threads, offline)
            own = recogniser(prepare_to_answer(llm or engine, model, setup, console.note), console.note)
            asking = partial(answers_to, generate=own.generate, characters=own.prompt_characters)
        if not found.text:
            console.note(f"{transcript} holds no text: there is nothing to ask about")
        answers = asking(replace(found, answers=()), questions)
    if json:
        sys.stdout.write(harmless(dumps([asdict(one) for one in answers], ensure_ascii=False, indent=2) + "\n"))
    else:
        sys.stdout.write(harmless(render(replace(found, answers=answers), "answers", Layout())))


def _check_order(transcript: str, questions: Sequence[str]) -> None:
    """Raise `UsageError` where the transcript was named behind the question."""
    file = next((one for one in questions if os.path.isfile(one)), None)
    if file is not None and not os.path.lexists(transcript):
        others = [transcript, *(one for one in questions if one != file)]
        raise UsageError(f"'{file}' is the file: name it first: asr ask {shlex.join([file, *others])}")
