"""A loaded Qwen3-ForcedAligner: one reading of sound and words tells the class of each time stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from asr_plugins.qwen3.config import read_config
from asr_plugins.qwen3.decoding import Prompt, blocks
from asr_plugins.qwen3.layers import linear
from asr_plugins.qwen3.model import Backbone
from asrcli.errors import ModelError

if TYPE_CHECKING:
    from asrcli.types import Samples

NEIGHBOURS = 1  # classes on either side that count as the same time: they are 80 ms apart, and edges are not sharp


@dataclass(frozen=True, slots=True)
class Stamps:
    """What the model says about the words of one clip, a start and an end for each; not in order yet."""

    seconds: list[float]
    scores: list[float]  # probability of this time or one next to it


class AlignerModel(Backbone):
    """An aligner.

    Raises:
        ModelError: files are missing, damaged, or do not belong together.
    """

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        config = read_config(folder)
        if config.labels is None:
            raise ModelError(f"{folder} is a Qwen3-ASR recogniser, not an aligner: use it with --engine qwen3")
        super().__init__(folder, config, device, dtype)
        self.score = linear(self.tensors, "score", config.labels, config.text.width, bias=False)
        if not config.original:
            self.tensors.drop("lm_head.weight")
        self.tensors.finish()
        self.stamp = self.vocabulary.mark(self.vocabulary.TIMESTAMP)

    @torch.inference_mode()
    def stamps(self, clips: Sequence[Samples], texts: Sequence[Sequence[str]]) -> list[Stamps]:
        """Return the times of each clip's words, which must not be empty."""
        sound = self.encoder.encode([self.features(clip) for clip in clips])
        ids = [self._ids(words) for words in texts]
        head, tail = self.ids(self.vocabulary.AUDIO_START), self.ids(self.vocabulary.AUDIO_END)
        prompts = [
            Prompt(torch.cat((head, speech, tail, self.embed(own))), 0) for speech, own in zip(sound, ids, strict=True)
        ]
        order = sorted(range(len(prompts)), key=lambda number: -len(prompts[number].vectors))
        found: list[Stamps] = [Stamps([], [])] * len(prompts)
        for _, *numbers in blocks(order, prompts):
            longest = len(prompts[numbers[0]].vectors)
            vectors = [prompts[number].vectors for number in numbers]
            padded = torch.stack([F.pad(one, (0, 0, 0, longest - len(one))) for one in vectors])
            for number, hidden in zip(numbers, self.decoder.read(padded, None), strict=True):
                spoken = torch.tensor(ids[number], device=self.device) == self.stamp
                words = hidden[: len(prompts[number].vectors)][-len(ids[number]) :]
                found[number] = self._classify(words[spoken])
        return found

    def _ids(self, words: Sequence[str]) -> list[int]:
        marks = self.vocabulary.TIMESTAMP * 2
        return self.vocabulary.encode("".join(word + marks for word in words))

    def _classify(self, hidden: torch.Tensor) -> Stamps:
        """Classify the time stamps alone: 5000 classes for each token of five minutes would be 150 MB."""
        probabilities = self.score(hidden).float().softmax(-1)
        classes = probabilities.argmax(-1)
        near = F.pad(probabilities, (NEIGHBOURS, NEIGHBOURS)).unfold(-1, 2 * NEIGHBOURS + 1, 1).sum(-1)
        scores = near.gather(-1, classes[:, None])[:, 0].clamp(max=1.0)
        return Stamps([one * self.config.label_seconds for one in classes.tolist()], scores.tolist())
