"""Processes that asr starts run nothing that lies in the folder where the user is."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asr_plugins.fake import Fake
from asr_plugins.openai_server import OpenAIServer
from asr_plugins.pocketsphinx_aligner import pronunciation
from support.command import quiet_environment, write_wav
from support.source import nodes

from asrcli.base.children import INSTALLERS, NOWHERE, STORES, python, surroundings
from asrcli.bench.gauges import Gpus, Packages
from asrcli.bench.messages import Job
from asrcli.bench.process import Worker
from asrcli.cli.commands.doctor import PROBES, Probe, examine
from asrcli.digest.podcast import speech
from asrcli.digest.podcast.speech import run_program
from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice
from asrcli.environments.making import make
from asrcli.environments.store import planned as planned_environment
from asrcli.errors import EngineUnavailable
from asrcli.workers.remote import launch_here

ROOT = Path(__file__).parent.parent
SOURCES = [
    path for folder in ("asrcli", "plugins/asr_plugins", "tools") for path in sorted((ROOT / folder).rglob("*.py"))
]
# Who may start a process at all; Python among them by `python` alone.
STARTERS = {
    "asrcli/bench/environment.py",  # git
    "asrcli/environments/making.py",  # uv, pip
    "asrcli/transport/child.py",
    "asrcli/digest/podcast/speech.py",
    "asrcli/cli/commands/doctor.py",
    "asrcli/testing/checks.py",  # importing an engine, in a Python of its own
    "plugins/asr_plugins/pocketsphinx_aligner/pronunciation.py",  # espeak-ng
}
STARTING = {
    "subprocess", "multiprocessing.Process", "multiprocessing.Pool", "multiprocessing.get_context", "runpy",
    "multiprocessing.pool", "concurrent.futures.ProcessPoolExecutor", "concurrent.futures.process", "pty",
}  # fmt: skip
CALLS = {"system", "popen", "execv", "execve", "execvp", "execl", "execlp", "spawnv", "spawnvp", "posix_spawn"}


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Change into a folder whose modules leave a marker when they are imported, and look for it in the end."""
    folder = tmp_path / "here"
    for name in ("torch", "queue", "json", "signal", "numpy", "ctranslate2", "sitecustomize", "asrcli/__init__"):
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"open({str(tmp_path / 'marker')!r}, 'a').write(__name__)\n")
    for name in ("flite", "espeak-ng", "gcc", "git", "uv", "ffmpeg", "python3"):
        (folder / name).write_text(f"#!/bin/sh\necho $0 >> '{tmp_path / 'marker'}'\n")
        (folder / name).chmod(0o755)
    touch = {"class_name": "subprocess.Popen", "config": {"args": ["touch", str(tmp_path / "marker")]}}
    (folder / "one_logger_exporters_config.json").write_text(json.dumps({"exporters": [touch]}))
    (folder / ".numba_config.yaml").write_text(f"cache_dir: {tmp_path / 'marker'}\n")  # where it unpickles
    os.mkfifo(folder / "matplotlibrc")  # which would be waited for
    monkeypatch.chdir(folder)
    yield folder
    assert not (tmp_path / "marker").exists(), (tmp_path / "marker").read_text()


@pytest.mark.slow
def test_probes_of_the_doctor(hostile: Path) -> None:
    everything = Probe("all", "import queue, json, signal, numpy, asrcli.cli.commands.doctor; print('fine')", "")
    found = examine([everything, *(one for one in PROBES if one.name in ("driver", "disk", "ctranslate2"))])
    assert found[0].facts == "fine"


@pytest.mark.slow
def test_the_measuring_process_of_bench(hostile: Path) -> None:
    write_wav(hostile / "data" / "one.wav", 0.5)
    (hostile / "data" / "one.txt").write_text("one\n")
    command = python("-m", "asrcli", "bench", "data", "-e", "fake", "--repeats", "1", "--batches", "none")
    done = subprocess.run(command, capture_output=True, timeout=120, env=quiet_environment(hostile.parent / "home"))
    assert done.returncode == 0, done.stderr


