"""Files that the system does not give, or that never end: one line each, and what else was asked for is done."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.command import Run, Shell, write_wav
from support.source import nodes

from asrcli.base import whole
from asrcli.base.files import cause
from asrcli.compare.run import Wanted, run
from asrcli.compare.sources import Losses
from asrcli.datasets import dataset
from asrcli.errors import InputError

WORDS = {"a": "one two three", "b": "four five", "c": "six seven eight"}
LOST: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (lambda path: path.mkdir(), "[Ii]s a directory"),
    "a pipe": (os.mkfifo, "is a pipe, a socket or a device"),
    "gone": (lambda path: path.symlink_to("nowhere"), "[Nn]o such file"),
    "no text": (lambda path: path.write_bytes(b"a\0b"), "NUL byte"),
    "sound": (lambda path: path.write_bytes(b"RIFF\xff\0WAVE"), "line 1: a NUL byte, so this is no text file"),
    "not UTF-8": (lambda path: path.write_bytes(b"\xc3("), "not UTF-8"),
}
LONG = "x" * 300


def system(folder: Path, **changed: str) -> Path:
    folder.mkdir()
    for name, text in {**WORDS, **changed}.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", LOST)
def test_a_text_of_a_system_that_cannot_be_read(kind: str, asr: Run, tmp_path: Path) -> None:
    spoil, said = LOST[kind]
    for name in ("refs", "one", "two"):
        system(tmp_path / name)
    (tmp_path / "two" / "b.txt").unlink()
    spoil(tmp_path / "two" / "b.txt")
    result = asr("compare", "refs", "one", "two", "--json", "-")
    assert result.code == 1 and len(result.err.splitlines()) == 1
    assert re.search(rf"two/b\.txt.* {said}|two/b\.txt:? {said}", result.err)
    found = json.loads(result.out)
    assert [one["name"] for one in found["systems"]] == ["one", "two"]
    assert [one["counts"]["deletions"] for one in found["systems"]] == [0, 2]  # the words of b are missed
    assert any("not compared: two/b.txt" in note for note in found["notes"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("bad", ["deep.json", "broken.jsonl", "nowhere", "empty", LONG])
@pytest.mark.parametrize("without", [[], ["--no-ref"]], ids=["scored", "unreferenced"])
def test_a_system_that_cannot_be_read_leaves_the_others(bad: str, without: list[str], asr: Run, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        system(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "deep.json").write_text("[" * 200_000)
    (tmp_path / "broken.jsonl").write_text('{"id": "a", "text": "one two three"}\n{"id": "b", "te\n')
    result = asr("compare", *without, "one", bad, "two", "three", "--json", "out.json")
    assert result.code == 1 and len(result.err.splitlines()) == 1 and bad[:100] in result.err
    assert len(json.loads((tmp_path / "out.json").read_text())["systems"]) == (3 if without else 2)
    alone = asr("compare", "one", bad)
    assert alone.code == 1 and len(alone.err.splitlines()) == 1


def test_a_bug_in_one_system_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asrcli.compare import sources

    refs, one, two = (system(tmp_path / name) for name in ("refs", "one", "two"))
    (one / "b.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nfour five\n")
    monkeypatch.setattr(sources, "read_subtitles", lambda *unused: 1 // 0)
    said: list[tuple[str, Exception]] = []
    found = run(refs, [one, two], Wanted(), Losses(lambda *what: said.append(what)))
    assert [system.name for system in found.systems] == ["one", "two"]
    assert [(name, type(error)) for name, error in said] == [(str(one / "b.srt"), ZeroDivisionError)]
    with pytest.raises(ZeroDivisionError):
        run(refs, [one, two], Wanted())  # nobody would hear of it


def test_a_lost_baseline_decides_nothing(asr: Run, tmp_path: Path) -> None:
    for name in ("refs", "two"):
        system(tmp_path / name)
    result = asr("compare", "refs", "nowhere", "two", "--fail-if", "delta > 0", "--junit", "j.xml")
    assert result.code == 1 and "baseline" in result.err and not (tmp_path / "j.xml").exists()
    assert asr("compare", "refs", "nowhere", "two", "--fail-if", "wer > 0.5", "--junit", "j.xml").code == 1
    assert (tmp_path / "j.xml").exists()


@pytest.mark.timeout(60)
def test_pipes_are_read_once(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.trn").write_text("one two (a-1)\n")
    done = shell("asr compare --convention sclite <(cat a.trn) <(cat a.trn) <(cat a.trn) --json -")
    assert done.returncode == 0, done.stderr
    assert [one["wer"] for one in json.loads(done.stdout)["systems"]] == [0, 0]


@pytest.mark.parametrize("make", ["sparse", "device"])
def test_what_never_ends_is_no_text(make: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    if make == "device":
        path = Path("/dev/zero")
        monkeypatch.setattr(whole, "MOST", 1 << 22)
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    with pytest.raises(OSError, match="larger than a text may be"):
        whole.read_whole(path, whole.MOST)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_command_reads_a_text_without_end(asr: Run, tmp_path: Path) -> None:
    for suffix in ("json", "txt"):
        (tmp_path / f"big.{suffix}").touch()
        os.truncate(tmp_path / f"big.{suffix}", 1 << 40)
    write_wav(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_text("one")
    for words in (
        "ask big.json When?",
        "compare big.json a.txt",
        "compare a.txt big.txt",
        "transcribe --manifest big.json -e fake",
        "transcribe --files-from big.txt -e fake",
        "transcribe a.wav -e fake -f json -o out --rttm-in big.txt",
        "bench big.json -e fake",
        "bench --replay big.json",
        "align a.wav big.json -a pocketsphinx -l en",
        "align a.wav big.txt -a pocketsphinx -l en",
        "leaderboard readme big.txt",
        "digest run --interests big.txt",
        "digest run --leaderboard big.json --replay .",
        "digest import bibtex big.txt",
    ):
        result = asr(*words.split())
        assert result.code in (1, 2) and "Traceback" not in result.err, (words, result.err)
        assert "larger than a text may be" in result.err, (words, result.err)


@pytest.mark.parametrize("words", [
    f"compare {LONG} a.txt", f"ask {LONG} When?", f"transcribe a.wav --no-vad -e fake -f txt -o {LONG}",
    f"transcribe --manifest {LONG} -e fake", f"transcribe a.wav -e whisper -m {LONG}", f"bench {LONG} -e fake",
    f"bench --with {LONG}", f"align a.wav a.txt -a pocketsphinx -l en --reference {LONG}", f"leaderboard --add {LONG}",
    f"leaderboard score {LONG}", f"digest run -o {LONG} --replay .", f"digest verify -o {LONG}",
    f"digest podcast -o {LONG}", f"digest paper {LONG}",
])  # fmt: skip
def test_a_name_that_is_too_long(words: str, asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_text("one")
    result = asr(*words.split())
    assert result.code in (1, 2, 3) and len(result.err.splitlines()) == 1, result.err
    assert LONG[:200] in result.err


def test_texts_of_a_dataset_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    for name, text in WORDS.items():
        write_wav(tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.txt").write_text(text)
    (tmp_path / "b.txt").write_bytes(b"a\0b")
    (tmp_path / "c.txt").unlink()
    (tmp_path / "c.txt").mkdir()
    found = dataset.open_dataset(dataset.Wanted(str(tmp_path)), print)
    assert [one.id for one in found.utterances] == ["a"]
    assert len(found.missing) == 2 and "b.txt" in found.missing[0] and "c.txt" in found.missing[1]
    (tmp_path / "a.txt").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"a\.txt"):
        dataset.open_dataset(dataset.Wanted(str(tmp_path)), print)


@pytest.mark.timeout(60)
def test_a_pipe_in_a_manifest_is_not_waited_for(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    rows = [{"id": name, "audio_filepath": f"{name}.wav", "text": "one"} for name in ("pipe", "a")]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    heard = asr("transcribe", "--manifest", "m.jsonl", "-e", "fake", "--output", "heard.jsonl")
    assert heard.code == 1 and "pipe.wav' is a pipe" in heard.err
    assert ["pred_text" in line for line in (tmp_path / "heard.jsonl").read_text().splitlines()] == [False, True]
    found = dataset.open_dataset(dataset.Wanted(str(tmp_path / "m.jsonl")), print)
    assert [one.id for one in found.utterances] == ["a"] and "is a pipe" in found.missing[0]


# Handlers that an error of the system may reach, however they name it.
SYSTEM = re.compile(
    r"(IO|Environment|Connection|Blocking\w*|Timeout|Permission|NotADirectory|IsADirectory|FileNotFound|FileExists)Error"
    r"|OSError|(Base)?Exception|[\w.]*(HTTP|Transport)Error|[\w.]*TimeoutException"
)
SOURCES = [
    path
    for place in ("asrcli", "plugins/asr_plugins")
    for path in sorted((Path(__file__).parent.parent / place).rglob("*.py"))
]


def caught(module: list[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Yield each name that may hold an error of the system, with the code that sees it."""
    for node in module:
        if isinstance(node, ast.ExceptHandler) and node.name and node.type:
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(SYSTEM.fullmatch(ast.unparse(kind)) for kind in kinds):
                yield node.name, node
        if isinstance(node, ast.FunctionDef) and node.name not in ("cause", "reason"):
            for one in node.args.args:
                if one.annotation is not None and ast.unparse(one.annotation) in (
                    "OSError",
                    "Exception",
                    "BaseException",
                ):
                    yield one.arg, node


def test_what_the_system_says_is_said_by_one_helper() -> None:
    """Not as ``[Errno 2] No such file or directory: '...'``: by `cause`, or by `reason`."""
    found = []
    for path in SOURCES:
        for name, code in caught(nodes(path)):
            for node in ast.walk(code):
                shown = isinstance(node, ast.FormattedValue) and (
                    ast.unparse(node.value) == name or f"{name}.strerror" in ast.unparse(node.value)
                )
                if shown or (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == "str"
                    and ast.unparse(node) == f"str({name})"
                ):
                    found.append(f"{path}:{node.lineno}")  # type: ignore[attr-defined]
    assert not found


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "x"), "no such file or directory"),
        (OSError("libx.so: cannot open shared object file"), "libx.so: cannot open shared object file"),
        (RuntimeError("cannot open: [Errno 13] Permission denied: 'x'"), "cannot open: Permission denied: 'x'"),
        (OSError("[Errno 5] Input/output error"), "Input/output error"),
    ],
)
def test_no_error_shows_its_number(error: Exception, said: str) -> None:
    assert cause(error) == said
