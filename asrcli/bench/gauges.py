"""Counters read from outside the measuring process: memory of its whole tree, GPU memory, energy.

What a machine does not count is ``None``, and stays a blank in every table.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PERIOD = 0.2  # seconds between readings; one takes 0.1 ms through /proc, 1 ms through psutil
RAPL = "/sys/class/powercap"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the counters said over a stretch of time."""

    seconds: float
    rss: int | None  # bytes, the most that the tree of processes held at one of the readings
    gpu_memory: int | None  # bytes, the same, as the driver counts them
    gpu_joules: float | None  # of all GPUs
    cpu_joules: float | None  # of all packages that the kernel lets us read


def peak_rss() -> int:
    """Return the most memory that this process has held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def tree_memory(root: int) -> int | None:
    """Return the resident memory of a process and all below it, in bytes; ``None`` when it cannot be read.

    Through ``/proc`` where that lists children, else through psutil, which looks at every process of the machine.
    """
    if Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists():
        known = [size for size in map(_proc_memory, tree_pids(root)) if size is not None]
        return sum(known) if known else None
    try:
        import psutil
    except ImportError:
        return None
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(root)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += one.memory_info().rss
    return total or None


def tree_pids(root: int) -> Iterator[int]:
    """Yield the ids of a process and of all below it."""
    pending = [root]
    while pending:
        pid = pending.pop()
        yield pid
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError, ValueError):
                pending += map(int, path.read_text().split())


def _proc_memory(pid: int) -> int | None:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    import resource

    return pages * resource.getpagesize()


class Gpus:
    """NVIDIA's management library; without it, or without a driver, everything is ``None``."""

    def __init__(self) -> None:
        self._library: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml
        except ImportError:
            return
        try:
            pynvml.nvmlInit()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(at) for at in range(pynvml.nvmlDeviceGetCount())]
            self._library = pynvml
        except pynvml.NVMLError:
            return

    def names(self) -> list[str]:
        """Return the name of every GPU."""
        found = self._ask("nvmlDeviceGetName")
        return [name.decode() if isinstance(name, bytes) else str(name) for name in found or []]

    def driver(self) -> str | None:
        """Return the version of the driver."""
        if self._library is None:
            return None
        version = self._library.nvmlSystemGetDriverVersion()
        return version.decode() if isinstance(version, bytes) else str(version)

    def power_limits(self) -> list[float] | None:
        """Return the power limit of every GPU, in watts."""
        found = self._ask("nvmlDeviceGetPowerManagementLimit")
        return None if found is None else [limit / 1000 for limit in found]

    def joules(self) -> float | None:
        """Return the energy that all GPUs have taken since the driver was loaded."""
        found = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if found is None else sum(found) / 1000

    def memory(self, pids: Iterable[int]) -> int | None:
        """Return the bytes that processes hold on all GPUs; ``None`` where the driver does not know any of them.

        In a container the driver may count by other process ids than are seen here: then there is nothing to tell.
        """
        found = self._ask("nvmlDeviceGetComputeRunningProcesses")
        wanted = set(pids)
        own = (one.usedGpuMemory for processes in found or [] for one in processes if one.pid in wanted)
        used = [size for size in own if size is not None]
        return sum(used) if used else None

    def _ask(self, question: str) -> list[Any] | None:
        """Ask every GPU; ``None`` when one cannot answer, because a sum of some would be a guess."""
        if self._library is None or not self._handles:
            return None
        try:
            return [getattr(self._library, question)(handle) for handle in self._handles]
        except self._library.NVMLError:
            return None


class Packages:
    """The energy counters of the CPU packages (RAPL), where the kernel lets this user read them."""

    def __init__(self, root: str = RAPL) -> None:
        self._zones = [zone for zone in sorted(Path(root).glob("intel-rapl:*")) if zone.name.count(":") == 1]
        self._last: dict[Path, int] = {}
        self._total = 0.0

    def joules(self) -> float | None:
        """Return the energy since the first call; counters that ran over are carried on."""
        if not self._zones:
            return None
        for zone in self._zones:
            try:
                now = int((zone / "energy_uj").read_text())
                over = int((zone / "max_energy_range_uj").read_text())
            except (OSError, ValueError):
                return None
            before = self._last.get(zone, now)
            self._total += (now - before if now >= before else now + over - before) / 1e6
            self._last[zone] = now
        return self._total


class Gauges:
    """Watches one process and all below it, in a thread."""

    def __init__(self, pid: int, gpus: Gpus, packages: Packages) -> None:
        self.pid, self.gpus, self.packages = pid, gpus, packages
        self._rss: int | None = None
        self._gpu: int | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="asr-gauges", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(PERIOD):
            self._read()

    def _read(self) -> None:
        self._rss = greatest(self._rss, tree_memory(self.pid))
        self._gpu = greatest(self._gpu, self.gpus.memory(tree_pids(self.pid)))
        self.packages.joules()  # often enough that no counter runs over twice

    @contextmanager
    def over(self) -> Iterator[list[Reading]]:
        """Watch a stretch of time; the list holds its reading afterwards."""
        found: list[Reading] = []
        self._rss = self._gpu = None
        gpu, cpu, begun = self.gpus.joules(), self.packages.joules(), time.perf_counter()
        yield found
        self._read()
        seconds = time.perf_counter() - begun
        spent = [difference(self.gpus.joules(), gpu), difference(self.packages.joules(), cpu)]
        found.append(Reading(seconds, self._rss, self._gpu, spent[0], spent[1]))

    def peaks(self) -> tuple[int | None, int | None]:
        """Return the most memory of the processes and of the GPU so far, in bytes, since `over` began."""
        self._read()
        return self._rss, self._gpu

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join(timeout=2)


def greatest(first: int | None, second: int | None) -> int | None:
    """Return the greater of two readings, of which either may be missing."""
    known = [one for one in (first, second) if one is not None]
    return max(known) if known else None


def difference(after: float | None, before: float | None) -> float | None:
    """Return how far a counter has moved; ``None`` when it could not be read at both ends."""
    return None if after is None or before is None else after - before


def idle_watts(gpus: Gpus) -> float | None:
    """Return the power, over a second, that the GPUs take while nothing of ours runs; ``None`` without a counter."""
    before = gpus.joules()
    if before is None:
        return None
    time.sleep(1.0)
    return difference(gpus.joules(), before)
