"""``asr compare`` and what a system has no text for: never read for the reference, always counted and said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import write_wav

from asrcli.cli.main import main
from asrcli.compare.run import Wanted, run
from asrcli.compare.scores import Comparison
from asrcli.datasets.results import RunRecord, run_paths, system_of, write_run
from asrcli.datasets.utterances import read_manifest
from asrcli.errors import InputError
from asrcli.leaderboard.scores import score_folder
from asrcli.types import Utterance

SAID = ("one two three four", "five six seven", "eight nine ten eleven", "twelve thirteen fourteen")  # 14 words


def called(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def rows(heard: dict[int, str | None], *, text: str = "text", pred: str = "pred_text") -> list[dict]:
    """Return a manifest in which a system has these texts, and nothing for the others."""
    found = [{"audio_filepath": f"a/u{at}.wav", "duration": 1.0, text: said} for at, said in enumerate(SAID)]
    return [{**row, pred: heard[at]} if at in heard else row for at, row in enumerate(found)]


def write(path: Path, found: list[dict]) -> Path:
    """Write rows in the layout of the file's name; ``x.list.json`` is one JSON array."""
    if path.name.endswith(".list.json"):
        path.write_text(json.dumps(found))
    elif path.suffix in (".csv", ".tsv"):
        mark = "," if path.suffix == ".csv" else "\t"
        header = list(dict.fromkeys(name for row in found for name in row))
        cells = [[str(row.get(name, "")) for name in header] for row in found]
        path.write_text("".join(mark.join(row) + "\n" for row in [header, *cells]))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return path


def lines(found: Comparison) -> str:
    from asrcli.compare import wording

    return "\n".join((*found.notes, *(line for one in found.systems for line in wording.unmatched(one))))


@pytest.mark.parametrize("name", ["h.jsonl", "h.json", "h.list.json", "h.manifest"])
@pytest.mark.parametrize("nothing", ["no name", "null"])
def test_a_line_without_a_hypothesis_is_deleted_words_and_is_said(name: str, nothing: str, tmp_path: Path) -> None:
    heard: dict[int, str | None] = {0: SAID[0], 3: SAID[3]}  # 7 of 14 words
    if nothing == "null":
        heard |= {1: None, 2: None}
    reference = write(tmp_path / "r.jsonl", rows({}))
    system = write(tmp_path / name, rows(heard))
    for one in (reference, system):  # the system's own file holds the references too
        found = run(one, [system], Wanted(normalizer="none"))
        counts = found.systems[0].counts
        assert (counts.deletions, counts.errors, counts.reference_length) == (7, 7, 14)
        assert found.systems[0].missing == ("u1", "u2")
        assert "2 references without a hypothesis, counted as missed: u1, u2" in lines(found)


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_an_empty_cell_is_deleted_words(suffix: str, tmp_path: Path) -> None:
    system = write(tmp_path / f"h.{suffix}", rows({0: SAID[0], 3: SAID[3]}))
    found = run(system, [system], Wanted(normalizer="none"))
    counts = found.systems[0].counts
    assert (counts.deletions, counts.errors) == (7, 7)
    assert "2 cells are empty" in lines(found)
    one = write(tmp_path / f"one.{suffix}", rows(dict(enumerate(SAID)) | {3: ""}))
    assert "1 cell is empty, nothing recognised or a failure: its words" in lines(run(one, [one], Wanted()))
    with pytest.raises(InputError, match="no line has a text in 'pred_text'"):
        run(system, [write(tmp_path / f"none.{suffix}", rows(dict.fromkeys(range(4), "")))], Wanted())


@pytest.mark.parametrize("names", [("text", "hypothesis"), ("transcript", "hyp"), ("text", "prediction")])
def test_one_name_holds_the_text_in_all_lines_whatever_it_is_called(names: tuple[str, str], tmp_path: Path) -> None:
    found = rows({2: SAID[2]}, text=names[0], pred=names[1])
    system = write(tmp_path / "h.jsonl", found)
    assert run(system, [system], Wanted()).systems[0].counts.deletions == 10
    # and of the references too: a line that lacks theirs is a mistake, not read for another name
    broken = write(tmp_path / "r.jsonl", [*found, {"audio_filepath": "x.wav", "reference": "else"}])
    if names[0] == "text":
        with pytest.raises(InputError, match="line 5: no text; 'text' must be there"):
            read_manifest(broken)


@pytest.mark.parametrize("name", ["h.jsonl", "h.json", "h.list.json"])
def test_a_file_in_which_nothing_was_heard_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = write(tmp_path / "r.jsonl", rows({}))
    system = write(tmp_path / name, rows(dict.fromkeys(range(4))))
    assert called("compare", reference, system) == 1
    error = capsys.readouterr().err
    assert str(system) in error and "'pred_text'" in error and error.count("\n") == 1


