"""How well each engine whose weights are here hears people, and how much CPU it takes, beside bare faster-whisper.

Real speech: the clips kept beside the repository and those in the moonshine-voice wheel, each in eight roundings, so
that a coin's toss decides no row. Every system hears all of them in one process of one thread, one system after the
other; CPU seconds are an eighth of those of the whole process, with its start.
An interrupt ends the run with the systems that are done. `python -m benchmarks.accuracy NAME ...` runs those alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import platform
import resource
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TypeVar

import numpy as np

from asrcli.engine import load_class
from asrcli.text.normalisers import build
from asrcli.weights import models
from benchmarks.repeats import Scores, write_rounded

HOME = Path(__file__).parent.parent
AUDIO = Path(os.environ.get("ASR_TEST_SHARED", HOME.parent / "shared")) / "audio"
RATE = 16_000
QUIET_SECONDS = 30
LONGEST = 1800  # seconds of one system
KEPT = os.environ.get("ASR_LOST_KEEP")  # folder for what each system heard: another run goes on from there
T = TypeVar("T")
Heard = tuple[list[list[str]], float]  # the texts of each hearing, and the CPU seconds of one
TIMES = 8  # hearings of each recording, every one in another rounding
LESS = "`asr` minus this one, points, 95 %"

IN_WHEEL = {  # Dickens 1859; Beckett, a line
    "two_cities": "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of "
    "foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of light, it was the "
    "season of darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we "
    "had nothing before us, we were all going direct to heaven, we were all going direct the other way. In short, "
    "the period was so far like the present period, that some of its noisiest authorities insisted on its being "
    "received, for good or for evil, in the superlative degree of comparison only.",
    "beckett": "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.",
}

BARE = """
import json, sys
from faster_whisper import BatchedInferencePipeline, WhisperModel
folder, how, beam, *files = sys.argv[1:]
model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
if how == "batched":
    model = BatchedInferencePipeline(model)
for file in files:
    segments, _ = model.transcribe(file, beam_size=int(beam))
    print(json.dumps(" ".join(segment.text for segment in segments)), flush=True)
"""


def kept(file: Path, hear: Callable[[], T]) -> T:
    """Return what was heard, from a file of an earlier run where there is one."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(hear()))
    found: T = pickle.loads(file.read_bytes())
    return found


@dataclass(frozen=True)
class System:
    """One way to hear files: the engine in `asr`, or the model of an engine in bare faster-whisper."""

    name: str
    model: str  # ENGINE:MODEL, whose weights must be here
    bare: tuple[str, str] | None = None  # "sequential" or "batched", and the beam

    def command(self, files: list[Path], folder: Path) -> list[str]:
        """Return what hears the files."""
        engine, _, model = self.model.partition(":")
        if self.bare is None:
            more = ["-e", self.model, "-t", "1", "-f", "txt", "-o", str(folder), "--force"]
            return [sys.executable, "-m", "asrcli", "transcribe", "-q", *map(str, files), *more]
        weights = models.resolve(load_class(engine), model, offline=True, pull=False, announce=print)
        return [sys.executable, "-c", BARE, str(weights.path), *self.bare, *map(str, files)]

    def hear(self, files: list[Path]) -> tuple[list[str], float]:
        """Return the text of each file, and the CPU seconds; from a file of an earlier run where that is kept."""
        if KEPT is None:
            return self.heard(files)
        same = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        name = "-".join([self.model, *(self.bare or ("asr",)), same[:12]])
        return kept(Path(KEPT) / f"{name}.pickle".replace(":", "-"), lambda: self.heard(files))

    def heard(self, files: list[Path]) -> tuple[list[str], float]:
        """Return the text of each file, and the CPU seconds."""
        with tempfile.TemporaryDirectory() as folder:
            command = self.command(files, Path(folder))
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            done = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **one}, timeout=LONGEST
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if self.bare is not None:
                texts = [str(json.loads(line)) for line in done.stdout.splitlines()]
            else:
                texts = [(Path(folder) / f"{file.stem}.txt").read_text().replace("\n", " ") for file in files]
        return texts, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


SYSTEMS = [
    System("`asr`, whisper:base", "whisper:base"),
    System("faster-whisper base, beam 5", "whisper:base", ("sequential", "5")),
    System("faster-whisper base, greedy", "whisper:base", ("sequential", "1")),
    System("faster-whisper base, batched, beam 5", "whisper:base", ("batched", "5")),
    System("`asr`, whisper:tiny.en", "whisper:tiny.en"),
    System("faster-whisper tiny.en, beam 5", "whisper:tiny.en", ("sequential", "5")),
    System("faster-whisper tiny.en, greedy", "whisper:tiny.en", ("sequential", "1")),
    System("faster-whisper tiny.en, batched, beam 5", "whisper:tiny.en", ("batched", "5")),
    System("`asr`, moonshine:tiny-en", "moonshine:tiny-en"),
    System("`asr`, pocketsphinx", "pocketsphinx:en-us"),
]


def english() -> dict[Path, str]:
    """Return recordings of English with their texts."""
    found = {path: path.with_suffix(".txt").read_text() for path in sorted((AUDIO / "librivox").glob("*.wav"))}
    spoken = AUDIO / "alignment/cold_corpus.wav"
    if spoken.exists():
        found[spoken] = spoken.with_suffix(".lab").read_text()
    for name, text in IN_WHEEL.items():
        path = Path(str(distribution("moonshine-voice").locate_file(f"moonshine_voice/assets/{name}.wav")))
        if path.exists():
            found[path] = text
    return found


