"""CTC models: what they hear, the same alone and together, and the same as the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pytest
import torch
import transformers
from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.ctc import best_tokens
from transformers_engine.conftest import load

from asrcli.types import Clip, Options
from asrcli.weights.plain import quiet

FAMILIES = ("wav2vec2-group", "wav2vec2-layer", "hubert", "wavlm", "wav2vec2-bert")
TIMED = Options(word_timestamps=True)
Strings = list[tuple[Clip, str]]


@pytest.mark.parametrize(
    "name", ["parakeet-ctc-digits", "parakeet-tdt-digits", pytest.param("parakeet-rnnt-digits", marks=pytest.mark.slow)]
)
def test_it_hears_digits(trained: Callable[[str], Transformers], strings: Strings, name: str) -> None:
    found = trained(name).transcribe([one for one, _ in strings], Options())
    texts = [" ".join(segment.text for segment in own) for own in found]
    assert jiwer.wer([text for _, text in strings], texts) < 0.1
    assert all(segment.score is not None and segment.score > 0.3 for own in found for segment in own)


@pytest.mark.parametrize("name", FAMILIES)
def test_alone_as_together(family: Callable[[str], Path], sounds: list[Clip], name: str) -> None:
    engine = load(family(name))
    together = engine.transcribe(sounds, TIMED)
    assert any(own and len(own[0].text) > 5 for own in together), "the test needs a model that writes something"
    for one, own in zip(sounds, together, strict=True):
        alone = engine.transcribe([one], TIMED)[0]
        assert [segment.text for segment in own] == [segment.text for segment in alone]
        for left, right in zip(own, alone, strict=True):
            assert [(word.start, word.end) for word in left.words] == [(word.start, word.end) for word in right.words]
            assert left.score == pytest.approx(right.score, abs=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_words_go_forward_inside_the_clip(family: Callable[[str], Path], sounds: list[Clip], name: str) -> None:
    for one, own in zip(sounds, load(family(name)).transcribe(sounds, TIMED), strict=True):
        for segment in own:
            assert [word.text for word in segment.words] == segment.text.split()
            assert segment.start >= 0.0 and segment.end <= one.seconds
            assert all(before.end <= after.start for before, after in pairwise(segment.words))
            assert all(word.start <= word.end and 0.0 <= (word.score or 0.0) <= 1.0 for word in segment.words)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_text_as_the_library(family: Callable[[str], Path], sounds: list[Clip], name: str) -> None:
    """The oracle is the library's own greedy decoding of one clip: argmax, then the tokenizer's decode."""
    folder = family(name)
    network = transformers.AutoModelForCTC.from_pretrained(folder).eval()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ours = load(folder).transcribe(sounds, Options())
    for one, own in zip(sounds, ours, strict=True):
        with torch.inference_mode(), quiet():
            ids = network(**extractor(one.samples, sampling_rate=16_000, return_tensors="pt")).logits.argmax(-1)
        text = " ".join(tokenizer.decode(ids[0], skip_special_tokens=True).split())
        assert " ".join(segment.text for segment in own) == text


def test_the_same_text_as_the_librarys_parakeet(checkpoints: Path, strings: Strings) -> None:
    folder = checkpoints / "parakeet-ctc-digits"
    network = transformers.AutoModelForCTC.from_pretrained(folder, dtype=torch.float32).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    clips = [one for one, _ in strings[:6]]
    with torch.inference_mode():
        ids = network.generate(**processor([one.samples for one in clips], sampling_rate=16_000))
    ours = load(folder).transcribe(clips, Options())
    assert [own[0].text for own in ours] == processor.batch_decode(ids, skip_special_tokens=True)


@pytest.mark.slow
def test_frames_are_as_long_as_they_say(family: Callable[[str], Path], sounds: list[Clip]) -> None:
    long = replace(sounds[0], samples=np.zeros(16_000 * 10, np.float32))
    for name in FAMILIES:
        model = load(family(name)).ctc
        assert model is not None
        frames = len(model.emissions([long.samples])[0])
        assert frames * model.frame_seconds == pytest.approx(10.0, abs=2 * model.frame_seconds)


def test_best_tokens() -> None:
    path = [0, 2, 2, 0, 2, 1, 1, 0]
    log_probs = np.log(np.full((8, 3), 0.1))
    log_probs[np.arange(8), path] = np.log([0.8, 0.5, 0.7, 0.8, 0.6, 0.9, 0.4, 0.8])
    found = best_tokens(log_probs, 0)
    assert [(one.token, one.first, one.past) for one in found] == [(2, 1, 3), (2, 4, 5), (1, 5, 7)]
    assert [one.score for one in found] == pytest.approx([0.7, 0.6, 0.9])
    assert best_tokens(log_probs[:0], 0) == [] and best_tokens(log_probs[:1], 0) == []


def test_a_long_pause_is_in_no_word(trained: Callable[[str], Transformers], strings: Strings) -> None:
    (first, left), (second, _) = strings[0], strings[1]
    samples = np.concatenate((first.samples, np.zeros(12_000, np.float32), second.samples))
    segment = trained("parakeet-ctc-digits").transcribe([replace(first, samples=samples)], TIMED)[0][0]
    gaps = [after.start - before.end for before, after in pairwise(segment.words)]
    assert len(gaps) > 5 and int(np.argmax(gaps)) == len(left.split()) - 1 and max(gaps) > 0.6


def test_frames_are_those_that_the_training_code_counts(trained: Callable[[str], Transformers]) -> None:
    """NeMo: ``floor(samples / hop)`` features, then three convolutions of 3 with stride 2, padded by 1."""
    model = trained("parakeet-ctc-digits").ctc
    assert model is not None
    random = np.random.default_rng(4)
    for length in (1_600, 9_999, 16_000, *map(int, random.integers(5_000, 40_000, 12))):
        expected = length // 160
        for _ in range(3):
            expected = (expected + 2 - 3) // 2 + 1
        (found,) = model.emissions([random.standard_normal(length).astype(np.float32) * 0.1])
        assert len(found) == expected, length
