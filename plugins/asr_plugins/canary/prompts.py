"""The words around the audio and around a question, as the model was trained with them."""

from __future__ import annotations

import re

INSTRUCTION = "Transcribe the following: "
START, END = "<|im_start|>", "<|im_end|>"
NO_THINKING = "<think>\n\n</think>\n\n"  # Qwen3's own way to be asked for the answer alone
MARKERS = re.compile(r"<\|[^|<>]*\|>|</?think>")


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
