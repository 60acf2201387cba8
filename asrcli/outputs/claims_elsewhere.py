"""Which outputs of a folder of a store are being made now: an object for each, that only one run can make.

A store has no locks that end with a process. So a claim is renewed while its run lives, and one that was not renewed
for a while belongs to nobody: who takes it replaces that very object, which again only one can.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from asrcli.errors import AsrError, OutputError
from asrcli.outputs.ledger import STATE, digest_of_content
from asrcli.places.blocks import Facts
from asrcli.places.stores import Taken, located

RENEWED = 15.0  # seconds between two renewals
STALE = 60.0  # seconds without one, seen from here, after which a claim is nobody's
# By its date a claim is old only when no clock can be so wrong: stores refuse requests that are 15 minutes off.
LONG_AGO = 20 * 60.0
SWEPT = 3600.0  # after which a claim is removed that nobody wants: its output was made before its run was killed
RELEASE = 5.0  # seconds that an interrupted run takes to give back what it has


@dataclass(slots=True)
class _Sighting:
    """A claim of another run, as it was when it was first seen."""

    facts: Facts
    since: float  # of the clock of this process


class ClaimsElsewhere:
    """The claims of this process on the outputs of one folder of a store."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._run = secrets.token_hex(8)
        self._count = 0
        self._mine: dict[str, Facts] = {}  # by output
        self._others: dict[str, _Sighting] = {}
        self._guard = threading.Lock()
        self._begun = False

    def check(self) -> None:
        """Raise `OutputError` where no claim can be made, and so no result be written."""
        nothing = f"{self.folder}/{self._run}"
        self.take([nothing])
        self.give_back([nothing])

    def take(self, outputs: Iterable[str]) -> bool:
        """Claim outputs, all or none; ``False`` when another process has one of them.

        Raises:
            OutputError: nothing can be written there.
        """
        taken: list[str] = []
        try:
            for output in outputs:
                if not self._take(output):
                    self.give_back(taken)
                    return False
                taken.append(output)
        except BaseException:
            self.give_back(taken)
            raise
        return True

    def give_back(self, outputs: Iterable[str]) -> None:
        """Let others have outputs."""
        for output in outputs:
            with self._guard:
                mine = self._mine.pop(output, None)
            if mine is not None:
                with suppress(AsrError), located(self._place(output), OutputError) as (bucket, key):
                    bucket.delete(key)

    def give_back_all(self) -> None:
        """Let others have everything, as far as that goes soon: the run was interrupted."""
        thread = threading.Thread(target=lambda: self.give_back(list(self._mine)), daemon=True)
        thread.start()
        thread.join(RELEASE)

    def _take(self, output: str) -> bool:
        with self._guard:
            if output in self._mine:
                return True
        with located(self._place(output), OutputError) as (bucket, key):
            try:
                mine = bucket.write(key, self._content(), None)
            except Taken:
                there = bucket.facts(key)
                if there is None or not self._is_stale(output, there):
                    return False
                try:
                    mine = bucket.write(key, self._content(), there)
                except Taken:
                    return False
        with self._guard:
            self._mine[output] = mine
            self._others.pop(output, None)
            first, self._begun = not self._begun, True
        if first:
            threading.Thread(target=self._renew, name="asr-claims", daemon=True).start()
            self._sweep()
        return True

    def _sweep(self) -> None:
        """Remove, once in a run, the claims that killed runs have left on what is made."""
        with suppress(AsrError), located(f"{self.folder}/{STATE}/claims", OutputError) as (bucket, prefix):
            old = [key for key, facts in bucket.listed(prefix) if time.time() - facts.mtime_ns / 1e9 > SWEPT]
            for key in old:
                bucket.delete(key)

    def _is_stale(self, output: str, there: Facts) -> bool:
        """Tell whether the run that has a claim is dead."""
        if time.time() - there.mtime_ns / 1e9 > LONG_AGO:
            return True
        seen = self._others.get(output)
        if seen is None or seen.facts != there:
            self._others[output] = _Sighting(there, time.monotonic())
            return False
        return time.monotonic() - seen.since > STALE

    def _renew(self) -> None:
        """Say over and over that this run lives."""
        while True:
            time.sleep(RENEWED)
            with self._guard:
                mine = dict(self._mine)
            for output, facts in mine.items():
                with suppress(AsrError):
                    self._renew_one(output, facts)

    def _renew_one(self, output: str, facts: Facts) -> None:
        with located(self._place(output), OutputError) as (bucket, key):
            try:
                renewed = bucket.write(key, self._content(), facts)
            except Taken:  # others took it for dead, or it was given back in between
                with self._guard:
                    self._mine.pop(output, None)
                return
            with self._guard:
                kept = output in self._mine
                if kept:
                    self._mine[output] = renewed
            if not kept:
                bucket.delete(key)

    def _content(self) -> bytes:
        """Return what is another content each time."""
        with self._guard:
            self._count += 1
            return json.dumps({"run": self._run, "count": self._count}).encode()

    def _place(self, output: str) -> str:
        name = os.path.relpath(output, self.folder)
        return f"{self.folder}/{STATE}/claims/{digest_of_content(name)}.json"
