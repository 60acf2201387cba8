"""Manifests as toolkits and spreadsheets write them: NeMo, Canary, Lhotse, Kaldi, SpeechBrain, Excel, audiofolder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import write_wav

from asrcli.audio.decode import decode
from asrcli.datasets import manifests
from asrcli.datasets.dataset import Dataset, Wanted, open_dataset
from asrcli.datasets.manifests import recording_of
from asrcli.errors import InputError


def opened(source: Path) -> Dataset:
    return open_dataset(Wanted(str(source)), lambda _: None)


def pairs(found: Dataset) -> list[tuple[str, str]]:
    return [(Path(one.audio or "").name, one.text) for one in found.utterances]


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav", "sub/x/c.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(tmp_path / name, seconds=2.0)
    return tmp_path


ROW = {"audio_filepath": "a.wav", "text": "hello"}
TABLES: dict[str, str | bytes] = {  # the same two rows, as programs write them
    "excel.csv": "\ufefffile_name;text;duration\r\na.wav;hello;1,5\r\nb.wav;bye;2,0\r\n;;\r\n",
    "stated.csv": "sep=;\nfile_name;text\na.wav;hello\nb.wav;bye\n",
    "comma in a name.csv": "file_name;text;text, as said\na.wav;hello;x\nb.wav;bye;y\n",
    "tabs.csv": "file_name\ttext\na.wav\thello\nb.wav\tbye\n",
    "commas.tsv": "file_name,text\na.wav,hello\nb.wav,bye\n",
    "bars.csv": "file_name|text\na.wav|hello\nb.wav|bye\n",
    "lj_speech.csv": "a|hello|hello!\nb|bye|bye, bye\n",
    "capitals.csv": "FILE_NAME,Text\na.wav,hello\nb.wav,bye\n",
    "emptied.csv": "file_name,text\na.wav,hello\nb.wav,bye\n,\n,\n",
    "speechbrain.csv": "ID,duration,wav,spk_id,wrd\n1,2.0,a.wav,s,hello\n2,2.0,b.wav,s,bye\n",
    "deepspeech.csv": "wav_filename,wav_filesize,transcript\na.wav,32044,hello\nb.wav,32044,bye\n",
    "wide.csv": "file_name,text\na.wav,hello\nb.wav,bye\n".encode("utf-16-le"),
    "common_voice_17.tsv": "client_id\tpath\tsentence_id\tsentence\tlocale\nc\ta\tx\thello\ten\nc\tb\ty\tbye\ten\n",
    "canary.jsonl": lines(
        {"audio_filepath": "a.wav", "source_lang": "en", "target_lang": "en", "answer": "hello"},
        {"audio_filepath": "b.wav", "source_lang": "en", "target_lang": "en", "answer": "bye"},
    ),
    "nemo.jsonl": lines({"audio_filename": "a.wav", "text": "hello"}, {"Audio_Filepath": "b.wav", "Text": "bye"}),
    "data.list": lines({"key": "1", "wav": "a.wav", "txt": "hello"}, {"key": "2", "wav": "b.wav", "txt": "bye"}),
    "funasr.jsonl": lines(
        {"key": "1", "source": "a.wav", "target": "hello"}, {"key": "2", "source": "b.wav", "target": "bye"}
    ),
    "speechbrain.json": json.dumps(
        {"1": {"wav": "{data_root}/a.wav", "words": "hello"}, "2": {"wav": "b.wav", "words": "bye"}}, indent=1
    ),
    "one line.json": json.dumps({"1": {"wav": "a.wav", "words": "hello"}, "2": {"wav": "b.wav", "words": "bye"}}),
    "windows.jsonl": lines(ROW, {"audio_filepath": ".\\b.wav", "text": "bye"}),
    "voxpopuli.tsv": "id\traw_text\tnormalized_text\tspeaker_id\na\tHello.\thello\t1\nb\tBye.\tbye\t1\n",
    "fleurs.tsv": "1\ta.wav\thello\thello\th e l l o |\t6400\tMALE\n1\tb.wav\tbye\tbye\tb y e |\t640\tFEMALE\n",
    "no_names.tsv": "a.wav\thello\nb.wav\tbye\n",
    "no_names.csv": 'hello,a.wav\n"bye",b.wav\n',
    "librispeech.txt": "a hello\nb  bye\n",
    "mls.txt": "a\thello\nb\tbye\n",
    "jq.json": '{\n "audio": "a.wav",\n "text": "hello"\n}\n{\n "audio": "b.wav",\n "text": "bye"\n}\n',
    "null.jsonl": lines({**ROW, "duration": float("nan")}, {"audio": "b.wav", "text": "bye", "offset": "nan"}),
}


@pytest.mark.parametrize("name", TABLES)
def test_lists_as_programs_write_them(name: str, folder: Path) -> None:
    write_table(folder / name, name)
    assert pairs(opened(folder / name)) == [("a.wav", "hello"), ("b.wav", "bye")]


def write_table(path: Path, name: str) -> None:
    content = TABLES[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ("start_time,end_time", "0.5,1.5"),
        ("begin,end", "0.5,1.5"),
        ("begin_time,end_time", "0:00:00.50,00:01.5"),
        ("start_ms,end_ms", "500,1500"),
        ("StartTime,EndTime", "0.5,1.5"),
        ("start_sec,duration_sec", "0.5,1"),
        ("segment_start,segment_end", "0.5,1.5"),
        ("start,duration", "0.5,1.0"),
        ("onset,duration_ms", "0.5,1000"),
        ("begin,finish", "0.5,1.5"),
        ("from,till", "0:00.5,0:01.5"),
        ("from,to", "0.5,1.5"),
        ("xmin,xmax", "0.5,1.5"),
        ("t0,t1", "0.5,1.5"),
        ("Begin Time - ss.msec,End Time - ss.msec", "0.5,1.5"),
        ("Begin Time - msec,End Time - msec", "500,1500"),
        ("start,end", "0:00.5,00:00:01.5"),
        ("offset_ms,duration_ms", "500,1000"),
    ],
)
def test_times_in_the_words_of_other_programs(names: str, values: str, folder: Path) -> None:
    """Before, each was the whole recording, or one from its start, without a word."""
    (folder / "n.csv").write_text(f"path,text,{names}\na.wav,x,{values}\n")
    assert [(one.start, one.end, one.seconds) for one in opened(folder / "n.csv").utterances] == [(0.5, 1.5, 1.0)]


@pytest.mark.parametrize("times", ["100.25,102.25", "2024-05-01T10:00,2024-05-01T10:05"])
def test_times_in_another_recording_are_none_in_this_one(times: str, folder: Path) -> None:
    """As AMI's, whose utterances are files of their own with their times in the meeting; or dates."""
    (folder / "n.csv").write_text(f"path,text,begin_time,end_time\na.wav,x,{times}\nb.wav,y,{times}\n")
    assert [(one.start, one.end, one.seconds) for one in opened(folder / "n.csv").utterances] == [(None, None, 2.0)] * 2
    (folder / "n.csv").write_text("path,text,begin_time,end_time\na.wav,x,0.5,1.5\na.wav,y,1.5,2\n")
    assert [one.seconds for one in opened(folder / "n.csv").utterances] == [1.0, 0.5]


