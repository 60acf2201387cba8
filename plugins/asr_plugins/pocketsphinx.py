"""PocketSphinx: the engine whose model is inside its wheel, so it works everywhere and with no network at all.

English only, and far less accurate than the neural engines. Every clip is recognised twice: the first pass runs a
grammar of one word, costs 2 % of the time and yields the mean cepstrum of the clip; the second decodes under that fixed
mean. So the features are normalised over the whole clip, as the model was trained (word error rate 28 %, against 39 %
with the running mean, on the five LibriVox clips that the tests use), while the audio still goes in by the second,
which is how often Python can look at signals and other threads: the library holds the interpreter lock inside each
call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from asrcli.engine import Device, Engine, Model, Weights
from asrcli.types import SAMPLE_RATE, Clip, Options, Samples, Segment, Word

FRAMES_PER_SECOND = 100
CHUNK_BYTES = 2 * SAMPLE_RATE  # one second of 16-bit samples
PAUSE = 0.5  # seconds of silence between two words that end a segment
LONGEST_WORD = 2.5  # seconds; steady noise is recognised as one word of this length and more
SHORTEST = 0.1  # seconds; shorter clips hold no word, and less than one analysis window

PROBE = "probe"
PROBE_GRAMMAR = b"#JSGF V1.0; grammar probe; public <probe> = the;"


class PocketSphinx(Engine):
    """CMU PocketSphinx with its US English model."""

    name = "pocketsphinx"
    rank = 10  # always there, and far less accurate than the others
    requires = ("pocketsphinx",)
    models: ClassVar[Mapping[str, Model]] = {
        "en-us": Model(None, size_mb=38, languages=("en",), licence="BSD-2-Clause", layout="pocketsphinx")
    }
    default_model = "en-us"
    loads_folders = False
    max_seconds = 30.0
    rejects_noise = True
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 30.0}
    supports = frozenset({"word_timestamps"})

    def __init__(self, weights: Weights, device: Device) -> None:
        from pocketsphinx import Decoder, set_loglevel

        set_loglevel("FATAL")  # it logs to stderr otherwise
        self._decoder: Any = Decoder(samprate=SAMPLE_RATE, cmn="batch", loglevel="FATAL")
        self._search: str = self._decoder.current_search()
        self._decoder.add_jsgf_string(PROBE, PROBE_GRAMMAR)

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return the segments of each clip, one clip after the other; words carry their posterior probability."""
        return [self._recognise(clip, bool(options.word_timestamps)) for clip in clips]

    def _recognise(self, clip: Clip, with_words: bool) -> list[Segment]:
        data = pcm16(clip.samples)
        if clip.seconds < SHORTEST or not any(data):
            return []
        self._decode(data, PROBE, whole=True)
        self._decode(data, self._search, mean=self._decoder.get_cmn())
        if self._decoder.hyp() is None:
            return []
        words = [_word(entry, clip.seconds) for entry in self._decoder.seg() or () if is_word(entry.word)]
        words = [word for word in words if word.end - word.start < LONGEST_WORD]
        return [_segment(run, with_words) for run in split_at_pauses(words)]

    def _decode(self, data: bytes, search: str, *, whole: bool = False, mean: str = "") -> None:
        """Run one search over one clip, in one call (`whole`) or by the second under a fixed cepstral mean."""
        decoder = self._decoder
        decoder.reinit_feat()  # 0.1 ms: forget the noise floor and mean of the clip before
        decoder.activate_search(search)
        decoder.start_utt()
        try:
            if whole:
                decoder.process_raw(data, full_utt=True)
            for start in range(0, 0 if whole else len(data), CHUNK_BYTES):
                # Set again before every chunk: the running mean moves only after 8 s, counted from here.
                decoder.set_cmn(mean)
                decoder.process_raw(data[start : start + CHUNK_BYTES])
        finally:
            decoder.end_utt()  # after an interrupt too, or the next utterance could not start


def pcm16(samples: Samples) -> bytes:
    """Return samples as 16-bit little-endian bytes."""
    import numpy as np

    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def is_word(token: str) -> bool:
    """Return whether a token of the decoder is a word: not ``<sil>``, ``<s>``, ``[NOISE]`` or ``++UM++``."""
    return not token.startswith(("<", "[", "+"))


def split_at_pauses(words: Sequence[Word]) -> list[list[Word]]:
    """Group words so that no pause inside a group is longer than `PAUSE`."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.start - groups[-1][-1].end <= PAUSE:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _word(entry: Any, seconds: float) -> Word:
    """Turn an entry of the decoder into a word inside the clip; ``read(2)`` is a pronunciation, not a text."""
    start = min(entry.start_frame / FRAMES_PER_SECOND, seconds)
    end = min((entry.end_frame + 1) / FRAMES_PER_SECOND, seconds)
    return Word(entry.word.split("(")[0], start, end, score=min(1.0, max(0.0, float(entry.prob))))


def _segment(words: Sequence[Word], with_words: bool) -> Segment:
    scores = [word.score or 0.0 for word in words]
    return Segment(
        " ".join(word.text for word in words),
        words[0].start,
        words[-1].end,
        words=tuple(words) if with_words else (),
        language="en",
        score=sum(scores) / len(scores),
    )
