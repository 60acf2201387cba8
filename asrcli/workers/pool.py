"""What a run recognises with: the engine in this process, or in workers on one device or several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli.engine import Engine
from asrcli.engines import device as devices
from asrcli.engines.recogniser import Announce, Choice, LocalRecogniser, silently
from asrcli.engines.selection import is_whole
from asrcli.workers.wanted import Workers, share

if TYPE_CHECKING:
    from asrcli.workers.ray_cluster import Cluster


@dataclass(frozen=True, slots=True)
class Crew:
    """The recognisers of a run, and what they are called."""

    recognisers: tuple[LocalRecogniser, ...]
    names: tuple[str, ...] = ()  # of workers
    cluster: Cluster | None = None  # that they are on

    def close(self) -> None:
        """End the workers, in the middle of a call if need be. An engine in this process is left as it is."""
        for one in self.recognisers if self.names else ():
            one.close()
        if self.cluster is not None:
            self.cluster.close()


def recogniser(choice: Choice, announce: Announce = silently) -> LocalRecogniser:
    """Return what recognises in this process, or in one of the engine's own environment, if it has one."""
    if choice.engine.environment() is None:
        return LocalRecogniser(choice, announce)
    from asrcli.workers.recogniser import WorkerRecogniser

    return WorkerRecogniser(choice, announce=announce)


def assemble(
    engine: type[Engine], workers: Workers, kinds: str, threads: int, choose: Callable[[str, int], Choice]
) -> Crew:
    """Return what to recognise with; nothing is loaded yet.

    Args:
        kinds: one device or several.
        threads: of the CPU, for all workers together; 0: every core where there are several.
        choose: finds the weights, for a device and a number of threads.

    Raises:
        UsageError, DeviceError: as `Workers.places`, or a device is not there.
    """
    if workers.ray is not None:
        return _on_ray(workers.ray, engine, workers, kinds, threads, choose)
    places = workers.places(engine, kinds) or ([kinds] if engine.environment() else [])
    own = share(threads, len(places))
    if not places:
        return Crew((LocalRecogniser(choose(kinds, own)),))
    from asrcli.workers.recogniser import WorkerRecogniser  # what starts processes is for those who want some

    for place in places if len(places) > 1 and is_whole(engine) else ():  # before weights are looked for
        devices.choose(engine, place, threads=own)
    first = choose(places[0], own)
    dtype = first.device.dtype
    found = [first]
    found += [replace(first, device=devices.choose(first.engine, place, dtype, own)) for place in places[1:]]
    return Crew(tuple(WorkerRecogniser(one, workers.limits, len(found)) for one in found), named(found))


def _on_ray(
    address: str, engine: type[Engine], workers: Workers, kind: str, threads: int, choose: Callable[[str, int], Choice]
) -> Crew:
    """Return what to recognise with on the nodes of a cluster.

    Raises:
        EngineUnavailable: it cannot be joined.
        DeviceError: it has not so many GPUs free.
    """
    from asrcli.workers.ray_cluster import Cluster, divide
    from asrcli.workers.recogniser import WorkerRecogniser

    cluster = Cluster(address, silently, engine.keys)
    try:
        if kind == "auto":
            kind = "cuda" if "cuda" in engine.devices and cluster.has.free_gpus >= 1 else "cpu"
        count, cpus = divide(cluster.has, kind, workers.count, threads)
        choice = choose(kind, int(cpus))
    except BaseException:
        cluster.close()
        raise
    launch = cluster.launch(cpus, 1.0 if kind == "cuda" else 0.0)
    found = [WorkerRecogniser(choice, workers.limits, 0, launch=launch) for _ in range(count)]
    return Crew(tuple(found), tuple(f"{kind} {number}" for number in range(1, count + 1)), cluster)


def named(choices: list[Choice]) -> tuple[str, ...]:
    """Return what workers are called: by their device, with a number where it has several."""
    places = [str(one.device) for one in choices]
    numbers = [places[: at + 1].count(place) for at, place in enumerate(places)]
    return tuple(
        f"{place} {number}" if places.count(place) > 1 else place for place, number in zip(places, numbers, strict=True)
    )
