"""Models that write: the trained Whisper, and tiny random Moonshine and Canary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jiwer
import pytest
import torch
import transformers
from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.sequence import Request
from transformers_engine.conftest import load

from asrcli.engine import Device, Weights
from asrcli.errors import UsageError
from asrcli.types import Clip, Flag, Options
from asrcli.weights.plain import quiet
from tests.clips import silence

Strings = list[tuple[Clip, str]]


@pytest.fixture(scope="module")
def whisper(trained: Callable[[str], Transformers]) -> Transformers:
    return trained("whisper-digits")


@pytest.mark.slow
@pytest.mark.parametrize("options", [Options(), Options(language="en"), Options(beam_size=3)])
def test_whisper_hears_digits(whisper: Transformers, strings: Strings, options: Options) -> None:
    some = strings[:4]
    found = whisper.transcribe([one for one, _ in some], options)
    assert jiwer.wer([text for _, text in some], [own[0].text for own in found]) < 0.1
    assert all(own[0].language == "en" and own[0].flags == () for own in found)
    assert all((own[0].score or 0.0) > 0.8 for own in found)


@pytest.mark.slow
def test_whisper_as_the_library(whisper: Transformers, checkpoints: Path, strings: Strings) -> None:
    folder = checkpoints / "whisper-digits"
    network = transformers.WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    for one, _ in strings[:2]:
        features = processor(one.samples, sampling_rate=16_000, return_tensors="pt").input_features
        with quiet(), torch.inference_mode():
            ids = network.generate(features, language="en", task="transcribe")
        text = processor.batch_decode(ids, skip_special_tokens=True)[0].strip()
        assert whisper.transcribe([one], Options(language="en"))[0][0].text == text


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [0.2, None])
def test_alternatives_as_the_library(
    whisper: Transformers, checkpoints: Path, strings: Strings, penalty: float | None
) -> None:
    folder = checkpoints / "whisper-digits"
    network = transformers.WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    asked = {"num_beams": 4, "num_return_sequences": 3, "return_dict_in_generate": True, "output_scores": True}
    options = Options(language="en", beam_size=4, n_best=3, length_penalty=penalty)
    found = whisper.transcribe([one for one, _ in strings[:3]], options)
    for (segment,), (one, _) in zip(found, strings, strict=False):
        features = processor(one.samples, sampling_rate=16_000, return_tensors="pt").input_features
        begin = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
        prompt = torch.tensor([processor.tokenizer.convert_tokens_to_ids(begin)])
        with quiet(), torch.inference_mode():
            written = transformers.GenerationMixin.generate(
                network, features, decoder_input_ids=prompt, length_penalty=1.0 if penalty is None else penalty, **asked
            )
        texts = processor.batch_decode(written.sequences, skip_special_tokens=True)
        assert [own.text for own in segment.alternatives] == [text.strip() for text in texts]
        scores = [own.search_score for own in segment.alternatives]
        assert scores == pytest.approx(written.sequences_scores.tolist(), abs=1e-4)
        assert segment.alternatives[0].text == segment.text
        assert all(len(own.tokens) == len(own.token_logprobs) for own in segment.alternatives)


def test_whisper_says_which_languages_it_speaks(whisper: Transformers, strings: Strings) -> None:
    with pytest.raises(UsageError, match="does not speak 'xx'"):
        whisper.transcribe([strings[0][0]], Options(language="xx"))


def test_whisper_identifies_languages(checkpoints: Path, strings: Strings) -> None:
    weights = Weights("whisper", str(checkpoints / "whisper-digits"))
    card = Transformers.for_weights(weights)
    assert card.identifies_language and not Transformers.identifies_language
    engine = card(weights, Device(threads=1))
    spoken, short = engine.identify_language([strings[0][0], silence(0.01)])
    assert max(spoken, key=lambda code: spoken[code]) == "en" and sum(spoken.values()) == pytest.approx(1.0)
    assert len(set(short.values())) == 1 and sum(short.values()) == pytest.approx(1.0)
    assert engine.identify_language([]) == []


@pytest.mark.slow
def test_the_language_of_a_clip_counts(whisper: Transformers, strings: Strings) -> None:
    clips = [replace(strings[0][0], language="en"), strings[1][0]]
    assert [own[0].language for own in whisper.transcribe(clips, Options())] == ["en", "en"]


def test_a_limit_on_tokens_cuts_and_says_so(whisper: Transformers, strings: Strings) -> None:
    one = strings[0][0]
    whole = whisper.transcribe([one], Options())[0][0]
    cut = whisper.transcribe([one], Options(max_new_tokens=2))[0][0]
    assert cut.flags == (Flag.TRUNCATED.value,) and cut.tokens == whole.tokens[:2]


@pytest.mark.parametrize("name", ["moonshine", pytest.param("canary", marks=pytest.mark.slow)])
def test_alone_as_together(family: Callable[[str], Path], sounds: list[Clip], name: str) -> None:
    engine = load(family(name))
    options = Options(language="de" if name == "canary" else None)
    together = engine.transcribe(sounds, options)
    assert len({own[0].text for own in together if own}) > (1 if name == "moonshine" else 0)
    for one, own in zip(sounds, together, strict=True):
        alone = engine.transcribe([one], options)[0]
        assert [(segment.text, segment.flags) for segment in own] == [
            (segment.text, segment.flags) for segment in alone
        ]
        for left, right in zip(own, alone, strict=True):
            assert left.avg_logprob == pytest.approx(right.avg_logprob, abs=1e-3)


@pytest.mark.slow
def test_moonshine_as_the_library(family: Callable[[str], Path], sounds: list[Clip]) -> None:
    folder = family("moonshine")
    engine = load(folder)
    network = transformers.MoonshineForConditionalGeneration.from_pretrained(folder).eval()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    assert engine.sequence is not None
    for one in sounds:
        budget = engine.sequence._budget(one.samples, Request())
        with quiet(), torch.inference_mode():
            inputs = extractor(one.samples, sampling_rate=16_000, return_tensors="pt")
            ids = network.generate(**inputs, max_new_tokens=budget)[0].tolist()
        own = engine.transcribe([one], Options())[0][0]
        assert list(own.tokens) == [token for token in ids[1:] if token != 2]


def test_canarys_prompt_is_the_processors(family: Callable[[str], Path], sounds: list[Clip]) -> None:
    model = load(family("canary")).sequence
    assert model is not None and model.processor is not None
    samples = [one.samples for one in sounds[:2]]
    made = model.processor.apply_transcription_request(
        audio=samples, source_language=["de", "en"], target_language=["en", "en"]
    )
    ours = model._prompts(samples, ["de", None], Request(task="translate"))
    assert torch.equal(ours, made["decoder_input_ids"])


def test_only_some_models_translate(family: Callable[[str], Path], sounds: list[Clip]) -> None:
    with pytest.raises(UsageError, match="does not translate"):
        load(family("moonshine")).transcribe(sounds[:1], Options(task="translate"))
    load(family("canary")).transcribe(sounds[:1], Options(task="translate", language="de"))
