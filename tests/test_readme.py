"""The README: its recipes run, its tables are what the program says, and its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support import recipes
from support.command import Run
from support.recipes import ROOT, first_line, need, shell_recipes

from tools import tables

README = (ROOT / "README.md").read_text()


def blocks(kind: str) -> list[str]:
    return recipes.blocks(ROOT / "README.md", kind)


@pytest.fixture
def place(recipe_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(recipe_place)
    return recipe_place


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the current folder and show what it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def gave(block: str, shown: str, place: Path) -> None:
    """Look closely at what one recipe of each kind gave: running without an error is not all."""
    if "--mirror-tree" in block:
        assert (place / "tree/week 2/thursday.srt").exists()
        assert (place / "flat/week 2-thursday.txt").read_text() == "thursday\n"
    elif "tr a-z A-Z" in block:
        assert shown == "SILENCE\n"  # the fake hears no word in the name -
    elif "asr.toml" in block:
        assert re.search(r"--max-cps +15 +\(environment ASR_MAX_CPS\)", shown)
        assert (place / "out/monday.json").exists()


@pytest.mark.parametrize("block", shell_recipes(), ids=first_line)
def test_recipes_for_the_shell_run(block: str, place: Path) -> None:
    need(block)
    done = run("bash", "-euo", "pipefail", "-c", block)
    assert "Traceback" not in done.stderr
    gave(block, done.stdout, place)


@pytest.mark.parametrize("block", blocks("make"), ids=first_line)
def test_recipes_for_make_run_and_run_again(block: str, place: Path) -> None:
    need("make")
    (place / "Makefile").write_text(block)
    run("make")
    made = {path.name for path in place.rglob("*.srt")}
    assert "monday.srt" in made
    again = run("make")
    assert "monday.srt" not in again.stdout


@pytest.mark.parametrize("engine", ["fake", pytest.param("pocketsphinx", marks=pytest.mark.slow)])
@pytest.mark.parametrize("block", blocks("python"), ids=first_line)
def test_recipes_for_python_run(block: str, engine: str, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    exec(block.replace('"pocketsphinx"', f'"{engine}"'), {})
    assert capfd.readouterr().err == ""


def test_recipes_that_are_looked_at_closely_are_there() -> None:
    marks = ("--mirror-tree", "tr a-z A-Z", "asr.toml")
    assert [sum(mark in block for block in blocks("sh")) for mark in marks] == [1, 1, 1]


def test_there_are_recipes_of_every_kind() -> None:
    assert (len(blocks("sh")) >= 9, len(blocks("make")) >= 2, len(blocks("python")) >= 2) == (True, True, True)


def test_generated_blocks_are_not_stale() -> None:
    texts = [path.read_text() for path in tables.DOCUMENTS]
    assert [tables.fill(text) for text in texts] == texts, "run `make completions`"
    assert {found["name"] for text in texts for found in tables.BLOCK.finditer(text)} == set(tables.BLOCKS)


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a document, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
    """Every link of every document, to its file and to its heading there."""
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "examples/README.md"]
    for document in documents:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", document.read_text()):
            if "://" in target:
                continue
            there = document.parent / target if target else document
            assert there.exists(), f"{document.name}: {target}"
            assert not anchor or anchor in anchors(there.read_text()), f"{document.name}: {target}#{anchor}"


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


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 5])
def test_the_demo_gives_the_texts_of_the_examples(tmp_path: Path, asr: Run, number: int) -> None:
    """What `make demo` runs, on what the repository holds."""
    texts = sorted((ROOT / "examples").glob("*-*.txt"), key=lambda path: path.with_suffix(".wav").stat().st_size)[
        :number
    ]
    assert len(texts) == number
    recordings = [text.with_suffix(".wav") for text in texts]
    words = ("--engine", "pocketsphinx", "--format", "txt,srt,json", "--output-dir", tmp_path)
    done = asr("transcribe", *recordings, *words)
    assert done.code == 0, done.err
    for text in texts:
        heard = (tmp_path / text.name).read_text()
        assert heard.split() == re.sub(r"[^\w\s]", "", text.read_text()).lower().split()
        assert (tmp_path / text.with_suffix(".srt").name).read_text().startswith("1\n00:00:0")
