"""What a run recognises with: the engine in this process, or in workers on one device or several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from asrcli.engine import Engine
from asrcli.engines import device as devices
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.workers.wanted import Workers, share


@dataclass(frozen=True, slots=True)
class Crew:
    """The recognisers of a run, and what they are called."""

    recognisers: tuple[LocalRecogniser, ...]
    names: tuple[str, ...] = ()  # of workers

    def close(self) -> None:
        """End the workers, in the middle of a call if need be. An engine in this process is left as it is."""
        for one in self.recognisers if self.names else ():
            one.close()


def assemble(
    engine: type[Engine], workers: Workers, kinds: str, threads: int, choose: Callable[[str, int], Choice]
) -> Crew:
    """Return what to recognise with; nothing is loaded yet.

    Args:
        engine: whose card says which devices there are.
        workers: what was asked for.
        kinds: one device or several.
        threads: of the CPU, for all workers together; 0: every core where there are several.
        choose: finds the weights, for a device and a number of threads.

    Raises:
        UsageError, DeviceError: as `Workers.places`, or a device is not there.
    """
    places = workers.places(engine, kinds)
    own = share(threads, len(places))
    if not places:
        return Crew((LocalRecogniser(choose(kinds, own)),))
    from asrcli.workers.recogniser import WorkerRecogniser  # what starts processes is for those who want some

    first = choose(places[0], own)
    dtype = first.device.dtype
    found = [first]
    found += [replace(first, device=devices.choose(first.engine, place, dtype, own)) for place in places[1:]]
    return Crew(tuple(WorkerRecogniser(one, workers.limits, len(found)) for one in found), named(found))


def named(choices: list[Choice]) -> tuple[str, ...]:
    """Return what workers are called: by their device, with a number where it has several."""
    places = [str(one.device) for one in choices]
    numbers = [places[: at + 1].count(place) for at, place in enumerate(places)]
    return tuple(
        f"{place} {number}" if places.count(place) > 1 else place for place, number in zip(places, numbers, strict=True)
    )
