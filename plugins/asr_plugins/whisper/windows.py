"""Windows of 30 s on their way through Whisper's decoder, and when a result counts as failed or as silence."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from asr_plugins.whisper.words import Piece
    from asrcli.types import Clip, Samples, Segment

    Features = NDArray[np.float32]  # (mels, frames), 100 frames per second

FRAMES_PER_SECOND = 100
WINDOW_FRAMES = 3000  # 30 s
MAX_LENGTH = 448  # positions of the text decoder
COMPRESSION_RATIO = 2.4  # of a loop
# How sure the model is of the words of a segment in the mean, and, as a share of it, the likelihood of a token of a
# window whose words it has no times for: below lie words lost in noise, and next to nothing else (docs/experiments.md).
DOUBTFUL = 0.67
DOUBTFUL_SHARE = 0.63  # of that limit
# A fitted window: the encoder sees so much silence behind the clip, and at least so much in all, not 30 s of which half
# is silence. Its length is a multiple of a step, so that some go together.
SILENCE, LEAST_WIDTH = 500, 1500  # frames
STEP, GROWING_STEP = 500, 100
BEAM_SIZE, GROWING_BEAM = 5, 1
# What is not given 30 s has so many tokens at most, three times what people say in a second; a loop has more.
MOST_TOKENS, MOST_TOKENS_PER_SECOND = 20, 10
USUAL_PACE = 4.0  # tokens a second, beside those 20: a text that is no loop has more in some languages alone
ENDS, CLOSING = ".!?…。！？｡؟۔।॥", "\"')]}”’»」』）"  # of a sentence
LEAST_LEVEL = 0.05  # RMS to which a quieter region of speech is raised: as loud as speech usually is
SHORTEST_REST = 1.0  # seconds; what is left after a closed timestamp is decoded again only when longer


@dataclass(slots=True)
class Window:
    """One window on its way through the decoder."""

    clip: int  # index into the clips
    start: int  # frames from the start of the clip
    features: Features  # (mels, frames) from `start` to the end of the clip
    floor: float  # the log-mel value of silence, what the window is padded with
    language: str = ""
    result: Result | None = None
    growing: bool = False  # of a clip that comes again with more sound
    fitted: bool = False  # the encoder sees as much as it needs, not 30 s
    again: bool = False  # of a clip that was recognised before: one try is enough

    @property
    def done(self) -> Result:
        """The result, once there is one."""
        assert self.result is not None
        return self.result

    @property
    def frames(self) -> int:
        """Frames of audio in the window."""
        return min(WINDOW_FRAMES, int(self.features.shape[-1]))

    @property
    def seconds(self) -> float:
        """Seconds of audio in the window."""
        return self.frames / FRAMES_PER_SECOND

    @property
    def width(self) -> int:
        """Frames that the encoder sees."""
        if not (self.fitted or self.growing):
            return WINDOW_FRAMES
        step = GROWING_STEP if self.growing else STEP
        return min(WINDOW_FRAMES, max(LEAST_WIDTH, -(-(self.frames + SILENCE) // step) * step))

    @property
    def narrow(self) -> bool:
        """Whether it was fitted to less than 30 s."""
        return self.fitted and self.width < WINDOW_FRAMES

    @property
    def most_tokens(self) -> int:
        """How many tokens it may have: a loop costs seconds, and another try may have none."""
        if not (self.growing or self.narrow):
            return MAX_LENGTH
        return MOST_TOKENS + round(MOST_TOKENS_PER_SECOND * self.seconds)


def closed(prompt: str) -> str:
    """Return a prompt that ends with a sentence.

    After "Mister John Dashwood" Whisper goes on with "had then leisure" although the recording says the name: of eight
    recordings whose first words were given as prompt, tiny.en left out words of six, and of none after a full stop.
    """
    prompt = prompt.strip()
    last = prompt.rstrip(CLOSING)[-1:]
    if not last or last in ENDS:
        return prompt
    return prompt + ("。" if "\u3040" <= last <= "\u9fff" else ".")  # kana and Chinese characters


def levelled(clip: Clip) -> Samples:
    """Return the samples of a clip, each region of speech at least as loud as speech usually is.

    The features are held against the loudest frame of a window: words 30 dB below others stay unwritten. What was not
    looked at for speech stays as it is, and so does what lies between regions, but for a slope from one to the other.
    """
    import numpy as np

    samples = np.asarray(clip.samples, np.float32)
    places: list[int] = []
    gains: list[float] = []
    for region in clip.speech:
        first, last = (round((time - clip.start) * SAMPLE_RATE) for time in (region.start, region.end))
        first, last = max(0, first), min(len(samples), last)
        if last > first:
            strength = float(samples[first:last].std())  # an offset is no strength
            places += [first, last]
            gains += 2 * [max(1.0, LEAST_LEVEL / max(strength, 1e-6))]
    if max(gains, default=1.0) == 1.0:
        return samples
    return samples * np.interp(np.arange(len(samples)), places, gains).astype(np.float32)


def batches(windows: Sequence[Window], most: int) -> Iterator[list[Window]]:
    """Yield windows of one width that go together; a growing one goes alone."""
    ordered = sorted(windows, key=lambda one: one.width if one.fitted else WINDOW_FRAMES)
    for _, group in groupby(ordered, key=lambda one: id(one) if one.growing else one.width):
        together = list(group)
        for first in range(0, len(together), most):
            yield together[first : first + most]


def padded(batch: Sequence[Window]) -> Features:
    """Return windows as the encoder takes them, (windows, mels, frames), with silence behind the sound."""
    import numpy as np

    rows = np.empty((len(batch), batch[0].features.shape[0], batch[0].width), dtype=np.float32)
    for row, window in zip(rows, batch, strict=True):
        row[:, : window.frames] = window.features[:, : window.frames]
        row[:, window.frames :] = window.floor
    return rows


@dataclass(frozen=True, slots=True)
class Result:
    """One decoded window."""

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float
    temperature: float
    compression_ratio: float
    truncated: bool


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a result counts as failed, and when as silence."""

    compression_ratio: float
    logprob: float
    no_speech: float

    def silent(self, result: Result) -> bool:
        """Return whether a window holds no speech: unlikely text where the model recognises none."""
        return result.no_speech_prob > self.no_speech and result.avg_logprob < self.logprob

    def repeats(self, result: Result) -> bool:
        """Return whether a text is a loop."""
        return result.compression_ratio > self.compression_ratio

    def failed(self, result: Result) -> bool:
        """Return whether a window has to be decoded again at a higher temperature."""
        return (self.repeats(result) or result.avg_logprob < self.logprob) and not self.silent(result)


