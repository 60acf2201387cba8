"""Work whose announcements are passed on while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import Run, write_wav

from asrcli.base.background import follow

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def test_an_announcement_comes_before_the_work_is_done() -> None:
    goes_on = threading.Event()

    def work(announce: Callable[[str], None]) -> int:
        announce("downloading")
        assert goes_on.wait(60)
        announce("downloaded")
        return 7

    said = follow(work, str.upper)
    assert next(said) == "DOWNLOADING"
    goes_on.set()
    assert next(said) == "DOWNLOADED"
    with pytest.raises(StopIteration) as ended:
        next(said)
    assert ended.value.value == 7


def test_what_the_work_raises_comes_after_what_it_announced() -> None:
    def work(announce: Callable[[str], None]) -> None:
        announce("downloading")
        raise KeyError("no such model")

    said = follow(work, str)
    assert next(said) == "downloading"
    with pytest.raises(KeyError, match="no such model"):
        next(said)


@pytest.mark.parametrize("words", [("talk.wav",), ("--manifest", "talks.jsonl")])
def test_a_download_that_fails_was_announced(asr: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    write_wav(tmp_path / "talk.wav")
    (tmp_path / "talks.jsonl").write_text('{"audio_filepath": "talk.wav", "text": "one", "duration": 1.0}\n')
    nobody = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    done = asr("transcribe", *words, "-e", "whisper", "-m", "tiny", **nobody)
    assert done.code == 3
    first, last = done.err.splitlines()
    assert first.startswith("asr: downloading Systran/faster-whisper-tiny (78 MB)")
    assert last.startswith("asr: cannot download")


@pytest.mark.parametrize(
    ("words", "downloaded"),
    [
        (("-a", "qwen3"), "Qwen/Qwen3-ForcedAligner"),
        (("-a", "qwen3", "-m", CHECKPOINTS / "qwen3-aligner-digits", "--listener", "whisper:tiny"), "Systran/"),
    ],
)
def test_a_download_for_an_alignment_that_fails_was_announced(
    asr: Run, tmp_path: Path, words: tuple[str | Path, ...], downloaded: str
) -> None:
    write_wav(tmp_path / "talk.wav")
    (tmp_path / "talk.txt").write_text("one two\n")
    nobody = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    done = asr("align", "talk.wav", "talk.txt", "-l", "en", *words, **nobody)
    assert done.code == 3, done.err
    *_, first, last = done.err.splitlines()
    assert first.startswith(f"asr: downloading {downloaded}")
    assert last.startswith("asr: cannot download")
