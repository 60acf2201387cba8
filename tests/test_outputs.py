"""What a folder of outputs remembers, and files that are whole or not there."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from support.command import Run, write_wav

from asrcli.base.files import _sweep, create_beside, write_atomic
from asrcli.datasets.journal import Journal as Utterances
from asrcli.errors import InputError, OutputError, UsageError
from asrcli.outputs.identity import identify, same_content, stamp, unchanged
from asrcli.outputs.ledger import Ledger, check_replaceable, digest_of_content, write_ours
from asrcli.pipeline.assembly import RecognisedClip
from asrcli.runs.journal import Journal
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
    ledger.write(str(output), "text\n")
    assert "killed" in (ledger.stale(str(output), str(audio), RECIPE) or "")
    ledger.write(str(output), "text\n", identify(str(audio)), RECIPE)
    fresh = Ledger(str(output.parent))  # another process
    assert fresh.stale(str(output), str(audio), RECIPE) is None
    assert "beam_size was 5, now 1" in (fresh.stale(str(output), str(audio), {**RECIPE, "beam_size": "1"}) or "")
    audio.write_bytes(b"other")
    assert fresh.stale(str(output), str(audio), RECIPE) == "the recording has changed"
    output.unlink()
    assert fresh.stale(str(output), str(audio), RECIPE) == "not there yet"


def test_only_what_asr_wrote_may_be_replaced(tmp_path: Path) -> None:
    output = tmp_path / "a.txt"
    output.write_text("mine")
    known = Ledger(str(tmp_path))
    kept = known.kept(str(output))
    assert kept and not kept.edited and known.kept(str(tmp_path / "b.txt")) is None
    with pytest.raises(OutputError, match="--force replaces it"):
        known.write(str(output), "ours\n")
    known.write(str(output), "ours\n", force=True)
    os.utime(output, (1, 1))
    assert known.kept(str(output)) is None
    output.write_text("OURS\n")
    kept = Ledger(str(tmp_path)).kept(str(output))
    assert kept and kept.edited
    Ledger(str(tmp_path)).write(str(output), "OURS\n", force=True)  # another process has written it meanwhile
    assert known.kept(str(output)) is None
    output.write_text("")
    assert known.kept(str(output)) is None  # nothing is lost


def test_of_an_older_record_nobody_knows_whether_its_file_was_edited(tmp_path: Path) -> None:
    (tmp_path / ".asr").mkdir()
    (tmp_path / ".asr/made.jsonl").write_text('{"output":"a.txt"}\n')
    (tmp_path / "a.txt").write_text("text")
    kept = Ledger(str(tmp_path)).kept(str(tmp_path / "a.txt"))
    assert kept and not kept.edited and "nobody knows" in str(kept)


def test_reports_replace_only_reports(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("notes of mine")
    with pytest.raises(UsageError, match="asr did not make it"):
        check_replaceable([None, "-", path])
    with pytest.raises(OutputError, match="--force replaces it"):
        write_ours(path, "<p>1")
    check_replaceable([path], force=True)
    write_ours(path, "<p>1", force=True)
    write_ours(path, "<p>2")
    check_replaceable([path])
    assert path.read_text() == "<p>2"


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
    journal.add_clip(RecognisedClip((0, 480_000), (SEGMENT,)))
    journal.add_clip(RecognisedClip((480_000, 16_000), ()))
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


def test_what_a_killed_run_left_is_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    left = tmp_path / ".asr-0123456789abcdef.tmp"
    left.write_text("half of a text that was being written")
    alive, busy = create_beside(tmp_path / "busy.txt")
    _sweep.cache_clear()
    write_atomic(tmp_path / "a.txt", "whole")
    os.close(alive)
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", busy.name}


def test_no_link_at_the_name_of_a_temporary_file_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the name that was used once, nor at one that is guessed by chance."""
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    guesses = iter([bytes(8), b"\x11" * 8])
    monkeypatch.setattr("os.urandom", lambda size: next(guesses))
    for name in (".a.txt.asr-tmp", f".asr-{'0' * 16}.tmp"):
        (tmp_path / name).symlink_to(mine)
    with pytest.raises(OutputError, match="file exists"):
        write_atomic(tmp_path / "a.txt", "text")
    write_atomic(tmp_path / "a.txt", "text")
    assert mine.read_text() == "mine" and (tmp_path / "a.txt").read_text() == "text"


