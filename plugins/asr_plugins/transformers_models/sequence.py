"""Encoder and decoder models: Whisper, Canary, Moonshine, Speech2Text, decoded with the library's ``generate``."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from asr_plugins.transformers_models.catalogue import Kind
from asr_plugins.transformers_models.features import Batch, long_enough, make_batch
from asr_plugins.transformers_models.loading import load_model, load_part
from asrcli.errors import UsageError
from asrcli.types import SAMPLE_RATE, Samples
from asrcli.weights.plain import quiet

# Fast speech is 5 words a second, and 1.3 tokens a word in English; other scripts take up to twice that. Moonshine's
# authors cut at 6.5 tokens a second, because their model falls into loops beyond.
TOKENS_PER_SECOND = {Kind.WHISPER: 14.0, Kind.CANARY: 14.0, Kind.PLAIN: 6.5}
TOKENS_MORE = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model wrote for one clip."""

    text: str = ""
    tokens: tuple[int, ...] = ()
    log_prob: float = 0.0  # mean natural logarithm of the tokens' probabilities, the end token with them
    finished: bool = True  # it wrote its end token
    language: str | None = None
    log_probs: tuple[float, ...] = ()  # of each token
    search_score: float = 0.0  # what a beam search ranks by: their sum, with the end, over length ** length penalty


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, the same for all clips of a batch."""

    task: str = "transcribe"
    beams: int = 1
    most: int | None = None  # new tokens; None: by the length of the clip
    nbest: int = 1  # readings of each clip, at most `beams`
    length_penalty: float | None = None  # of the beam search; None: the model's own


class SequenceModel:
    """A network that writes a text token by token; ``kind`` is ``WHISPER``, ``CANARY`` or ``PLAIN``.

    Raises:
        ModelError: the checkpoint is not complete.
    """

    def __init__(self, folder: Path, kind: Kind, device: torch.device, dtype: torch.dtype) -> None:
        self.kind = kind
        self.network = load_model(folder, kind, device, dtype)
        self.extractor = load_part(folder, "AutoFeatureExtractor")
        self.tokenizer = load_part(folder, "AutoTokenizer")
        self.processor = load_part(folder, "AutoProcessor") if kind is Kind.CANARY else None
        self.settings = self.network.generation_config
        self.languages = {token[2:-2]: number for token, number in getattr(self.settings, "lang_to_id", {}).items()}
        if kind is not Kind.WHISPER or not getattr(self.settings, "is_multilingual", False):
            self.languages = {}
        self.device, self.dtype = device, self.network.dtype
        ends = self.settings.eos_token_id
        self.ends = frozenset(ends if isinstance(ends, list) else [ends])

    def transcribe(
        self, samples: Sequence[Samples], languages: Sequence[str | None], request: Request
    ) -> list[tuple[Reading, ...]]:
        """Return the best readings of each clip, the best first; clips too short for a word have an empty one."""
        found: list[tuple[Reading, ...]] = [(Reading(),)] * len(samples)
        usable = [place for place, one in enumerate(samples) if long_enough(one)]
        if not usable:
            return found
        own = [samples[place] for place in usable]
        with torch.inference_mode(), quiet():
            batch, encoded = self._encode(own)
            wanted = self._complete([languages[place] for place in usable], batch, encoded)
            prompts = self._prompts(own, wanted, request)
            budgets = [self._budget(one, request) for one in own]
            written = self._write(batch, encoded, prompts, request, max(budgets))
            ranks = written.view(len(own), request.nbest, -1).unbind(1)  # the best of every clip, the second best, ...
            scores = [self._score(batch, encoded, prompts, tokens) for tokens in ranks]
        for row, place in enumerate(usable):
            found[place] = tuple(
                self._read(tokens[row].tolist(), own_scores[row].tolist(), budgets[row], wanted[row], request)
                for tokens, own_scores in zip(ranks, scores, strict=True)
            )
        return found

    def identify(self, samples: Sequence[Samples]) -> list[dict[str, float]]:
        """Return the probability of each language for each clip, by Whisper's language tokens.

        A clip too short for a word may be in any language, and a model without language tokens speaks English.
        """
        codes = self.languages or {"en": 0}
        found = [dict.fromkeys(codes, 1.0 / len(codes))] * len(samples)
        usable = [place for place, one in enumerate(samples) if long_enough(one)]
        if not usable or not self.languages:
            return found
        with torch.inference_mode(), quiet():
            batch, encoded = self._encode([samples[place] for place in usable])
            probabilities = self._language_scores(batch, encoded).tolist()
        for place, row in zip(usable, probabilities, strict=True):
            found[place] = dict(zip(codes, row, strict=True))
        return found

    def _encode(self, samples: Sequence[Samples]) -> tuple[Batch, Any]:
        batch = make_batch(self.extractor, samples, self.device, self.dtype)
        encoder = self.network.get_encoder()
        if self.network.config.model_type != "moonshine":
            return batch, encoder(**batch.inputs(masked=self.kind is not Kind.WHISPER), return_dict=True)
        # Moonshine normalises over the whole clip (group norm): padding beside a clip would change it.
        lengths = batch.mask.sum(-1).tolist()
        rows = zip(batch.values, lengths, strict=True)
        alone = [encoder(row[None, :length], batch.mask.new_ones(1, length)) for row, length in rows]
        together = {
            "last_hidden_state": pad_sequence([one.last_hidden_state[0] for one in alone], batch_first=True),
            "attention_mask": pad_sequence([one.attention_mask[0] for one in alone], batch_first=True),
        }
        return batch, type(alone[0])(**together)

    def _forward(self, batch: Batch, encoded: Any, tokens: Any) -> Any:
        """Return the logits after each of the tokens, float32 (clips, tokens, vocabulary)."""
        mask = {} if self.kind is Kind.WHISPER else {"attention_mask": batch.mask}
        return self.network(encoder_outputs=_copy(encoded), decoder_input_ids=tokens, **mask).logits.float()

    def _language_scores(self, batch: Batch, encoded: Any) -> Any:
        """Return Whisper's probabilities of `languages`, (clips, languages)."""
        start = torch.full((len(batch.values), 1), self.network.config.decoder_start_token_id, device=self.device)
        numbers = torch.tensor(list(self.languages.values()), device=self.device)
        return torch.softmax(self._forward(batch, encoded, start)[:, -1, numbers], -1)

    def _complete(self, languages: Sequence[str | None], batch: Batch, encoded: Any) -> list[str | None]:
        """Return the language of each clip: as given, or as Whisper recognises it."""
        if not self.languages:
            return list(languages)
        if unknown := sorted({language for language in languages if language} - set(self.languages)):
            raise UsageError(f"this Whisper model does not speak '{unknown[0]}', only: {', '.join(self.languages)}")
        if all(languages):
            return list(languages)
        codes = list(self.languages)
        best = self._language_scores(batch, encoded).argmax(-1).tolist()
        return [given or codes[number] for given, number in zip(languages, best, strict=True)]

    def _prompts(self, samples: Sequence[Samples], languages: Sequence[str | None], request: Request) -> Any:
        """Return the tokens that the decoder starts with, (clips, tokens)."""
        if self.processor is not None:
            sources = [language or "en" for language in languages]
            targets = ["en"] * len(sources) if request.task == "translate" else sources
            texts = self.processor.apply_transcription_request(
                audio=list(samples), source_language=sources, target_language=targets, tokenize=False
            )
            rows = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        elif self.kind is Kind.WHISPER:
            rows = [self._whisper_prompt(language, request.task) for language in languages]
        else:
            rows = [[self.network.config.decoder_start_token_id]] * len(samples)
        return torch.tensor(rows, device=self.device)

    def _whisper_prompt(self, language: str | None, task: str) -> list[int]:
        prompt = [self.network.config.decoder_start_token_id]
        if self.languages and language is not None:
            prompt += [self.languages[language], self.settings.task_to_id[task]]
        return [*prompt, self.settings.no_timestamps_token_id]

    def _budget(self, samples: Samples, request: Request) -> int:
        """Return how many tokens a clip may have: by its length, and what the decoder has positions for."""
        config = self.network.config
        decoder = getattr(config, "decoder_config", config)
        names = ("max_target_positions", "max_position_embeddings")
        positions: int = next((found for name in names if (found := getattr(decoder, name, None))), 448)
        seconds = len(samples) / SAMPLE_RATE
        wanted = request.most or TOKENS_MORE + ceil(TOKENS_PER_SECOND[self.kind] * seconds)
        return max(1, min(wanted, positions - TOKENS_MORE))

    def _write(self, batch: Batch, encoded: Any, prompts: Any, request: Request, most: int) -> Any:
        """Return the tokens after the prompts, (clips x readings, tokens). Whisper's own ``generate`` is passed by."""
        from transformers import GenerationMixin

        settings = deepcopy(self.settings)
        asked: dict[str, Any] = {"max_length": None, "max_new_tokens": most, "num_beams": request.beams}
        asked |= {"do_sample": False, "num_return_sequences": request.nbest, "length_penalty": self._penalty(request)}
        for name, value in asked.items():
            setattr(settings, name, value)  # its `update` drops some
        written = GenerationMixin.generate(
            self.network,
            **batch.inputs(masked=self.kind is not Kind.WHISPER),
            encoder_outputs=_copy(encoded),
            decoder_input_ids=prompts,
            generation_config=settings,
        )
        return written[:, prompts.shape[1] :]

    def _penalty(self, request: Request) -> float:
        own = 1.0 if self.settings.length_penalty is None else self.settings.length_penalty
        return own if request.length_penalty is None else request.length_penalty

    def _score(self, batch: Batch, encoded: Any, prompts: Any, tokens: Any) -> Any:
        """Return the log probability of each token after the ones before it, (clips, tokens)."""
        said = torch.cat((prompts, tokens), 1)
        logits = self._forward(batch, encoded, said[:, :-1])[:, prompts.shape[1] - 1 :]
        return torch.log_softmax(logits, -1).gather(2, tokens[:, :, None])[..., 0]

    def _read(
        self, tokens: Sequence[int], scores: Sequence[float], budget: int, language: str | None, request: Request
    ) -> Reading:
        """Return what stands before the end token, at most `budget` tokens of it."""
        ends = [place for place, token in enumerate(tokens) if token in self.ends]
        count = min(ends[0] if ends else len(tokens), budget)
        finished = bool(ends) and ends[0] <= budget
        text = self.tokenizer.decode(tokens[:count], skip_special_tokens=True).strip()
        counted = scores[: count + finished]
        mean = sum(counted) / len(counted) if counted else 0.0
        return Reading(
            text,
            tuple(tokens[:count]),
            min(0.0, mean),
            finished,
            language if self.languages else None,
            tuple(scores[:count]),
            sum(counted) / max(1, len(counted)) ** self._penalty(request),
        )


def _copy(encoded: Any) -> Any:
    """Return the encoder's output in a dictionary of its own: a beam search widens it in place."""
    return type(encoded)(**encoded)
