"""Errors of `asr` and of faster-whisper in sequence over several recordings of ten minutes, with paired intervals.

    python -m benchmarks.pooled [--seeds 2] [--engines whisper:base] [--keep FOLDER]

The recordings are those of `benchmarks.lost` with other seeds. Ten minutes have 1,300 words, so one is 0.1 % of them.
Intervals rest on utterances as units: how far the speech of other people differs is not in them.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from asrcli.scoring.intervals import jackknife
from asrcli.text.normalisers import build
from asrcli.types import Transcript
from benchmarks.accuracy import KEPT
from benchmarks.lost import KEEP, MATERIAL, System, judge, write
from benchmarks.repeats import attributed, ends
from benchmarks.spoken import Said, made, people

HOWS = ("asr", "sequential")
COLUMNS = (
    *("recordings", "words", "`asr`: errors", "%, 95 %", "words lost", "CPU s"),
    *("faster-whisper: errors", "%, 95 %", "words lost", "CPU s", "difference, points, 95 %"),
)


def errors(said: Sequence[Said], heard: Transcript) -> tuple[list[int], list[int]]:
    """Return the errors and the words of each utterance."""
    normalise = build("whisper-en")
    words = [normalise(one.text).split() for one in said]
    return attributed(words, normalise(heard.text).split()), [len(own) for own in words]


def row(name: str, said: Sequence[Sequence[Said]], found: Sequence[Sequence[tuple[Transcript, float, float]]]) -> str:
    """Return a row of the table: recordings with what each of two systems heard in them."""
    counted = [[errors(own, heard[number][0]) for own, heard in zip(said, found, strict=True)] for number in (0, 1)]
    wrong = np.array([[one for own, _ in system for one in own] for system in counted], np.int64)
    lengths = np.array([[one for _, own in system for one in own] for system in counted], np.int64)
    spread = jackknife(wrong, lengths)
    cells = [name, str(int(lengths[0].sum()))]
    for number in (0, 1):
        lost = sum(len(judge(own, heard[number][0].segments).lost) for own, heard in zip(said, found, strict=True))
        spent = sum(heard[number][1] for heard in found)
        rate = f"{100 * float(spread.rates[number]):.1f} ({ends(spread.interval(number))})"
        cells += [str(int(wrong[number].sum())), rate, str(lost), f"{spent:.0f}"]
    less = 100 * float(spread.rates[0] - spread.rates[1])
    return f"| {' | '.join([*cells, f'{less:+.1f} ({ends(spread.difference(0, 1))})'])} |"


def main() -> None:
    """Print the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2, help="recordings of each kind")
    parser.add_argument("--kind", choices=MATERIAL, action="append", help="which recordings (ordinary and copies)")
    parser.add_argument("--engines", default="whisper:base")
    parser.add_argument("--keep", type=Path, default=KEPT, help=KEEP)
    options = parser.parse_args()
    known = people()
    print(f"{platform.machine()}, one thread, int8; `python -m benchmarks.pooled --seeds {options.seeds}`\n")
    print("| " + " | ".join(COLUMNS) + " |\n| --- |" + " ---: |" * (len(COLUMNS) - 1))
    for engine in options.engines.split(","):
        everything: tuple[list[Sequence[Said]], list[list[tuple[Transcript, float, float]]]] = ([], [])
        for kind in options.kind or ("ordinary", "copies"):
            said, found = [], []
            minutes, first, _ = MATERIAL[kind]
            for seed in range(first, first + options.seeds):
                samples, own = made(60 * minutes, np.random.default_rng(seed), known, kind)
                keep = Path(options.keep) / f"{kind}-{minutes:g}-{seed}-all" if options.keep else None
                with tempfile.TemporaryDirectory() as folder:
                    path = write(Path(folder) / "made.wav", samples)
                    found.append([System(how, engine, how).kept(path, keep) for how in HOWS])
                said.append(own)
            print(row(f"{engine}, {kind}, {options.seeds} from seed {first}", said, found), flush=True)
            everything[0].extend(said)
            everything[1].extend(found)
        print(row(f"{engine}, all", *everything), flush=True)


if __name__ == "__main__":
    main()
