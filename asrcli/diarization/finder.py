"""The speakers of one recording after the other: a loaded diarizer, and the names of people whose voices are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from asrcli.diarization.choice import DiarizerChoice
from asrcli.diarization.speakers import Diarization, SpeakerOptions, check_number
from asrcli.diarization.voices import name_speakers, read_voices
from asrcli.diarizer import Diarizer, SpeakerCount, Speaking
from asrcli.engine import Device
from asrcli.engines.device import is_out_of_memory
from asrcli.engines.recogniser import Announce, opening
from asrcli.types import SAMPLE_RATE, HalfSamples, Samples, Turn


class LoadedDiarizer:
    """A diarizer in this process, which goes on on the CPU when its device has no memory left."""

    def __init__(self, choice: DiarizerChoice, announce: Announce) -> None:
        """Load it; raises what a diarizer raises."""
        self.choice, self.announce = choice, announce
        parts = (choice.diarizer.name, choice.weights.name, choice.weights.revision or "")
        self.source = " ".join(dict.fromkeys(filter(None, parts)))
        self.diarizer, self.device = self._load(choice.device), choice.device

    def _load(self, device: Device) -> Diarizer:
        with opening(self.choice.weights):
            return self.choice.diarizer(self.choice.weights, device)

    def find(self, samples: Samples | HalfSamples, count: SpeakerCount) -> Speaking:
        """Return who speaks when, with turns that end with the recording."""
        try:
            found = self.diarizer.find(samples, count)
        except Exception as error:
            if not is_out_of_memory(error) or self.device.kind == "cpu":
                raise
            self.announce(f"out of memory on {self.device}: finding speakers on the cpu from here")
            del self.diarizer
            self.device = replace(self.device, kind="cpu", index=0, dtype="auto")
            self.diarizer = self._load(self.device)
            found = self.diarizer.find(samples, count)
        end = len(samples) / SAMPLE_RATE
        return replace(found, turns=_until(end, found.turns), exclusive=_until(end, found.exclusive))

    def people(self, samples: Samples) -> Mapping[str, Samples]:
        """Return the print of each person in samples."""
        return self.find(samples, SpeakerCount()).prints


def _until(end: float, turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return what of the turns is in the recording, by time; windows are padded, and turns may end behind it."""
    inside = (turn if turn.end <= end else replace(turn, end=end) for turn in turns)
    lasting = (turn for turn in inside if turn.end > turn.start)
    return tuple(sorted(lasting, key=lambda turn: (turn.start, turn.end, turn.speaker)))


class SpeakerFinder:
    """Finds the speakers of recordings as options ask. Used by one thread."""

    def __init__(self, choice: DiarizerChoice, wanted: SpeakerOptions, announce: Announce) -> None:
        """Load the diarizer, and listen to the voices that are known.

        Raises:
            ModelError: the weights are incomplete, damaged or unsafe.
            UsageError: a known voice cannot be read.
        """
        self.wanted, self.announce = wanted, announce
        self.loaded = LoadedDiarizer(choice, announce)
        self.known = read_voices(wanted.voices, self.loaded.people, self.loaded.source) if wanted.voices else {}

    def find(self, samples: Samples | HalfSamples, start: float) -> Diarization:
        """Return who speaks when in a recording.

        Args:
            samples: the whole recording, `(n,)`.
            start: where in the recording they begin, seconds.
        """
        found = self.loaded.find(samples, self.wanted.count)
        voices = name_speakers(found.prints, self.known, self.loaded.choice.diarizer) if self.known else {}
        names = {label: voice.speaker for label, voice in voices.items()}
        check_number(self.wanted.count, len({turn.speaker for turn in found.turns}), self.announce)
        turns, exclusive = moved(found.turns, start, names), moved(found.exclusive, start, names)
        prints = {names.get(label, label): one for label, one in found.prints.items()} if self.wanted.same else {}
        return Diarization(turns, exclusive, self.loaded.source, tuple(voices.values()), prints)


def moved(turns: Iterable[Turn], start: float, names: Mapping[str, str]) -> tuple[Turn, ...]:
    """Return turns on the clock of the recording, with the names of speakers."""
    return tuple(
        Turn(names.get(turn.speaker, turn.speaker), round(turn.start + start, 3), round(turn.end + start, 3))
        for turn in turns
    )
