"""Which part of its recording each row of a list is: used, or told once by the names of its columns, but never lost."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import pytest
from support.command import write_wav

from asrcli.compare.run import Wanted as Compared
from asrcli.compare.run import run
from asrcli.datasets import manifests
from asrcli.datasets.dataset import Dataset, Wanted, open_dataset
from asrcli.datasets.manifests import recording_of
from asrcli.errors import InputError

Part = tuple[float, float | None, int | None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav"):
        write_wav(tmp_path / name, seconds=10.0)
    for name in ("two.wav", "both.wav"):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setparams((2, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(4 * 80_000))
    return tmp_path


def opened(folder: Path, *rows: dict[str, Any]) -> Dataset:
    (folder / "n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return open_dataset(Wanted(str(folder / "n.jsonl")), lambda _: None)


def parts(found: Dataset) -> list[Part]:
    heard = [recording_of(one) for one in found.utterances]
    return [(one.start, one.end, one.channel) for one in heard]


def row(audio: str = "a.wav", text: str = "hello there", **more: Any) -> dict[str, Any]:
    return {"audio_filepath": audio, "text": text, **more}


@pytest.mark.parametrize(
    "times",
    [
        {"clip_start": 1.5, "clip_end": 3},
        {"Start (s)": "1.5", "End (s)": "3.0"},
        {"start_timestamp": 1.5, "end_timestamp": 3},
        {"time_start": 1.5, "time_end": 3},
        {"start.sec": 1.5, "end.sec": 3},
        {"tBeg": 1.5, "tEnd": 3},
        {"speechStartSeconds": 1.5, "speechEndSeconds": 3},
        {"start_us": 1_500_000, "end_us": 3_000_000},
        {"start_ns": 1_500_000_000, "end_ns": 3_000_000_000},
        {"start_cs": 150, "end_cs": 300},
        {"start": "1.5s", "end": "3s"},
        {"start": 1.5, "length": 1.5},
        {"start_time": 1.5, "length_s": 1.5},
        {"begin": 1.5, "dur": 1.5},
        {"offset": 1.5, "length": 1.5},
        {"segment": {"start": 1.5, "end": 3}},
        {"time": [1.5, 3]},
        {"range": "1.5-3.0"},
        {"interval": "[1.5, 3.0]"},
        {"timestamp": "00:00:01.500 --> 00:00:03.000"},
        {"begin": "1.5 sec", "stop": "0m3s"},
    ],
)
def test_times_under_names_made_of_known_words(times: dict[str, Any], folder: Path) -> None:
    found = opened(folder, row(**times))
    assert parts(found) == [(1.5, 3.0, None)]
    assert not found.notes


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"lower": 1.5, "upper": 3}, {"lower": 4, "upper": 6.5}, "'lower', 'upper'"),
        ({"q": "1.5", "w": "3.0"}, {"q": "4.0", "w": "6.5"}, "'q', 'w'"),
        ({"anfang": 1500, "ende": 3000}, {"anfang": 4000, "ende": 6500}, "'anfang', 'ende'"),
        ({"开始": 1.5, "结束": 3}, {"开始": 4, "结束": 6.5}, "'开始', '结束'"),
        ({"vid_start": 1.5, "vid_end": 3}, {"vid_start": 4, "vid_end": 6.5}, "'vid_start', 'vid_end'"),
        (
            {"first_sample": 12000, "last_sample": 24000},
            {"first_sample": 0, "last_sample": 9000},
            "'first_sample', 'la",
        ),
        ({"beg": 1.5, "fin": 3}, {"beg": 4, "fin": 6.5}, "'fin'"),
        ({"start": 1.5, "num_seconds": 1.5}, {"start": 4, "num_seconds": 2.5}, "'num_seconds'"),
        ({"TimeIn": 1.5, "TimeOut": 3}, {"TimeIn": 4, "TimeOut": 6.5}, "'TimeIn', 'TimeOut'"),
        ({"speech": {"lo": 1.5, "hi": 3}}, {"speech": {"lo": 4, "hi": 6.5}}, "'speech.lo', 'speech.hi'"),
        (
            {"of": {"it": {"start": 1.5, "end": 3}}},
            {"of": {"it": {"start": 4, "end": 6.5}}},
            "'of.it.start', 'of.it.end'",
        ),
        ({"begin": "00:00:01:12"}, {"begin": "00:00:04:01"}, "'begin'"),
    ],
)
@pytest.mark.parametrize("audio", ["a.wav", "b.wav"])  # of one recording, or of a recording each
def test_numbers_that_could_be_times_are_told_by_name(
    first: dict[str, Any], second: dict[str, Any], told: str, audio: str, folder: Path
) -> None:
    found = opened(folder, row(**first), row(audio, "bye", **second))
    assert len(found.notes) == 1 and f"{told}" in found.notes[0] and "not used" in found.notes[0], found.notes


def test_names_that_come_late_in_a_list_are_told(folder: Path) -> None:
    rows = [row("b.wav", "spoken", start=place / 50, end=place / 50 + 1) for place in range(300)]
    assert "'t_in', 't_out'" in opened(folder, *rows, row(t_in=1.5, t_out=3)).notes[0]


def test_rows_of_one_recording_without_a_place_are_said(folder: Path) -> None:
    assert "no column tells their parts apart" in opened(folder, row(), row(text="bye")).notes[0]


def test_a_duration_that_is_no_part_is_told_where_the_recording_is_longer(folder: Path) -> None:
    line = {"path": "a.wav", "text": "hello", "duration": 1.5}
    assert "'duration'" in opened(folder, line).notes[0]
    assert not opened(folder, {**line, "duration": 10}).notes
    assert parts(opened(folder, row(duration=1.5))) == [(0.0, 1.5, None)], "NeMo's is"


def test_segments_inside_a_row_without_a_text_are_told(folder: Path) -> None:
    inside = [{"start": 1.5, "end": 3, "text": "one"}, {"start": 4, "end": 6.5, "text": "two"}]
    (folder / "n.jsonl").write_text(json.dumps({"audio": "a.wav", "segments": inside}) + "\n")
    (note,) = manifests.read(folder / "n.jsonl", needs_text=False).notes
    assert "'segments' could say which part" in note
    assert not opened(folder, row(text=LONG, segments=inside)).notes, "its text is that of all of them"
    assert "'label'" in opened(folder, row(label=inside[:1])).notes[0]
    assert "'spans'" in opened(folder, row(spans=[[1.5, 3]])).notes[0]
    assert not opened(folder, row(words=inside[:1])).notes, "of words"
    assert "'offsetInTicks'" in opened(folder, row(offsetInTicks=15_000_000)).notes[0]


def test_hostile_values_are_no_times(folder: Path) -> None:
    """Numbers of hundreds of digits, what is nested deeply, not a number, and a thousand columns."""
    deep: Any = 1.5
    for _ in range(90):
        deep = {"start": [deep, 3]}
    odd = {"x": 10**400, "start": "9" * 500 + "x", "in": deep, "lo": float("nan"), "hi": float("inf")}
    assert parts(opened(folder, row(**{**odd, "start": None}))) == [(0.0, None, None)]
    with pytest.raises(InputError, match="line 1: 'start' must be a number"):
        opened(folder, row(**odd))
    (note,) = opened(folder, row(**{f"f{number}": number / 200 for number in range(1000)})).notes
    assert len(note) < 400 and "more could say" in note


def test_rows_without_a_value_keep_a_column_from_nothing(folder: Path) -> None:
    empty: list[dict[str, Any]] = [{"lo": float("nan"), "hi": None}, {"lo": "", "hi": "NaN"}]
    given = [row(lo=1.5, hi=3), row(text="bye", lo=4, hi=6)]
    assert "'lo', 'hi'" in opened(folder, *given, *(row("b.wav", LONG, **one) for one in empty)).notes[0]


def test_a_duration_beyond_the_end_is_used(folder: Path) -> None:
    (note,) = opened(folder, row(offset=9, duration=5)).notes
    assert "behind the end" in note


def test_times_of_a_first_short_row_are_those_of_all(folder: Path) -> None:
    """Before, a first row about as long as its recording took the times of all others away."""
    found = opened(folder, row(start=0.2, end=9.9), row("b.wav", start=3, end=4))
    assert parts(found) == [(0.2, 9.9, None), (3.0, 4.0, None)]


def test_times_of_a_meeting_are_none_in_most_of_its_pieces(folder: Path) -> None:
    """A piece that was cut with what is round it is a file of its own, too."""
    write_wav(folder / "c.wav", seconds=12.0)
    pieces = [row(name, start=at, end=at + 10.0) for name, at in (("a.wav", 300.0), ("b.wav", 320.0), ("c.wav", 340.0))]
    assert parts(opened(folder, *pieces)) == [(0.0, None, None)] * 3
    with pytest.raises(InputError, match="begins at 1500 s"):
        opened(folder, row(start=1500, end=3000), row("b.wav", start=4000, end=6500))


LONG = "what fills ten seconds of speech without a pause, said at the speed of those who read aloud for a living, it is"
HARMLESS: list[dict[str, Any]] = [
    {"up_votes": 3, "down_votes": 1, "age": 30},
    {"stoi": 0.97, "pesq": 3.6, "snr": 58.2, "c50": 59.5},
    {"num_samples": 160_000, "n_frames": 998, "sample_rate": 16_000, "num_channels": 1, "duration_ms": 10_000},
    {"speaker_id": 7, "chapter_id": 9, "wav_filesize": 160_044, "views": 1_200},
    {"timestamp": 1_700_000_000, "upload_date": "20240102", "created": "2023-01-01T10:00:00Z", "lead_time": 7.5},
    {"wer": 0.1, "cer": 0.02, "words_distance": 2, "score": -7.5, "no_speech_prob": 0.01, "compression_ratio": 1.5},
    {"dnsmos": 3.3, "phone_count": 42, "speaking_rate": 12.5},
]


@pytest.mark.parametrize("more", HARMLESS)
def test_columns_of_corpora_that_bound_nothing_are_not_told(more: dict[str, Any], folder: Path) -> None:
    assert not opened(folder, row(text=LONG, **more), row("b.wav", LONG, **more)).notes


@pytest.mark.parametrize("name", ["chan", "ch", "channel_id", "audio_channel", "Channel", "channel_selector"])
@pytest.mark.parametrize("values", [(0, 1), ("A", "B"), ("left", "right"), ([0], [1]), (1, 2), ("0.0", "1.0")])
def test_channels_in_the_words_of_other_programs(name: str, values: tuple[Any, Any], folder: Path) -> None:
    found = opened(folder, row("two.wav", **{name: values[0]}), row("two.wav", **{name: values[1]}))
    assert [one[2] for one in parts(found)] == [0, 1]
    assert not found.notes
    mono = opened(folder, row(**{name: values[0]}), row("b.wav", **{name: values[0]}))
    assert [one[2] for one in parts(mono)] == [None, None]


@pytest.mark.parametrize(("name", "values"), [("side", "AB"), ("mic", "01"), ("kanal", "12"), ("who", "LR")])
def test_what_could_be_a_channel_is_told(name: str, values: str, folder: Path) -> None:
    found = opened(folder, *(row("two.wav", **{name: value}) for value in values))
    assert f"'{name}' could say which part or channel" in found.notes[0]


def test_channels_that_are_none_or_in_doubt_are_told(folder: Path) -> None:
    assert "'third' is no channel" in opened(folder, row("two.wav", channel="third")).notes[0]
    assert "1 in every row: channels count from 0" in opened(folder, row("two.wav", channel=1)).notes[0]
    assert not opened(folder, row("two.wav", channel="average")).notes
    assert (
        "'channel_id' 42 is no channel of recordings with 2" in opened(folder, row("two.wav", channel_id=42)).notes[0]
    )
    television = opened(folder, row(channel_id=42), row("b.wav", channel_id=7))
    assert not television.notes and [one[2] for one in parts(television)] == [None, None]


def test_which_text_was_taken_is_told_where_several_could_be(folder: Path) -> None:
    said = {"sentence": "Hello there!", "normalized_text": "hello there", "raw": "Hello, there", "gender": "hello"}
    (note,) = opened(folder, {"path": "a.wav", **said}).notes
    assert "the text is 'sentence'; 'normalized_text', 'raw' could be it, too" in note
    assert not opened(folder, {"path": "a.wav", "text": "hi", "sentence": "hi", "pred_text": "ho"}).notes, "the same"
    (folder / "n.csv").write_text("path,text,sentence\na.wav,one,two\n")
    assert not manifests.read(folder / "n.csv", needs_text=False).notes, "to be transcribed it needs none"
    assert not open_dataset(Wanted(str(folder / "n.csv"), text_column="text"), lambda _: None).notes, "it was chosen"


def test_a_comparison_says_which_texts_it_took(tmp_path: Path) -> None:
    both = {"id": "1", "text": "a b", "sentence": "a c", "pred_text": "a", "hypothesis": "b"}
    (tmp_path / "r.jsonl").write_text(json.dumps(both) + "\n")
    notes = run(tmp_path / "r.jsonl", [tmp_path / "r.jsonl"], Compared()).notes
    assert [note.partition(": ")[2] for note in notes[:2]] == [
        "the text is 'text'; 'sentence' could be it, too",
        "the text is 'pred_text'; 'hypothesis' could be it, too",
    ]
    (tmp_path / "r.jsonl").write_text(json.dumps({"id": "1", "text": "a b", "pred_text": "a b c"}) + "\n")
    assert not run(tmp_path / "r.jsonl", [tmp_path / "r.jsonl"], Compared()).notes


@pytest.mark.parametrize("line", ["a A 1.5 3.0 hello", "a 1 anna 1.50 3 hello", "a 1 1.5 0.3 hello", "a x 1.5 3.0"])
def test_lists_of_nist_under_another_name_are_no_texts(line: str, folder: Path) -> None:
    (folder / "n.txt").write_text(f"{line}\n")
    with pytest.raises(InputError, match=r"line 1: numbers like times before the text: call the file \.stm"):
        manifests.read(folder / "n.txt")


def test_the_lists_of_ksponspeech(folder: Path) -> None:
    (folder / "n.txt").write_text("a.wav :: hello\nb.wav :: bye 1.5 2\n")
    assert [one.text for one in manifests.read(folder / "n.txt").utterances] == ["hello", "bye 1.5 2"]


def test_the_lists_of_jsut(folder: Path) -> None:
    (folder / "transcript_utf8.txt").write_text("a:水をマレーシアから\nb:木曜日:停戦\n")
    found = manifests.read(folder / "transcript_utf8.txt").utterances
    assert [one.text for one in found] == ["水をマレーシアから", "木曜日:停戦"]


def test_channels_of_kaldi_that_its_recordings_share_a_file_for(folder: Path) -> None:
    (folder / "wav.scp").write_text("rA two.wav\nrB two.wav\n")
    (folder / "text").write_text("rA hello\nrB bye\nrC so\n")
    (note, *more) = manifests.read(folder).notes
    assert note.endswith("1 text is of no recording or segment, first rC")
    assert "no column tells their parts apart" in more[0]
    (folder / "reco2file_and_channel").write_text("rA two A\nrB two B\n")
    found = manifests.read(folder)
    assert [recording_of(one).channel for one in found.utterances] == [0, 1] and len(found.notes) == 1
