"""Python in a process of its own, which imports nothing from the folder that the user happens to be in."""

from __future__ import annotations

import sys


def python(*arguments: str, interpreter: str = sys.executable) -> list[str]:
    """Return the command for this Python, or another one, with arguments such as ``-m``, ``asrcli.bench.worker``.

    Without ``-P`` both ``-m`` and ``-c`` put the current folder first on the path of imports, and a ``queue.py`` that
    lies there, beside somebody's recordings, would be run.
    """
    return [interpreter, "-P", *arguments]
