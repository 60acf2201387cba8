"""What the documents tell people to type, and a folder in which it runs."""

from __future__ import annotations

import re
import shutil
import wave
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DIGITS = sorted((ROOT / "tests/data/digits").glob("*.wav"))
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = ("jq", "make")  # what recipes use that is not everywhere


def blocks(document: Path, kind: str) -> list[str]:
    """Return the blocks of one kind that a document has."""
    return [found["body"] for found in FENCE.finditer(document.read_text()) if found["kind"] == kind]


def shell_recipes() -> list[str]:
    """Return the blocks for the shell that the README and the other documents have; all of them run."""
    return [
        block for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) for block in blocks(path, "sh")
    ]


def first_line(block: str) -> str:
    """Return a name for a block."""
    return block.strip().partition("\n")[0][:60]


def need(block: str) -> None:
    """Skip where a program is missing that a block uses."""
    for program in PROGRAMS:
        if re.search(rf"\b{program}\b", block) and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def fill(folder: Path) -> None:
    """Make the files that recipes name."""
    (folder / "recordings/week 2").mkdir(parents=True)
    shutil.copy(DIGITS[0], folder / "talk.wav")
    shutil.copy(DIGITS[1], folder / "recordings/monday.wav")
    shutil.copy(DIGITS[2], folder / "recordings/week 2/thursday.wav")
    shutil.copy(DIGITS[0].with_suffix(".txt"), folder / "words.txt")
    (folder / "talk.rttm").write_text("SPEAKER talk 1 0.0 1.5 <NA> <NA> anna <NA> <NA>\n")
    with wave.open(str(DIGITS[3]), "rb") as mono, wave.open(str(folder / "call.wav"), "wb") as stereo:
        stereo.setparams((2, 2, 16000, 0, "NONE", ""))
        samples = mono.readframes(mono.getnframes())
        stereo.writeframes(b"".join(samples[at : at + 2] * 2 for at in range(0, len(samples), 2)))
