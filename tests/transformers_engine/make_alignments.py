"""Write what torchaudio's ``forced_align`` finds for random emissions: the oracle of tests/test_ctc_aligner.py.

    python tests/transformers_engine/make_alignments.py tests/data/ctc/forced_align.npz

Run with torchaudio 2.11, in an environment where its C++ library loads. The emissions are made again by the test, from
the same seeds, so the file holds nothing but the first and last frame of every label.
"""

from __future__ import annotations

import sys

import numpy as np

CASES = 60


def case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return emissions (frames, tokens), in double precision against ties, and labels, many of them in pairs."""
    random = np.random.default_rng(seed)
    frames = int(random.integers(8, 300))
    tokens = int(random.integers(3, 40))
    scores = random.standard_normal((frames, tokens)) * 3
    log_probs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    labels = random.integers(1, tokens, int(random.integers(1, max(2, frames // 2))))
    if seed % 3 == 0:
        labels = np.repeat(labels, 2)[: max(1, frames // 4)]
    return log_probs, labels


def main() -> None:
    """Align every case that fits and save the spans."""
    import torch
    import torchaudio

    spans = {}
    for seed in range(CASES):
        log_probs, labels = case(seed)
        if len(labels) + int((labels[1:] == labels[:-1]).sum()) > len(log_probs):
            continue
        path, scores = torchaudio.functional.forced_align(
            torch.from_numpy(log_probs)[None], torch.from_numpy(labels)[None], blank=0
        )
        found = torchaudio.functional.merge_tokens(path[0], scores[0].exp())
        spans[str(seed)] = np.array([(one.start, one.end) for one in found], dtype=np.int32)
    np.savez_compressed(sys.argv[1], **spans)


if __name__ == "__main__":
    main()
