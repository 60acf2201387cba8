"""Opening checkpoints: what is refused and how, and the conversion to safetensors."""

from __future__ import annotations

import argparse
import contextlib
import os
import pickle
import random
import shutil
import zipfile

import pytest
import torch
from asr_plugins.firered.checkpoint import convert_to_safetensors, read_checkpoint, read_pickle

from asrcli.errors import ModelError
from asrcli.types import Options


@pytest.fixture
def folder(folders, tmp_path):
    """Return a copy of the second-generation folder to damage."""
    return shutil.copytree(folders["aed2"], tmp_path / "model")


def change(path, edit):
    """Load a checkpoint, edit it in place and save it again."""
    with torch.serialization.safe_globals([argparse.Namespace]):
        package = torch.load(path, weights_only=True)
    edit(package)
    torch.save(package, path)


def refused(load, folder, *said):
    with pytest.raises(ModelError) as caught:
        load(folder)
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert "\n" not in message
    for part in said:
        assert part in message, message


def test_pickle_with_code(folder, load, tmp_path):
    marker = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    torch.save({"args": Attack(), "model_state_dict": {}}, folder / "model.pth.tar")
    refused(load, folder, "model.pth.tar", "mkdir", "code")
    assert not marker.exists()


def test_allowed_class_is_not_allowed_to_others(folder, load):
    """A Namespace may stand in the file, another harmless class may not."""
    torch.save({"args": argparse.Action([], "x"), "model_state_dict": {}}, folder / "model.pth.tar")
    refused(load, folder, "argparse.Action")


def test_old_style_pickle(folder, load):
    (folder / "model.pth.tar").write_bytes(pickle.dumps({"args": 1}))
    refused(load, folder, "cut off or no torch file")


@pytest.mark.parametrize("kept", [0, 10, 1000, 0.5, 0.999])
def test_truncated(folder, load, kept):
    path = folder / "model.pth.tar"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept) if isinstance(kept, float) else kept])
    refused(load, folder, "model.pth.tar", "download it again")