@pytest.mark.parametrize("name", ["h.jsonl", "h.json", "h.csv"])
def test_a_reference_compared_with_itself_says_so(name: str, tmp_path: Path) -> None:
    reference = write(tmp_path / "r.jsonl", rows({}))
    silent = write(tmp_path / name, rows({}))  # what is left of a manifest of which every line failed
    for one in (reference, silent):
        assert "compares a reference with itself" in lines(run(reference, [one], Wanted()))
    right = write(tmp_path / f"right-{name}", rows(dict(enumerate(SAID))))
    assert "itself" not in lines(run(reference, [right], Wanted()))
    wrong = write(tmp_path / f"wrong-{name}", [{**row, "text": row["text"] + " x"} for row in rows({})])
    assert "itself" not in lines(run(reference, [wrong], Wanted()))


def test_pieces_without_a_hypothesis_are_said(tmp_path: Path) -> None:
    def piece(parent: str, index: int, heard: str | None) -> dict:
        text = "one two three four" if index == 0 else ""
        return {"parent_id": parent, "chunk_index": index, "audio_filepath": f"{parent}-{index}.wav", "text": text} | (
            {} if heard is None else {"pred_text": heard}
        )

    found = [piece("p", 0, "one two"), piece("p", 1, None), piece("q", 0, None), piece("q", 1, None)]
    system = write(tmp_path / "h.json", found)
    compared = run(system, [system], Wanted(normalizer="none"))
    assert compared.systems[0].counts.deletions == 2 + 4
    assert compared.systems[0].missing == ("q",)
    assert "1 of 2 pieces of 'p' have no hypothesis" in lines(compared)


