"""Datasets: every layout gives the same utterances, every mistake is named, nothing is lost."""

from __future__ import annotations

import csv
import gzip
import json
import shlex
import wave
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.command import Run, write_wav

from asrcli.audio.inputs import read_names
from asrcli.datasets import hub, manifests
from asrcli.datasets.dataset import Wanted, digest, open_dataset, sample
from asrcli.datasets.journal import Journal
from asrcli.datasets.manifests import Layout
from asrcli.datasets.utterances import read_manifest
from asrcli.errors import InputError, UsageError
from asrcli.types import Utterance

TEXTS = {"a": "one two", "b": "three", "c": "Four, five!"}


def quiet(text: str) -> None:
    """Hear nothing."""


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        write_wav(tmp_path / f"{name}.wav", 1.5)
        (tmp_path / f"{name}.txt").write_text(text + "\n")
    return tmp_path


def layouts(folder: Path) -> dict[str, Path]:
    """Write the same three utterances in every layout."""
    kaldi = folder / "kaldi"
    kaldi.mkdir()
    (kaldi / "wav.scp").write_text("".join(f"{name} {folder}/{name}.wav\n" for name in TEXTS))
    (kaldi / "text").write_text("".join(f"{name} {text}\n" for name, text in TEXTS.items()))
    (kaldi / "utt2spk").write_text("".join(f"{name} s{name}\n" for name in TEXTS))
    table = "".join(f"{name}.wav\t{text}\n" for name, text in TEXTS.items())
    (folder / "t.tsv").write_text("path\tsentence\n" + table)
    (folder / "t.csv").write_text("file_name,text\n" + "".join(f'{n}.wav,"{t}"\n' for n, t in TEXTS.items()))
    cuts = [
        {
            "id": name,
            "start": 0.0,
            "duration": 1.5,
            "channel": 0,
            "type": "MonoCut",
            "supervisions": [
                {"id": name, "recording_id": name, "start": 0, "duration": 1.5, "text": text, "speaker": f"s{name}"}
            ],
            "recording": {
                "id": name,
                "sources": [{"type": "file", "channels": [0], "source": str(folder / f"{name}.wav")}],
                "sampling_rate": 16000,
                "num_samples": 24000,
                "duration": 1.5,
            },
        }
        for name, text in TEXTS.items()
    ]
    lines(folder / "cuts.jsonl", *cuts)
    with gzip.open(folder / "cuts.jsonl.gz", "wt") as stream:
        stream.writelines(json.dumps(cut) + "\n" for cut in cuts)
    lines(
        folder / "nemo_manifest.json",
        *({"audio_filepath": f"{n}.wav", "duration": 1.5, "text": t} for n, t in TEXTS.items()),
    )
    lines(folder / "recordings.jsonl", *(cut["recording"] for cut in cuts))
    lines(folder / "supervisions.jsonl", *(cut["supervisions"][0] for cut in cuts))
    names = ("kaldi", "t.tsv", "t.csv", "cuts.jsonl", "cuts.jsonl.gz", "nemo_manifest.json", "supervisions.jsonl")
    return {name: folder / name for name in names}


def test_every_layout_gives_the_same_utterances_and_the_same_hash(folder: Path) -> None:
    expected = open_dataset(Wanted(str(folder)), quiet)
    assert {one.id: one.text for one in expected.utterances} == TEXTS  # raw: case and punctuation are kept
    assert [one.seconds for one in expected.utterances] == [1.5] * 3
    for name, path in layouts(folder).items():
        found = open_dataset(Wanted(str(path)), quiet)
        assert {one.id: one.text for one in found.utterances} == TEXTS, name
        assert digest(found.utterances) == digest(expected.utterances), name


