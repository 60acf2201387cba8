"""Batched decoding: clips of many recordings through the encoder and the beam search together.

Every clip becomes one window. What Whisper leaves unfinished in it (it ends on a closed timestamp although
speech goes on) is decoded in a next round from that timestamp, so nothing is dropped; what fails the thresholds of
Radford et al. 2022 (section 4.5: compression ratio, mean log probability) goes up the temperature ladder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from math import exp
from typing import Any, TypeVar

from asr_plugins.whisper.encodings import Encodings
from asr_plugins.whisper.windows import (
    BEAM_SIZE,
    COMPRESSION_RATIO,
    DOUBTFUL,
    DOUBTFUL_SHARE,
    FRAMES_PER_SECOND,
    GROWING_BEAM,
    MAX_LENGTH,
    MOST_TOKENS,
    USUAL_PACE,
    Found,
    Result,
    Thresholds,
    Window,
    batches,
    better,
    closed,
    compression_ratio,
    goes_on,
    levelled,
    padded,
    rest,
    widened,
)
from asr_plugins.whisper.words import Aligner, Piece, before, certainty, drawn_out, move, parted, split_pieces, tighten
from asrcli.types import Clip, Flag, Options, Region, Segment

T = TypeVar("T")

LEAST_SAMPLES = 400  # one analysis window
BEST_OF = 5
TEMPERATURES = (0.0, 0.2, 0.4, 0.6)  # OpenAI goes on to 1.0, which took longest and gave nothing (docs/experiments.md)
LOGPROB = -1.0
NO_SPEECH = 0.6


@dataclass(slots=True)
class Decoder:
    """Decodes clips under one set of options."""

    model: Any  # faster_whisper.WhisperModel
    options: Options
    windows: int  # most windows per call
    encodings: Encodings = field(default_factory=Encodings)  # of clips whose language was asked for
    paces: dict[str, float] = field(default_factory=dict)  # tokens a second, of languages that take many
    fitted: bool = False  # windows are as wide as clips need: less work, but fewer go together
    thresholds: Thresholds = field(init=False)
    tokenizers: dict[str, Any] = field(init=False, default_factory=dict)  # by language

    def __post_init__(self) -> None:
        options = self.options
        self.thresholds = Thresholds(
            _or(options.compression_ratio_threshold, COMPRESSION_RATIO),
            _or(options.logprob_threshold, LOGPROB),
            _or(options.no_speech_threshold, NO_SPEECH),
        )

    def transcribe(self, clips: Sequence[Clip]) -> list[list[Segment]]:
        """Return the segments of each clip."""
        segments: list[list[Segment]] = [[] for _ in clips]
        waiting = [self._window(number, clip) for number, clip in enumerate(clips) if len(clip.samples)]
        while waiting:
            left: list[Window] = []
            for batch in batches(waiting, self.windows):
                for window, found in zip(batch, self._decode(batch, clips), strict=True):
                    segments[window.clip] += found.segments
                    left += [found.rest] if found.rest is not None else []
            waiting = left
        return segments

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of each language for each clip."""
        import numpy as np

        scores: dict[int, dict[str, float]] = {}
        windows = [self._window(number, replace(clip, growing=False)) for number, clip in enumerate(clips)]
        for batch in batches(windows, self.windows):
            encoded = self._encode(batch)
            scores |= zip((one.clip for one in batch), self._languages(encoded), strict=True)
            if encoded.device == "cpu":
                for window, encoding in zip(batch, np.array(encoded), strict=True):
                    self.encodings.put(clips[window.clip].samples, encoding)
        return [scores[number] for number in range(len(clips))]

    def _window(self, number: int, clip: Clip) -> Window:
        """Compute the log-mel features of one clip, by itself: the result cannot depend on its neighbours."""
        import numpy as np

        samples = levelled(clip)
        samples = np.pad(samples, (0, max(0, LEAST_SAMPLES - len(samples))))
        features = self.model.feature_extractor(samples)[..., :-1]  # the last frame is padding
        # OpenAI pads the sound, not the features: zeros are at the floor, 8 decades (2 after scaling) below the peak.
        floor = max(float(features.max()) - 2.0, -1.5)
        language = clip.language or self.options.language or ""
        return Window(number, 0, features, floor, language, growing=clip.growing, fitted=self.fitted, again=clip.again)

    def _encode(self, batch: Sequence[Window]) -> Any:
        """Run the encoder; returns CTranslate2's (windows, positions, width)."""
        return self.model.encode(padded(batch))

    def _encode_new(self, batch: Sequence[Window], clips: Sequence[Clip]) -> Any:
        """Run the encoder over those windows that it has not seen yet; returns what `_encode` does."""
        import ctranslate2
        import numpy as np

        known = [None if one.start else self.encodings.take(clips[one.clip].samples) for one in batch]
        new = [row for row, encoding in enumerate(known) if encoding is None]
        if len(new) == len(batch):
            return self._encode(batch)
        made = iter(np.asarray(self._encode([batch[row] for row in new])) if new else ())
        rows = [next(made) if encoding is None else encoding for encoding in known]
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(np.stack(rows)))

    def _languages(self, encoded: Any) -> list[dict[str, float]]:
        """Return {code: probability} for each window; CTranslate2 says ``<|en|>``."""
        return [
            {token[2:-2]: float(probability) for token, probability in found}
            for found in self.model.model.detect_language(encoded)
        ]

    def _decode(self, batch: Sequence[Window], clips: Sequence[Clip]) -> Iterator[Found]:
        """Decode one batch of windows, up the ladder of temperatures where needed, and cut it into segments."""
        encoded = self._encode_new(batch, clips)
        if any(not window.language for window in batch):
            self._detect(batch, encoded)
        pending = list(range(len(batch)))
        for temperature in self.options.temperature or TEMPERATURES:
            chosen = [batch[row] for row in pending]
            part = self._rows(batch, encoded, pending)
            for window, result in zip(chosen, self._generate(chosen, part, temperature), strict=True):
                window.result = better(window.result, result, self.thresholds)
            only_loops = self.fitted and not self.options.temperature
            if not (pending := [row for row in pending if goes_on(batch[row], self.thresholds, only_loops)]):
                break
        return self._segments(batch, encoded, clips)

    def _detect(self, batch: Sequence[Window], encoded: Any) -> None:
        """Give a language to the windows that have none."""
        scores = self._languages(encoded) if self.model.model.is_multilingual else [{"en": 1.0}] * len(batch)
        for window, score in zip(batch, scores, strict=True):
            window.language = window.language or max(score, key=lambda code: score[code])

    def _rows(self, batch: Sequence[Window], encoded: Any, rows: Sequence[int]) -> Any:
        """Return the encoder's output for some windows, in order: a copy on the CPU, computed again on a GPU."""
        if len(rows) == len(batch):
            return encoded
        if encoded.device != "cpu":
            return self._encode([batch[row] for row in rows])
        import ctranslate2
        import numpy as np

        return ctranslate2.StorageView.from_array(np.ascontiguousarray(np.asarray(encoded)[list(rows)]))

    def _generate(self, batch: Sequence[Window], encoded: Any, temperature: float) -> list[Result]:
        """Run the text decoder over a batch, at first for as many tokens as people say: a loop is known by then."""
        most = self.options.max_new_tokens or max(one.most_tokens for one in batch)
        usual = max(MOST_TOKENS + round(self.paces.get(one.language, USUAL_PACE) * one.seconds) for one in batch)
        if not self.fitted or self.options.max_new_tokens or usual >= most:
            return list(self._search(batch, encoded, temperature, most))
        found = list(self._search(batch, encoded, temperature, usual))
        cut = [one.truncated and usual < window.most_tokens for window, one in zip(batch, found, strict=True)]
        if rows := [row for row, one in enumerate(found) if cut[row] and not self.thresholds.repeats(one)]:
            chosen, part = [batch[row] for row in rows], self._rows(batch, encoded, rows)
            for row, window, one in zip(rows, chosen, self._search(chosen, part, temperature, most), strict=True):
                found[row] = one
                pace = (len(one.tokens) + 1 - MOST_TOKENS) / window.seconds
                if not self.thresholds.repeats(one):
                    self.paces[window.language] = max(pace, self.paces.get(window.language, USUAL_PACE))
        return found

    def _search(self, batch: Sequence[Window], encoded: Any, temperature: float, wanted: int) -> Iterator[Result]:
        """Run the text decoder once over a batch, for so many tokens at most."""
        options = self.options
        prompts = [self._prompt(window.language) for window in batch]
        longest = len(prompts[0])
        # CTranslate2 writes at most min(max_length / 2, max_length - prompt) tokens.
        max_length = min(MAX_LENGTH, max(2 * wanted, longest + wanted))
        limit = min(max_length // 2, max_length - longest)
        sampled = {"beam_size": 1, "num_hypotheses": _or(options.best_of, BEST_OF), "sampling_topk": 0}
        beam = GROWING_BEAM if batch[0].growing else BEAM_SIZE
        searched = {"beam_size": _or(options.beam_size, beam), "patience": _or(options.patience, 1.0)}
        length_penalty = _or(options.length_penalty, 1.0)
        outputs = self.model.model.generate(
            encoded,
            prompts,
            max_length=max_length,
            length_penalty=length_penalty,
            repetition_penalty=_or(options.repetition_penalty, 1.0),
            no_repeat_ngram_size=_or(options.no_repeat_ngram_size, 0),
            suppress_tokens=self._suppressed(),
            sampling_temperature=temperature or 1.0,
            return_scores=True,
            return_no_speech_prob=True,
            **(sampled if temperature > 0 else searched),
        )
        for window, output in zip(batch, outputs, strict=True):
            tokenizer, most = self._tokenizer(window.language), min(limit, window.most_tokens)
            kept: Result | None = None
            for tokens, score in zip(output.sequences_ids, output.scores, strict=True):  # the likeliest first
                total = score * len(tokens) ** length_penalty if tokens else score
                found = Result(
                    tuple(tokens),
                    avg_logprob=float(total / (len(tokens) + 1)),
                    no_speech_prob=float(output.no_speech_prob),
                    temperature=temperature,
                    compression_ratio=compression_ratio(tokenizer.decode(tokens).strip()),
                    truncated=len(tokens) >= most,
                )
                kept = better(kept, found, self.thresholds)
                if not self.thresholds.failed(kept):
                    break
            assert kept is not None
            yield kept

    def _tokenizer(self, language: str) -> Any:
        """Return faster-whisper's tokenizer for a language and the task asked for."""
        from faster_whisper.tokenizer import Tokenizer

        if language not in self.tokenizers:
            self.tokenizers[language] = Tokenizer(
                self.model.hf_tokenizer,
                self.model.model.is_multilingual,
                task=self.options.task or "transcribe",
                language=language,
            )
        return self.tokenizers[language]

    def _prompt(self, language: str) -> list[int]:
        """Return the tokens before the text: hot words and prompt as what came before, then the task."""
        tokenizer = self._tokenizer(language)
        previous = tokenizer.encode(" " + closed(self.options.prompt)) if self.options.prompt else []
        hotwords = " ".join(self.options.hotwords or ())
        prompt: list[int] = self.model.get_prompt(tokenizer, previous, hotwords=hotwords or None)
        return prompt

    def _suppressed(self) -> list[int]:
        """Return the tokens that are never said; -1 stands for Whisper's list of symbols."""
        from faster_whisper.transcribe import get_suppressed_tokens

        asked = self.options.suppress_tokens
        return list(get_suppressed_tokens(self._tokenizer("en"), list(asked) if asked is not None else [-1]))

    def _segments(self, batch: Sequence[Window], encoded: Any, clips: Sequence[Clip]) -> Iterator[Found]:
        """Cut the tokens of each window into segments; with the times of words comes how sure the model is of each."""
        wider = [widened(window, self.thresholds) for window in batch]
        pieces = [[] if other else self._pieces(window) for window, other in zip(batch, wider, strict=True)]
        self._align(batch, encoded, pieces)
        for window, own, other in zip(batch, pieces, wider, strict=True):
            yield Found([], other) if other else self._found(window, own, clips[window.clip])

    def _pieces(self, window: Window) -> list[Piece]:
        """Return the timed pieces of text of one window; [] for silence."""
        result = window.done
        if self.thresholds.silent(result):
            return []
        tokenizer = self._tokenizer(window.language)
        pieces = split_pieces(result.tokens, tokenizer, window.frames / FRAMES_PER_SECOND)
        return [piece for piece in pieces if piece.text]

    def _align(self, batch: Sequence[Window], encoded: Any, pieces: list[list[Piece]]) -> None:
        """Give word times to all pieces; one call for each language in the batch."""
        rows = sorted((row for row, own in enumerate(pieces) if own), key=lambda row: batch[row].language)
        for language, group in groupby(rows, key=lambda row: batch[row].language):
            chosen = list(group)
            part, aligner = self._rows(batch, encoded, chosen), Aligner(self.model, self._tokenizer(language))
            timed = aligner.align(part, [pieces[row] for row in chosen], [batch[row].frames for row in chosen])
            for row, own in zip(chosen, timed, strict=True):
                pieces[row] = own

    def _found(self, window: Window, pieces: Sequence[Piece], clip: Clip) -> Found:
        """Turn pieces into segments with the times of the clip, and say what is left to decode."""
        result = window.done
        offset = window.start / FRAMES_PER_SECOND
        speech = [Region(one.start - clip.start, one.end - clip.start) for one in clip.speech]
        segments: list[Segment] = []
        left = rest(window, pieces, clip)
        end_of_text = left.start / FRAMES_PER_SECOND if left is not None else clip.seconds
        for piece in pieces:
            words = tighten([move(word, offset, clip.seconds) for word in piece.words], clip.samples)
            words = before(words, end_of_text)  # attention draws the last ones over the speech that comes next
            start, end = (words[0].start, words[-1].end) if words else (piece.start + offset, piece.end + offset)
            timed = replace(piece, words=words, start=min(start, clip.seconds), end=min(end, clip.seconds))
            segments += [self._segment(part, window, speech) for part in parted(timed, speech)]
        if result.truncated and segments and not self.thresholds.repeats(result):
            segments[-1] = replace(segments[-1], flags=(*segments[-1].flags, Flag.TRUNCATED.value))
        return Found(segments, left)

    def _segment(self, piece: Piece, window: Window, speech: Sequence[Region]) -> Segment:
        """Turn a piece with the times of the clip, as `speech` has, into a segment."""
        result = window.done
        likely = min(1.0, exp(result.avg_logprob))
        score = likely if piece.score is None else piece.score
        flags = [Flag.REPEAT_LOOP.value] if result.compression_ratio > self.thresholds.compression_ratio else []
        limit = self.options.own("low_confidence", DOUBTFUL)
        sure = certainty(piece.words) if piece.words else likely / DOUBTFUL_SHARE
        if sure < limit:
            flags.append(Flag.LOW_CONFIDENCE.value)
        elif sure - drawn_out(piece.words, speech) < limit:
            flags.append(Flag.RATE_ANOMALY.value)
        return Segment(
            piece.text,
            piece.start,
            max(piece.start, piece.end),
            words=piece.words if self.options.word_timestamps else (),
            language=window.language,
            score=round(score, 4),
            avg_logprob=round(result.avg_logprob, 4),  # the last digits of a float depend on the size of the batch
            no_speech_prob=round(result.no_speech_prob, 4),
            temperature=result.temperature,
            tokens=piece.tokens,
            flags=tuple(flags),
        )


def _or(value: T | None, default: T) -> T:
    return default if value is None else value