def test_segments_of_gigaspeech_and_wenetspeech(folder: Path) -> None:
    segments = [
        {"sid": "s0", "begin_time": 0.5, "end_time": 1.0, "text_tn": "HELLO <COMMA>"},
        {"sid": "s1", "begin_time": 1.0, "end_time": 1.5, "text_tn": "BYE"},
    ]
    corpus = {"dataset": "x", "audios": [{"aid": "A", "path": "sub/x/c.wav", "segments": segments}]}
    for indent in (None, 1):
        (folder / "corpus.json").write_text(json.dumps(corpus, indent=indent))
        read = manifests.read(folder / "corpus.json")
        found = [(one.id, one.text, one.start, one.end) for one in read.utterances]
        assert found == [("s0", "HELLO <COMMA>", 0.5, 1.0), ("s1", "BYE", 1.0, 1.5)]
        assert json.loads(read.with_hypotheses({"s0": "hi"}).splitlines()[0])["pred_text"] == "hi"


def test_bare_names_are_looked_for_below_where_none_is_beside(folder: Path) -> None:
    """As in FLEURS (`audio/test/`), MLS and AISHELL (a folder for each speaker), and TED-LIUM (`stm/`, `sph/`)."""
    write_wav(folder / "sub/y/d.wav", seconds=2.0)
    (folder / "list.txt").write_text("c hello\nd bye\n")
    assert pairs(opened(folder / "list.txt")) == [("c.wav", "hello"), ("d.wav", "bye")]
    write_wav(folder / "sub/z/d.wav", seconds=2.0)
    assert any("d: " in line and "no such file" in line for line in opened(folder / "list.txt").missing), "two of them"
    (folder / "list.txt").write_text("a hello\nc bye\n")
    assert pairs(opened(folder / "list.txt")) == [("a.wav", "hello")], "c is missing where a is"
    write_wav(folder / "sph/talk.wav", seconds=2.0)
    (folder / "stm").mkdir()
    (folder / "stm/talk.stm").write_text("talk 1 anna 0 1 <o,f0,female> hello\n")
    assert [Path(one.audio or "").name for one in opened(folder / "stm/talk.stm").utterances] == ["talk.wav"]


