"""Every row of the table in which each known tool fails: exit codes, streams, names, idempotence, interruption.

The engine is `fake`, which hears the file name; ``--no-vad`` lets it hear a tone.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import Run, Shell, quiet_environment, write_silence, write_wav

FAKE = ("transcribe", "-e", "fake", "--no-vad")


def write_video_without_sound(path: Path) -> Path:
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    return path


def test_two_of_three_fail(asr: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("this is not audio")
    write_wav(tmp_path / "good.wav")
    write_video_without_sound(tmp_path / "noaudio.mp4")
    done = asr(*FAKE, "bad.wav", "good.wav", "noaudio.mp4", "-o", "out")
    assert done.code == 1
    assert (tmp_path / "out/good.txt").read_text() == "good\n"
    assert done.out == "out/good.txt\n"
    lines = done.err.splitlines()
    assert len(lines) == 3
    assert "bad.wav" in lines[0] and "noaudio.mp4" in lines[1]
    assert lines[2].startswith("asr: 1 done, 2 failed")


def test_missing_file(asr: Run) -> None:
    done = asr(*FAKE, "nothing.wav", "-o", "out")
    assert done.code == 1
    assert "nothing.wav" in done.err and "Traceback" not in done.err


def test_folder_is_walked_in_order(asr: Run, tmp_path: Path) -> None:
    for name in ("in/b.wav", "in/a/z.wav", "in/.hidden/x.wav", "in/note.md"):
        write_wav(tmp_path / name)
    done = asr(*FAKE, "in", "-o", "out", "--mirror-tree")
    assert done.code == 0
    assert sorted(done.out.split()) == ["out/a/z.txt", "out/b.txt"]


def test_empty_folder_and_empty_pattern_are_wrong_usage(asr: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert asr(*FAKE, "empty").code == 2
    assert asr(*FAKE, "*.wav").code == 2
    assert asr(*FAKE).code == 2


def test_pattern_is_expanded_by_the_tool(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav"), write_wav(tmp_path / "two.wav")
    assert asr(*FAKE, "*.wav").out == "one\ntwo\n"


def test_two_inputs_with_one_output_are_refused_before_loading(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "a/x.wav"), write_wav(tmp_path / "b/x.wav")
    started = time.monotonic()
    done = asr(*FAKE, "-m", "load=60", "a/x.wav", "b/x.wav", "-o", "out")
    assert done.code == 2 and time.monotonic() - started < 30
    assert "a/x.wav" in done.err and "b/x.wav" in done.err and "'{parent}-{stem}.{format}'" in done.err
    assert not (tmp_path / "out").exists()
    assert asr(*FAKE, "a", "b", "-o", "out", "--output-template", "{parent}-{stem}.{format}").code == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.txt")) == ["a-x.txt", "b-x.txt"]
    write_wav(tmp_path / "a/x.wave")
    assert "'{stem}{ext}.{format}'" in asr(*FAKE, "a/x.wav", "a/x.wave", "-o", "out").err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("-f", "srrt"), "srt"),
        (("-e", "fakke"), "fake"),
        (("--hotwords", "Bach"), "--hotwords"),
        (("-l", "Germn"), "german"),
        (("--output-template", "{stm}.{format}", "-o", "out"), "{stem}"),
        (("--output-template", "{stem}", "-f", "srt,txt", "-o", "out"), "{format}"),
        (("-f", "srt,txt"), "--output-dir"),
        (("--start", "9", "--end", "3"), "--end"),
        (("--start", "soon"), "1:02:03.5"),
        (("--channels", "left"), "split"),
        (("--subs", "netflx"), "netflix"),
        (("--task", "summarise"), "translate"),
        (("-o", "x.wav"), "is a file"),
        (("--device", "gpu"), "cuda"),
    ],
)
def test_wrong_usage_is_one_line_and_loads_nothing(asr: Run, tmp_path: Path, words: tuple[str, ...], hint: str) -> None:
    write_wav(tmp_path / "x.wav")
    done = asr(*FAKE, "-m", "load=60", "x.wav", *words, timeout=30)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1 and hint in done.err
    assert done.out == ""


def test_standard_input_and_output(asr: Run, tmp_path: Path) -> None:
    audio = write_wav(tmp_path / "x.wav").read_bytes()
    done = asr(*FAKE, "-", stdin=audio)
    assert (done.code, done.out) == (0, "\n" if done.out == "\n" else done.out)
    assert done.code == 0 and done.err == ""
    assert asr(*FAKE, "-", "-o", "out", stdin=audio).out == "out/stdin.txt\n"


def test_names_from_a_list(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav"), write_wav(tmp_path / "two words.wav"), write_wav(tmp_path / "new\nline.wav")
    assert asr(*FAKE, "--files-from", "-", stdin=b"one.wav\ntwo words.wav\n").out == "one\ntwo words\n"
    assert asr(*FAKE, "--files-from", "-", "-0", stdin=b"new\nline.wav\0one.wav\0").code == 0


@pytest.mark.parametrize("name", [b"with space.wav", b"new\nline.wav", b"-dash.wav", b"caf\xe9.wav", b"%s {stem}.wav"])
def test_odd_names(asr: Run, tmp_path: Path, name: bytes) -> None:
    source = write_wav(tmp_path / "plain.wav")
    os.rename(source, os.path.join(os.fsencode(tmp_path), name))
    done = asr(*FAKE, "-o", "out", "-f", "txt,json,srt", "--", os.fsdecode(name))
    assert done.code == 0, done.err
    stem = name.removesuffix(b".wav")
    assert os.fsdecode(b"out/" + stem + b".txt\n") in done.out
    with open(os.path.join(os.fsencode(tmp_path), b"out", stem + b".json"), encoding="utf-8") as file:
        assert json.load(file)["segments"]


def test_second_run_does_nothing(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav"), write_wav(tmp_path / "two.wav")
    first = asr(*FAKE, "one.wav", "two.wav", "-f", "txt,srt,json", "-o", "out")
    assert first.code == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("[!.]*.*")}
    assert len(before) == 6
    again = asr(*FAKE, "one.wav", "two.wav", "-f", "txt,srt,json", "-o", "out")
    assert (again.code, again.out) == (0, "")
    assert "2 up to date" in again.err
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("[!.]*.*")}


@pytest.mark.slow  # quick with the fake engine: test_main.py
def test_up_to_date_run_imports_no_engine(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", 0.5)
    code = (
        "import sys\n"
        "from asrcli.cli.main import main\n"
        "try:\n    main(['transcribe', 'one.wav', '-e', 'pocketsphinx', '--no-vad', '-o', 'out'])\n"
        "except SystemExit as end:\n    print(end.code)\n"
        "heavy = {'numpy', 'torch', 'av', 'ctranslate2', 'faster_whisper', 'onnxruntime', 'pocketsphinx'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=quiet_environment(tmp_path)
        )
        for _ in range(2)
    ]
    assert "pocketsphinx" in runs[0].stdout.splitlines()[-1], "the first run must have loaded the engine"
    assert runs[1].stdout.splitlines() == ["0", "[]"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("--beam-size", "3"), "beam_size was not set, now 3"),
        (("--engine-option", "word-score=0"), "word_score was not set, now 0.0"),
        (("--vad",), "vad was off"),
        (("-m", "max=20"), "model was default"),
    ],
)
def test_dry_run_says_why(asr: Run, tmp_path: Path, change: tuple[str, ...], why: str) -> None:
    write_wav(tmp_path / "one.wav")
    asr(*FAKE, "one.wav", "-o", "out")
    done = asr(*FAKE, "one.wav", "-o", "out", "--dry-run", *change)
    assert done.code == 0 and why in done.out and done.out.startswith("make\tout/one.txt\t")
    assert asr(*FAKE, "one.wav", "-o", "out", "--dry-run").out.startswith("up to date\t")


def test_changed_and_touched_recordings(asr: Run, tmp_path: Path) -> None:
    source = write_wav(tmp_path / "one.wav")
    asr(*FAKE, "one.wav", "-o", "out")
    os.utime(source, (1, 1))
    assert "1 up to date" in asr(*FAKE, "one.wav", "-o", "out").err, "a new date alone is no change"
    write_wav(source, tone=330.0)
    assert "1 done" in asr(*FAKE, "one.wav", "-o", "out").err


def test_a_recording_that_was_only_touched_is_not_asked_for_again(asr: Run, tmp_path: Path) -> None:
    """The time of the output is all that make looks at."""
    source, made = write_wav(tmp_path / "one.wav"), tmp_path / "one.srt"
    assert asr(*FAKE, "one.wav", "--output", "one.srt").code == 0
    before = made.stat()
    later = before.st_mtime + 5
    os.utime(source, (later, later))
    os.utime(made, (later - 1, later - 1))
    assert asr(*FAKE, "one.wav", "--output", "one.srt", "--dry-run").out.startswith("up to date")
    assert made.stat().st_mtime == later - 1
    os.utime(source, (before.st_mtime - 1, before.st_mtime - 1))
    os.utime(made, (before.st_mtime - 2, before.st_mtime - 2))
    assert "failed" not in asr(*FAKE, "one.wav", "--output", "one.srt").err
    assert made.stat().st_mtime_ns > source.stat().st_mtime_ns and made.stat().st_ino == before.st_ino
    now = made.stat().st_mtime_ns
    assert asr(*FAKE, "one.wav", "--output", "one.srt").code == 0
    assert made.stat().st_mtime_ns == now


def test_foreign_output_is_not_overwritten(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    write_wav(tmp_path / "two.wav")
    (tmp_path / "one.txt").write_text("a reference made by hand\n")
    done = asr(*FAKE, "one.wav", "two.wav", "-o", ".")
    assert done.code == 1 and "asr: one.txt: kept: asr did not make it" in done.err and "1 done, 1 kept" in done.err
    assert (tmp_path / "two.txt").read_text() == "two\n"  # the rest is done
    assert (tmp_path / "one.txt").read_text() == "a reference made by hand\n"
    assert asr(*FAKE, "one.wav", "-o", ".", "--force").code == 0
    assert (tmp_path / "one.txt").read_text() == "one\n"


def test_a_recording_named_as_the_output_is_refused(asr: Run, tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "other.wav").read_bytes()
    write_wav(tmp_path / "one.wav")
    done = asr(*FAKE, "one.wav", "--output", "other.wav")
    assert done.code == 2 and "--output 'other.wav' is kept" in done.err
    assert (tmp_path / "other.wav").read_bytes() == sound


@pytest.mark.parametrize("name", ["one.jsno", "one.docx"])
def test_text_in_a_file_of_another_extension_is_said(asr: Run, tmp_path: Path, name: str) -> None:
    write_wav(tmp_path / "one.wav")
    done = asr(*FAKE, "one.wav", "--output", name)
    assert done.code == 0 and (tmp_path / name).read_text() == "one\n"
    assert f"asr: {name}: plain text, because no format has the extension '{Path(name).suffix}'" in done.err
    for plain in (("--output", "one.txt"), ("--output", "one"), ("--output", "two.docx", "-f", "txt"), ("-o", "out")):
        assert "plain text" not in asr(*FAKE, "one.wav", *plain).err


def test_an_edited_output_is_kept(asr: Run, tmp_path: Path) -> None:
    source, made = write_wav(tmp_path / "one.wav"), tmp_path / "out/one.srt"
    command = (*FAKE, "one.wav", "-o", "out", "-f", "srt,txt")
    assert asr(*command).code == 0
    corrected = made.read_text().replace("one", "won")
    made.write_text(corrected)
    done = asr(*command)
    assert done.code == 0 and "1 up to date" in done.err
    write_wav(source, seconds=2.0)
    os.utime(made, (1, 1))
    assert asr(*command, "--dry-run").out.startswith("keep\tout/one.srt\tit was edited")
    done = asr(*command)
    assert done.code == 0 and "asr: out/one.srt: kept: it was edited after asr wrote it" in done.err
    assert done.out == "out/one.txt\n" and made.read_text() == corrected
    assert "1 kept" in asr(*command, "--report", "r.jsonl").err
    (record,) = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert (record["status"], record["outputs"]) == ("kept", ["out/one.srt"])
    assert made.stat().st_mtime_ns > source.stat().st_mtime_ns  # make does not ask again for ever
    assert asr(*command, "--force").code == 0 and "won" not in made.read_text()


def test_a_stream_asks_before_it_listens(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    (tmp_path / "one.txt").write_text("minutes by hand\n")
    command = (*FAKE, "--stream", "one.wav", "--idle", "0.1", "-o", ".")
    done = asr(*command)
    assert done.code == 2 and "kept: asr did not make it" in done.err and "loading" not in done.err
    assert (tmp_path / "one.txt").read_text() == "minutes by hand\n"
    assert asr(*command, "--force").code == 0 and (tmp_path / "one.txt").read_text() == "one\n"


def test_a_corrected_subtitle_is_an_input_and_reports_are_ours(asr: Run, tmp_path: Path) -> None:
    for name in ("first-text", "second-text"):
        write_wav(tmp_path / f"{name}.wav", seconds=3.0)
    assert asr(*FAKE, "first-text.wav", "second-text.wav", "-o", "out", "-f", "srt").code == 0
    shutil.copytree(tmp_path / "out", tmp_path / "heard")
    corrected = tmp_path / "out/first-text.srt"
    corrected.write_text(corrected.read_text().replace("first", "last"))
    command = ("compare", "out", "heard", "--json", "report.json", "--html", "report.html", "-q")
    assert asr(*command).code == 0
    counts = json.loads((tmp_path / "report.json").read_text())["systems"][0]["counts"]
    assert (counts["substitutions"], counts["hits"]) == (1, 3)
    assert asr(*command).code == 0  # what asr has made is made again
    (tmp_path / "report.html").write_text("notes of mine")
    refused = asr(*command)
    assert refused.code == 2 and "'report.html' is kept: it was edited" in refused.err
    assert (tmp_path / "report.html").read_text() == "notes of mine"
    assert asr(*command, "--force").code == 0


def test_output_is_newer_than_input_and_exact(asr: Run, tmp_path: Path) -> None:
    source = write_wav(tmp_path / "one.wav")
    assert asr(*FAKE, "one.wav", "--output", "deep/er/name.srt").code == 0
    made = tmp_path / "deep/er/name.srt"
    assert made.read_text().startswith("1\n00:00:00")
    assert made.stat().st_mtime_ns > source.stat().st_mtime_ns


def test_device_as_output_is_not_replaced(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    assert asr(*FAKE, "one.wav", "--output", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.slow
def test_closed_pipe_is_quiet_and_files_are_complete(shell: Shell, tmp_path: Path) -> None:
    for number in range(5):
        write_wav(tmp_path / f"{number}.wav")
    done = shell(f"asr {' '.join(FAKE)} -m sleep=0.2 --batch-size 1 [0-4].wav -o out | true")
    assert "Traceback" not in done.stderr and "Broken" not in done.stderr
    assert len(list((tmp_path / "out").glob("*.txt"))) == 5


@pytest.mark.slow
def test_closed_pipe_of_text_ends_quietly(shell: Shell, tmp_path: Path) -> None:
    for number in range(5):
        write_wav(tmp_path / f"{number}.wav")
    done = shell(f"asr {' '.join(FAKE)} -m sleep=0.3 --batch-size 1 [0-4].wav | head -n 1")
    assert done.stdout == "0\n"
    assert "Traceback" not in done.stderr and "Broken" not in done.stderr


def start(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "asrcli", *FAKE, *words],
        cwd=tmp_path,
        env=quiet_environment(tmp_path),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_interrupt_keeps_what_is_done(tmp_path: Path, number: signal.Signals, code: int) -> None:
    for name, seconds in zip("abcd", (0.2, 30, 30, 30), strict=True):
        write_silence(tmp_path / f"{name}.wav", seconds)
    words = ("-m", "rtf=1", "--batch-size", "1", "-o", "out")
    run = start(tmp_path, "a.wav", "b.wav", "c.wav", "d.wav", *words)
    assert run.stdout is not None
    first = run.stdout.readline().strip()
    assert first == "out/a.txt"
    sent = time.monotonic()
    run.send_signal(number)
    _, errors = run.communicate(timeout=60)
    assert time.monotonic() - sent < 25, "an engine that computes (30 s) must not hold back an interrupt"
    assert run.returncode == code
    assert "1 done, 3 not done" in errors and "Traceback" not in errors
    assert [path.name for path in (tmp_path / "out").glob("[!.]*.*")] == [Path(first).name]


def test_full_disk_is_one_line(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", seconds=3)

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # a write past it fails as on a full disk

    done = subprocess.run(
        [sys.executable, "-m", "asrcli", *FAKE, "one.wav", "-f", "json", "-o", "out"],
        cwd=tmp_path,
        env=quiet_environment(tmp_path),
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        timeout=60,
    )
    assert done.returncode == 1
    assert "cannot write" in done.stderr and "Traceback" not in done.stderr
    assert list((tmp_path / "out").glob("*.json")) == []


@pytest.mark.parametrize(
    "words",
    [
        ("-m", "asrcli", "transcribe", "talk.wav", "-e", "fake"),
        pytest.param(
            ("-c", "from asrcli import transcribe; list(transcribe('talk.wav', engine='fake'))"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_nothing_is_reported_home(
    tmp_path: Path, digit_strings: list[tuple[Path, str]], words: tuple[str, ...]
) -> None:
    """onnxruntime 1.31 keeps a device id and a database in the user's cache, and sends them to Microsoft, if it may."""
    shutil.copy(digit_strings[0][0], tmp_path / "talk.wav")
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env={**quiet_environment(home), "XDG_CACHE_HOME": str(home / ".cache")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(home.rglob("*")) == []


def test_a_pipe_as_output_leaves_nothing_beside_it(asr: Run, shell: Shell, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    command = f"asr {' '.join(FAKE)} one.wav --output >(cat > copy.txt; mv copy.txt done.txt)"
    done = shell(f"{command}; while ! test -e done.txt; do sleep 0.1; done")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "done.txt").read_text() == "one\n"
    os.mkfifo(tmp_path / "fifo")
    reader = subprocess.Popen(["cat", "fifo"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert asr(*FAKE, "one.wav", "--output", "fifo").code == 0
    assert reader.communicate(timeout=60)[0] == "one\n"
    assert not (tmp_path / ".asr").exists()


def test_a_folder_that_may_not_be_written_is_said_before_anything_loads(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    assert asr(*FAKE, "one.wav", "-o", "out").code == 0
    refuse = (  # root may write anywhere
        "import json, os, sys; os.access = lambda *_: False\n"
        "from asrcli.cli.main import main\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    try:\n        main(words)\n"
        "    except SystemExit as end:\n        print('ended', end.code, file=sys.stderr)\n"
    )
    tried = [("-o", "out"), ("-m", "load=60", "-o", "out", "--force"), ("-m", "load=60", "-o", "out/new")]
    done = subprocess.run(
        [sys.executable, "-c", refuse, json.dumps([[*FAKE, "one.wav", *words] for words in tried])],
        cwd=tmp_path,
        env=quiet_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")
    said = done.stderr.splitlines()
    assert (said[-5], said[-3], said[-1]) == ("ended 0", "ended 2", "ended 2")
    assert "permission to write" in said[-4] and "permission to write" in said[-2]
    assert "permission" not in "".join(said[:-4])


def test_stdout_holds_the_text_alone(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav"), write_wav(tmp_path / "two.wav")
    done = asr(*FAKE, "one.wav", "two.wav", "-v")
    assert done.out == "one\ntwo\n"
    assert "\x1b" not in done.out + done.err, "no colour and no bar where no terminal is"


def test_quiet_says_errors_only(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    done = asr(*FAKE, "one.wav", "lost.wav", "-q", "-o", "out")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1 and "lost.wav" in done.err


def test_order_of_inputs_is_kept_on_stdout(asr: Run, tmp_path: Path) -> None:
    lengths = {"long": 9.0, "short": 0.5, "middle": 4.0, "shorter": 0.3}
    for name, seconds in lengths.items():
        write_wav(tmp_path / f"{name}.wav", seconds)
    names = [f"{name}.wav" for name in lengths]
    assert asr(*FAKE, *names, "--batch-size", "2", "-m", "rtf=0.02").out.split() == list(lengths)


def test_fail_fast_stops(asr: Run, tmp_path: Path) -> None:
    """The input that fails is not there, so that it fails before any other can be finished."""
    for name in ("one", "two"):
        write_wav(tmp_path / f"{name}.wav")
    words = ("one.wav", "lost.wav", "two.wav")
    done = asr(*FAKE, *words, "-o", "stopped", "--fail-fast")
    assert done.code == 1 and "0 done, 1 failed, 2 not done" in done.err
    whole = asr(*FAKE, *words, "-o", "whole")
    assert whole.code == 1 and "2 done, 1 failed" in whole.err


def test_report_and_events(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", 2.0)
    done = asr(*FAKE, "one.wav", "lost.wav", "-o", "out", "--report", "run.jsonl", "--events", "-")
    assert done.code == 1
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["type"] for event in events] == ["start", "file_failed", "segment", "progress", "file_done", "end"]
    report = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert {record["input"]: record["status"] for record in report} == {"lost.wav": "failed", "one.wav": "done"}
    assert report[0]["error"] == "InputError"
    assert report[1]["seconds"] == pytest.approx(2.0, abs=0.01)


def test_events_to_a_descriptor(shell: Shell, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    done = shell(f"asr {' '.join(FAKE)} one.wav --events fd:7 7> >(head -n 1 > first)")
    assert done.stdout == "one\n"
    while not (tmp_path / "first").exists() or not (tmp_path / "first").read_text():
        time.sleep(0.05)  # bash does not wait for the other end
    assert json.loads((tmp_path / "first").read_text())["type"] == "start"


def test_json_prints_transcripts_or_records(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav"), write_wav(tmp_path / "two.wav")
    lines = asr(*FAKE, "one.wav", "two.wav", "--json").out.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["one", "two"]
    records = [json.loads(line) for line in asr(*FAKE, "one.wav", "two.wav", "--json", "-o", "out").out.splitlines()]
    assert {record["status"] for record in records} == {"done"}


def test_bug_keeps_its_traceback(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav"), write_wav(tmp_path / "two.wav")
    done = asr(*FAKE, "one.wav", "two.wav", "-m", "bug=one")
    assert done.code == 1
    assert "Traceback" in done.err and "ZeroDivisionError" in done.err
    assert done.out == "two\n"