@pytest.mark.parametrize("there", ["", "nothing", "known"])
@pytest.mark.parametrize("option", [("--output-dir", "."), ("--output", "one.txt"), ("--report", "one.txt")])
def test_a_link_that_came_with_a_folder_leads_no_result_out_of_it(
    there: str, option: tuple[str, str], asr: Run, tmp_path: Path
) -> None:
    """Nor where the folder's record, of the same stranger, has the hash of the file at the other end."""
    mine, folder = tmp_path / "mine" / "profile", tmp_path  # the folder that commands run in
    mine.parent.mkdir()
    write_wav(folder / "one.wav")
    (folder / "one.txt").symlink_to(mine)
    text = "what every profile says\n" if there == "known" else ""
    if there == "known":
        (folder / ".asr").mkdir()
        entry = {"output": "one.txt", "digest": digest_of_content(text)}
        (folder / ".asr/made.jsonl").write_text(json.dumps(entry) + "\n")
    if there:
        mine.write_text(text)
    done = asr("transcribe", "one.wav", "-e", "fake", "--no-vad", "-f", "txt", *option)
    assert done.code in (1, 2) and f"link to '{mine}'" in done.err and len(done.err.splitlines()) < 3
    assert mine.read_text() == text if there else not mine.exists()
    assert asr("transcribe", "one.wav", "-e", "fake", "--no-vad", *option, "--force").code == 0
    assert mine.read_text() not in ("", text)


@pytest.mark.parametrize("link", [".asr", ".asr/made.jsonl", ".asr/journal"])
def test_no_link_in_the_state_of_a_folder_is_followed(tmp_path: Path, audio: Path, link: str) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "out"
    (outside / "journal").mkdir(parents=True)
    (outside / "made.jsonl").write_text("mine\n")
    (folder / link).parent.mkdir(parents=True)
    (folder / link).symlink_to(outside / "made.jsonl" if link.endswith("l") and "made" in link else outside)
    before = sorted(outside.rglob("*"))
    with pytest.raises(OutputError, match="link"):
        Ledger(str(folder)).write(str(folder / "a.txt"), "text")
        Journal(str(folder), str(audio), RECIPE).voted("fr", 0.75)
    assert sorted(outside.rglob("*")) == before and (outside / "made.jsonl").read_text() == "mine\n"


def test_a_journal_of_utterances_follows_no_link_and_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / ".asr/manifests/x.jsonl"
    with Utterances(path, {"prompt": "Project Nightjar"}) as journal:
        journal.add({"id": "1"})
    assert "Nightjar" not in path.read_text()
    with Utterances(path, {"prompt": "Project Nightjar"}) as journal:
        assert journal.lines == [{"id": "1"}]
    path.unlink()
    path.symlink_to(tmp_path / "mine.txt")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="link"), Utterances(path, {}):
        pass
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["ü" * 125 + ".txt", "x" * 251 + ".txt"])
def test_names_as_long_as_the_file_system_takes(tmp_path: Path, name: str) -> None:
    write_atomic(tmp_path / name, "text")
    assert (tmp_path / name).read_text() == "text"


PRIVATE = {
    "prompt": "Project Nightjar",
    "hotwords": "('Nightjar', 'Alice')",
    "ask": "('Who pays Alice?',)",
    "language_model": "/home/alice/nightjar.arpa",
    "model": "/home/alice/nightjar",
    "vad": "{'model': 'firered:/home/alice/vad', 'threshold': 0.5}",
    "an option of tomorrow": "Alice",
}


def test_what_travels_with_outputs_holds_nothing_that_was_typed(tmp_path: Path, audio: Path) -> None:
    output = str(tmp_path / "a.txt")
    recipe = {**RECIPE, **PRIVATE}
    ledger = Ledger(str(tmp_path))
    ledger.write(output, "text", identify(str(audio)), recipe)
    written = (tmp_path / ".asr/made.jsonl").read_text().lower()
    assert "alice" not in written and "nightjar" not in written and '"beam_size":"5"' in written
    fresh = Ledger(str(tmp_path))
    assert fresh.stale(output, str(audio), recipe) is None
    for name in PRIVATE:
        assert fresh.stale(output, str(audio), {**recipe, name: "/somewhere/else"}) == f"{name} has changed"
    without = {name: value for name, value in recipe.items() if name != "prompt"}
    assert fresh.stale(output, str(audio), without) == "prompt was set, now not set"
    assert fresh.stale(output, str(audio), {**recipe, "model": "tiny"}) == "model was a path, now tiny"


