"""The networks and searches against the official code (see tests/data/firered/README.md)."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
import torch
from asr_plugins.firered.config import decoder_config, encoder_config
from asr_plugins.firered.llm import LlmModel, LlmOptions
from asr_plugins.firered.search import SearchOptions, beam_search
from asr_plugins.firered.vocabulary import BLANK, clip_times, token_times
from asr_plugins.firered.weights import build_decoder, build_encoder, build_linear
from asr_plugins.transformers_models.viterbi import align

from asrcli.types import Options
from asrcli.weights.tensors import Tensors

SEEDS = [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 5 else []) for seed in range(26)]


def unpack(rows):
    return [tuple(int(token) for token in row if token >= 0) for row in rows]


def padded(features):
    lengths = torch.tensor([len(one) for one in features])
    return torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in features], batch_first=True), lengths


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("generation", ["first", "second"])
@torch.inference_mode()
def test_aed(cases, reference, generation, seed):
    official = reference(f"aed-{generation}")
    case = cases.aed_case(seed, ctc=generation == "second")
    tensors = Tensors(case.state, "case")
    encoder = build_encoder(encoder_config(vars(case.args), "case"), tensors)
    decoder = build_decoder(decoder_config(vars(case.args), "case"), tensors)
    encoded, lengths = encoder(*padded(case.features))
    found = beam_search(decoder, encoded, lengths, SearchOptions(*case.search))
    for place, hypotheses in enumerate(found):
        key, valid = f"{seed}-{place}", int(lengths[place])
        part = encoded[place, :valid][:: max(1, valid // 3), :8].numpy()
        np.testing.assert_allclose(part, official[f"{key}-encoded"], atol=2e-5)
        assert [one.tokens for one in hypotheses] == unpack(official[f"{key}-tokens"])
        np.testing.assert_allclose([one.score for one in hypotheses], official[f"{key}-scores"], atol=1e-4)
        if generation == "second":
            spoken = np.nan_to_num(official[f"{key}-confidence"])  # the official mean over nothing is NaN
            np.testing.assert_allclose([one.confidence for one in hypotheses], spoken, atol=1e-4)
            assert_times(tensors, case, encoded[place, :valid], hypotheses[0].tokens, official.get(f"{key}-times"))
            tensors = Tensors(case.state, "case")


def assert_times(tensors, case, encoded, tokens, official):
    ctc = build_linear(Tensors(case.state, "case"), "ctc.ctc_lo", case.args.odim, case.args.d_model)
    log_probs = torch.log_softmax(ctc(encoded), -1)
    path = None if BLANK in tokens else align(log_probs.numpy(), tokens, BLANK)
    assert (path is None) == (official is None)
    if path is not None:
        spans = list(zip(path.firsts.tolist(), path.pasts.tolist(), strict=True))
        np.testing.assert_allclose(token_times(spans, len(encoded)), official, atol=2e-3)  # official: 3 decimals


LLM_OPTIONS = ((3, 1.0, 0.0), (3, 3.0, 1.0), (1, 1.0, 1.0), (4, 1.2, 0.5))


@pytest.mark.parametrize(
    "seed", [pytest.param(one, marks=pytest.mark.slow if one not in (0, 2) else ()) for one in range(8)]
)
@torch.inference_mode()
def test_llm(cases, reference, folders, seed):
    official, model = reference("llm"), random_llm(cases, folders["llm"], seed)
    beams, repetition, length = LLM_OPTIONS[seed % 4]
    options = LlmOptions(beams=beams, repetition_penalty=repetition, length_penalty=length)
    random = np.random.RandomState(2000 + seed)
    features = [random.standard_normal((1, frames, 80)).astype(np.float32)[0] for frames in cases.FRAMES[seed % 2]]
    expected = [tuple(official[f"{seed}-{place}-tokens"].tolist()) for place in range(3)]
    speech = [model._adapt(*model.encoder(*padded([one])))[0] for one in features]
    for place, one in enumerate(speech):
        prompt = model.prompt([one])[0][0]
        np.testing.assert_allclose(
            prompt[:: max(1, len(prompt) // 4), :8], official[f"{seed}-{place}-prompt"], atol=2e-5
        )
        answer = model._generate([one], options)[0][0]
        assert answer.tokens + (2,) * answer.finished == expected[place]
    # The official batches show padding as speech; here a batch answers as the official code does clip by clip.
    batch = model._generate(model._adapt(*model.encoder(*padded(features))), options)
    assert [one[0].tokens + (2,) * one[0].finished for one in batch] == expected


def random_llm(cases, folder, seed):
    from asr_plugins.firered.checkpoint import Checkpoint, read_checkpoint

    trained = read_checkpoint(folder)
    with torch.serialization.safe_globals([argparse.Namespace]):
        state = torch.load(folder / "model.pth.tar", weights_only=True)["model_state_dict"]
    state["encoder.positional_encoding.pe"] = torch.zeros(1)  # keeps the order of the random numbers
    tensors = Tensors(cases.llm_state(state, seed), "random")
    checkpoint = Checkpoint("llm", folder, trained.args, trained.encoder_args, tensors)
    return LlmModel(checkpoint, torch.device("cpu"), torch.float32)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["aed2", "aed", "llm"])
@pytest.mark.parametrize("together", [8, 1])
def test_trained(engines, reference, digits, clip, name, together):
    official = reference("digits")
    # The official code heard 16-bit files.
    clips = [clip(np.round(np.clip(one.samples, -1, 1) * 32767) / 32768) for one, _ in digits]
    groups = [clips[start : start + together] for start in range(0, len(clips), together)]
    options = Options(word_timestamps=True if name == "aed2" else None)
    segments = [found[0] for group in groups for found in engines[name].transcribe(group, options)]
    assert [one.text for one in segments] == official[f"{name}-texts"].tolist()
    if name != "aed2":
        return
    np.testing.assert_allclose([one.score for one in segments], official["aed2-confidence"], atol=6e-4)
    # The times of tokens: words have their edges in the sound. Starts differ, the official ones swallow pauses.
    model = engines[name].aed
    readings = [
        one for group in groups for one in model.transcribe([part.samples for part in group], SearchOptions(), True)
    ]
    for index, (one, reading) in enumerate(zip(clips, readings, strict=True)):
        times = clip_times(reading.times, one.seconds)
        ends = [times[past - 1][1] for _, _, past in model.vocabulary.words(reading.hypotheses[0].tokens)]
        np.testing.assert_allclose(ends, official[f"aed2-times-{index}"][:, 1], atol=1.1e-3)
