"""The README: its recipes run, its tables are what the program says, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import tables

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DIGITS = sorted((ROOT / "tests/data/digits").glob("*.wav"))
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = ("jq", "make")  # what recipes use that is not everywhere


def blocks(kind: str) -> list[str]:
    return [found["body"] for found in FENCE.finditer(README) if found["kind"] == kind]


def first_line(block: str) -> str:
    return block.strip().partition("\n")[0][:60]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with the files that recipes name, where `asr` is on the path and its engine is `fake`."""
    for name in [name for name in os.environ if name.startswith("ASR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASR_ENGINE", "fake")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    folder = tmp_path / "place"
    (folder / "recordings/week 2").mkdir(parents=True)
    shutil.copy(DIGITS[0], folder / "talk.wav")
    shutil.copy(DIGITS[1], folder / "recordings/monday.wav")
    shutil.copy(DIGITS[2], folder / "recordings/week 2/thursday.wav")
    with wave.open(str(DIGITS[3]), "rb") as mono, wave.open(str(folder / "call.wav"), "wb") as stereo:
        stereo.setparams((2, 2, 16000, 0, "NONE", ""))
        samples = mono.readframes(mono.getnframes())
        stereo.writeframes(b"".join(samples[at : at + 2] * 2 for at in range(0, len(samples), 2)))
    monkeypatch.chdir(folder)
    yield folder


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the current folder and show what it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def need(block: str) -> None:
    for program in PROGRAMS:
        if re.search(rf"\b{program}\b", block) and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("block", blocks("sh"), ids=first_line)
def test_recipes_for_the_shell_run(block: str, place: Path) -> None:
    need(block)
    done = run("bash", "-euo", "pipefail", "-c", block)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("block", blocks("make"), ids=first_line)
def test_recipes_for_make_run_and_run_again(block: str, place: Path) -> None:
    need("make")
    (place / "Makefile").write_text(block)
    run("make")
    made = {path.name for path in place.rglob("*.srt")}
    assert "monday.srt" in made
    again = run("make")
    assert "monday.srt" not in again.stdout


@pytest.mark.parametrize("block", blocks("python"), ids=first_line)
def test_recipes_for_python_run(block: str, place: Path) -> None:
    done = run(sys.executable, "-c", block)
    assert done.stderr == ""


def test_a_recipe_gives_what_it_says(place: Path) -> None:
    """Look closely at one of each kind: running without an error is not all."""
    shell = next(block for block in blocks("sh") if "--mirror-tree" in block)
    run("bash", "-euo", "pipefail", "-c", shell)
    assert (place / "tree/week 2/thursday.srt").exists()
    assert (place / "flat/week 2-thursday.txt").read_text() == "thursday\n"
    shell = next(block for block in blocks("sh") if "tr a-z A-Z" in block)
    assert run("bash", "-euo", "pipefail", "-c", shell).stdout == "SILENCE\n"  # the fake hears no word in the name -
    shell = next(block for block in blocks("sh") if "asr.toml" in block)
    shown = run("bash", "-euo", "pipefail", "-c", shell).stdout
    assert re.search(r"--max-cps +15 +\(environment ASR_MAX_CPS\)", shown)
    assert (place / "out/monday.json").exists()


def test_there_are_recipes_of_every_kind() -> None:
    assert (len(blocks("sh")) >= 9, len(blocks("make")) >= 2, len(blocks("python")) >= 2) == (True, True, True)


def test_generated_blocks_are_not_stale() -> None:
    texts = [path.read_text() for path in tables.DOCUMENTS]
    assert [tables.fill(text) for text in texts] == texts, "run `make completions`"
    assert {found["name"] for text in texts for found in tables.BLOCK.finditer(text)} == set(tables.BLOCKS)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "examples/README.md"])
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text()
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    missing = {target for target in targets if not (ROOT / document).parent.joinpath(target).exists()}
    assert missing <= {"docs/performance.md"}  # `make bench` writes that one


def test_options_that_the_readme_names_exist() -> None:
    """Every --option after `asr COMMAND` in a block that is shown but not run."""
    from asrcli.cli.main import COMMANDS, build

    spellings = {
        spelling
        for name in COMMANDS
        for one in build(name).params
        if one.param_type_name == "option"
        for spelling in (*one.opts, *one.secondary_opts)
    }
    for block in blocks("console"):
        for line in block.splitlines():
            command = line.partition("#")[0].rpartition("asr transcribe")[2] if "asr transcribe" in line else ""
            assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", command)) <= spellings, line


def test_the_demo_gives_the_texts_of_the_examples(tmp_path: Path) -> None:
    """What `make demo` runs, on what the repository holds."""
    words = ["--engine", "pocketsphinx", "--format", "txt,srt,json"]
    done = subprocess.run(
        [sys.executable, "-m", "asrcli", "transcribe", str(ROOT / "examples"), *words, "--output-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    texts = sorted((ROOT / "examples").glob("*-*.txt"))
    assert len(texts) >= 4
    for text in texts:
        heard = (tmp_path / text.name).read_text()
        assert heard.split() == re.sub(r"[^\w\s]", "", text.read_text()).lower().split()
        assert (tmp_path / text.with_suffix(".srt").name).read_text().startswith("1\n00:00:0")
