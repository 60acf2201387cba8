"""Runs through the library with workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asrcli
from asrcli.formats import Layout, render
from asrcli.workers.wanted import Limits, Workers
from support.command import write_silence

HERE = ("alpha", "beta", "bad", "gamma", "delta")
QUICK = Limits(load=60.0, call=3.0, first_call=0.0)


def five(folder: Path) -> list[Path]:
    """Return recordings of 40 s each, which come in one batch."""
    return [write_silence(folder / f"in/{name}-b-c.wav", 40.0) for name in HERE]


class Heard:
    """What a run through the library came to."""

    def __init__(self, paths: list[Path], workers: Workers | int, **more: object) -> None:
        self.failed: dict[str, str] = {}
        self.said: list[str] = []
        found = asrcli.transcribe(
            paths,
            engine="fake",
            vad=False,
            workers=workers,
            on_error=lambda name, error: self.failed.update({Path(name).stem: str(error)}),
            on_note=self.said.append,
            **more,  # type: ignore[arg-type]
        )
        self.texts = {
            Path(one.recording.path).stem: render(replace(one, model=None), "json", Layout()) for one in found
        }
