"""FireRedVAD: speech or not, every 10 ms, from a DFSMN over Kaldi features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from asr_plugins.firered.checkpoint import MODEL, read_pickle
from asr_plugins.firered.features import SHIFT, WINDOW, FeatureStream, read_cmvn
from asrcli.companions import Detector, SpeechStream
from asrcli.engine import Model, Weights
from asrcli.errors import ModelError
from asrcli.types import Samples
from asrcli.weights.tensors import Tensors

STEP = 512  # samples per window of the caller
CENTRE = WINDOW // 2  # samples from the start of a frame to its middle
FOLDERS = ("VAD", "Stream-VAD")  # the official repository holds one model in each


class FireRedVad(Detector):
    """FireRedVAD, which looks ahead, and Stream-VAD, which does not."""

    name = "firered"
    requires = ("torch", "kaldi_native_fbank")
    extra = "firered"
    weight_files = ("*.pth.tar", "*.safetensors")
    models: ClassVar[Mapping[str, Model]] = {
        "vad": Model(
            "FireRedTeam/FireRedVAD", None, 588_000, 3, (), "Apache-2.0", "vad", (f"VAD/{MODEL}", "VAD/cmvn.ark")
        )
    }
    default_model = "vad"
    threshold = 0.4  # the authors' default

    def __init__(self, weights: Weights) -> None:
        import torch

        from asr_plugins.firered.dfsmn import DfsmnConfig, build_dfsmn

        folder = _model_folder(Path(weights.path or ""))
        args, tensors = read_pickle(folder / MODEL)
        config = DfsmnConfig.read(args, str(folder / MODEL))
        if config.outputs != 1:
            raise ModelError(f"'{folder}' tells {config.outputs} kinds of sound apart; name the folder VAD beside it")
        self.network = build_dfsmn(config, Tensors(tensors, str(folder / MODEL)))
        self.mean, self.scale = read_cmvn(folder / "cmvn.ark", config.bins)
        self.bins = config.bins
        self.torch: Any = torch

    def stream(self) -> SpeechStream:
        """Begin a recording."""
        return _Stream(self)


def _model_folder(folder: Path) -> Path:
    """Return the folder with the weights: itself, or the one for recordings inside the official repository."""
    return next((folder / name for name in FOLDERS if (folder / name / MODEL).is_file()), folder)


class _Stream(SpeechStream):
    """Frames of 10 ms are gathered into the caller's windows: the mean of those whose middle lies in a window."""

    def __init__(self, model: FireRedVad) -> None:
        self.model = model
        self.features = FeatureStream(model.bins)
        self.past = model.network.start()
        self.frames: list[float] = []  # of frames from `first` on
        self.first = 0
        self.window = 0  # windows returned
        self.fed = 0  # windows taken

    def feed(self, samples: Samples) -> Samples:
        """Return the windows that no later sample can change."""
        self._feed(samples, last=False)
        return self._windows(last=False)

    def finish(self, samples: Samples) -> Samples:
        """Return all other windows; the last ones may have no frame of their own and take the one before."""
        self._feed(samples, last=True)
        return self._windows(last=True)

    def _feed(self, samples: Samples, last: bool) -> None:
        torch = self.model.torch
        self.fed += len(samples) // STEP
        features = (self.features.feed(samples) - self.model.mean) * self.model.scale
        with torch.inference_mode():
            found = self.model.network(self.past, torch.from_numpy(features.astype("float32")), last)
        self.frames += found[:, 0].tolist()

    def _windows(self, last: bool) -> Samples:
        import numpy as np

        found: list[float] = []
        while self.window < self.fed:
            start, stop = _frames_of(self.window)
            if stop > self.first + len(self.frames) and not last:
                break
            own = self.frames[start - self.first : stop - self.first] or self.frames[-1:]
            found.append(sum(own) / len(own) if own else 0.0)
            self.window += 1
        following = min(_frames_of(self.window)[0] - self.first, max(0, len(self.frames) - 1))
        self.frames, self.first = self.frames[following:], self.first + following
        return np.asarray(found, np.float32)


def _frames_of(window: int) -> tuple[int, int]:
    """Return the first frame whose middle lies in a window, and the first one behind it."""
    first, behind = (max(0, -(-(edge * STEP - CENTRE) // SHIFT)) for edge in (window, window + 1))
    return first, behind
