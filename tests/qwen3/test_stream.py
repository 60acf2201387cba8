"""Streaming: the text of the whole, however the audio is sliced, at a cost that does not grow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import jiwer
import numpy as np
import pytest
from asr_plugins.qwen3 import Qwen3
from asr_plugins.qwen3.decoding import End, Written
from asr_plugins.qwen3.model import Request
from asr_plugins.qwen3.stream import Qwen3Stream, quietest

from asrcli.capabilities import StreamUpdate
from asrcli.types import Clip, Flag, Options, Recording
from tests.clips import clip
from tests.qwen3 import random_models

if TYPE_CHECKING:
    from asrcli.types import Samples

SHORT = 8.0  # seconds of a stretch: the digit model knows no longer clips well


def listen(stream: Qwen3Stream, samples: Samples, pieces: Iterator[int]) -> tuple[str, list[StreamUpdate]]:
    """Feed a stream and return the settled text and all updates."""
    updates, at = [], 0
    while at < len(samples):
        size = next(pieces)
        updates.append(stream.accept(samples[at : at + size]))
        at += size
    updates.append(stream.finish())
    return "".join(one.settled for one in updates), updates


def every(seconds: float) -> Iterator[int]:
    return itertools.repeat(round(seconds * 16_000))


@pytest.fixture(scope="module")
def talk(digit_strings: list[tuple[Path, str]]) -> tuple[Samples, str]:
    """Return 86 s of digits, and their text."""
    pause = np.zeros(8000, np.float32)
    parts = [part for path, _ in digit_strings for part in (clip(path).samples, pause)]
    return np.concatenate(parts), " ".join(text for _, text in digit_strings)


@pytest.mark.slow
@pytest.mark.parametrize("count", [6, 24])
def test_short_utterances_are_heard_as_offline(
    digits: Qwen3, digit_strings: list[tuple[Path, str]], count: int
) -> None:
    for path, _ in digit_strings[:count]:
        one = clip(path)
        offline = digits.transcribe([one], Options())[0][0]
        text, updates = listen(digits.stream(Options()), one.samples, every(0.3))
        assert (text, updates[-1].language, updates[-1].tail) == (offline.text, offline.language, "")


@pytest.mark.slow
def test_a_long_utterance_is_near_its_text(digits: Qwen3, talk: tuple[Samples, str]) -> None:
    samples, reference = talk
    text, updates = listen(Qwen3Stream(digits.model, "", None, SHORT), samples, every(1.0))
    assert jiwer.wer(reference, text) < 0.1
    assert updates[-1].settled_until == pytest.approx(len(samples) / 16_000)


@pytest.mark.slow
def test_it_does_not_matter_how_audio_is_sliced(digits: Qwen3, talk: tuple[Samples, str]) -> None:
    samples = talk[0][: 12 * 16_000]
    whole = listen(Qwen3Stream(digits.model, "", None, SHORT), samples, every(30.0))[0]
    sizes = np.random.default_rng(0).integers(0, 40_000, 1000)
    assert listen(Qwen3Stream(digits.model, "", None, SHORT), samples, iter(sizes.tolist()))[0] == whole
    assert listen(Qwen3Stream(digits.model, "", None, SHORT), samples, every(0.05))[0] == whole


@pytest.mark.slow
def test_settled_text_never_changes_and_times_rise(digits: Qwen3, talk: tuple[Samples, str]) -> None:
    samples = talk[0][: 30 * 16_000]
    text, updates = listen(Qwen3Stream(digits.model, "", None, SHORT), samples, every(2.0))
    settled, until = "", 0.0
    for number, update in enumerate(updates):
        settled += update.settled
        assert text.startswith(settled)
        assert until <= update.settled_until <= (number + 1) * 2.0
        until = update.settled_until
    early = "".join(update.settled for update in updates[: len(updates) // 2])
    assert len(early) > 0.3 * len(text), "text settles while it is spoken"
    assert any(update.tail for update in updates) and updates[-1].tail == ""


@pytest.mark.slow
def test_work_per_second_does_not_grow(digits: Qwen3, talk: tuple[Samples, str]) -> None:
    """Counted, not timed: encoder windows, tokens read and written, in each of two minutes."""
    stream = Qwen3Stream(digits.model, "digits", None)
    samples = np.tile(talk[0], 2)
    minutes = []
    for minute in range(2):
        before = (stream.work.windows, stream.work.tokens, stream.work.written)
        stream.accept(samples[minute * 60 * 16_000 : (minute + 1) * 60 * 16_000])
        after = (stream.work.windows, stream.work.tokens, stream.work.written)
        minutes.append([now - then for now, then in zip(after, before, strict=True)])
    for counts in zip(*minutes, strict=True):
        assert max(counts) < 1.5 * min(counts), minutes
    # 30 answers and 8 windows that get over in a minute, and at each of two cuts two more answers
    assert all(windows <= 30 + 8 + 4 for windows, _, _ in minutes)


@pytest.mark.slow
def test_a_stream_computes_what_the_whole_gives(digits: Qwen3, talk: tuple[Samples, str]) -> None:
    """One answer over three windows, two of them from the cache, against reading everything at once."""
    samples = talk[0][: 19 * 16_000].copy()
    samples[:16_000] *= 10.0 / np.abs(samples[:16_000]).max()  # features do not depend on what comes later
    for context, language in (("some context", "en"), ("", None)):
        stream = Qwen3Stream(digits.model, context, language)
        stream.accept(samples[: 18 * 16_000])
        stream._stretch.settled = 0  # what is settled would shape the last answer
        stream._pending = samples[18 * 16_000 :]
        stream.finish()
        assert stream._stretch.windows == 2
        whole = digits.model.transcribe([Request(samples, context, language)])[0]
        assert tuple(stream._stretch.tokens) == whole.tokens and len(whole.tokens) > 10


def test_silence_settles_nothing(digits: Qwen3) -> None:
    text, updates = listen(digits.stream(Options()), np.zeros(50 * 16_000, np.float32), every(1.7))
    assert text == "" and all(update.tail == "" and update.language is None for update in updates)
    assert listen(digits.stream(Options()), np.zeros(0, np.float32), every(1.0))[0] == ""


@pytest.mark.slow
def test_a_given_language_and_a_context(digits: Qwen3, talk: tuple[Samples, str]) -> None:
    samples, reference = talk
    stream = Qwen3Stream(digits.model, "digits", "en", SHORT)
    text, updates = listen(stream, samples[: 20 * 16_000], every(2.0))
    assert reference.startswith(text[: len(text) - 12]) and "language" not in text
    assert updates[-1].language == "en"


def test_loops_and_limits_are_flagged(digits: Qwen3, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = tuple(digits.model.vocabulary.encode("language English<asr_text>seven"))
    for end, flag in ((End.LOOP, Flag.REPEAT_LOOP), (End.LIMIT, Flag.TRUNCATED)):
        monkeypatch.setattr(digits.model.greedy, "resume", lambda *a, end=end: Written(tokens, end, 0.0))
        stream = digits.stream(Options())
        stream.accept(random_models.wave(2.5, 0))
        assert flag in stream.finish().flags


def test_a_finished_stream_takes_no_more(digits: Qwen3) -> None:
    stream = digits.stream(Options())
    stream.finish()
    with pytest.raises(ValueError, match="no more audio"):
        stream.accept(np.zeros(10, np.float32))


def test_the_quietest_place() -> None:
    samples = np.ones(10 * 16_000, np.float32)
    samples[16_000:20_000] = 0.0  # too early
    samples[8 * 16_000 : 8 * 16_000 + 3200] = 0.0
    assert 8 * 16_000 <= quietest(samples, 0) <= 8 * 16_000 + 3200
    assert quietest(samples, 9 * 16_000) >= 9 * 16_000


def test_clip_is_the_same_after_a_stream(digits: Qwen3, digit_strings: list[tuple[Path, str]]) -> None:
    """A stream has its own cache."""
    one = clip(digit_strings[0][0])
    before = digits.transcribe([one], Options())
    stream = digits.stream(Options())
    stream.accept(one.samples)
    assert digits.transcribe([Clip(Recording("x"), 0.0, one.samples)], Options()) == before
