"""Who speaks when: the diarizer `campplus` on conversations of synthetic voices with known turns.

Sentences by the voices of flite and espeak-ng take turns, with pauses of 0.1 to 0.6 s, or with two of five turns begun
0.4 to 1.2 s before the last one ends. Errors are those of pyannote.metrics, overlaps included, with a collar of 0.25 s.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from asrcli.audio.decode import decode
from asrcli.diarization.choice import prepare
from asrcli.diarization.finder import SpeakerFinder
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.scoring.meetings import score_turns
from asrcli.types import SAMPLE_RATE, Recording, Turn, Utterance

COLLAR = 0.25
SENTENCES = (
    "The river was high that spring, and nobody could cross it for nearly three weeks.",
    "I think we should begin with the budget, because everything else depends on it.",
    "No, I do not agree with you at all.",
    "She opened the window and listened to the birds in the old apple tree behind the house.",
    "Could you send me the figures before Friday?",
    "We tried the second method as well, but the results were hardly any better than before.",
    "The committee will meet again in October to decide on the new building.",
    "That sounds good.",
)
FLITE = ("slt", "awb", "kal16", "rms")
ESPEAK = ("en-us", "en-us+f3")  # its accents are one voice: cosine 0.9
PEOPLE = {1: 8, 2: 14, 4: 20, 6: 26}  # people in a conversation -> turns


@dataclass(frozen=True)
class Conversation:
    """Samples, and who says what in them."""

    samples: Any
    turns: Sequence[Turn]


def say(voice: str, number: int, folder: Path) -> Any:
    """Return a sentence by a voice, without silence around it and at one level."""
    path = folder / f"{voice}-{number}.wav"
    if voice in FLITE:
        command = ["flite", "-voice", voice, "-t", SENTENCES[number], "-o", str(path)]
    else:
        command = ["espeak-ng", "-v", voice, "-w", str(path), SENTENCES[number]]
    subprocess.run(command, check=True)
    samples = np.concatenate(list(decode(Recording(str(path)), print)))
    loud = np.flatnonzero(np.abs(samples) > 0.005)
    spoken = samples[loud[0] : loud[-1] + 1]
    return spoken * (0.08 / np.sqrt(np.mean(spoken**2)))


def converse(said: Mapping[tuple[str, int], Any], people: int, overlaps: bool) -> Conversation:
    """Return a conversation of the first so many voices."""
    random, at, last = np.random.default_rng(people), 0.3, ""
    samples, turns = np.zeros(SAMPLE_RATE * 300, np.float32), list[Turn]()
    for _ in range(PEOPLE[people]):
        voices = [voice for voice in (*FLITE, *ESPEAK)[:people] if voice != last] or [last]
        last = str(random.choice(voices))
        spoken = said[last, int(random.integers(len(SENTENCES)))]
        together = overlaps and turns and random.random() < 0.4
        pause = -random.uniform(0.4, 1.2) if together else random.uniform(0.1, 0.6)
        first = round(max(0.0, at + pause) * SAMPLE_RATE)
        samples[first : first + len(spoken)] += spoken
        turns.append(Turn(last, first / SAMPLE_RATE, (first + len(spoken)) / SAMPLE_RATE))
        at = turns[-1].end
    noise = random.normal(0, 0.0007, len(samples)).astype(np.float32)
    return Conversation((samples + noise)[: round((at + 0.5) * SAMPLE_RATE)], turns)


def utterances(turns: Sequence[Turn]) -> dict[str, list[Utterance]]:
    """Return turns as the scoring of meetings takes them."""
    rows = [Utterance(str(at), "", group=one.speaker, start=one.start, end=one.end) for at, one in enumerate(turns)]
    return {"talk": rows}


def errors(reference: Sequence[Turn], found: Sequence[Turn]) -> str:
    """Return all errors and their parts in percent of the speech, as cells of a table."""
    parts = score_turns(utterances(reference), utterances(found), COLLAR)
    kinds = [100 * parts[kind] / parts["total"] for kind in ("missed detection", "false alarm", "confusion")]
    return " | ".join(f"{value:.1f}" for value in (sum(kinds), *kinds))


def main() -> None:
    """Print the section."""
    import torch

    torch.set_num_threads(1)
    finder = SpeakerFinder(prepare(SpeakerOptions(model="campplus"), "cpu", True, print), SpeakerOptions(), print)
    about = " ".join((__doc__ or "").partition("\n\n")[2].split())
    print(f"## Who speaks when\n\n{about} One thread; nobody says how many people there are.\n")
    head = "people,overlaps,seconds,found,errors %,missed,false,confused,audio seconds per CPU second"
    print(f"| {' | '.join(head.split(','))} |\n|{'---|' * 9}")
    with tempfile.TemporaryDirectory() as folder:
        voices = product((*FLITE, *ESPEAK), range(len(SENTENCES)))
        said = {(voice, number): say(voice, number, Path(folder)) for voice, number in voices}
    for people in PEOPLE:
        for overlaps in (False, True)[: 1 if people == 1 else 2]:
            talk = converse(said, people, overlaps)
            began, seconds = time.process_time(), len(talk.samples) / SAMPLE_RATE
            found = finder.find(talk.samples, 0.0).turns
            speed = seconds / (time.process_time() - began)
            names = len({turn.speaker for turn in found})
            about = f"| {people} | {'yes' if overlaps else 'no'} | {seconds:.0f} | {names} "
            print(f"{about}| {errors(talk.turns, found)} | {speed:.0f} |", flush=True)


if __name__ == "__main__":
    main()
