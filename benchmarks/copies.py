"""The recordings of `benchmarks.accuracy` in five copies, by Whisper in `asr` and in bare faster-whisper, beam 5.

Of one copy a word more or less is chance: other rounding of the same samples moves the counts by as much.
"""

from __future__ import annotations

import platform
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asrcli.bench.sounds import mix, read_samples, telephone, white, write_samples
from asrcli.text.normalisers import build
from benchmarks.accuracy import LESS, System, english, mandarin
from benchmarks.repeats import Scores

if TYPE_CHECKING:
    from asrcli.types import Samples

FAINT = 10 ** (-25 / 20), 10 ** (-75 / 20)  # of the speech, and RMS of the noise
COPIES: dict[str, Callable[[Samples, int], Samples]] = {
    "16 bits": lambda one, seed: (np.round(one * 32767) / 32768).astype(np.float32),
    "telephone": lambda one, seed: telephone(one),
    "MP3": lambda one, seed: one,
    "noise": lambda one, seed: mix(one, white(len(one), seed), 20),
    "quiet": lambda one, seed: one * np.float32(FAINT[0]) + np.float32(FAINT[1]) * drawn(len(one), seed),
}
HOWS: dict[str, tuple[str, str] | None] = {"`asr`": None, "faster-whisper": ("sequential", "5")}


def drawn(length: int, seed: int) -> Samples:
    """Return white noise of RMS 1."""
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32)


def copied(folder: Path, originals: list[Path]) -> dict[str, list[Path]]:
    """Write all copies of recordings and return their paths."""
    found: dict[str, list[Path]] = {}
    for name, change in COPIES.items():
        for number, path in enumerate(originals):
            copy = write_samples(folder / name / f"{number}.wav", change(read_samples(str(path)), number))
            if name == "MP3":
                command = ["ffmpeg", "-loglevel", "error", "-i", str(copy), "-b:a", "24k", f"{copy}.mp3"]
                subprocess.run(command, check=True, timeout=600)
                copy = Path(f"{copy}.mp3")
            found.setdefault(name, []).append(copy)
    return found


def main() -> None:
    """Print the section of the page."""
    print(f"{platform.machine()}, one thread, int8; `python -m benchmarks.copies`\n")
    columns = ["errors", "of", *COPIES, "all", "%, 95 %", LESS, "CPU s"]
    print(f"| {' | '.join(columns)} |\n| --- |{' ---: |' * (len(columns) - 1)}")
    words, characters = build("whisper-en"), build("asr", "zh-hans")
    sets: dict[str, tuple[dict[Path, str], Callable[[str], list[str]], tuple[str, ...]]] = {
        "English": (english(), lambda text: words(text).split(), ("base", "tiny.en")),
        "Mandarin": (mandarin(), lambda text: list(characters(text).replace(" ", "")), ("base",)),
    }
    with tempfile.TemporaryDirectory() as folder:
        for language, (texts, cut, models) in sets.items():
            copies = copied(Path(folder, language), list(texts))
            for model in models if copies else ():
                heard = [
                    [System("", f"whisper:{model}", bare).hear(paths) for paths in copies.values()]
                    for bare in HOWS.values()
                ]
                scores = Scores.of(cut, [[text for text, _ in own] for own in heard], list(texts.values()))
                for number, name in enumerate(HOWS):
                    errors = scores.totals[number]
                    row = [f"{name}, {model}, {language}", scores.words, *errors, errors.sum(), scores.rate(number)]
                    row += [scores.minus(0, number) if number else "", round(sum(took for _, took in heard[number]))]
                    print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
