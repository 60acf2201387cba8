"""A recogniser that hears how loud it is: the smallest engine that keeps the contract, to be copied.

Its first model needs no weights. The others are one number in a file, as four bytes, to show how weights of the hub are
declared.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from asrcli.engine import Device, Engine, Model, Weights
from asrcli.errors import ModelError
from asrcli.types import Clip, Options, Segment

AUDIBLE = 0.01  # root mean square of full scale
LOUD = 0.1
FILES = ("*.onnx", "*.ort", "*.gguf")


def _model(name: str, *files: str) -> Model:
    return Model(f"example/{name}", None, size_mb=1, languages=("en",), licence="Apache-2.0", files=files)


class Loudness(Engine):
    """Says ``loud`` or ``quiet`` for every clip that is not silent."""

    name = "loudness"
    requires = ("numpy",)
    extra = "level"  # of this distribution: pip install 'asr-loudness[level]'
    rank = 30  # `auto` takes it before PocketSphinx (10), and after Whisper (40)
    models: ClassVar[Mapping[str, Model]] = {
        "rms": Model(None, languages=("en",), licence="Apache-2.0"),
        "onnx": _model("loudness-onnx", "config.json", "onnx/*.onnx"),
        "ort": _model("loudness-ort", "*.ort"),
        "gguf": _model("loudness-gguf", "loudness.gguf"),
    }
    default_model = "rms"
    speaks = ("en",)
    weight_files = FILES
    max_seconds = 60.0

    def __init__(self, weights: Weights, device: Device) -> None:
        self.loud = LOUD if weights.path is None else read_threshold(Path(weights.path))

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return one segment per clip, none for silence."""
        return [self._recognise(clip) for clip in clips]

    def _recognise(self, clip: Clip) -> list[Segment]:
        import numpy as np

        level = float(np.sqrt(np.mean(np.square(clip.samples)))) if len(clip.samples) else 0.0
        if level < AUDIBLE:
            return []
        return [Segment("loud" if level >= self.loud else "quiet", 0.0, clip.seconds, language="en")]


def read_threshold(folder: Path) -> float:
    """Return the level from which a clip is loud, of the first weights in a folder.

    Raises:
        ModelError: there are none, or they are damaged.
    """
    for path in sorted(path for pattern in FILES for path in folder.rglob(pattern)):
        data = path.read_bytes()
        if len(data) != 4:
            raise ModelError(f"'{path}' is damaged: {len(data)} bytes instead of 4; pull it again")
        return float(struct.unpack("<f", data)[0])
    raise ModelError(f"'{folder}' holds none of {', '.join(FILES)}")
