"""What a folder of outputs remembers, and files that are whole or not there."""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from asrcli.base.files import write_atomic
from asrcli.errors import OutputError
from asrcli.pipeline.assembly import HeardClip
from asrcli.runs.state import Journal, Ledger, identify, same_content
from asrcli.types import Segment, Word

RECIPE = {"engine": "fake", "beam_size": "5"}
SEGMENT = Segment("hé llo", 1.25, 2.5, words=(Word("hé", 1.25, 1.5, 0.3),), tokens=(1, 2), flags=("repeat_loop",))


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return path


def test_an_output_is_up_to_date_until_something_changes(tmp_path: Path, audio: Path) -> None:
    output = tmp_path / "out/a.txt"
    ledger = Ledger(str(output.parent))
    assert ledger.stale(str(output), str(audio), RECIPE) == "not there yet"
    ledger.making(str(output))
    write_atomic(output, "text\n")
    assert "killed" in (ledger.stale(str(output), str(audio), RECIPE) or "")
    ledger.made(str(output), identify(str(audio)), RECIPE)
    fresh = Ledger(str(output.parent))  # another process
    assert fresh.stale(str(output), str(audio), RECIPE) is None
    assert "beam_size was 5, now 1" in (fresh.stale(str(output), str(audio), {**RECIPE, "beam_size": "1"}) or "")
    audio.write_bytes(b"other")
    assert fresh.stale(str(output), str(audio), RECIPE) == "the recording has changed"
    output.unlink()
    assert fresh.stale(str(output), str(audio), RECIPE) == "not there yet"


def test_a_file_of_others_is_known(tmp_path: Path) -> None:
    output = tmp_path / "a.txt"
    output.write_text("mine")
    ledger = Ledger(str(tmp_path))
    assert ledger.foreign(str(output)) and not ledger.foreign(str(tmp_path / "b.txt"))
    ledger.making(str(output))
    assert not ledger.foreign(str(output))


def test_same_content(audio: Path) -> None:
    known = identify(str(audio))
    os.utime(audio, (1, 1))
    assert same_content(str(audio), known)
    audio.write_bytes(b"SOUND")
    os.utime(audio, (2, 2))
    assert not same_content(str(audio), known)
    assert not same_content(str(audio), replace(known, size=99))


def test_a_journal_gives_back_what_was_heard(tmp_path: Path, audio: Path) -> None:
    journal = Journal(str(tmp_path), str(audio), RECIPE)
    journal.voted("fr", 0.75)
    journal.heard(HeardClip((0, 480_000), (SEGMENT,)))
    journal.heard(HeardClip((480_000, 16_000), ()))
    known = Journal(str(tmp_path), str(audio), RECIPE).known()
    assert known.clips == {(0, 480_000): (SEGMENT,), (480_000, 16_000): ()}
    assert (known.language, known.language_score) == ("fr", 0.75)
    assert Journal(str(tmp_path), str(audio), {**RECIPE, "beam_size": "1"}).known().clips == {}
    journal.remove()
    assert journal.known().clips == {}


def test_atomic_writing_keeps_the_old_file_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    write_atomic(target, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no space left"):
        write_atomic(target, "new and longer")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_writing_keeps_mode_and_follows_links(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_atomic(target, "old")
    target.chmod(0o640)
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    write_atomic(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_what_a_killed_run_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.asr-tmp").write_text("half of a much longer text that was being written")
    write_atomic(tmp_path / "a.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_many_writers_of_one_file_leave_one_whole_text(tmp_path: Path) -> None:
    texts = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_atomic, args=(tmp_path / "a.txt", text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (tmp_path / "a.txt").read_text() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
