"""Moonshine on onnxruntime alone: English, quick on short clips, since nothing is padded to 30 s.

The model is that of Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands":
an encoder over the samples themselves, and a decoder that writes greedily. Its files are those of the package
moonshine-voice, which is never imported.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from asrcli.engine import Device, Engine, EngineOption, Model, Packaged, Weights
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Samples, Segment
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Logits = NDArray[np.float32]  # (tokens,)

ENCODER, DECODER, TOKENS = "encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"
HUB_ID, REVISION = "moonshine-ai/moonshine-voice-assets", "0bf2f2e5aff22e6fbba4300b00a4e00bbc4f8aae"
IN_PACKAGE = Packaged(
    {"moonshine-voice": "moonshine_voice/assets/tiny-en"},
    {
        DECODER: "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
        ENCODER: "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
        TOKENS: "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
    },
    extra="moonshine",
)

START, END = 1, 2  # tokens
SPECIAL = 3  # the tokens below are no text
SPACE = "▁".encode()
TOKENS_PER_SECOND = 6.5  # the authors' limit; models that get silence or noise write on and on
LEAST_TOKENS = 8  # a single word of a short clip must not count as cut
MOST_TOKENS = 194  # positions of the decoder
SHORTEST = 895  # samples; the convolutions need as many
DOUBTFUL = 0.57  # of four words in a row: below it lie words lost in noise, and little else (docs/experiments.md)
RUN = 4  # words in a row: the mean over a text hides four lost words among forty
MEAN_SHARE = 0.82  # of the mean of all words that counts as much: each four may be a little doubtful, and all wrong
LACKING = 0.63  # what a text of fewer words lacks counts as this sure: "Ever failed." is odd, and right
SLOW = 3200  # samples (0.2 s): a mean over so many is an offset, and what moves it is no voice
LEAST_LEVEL = 0.002  # RMS to which what is quieter is raised: below it the model errs (docs/experiments.md)
REPEATS = 3  # times in a row that make a loop
MOST_LOADED = 1 << 28  # bytes of a file; base-en has a tenth


class Moonshine(Engine):
    """Moonshine tiny and base, English, 8 bit."""

    name = "moonshine"
    requires = ("onnxruntime",)
    extra = "moonshine"
    rank = 30  # English alone, and twice the errors of Whisper tiny.en
    weight_files = ("*.ort",)
    models: ClassVar[Mapping[str, Model]] = {
        name: Model(
            HUB_ID,
            REVISION,
            parameters=millions * 1_000_000,
            size_mb=size_mb,
            languages=("en",),
            licence="MIT",
            layout="ort",
            files=tuple(f"model/{name}/quantized/{name}/{file}" for file in (ENCODER, DECODER, TOKENS)),
            folder=f"model/{name}/quantized/{name}",
            packaged=carried,
            fast=fast,
        )
        for name, millions, size_mb, carried, fast in (
            ("tiny-en", 27, 44, IN_PACKAGE, 30),
            ("base-en", 62, 100, None, 0),
        )
    }
    default_model = "tiny-en"
    # With 67 s at once the last sentence comes over and over; the decoder's positions are for 30 s.
    max_seconds = 30.0
    rejects_noise = True
    # Phrases are recognised better together, but not in noise, nor quiet ones beside loud ones (docs/experiments.md).
    longest_pause = 0.5
    level_range = 10.0
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 30.0}
    own_options: ClassVar[Mapping[str, EngineOption]] = {
        "low_confidence": EngineOption(DOUBTFUL, 0.0, 1.0, "flags texts with four words in a row less probable")
    }

    def __init__(self, weights: Weights, device: Device) -> None:
        folder = local_path(type(self), weights)
        if missing := [name for name in (ENCODER, DECODER, TOKENS) if not (folder / name).is_file()]:
            raise ModelError(f"'{folder}' is no complete Moonshine model: it is without {', '.join(missing)}")
        self._tokens = read_tokens(folder / TOKENS)
        self._encoder = _session(folder / ENCODER, device.threads)
        self._decoder = _session(folder / DECODER, device.threads)
        self._outputs = [one.name for one in self._decoder.get_outputs()]
        self._past = {one.name: one.shape for one in self._decoder.get_inputs() if one.name.startswith("past")}

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return one segment for each clip with speech. One clip after the other: padding changes the text."""
        return [self._recognise(clip, options) for clip in clips]

    def _recognise(self, clip: Clip, options: Options) -> list[Segment]:
        import numpy as np

        # Without speech it writes something nevertheless, "You" above all, as surely as words.
        found = _speech(clip)
        if found is None:
            return []
        samples = conditioned(np.asarray(clip.samples, np.float32))
        samples = np.pad(samples, (0, max(0, SHORTEST - len(samples))))
        limit = min(MOST_TOKENS, max(LEAST_TOKENS, math.ceil(len(samples) / SAMPLE_RATE * TOKENS_PER_SECOND)))
        tokens, scores = self._write(samples, limit)
        flags: tuple[str, ...] = ()
        if tokens[-1] != END:
            flags = (Flag.TRUNCATED.value,)
            tokens, looped = without_loop(tokens)
            flags += (Flag.REPEAT_LOOP.value,) if looped else ()
        text = self._text(tokens)
        score = min(1.0, math.exp(sum(scores[: len(tokens)]) / len(tokens)))
        doubtful = least_sure(self._words(tokens, scores)) < options.own("low_confidence", DOUBTFUL)
        flags += (Flag.LOW_CONFIDENCE.value,) if doubtful else ()
        return [Segment(text, *found, language="en", score=round(score, 4), flags=flags)] if text else []

    def _write(self, samples: Samples, limit: int) -> tuple[list[int], list[float]]:
        """Return the likeliest token at each step, the end included, with the logarithms of their probabilities."""
        import numpy as np

        audio, mask = samples[None], np.ones((1, len(samples)), np.int64)
        hidden = self._encoder.run(None, {"input_values": audio, "attention_mask": mask})[0]
        state: dict[str, Any] = {
            name: np.zeros((1, shape[1], 1, shape[3]), np.float32) for name, shape in self._past.items()
        }
        state |= {
            "encoder_hidden_states": hidden,
            "encoder_attention_mask": mask,
            "use_cache_branch": np.array([False]),
        }
        tokens: list[int] = []
        scores: list[float] = []
        for step in range(limit):
            state["input_ids"] = np.array([[tokens[-1] if tokens else START]], np.int64)
            found = dict(zip(self._outputs, self._decoder.run(None, state), strict=True))
            logits: Logits = found["logits"][0, -1]
            tokens.append(int(logits.argmax()))
            scores.append(-math.log(float(np.exp(logits - logits[tokens[-1]]).sum())))
            if tokens[-1] == END:
                break
            # What is known of the sound comes with the first step, and does not change.
            kept = [name for name in self._past if step == 0 or ".decoder." in name]
            state |= {name: found[name.replace("past_key_values", "present")] for name in kept}
            state["use_cache_branch"] = np.array([True])
        return tokens, scores

    def _words(self, tokens: Sequence[int], scores: Sequence[float]) -> list[float]:
        """Return the probability of each word: the product of those of its tokens, but for signs, which are guesses."""
        words: list[float] = []
        for token, score in zip(tokens, scores, strict=False):  # what was cut of a loop has no token
            data = self._tokens[token] if SPECIAL <= token < len(self._tokens) else b""
            if data.startswith(SPACE) or (data and not words):
                words.append(0.0)
            if any(byte >= 128 or chr(byte).isalnum() for byte in data.removeprefix(SPACE)):
                words[-1] += score
        return [math.exp(one) for one in words]

    def _text(self, tokens: Sequence[int]) -> str:
        data = b"".join(self._tokens[token] for token in tokens if SPECIAL <= token < len(self._tokens))
        return data.replace(SPACE, b" ").decode("utf-8", "replace").strip()


