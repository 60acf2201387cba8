"""``python -m benchmarks [NAME ...]``: run the benchmarks and write their sections to ``docs/performance.md``.

Those of ``intervals`` go to ``docs/compare.md``, those of ``settling`` to ``docs/streaming.md``, those of ``accuracy``,
``copies``, ``lost``, ``pooled``, ``speakers`` and ``voices`` to ``docs/accuracy.md``. Each prints a section of its own,
with the machine, the command, and ratios measured in one run. Sections of benchmarks that were not named, or that fail
here (an oracle is not installed), are left as they are.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {
    "accuracy": DOCS / "accuracy.md",
    "copies": DOCS / "accuracy.md",
    "lost": DOCS / "accuracy.md",
    "pooled": DOCS / "accuracy.md",
    "speakers": DOCS / "accuracy.md",
    "voices": DOCS / "accuracy.md",
    "intervals": DOCS / "compare.md",
    "settling": DOCS / "streaming.md",
}  # all others: performance.md
NAMES = (
    "transcribe",
    "workers",
    "feeding",
    "align",
    "audio",
    "whisper",
    "compare",
    "intervals",
    "digest",
    "firered",
    "qwen3",
    "streaming",
    "settling",
    "transformers",
    "ctc",
    "canary",
    "accuracy",
    "copies",
    "lost",
    "pooled",
    "speakers",
    "voices",
)
LIMIT = 3600  # seconds for one benchmark


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all, and put what they print into the page."""
    for name in names or NAMES:
        print(f"== {name}", file=sys.stderr)
        run = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True, timeout=LIMIT
        )
        if run.returncode:
            print(f"benchmarks.{name} failed: its section stays as it is", file=sys.stderr)
            continue
        print(run.stdout)
        put(name, run.stdout)


def put(name: str, section: str) -> None:
    """Replace the section between the markers of a benchmark."""
    page = PAGES.get(name, DOCS / "performance.md")
    text = page.read_text(encoding="utf-8")
    first, last = f"<!-- {name} -->", f"<!-- end of {name} -->"
    block = f"{first}\n{section.strip()}\n{last}"
    if first in text:
        text = re.sub(f"{re.escape(first)}.*?{re.escape(last)}", lambda _: block, text, flags=re.DOTALL)
    else:
        text = f"{text.rstrip()}\n\n{block}\n"
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
