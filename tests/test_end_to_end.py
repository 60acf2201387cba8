"""Real speech through the real command: what a user gets from each engine, measured against the text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import wave
from pathlib import Path

import jiwer
import pytest
from support.command import Run, quiet_environment

LIBRIVOX_BY_HAND = 0.282  # WER of PocketSphinx called by hand on the five clips


def word_error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Return the WER of lower-case words without punctuation."""
    plain = [[re.sub(r"[^\w' ]", " ", text.lower()) for text in texts] for texts in (references, hypotheses)]
    return float(jiwer.wer(plain[0], plain[1]))


def transcripts(folder: Path, stems: list[str]) -> list[str]:
    return [(folder / f"{stem}.txt").read_text().replace("\n", " ") for stem in stems]


@pytest.mark.parametrize("count", [3, pytest.param(24, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "more",
    [
        (),
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (("--word-timestamps",), ("--beam-size", "1"), ("--no-batched",))
        ),
    ],
)
def test_whisper_hears_digit_strings(
    asr: Run,
    tmp_path: Path,
    digit_strings: list[tuple[Path, str]],
    checkpoints: Path,
    more: tuple[str, ...],
    count: int,
) -> None:
    paths, texts = zip(*digit_strings[:count], strict=True)
    model = checkpoints / "whisper-digits-ct2"
    done = asr("transcribe", "-e", "whisper", "-m", model, *paths, "-f", "txt,json", "-o", "out", *more)
    assert done.code == 0, done.err
    heard = transcripts(tmp_path / "out", [path.stem for path in paths])
    assert len(heard) == count and word_error_rate(list(texts), heard) < 0.10
    first = json.loads((tmp_path / "out/string00.json").read_text())
    assert (first["language"], first["engine"]) == ("en", "whisper") and first["language_score"] > 0.9


@pytest.mark.slow  # quick with the engine: test_whisper.py
@pytest.mark.parametrize("rounds", [1, 4])
def test_whisper_hears_people(asr: Run, tmp_path: Path, shared: Path, checkpoints: Path, rounds: int) -> None:
    """Strings of digits of six people, made from single takes that the model was not trained on."""
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    references = []
    for number, speaker in enumerate(["george", "jackson", "lucas", "nicolas", "theo", "yweweler"] * rounds):
        digits = [(number * 7 + step * 3) % 10 for step in range(4)]
        with wave.open(str(tmp_path / f"in-{number:02}.wav"), "wb") as joined:
            joined.setparams((1, 2, 8000, 0, "NONE", ""))
            for step, digit in enumerate(digits):
                with wave.open(str(shared / f"fsdd/recordings/{digit}_{speaker}_{3 + step % 2}.wav"), "rb") as take:
                    joined.writeframes(bytes(2 * 1600) + take.readframes(take.getnframes()) + bytes(2 * 1600))
        references.append(" ".join(names[digit] for digit in digits))
    done = asr("transcribe", "-e", "whisper", "-m", checkpoints / "whisper-digits-ct2", "in-*.wav", "-o", "out")
    assert done.code == 0, done.err
    heard = transcripts(tmp_path / "out", [f"in-{number:02}" for number in range(len(references))])
    assert word_error_rate(references, heard) < 0.10


@pytest.mark.slow
def test_pocketsphinx_is_no_worse_than_by_hand(asr: Run, tmp_path: Path, shared: Path) -> None:
    folder = shared / "audio/librivox"
    done = asr("transcribe", "-e", "pocketsphinx", folder, "-o", "out", timeout=300)
    assert done.code == 0, done.err
    texts = sorted(folder.glob("*.txt"))
    heard = transcripts(tmp_path / "out", [text.stem for text in texts])
    assert word_error_rate([text.read_text().strip() for text in texts], heard) <= LIBRIVOX_BY_HAND + 0.0005


# What makes the packages of weights look as if they were not installed.
WITHOUT = """
import sys
from importlib import metadata
def absent(name): raise metadata.PackageNotFoundError(name)
from asrcli.weights import packaged
packaged.distribution = absent
from asrcli.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_auto_without_packages_takes_the_embedded_engine_and_says_so(
    tmp_path: Path, digit_strings: list[tuple[Path, str]]
) -> None:
    def asr(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", WITHOUT, "transcribe", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, env=quiet_environment(tmp_path), timeout=120)

    done = asr(digit_strings[0][0])
    assert done.returncode == 0 and "nine eight" in done.stdout
    said = [line for line in done.stderr.splitlines() if "engine" in line]
    assert len(said) == 1 and "pocketsphinx" in said[0] and "asr engines pull whisper" in said[0]
    assert "qwen3" not in done.stderr and "not qwen3: no weights here" in asr(digit_strings[0][0], "-v").stderr
    other = asr(digit_strings[0][0], "-l", "de")
    assert other.returncode == 3 and "speaks 'de'" in other.stderr and "asr engines pull whisper:base" in other.stderr
    assert "asr engines pull whisper:large-v3-turbo" in asr(digit_strings[0][0], "-l", "yue").stderr


def test_missing_weights_are_exit_3_offline(asr: Run, digit_strings: list[tuple[Path, str]]) -> None:
    done = asr("transcribe", digit_strings[0][0], "-e", "whisper", "-m", "small", "--offline")
    assert done.code == 3 and "asr engines pull whisper:small" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("token", "more"),
    [
        ("1000000000", ()),
        ("-2", ("--no-batched",)),
        *(
            pytest.param(*one, marks=pytest.mark.slow)
            for one in (
                ("1000000000", ("--no-batched",)),
                ("99999999999999999999", ()),
                ("99999999999999999999", ("--no-batched",)),
                ("-2", ()),
            )
        ),
    ],
)
def test_a_token_that_whisper_does_not_have_is_one_line(
    token: str, more: tuple[str, ...], asr: Run, checkpoints: Path, digit_strings: list[tuple[Path, str]]
) -> None:
    """CTranslate2 writes where it says, and the process ends by SIGSEGV."""
    words = ("-e", "whisper", "-m", checkpoints / "whisper-digits-ct2", "--no-vad", f"--suppress-tokens={token}", *more)
    done = asr("transcribe", digit_strings[0][0], *words)
    assert done.code in (1, 2) and done.out == ""
    assert f"--suppress-tokens {token}: this model has tokens 0 to " in done.err and "Traceback" not in done.err
