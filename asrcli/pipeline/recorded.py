"""What shapes a text besides the options of its engine: written into each transcript."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from asrcli.base.blas import pin_threads
from asrcli.capabilities import backend_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asrcli.engines.recogniser import Choice
    from asrcli.pipeline.settings import Settings


def shaped_by(choice: Choice, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield name and value of the implementation, the device, its precision, batches, clips and voice activity."""
    if backend := backend_of(choice.engine):
        yield "backend", backend
    device, accepted = choice.device, choice.engine.dtypes.get(choice.device.kind, ())
    yield "device", device.kind
    yield "dtype", accepted[0] if device.dtype == "auto" and accepted else device.dtype
    if pin_threads():
        yield "blas_threads", "1"
    yield "batch_size", str(settings.batch_size)
    yield "clip_seconds", f"{settings.cut.max_seconds:g}"
    vad = settings.cut.vad
    yield "vad", "off" if vad is None else vad.model
    if vad is not None:
        yield from ((f"vad_{one.name}", f"{getattr(vad, one.name):g}") for one in fields(vad) if one.name != "model")
    if settings.languages:
        yield "languages", ",".join(settings.languages)
