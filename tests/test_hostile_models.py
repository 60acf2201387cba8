"""Model folders that somebody made to do harm: each engine says one line, quickly, and nothing of them runs."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asrcli.capabilities import implementation
from asrcli.engine import Device, Engine, Model, Weights, load_class
from asrcli.engines.recogniser import opening
from asrcli.errors import AsrError, ModelError
from asrcli.weights import models
from asrcli.weights.configs import check_front
from asrcli.weights.hashes import check_kinds
from asrcli.weights.plain import plain_folder, safe_folder

pytest.importorskip("torch")
pytest.importorskip("transformers")

FOLDERS = {
    "transformers": "parakeet-ctc-digits",
    "whisper": "whisper-digits",
    "qwen3": "qwen3-asr-digits",
    "canary": "canary-qwen-digits",
}
CODE = """import os
open(os.environ["MARKER"], "w").write("ran")
"""


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch marker",)


@pytest.fixture(autouse=True)
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail when a marker appears, a connection is opened or a secret of the environment comes out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARKER", str(tmp_path / "marker"))
    monkeypatch.setenv("SECRET", "planted-secret")
    tried: list[object] = []

    def refuse(self: socket.socket, address: object) -> None:
        tried.append(address)
        raise OSError("no connection is opened here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
    assert not tried and not (tmp_path / "marker").exists()


@pytest.fixture
def copied(checkpoints: Path, tmp_path: Path) -> Callable[[str], Path]:
    return lambda engine: Path(shutil.copytree(checkpoints / FOLDERS[engine], tmp_path / engine))


@pytest.fixture
def ct2(checkpoints: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoints / "whisper-digits-ct2", tmp_path / "ct2"))


def edit(path: Path, **change: Any) -> None:
    data = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(data | change))


def opened(engine: str, folder: Path) -> Engine:
    weights = Weights(str(folder), str(folder))
    kind = load_class(engine)
    backend = "native" if engine == "canary" else None
    return implementation(kind, backend).for_weights(weights)(weights, Device(threads=1))


def refused(engine: str, folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        opened(engine, folder)
    said = str(caught.value)
    assert caught.value.exit_code == 3 and "\n" not in said and "planted-secret" not in said
    return said


CODE_IN_CONFIG = {
    "auto_map": {"AutoConfig": "evil.C", "AutoModelForCTC": "evil.M", "AutoModel": "evil.M"},
    "_attn_implementation": "evil/kernels",
    "attn_implementation": "evil/kernels",
    "_attn_implementation_internal": "evil/kernels",
    "_name_or_path": "evil/model",
    "quantization_config": {"quant_method": "gptq", "bits": 4},
    "custom_pipelines": {"automatic-speech-recognition": {"impl": "evil.P"}},
}


@pytest.mark.parametrize("engine", ["transformers", "qwen3"])
def test_keys_that_name_code_have_no_effect(engine: str, copied: Callable[[str], Path]) -> None:
    folder = copied(engine)
    (folder / "evil.py").write_text(CODE)
    edit(folder / "config.json", **CODE_IN_CONFIG)
    opened(engine, folder)


@pytest.mark.parametrize("file", ["tokenizer_config.json", "processor_config.json", "preprocessor_config.json"])
def test_code_in_the_configs_of_processors(file: str, copied: Callable[[str], Path]) -> None:
    folder = copied("transformers")
    (folder / "evil.py").write_text(CODE)
    names = ("AutoTokenizer", "AutoProcessor", "AutoFeatureExtractor")
    edit(folder / file, auto_map={name: "evil.X" if name != "AutoTokenizer" else ["evil.X", None] for name in names})
    try:
        opened("transformers", folder)
    except ModelError as error:
        assert "\n" not in str(error)


def test_an_adapter_that_names_another_model(copied: Callable[[str], Path]) -> None:
    folder = copied("transformers")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "evil/model", "peft_type": "LORA"}')
    assert "adapter_config.json" in refused("transformers", folder)


SIZES = [
    ("transformers", ("encoder_config", "hidden_size"), 10**9),
    ("transformers", ("encoder_config", "hidden_size"), 40_000),
    ("transformers", ("encoder_config", "num_hidden_layers"), 10**9),
    ("transformers", ("vocab_size",), 10**10),
    ("transformers", ("encoder_config", "intermediate_size"), "${oc.env:SECRET}"),
    ("qwen3", ("text_config", "hidden_size"), 10**9),
    ("qwen3", ("text_config", "head_dim"), 10**12),
    ("qwen3", ("text_config", "num_hidden_layers"), 10**9),
    ("qwen3", ("audio_config", "d_model"), 10**9),
    ("qwen3", ("audio_config", "num_mel_bins"), 2**30),
    ("qwen3", ("audio_config", "num_mel_bins"), str(2**30)),
    ("canary", ("perception", "encoder", "d_model"), 10**9),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("engine", "path", "value"), SIZES, ids=lambda one: str(one)[:40])
def test_sizes_beyond_the_weights(
    engine: str, path: tuple[str, ...], value: object, copied: Callable[[str], Path]
) -> None:
    import resource

    folder = copied(engine)
    data = json.loads((folder / "config.json").read_text())
    place = data
    for key in path[:-1]:
        place = place[key]
    assert path[-1] in place
    place[path[-1]] = value
    (folder / "config.json").write_text(json.dumps(data))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(engine, folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000  # kB


def test_tables_of_a_feature_extractor(tmp_path: Path) -> None:
    check_front({"feature_size": 128, "n_samples": 480_000, "sampling_rate": 16_000}, "x")
    lengths = ({"n_samples": 1e12}, {"chunk_length": 100_000})  # every clip would be padded to that
    for hostile in ({"feature_size": 10**9}, {"feature_extractor": {"n_fft": 10**7}}, *lengths):
        with pytest.raises(ModelError, match="more than any model has"):
            check_front(hostile, "x")
    with pytest.raises(ModelError, match="less than any model has"):
        check_front({"hop_length": 1}, "x")


# CTranslate2, which trusts what it reads

HOSTILE_NUMBERS = [
    {"lang_ids": [10**9]},  # writes outside its memory, as the next
    {"suppress_ids_begin": [10**12]},
    {"suppress_ids": [-1]},
    {"suppress_ids": [1900]},
    {"suppress_ids": "all"},
    {"lang_ids": []},
    {"lang_ids": [True]},
    {"alignment_heads": [[99, 0]]},
    {"alignment_heads": [[0, 4]]},
    {"alignment_heads": [[-1, 0]]},
    {"alignment_heads": [[1]]},
]


@pytest.mark.parametrize("change", HOSTILE_NUMBERS, ids=str)
def test_numbers_of_tokens_and_heads_that_are_not_there(change: dict[str, Any], ct2: Path) -> None:
    edit(ct2 / "config.json", **change)
    assert "is no token" in (said := refused("whisper", ct2)) or "is no head" in said or "no language" in said


def test_numbers_of_tokens_in_a_folder_to_convert(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = Path(shutil.copytree(checkpoints / "whisper-digits", tmp_path / "whisper"))
    edit(folder / "generation_config.json", begin_suppress_tokens=[2**30])
    assert "suppress_ids_begin has 1073741824, which is no token" in refused("whisper", folder)


@pytest.mark.parametrize(
    "change",
    [{"hop_length": 0}, {"feature_size": 128}, {"n_fft": 10**9}, {"chunk_length": 10**6}, {"sampling_rate": [1]}],
    ids=str,
)
def test_sound_that_no_whisper_hears(change: dict[str, Any], ct2: Path) -> None:
    edit(ct2 / "preprocessor_config.json", **change)
    assert "is not loaded" in refused("whisper", ct2)


def test_sizes_of_a_binary_that_do_not_fit_together(ct2: Path) -> None:
    """Numbers of weights are right, and shapes are not: (a, b) for (b, a), and heads that divide by zero."""
    data = (ct2 / "model.bin").read_bytes()
    shape, heads = struct.pack("<BII", 2, 1900, 96), b"decoder/num_heads\0\0\2"
    assert data.count(shape) == 1 and data.count(heads) == 1
    place = data.index(heads) + len(heads) + 4
    hostile = {
        "transposed": data.replace(shape, struct.pack("<BII", 2, 96, 1900)),
        "huge": data.replace(shape, struct.pack("<BII", 2, 1 << 31, 1 << 31)),
        "no heads": data[:place] + b"\0\0" + data[place + 2 :],
        "odd heads": data[:place] + b"\7\0" + data[place + 2 :],
        "cut": data[:-100],
        "longer": data + b"x",
        "other": data.replace(b"WhisperSpec", b"TransformerS", 1),
    }
    for changed in hostile.values():
        (ct2 / "model.bin").write_bytes(changed)
        assert "binary is damaged" in refused("whisper", ct2)
    (ct2 / "model.bin").write_bytes(data)
    opened("whisper", ct2)


# What the transformers library sees of a folder


def test_of_a_folder_only_known_classes_and_values_are_left(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(CODE)
    (tmp_path / "tokenizer.json").write_text("{}")
    hostile = {"auto_map": {"AutoTokenizer": "evil.X"}, "init_inputs": ["x"], "vocab_file": "/etc/passwd"}
    edit(tmp_path / "tokenizer_config.json", tokenizer_class="WhisperTokenizer", pad_token="<pad>", **hostile)
    edit(tmp_path / "config.json", model_type="evil", tokenizer_class="BertTokenizer", **CODE_IN_CONFIG)
    extractor = {"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80, "evil": "x"}
    edit(tmp_path / "processor_config.json", feature_extractor=extractor, **hostile)
    with plain_folder(tmp_path, "whisper") as plain:
        found = {path.name: json.loads(path.read_text()) for path in plain.iterdir()}
    assert found == {
        "config.json": {"model_type": "whisper", "tokenizer_class": "BertTokenizer"},
        "processor_config.json": {
            "feature_extractor": {"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80}
        },
        "tokenizer_config.json": {"tokenizer_class": "WhisperTokenizer", "pad_token": "<pad>"},
        "tokenizer.json": {},
    }


@pytest.mark.parametrize("name", ["evil.T", "AutoTokenizer", "Wav2Vec2PhonemeCTCTokenizer", "RagTokenizer", 7])
def test_other_classes_of_tokenizers_are_refused(name: object, copied: Callable[[str], Path]) -> None:
    for engine in ("transformers", "qwen3"):
        folder = copied(engine)
        edit(folder / "tokenizer_config.json", tokenizer_class=name)
        assert "none that asr knows" in refused(engine, folder)


def test_whatever_is_raised_over_the_weights_of_a_stranger_is_one_line(tmp_path: Path) -> None:
    said = r"x' cannot be loaded \(ZeroDivisionError: a b\); -v says where"
    with pytest.raises(ModelError, match=said) as caught, opening(Weights("x", "x")):
        raise ZeroDivisionError("a\nb")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError), opening(Weights("x", "x", model=Model(None, layout="x"))):
        raise ZeroDivisionError  # of weights that an engine declares it is a bug
    with pytest.raises(MemoryError), opening(Weights("x", "x")):
        raise MemoryError  # another device may have more


# Pickles, pipes and devices


def test_safetensors_in_another_folder_excuse_no_pickle(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "model.safetensors").write_bytes(b"x")
    (tmp_path / "other.safetensors").write_bytes(b"x")
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(ModelError, match=r"pytorch_model\.bin"):
        safe_folder(tmp_path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "sub/model.bin"])
@pytest.mark.parametrize("kind", ["fifo", "device", "link"])
def test_pipes_and_devices_are_never_opened(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "model" / name
    path.parent.mkdir(parents=True)
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "/dev/null")
    for engine in ("transformers", "whisper", "qwen3", "firered", "canary"):
        with pytest.raises(AsrError, match="it is a pipe, a socket or a device"):
            models.resolve(load_class(engine), str(tmp_path / "model"), offline=True, pull=False, announce=print)


def test_plain_folders_and_links_are_fine(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    check_kinds(tmp_path)