def test_damaged_inside(folder, load):
    """A whole zip file whose pickle is cut off."""
    path = folder / "model.pth.tar"
    with zipfile.ZipFile(path) as source:
        contents = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w") as target:
        for name, data in contents.items():
            target.writestr(name, data[: len(data) // 2] if name.endswith("data.pkl") else data)
    refused(load, folder, "model.pth.tar")


@pytest.mark.parametrize("seed", range(150))
def test_changed_bytes(folders, tmp_path, seed):
    """Whatever stands in a file, it is read or refused in one sentence."""
    chosen = random.Random(seed)
    data = bytearray((folders["llm"] / "asr_encoder.pth.tar").read_bytes())
    for _ in range(chosen.choice((1, 2, 5))):
        data[chosen.randrange(len(data))] = chosen.randrange(256)
    (tmp_path / "changed.pth.tar").write_bytes(data)
    with contextlib.suppress(ModelError):
        arguments, tensors = read_pickle(tmp_path / "changed.pth.tar", weights=False)
        assert all(isinstance(name, str) for name in arguments)
        assert tensors == {}


def test_lfs_pointer(folder, load):
    (folder / "model.pth.tar").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4680000000\n"
    )
    refused(load, folder, "Git LFS pointer", "git lfs pull")


@pytest.mark.parametrize("name", ["model.pth.tar", "cmvn.ark", "dict.txt"])
def test_missing_file(folder, load, name):
    (folder / name).unlink()
    refused(load, folder, name)


def test_no_folder(tmp_path, load):
    refused(load, tmp_path / "nothing", "is not a folder")


def test_dictionary_of_another_size(folder, load):
    with (folder / "dict.txt").open("a", encoding="utf-8") as file:
        file.write("更 107\n")
    refused(load, folder, "108 tokens", "107")


def test_dictionary_out_of_order(folder, load):
    lines = (folder / "dict.txt").read_text(encoding="utf-8").splitlines()
    (folder / "dict.txt").write_text("\n".join(lines[::-1]), encoding="utf-8")
    refused(load, folder, "dict.txt line 1")


@pytest.mark.parametrize("data", [b"", b"\0BDM ", b"x" * 1311])
def test_damaged_statistics(folder, load, data):
    (folder / "cmvn.ark").write_bytes(data)
    refused(load, folder, "cmvn.ark", "Kaldi matrix")


def test_weights_of_another_shape(folder, load):
    change(folder / "model.pth.tar", lambda package: setattr(package["args"], "d_model", 128))
    refused(load, folder, "shape", "expected")


def test_weights_missing(folder, load):
    name = "encoder.layer_stack.2.mhsa.pos_bias_u"
    change(folder / "model.pth.tar", lambda package: package["model_state_dict"].pop(name))
    refused(load, folder, name)


@pytest.mark.parametrize(("name", "value"), [("n_head", 5), ("n_head", "4"), ("d_model", 0), ("kernel_size", 16)])
def test_wrong_arguments(folder, load, name, value):
    change(folder / "model.pth.tar", lambda package: setattr(package["args"], name, value))
    refused(load, folder, name)


def test_no_checkpoint(folder, load):
    torch.save({"weights": torch.zeros(3)}, folder / "model.pth.tar")
    refused(load, folder, "no 'args'")


def test_more_weights_than_needed_are_reported(folder, load, logged):
    change(
        folder / "model.pth.tar", lambda package: package["model_state_dict"].update({"extra.weight": torch.ones(2)})
    )
    load(folder)
    assert any("extra.weight" in line for line in logged)


def test_projection_may_be_stored_once(folder, load, digits):
    change(folder / "model.pth.tar", lambda package: package["model_state_dict"].pop("decoder.tgt_word_prj.weight"))
    clip, words = digits[0]
    assert load(folder).transcribe([clip], Options())[0][0].text.split() == words


@pytest.mark.slow
def test_encoder_in_its_own_file(folders, tmp_path, load, digits):
    """The first generation may keep the encoder in asr_encoder.pth.tar, whole AED names and all."""
    folder = shutil.copytree(folders["llm"], tmp_path / "llm")
    moved = {}

    def take(package):
        state = package["model_state_dict"]
        for name in [name for name in state if name.startswith("encoder.")]:
            moved[name] = state.pop(name)

    change(folder / "model.pth.tar", take)
    change(folder / "asr_encoder.pth.tar", lambda package: package.update(model_state_dict=moved))
    clip, words = digits[0]
    assert load(folder).transcribe([clip], Options())[0][0].text.split() == words


@pytest.mark.parametrize(
    "name",
    ["model.safetensors", *(pytest.param(one, marks=pytest.mark.slow) for one in ("config.json", "tokenizer.json"))],
)
def test_language_model_incomplete(folders, tmp_path, load, name):
    folder = shutil.copytree(folders["llm"], tmp_path / "llm")
    (folder / "Qwen2-7B-Instruct" / name).unlink()
    if name == "tokenizer.json":
        for other in ("vocab.json", "merges.txt"):
            (folder / "Qwen2-7B-Instruct" / other).unlink()
    refused(load, folder, "Qwen2-7B-Instruct")


def test_language_model_missing(folders, tmp_path, load):
    folder = shutil.copytree(folders["llm"], tmp_path / "llm")
    shutil.rmtree(folder / "Qwen2-7B-Instruct")
    refused(load, folder, "Qwen/Qwen2-7B-Instruct", "link")


def test_language_model_pickled(folders, tmp_path, load):
    """Weights of the language model are safetensors or nothing."""
    folder = shutil.copytree(folders["llm"], tmp_path / "llm")
    (folder / "Qwen2-7B-Instruct/model.safetensors").unlink()
    torch.save({"x": torch.zeros(1)}, folder / "Qwen2-7B-Instruct/pytorch_model.bin")
    refused(load, folder, "Qwen2-7B-Instruct")


def test_language_model_lfs_pointer(folders, tmp_path, load):
    folder = shutil.copytree(folders["llm"], tmp_path / "llm")
    (folder / "Qwen2-7B-Instruct/model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    refused(load, folder, "Git LFS pointer")


def test_without_lora(folders, tmp_path, load):
    """The base alone answers something else, so missing adapters must not pass."""
    folder = shutil.copytree(folders["llm"], tmp_path / "llm")
    change(
        folder / "model.pth.tar",
        lambda package: [
            package["model_state_dict"].pop(name) for name in list(package["model_state_dict"]) if "lora_" in name
        ],
    )
    refused(load, folder, "lora_A")


@pytest.mark.parametrize("name", ["aed", "aed2", "llm"])
@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_conversion(folders, tmp_path, load, digits, name, dtype):
    out = convert_to_safetensors(folders[name], tmp_path / "new", dtype)
    assert not list(out.rglob("*.pth.tar"))
    assert not list(out.rglob("*.partial"))
    engine = load(out)
    for clip, words in digits[:4]:
        assert engine.transcribe([clip], Options())[0][0].text.lower().split() == words


def test_conversion_keeps_every_number(folders, tmp_path):
    _, original = read_pickle(folders["aed2"] / "model.pth.tar")
    converted = read_checkpoint(convert_to_safetensors(folders["aed2"], tmp_path / "new")).tensors
    names = converted.names()
    assert set(names) == {name for name in original if not name.endswith(".pe") and "prj" not in name}
    for name in names:
        torch.testing.assert_close(converted.take(name, *original[name].shape), original[name], rtol=0, atol=0)


def test_damaged_conversion(folders, tmp_path, load):
    out = convert_to_safetensors(folders["aed2"], tmp_path / "new")
    data = (out / "model.safetensors").read_bytes()
    (out / "model.safetensors").write_bytes(data[: len(data) // 2])
    refused(load, out, "model.safetensors", "convert")


@pytest.mark.slow
def test_shared_originals(shared, load, digits):
    """The untouched files, with their position tables."""
    for name in ("firered-aed-digits", "firered2-aed-digits", "firered-llm-digits"):
        engine = load(shared / "checkpoints" / name)
        for clip, words in digits[:3]:
            assert engine.transcribe([clip], Options())[0][0].text.lower().split() == words