def test_a_run_killed_before_the_new_file_has_its_name_owns_no_file_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "a.txt"

    def killed(source: object, target: object) -> None:
        raise KeyboardInterrupt

    output.write_text("somebody else's")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", killed)
        Ledger(str(tmp_path)).write(str(output), "ours", force=True)
    assert Ledger(str(tmp_path)).kept(str(output)), "what lies there is still somebody else's"
    output.unlink()
    Ledger(str(tmp_path)).write(str(output), "ours")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", killed)
        Ledger(str(tmp_path)).write(str(output), "ours again")
    assert Ledger(str(tmp_path)).kept(str(output)) is None, "what an earlier run wrote is ours still"


def test_the_record_of_a_file_is_that_of_who_wrote_it_last(tmp_path: Path, audio: Path) -> None:
    """Two processes with two models: one is held between its file and its line."""
    output, facts = str(tmp_path / "a.txt"), identify(str(audio))
    first, second = Ledger(str(tmp_path)), Ledger(str(tmp_path))
    between, other = (
        threading.Event(),
        threading.Thread(target=lambda: (between.wait(30), second.write(output, "B", facts, {"model": "B"}))),
    )
    add = first._add

    def slowly(record: int, entry: dict[str, object]) -> None:
        if "audio" in entry:
            between.set()
            other.join(0.2)  # without the lock the other one does both its steps here
        add(record, entry)

    first._add = slowly  # type: ignore[method-assign]
    other.start()
    first.write(output, "A", facts, {"model": "A"})
    other.join(30)
    assert Path(output).read_text() == "B"
    assert Ledger(str(tmp_path)).stale(output, str(audio), {"model": "B"}) is None


def test_processes_that_take_turns_know_each_others_outputs(tmp_path: Path, audio: Path) -> None:
    """Each reads what the other has added, also between lines of its own, which it does not read again."""
    facts, read = identify(str(audio)), []
    turns = [Ledger(str(tmp_path)), Ledger(str(tmp_path))]
    for one in turns:
        added = one._added
        one._added = lambda own=added: read.append(own()) or read[-1]  # type: ignore[method-assign, misc]
    for number in range(7):
        turns[number % 3 % 2].write(str(tmp_path / f"{number}.txt"), "text", facts, RECIPE)
    lines = (tmp_path / ".asr/made.jsonl").read_bytes().splitlines()
    assert len(lines) == 14 and sum(map(len, map(bytes.splitlines, read))) < 14
    for one in [*turns, Ledger(str(tmp_path))]:
        one.catch_up()
        assert {one.stale(str(tmp_path / f"{number}.txt"), str(audio), RECIPE) for number in range(7)} == {None}


def test_a_broken_last_line_takes_no_other_with_it(tmp_path: Path, audio: Path) -> None:
    output = str(tmp_path / "a.txt")
    (tmp_path / ".asr").mkdir()
    (tmp_path / ".asr/made.jsonl").write_text('{"output":"b.txt","au')
    Ledger(str(tmp_path)).write(output, "text", identify(str(audio)), RECIPE)
    assert Ledger(str(tmp_path)).stale(output, str(audio), RECIPE) is None


def test_a_changed_file_is_told_also_when_size_and_time_are_the_same(audio: Path) -> None:
    before = stamp(str(audio))
    assert unchanged(str(audio), before) == identify(str(audio))
    facts = audio.stat()
    audio.write_bytes(b"SOUND")
    os.utime(audio, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(InputError, match="changed while it was read"):
        unchanged(str(audio), before)
    audio.unlink()
    with pytest.raises(InputError, match="changed while it was read"):
        unchanged(str(audio), before)


def test_a_link_to_an_input_or_other_permissions_change_nothing(audio: Path, tmp_path: Path) -> None:
    """As backups and tools that find doubles do it: only the time of the last change of anything is another."""
    before, known = stamp(str(audio)), identify(str(audio))
    os.link(audio, tmp_path / "backup.wav")
    assert unchanged(str(audio), before) == known
    (tmp_path / "backup.wav").unlink()  # as many links as before
    audio.chmod(0o600)
    assert unchanged(str(audio), before) == known
    facts = audio.stat()
    with (tmp_path / "new.wav").open("wb") as new:
        new.write(audio.read_bytes())
    os.utime(tmp_path / "new.wav", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    os.replace(tmp_path / "new.wav", audio)  # another file in its place
    with pytest.raises(InputError, match="changed while it was read"):
        unchanged(str(audio), before)


def test_many_writers_of_one_file_leave_one_whole_text(tmp_path: Path) -> None:
    texts = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_atomic, args=(tmp_path / "a.txt", text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (tmp_path / "a.txt").read_text() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
