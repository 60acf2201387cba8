"""Speakers: from RTTM files, from channels, and from pyannote.audio, with its own sample recording and readers."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audio_files import write_wav
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Run

from asrcli.audio.decode import decode
from asrcli.diarization.desk import Desk
from asrcli.diarization.speakers import Diarization, SpeakerOptions, give_speakers
from asrcli.errors import InputError, ModelError
from asrcli.formats import layout, render
from asrcli.formats.turns import read_rttm, turns_of_input
from asrcli.pipeline.events import Event, Failed, Finished, Notice
from asrcli.types import Recording, Segment, Transcript, Turn, Word

needs_pyannote = pytest.mark.skipif(find_spec("pyannote.audio") is None, reason="needs asrcli[diarize]")


def transcript_of(*segments: Segment) -> Transcript:
    return Transcript(Recording("talk.wav"), segments, "fake", seconds=60.0)


def said(text: str, start: float = 0.0, step: float = 1.0) -> Segment:
    """Return a segment whose words last `step` seconds each."""
    words = [Word(word, start + step * at, start + step * (at + 1)) for at, word in enumerate(text.split())]
    return Segment(text, start, words[-1].end, tuple(words))


def speakers(segment: Segment, *turns: Turn, exclusive: tuple[Turn, ...] = ()) -> list[tuple[str | None, str]]:
    found = give_speakers(transcript_of(segment), Diarization(turns, exclusive))
    return [(one.speaker, one.text) for one in found.segments]


# --- words to speakers ------------------------------------------------------------------------------------------------


def test_a_segment_is_split_where_the_speaker_changes() -> None:
    found = speakers(said('Really? "Yes," she said.'), Turn("A", 0.0, 0.9), Turn("B", 1.0, 4.0))
    assert found == [("A", "Really?"), ("B", '"Yes," she said.')]


def test_a_word_belongs_to_whoever_talks_for_most_of_it() -> None:
    assert speakers(said("one two"), Turn("A", 0.0, 1.4), Turn("B", 1.4, 2.0)) == [("A", "one"), ("B", "two")]
    both = (Turn("A", 0.0, 2.0), Turn("B", 1.0, 3.0))  # over "two" both talk: it stays with who said "one"
    assert speakers(said("one two three"), *both) == [("A", "one two"), ("B", "three")]
    assert speakers(said("one two three"), *both, exclusive=(Turn("A", 0.0, 1.0), Turn("B", 1.0, 3.0))) == [
        ("A", "one"),
        ("B", "two three"),
    ]


def test_where_two_talk_at_once_a_word_is_whose_turn_holds_all_of_it() -> None:
    turns = (Turn("A", 0.0, 2.7), Turn("B", 1.4, 4.0))
    for loudest in ((Turn("A", 0.0, 1.4), Turn("B", 1.4, 4.0)), (Turn("A", 0.0, 2.7), Turn("B", 2.7, 4.0))):
        found = speakers(said("one two three four"), *turns, exclusive=loudest)
        assert found == [("A", "one two"), ("B", "three four")], "B had not begun, and A had ended"
    inside = said("one two three four", 1.5, 0.3)  # both could have said these: the louder voice is heard
    assert speakers(inside, *turns, exclusive=(Turn("A", 0.0, 2.1), Turn("B", 2.1, 4.0))) == [
        ("A", "one two"),
        ("B", "three four"),
    ]


def test_every_format_keeps_apart_what_two_say_at_once(tmp_path: Path) -> None:
    """Of two recognised streams that overlap each has all of its words, and no other ones, under its speaker."""
    anna, bert = ["alpha", "bravo", "charlie", "delta"], ["echo", "foxtrot", "golf"]
    spoken = (("Anna", said(" ".join(anna))), ("Bert", said(" ".join(bert), 1.5)))
    turns = (Turn("Anna", 0.0, 4.0), Turn("Bert", 1.5, 4.5))
    whole = transcript_of(*(replace(one, speaker=who) for who, one in spoken))
    texts = {name: render(replace(whole, turns=turns), name, layout()) for name in ("srt", "vtt", "ass", "stm")}
    for name, text in texts.items():
        marked = re.split(r"(Anna|Bert)", text)
        by_speaker = {who: " ".join(rest for at, rest in pairwise(marked) if at == who) for who in ("Anna", "Bert")}
        found = {who: re.findall("|".join([*anna, *bert]), heard) for who, heard in by_speaker.items()}
        assert {who: set(words) for who, words in found.items()} == {"Anna": set(anna), "Bert": set(bert)}, name
    segments = json.loads(render(whole, "json", layout()))["segments"]
    assert [(one["speaker"], one["text"].split()) for one in segments] == [("Anna", anna), ("Bert", bert)]
    (tmp_path / "x.rttm").write_text(render(replace(whole, turns=turns), "rttm", layout()))
    assert read_rttm(tmp_path / "x.rttm") == {"talk": turns}


def test_a_word_without_a_turn_goes_to_the_nearest_or_to_nobody() -> None:
    assert speakers(said("one two"), Turn("A", 0.0, 0.9), Turn("A", 2.2, 3.0)) == [("A", "one two")]
    assert speakers(said("one two three"), Turn("A", 0.0, 0.7)) == [("A", "one"), ("unknown", "two three")]
    assert speakers(said("one two three"), Turn("A", 0.0, 0.5), Turn("A", 2.5, 3.0)) == [("A", "one two three")]
    assert speakers(said("one")) == [("unknown", "one")]


def test_segments_without_words_are_split_by_interpolated_ones() -> None:
    found = give_speakers(
        transcript_of(Segment("aaaa bbbb", 0.0, 2.0)), Diarization((Turn("A", 0.0, 1.0), Turn("B", 1.0, 2.0)))
    )
    assert [(one.speaker, one.text) for one in found.segments] == [("A", "aaaa"), ("B", "bbbb")]
    assert {word.source for one in found.segments for word in one.words} == {"interpolated"}
    assert found.turns[1].speaker == "B"


def test_a_script_without_spaces_is_split_without_any() -> None:
    words = tuple(Word(char, float(at), at + 1.0) for at, char in enumerate("你好再见"))
    segment = Segment("你好，再见。", 0.0, 4.0, words)
    assert speakers(segment, Turn("A", 0.0, 2.0), Turn("B", 2.0, 4.0)) == [("A", "你好，"), ("B", "再见。")]


TURNS = st.lists(
    st.builds(
        lambda name, start, length: Turn(name, start, start + length),
        st.sampled_from("ABC"),
        st.floats(0, 20),
        st.floats(0, 9),
    ),
    max_size=8,
).map(tuple)


@settings(max_examples=80)
@given(st.lists(st.sampled_from(["one,", "two", '"three"', "fo-ur."]), min_size=1, max_size=9), TURNS)
def test_no_word_is_lost_or_without_a_speaker(words: list[str], turns: tuple[Turn, ...]) -> None:
    before = said(" ".join(words), 2.0)
    found = give_speakers(transcript_of(before), Diarization(turns)).segments
    assert " ".join(one.text for one in found) == before.text
    assert [word.text for one in found for word in one.words] == words
    assert all(word.speaker == one.speaker for one in found for word in one.words)
    names = {turn.speaker for turn in turns} | {"unknown"}
    for word in (word for one in found for word in one.words):
        assert word.speaker in names
        talking = {turn.speaker for turn in turns if min(turn.end, word.end) - max(turn.start, word.start) > 0.01}
        assert not talking or word.speaker in talking  # an independent look: whoever is named does talk then
    assert all(before.start <= one.start <= one.end <= before.end for one in found)


# --- RTTM -------------------------------------------------------------------------------------------------------------


def test_mistakes_in_rttm_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.rttm"
    path.write_text(";; a comment\nSPKR-INFO x 1 <NA> <NA> <NA> unknown A <NA> <NA>\nSPEAKER x 1 2.5 0.5 <NA> <NA> A\n")
    assert read_rttm(path) == {"x": (Turn("A", 2.5, 3.0),)}
    for line in ("SPEAKER x 1 2.5", "SPEAKER x 1 2 -1 <NA> <NA> A", "SPEAKER x 1 nan 1 <NA> <NA> A", "1\t2\thello"):
        path.write_text(f"SPEAKER x 1 2.5 0.5 <NA> <NA> A <NA> <NA>\n{line}\n")
        with pytest.raises(InputError, match=r"x\.rttm' line 2 is no turn"):
            read_rttm(path)
    with pytest.raises(InputError, match="cannot read"):
        read_rttm(tmp_path / "no.rttm")


def test_turns_are_found_by_the_name_of_the_input() -> None:
    known = {"my_talk": (Turn("A", 0, 1),), "other": ()}
    assert turns_of_input("a/my talk.mp3", "x.rttm", known, alone=False) == known["my_talk"]
    with pytest.raises(InputError, match=r"'x.rttm' has no turns of 'talk'; it has: my_talk, other"):
        turns_of_input("talk.wav", "x.rttm", known, alone=True)
    assert turns_of_input("talk.wav", "x.rttm", {"a": known["my_talk"]}, alone=True) == known["my_talk"]


def sample_folder() -> Path:
    """Return the folder of pyannote.audio's sample, without importing it."""
    place = find_spec("pyannote.audio")
    assert place is not None and place.origin is not None
    return Path(place.origin).parent / "sample"


