"""The decode loop against transformers' own, with rows that end, grow and run in circles."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from asr_plugins.qwen3 import decoding
from asr_plugins.qwen3.answers import loop
from asr_plugins.qwen3.checkpoint import Linear
from asr_plugins.qwen3.decoding import End, GreedyDecoder, Prompt, blocks, finished
from asr_plugins.qwen3.model import AsrModel
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def model(checkpoints: Path) -> AsrModel:
    torch.set_num_threads(1)
    return AsrModel(checkpoints / "qwen3-asr-digits", torch.device("cpu"), torch.float32)


def greedy(model: AsrModel, ends: tuple[int, ...] = ()) -> GreedyDecoder:
    """Return a decoder whose output is no longer tied to its input, so that random prompts give changing texts."""
    generator = torch.Generator().manual_seed(3)
    weight = torch.randn(model.decoder.embedding.shape, generator=generator)
    return GreedyDecoder(model.decoder, Linear(weight), ends)


def prompts(lengths: list[int], limits: list[int], width: int = 128) -> list[Prompt]:
    generator = torch.Generator().manual_seed(5)
    return [
        Prompt(torch.randn(length, width, generator=generator), limit)
        for length, limit in zip(lengths, limits, strict=True)
    ]


@pytest.mark.filterwarnings("ignore:Passing `repetition_penalty`")  # counts new tokens only, as ours does
@pytest.mark.parametrize("penalty", [1.3, pytest.param(1.0, marks=pytest.mark.slow)])
def test_each_row_is_what_transformers_generates(model: AsrModel, checkpoints: Path, penalty: float) -> None:
    from transformers import Qwen3ASRForConditionalGeneration

    reference = Qwen3ASRForConditionalGeneration.from_pretrained(
        checkpoints / "qwen3-asr-digits", dtype=torch.float32
    ).eval()
    decoder = greedy(model, ends=(7, 21, 300))
    reference.lm_head.weight = torch.nn.Parameter(decoder.output.weight)
    asked = prompts([40, 3, 17, 300, 17], [20, 40, 1, 30, 30])
    with torch.inference_mode():
        ours = decoder.write(asked, penalty)
        for one, prompt in zip(ours, asked, strict=True):
            theirs = reference.generate(
                inputs_embeds=prompt.vectors[None],
                max_new_tokens=prompt.limit,
                do_sample=False,
                repetition_penalty=penalty,
                eos_token_id=[7, 21, 300],
                pad_token_id=0,
            )[0].tolist()
            if one.end is End.DONE:
                assert theirs[:-1] == list(one.tokens) and theirs[-1] in (7, 21, 300)
            else:
                assert theirs == list(one.tokens) and len(theirs) == prompt.limit


@pytest.mark.slow
@torch.inference_mode()
def test_a_shared_beginning_is_as_if_each_prompt_had_it(model: AsrModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = greedy(model, ends=(7, 21, 300))
    (beginning,) = prompts([150], [1])
    asked = prompts([40, 3, 17, 300, 17], [20, 40, 1, 30, 30])
    whole = [Prompt(torch.cat((beginning.vectors, one.vectors)), one.limit) for one in asked]
    expected = decoder.write(whole)
    for at_once in (2048, 16):
        monkeypatch.setattr(decoding, "PREFIX_AT_ONCE", at_once)
        prefix = decoder.prefix(beginning.vectors)
        for _ in range(2):  # a prefix is not changed by what follows it
            found = decoder.write(asked, prefix=prefix)
            assert [(one.tokens, one.end) for one in found] == [(one.tokens, one.end) for one in expected]
            assert [one.log_prob for one in found] == pytest.approx([one.log_prob for one in expected], abs=1e-4)


@pytest.mark.slow
@torch.inference_mode()
def test_rows_do_not_depend_on_each_other_and_the_cache_grows(model: AsrModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LENGTH_STEP", 16)
    grown = []
    monkeypatch.setattr(
        decoding.Cache,
        "grown",
        lambda self, length, old=decoding.Cache.grown: (grown.append(length), old(self, length))[1],
    )
    decoder = greedy(model, ends=(7, 21, 300))
    pick = random.Random(0)
    asked = prompts([pick.randrange(1, 200) for _ in range(6)], [pick.choice([0, 5, 50, 400]) for _ in range(6)])
    together = decoder.write(asked)
    assert grown and len({one.end for one in together}) > 1
    for one, prompt in zip(together, asked, strict=True):
        alone = decoder.write([prompt])[0]
        assert (alone.tokens, alone.end) == (one.tokens, one.end)
        assert alone.log_prob == pytest.approx(one.log_prob, abs=1e-4)


@torch.inference_mode()
def test_several_steps_between_two_looks_change_nothing(model: AsrModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done on CUDA, but for the graphs."""
    asked = prompts([40, 3, 17, 100], [20, 60, 1, 30])
    decoder = greedy(model, ends=(7, 21, 300))
    plain = decoder.write(asked)
    monkeypatch.setattr(decoding, "STEPS_AT_ONCE", {"cpu": 8})
    for one, other in zip(greedy(model, ends=(7, 21, 300)).write(asked), plain, strict=True):
        assert (one.tokens, one.end) == (other.tokens, other.end)
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-4)


