"""Transducers: the batched search against a plain loop over one clip, as NeMo's greedy decoding is described."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.transducer import Search
from transformers_engine import tiny

from asrcli.types import Clip, Flag, Options

Token = tuple[int, int, int]  # token, frame, frames it spans


def plain(network: Any, encoded: torch.Tensor, durations: tuple[int, ...], cap: int) -> list[Token]:
    """Decode one clip (frames, width): start with the blank, stay on a frame for at most `cap` tokens."""
    size, blank = network.config.vocab_size, network.config.blank_token_id
    decoder = network.decoder

    def predict(token: int, state: Any) -> Any:
        output, state = decoder.lstm(decoder.embedding(torch.tensor([[token]])), state)
        return decoder.decoder_projector(output)[0, 0], state

    said, state = predict(blank, None)
    found: list[Token] = []
    frame = symbols = 0
    while frame < len(encoded):
        logits = network.joint(decoder_hidden_states=said, encoder_hidden_states=encoded[frame])
        token = int(logits[:size].argmax())
        ahead = durations[int(logits[size:].argmax())] if durations else int(token == blank)
        if token == blank:
            frame, symbols = frame + max(ahead, 1), 0
            continue
        span = max(ahead, 1) if durations else 1
        found.append((token, frame, min(span, len(encoded) - frame)))
        said, state = predict(token, state)
        symbols += 1
        if ahead:
            frame, symbols = frame + ahead, 0
        elif symbols == cap:
            frame, symbols = frame + 1, 0
    return found


@pytest.mark.parametrize("kind", ["rnnt", "tdt"])
@pytest.mark.parametrize("cap", [1, 3])
@pytest.mark.parametrize("seed", [0, *(pytest.param(one, marks=pytest.mark.slow) for one in (1, 2, 3))])
def test_the_same_tokens_and_frames_as_the_plain_loop(kind: str, cap: int, seed: int) -> None:
    network = tiny.transducer(kind, seed, cap)
    durations = tuple(network.config.durations) if kind == "tdt" else ()
    generator = torch.Generator().manual_seed(seed)
    encoded = torch.randn(5, 23, 16, generator=generator) * 2
    lengths = torch.tensor([23, 9, 1, 17, 23])
    with torch.inference_mode():
        together = Search(network, encoded, lengths, durations, cap).run()
        tokens = 0
        for row, (spans, cut) in enumerate(together):
            wanted = plain(network, encoded[row, : lengths[row]], durations, cap)
            assert [(one.token, one.first, one.past - one.first) for one in spans] == wanted
            assert not cut and all(0.0 <= one.score <= 1.0 for one in spans)
            tokens += len(wanted)
    assert tokens > 20, "the test needs a model that writes something"


def test_rnnt_as_the_library(sounds: list[Clip]) -> None:
    """The library's RNN-T loop has a cap, too, and is right for one clip."""
    network = tiny.transducer("rnnt", seed=2)
    features = torch.randn(1, 200, 80, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(1, 200, dtype=torch.long)
    with torch.inference_mode():
        written = network.generate(
            input_features=features, attention_mask=mask, decoder_start_token_id=19, max_new_tokens=300
        )
        encoded = network.encoder(features, mask)
        projected = network.encoder_projector(encoded.last_hidden_state)
        ((spans, _),) = Search(network, projected, torch.tensor([projected.shape[1]]), (), 3).run()
    assert [one.token for one in spans] == [token for token in written.sequences[0].tolist() if token != 19]
    assert spans


def test_a_limit_on_tokens_cuts_and_says_so(trained: Callable[[str], Transformers], strings: Any) -> None:
    engine = trained("parakeet-tdt-digits")
    clips = [one for one, _ in strings[:3]]
    whole = engine.transcribe(clips, Options())
    cut = engine.transcribe(clips, Options(max_new_tokens=2))
    for left, right in zip(whole, cut, strict=True):
        assert left[0].flags == () and right[0].flags == (Flag.TRUNCATED.value,)
        assert right[0].tokens == left[0].tokens[:2]


@pytest.mark.parametrize("kind", ["rnnt", pytest.param("tdt", marks=pytest.mark.slow)])
def test_alone_as_together_with_words_in_order(trained: Callable[[str], Transformers], strings: Any, kind: str) -> None:
    engine = trained(f"parakeet-{kind}-digits")
    clips = [one for one, _ in strings[:8]]
    together = engine.transcribe(clips, Options(word_timestamps=True))
    for one, own in zip(clips, together, strict=True):
        assert (
            engine.transcribe([one], Options(word_timestamps=True)) == [own]
            or [word.text for word in own[0].words] == own[0].text.split()
        )
        for segment in own:
            assert segment.start >= 0.0 and segment.end <= one.seconds
            assert all(before.end <= after.start for before, after in pairwise(segment.words))
