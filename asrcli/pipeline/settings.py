"""How a run goes, apart from what is asked of the engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from asrcli.base.blas import pin_threads
from asrcli.capabilities import backend_of
from asrcli.types import Clip, Segment, Transcript

if TYPE_CHECKING:
    from asrcli.audio.cut import CutOptions
    from asrcli.audio.vad import VadOptions
    from asrcli.companions import Identifier, Punctuator
    from asrcli.engine import Device, Plugin
    from asrcli.engines.recogniser import Choice, Recogniser
    from asrcli.types import Samples

    Listen = Callable[[int, Iterator[Samples]], Iterator[Samples]]

MOST_CLIPS = 64  # per call of the engine, however short they are
QUEUE_SECONDS = 1800.0  # audio decoded ahead of the engine: 115 MB of samples


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run, apart from what is asked of the engine."""

    cut: CutOptions
    languages: tuple[str, ...] = ()  # the vote chooses among these; () is any
    batch_size: int = MOST_CLIPS  # greatest number of clips per call
    batch_seconds: float | None = None  # None is the engine's own wish
    punctuator: Punctuator | None = None
    identifier: Identifier | None = None  # votes on the language instead of the engine
    decode_threads: int = 2
    queue_seconds: float = QUEUE_SECONDS
    words: Callable[[Clip, Sequence[Segment]], tuple[Segment, ...]] | None = None  # gives segments words with times
    answer: Callable[[Transcript, Recogniser], Transcript] | None = None  # adds answers to what was asked about it
    shared: bool = False  # other runs may take what this one has not begun: little is begun ahead
    opening: Callable[[int], None] | None = None  # before each recording is opened, in its decoding thread; may fail it
    listen: Listen | None = None  # gets the blocks of each recording as they are decoded, and hands them on
    also: tuple[tuple[str, str], ...] = ()  # what else shapes the text, by name and value


def decode_threads(recognisers: int, elsewhere: bool) -> int:
    """Return how many threads decode for the recognisers: half of the cores, or all where the engines are not."""
    cores = os.cpu_count() or 2
    return max(2, min(8 * recognisers, cores if elsewhere else cores // 2))


def shaped_by(choice: Choice, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield name and value of all that shapes a text apart from what is asked of the engine."""
    yield from by_plugin(choice.engine, choice.device)
    yield "batch_size", str(settings.batch_size)
    yield "clip_seconds", f"{settings.cut.max_seconds:g}"
    yield from by_vad(settings.cut.vad)
    if settings.languages:
        yield "languages", ",".join(settings.languages)
    yield from settings.also


def by_plugin(plugin: type[Plugin], device: Device) -> Iterator[tuple[str, str]]:
    """Yield name and value of the implementation, the device and its precision, of an engine or an aligner."""
    if backend := backend_of(plugin):
        yield "backend", backend
    accepted = plugin.dtypes.get(device.kind, ())
    yield "device", device.kind
    yield "dtype", accepted[0] if device.dtype == "auto" and accepted else device.dtype
    if pin_threads():
        yield "blas_threads", "1"


def by_vad(vad: VadOptions | None) -> Iterator[tuple[str, str]]:
    """Yield name and value of what counts as speech."""
    yield "vad", "off" if vad is None else vad.model
    if vad is not None:
        yield from ((f"vad_{one.name}", f"{getattr(vad, one.name):g}") for one in fields(vad) if one.name != "model")
