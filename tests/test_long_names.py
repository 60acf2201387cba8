"""Names with spaces in RTTM, and file names of 255 bytes in scripts of three bytes a letter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import Run, write_wav

from asrcli.audio.inputs import Found
from asrcli.datasets.folders import read_folder
from asrcli.errors import InputError, UsageError
from asrcli.formats.turns import read_rttm, turns_of_input
from asrcli.outputs.naming import Naming, check_collisions
from asrcli.outputs.targets import File, check_targets
from asrcli.runs.align_pairs import find_pairs
from asrcli.types import Turn

LINES = [
    ("SPEAKER talk 1 0.50 2.25 <NA> <NA> anna <NA> <NA>", "talk", "anna"),
    ("SPEAKER my long talk 1 0.50 2.25 <NA> <NA> anna <NA> <NA>", "my long talk", "anna"),
    ("SPEAKER talk 2024 1 0.50 2.25 <NA> <NA> Anna Maria <NA> <NA>", "talk 2024", "Anna Maria"),
    ("SPEAKER my talk 1 0.50 2.25 <NA> <NA> Anna Maria 0.75", "my talk", "Anna Maria"),
    ("SPEAKER talk 1 0.50 2.25 <NA> <NA> speaker 2", "talk", "speaker"),  # a trailing number is a confidence
    ("SPEAKER talk 1 0.50 2.25 <NA> <NA> speaker 2 <NA> <NA>", "talk", "speaker 2"),
    ("SPEAKER\ttalk  1 0.5 2.25 <NA> <NA>  anna", "talk", "anna"),
    ("SPEAKER 会議 一 1 0.50 2.25 <NA> <NA> 田中 花子 <NA> <NA>", "会議 一", "田中 花子"),
    ("SPEAKER talk 1 0.50 2.25 word <NA> anna <NA> <NA>", "talk", "anna"),
]


@pytest.mark.parametrize(("line", "recording", "speaker"), LINES)
def test_names_with_spaces_are_read(line: str, recording: str, speaker: str, tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(line + "\n")
    assert read_rttm(tmp_path / "a.rttm") == {recording: (Turn(speaker, 0.5, 2.75),)}


@pytest.mark.parametrize("name", ["talk.wav", "/data/calls/talk.wav"])
def test_an_input_finds_turns_that_are_written_with_its_extension(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(
        f"SPEAKER {name} 1 0 1 <NA> <NA> a <NA> <NA>\nSPEAKER talk.mp3 1 0 1 <NA> <NA> b <NA> <NA>\n"
    )
    known = read_rttm(tmp_path / "a.rttm")
    assert turns_of_input("calls/talk.wav", "a.rttm", known, alone=False)[0].speaker == "a"
    with pytest.raises(InputError, match="has no turns of 'talk'"):
        turns_of_input("talk.ogg", "a.rttm", known, alone=False)


@pytest.mark.parametrize("name", ["my talk", "my  talk", "my_talk"])
def test_an_input_with_spaces_finds_its_turns(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(
        f"SPEAKER {name} 1 0 1 <NA> <NA> a <NA> <NA>\nSPEAKER x 1 0 1 <NA> <NA> b <NA> <NA>\n"
    )
    path = name.replace("_", " ") + ".wav"
    assert turns_of_input(path, "a.rttm", read_rttm(tmp_path / "a.rttm"), alone=False)[0].speaker == "a"


@pytest.mark.parametrize(
    "line",
    ["SPEAKER talk 1 x 2 <NA> <NA> a", "SPEAKER talk 1 -1 2 <NA> <NA> a", "SPEAKER talk 1 nan 2 <NA> <NA> a", "x"],
)
def test_what_is_no_turn_is_named_by_its_line(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(";; comment\n" + line + "\n")
    with pytest.raises(InputError, match="line 2 is no turn"):
        read_rttm(tmp_path / "a.rttm")


NAMES = ["語" * 83 + "ab", "ก" * 83 + "ab", "é" * 125 + "x", "a" * 251]


@pytest.mark.parametrize("stem", NAMES, ids=["three bytes", "thai", "two bytes", "one byte"])
def test_names_of_255_bytes_get_outputs(stem: str, asr: Run, tmp_path: Path) -> None:
    name = stem + ".wav"
    assert len(name.encode()) == 255
    write_wav(tmp_path / name)
    for _ in range(2):  # made, then up to date
        done = asr(
            "transcribe", name, "-e", "fake", "--no-vad", "-f", "txt,json,textgrid", "-o", "out", "--no-word-timestamps"
        )
        assert done.code == 0, done.err
    made = {path.suffix: path for path in (tmp_path / "out").glob("[!.]*.*")}
    assert set(made) == {".txt", ".json", ".TextGrid"}
    assert all(len(path.name.encode()) <= 255 for path in made.values())
    assert json.loads(made[".json"].read_text())["recording"]["path"] == name
    assert made[".txt"].stem == stem


@pytest.mark.parametrize("template", ["{name}.{format}", "{parent}-{stem}.{format}", "{parent}.{name}.{engine}.srt"])
def test_names_of_255_bytes_get_outputs_by_any_template(template: str) -> None:
    """What is too long may be the name with its extension, or that of the folder."""
    made = Naming("out", template=template, engine="e")
    for name in ("語" * 83 + "ab.wav", f"{'é' * 127}/{'a' * 251}.wav", f"{'p' * 250}/x.wav", "ordinary/name.wav"):
        path = Path(made.path(Found(name), "json"))
        assert len(path.name.encode()) <= 255
    assert "~" not in path.name
    assert made.path(Found("語" * 83 + "ab.wav"), "json") != made.path(Found("語" * 83 + "ac.wav"), "json")


def test_shortened_names_are_told_apart() -> None:
    made = {Naming("out").path(Found("語" * 80 + f"ab{number:09d}.wav"), "answers.json") for number in range(9)}
    assert len(made) == 9
    assert all(len(Path(path).name.encode()) <= 255 for path in made)


@pytest.mark.parametrize("names", [("A", "a"), ("\u00e9", "e\u0301"), ("Stra\u00dfe", "STRASSE")])
def test_names_that_some_file_systems_take_for_one_are_not_both_written(names: tuple[str, str]) -> None:
    """As keys of a store, or files from one system, they are two; a folder of another one keeps the last."""
    with pytest.raises(UsageError, match="would both write"):
        check_collisions([(f"in/{name}.wav", f"out/{name}.txt") for name in names])
    first, second = (File("the report", f"out/{name}.jsonl") for name in names)
    with pytest.raises(UsageError):
        check_targets([first, second], [])


@pytest.mark.parametrize("kind", ["rttm", "ctm", "stm"])
def test_recordings_that_one_file_cannot_tell_apart_are_said(kind: str, asr: Run, tmp_path: Path) -> None:
    for name in ("my talk.wav", "my_talk.wav", "other.wav"):
        write_wav(tmp_path / name)
    words = ("-e", "fake", "--no-vad", "-f", kind)
    said = "2 inputs are called 'my_talk' in what follows; give --output-dir"
    assert said in asr("transcribe", "my talk.wav", "my_talk.wav", "other.wav", *words).err
    assert said not in asr("transcribe", "my talk.wav", "other.wav", *words).err
    assert said not in asr("transcribe", "my talk.wav", "my_talk.wav", *words, "-o", "out").err


COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(("recording", "other"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_what_belongs_to_a_recording_may_write_accents_in_another_form(
    recording: str, other: str, asr: Run, tmp_path: Path
) -> None:
    """A Mac writes them in two letters, most others in one; archives and lists carry them from one to the other."""
    write_wav(tmp_path / "in" / f"{recording}.wav")
    (tmp_path / "in" / f"{other}.txt").write_text("caf\u00e9")
    (tmp_path / "turns").mkdir()
    (tmp_path / "turns" / f"{other}.rttm").write_text(f"SPEAKER {other} 1 0 0.5 <NA> <NA> Ann <NA> <NA>\n")
    (tmp_path / "list.jsonl").write_text(json.dumps({"audio_filepath": f"in/{other}.wav", "text": "x"}) + "\n")
    done = asr("transcribe", f"in/{other}.wav", "-e", "fake", "--no-vad", "--rttm-in", "turns", "-f", "rttm")
    assert done.code == 0 and " Ann " in done.out, done.err
    assert asr("transcribe", "--manifest", "list.jsonl", "-e", "fake", "--no-vad", "-o", "out").code == 0
    assert [one.text for one in read_folder(tmp_path / "in").utterances] == ["caf\u00e9"]
    assert [Path(pair.text).name for pair in find_pairs(str(tmp_path / "in"), None)] == [f"{other}.txt"]
