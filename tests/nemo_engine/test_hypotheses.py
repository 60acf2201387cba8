"""Which tokens make which word, for the kinds of tokenizers that NeMo has. Its own decoding is stood for here."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from asr_plugins.nemo.hypotheses import place_words, token_ids

from asrcli.types import Clip, Recording

PIECES = ["▁yes", "▁", ",", "▁no", "t", "▁⁇▁", "<|en|>", "▁two▁words"]
PARTS = ["yes", "no", "##t", "##ted"]
LETTERS = list("yesnot ")


def pieces(tokens: list[int]) -> str:
    """Decode as sentencepiece: tokens that are no text are left out, and signs lean on the word before them."""
    text = "".join(PIECES[token] for token in tokens if not PIECES[token].startswith("<"))
    return text.replace("▁", " ").replace(" ,", ",").strip()


def parts(tokens: list[int]) -> str:
    return " ".join(PARTS[token] for token in tokens).replace(" ##", "").replace("##", "")


def letters(tokens: list[int]) -> str:
    return "".join(LETTERS[token] for token in tokens)


@pytest.mark.parametrize(
    ("decode", "tokens", "owners"),
    [
        (pieces, [0, 3, 4], ["yes", "not", "not"]),
        (pieces, [0, 1, 2, 3], ["yes,", "", "yes,", "no"]),
        (pieces, [6, 0, 6, 5, 4, 6], ["", "yes", "", "⁇", "t", ""]),
        (pieces, [0, 7, 3], ["yes", "words", "no"]),
        (pieces, [5, 5, 3, 3], ["⁇", "⁇", "no", "no"]),
        (parts, [0, 1, 2, 3, 1], ["yes", "notted", "notted", "notted", "no"]),
        (letters, [0, 1, 2, 6, 3, 4, 5], ["yes", "yes", "yes", "", "not", "not", "not"]),
    ],
)
def test_every_token_is_of_its_word(decode: Callable[[list[int]], str], tokens: list[int], owners: list[str]) -> None:
    """Each token has a frame of its own in an even sound, so the words' frames are those of their tokens."""
    frames = np.arange(len(tokens)) * 3
    hypothesis = SimpleNamespace(
        text=decode(tokens),
        y_sequence=np.array(tokens),
        timestamp=frames,
        token_duration=np.full(len(tokens), 2),
        token_confidence=[0.5] * len(tokens),
    )
    sound = np.random.default_rng(0).standard_normal(16_000 * 3).astype(np.float32) * 0.1
    words = place_words(hypothesis, decode, Clip(Recording("sound"), 0.0, sound), 0.08)
    assert token_ids(hypothesis) == tuple(tokens)
    assert [word.text for word in words] == hypothesis.text.split()
    for frame, owner in zip(frames.tolist(), owners, strict=True):
        middle = (frame + 1) * 0.08
        assert not owner or owner in [word.text for word in words if word.start <= middle <= word.end]
    assert all(word.score in (0.5, None) for word in words)