@pytest.mark.slow
def test_lhotse_itself_reads_what_was_written_back(folder: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    path = layouts(folder)["cuts.jsonl"]
    written = folder / "back.jsonl"
    written.write_text(manifests.read(path).with_hypotheses({"a": "heard"}))
    cuts = {cut.id: cut for cut in lhotse.CutSet.from_jsonl(written)}
    assert cuts["a"].custom["pred_text"] == "heard"
    assert cuts["b"].supervisions[0].text == "three"


def test_the_hash_knows_references_parts_and_sound(folder: Path) -> None:
    found = [digest(open_dataset(Wanted(str(folder)), quiet).utterances)]
    (folder / "b.txt").write_text("four\n")
    found.append(digest(open_dataset(Wanted(str(folder)), quiet).utterances))
    write_wav(folder / "a.wav", 1.5, tone=300)
    found.append(digest(open_dataset(Wanted(str(folder)), quiet).utterances))
    assert len(set(found)) == 3


def test_librispeech_chapters_and_nemo_offsets(tmp_path: Path) -> None:
    for name in ("84-1-0000", "84-1-0001"):
        write_wav(tmp_path / "84/1" / f"{name}.wav", 1.0)
    (tmp_path / "84/1/84-1.trans.txt").write_text("84-1-0000 GO ON\n84-1-0001 STOP\n")
    found = open_dataset(Wanted(str(tmp_path)), quiet)
    assert [one.text for one in found.utterances] == ["GO ON", "STOP"]
    path = lines(
        tmp_path / "m.jsonl",
        {"audio_filepath": "84/1/84-1-0000.wav", "text": "x", "offset": 0.0, "duration": 0.25},
        {"audio_filepath": "84/1/84-1-0000.wav", "text": "y", "offset": 0.25, "duration": 0.5},
    )
    parts = open_dataset(Wanted(str(path)), quiet).utterances
    assert [(one.start, one.end, one.seconds) for one in parts][1] == (0.25, 0.75, 0.5)
    assert len({one.id for one in parts}) == 2


def test_the_same_file_name_in_two_folders_is_two_utterances(tmp_path: Path) -> None:
    for speaker in ("s1", "s2"):
        write_wav(tmp_path / speaker / "001.wav", 0.5)
    rows = ({"audio_filepath": f"{speaker}/001.wav", "text": speaker} for speaker in ("s1", "s2"))
    assert len({one.id for one in open_dataset(Wanted(str(lines(tmp_path / "m.jsonl", *rows))), quiet).utterances}) == 2


def test_a_sample_is_stable_and_grows() -> None:
    whole = [Utterance(f"u{number}", "x") for number in range(500)]
    small, big = sample(whole, 20, 7), sample(whole, 60, 7)
    assert set(small) < set(big)
    assert sample(whole[::-1], 20, 7) == small[::-1]  # the order of the source does not matter
    assert sample(whole, 20, 8) != small
    assert [one.id for one in small] == [one.id for one in whole if one in small]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.jsonl", '{"audio_filepath": "a.wav", "sentance": "one"}\n', "line 1: no text; one of text, reference"),
        ("x.jsonl", '{"text": "one"}\n', "'#1' names no audio file"),
        ("x.jsonl", "{broken\n", "line 1: not JSON"),
        ("x.csv", "path,text\na.wav\n", "line 2: 1 columns where the header has 2"),
        ("x.tsv", "path\twords\na.wav\tone\n", "line 2: no text"),
        ("x.xml", "<a/>", "not a manifest by its name"),
        ("wav.scp", "a sox a.wav -t wav - speed 2 |\n", "commands are not run"),
        ("wav.scp", "a data.ark:77\n", "archives are not read"),
        ("wav.scp", "a\n", "no file after the id"),
        ("wav.scp", "a a.wav\na b.wav\n", "line 2: the id 'a' was there already"),
    ],
)
def test_a_broken_manifest_is_one_sentence_with_file_and_line(folder: Path, name: str, content: str, said: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(InputError) as caught:
        manifests.read(folder / name)
    assert said in str(caught.value)
    assert str(folder) in str(caught.value)


def test_kaldi_reads_past_commands_that_only_unpack(folder: Path) -> None:
    (folder / "wav.scp").write_text(f"a flac -c -d -s {shlex.quote(str(folder))}/a.wav |\n")
    (folder / "text").write_text("a one\n")
    assert manifests.read(folder / "wav.scp").utterances[0].audio == str(folder / "a.wav")


def test_kaldi_segments_are_parts(folder: Path) -> None:
    (folder / "wav.scp").write_text(f"r {folder}/a.wav\n")
    (folder / "segments").write_text("u1 r 0.0 0.5\nu2 r 0.5 -1\n")
    (folder / "text").write_text("u1 one\nu2 two\n")
    found = open_dataset(Wanted(str(folder / "segments")), quiet).utterances
    assert [(one.id, one.text, one.seconds) for one in found] == [("u1", "one", 0.5), ("u2", "two", 1.0)]
    (folder / "segments").write_text("u1 other 0 1\n")
    with pytest.raises(InputError, match="line 1: recording 'other' is not in"):
        manifests.read(folder / "segments")


def test_missing_audio_is_left_out_and_named(folder: Path) -> None:
    rows = [{"audio_filepath": f"{name}.wav", "text": "x"} for name in ("a", "gone", "b")]
    (folder / "empty.wav").write_bytes(b"")
    path = lines(folder / "m.jsonl", *rows, {"audio_filepath": "empty.wav", "text": "x"})
    found = open_dataset(Wanted(str(path)), quiet)
    assert [one.id for one in found.utterances] == ["a", "b"]
    assert [line.partition(":")[0] for line in found.missing] == ["gone", "empty"]
    with pytest.raises(InputError, match="no utterance whose audio can be read"):
        open_dataset(Wanted(str(lines(folder / "n.jsonl", rows[1]))), quiet)


@pytest.mark.parametrize("layout", ["t.tsv", "t.csv", "nemo_manifest.json"])
def test_writing_back_keeps_everything_else(folder: Path, layout: str) -> None:
    path = layouts(folder)[layout]
    manifest = manifests.read(path)
    back = folder / f"back{path.suffix}"
    back.write_text(manifest.with_hypotheses({"a": 'he said "no"\tyes', "c": ""}))
    again = manifests.read_rows(back)
    before = manifests.read_rows(path)
    assert [{k: v for k, v in row.items() if k != "pred_text"} for _, row in again] == [row for _, row in before]
    assert [row.get("pred_text") or None for _, row in again] == ['he said "no"\tyes', None, None]


def test_a_kaldi_result_is_a_text_file(folder: Path) -> None:
    manifest = manifests.read(layouts(folder)["kaldi"])
    assert manifest.layout is Layout.KALDI
    assert manifest.with_hypotheses({"a": "one", "c": ""}) == "a one\nc\n"


def test_a_journal_survives_a_torn_line_and_forgets_other_work(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with Journal(path, {"work": 1}) as journal:
        journal.add({"id": "a"})
        journal.add({"id": "b"})
        with pytest.raises(UsageError, match="another process"), Journal(path, {"work": 1}):
            pass
    path.write_bytes(path.read_bytes()[:-4])
    with Journal(path, {"work": 1}) as journal:
        assert journal.lines == [{"id": "a"}]
        journal.add({"id": "b"})
    with Journal(path, {"work": 1}) as journal:
        assert [line["id"] for line in journal.lines] == ["a", "b"]
    with Journal(path, {"work": 2}) as journal:
        assert journal.lines == []


def test_short_names_and_places() -> None:
    assert hub.place_of("esb:librispeech-clean").split == "test.clean"
    assert hub.place_of("hf:owner/name@abc:config:dev") == hub.Place("owner/name", "config", "dev", revision="abc")
    with pytest.raises(UsageError, match="did you mean 'esb:librispeech-clean'"):
        hub.place_of("esb:librispeech-clena")
    with pytest.raises(UsageError, match="write hf:owner/name"):
        hub.place_of("hf:name")
    assert all(hub.is_hub_name(name) for name in hub.SHORT_NAMES)


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """Return a dataset as the hub has them, in a local folder, with audio inside the rows."""
    pytest.importorskip("datasets")
    import pyarrow
    import pyarrow.parquet

    clips = [write_wav(tmp_path / "in" / f"{number}.wav", 0.5 + number / 10, tone=200 + number) for number in range(6)]
    rows = {
        "audio": [{"bytes": path.read_bytes(), "path": path.name} for path in clips],
        "text": ["One.", "two", "ignore time segment in scoring", "four", "", "six"],
        "speaker": ["a", "a", "b", "b", "c", "c"],
    }
    text = {"dtype": "string", "_type": "Value"}
    features = {"audio": {"_type": "Audio"}, "text": text, "speaker": text}
    table = pyarrow.table(rows).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    folder = tmp_path / "hub"
    folder.mkdir()
    pyarrow.parquet.write_table(table, folder / "test-00000-of-00001.parquet")
    return folder


@pytest.mark.parametrize("place", ["outside", "above", "link", "hub"])
def test_a_row_of_a_hub_dataset_names_no_file_outside_it(place: str, parquet: Path, tmp_path: Path) -> None:
    mine = write_wav(tmp_path / "mine.wav", 0.5)
    (parquet / "link.wav").symlink_to(mine)
    named = {
        "outside": str(mine),
        "above": str(parquet / "../mine.wav"),
        "link": str(parquet / "link.wav"),
        "hub": "hf://datasets/other/private@main/a.wav",
    }[place]
    row = {"audio": {"bytes": None, "path": named}, "text": "one"}
    with pytest.raises(InputError, match="row 1: its audio is neither in it nor in the dataset"):
        hub.keep(row, 0, hub.place_of(f"hf:{parquet}"), Wanted(f"hf:{parquet}"), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_row_may_name_a_file_of_its_own_dataset(parquet: Path, tmp_path: Path) -> None:
    path = write_wav(parquet / "clips/one.wav", 0.5)
    row = {"audio": {"bytes": None, "path": str(path)}, "text": "one"}
    line = hub.keep(row, 0, hub.place_of(f"hf:{parquet}"), Wanted(f"hf:{parquet}"), tmp_path / "cache")
    assert Path(line["audio_filepath"]).read_bytes() == path.read_bytes()


def test_a_row_of_the_hub_may_name_a_file_beside_it_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huggingface_hub = pytest.importorskip("huggingface_hub")
    name = "hf://datasets/owner/talks@main/clips/one.wav"
    monkeypatch.setattr(
        huggingface_hub, "HfFileSystem", lambda: SimpleNamespace(read_bytes={name: b"sound"}.__getitem__)
    )
    row = {"audio": {"bytes": None, "path": name}, "text": "one"}
    line = hub.keep(row, 0, hub.place_of("hf:owner/talks"), Wanted("hf:owner/talks"), tmp_path)
    assert Path(line["audio_filepath"]).read_bytes() == b"sound"
    with pytest.raises(InputError, match="nor in the dataset"):
        row["audio"]["path"] = "hf://datasets/owner/talks@main/../../mine/talks@main/a.wav"
        hub.keep(row, 0, hub.place_of("hf:owner/talks"), Wanted("hf:owner/talks"), tmp_path)


def test_a_hub_dataset_is_streamed_into_the_cache_once(parquet: Path, tmp_path: Path) -> None:
    said: list[str] = []
    wanted = Wanted(f"hf:{parquet}", cache=tmp_path / "cache")
    found = open_dataset(wanted, said.append)
    assert [one.text for one in found.utterances] == ["One.", "two", "four", "six"]  # as the leaderboard leaves out
    assert [one.group for one in found.utterances] == ["a", "a", "b", "c"]
    assert all(one.audio and one.audio.startswith(str(tmp_path / "cache/audio")) for one in found.utterances)
    with wave.open(found.utterances[1].audio or "") as file:
        assert file.getnframes() == 9600
    for path in parquet.iterdir():
        path.unlink()
    again = open_dataset(wanted, said.append)
    assert digest(again.utterances) == digest(found.utterances)
    assert len([line for line in said if line.startswith("fetching")]) == 1


def test_a_broken_download_goes_on(parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Wanted(f"hf:{parquet}", cache=tmp_path / "cache")
    real, asked = hub.stream, []

    def broken(place: hub.Place, wanted: Wanted, skip: int):  # type: ignore[no-untyped-def]
        asked.append(skip)
        for number, row in enumerate(real(place, wanted, skip)):
            if number == 2 and skip == 0:
                raise ConnectionError("Connection reset by peer")
            yield row

    monkeypatch.setattr(hub, "stream", broken)
    with pytest.raises(InputError, match="the hub did not answer"):
        open_dataset(wanted, quiet)
    found = open_dataset(wanted, quiet)
    assert asked == [0, 2]
    assert [one.text for one in found.utterances] == ["One.", "two", "four", "six"]


def test_hub_columns_and_offline_are_said(parquet: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column with text \(words\); there are: audio, text, speaker"):
        open_dataset(Wanted(f"hf:{parquet}", text_column="words", cache=tmp_path / "c"), quiet)
    with pytest.raises(InputError, match="not in the cache"):
        open_dataset(Wanted(f"hf:{parquet}", offline=True, cache=tmp_path / "c"), quiet)


@pytest.mark.slow
def test_a_seeded_sample_of_a_stream_is_the_same_every_time(parquet: Path, tmp_path: Path) -> None:
    pick = [
        {one.text for one in open_dataset(Wanted(f"hf:{parquet}", 3, seed, cache=tmp_path / str(at)), quiet).utterances}
        for at, seed in enumerate((1, 1, 2, 3, 4))
    ]
    assert pick[0] == pick[1]
    assert len({frozenset(one) for one in pick}) > 1


# Manifests as people have them.


def parts_of(path: Path) -> list[tuple[str, float | None, float | None]]:
    return [(one.id, one.start, one.end) for one in manifests.read(path, needs_text=False).utterances]


@pytest.mark.parametrize(
    ("rows", "heard"),
    [
        ([{"offset": 0, "duration": 0.5}, {"offset": 0.5, "duration": 0.25}], [0.5, 0.25]),
        ([{"offset": 0.0, "duration": 0.5}], [0.5]),
        ([{"offset": None, "duration": 0.5}], [0.5]),
        ([{"duration": 0.5}], [0.5]),
        ([{"duration": 1.4}], [1.5]),  # rounded: the whole file
        ([{"duration": 2}], [1.5]),
        ([{"duration": 0}], [1.5]),
        ([{"duration": -1}], [1.5]),
        ([{"offset": 1.0}], [0.5]),
        ([{}], [1.5]),
    ],
)
def test_a_nemo_line_is_as_long_as_it_says(
    rows: list[dict[str, object]], heard: list[float], folder: Path, asr: Run
) -> None:
    path = lines(folder / "m.jsonl", *({"audio_filepath": "a.wav", "text": "one", **row} for row in rows))
    read = open_dataset(Wanted(str(path)), quiet)
    assert [one.seconds for one in read.utterances] == heard
    done = asr("transcribe", "--manifest", str(path), "-e", "fake", "--no-vad", "--report", str(folder / "report"))
    assert done.code == 0, done.err
    report = [json.loads(line) for line in (folder / "report").read_text().splitlines()]
    assert sorted(one["seconds"] for one in report) == pytest.approx(sorted(heard))


COMMON_VOICE = (
    "client_id\tpath\tsentence\tup_votes\n"
    'a1\ta.wav\t"Hello there, he said.\t2\n'
    "a2\tb.wav\tSecond sentence\t2\n"
    'a3\tc.wav\tThird "quoted" one\t2\n'
    'a4\ta.wav\t"All of it"\t2\n'
)


def test_quotes_in_a_tsv_swallow_no_rows_and_stay(folder: Path) -> None:
    path = folder / "validated.tsv"
    path.write_text(COMMON_VOICE)
    read = manifests.read(path)
    said = ['"Hello there, he said.', "Second sentence", 'Third "quoted" one', '"All of it"']
    assert [one.text for one in read.utterances] == said
    back = read.with_hypotheses({one.id: "x" for one in read.utterances})
    assert back == COMMON_VOICE.replace("\t2\n", "\t2\tx\n").replace("votes\n", "votes\tpred_text\n")


def test_quoted_cells_of_a_tsv_are_read_as_their_writer_meant_them(folder: Path) -> None:
    rows = [
        ["path", "sentence", "n"],
        ["a.wav", 'He said "hi"', "1"],
        ["b.wav", "two\tcells", "2"],
        ["c.wav", "x", "3"],
    ]
    for chosen in (rows, rows[:2], [*rows[:2], rows[3]]):
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            with (folder / "q.tsv").open("w", newline="") as stream:
                csv.writer(stream, delimiter="\t", quoting=quoting).writerows(chosen)
            assert [one.text for one in manifests.read(folder / "q.tsv").utterances] == [row[1] for row in chosen[1:]]


def test_an_end_of_line_inside_a_cell_parts_words(folder: Path) -> None:
    for name, sign in (("q.csv", ","), ("q.tsv", "\t")):
        (folder / name).write_text(f'path{sign}text\na.wav{sign}"one\r\ntwo"\nb.wav{sign}three\n'.replace("\r", ""))
        assert [one.text.split() for one in manifests.read(folder / name).utterances] == [["one", "two"], ["three"]]


def test_a_csv_with_semicolons_is_read_and_comes_back_with_them(folder: Path) -> None:
    """Spreadsheets write it where the comma is the decimal mark."""
    (folder / "q.csv").write_text('path;sentence\na.wav;"eins, zwei; drei"\nb.wav;vier\n', encoding="utf-8-sig")
    read = manifests.read(folder / "q.csv")
    assert [one.text for one in read.utterances] == ["eins, zwei; drei", "vier"]
    assert read.with_hypotheses({"a": "x"}) == 'path;sentence;pred_text\na.wav;"eins, zwei; drei";x\nb.wav;vier;\n'


def test_a_json_list_and_files_as_datasets_names_them(folder: Path) -> None:
    rows: list[dict[str, object]] = [
        {"audio": {"path": "a.wav", "bytes": None}, "sentence": "[one]"},
        {"audio": {"path": "b.wav"}, "sentence": "two"},
    ]
    for indent in (None, 2):
        (folder / "m.json").write_text("\n" + json.dumps(rows, indent=indent) + "\n")
        found = manifests.read(folder / "m.json").utterances
        assert [(one.id, Path(one.audio or "").name, one.text) for one in found] == [
            ("a", "a.wav", "[one]"), ("b", "b.wav", "two"),
        ]  # fmt: skip
    for broken in ('[{"path": "a.wav", "text": "x"},\n"x"]', '[{"path": "a.wav", "text": "x"},\n', "[1, 2]"):
        (folder / "m.json").write_text(broken)
        with pytest.raises(InputError, match=r"m\.json line [12]: a list must hold objects"):
            manifests.read(folder / "m.json")


def test_an_unpaired_quote_in_a_csv_is_said(folder: Path) -> None:
    (folder / "q.csv").write_text('file_name,text\na.wav,"Hello\nb.wav,two\nc.wav,three\n')
    with pytest.raises(InputError, match=r"q\.csv line \d"):
        manifests.read(folder / "q.csv")


def test_one_recording_in_several_rows_is_several_utterances(folder: Path) -> None:
    rows = [{"audio_filepath": "a.wav", "duration": 1.5, "text": text, "target_lang": text} for text in ("en", "de")]
    path = lines(folder / "canary.jsonl", *rows, {"audio_filepath": "b.wav", "text": "b"}, rows[0])
    read = manifests.read(path)
    names = [one.id for one in read.utterances]
    assert names == ["a", "a-2", "b", "a-3"]
    back = [json.loads(line) for line in read.with_hypotheses({"a-2": "heard"}).splitlines()]
    assert [row.get("pred_text") for row in back] == [None, "heard", None, None]
    # A system that has nothing for the first row is still matched by the right one.
    lines(folder / "heard.jsonl", *({**row, **({"pred_text": "h"} if n else {})} for n, row in enumerate(rows)))
    assert [one.id for one in read_manifest(folder / "heard.jsonl", hypotheses=True)] == ["a-2"]


def test_an_id_that_is_given_twice_is_still_a_mistake(folder: Path) -> None:
    rows = [{"id": "x", "audio_filepath": "a.wav", "text": "a"}, {"id": "x", "audio_filepath": "b.wav", "text": "b"}]
    with pytest.raises(InputError, match="line 2: the id 'x' was there already in line 1"):
        manifests.read(lines(folder / "m.jsonl", *rows))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_no_part_of_the_first_name(encoding: str, folder: Path) -> None:
    table = "path\tsentence\na.wav\tGrüße\n"
    (folder / "t.tsv").write_bytes(table.encode(encoding))
    (folder / "m.jsonl").write_bytes(json.dumps({"audio_filepath": "a.wav", "text": "Grüße"}).encode(encoding))
    cut = json.loads(layouts(folder)["cuts.jsonl"].read_text().splitlines()[0])
    with gzip.open(folder / "cuts.jsonl.gz", "wb") as stream:
        stream.write(json.dumps(cut).encode(encoding))
    (folder / "names.txt").write_bytes("a.wav\r\nb.wav\r\n".encode(encoding))
    assert [manifests.read(folder / name).utterances[0].id for name in ("t.tsv", "m.jsonl", "cuts.jsonl.gz")] == [
        "a"
    ] * 3
    assert read_names(str(folder / "names.txt"), null=False) == ["a.wav", "b.wav"]


def test_a_folder_named_as_a_dataset_of_the_hub_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's folder beside recordings would be measured as a known dataset."""
    monkeypatch.chdir(tmp_path)
    for source in ("hf:owner/name", "esb:ami"):
        repository = hub.place_of(source).repository
        (tmp_path / repository).mkdir(parents=True)
        with pytest.raises(UsageError, match=f"'{repository}' is in this folder, too"):
            open_dataset(Wanted(source, cache=tmp_path / "cache"), lambda text: None)
    assert hub.is_here("./owner/name", "") and hub.is_here(str(tmp_path / "owner/name"), "")
    assert not hub.is_here("owner/other", "")
