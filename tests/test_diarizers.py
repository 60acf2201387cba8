"""The contract of diarizers: which one a run takes, and what the core does with what one gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from audio_files import write_wav

from asrcli.api import transcribe
from asrcli.diarization import choice
from asrcli.diarization.choice import DiarizerChoice, check_wanted, choose
from asrcli.diarization.finder import SpeakerFinder
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.diarizer import Diarizer, SpeakerCount, Speaking
from asrcli.engine import Device, Model, Packaged, Weights
from asrcli.errors import ModelError, UsageError
from asrcli.types import Turn


class Pulled(Diarizer):
    """One whose weights are on the hub, and which gives no prints."""

    name = "pulled"
    rank = 30
    models: ClassVar = {"big": Model("owner/big", revision="abc")}
    default_model = "big"

    def __init__(self, weights: Weights, device: Device) -> None:
        self.device = device

    def find(self, samples: Any, count: SpeakerCount) -> Speaking:
        if self.device.kind == "cuda":
            raise MemoryError("CUDA out of memory")
        return Speaking((Turn("b", 0.5, 9.0), Turn("a", 0.0, 1.0)), prints={"a": np.eye(2, dtype=np.float32)[0]})


class Packed(Pulled):
    """One whose weights only a package brings, which gives prints."""

    name = "packed"
    rank = 20
    same_person = 0.5
    models: ClassVar = {"small": Model(None, packaged=Packaged({"none-such": "x"}, {"f": "0"}, install="get it"))}
    default_model = "small"
    loads_folders = False


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of the diarizers whose weights are on this machine; the test fills it."""
    found: set[str] = set()
    monkeypatch.setattr(choice, "installed", lambda kind: ["packed", "pulled"])
    monkeypatch.setattr(choice.models, "is_here", lambda kind, model=None: kind.name in found)
    monkeypatch.setattr(choice.ranking, "ranked", lambda *arguments: [Pulled, Packed])
    monkeypatch.setattr(choice, "load_plugin", lambda kind, name: {"pulled": Pulled, "packed": Packed}[name])
    return found


def test_the_best_that_is_here_is_taken(here: set[str]) -> None:
    assert choose(SpeakerOptions()) == (Pulled, None), "nothing is here: one that can be pulled"
    here.add("packed")
    assert choose(SpeakerOptions()) == (Packed, None)
    here.add("pulled")
    assert choose(SpeakerOptions()) == (Pulled, None)
    assert choose(SpeakerOptions(voices="people")) == (Packed, None), "the other gives no prints"


def test_a_diarizer_is_named_like_an_engine(here: set[str], tmp_path: Path) -> None:
    for spelling, found in {
        "packed": (Packed, None),
        "pulled:big": (Pulled, "big"),
        "big": (Pulled, "big"),
        "owner/big": (Pulled, "big"),
        "other/one": (Pulled, "other/one"),
        str(tmp_path): (Pulled, str(tmp_path)),
        "pulled:./folder": (Pulled, "./folder"),
    }.items():
        assert choose(SpeakerOptions(model=spelling)) == found, spelling


def test_what_lacks_is_said_before_any_work(here: set[str], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"weights of diarizer 'packed' are not on this machine: get it$"):
        check_wanted(SpeakerOptions(model="packed"))
    with pytest.raises(UsageError, match="--voices is for --diarize-model packed, not 'pulled'"):
        check_wanted(SpeakerOptions(model="pulled", voices=str(tmp_path)))


def test_threads_reach_the_diarizer(here: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[Device] = []
    resolve = choice.models.resolve
    weights = {Pulled: Weights("big", None)}
    monkeypatch.setattr(
        choice.models, "resolve", lambda kind, *rest, **more: weights.get(kind) or resolve(kind, *rest, **more)
    )
    monkeypatch.setattr(Pulled, "__init__", lambda self, weights, device: made.append(device))
    monkeypatch.setattr(Pulled, "find", lambda *arguments: Speaking((Turn("a", 0.0, 1.0),)))
    write_wav(tmp_path / "a.wav", np.zeros(16_000, np.float32))
    (heard,) = transcribe(tmp_path / "a.wav", engine="fake", vad=False, speakers=SpeakerOptions(model="big"), threads=3)
    assert [one.speaker for one in heard.turns] == ["a"] and [one.threads for one in made] == [3]


def test_turns_end_with_the_recording_and_memory_that_is_short_leads_to_the_cpu() -> None:
    said: list[str] = []
    made = DiarizerChoice(Pulled, Weights("big", None), Device("cuda"))
    finder = SpeakerFinder(made, SpeakerOptions(exactly=3), said.append)
    found = finder.find(np.zeros(32_000, np.float32), 10.0)
    assert found.turns == (Turn("a", 10.0, 11.0), Turn("b", 10.5, 12.0)) and found.source == "pulled big"
    assert said == [
        "out of memory on cuda:0: finding speakers on the cpu from here",
        "found 2 speakers where at least 3 were asked for",
    ]