@needs_pyannote
@pytest.mark.slow  # quick with the fake engine below
def test_the_sample_of_pyannote_with_its_own_turns(asr: Run, tmp_path: Path, checkpoints: Path) -> None:
    """Turns go in and out unchanged (a diarization error rate of 0), and words are where their speaker talks."""
    from pyannote.core import Segment as Span
    from pyannote.core import Timeline
    from pyannote.database.util import load_rttm
    from pyannote.metrics.diarization import DiarizationErrorRate

    sample = sample_folder()
    engine = ("-e", "whisper", "-m", checkpoints / "whisper-digits-ct2", "--language", "en")  # hears digits everywhere
    command = ("transcribe", sample / "sample.wav", *engine, "--rttm-in", sample / "sample.rttm")
    done = asr(*command, "-f", "json,rttm,txt,srt,vtt", "-o", "out", timeout=280)
    assert done.code == 0, done.err
    reference = load_rttm(sample / "sample.rttm")["sample"]
    ours = load_rttm(tmp_path / "out/sample.rttm")["sample"]
    assert DiarizationErrorRate()(reference, ours, uem=Timeline([Span(0, 30)])) == pytest.approx(0.0, abs=1e-6)
    transcript = json.loads((tmp_path / "out/sample.json").read_text())
    words = [word for segment in transcript["segments"] for word in segment["words"]]
    assert {word["speaker"] for word in words} == {"speaker90", "speaker91"}
    for word in words:
        middle = (word["start"] + word["end"]) / 2
        near = {
            turn.speaker
            for turn in read_rttm(sample / "sample.rttm")["sample"]
            if turn.start - 0.5 <= middle <= turn.end + 0.5
        }
        assert word["speaker"] in near
    assert {segment["speaker"] for segment in transcript["segments"]} == {"speaker90", "speaker91"}
    assert "[speaker90] " in (tmp_path / "out/sample.txt").read_text()
    assert "<v speaker91>" in (tmp_path / "out/sample.vtt").read_text()
    assert "[speaker91] " in (tmp_path / "out/sample.srt").read_text()
    again = asr(*command, "-f", "json,rttm,txt,srt,vtt", "-o", "out")
    assert "1 up to date" in again.err
    (tmp_path / "other.rttm").write_text("SPEAKER sample 1 0 30 <NA> <NA> A <NA> <NA>\n")
    other = asr(*command[:-1], tmp_path / "other.rttm", "-f", "json", "-o", "out", "--dry-run")
    assert "speakers has changed" in other.out


