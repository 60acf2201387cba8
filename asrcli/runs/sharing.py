"""Runs over one folder at the same time: each job is done by one of them, and all of them end when all is done."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from asrcli.base.files import is_special
from asrcli.errors import AsrError, OutputError
from asrcli.outputs.claims import claims_of
from asrcli.outputs.ledger import ABSENT, CHANGED, HALF, UNKNOWN, ledger_of
from asrcli.places import remote
from asrcli.places.addresses import is_address
from asrcli.runs.events import JobFailed, Note, Resumed
from asrcli.runs.jobs import FORCED, Job, plan_job

if TYPE_CHECKING:
    from asrcli.runs.align_plan import AlignRequest
    from asrcli.runs.plan import Request

POLL = 0.2  # seconds between two looks at what another run does
POLL_ELSEWHERE = 5.0  # where each look is a request


class DoneElsewhere(AsrError):
    """Another run does this job, or has done it since this one was planned."""


class Shared:
    """Which jobs of a run are done here, and which by another run."""

    def __init__(self, request: Request | AlignRequest) -> None:
        self.request = request
        self.claims = claims_of(request.naming.state_folder)
        if request.formats and not request.naming.to_stdout:
            self.claims.check()
        self._mine: dict[str, list[str]] = {}  # the files that are claimed for a job
        self._elsewhere: dict[str, Job] = {}
        self._guard = threading.Lock()
        self._said = False

    def claim(self, job: Job) -> None:
        """Take a job; for every recording of it, from any thread.

        Raises:
            DoneElsewhere: another run does it.
            OutputError: another run has done it otherwise.
        """
        with self._guard:
            if job.name in self._mine:
                return
            files = _files(job)
            if job.name not in self._elsewhere and self._take(job, files):
                self._mine[job.name] = files
                return
            self._elsewhere[job.name] = job
        raise DoneElsewhere(f"{job.name}: another run does it")

    def release(self, job: Job) -> None:
        """Tell others that a job is done, or cannot be done."""
        with self._guard:
            self.claims.give_back(self._mine.pop(job.name, ()))

    def next_left(self) -> Generator[Note | Resumed | JobFailed, None, Job | None]:
        """Wait for what another run does; return the first job that it has not done after all, claimed.

        One at a time: two runs that wait for each other would wait for ever.
        """
        while self._elsewhere:
            job = self._elsewhere.pop(next(iter(self._elsewhere)))
            while not self.claims.take(_files(job)):
                if not self._said:
                    self._said = True
                    yield Note("another run is at work in this folder; waiting for what it makes")
                time.sleep(POLL_ELSEWHERE if is_address(self.request.naming.state_folder) else POLL)
            now = self._again(job)
            otherwise = made_otherwise(job, now)
            if not now.up_to_date and otherwise is None:
                self._mine[now.name] = _files(job)
                return now
            self.claims.give_back(_files(job))
            yield Resumed((now,)) if otherwise is None else JobFailed(job, otherwise)
        return None

    def _take(self, job: Job, files: list[str]) -> bool:
        """Claim the outputs of a job, unless another run has made them since."""
        if not self.claims.take(files):
            return False
        if self.request.anew is not None or not any(map(_exists, files)):
            return True
        now = self._again(job)
        otherwise = made_otherwise(job, now)
        if otherwise is None and not now.up_to_date:
            return True
        self.claims.give_back(files)
        if otherwise is not None:
            raise otherwise
        return False

    def _again(self, job: Job) -> Job:
        """Return a job as it is planned now, after what other runs have made."""
        ledger_of(self.request.naming.state_folder).catch_up()
        return plan_job(job, self.request)


def made_otherwise(planned: Job, now: Job) -> OutputError | None:
    """Return why a job is not done: another run has made an output since, with other options than those of this run.

    Both would replace what the other makes, and each say that it is done.
    """
    for before, output in zip(planned.outputs, now.outputs, strict=True):
        if output.todo and output.stale not in (before.stale, FORCED, ABSENT, UNKNOWN, HALF, CHANGED):
            return OutputError(
                f"{output.path}: another run has made it meanwhile with other options ({output.stale}); let each "
                "write to a folder of its own"
            )
    return None


def _exists(output: str) -> bool:
    return remote.exists(output) if is_address(output) else os.path.lexists(output)


def _files(job: Job) -> list[str]:
    # Pipes and devices belong to nobody.
    return [output.path for output in job.outputs if output.todo and not is_special(output.path)]
