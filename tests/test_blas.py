"""Features do not depend on how many threads numpy may multiply with: on cores, workers or the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import Run

DIGITS = Path(__file__).parent / "data/digits"
CHECKPOINT = Path(__file__).parent / "checkpoints/whisper-digits-ct2"
# Kernels on which the number of threads decides: those of most machines, whatever this one is.
KERNELS = {"OPENBLAS_CORETYPE": "Haswell"}
PRODUCTS = """
import hashlib, json, sys
import numpy as np
from asrcli.base.blas import pin_threads
rng = np.random.default_rng(0)
pairs = [(rng.random((80, 201), np.float32), rng.random((201, frames), np.float32)) for frames in (101, 500, 3000)]
digest = lambda: hashlib.sha256(b"".join((one @ other).tobytes() for one, other in pairs)).hexdigest()
before = digest()
print(json.dumps([pin_threads(), before, digest()]))
"""


def products(threads: str) -> tuple[int, str, str]:
    """Return how many libraries were told, and the hash of products before that and after it."""
    environment = {**os.environ, **KERNELS, "OPENBLAS_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", PRODUCTS], env=environment, capture_output=True, check=True, timeout=60
    )
    told, before, after = json.loads(done.stdout)
    return told, before, after


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core: one thread")
def test_products_do_not_depend_on_the_environment() -> None:
    (told, one, pinned), (_, two, also_pinned) = products("1"), products("2")
    if not told or one == two:
        pytest.skip("numpy's library here gives the same with one thread and with two")
    assert pinned == also_pinned == one


@pytest.mark.slow
def test_whisper_gives_the_same_bytes_with_any_number_of_workers(asr: Run, tmp_path: Path) -> None:
    recordings = sorted(DIGITS.glob("*.wav"))[:6]
    words = [
        "transcribe",
        *recordings,
        "-e",
        "whisper",
        "-m",
        CHECKPOINT,
        "-l",
        "en",
        "-f",
        "json",
        "--word-timestamps",
    ]
    found = []
    for threads in ("1", "2"):
        environment = {**KERNELS, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        for count in (0, 1, 2, 3):
            out = tmp_path / f"{threads}-{count}"
            done = asr(*words, "-o", out, "--workers", count, **environment)
            assert done.code == 0, done.err
            found.append({path.name: path.read_bytes() for path in out.glob("*.json")})
    assert len(found[0]) == 6 and found.count(found[0]) == len(found)