def test_a_folder_of_rttm_and_an_input_without_one(asr: Run, tmp_path: Path) -> None:
    for name in ("one two", "three four"):
        write_wav(tmp_path / f"{name}.wav", np.zeros(16000, np.float32))
    (tmp_path / "turns").mkdir()
    line = "SPEAKER one_two 1 0 {} <NA> <NA> {} <NA> <NA>\n"
    (tmp_path / "turns/one two.rttm").write_text(
        line.format(0.5, "A") + line.format(1, "B").replace(" 0 1 ", " 0.5 0.5 ")
    )
    done = asr("transcribe", "one two.wav", "three four.wav", "-e", "fake", "--no-vad", "--rttm-in", "turns")
    assert done.out == "[A] one\n[B] two\n"
    assert done.code == 1 and "three four.rttm" in done.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--speakers 2", 2, "--speakers 2 is for --diarize"),
        ("--rttm-in nope.rttm", 2, "--rttm-in 'nope.rttm' is not there"),
        ("--rttm-in . --diarize", 2, "leave out --diarize"),
        ("--rttm-in . --channels split", 2, "a speaker to each channel already"),
        ("--diarize --speakers 2 --max-speakers 3", 2, "leave out --min-speakers and --max-speakers"),
        ("--diarize --min-speakers 3 --max-speakers 2", 2, "--min-speakers 3 is more than --max-speakers 2"),
        ("--diarize --diarize-model .", 2, "it is no folder of a pyannote pipeline"),
        (
            "--diarize --diarize-model community-1 --offline",
            3,
            "model 'community-1' of diarizer 'pyannote' is not on this machine",
        ),
    ],
)
def test_what_cannot_work_is_said_at_once(asr: Run, tmp_path: Path, words: str, code: int, message: str) -> None:
    if "--diarize" in words and find_spec("pyannote.audio") is None:
        pytest.skip("needs asrcli[diarize]")
    write_wav(tmp_path / "one.wav", np.zeros(16000, np.float32))
    done = asr("transcribe", "one.wav", "-e", "fake", *words.split())
    assert (done.code, done.err.count("\n")) == (code, 1) and message in done.err, done.err


