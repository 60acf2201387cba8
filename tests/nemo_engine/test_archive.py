"""What is refused of a ``.nemo`` archive, and that nothing of a refused one is run or left behind."""

from __future__ import annotations

import io
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from asr_plugins.nemo.archive import find_archive, read_archive, unpack

from asrcli.errors import ModelError

CONFIG = {
    "target": "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE",
    "decoder": {"_target_": "nemo.collections.asr.modules.ConvASRDecoder", "vocabulary": []},
}


PREPROCESSOR = "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor"
ENCODER = "nemo.collections.asr.modules.ConformerEncoder"


def weights() -> bytes:
    out = io.BytesIO()
    torch.save({"encoder.weight": torch.zeros(3)}, out)
    return out.getvalue()


def pack(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def members(**config: object) -> dict[str, bytes]:
    return {"./model_config.yaml": yaml.safe_dump(CONFIG | config).encode(), "./model_weights.ckpt": weights()}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_plain_archive_is_read(tmp_path: Path, mode: str) -> None:
    found = read_archive(pack(tmp_path / "plain.nemo", members(), mode))
    assert found.layout == "ctc" and found.config["decoder"]["vocabulary"] == []


def traversal(path: Path) -> None:
    pack(path, {**members(), "../../escaped.txt": b"out"})


def absolute(path: Path) -> None:
    pack(path, {"/tmp/escaped.txt": b"out", **members()})


def link(path: Path) -> None:
    pack(path, members())
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo("vocab.txt")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)


def device_file(path: Path) -> None:
    pack(path, members())
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo("fifo")
        info.type = tarfile.FIFOTYPE
        tar.addfile(info)


class Payload:
    """Pickled, it would run a command when it is opened carelessly."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch escaped.txt",)


def payload(path: Path) -> None:
    out = io.BytesIO()
    torch.save({"encoder.weight": Payload()}, out)
    pack(path, {**members(), "./model_weights.ckpt": out.getvalue()})


def second_payload(path: Path) -> None:
    out = io.BytesIO()
    torch.save(Payload(), out)
    pack(path, {**members(), "./extra.pkl": out.getvalue()})


def target(path: Path) -> None:
    pack(path, members(decoder={"_target_": "os.system", "command": "touch escaped.txt"}))


def deep_target(path: Path) -> None:
    pack(path, members(encoder={"layers": [{"more": [{"_target_": "subprocess.run", "args": ["touch"]}]}]}))


def model_class(path: Path) -> None:
    pack(path, members(target="os.system"))


def python_yaml(path: Path) -> None:
    pack(path, {**members(), "./model_config.yaml": b"target: !!python/object/apply:os.system ['touch escaped.txt']"})


def aliases(path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 9)}]" for n in range(1, 9)]
    pack(path, {**members(), "./model_config.yaml": ("target: nemo.x.CTC\n" + "\n".join(lines)).encode()})


def itself(path: Path) -> None:
    pack(path, {**members(), "./model_config.yaml": b"target: &me [*me]"})


def argument(path: Path) -> None:
    pack(path, members(decoder={**CONFIG["decoder"], "checkpoint": "/etc/passwd"}))  # type: ignore[dict-item]


def kind(path: Path) -> None:
    pack(path, members(preprocessor={"_target_": PREPROCESSOR, "window": {"_target_": "os.system"}}))


def wide(path: Path) -> None:
    pack(path, members(encoder={"_target_": ENCODER, "feat_in": 80, "d_model": 40_000, "n_layers": 1_000}))


def endless(path: Path) -> None:
    pack(path, members(encoder={"_target_": ENCODER, "feat_in": 80, "d_model": 8, "n_layers": 10**9}))


def remote_code(path: Path) -> None:
    """An allowed place of NeMo, but a class that loads code of a hub's repository."""
    target = "nemo.collections.common.tokenizers.huggingface.auto_tokenizer.AutoTokenizer"
    pack(path, members(decoder={"_target_": target, "pretrained_model_name": "evil/code", "trust_remote_code": True}))


def download(path: Path) -> None:
    pack(path, members(decoder={"_target_": "nemo.utils.cloud.maybe_download_from_cloud", "url": "http://127.0.0.1/x"}))


def environment(path: Path) -> None:
    pack(path, members(decoder={**CONFIG["decoder"], "vocabulary": ["${oc.env:SECRET}"]}))  # type: ignore[dict-item]


def hidden_environment(path: Path) -> None:
    pack(path, members(optim={"name": "x${oc.decode:${oc.env:SECRET}}"}))


def code_of_a_tokenizer(path: Path) -> None:
    target = "nemo.collections.common.tokenizers.huggingface.auto_tokenizer.AutoTokenizer"
    pack(
        path, members(tokenizer={"type": "bpe", "model_path": "nemo:t.model", "custom_tokenizer": {"_target_": target}})
    )


def file_elsewhere(path: Path) -> None:
    pack(path, members(tokenizer={"type": "bpe", "model_path": "/etc/passwd", "vocab_path": "nemo:../../x"}))


