"""How many workers were asked for, where, and what each may take."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from importlib.util import find_spec

from asrcli.engine import Engine
from asrcli.engines import device as devices
from asrcli.errors import MissingExtra, UsageError
from asrcli.types import Options

MOST = 256
ADDRESS = re.compile(r"auto|local|[\w.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+")  # of a cluster of Ray


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take, before it counts as hanging or is replaced."""

    load: float = 900.0  # seconds, for its weights
    call: float = 300.0  # seconds, however short the audio is
    first_call: float = 60.0  # and so many for each second of audio, until it is known how fast it is; 0: never any
    memory: int | None = None  # bytes; None: its share of most of the machine's memory

    @classmethod
    def of(cls, seconds: float | None, gigabytes: float | None) -> Limits:
        """Return the limits for what was typed: one time for loading and for each call."""
        if seconds is None:
            limits = cls()
        elif seconds > 0:
            limits = cls(seconds, seconds, 0.0)
        else:
            raise UsageError(f"--worker-timeout {seconds:g}: give a number of seconds above 0")
        if gigabytes is not None and not gigabytes > 0:
            raise UsageError(f"--worker-memory {gigabytes:g}: give a number of gigabytes above 0")
        return limits if gigabytes is None else cls(limits.load, limits.call, limits.first_call, int(gigabytes * 1e9))


@dataclass(frozen=True, slots=True)
class Workers:
    """What was asked for."""

    count: int = 0  # processes; 0: the engine is in this process, or in one for each of several devices
    limits: Limits = field(default_factory=Limits)
    ray: str | None = None  # the address of a cluster that they are on: "auto", "local" or HOST:PORT

    def places(self, engine: type[Engine], kinds: str) -> list[str]:
        """Return the device of each worker; none where the engine is in this process. ``kinds``: one or several.

        Raises:
            UsageError: more workers than there may be, or fewer than devices.
            DeviceError: all GPUs are wanted, and there is none.
        """
        if not 0 <= self.count <= MOST:
            raise UsageError(f"--workers {self.count}: choose 0 to {MOST}")
        names = devices.named(engine, kinds)
        count = self.count or (len(names) if len(names) > 1 else 0)
        if 0 < count < len(names):
            raise UsageError(
                f"--workers {count} are too few for {len(names)} devices: name fewer devices, or say "
                f"--workers {len(names)}"
            )
        return [names[number % len(names)] for number in range(count)]

    def check(self, engine: type[Engine], kinds: str, options: Options) -> None:
        """Raise `UsageError` or `DeviceError` for workers that cannot be, before anything is loaded."""
        if self.ray is not None:
            self._check_ray(engine, kinds)
            places = ["one"] * (self.count or 2)
        else:
            places = self.places(engine, kinds) if self.count or not kinds.isalnum() else []
        if not places and self.limits != Limits() and engine.environment() is None:
            raise UsageError("--worker-timeout and --worker-memory are for workers: add --workers 1, or more")
        if len(places) > 1 and options.seed is not None:
            raise UsageError(
                f"--seed {options.seed} holds for one engine that does everything in one order: leave it out, or say "
                f"--workers 1{'' if self.ray else ' and name one device'}"
            )

    def _check_ray(self, engine: type[Engine], kinds: str) -> None:
        """Raise for a cluster that cannot be, before it is joined."""
        if find_spec("ray") is None:
            raise MissingExtra("--ray", ("ray",), "ray")
        if not ADDRESS.fullmatch(self.ray or ""):
            raise UsageError(f"--ray '{self.ray}': give auto, local, or HOST:PORT")
        if not 0 <= self.count <= MOST:
            raise UsageError(f"--workers {self.count}: choose 0 to {MOST}")
        able = [one for one in ("cuda", "cpu") if one in engine.devices]
        if kinds not in ("auto", *able):
            raise UsageError(f"--device {kinds}: with --ray choose one of: auto, {', '.join(able)}")


def share(threads: int, places: int) -> int:
    """Return the CPU threads of each of several workers, of ``threads`` in all; 0 is every core.

    One alone, and the engine in this process, get what was asked for, where 0 leaves it to the library.
    """
    return max(1, (threads or cores()) // places) if places > 1 else threads


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1
