"""Write everything that comes from the program itself: completions, man pages, and the marked blocks of the documents.

python -m tools.generate           write what is stale
python -m tools.generate --check   write nothing; name what is stale and exit 1
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tools import completions, manual, tables
from tools.interface import every, root

HOME = Path(__file__).parent.parent


def files() -> Mapping[Path, str]:
    """Return every generated file with what has to be in it."""
    program = root()
    found = {
        HOME / "completions/asr.bash": completions.bash(program),
        HOME / "completions/asr.zsh": completions.zsh(program),
        HOME / "completions/asr.fish": completions.fish(program),
    }
    for command in every(program):
        name = "-".join(("asr", *command.path))
        found[HOME / f"completions/man/{name}.1"] = manual.page(command, program)
    return found | {path: tables.fill(path.read_text(encoding="utf-8")) for path in tables.DOCUMENTS}


def stale() -> list[Path]:
    """Return the files that differ from what the program says now, and man pages of commands that are gone."""
    wanted = files()
    left = [path for path in (HOME / "completions").rglob("asr*") if path.is_file() and path not in wanted]
    return [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text] + left


def main() -> None:
    """Write or check."""
    wanted, found = files(), stale()
    for path in found:
        print(path.relative_to(HOME))
        if "--check" in sys.argv:
            continue
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    sys.exit(1 if found and "--check" in sys.argv else 0)


if __name__ == "__main__":
    main()
