"""Time decoding, voice activity and cutting against faster-whisper's, side by side in one run.

    python -m benchmarks.audio [--minutes 10] [--repeats 3]

The recording is the repository's spoken digits, joined with pauses. Everything runs in one thread of Python, as one
decoding thread of the pipeline does. Each pair of numbers is the median of alternating runs.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from asrcli.audio.cut import CutOptions, CutSummary, cut
from asrcli.audio.decode import decode
from asrcli.audio.vad import VadOptions, speech_regions
from asrcli.types import SAMPLE_RATE, Recording

DIGITS = Path(__file__).parent.parent / "tests/data/digits"
FORMATS = (
    ("wav, 16 kHz mono", "a.wav", "pcm_s16le", 16_000, 1),
    ("wav, 44.1 kHz stereo", "b.wav", "pcm_s16le", 44_100, 2),
    ("flac, 44.1 kHz stereo", "a.flac", "flac", 44_100, 2),
    ("mp3, 44.1 kHz stereo", "a.mp3", "libmp3lame", 44_100, 2),
    ("m4a (aac), 44.1 kHz stereo", "a.m4a", "aac", 44_100, 2),
    ("opus, 48 kHz mono", "a.opus", "libopus", 48_000, 1),
)


def main() -> None:
    """Print a markdown section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the decoded files")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    talk = speech()
    print("## Reading audio: decoding, voice activity, cutting\n")
    print(f"`python -m benchmarks.audio --minutes {options.minutes:g} --repeats {options.repeats}` on")
    print(f"{machine()}.")
    what = "seconds of audio per second of one processor"
    print(f"Numbers are times real time ({what}), median. Measured on the CPU only.\n")
    decoding(talk, options.minutes * 60, options.repeats)
    finding(np.resize(talk, round(options.minutes * 60 * SAMPLE_RATE)), options.repeats)
    cutting(talk)


def machine() -> str:
    """Return what it ran on, with the load, since others may have been using the cores."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {load}"


def speech() -> Any:
    """Return about two minutes of digits with pauses of 0.1 to 1.5 s, float32 `(n,)`."""
    random = np.random.default_rng(0)
    pieces = []
    for path in sorted(DIGITS.glob("*.wav")):
        pieces += list(decode(Recording(str(path)), print))
        pieces.append(
            random.normal(0, 1e-3, round(random.choice([0.1, 0.4, 0.8, 1.5]) * SAMPLE_RATE)).astype(np.float32)
        )
    return np.concatenate(pieces)


def decoding(talk: Any, seconds: float, repeats: int) -> None:
    """Print how fast files of several formats become samples."""
    from faster_whisper.audio import decode_audio

    from tests.audio_files import encode

    print("| decode | asr | faster-whisper `decode_audio` | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for title, name, codec, rate, count in FORMATS:
            samples = np.resize(talk, round(seconds * SAMPLE_RATE))
            raised = np.interp(
                np.arange(round(seconds * rate)) * (SAMPLE_RATE / rate), np.arange(len(samples)), samples
            )
            path = str(encode(Path(folder) / name, np.stack([raised] * count, axis=1), rate, codec))
            compare(title, seconds, repeats, lambda path=path: ours(path), lambda path=path: decode_audio(path))  # type: ignore[misc]


def ours(path: str) -> int:
    """Decode a file as the pipeline does, block by block."""
    return sum(len(block) for block in decode(Recording(path), print))


def finding(samples: Any, repeats: int) -> None:
    """Print how fast speech is found."""
    from faster_whisper.vad import VadOptions as TheirOptions
    from faster_whisper.vad import get_speech_timestamps

    theirs = TheirOptions(min_speech_duration_ms=250, min_silence_duration_ms=400, speech_pad_ms=200)
    print("\n| find speech | asr | faster-whisper `get_speech_timestamps` | ratio |\n|---|---|---|---|")
    compare(
        "Silero v6, same regions",
        len(samples) / SAMPLE_RATE,
        repeats,
        lambda: speech_regions(samples, VadOptions()),
        lambda: get_speech_timestamps(samples, theirs),
    )


def compare(title: str, seconds: float, repeats: int, left: Callable[[], Any], right: Callable[[], Any]) -> None:
    """Print a row: both timed in turn, so that a change of load hits both."""
    times = [(timed(left), timed(right)) for _ in range(repeats)]
    one, other = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"| {title} | {seconds / one:.0f} | {seconds / other:.0f} | {other / one:.2f} |")


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds of processor time that a call takes: others use the cores, too."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def cutting(talk: Any) -> None:
    """Print how fast an hour is cut, and how full the clips are."""

    def hour() -> Iterator[Any]:
        for _ in range(math.ceil(3600 * SAMPLE_RATE / len(talk))):
            yield talk

    print("\n| cut one hour | times real time | clips | mean length | filled to |")
    print("|---|---|---|---|---|")
    for title, options in (
        ("30 s, voice activity", CutOptions(30.0)),
        ("30 s, by length only", CutOptions(30.0, vad=None)),
        ("10 s, voice activity", CutOptions(10.0)),
        ("300 s, voice activity", CutOptions(300.0)),
    ):
        summary = CutSummary()
        begin = time.process_time()
        lengths = [clip.seconds for clip in cut(hour(), Recording("-"), options, summary)]
        took = time.process_time() - begin
        mean = statistics.mean(lengths)
        filled = f"{mean / options.max_seconds:.0%}"
        print(f"| {title} | {summary.seconds / took:.0f} | {len(lengths)} | {mean:.1f} s | {filled} |")


if __name__ == "__main__":
    main()
