"""Recognise an utterance while it is spoken, at a cost per second that does not grow.

The rule is the model's own (Qwen3-ASR report, section on streaming; ``streaming_transcribe`` of the official package):
after every two seconds the whole answer is written again, but for the first two times all of it except its last five
tokens is given to the model as the beginning of the answer. What is given cannot change any more: it is settled.

The official code encodes and reads all audio again each time, which takes longer and longer. Here

- an encoder window that is over is encoded once more, for good, and its keys and values stay in the cache; only the
  window that is still open, the end of the prompt and the settled text are read anew;
- an utterance that goes on for longer than a stretch is cut at its quietest place, and goes on as a new one.

Features are relative to the loudest sound. While more comes this can rise, and windows that are over keep the value
they were made with: that is the one difference from recognising the whole at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from asr_plugins.qwen3 import is_audible
from asr_plugins.qwen3.answers import Answer, loop, parse
from asr_plugins.qwen3.decoding import End, Stepper
from asr_plugins.qwen3.encoder import HOP, REACH, SHORTEST, scale
from asr_plugins.qwen3.model import AsrModel, after, before, budget
from asrcli.capabilities import Stream, StreamUpdate
from asrcli.types import SAMPLE_RATE, Flag, Samples

CHUNK_SECONDS = 2.0  # of audio between two answers; these three are the official defaults
UNSETTLED_CHUNKS = 2  # answers that are written without a beginning
UNSETTLED_TOKENS = 5  # at the end of each answer

STRETCH_SECONDS = 32.0  # four windows: as long as the clips that asr cuts elsewhere
CUT_SECONDS = 5.0  # at the end of a stretch, in which the quietest place is looked for
QUIET_SECONDS = 0.1  # length of that place
UNSPACED = frozenset({"zh", "yue", "ja", "th"})  # languages that write no space between stretches


@dataclass(slots=True)
class Work:
    """What a stream has computed; the tests hold it against the audio."""

    windows: int = 0  # encoded, open ones each time
    tokens: int = 0  # read into the cache
    written: int = 0  # tokens


@dataclass(slots=True)
class _Stretch:
    """A piece of the utterance, at most `STRETCH_SECONDS` and a chunk long."""

    start: float  # seconds from the start of the stream
    samples: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    answered: int = 0  # samples that the last answer is about
    answers: int = 0
    tokens: list[int] = field(default_factory=list)  # of the last answer
    settled: int = 0  # of these tokens
    text: str = ""  # of the settled tokens
    end: End | None = None  # how the last answer ended
    windows: int = 0  # that are over and in the cache
    position: int = 0  # in the cache, up to which nothing changes
    loudest: float = -10.0  # log10 of power


class Qwen3Stream(Stream):
    """One utterance. However the caller slices the audio, the answers are the same.

    Args:
        context: what the utterance may be about.
        language: code; ``None`` lets the model say.
        stretch_seconds: length after which it is cut.
    """

    def __init__(
        self, model: AsrModel, context: str, language: str | None, stretch_seconds: float = STRETCH_SECONDS
    ) -> None:
        self.model, self.context, self.language = model, context, language
        self.work = Work()
        self._chunk = round(CHUNK_SECONDS * SAMPLE_RATE)
        self._longest = round(stretch_seconds * SAMPLE_RATE)
        self._stretch = _Stretch(0.0)
        room = model.encoder.tokens(self._longest // HOP) + budget(stretch_seconds)
        self._stepper: Stepper = model.greedy.stepper(room)
        self._prompt: Tensor | None = None  # vectors before the speech
        self._pending = np.zeros(0, np.float32)  # less than a chunk
        self._settled = False  # whether any text was handed out
        self._told = 0.0  # how far it was said to reach
        self._language_found: str | None = None
        self._flags: list[str] = []
        self._finished = False
        self._last = StreamUpdate()

    def accept(self, samples: Samples) -> StreamUpdate:
        """Take more audio; answer anew for every two seconds of it."""
        if self._finished:
            raise ValueError("a finished stream takes no more audio: start another")
        self._pending = np.concatenate((self._pending, samples.astype(np.float32, copy=False)))
        if len(self._pending) < self._chunk:
            return replace(self._last, settled="")
        settled = ""
        while len(self._pending) >= self._chunk:
            stretch = self._stretch
            stretch.samples = np.concatenate((stretch.samples, self._pending[: self._chunk]))
            self._pending = self._pending[self._chunk :]
            if len(stretch.samples) >= self._longest:
                settled += self._begin_stretch()
            else:
                self._answer(len(stretch.samples))
                self._roll_back()
            settled += self._settle()
        return self._update(settled)

    def finish(self) -> StreamUpdate:
        """Recognise what is left and settle everything."""
        if self._finished:
            raise ValueError("the stream is finished already")
        self._finished = True
        stretch = self._stretch
        stretch.samples = np.concatenate((stretch.samples, self._pending))
        self._pending = self._pending[:0]
        settled = self._end_stretch(len(stretch.samples))
        self._told = stretch.start + len(stretch.samples) / SAMPLE_RATE
        return self._update(settled)

    def _begin_stretch(self) -> str:
        """End the stretch at its quietest place and go on behind it with a new one; return what got settled."""
        old = self._stretch
        cut = quietest(old.samples, old.windows * self._window_samples)
        settled = self._end_stretch(cut)
        self._told = max(self._told, old.start + cut / SAMPLE_RATE)
        self._stretch = _Stretch(old.start + cut / SAMPLE_RATE, old.samples[cut:])
        self._answer(len(self._stretch.samples))
        return settled

    def _end_stretch(self, samples: int) -> str:
        """Recognise a number of samples for the last time and return what is settled."""
        stretch = self._stretch
        if stretch.answered != samples:
            self._answer(samples)
        if stretch.end is End.LIMIT:
            self._flag(Flag.TRUNCATED)
        stretch.settled = len(stretch.tokens)
        return self._settle()

    @property
    def _window_samples(self) -> int:
        return self.model.config.audio.window * HOP

    @torch.inference_mode()
    def _answer(self, samples: int) -> None:
        """Write an answer about the first samples of the stretch, after what is settled."""
        stretch = self._stretch
        stretch.answered, stretch.answers = samples, stretch.answers + 1
        if not is_audible(stretch.samples[:samples]):
            return
        self._read_windows(samples)
        kept = stretch.tokens[: stretch.settled]
        parts = (self._open_window(samples), self.model.ids(after(self.language)), self.model.embed(kept))
        vectors = torch.cat(parts)
        logits = self.model.greedy.output(self._read(vectors, stretch.position)[-1])
        limit = budget(CHUNK_SECONDS if kept else samples / SAMPLE_RATE)
        written = self.model.greedy.resume(self._stepper, logits, stretch.position + len(vectors), limit)
        self.work.written += len(written.tokens)
        stretch.tokens, stretch.end = [*kept, *written.tokens], written.end
        turning = loop(stretch.tokens)
        if turning is not None:
            stretch.tokens = stretch.tokens[: max(stretch.settled, sum(turning))]
        if turning is not None or written.end is End.LOOP:
            self._flag(Flag.REPEAT_LOOP)
        self._language_found = self._parse(stretch.tokens).language or self._language_found

    def _read(self, vectors: Tensor, position: int) -> Tensor:
        self._stepper.reserve(position + len(vectors) + 1)
        self.work.tokens += len(vectors)
        return self.model.decoder.read(vectors[None], self._stepper.cache, start=position)[0]

    def _read_windows(self, samples: int) -> None:
        """Read the windows that are over into the cache, after the beginning of the prompt."""
        stretch, size = self._stretch, self._window_samples
        if stretch.position == 0:
            if self._prompt is None:
                self._prompt = self.model.ids(before(self.context))
            self._read(self._prompt, 0)
            stretch.position = len(self._prompt)
        while samples >= (stretch.windows + 1) * size + REACH:
            answered = self._encode(stretch.windows * size, (stretch.windows + 1) * size + REACH)
            self._read(answered, stretch.position)
            stretch.position += len(answered)
            stretch.windows += 1

    def _open_window(self, samples: int) -> Tensor:
        """Return the vectors of the window that is not over yet, ``(tokens, width)``; maybe none."""
        start = self._stretch.windows * self._window_samples
        if samples - start < HOP and start > 0:
            return self.model.embed([])
        return self._encode(start, samples)

    def _encode(self, start: int, until: int) -> Tensor:
        """Return the vectors of one window; a window that is over is given with the sound just after it."""
        stretch, features, window = self._stretch, self.model.features, self.model.config.audio.window
        whole = until - start > window * HOP
        wave = features.wave(stretch.samples[max(0, start - REACH) : until])
        if start == 0 and until < SHORTEST:
            wave = torch.nn.functional.pad(wave, (0, SHORTEST - until))
        log = features.log_mels(features.mirrored(wave, left=start == 0, right=not whole))[:, :window]
        stretch.loudest = max(stretch.loudest, float(log.max()))
        self.work.windows += 1
        return self.model.encoder.encode_windows([scale(log, stretch.loudest)])[0]

    def _roll_back(self) -> None:
        """Settle the answer but for its last tokens, not in the middle of a character, and not without a language."""
        stretch = self._stretch
        if stretch.answers < UNSETTLED_CHUNKS:
            return
        end = max(stretch.settled, len(stretch.tokens) - UNSETTLED_TOKENS)
        while end > stretch.settled and "\ufffd" in self.model.vocabulary.decode(stretch.tokens[:end]):
            end -= 1
        if self.language or self.model.vocabulary.mark("<asr_text>") in stretch.tokens[:end]:
            stretch.settled = end

    def _settle(self) -> str:
        """Return the settled text that was not handed out yet."""
        stretch = self._stretch
        text = self._parse(stretch.tokens[: stretch.settled]).text
        new = text[len(stretch.text) :]
        if new and not stretch.text:
            new = self._space() + new
        stretch.text = text
        self._settled = self._settled or bool(new)
        return new

    def _space(self) -> str:
        """Return what stands between the text so far and that of a new stretch."""
        return " " if self._settled and self._language_found not in UNSPACED else ""

    def _parse(self, tokens: list[int]) -> Answer:
        return parse(self.model.vocabulary.decode(tokens), self.language)

    def _flag(self, flag: Flag) -> None:
        if flag.value not in self._flags:
            self._flags.append(flag.value)

    def _update(self, settled: str) -> StreamUpdate:
        stretch = self._stretch
        text = self._parse(stretch.tokens).text
        tail = text[len(stretch.text) :]
        if tail and not stretch.text:
            tail = self._space() + tail
        share = len(stretch.text) / len(text) if text else 0.0  # the model says no times: as much audio as text
        self._told = max(self._told, stretch.start + share * stretch.answered / SAMPLE_RATE)
        self._last = StreamUpdate(settled, tail, self._told, self._language_found, tuple(self._flags))
        return self._last


def quietest(samples: Samples, earliest: int) -> int:
    """Return the middle of the quietest place near the end of the samples, not before `earliest`."""
    size = round(QUIET_SECONDS * SAMPLE_RATE)
    start = max(earliest, len(samples) - round(CUT_SECONDS * SAMPLE_RATE))
    sums = np.concatenate(([0.0], np.cumsum(np.abs(samples[start:]), dtype=np.float64)))
    return start + int(np.argmin(sums[size:] - sums[:-size])) + size // 2
