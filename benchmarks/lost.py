"""How many of the words that an engine loses are found by gaps and flags, and how many of these are false.

    python -m benchmarks.lost [--kind hard] [--minutes 10] [--seed 0] [--half all] [--engines whisper:tiny.en,...]

`benchmarks.spoken` makes the recordings; "hard" ones are disturbed and have flite's voices, too.
A word is **lost** in a run of at least three words of the reference of which none is written near its utterance.
It is **found** when its place lies in a gap or a flagged segment. Of these marks
one is **false** where nothing is wrong: every word said there is written, and every word written there was said. One
over a wrong word or two is no false one, but has no lost words; it is counted beside. Fillers ("uh") are no words.

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asrcli.engine import load_class
from asrcli.formats.json import read_transcript
from asrcli.pipeline.flags import merge
from asrcli.scoring.alignment import align
from asrcli.text.normalisers import build
from asrcli.types import SAMPLE_RATE, Recording, Region, Segment, Transcript
from asrcli.weights import models
from benchmarks.accuracy import KEPT, kept
from benchmarks.spoken import DISTURBED, HALVES, OTHERWISE, Said, made, people, voices

if TYPE_CHECKING:
    from asrcli.types import Samples

OTHER = os.environ.get("WHISPER_CTRANSLATE2", "whisper-ctranslate2")
COLUMNS = (
    *("system", "WER %", "deletions", "words lost", "of these found"),
    *("gaps and flags", "false an hour", "without a lost word", "CPU s", "MB"),
)
MATERIAL = {  # minutes, seed, and what it is
    "hard": (5.0, 3, "voices at several levels, two thirds of them disturbed, with beeps and tunes in the pauses"),
    "ordinary": (10.0, 0, "the English recordings as they are, in any order, with pauses of 0.3 to 5 s"),
    "copies": (10.0, 1, "copies of them (level, tape, telephone, MP3, noise), in one order, with pauses of 0.5 to 5 s"),
}
KEEP = "folder for what each program heard: another run goes on from there (ASR_LOST_KEEP)"
RUN = 3  # words in a row of which none is heard
NEAR = 1.5  # seconds around an utterance in which its words may be written
SLACK = 0.5  # seconds: the place of a word is known from its share of its clip


@dataclass(frozen=True, slots=True)
class Judged:
    """How a transcript fares against what was said."""

    lost: tuple[float, ...]  # the places, in seconds, of the words in runs of which none is written
    unheard: tuple[float, ...]  # the places of all words that are not written where they are said
    wrong: frozenset[int]  # the segments, by number, in which a word stands that nobody said there


def judge(said: Sequence[Said], segments: Sequence[Segment]) -> Judged:
    """Compare what was said with what is written near it."""
    normalise = build("whisper-en")
    written: list[tuple[str, float, int]] = []
    for number, one in enumerate(segments):
        words = normalise(one.text).split()
        step = (one.end - one.start) / max(1, len(words))
        written += [(word, one.start + (place + 0.5) * step, number) for place, word in enumerate(words)]
    places: list[tuple[float, bool]] = []
    right: set[int] = set()
    for one in said:
        own = one.words(normalise)
        near = [row for row, (_, at, _) in enumerate(written) if one.start - NEAR <= at <= one.end + NEAR]
        (moves,) = align([[word for word, _ in own]], [[written[row][0] for row in near]])
        spoken, heard = iter(own), iter(near)
        for move in moves:
            row = next(heard) if move != ord("D") else None
            if move != ord("I"):
                places.append((next(spoken)[1], move == ord("=")))
            if move == ord("=") and row is not None:
                right.add(row)
    runs = [[place for place, _ in run] for ok, run in groupby(places, key=lambda one: one[1]) if not ok]
    wrong = frozenset(number for row, (_, _, number) in enumerate(written) if row not in right)
    lost = tuple(place for run in runs if len(run) >= RUN for place in run)
    return Judged(lost, tuple(place for place, ok in places if not ok), wrong)


@dataclass(frozen=True, slots=True)
class Counts:
    """What gaps and flags are worth."""

    lost: int  # words
    found: int  # of these, in a gap or a flagged segment
    marks: int  # gaps and flagged segments
    false: int  # of these, with nothing wrong in them
    slight: int  # of these, with no lost word in them


def count(said: Sequence[Said], transcript: Transcript) -> Counts:
    """Return how many words are lost, how many of them found, how many marks there are, and how many are false."""
    judged = judge(said, transcript.segments)
    marked = [(one, True) for one in transcript.gaps]
    for number, segment in enumerate(transcript.segments):
        if segment.flags:
            marked.append((Region(segment.start, segment.end), number not in judged.wrong))
    wide = [Region(one.start - SLACK, one.end + SLACK) for one, _ in marked]
    inside = merge(wide)
    found = sum(any(one.start <= place <= one.end for one in inside) for place in judged.lost)
    without = [not any(one.start <= place <= one.end for place in judged.lost) for one in wide]
    clean = [
        fine and not any(region.start <= place <= region.end for place in judged.unheard)
        for region, (_, fine) in zip(wide, marked, strict=True)
    ]
    return Counts(len(judged.lost), found, len(marked), sum(clean), sum(without))


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

    def kept(self, path: Path, keep: Path | None) -> tuple[Transcript, float, float]:
        """Return what `hear` does, from a file of an earlier run where there is one."""
        if keep is None:
            return self.hear(path)
        return kept(keep / f"{self.model}-{self.how}.pickle".replace(":", "-"), lambda: self.hear(path))

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


def row(system: System, said: Sequence[Said], found: tuple[Transcript, float, float], seconds: float) -> str:
    """Return a row of the table."""
    heard, spent, megabytes = found
    normalise = build("whisper-en")
    words = [word for one in said for word, _ in one.words(normalise)]
    (moves,) = align([words], [normalise(heard.text).split()])
    wrong, deleted = sum(move != ord("=") for move in moves), moves.count(b"D")
    own = count(said, heard)
    told = "none | - | - | -"
    if system.how == "asr":
        hourly = (f"{number / seconds * 3600:.1f}" for number in (own.false, own.slight))
        told = f"{own.found} ({100 * own.found / max(1, own.lost):.0f} %) | {own.marks} | {' | '.join(hourly)}"
    rate = f"{100 * wrong / len(words):.1f} | {deleted} | {own.lost}"
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
    """Print the section of the page: a table for each recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=MATERIAL, action="append", help="which recordings (all)")
    parser.add_argument("--minutes", type=float, help="how long each is (5 of hard, 10 of others)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--half", choices=tuple(HALVES), default="all", help="of the voices and recordings")
    parser.add_argument("--engines", default="whisper:base,whisper:tiny.en,moonshine:tiny-en")
    parser.add_argument("--hows", default="asr,sequential,batched,ctranslate2", help="which programs")
    parser.add_argument("--keep", type=Path, default=KEPT, help=KEEP)
    options = parser.parse_args()
    for kind in options.kind or MATERIAL:
        usual, seed, what = MATERIAL[kind]
        seconds = 60 * (options.minutes or usual)
        seed = seed if options.seed is None else options.seed
        known = voices(options.half) if kind == "hard" else people()
        disturbed = OTHERWISE if options.half in ("c", "d") else DISTURBED
        samples, said = made(seconds, np.random.default_rng(seed), known, kind, disturbed)
        chosen = [one for one in systems(options.engines.split(",")) if one.how in options.hows.split(",")]
        keep = Path(options.keep) / f"{kind}-{seconds / 60:g}-{seed}-{options.half}" if options.keep else None
        print(f"{platform.machine()}, one thread, int8: {what} (`--kind {kind} --seed {seed}`).\n")
        table(samples, said, chosen, keep)


def write(path: Path, samples: Samples) -> Path:
    """Write samples as a WAV file and return its path."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def table(samples: Samples, said: Sequence[Said], chosen: Sequence[System], keep: Path | None) -> None:
    """Print what each program makes of a recording."""
    seconds = len(samples) / SAMPLE_RATE
    words = sum(len(one.words(build("whisper-en"))) for one in said)
    print(f"{seconds / 60:.0f} minutes, {words} words:\n")
    print("| " + " | ".join(COLUMNS) + " |\n| --- |" + " ---: |" * (len(COLUMNS) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "made.wav", samples)
        for system in chosen:
            print(row(system, said, system.kept(path, keep), seconds), flush=True)
    print(flush=True)


if __name__ == "__main__":
    main()
