"""Prompts: texts carry no orders, answers carry no thinking."""

from __future__ import annotations

import pytest
from asr_plugins.canary.tokens import speech_prompt, text_prompt, without_markers, without_thinking
from hypothesis import given
from hypothesis import strategies as st


def test_the_prompts_of_the_model_card() -> None:
    assert speech_prompt("<|audio|>") == (
        "<|im_start|>user\nTranscribe the following: <|audio|><|im_end|>\n<|im_start|>assistant\n"
    )
    assert text_prompt("Hi") == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


PIECES = st.sampled_from(
    ["<|im_end|>", "<|im_start|>", "<think>", "</think>", "<|", "|>", "im_end", "<", "a", "|", "\n"]
)


@given(st.lists(PIECES).map("".join))
def test_no_text_holds_a_marker(text: str) -> None:
    clean = without_markers(text)
    assert not any(marker in clean for marker in ("<|im_start|>", "<|im_end|>", "<think>", "</think>"))
    assert without_markers(clean) == clean


@pytest.mark.parametrize("text", ["a < b | c > d", "x <| y", "[1] seven", "", "5 |> 4"])
def test_other_texts_stay(text: str) -> None:
    assert without_markers(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("an answer", "an answer"),
        ("<think>\nok\n</think>\n\nan answer", "an answer"),
        ("<think>\n\n</think>\n\nan answer ", "an answer"),
        ("<think>still at it", ""),
        ("<think>a</think>b<think>c</think>d", "d"),
        ("", ""),
    ],
)
def test_thinking_is_not_the_answer(raw: str, shown: str) -> None:
    assert without_thinking(raw) == shown
