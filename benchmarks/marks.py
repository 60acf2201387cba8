"""How many lost words gaps and flags find in several hard recordings together, and how many of these marks are false.

    python -m benchmarks.marks [--engines whisper:base,...] [--minutes 10] [--recordings a101,a605,...] [--keep FOLDER]

A recording is a half of `benchmarks.spoken` and a seed. False marks are few: their rate has the interval of a Poisson
count.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from asrcli.types import SAMPLE_RATE
from benchmarks.accuracy import KEPT
from benchmarks.lost import KEEP, Counts, System, count, write
from benchmarks.spoken import DISTURBED, OTHERWISE, made, voices

RECORDINGS = "a605,b606,c301,c603,c604,d401,d402,d501,d502,d601,d602"
COLUMNS = ("recordings", "minutes", "words lost", "found, %", "marks", "false", "an hour, 95 %")


def interval(events: int) -> tuple[float, float]:
    """Return the exact interval of 95 % of the mean of a Poisson count (Garwood 1936)."""
    from scipy.stats import chi2

    return (float(chi2.ppf(0.025, 2 * events)) / 2 if events else 0.0, float(chi2.ppf(0.975, 2 * events + 2)) / 2)


def row(name: str, counted: Sequence[Counts], seconds: float) -> str:
    """Return a row of the table: what was counted in several recordings together."""
    fields = ("lost", "found", "marks", "false")
    lost, found, marks, false = (sum(getattr(one, field) for one in counted) for field in fields)
    hours = seconds / 3600
    low, high = (end / hours for end in interval(false))
    rate = f"{false / hours:.1f} ({low:.1f} to {high:.1f})"
    return f"| {name} | {seconds / 60:.0f} | {lost} | {100 * found / max(1, lost):.1f} | {marks} | {false} | {rate} |"


def main() -> None:
    """Print a table for each engine: the recordings of each half, and all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default="whisper:base,whisper:tiny.en,moonshine:tiny-en")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long each recording is")
    parser.add_argument("--recordings", default=RECORDINGS, help="the letter of a half and a seed, each")
    parser.add_argument("--keep", type=Path, default=KEPT, help=KEEP)
    options = parser.parse_args()
    names = sorted(options.recordings.split(","))
    known = {half: voices(half) for half in sorted({name[0] for name in names})}
    for engine in options.engines.split(","):
        print(f"{engine}:\n\n| {' | '.join(COLUMNS)} |\n| --- |" + " ---: |" * (len(COLUMNS) - 1))
        counted: dict[str, list[Counts]] = {half: [] for half in known}
        seconds = dict.fromkeys(known, 0.0)
        for name in names:
            half, seed = name[0], int(name[1:])
            disturbed = OTHERWISE if half in "cd" else DISTURBED
            samples, said = made(60 * options.minutes, np.random.default_rng(seed), known[half], "hard", disturbed)
            keep = options.keep / f"hard-{options.minutes:g}-{seed}-{half}" if options.keep else None
            with tempfile.TemporaryDirectory() as folder:
                heard, _, _ = System(engine, engine).kept(write(Path(folder) / "made.wav", samples), keep)
            counted[half].append(count(said, heard))
            seconds[half] += len(samples) / SAMPLE_RATE
        for half, own in counted.items():
            print(row(f"half {half.upper()}", own, seconds[half]))
        print(row("all", [one for own in counted.values() for one in own], sum(seconds.values())) + "\n", flush=True)


if __name__ == "__main__":
    main()
