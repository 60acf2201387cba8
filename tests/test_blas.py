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
PRODUCTS = """
import hashlib, json, sys
import numpy as np
from asrcli.base.blas import pin_threads
rng = np.random.default_rng(0)
pairs = [(rng.random((80, 201), np.float32), rng.random((201, frames), np.float32)) for frames in (101, 500, 3000)]
digest = lambda: hashlib.sha256(b"".join((one @ other).tobytes() for one, other in pairs)).hexdigest()
before = digest()
told = pin_threads()
try:
    from threadpoolctl import threadpool_info
except ImportError:
    seen = None
else:
    seen = [one["num_threads"] for one in threadpool_info() if one["internal_api"] == "openblas"]
print(json.dumps([told, seen, before, digest()]))
"""


def products(threads: str) -> tuple[int, list[int] | None, str, str]:
    """Return how many libraries were told, their threads as another program sees them, and hashes of products.

    The one hash is from before that, the other from after it.
    """
    command = [sys.executable, "-c", PRODUCTS]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    told, seen, before, after = json.loads(done.stdout)
    return told, seen, before, after


@pytest.mark.slow
def test_products_do_not_depend_on_the_environment() -> None:
    """Whether they did before depends on the kernels for this processor: with those of Haswell and Zen, yes."""
    (told, _, one, pinned), (_, seen, _, also_pinned) = products("1"), products("2")
    if not told:
        pytest.skip("numpy multiplies with another library than OpenBLAS here")
    assert pinned == also_pinned == one
    assert seen in (None, [1] * told)


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
        environment = {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        for count in (0, 1, 2, 3):
            out = tmp_path / f"{threads}-{count}"
            done = asr(*words, "-o", out, "--workers", count, **environment)
            assert done.code == 0, done.err
            found.append({path.name: path.read_bytes() for path in out.glob("*.json")})
    assert len(found[0]) == 6 and found.count(found[0]) == len(found)