def test_speakers_are_not_looked_for_in_the_utterances_of_a_manifest(asr: Run, tmp_path: Path) -> None:
    done = asr("transcribe", "--manifest", "m.jsonl", "-e", "fake", "--rttm-in", "x.rttm")
    assert done.code == 2 and "--rttm-in and --manifest do not go together" in done.err


# --- a speaker per channel --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("late", [1.0, 0.0])
def test_every_word_of_two_speakers_on_two_channels(
    asr: Run, tmp_path: Path, checkpoints: Path, digit_strings: list[tuple[Path, str]], late: float
) -> None:
    """Two people who talk at the same time, on channels of their own: what each says is what is heard of them alone."""
    (first, left), (second, right) = digit_strings[0], digit_strings[1]
    model = checkpoints / "whisper-digits-ct2"
    tracks = [np.concatenate(list(decode(Recording(str(path)), print))) for path in (first, second)]
    tracks[1] = np.concatenate([np.zeros(round(late * 16000), np.float32), tracks[1]])
    both = np.zeros((max(map(len, tracks)), 2), np.float32)
    for channel, track in enumerate(tracks):
        both[: len(track), channel] = track
    write_wav(tmp_path / "call.wav", both)
    options = ("-e", "whisper", "-m", model, "--language", "en", "--word-timestamps")
    done = asr("transcribe", "call.wav", *options, "--channels", "split", "-f", "json,rttm,ctm", "-o", "out")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "out/call.json").read_text())
    texts: dict[str, list[str]] = {}
    for segment in found["segments"]:
        texts.setdefault(segment["speaker"], []).append(segment["text"].strip())
        assert {word["speaker"] for word in segment["words"]} == {segment["speaker"]}
    assert {name: " ".join(said) for name, said in texts.items()} == {"channel 0": left, "channel 1": right}
    spans = [(turn["start"], turn["end"]) for turn in sorted(found["turns"], key=lambda turn: turn["speaker"])]
    assert spans[0][0] < spans[-1][1] and spans[-1][0] < spans[0][1]  # the overlap is kept
    ctm = [line.split() for line in (tmp_path / "out/call.ctm").read_text().splitlines()]
    assert " ".join(row[4] for row in ctm if row[1] == "1") == left
    assert " ".join(row[4] for row in ctm if row[1] == "2") == right


# --- beside the recogniser --------------------------------------------------------------------------------------------


class Counting:
    """A finder of speakers that says how many samples it was given."""

    def __init__(self, say: Callable[[str], None], fail_at: int = -1) -> None:
        self.say, self.fail_at = say, fail_at

    def find(self, samples: Any, start: float) -> Diarization:
        if len(samples) == self.fail_at:
            raise ZeroDivisionError("a bug")
        self.say(f"{len(samples)} samples")
        return Diarization((Turn("A", start, start + len(samples) / 16000),), source="counting")


