"""``asr compare`` from files to reports."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.browser import Tab, opened
from support.command import Run, write_wav

from asrcli.cli.main import main
from asrcli.compare import terminal, wording
from asrcli.compare.classes import CLASSES, classify, find_names
from asrcli.compare.conditions import Condition
from asrcli.compare.html import to_html
from asrcli.compare.matching import distinct_names
from asrcli.compare.run import Wanted, run
from asrcli.compare.sources import read_source
from asrcli.compare.tables import to_json
from asrcli.datasets.results import RunRecord, read_run, write_run
from asrcli.datasets.utterances import read_manifest
from asrcli.errors import InputError, UsageError
from asrcli.scoring.alignment import align
from asrcli.types import Utterance

DATA = Path(__file__).parent / "data/scoring"
LEADERBOARD = json.loads((DATA / "leaderboard.json").read_text())


def write_lines(path: Path, *rows: dict | str) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """References and two systems, of which the second is much better."""
    chance = random.Random(5)
    words = [
        "the",
        "cat",
        "sat",
        "on",
        "a",
        "mat",
        "and",
        "then",
        "went",
        "away",
        "to",
        "find",
        "some",
        "other",
        "house",
        "with",
        "more",
        "fish",
    ]
    rows: list[list[dict]] = [[], [], []]
    for number in range(300):
        said = chance.choices(words, k=chance.randint(3, 12))
        rows[0].append(
            {
                "id": f"u{number}",
                "text": " ".join(said).capitalize() + ".",
                "speaker": f"s{number % 6}",
                "duration": len(said) * 0.4,
                "snr": chance.choice([0, 10]),
            }
        )
        for place, rate in ((1, 0.2), (2, 0.02)):
            heard = [chance.choice(words) if chance.random() < rate else word for word in said]
            rows[place].append({"id": f"u{number}", "pred_text": " ".join(heard)})
    names = ("ref", "first", "second")
    first, second, third = (write_lines(tmp_path / f"{name}.jsonl", *rows[place]) for place, name in enumerate(names))
    return first, second, third


def called(*words: object) -> int:
    """Run the program and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def test_the_tables_say_who_is_better_and_how_sure(files: tuple[Path, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert called("compare", *files, "--by", "snr", "--show", "worst:1") == 0
    shown = capsys.readouterr().out
    assert "second makes fewer errors than first" in shown
    assert "By snr" in shown
    assert "all errors" in shown
    assert "u" in shown.rsplit("errors: first", 1)[0]


def test_two_equal_systems_are_not_distinguishable(files: tuple[Path, ...]) -> None:
    found = run(files[0], [files[1], files[1]], Wanted())
    pair = found.pairs[0]
    assert not pair.significant
    assert pair.difference == 0
    assert pair.interval.covers_zero
    assert [one.name for one in found.systems] == [f"{files[1].parent.name}/first", f"{files[1].parent.name}/first (2)"]


def test_a_run_that_gives_the_references_is_said_not_to_be_scored(tmp_path: Path) -> None:
    paths = []
    for engine in ("whisper", "canary"):
        paths.append(tmp_path / f"{engine}.jsonl")
        write_run(RunRecord(engine, (Utterance("a", "one two"),), ("one",), (None,), "base"), paths[-1])
    first, second = paths
    assert any("name it twice" in note and str(first) in note for note in run(first, [second], Wanted()).notes)
    assert not any("name it twice" in note for note in run(first, paths, Wanted()).notes)
    plain = tmp_path / "said.jsonl"
    plain.write_text('{"id": "a", "text": "one two"}\n')
    assert not any("name it twice" in note for note in run(plain, paths, Wanted()).notes)


def test_runs_are_called_by_what_ran_and_by_their_files_where_that_is_the_same(tmp_path: Path) -> None:
    said = (Utterance("a", "one two"),)

    def record(name: str, engine: str, model: str | None, **facts: str) -> Path:
        path = tmp_path / name
        write_run(RunRecord(engine, said, ("one",), (None,), model, facts=tuple(facts.items())), path)
        return path

    main, branch = record("main.jsonl", "whisper", "/models/base"), record("x/branch.jsonl", "whisper", "base")
    others = [record("one.jsonl", "canary", "qwen-2.5b", backend="nemo"), record("two.jsonl", "fake", "default")]
    plain = tmp_path / "plain.jsonl"
    plain.write_text('{"id": "a", "pred_text": "one"}\n')
    named = tmp_path / "fake"
    named.mkdir()
    (named / "a.txt").write_text("one")
    paths = [main, branch, *others, plain, named]
    assert distinct_names(paths) == [
        "whisper:base (main)", "whisper:base (branch)", "canary@nemo:qwen-2.5b", "fake (two)", "plain", "fake",
    ]  # fmt: skip
    twice = distinct_names([main, main])
    assert len(set(twice)) == 2 and twice[0].startswith("whisper:base (")
    assert [one.name for one in run(main, paths, Wanted()).systems] == distinct_names(paths)


@pytest.mark.parametrize("line", [b"", b"{", b"\xff\xfe", b"[" * 10_000, b"[1]", b'{"asr_run": 1}'])
def test_what_is_no_run_record_is_called_by_its_file(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(line + b"\n" + line)
    assert distinct_names([path, tmp_path / "not-there.jsonl"]) == ["file", "not-there"]


def test_a_small_difference_is_no_winner_and_says_how_many_more_are_needed(
    tmp_path: Path, files: tuple[Path, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = files[2].read_text().splitlines()
    row = json.loads(lines[0])
    lines[0] = json.dumps({**row, "pred_text": row["pred_text"] + " extra"})
    other = write_lines(tmp_path / "other.jsonl", *lines)
    assert called("compare", files[0], files[2], other, "--markdown", "-") == 0
    shown = capsys.readouterr().out
    assert "not distinguishable" in shown
    assert "**" not in shown


def test_a_handful_of_utterances_is_no_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = [{"id": str(number), "text": "one two three four"} for number in range(5)]
    reference = write_lines(tmp_path / "r.jsonl", *said)
    bad = write_lines(tmp_path / "bad.jsonl", *({**row, "text": "a b c d"} for row in said))
    assert called("compare", reference, bad, reference) == 0
    assert "5 utterances are too few to tell, 6 are the least" in " ".join(capsys.readouterr().out.split())


def test_json_holds_everything_and_adds_up(files: tuple[Path, ...], tmp_path: Path) -> None:
    assert called("compare", *files, "-q", "--by", "snr", "--json", tmp_path / "out.json") == 0
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["utterances"] == 300
    for place, one in enumerate(data["systems"]):
        counts = one["counts"]
        errors = counts["substitutions"] + counts["deletions"] + counts["insertions"]
        assert sum(one["classes"].values()) == errors == sum(row["systems"][place]["errors"] for row in data["details"])
        assert sum(bucket["systems"][place]["errors"] for bucket in data["by"]["snr"]) == errors
        assert one["interval"][0] <= one["wer"] <= one["interval"][1]
        assert one["group_interval"] is not None
        assert one["ladder"]["raw"]["rate"] >= one["ladder"]["no case"]["rate"] >= one["wer"]
    pair = data["pairs"][0]
    assert pair["significant"]
    assert pair["interval"][0] > 0
    assert pair["wins"] + pair["ties"] + pair["losses"] == 300


def test_csv_has_a_row_per_utterance_and_no_formula(tmp_path: Path) -> None:
    reference = write_lines(tmp_path / "r.jsonl", {"id": "=cmd()", "text": "a b"})
    heard = write_lines(tmp_path / "h.jsonl", {"id": "=cmd()", "text": "@a b"})
    assert called("compare", reference, heard, "-q", "--csv", tmp_path / "out.csv") == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert rows[0]["id"] == "'=cmd()"
    assert rows[0]["heard (h)"] == "'@a b"


@pytest.mark.parametrize("name", list(LEADERBOARD))
def test_the_open_asr_leaderboard_is_reproduced_to_the_last_digit(name: str, tmp_path: Path) -> None:
    case = LEADERBOARD[name]
    if case["language"] != "en":
        pytest.importorskip("num2words")
    manifest = write_lines(tmp_path / f"MODEL_org-name_DATASET_{name}.jsonl", *case["rows"])
    found = run(manifest, [manifest], Wanted(normalizer="open-asr-leaderboard", language=case["language"]))
    counts, expected = found.systems[0].counts, case["expected"]
    assert (counts.substitutions, counts.deletions, counts.insertions) == (
        expected["sub"],
        expected["del"],
        expected["ins"],
    )
    assert round(100 * (counts.rate or 0), 2) == expected["wer"]


# ---- where texts come from


def test_folders_are_matched_by_stem_and_every_unmatched_text_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, texts in {
        "ref": {"a": "one two", "b": "three", "c": "four"},
        "hyp": {"a": "one two", "b": "tree", "x": "y"},
    }.items():
        (tmp_path / side).mkdir()
        for name, text in texts.items():
            if side == "ref":
                (tmp_path / side / f"{name}.txt").write_text(text + "\n")
            else:
                (tmp_path / side / f"{name}.json").write_text(json.dumps({"text": f" {text}", "segments": []}))
    assert called("compare", tmp_path / "ref", tmp_path / "hyp", "-n", "basic") == 0
    shown = capsys.readouterr().out
    assert "1 reference without a hypothesis, counted as missed: c" in shown
    assert "1 hypothesis without a reference, ignored: x" in shown
    assert "50.00 %" in shown  # of four words, one wrong and one missed


def texts_of(path: Path, *, hypotheses: bool = False) -> dict[str, str]:
    return {one.id: one.text for one in read_source(path, hypotheses=hypotheses).utterances}


def test_formats_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.trn").write_text(";; note\nhello { a / b } (spk-1)\n(spk-2)\n")
    assert texts_of(tmp_path / "x.trn") == {"spk-1": "hello { a / b }", "spk-2": ""}
    (tmp_path / "x.csv").write_text('id,text\n1,"a, b"\n2,c\n')
    assert texts_of(tmp_path / "x.csv") == {"1": "a, b", "2": "c"}
    (tmp_path / "x.tsv").write_text("id\ttext\n1\ta b\n")
    assert texts_of(tmp_path / "x.tsv") == {"1": "a b"}
    manifest = write_lines(tmp_path / "x.jsonl", {"audio_filepath": "d/u1.wav", "text": "said", "pred_text": "heard"})
    assert texts_of(manifest) == {"u1": "said"}
    assert texts_of(manifest, hypotheses=True) == {"u1": "heard"}
    (tmp_path / "x.txt").write_bytes("\ufeffone\r\ntwo\r\n".encode())
    assert texts_of(tmp_path / "x.txt") == {"#1": "one", "#2": "two"}


def test_a_folder_of_ctm_files_is_read_where_it_has_no_other_texts(tmp_path: Path) -> None:
    (tmp_path / "one.ctm").write_text("one 1 0.5 0.2 hello 0.9\none 1 0.8 0.2 there 0.8\n")
    (tmp_path / "two.ctm").write_text("two 1 0.0 0.2 bye\n")
    assert texts_of(tmp_path) == {"one": "hello there", "two": "bye"}
    (tmp_path / "one.txt").write_text("Hello there.\n")
    assert texts_of(tmp_path) == {"one": "Hello there."}


@pytest.mark.parametrize(("option", "said"), [("--by", "no utterance has a field"), ("--show", "write worst:20")])
def test_what_is_not_there_is_said_before_any_table(
    option: str, said: str, files: tuple[Path, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert called("compare", *files, option, "nope") == 2
    shown = capsys.readouterr()
    assert shown.out == "" and said in shown.err


def test_ctm_words_are_laid_into_stm_segments(tmp_path: Path) -> None:
    (tmp_path / "r.stm").write_text(
        "rec 1 ann 0.0 1.0 <o,f> hello there\nrec 1 bob 1.0 2.0 good day\n"
        "rec 1 bob 3.0 4.0 ignore_time_segment_in_scoring\n"
    )
    (tmp_path / "h.ctm").write_text(
        "rec 1 0.1 0.3 hello\nrec 1 0.5 0.3 there\nrec 1 1.2 0.3 good\nrec 1 1.6 0.2 night\n"
    )
    found = run(tmp_path / "r.stm", [tmp_path / "h.ctm"], Wanted(normalizer="none", convention="sclite"))
    assert [list(words) for words in found.systems[0].words] == [["hello", "there"], ["good", "night"]]
    assert found.systems[0].counts.substitutions == 1
    assert [one.group for one in found.utterances] == ["ann", "bob"]


def test_a_ctm_of_other_recordings_says_which(tmp_path: Path) -> None:
    (tmp_path / "r.stm").write_text("rec 1 ann 0.0 1.0 hello there\nrec 1 bob 1.0 2.0 good day\n")
    (tmp_path / "h.ctm").write_text("rec 1 0.1 0.3 hello\nwreck 1 1.2 0.3 good\nrec A 1.6 0.2 day\n")
    wanted = Wanted(normalizer="none", convention="sclite")
    (note,) = run(tmp_path / "r.stm", [tmp_path / "h.ctm"], wanted).systems[0].notes
    assert "h.ctm has recordings that" in note and "lacks: 'rec A', 'wreck 1'; there it is 'rec 1'" in note
    assert note.endswith("2 words count as not recognised")
    (tmp_path / "h.ctm").write_text("wreck 1 1.2 0.3 good\n")
    with pytest.raises(InputError, match=r"lacks: 'wreck 1'; there it is 'rec 1'$"):
        run(tmp_path / "r.stm", [tmp_path / "h.ctm"], wanted)


@pytest.mark.parametrize(
    ("name", "text"),
    [("r.trn", "fine (s-1)\nso { am / is there (s-2)\n"), ("r.stm", "a 1 b 0 1 x\na 1 b 1 2 { y / z\n")],
)
def test_a_brace_that_is_missing_has_its_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "h.trn").write_text("fine (s-1)\nso is there (s-2)\n")
    with pytest.raises(InputError, match=rf"{name} line 2: a '{{' without its '}}'"):
        run(tmp_path / name, [tmp_path / "h.trn"], Wanted(normalizer="none", convention="sclite"))


def test_marked_references_under_the_sclite_convention(tmp_path: Path) -> None:
    (tmp_path / "r.trn").write_text("I { am not / ain't } (uh) there (s-1)\nplain text here (s-2)\n")
    (tmp_path / "h.trn").write_text("i ain't there (s-1)\nplain text her (s-2)\n")
    found = run(
        tmp_path / "r.trn", [tmp_path / "h.trn", tmp_path / "r.trn"], Wanted(normalizer="basic", convention="sclite")
    )
    assert found.systems[0].counts.errors == 1
    assert found.systems[1].counts.errors == 0


def test_plain_texts_with_other_line_breaks_are_one_text(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("one two\nthree four\n")
    (tmp_path / "h.txt").write_text("one two three\nfour\nfive\n")
    found = run(tmp_path / "r.txt", [tmp_path / "h.txt"], Wanted(normalizer="basic"))
    assert (len(found.utterances), found.systems[0].counts.insertions, found.systems[0].counts.errors) == (1, 1, 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "x.jsonl",
            b'{"id":"1","text":"a"}\n' * 1 + b"\n" + b'{"id":"2","text":"a"}\n' * 1 + b"{broken\n",
            "line 4: not JSON",
        ),
        (
            "x.jsonl",
            b'{"id":"1","text":"a"}\n{"id":"1","text":"b"}\n',
            "line 2: the id '1' was there already in line 1",
        ),
        ("x.jsonl", b'{"id":"1","text":"a"}\n{"id":"2","text":"b\x00"}\n', "line 2: a NUL byte"),
        ("x.jsonl", b'{"id":"1","text":"a"}\n{"id":"2","text":"b\\u0000"}\n', "line 2: a NUL character"),
        ("x.jsonl", b'{"id":"1","text":"a"}\n[1]\n', "line 2: a line must be an object"),
        ("x.jsonl", b'{"id":"1","text":"a"}\n' + b"[" * 200_000, "line 2: brackets inside brackets"),
        ("x.json", b"[" * 200_000, "line 1: brackets inside brackets"),
        ("x.jsonl", b'{"id":"1","audio":"a"}\n', "line 1: no text"),
        ("x.jsonl", b'{"id":"1","text":7}\n', "line 1: 'text' must be text"),
        ("x.jsonl", b'{"id":"1","text":"a","duration":"long"}\n', "line 1: 'duration' must be a number"),
        ("x.jsonl", b'{"id":"1","text":"a"}\n\xff\n', "line 2: not UTF-8"),
        ("x.jsonl", b'{"id":"1","text":"' + b"word " * 1_000_000 + b'"}\n', "line 1: a text of 5,000,000 characters"),
        ("x.jsonl", b'{"id":"1","text":"a"}\n{"id":"2","text":"\\ud800"}\n', "line 2: half of a surrogate pair"),
        ("x.jsonl", b'{"text":"a","parent_id":"p","chunk_index":"x"}\n', "line 1: 'chunk_index' must be a number"),
        ("x.csv", b"id,text\n1,a\n2,b,c\n", "line 3: 3 columns where the header has 2"),
        ("x.trn", b"a (1)\nno id\n", "line 2: no (id) at the end"),
        ("x.trn", b"a (1)\nb (1)\n", "line 2: the id '1' was there already"),
        ("x.stm", b"a b c d\n", "line 1: not 'recording channel"),
        ("x.ctm", b"rec 1 0.0 0.1 a\nrec 1 x 0.1 b\n", "line 2: not 'recording channel"),
        ("x.json", b'{"text": "a",\n "x"}', "line 2: not JSON"),
        ("x.docx", b"", "the format '.docx' is not known"),
    ],
)
def test_bad_input_is_one_line_that_names_file_and_line(
    tmp_path: Path, name: str, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    good = write_lines(tmp_path / "good.jsonl", {"id": "1", "text": "a"})
    for order in ((good, tmp_path / name), (tmp_path / name, good)):
        assert called("compare", *order) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert str(tmp_path / name) in error
        assert message in error


def test_nothing_in_common_is_an_error(tmp_path: Path) -> None:
    one = write_lines(tmp_path / "a.jsonl", {"id": "1", "text": "a"}, {"id": "3", "text": "a"})
    other = write_lines(tmp_path / "b.jsonl", {"id": "2", "text": "a"})
    with pytest.raises(InputError, match="no id in common"):
        run(one, [other], Wanted())


def test_empty_references_and_hypotheses_have_no_rate_but_count(tmp_path: Path) -> None:
    one = write_lines(tmp_path / "a.jsonl", {"id": "1", "text": ""}, {"id": "2", "text": "..."})
    other = write_lines(tmp_path / "b.jsonl", {"id": "1", "text": "noise"}, {"id": "2", "text": ""})
    found = run(one, [other, one], Wanted())
    assert found.systems[0].counts.rate is None
    assert found.systems[0].counts.insertions == 1
    assert "2 of 2 references are empty" in found.notes[0]
    assert called("compare", one, other, other, "--html", tmp_path / "x.html", "--json", tmp_path / "x.json") == 0


def test_wrong_options_are_usage_errors(files: tuple[Path, ...], capsys: pytest.CaptureFixture[str]) -> None:
    for extra in (
        ["-n", "nope"],
        ["--convention", "nope"],
        ["--fail-if", "wer >"],
        ["--by", "nope"],
        ["--show", "nope"],
        ["--group", "nope"],
    ):
        assert called("compare", *files, *extra) == 2, extra
        assert capsys.readouterr().err.count("\n") == 1


# ---- where the errors are

CASES = [
    ("a b c", "A b c", "case"),
    ("hello, you", "hello you", "punctuation"),
    ("white paper here", "whitepaper here", "compound"),
    ("go on", "go on on on on", "loop"),
    ("go on now", "go on now on now on now on now", "loop"),
    ("one day we went to the sea", "one day we", "truncation"),
    ("yes", "yes thank you for watching", "inserted speech"),
    ("well um yes", "well yes", "filler"),
    ("about 25 cats", "about 20 cats", "number"),
    ("my colour too", "my colours too", "spelling"),
    ("the cat sat", "the house sat", "other word"),
    ("the cat sat", "the sat", "missed word"),
    ("the cat sat", "the cat big sat", "inserted word"),
]


@pytest.mark.parametrize(("said", "heard", "expected"), CASES)
def test_error_classes(said: str, heard: str, expected: str) -> None:
    references, hypotheses = [said.split()], [heard.split()]
    found = classify(references, hypotheses, align(references, hypotheses))
    assert [name for name, number in found.classes.items() if number] == [expected]


def test_names_are_words_that_are_always_capitals_inside_sentences() -> None:
    texts = [
        "Then Maria went to Rome.",
        "The cat saw Maria and the other cat again today, as it does nearly every day of the week.",
    ] * 3
    assert find_names(texts) == {"maria", "rome"}
    assert find_names(["Der Hund und die Katze und das Haus im Garten"]) == frozenset()


def test_classes_add_up_to_the_errors_whatever_the_texts() -> None:
    chance = random.Random(0)
    words = ["a", "b", "ab", "um", "one", "1", "cat", "cats", "Cat", "cat,", "x"]
    references = [chance.choices(words, k=chance.randint(0, 12)) for _ in range(500)]
    hypotheses = [chance.choices(words, k=chance.randint(0, 12)) for _ in range(500)]
    alignments = align(references, hypotheses)
    found = classify(references, hypotheses, alignments)
    errors = sum(len(moves) - moves.count(b"=") for moves in alignments)
    assert sum(found.classes.values()) == errors == sum(found.confusions.values())
    assert set(found.classes) <= set(CLASSES)


def test_explaining_a_normaliser_counts_the_errors_that_each_rule_removes(tmp_path: Path) -> None:
    one = write_lines(tmp_path / "a.jsonl", {"id": "1", "text": "I don't like the colour of twenty cats"})
    other = write_lines(tmp_path / "b.jsonl", {"id": "1", "text": "uh i do not like the color of 20 cats"})
    found = run(one, [other], Wanted(normalizer="whisper-en", language="en", explain=True))
    assert found.systems[0].counts.errors == 0
    changes = {name: numbers[0] for name, numbers in found.rules}
    assert changes == {"brackets": 0, "fillers": 1, "contractions": 2, "titles": 0, "numbers": 1, "spellings": 1}


# ---- conditions


def test_conditions_decide_the_exit_code(
    files: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called("compare", *files, "-q", "--fail-if", "wer > 50%") == 0
    assert called("compare", *files, "-q", "--fail-if", "wer > 0.05") == 1
    assert "first: wer > 0.05 holds (wer = 0." in capsys.readouterr().err
    # the second system has become better, so the check for a regression passes; the other way round it fails
    assert called("compare", *files, "-q", "--fail-if", "delta > 0 and significant") == 0
    swapped = (files[0], files[2], files[1])
    summary = tmp_path / "summary.xml"
    assert called("compare", *swapped, "-q", "--fail-if", "delta > 0 and significant", "--junit", summary) == 1
    suite = ET.parse(summary).getroot()
    assert suite.attrib == {"name": "asr compare", "tests": "1", "failures": "1"}
    assert suite[0].find("failure") is not None


def test_conditions_are_parsed_not_evaluated(files: tuple[Path, ...]) -> None:
    found = run(files[0], [files[1]], Wanted())
    for text in ("wer > 0 or (errors == 1 and not cer < .5)", "wer>=0.0 and mer<1", "missing != 1"):
        assert Condition(text).outcomes(found)[0].holds
    for text in ("", "wer", "wer > ", "import os", "__import__('os')", "wer > 0) ", "wer > 0 cer", "delta"):
        with pytest.raises(UsageError):
            Condition(text)
    with pytest.raises(UsageError, match="only one system"):
        Condition("delta > 0").outcomes(found)


# ---- the run record, the HTML file


def test_a_run_record_comes_back_as_it_was_and_is_a_manifest(tmp_path: Path) -> None:
    record = RunRecord(
        "fake",
        (Utterance("u1", "said", "a.wav", seconds=1.5), Utterance("u2", "more")),
        ("heard", None),
        (0.25, None),
        model="tiny",
        facts=(("python", "3.11"),),
    )
    path = tmp_path / "run.jsonl"
    write_run(record, path)
    again = read_run(path)
    assert (again.engine, again.hypotheses, again.times, again.facts) == (
        "fake",
        ("heard", None),
        (0.25, None),
        record.facts,
    )
    assert [one.id for one in again.utterances] == ["u1", "u2"]
    assert [one.text for one in read_manifest(path, hypotheses=True)] == ["heard"]  # nothing of "u2"
    assert called("compare", path, path) == 0
    with pytest.raises(InputError, match="not a run record"):
        read_run(write_lines(tmp_path / "x.jsonl", {"id": "1", "text": "a"}))


HOSTILE = [
    "</script><script>document.title='PWNED'</script>",
    "<img src=x onerror=document.title='PWNED'>",
    "]]>--><!--<script>",
    "\u2028\u2029 @@script@@ @@data@@",
    "' onmouseover='document.title=1",
]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A report whose every text would like to run."""
    references = [
        {"id": f"{text}{place}", "text": f"{text} hello", "speaker": text, "noise<b>": text, "audio": text}
        for place, text in enumerate(HOSTILE)
    ]
    heard = [{"id": row["id"], "pred_text": f"hello {row['text']}"} for row in references]
    reference = write_lines(tmp_path / "<b>ref.jsonl", *references)
    system = write_lines(tmp_path / "<img src=x onerror=alert(1)>.jsonl", *heard)
    assert called("compare", reference, system, "-n", "none", "-q", "--html", tmp_path / "report.html") == 0
    return tmp_path / "report.html"


def test_no_text_of_the_data_is_markup_in_the_report(hostile: Path) -> None:
    page = hostile.read_text()
    assert page.count("<script") == 2  # the data and our own
    assert page.count("</script>") == 2
    assert "<img" not in page
    assert "default-src 'none'; script-src 'sha256-" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["rows"][0][0] == f"{HOSTILE[0]}0"


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Return a function that opens a page in headless Chromium and returns what became of it."""
    return lambda page: opened(page, tmp_path_factory.mktemp("profile"))[0]


@pytest.mark.slow
def test_hostile_texts_do_not_run_in_a_browser(hostile: Path, browser: Callable[[Path], str]) -> None:
    page = browser(hostile)
    assert "data-ready" in page  # our own script ran to its end
    assert "<title>PWNED" not in page
    assert "<img" not in page
    assert "&lt;img src=x" in page


@pytest.mark.slow
def test_the_report_is_readable_on_phones_and_at_a_desk(hostile: Path, tab: Tab) -> None:
    assert tab.faults(hostile) == []


@pytest.mark.slow
def test_twenty_thousand_utterances_open_quickly(tmp_path: Path, browser: Callable[[Path], str]) -> None:
    chance = random.Random(2)
    words = [f"word{number}" for number in range(500)]
    rows = [
        {"id": f"u{number}", "text": " ".join(chance.choices(words, k=18)), "speaker": f"s{number % 50}"}
        for number in range(20_000)
    ]
    heard = [
        {"id": row["id"], "pred_text": " ".join(word for word in row["text"].split() if chance.random() > 0.1)}
        for row in rows
    ]
    reference, system = write_lines(tmp_path / "r.jsonl", *rows), write_lines(tmp_path / "h.jsonl", *heard)
    assert called("compare", reference, system, system, "-q", "--html", tmp_path / "report.html") == 0
    assert (tmp_path / "report.html").stat().st_size <= 15_000_000
    ready = int(browser(tmp_path / "report.html").split('data-ready="')[1].split('"')[0])
    assert ready < 3000  # milliseconds: the bound is part of what the page promises


def test_recordings_are_linked_only_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "a b#.wav").write_bytes(b"RIFF")
    reference = write_lines(
        tmp_path / "r.jsonl",
        {"id": "1", "text": "a", "audio": "a b#.wav"},
        {"id": "2", "text": "a", "audio": "javascript:alert(1)"},
    )
    found = run(reference, [reference], Wanted())
    page = "".join(to_html(found, folder=tmp_path))
    assert '"a%20b%23.wav"' in page
    assert "javascript:alert" not in page


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from asrcli.cli.main import build; build('compare'); print(' '.join(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"numpy", "rapidfuzz", "jiwer", "torch"} & set(shown.stdout.split())


def test_the_same_seed_gives_the_same_bytes(files: tuple[Path, ...], tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        assert called("compare", *files, "-q", "--json", tmp_path / name) == 0
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]
    assert np.isfinite(json.loads(texts[0])["pairs"][0]["mapsswe"]["z"])


# ---- without a reference, and conversations


def test_the_consensus_is_better_than_its_voters_and_holds_with_empty_and_missing_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(4)
    words = [f"w{number}" for number in range(60)]
    said = {f"u{number}": chance.choices(words, k=10) for number in range(120)}
    reference = write_lines(
        tmp_path / "ref.jsonl", *({"id": key, "text": " ".join(text)} for key, text in said.items())
    )
    systems = []
    for name in ("a", "b", "c"):
        rows = []
        for place, (key, text) in enumerate(said.items()):
            if name == "b" and place == 7:
                continue  # missing
            heard = (
                []
                if name == "c" and place == 9
                else [word if chance.random() > 0.15 else "bad" + name for word in text]
            )
            rows.append({"id": key, "pred_text": " ".join(heard)})
        systems.append(write_lines(tmp_path / f"{name}.jsonl", *rows))
    output = tmp_path / "consensus.jsonl"
    assert called("compare", "--no-ref", *systems, "--consensus", output, "--json", tmp_path / "out.json") == 0
    assert "b has no text for 1: u7" in capsys.readouterr().out
    found = run(reference, [*systems, output], Wanted(normalizer="none"))
    rates = [one.counts.rate or 0 for one in found.systems]
    assert rates[3] < 0.5 * min(rates[:3])
    data = json.loads((tmp_path / "out.json").read_text())
    assert [row[place] for place, row in enumerate(data["rates"])] == [0, 0, 0]
    scores = [row["disagreement"] for row in data["utterances"]]
    assert scores[0] > scores[-1] > 0
    assert called("compare", "--no-ref", *systems, "-q", "--consensus", tmp_path / "folder") == 0
    assert len(list((tmp_path / "folder").glob("*.txt"))) == 120


def test_votes_are_for_words_not_for_their_case(tmp_path: Path) -> None:
    from asrcli.compare.unreferenced import keyed
    from asrcli.scoring.rover import vote

    found = vote([keyed("The cat, sat."), keyed("the cat sat."), keyed("a bat sat on"), None])
    assert " ".join(found.words) == "The cat, sat."
    assert found.support == (2, 2, 3)
    assert (found.voters, found.disputed, found.slots) == (3, 3, 4)
    assert vote([keyed("one two"), keyed(""), keyed("")]).words == ()
    assert vote([None, None]).words == ()


def test_a_consensus_is_never_written_outside_its_folder(tmp_path: Path) -> None:
    one = write_lines(tmp_path / "a.jsonl", {"id": "../../evil", "text": "a"})
    assert called("compare", "--no-ref", one, one, "--consensus", tmp_path / "deep/folder") == 1
    assert not (tmp_path / "evil.txt").exists()


def test_conversations_are_scored_whatever_the_speakers_are_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("meeteval")
    pytest.importorskip("pyannote.metrics")
    reference = tmp_path / "r.stm"
    reference.write_text(
        "rec 1 ann 0 1 hello there my friend\nrec 1 bob 1 2 good day to you\nrec2 1 bob 1 2 good bye\n"
    )
    heard = tmp_path / "h.stm"
    heard.write_text("rec 1 s1 0 1.2 hello there friend\nrec 1 s2 1.2 2 good day to you all\nrec2 1 s2 1 2 good bye\n")
    assert called("compare", "--meetings", reference, heard, reference, "--json", "-") == 0
    one, same = json.loads(capsys.readouterr().out)["systems"]
    assert one["cp_wer"] == one["orc_wer"] == pytest.approx(0.2)
    assert one["der"] == pytest.approx(0.2 / 3)
    assert one["jer"] == pytest.approx((1 / 6 + 1 / 5 + 0) / 3)  # ann, and bob in each recording
    assert same["cp_wer"] == same["orc_wer"] == same["der"] == same["jer"] == 0
    assert called("compare", "--meetings", reference, tmp_path / "x.jsonl") == 2


def test_words_far_from_their_time_are_errors_of_tcpwer_and_seglst_is_read_as_stm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against meeteval with its own readers, and by known counts: what is said 20 s late is missed and invented."""
    meeteval = pytest.importorskip("meeteval")
    pytest.importorskip("pyannote.metrics")
    lines = ["rec 1 ann 0 2 hello there my friend", "rec 1 bob 30 32 good day to you", "rec2 1 bob 1 2 good bye"]
    late = ["rec 1 s1 3 5 hello there friend", "rec 1 s2 50 52 good day to you", "rec2 1 s2 1 2 good bye"]
    paths = [tmp_path / "r.stm", tmp_path / "h.stm"]
    for path, side in zip(paths, (lines, late), strict=True):
        path.write_text("\n".join(side) + "\n")
        cells = [line.split(maxsplit=5) for line in side]
        names = ("session_id", "speaker", "start_time", "end_time", "words")
        rows = [dict(zip(names, (one[0], one[2], float(one[3]), float(one[4]), one[5]), strict=True)) for one in cells]
        path.with_suffix(".json").write_text(json.dumps(rows))
    found = []
    for suffix in (".stm", ".json"):
        both = [path.with_suffix(suffix) for path in paths]
        assert called("compare", "--meetings", *both, "--json", "-") == 0
        found.append(json.loads(capsys.readouterr().out)["systems"][0])
    assert found[0] == found[1] and (found[0]["cp_errors"], found[0]["tcp_errors"]) == (1, 1 + 4 + 4)
    theirs = meeteval.wer.tcpwer(*map(meeteval.io.load, paths), collar=5)
    assert sum(one.errors for one in theirs.values()) == 9
    assert called("compare", *(path.with_suffix(".json") for path in paths)) == 1
    assert "add --meetings" in capsys.readouterr().err
    paths[0].with_suffix(".json").write_text(json.dumps([{"session_id": "rec", "words": "hello"}]))
    assert called("compare", "--meetings", *both) == 1
    assert "r.json: entry 1 has no 'speaker'" in capsys.readouterr().err


def test_turns_alone_are_scored_for_who_spoke_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against NIST's md-eval where it is installed, which counts each second by itself."""
    pytest.importorskip("pyannote.metrics")
    line = "SPEAKER rec 1 {} {} <NA> <NA> {} <NA> <NA>\n"
    reference, heard = tmp_path / "r.rttm", tmp_path / "h.rttm"
    reference.write_text(line.format(0, 4, "ann") + line.format(5, 5, "bob") + line.format(9, 2, "ann"))
    heard.write_text(line.format(0, 5, "s1") + line.format(6, 3, "s2") + line.format(9, 2, "s1"))
    options = ("compare", "--meetings", reference, heard, "--json", "-")
    assert called(*options) == 0
    one = json.loads(capsys.readouterr().out)["systems"][0]
    # of 11 s: bob's 5 to 6 and 9 to 10 are missed, 4 to 5 is false; nobody is taken for another
    assert (one["missed"], one["false_alarm"], one["confusion"]) == pytest.approx((2.0, 1.0, 0.0))
    assert one["der"] == pytest.approx(3 / 11)
    assert one["jer"] == pytest.approx((1 / 7 + 2 / 5) / 2)  # of ann 6 of 7 s are shared, of bob 3 of 5
    assert (one["cp_wer"], one["orc_wer"], one["cp_errors"]) == (None, None, None)
    md_eval = Path("/usr/lib/sctk/bin/md-eval.pl")
    for collar in (0.0, 0.25):
        assert called(*options, "--collar", collar) == 0
        ours = json.loads(capsys.readouterr().out)["systems"][0]["der"]
        if md_eval.exists():
            command = ["perl", md_eval, "-r", reference, "-s", heard, "-c", str(collar)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
            said = re.search(r"OVERALL SPEAKER DIARIZATION ERROR = ([\d.]+)", done.stdout)
            assert said is not None and ours == pytest.approx(float(said[1]) / 100, abs=1e-4)
    segments = tmp_path / "r.stm"
    segments.write_text("rec 1 ann 0 4 hello\nrec 1 bob 5 10 good day\nrec 1 ann 9 11 bye\n")
    assert called("compare", "--meetings", segments, heard, segments) == 0
    shown = capsys.readouterr().out
    assert "27.27" in shown and "–" in shown
    assert called("compare", "--meetings", reference, tmp_path / "x.ctm") == 2


def test_folders_of_conversations_are_scored_as_the_files_put_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two people who speak at the same times are two; what `asr transcribe -f json,stm,rttm` leaves is read."""
    pytest.importorskip("meeteval")
    pytest.importorskip("pyannote.metrics")
    said = {"a": "a 1 ann 0 2 one two\na 1 bob 0 2 three four\n", "b": "b 1 ann 1 3 five six\n"}
    found = {"a": "a 1 s1 0 2 one two\na 1 s2 0 2 three\n", "b": "b 1 s1 1 3.5 five six\n"}
    for folder, texts in (("ref", said), ("out", found)):
        for name, text in texts.items():
            path = tmp_path / folder / "deep" / f"{name}.stm"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.with_suffix(".json").write_text('{"text": "one", "segments": []}')
            path.with_suffix(".rttm").write_text(f"SPEAKER {name} 1 0 1 <NA> <NA> x <NA> <NA>\n")
        (tmp_path / f"{folder}.stm").write_text("".join(texts.values()))
    both = []
    for ending in ("", ".stm"):
        sides = [tmp_path / f"{one}{ending}" for one in ("ref", "out")]
        assert called("compare", "--meetings", *sides, "--json", "-") == 0
        both.append(json.loads(capsys.readouterr().out)["systems"][0])
    assert both[0] == both[1]
    assert (both[0]["cp_errors"], both[0]["words"], both[0]["der"]) == (1, 6, pytest.approx(0.5 / 6))
    for path in (tmp_path / "out").rglob("*.stm"):
        path.unlink()
    assert called("compare", "--meetings", tmp_path / "ref", tmp_path / "out", "--json", "-") == 0
    turns = json.loads(capsys.readouterr().out)["systems"][0]
    assert turns["cp_errors"] is None and turns["missed"] == pytest.approx(3 + 2)
    (tmp_path / "out/a.rttm").write_text("SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\n")
    assert called("compare", "--meetings", tmp_path / "ref", tmp_path / "out") == 1
    assert f"the recording 'a' is in another file under {tmp_path / 'out'} too" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    assert called("compare", "--meetings", tmp_path / "ref", tmp_path / "none") == 2
    assert f"{tmp_path / 'none'} holds none" in capsys.readouterr().err
    assert called("compare", "--meetings", tmp_path / "ref", tmp_path / "absent") == 1
    assert f"{tmp_path / 'absent'} does not exist" in capsys.readouterr().err


def test_hindi_under_the_rules_of_the_leaderboard_says_what_it_is_not(tmp_path: Path) -> None:
    pytest.importorskip("num2words")
    one = write_lines(tmp_path / "a.jsonl", {"id": "1", "text": "हिन्दी में"})
    notes = run(one, [one], Wanted(normalizer="open-asr-leaderboard", language="hi")).notes
    assert any("voi_oiwer" in note for note in notes)
    assert not any("voi_oiwer" in note for note in run(one, [one], Wanted(language="hi")).notes)


def test_a_text_too_long_for_the_alignment_of_sclite_is_named(
    files: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from asrcli.scoring import dynamic

    assert not any("MAPSSWE" in note for note in run(files[0], files[1:3], Wanted()).notes)
    monkeypatch.setattr(dynamic, "MOST_CELLS", 20)
    monkeypatch.setattr(dynamic, "CELLS_AT_ONCE", 8)
    notes = [note for note in run(files[0], files[1:3], Wanted()).notes if "MAPSSWE" in note]
    assert len(notes) == 1 and "too long and too different" in notes[0]


def test_no_control_character_of_the_data_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\u001b]0;owned\u0007\u001b[2J"
    one = write_lines(tmp_path / "a.jsonl", {"id": evil, "text": f"one {evil}", evil: "x"}, {"id": "2", "text": "b"})
    other = write_lines(tmp_path / "b.jsonl", {"id": "2", "text": f"c{evil}"}, {"id": evil + "x", "text": "y"})
    assert called("compare", one, other, one, "-n", "none", "--show", "worst:5", "--markdown", tmp_path / "x.md") == 0
    assert "\u001b" not in capsys.readouterr().out
    assert called("compare", one, other, "-q", "--fail-if", "wer > 9", "--junit", tmp_path / "x.xml") == 0
    ET.parse(tmp_path / "x.xml")


def test_a_condition_without_a_rate_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_lines(tmp_path / "a.jsonl", {"id": "1", "text": ""})
    assert called("compare", one, one, "-q", "--fail-if", "wer > 0.5") == 1
    assert "no words" in capsys.readouterr().err


def test_an_open_question_says_how_many_more_utterances_would_settle_it(
    files: tuple[Path, ...], tmp_path: Path
) -> None:
    chance = random.Random(77)
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    systems = [
        write_lines(
            tmp_path / f"{name}.jsonl",
            *(
                {
                    "id": row["id"],
                    "text": " ".join("x" if chance.random() < rate else word for word in row["text"].split()),
                }
                for row in rows
            ),
        )
        for name, rate in (("a", 0.200), ("b", 0.205))
    ]
    found = run(files[0], systems, Wanted())
    pair = found.pairs[0]
    assert not pair.significant
    assert pair.more_needed is not None
    assert pair.more_needed > 100
    assert f"about {pair.more_needed:,} more utterances" in wording.verdict(found, pair)


def test_outputs_of_asr_transcribe_compare_with_their_references(asr: Run, tmp_path: Path) -> None:
    """A folder that asr transcribed into also holds its hidden record, which is not a text."""
    write_wav(tmp_path / "in/hello-world.wav")
    (tmp_path / "ref").mkdir()
    (tmp_path / "ref/hello-world.txt").write_text("hello world\n")
    assert asr("transcribe", "-e", "fake", "--no-vad", "in", "-o", "hyp").code == 0
    done = asr("compare", "ref", "hyp")
    assert done.code == 0, done.err


@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_alignments_go_on_below_with_both_rows_side_by_side(files: tuple[Path, ...], width: int) -> None:
    found = run(files[0], [files[1]], Wanted())
    for index in range(20):
        _, *lines = (line.plain for line in terminal.diff(found, index, width))
        whole = [line.plain for line in terminal.diff(found, index)][1:]
        assert len(whole) == 2
        assert max(map(len, lines)) <= width
        for side, row in enumerate(whole):
            label = len("  reference  ")
            assert " ".join(line[label:] for line in lines[side::2]).split() == row[label:].split()
        for said, heard in zip(lines[0::2], lines[1::2], strict=True):
            assert said.startswith("  reference  ") and heard.startswith("  first      ")
            starts = [
                {place for place in range(13, len(row)) if row[place - 1] == " " != row[place]} for row in (said, heard)
            ]
            assert starts[0] == starts[1]  # every column begins at the same place


@pytest.mark.parametrize("width", [70, 80, 100, 120])
def test_no_figure_of_the_rates_is_broken(files: tuple[Path, ...], width: int) -> None:
    from rich.console import Console

    out = io.StringIO()
    found = run(files[0], [*files[1:]], Wanted())
    Console(file=out, width=width).print(terminal.rates(found))
    for one in found.systems:
        assert wording.span(one.interval) in out.getvalue()
        assert wording.span(one.group_interval) in out.getvalue()
    assert "95 % by group" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= width


@pytest.mark.parametrize(
    ("mode", "extra"),
    [
        ("--no-ref", ["--fail-if", "wer > 0"]),
        ("--no-ref", ["--html", "x.html"]),
        ("--no-ref", ["--show", "worst:3"]),
        ("--no-ref", ["--meetings"]),
        ("--meetings", ["--fail-if", "wer > 0"]),
        ("--meetings", ["--junit", "x.xml"]),
        ("--meetings", ["--consensus", "x.jsonl"]),
        ("-q", ["--consensus", "x.jsonl"]),
        ("-q", ["--collar", "0.25"]),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(
    mode: str, extra: list[str], files: tuple[Path, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert called("compare", *files, mode, *extra) == 2
    assert extra[0] in capsys.readouterr().err


def test_of_two_voters_the_silent_one_does_not_win(tmp_path: Path) -> None:
    said = [{"id": str(number), "text": "one two three four"} for number in range(4)]
    full = write_lines(tmp_path / "full.jsonl", *said)
    silent = write_lines(tmp_path / "silent.jsonl", {**said[0], "text": ""}, *said[1:])
    assert called("compare", "--no-ref", full, silent, "-q", "--consensus", tmp_path / "voted.jsonl") == 0
    rows = [json.loads(line) for line in (tmp_path / "voted.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == ["one two three four"] * 4


@pytest.mark.parametrize("format", ["srt", "vtt"])
@pytest.mark.parametrize("marked", [False, True])
def test_subtitles_are_read_as_what_is_said(tmp_path: Path, format: str, marked: bool) -> None:
    from asrcli.formats import layout, render
    from asrcli.types import Recording, Segment, Transcript, Word

    said = [Word(text, at, at + 1.0) for at, text in enumerate(("If", "a<b", "&", "c,", "stop."))]
    first = Segment("If a<b & c, stop.", 0.0, 5.0, tuple(said), speaker="Ann")
    second = Segment("No", 6.0, 7.0, speaker="Bo")
    talk = Transcript(Recording("talk.wav", seconds=9.0), (first, second), "x", seconds=9.0)
    path = tmp_path / f"talk.{format}"
    path.write_text(render(talk, format, layout(highlight_words=marked, max_line_width=8)))
    (row,) = read_source(path, hypotheses=True).utterances
    assert (row.id, row.text) == ("talk", "If a<b & c, stop. No")
    assert read_source(tmp_path, hypotheses=True).utterances == (row,)


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_words_in_brackets_are_words(tmp_path: Path, format: str) -> None:
    head = "WEBVTT\n\n" if format == "vtt" else ""
    path = tmp_path / f"talk.{format}"
    path.write_text(
        head
        + "1\n00:00:00.000 --> 00:00:02.000\nHe [the man] left [at ten] again.\n".replace(
            ".000", ".000" if format == "vtt" else ",000"
        )
    )
    (row,) = read_source(path, hypotheses=True).utterances
    assert row.text == "He [the man] left [at ten] again."


def test_relative_reductions_are_against_the_first_system(files: tuple[Path, ...]) -> None:
    comparison = run(files[0], [files[1], files[2]], Wanted())
    first, second = comparison.systems
    data = json.loads(to_json(comparison))["systems"]
    assert "werr" not in data[0]
    assert data[1]["werr"] == pytest.approx(1 - (second.counts.rate or 0) / (first.counts.rate or 1))
    assert data[1]["cerr"] == pytest.approx(1 - (second.characters.rate or 0) / (first.characters.rate or 1))
