"""What is written never lies over what is read, and reports of earlier runs outlive runs that do nothing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.command import write_wav
from support.zygote import forked

from asrcli.cli.main import main
from asrcli.errors import OutputError, UsageError
from asrcli.outputs.ledger import Ledger, ledger_of
from asrcli.outputs.targets import File, check_targets, reads, writes
from asrcli.runs.records import Lines
from asrcli.types import Clip, Options, Segment, Transcript

EXAMPLES = Path(__file__).parent.parent / "examples"
RECORD = '{"v":1,"type":"input","input":"old.wav","status":"done"}\n'
FAKE = ("transcribe", "-e", "fake", "--no-vad")
Asr = Callable[..., tuple[int, str]]


@pytest.fixture
def asr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asr:
    """Return a function that runs a command in this process, in a folder with some files."""
    monkeypatch.chdir(tmp_path)
    ledger_of.cache_clear()  # a process of its own has one current folder
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("signal.signal", lambda *unused: None)
    monkeypatch.setattr("asrcli.cli.commands.running.leave", ended)
    for name in ("one", "two"):
        write_wav(tmp_path / f"{name}.wav", 1.0)

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(words)
        return int(end.value.code or 0), capsys.readouterr().err

    return run


def ended(code: int) -> None:
    raise SystemExit(code)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def prepare(folder: Path) -> None:
    """Put a file of every kind that commands read into a folder, and links to some."""
    (folder / "hard.jsonl").hardlink_to(folder / "one.wav")
    (folder / "soft.jsonl").symlink_to("one.wav")
    (folder / "list").write_text("one.wav\n")
    (folder / "one.txt").write_text("one\n")
    (folder / "one.rttm").write_text("SPEAKER one 1 0.0 1.0 <NA> <NA> A <NA> <NA>\n")
    for name in ("ref", "hyp"):
        (folder / name).mkdir()
        (folder / name / "a.txt").write_text("one two\n")
        (folder / f"{name}.jsonl").write_text('{"id": "a", "text": "one two", "audio_filepath": "nowhere.audio"}\n')
    (folder / "manifest.jsonl").write_text('{"id": "a", "audio_filepath": "one.wav", "text": "one"}\n')
    (folder / "run.jsonl").write_text('{"asr_run": 1, "engine": "fake"}\n')
    (folder / "asr.toml").write_text("[transcribe]\n# nothing\n")
    (folder / "meeting.json").write_text('{"text": "hello"}')


@pytest.mark.parametrize(
    "words",
    [
        "{fake} two.wav --report one.wav -o out",  # --report *.wav, as the shell hands it over
        "{fake} one.wav --report ./one.wav",
        "{fake} one.wav --events hard.jsonl",
        "{fake} one.wav --report soft.jsonl --force",
        "{fake} one.wav --report one.wav --force",
        "{fake} one.wav --output one.wav",
        "{fake} one.wav --output hard.jsonl --force",
        "{fake} one.wav --output soft.jsonl --force",
        "{fake} one.wav --output two.wav",  # a recording, though nobody reads it
        "{fake} --files-from list --report list --force",
        "{fake} --files-from list --output list --force",
        "{fake} one.wav --report asr.toml --force",
        "{fake} one.wav --rttm-in one.rttm --report one.rttm --force",
        "{fake} one.wav --rttm-in . --output one.rttm --force",
        "{fake} one.wav --report r.jsonl --events ./r.jsonl",
        "{fake} one.wav -o out --report out/one.txt",
        "{fake} one.wav --report one.txt",  # a text of somebody
        "{fake} one.wav --report one.wav --dry-run",
        "{fake} --stream one.wav --report one.wav",
        "{fake} --stream one.wav --output hard.jsonl --force",
        "{fake} --manifest manifest.jsonl --output manifest.jsonl",
        "{fake} --manifest manifest.jsonl --output hard.jsonl --force",
        "align one.wav one.txt -a pocketsphinx --report one.wav",
        "align one.wav one.txt -a pocketsphinx --events one.txt --force",
        "align one.wav one.txt -a pocketsphinx --output hard.jsonl -f json --force",
        "align one.wav one.txt -a pocketsphinx --output one.txt -f json --force",
        "compare ref.jsonl hyp.jsonl --html one.wav",
        "compare ref.jsonl hyp.jsonl --json hyp.jsonl",
        "compare ref hyp --csv ref/a.txt",
        "compare ref.jsonl hyp.jsonl --json x.json --html ./x.json",
        "compare --no-ref ref hyp --consensus hyp",
        "bench manifest.jsonl -e fake --json manifest.jsonl",
        "bench manifest.jsonl -e fake --csv one.wav",
        "bench . -e fake --markdown one.txt",
        "bench --with run.jsonl --html run.jsonl",
        "bench --replay run.jsonl --csv ./run.jsonl",
        "leaderboard --json x.json --csv x.json",
        "leaderboard --add run.jsonl --html run.jsonl",
        "leaderboard --html one.wav",
        "digest run -o out --interests out/digest.sqlite",
        "digest paper out/papers/x.md -o out",
    ],
)
def test_nothing_that_is_read_is_written_to(asr: Asr, tmp_path: Path, words: str) -> None:
    prepare(tmp_path)
    if words.startswith("digest"):
        (tmp_path / "out/papers").mkdir(parents=True)
        (tmp_path / "out/papers/x.md").write_text("A paper about recognisers and their errors.\n")
        (tmp_path / "out/digest.sqlite").write_text("")
    before = contents(tmp_path)
    code, err = asr(*words.format(fake=" ".join(FAKE)).split())
    assert (code, err.count("\n")) == (2, 1), err
    assert contents(tmp_path) == before


def test_outputs_that_only_look_alike_are_allowed(tmp_path: Path) -> None:
    shutil.copy(__file__, tmp_path / "a.txt")
    (tmp_path / "b.txt").hardlink_to(tmp_path / "a.txt")  # two results that a tool has put together
    check_targets([File("the output", str(tmp_path / name)) for name in ("a.txt", "b.txt")], [])
    check_targets(
        writes(report="-", events="-", json="/dev/stdout", csv="/dev/null", html="/dev/null"), reads("x", "-")
    )


def test_standard_output_that_is_an_input_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    with pytest.raises(UsageError, match="the transcript"):
        check_targets(writes(events=f"fd:{descriptor}"), reads("the transcript", path))
    with pytest.raises(UsageError, match="are one file"):
        check_targets(writes(events=f"fd:{descriptor}", report=path), [])
    os.close(descriptor)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("two.wav", "-f", "srt,nonsense"), 2),
        (("two.wav", "-e", "whisper", "-m", "tiny", "--offline"), 3),
        (("two.wav", "-o", "out", "--dry-run"), 0),
        (("one.wav", "two.wav", "--output", "x.txt"), 2),
    ],
)
def test_a_run_that_does_nothing_leaves_the_report_of_the_last(
    asr: Asr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    (tmp_path / "r.jsonl").write_text(RECORD)
    assert asr(*FAKE, *words, "--report", "r.jsonl", "--events", "new/e.jsonl")[0] == code
    assert (tmp_path / "r.jsonl").read_text() == RECORD
    assert not (tmp_path / "new").exists()


def test_a_run_replaces_the_report_of_the_last(asr: Asr, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(RECORD + '{"v":1,"ty')  # killed while it was written
    assert asr(*FAKE, "one.wav", "two.wav", "-o", "out", "--report", "r.jsonl", "--events", "new/e.jsonl")[0] == 0
    inputs = [json.loads(line)["input"] for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert sorted(inputs) == ["one.wav", "two.wav"]
    kinds = [json.loads(line)["type"] for line in (tmp_path / "new/e.jsonl").read_text().splitlines()]
    assert (kinds[0], kinds[-1]) == ("start", "end")
    assert asr(*FAKE, "one.wav", "-o", "out", "--report", "r.jsonl")[0] == 0  # up to date, and said so
    assert '"up_to_date"' in (tmp_path / "r.jsonl").read_text()


def touched_up(monkeypatch: pytest.MonkeyPatch, path: Path) -> list[str]:
    """Let the engine change a file while it hears, once; same size and time, as a copy with its times kept."""
    from asr_plugins.fake import Fake

    hear, done = Fake.transcribe, list[str]()

    def hear_and_change(self: Fake, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        names = {Path(clip.recording.path).name for clip in clips}
        if not done and (path.suffix != ".wav" or path.name in names):
            done.append("changed")
            facts = path.stat()
            with path.open("r+b") as file:
                file.seek(-1, os.SEEK_END)
                file.write(b" ")
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        return hear(self, clips, options)

    monkeypatch.setattr(Fake, "transcribe", hear_and_change)
    return done


@pytest.mark.parametrize("channels", ["mix", "split"])
def test_an_input_that_changes_while_it_is_heard_is_not_up_to_date(
    asr: Asr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: str
) -> None:
    write_wav(tmp_path / "one.wav", 1.0, channels=2)
    done = touched_up(monkeypatch, tmp_path / "one.wav")
    words = (*FAKE, "one.wav", "two.wav", "-o", "out", "-f", "txt,json", "--channels", channels, "-q")
    code, err = asr(*words, "--report", "r.jsonl")
    assert (code, done) == (1, ["changed"])
    assert err == "asr: one.wav: it changed while it was read; the same command does it again\n"
    assert '"input": "one.wav", "status": "failed"' in (tmp_path / "r.jsonl").read_text()
    assert asr(*words, "--report", "r.jsonl") == (0, "")
    assert '"input": "one.wav", "status": "done"' in (tmp_path / "r.jsonl").read_text()
    assert '"input": "two.wav", "status": "up_to_date"' in (tmp_path / "r.jsonl").read_text()


@pytest.mark.parametrize(
    "words", [("one.wav", "-o", "out", "-f", "txt"), ("--manifest", "manifest.jsonl", "--output", "heard.jsonl")]
)
def test_a_backup_that_links_to_an_input_while_it_is_heard_is_no_change(
    asr: Asr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    from asr_plugins.fake import Fake

    rows = (f'{{"id": "{name}", "audio_filepath": "{name}.wav", "text": "x"}}\n' for name in ("one", "two"))
    (tmp_path / "manifest.jsonl").write_text("".join(rows))
    hear = Fake.transcribe

    def hear_and_link(self: Fake, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        for name in ("one.wav", "manifest.jsonl"):
            os.link(tmp_path / name, tmp_path / f".{name}.backup{len(os.listdir(tmp_path))}")
        return hear(self, clips, options)

    monkeypatch.setattr(Fake, "transcribe", hear_and_link)
    assert asr(*FAKE, *words)[0] == 0
    assert "up to date" in asr(*FAKE, *words)[1]


@pytest.mark.parametrize("changing", ["one.wav", "manifest.jsonl"])
def test_a_manifest_that_changes_while_it_is_heard_is_not_up_to_date(
    asr: Asr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changing: str
) -> None:
    rows = [{"id": name, "audio_filepath": f"{name}.wav", "text": name} for name in ("one", "two")]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n\n")
    done = touched_up(monkeypatch, tmp_path / changing)
    words = (*FAKE, "--manifest", "manifest.jsonl", "--output", "heard.jsonl", "--seed", "1")
    code, err = asr(*words)
    assert (code, done) == (1, ["changed"])
    assert err.count(f"{changing}: it changed while it was read; the same command does it again\n") == 1
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert asr(*words)[0] == 0
    assert (tmp_path / "heard.jsonl").read_text().count("pred_text") == 2
    assert "up to date" in asr(*words)[1]


@pytest.mark.parametrize("changing", ["talk.txt", pytest.param("talk.wav", marks=pytest.mark.slow)])
def test_an_alignment_of_what_has_changed_is_not_up_to_date(
    asr: Asr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changing: str
) -> None:
    from asrcli.runs import align as run

    for suffix in ("wav", "txt"):
        shutil.copy(EXAMPLES / f"garden-awb.{suffix}", tmp_path / f"talk.{suffix}")
    finish = run.transcript_of

    def change(*given: Any) -> Transcript:
        with (tmp_path / changing).open("ab") as file:
            file.write(b"\n")
        return finish(*given)

    words = ("align", "talk.wav", "talk.txt", "-o", "out", "-f", "json", "-q")
    with monkeypatch.context() as patch:
        patch.setattr(run, "transcript_of", change)
        code, err = asr(*words)
    assert (code, err.count("\n")) == (1, 1)
    assert err.endswith(f"{changing}: it changed while it was read; the same command does it again\n")
    assert asr(*words, "--dry-run")[0] == 0
    assert Ledger("out").stale("out/talk.json", "talk.wav", {}) == "a run was killed while it was written"


@pytest.mark.parametrize("content", ["mine", "{}\n", RECORD + "mine\n", '{"v":1', "[1]\n", "\0" * 100])
def test_a_file_of_somebody_else_is_no_report(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match="did not write it; --force"):
        Lines(str(path), "--report")
    assert path.read_text() == content
    Lines(str(path), "--report", force=True).close()
    assert path.read_text() == content, "replaced when there is something to say"


def test_two_processes_do_not_share_a_report(tmp_path: Path) -> None:
    """A lock belongs to an open file, so that two of one process are as good as two processes."""
    path = str(tmp_path / "r.jsonl")
    first, second = Lines(path, "--report"), Lines(path, "--report")  # nothing is there yet: both may go on
    first.write("input", input="first")
    first.begin()
    second.write("input", input="second")
    with pytest.raises(UsageError, match="another process"):
        second.begin()
    with pytest.raises(UsageError, match="another process"):
        Lines(path, "--report")
    first.write("input", input="first again")
    second.close()
    first.close()
    assert [json.loads(line)["input"] for line in Path(path).read_text().splitlines()] == ["first", "first again"]
    third = Lines(path, "--report")
    with pytest.raises(UsageError, match="another process"):
        Lines(path, "--report")
    third.write("input", input="third")
    third.begin()
    with pytest.raises(UsageError, match="another process"):
        Lines(path, "--report")
    third.close()
    assert [json.loads(line)["input"] for line in Path(path).read_text().splitlines()] == ["third"]


def test_a_report_works_where_there_are_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, kind: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    for _ in range(2):
        lines = Lines(str(tmp_path / "r.jsonl"), "--report")
        lines.write("input", input="a")
        lines.begin()
        lines.close()
    assert (tmp_path / "r.jsonl").read_text().count("\n") == 1


def test_a_full_disk_keeps_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.jsonl").write_text(RECORD)
    lines = Lines(str(tmp_path / "r.jsonl"), "--report")
    lines.write("input", input="a")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OutputError, match="no space left"):
        patch.setattr(os, "write", full)
        lines.begin()
    lines.close()
    assert (tmp_path / "r.jsonl").read_text() == RECORD
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


REPORTS = [
    pytest.param("compare ref.jsonl hyp.jsonl --html x", marks=pytest.mark.slow),
    pytest.param("compare ref.jsonl hyp.jsonl --json x", marks=pytest.mark.slow),
    "compare ref.jsonl hyp.jsonl --csv x",
    "compare ref.jsonl hyp.jsonl --markdown x",
    "compare --no-ref ref.jsonl hyp.jsonl --consensus x.jsonl",
    "compare --no-ref ref.jsonl hyp.jsonl --json x",
    "bench --with RUN --json x",
    "bench --with RUN --csv x",
    "bench --with RUN --markdown x",
    "bench --with RUN --html x",
    "bench --with RUN --plot x.png",
    "leaderboard --json x",
    "leaderboard --csv x",
    "leaderboard --html x",
    pytest.param("leaderboard --plot x.svg", marks=pytest.mark.slow),  # drawn as that of a benchmark
]


@pytest.fixture(scope="module")
def run_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the record of a short run of the benchmark."""
    place = tmp_path_factory.mktemp("run")
    write_wav(place / "one.wav", 1.0)
    (place / "one.txt").write_text("one\n")
    words = ["bench", str(place), "-e", "fake", "--no-vad", "--batches", "none", "--repeats", "1"]
    assert forked([*words, "--out", str(place / "runs")], os.environ).returncode == 0
    return next((place / "runs").glob("*.jsonl"))


