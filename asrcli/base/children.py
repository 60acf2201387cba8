"""Processes of their own, which run and import nothing from the folder that the user happens to be in."""

from __future__ import annotations

import os
import sys

NOWHERE = os.path.abspath(os.sep)  # where programs run that are given whole paths: no settings or voices lie there

# Keys that asr itself uses, in the process that was started by the user, and those of servers that recognise.
OWN = frozenset({"ASR_LLM_KEY", "ASR_X_TOKEN", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN"})
SERVERS = frozenset({"ASR_SERVER_KEY", "OPENAI_API_KEY"})


def python(*arguments: str, interpreter: str = sys.executable) -> list[str]:
    """Return the command for this Python, or another one, with arguments such as ``-m``, ``asrcli.bench.worker``.

    Without ``-P`` both ``-m`` and ``-c`` put the current folder first on the path of imports, and a ``queue.py`` that
    lies there, beside somebody's recordings, would be run.
    """
    return [interpreter, "-P", *arguments]


def settle() -> None:
    """Look for programs and modules in whole paths only: an empty entry and ``.`` are where the user happens to be.

    `PYTHONPATH=$PYTHONPATH:/lib` leaves an empty one. What Python has imported from there by now cannot be undone.
    """
    given = os.environ.get("PYTHONPATH")  # one that is empty as a whole says nothing
    for entry in given.split(os.pathsep) if given else ():
        if not os.path.isabs(entry) and (place := os.path.abspath(entry)) in sys.path:
            sys.path.remove(place)
    for name, otherwise in (("PATH", os.defpath), ("PYTHONPATH", "")):
        if name in os.environ:
            whole = filter(os.path.isabs, os.environ[name].split(os.pathsep))
            os.environ[name] = os.pathsep.join(whole) or otherwise


def surroundings(*, engine: bool = False) -> dict[str, str]:
    """Return the environment for a process, without the keys that are no business of it.

    Args:
        engine: it runs an engine, which may be that of a server. What an installer builds, a program that speaks or a
            probe gets no key at all.
    """
    withheld = OWN if engine else OWN | SERVERS
    return {name: value for name, value in os.environ.items() if name not in withheld}
