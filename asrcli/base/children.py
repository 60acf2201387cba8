"""Processes of their own, which run and import nothing from the folder that the user happens to be in."""

from __future__ import annotations

import os
import re
import sys

NOWHERE = os.path.abspath(os.sep)  # where programs run that are given whole paths: no settings or voices lie there

# Names that say of their values that they open something (HF_TOKEN, PGPASSWORD, AWS_SECRET_ACCESS_KEY), and all of the
# clouds: of some a file, an address or a profile is as good as a key.
KEY_NAME = (
    r"(?:\w*_)?(?:\w*(?:API_?KEY|PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?)|KEYS?|PASS|AUTH)(?:_\w*)?"
    r"|\w+_PWD|(?:AWS|AZURE|GOOGLE|GCLOUD|GCP|GCS|CLOUDSDK|MSI|IDENTITY)_\w*"
)  # compiled where it is used: most commands start no process
ADDRESS = r"://[^/@\s]+:[^/@\s]+@"  # with a password in it; a proxy's is for whoever uses the network

# What some processes need of that: names, or how they begin.
STORES = ("AWS_", "AZURE_", "GOOGLE_", "MSI_", "IDENTITY_")  # who reads recordings
INSTALLERS = ("PIP_", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "SSH_AUTH_SOCK")


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


def surroundings(*needs: str) -> dict[str, str]:
    """Return the environment for a process, without keys but those it ``needs``, named in full or by how they begin."""
    known = tuple(filter(None, needs))
    return {name: value for name, value in os.environ.items() if name.startswith(known) or not _opens(name, value)}


def _opens(name: str, value: str) -> bool:
    """Return whether a variable is, or may lead to, what opens something."""
    return bool(
        re.fullmatch(KEY_NAME, name, re.IGNORECASE)
        or (re.search(ADDRESS, value) and not name.lower().endswith("_proxy"))
    )