def run_desk(desk: Desk, lengths: list[int]) -> list[Event]:
    """Let recordings of so many samples pass by a desk, as a run would, and return what comes out."""

    def heard() -> Iterator[Event]:
        for index, length in enumerate(lengths):
            blocks = iter([np.zeros(length // 2, np.float32), np.zeros(length - length // 2, np.float32)])
            assert sum(map(len, desk.listen(index, blocks))) == length
            yield Finished(index, transcript_of(said("one two")))

    return list(desk.add_speakers(heard()))


def test_recordings_are_finished_when_their_speakers_are_known() -> None:
    recordings = [Recording("a.wav"), Recording("b.wav", start=10.0), Recording("c.wav")]
    events = run_desk(Desk(recordings, lambda say: Counting(say, fail_at=777)), [32000, 777, 16000])
    notes = sorted((one.text, one.index) for one in events if isinstance(one, Notice))
    assert notes == [("16000 samples", 2), ("32000 samples", 0)]
    failed = [one for one in events if isinstance(one, Failed)]
    assert [(one.index, type(one.error)) for one in failed] == [(1, ZeroDivisionError)]
    finished = {one.index: one.transcript for one in events if isinstance(one, Finished)}
    assert finished[0].turns == (Turn("A", 0.0, 2.0),) and finished[2].turns == (Turn("A", 0.0, 1.0),)
    assert all(word.speaker == "A" for word in finished[0].segments[0].words)
    assert dict(finished[0].options) == {"speakers": "counting"}


def test_a_recording_that_waits_for_its_speakers_takes_two_bytes_a_sample() -> None:
    """As a list of blocks, joined at the end, two hours took 900 MB."""
    found: list[Any] = []

    class Measuring(Counting):
        def find(self, samples: Any, start: float) -> Diarization:
            found.append(samples)
            return super().find(samples, start)

    random = np.random.default_rng(1)
    blocks = [(scale * random.normal(size=160_000)).astype(np.float32) for scale in np.geomspace(1e-4, 0.3, 30)]
    desk = Desk([Recording("a.wav")], lambda say: Measuring(say))
    tracemalloc.start()
    for _ in desk.listen(0, (block.copy() for block in blocks)):
        pass
    assert len(list(desk.add_speakers(iter([Finished(0, transcript_of(said("one two")))])))) == 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    whole = np.concatenate(blocks)
    assert peak < 2.6 * len(whole)
    for block, at in zip(blocks, range(0, len(whole), 160_000), strict=True):
        error = found[0][at : at + 160_000].astype(np.float32) - block
        assert np.sqrt(np.mean(error**2) / np.mean(block**2)) < 10 ** (-60 / 20), "60 dB below quiet sound too"


def test_a_run_is_over_when_the_diarizer_has_freed_its_networks() -> None:
    """Python ended meanwhile: PyTorch aborted a run that had succeeded, with exit code 134."""
    freed: list[bool] = []

    class Large(Counting):
        def __del__(self) -> None:
            time.sleep(0.2)
            freed.append(True)

    run_desk(Desk([Recording("a.wav")], lambda say: Large(say)), [16000])
    assert freed == [True]


def test_a_diarizer_that_does_not_load_ends_the_run() -> None:
    def load(say: Callable[[str], None]) -> Counting:
        raise ModelError("no weights")

    with pytest.raises(ModelError, match="no weights"):
        run_desk(Desk([Recording("a.wav")] * 3, load), [16000] * 3)


# --- pyannote itself --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pipeline of pyannote's real classes with small random weights, built in a process of its own."""
    folder = tmp_path_factory.mktemp("pyannote") / "tiny"
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); sys.path[:0] = sys.argv[2:]\n"
        "from asrcli.base.import_guard import guard_imports; guard_imports()\n"
        "from pathlib import Path; from support.tiny_pyannote import build; build(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(folder), str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    return folder


@needs_pyannote
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_diarization_through_pyannote(asr: Run, tmp_path: Path, tiny: Path) -> None:
    """The weights are random and hear one speaker all the time; with two asked for, clustering parts the recording."""
    sample = sample_folder() / "sample.wav"
    shutil.copy(sample, tmp_path / "a name of six words.wav")
    command = ("transcribe", "a name of six words.wav", "-e", "fake", "--diarize", "--diarize-model", tiny, "--end", 12)
    one = asr(*command, "-f", "json", "-o", "one", timeout=250)
    assert one.code == 0 and one.err.count("\n") <= 2, one.err
    found = json.loads((tmp_path / "one/a name of six words.json").read_text())
    assert {word["speaker"] for segment in found["segments"] for word in segment["words"]} == {"SPEAKER_00"}
    assert found["turns"][-1]["end"] <= 12.0 and found["options"]["speakers"].startswith("pyannote ")
    assert "1 up to date" in asr(*command, "-f", "json", "-o", "one").err
    assert (
        "speakers.exactly was not set, now 2"
        in asr(*command, "--speakers", 2, "-f", "json", "-o", "one", "--dry-run").out
    )
    two = asr(*command, "--speakers", 2, "-f", "rttm", timeout=250)
    assert {line.split()[7] for line in two.out.splitlines()} == {"SPEAKER_00", "SPEAKER_01"}
    piped = asr("transcribe", "-", *command[2:], "-f", "rttm", stdin=sample.read_bytes(), timeout=250)
    assert piped.out.splitlines() and all(line.startswith("SPEAKER stdin 1 ") for line in piped.out.splitlines())


class Getting:
    """A pickle of it would fetch what a class can do when it is opened whole."""

    def __reduce__(self) -> Any:
        return getattr, (dict, "update")


class Evil:
    """A pickle of it would call `print` when it is opened whole."""

    def __reduce__(self) -> Any:
        return print, ("code from a checkpoint",)


@needs_pyannote
@pytest.mark.slow
def test_nothing_in_a_folder_is_run(tmp_path: Path, tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from asr_plugins.pyannote import open_pipeline

    config = (tiny / "config.yaml").read_text()

    def refuse(name: str, text: str | bytes) -> str:
        folder = tmp_path / "spoilt"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tiny, folder)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        with warnings.catch_warnings(), pytest.raises(ModelError) as raised:
            warnings.simplefilter("ignore")
            open_pipeline(folder)
        return str(raised.value)

    assert "not safe to open" in refuse("embedding/pytorch_model.bin", pickle.dumps({"state_dict": Evil()}))
    assert "not safe to open" in refuse("embedding/pytorch_model.bin", pickle.dumps({"state_dict": Getting()}, 2))
    assert "is damaged, or not safe to open" in refuse("segmentation/pytorch_model.bin", b"PK\x03\x04 and no more")
    other = config.replace("pyannote.audio.pipelines.SpeakerDiarization", "os.system")
    assert "is a pipeline 'os.system'" in refuse("config.yaml", other)
    assert "which is not in its folder" in refuse("config.yaml", config.replace("$model/plda", "owner/name"))
    assert "has no folder 'other'" in refuse("config.yaml", config.replace("$model/plda", "$model/other"))
    assert "is no config" in refuse("config.yaml", "pipeline: 3")
    assert "code from a checkpoint" not in capfd.readouterr().out


def test_an_offline_model_by_its_hub_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the hub's library has downloaded is found without the network, and its revision is in the recipe."""
    from asrcli.diarization.choice import prepare

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / "models--pyannote--speaker-diarization-community-1"
    (place / "snapshots/abc/segmentation").mkdir(parents=True)
    (place / "snapshots/abc/segmentation/pytorch_model.bin").touch()
    (place / "refs").mkdir()
    (place / "refs/main").write_text("abc")
    for model in (None, "community-1", "pyannote/speaker-diarization-community-1"):
        weights = prepare(SpeakerOptions(model=model), "cpu", True, print).weights
        assert (weights.path, weights.revision) == (str(place / "snapshots/abc"), "abc")


# --- torchaudio without its compiled part -----------------------------------------------------------------------------


@pytest.mark.skipif(find_spec("torchaudio") is None, reason="needs torchaudio")
@pytest.mark.slow
def test_a_torchaudio_that_cannot_load_its_library_is_imported_all_the_same(tmp_path: Path) -> None:
    """As with the wheel that is linked to CUDA beside a torch without: a library that is there and does not load."""
    place = find_spec("torchaudio")
    assert place is not None and place.origin is not None
    shutil.copytree(Path(place.origin).parent, tmp_path / "torchaudio")
    (tmp_path / "torchaudio/lib").mkdir(exist_ok=True)
    (tmp_path / "torchaudio/lib/_torchaudio.abi3.so").write_bytes(b"no library")

    code = """
import sys
import time
import tracemalloc
sys.path[:0] = sys.argv[1:]
from asrcli.base.import_guard import guard_imports
try:
    import torchaudio
except OSError:
    print("does not load")
for name in [name for name in sys.modules if name.startswith("torchaudio")]:
    del sys.modules[name]
guard_imports()
guard_imports()
import torchaudio.functional
print(torchaudio.__file__, torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE)
"""
    command = [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent.parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"does not load\n{tmp_path}/torchaudio/__init__.py False\n", done.stderr