def test_the_pair_of_the_readme_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest with one recording that cannot be opened: heard, written, compared."""
    for at in range(3):
        write_wav(tmp_path / f"u{at}.wav")
    said = [{"audio_filepath": f"u{at}.wav", "text": "one two three"} for at in range(4)]  # u3.wav is not there
    manifest, heard = write(tmp_path / "x.json", said), tmp_path / "heard.json"
    assert called("transcribe", "-e", "fake", "--no-vad", "--manifest", manifest, "--output", heard, "-q") == 1
    capsys.readouterr()
    assert called("compare", manifest, heard) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "4 utterances, 12 words" in shown
    assert "1 reference without a hypothesis, counted as missed: u3" in shown
    assert called("compare", manifest, manifest) == 0
    assert "compares a reference with itself" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", ["one.json", "one.jsonl"])
def test_a_manifest_of_one_line_is_no_transcript(name: str, tmp_path: Path) -> None:
    system = write(tmp_path / name, rows({0: "one two"})[:1])
    found = run(system, [system], Wanted())
    assert found.systems[0].counts.deletions == 2
    assert found.utterances[0].id == "u0"


def test_run_records_are_read_whatever_the_suffix(tmp_path: Path) -> None:
    record = RunRecord("fake", (Utterance("a", "some words"), Utterance("b", "x")), ("some", None), (0.1, None), "tiny")
    path = tmp_path / "run.json"
    write_run(record, path)
    (tmp_path / "other.json").write_text('{"text": "no record"}\n')
    assert system_of(path) == "fake:tiny"
    assert run_paths([tmp_path]) == [path]
    found = run(path, [path], Wanted())
    assert (found.systems[0].name, found.systems[0].counts.deletions) == ("fake:tiny", 2)
    assert [one.counts.deletions for one in score_folder(tmp_path)] == [2]  # "words" and "x"


def test_every_run_record_of_a_folder_is_a_system(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = (Utterance("a", "some words"), Utterance("b", "two more"))
    (runs := tmp_path / "runs").mkdir()
    write_run(RunRecord("fake", said, ("some words", "two more"), (0.1, 0.1), "tiny"), runs / "1.jsonl")
    write_run(RunRecord("fake", said, ("some", "two more"), (0.1, 0.1), "big"), runs / "2.json")
    write(tmp_path / "runs/beside.jsonl", rows({0: "one"}))
    for options in (("--no-ref", runs), (runs / "1.jsonl", runs)):
        assert called("compare", *options, runs / "2.json", "--json", "-") == 0
        found = capsys.readouterr()
        names = [one["name"] for one in json.loads(found.out)["systems"]]
        assert names == ["fake:tiny", "fake:big (runs/2)", "fake:big (runs/2 (2))"]
        assert "each of its 2 run records is a system" in found.err
        assert "beside.jsonl beside its run records are not compared" in found.err
    assert called("compare", runs, runs, "-q") == 0  # what is beside has its own references
    write_run(RunRecord("other", (Utterance("a", "other words"),), ("some",), (0.1,)), runs / "3.jsonl")
    capsys.readouterr()
    assert called("compare", runs, runs, "-q") == 1
    assert "3.jsonl: the id 'a' is in another file under" in capsys.readouterr().err


def test_the_leaderboard_reads_manifests_called_json(tmp_path: Path) -> None:
    path = write(tmp_path / "MODEL_org-name_DATASET_set_test.json", rows({0: SAID[0]}))
    assert ["3 utterances without pred_text" in "".join(one.notes) for one in score_folder(tmp_path)] == [True]
    path.with_suffix(".score.json").write_text("{}")  # what it keeps beside a manifest is none
    assert len(score_folder(tmp_path)) == 1


def test_a_folder_of_transcripts_may_hold_json_lines(tmp_path: Path) -> None:
    write(tmp_path / "r.jsonl", rows({}))
    (tmp_path / "hyp").mkdir()
    write(tmp_path / "hyp/heard.json", rows({0: SAID[0]}))
    found = run(tmp_path / "r.jsonl", [tmp_path / "hyp"], Wanted())
    assert found.systems[0].counts.deletions == 10
    write(tmp_path / "hyp/again.json", rows({1: SAID[1], 0: SAID[0]}))
    with pytest.raises(InputError, match="the id 'u0' is in another file"):
        run(tmp_path / "r.jsonl", [tmp_path / "hyp"], Wanted())


def test_a_text_that_was_recognised_without_an_error_may_be_that_of_the_reference(tmp_path: Path) -> None:
    """Files of lines that do not correspond are one text each, and the line about them says so."""
    (tmp_path / "ref.txt").write_text("hello world\n\nbye\n")
    (tmp_path / "hyp.txt").write_text("hello world\nbye\n")
    (note,) = [line for line in run(tmp_path / "ref.txt", [tmp_path / "hyp.txt"], Wanted()).notes if "letter" in line]
    assert note.startswith("hyp: its text is that of ") and "unless it was recognised without any error" in note


TEXTS = "the train leaves at nine\nnobody had told them\n"
WRITTEN = {
    "ref.txt": TEXTS,
    "bare.csv": "text\nthe train leaves at nine\nnobody had told them\n",
    "ids.csv": "id,text\na,the train leaves at nine\nb,nobody had told them\n",
    "utt.csv": "utt,text\na,the train leaves at nine\nb,nobody had told them\n",
    "named.trn": "the train leaves at nine (a)\nnobody had told them (b)\n",
    "counted.jsonl": '{"id": 1, "text": "the train leaves at nine"}\n{"id": 2, "text": "nobody had told them"}\n',
    "talk.srt": "1\n00:00:00,000 --> 00:00:02,000\nThe train leaves\n\n"
    "2\n00:00:02,000 --> 00:00:04,000\nat nine. Nobody had told them.\n",
}


@pytest.mark.parametrize("reference", ["ref.txt", "bare.csv"])
@pytest.mark.parametrize("other", ["ids.csv", "utt.csv", "named.trn"])
def test_a_line_without_an_id_is_never_taken_for_a_text_with_one(
    reference: str, other: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row was number 2 by its line, and so was the second line of the other file: 111 % of errors, and exit 0."""
    monkeypatch.chdir(tmp_path)
    for name in (reference, other):
        Path(name).write_text(WRITTEN[name])
    for two in ((reference, other), (other, reference)):
        assert called("compare", *two) == 1
        said = f"{reference} has 2 texts without ids, and {other} 2 with ('a'): give both with ids, or both without"
        assert capsys.readouterr().err == f"asr: {said}\n"


@pytest.mark.parametrize("two", [("ref.txt", "bare.csv"), ("ref.txt", "counted.jsonl"), ("ids.csv", "utt.csv")])
def test_texts_are_matched_by_their_order_where_nothing_else_is_there(
    two: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in two:
        Path(name).write_text(WRITTEN[name])
    for reference, other in (two, two[::-1]):
        found = run(Path(reference), [Path(other)], Wanted())
        assert (len(found.utterances), found.systems[0].counts.errors) == (2, 0)


@pytest.mark.parametrize("lines", ["ref.txt", "bare.csv"])
def test_the_lines_of_a_text_are_compared_with_a_transcript_as_a_whole(
    lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (lines, "talk.srt"):
        Path(name).write_text(WRITTEN[name])
    for reference, other in ((lines, "talk.srt"), ("talk.srt", lines)):
        found = run(Path(reference), [Path(other)], Wanted())
        assert (len(found.utterances), found.systems[0].counts.errors) == (1, 0)
