"""How many of the words that an engine loses are found by gaps and flags, and how many of these are false.

    python -m benchmarks.lost [--minutes 10] [--engines whisper:tiny.en,...]

The recording is made here: real clips with known text (those of `benchmarks.accuracy`) and sentences of flite's voices,
at levels from 0 to -40 dB, some in noise, with pauses, beeps and a tune between. A word is **lost** in a run of at
least three words of the reference of which none is heard. It is **found** when its place lies in a gap or a flagged
segment. A gap or flagged segment in which no word is lost is **false**.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from asrcli import transcribe
from asrcli.audio.decode import decode
from asrcli.pipeline.flags import merge
from asrcli.scoring.alignment import align
from asrcli.text.normalisers import build
from asrcli.types import SAMPLE_RATE, Recording, Region, Transcript
from benchmarks.accuracy import english

RUN = 3  # words in a row of which none is heard
SLACK = 0.5  # seconds: the place of a word is known from its share of its clip
SENTENCES = (
    "The train to the coast leaves from the third platform at half past nine.",
    "Nobody had told them that the bridge was closed for repairs until the spring.",
    "She put the letters back into the drawer and locked it with a small brass key.",
    "Most of the harvest was lost when the river came over its banks in September.",
    "If you want to be heard at the back of the hall, speak slowly and look up.",
)
VOICES = ("slt", "rms", "awb", "kal")
LEVELS = (0, -10, -20, -30, -40)  # dB
NOISES = (None, None, 20, 10, 0, -5)  # dB of speech over white noise


@dataclass(frozen=True)
class Said:
    """One utterance of a made recording."""

    text: str
    start: float
    end: float


def utterances() -> list[tuple[Any, str]]:
    """Return samples at their own level, and text."""
    found = [(_load(path), text) for path, text in english().items()]
    if shutil.which("flite"):
        with tempfile.TemporaryDirectory() as folder:
            for number, text in enumerate(SENTENCES * len(VOICES)):
                path = Path(folder) / f"{number}.wav"
                subprocess.run(["flite", "-voice", VOICES[number % len(VOICES)], "-t", text, str(path)], check=True)
                found.append((_load(path), text))
    return found


def _load(path: Path) -> Any:
    return np.concatenate(list(decode(Recording(str(path)), print)))


def made(seconds: float, random: np.random.Generator) -> tuple[Any, list[Said]]:
    """Return a recording of about a length, and what is said when."""
    known, pieces, said, at = utterances(), [], [], 0.0
    while at < seconds:
        for number in random.permutation(len(known)):
            samples, text = known[number]
            samples = samples / np.abs(samples).max() * 0.7 * 10 ** (random.choice(LEVELS) / 20)
            noise = random.choice(np.array(NOISES, object))
            if noise is not None:
                samples = samples + random.normal(0, samples.std() * 10 ** (-noise / 20), len(samples))
            between = _between(float(random.choice([0.3, 0.6, 1.0, 2.5, 5.0])), random)
            start = at + len(between) / SAMPLE_RATE
            at = start + len(samples) / SAMPLE_RATE
            pieces += [between, samples]
            said.append(Said(text, start, at))
            if at > seconds:
                break
    whole = np.concatenate(pieces)
    return np.clip(whole + random.normal(0, 10 ** (-70 / 20), len(whole)), -1, 1), said


def _between(seconds: float, random: np.random.Generator) -> Any:
    """Return a pause: silence, or now and then beeps or a tune."""
    clock = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    kind = random.integers(6)
    if kind == 0:
        return 0.1 * np.sin(2 * np.pi * 900 * clock) * (clock % 0.8 < 0.2)
    if kind == 1:
        pitch = 2.0 ** (random.integers(0, 12, len(clock) // 4000 + 1).repeat(4000)[: len(clock)] / 12)
        return 0.1 * np.sin(2 * np.pi * 262 * np.cumsum(pitch) / SAMPLE_RATE) * np.exp(-(clock % 0.25) * 6)
    return 0 * clock


def marks(transcript: Transcript) -> list[Region]:
    """Return the gaps and flagged segments of a transcript."""
    flagged = [Region(one.start, one.end) for one in transcript.segments if one.flags]
    return [*transcript.gaps, *flagged]


def lost_words(said: Sequence[Said], transcript: Transcript) -> Iterator[list[float]]:
    """Yield the places, in seconds, of the words of each run that is lost."""
    normalise = build("whisper-en")
    places, words = [], []
    for one in said:
        own = normalise(one.text).split()
        words += own
        places += [one.start + (one.end - one.start) * (number + 0.5) / len(own) for number in range(len(own))]
    (moves,) = align([words], [normalise(transcript.text).split()])
    heard = [move == ord("=") for move in moves if move != ord("I")]
    for right, run in groupby(zip(heard, places, strict=True), key=lambda one: one[0]):
        own_places = [place for _, place in run]
        if not right and len(own_places) >= RUN:
            yield own_places


def count(said: Sequence[Said], transcript: Transcript) -> tuple[int, int, int, int]:
    """Return how many words are lost, how many of them found, how many marks there are, and how many are false."""
    places = [place for run in lost_words(said, transcript) for place in run]
    regions = [Region(one.start - SLACK, one.end + SLACK) for one in marks(transcript)]
    inside = merge(regions)
    found = sum(any(one.start <= place <= one.end for one in inside) for place in places)
    false = sum(not any(one.start <= place <= one.end for place in places) for one in regions)
    return len(places), found, len(regions), false


def main() -> None:
    """Print a section of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--engines", default="whisper:base,whisper:tiny.en,moonshine:tiny-en")
    options = parser.parse_args()
    samples, said = made(options.minutes * 60, np.random.default_rng(0))
    seconds = len(samples) / SAMPLE_RATE
    print(f"{seconds / 60:.0f} minutes made by `python -m benchmarks.lost --minutes {options.minutes:g}`.\n")
    print("| engine | words | lost | found by gaps and flags | gaps and flags | false, per hour |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            file.writeframes((samples * 32767).astype("<i2").tobytes())
        for engine in options.engines.split(","):
            name, _, model = engine.partition(":")
            (heard,) = transcribe(path, engine=name, model=model, language="en", threads=1)
            lost, found, all_marks, false = count(said, heard)
            words = sum(len(build("whisper-en")(one.text).split()) for one in said)
            share = f"{100 * found / lost:.0f} %" if lost else "-"
            print(f"| {engine} | {words} | {lost} | {found} ({share}) | {all_marks} | {false / seconds * 3600:.0f} |")


if __name__ == "__main__":
    main()
