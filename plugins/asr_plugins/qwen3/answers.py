"""Read what the model wrote: its language and its text; and tell an echo of the context, or a loop, from speech."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from asr_plugins.qwen3.catalogue import CODES

MARK = "<asr_text>"
LANGUAGE = "language "
ECHO_LETTERS = 4  # shorter answers are in any context by chance

LONGEST_PATTERN = 64
LEAST_REPEATS = 10
LEAST_REPEATED = 40  # tokens in all repeats together


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: ``language English<asr_text>seven three nine``."""

    text: str
    language: str | None  # code; None when there is no speech, or a language that nobody knows


def parse(raw: str, forced: str | None = None) -> Answer:
    """Return language and text of an answer.

    Args:
        raw: as decoded, without special marks.
        forced: code of the language that the prompt already gave; then the whole answer is text.
    """
    head, mark, text = raw.partition(MARK)
    if forced is not None:
        return Answer(raw.replace(MARK, " ").strip(), forced)
    if not mark and not raw.strip().lower().startswith(LANGUAGE):
        return Answer(raw.strip(), None)
    names = head.strip().lower().removeprefix(LANGUAGE.strip()).split(",")  # "Chinese,English" has been seen
    language = next((CODES[name.strip()] for name in names if name.strip() in CODES), None)
    return Answer(text.replace(MARK, " ").strip(), language)


def is_echo(text: str, context: str) -> bool:
    """Return whether a text is nothing but a piece of the context."""
    said, given = letters(text), letters(context)
    return len(said) >= ECHO_LETTERS and said in given


def letters(text: str) -> str:
    """Return the letters and digits of a text, in lower case, without anything between them."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())


def loop(tokens: Sequence[int]) -> tuple[int, int] | None:
    """Return where a repetition that lasts to the end of the tokens starts, and how long its pattern is.

    A pattern of up to 64 tokens is a long sentence. The official code calls 20 repeats of up to 20 characters a loop,
    after the whole answer was written; a decoder that has gone round ten times does not stop by itself, and people who
    say "no" ten times are done within 40 tokens.
    """
    total = len(tokens)
    for size in range(1, min(LONGEST_PATTERN, total // LEAST_REPEATS) + 1):
        run = 0
        while run + size < total and tokens[total - 1 - run] == tokens[total - 1 - run - size]:
            run += 1
        if run + size >= max(LEAST_REPEATS * size, LEAST_REPEATED):
            return total - run - size, size
    return None
