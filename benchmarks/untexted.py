"""What speech without text costs `asr align`: 60 recordings made with flite, and how many words each loses.

``python -m benchmarks.untexted`` prints a table of docs/align.md (flite with the voices rms, slt and awb is needed; ten
minutes of a processor). A word is lost that is not ``ok`` where it is said; none may be ``ok`` anywhere else.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner
from numpy.typing import NDArray

from asrcli.alignment.windows import Pairing
from asrcli.engine import Device, Weights
from asrcli.runs.align import align_pair
from asrcli.runs.align_plan import AlignRequest
from asrcli.types import Region

PAUSE = 0.6  # seconds between sentences
SLACK = 0.3  # seconds that a word may begin or end beside its sentence
VOICES = ("rms", "slt", "awb")
TEXTED = (
    "The committee met on Tuesday to discuss the new plan for the harbour",
    "She carried the heavy basket all the way from the market to her house",
    "Nobody expected the train to arrive before the storm had passed",
    "My grandfather used to tell us stories about ships and sailors",
    "If you look carefully you can see the old bridge behind the trees",
    "We walked along the river until the sun went down",
    "They promised to repair the road before the end of the summer",
    "He opened the window because the room had become too warm",
    "The library closes at six on weekdays and at noon on Saturdays",
    "Please remember to turn off the lights when you leave the building",
)
OTHER = (
    "Yesterday a visitor from the north brought us news about the election",
    "The farmers were worried about the lack of rain in the spring",
    "Some of the soldiers had already returned to their families",
    "Music could be heard from the garden behind the hotel",
    "A new kind of battery may soon replace the one in your telephone",
    "Her brother sells used cars and repairs bicycles",
    "Without another word the stranger left the room and closed the door",
    "Thousands of birds fly over this island each autumn",
    "The bank refused to lend him any more money",
    "Nobody knows who built these walls or why they were abandoned",
    "The lake was frozen and the boys were skating on it",
    "They decided to spend their holidays in the mountains this time",
)
Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of speech; without a text it is what the aligner has to pass over."""

    samples: Samples
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One recording, and the kind of it."""

    kind: str
    parts: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one recording."""

    words: int
    lost: int  # not ``ok`` where they are said
    misplaced: int  # ``ok`` elsewhere
    listed: float  # share of the other speech that is listed as without text


@cache
def say(voice: str, text: str) -> Samples:
    """Return a sentence as flite says it, 16 kHz."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file.name], check=True)
        with wave.open(file.name) as made:
            return np.frombuffer(made.readframes(made.getnframes()), "<i2")


def texted(voice: str, count: int, first: int = 0) -> list[Said]:
    """Return sentences with their text."""
    chosen = (TEXTED[(first + at) % len(TEXTED)] for at in range(count))
    return [Said(say(voice, text), text) for text in chosen]


def other(voices: Sequence[str], seconds: float) -> list[Said]:
    """Return speech without text of about a length; of less than a sentence the beginning."""
    parts: list[Said] = []
    left = round(seconds * 16_000)
    for voice, text in zip(cycle(voices), cycle(OTHER), strict=False):
        parts.append(Said(say(voice, text)[:left]))
        left -= len(parts[-1].samples) + round(PAUSE * 16_000)
        if left < 16_000:
            return parts
    return parts


def cases() -> Iterator[Case]:
    """Yield the recordings."""
    for number, seconds in enumerate((5, 10, 20, 40, 80, 160, 300, 600)):
        voice = VOICES[number % 3]
        own, rest = texted(voice, 5, number), other([one for one in VOICES if one != voice], seconds)
        for at in (0, 2, 5):
            yield Case(f"{seconds} s of other voices", (*own[:at], *rest, *own[at:]))
    for voice in VOICES:
        for at, seconds in ((0, 5), (2, 16), (5, 40)):
            own = texted(voice, 5, at)
            yield Case("5, 16 and 40 s of the same voice", (*own[:at], *other([voice], seconds), *own[at:]))
        for at in (0, 3, 6, 9):
            some = [one if number == at else Said(one.samples) for number, one in enumerate(texted(voice, 10))]
            yield Case("one sentence of ten", tuple(some))
    for number, voice in enumerate(VOICES):
        rest = [Said(say(VOICES[number - 1], text)) for text in OTHER]
        for count in (8, 10):
            pairs = zip(texted(voice, count, number), rest, strict=False)
            yield Case("the text of one of two who speak in turn", tuple(part for pair in pairs for part in pair))
        for seconds in (5, 15, 30):
            own = texted(voice, 4, 2 * number)
            parts = [part for one in own for part in (*other(VOICES, seconds), one)]
            yield Case("5, 15 and 30 s before each sentence", tuple(parts))


def write(case: Case, folder: Path) -> list[Region]:
    """Write a recording and its text; return where each part lies."""
    spans, sounds, size = [], [], 0
    for part in case.parts:
        spans.append(Region(size / 16_000, (size + len(part.samples)) / 16_000))
        sounds += [part.samples, np.zeros(round(PAUSE * 16_000), np.int16)]
        size += len(part.samples) + len(sounds[-1])
    with wave.open(str(folder / "talk.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.concatenate(sounds).astype("<i2").tobytes())
    (folder / "talk.txt").write_text("\n".join(part.text for part in case.parts if part.text))
    return spans


def outcome(case: Case, aligner: PocketSphinxAligner, folder: Path) -> Outcome:
    """Align one recording with its text."""
    spans = write(case, folder)
    request = AlignRequest(pairs=(), language="en")
    made = align_pair(str(folder / "talk.wav"), str(folder / "talk.txt"), Pairing(aligner), request)
    places = [span for span, part in zip(spans, case.parts, strict=True) if part.text]
    lost = misplaced = 0
    for segment, span in zip(made.segments, places, strict=True):
        for word in segment.words:
            inside = span.start - SLACK <= word.start and word.end <= span.end + SLACK
            lost += word.status != "ok" or not inside
            misplaced += word.status == "ok" and not inside
    beside = [span for span, part in zip(spans, case.parts, strict=True) if not part.text]
    shares = [
        sum(max(0.0, min(one.end, span.end) - max(one.start, span.start)) for one in found for span in beside)
        for found in (made.gaps, made.speech or ())
    ]
    return Outcome(sum(len(one.words) for one in made.segments), lost, misplaced, shares[0] / shares[1])


def main() -> None:
    """Print the table."""
    aligner = PocketSphinxAligner(Weights("en-us", None), Device(threads=1))
    kinds: dict[str, list[Outcome]] = {}
    print("| other speech | cases | words | lost | `ok` elsewhere | other speech listed |\n|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as place:
        for case in cases():
            kinds.setdefault(case.kind, []).append(outcome(case, aligner, Path(place)))
    kinds["all"] = [one for own in kinds.values() for one in own]
    for kind, own in kinds.items():
        counts = (sum(getattr(one, name) for one in own) for name in ("words", "lost", "misplaced"))
        least, most = (f"{100 * limit(one.listed for one in own):.0f}" for limit in (min, max))
        print(f"| {kind} | {len(own)} | {' | '.join(f'{count:,}' for count in counts)} | {least} to {most} % |")


if __name__ == "__main__":
    main()
