"""What a transcript says of how it was made, and what English-only models are not asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import Run, write_wav

from asrcli.engine import load_class
from asrcli.engines import ranking
from asrcli.errors import UsageError

FAKE = ("transcribe", "one.wav", "-e", "fake", "-f", "json")


def test_everything_that_shaped_the_text_is_in_the_json(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    found = json.loads(asr(*FAKE, "--vad-threshold", "0.2", "--batch-size", "4", "--beam-size", "3").out)["options"]
    assert {"device": "cpu", "batch_size": "4", "vad": "silero", "vad_threshold": "0.2", "beam_size": "3"}.items() <= (
        found.items()
    )
    assert {"dtype", "clip_seconds", "vad_min_speech", "vad_min_silence", "vad_pad"} <= set(found)
    assert found["dtype"] != "auto"
    assert json.loads(asr(*FAKE, "--no-vad").out)["options"]["vad"] == "off"
    assert "numbers" not in found
    assert json.loads(asr(*FAKE, "--temperature", "0,0.2").out)["options"]["temperature"] == "0.0,0.2", "as it is typed"
    assert json.loads(asr(*FAKE, "--numbers", "words").out)["options"]["numbers"] == "words"


def test_what_shaped_the_text_of_a_stream_is_in_its_json(asr: Run, tmp_path: Path) -> None:
    """A stream told of nothing but the options of the engine."""
    write_wav(tmp_path / "one.wav")
    live = ("--stream", "--idle", "0.1", "--settle-after", "3", "--vad-threshold", "0.2")
    found = json.loads(asr(*FAKE, *live).out)["options"]
    assert {"device": "cpu", "vad": "silero", "vad_threshold": "0.2", "settle_after": "3"}.items() <= found.items()
    assert {"dtype", "vad_min_speech", "vad_min_silence", "vad_pad", "every"} <= set(found)


def test_another_precision_or_batch_is_made_again(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    words = (*FAKE, "--no-vad", "-o", "out")
    assert asr(*words).code == 0
    assert "up to date" in asr(*words, "--dry-run").out
    assert "batch_size" in asr(*words, "--dry-run", "--batch-size", "2").out


@pytest.mark.parametrize("words", [["--translate"], ["--task", "translate", "-l", "en"], ["-l", "de"]])
def test_an_english_model_is_not_asked_for_another_language(words: list[str], asr: Run, tmp_path: Path) -> None:
    """Before anything is loaded: no weights are needed to say so."""
    write_wav(tmp_path / "one.wav")
    done = asr("transcribe", "one.wav", "-e", "whisper:small.en", "--offline", *words)
    assert done.code == 2, done.err
    assert "English" in done.err or "only: en" in done.err


def test_translation_needs_more_than_english() -> None:
    whisper = load_class("whisper")
    ranking.check_task(whisper, "tiny", "translate")
    ranking.check_task(whisper, "tiny.en", "transcribe")
    with pytest.raises(UsageError, match="leave --translate out, or choose whisper:"):
        ranking.check_task(whisper, "tiny.en", "translate")