def test_a_decimal_comma_is_a_length(folder: Path) -> None:
    write_table(folder / "n.csv", "excel.csv")
    assert manifests.read(folder / "n.csv").utterances[0].seconds == 1.5


@pytest.mark.parametrize("name", ["stated.csv", "bars.csv", "tabs.csv", "capitals.csv"])
def test_what_was_recognised_comes_back_in_the_same_layout(name: str, folder: Path) -> None:
    write_table(folder / name, name)
    read = manifests.read(folder / name)
    (folder / f"new-{name}").write_text(read.with_hypotheses({"a": "hallo", "b": "by"}))
    again = manifests.read(folder / f"new-{name}")
    assert [one.text for one in again.utterances] == ["hello", "bye"]
    assert [dict(one.fields).get("pred_text") for one in again.utterances] == [None, None], "a text, and no field"
    assert "hallo" in (folder / f"new-{name}").read_text()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("n.jsonl", lines({**ROW, "offset": -0.04, "duration": 1}), "line 1: from -0.04"),
        ("n.jsonl", lines(ROW, {**ROW, "start": 2, "end": 1}), "line 2: from 2 to 1"),
        ("n.jsonl", lines({"audio_filepath": "x.wav", "text": "x", "shard_id": 0}), "tar files.*unpack"),
        ("n.csv", "id,text\nz,x\n", "'z' names no audio file.*none is called so"),
        ("n.csv", "file_name,text,text\na.wav,x,y\n", "two columns are called 'text'"),
        ("n.tsv", "a1\tspk\thello\n", r"line 1: no names of columns.*sed '1i file_name\\tcolumn2\\ttext' FILE"),
        ("n.txt", "a1\tspk\thello\n", "line 1: more than a name and a text.*call the file .tsv"),
        ("n.txt", "a hello\nb\n", "line 2: no text behind 'b'"),
        ("n.json", '{\n "audio": "a.wav",\n "text": x\n}\n', "line 3: not JSON"),
        ("n.csv", "path,text,start_sample,end_sample\na.wav,x,1,2\n", "'start_sample' counts samples.*seconds"),
        (
            "n.jsonl",
            lines({"id": "c", "type": "MixedCut", "tracks": []}),
            "line 1: Lhotse mixes this cut.*save its audio",
        ),
        ("n.csv", "file_name,text\na.wav,x,y\n", "line 2: 3 columns where the header has 2"),
        ("n.csv", "sep=;\nfile_name;text\na.wav;x;y\n", "line 3: 3 columns"),
    ],
)
def test_mistakes_name_the_line(name: str, content: str, says: str, folder: Path) -> None:
    (folder / name).write_text(content)
    with pytest.raises(InputError, match=says):
        opened(folder / name)


def test_a_line_longer_than_its_recording_is_said(folder: Path) -> None:
    (folder / "n.jsonl").write_text(lines({**ROW, "offset": 1.5, "duration": 5}, {**ROW, "duration": 2.2}))
    found = opened(folder / "n.jsonl")
    assert found.utterances[0].seconds == 0.5
    assert len(found.notes) == 1 and "1 utterance should go on behind the end" in found.notes[0]


