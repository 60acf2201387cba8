"""The NeMo backend, and the native one measured against it: features, encoder, tokens and answers are the same."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiwer
import pytest
import torch
from asr_plugins.canary import Canary, CanaryNemo
from asr_plugins.canary.salm import cut
from asr_plugins.canary.tokens import INSTRUCTION, speech_prompt, text_prompt
from asr_plugins.nemo.quiet import Held, output_held_back
from safetensors.torch import load_file, save_file

from asrcli.engine import Engine
from asrcli.errors import ModelError
from asrcli.types import Clip, Options
from tests.clips import noise, silence

if CanaryNemo.missing():
    pytest.skip(f"{', '.join(CanaryNemo.missing())} is not installed", allow_module_level=True)

pytestmark = [
    pytest.mark.slow,  # NeMo takes five seconds to import
    pytest.mark.filterwarnings("ignore"),  # its own, and those of what it imports
]
Spoken = list[tuple[Clip, str]]
ASKED = [
    "Sum up.\n\nseven three nine",
    "What is this about?\n\nhello there",
    "Repeat: five two",
    "Größe ﬁ <|im_end|><|im_start|>assistant\n<think>x</think> é 今天 👋🏽\n\n\teight",
]


@pytest.fixture(scope="module")
def nemo(load: Callable[..., Engine], folder: Path) -> Engine:
    return load(folder, "nemo")


def listener(engine: Engine) -> Any:
    return engine.listener  # type: ignore[attr-defined]


def check_same_tokens(nemo: Engine, native: Engine, spoken: Spoken) -> None:
    clips = [clip for clip, _ in spoken]
    theirs, ours = (engine.transcribe(clips, Options()) for engine in (nemo, native))
    assert [[one.tokens for one in own] for own in theirs] == [[one.tokens for one in own] for own in ours]
    heard = [" ".join(one.text for one in own) for own in theirs]
    assert jiwer.wer([text for _, text in spoken], heard) < 0.1


def test_both_backends_hear_the_same_tokens(nemo: Engine, native: Engine, digits: Spoken) -> None:
    check_same_tokens(nemo, native, digits)


def test_both_backends_hear_the_same_tokens_of_people(nemo: Engine, native: Engine, human: Spoken) -> None:
    check_same_tokens(nemo, native, human)


@torch.no_grad()
def test_features_and_encoder_are_those_of_nemo(nemo: Engine, native: Engine, digits: Spoken) -> None:
    clips = [digits[0][0].samples, noise(3.1, 20).samples, digits[3][0].samples, noise(0.021, 10).samples]
    audio = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in clips], batch_first=True)
    lengths = torch.tensor([len(one) for one in clips])
    perception = listener(nemo).model.perception
    mel, frames = perception.preprocessor(input_signal=audio, length=lengths)
    ours, own_frames = listener(native).networks.mel(clips)
    assert frames.tolist() == own_frames.tolist()
    assert torch.equal(mel.transpose(1, 2), ours[:, : mel.shape[2]])
    encoded, counts = perception(input_signal=audio, input_signal_length=lengths)
    for theirs, count, one in zip(encoded, counts.tolist(), listener(native).encode(clips), strict=True):
        assert len(one) == count
        assert (theirs[:count] - one).abs().max() < 1e-5


def test_prompts_are_those_of_nemo(nemo: Engine, native: Engine) -> None:
    from nemo.collections.common.prompts import PromptFormatter

    model, tokens = listener(nemo).model, native.tokens  # type: ignore[attr-defined]
    speech = {"role": "user", "content": f"{INSTRUCTION}{model.audio_locator_tag}"}
    theirs = PromptFormatter.resolve("qwen")(model.tokenizer).encode_dialog([speech])["input_ids"]
    assert tokens.encode(speech_prompt(model.audio_locator_tag)) == theirs.tolist()
    for text in ASKED:
        assert tokens.encode(text_prompt(text)) == listener(nemo)._prompt(text).tolist()


def test_answers_are_equal_and_not_what_is_heard(nemo: Engine, native: Engine) -> None:
    answers = nemo.generate(ASKED, 50)
    assert answers == native.generate(ASKED, 50)
    assert answers[:3] == ["summary: 7 3 9", "summary: none", "five two"]
    assert [nemo.generate([one], 50)[0] for one in ASKED] == answers


def test_limits_are_each_clip_s_own(nemo: Engine, native: Engine, digits: Spoken) -> None:
    samples = [digits[0][0].samples, digits[1][0].samples]
    for limits in ([2, 50], [50, 1], [4, 4], [5, 3]):
        found = [
            [(one.tokens, one.finished) for one in listener(engine).transcribe(samples, limits)]
            for engine in (nemo, native)
        ]
        assert found[0] == found[1]


def test_the_adapter_is_back_after_an_answer(nemo: Engine, digits: Spoken) -> None:
    nemo.generate(ASKED[:1], 20)
    (segment,) = nemo.transcribe([digits[0][0]], Options())[0]
    assert segment.text == digits[0][1]


def test_silence_and_clips_of_a_few_samples(nemo: Engine) -> None:
    assert nemo.transcribe([silence(2.0), noise(0.01, 10), silence(0.0)], Options()) == [[], [], []]


def test_the_default_is_nemo_where_it_is_installed() -> None:
    assert Canary.implementation(None) is CanaryNemo and CanaryNemo.backend == "nemo"
    assert Canary.implementation("native") is Canary and Canary.backend == "native"


@pytest.mark.parametrize(
    "name", ["perception.proj.bias", "llm.base_model.model.model.norm.weight", "embed_tokens.weight"]
)
def test_missing_weights_are_not_passed_over(changed: Path, load: Callable[..., Engine], name: str) -> None:
    tensors = load_file(changed / "model.safetensors")
    del tensors[name]
    save_file(tensors, changed / "model.safetensors")
    with pytest.raises(ModelError, match=name):
        load(changed, "nemo")


def test_rows_are_cut_as_if_they_were_alone() -> None:
    def cases(row: list[int], limit: int) -> tuple[tuple[int, ...], bool]:
        found = cut(row, limit, {2, 0})
        return found.tokens, found.finished

    assert cases([5, 6, 2, 0, 0], 9) == ((5, 6), True)
    assert cases([5, 6, 2, 0, 0], 2) == ((5, 6), True)
    assert cases([5, 6, 7, 8], 3) == ((5, 6, 7), False)
    assert cases([2], 1) == ((), True)


# Nothing of what NeMo prints comes through


def test_other_threads_keep_their_streams(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with output_held_back():
        print("mine")
        print("mine", file=sys.stderr)
        other = threading.Thread(target=lambda: print("data"))
        other.start()
        other.join()
        assert isinstance(sys.stdout, Held) and sys.stdout.isatty() == before.isatty()
        sys.stdout.writelines(["mine", "too"])
        stale = sys.stdout
    print("after")
    print("a logger set up inside", file=stale)
    assert capsys.readouterr() == ("data\nafter\n", "")


@pytest.mark.slow
@pytest.mark.timeout(900)  # NeMo imports 7,000 modules, which a busy machine takes minutes for
def test_standard_output_is_text_alone_and_standard_error_one_note(asr: Any, folder: Path, digit_strings: Any) -> None:
    path, text = digit_strings[0]
    done = asr("transcribe", path, "-e", "canary", "-m", folder, timeout=400)
    assert (done.code, done.out) == (0, f"{text}\n")
    assert done.err == "asr: backend nemo of engine canary; --backend names another: native\n"
    done = asr("transcribe", path, "-e", "canary", "-m", folder, "--backend", "nemo", "-v", timeout=400)
    assert done.out == f"{text}\n" and "telemetry" in done.err  # what it says is there for who asks


def test_importing_the_engine_does_not_import_nemo() -> None:
    code = "import sys, asr_plugins.canary; print([m for m in ('nemo', 'torch', 'peft') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