@pytest.mark.parametrize("words", REPORTS)
def test_reports_never_replace_what_is_not_ours(asr: Asr, tmp_path: Path, run_record: Path, words: str) -> None:
    prepare(tmp_path)
    typed = words.replace("RUN", str(run_record)).split()
    target = tmp_path / typed[-1]
    target.write_text("mine")
    code, err = asr(*typed)
    assert (code, err.count("\n")) == (2, 1) and "asr did not make it" in err and target.read_text() == "mine"
    assert asr(*typed, "--force")[0] == 0
    made = target.read_bytes()
    assert made != b"mine"
    assert asr(*typed)[0] == 0, "ours to replace"
    target.write_bytes(made + b"edited")
    code, err = asr(*typed)
    assert (code, err.count("\n")) == (2, 1) and "edited" in err and target.read_bytes() == made + b"edited"


@pytest.mark.parametrize("words", ["compare ref.jsonl hyp.jsonl", "bench --with RUN", "leaderboard"])
def test_a_report_that_is_edited_while_a_command_works_is_kept_and_the_others_are_written(
    asr: Asr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_record: Path, words: str
) -> None:
    from asrcli.reports import written

    prepare(tmp_path)
    typed = [*words.replace("RUN", str(run_record)).split(), "--json", "a", "--csv", "b", "--html", "c"]
    assert asr(*typed)[0] == 0
    look, made = written.check_folder, (tmp_path / "c").read_bytes()

    def look_and_edit(path: Path) -> None:  # the last look before the work
        look(path)
        if not (tmp_path / "b").is_dir():
            (tmp_path / "a").write_text("edited")
            (tmp_path / "b").unlink()
            (tmp_path / "b").mkdir()  # it cannot be written any more
            (tmp_path / "c").unlink()

    monkeypatch.setattr(written, "check_folder", look_and_edit)
    code, err = asr(*typed)
    said = [line for line in err.splitlines() if "'a' is kept: it was edited" in line or "cannot write 'b'" in line]
    assert code == 1 and len(said) == 2
    assert (tmp_path / "a").read_text() == "edited"
    again = (tmp_path / "c").read_bytes()
    assert again[:200] == made[:200] and len(again) > len(made) // 2, "a page is there, made anew"


