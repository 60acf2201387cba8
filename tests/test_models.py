"""Where weights come from: folders, the cache, a hub on the loopback; and what is refused."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from asrcli.engine import Engine, Model, load_class
from asrcli.errors import ModelError, UsageError
from asrcli.weights import hashes, models
from asrcli.weights.hashes import hash_local
from asrcli.weights.plain import safe_folder
from tests.fake_hub import COMMIT, FakeHub, serve

ROOT = Path(__file__).parent.parent


class Named(Engine):
    """An engine with one model on a hub."""

    name = "named"
    models: ClassVar[Mapping[str, Model]] = {
        "small": Model("owner/small", size_mb=3),
        "pinned": Model("owner/pinned", "f" * 40),
    }
    default_model = "small"
    weight_files = ("*.safetensors", "model.bin")

    def __init__(self, weights: Any, device: Any) -> None: ...

    def transcribe(self, clips: Any, options: Any) -> Any: ...


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty hub cache, and keep our own notes out of the home folder."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return tmp_path / "hub"


def in_cache(cache: Path, hub_id: str, commit: str, files: dict[str, str], main: bool = True) -> Path:
    repository = cache / ("models--" + hub_id.replace("/", "--"))
    folder = repository / "snapshots" / commit
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    if main:
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / "main").write_text(commit)
    return folder


def resolve(name: str | None, offline: bool = True, pull: bool = False, engine: type[Engine] = Named) -> Any:
    return models.resolve(engine, name, offline=offline, pull=pull, announce=lambda text: None)


def test_a_cached_model_needs_no_network_and_no_hub_library(cache: Path) -> None:
    folder = in_cache(cache, "owner/small", COMMIT, {"model.safetensors": "x", "config.json": "{}"})
    code = (
        "import sys, socket\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from asrcli.weights import models; from tests.test_models import Named, resolve\n"
        "assert models.is_here(Named, 'small') and models.installed_size(Named, 'small') == 3\n"
        "weights = resolve(None, offline=False, pull=True)\n"
        "assert 'huggingface_hub' not in sys.modules and 'torch' not in sys.modules\n"
        "print(weights.path, weights.revision, weights.name, sep=chr(10))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines() == [str(folder), COMMIT, "small"], done.stderr


@pytest.mark.parametrize(("offline", "pull"), [(True, True), (False, False)])
def test_missing_weights_name_the_command(cache: Path, offline: bool, pull: bool) -> None:
    with pytest.raises(ModelError, match=r"'small' \(3 MB\).*asr engines pull named:small") as caught:
        resolve(None, offline, pull)
    assert caught.value.exit_code == 3
    assert not models.is_here(Named, "small") and models.installed_size(Named, "small") is None


def test_the_environment_can_forbid_the_hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="asr engines pull named:small"):
        resolve("small", offline=False, pull=True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        models.pull(Named, "small", print)


def test_the_pinned_revision_comes_before_main(cache: Path) -> None:
    in_cache(cache, "owner/pinned", COMMIT, {"model.bin": "new"})
    assert resolve("pinned").revision == COMMIT, "better another revision, which is recorded, than none"
    in_cache(cache, "owner/pinned", "f" * 40, {"model.bin": "pinned"}, main=False)
    assert resolve("pinned").revision == "f" * 40


def test_half_a_download_is_not_here(cache: Path) -> None:
    index = json.dumps({"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}})
    folder = in_cache(cache, "owner/small", COMMIT, {"model.safetensors.index.json": index, "m-1.safetensors": ""})
    assert not models.is_here(Named, "small")
    (folder / "m-2.safetensors").touch()
    assert models.is_here(Named, "small")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("smal", "did you mean 'small'"),
        ("zzz", "it has: small, pinned"),
        ("./nothing", "no folder"),
        ("/a/b/c", "no folder"),
    ],
)
def test_unknown_names_are_usage_errors(cache: Path, name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        resolve(name)


def test_models_inside_a_package_are_always_here(cache: Path) -> None:
    engine = load_class("pocketsphinx")
    assert models.is_here(engine) and resolve(None, engine=engine).path is None
    with pytest.raises(UsageError, match="loads no folders"):
        resolve(str(cache.parent), engine=engine)
    with pytest.raises(UsageError, match="nothing to pull"):
        models.pull(engine, None, print)


def test_a_folder_is_known_by_its_contents(cache: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.bin").write_bytes(b"w" * (hashes.SMALL + 1))
        os.utime(folder / "model.bin", ns=(0, len(folder.name)))
    assert resolve(str(first)).revision == resolve(str(second)).revision
    before = hash_local(first)
    (first / "model.bin").write_bytes(b"v" + b"w" * hashes.SMALL)  # as long as before
    assert hash_local(first) != before
    (second / "README.md").write_text("notes are no weights")
    assert hash_local(second) == before


def test_big_files_are_read_once(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.bin").write_bytes(bytes(hashes.SMALL))
    first = hash_local(folder)
    monkeypatch.setattr(hashes, "_read_hash", lambda path: pytest.fail("read again"))
    assert hash_local(folder) == first


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's home, a container's: each call is refused. The tests may run as root, whom no permission stops."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "model.bin").write_bytes(bytes(hashes.SMALL))
    with monkeypatch.context() as context:
        for name in ("mkdir", "write_text", "replace", "unlink"):
            context.setattr(Path, name, refuse)
        refused = hash_local(tmp_path / "model.bin")
    assert refused == hash_local(tmp_path / "model.bin")


# A hub on the loopback. The hub's library reads HF_ENDPOINT when it is imported, so each test is a process of its own.

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights" * 1000,
    "model.fp32-00001-of-00002.safetensors": b"the same weights, twice as big",
    "pytorch_model.bin": b"\x80\x04pickle",
    "README.md": b"#",
    "modeling.py": b"raise SystemExit('code from the hub was run')",
    "tokenizer.json": b"{}",
}
PULL = (
    "import sys\n"
    "from tests.test_models import resolve\n"
    "from asrcli.errors import AsrError\n"
    "from asrcli.weights import models\n"
    "said = []\n"
    "try:\n"
    "    from tests.test_models import Named\n"
    "    w = models.resolve(Named, sys.argv[1], offline=False, pull=True, announce=said.append)\n"
    "    print(w.path); print(w.revision); print(len(said))\n"
    "except AsrError as error:\n"
    "    print(type(error).__name__, error)\n"
)


def test_a_dangling_link_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"w")
    before = hash_local(tmp_path)
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere.json")
    assert hash_local(tmp_path) == before


def pull(
    hub: FakeHub, cache: Path, name: str, stderr: int = subprocess.PIPE, **environment: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PULL, name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(cache.parent / "hf"), **environment},
    )


def test_downloads_weights_only_and_silently(cache: Path) -> None:
    with serve({"owner/small": FILES}) as hub:
        output, errors = pull(hub, cache, "small", HF_TOKEN="secret-of-the-environment").communicate(timeout=60)
        path, revision, said = output.splitlines()
        assert {file.name for file in Path(path).iterdir()} == {"config.json", "model.safetensors", "tokenizer.json"}
        assert (revision, said, errors) == (COMMIT, "1", "")
        assert hub.tokens == {"Bearer secret-of-the-environment"}
        again = len(hub.requests)
        assert pull(hub, cache, "small").communicate(timeout=60)[0].splitlines()[:2] == [path, revision]
        assert len(hub.requests) == again, "a cached model asks the hub nothing"


@pytest.mark.slow
def test_a_terminal_sees_a_bar(cache: Path) -> None:
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    with serve({"owner/small": FILES}) as hub:
        process = pull(hub, cache, "small", stderr=slave)
        assert process.communicate(timeout=60)[0].splitlines()[1] == COMMIT
    os.close(slave)
    assert b"100%" in os.read(master, 100_000)
    os.close(master)


@pytest.mark.slow
def test_several_processes_download_once(cache: Path) -> None:
    with serve({"owner/small": FILES}) as hub:
        together = [pull(hub, cache, "small") for _ in range(2)]
        outputs = [process.communicate(timeout=120)[0].splitlines() for process in together]
        assert {tuple(output[:2]) for output in outputs} == {tuple(outputs[0][:2])} and outputs[0][1] == COMMIT
        assert hub.sent["model.safetensors"] == 1


@pytest.mark.parametrize(
    ("repositories", "reason"),
    [
        ({}, "no such repository"),
        pytest.param(
            {"owner/small": {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04"}},
            "no weights that engine",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_failed_download_says_why(cache: Path, repositories: dict[str, dict[str, bytes]], reason: str) -> None:
    with serve(repositories) as hub:
        output, _ = pull(hub, cache, "small").communicate(timeout=60)
    assert output.startswith("ModelError") and reason in output


@pytest.mark.slow
def test_a_hub_that_is_away(cache: Path) -> None:
    with serve({}) as hub:
        pass  # closed again: nobody listens on the port
    began = time.monotonic()
    output, _ = pull(hub, cache, "small").communicate(timeout=60)
    assert output.startswith("ModelError cannot download owner/small") and "cannot be reached" in output
    assert "Retry" not in output and time.monotonic() - began < 20  # its library alone tries for half a minute


# Pickles


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch owned",)


def test_safetensors_and_ctranslate2_are_safe(checkpoints: Path, tmp_path: Path) -> None:
    safe_folder(checkpoints / "whisper-digits-ct2")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))  # not loaded when safetensors are there
    safe_folder(tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth.tar", "x.ckpt"])
def test_a_pickle_that_runs_code_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(ModelError, match=name) as caught:
        safe_folder(tmp_path)
    assert caught.value.exit_code == 3 and not (tmp_path / "owned").exists()


def test_a_torch_file_that_runs_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    torch.save({"weights": torch.zeros(3), "more": Evil()}, tmp_path / "model.pt")
    with pytest.raises(ModelError, match=r"model\.pt"):
        safe_folder(tmp_path)
    assert not (tmp_path / "owned").exists()


def test_a_torch_file_of_tensors_is_let_through(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"weights": torch.zeros(3)}, tmp_path / "model.pt")
    safe_folder(tmp_path)
    torch.save({"weights": torch.zeros(3), "args": argparse.Namespace(width=3)}, tmp_path / "model.pt")
    with pytest.raises(ModelError, match="Namespace"):
        safe_folder(tmp_path)


def test_a_pickle_without_torch_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.pt").write_bytes(pickle.dumps({}, protocol=2))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelError, match="safetensors"):
        safe_folder(tmp_path)
