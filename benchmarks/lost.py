"""How many of the words that an engine loses are found by gaps and flags, and how many of these are false.

    python -m benchmarks.lost [--minutes 10] [--seed 0] [--engines whisper:tiny.en,...]

The recording is made here: real clips with known text (those of `benchmarks.accuracy`) and sentences of flite's voices,
at levels from 0 to -40 dB, some in noise, with pauses, beeps and a tune between. A word is **lost** in a run of at
least three words of the reference of which none is written near its utterance. It is **found** when its place lies in a
gap or a flagged segment. A gap or flagged segment in which no word is lost is **false**.

Beside each Whisper: bare faster-whisper and, when it is installed (WHISPER_CTRANSLATE2 may name its program),
whisper-ctranslate2, with the same weights. CPU seconds and memory are those of whole processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from asrcli.audio.decode import decode
from asrcli.engine import load_class
from asrcli.formats.json import read_transcript
from asrcli.pipeline.flags import merge
from asrcli.scoring.alignment import align
from asrcli.text.normalisers import build
from asrcli.types import SAMPLE_RATE, Recording, Region, Segment, Transcript
from asrcli.weights import models
from benchmarks.accuracy import english

OTHER = os.environ.get("WHISPER_CTRANSLATE2", "whisper-ctranslate2")
RUN = 3  # words in a row of which none is heard
NEAR = 1.5  # seconds around an utterance in which its words may be written
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


def timed_words(transcript: Transcript, normalise: Callable[[str], str]) -> Iterator[tuple[str, float]]:
    """Yield the words written, and about when each was said: its share of its segment."""
    for one in transcript.segments:
        words = normalise(one.text).split()
        for number, word in enumerate(words):
            yield word, one.start + (one.end - one.start) * (number + 0.5) / len(words)


def lost_words(said: Sequence[Said], transcript: Transcript) -> Iterator[list[float]]:
    """Yield the places, in seconds, of the words of each run that is lost."""
    normalise = build("whisper-en")
    places, heard = [], []
    written = list(timed_words(transcript, normalise))
    for one in said:
        own = normalise(one.text).split()
        places += [one.start + (one.end - one.start) * (number + 0.5) / len(own) for number in range(len(own))]
        near = [word for word, at in written if one.start - NEAR <= at <= one.end + NEAR]
        (moves,) = align([own], [near])
        heard += [move == ord("=") for move in moves if move != ord("I")]
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


BARE = """
import json, sys
from faster_whisper import BatchedInferencePipeline, WhisperModel
folder, file, how = sys.argv[1:]
model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
model = BatchedInferencePipeline(model) if how == "batched" else model
segments, _ = model.transcribe(file, language="en", beam_size=5)
print(json.dumps([[one.start, one.end, one.text] for one in segments]))
"""


@dataclass(frozen=True)
class System:
    """One way to hear a file: an engine in `asr`, or another program with the same weights."""

    name: str
    model: str  # ENGINE:MODEL
    how: str = "asr"  # or "sequential", "batched" (bare faster-whisper), or "ctranslate2" (whisper-ctranslate2)

    def command(self, path: Path, folder: Path) -> list[str]:
        """Return what hears a file."""
        if self.how == "asr":
            more = ["-e", self.model, "-l", "en", "-t", "1", "-f", "json", "-o", str(folder)]
            return [sys.executable, "-m", "asrcli", "transcribe", "-q", str(path), *more]
        engine, _, model = self.model.partition(":")
        weights = models.resolve(load_class(engine), model, offline=True, pull=False, announce=print)
        if self.how == "ctranslate2":
            more = ["--model_directory", str(weights.path), "--compute_type", "int8", "--threads", "1"]
            more += ["--language", "en", "--output_format", "json", "--output_dir", str(folder)]
            return [OTHER, str(path), *more]
        return [sys.executable, "-c", BARE, str(weights.path), str(path), self.how]

    def hear(self, path: Path) -> tuple[Transcript, float, float]:
        """Return the transcript, the CPU seconds, and the megabytes at the most, of the whole process."""
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as out:
            command = self.command(path, Path(folder))
            one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            started = subprocess.Popen(command, stdout=out, env={**os.environ, **one})
            _, status, used = os.wait4(started.pid, 0)
            started.returncode = os.waitstatus_to_exitcode(status)
            if started.returncode:
                raise subprocess.CalledProcessError(started.returncode, command)
            out.seek(0)
            made = Path(folder) / f"{path.stem}.json"
            heard = read_transcript(made) if self.how == "asr" else _foreign(made, out.read())
        return heard, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _foreign(made: Path, printed: str) -> Transcript:
    """Return the transcript of another program, which has no gaps and no flags."""
    if made.exists():
        rows = [(one["start"], one["end"], one["text"]) for one in json.loads(made.read_text())["segments"]]
    else:
        rows = json.loads(printed)
    segments = tuple(Segment(text.strip(), start, end) for start, end, text in rows)
    return Transcript(Recording(str(made)), segments, "whisper")


def row(system: System, said: Sequence[Said], path: Path, seconds: float) -> str:
    """Hear the recording and return a row of the table."""
    heard, spent, megabytes = system.hear(path)
    normalise = build("whisper-en")
    words = [word for one in said for word in normalise(one.text).split()]
    (moves,) = align([words], [normalise(heard.text).split()])
    wrong, deleted = sum(move != ord("=") for move in moves), moves.count(b"D")
    lost, found, all_marks, false = count(said, heard)
    share = (
        f"{found} ({100 * found / lost:.0f} %) | {all_marks} | {false / seconds * 3600:.0f}" if lost else "- | - | -"
    )
    told = share if system.how == "asr" else "none | - | -"
    rate = f"{100 * wrong / len(words):.1f} | {deleted} | {lost}"
    return f"| {system.name} | {rate} | {told} | {spent:.0f} | {megabytes:.0f} |"


def systems(engines: Sequence[str]) -> Iterator[System]:
    """Yield the engines whose weights are here, each beside the other programs that run the same weights."""
    for engine in engines:
        name, _, model = engine.partition(":")
        if not models.is_here(load_class(name), model):
            continue
        yield System(f"`asr`, {engine}", engine)
        if name == "whisper":
            yield System(f"faster-whisper {model}, sequential", engine, "sequential")
            yield System(f"faster-whisper {model}, batched", engine, "batched")
            if shutil.which(OTHER):
                yield System(f"whisper-ctranslate2 {model}", engine, "ctranslate2")


def main() -> None:
    """Print a section of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engines", default="whisper:base,whisper:tiny.en,moonshine:tiny-en")
    options = parser.parse_args()
    samples, said = made(options.minutes * 60, np.random.default_rng(options.seed))
    seconds = len(samples) / SAMPLE_RATE
    words = sum(len(build("whisper-en")(one.text).split()) for one in said)
    print(f"{platform.machine()}, one thread, int8: {seconds / 60:.0f} minutes, {words} words.\n")
    print("| system | WER % | deletions | words lost | of these found | gaps and flags | false an hour | CPU s | MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            file.writeframes((samples * 32767).astype("<i2").tobytes())
        for system in systems(options.engines.split(",")):
            print(row(system, said, path, seconds), flush=True)


if __name__ == "__main__":
    main()
