"""What several tests share."""

import os

# One thread per worker: with as many as cores in each of as many workers, threads spin while they wait for one another
# (ten times the processor time on a busy machine). Here, because numpy's BLAS reads it once, when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
