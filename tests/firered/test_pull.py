"""What is pulled from a hub is pinned to the commit that the hub named, and found again without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fake_hub import COMMIT, serve
from tests.firered import companion_cases

ROOT = Path(__file__).parent.parent.parent
AED, VAD = "FireRedTeam/FireRedASR2-AED", "FireRedTeam/FireRedVAD"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def asr(*words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "asrcli", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
def test_pulled_models_keep_their_revision(
    checkpoints: Path, digit_strings: list[tuple[Path, str]], tmp_path: Path
) -> None:
    recording = str(digit_strings[0][0])
    detector = tmp_path / "FireRedVAD"
    companion_cases.vad_folder(detector / "VAD", "VAD")
    environment = {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HOME": str(tmp_path / "hf")}
    transcribe = ("transcribe", recording, "-e", "firered", "--device", "cpu", "--json", "--offline")
    with serve({AED: files(checkpoints / "firered2-aed-digits"), VAD: files(detector)}) as hub:
        online = {**environment, "HF_ENDPOINT": hub.url}
        refused = asr(*transcribe, environment=online)
        assert refused.returncode != 0 and "asr engines pull firered:aed2" in refused.stderr
        pulled = asr("engines", "pull", "firered", environment=online)
        assert pulled.returncode == 0 and COMMIT in pulled.stdout + pulled.stderr, pulled.stderr
        assert "asr engines pull vad:firered:vad" in asr(*transcribe, "--vad", "firered", environment=online).stderr
        assert asr("engines", "pull", "vad:firered", environment=online).returncode == 0
        with_vad = asr(*transcribe[:-1], "--vad", "firered", environment=online)
        assert with_vad.returncode == 0, with_vad.stderr
        assert hub.sent["VAD/model.pth.tar"] == hub.sent["model.pth.tar"] == 1
    for words in (transcribe, (*transcribe, "--vad", "firered")):  # the hub is away now
        heard = asr(*words, environment=environment)
        assert heard.returncode == 0, heard.stderr
        assert json.loads(heard.stdout)["revision"] == COMMIT


def test_a_mistyped_companion_is_hinted_at(tmp_path: Path) -> None:
    done = asr("transcribe", "nothing.wav", "--punctuate", "fired", "-e", "fake", environment={})
    assert "fired: taken as an input; did you mean --punctuate firered?" in done.stderr
