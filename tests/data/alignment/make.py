"""Write when flite says each word of `examples/`: ``NAME.ctm`` beside this file, exact to the sample.

flite prints the phones of a sentence with their ends (``-psdur``); a word has as many phones as when it is said alone.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent.parent / "examples"
NAMES = ("garden-awb", "lights-slt", "station-awb", "weather-rms")  # one sentence each


def flite(voice: str, option: str, text: str) -> list[str]:
    """Return the phones of a text."""
    command = ["flite", "-voice", voice, option, "-t", text, "none"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def main() -> None:
    """Write every file."""
    for name in NAMES:
        text, voice = (EXAMPLES / f"{name}.txt").read_text().strip(), name.split("-")[1]
        ends = [(one.rsplit(":", 1)[0], float(one.rsplit(":", 1)[1])) for one in flite(voice, "-psdur", text)]
        starts = [0.0, *(end for _, end in ends)]
        phones = [(start, end) for start, (phone, end) in zip(starts, ends, strict=False) if phone != "pau"]
        lines, at = [], 0
        for word in text.split():
            count = sum(phone != "pau" for phone in flite(voice, "-ps", word.strip(".,")))
            start, end = phones[at][0], phones[at + count - 1][1]
            lines.append(f"{name} 1 {start:.3f} {end - start:.3f} {word.strip('.,')}\n")
            at += count
        assert at == len(phones), f"{name}: a word is said otherwise alone"
        (HERE / f"{name}.ctm").write_text("".join(lines))


if __name__ == "__main__":
    main()
