"""The aligner `nemo`: the search of the aligner `ctc` over the emissions of a CTC model of NeMo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from asr_plugins.nemo import MODELS, Nemo, _frame_seconds, _load
from asr_plugins.nemo.archive import find_archive, read_archive
from asr_plugins.transformers_models.aligner import Ctc
from asr_plugins.transformers_models.vocabulary import Vocabulary
from asrcli.capabilities import LoadsFiles
from asrcli.engine import Device, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Samples
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    from numpy.typing import NDArray


SHORTEST = 0.1  # seconds; less than an encoder frame and its context


class NemoCtc(Ctc, LoadsFiles):
    """Aligns with Parakeet-CTC and other CTC models in ``.nemo`` archives."""

    name = "nemo"
    requires = Nemo.requires
    extra = "nemo"
    rank = 60
    models: ClassVar[Mapping[str, Model]] = {name: model for name, model in MODELS.items() if model.layout == "ctc"}
    default_model = "parakeet-ctc-0.6b"
    loads_files = Nemo.loads_files
    weight_files = Nemo.weight_files
    devices = Nemo.devices
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = Nemo.dtypes

    def __init__(self, weights: Weights, device: Device) -> None:
        archive = read_archive(find_archive(local_path(type(self), weights)))
        if archive.layout != "ctc":
            raise ModelError(f"'{archive.path}' is a model of kind '{archive.layout}', and alignment needs a CTC model")
        self.model = NemoEmissions(_load(archive, *torch_place(type(self), device)))
        self.group_seconds = self.batch_seconds[device.kind]


class NemoEmissions:
    """What a CTC model of NeMo gives for samples, as the aligner `ctc` wants it."""

    def __init__(self, network: Any) -> None:
        self.network = network
        pieces = list(network.decoder.vocabulary)
        special = frozenset(number for number, piece in enumerate(pieces) if piece.startswith("<"))
        delimiter = None if any(piece.startswith("▁") for piece in pieces) else " "
        tokenizer = getattr(network, "tokenizer", None)  # models of letters have none
        segment = tokenizer.text_to_ids if tokenizer is not None else None
        blank = len(pieces)  # NeMo's comes last
        self.vocabulary = Vocabulary([*pieces, "<blank>"], blank, special, delimiter, segment)
        self.frame_seconds = _frame_seconds(network)
        network.preprocessor.featurizer.dither = 0.0  # noise for training: the same sound gives the same times
        network.preprocessor.featurizer.pad_to = 0

    def speak(self, language: str | None) -> None:
        """Do nothing: these models have one vocabulary for all their languages."""

    def emissions(self, samples: Sequence[Samples]) -> list[NDArray[Any]]:
        """Return for each clip the log probabilities of its frames, float32 (frames, tokens)."""
        import numpy as np
        import torch

        found: list[NDArray[Any]] = [np.zeros((0, len(self.vocabulary)), np.float32)] * len(samples)
        usable = [place for place, one in enumerate(samples) if len(one) >= SHORTEST * SAMPLE_RATE]
        if not usable:
            return found
        lengths = torch.tensor([len(samples[place]) for place in usable])
        sound = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(samples[place]) for place in usable], batch_first=True
        )
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            log_probs, counts, _ = self.network(input_signal=sound.to(device), input_signal_length=lengths.to(device))
        rows = log_probs.float().cpu().numpy()
        for place, row, count in zip(usable, rows, counts.tolist(), strict=True):
            found[place] = row[: int(count)]
        return found