@pytest.mark.parametrize("place", ["folder", "folder/", "there.txt/x.json", "x" * 300, "circle", ""])
@pytest.mark.parametrize(
    "words",
    [
        "transcribe a.wav -e fake --output",
        "transcribe --manifest a.jsonl -e fake --output",
        "compare a.txt a.txt --json",
    ],
)
def test_a_place_that_cannot_be_is_wrong_usage_in_every_command(
    words: str, place: str, asr: Asr, tmp_path: Path
) -> None:
    """As in `-o "$FOLDER"` of a variable that is not set."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "there.txt").write_text("one")
    (tmp_path / "circle").symlink_to("circle")
    write_wav(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "a.jsonl").write_text('{"audio": "a.wav", "text": "one"}')
    before = sorted(path.name for path in tmp_path.rglob("*"))
    code, err = asr(*words.split(), place)
    assert code == 2 and err.count("\n") == 1 and place[:3] in err, err
    if "--output" in words and place not in ("folder", "folder/"):
        code, err = asr(*words.replace("--output", "-o").split(), place)
        assert code == 2 and "the output folder" in err, err
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_list_does_not_come_back_under_the_suffix_of_another_kind(
    asr: Asr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CSV in heard.jsonl: `asr compare` could not read it."""
    monkeypatch.chdir(tmp_path)
    write_wav(tmp_path / "a.wav")
    Path("all.csv").write_text("file,text\na.wav,one\n")
    Path("text.txt").write_text("a one\n")
    code, said = asr(*FAKE, "--manifest", "all.csv", "--output", "heard.jsonl")
    wanted = "asr: --output heard.jsonl: all.csv is CSV and comes back as CSV: call it heard.csv\n"
    assert (code, said, Path("heard.jsonl").exists()) == (2, wanted, False)
    assert asr(*FAKE, "--manifest", "text.txt", "--output", "heard.tsv")[0] == 2
    for manifest, output in (("all.csv", "heard.CSV"), ("all.csv", "heard"), ("text.txt", "heard.txt")):
        assert asr(*FAKE, "--manifest", manifest, "--output", output)[0] == 0
