"""The same tokens as the official package, and the same numbers as the classes of transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from asr_plugins.qwen3 import Qwen3
from asr_plugins.qwen3.decoding import End, Prompt
from asr_plugins.qwen3.model import AsrModel, Request, after, before

from asrcli.types import Clip, Options, Recording
from tests.qwen3 import random_models as cases

LANGUAGES = {"English": "en", "Chinese": "zh", None: None}
PARTS = (
    (r"^thinker\.audio_tower\.proj1\.", "model.multi_modal_projector.linear_1."),
    (r"^thinker\.audio_tower\.proj2\.", "model.multi_modal_projector.linear_2."),
    (r"^thinker\.audio_tower\.", "model.audio_tower."),
    (r"^thinker\.model\.", "model.language_model."),
)


@pytest.fixture(scope="module")
def loaded(random_folder: tuple[int, Path]) -> tuple[int, AsrModel]:
    seed, folder = random_folder
    torch.set_num_threads(1)
    return seed, AsrModel(folder, torch.device("cpu"), torch.float32)


def requests(seed: int) -> list[Request]:
    return [
        Request(cases.wave(seconds, seed), context, LANGUAGES[language], cases.NEW_TOKENS)
        for seconds, (context, language) in zip(cases.SECONDS, cases.REQUESTS, strict=True)
    ]


@pytest.mark.slow
def test_prompts_are_the_official_ones(loaded: tuple[int, AsrModel], official: dict[str, np.ndarray]) -> None:
    seed, model = loaded
    for number, request in enumerate(requests(seed)):
        speech = [model.vocabulary.mark("<|audio_pad|>")] * model.encoder.tokens(len(request.samples) // 160)
        ours = [*model.vocabulary.encode(before(request.context)), *speech]
        ours += model.vocabulary.encode(after(request.language))
        assert ours == official[f"asr-{seed}-{number}-prompt"].tolist()


def test_speech_is_heard_as_by_the_official_encoder(
    loaded: tuple[int, AsrModel], official: dict[str, np.ndarray]
) -> None:
    seed, model = loaded
    features = [model.features(request.samples) for request in requests(seed)]
    for number, heard in enumerate(model.encoder.encode(features)):
        theirs = official[f"asr-{seed}-{number}-heard"]
        assert heard[:: max(1, len(heard) // 4), :8].numpy() == pytest.approx(theirs, abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("together", [True, False])
def test_tokens_are_the_official_ones(
    loaded: tuple[int, AsrModel], official: dict[str, np.ndarray], together: bool
) -> None:
    seed, model = loaded
    asked = requests(seed)
    written = model.transcribe(asked) if together else [model.transcribe([one])[0] for one in asked]
    for number, one in enumerate(written):
        assert list(one.tokens) == official[f"asr-{seed}-{number}-tokens"].tolist()
        assert one.end is End.LIMIT


@pytest.mark.slow
@pytest.mark.parametrize(("way", "language"), [("alone", None), ("language", "en"), ("batch", None)])
def test_trained_models_answer_as_the_official_package(
    digits: Qwen3,
    digit_strings: list[tuple[Path, str]],
    official: dict[str, np.ndarray],
    way: str,
    language: str | None,
) -> None:
    asked = [Request(cases.digit_wave(path), "", language, 64) for path, _ in digit_strings]
    written = digits.model.transcribe(asked) if way == "batch" else [digits.model.transcribe([one])[0] for one in asked]
    assert [list(one.tokens) for one in written] == [
        official[f"digits-{way}-{number}"].tolist() for number in range(len(asked))
    ]
    clips = [Clip(Recording("x"), 0.0, one.samples, language=language) for one in asked]
    found = digits.transcribe(clips, Options())
    assert [" ".join(one.text for one in own) for own in found] == official[f"digits-{way}-texts"].tolist()


@pytest.mark.slow
def test_long_clips_are_those_of_transformers(loaded: tuple[int, AsrModel], random_folder: tuple[int, Path]) -> None:
    """Over 8 s the official encoder is at fault; transformers keeps windows apart, as we do."""
    seed, model = loaded
    reference = transformers_model(random_folder[1])
    samples = cases.wave(20.25, seed)
    features = model.features(samples)
    padded = torch.nn.functional.pad(features, (0, -features.shape[1] % 100))[None]
    mask = (torch.arange(padded.shape[2]) < features.shape[1]).long()[None]
    with torch.inference_mode():
        theirs = reference.get_audio_features(padded, mask).pooler_output
        ours = model.encoder.encode([features])[0]
        assert ours.numpy() == pytest.approx(theirs.numpy(), abs=2e-5)
        prompt = torch.cat((model.ids(before("")), ours, model.ids(after("en"))))
        given = reference.generate(
            inputs_embeds=prompt[None], max_new_tokens=12, do_sample=False, pad_token_id=0, eos_token_id=[151645]
        )
        assert list(model.greedy.write([Prompt(prompt, 12)])[0].tokens) == given[0].tolist()


@pytest.mark.slow
def test_log_probabilities_are_those_of_transformers(
    loaded: tuple[int, AsrModel], random_folder: tuple[int, Path]
) -> None:
    seed, model = loaded
    reference = transformers_model(random_folder[1])
    request = requests(seed)[1]
    written = model.transcribe([request])[0]
    with torch.inference_mode():
        heard = model.encoder.encode([model.features(request.samples)])[0]
        prompt = torch.cat((model.ids(before(request.context)), heard, model.ids(after(request.language))))
        whole = torch.cat((prompt, model.embed(written.tokens)))
        logits = reference(inputs_embeds=whole[None]).logits[0, len(prompt) - 1 : -1]
        chosen = logits.log_softmax(-1)[range(len(written.tokens)), list(written.tokens)]
    assert written.log_prob == pytest.approx(chosen.mean().item(), abs=1e-4)


def transformers_model(folder: Path) -> torch.nn.Module:
    """Load an original folder into the class of transformers, with a configuration and names of our own."""
    from transformers import Qwen3ASRConfig, Qwen3ASRForConditionalGeneration

    text = {key: value for key, value in cases.TEXT.items() if key != "rope_theta"}
    text |= {"rope_parameters": {"rope_type": "default", "rope_theta": cases.TEXT["rope_theta"]}}
    config = Qwen3ASRConfig(
        audio_config={**cases.AUDIO, "model_type": "qwen3_asr_encoder"},
        text_config={**text, "model_type": "qwen3", "tie_word_embeddings": True},
        audio_token_id=151676,
        tie_word_embeddings=True,
    )
    model = Qwen3ASRForConditionalGeneration.from_pretrained(
        folder, config=config, key_mapping=dict(PARTS), dtype=torch.float32
    )
    return model.eval()