def second_model(path: Path) -> None:
    hostile = yaml.safe_dump({**CONFIG, "encoder": {"_target_": "os.system"}}).encode()
    pack(path, {**members(), "./timestamps_asr_model_config.yaml": hostile})


def gzip_bomb(path: Path) -> None:
    pack(path, {**members(), "./zeros": bytes(200 << 20)}, "w:gz")


def zip_bomb(path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("archive/data.pkl", bytes(64 << 20))
    pack(path, {**members(), "./model_weights.ckpt": out.getvalue()})


HOSTILE = {
    traversal: "leaves its folder",
    absolute: "leaves its folder",
    link: "link or a special file",
    device_file: "link or a special file",
    payload: "os.system|posix.system",
    second_payload: "os.system|posix.system",
    target: "decoder would run 'os.system'",
    deep_target: "encoder would run None",
    model_class: "class 'os.system' is no recogniser",
    argument: "argument 'checkpoint'",
    kind: r"preprocessor\.window is .*not known to be safe",
    wide: "declares [0-9]+ weights",
    endless: r"encoder\.n_layers is 1000000000",
    remote_code: "decoder would run",
    download: "decoder would run",
    environment: r"it has '\${oc.env:SECRET}'",
    hidden_environment: r"only references such as",
    code_of_a_tokenizer: r"tokenizer\.custom_tokenizer\._target_ is",
    file_elsewhere: r"tokenizer\.model_path is '/etc/passwd'",
    second_model: "timestamps_asr_model_config.yaml' is not loaded: encoder would run 'os.system'",
    itself: "grows to more than",
    python_yaml: "not plain YAML",
    aliases: "grows to more than",
    gzip_bomb: "not safe to unpack",
    zip_bomb: "bytes become",
}


@pytest.mark.parametrize(
    "make",
    [pytest.param(one, marks=pytest.mark.slow) if one is gzip_bomb else one for one in HOSTILE],
    ids=lambda make: make.__name__,
)
def test_hostile_archives_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "inner" / "hostile.nemo"
    path.parent.mkdir()
    make(path)
    with pytest.raises(ModelError, match=HOSTILE[make]):
        read_archive(path)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no complete .nemo archive"),
        (b"not a tar" * 100, "no complete .nemo archive"),
        (None, "no complete .nemo archive"),
    ],
)
def test_damaged_archives_are_one_line(tmp_path: Path, data: bytes | None, message: str) -> None:
    path = pack(tmp_path / "cut.nemo", {"./big": bytes(40_000), **members()})
    path.write_bytes(path.read_bytes()[:9_000] if data is None else data)
    with pytest.raises(ModelError, match=message):
        read_archive(path)


