"""What is refused of a ``.nemo`` archive, and that nothing of a refused one is run or left behind."""

from __future__ import annotations

import io
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from asr_plugins.nemo.archive import find_archive, read_archive

from asrcli.errors import ModelError

CONFIG = {
    "target": "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE",
    "decoder": {"_target_": "nemo.collections.asr.modules.ConvASRDecoder", "vocabulary": []},
}


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
    target: "it would run 'os.system'",
    deep_target: "it would run 'subprocess.run'",
    model_class: "it would run 'os.system'",
    python_yaml: "not plain YAML",
    aliases: "grows to more than",
    gzip_bomb: "not safe to unpack",
    zip_bomb: "bytes become",
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
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


def test_damage_anywhere_is_a_model_error(tmp_path: Path) -> None:
    """Unpicklers, zip and tar readers stumble over wrong bytes with all kinds of exceptions; one comes through."""
    choose = random.Random(0)
    legacy = io.BytesIO()
    torch.save({"encoder.weight": torch.zeros(3)}, legacy, _use_new_zipfile_serialization=False)
    refused = 0
    for data in (weights(), legacy.getvalue()):
        for mode in ("w", "w:gz"):
            for _ in range(100):
                damaged = bytearray(data)
                for _ in range(choose.randint(1, 4)):
                    damaged[choose.randrange(len(damaged))] = choose.randrange(256)
                path = pack(tmp_path / "damaged.nemo", {**members(), "./model_weights.ckpt": bytes(damaged)}, mode)
                try:
                    read_archive(path)
                except ModelError as error:
                    assert "\n" not in str(error)
                    refused += 1
    assert refused > 100


def test_no_configuration_and_no_recogniser(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no model_config\.yaml"):
        read_archive(pack(tmp_path / "empty.nemo", {"./model_weights.ckpt": weights()}))
    other = read_archive(pack(tmp_path / "tts.nemo", members(target="nemo.collections.tts.models.FastPitchModel")))
    with pytest.raises(ModelError, match="FastPitchModel, which is no recogniser"):
        _ = other.layout


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