def test_addresses_of_files(folder: Path) -> None:
    write_wav(folder / "a b.wav")
    (folder / "n.jsonl").write_text(lines({"audio": f"file://{folder}/a%20b.wav", "text": "x"}))
    assert pairs(opened(folder / "n.jsonl")) == [("a b.wav", "x")]


def stereo(path: Path) -> None:
    """Write a tone on the first channel and silence on the second."""
    import wave

    tone = (8000 * np.sin(np.arange(16_000) / 5)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.stack([tone, np.zeros_like(tone)], axis=1).tobytes())


RECORDING = {
    "id": "r", "sampling_rate": 8000, "num_samples": 16000, "duration": 2.0, "channel_ids": [0, 1],
    "sources": [{"type": "file", "channels": [0, 1], "source": "two.wav"}],
}  # fmt: skip
SUPERVISIONS = [
    {"id": "s2", "recording_id": "r", "start": 1.0, "duration": 0.5, "channel": 0, "text": "second"},
    {"id": "s1", "recording_id": "r", "start": 0.0, "duration": 0.5, "channel": 0, "text": "first"},
]


@pytest.mark.parametrize("channel", [0, 1, [0], [0, 1]])
def test_a_cut_of_lhotse_is_of_its_channel_and_says_things_in_order(channel: Any, folder: Path) -> None:
    stereo(folder / "two.wav")
    cut = {
        "id": "c",
        "start": 0,
        "duration": 2.0,
        "channel": channel,
        "supervisions": SUPERVISIONS,
        "recording": RECORDING,
    }
    (folder / "cuts.jsonl").write_text(lines(cut))
    (one,) = opened(folder / "cuts.jsonl").utterances
    assert one.text == "first second"
    level = float(np.abs(np.concatenate([*decode(recording_of(one), pytest.fail)])).max())
    assert (level > 0.05) == (channel != 1)
    assert recording_of(one).channel == (None if channel == [0, 1] else 0 if channel == [0] else channel)


SCP = [
    ("r sph2pipe -f wav -p -c 2 two.wav |", 1),
    ("r sox two.wav -t wav -r 16000 -b 16 - |", None),
    ("r ffmpeg -nostdin -loglevel error -i two.wav -ac 1 -ar 16000 -f wav - |", None),
    ("r flac -c -d -s two.wav |", None),
    ("r two.wav", None),
]


@pytest.mark.parametrize(("line", "channel"), SCP)
def test_kaldis_commands_are_read_past_and_their_channel_is_kept(line: str, channel: int | None, folder: Path) -> None:
    stereo(folder / "two.wav")
    (folder / "wav.scp").write_text(line + "\n")
    (folder / "text").write_text("r hello\n")
    (one,) = opened(folder).utterances
    assert (recording_of(one).path, recording_of(one).channel) == (str(folder / "two.wav"), channel)


CHANGING = ["sox two.wav -t wav - remix 1", "ffmpeg -i a.wav -i b.wav -f wav -", "sox -v 2 a.wav -"]


@pytest.mark.parametrize("command", [*CHANGING, "ffmpeg -i a.wav -af volume=2 -f wav -", "sh -c 'touch x'"])
def test_commands_that_change_the_sound_are_refused_and_none_is_run(command: str, folder: Path) -> None:
    (folder / "wav.scp").write_text(f"r {command} |\n")
    (folder / "text").write_text("r hello\n")
    with pytest.raises(InputError, match="commands are not run"):
        opened(folder)
    assert not (folder / "x").exists()


def test_segments_of_a_channel(folder: Path) -> None:
    stereo(folder / "two.wav")
    (folder / "wav.scp").write_text("r two.wav\n")
    (folder / "segments").write_text("u1 r 0.0 1.0 1\nu2 r 1.0 -1 A\n")
    (folder / "text").write_text("u1 hi\nu2 ho\n")
    assert [recording_of(one).channel for one in opened(folder).utterances] == [1, 0]


