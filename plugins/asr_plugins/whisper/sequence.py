"""One window after the other, as openai-whisper does: each window sees the text before it."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Any

from asr_plugins.whisper.windows import COMPRESSION_RATIO, closed, levelled
from asr_plugins.whisper.words import tighten
from asrcli.types import Clip, Flag, Options, Segment, Word

# What faster_whisper.WhisperModel.transcribe takes as it is, one of them under a name of two words.
PARAMETERS = (
    "task", "beam_size", "best_of", "patience", "length_penalty", "repetition_penalty", "no_repeat_ngram_size",
    "compression_ratio_threshold", "logprob_threshold", "no_speech_threshold", "word_timestamps", "max_new_tokens",
    "hallucination_silence_threshold", "prepend_punctuations", "append_punctuations",
)  # fmt: skip


def transcribe_in_sequence(model: Any, clip: Clip, options: Options) -> list[Segment]:
    """Return the segments of one clip of any length, decoded window by window."""
    if not len(clip.samples):
        return []
    given = {name.replace("logprob", "log_prob"): value for name, value in options.given() if name in PARAMETERS}
    if options.prompt:
        given["initial_prompt"] = closed(options.prompt)
    if options.hotwords:
        given["hotwords"] = " ".join(options.hotwords)
    lists = {"temperature": options.temperature, "suppress_tokens": options.suppress_tokens}
    given |= {name: list(values) for name, values in lists.items() if values is not None}
    found, information = model.transcribe(
        levelled(clip),
        language=clip.language or options.language,
        condition_on_previous_text=bool(options.condition_on_previous_text),
        **given,
    )
    ratio = options.compression_ratio_threshold or COMPRESSION_RATIO
    limit = options.own("low_confidence", 0.0)
    clock = 0.0
    segments: list[Segment] = []
    for one in found:
        segment = _segment(one, information.language, clip.seconds, clock, ratio)
        segment = replace(segment, words=tighten(segment.words, clip.samples))
        if (segment.score or 0.0) < limit:
            segment = replace(segment, flags=(*segment.flags, Flag.LOW_CONFIDENCE.value))
        if segment.text:
            segments.append(segment)
            clock = segment.end
    return segments


def _segment(one: Any, language: str, seconds: float, clock: float, ratio: float) -> Segment:
    """Turn a segment of faster-whisper into ours: inside the clip, and never before `clock`."""
    start = min(max(clock, float(one.start)), seconds)
    end = min(max(start, float(one.end)), seconds)
    words: list[Word] = []
    now = start
    for word in one.words or ():
        begin = min(max(now, float(word.start)), end)
        now = min(max(begin, float(word.end)), end)
        if text := word.word.strip():
            words.append(Word(text, begin, now, min(1.0, float(word.probability))))
    return Segment(
        one.text.strip(),
        start,
        end,
        words=tuple(words),
        language=language,
        score=min(1.0, exp(one.avg_logprob)),
        avg_logprob=float(one.avg_logprob),
        no_speech_prob=float(one.no_speech_prob),
        temperature=float(one.temperature or 0.0),
        tokens=tuple(one.tokens),
        flags=(Flag.REPEAT_LOOP.value,) if one.compression_ratio > ratio else (),
    )
