"""The native backend: what it hears, and that it computes what transformers and PEFT compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
import torch
from asr_plugins.canary import LONGEST, MOST_TOKENS, Canary, token_limit
from asr_plugins.canary.native import batches
from asr_plugins.canary.tokens import text_prompt
from asr_plugins.canary.weights import Networks
from asr_plugins.qwen3.decoding import End, GreedyDecoder, Prompt, Written

from asrcli.capabilities import Answers
from asrcli.engine import Engine
from asrcli.types import Clip, Flag, Options, Recording, Region
from tests.clips import noise, silence

Spoken = list[tuple[Clip, str]]


def texts(engine: Engine, clips: Sequence[Clip], options: Options | None = None) -> list[str]:
    return [" ".join(one.text for one in own) for own in engine.transcribe(clips, options or Options())]


def error_rate(engine: Engine, spoken: Spoken) -> float:
    heard = texts(engine, [clip for clip, _ in spoken])
    return float(jiwer.wer([text for _, text in spoken], heard))


def networks(engine: Engine) -> Networks:
    return engine.listener.networks  # type: ignore[attr-defined,no-any-return]


# What it hears


def test_digits(native: Engine, digits: Spoken) -> None:
    assert error_rate(native, digits[:12]) < 0.05


@pytest.mark.slow
def test_digits_in_bfloat16(load: Callable[..., Engine], folder: Path, digits: Spoken) -> None:
    assert error_rate(load(folder, dtype="bfloat16"), digits) < 0.05


@pytest.mark.slow
def test_human_digits(native: Engine, human: Spoken) -> None:
    assert error_rate(native, human) < 0.1


@pytest.mark.slow
def test_tokens_do_not_depend_on_the_batch(native: Engine, digits: Spoken) -> None:
    clips = [clip for clip, _ in digits[:6]]
    together = native.transcribe([*clips, silence(0.01), noise(7.0, 20)], Options())
    for clip, own in zip(clips, together, strict=False):
        alone = native.transcribe([clip], Options())[0]
        assert [one.tokens for one in own] == [one.tokens for one in alone]
        assert own[0].avg_logprob == pytest.approx(alone[0].avg_logprob, abs=1e-4)


def test_a_result_is_cut_at_its_own_limit_and_says_so(native: Engine, digits: Spoken) -> None:
    clip, text = digits[0]
    (whole,) = native.transcribe([clip], Options())[0]
    for limit in range(1, len(whole.tokens) + 2):
        (cut,) = native.transcribe([clip, digits[1][0]], Options(max_new_tokens=limit))[0]
        assert cut.tokens == whole.tokens[:limit]
        assert (Flag.TRUNCATED in cut.flags) == (limit < len(whole.tokens))
    assert whole.text == text and not whole.flags


def test_one_clip_s_limit_is_not_another_s(native: Engine, digits: Spoken) -> None:
    """Seconds decide how much may be said, so a short clip in the batch of a long one must not say more than alone."""
    listener = native.listener  # type: ignore[attr-defined]
    samples = [digits[0][0].samples, digits[1][0].samples]
    mixed = listener.transcribe(samples, [2, 50])
    assert len(mixed[0].tokens) == 2 and not mixed[0].finished and mixed[1].finished


def test_limits_cover_the_fastest_speech_and_stay_within_the_training() -> None:
    assert token_limit(LONGEST) > LONGEST / 60 * 350 * 1.3  # 350 words a minute, 1.3 tokens each
    for seconds in np.linspace(0.02, LONGEST, 50):
        assert 1 <= token_limit(float(seconds)) <= MOST_TOKENS - seconds / 0.08
    assert token_limit(1000.0) == 1


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 319])
def test_clips_too_short_for_features_are_silence(native: Engine, digits: Spoken, samples: int) -> None:
    short = Clip(Recording("a.wav"), 0.0, np.full(samples, 0.5, np.float32))
    assert native.transcribe([short, digits[0][0]], Options())[0] == []


@pytest.mark.parametrize("samples", [320, 321, 479, 480, 1279, 1280, 1281])
def test_the_shortest_clips_give_numbers(native: Engine, samples: int) -> None:
    sound = noise(1.0, 20).samples[:samples]
    listener = native.listener  # type: ignore[attr-defined]
    (encoded,) = listener.encode([sound])
    assert len(encoded) == -(-(samples // 160) // 8) and torch.isfinite(encoded).all()


def test_segments_reach_as_far_as_the_speech(native: Engine, digits: Spoken) -> None:
    samples = digits[0][0].samples
    clip = Clip(Recording("a.wav"), 100.0, samples, (Region(100.4, 101.0), Region(101.2, 102.2)))
    (segment,) = native.transcribe([clip], Options())[0]
    assert (segment.start, segment.end) == (pytest.approx(0.4), pytest.approx(2.2))
    elsewhere = Clip(Recording("a.wav"), 0.0, samples, (Region(90.0, 95.0),))
    (segment,) = native.transcribe([elsewhere], Options())[0]
    assert 0 <= segment.start <= segment.end <= elsewhere.seconds


class Loops:
    """A model that comes to an end only with less than so many seconds, and says how long a clip is."""

    def __init__(self, tokens: Any, seconds: float) -> None:
        self.tokens, self.seconds = tokens, seconds
        self.calls: list[list[float]] = []

    def transcribe(self, clips: Sequence[Any], limits: Sequence[int]) -> list[Written]:
        lengths = [len(clip) / 16_000 for clip in clips]
        self.calls.append(lengths)
        return [
            Written((*self.tokens.encode("nine"),), End.LIMIT, 0.0)
            if one > self.seconds
            else Written((*self.tokens.encode("one"),), End.DONE, 0.0)
            for one in lengths
        ]


@pytest.fixture
def looping(load: Callable[..., Engine], folder: Path) -> Callable[[float], Any]:
    def build(seconds: float) -> Any:
        engine: Any = load(folder)
        engine.listener = Loops(engine.tokens, seconds)
        return engine

    return build


def long_clip(seconds: float, pauses: Sequence[float]) -> Clip:
    samples = noise(seconds, 20).samples.copy()
    for pause in pauses:
        samples[round(pause * 16_000) - 1600 : round(pause * 16_000) + 1600] = 0
    speech = (Region(100.0, 100.0 + seconds),)
    return Clip(Recording("a.wav"), 100.0, samples, speech)


def test_a_clip_that_loops_is_heard_in_halves_cut_at_its_pauses(looping: Any) -> None:
    engine = looping(8.0)
    short, long = long_clip(5.0, []), long_clip(24.0, [5.5, 11.0, 18.5])
    first, second = engine.transcribe([short, long], Options())
    assert [(one.start, one.end, one.flags) for one in first] == [(0.0, 5.0, ())]
    assert [one.text for one in second] == ["one"] * 4
    assert [one.start for one in second] == pytest.approx([0.0, 5.5, 11.0, 18.5], abs=0.06)
    assert [one.end for one in second] == pytest.approx([5.5, 11.0, 18.5, 24.0], abs=0.06)
    assert all(one.flags == ("in_halves",) for one in second)
    assert [len(call) for call in engine.listener.calls] == [2, 2, 4]
    assert engine.transcribe([long], Options()) == [second]


def test_what_loops_in_its_smallest_piece_is_flagged_and_ends(looping: Any) -> None:
    engine = looping(0.0)
    (found,) = engine.transcribe([long_clip(38.0, [])], Options())
    assert all(set(one.flags) == {"truncated", "in_halves"} for one in found)
    assert sum(one.end - one.start for one in found) == pytest.approx(38.0, abs=0.01)
    assert len(engine.listener.calls) <= 5


def test_a_half_without_speech_is_left_out(looping: Any) -> None:
    clip = long_clip(16.0, [8.0])
    speech = (Region(101.0, 106.0),)
    (found,) = looping(9.0).transcribe([Clip(clip.recording, clip.start, clip.samples, speech)], Options())
    assert [(one.start, one.end) for one in found] == [(1.0, 6.0)]


def test_a_limit_that_was_asked_for_is_the_last_word(looping: Any) -> None:
    engine = looping(8.0)
    (found,) = engine.transcribe([long_clip(24.0, [])], Options(max_new_tokens=50))
    assert [one.flags for one in found] == [("truncated",)] and len(engine.listener.calls) == 1


# That it computes what others compute


def test_the_plain_model_shares_all_but_what_lora_changes(native: Engine) -> None:
    plain, listening = networks(native).plain, networks(native).listening
    assert plain.embedding is listening.embedding
    for own, theirs in zip(plain.layers, listening.layers, strict=True):
        other = {field.name for field in fields(own) if getattr(own, field.name) is not getattr(theirs, field.name)}
        assert other == {"query_key_value"}


PEFT_WARNS = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@pytest.fixture(scope="module")
def reference(native: Engine, folder: Path) -> Any:
    """Return the language model with LoRA as PEFT computes it, on transformers' own Qwen3 and attention."""
    peft = pytest.importorskip("peft")
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModelForCausalLM

    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder / "llm_backbone"))
    model = peft.get_peft_model(
        model, peft.LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules=["q_proj", "v_proj"])
    )
    stored = load_file(folder / "model.safetensors")
    state = {name.removeprefix("llm."): one.float() for name, one in stored.items() if name.startswith("llm.")}
    state["base_model.model.model.embed_tokens.weight"] = stored["embed_tokens.weight"].float()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert missing == ["base_model.model.lm_head.weight"] and not unexpected
    return model.eval()


