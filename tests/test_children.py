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
from asr_plugins.pocketsphinx_aligner import pronunciation
from support.command import quiet_environment, write_wav
from support.source import nodes

from asrcli.base.children import NOWHERE, OWN, SERVERS, python, surroundings
from asrcli.cli.doctor import PROBES, Probe, examine
from asrcli.digest.podcast import speech
from asrcli.digest.podcast.speech import run_program
from asrcli.transport.child import Child

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
    "asrcli/cli/doctor.py",
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


def test_probes_of_the_doctor(hostile: Path) -> None:
    everything = Probe("all", "import queue, json, signal, numpy, asrcli.cli.doctor; print('fine')", "")
    found = examine([everything, *(one for one in PROBES if one.name in ("driver", "disk", "ctranslate2"))])
    assert found[0].facts == "fine"


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


def test_no_process_gets_keys_that_it_has_no_use_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OWN | SERVERS:
        monkeypatch.setenv(name, "planted")
    assert "planted" not in surroundings().values() and surroundings()["PATH"]
    assert {name for name, value in surroundings(engine=True).items() if value == "planted"} == SERVERS
    child = Child("asrcli.workers", print)
    try:
        child.greet()
        given = Path(f"/proc/{child.pid}/environ").read_text().split("\0")
    finally:
        child.close(0.0)
    assert {one.partition("=")[0] for one in given if one.endswith("=planted")} == SERVERS


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
