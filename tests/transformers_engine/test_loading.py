"""Loading: nothing random, nothing left over, nothing unsafe; a mistake is one clear line."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.catalogue import KINDS, MODELS, Kind
from safetensors.torch import load_file, save_file
from transformers_engine.conftest import load

from asrcli.engine import Device, Weights
from asrcli.engines.options import check_options
from asrcli.errors import ModelError, UsageError
from asrcli.types import Clip, Options

Change = Callable[[dict[str, torch.Tensor]], None]


@pytest.fixture
def copy(checkpoints: Path, tmp_path: Path) -> Path:
    """Return a copy of a trained model that a test may damage."""
    return Path(shutil.copytree(checkpoints / "parakeet-ctc-digits", tmp_path / "model"))


def change(folder: Path, edit: Change) -> None:
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def configure(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def drop_head(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["ctc_head.weight"]


def add_tensor(tensors: dict[str, torch.Tensor]) -> None:
    tensors["adapter.weight"] = torch.zeros(2, 2)


def cut_head(tensors: dict[str, torch.Tensor]) -> None:
    tensors["ctc_head.bias"] = tensors["ctc_head.bias"][:-1].clone()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop_head, r"lacks 1 tensors of its model \(ctc_head.weight\), which would be random values"),
        (add_tensor, r"has 1 tensors that its model does not know \(adapter.weight\)"),
        (cut_head, "ctc_head.bias"),
    ],
)
def test_a_checkpoint_must_be_whole(copy: Path, edit: Change, message: str) -> None:
    change(copy, edit)
    with pytest.raises(ModelError, match=message):
        load(copy)


def test_tensors_of_training_may_be_missing(copy: Path) -> None:
    change(copy, lambda tensors: [tensors.pop(name) for name in list(tensors) if "num_batches" in name] and None)
    load(copy)


def test_half_of_the_shards(copy: Path) -> None:
    names = sorted(load_file(copy / "model.safetensors"))
    half = len(names) // 2
    files = {name: f"model-0000{1 + (place >= half)}-of-00002.safetensors" for place, name in enumerate(names)}
    tensors = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    save_file({name: tensors[name] for name in names[:half]}, copy / "model-00001-of-00002.safetensors")
    (copy / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    with pytest.raises(ModelError, match=r"lacks model-00002-of-00002\.safetensors: download the model again"):
        load(copy)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ("model.safetensors", b"\0" * 40, "cannot be loaded"),
        ("config.json", b"{", "cannot be loaded"),
        ("config.json", b"[]", "no object in it"),
        ("tokenizer.json", b"{}", "cannot be loaded|do not belong together"),
        ("processor_config.json", b"{", "cannot be loaded"),
    ],
)
def test_damaged_files(copy: Path, name: str, content: bytes, message: str) -> None:
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load(copy)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "processor_config.json"])
def test_missing_files(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelError, match=r"config\.json|cannot be loaded|do not belong together"):
        load(copy)


def test_a_tokenizer_of_another_model(copy: Path, checkpoints: Path) -> None:
    shutil.copy(checkpoints / "whisper-digits/tokenizer.json", copy / "tokenizer.json")
    with pytest.raises(ModelError, match="do not belong together"):
        load(copy)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("/tmp/should-not-be-there"),))  # type: ignore[return-value]


def test_a_pickle_that_runs_code_is_not_opened(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(ModelError, match="not safe to load"):
        load(copy)


def test_a_pickle_of_tensors_is_the_same_model(
    copy: Path, trained: Callable[[str], Transformers], strings: list[tuple[Clip, str]]
) -> None:
    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    clips = [one for one, _ in strings[:2]]
    wanted = trained("parakeet-ctc-digits").transcribe(clips, Options())
    assert load(copy).transcribe(clips, Options()) == wanted


def test_code_in_a_repository_is_never_run(copy: Path) -> None:
    configure(copy, model_type="evil", auto_map={"AutoModelForCTC": "evil.Evil"})
    (copy / "evil.py").write_text("raise SystemExit(99)\n")
    with pytest.raises(ModelError, match="'evil' and code of its own, which is never run"):
        load(copy)


def test_other_models_are_named(copy: Path) -> None:
    configure(copy, model_type="qwen3_asr")
    with pytest.raises(ModelError, match=r"engine 'qwen3' loads it"):
        Transformers.for_weights(Weights("x", str(copy)))
    configure(copy, model_type="bert")
    with pytest.raises(ModelError, match=r"'bert'.*loads: canary"):
        load(copy)


def test_the_card_is_that_of_the_model(checkpoints: Path) -> None:
    cards = {
        name: Transformers.for_weights(Weights(name, str(checkpoints / name)))
        for name in ("parakeet-ctc-digits", "parakeet-tdt-digits", "whisper-digits")
    }
    assert cards["parakeet-tdt-digits"].max_seconds == 60.0 and cards["whisper-digits"].max_seconds == 30.0
    check_options(cards["parakeet-ctc-digits"], Options(word_timestamps=True, beam_size=4, language_model="x"))
    with pytest.raises(UsageError, match="no --beam-size"):
        check_options(cards["parakeet-tdt-digits"], Options(beam_size=4))
    with pytest.raises(UsageError, match="no --word-timestamps"):
        check_options(cards["whisper-digits"], Options(word_timestamps=True))
    for card in cards.values():
        assert card.supports <= Transformers.supports, "what the first check refuses, no card may allow"


def test_every_kind_has_a_class_in_the_library() -> None:
    from transformers.models.auto import modeling_auto

    names = {
        Kind.CTC: modeling_auto.MODEL_FOR_CTC_MAPPING_NAMES,
        Kind.RNNT: modeling_auto.MODEL_FOR_RNNT_MAPPING_NAMES,
        Kind.TDT: modeling_auto.MODEL_FOR_TDT_MAPPING_NAMES,
    }
    for model_type, kind in KINDS.items():
        assert model_type in names.get(kind, modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES), model_type
    assert {model.layout for model in MODELS.values()} <= {kind.value for kind in Kind}


def test_wrong_precision(checkpoints: Path) -> None:
    with pytest.raises(UsageError, match="no dtype 'int8' on cpu; choose from: float32, bfloat16"):
        Transformers(Weights("x", str(checkpoints / "parakeet-ctc-digits")), Device(dtype="int8"))


def test_half_precision(checkpoints: Path, strings: list[tuple[Clip, str]]) -> None:
    engine = Transformers(Weights("x", str(checkpoints / "parakeet-ctc-digits")), Device(dtype="bfloat16", threads=1))
    assert engine.transcribe([strings[0][0]], Options())[0][0].text == strings[0][1]
