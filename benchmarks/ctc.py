"""The Viterbi search of the aligner `ctc` against torchaudio's ``forced_align``, on the same emissions.

    python benchmarks/ctc.py [--rounds 15]

torchaudio must be one whose C++ library loads with the torch at hand; without it ours is timed alone. Both run on one
thread and one after the other in every round; the table has medians. Ours is given the emissions as numpy arrays and
torchaudio as tensors, so neither converts anything. Ours returns where each label is and how well it fits, for which
torchaudio needs ``merge_tokens`` as well; it is timed alone and with that.
"""

from __future__ import annotations

import argparse
import gc
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
    Work("letters, 3 s", 1, 150, 32, 45),
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
    gc.disable()  # what one of them leaves behind would be cleared away in the time of another
    oracle = forced_align()
    print(
        f"## ctc: Viterbi, {platform.machine()} CPU, one thread, torch {torch.__version__}, "
        f"load {os.getloadavg()[0]:.1f}\n"
    )
    typed = " ".join(["python -m benchmarks.ctc", *sys.argv[1:]])
    print(f"`{typed}`; milliseconds of processor time, medians of {options.rounds} rounds.\n")
    print(
        "| work | ours | torchaudio | with spans | ours / torchaudio | with spans | peak memory of ours | same paths |"
    )
    print("|---|---|---|---|---|---|---|---|")
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
    spans: list[float] = []
    for _ in range(rounds):
        ours.append(seconds(lambda: align_batch(arrays, lists, 0)))
        if oracle is not None:
            theirs.append(seconds(lambda: aligned(oracle, tensors, targets)))
            spans.append(seconds(lambda: [merged(one) for one in aligned(oracle, tensors, targets)]))
    tracemalloc.start()
    paths = align_batch(arrays, lists, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    memory = f"{peak / 2**20:.1f} MiB"
    if oracle is None:
        return f"| {work.name} | {1e3 * median(ours):.2f} | not here | | | | {memory} | |"
    same = sum(agrees(path, merged(one)) for path, one in zip(paths, aligned(oracle, tensors, targets), strict=True))
    times = [1e3 * median(one) for one in (ours, theirs, spans)]
    ratios = [times[0] / one for one in times[1:]]
    cells = [work.name, *(f"{one:.2f}" for one in times + ratios), memory, f"{same} of {work.clips}"]
    return f"| {' | '.join(cells)} |"


def aligned(oracle: Callable[..., Any], tensors: torch.Tensor, targets: torch.Tensor) -> list[Any]:
    """Return what torchaudio finds for each clip: it takes one at a time."""
    return [oracle(tensors[one : one + 1], targets[one : one + 1]) for one in range(len(tensors))]


def merged(found: Any) -> Any:
    """Return torchaudio's spans of the labels."""
    import torchaudio

    return torchaudio.functional.merge_tokens(found[0][0], found[1][0])


def seconds(work: Callable[[], Any]) -> float:
    """Return the processor time of a call: the machine may be busy with other things.

    The call is made twice, the first time to bring its code and data back into the caches.
    """
    work()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def agrees(path: Any, spans: Any) -> bool:
    """Return whether both paths have the same labels in the same frames."""
    return [(one.start, one.end) for one in spans] == list(zip(path.firsts.tolist(), path.pasts.tolist(), strict=True))


if __name__ == "__main__":
    main()
