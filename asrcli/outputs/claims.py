"""Which outputs of a folder are being made now, so that several runs over it share the work instead of doing all twice.

A claim is a lock on one byte of ``.asr/claims``, at a place that the output's name gives. It goes with the process that
holds it, however that ends; nothing is left to be removed, and network disks know such locks too.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.base.files import open_lines
from asrcli.outputs.ledger import STATE
from asrcli.places.addresses import is_address

if TYPE_CHECKING:
    from asrcli.outputs.claims_elsewhere import ClaimsElsewhere


_elsewhere: list[ClaimsElsewhere] = []


class Claims:
    """The claims of this process on the outputs of one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder or "."
        self._descriptor: int | None = None  # never closed: with it all locks of this process would go
        self._guard = threading.Lock()

    def check(self) -> None:
        """Do nothing: where nothing can be written is known without trying."""

    def take(self, outputs: Iterable[str]) -> bool:
        """Claim outputs, all or none; ``False`` when another process has one of them.

        Where the system or the file system has no locks, every claim is granted.
        """
        with self._guard:
            taken: list[str] = []
            for output in outputs:
                if not self._lock(output):
                    self._unlock(taken)
                    return False
                taken.append(output)
            return True

    def give_back(self, outputs: Iterable[str]) -> None:
        """Let others have outputs."""
        with self._guard:
            self._unlock(outputs)

    def _lock(self, output: str) -> bool:
        try:
            import fcntl

            if self._descriptor is None:
                self._descriptor = open_lines(Path(self.folder) / STATE / "claims")
        except (ImportError, OSError):  # what cannot be written is said when the output is
            return True
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._place(output))
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True
        return True

    def _unlock(self, outputs: Iterable[str]) -> None:
        if self._descriptor is None:
            return
        import fcntl

        for output in outputs:
            with suppress(OSError):
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, self._place(output))

    def _place(self, output: str) -> int:
        folder, name = os.path.split(output)
        name = name if folder == self.folder else os.path.relpath(output, self.folder)
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 2


def give_back_elsewhere() -> None:
    """Let others have what this process has claimed in stores, whose claims do not end with it."""
    for claims in _elsewhere:
        claims.give_back_all()


@lru_cache(maxsize=1024)
def claims_of(folder: str) -> Claims | ClaimsElsewhere:
    """Return the one object for a folder in this process."""
    if is_address(folder):
        from asrcli.outputs.claims_elsewhere import ClaimsElsewhere

        _elsewhere.append(ClaimsElsewhere(folder))
        return _elsewhere[-1]
    return Claims(folder)
