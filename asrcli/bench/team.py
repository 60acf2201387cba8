"""The workers that are measured together. Only the measuring process imports this: it decodes, cuts and hands out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from asrcli.bench import messages as say
from asrcli.bench.loaded import cut_options
from asrcli.datasets.manifests import recording_of
from asrcli.engine import Engine
from asrcli.engines.recogniser import Choice, Recogniser
from asrcli.pipeline.events import Failed, Notice
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings, decode_threads
from asrcli.types import Utterance
from asrcli.workers.recogniser import WorkerRecogniser


class Team:
    """The workers of one job."""

    def __init__(self, engine: type[Engine], job: say.Job, announce: Callable[[str], None]) -> None:
        self.job, self.announce = job, announce
        choices = [Choice(engine, job.weights, device) for device in job.team]
        self.workers = [WorkerRecogniser(one, workers=len(choices), announce=announce) for one in choices]
        self.settings = Settings(
            cut=cut_options(choices[0], job), decode_threads=decode_threads(len(choices), elsewhere=False)
        )

    def load(self) -> None:
        """Load the weights in each worker, all at once."""
        with ThreadPoolExecutor(len(self.workers)) as pool:
            list(pool.map(lambda one: one.load(), self.workers))

    @property
    def place(self) -> str:
        """Devices and precision in use."""
        return ", ".join(f"{one.device} ({one.device.dtype})" for one in self.workers)

    def transcribe(self, one: Utterance) -> None:
        """Transcribe an utterance with each worker, so that none of them does it for the first time."""
        for worker in self.workers:
            self.together([one], [worker])

    def answer(self, request: say.Together, put: Callable[[say.Answer], None]) -> None:
        """Transcribe everything as often as was asked for."""
        seconds = sum(one.seconds or 0.0 for one in request.utterances)
        times, failed = [], 0
        for _ in range(request.repeats):
            begun = time.perf_counter()
            failed = self.together(request.utterances, self.workers)
            times.append(time.perf_counter() - begun)
        put(say.Pooled(len(self.workers), tuple(times), seconds, failed))

    def together(self, utterances: Sequence[Utterance], workers: Sequence[Recogniser]) -> int:
        """Transcribe utterances with some workers; return how many failed."""
        failed = 0
        for event in run(list(map(recording_of, utterances)), workers, self.job.options, self.settings):
            failed += isinstance(event, Failed)
            if isinstance(event, Notice) and event.index is None:
                self.announce(event.text)
        return failed
