"""The diarizer `pyannote`: pyannote.audio's own pipeline, whose weights are pulled from the hub or copied here.

pyannote's own loader unpickles checkpoints whole and imports whatever class a config names. Here pickles are read with
torch's ``weights_only``, and only pyannote's own networks and its diarization pipeline are built. The layout is that of
``pyannote/speaker-diarization-community-1``: a ``config.yaml``, and the folders ``segmentation``, ``embedding`` (each
with a ``pytorch_model.bin``) and ``plda`` that it names as ``$model/NAME``.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar

from asrcli.base.files import brief
from asrcli.diarizer import Diarizer, SpeakerCount, Speaking
from asrcli.engine import LAST_RESORT, Device, Model, Weights
from asrcli.engines.device import torch_threads
from asrcli.errors import ModelError, UsageError
from asrcli.types import SAMPLE_RATE, HalfSamples, Samples, Turn

LEAST_SECONDS = 0.1  # in shorter recordings nobody speaks; pyannote's networks need more than one frame
CONFIG = "config.yaml"

WEIGHTS = "pytorch_model.bin"
PIPELINES = (
    "pyannote.audio.pipelines.SpeakerDiarization",
    "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
)
# The networks that are built, and the arguments that they get.
NETWORKS = {
    "PyanNet": ("pyannote.audio.models.segmentation", ("sincnet", "lstm", "linear", "sample_rate", "num_channels")),
    "WeSpeakerResNet34": (
        "pyannote.audio.models.embedding.wespeaker",
        ("sample_rate", "num_channels", "num_mel_bins", "frame_length", "frame_shift", "dither", "window_type",
         "use_energy"),
    ),
    "XVectorMFCC": ("pyannote.audio.models.embedding", ("sample_rate", "num_channels", "mfcc", "dimension")),
    "XVectorSincNet": ("pyannote.audio.models.embedding", ("sample_rate", "num_channels", "sincnet", "dimension")),
}  # fmt: skip
MOST_WIDTH, MOST_RATE = 4_096, 200_000
PARTS = ("segmentation", "embedding", "plda")
SETTINGS = (
    "segmentation_step",
    "segmentation_batch_size",
    "embedding_batch_size",
    "embedding_exclude_overlap",
    "clustering",
)


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


def open_pipeline(folder: str | Path) -> Any:
    """Return the pipeline of a folder, ready to be called.

    Raises:
        ModelError: a file is missing, damaged, of another kind, or not safe to open.
    """
    root = Path(folder)
    config = _read_config(root)
    wanted = config["pipeline"].get("params") or {}
    parts = {part: _part(root, part, wanted) for part in PARTS}
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization

    try:
        pipeline = SpeakerDiarization(
            segmentation=open_network(parts["segmentation"] / WEIGHTS),
            embedding=open_network(parts["embedding"] / WEIGHTS),
            plda=PLDA(parts["plda"] / "xvec_transform.npz", parts["plda"] / "plda.npz"),
            **{name: wanted[name] for name in SETTINGS if name in wanted},
        )
        return pipeline.instantiate(config.get("params") or pipeline.default_parameters())
    except (KeyError, ValueError, OSError) as error:
        raise ModelError(f"'{root}' is no diarization pipeline that can be loaded: {brief(error)}") from error


def _read_config(root: Path) -> dict[str, Any]:
    import yaml

    path = root / CONFIG
    try:
        config = yaml.safe_load(path.read_bytes())
        name = config["pipeline"]["name"]
    except FileNotFoundError:
        raise ModelError(f"'{root}' has no {CONFIG}: it is no folder of a pyannote pipeline") from None
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"'{path}' is no config of a pyannote pipeline: {brief(error)}") from error
    if name not in PIPELINES:
        raise ModelError(f"'{path}' is a pipeline '{name}'; only {PIPELINES[0]} can be used")
    return dict(config)


def _part(root: Path, part: str, wanted: Mapping[str, Any]) -> Path:
    """Return the folder of a part that a config names as ``$model/NAME``."""
    named = wanted.get(part, f"$model/{part}")
    if not isinstance(named, str) or not named.startswith("$model/") or ".." in Path(named).parts:
        raise ModelError(
            f"'{root / CONFIG}' takes its {part} from '{named}', which is not in its folder: choose a pipeline that is "
            "whole, such as pyannote/speaker-diarization-community-1"
        )
    folder = root / named.removeprefix("$model/")
    if not folder.is_dir():
        raise ModelError(f"'{root}' is incomplete: it has no folder '{folder.name}'")
    return folder


def open_network(path: Path) -> Any:
    """Return a network of pyannote from its checkpoint, in evaluation mode.

    Raises:
        ModelError: the checkpoint is missing, damaged, or names other classes than pyannote's.
    """
    checkpoint = _load(path)
    try:
        facts = checkpoint["pyannote.audio"]
        module, name = facts["architecture"]["module"], facts["architecture"]["class"]
        if not module.startswith("pyannote.audio.models.") or name not in NETWORKS:
            raise ModelError(f"'{path}' is a network '{module}.{name}', which is none of pyannote.audio")
        network = _build(name, checkpoint.get("hyper_parameters", {}), path)
        network.specifications = facts["specifications"]
        network.setup()  # adds the layers that depend on the task
        # A loss that was trained along has weights of its own, which nobody needs any more.
        missing = network.load_state_dict(checkpoint["state_dict"], strict=False).missing_keys
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise ModelError(f"'{path}' is no checkpoint of pyannote.audio that can be loaded: {brief(error)}") from error
    if missing:
        raise ModelError(f"'{path}' is incomplete: it has no weights '{missing[0]}'")
    return network.eval()


def _build(name: str, hyper_parameters: Mapping[str, Any], path: Path) -> Any:
    """Return a network made with those saved parameters that it is known to take; others are derived or of training."""
    module, arguments = NETWORKS[name]
    taken = {key: hyper_parameters[key] for key in arguments if key in hyper_parameters}
    _check_sizes(taken, path)
    return getattr(import_module(module), name)(**taken)


def _check_sizes(value: Any, path: Path, key: str = "") -> None:
    """Raise unless parameters are numbers that a network may have, and words."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            _check_sizes(one, path, str(name))
    elif not (value is None or isinstance(value, (int, float, str))):
        raise ModelError(f"'{path}' is not loaded: its {key} is a {type(value).__name__}")
    elif isinstance(value, (int, float)) and not abs(value) <= (MOST_RATE if key == "sample_rate" else MOST_WIDTH):
        raise ModelError(f"'{path}' is not loaded: its {key} is {value}, more than any network has")


def _load(path: Path) -> dict[str, Any]:
    import torch
    from lightning.fabric.utilities.data import AttributeDict
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from torch.torch_version import TorchVersion

    def member(kind: Any, name: str) -> object:
        """Stand in for `getattr`, by which Python 3.11 pickles the members of enumerations."""
        if kind not in (Problem, Resolution) or name not in kind.__members__:
            raise UnpicklingError(f"'{name}' of {kind} is wanted, which is no kind of task")
        return kind[name]

    known = [Specifications, Problem, Resolution, TorchVersion, AttributeDict, (member, "builtins.getattr")]
    try:
        with torch.serialization.safe_globals(known):
            return dict(torch.load(path, map_location="cpu", weights_only=True))
    except FileNotFoundError:
        raise ModelError(f"there is no '{path}'") from None
    except (UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ModelError(f"'{path}' is damaged, or not safe to open: {brief(error)}") from error
