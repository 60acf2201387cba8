"""What is measured, and about which engine."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, field

import asrcli
from asrcli.bench import messages as say
from asrcli.capabilities import backend_of
from asrcli.datasets.dataset import Dataset
from asrcli.datasets.results import system_name
from asrcli.diarization.choice import DiarizerChoice
from asrcli.engine import Device
from asrcli.engines.recogniser import Choice
from asrcli.errors import UsageError
from asrcli.text.normalisers import NORMALIZERS
from asrcli.types import Options, Utterance

MOST_REPEATS, MOST_AT_ONCE = 1000, 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """Which figures, and from how much."""

    repeats: int = 3  # of everything that is repeated; the spread is between them
    speed_sample: int = 32  # utterances that are transcribed again for repeats, batches, streams and callers
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    callers: tuple[int, ...] = ()
    chunk: float = 0.32  # seconds of audio at once, for streams
    robustness: bool = False
    robustness_sample: int = 24
    seed: int = 0
    normalizer: str = "asr"
    diarize: bool = False
    diarize_model: str | None = None  # None is what `asr transcribe --diarize` takes

    def check(self) -> None:
        """Raise `UsageError` for numbers that no measurement has: a record may say anything."""
        limits = {
            "--repeats": ((self.repeats,), MOST_REPEATS),
            "--batches": (self.batches, MOST_AT_ONCE),
            "--concurrency": (self.callers, MOST_AT_ONCE),
            "--speed-sample": ((self.speed_sample,), None),
            "--robustness-sample": ((self.robustness_sample,), None),
        }
        for name, (values, most) in limits.items():
            for value in values:
                if value < 1 or (most and value > most):
                    raise UsageError(f"{name} {value}: give whole numbers from 1" + (f" to {most}" if most else ""))
        if self.normalizer not in NORMALIZERS:
            raise UsageError(f"there is no normaliser '{self.normalizer}': choose {', '.join(NORMALIZERS)}")
        if not (0.01 <= self.chunk <= 60 and self.seed >= 0):
            raise UsageError(f"no run is made with a seed of {self.seed}, or chunks of {self.chunk:g} s")


@dataclass(frozen=True, slots=True)
class Contestant:
    """One engine with its weights, as it is measured."""

    choice: Choice
    options: Options = field(default_factory=Options)
    vad: bool = True
    diarizer: DiarizerChoice | None = None  # run beside it
    team: tuple[Device, ...] = ()  # of the workers that are measured together

    @property
    def system(self) -> str:
        """What it is called: engine, backend where there are several, and model."""
        return system_name(self.choice.engine.name, self.choice.weights.name, backend_of(self.choice.engine))

    @property
    def diarizer_name(self) -> str:
        """The diarizer with its weights and their revision; "" without one."""
        one = self.diarizer
        return " ".join(filter(None, (one.diarizer.name, one.weights.name, one.weights.revision))) if one else ""

    def job(self, warm_up: Utterance, workers: int = 0) -> say.Job:
        """Return what a measuring process is told: to load the engine, or to start workers."""
        choice, team = self.choice, self.team[:workers]
        engine, backend = choice.engine.name, backend_of(choice.engine) or None
        behind = tuple(filter(os.path.isdir, sys.path)) if choice.engine.environment() and not team else ()
        return say.Job(engine, backend, choice.weights, choice.device, self.options, self.vad, warm_up, team, behind)

    @property
    def workers(self) -> dict[str, str]:
        """How many workers are measured together, and where; nothing without any."""
        team = self.team
        if not team:
            return {}
        each = {"worker_threads": str(team[0].threads)} if team[0].threads else {}
        return {"workers": str(len(team)), "worker_devices": ", ".join(map(str, team)), **each}

    def task(self, dataset: Dataset, digest: str, plan: Plan) -> dict[str, object]:
        """Return everything that makes this run what it is; an interrupted one goes on only as the same."""
        choice = self.choice
        return {
            "asr": asrcli.__version__,
            "engine": choice.engine.name,
            "backend": backend_of(choice.engine),
            "model": choice.weights.name,
            "revision": choice.weights.revision,
            "device": [choice.device.kind, choice.device.index, choice.device.dtype, choice.device.threads],
            "team": [str(one) for one in self.team],
            "options": dict(self.options.given()),
            "vad": self.vad,
            "diarizer": self.diarizer_name,
            "dataset": digest,
            "utterances": len(dataset.utterances),
            **asdict(plan),
        }
