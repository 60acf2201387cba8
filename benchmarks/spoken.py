"""Recordings with known text for `benchmarks.lost`: voices at other levels, disturbed, with pauses, beeps and tunes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner

from asrcli.alignment.windows import Pairing
from asrcli.bench.sounds import babble, mix, music, read_samples, telephone, white, write_samples
from asrcli.engine import Device, Weights
from asrcli.runs.align import align_pair
from asrcli.runs.align_plan import AlignRequest
from asrcli.types import SAMPLE_RATE
from benchmarks.accuracy import english

Normalise = Callable[[str], str]

SENTENCES = (
    "The train to the coast leaves from the third platform at half past nine.",
    "Nobody had told them that the bridge was closed for repairs until the spring.",
    "She put the letters back into the drawer and locked it with a small brass key.",
    "Most of the harvest was lost when the river came over its banks in September.",
    "If you want to be heard at the back of the hall, speak slowly and look up.",
    "The committee met on Tuesday to discuss the new plan for the harbour.",
    "She carried the heavy basket all the way from the market to her house.",
    "My grandfather used to tell us stories about ships and sailors.",
    "They promised to repair the road before the end of the summer.",
    "He opened the window because the room had become too warm.",
    "The library closes at six on weekdays and at noon on Saturdays.",
    "Please remember to turn off the lights when you leave the building.",
    "Yesterday a visitor from the north brought us news about the election.",
    "The farmers were worried about the lack of rain in the spring.",
    "Without another word the stranger left the room and closed the door.",
    "Thousands of birds fly over this island each autumn.",
    "The lake was frozen and the boys were skating on it.",
    "Her brother sells used cars and repairs bicycles.",
    "They decided to spend their holidays in the mountains this time.",
    "Nobody knows who built these walls or why they were abandoned.",
)
OTHER_SENTENCES = (
    "The doctor will not be in his office before Thursday afternoon.",
    "We walked along the canal until the street lamps came on.",
    "There was a smell of fresh bread in front of the bakery.",
    "The old captain never spoke about the storm that took his ship.",
    "Every child in the village knew the way to the mill.",
    "A letter arrived this morning with no name on the envelope.",
    "The judge asked the witness to repeat what she had seen.",
    "Please bring two copies of the contract and a passport.",
    "In the end they sold the piano to pay for the roof.",
    "The second half of the concert was much better than the first.",
    "Nothing grows on this side of the hill because of the wind.",
    "When the bell rang the pupils ran out into the yard.",
    "His uncle had worked in the coal mines for thirty years.",
    "The museum shows paintings from the seventeenth century.",
    "She learned to play chess from a retired soldier.",
    "The price of sugar has doubled since last winter.",
    "Before sunrise the fishermen pushed their boats into the water.",
    "You can leave your coat and your umbrella in the hall.",
    "The engineer explained why the machine had stopped twice.",
    "A narrow path leads from the church down to the beach.",
)
VOICES = ("slt", "rms", "awb", "kal")
LEVELS = (0, -10, -20, -30, -40)  # dB
BEFORE = (0.3, 0.6, 1.0, 2.5, 5.0)  # seconds before an utterance
# What is done to an utterance, and how many dB the speech is above it. A third is left alone.
DISTURBED: tuple[tuple[str, float], ...] = (
    *4 * (("nothing", 0),),
    *(("white", ratio) for ratio in (20.0, 10.0, 0.0, -5.0)),
    ("telephone", 0),
    ("music", 5.0),
    ("babble", 5.0),
    ("bursts", -10.0),
)
COPIES = ("as it is", "as it is", "telephone", "noise", "MP3")
PAUSES = (0.5, 5.0)  # seconds before a copy
TAPES = (0.95, 1.05)  # how much faster it runs
NOISE = (20.0, 30.0)  # dB below it
GAINS = (-20.0, 0.0)  # dB
OTHERWISE: tuple[tuple[str, float], ...] = (
    *4 * (("nothing", 0),),
    *(("white", ratio) for ratio in (15.0, 7.0, 2.0, -3.0)),
    ("telephone", 0),
    ("music", 3.0),
    ("babble", 4.0),
    ("bursts", -8.0),
)
# Of each half: the real recordings, what flite says, and with which voices.
HALVES: dict[str, tuple[slice, tuple[str, ...], tuple[str, ...]]] = {
    "a": (slice(0, None, 2), SENTENCES, ("slt", "awb")),
    "b": (slice(1, None, 2), SENTENCES, ("rms", "kal")),
    "c": (slice(0, None, 2), OTHER_SENTENCES, ("kal", "rms")),
    "d": (slice(1, None, 2), OTHER_SENTENCES, ("awb", "slt")),
    "all": (slice(None), SENTENCES, VOICES),
}


@dataclass(frozen=True, slots=True)
class Voice:
    """An utterance at its own level."""

    samples: Any
    text: str
    places: tuple[float, ...] | None = None  # seconds at which each word of the text is said, where that is known


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance of a made recording."""

    text: str
    start: float
    end: float
    places: tuple[float, ...] | None = None

    def words(self, normalise: Normalise) -> list[tuple[str, float]]:
        """Return the normalised words, each with about when it is said."""
        if self.places is not None:
            timed = zip(self.text.split(), self.places, strict=True)
            return [(one, place) for word, place in timed for one in normalise(word).split()]
        own = normalise(self.text).split()
        step = (self.end - self.start) / max(1, len(own))
        return [(word, self.start + (number + 0.5) * step) for number, word in enumerate(own)]


