"""``asr serve``: options in, a server until it is stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from asrcli.base.console import Console
from asrcli.cli.commands.options import OFFLINE, THREADS
from asrcli.cli.groups import grouped, option


@dataclass(frozen=True, kw_only=True)
class ServedOptions:
    """Which engines."""

    section: ClassVar[str] = "Engines"
    engine: list[str] | None = option(
        None, "--engine", "-e", help="ENGINE or ENGINE:MODEL, several: -e ... -e ...; default: auto."
    )
    workers: int = option(0, min=0, max=256, help="Processes for each engine; default: one on each device.")
    device: str = option("auto", help="auto, cpu, cuda, cuda:1, mps; several: cuda:0,cuda:1 or cuda:all.")
    compute_type: str = option("auto", "--compute-type", "--dtype", help="auto, int8, float16, ...")
    threads: int = THREADS
    offline: bool = OFFLINE


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Where it listens."""

    section: ClassVar[str] = "Place"
    host: str = option("127.0.0.1", help="Address to listen on, default 127.0.0.1: this machine alone.")
    port: int = option(8000, min=0, max=65535, help="Port, default 8000; 0: one that is free.")
    no_key: bool = option(False, "--no-key", help="Let other machines in without a key.")
    allow_name: list[str] | None = option(None, help="Host name that clients use for this server; several: again.")


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """What requests may take."""

    section: ClassVar[str] = "Limits"
    max_upload: float = option(2048, min=1, help="MiB of one file, default 2048.")
    max_hours: float = option(12, min=0.001, help="Hours of audio in one file, default 12.")
    max_requests: int = option(64, min=1, max=256, help="Requests open at once, default 64.")


@dataclass(frozen=True, kw_only=True)
class TalkOptions:
    """What it says."""

    section: ClassVar[str] = "Reports"
    quiet: bool = option(False, "--quiet", "-q", help="Errors only: no line for each request.")


@partial(grouped, sections=True)
def serve(engines: ServedOptions, place: PlaceOptions, limits: LimitOptions, talk: TalkOptions) -> None:
    """Serve engines over OpenAI's interface for files of speech.

    Listens on http://127.0.0.1:8000/v1 until it is stopped. Where other machines may ask, they bring the key that is in
    ASR_SERVE_KEY.

    Examples: asr serve · asr serve -e whisper:large-v3-turbo -e qwen3 --port 8001
    """
    from asrcli.serve.messages import Start
    from asrcli.serve.server import KEY, Place, serve
    from asrcli.serve.uploads import Limits

    start = Start(
        tuple(dict.fromkeys(engines.engine or ["auto"])), "", engines.workers, engines.device, engines.compute_type,
        engines.threads, engines.offline, limits.max_hours * 3600,
    )  # fmt: skip
    key = os.environ.get(KEY, "").strip()
    with Console(quiet=talk.quiet) as console:
        serve(
            Place(place.host, place.port, tuple(place.allow_name or ()), key, place.no_key),
            start,
            Limits(upload=round(limits.max_upload * (1 << 20)), requests=limits.max_requests),
            console,
        )