def random_prompts(width: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(length, width, generator=generator) * 0.3 for length in (5, 40, 17, 40, 2, 23)]


@PEFT_WARNS
@torch.no_grad()
def test_logits_are_those_of_peft(native: Engine, reference: Any) -> None:
    embedded = random_prompts(96)[1][None]
    logits = reference(inputs_embeds=embedded).logits
    ours = networks(native)
    assert (ours.output(ours.listening.read(embedded, None)) - logits).abs().max() < 1e-4
    with reference.disable_adapter():
        plain = reference(inputs_embeds=embedded).logits
    assert (ours.output(ours.plain.read(embedded, None)) - plain).abs().max() < 1e-5
    assert (plain - logits).abs().max() > 0.1  # so that one cannot pass for the other


@PEFT_WARNS
@torch.no_grad()
@pytest.mark.parametrize("view", ["listening", "plain"])
def test_decoding_is_that_of_transformers(native: Engine, reference: Any, view: str) -> None:
    """Prompts of many lengths, each alone with transformers' `generate` and together with ours."""
    rows, limits = random_prompts(96), [30, 12, 30, 1, 25, 30]
    decoder = GreedyDecoder(getattr(networks(native), view), networks(native).output, (2, 0), loops=False)
    written = decoder.write([Prompt(row, limit) for row, limit in zip(rows, limits, strict=True)])
    for row, limit, one in zip(rows, limits, written, strict=True):
        with reference.disable_adapter() if view == "plain" else torch.no_grad():
            theirs = reference.generate(
                inputs_embeds=row[None],
                attention_mask=torch.ones(1, len(row), dtype=torch.long),
                max_new_tokens=limit + 1,  # one more shows whether that was all
                do_sample=False,
                eos_token_id=[2, 0],
                pad_token_id=0,
            )[0].tolist()
        finished = bool(theirs) and theirs[-1] in (2, 0)
        assert (list(one.tokens), one.finished) == (theirs[:-1] if finished else theirs[:limit], finished)


