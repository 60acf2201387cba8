"""How fast `asr align` is with the embedded aligner, and how much memory an hour takes.

``python -m benchmarks.align`` prints a Markdown section. The recordings are those of ``examples/``, one after the other
with pauses, over and over, with their texts. Seconds of the processor are what counts on a machine that others use.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"
PAUSE = bytes(2 * 8_000)  # half a second


def write_pair(folder: Path, minutes: float) -> tuple[Path, Path, int]:
    """Write so many minutes of the examples, and their text; return both, and the number of words."""
    frames, lines, seconds = [], [], 0.0
    texts = sorted(path for path in EXAMPLES.glob("*-*.txt"))
    while seconds < 60 * minutes:
        for text in texts:
            with wave.open(str(text.with_suffix(".wav"))) as file:
                data = file.readframes(file.getnframes())
            frames += [data, PAUSE]
            lines.append(text.read_text().strip())
            seconds += (len(data) + len(PAUSE)) / 32_000
    audio = folder / f"talk{minutes:g}.wav"
    with wave.open(str(audio), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"".join(frames))
    text = audio.with_suffix(".txt")
    text.write_text("\n".join(lines) + "\n")
    return audio, text, sum(len(line.split()) for line in lines)


def measure(folder: Path, minutes: float) -> str:
    """Align so many minutes in a process of its own, and return a row of the table."""
    audio, text, words = write_pair(folder, minutes)
    command = [sys.executable, "-m", "asrcli", "align", audio, text, "-a", "pocketsphinx", "-f", "json", "-o", folder]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([*map(str, command), "--quiet"], check=True, stdout=subprocess.DEVNULL, env=environment)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    made = json.loads((folder / f"{audio.stem}.json").read_text())
    found = sum(word["status"] != "not_in_audio" for segment in made["segments"] for word in segment["words"])
    seconds = made["duration"] if "duration" in made else 60 * minutes
    return (
        f"| {minutes:g} min, {words} words | {spent:.1f} | {wall:.1f} | {seconds / spent:.0f} | "
        f"{after.ru_maxrss / 1024:.0f} | {found / words:.1%} |"
    )


def main() -> None:
    """Print the section."""
    print("## Aligning, with the embedded aligner\n")
    print(f"`python -m benchmarks.align` on {platform.machine()}, {os.cpu_count()} cores, one thread\n")
    print("| recording | processor, s | wall, s | x real time, by processor | peak memory, MB | words found |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for minutes in (6.0, 60.0):
            print(measure(Path(folder), minutes), flush=True)


if __name__ == "__main__":
    main()
