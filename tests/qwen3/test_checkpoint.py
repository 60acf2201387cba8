"""Folders that are not what they should be: one clear sentence each, and never random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from asr_plugins.qwen3 import Qwen3
from asr_plugins.qwen3.aligner import Qwen3Aligner
from safetensors.torch import load_file, save_file

from asrcli.engine import Device, Weights
from asrcli.errors import ModelError

Broken = Callable[[Path], None]


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def split(folder: Path) -> None:
    """Store the weights in two files with an index, as the 1.7B model has them."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    halves = {"model-00001-of-00002.safetensors": names[: len(names) // 2]}
    halves["model-00002-of-00002.safetensors"] = names[len(names) // 2 :]
    for file, own in halves.items():
        save_file({name: tensors[name] for name in own}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, own in halves.items() for name in own}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def half_of_the_shards(folder: Path) -> None:
    split(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()


def half_of_the_shards_without_index(folder: Path) -> None:
    half_of_the_shards(folder)
    (folder / "model.safetensors.index.json").unlink()


def change_tensors(folder: Path, change: Callable[[dict], None]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def one_tensor_less(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.pop(next(name for name in tensors if name.endswith("fc1.bias"))))


def one_tensor_more(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.update(extra=tensors[next(iter(tensors))].clone()))


def another_shape(folder: Path) -> None:
    def change(tensors: dict) -> None:
        name = next(name for name in tensors if name.endswith("embed_tokens.weight"))
        tensors[name] = tensors[name][:-1].clone()

    change_tensors(folder, change)


def cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def a_pointer(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def another_model(folder: Path) -> None:
    edit(folder, lambda config: config.update(model_type="whisper"))


def a_gap_in_the_config(folder: Path) -> None:
    edit(folder, lambda config: config.get("thinker_config", config)["audio_config"].pop("d_model"))


def no_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "vocab.json", "merges.txt"):
        (folder / name).unlink(missing_ok=True)


def a_garbled_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "vocab.json"):
        if (folder / name).exists():
            (folder / name).write_text('{"version": 3')


def no_audio_tokens(folder: Path) -> None:
    """A plain Qwen3 tokenizer."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (folder / name).exists():
            text = (folder / name).read_text()
            (folder / name).write_text(text.replace("<|audio_start|>", "<|other|>").replace("<|audio_pad|>", "<|pad|>"))


def another_tokenizer(folder: Path) -> None:
    edit(folder, lambda config: config.get("thinker_config", config).update(audio_token_id=3))


BROKEN: dict[Broken, str] = {
    half_of_the_shards: "1 of 2 files are missing: model-00002-of-00002.safetensors",
    half_of_the_shards_without_index: "are missing",
    one_tensor_less: "fc1.bias' are missing",
    one_tensor_more: "no Qwen3-ASR has: extra",
    another_shape: "have shape",
    cut_off: "cannot be read as weights",
    a_pointer: "cannot be read as weights",
    no_weights: "no .*safetensors",
    no_config: "config.json is missing",
    no_json: "cannot be loaded",
    another_model: "'whisper', not 'qwen3_asr'",
    a_gap_in_the_config: "'d_model'",
    no_tokenizer: "no tokenizer",
    a_garbled_tokenizer: "tokenizer cannot be read",
    no_audio_tokens: "tokenizer lacks",
    another_tokenizer: "of different models",
}


@pytest.mark.parametrize("layout", ["qwen3-asr-digits", "qwen3-asr-digits-original"])
@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
def test_broken_folders(damage: Broken, layout: str, checkpoints: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(checkpoints / layout, folder)
    damage(folder)
    with pytest.raises(ModelError, match=BROKEN[damage]) as caught:
        load(folder)
    assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("layout", ["qwen3-asr-digits", "qwen3-asr-digits-original"])
def test_whole_shards(layout: str, checkpoints: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(checkpoints / layout, folder)
    split(folder)
    load(folder)


@pytest.mark.parametrize("layout", ["qwen3-asr-digits", "qwen3-asr-digits-original"])
def test_an_output_layer_that_is_not_spoken_of(layout: str, checkpoints: Path, tmp_path: Path) -> None:
    """Without a word about tying, the output layer is the stored one, or else the embedding."""
    folder = tmp_path / "model"
    shutil.copytree(checkpoints / layout, folder)

    def forget(config: dict) -> None:
        config.pop("tie_word_embeddings", None)
        config.get("thinker_config", config)["text_config"].pop("tie_word_embeddings")

    edit(folder, forget)
    stored = "thinker.lm_head.weight" in load_file(folder / "model.safetensors")
    model = load(folder).model
    assert (model.greedy.output.weight is model.decoder.embedding) is not stored


def test_an_original_folder_with_native_names_is_refused(checkpoints: Path, tmp_path: Path) -> None:
    """What transformers fills with random numbers: the names of one layout under the configuration of the other."""
    folder = tmp_path / "model"
    shutil.copytree(checkpoints / "qwen3-asr-digits-original", folder)
    shutil.copy(checkpoints / "qwen3-asr-digits/config.json", folder)
    with pytest.raises(ModelError, match="missing"):
        load(folder)


def test_an_aligner_is_no_recogniser(checkpoints: Path) -> None:
    with pytest.raises(ModelError, match="forced aligner"):
        load(checkpoints / "qwen3-aligner-digits")


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config.json is missing"):
        load(tmp_path)
    with pytest.raises(ModelError, match="name a model"):
        Qwen3Aligner(Weights("0.6b", None), Device("cpu"))


def load(folder: Path) -> Qwen3:
    return Qwen3(Weights(folder.name, str(folder)), Device("cpu", threads=1))
