"""Engine `transformers`: its transducer search against the library's ``generate``, on the same encoder and clips.

    python benchmarks/transformers.py [--rounds 7]

The models are the tiny trained Parakeets of tests/checkpoints, which hear real digits: the search is most of the work,
as it is for the published models once the encoder runs on a GPU. Not measured on a GPU.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
import transformers
from asr_plugins.transformers_models.catalogue import Kind
from asr_plugins.transformers_models.transducer import TransducerModel

from asrcli.audio import decode as audio
from asrcli.types import Recording
from asrcli.weights.plain import quiet

TESTS = Path(__file__).parent.parent / "tests"


def main() -> None:
    """Print a markdown section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"## transformers: transducers, {platform.machine()} CPU, one thread, torch {torch.__version__}, "
        f"transformers {transformers.__version__}, load {os.getloadavg()[0]:.1f}\n"
    )
    typed = " ".join(["python -m benchmarks.transformers", *sys.argv[1:]])
    print(f"`{typed}`; milliseconds of processor time, medians of {options.rounds} rounds.\n")
    print("| model | clips at once | ours | `generate` | `generate` / ours | same text |")
    print("|---|---|---|---|---|---|")
    for kind in (Kind.TDT, Kind.RNNT):
        for clips in (1, 24):
            print(row(kind, clips, options.rounds))


def row(kind: Kind, count: int, rounds: int) -> str:
    """Time one model on so many clips at once and return a line of the table."""
    folder = TESTS / f"checkpoints/parakeet-{kind.value}-digits"
    samples = [read(path) for path in sorted((TESTS / "data/digits").glob("*.wav"))[:count]]
    with quiet():
        model = TransducerModel(folder, kind, torch.device("cpu"), torch.float32)
        processor = transformers.AutoProcessor.from_pretrained(folder)

        def theirs() -> list[str]:
            inputs = processor(samples, sampling_rate=16_000)
            config = model.network.config
            # The published models suppress the outputs for durations; the argmax would take them for tokens.
            durations = list(range(config.vocab_size, config.vocab_size + len(model.durations)))
            with torch.inference_mode():
                written = model.network.generate(
                    **inputs,
                    decoder_start_token_id=config.blank_token_id,
                    suppress_tokens=durations or None,
                    max_new_tokens=1000,
                )
            return [str(text).strip() for text in processor.batch_decode(written.sequences, skip_special_tokens=True)]

        def ours() -> list[str]:
            heard = model.transcribe(samples)
            return ["".join(model.vocabulary.surface(one.token) for one in spans).strip() for spans, _ in heard]

        same = sum(one == other for one, other in zip(ours(), theirs(), strict=True))
        times = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    own, other = (1e3 * median(column) for column in zip(*times, strict=True))
    return f"| {kind.value} | {count} | {own:.0f} | {other:.0f} | {other / own:.1f} | {same} of {count} |"


def read(path: Path) -> Any:
    """Return the samples of a file."""
    import numpy as np

    return np.concatenate(list(audio.decode(Recording(str(path)), warn=lambda text: None)))


def seconds(work: Callable[[], Any]) -> float:
    """Return the processor time of a call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