def test_the_speech_of_the_podcast(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], text: str) -> None:
        commands.append(command)
        raise InterruptedError

    monkeypatch.setattr(speech, "run_program", run)
    with pytest.raises(InterruptedError):
        speech.Espeak().speak([])
    done = subprocess.run([*commands[0][:-1], str(hostile)], input=b"", capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr or b"espeak" in done.stderr


def test_settings_of_libraries_in_the_current_folder(hostile: Path) -> None:
    """NeMo calls the classes that one of these names while it is imported: shown by nv_one_logger alone."""
    code = """
import warnings
warnings.simplefilter("ignore")
from asrcli.base.import_guard import guard_imports
guard_imports()
guard_imports()
import matplotlib, numba
from numba.core import config
config.reload_config()
from nv_one_logger.exporter.export_config_manager import ExporterConfigManager
manager = ExporterConfigManager()
print(manager.generate_export_config(), config.CACHE_DIR, matplotlib.rcParams["font.size"])
"""
    done = subprocess.run(python("-c", code), capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["[]", "10.0"], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("path, modules", [(".:", "."), ("", ":/nowhere")])
def test_real_commands_where_everything_is_hostile(hostile: Path, path: str, modules: str, checkpoints: Path) -> None:
    """NeMo, the aligner's espeak-ng, plots, the doctor and speech, also with the folder in PATH and PYTHONPATH."""
    write_wav(hostile / "data" / "one.wav", 1.0)
    (hostile / "data" / "one.txt").write_text("one xqzt\n")
    (hostile / "sitecustomize.py").unlink()  # Python itself imports it, before there is anything of asr
    around = {**quiet_environment(hostile.parent / "home"), "PYTHONPATH": modules}
    around["PATH"] = path + os.pathsep + around["PATH"]
    asr = str(Path(sys.executable).parent / "asr")
    few = ("--repeats", "1", "--batches", "none")
    for words in (
        ("transcribe", "data/one.wav", "-e", "canary", "-m", str(checkpoints / "canary-qwen-digits"), "-o", "-"),
        ("align", "data/one.wav", "data/one.txt", "-a", "pocketsphinx", "-l", "en", "-f", "json", "-o", "aligned"),
        ("bench", "data", "-e", "fake", *few, "--plot", "b.png"),
        ("transcribe", "data/one.wav", "-e", "fake", "--workers", "1", "-o", "out"),
        ("doctor",),
        ("digest", "doctor", "-o", "news"),
    ):
        (hostile / "asrcli").rename(hostile / "aside")  # likewise: the program would be another one
        done = subprocess.run([asr, *words], capture_output=True, text=True, timeout=250, env=around)
        (hostile / "aside").rename(hostile / "asrcli")
        assert done.returncode in (0, 1), (words, done.stderr)
        assert str(hostile / "flite") not in done.stdout


def test_voices_speak_where_no_files_are_found_by_their_names(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_program(("/bin/sh", "-c", f"pwd > '{tmp_path / 'where'}'"), "")
    assert (tmp_path / "where").read_text().strip() == NOWHERE
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/espeak-ng").write_text(f"#!/bin/sh\npwd > '{tmp_path / 'there'}'\n")
    (tmp_path / "bin/espeak-ng").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    pronunciation.speak.cache_clear()
    pronunciation.speak("xqzt")
    pronunciation.speak.cache_clear()
    assert (tmp_path / "there").read_text().strip() == NOWHERE


KEYS = (
    "ASR_LLM_KEY ASR_X_TOKEN ASR_SERVER_KEY OPENAI_API_KEY HF_TOKEN HUGGING_FACE_HUB_TOKEN HUGGINGFACE_HUB_TOKEN "
    "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_WEB_IDENTITY_TOKEN_FILE "
    "AWS_CONTAINER_CREDENTIALS_FULL_URI aws_secret_access_key AZURE_STORAGE_ACCOUNT_KEY AZURE_STORAGE_SAS_TOKEN "
    "AZURE_STORAGE_CONNECTION_STRING AZURE_CLIENT_SECRET IDENTITY_HEADER MSI_SECRET GOOGLE_APPLICATION_CREDENTIALS "
    "GOOGLE_SERVICE_ACCOUNT_KEY CLOUDSDK_AUTH_ACCESS_TOKEN RAY_AUTH_TOKEN GITHUB_TOKEN WANDB_API_KEY NGC_CLI_API_KEY "
    "DEEPGRAM_API_KEY PGPASSWORD MYSQL_PWD DB_PASS VAULT_TOKEN DOCKER_AUTH_CONFIG SSH_AUTH_SOCK UV_INDEX_HOUSE_PASSWORD"
).split()
NO_KEYS = (
    "PWD OLDPWD TOKENIZERS_PARALLELISM KEYBOARD SSLKEYLOGFILE XDG_SESSION_ID CUDA_VISIBLE_DEVICES OMP_NUM_THREADS "
    "SSL_CERT_FILE HF_HOME ASR_ALLOW_HOST LD_LIBRARY_PATH NO_PROXY AUTHOR MONKEY_X BYPASS_CACHE"
).split()
ADDRESSES = {"DATABASE_URL": True, "PIP_EXTRA_INDEX_URL": True, "HTTPS_PROXY": False, "https_proxy": False}
LINK = "http://user:planted@127.0.0.1:1/"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Plant keys of everybody, and what only looks like them; return the names of the keys."""
    for name in (*KEYS, *NO_KEYS):
        monkeypatch.setenv(name, "planted")
    for name in ADDRESSES:
        monkeypatch.setenv(name, LINK)
    return [*KEYS, *(name for name, opens in ADDRESSES.items() if opens)]


def of_process(pid: int) -> set[str]:
    """Return the names of the variables that a process was started with."""
    return {one.partition("=")[0] for one in Path(f"/proc/{pid}/environ").read_text().split("\0") if "planted" in one}


def test_no_process_gets_keys_that_it_has_no_use_for(planted: list[str]) -> None:
    given = {name for name, value in surroundings().items() if "planted" in value}
    assert given == {*NO_KEYS, "HTTPS_PROXY", "https_proxy"} and surroundings()["PATH"]
    for needs, expected in (
        (Fake.keys, set()),
        (OpenAIServer.keys, {"ASR_SERVER_KEY", "OPENAI_API_KEY"}),
        (STORES, {one for one in planted if one.startswith(("AWS", "AZURE", "GOOGLE", "MSI", "IDENTITY"))}),
        (INSTALLERS, {"UV_INDEX_HOUSE_PASSWORD", "PIP_EXTRA_INDEX_URL", "SSH_AUTH_SOCK"}),
        (("",), set()),
    ):
        assert {name for name, value in surroundings(*needs).items() if "planted" in value} - given == expected


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_keys_that_real_processes_get(planted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of two engines, the measuring process, installers, programs that speak."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    got: dict[str, set[str]] = {}
    for engine in (Fake, OpenAIServer):
        child = launch_here(Choice(engine, Weights("", None), Device()), Device(), print)
        child.greet()
        got[engine.name] = of_process(child.pid) & set(planted)
        child.close(0.0)
    with Worker(Fake, Job("fake", None, Weights("default", None), Device()), Gpus(), Packages(), print) as worker:
        worker.cold()
        got["bench"] = of_process(worker.gauges.pid) & set(planted)
    for name in ("uv", "espeak-ng"):
        (tmp_path / name).write_text(f"#!/bin/sh\nenv > '{tmp_path}/{name}.txt'\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(EngineUnavailable, match="uv ended with exit code 1"):
        make(planned_environment("fake", "", (), cpu_torch=False), {}, print)
    pronunciation.speak.cache_clear()
    pronunciation.speak("xqzt")
    pronunciation.speak.cache_clear()
    for name in ("uv", "espeak-ng"):
        lines = (tmp_path / f"{name}.txt").read_text().splitlines()
        got[name] = {line.partition("=")[0] for line in lines if "planted" in line} & set(planted)
    assert got["fake"] == got["espeak-ng"] == set()
    assert got["openai_server"] == {"ASR_SERVER_KEY", "OPENAI_API_KEY"}
    assert got["bench"] == {one for one in planted if one.startswith(STORES)}
    assert got["uv"] == {"UV_INDEX_HOUSE_PASSWORD", "PIP_EXTRA_INDEX_URL", "SSH_AUTH_SOCK"}


def test_python_is_started_by_one_helper() -> None:
    """Nobody else names the interpreter, and who starts programs is known."""
    assert len(SOURCES) > 100
    for path in SOURCES:
        name = str(path.relative_to(ROOT))
        named, imported = names_and_imports(nodes(path))
        assert "sys.executable" not in named or name == "asrcli/base/children.py", name
        assert not {f"os.{call}" for call in CALLS} & named, name
        assert not imported & STARTING or name in STARTERS, name
        assert not {"sys.executable", "os.system"} & imported, name
        for node in nodes(path):
            runs = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func)
            if runs in ("subprocess.run", "subprocess.Popen"):
                given = {one.arg for one in node.keywords}
                assert "env" in given, f"{name} line {node.lineno}: what does it get to know?"


def names_and_imports(module: list[ast.AST]) -> tuple[set[str], set[str]]:
    """Return what a module names with one dot (`sys.executable`), and what it imports."""
    named, imported = set(), set()
    for node in module:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            named.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return named, imported
