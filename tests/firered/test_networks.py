"""What the networks keep between steps and utterances changes no result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from asr_plugins.firered import decoder, encoder
from asr_plugins.firered.config import decoder_config, encoder_config
from asr_plugins.firered.search import SearchOptions, beam_search
from asr_plugins.firered.weights import build_decoder, build_encoder

from asrcli.weights.tensors import Tensors


def built(case):
    """Return both networks of a random model."""
    tensors, args = Tensors(case.state, "case"), vars(case.args)
    return build_encoder(encoder_config(args, "case"), tensors), build_decoder(decoder_config(args, "case"), tensors)


def batch(case):
    """Return the features of a case as a padded batch with lengths."""
    lengths = torch.tensor([len(one) for one in case.features])
    return torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in case.features], batch_first=True), lengths


def test_what_the_weights_replace_is_not_drawn_at_random(cases, monkeypatch):
    """On the meta device `normal_` imports torch._dynamo, a second and a half for nothing."""
    drawn = []
    monkeypatch.setattr(torch.nn.init, "normal_", lambda tensor, *rest, **more: drawn.append(tuple(tensor.shape)))
    built(cases.aed_case(0, ctc=True))
    assert drawn == []


@pytest.mark.parametrize("seed", [pytest.param(one, marks=pytest.mark.slow if one >= 2 else ()) for one in range(8)])
@torch.inference_mode()
def test_a_cache_that_is_often_cleared_changes_nothing(cases, seed, monkeypatch):
    """Tokens that no beam sees any more are dropped whenever the cache is full; here that is every few tokens."""
    case = cases.aed_case(seed, ctc=True)
    network, words = built(case)
    encoded, lengths = network(*batch(case))
    options = replace(SearchOptions(*case.search), max_tokens=70, end_penalty=9.0)  # few ends: long texts
    plain = beam_search(words, encoded, lengths, options)
    assert max(len(one[0].tokens) for one in plain) > 35
    monkeypatch.setattr(decoder, "FIRST_CAPACITY", 3)
    rooms = []
    make_room = decoder.DecoderState._make_room
    monkeypatch.setattr(decoder.DecoderState, "_make_room", lambda state: rooms.append(state.used) or make_room(state))
    often = beam_search(words, encoded, lengths, options)
    assert len(rooms) > 4 and rooms[-1] < 70 * options.beams
    assert [[one.tokens for one in found] for found in often] == [[one.tokens for one in found] for found in plain]
    for found, expected in zip(often, plain, strict=True):
        np.testing.assert_allclose([one.score for one in found], [one.score for one in expected], rtol=1e-6)


@torch.inference_mode()
def test_positions_kept_for_the_next_utterance_change_nothing(cases, monkeypatch):
    """The projected positions grow with the longest utterance, and shorter ones take the middle of them."""
    case = cases.aed_case(0, ctc=False)
    features = torch.from_numpy(np.random.RandomState(0).standard_normal((1, 900, 80)).astype(np.float32))
    lengths = [40, 900, 8, 333, 600]
    fresh = [built(case)[0](features[:, :frames], torch.tensor([frames]))[0] for frames in lengths]
    monkeypatch.setattr(encoder, "POSITIONS", 3)
    kept = built(case)[0]
    for frames, expected in zip(lengths, fresh, strict=True):
        found, _ = kept(features[:, :frames], torch.tensor([frames]))
        np.testing.assert_allclose(found, expected, atol=2e-6)
    assert len(kept.positions) == 2 * 225 - 1