def people(chosen: slice = slice(None)) -> list[Voice]:
    """Return the real recordings, or some of them."""
    aligner = PocketSphinxAligner(Weights("en-us", None), Device(threads=1))
    return [_placed(path, text, aligner) for path, text in list(english().items())[chosen]]


def voices(half: str) -> list[Voice]:
    """Return real recordings and flite's sentences: those of half "a", "b", "c" or "d", or "all" of the first two."""
    chosen, sentences, speakers = HALVES[half]
    found = people(chosen)
    if shutil.which("flite"):
        with tempfile.TemporaryDirectory() as folder:
            for number, text in enumerate(sentences):
                for voice in speakers if half != "all" else speakers[number % len(speakers) :][:1]:
                    path = Path(folder) / f"{number}-{voice}.wav"
                    subprocess.run(["flite", "-voice", voice, "-t", text, str(path)], check=True)
                    found.append(Voice(read_samples(str(path)), text))
    return found


def _placed(path: Path, text: str, aligner: PocketSphinxAligner) -> Voice:
    """Return a recording whose words are timed by the aligner: people pause, and shares of a clip are seconds off."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "text.txt"
        plain.write_text(" ".join(text.split()))
        made = align_pair(str(path), str(plain), Pairing(aligner), AlignRequest(pairs=(), language="en"))
    words = [word for segment in made.segments for word in segment.words]
    text = " ".join(word.text for word in words)
    return Voice(read_samples(str(path)), text, tuple((word.start + word.end) / 2 for word in words))


def made(
    seconds: float,
    random: np.random.Generator,
    known: Sequence[Voice],
    kind: str = "hard",
    disturbed: Sequence[tuple[str, float]] = DISTURBED,
) -> tuple[Any, list[Said]]:
    """Return a recording of about a length, and what is said when.

    Args:
        seconds: how long it is at least.
        random: in what order, after which pauses, and how disturbed.
        known: what is said in it.
        kind: "hard" (other levels, disturbances, and beeps and tunes in the pauses), "ordinary" (as it was recorded),
            or "copies": each time in another copy of that, and all others between, so that the text before, which other
            programs go by, does not give it away.
        disturbed: by what, where it is hard.
    """
    pieces, said, at = [], [], 0.0
    order: Any = None
    while at < seconds:
        order = random.permutation(len(known)) if order is None or kind != "copies" else order
        for number in order:
            voice = known[number]
            samples = voice.samples
            rate = 1.0
            if kind == "hard":
                samples = _disturbed(samples, known, disturbed, random)
                samples = samples / np.abs(samples).max() * 0.7 * 10 ** (random.choice(LEVELS) / 20)
            elif kind == "copies":
                samples, rate = _copied(samples, random)
            pause = float(random.uniform(*PAUSES) if kind == "copies" else random.choice(BEFORE))
            between = _between(pause, random) if kind == "hard" else np.zeros(round(pause * SAMPLE_RATE))
            start = at + len(between) / SAMPLE_RATE
            at = start + len(samples) / SAMPLE_RATE
            pieces += [between, samples]
            places = None if voice.places is None else tuple(start + place / rate for place in voice.places)
            said.append(Said(voice.text, start, at, places))
            if at > seconds:
                break
    whole = np.concatenate(pieces)
    return np.clip(whole + random.normal(0, 10 ** (-70 / 20), len(whole)), -1, 1), said


def _copied(samples: Any, random: np.random.Generator) -> tuple[Any, float]:
    """Return an utterance as another tape, line or file has it, and how much faster that runs."""
    rate = float(random.uniform(*TAPES))
    heard = np.interp(np.arange(0, len(samples) - 1, rate), np.arange(len(samples)), samples).astype(np.float32)
    kind = COPIES[int(random.integers(len(COPIES)))]
    if kind == "telephone":
        heard = telephone(heard)
    elif kind == "noise":
        heard = mix(heard, white(len(heard), int(random.integers(1 << 30))), float(random.uniform(*NOISE)))
    elif kind == "MP3":
        heard = _encoded(heard)
    return heard * 10 ** (random.uniform(*GAINS) / 20), rate


def _encoded(samples: Any) -> Any:
    """Return samples that went through an MP3 of 24 kbit/s."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_samples(Path(folder) / "one.wav", samples)
        subprocess.run(["ffmpeg", "-loglevel", "error", "-i", path, "-b:a", "24k", f"{path}.mp3"], check=True)
        return read_samples(f"{path}.mp3")[: len(samples)]


def _disturbed(
    samples: Any, known: Sequence[Voice], disturbed: Sequence[tuple[str, float]], random: np.random.Generator
) -> Any:
    """Return an utterance as it is heard in noise, music or talk, over a telephone, or with blows on the microphone."""
    kind, ratio = disturbed[int(random.integers(len(disturbed)))]
    seed, length = int(random.integers(1 << 30)), len(samples)
    if kind == "nothing":
        return samples
    if kind == "telephone":
        return telephone(samples)
    if kind == "white":
        return mix(samples, white(length, seed), ratio)
    if kind == "music":
        return mix(samples, music(length, seed), ratio)
    if kind == "babble":
        return mix(samples, babble(length, [one.samples for one in known], seed), ratio)
    loud = samples.std() * 10 ** (-ratio / 20)
    struck = samples.copy()
    for begin in random.uniform(0, length, 1 + length // (4 * SAMPLE_RATE)).astype(int):
        burst = struck[begin : begin + int(random.uniform(0.2, 1.2) * SAMPLE_RATE)]
        burst += random.normal(0, loud, len(burst)).astype(np.float32)
    return struck


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
