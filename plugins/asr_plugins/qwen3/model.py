"""A loaded Qwen3-ASR or Qwen3-ForcedAligner: tokenizer, features, encoder, language model, and their prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from asr_plugins.qwen3.answers import LANGUAGE, MARK
from asr_plugins.qwen3.catalogue import NAMES
from asr_plugins.qwen3.checkpoint import Linear, SafeTensors, Vocabulary, linear
from asr_plugins.qwen3.config import Config, read_config
from asr_plugins.qwen3.decoder import Cache, TextDecoder
from asr_plugins.qwen3.decoding import First, GreedyDecoder, Prompt, Written, blocks
from asr_plugins.qwen3.encoder import AudioEncoder, FeatureExtractor
from asrcli.errors import ModelError
from asrcli.types import Samples

# Speech has 3 to 5 tokens a second in English and 4 to 6 in Chinese; scripts that the vocabulary splits into bytes have
# two to three times as many. Twice that, and room for the language and for a short clip.
TOKENS_PER_SECOND = 16.0
TOKENS_BESIDES = 32
LEAST_PREFIX = 64  # tokens; a shorter beginning is read again with each clip
MOST_PLACES = 65_536  # tokens in the rows of one batch whose beginning is long: 7.5 GB of keys and values in the 1.7B

NEIGHBOURS = 1  # classes on either side that count as the same time: they are 80 ms apart, and edges are not sharp


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
        self.tensors = SafeTensors(folder, config.original, device, dtype)
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
            raise ModelError(f"{folder} is a Qwen3 forced aligner, which recognises nothing: use it with --aligner")
        super().__init__(folder, config, device, dtype)
        head = "lm_head.weight"
        if config.text.tied or (config.text.tied is None and head not in self.tensors):
            self.tensors.drop(head)
            output = self.decoder.embedding
        else:
            output = self.tensors.take(head, config.text.vocabulary, config.text.width)
        self.tensors.finish()
        self.greedy = GreedyDecoder(self.decoder, Linear(output), self.vocabulary.ends)
        self._prefix: tuple[str, Cache] | None = None  # the last long context, and what is read of it

    @torch.inference_mode()
    def transcribe(
        self, requests: Sequence[Request], penalty: float = 1.0, first: First | None = None
    ) -> list[Written]:
        """Return what the model writes for each clip; ``first`` is told those whose first token is there."""
        speech = self.encoder.encode([self.features(one.samples) for one in requests])
        prefix = self._shared(requests)
        nothing = self.embed([])
        prompts = [
            Prompt(
                torch.cat((nothing if prefix else self.ids(before(one.context)), sound, self.ids(after(one.language)))),
                limit(one),
            )
            for one, sound in zip(requests, speech, strict=True)
        ]
        if prefix is None:
            return self.greedy.write(prompts, penalty, first)
        at_once = max(1, MOST_PLACES // (prefix.length + max(len(one.vectors) + one.limit for one in prompts)))
        written: list[Written] = []
        for start in range(0, len(prompts), at_once):
            told = None if first is None else partial(_told_from, first, start)
            written += self.greedy.write(prompts[start : start + at_once], penalty, told, prefix)
        return written

    def _shared(self, requests: Sequence[Request]) -> Cache | None:
        """Return the beginning that all these prompts have, read; it is kept, since it is that of a whole run."""
        contexts = {one.context for one in requests}
        if len(contexts) != 1:
            return None
        (context,) = contexts
        if self._prefix is None or self._prefix[0] != context:
            tokens = self.vocabulary.encode(before(context))
            if len(tokens) < LEAST_PREFIX:
                return None
            self._prefix = None  # let go of the old one first
            self._prefix = context, self.greedy.prefix(self.embed(tokens))
        return self._prefix[1]


def _told_from(first: First, start: int, numbers: Sequence[int]) -> None:
    """Tell numbers of prompts that are counted from another one."""
    first([start + number for number in numbers])


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
    """Return the most tokens that can be said in ``seconds``."""
    return int(TOKENS_PER_SECOND * seconds) + TOKENS_BESIDES


@dataclass(frozen=True, slots=True)
class Stamps:
    """What the model says about the words of one clip, a start and an end for each; not in order yet."""

    seconds: list[float]
    scores: list[float]  # probability of this time or one next to it


class AlignerModel(Backbone):
    """An aligner: one reading of sound and words tells the class of each time stamp.

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