def mandarin() -> dict[Path, str]:
    """Return recordings of Mandarin with their texts."""
    folder = AUDIO / "mandarin"
    lines = (folder / "text").read_text().splitlines() if folder.exists() else []
    texts = {name: text for name, _, text in (line.partition(" ") for line in lines)}
    return {path: texts[path.stem] for path in sorted(folder.glob("*.wav")) if path.stem in texts}


def quiet(folder: Path) -> list[Path]:
    """Write half a minute of each sound in which nobody speaks."""
    clock = np.arange(QUIET_SECONDS * RATE) / RATE
    noise = np.random.default_rng(0).standard_normal(len(clock))
    hum = sum(np.sin(2 * np.pi * 50 * times * clock) / times for times in (1, 2, 3, 5))
    sounds = {
        "silence": 0 * clock,
        **{f"white{level}": noise * 10 ** (level / 20) for level in (-20, -40, -60)},
        "hum": 0.1 * hum,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * clock),
    }
    for name, sound in sounds.items():
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return [folder / f"{name}.wav" for name in sounds]


def main(names: list[str]) -> None:
    """Run the systems and print the section of the page."""
    chosen = [one for one in SYSTEMS if not names or any(name in one.name for name in names)]
    here = [one for one in chosen if models.is_here(load_class(one.model.split(":")[0]), one.model.split(":")[1])]
    spoken, chinese = english(), mandarin()
    heard: dict[System, Heard] = {}
    characters: dict[System, Heard] = {}
    written: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        files, others, sounds = (
            write_rounded(Path(folder, "en"), list(spoken), TIMES),
            write_rounded(Path(folder, "zh"), list(chinese), TIMES),
            quiet(Path(folder)),
        )
        try:
            for one in here:
                heard[one] = several(one, files, len(spoken))
                if one.bare is None:
                    found = zip(sounds, one.hear(sounds)[0], strict=True)
                    written[one.name] = ", ".join(
                        f"{file.stem}: {text.strip()}" for file, text in found if text.strip()
                    )
            for one in here:
                if one.model == "whisper:base" and chinese:
                    characters[one] = several(one, others, len(chinese))
        except KeyboardInterrupt:
            print("interrupted: what is done so far", file=sys.stderr)
    if heard:
        show(heard, written, list(spoken.values()))
    if characters:
        show_mandarin(characters, list(chinese.values()))


def several(system: System, files: list[Path], recordings: int) -> Heard:
    """Return the texts of each hearing, and the CPU seconds of one."""
    texts, took = system.hear(files)
    print(system.name, round(took, 1), json.dumps(texts, ensure_ascii=False), file=sys.stderr, flush=True)
    return [texts[at : at + recordings] for at in range(0, len(texts), recordings)], took / TIMES


def rows(scores: Scores, heard: Mapping[System, Heard]) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each system, its errors and rate, and the rate of `asr` with the same weights minus its own."""
    systems = list(heard)
    for number, one in enumerate(systems):
        totals = scores.totals[number]
        errors = f"{totals.mean():.1f} | {totals.min()} to {totals.max()} | {scores.rate(number)}"
        own = next(
            (row for row, other in enumerate(systems) if other.model == one.model and other.bare is None), number
        )
        yield one.name, errors, "" if own == number else scores.minus(own, number)


def show(heard: Mapping[System, Heard], written: Mapping[str, str], references: list[str]) -> None:
    """Print the tables of English and of sounds without speech."""
    normalise = build("whisper-en")

    def counted(recordings: int) -> Scores:
        texts = [[once[:recordings] for once in every] for every, _ in heard.values()]
        return Scores.of(lambda text: normalise(text).split(), texts, references[:recordings])

    everything, librivox = counted(len(references)), counted(5)
    print(f"{platform.machine()}, one thread, int8, {TIMES} hearings; `python -m benchmarks.accuracy`\n")
    print(
        f"| English | errors of {everything.words} | fewest to most | WER %, 95 % | LibriVox, WER % | {LESS} | CPU s |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number, (name, errors, less) in enumerate(rows(everything, heard)):
        seconds = list(heard.values())[number][1]
        print(f"| {name} | {errors} | {100 * float(librivox.spread.rates[number]):.1f} | {less} | {seconds:.1f} |")
    print(
        f"\n{QUIET_SECONDS} s each of digital silence, white noise at -20, -40 and -60 dB, hum and a tone of 440 Hz:\n"
    )
    print("| engine | text written |\n| --- | --- |")
    for name, text in written.items():
        print(f"| {name} | {text or 'none'} |")


def show_mandarin(heard: Mapping[System, Heard], references: list[str]) -> None:
    """Print the table of Mandarin, whose language each system finds out by itself."""
    normalise = build("asr", "zh-hans")
    scores = Scores.of(
        lambda text: list(normalise(text).replace(" ", "")), [every for every, _ in heard.values()], references
    )
    print(f"\n| Mandarin | errors of {scores.words} | fewest to most | CER %, 95 % | {LESS} | CPU s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for (name, errors, less), (_, seconds) in zip(rows(scores, heard), heard.values(), strict=True):
        print(f"| {name} | {errors} | {less} | {seconds:.1f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