def better(old: Result | None, new: Result, thresholds: Thresholds) -> Result:
    """Return the result to keep: the new one when it passes, else the likelier of those that do not repeat.

    Of two loops the one that repeats less: a loop is the likelier the longer it is.
    """
    if old is None or not thresholds.failed(new):
        return new
    repeats_old, repeats_new = thresholds.repeats(old), thresholds.repeats(new)
    if repeats_old != repeats_new:
        return new if repeats_old else old
    if repeats_old:
        return new if new.compression_ratio < old.compression_ratio else old
    return new if new.avg_logprob > old.avg_logprob else old


def compression_ratio(text: str) -> float:
    """Return how much shorter zlib makes a text; above 2.4 it repeats itself (Radford et al. 2022)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def loops(window: Window, thresholds: Thresholds) -> bool:
    """Return whether the text of a window is a loop, or has so many tokens that it may be one."""
    done = window.done
    return len(done.tokens) >= window.most_tokens or (thresholds.repeats(done) and not thresholds.silent(done))


def goes_on(window: Window, thresholds: Thresholds, only_loops: bool) -> bool:
    """Return whether a window is decoded at the next temperature as well.

    Not a fitted one with a loop, which gets 30 s before. With `only_loops` not an unlikely text either: what is sampled
    is hardly ever likelier than what the search found (docs/experiments.md).
    """
    over = window.again or window.growing or (window.narrow and loops(window, thresholds))
    over = over or (only_loops and not thresholds.repeats(window.done))
    return thresholds.failed(window.done) and not over


def widened(window: Window, thresholds: Thresholds) -> Window | None:
    """Return a fitted window whose text is a loop with 30 s instead: in noise fewer of those are loops.

    Not one of a clip that was recognised before or comes again: what failed so never counted (docs/experiments.md).
    """
    once = window.again or window.growing or not window.narrow
    return replace(window, fitted=False) if loops(window, thresholds) and not once else None


@dataclass(frozen=True, slots=True)
class Found:
    """The segments of one window, and the window that is left to decode, if any."""

    segments: list[Segment]
    rest: Window | None


def rest(window: Window, pieces: Sequence[Piece], clip: Clip) -> Window | None:
    """Return the part of a window after its last closed timestamp when the model meant to go on there."""
    if not pieces or not pieces[-1].goes_on:
        return None
    frames = round(pieces[-1].stamp * FRAMES_PER_SECOND)
    left = (window.features.shape[-1] - frames) / FRAMES_PER_SECOND
    at = clip.start + (window.start + frames) / FRAMES_PER_SECOND
    speech = any(min(region.end, clip.end) - max(region.start, at) > SHORTEST_REST / 2 for region in clip.speech)
    if frames <= 0 or left < SHORTEST_REST or (clip.speech and not speech):
        return None
    return replace(window, start=window.start + frames, features=window.features[:, frames:], result=None)