@pytest.mark.parametrize("lengths", [[], [9], [1, 5, 3, 5, 2, 8, 1], [100, 1]])
def test_batches_hold_every_prompt_once_within_the_room(lengths: list[int]) -> None:
    found = list(batches(lengths, most=12))
    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= 12


# Answers


def test_answers_are_the_plain_model_s_and_do_not_depend_on_the_batch(native: Engine) -> None:
    asked = ["Sum up.\n\nseven three nine", "What is this about?\n\nhello there", "Repeat: five two"]
    together = native.generate(asked, 50)
    assert together == ["summary: 7 3 9", "summary: none", "five two"]
    assert [native.generate([one], 50)[0] for one in asked] == together


def test_an_answer_that_is_cut_short_shows_it(native: Engine) -> None:
    assert native.generate(["Sum up.\n\nseven three nine"], 2)[0].endswith("…")


def test_thinking_is_taken_away_where_the_model_does_it_all_the_same(
    native: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asr_plugins.canary.tokens.NO_THINKING", "")  # then this model thinks first, as Qwen3 does
    ids = native.tokens.encode(text_prompt("Sum up.\n\nseven three nine"))  # type: ignore[attr-defined]
    assert native.tokens.decode(ids).endswith("assistant\n")  # type: ignore[attr-defined]
    written = native.listener.answer(["Sum up.\n\nseven three nine"], 50)[0]  # type: ignore[attr-defined]
    assert "<think>" in native.tokens.decode(written.tokens)  # type: ignore[attr-defined]
    assert native.generate(["Sum up.\n\nseven three nine"], 50) == ["summary: 7 3 9"]
    assert native.generate(["Sum up.\n\nseven three nine"], 3) == [""]  # it did not come to an answer


def test_speech_without_lora_is_something_else(native: Engine, digits: Spoken) -> None:
    listener = native.listener  # type: ignore[attr-defined]
    (heard,) = listener.encode([digits[0][0].samples])
    spoken = torch.cat((listener.before, heard, listener.after))
    (plain,) = listener.plain.write([Prompt(spoken, 30)])
    assert native.tokens.decode(plain.tokens) != digits[0][1]  # type: ignore[attr-defined]


def test_room_for_prompts_follows_from_the_model(native: Engine) -> None:
    assert native.prompt_characters == 8192


def test_the_card_says_english_only_for_folders_too() -> None:
    assert Canary.languages("/some/folder") == ("en",) and issubclass(Canary, Answers) and Canary.max_seconds <= 40
