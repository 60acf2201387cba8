"""What `asr`, the driver of Ray and the hosts of engines on its nodes say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from asrcli.transport.codec import Samples

# What `asr` tells the driver


@dataclass(frozen=True, slots=True)
class Join:
    """Join a cluster."""

    address: str  # "auto", "local", or HOST:PORT
    folder: str = ""  # for what a cluster that is started writes; removed in the end


@dataclass(frozen=True, slots=True)
class Open:
    """Make a host for a worker; the answers to what it is asked say whether it could be."""

    worker: int
    cpus: float
    gpus: float
    interpreter: str | None  # of the engine's own environment
    variables: dict[str, str]
    needs: tuple[str, ...] = ()  # files and folders that its node has to have
    keys: tuple[str, ...] = ()  # variables with keys that the engine reads
    without: tuple[str, ...] = ()  # nodes that are left out


@dataclass(frozen=True, slots=True)
class Ask:
    """Hand a message to the engine of a worker, as `asrcli.transport.codec` writes it."""

    worker: int
    head: str
    body: Samples  # all samples of the message, one array after the other


@dataclass(frozen=True, slots=True)
class End:
    """End a worker, in the middle of a call if need be."""

    worker: int


# What the driver answers


@dataclass(frozen=True, slots=True)
class Joined:
    """What the cluster has."""

    cpus: tuple[float, ...]  # of each node
    free_gpus: float  # of all nodes, now


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker's engine has answered to what was asked, or `Lost`."""

    worker: int
    head: str


# What a host says in the place of its engine


@dataclass(frozen=True, slots=True)
class Lacks:
    """Its node lacks what the engine needs."""

    node: str
    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The process of the engine, its host or their node has ended."""

    why: str
    placed: bool = True  # it was there before
