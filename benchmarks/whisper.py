"""The Whisper engine against faster-whisper's batched pipeline and against CTranslate2 alone, on the same clips.

faster-whisper's `BatchedInferencePipeline` is what ``whisper-ctranslate2 --batched True`` runs. Weights are random and
of the true shape, every window gets the same number of tokens, and the rivals take turns within one run.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from asr_plugins.whisper import Whisper

from asrcli.audio import decode as audio
from asrcli.engine import Device, Weights
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording
from benchmarks.random_whisper import make

DIGITS = Path(__file__).parent.parent / "tests/data/digits"
CLIPS = 8
BATCH = 8
TOKENS = 75  # per 30 s window; English speech needs 75 to 110
ROUNDS = 3
THREADS = os.cpu_count() or 1


def clips(seconds: float) -> list[Clip]:
    """Return `CLIPS` clips of speech of one length, no two alike."""
    spoken = np.concatenate(
        [
            block
            for path in sorted(DIGITS.glob("*.wav"))
            for block in audio.decode(Recording(str(path)), warn=lambda text: None)
        ]
    )
    size = round(seconds * SAMPLE_RATE)
    return [Clip(Recording(f"{number}"), 0.0, np.roll(spoken, -number * 7919)[:size].copy()) for number in range(CLIPS)]


def bare(model: Any, heard: Sequence[Clip]) -> None:
    """Run features, encoder and greedy search with no library around CTranslate2."""
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.transcribe import Tokenizer

    tokenizer = Tokenizer(model.hf_tokenizer, True, task="transcribe", language="en")
    for start in range(0, len(heard), BATCH):
        part = heard[start : start + BATCH]
        features = np.stack([pad_or_trim(model.feature_extractor(clip.samples)[..., :-1]) for clip in part])
        model.model.generate(
            model.encode(features),
            [tokenizer.sot_sequence] * len(part),
            beam_size=1,
            max_length=2 * TOKENS,  # CTranslate2 writes half of it
            return_scores=True,
            return_no_speech_prob=True,
        )


def pipeline(model: Any, heard: Sequence[Clip], words: bool) -> None:
    """Run faster-whisper's batched pipeline on the same clips, laid end to end."""
    from faster_whisper import BatchedInferencePipeline

    seconds = heard[0].seconds
    stretches = [{"start": number * seconds, "end": (number + 1) * seconds} for number in range(len(heard))]
    found, _ = BatchedInferencePipeline(model).transcribe(
        np.concatenate([clip.samples for clip in heard]),
        language="en",
        beam_size=1,
        batch_size=BATCH,
        clip_timestamps=stretches,
        without_timestamps=False,
        word_timestamps=words,
        max_new_tokens=2 * TOKENS - 3,  # it adds the prompt's three tokens, and CTranslate2 writes half of the sum
    )
    list(found)


def turns(rivals: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Return the times of each rival in seconds; they take turns, so a busy moment of the machine hits all."""
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(ROUNDS):
        for name, run in rivals.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return times


def measure(name: str, folder: Path, seconds: float) -> list[str]:
    """Return the rows of one model."""
    engine = Whisper(Weights(name, str(make(name, folder)), "random"), Device("cpu", 0, "float32", THREADS))
    model, heard = engine._model, clips(seconds)
    options = Options(language="en", beam_size=1, temperature=(0.0,), max_new_tokens=TOKENS)
    with_words = Options(**{**dict(options.given()), "word_timestamps": True})
    times = turns(
        {
            "CTranslate2 alone": lambda: bare(model, heard),
            "faster-whisper, batched": lambda: pipeline(model, heard, words=False),
            "asr": lambda: _run(engine, heard, options),
            "faster-whisper, batched, words": lambda: pipeline(model, heard, words=True),
            "asr, words": lambda: _run(engine, heard, with_words),
        }
    )
    total = sum(clip.seconds for clip in heard)
    alone = times["CTranslate2 alone"]
    rows = []
    for rival, took in times.items():
        ratio = median(own / base for own, base in zip(took, alone, strict=True))
        rows.append(
            f"| {name}, {seconds:.0f} s clips | {rival} | {min(took):.2f} | {total / min(took):.1f} | {ratio:.2f} |"
        )
    return rows


def _run(engine: Whisper, heard: Sequence[Clip], options: Options) -> None:
    for start in range(0, len(heard), BATCH):
        engine.transcribe(heard[start : start + BATCH], options)


def main() -> None:
    """Print the section."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds in (("tiny", 30.0), ("tiny", 6.0), ("base", 30.0)):
            rows += measure(name, Path(folder), seconds)
    print("## Whisper engine\n")
    print(
        f"`python -m benchmarks.whisper` on {platform.machine()}, {THREADS} threads, no GPU: random weights of the "
        f"true shape, float32, greedy, {TOKENS} tokens in every window, {CLIPS} clips in batches of {BATCH}; the "
        f"best time and the median ratio of {ROUNDS} rounds in turns. Features are computed inside every time.\n"
    )
    print("| model | program | seconds | times real time | ratio to CTranslate2 alone |\n|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
