"""Open the weights and the tokenizer of a folder, and refuse whatever does not fit together exactly.

Both layouts have the same ``model_type``. What reads the native one fills an original one with random numbers and only
warns, so here every tensor is asked for by name and shape, and one that nobody asks for is an error too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from asr_plugins.qwen3.config import Config
from asrcli.base.files import cause
from asrcli.errors import ModelError
from asrcli.weights.cache import indexed
from asrcli.weights.plain import loading, plain_folder, quiet
from asrcli.weights.tensors import Tensors

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Native name -> original name, the first that fits. The aligner's classifier is called lm_head in the original layout.
ORIGINAL_NAMES = (
    (re.compile(r"^model\.multi_modal_projector\.linear_1\."), "thinker.audio_tower.proj1."),
    (re.compile(r"^model\.multi_modal_projector\.linear_2\."), "thinker.audio_tower.proj2."),
    (re.compile(r"^model\.audio_tower\."), "thinker.audio_tower."),
    (re.compile(r"^model\.language_model\."), "thinker.model."),
    (re.compile(r"^(lm_head|score)\."), "thinker.lm_head."),
)
SHOWN = 3  # names of tensors in a message
AGAIN = "download the model again"


class SafeTensors(Tensors):
    """The tensors of a folder by their native names, read one by one where and as they are needed."""

    def __init__(self, folder: Path, original: bool, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(_places(folder), folder)
        self.original, self.device, self.dtype = original, device, dtype

    def finish(self) -> None:
        """Raise `ModelError` when something was not taken: then the network is not the one the weights are for."""
        if left := self.names():
            more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
            raise ModelError(f"{self.source}: weights that no Qwen3-ASR has: {', '.join(left[:SHOWN])}{more}")

    def _stored(self, name: str) -> str:
        if self.original:
            for pattern, replacement in ORIGINAL_NAMES:
                if pattern.match(name):
                    return pattern.sub(replacement, name)
        return name

    def _read(self, stored: str, tensor: Any) -> Tensor:
        return tensor.get_tensor(stored).to(self.device, self.dtype)


def _places(folder: Path) -> dict[str, Any]:
    """Return the open safetensors file of each tensor.

    Raises:
        ModelError: there is no file, one that the index lists is missing, or one is damaged.
    """
    from safetensors import SafetensorError, safe_open

    files = _files(folder)
    places: dict[str, Any] = {}
    for path in files:
        try:
            opened: Any = safe_open(path, framework="pt", device="cpu")
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path} cannot be read as weights ({cause(error)}); {AGAIN}") from error
        places |= dict.fromkeys(list(opened.keys()), opened)
    return places


def _files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        files = [folder / Path(name).name for name in sorted(indexed(index))]
        if gone := [path.name for path in files if not path.exists()]:
            raise ModelError(f"{folder}: {len(gone)} of {len(files)} files are missing: {', '.join(gone)}; {AGAIN}")
        return files
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelError(f"{folder} has no *.safetensors: give a folder with a Qwen3-ASR model, or its hub id")
    return files


class Vocabulary:
    """Text to token ids and back, with the marks of the prompt by name.

    Raises:
        ModelError: the tokenizer is missing or damaged, or lacks a mark, or is not the one of these weights.
    """

    START, END, TEXT_END = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
    AUDIO, AUDIO_START, AUDIO_END = "<|audio_pad|>", "<|audio_start|>", "<|audio_end|>"
    ANSWER, TIMESTAMP = "<asr_text>", "<timestamp>"

    def __init__(self, folder: Path, config: Config) -> None:
        self._tokenizer = _load_tokenizer(folder)
        self._marks = self._tokenizer.get_added_vocab()
        needed = [self.AUDIO, self.AUDIO_START, self.AUDIO_END]
        needed += [self.START, self.END, self.TEXT_END, self.ANSWER] if config.labels is None else [self.TIMESTAMP]
        if missing := [mark for mark in needed if mark not in self._marks]:
            raise ModelError(f"{folder}: the tokenizer lacks {', '.join(missing)}; take that of Qwen3-ASR")
        audio, size = self._marks[self.AUDIO], len(self._tokenizer)
        if audio != config.audio_token or size > config.text.vocabulary:
            raise ModelError(
                f"{folder}: tokenizer and config.json are of different models ({self.AUDIO} is token {audio} and "
                f"{config.audio_token}, {size} of {config.text.vocabulary} tokens)"
            )

    def mark(self, name: str) -> int:
        """Return the id of a mark such as ``<asr_text>``."""
        return int(self._marks[name])

    @property
    def ends(self) -> tuple[int, ...]:
        """The ids that end an answer."""
        return self.mark(self.END), self.mark(self.TEXT_END)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, in which marks are understood."""
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of ids without special marks; half a character at the end is U+FFFD."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def harmless(self, text: str) -> str:
        """Return a user's text without anything that the prompt takes for a mark of its own."""
        pattern = "|".join(re.escape(mark) for mark in self._marks)
        while (clean := re.sub(pattern, "", text)) != text:  # what is left around a removed mark may form another
            text = clean
        return clean.strip()


def _load_tokenizer(folder: Path) -> Any:
    from transformers import Qwen2TokenizerFast

    if not (folder / "tokenizer.json").exists() and not (folder / "vocab.json").exists():
        raise ModelError(f"{folder} has no tokenizer (tokenizer.json, or vocab.json and merges.txt); {AGAIN}")
    with quiet(), loading(f"{folder}: the tokenizer cannot be read"), plain_folder(folder) as plain:
        return Qwen2TokenizerFast.from_pretrained(str(plain), local_files_only=True)


@dataclass(frozen=True, slots=True)
class Linear:
    """A matrix, with or without a bias."""

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``(..., out)`` for ``(..., in)``."""
        return F.linear(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """Layer normalisation."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``x`` normalised over its last dimension."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class RmsNorm:
    """Root mean square normalisation, computed in float32 (Zhang and Sennrich 2019)."""

    weight: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``x`` normalised over its last dimension."""
        if x.dtype == torch.float32:
            return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)).to(x.dtype)


def linear(tensors: Tensors, name: str, out: int, into: int, bias: bool = True) -> Linear:
    """Read a linear layer."""
    return Linear(tensors.take(f"{name}.weight", out, into), tensors.take(f"{name}.bias", out) if bias else None)


def layer_norm(tensors: Tensors, name: str, width: int) -> LayerNorm:
    """Read a layer normalisation."""
    return LayerNorm(tensors.take(f"{name}.weight", width), tensors.take(f"{name}.bias", width))


def joined(*parts: Linear) -> Linear:
    """Return one linear layer that does what several with the same input do: one matrix product instead of many."""
    biases = [part.bias for part in parts if part.bias is not None]
    return Linear(torch.cat([part.weight for part in parts]), torch.cat(biases) if biases else None)