@pytest.mark.parametrize("count", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_damage_anywhere_is_a_model_error(tmp_path: Path, count: int) -> None:
    """Unpicklers, zip and tar readers stumble over wrong bytes with all kinds of exceptions; one comes through."""
    choose = random.Random(0)
    legacy = io.BytesIO()
    torch.save({"encoder.weight": torch.zeros(3)}, legacy, _use_new_zipfile_serialization=False)
    refused = 0
    for data in (weights(), legacy.getvalue()):
        for mode in ("w", "w:gz"):
            for _ in range(count):
                damaged = bytearray(data)
                for _ in range(choose.randint(1, 4)):
                    damaged[choose.randrange(len(damaged))] = choose.randrange(256)
                path = pack(tmp_path / "damaged.nemo", {**members(), "./model_weights.ckpt": bytes(damaged)}, mode)
                try:
                    read_archive(path)
                except ModelError as error:
                    assert "\n" not in str(error)
                    refused += 1
    assert refused > count


def test_no_configuration_and_no_recogniser(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no model_config\.yaml"):
        read_archive(pack(tmp_path / "empty.nemo", {"./model_weights.ckpt": weights()}))
    with pytest.raises(ModelError, match="FastPitchModel' is no recogniser"):
        read_archive(pack(tmp_path / "tts.nemo", members(target="nemo.collections.tts.models.FastPitchModel")))


def test_references_are_replaced_and_what_is_not_needed_is_left_out(tmp_path: Path) -> None:
    front = {
        "_target_": PREPROCESSOR,
        "sample_rate": "${model.sample_rate}",
        "features": "${..features}",
        "dither": "1e-5",
    }
    said = {
        "sample_rate": 16000,
        "features": 80,
        "preprocessor": front,
        "optim": {"sched": "${trainer.x}"},
        "x": {"_target_": "os.system"},
    }
    with pytest.raises(ModelError, match=r"it has '\${\.\.features}'"):
        read_archive(pack(tmp_path / "one.nemo", members(**said)))
    front["features"] = "${features}"
    config = read_archive(pack(tmp_path / "two.nemo", members(**said))).config
    assert config["preprocessor"] == {"_target_": PREPROCESSOR, "sample_rate": 16000, "features": 80, "dither": 1e-5}
    assert "optim" not in config and "x" not in config


def test_what_is_unpacked(tmp_path: Path) -> None:
    tokenizer = {"type": "bpe", "dir": "/home/me", "model_path": "nemo:1_t.model", "vocab_path": "nemo:2_vocab.txt"}
    more = {"1_t.model": b"model", "2_vocab.txt": b"a", "evil.py": b"x", "tokenizer.vocab": b"x"}
    path = pack(tmp_path / "x.nemo", {**members(tokenizer=tokenizer), **more})
    folder = tmp_path / "out"
    folder.mkdir()
    unpack(read_archive(path), folder)
    assert {one.name for one in folder.iterdir()} == {
        "1_t.model",
        "2_vocab.txt",
        "model_config.yaml",
        "model_weights.ckpt",
    }
    placed = yaml.safe_load((folder / "model_config.yaml").read_text())["tokenizer"]
    assert (placed["dir"], placed["model_path"]) == (str(folder), str(folder / "1_t.model"))


@pytest.mark.parametrize(
    ("token", "message"), [(b"${oc.env:SECRET}", "which NeMo evaluates"), (None, "lacks '1_t.model'")]
)
def test_tokenizers_that_are_not_unpacked(tmp_path: Path, token: bytes | None, message: str) -> None:
    config = members(tokenizer={"type": "bpe", "model_path": "nemo:1_t.model"})
    path = pack(tmp_path / "x.nemo", {**config, **({"1_t.model": b"..." + token} if token else {})})
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(ModelError, match=message):
        unpack(read_archive(path), folder)


def test_the_archive_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no \.nemo file"):
        find_archive(tmp_path)
    one = pack(tmp_path / "one.nemo", members())
    assert find_archive(tmp_path) == find_archive(one) == one
    pack(tmp_path / "two.nemo", members())
    with pytest.raises(ModelError, match=r"2 .nemo files; name the file: -m .*one.nemo"):
        find_archive(tmp_path)


def test_without_the_weights_only_the_configuration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "payload.nemo"
    payload(path)
    assert read_archive(path, weights=False).layout == "ctc"


def test_the_layout_of_canary_is_in_the_table(tmp_path: Path) -> None:
    """Sections as NeMo's example of an attention encoder-decoder has them, in the form that an archive has."""
    modules = "nemo.collections.asr.modules"
    sizes = {"hidden_size": 8, "inner_size": 16, "num_layers": 1, "num_attention_heads": 2, "hidden_act": "relu"}
    canary = {
        "target": "nemo.collections.asr.models.aed_multitask_models.EncDecMultiTaskModel",
        "prompt_format": "canary2",
        "prompt_defaults": [{"role": "user", "slots": {"source_lang": "<|en|>", "pnc": "<|pnc|>"}}],
        "model_defaults": {"asr_enc_hidden": 8, "lm_enc_hidden": 8, "lm_dec_hidden": 8},
        "tokenizer": {
            "dir": None,
            "type": "agg",
            "langs": {"en": {"dir": "/x", "type": "bpe", "model_path": "nemo:a.model", "vocab_path": "nemo:a.txt"}},
            "custom_tokenizer": {
                "_target_": "nemo.collections.common.tokenizers.canary_tokenizer.CanaryTokenizer",
                "tokenizers": None,
            },
        },
        "transf_decoder": {
            "_target_": f"{modules}.transformer.get_nemo_transformer",
            "model_name": None,
            "pretrained": False,
            "encoder": None,
            "pre_ln_final_layer_norm": True,
            "config_dict": {**sizes, "max_sequence_length": 512, "num_token_types": 0, "vocab_size": "None"},
        },
        "head": {
            "_target_": "nemo.collections.asr.parts.submodules.token_classifier.TokenClassifier",
            "num_layers": 1,
            "activation": "relu",
            "hidden_size": "${model.transf_decoder.config_dict.hidden_size}",
            "num_classes": "None",
        },
        "decoding": {"strategy": "beam", "beam": {"beam_size": 1, "ngram_lm_model": "/etc/passwd"}},
    }
    found = read_archive(pack(tmp_path / "canary.nemo", members(**canary)), weights=False)
    assert found.layout == "aed" and found.config["head"]["hidden_size"] == 8
    assert found.config["decoding"] == {"strategy": "beam", "beam": {"beam_size": 1}}
    assert found.config["tokenizer"]["custom_tokenizer"].keys() == {"_target_"}


@pytest.mark.parametrize("offline", [("--offline",), ()])
def test_the_command_says_one_line(tmp_path: Path, offline: tuple[str, ...], asr: Any) -> None:
    environment(tmp_path / "x.nemo")
    sound = Path(__file__).parent.parent / "data/digits/string00.wav"
    done = asr("transcribe", sound, "-e", "nemo", "-m", tmp_path / "x.nemo", *offline, SECRET="planted")
    assert (done.code, done.out) == (3, "") and "planted" not in done.err
    assert len(done.err.splitlines()) == 1 and "only references such as" in done.err