def conditioned(samples: Samples) -> Samples:
    """Return samples without their offset, which may drift or jump, raised if they are too quiet for the model.

    It gets samples, not bands of frequency, and its 8 bits are for what they usually are.
    """
    import numpy as np

    sums = np.concatenate([[0.0], np.cumsum(samples, dtype=np.float64)])
    places = np.arange(len(samples))
    first, last = np.maximum(places - SLOW // 2, 0), np.minimum(places + SLOW // 2, len(samples))
    level = samples - (sums[last] - sums[first]) / (last - first)
    strength = float(np.sqrt(np.square(level).mean()))
    raised: Samples = (level * max(1.0, LEAST_LEVEL / max(strength, 1e-6))).astype(np.float32)
    return raised


def without_loop(tokens: Sequence[int]) -> tuple[list[int], bool]:
    """Return tokens without the repetitions at their end, all but the first, and whether there were any."""
    for length in range(1, len(tokens) // REPEATS + 1):
        unit = list(tokens[-length:])
        first = len(tokens) - length
        while first >= length and list(tokens[first - length : first]) == unit:
            first -= length
        if len(tokens) - first >= REPEATS * length:
            return list(tokens[: first + length]), True
    return list(tokens), False


def least_sure(scores: Sequence[float]) -> float:
    """Return the least mean probability of `RUN` words in a row, or that of all of them where it tells more."""
    enough = [*scores, *[LACKING] * (RUN - len(scores))]
    least = min(sum(enough[first : first + RUN]) for first in range(len(enough) - RUN + 1)) / RUN
    return min(least, MEAN_SHARE * sum(scores) / len(scores)) if len(scores) >= RUN else least


def read_tokens(path: Path) -> list[bytes]:
    """Return the bytes of each token; the length stands in front, in one byte below 128, else in two.

    Raises:
        ModelError: the file ends within a token.
    """
    data = path.read_bytes()
    tokens, at = [], 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= 128 and at < len(data):
            length, at = length - 128 + 128 * data[at], at + 1
        tokens.append(data[at : at + length])
        at += length
    if at > len(data) or len(tokens) <= SPECIAL:
        raise ModelError(f"'{path}' is damaged: it ends within a token")
    return tokens


def _speech(clip: Clip) -> tuple[float, float] | None:
    """Return where speech begins and ends in a clip, as detected or else by Silero; ``None`` without any."""
    if not clip.samples.any():
        return None
    if clip.speech:
        start = max(0.0, min(region.start for region in clip.speech) - clip.start)
        end = min(clip.seconds, max(region.end for region in clip.speech) - clip.start)
        return (start, end) if end > start else None
    import numpy as np
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    # As `asr` looks for it: no short word is dropped, and the model has seen silence before it begins.
    warm = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), np.asarray(clip.samples, np.float32)])
    options = VadOptions(threshold=0.35, min_speech_duration_ms=64, min_silence_duration_ms=400, speech_pad_ms=200)
    found = get_speech_timestamps(warm, options)
    if not found:
        return None
    return max(0.0, found[0]["start"] / SAMPLE_RATE - 1.0), min(clip.seconds, found[-1]["end"] / SAMPLE_RATE - 1.0)


def _session(path: Path, threads: int) -> Any:
    """Load one of the two networks; raise `ModelError` where onnxruntime does not take it."""
    if path.stat().st_size > MOST_LOADED:
        raise ModelError(f"'{path}' is not loaded: it has more bytes than any Moonshine has")
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it reports each use to its makers otherwise, since 1.31
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    refused = (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.InvalidProtobuf, errors.NoModel)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (*refused, errors.NotImplemented, errors.RuntimeException) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"'{path}' cannot be loaded as a Moonshine model: {reason}") from error