@pytest.mark.slow
@torch.inference_mode()
def test_rounded_batches_and_a_kept_cache_change_nothing(model: AsrModel) -> None:
    """The same as on CUDA with a graph that is replayed by computing: rows that fill up, a cache used again."""
    decoder = greedy(model, ends=(7, 21, 300))
    asked = prompts([40, 3, 17, 100, 9], [20, 60, 1, 90, 30])
    plain = decoder.write(asked)
    stepper = decoder._prepare(5, 101)
    padded = decoding.Stepper(decoder, decoding.Cache(model.config.text, 8, 512, model.decoder.embedding), True)
    padded._graph = lambda rows, span: lambda: padded._advance(rows, span)  # type: ignore[method-assign]
    decoder._prepare = lambda rows, length: padded  # type: ignore[method-assign]
    for _ in range(2):
        assert [(one.tokens, one.end) for one in decoder.write(asked)] == [(one.tokens, one.end) for one in plain]
    assert stepper.cache.rows == 5


def test_a_loop_ends_the_row(model: AsrModel) -> None:
    """The output layer says three tokens in turn, for ever."""
    decoder = greedy(model)
    seen = {"token": 0}

    def output(hidden: torch.Tensor) -> torch.Tensor:
        seen["token"] = (seen["token"] + 1) % 3
        return torch.nn.functional.one_hot(torch.full((len(hidden),), 5 + seen["token"]), 512).float()

    decoder.output = output  # type: ignore[assignment]
    with torch.inference_mode():
        written = decoder.write(prompts([4], [400]))[0]
    assert written.end is End.LOOP and len(written.tokens) == 3


# Finding loops


@given(
    st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=64), st.integers(10, 20)
)
def test_repeats_are_found_wherever_they_begin(head: list[int], pattern: list[int], times: int) -> None:
    tokens = head + pattern * max(times, -(-40 // len(pattern)))
    found = loop(tokens)
    assert found is not None
    start, size = found
    assert start <= len(head) and len(pattern) % size == 0
    assert all(tokens[at] == tokens[at - size] for at in range(start + size, len(tokens)))


@pytest.mark.parametrize(
    "tokens",
    [[], [1], [1] * 39, [1, 2] * 19, [1, 2, 3] * 13, list(range(50)) * 9, list(range(200)), [1] * 60 + [2]],
)
def test_figures_of_speech_are_no_loops(tokens: list[int]) -> None:
    assert loop(tokens) is None


def test_a_loop_is_taken_down_to_one_turn() -> None:
    row = decoding._Row(0, 0, 500, tokens=[9, 8, 7] + [1, 2, 3, 4] * 12)
    assert finished(row, End.LOOP).tokens == (9, 8, 7, 1, 2, 3, 4)


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40))
def test_prompts_are_read_in_blocks_of_like_length(lengths: list[int]) -> None:
    class Sized:
        def __init__(self, length: int) -> None:
            self.vectors = range(length)

    asked = [Sized(length) for length in lengths]
    order = sorted(range(len(asked)), key=lambda number: -lengths[number])
    groups = blocks(order, asked)  # type: ignore[arg-type]
    assert [number for _, *numbers in groups for number in numbers] == order
    for row, *numbers in groups:
        assert order[row] == numbers[0]
        own = [lengths[number] for number in numbers]
        assert min(own) >= 0.75 * max(own) and (len(own) == 1 or len(own) * max(own) <= 16_384 + max(own))


@torch.inference_mode()
def test_memory_that_ran_out_is_let_go(model: AsrModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = greedy(model)
    decoder._stepper = decoder.stepper(16)
    monkeypatch.setattr(decoder, "_read", lambda *given: (_ for _ in ()).throw(torch.OutOfMemoryError("no memory")))
    with pytest.raises(torch.OutOfMemoryError):
        decoder.write(prompts([4], [4]))
    assert decoder._stepper is None
