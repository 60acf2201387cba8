"""The Viterbi search of the aligner `ctc` against torchaudio's ``forced_align``, on the same emissions.

    python benchmarks/ctc.py [--rounds 15]

torchaudio must be one whose C++ library loads with the torch at hand; without it ours is timed alone. Both run on one
thread and one after the other in every round; the table has medians. Ours is given the emissions as numpy arrays and
torchaudio as tensors, so neither converts anything.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import torch
from asr_plugins.transformers_models.viterbi import align_batch


@dataclass(frozen=True)
class Work:
    """What is aligned: how many clips, and frames, tokens of the vocabulary and labels of each."""

    name: str
    clips: int
    frames: int
    tokens: int
    labels: int


# 15 letters, or 5 word pieces, a second; wav2vec 2.0 has 50 frames a second and 32 letters, Parakeet 12.5 and 1,025.
WORKLOADS = (
    Work("letters, 8 s", 1, 400, 32, 120),
    Work("letters, 30 s", 1, 1500, 32, 450),
    Work("letters, 60 s", 1, 3000, 32, 900),
    Work("letters, 16 clips of 8 s", 16, 400, 32, 120),
    Work("letters, 8 clips of 30 s", 8, 1500, 32, 450),
    Work("pieces, 30 s", 1, 375, 1025, 150),
    Work("pieces, 16 clips of 30 s", 16, 375, 1025, 150),
)


def main() -> None:
    """Print a markdown section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    oracle = forced_align()
    print(
        f"## ctc: Viterbi, {platform.machine()} CPU, one thread, torch {torch.__version__}, "
        f"load {os.getloadavg()[0]:.1f}\n"
    )
    typed = " ".join(["python -m benchmarks.ctc", *sys.argv[1:]])
    print(f"`{typed}`; milliseconds of processor time, medians of {options.rounds} rounds.\n")
    print("| work | ours | torchaudio | ours / torchaudio | peak memory of ours | same paths |")
    print("|---|---|---|---|---|---|")
    for work in WORKLOADS:
        print(row(work, oracle, options.rounds))


def forced_align() -> Callable[..., Any] | None:
    """Return torchaudio's function, or None when its library does not load."""
    try:
        import torchaudio

        function: Callable[..., Any] = torchaudio.functional.forced_align
        function(torch.zeros(1, 2, 2), torch.tensor([[1]]))
    except (ImportError, OSError, RuntimeError, AttributeError):
        return None
    return function


def row(work: Work, oracle: Callable[..., Any] | None, rounds: int) -> str:
    """Time one workload and return a line of the table."""
    random = np.random.default_rng(0)
    shape = (work.clips, work.frames, work.tokens)
    tensors = torch.log_softmax(torch.from_numpy(random.standard_normal(shape).astype(np.float32) * 3), -1)
    labels = random.integers(1, work.tokens, (work.clips, work.labels))
    targets, arrays, lists = torch.from_numpy(labels), list(tensors.numpy()), labels.tolist()
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(rounds):
        ours.append(seconds(lambda: align_batch(arrays, lists, 0)))
        if oracle is not None:
            theirs.append(
                seconds(lambda: [oracle(tensors[one : one + 1], targets[one : one + 1]) for one in range(work.clips)])
            )
    tracemalloc.start()
    paths = align_batch(arrays, lists, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cells = [work.name, f"{1e3 * median(ours):.2f}"]
    if oracle is None:
        cells += ["not here", "", f"{peak / 2**20:.1f} MiB", ""]
    else:
        same = sum(
            agrees(path, oracle(tensors[one : one + 1], targets[one : one + 1])) for one, path in enumerate(paths)
        )
        ratio = median(ours) / median(theirs)
        cells += [f"{1e3 * median(theirs):.2f}", f"{ratio:.2f}", f"{peak / 2**20:.1f} MiB", f"{same} of {work.clips}"]
    return f"| {' | '.join(cells)} |"


def seconds(work: Callable[[], Any]) -> float:
    """Return the processor time of a call: the machine may be busy with other things."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def agrees(path: Any, theirs: Any) -> bool:
    """Return whether both paths have the same labels in the same frames."""
    import torchaudio

    spans = torchaudio.functional.merge_tokens(theirs[0][0], theirs[1][0])
    return [(one.start, one.end) for one in spans] == list(zip(path.firsts.tolist(), path.pasts.tolist(), strict=True))


if __name__ == "__main__":
    main()
