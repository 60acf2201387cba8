"""A loaded Qwen3-ASR: tokenizer, features, encoder, language model, and the prompt that holds them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from asr_plugins.qwen3.answers import LANGUAGE, MARK
from asr_plugins.qwen3.catalogue import NAMES
from asr_plugins.qwen3.checkpoint import Tensors, Vocabulary
from asr_plugins.qwen3.config import Config, read_config
from asr_plugins.qwen3.decoder import TextDecoder
from asr_plugins.qwen3.decoding import First, GreedyDecoder, Prompt, Written
from asr_plugins.qwen3.encoder import AudioEncoder
from asr_plugins.qwen3.features import FeatureExtractor
from asr_plugins.qwen3.layers import Linear
from asrcli.errors import ModelError

if TYPE_CHECKING:
    from asrcli.types import Samples

# Speech has 3 to 5 tokens a second in English and 4 to 6 in Chinese; scripts that the vocabulary splits into bytes have
# two to three times as many. Twice that, and room for the language and for a short clip.
TOKENS_PER_SECOND = 16.0
TOKENS_BESIDES = 32


@dataclass(frozen=True, slots=True)
class Request:
    """One clip to transcribe."""

    samples: Samples
    context: str = ""  # what the clip may be about: the system turn
    language: str | None = None  # code; None lets the model say
    limit: int | None = None  # most tokens; None is by length


class Backbone:
    """What recogniser and aligner share.

    Raises:
        ModelError: files are missing, damaged, or do not belong together.
    """

    def __init__(self, folder: Path, config: Config, device: torch.device, dtype: torch.dtype) -> None:
        self.config, self.device = config, device
        self.vocabulary = Vocabulary(folder, config)
        self.tensors = Tensors(folder, config.original, device, dtype)
        self.features = FeatureExtractor(config.audio.mels, device)
        self.encoder = AudioEncoder(config.audio, self.tensors)
        self.decoder = TextDecoder(config.text, self.tensors)

    def ids(self, text: str) -> Tensor:
        """Return the vectors of a text, in which marks are understood, ``(tokens, width)``."""
        return self.embed(self.vocabulary.encode(text))

    def embed(self, tokens: Sequence[int]) -> Tensor:
        """Return the vectors of token ids, ``(tokens, width)``."""
        return self.decoder.embed(torch.tensor(tokens, dtype=torch.long, device=self.device))


class AsrModel(Backbone):
    """A recogniser."""

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        config = read_config(folder)
        if config.labels is not None:
            raise ModelError(f"{folder} is a Qwen3 forced aligner, which hears nothing: use it with --aligner")
        super().__init__(folder, config, device, dtype)
        head = "lm_head.weight"
        if config.text.tied or (config.text.tied is None and head not in self.tensors):
            self.tensors.drop(head)
            output = self.decoder.embedding
        else:
            output = self.tensors.take(head, config.text.vocabulary, config.text.width)
        self.tensors.finish()
        self.greedy = GreedyDecoder(self.decoder, Linear(output), self.vocabulary.ends)

    @torch.inference_mode()
    def hear(self, requests: Sequence[Request], penalty: float = 1.0, first: First | None = None) -> list[Written]:
        """Return what the model writes for each clip; ``first`` is told those whose first token is there."""
        speech = self.encoder.encode([self.features(one.samples) for one in requests])
        prompts = [
            Prompt(torch.cat((self.ids(before(one.context)), heard, self.ids(after(one.language)))), limit(one))
            for one, heard in zip(requests, speech, strict=True)
        ]
        return self.greedy.write(prompts, penalty, first)


def before(context: str) -> str:
    """Return the prompt up to the speech."""
    return f"<|im_start|>system\n{context}<|im_end|>\n<|im_start|>user\n<|audio_start|>"


def after(language: str | None) -> str:
    """Return the prompt from the speech on; a language that is asked for is the beginning of the answer."""
    forced = f"{LANGUAGE}{NAMES[language]}{MARK}" if language else ""
    return f"<|audio_end|><|im_end|>\n<|im_start|>assistant\n{forced}"


def limit(request: Request) -> int:
    """Return the most tokens that a clip may get."""
    return request.limit or budget(len(request.samples) / 16_000)


def budget(seconds: float) -> int:
    """Return the most tokens that anyone can say in so many seconds."""
    return int(TOKENS_PER_SECOND * seconds) + TOKENS_BESIDES
