"""The tokenizer of the language model, with the tag that stands for audio, and the prompts that it was trained with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from asr_plugins.canary.layout import TOKENIZER, Layout
from asrcli.base.files import cause
from asrcli.errors import ModelError

PAD = "<|endoftext|>"
PUBLISHED_ROWS, PUBLISHED_TAG = 151_936, 151_669  # embedding rows of Qwen3-1.7B, and the tag's id in Canary-Qwen-2.5B

INSTRUCTION = "Transcribe the following: "
START, END = "<|im_start|>", "<|im_end|>"
NO_THINKING = "<think>\n\n</think>\n\n"  # Qwen3's own way to be asked for the answer alone
MARKERS = re.compile(r"<\|[^|<>]*\|>|</?think>")


class Tokens:
    """Text to token ids and back.

    Raises:
        ModelError: the tokenizer is empty, damaged, or not the one the weights were trained with. (With an empty one
            NeMo loads, and every prompt is no tokens at all.)
    """

    def __init__(self, layout: Layout) -> None:
        from tokenizers import Tokenizer

        path = layout.folder / TOKENIZER
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(f"'{path}' cannot be read as a tokenizer ({cause(error)}); download it again") from error
        self._tokenizer.add_special_tokens([layout.audio_tag])
        rows = int(layout.llm["vocab_size"])
        self.tag = self._one(layout.audio_tag, rows, path)
        self.end = self._one(END, rows, path)
        self.pad = self._one(PAD, rows, path)
        if rows == PUBLISHED_ROWS and self.tag != PUBLISHED_TAG:
            raise ModelError(
                f"'{path}' gives the audio tag the id {self.tag}, but the weights know it as {PUBLISHED_TAG}: "
                "it is not the tokenizer of Qwen/Qwen3-1.7B"
            )

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text as it stands, special tokens among them."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, without special tokens."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _one(self, token: str, rows: int, path: Any) -> int:
        found = self.encode(token)
        if len(found) != 1 or not 0 <= found[0] < rows:
            raise ModelError(
                f"'{path}' does not know '{token}' as one token (it gives {found[:4]}, the model has {rows}); "
                "copy the tokenizer files of the language model again"
            )
        return found[0]


def speech_prompt(audio_tag: str) -> str:
    """Return the prompt of speech recognition; the tag stands where the audio goes."""
    return f"{START}user\n{INSTRUCTION}{audio_tag}{END}\n{START}assistant\n"


def text_prompt(text: str) -> str:
    """Return the prompt of a text, to be answered without thinking."""
    return f"{START}user\n{without_markers(text)}{END}\n{START}assistant\n{NO_THINKING}"


def without_markers(text: str) -> str:
    """Take out what the tokenizer would read as an end of turn, as audio or as thinking."""
    while (shorter := MARKERS.sub("", text)) != text:
        text = shorter
    return text


def without_thinking(text: str) -> str:
    """Return an answer without the thinking before it; "" when the model never came to an end with that."""
    before, opened, rest = text.partition("<think>")
    if not opened:
        return text.strip()
    _, closed, answer = rest.rpartition("</think>")
    return (before + answer).strip() if closed else ""
