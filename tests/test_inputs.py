"""What the user names, expanded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.command import Run, write_wav

from asrcli.audio import inputs
from asrcli.errors import UsageError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def names(*arguments: object) -> list[str]:
    return [found.path for found in inputs.expand(map(str, arguments))]


def test_folders_are_walked_sorted_and_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b/2.wav", "b/10.mp3", "a.FLAC", ".hidden.wav", ".git/x.wav", "text.txt", "video.mkv"):
        touch(tmp_path / name)
    assert names(tmp_path) == [str(tmp_path / name) for name in ("a.FLAC", "video.mkv", "b/10.mp3", "b/2.wav")]


def test_pipes_in_a_folder_are_passed_over_and_taken_when_named(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    os.mkfifo(tmp_path / "b.wav")
    (tmp_path / "c.wav").symlink_to(tmp_path / "b.wav")
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    assert names(tmp_path) == [str(tmp_path / "a.wav"), str(tmp_path / "gone.wav")]
    assert names(tmp_path / "b.wav") == [str(tmp_path / "b.wav")]


def test_an_input_named_twice_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    touch(tmp_path / "a.wav")
    assert names("a.wav", "./a.wav", tmp_path / "a.wav", ".") == ["a.wav"]
    assert names("-", "a.wav", "-") == ["-", "a.wav"]


def test_a_name_that_looks_like_a_pattern_is_a_name_when_it_exists(tmp_path: Path) -> None:
    strange = touch(tmp_path / "take[1].wav")
    touch(tmp_path / "take1.wav")
    assert names(strange) == [str(strange)]
    assert names(tmp_path / "take?.wav") == [str(tmp_path / "take1.wav")]


@pytest.mark.parametrize("argument", ["", "nothing-*.wav"])
def test_an_argument_that_stands_for_nothing_is_a_mistake(argument: str) -> None:
    with pytest.raises(UsageError):
        names(argument)


def test_a_folder_that_cannot_be_read_fails_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulated where the tests run as root, whom no permission stops."""
    touch(tmp_path / "open/a.wav"), touch(tmp_path / "closed/b.wav")
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names(tmp_path) == [str(tmp_path / "open/a.wav"), str(tmp_path / "closed")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_closed_folder_is_a_failed_input(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in/a.wav"), write_wav(tmp_path / "in/closed/b.wav")
    (tmp_path / "in/closed").chmod(0)
    done = asr("transcribe", "-e", "fake", "--no-vad", "in", "-o", "out")
    (tmp_path / "in/closed").chmod(0o700)
    assert done.code == 1 and "no permission" in done.err and "1 done, 1 failed" in done.err


def test_lists_of_names(tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_bytes(b"a.wav\n\nb c.wav\r\n")
    assert inputs.read_names(str(listed), null=False) == ["a.wav", "b c.wav"]
    listed.write_bytes(b"new\nline.wav\0b.wav\0")
    assert inputs.read_names(str(listed), null=True) == ["new\nline.wav", "b.wav"]
    listed.write_bytes(b"caf\xe9.wav\n")
    assert os.fsencode(inputs.read_names(str(listed), null=False)[0]) == b"caf\xe9.wav"
    listed.write_bytes(b"")
    with pytest.raises(UsageError, match="names no inputs"):
        inputs.read_names(str(listed), null=False)
    with pytest.raises(UsageError, match="cannot read the list"):
        inputs.read_names(str(tmp_path / "lost"), null=False)
