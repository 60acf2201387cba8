"""The diarizer `pyannote`: pyannote.audio's own pipeline, whose weights are pulled from the hub or copied here."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from asrcli.diarizer import Diarizer, SpeakerCount, Speaking
from asrcli.engine import LAST_RESORT, Device, Model, Weights
from asrcli.engines.device import torch_threads
from asrcli.errors import UsageError
from asrcli.types import SAMPLE_RATE, Turn

if TYPE_CHECKING:
    from asrcli.types import HalfSamples, Samples

LEAST_SECONDS = 0.1  # in shorter recordings nobody speaks; pyannote's networks need more than one frame
CONFIG = "config.yaml"


class Pyannote(Diarizer):
    """Who speaks when, by pyannote.audio."""

    name: ClassVar[str] = "pyannote"
    requires: ClassVar[tuple[str, ...]] = ("pyannote.audio", "torch")
    extra: ClassVar[str] = "diarize"
    rank: ClassVar[int] = LAST_RESORT + 10
    weight_files: ClassVar[tuple[str, ...]] = ("*pytorch_model.bin",)
    models: ClassVar = {
        "community-1": Model(
            "pyannote/speaker-diarization-community-1",
            licence="CC-BY-4.0",
            files=(CONFIG, "segmentation/*", "embedding/*", "plda/*"),
        )
    }
    default_model: ClassVar[str] = "community-1"
    devices: ClassVar[tuple[str, ...]] = ("cuda", "cpu")

    def __init__(self, weights: Weights, device: Device) -> None:
        """Load the pipeline; raises `ModelError` for weights that are incomplete, damaged or unsafe."""
        os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # it reports the lengths of recordings to its makers otherwise
        _silence_pyannote()
        from asr_plugins.pyannote.checkpoint import open_pipeline

        assert weights.path is not None
        self.pipeline, self.threads = open_pipeline(weights.path), device.threads
        if device.kind != "cpu":
            import torch

            self.pipeline.to(torch.device(str(device)))

    @classmethod
    def check_folder(cls, folder: str) -> None:
        """Raise `UsageError` for a folder without the pipeline's config."""
        if not Path(folder, CONFIG).exists():
            raise UsageError(f"--diarize-model '{folder}' has no {CONFIG}: it is no folder of a pyannote pipeline")

    def find(self, samples: Samples | HalfSamples, count: SpeakerCount) -> Speaking:
        """Return who speaks when in a recording."""
        import torch

        if len(samples) < LEAST_SECONDS * SAMPLE_RATE:
            return Speaking()
        _silence_pyannote()
        file = {"waveform": torch.from_numpy(samples).float()[None], "sample_rate": SAMPLE_RATE, "uri": "recording"}
        with torch.inference_mode(), torch_threads(self.threads):
            output = self.pipeline(
                file, num_speakers=count.exactly, min_speakers=count.at_least, max_speakers=count.at_most
            )
        return Speaking(_turns(output.speaker_diarization), _turns(output.exclusive_speaker_diarization))


def _turns(annotation: Any) -> tuple[Turn, ...]:
    """Return the tracks of pyannote's annotation as turns."""
    return tuple(Turn(str(name), part.start, part.end) for part, _, name in annotation.itertracks(yield_label=True))


def _silence_pyannote() -> None:
    """Keep its warnings off standard error: about a decoder that is not used, and about means of one frame."""
    for module in (r"pyannote\.", r"torchcodec", r"torchaudio", r"torch\.nn", r"lightning", r"asteroid_filterbanks"):
        warnings.filterwarnings("ignore", module=module)
    logging.getLogger("nv_one_logger").setLevel(
        logging.ERROR
    )  # comes with NeMo, and logs whenever Lightning is imported