def test_a_split_of_an_audiofolder(folder: Path) -> None:
    (folder / "sub/metadata.csv").write_text("file_name,transcription\nx/c.wav,hello\n")
    assert pairs(opened(folder)) == [("c.wav", "hello")]
    (folder / "a.txt").write_text("beside\n")
    assert pairs(opened(folder)) == [("a.wav", "beside")], "texts beside recordings come first"
    (folder / "a.txt").unlink()
    (folder / "test").mkdir()
    (folder / "test/metadata.jsonl").write_text(lines({"file_name": "x.wav", "text": "x"}))
    with pytest.raises(InputError, match=r"several manifests.*name one.*test/metadata\.jsonl"):
        opened(folder)


def test_a_folder_of_common_voice_says_which_lists_it_has(folder: Path) -> None:
    (folder / "test.tsv").write_text("path\tsentence\na.wav\thi\n")
    with pytest.raises(InputError, match=r"name the list that is meant: test\.tsv"):
        opened(folder)


def test_chapters_of_librispeech_with_tabs(folder: Path) -> None:
    (folder / "1-2.trans.txt").write_text("a\tHELLO THERE\nb  BYE\n")
    assert pairs(opened(folder)) == [("a.wav", "HELLO THERE"), ("b.wav", "BYE")]


def test_segments_of_nist_are_a_manifest_and_come_back_as_one(folder: Path) -> None:
    text = ";; a comment\na 1 anna 0.00 1.00 <o,f0> hello there\na 1 x 1.00 1.50 IGNORE_TIME_SEGMENT_IN_SCORING\n"
    (folder / "talk.stm").write_text(text + "b A ben 0 0.5 bye\nb B eva 0.5 2 so\n")
    found = manifests.read(folder / "talk.stm")
    read = [(Path(one.audio or "").name, one.text, one.group, one.start, one.end) for one in found.utterances]
    assert read == [
        ("a.wav", "hello there", "anna", 0.0, 1.0),
        ("b.wav", "bye", "ben", 0.0, 0.5),
        ("b.wav", "so", "eva", 0.5, 2.0),
    ]
    assert [recording_of(one).channel for one in found.utterances] == [None, 0, 1]
    ids = [one.id for one in found.utterances]
    written = found.with_hypotheses({ids[0]: "hello\nthat", ids[2]: ""})
    assert written == "a 1 anna 0.000 1.000 <o,f0> hello that\nb B eva 0.500 2.000\n"


def test_names_without_a_suffix_may_have_dots_and_suffixes_be_capitals(folder: Path) -> None:
    write_wav(folder / "talk.2024.WAV", seconds=2.0)
    (folder / "talk.stm").write_text("talk.2024 1 anna 0 1 hello\n")
    (folder / "list.tsv").write_text("path\ttext\ntalk.2024\thello\n")
    for name in ("talk.stm", "list.tsv"):
        assert pairs(opened(folder / name)) == [("talk.2024.WAV", "hello")]


def test_the_segments_of_a_bench_are_scored(folder: Path) -> None:
    (folder / "talk.stm").write_text("a 1 anna 0 1 hello\nb 1 ben 0.5 2 bye\n")
    assert [(name, text) for name, text in pairs(opened(folder / "talk.stm"))] == [("a.wav", "hello"), ("b.wav", "bye")]


def test_nemos_texts_in_files(folder: Path) -> None:
    (folder / "sub" / "a.txt").write_text("hello\nthere\n")
    row = {"audio_filepath": "a.wav", "text_filepath": "sub/a.txt"}
    (folder / "m.jsonl").write_text(lines(row, {"audio_filepath": "b.wav", "text": "bye", "text_filepath": "none.txt"}))
    assert pairs(opened(folder / "m.jsonl")) == [("a.wav", "hello there"), ("b.wav", "bye")]
    (folder / "m.jsonl").write_text(lines({**row, "text_filepath": "gone.txt"}))
    with pytest.raises(InputError, match=r"line 1: text_filepath: gone\.txt: "):
        opened(folder / "m.jsonl")
    assert len(manifests.read(folder / "m.jsonl", needs_text=False).utterances) == 1  # to be transcribed it needs none
