"""Recordings of several people in a benchmark: their references, scores known by hand, and a whole run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.command import Run, write_wav
from test_campplus import conversation, needs_voices, needs_weights, voices  # noqa: F401

from asrcli.bench import messages as say
from asrcli.bench.conversations import WITH_SPEAKERS, references, scores
from asrcli.datasets.dataset import Dataset, Wanted, open_dataset
from asrcli.datasets.results import read_run
from asrcli.errors import InputError, UsageError

STM = "a 1 anna 0.0 4.0 one two\na 1 bert 4.0 8.0 three four\n"


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """Return a folder of two recordings, of one of which it is known who speaks."""
    for name in ("a", "b"):
        write_wav(tmp_path / f"talks/{name}.wav", 8.0)
        (tmp_path / f"talks/{name}.txt").write_text("one two three four\n")
    (tmp_path / "talks/a.stm").write_text(STM)
    return tmp_path / "talks"


def dataset(path: Path) -> Dataset:
    return open_dataset(Wanted(str(path)), print)


@pytest.mark.slow
def test_scores_that_are_known_by_hand(talks: Path) -> None:
    """Of 8 s one is missed, one false, two are of another speaker; and one word is with the wrong one."""
    found = say.Spoken(
        "a",
        (("X", 1.0, 4.0), ("X", 4.0, 6.0), ("Y", 6.0, 9.0)),
        (("X", 0.0, 4.0, "One two"), ("X", 4.0, 6.0, "three"), ("Y", 6.0, 8.0, "four.")),
    )
    made = {one.name: one for one in scores(references(dataset(talks)), [found], lambda text: text.lower().strip("."))}
    shares = {"der": 4 / 8, "der_missed": 1 / 8, "der_false_alarm": 1 / 8, "der_confusion": 2 / 8}
    assert {name: made[name].value for name in shares} == pytest.approx(shares)
    # anna and X: 3 s of both, 6 of either; bert and Y: 2 of 5
    assert made["jer"].value == pytest.approx((3 / 6 + 3 / 5) / 2)
    assert made["cp_wer"].value == pytest.approx(2 / 4) and made["cp_wer"].count == 4
    assert made["speaker_count_right"].value == 1 and {one.condition for one in made.values()} == {WITH_SPEAKERS}
    lost = {one.name: one.value for one in scores(references(dataset(talks)), [say.Spoken("a", error="x")], str)}
    assert (lost["der"], lost["der_missed"], lost["cp_wer"]) == (1, 1, 1)


def test_references_beside_recordings_and_in_manifests(talks: Path, tmp_path: Path) -> None:
    assert list(references(dataset(talks))) == ["a"]
    (talks / "a.rttm").write_text("SPEAKER a 1 0.5 3 <NA> <NA> anna <NA> <NA>\n")
    both = references(dataset(talks))["a"]
    assert [(one.group, one.start, one.end) for one in both.turns] == [("anna", 0.5, 3.5)], "the rttm has the turns"
    assert both.segments is not None and [one.text for one in both.segments] == ["one two", "three four"]
    (tmp_path / "all.rttm").write_text("SPEAKER a 1 1 6 <NA> <NA> x <NA> <NA>\nSPEAKER b 1 0 9 <NA> <NA> y <NA> <NA>\n")
    row = {"audio_filepath": "talks/b.wav", "text": "one", "rttm_filepath": "all.rttm", "offset": 2, "duration": 3}
    (tmp_path / "m.jsonl").write_text(json.dumps(row) + "\n")
    (found,) = references(dataset(tmp_path / "m.jsonl")).values()
    assert [(one.group, one.start, one.end) for one in found.turns] == [("y", 2, 5)] and found.segments is None
    with pytest.raises(InputError, match=r"none\.rttm is not there: it is the rttm of 'b-2"):
        (tmp_path / "m.jsonl").write_text(json.dumps({**row, "rttm_filepath": "none.rttm"}) + "\n")
        references(dataset(tmp_path / "m.jsonl"))
    one = dataset(talks)
    with pytest.raises(UsageError, match=r"nothing says who speaks in .*: put NAME\.rttm"):
        references(replace(one, utterances=one.utterances[1:]))
    (talks / "b.rttm").write_text((tmp_path / "all.rttm").read_text().replace(" b ", " c "))
    with pytest.raises(InputError, match=r"b\.rttm has nothing of 'b'; it has: a, c"):
        references(one)


def test_a_diarizer_alone_is_named_for_nothing(asr: Run, talks: Path) -> None:
    done = asr("bench", talks, "-e", "fake", "--diarize-model", "campplus")
    assert done.code == 2 and "--diarize-model campplus is for --diarize: add it" in done.err


def test_words_get_their_times_as_asr_transcribe_gives_them() -> None:
    """An engine without word times has them of an aligner: words spread over a segment go to the wrong speakers."""
    from asrcli.alignment.words import AlignedTimes, own_times
    from asrcli.bench.speaking import word_times
    from asrcli.engine import Device, Weights, load_class
    from asrcli.engines.recogniser import Choice
    from asrcli.types import Options

    def times(name: str, language: str) -> object:
        choice = Choice(load_class(name), Weights("x", None), Device("cpu"))
        return word_times(choice, Options(language=language), print)

    assert isinstance(times("moonshine", "en"), AlignedTimes)
    assert times("fake", "en") is own_times, "the engine has its own"
    assert times("moonshine", "cy") is own_times, "no aligner here speaks it"


@pytest.mark.slow
@needs_weights
@needs_voices
def test_a_whole_run_with_speakers(asr: Run, voices: object, tmp_path: Path) -> None:  # noqa: F811
    import numpy as np
    from audio_files import write_wav as write_samples

    samples, turns = conversation(voices, "kal16 slt kal16 slt", (0.3,))
    folder = tmp_path / "talks"
    folder.mkdir()
    write_samples(folder / "one two.wav", np.asarray(samples))
    (folder / "one two.txt").write_text("one two\n")
    stm = (f"one_two 1 {one.speaker} {one.start:.3f} {one.end:.3f} x\n" for one in turns)
    (folder / "one two.stm").write_text("".join(stm))
    words = ("--repeats", "1", "--batches", "none", "--no-vad", "--offline", "--diarize-model", "campplus")
    done = asr("bench", folder, "-e", "fake", "--diarize", *words, "-o", "runs", "--json", "all.json", timeout=280)
    assert done.code == 0, done.err
    record = read_run(next((tmp_path / "runs").glob("*.jsonl")))
    figures = {one.name: one.value for one in record.measures if one.condition == WITH_SPEAKERS}
    assert figures["der_collar"] == pytest.approx(0, abs=0.03) and figures["speaker_count_right"] == 1
    assert (figures["memory_peak"] or 0) > 100 and (figures["rtfx"] or 0) > 0
    assert record.fact("diarizer").startswith("campplus")
    assert "cp_wer" in {one["name"] for one in json.loads((tmp_path / "all.json").read_text())["runs"][0]["measures"]}
    assert "Speakers" in done.out and "DER" in done.out
    again = asr("bench", "--with", "runs", timeout=100)
    assert again.code == 0 and "campplus" in again.out
