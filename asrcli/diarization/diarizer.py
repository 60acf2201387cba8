"""pyannote.audio behind the card that engines have too: where its weights come from, and one recording at a time."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from asrcli.base.torchaudio_guard import guard_torchaudio
from asrcli.diarization.speakers import Diarization, SpeakerOptions, check_number
from asrcli.engine import Model, Plugin, Weights
from asrcli.engines.device import is_out_of_memory
from asrcli.engines.opening import opening
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Turn
from asrcli.weights import models
from asrcli.weights.cache import hub_is_off

if TYPE_CHECKING:
    from asrcli.types import Samples

Announce = Callable[[str], None]
LEAST_SECONDS = 0.1  # in shorter recordings nobody speaks; pyannote's networks need more than one frame


class Diarizer(Plugin):
    """Who speaks when, by pyannote.audio. Used by one thread."""

    role: ClassVar[str] = "diarizer"
    name: ClassVar[str] = "pyannote"
    requires: ClassVar[tuple[str, ...]] = ("pyannote.audio", "torch")
    extra: ClassVar[str] = "diarize"
    weight_files: ClassVar[tuple[str, ...]] = ("*pytorch_model.bin",)
    models: ClassVar = {
        "community-1": Model(
            "pyannote/speaker-diarization-community-1",
            licence="CC-BY-4.0",
            files=("config.yaml", "segmentation/*", "embedding/*", "plda/*"),
        )
    }
    default_model: ClassVar[str] = "community-1"
    devices: ClassVar[tuple[str, ...]] = ("cuda", "cpu")
    device = "cpu"

    def __init__(self, weights: Weights, wanted: SpeakerOptions, device: str, announce: Announce) -> None:
        """Load the pipeline onto ``cpu`` or ``cuda:N``.

        Raises:
            ModelError: the weights are incomplete, damaged or unsafe.
        """
        os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # it reports the lengths of recordings to its makers otherwise
        guard_torchaudio()
        _silence_pyannote()
        from asrcli.diarization.checkpoint import open_pipeline

        assert weights.path is not None
        with opening(weights):
            self.pipeline = open_pipeline(weights.path)
        self.wanted, self.announce = wanted, announce
        self.source = f"{self.name} {weights.name}" + (f" {weights.revision}" if weights.revision else "")
        if device != "cpu":
            self._move(device)

    def _move(self, device: str) -> None:
        import torch

        self.device = device
        self.pipeline.to(torch.device(device))

    def find(self, samples: Samples, start: float) -> Diarization:
        """Return who speaks when in a recording.

        Args:
            samples: the whole recording, `(n,)`.
            start: where in the recording they begin, seconds.
        """
        if len(samples) < LEAST_SECONDS * SAMPLE_RATE:
            return Diarization((), (), self.source)
        _silence_pyannote()
        try:
            output = self._apply(samples)
        except Exception as error:
            if not is_out_of_memory(error) or self.device == "cpu":
                raise
            self.announce(f"out of memory on {self.device}: finding speakers on the cpu from here")
            self._move("cpu")
            output = self._apply(samples)
        end = start + len(samples) / SAMPLE_RATE
        turns = _turns(output.speaker_diarization, start, end)
        check_number(self.wanted, len({turn.speaker for turn in turns}), self.announce)
        return Diarization(turns, _turns(output.exclusive_speaker_diarization, start, end), self.source)

    def _apply(self, samples: Samples) -> Any:
        import torch

        waveform = torch.from_numpy(samples)[None]
        file = {"waveform": waveform, "sample_rate": SAMPLE_RATE, "uri": "recording"}
        wanted = self.wanted
        with torch.inference_mode():
            return self.pipeline(
                file, num_speakers=wanted.exactly, min_speakers=wanted.at_least, max_speakers=wanted.at_most
            )


def _turns(annotation: Any, start: float, end: float) -> tuple[Turn, ...]:
    """Return the tracks of pyannote's annotation as turns within the recording, in the order of time.

    Its windows are padded, and turns of a short recording may end after it.
    """
    turns = [
        Turn(str(name), round(part.start + start, 3), round(min(part.end + start, end), 3))
        for part, _, name in annotation.itertracks(yield_label=True)
    ]
    return tuple(sorted(filter(_lasts, turns), key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _lasts(turn: Turn) -> bool:
    return turn.end > turn.start


def _silence_pyannote() -> None:
    """Keep its warnings off standard error: about a decoder that is not used, and about means of one frame."""
    for module in (r"pyannote\.", r"torchcodec", r"torchaudio", r"torch\.nn", r"lightning", r"asteroid_filterbanks"):
        warnings.filterwarnings("ignore", module=module)
    logging.getLogger("nv_one_logger").setLevel(
        logging.ERROR
    )  # comes with NeMo, and logs whenever Lightning is imported


def find_weights(wanted: SpeakerOptions, offline: bool, announce: Announce) -> Weights:
    """Return the weights, pulling them when they are not here and that is allowed.

    Raises:
        ModelError: they are not here and cannot be had.
        UsageError: no such folder or model.
    """
    if (offline or hub_is_off()) and not models.is_here(Diarizer, wanted.model):
        name = wanted.model or Diarizer.default_model
        raise ModelError(
            f"the diarization model '{name}' is not on this machine and may not be downloaded now: run once without "
            "--offline, or name a folder with --diarize-model"
        )
    return models.resolve(Diarizer, wanted.model, offline=offline, pull=True, announce=announce)
