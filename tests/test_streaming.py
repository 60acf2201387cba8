"""Hearing a stream: agreement of hypotheses, utterances, sources, sessions. The commands are in the next file."""

from __future__ import annotations

import io
import math
import random
import sys
import threading
import time
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import jiwer
import numpy as np
import pytest
from asr_plugins.fake import Fake, FakeStreaming
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from asrcli.audio import decode as audio
from asrcli.audio.vad import SpeechDetector, VadOptions
from asrcli.base.join import join_texts
from asrcli.capabilities import Stream, Streams, StreamUpdate
from asrcli.engine import Engine, Weights, load_class
from asrcli.engines.device import Device
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.errors import AsrError, EngineUnavailable, InputError, MissingExtra, UsageError
from asrcli.streaming import sources
from asrcli.streaming.agreement import Agreement, Token, best_prefix, pieces, tokens, written
from asrcli.streaming.listener import STEP, End, Endpointer, Listener, Listening, Piece
from asrcli.streaming.recognition import OwnStream, Pace, Update
from asrcli.streaming.session import Note, Over, Ready, Session
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Recording, Segment, Timings, Word
from tests.clips import clip as clip_of

DIGITS = Path(__file__).parent / "data/digits"
CHECKPOINTS = Path(__file__).parent / "checkpoints"
WORDS = st.lists(st.sampled_from("abcd"), max_size=12)


def tokens_of(words: Sequence[str]) -> list[Token]:
    return [Token(word) for word in words]


# Agreement


@given(WORDS, WORDS)
def test_the_best_prefix_is_the_nearest_one(known: list[str], hypothesis: list[str]) -> None:
    found = best_prefix(tokens_of(known), tokens_of(hypothesis))
    distances = [Levenshtein.distance(known, hypothesis[:at]) for at in range(len(hypothesis) + 1)]
    assert distances[found] == min(distances)


def test_two_hypotheses_in_a_row_settle_what_they_share() -> None:
    agreement = Agreement()
    heard = [agreement.add(tokens_of(text.split())) for text in ("I", "I see four", "I see for a", "I see for a mile")]
    settled = [[token.text for token in new] for new, _ in heard]
    tails = [[token.text for token in tail] for _, tail in heard]
    assert settled == [[], ["I"], ["see"], ["for", "a"]]
    assert tails == [["I"], ["see", "four"], ["for", "a"], ["mile"]]
    assert [token.text for token in agreement.finish(tokens_of(["I", "see", "for", "a", "mile", "or", "two"]))] == [
        "mile",
        "or",
        "two",
    ]


def test_case_and_punctuation_are_no_disagreement() -> None:
    agreement = Agreement()
    agreement.add(tokens_of(["hello", "world"]))
    new, _ = agreement.add(tokens_of(["Hello,", "world.", "It"]))
    assert [token.text for token in new] == ["Hello,", "world."], "as the newer hypothesis writes it"


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_settled_words_stay_whatever_is_heard_later(hypotheses: list[list[str]]) -> None:
    agreement, shown = Agreement(), []
    for words in hypotheses:
        new, _ = agreement.add(tokens_of(words))
        shown += new
        assert agreement.settled == shown
    shown += agreement.finish(tokens_of(hypotheses[-1]))
    assert agreement.settled == shown


@pytest.mark.parametrize(
    "text",
    [
        "one two",
        "你好世界",
        "你好 world 世界",
        "用iPhone手机, 好吗？",
        "สวัสดี",
        "한국어 단어",
        "はい。いいえ",
        "don't - stop",
    ],
)
def test_tokens_are_written_as_they_were(text: str) -> None:
    found = tokens([Segment(text, 0.0, 1.0)])
    assert written("", found) == text
    for at in range(len(found)):
        before = written("", found[:at])
        assert before + written(before, found[at:]) == text


def test_a_script_without_spaces_is_cut_between_its_characters() -> None:
    assert [piece for piece, _ in pieces("你好，用iPhone")] == ["你", "好，", "用", "iPhone"]


def test_words_of_an_engine_keep_the_spaces_of_its_text() -> None:
    words = (Word("iPhone", 0.0, 0.5), Word("手机", 0.5, 1.0), Word("ok", 1.0, 1.2))
    assert written("", tokens([Segment("iPhone手机 ok", 0.0, 1.2, words=words)])) == "iPhone手机 ok"


# Utterances


def digits(count: int, gap: float = 1.5) -> tuple[Any, str]:
    """Return digit strings with silence between, and what they say."""
    sounds, texts = [np.zeros(SAMPLE_RATE // 2, np.float32)], []
    for number in range(count):
        sounds += [clip_of(DIGITS / f"string{number:02}.wav").samples, np.zeros(round(gap * SAMPLE_RATE), np.float32)]
        texts.append((DIGITS / f"string{number:02}.txt").read_text().strip())
    return np.concatenate(sounds), " ".join(texts)


def cut_at_random(samples: Any, seed: int) -> Iterator[Any]:
    generator, at = random.Random(seed), 0
    while at < len(samples):
        size = generator.choice([1, 7, 160, 1601, 40_000])
        yield samples[at : at + size]
        at += size


def verified_by(endpointer: Endpointer, blocks: Iterator[Any]) -> list[Piece | End]:
    return [*(event for block in blocks for event in endpointer.feed(block)), *endpointer.finish()]


def test_utterances_hold_the_speech_and_do_not_depend_on_how_samples_come() -> None:
    samples, text = digits(3)
    one = verified_by(Endpointer(VadOptions()), iter([samples]))
    other = verified_by(Endpointer(VadOptions()), cut_at_random(samples, 1))
    ends = [event.at for event in one if isinstance(event, End)]
    assert len(ends) == 3, text
    assert [event.at for event in other if isinstance(event, End)] == ends
    clock = None
    for event in one:
        if isinstance(event, End):
            clock = None
            continue
        start = round(event.start * SAMPLE_RATE)
        assert clock is None or start == clock, "pieces of an utterance follow each other"
        assert np.array_equal(event.samples, samples[start : start + len(event.samples)])
        clock = start + len(event.samples)


def test_short_steps_find_the_same_speech() -> None:
    samples, _ = digits(3)
    usual, live = SpeechDetector(VadOptions()), SpeechDetector(VadOptions(), step=STEP)
    assert usual.feed(samples) + usual.finish() == live.feed(samples) + live.finish()


@pytest.mark.slow
def test_silence_is_no_utterance_and_takes_no_memory() -> None:
    endpointer = Endpointer(VadOptions())
    for _ in range(120):
        assert list(endpointer.feed(np.zeros(SAMPLE_RATE, np.float32))) == []
    assert endpointer.buffer.end - endpointer.buffer.start < 3 * SAMPLE_RATE
    assert list(endpointer.finish()) == []


# Listening: what is settled, joined, is the text


@dataclass
class Owner:
    """A recogniser, and what is asked of it."""

    recogniser: LocalRecogniser
    options: Options


def recogniser(engine: type[Engine], model: str, options: Options, path: Path | None = None) -> Owner:
    weights = Weights(model, str(path) if path else None)
    return Owner(LocalRecogniser(Choice(engine, weights, Device(threads=1)), print), options)


def listen(
    owner: Owner, samples: Any, vad: VadOptions | None, block: int = 1600, behind: bool = False
) -> tuple[Listener, list[Update]]:
    listener = Listener(owner.recogniser, Recording("a-b-c-d-e-f-g"), owner.options, Listening(vad))
    updates = []
    for at in range(0, len(samples), block):
        updates += listener.feed(samples[at : at + block], behind)
    return listener, [*updates, *listener.finish()]


def check(listener: Listener, updates: Sequence[Update]) -> str:
    """Check that settled pieces make up the segments, in order, and return the text."""
    segments, text = [], ""
    for update in updates:
        text += update.settled
        if update.segment is not None:
            segments.append(text.strip())
            assert update.tail == ""
            text = ""
    assert text == "" and segments == [one.text for one in listener.segments]
    assert "".join(update.settled for update in updates) == join_texts(segments), "with the spaces between"
    times = [time for one in listener.segments for time in (one.start, one.end)]
    assert times == sorted(times)
    return " ".join(segments)


@pytest.mark.parametrize("behind", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_digits_streamed_are_digits_read(behind: bool) -> None:
    samples, text = digits(2)
    owner = recogniser(load_class("whisper"), "digits", Options(language="en"), CHECKPOINTS / "whisper-digits-ct2")
    listener, updates = listen(owner, samples, VadOptions(), behind=behind)
    assert check(listener, updates) == text
    if not behind:
        assert sum(bool(update.settled) for update in updates) > 2, "it settles while it is spoken"
    transcript = listener.transcript((), Timings())
    assert transcript.language == "en" and not transcript.gaps
    assert transcript.seconds == pytest.approx(len(samples) / SAMPLE_RATE)


@pytest.mark.slow
def test_pocketsphinx_streams_about_as_well_as_it_reads() -> None:
    samples, text = digits(2)
    owner = recogniser(load_class("pocketsphinx"), "en-us", Options())
    listener, updates = listen(owner, samples, VadOptions())
    batch = " ".join(
        one.text for one in owner.recogniser.transcribe([Clip(Recording("x"), 0.0, samples)], owner.options)[0]
    )  # type: ignore[union-attr]
    assert jiwer.wer(text, check(listener, updates)) <= jiwer.wer(text, batch) + 0.25


def spoken(seconds: float, pace: float) -> list[str]:
    """Return what `fake` says at a pace: every word whose middle has been heard."""
    names = "abcdefg"
    return [names[number % 7] for number in range(int(seconds * pace) + 1) if (number + 0.5) / pace < seconds]


@pytest.mark.parametrize("with_words", [True, None])
@pytest.mark.parametrize("block", [1600, 50_000])
def test_nothing_is_lost_or_said_twice_without_a_pause(with_words: bool | None, block: int) -> None:
    owner = recogniser(Fake, "pace=2", Options(word_timestamps=with_words))
    listener, updates = listen(owner, np.zeros(90 * SAMPLE_RATE, np.float32), None, block)
    words = check(listener, updates).split()
    if with_words:
        assert words == spoken(90, 2)
    else:  # cuts fall where it is quiet, which is nowhere: a word may be cut in two
        assert jiwer.wer(" ".join(spoken(90, 2)), " ".join(words)) < 0.1
    assert all(one.end - one.start <= 27 for one in listener.segments)
    if with_words:
        assert [word.text for one in listener.segments for word in one.words] == words


class Edgy(Engine):
    """Hears every word that is in a clip, but mishears those that its edges cut, as models do."""

    name = "edgy"
    models: ClassVar[dict[str, Any]] = {}
    truth: ClassVar[list[Word]] = []

    def __init__(self, weights: Weights, device: Device) -> None:
        self.calls = 0

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        return [self.hear(clip, bool(options.word_timestamps)) for clip in clips]

    def hear(self, clip: Clip, with_words: bool) -> list[Segment]:
        self.calls += 1
        words = []
        for one in self.truth:
            if clip.start <= (one.start + one.end) / 2 < clip.end:
                is_cut = one.start < clip.start or one.end > clip.end - 0.1
                text = f"wrong{self.calls}" if is_cut else one.text
                words.append(Word(text, max(0.0, one.start - clip.start), min(clip.seconds, one.end - clip.start)))
        if not words:
            return []
        text = " ".join(word.text for word in words)
        return [Segment(text, words[0].start, words[-1].end, words=tuple(words) if with_words else ())]


def in_a_row(count: int, pause: float) -> tuple[Any, list[Word]]:
    """Return digit strings with a pause behind each, and when each word is said."""
    sounds, truth, at = [], [], 0.0
    for number in range(count):
        sound = clip_of(DIGITS / f"string{number:02}.wav").samples
        words = (DIGITS / f"string{number:02}.txt").read_text().split()
        loud = np.flatnonzero(abs(sound) > 0.05) / SAMPLE_RATE  # spread over it, the words lie in detected speech
        edges = [*pairwise(at + np.linspace(loud[0], loud[-1], len(words) + 1))]
        truth += [Word(word, float(start), float(end)) for word, (start, end) in zip(words, edges, strict=True)]
        sounds += [sound, np.zeros(round(pause * SAMPLE_RATE), np.float32)]
        at += len(sound) / SAMPLE_RATE + pause
    return np.concatenate(sounds), truth


@pytest.mark.parametrize("behind", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("with_words", [True, None], ids=["words", "plain"])
@pytest.mark.parametrize("vad", [VadOptions(), None], ids=["vad", "no vad"])
def test_all_is_right_that_an_engine_hears_right_between_short_pauses(
    vad: VadOptions | None, with_words: bool | None, behind: bool
) -> None:
    """Pauses of 0.3 s end no utterance: windows are cut again and again, and lose, repeat and garble nothing."""
    samples, truth = in_a_row(12, 0.3)
    owner = recogniser(type("Edgy", (Edgy,), {"truth": truth}), "x", Options(word_timestamps=with_words))
    listener, updates = listen(owner, samples, vad, behind=behind)
    assert check(listener, updates).split() == [word.text for word in truth]
    assert len(listener.segments) > 1, "there were cuts"


@pytest.mark.parametrize("in_segments", [True, False], ids=["sentences", "one text"])
@pytest.mark.parametrize("vad", [pytest.param(VadOptions(), marks=pytest.mark.slow), None], ids=["vad", "no vad"])
def test_a_segment_ends_with_its_last_word_wherever_a_window_is_cut(vad: VadOptions | None, in_segments: bool) -> None:
    """Of an engine with times of segments only: settled words behind a cut are in the segment before it."""

    class Sentences(Edgy):
        def hear(self, clip: Clip, with_words: bool) -> list[Segment]:
            found = super().hear(clip, True)
            words = [word for one in found for word in one.words]
            apart = [0, *(at for at in range(1, len(words)) if words[at].start - words[at - 1].end > 0.2), len(words)]
            parts = [words[one:two] for one, two in pairwise(apart if in_segments else [0, len(words)])]
            texts = [" ".join(word.text for word in own) for own in parts]
            return [Segment(text, own[0].start, own[-1].end) for text, own in zip(texts, parts, strict=True) if own]

    sounds, truth = in_a_row(12, 0.3)
    owner = recogniser(type("Edgy", (Sentences,), {"truth": truth}), "x", Options())
    listener, updates = listen(owner, sounds, vad)
    assert check(listener, updates).split() == [word.text for word in truth]
    assert len(listener.segments) > 1 and not listener.transcript((), Timings()).gaps
    at = 0
    for one in listener.segments:
        at += len(one.text.split())
        assert one.end == pytest.approx(truth[at - 1].end, abs=1.0), one


@pytest.mark.parametrize(("text", "flags"), [("So", ("rate_anomaly",)), ("two hundred and one", ())])
def test_a_lone_word_for_a_string_of_digits_is_flagged(text: str, flags: tuple[str, ...]) -> None:
    class Deaf(Edgy):
        def hear(self, clip: Clip, with_words: bool) -> list[Segment]:
            return [Segment(text, 0.2, clip.seconds - 0.2)]

    sound = max((clip_of(path).samples for path in DIGITS.glob("string*.wav")), key=len)
    assert len(sound) > 3.0 * SAMPLE_RATE
    owner = recogniser(type("Edgy", (Deaf,), {"truth": []}), "x", Options())
    listener, updates = listen(owner, sound, VadOptions(min_silence=2.0), behind=True)
    assert check(listener, updates) == text
    assert [one.flags for one in listener.segments] == [flags]


class Pieces(Engine, Streams, Stream):
    """A stream of its own that tells its script, a piece for every tenth of a second, and ends with a piece."""

    name = "pieces"
    models: ClassVar[dict[str, Any]] = {}
    script: ClassVar[list[str]] = []

    def __init__(self, weights: Weights, device: Device) -> None:
        self.at = 0

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        return [[] for _ in clips]

    def stream(self, options: Options) -> Pieces:
        return self

    def accept(self, samples: Any) -> StreamUpdate:
        self.at += 1
        return StreamUpdate(self.script[self.at % len(self.script)], "and")

    def finish(self) -> StreamUpdate:
        return self.accept(None)


@given(st.lists(st.text("iP. ,é你。\n", max_size=4), min_size=1, max_size=12), st.integers(1, 12))
def test_settled_text_joined_is_the_text_however_an_engine_parts_it(script: list[str], pieces: int) -> None:
    owner = recogniser(type("Pieces", (Pieces,), {"script": script}), "x", Options())
    listener = Listener(owner.recogniser, Recording("x"), owner.options)
    updates = []
    for number in range(3):  # utterances
        listener._recognition = OwnStream(owner.recogniser, owner.options, float(number))
        for _ in range(pieces):
            listener._recognition.add(np.zeros(1600, np.float32))
            updates += [listener._kept(one) for one in listener._recognition.update((), behind=False)]
        updates += [listener._kept(one) for one in listener._recognition.end(())]
    assert "".join(one.settled for one in updates) == join_texts(one.text for one in listener.segments)


def test_an_engine_with_a_stream_of_its_own() -> None:
    weights = Weights("stream,pace=2", None)
    owner = recogniser(Fake.for_weights(weights), weights.name, Options())
    assert owner.recogniser.choice.engine is FakeStreaming
    samples, _ = digits(2)
    listener, updates = listen(owner, samples, VadOptions())
    check(listener, updates)
    assert [one.text.split()[0] for one in listener.segments] == ["word0", "word0"], "each utterance is a new stream"
    assert any(update.tail for update in updates)
    long = np.zeros(200 * SAMPLE_RATE, np.float32)
    check(*listen(owner, long, None))


@pytest.mark.slow
def test_qwen3_streams_what_it_reads() -> None:
    pytest.importorskip("transformers")
    samples, text = digits(3)
    owner = recogniser(load_class("qwen3"), "digits", Options(), CHECKPOINTS / "qwen3-asr-digits")
    assert issubclass(owner.recogniser.choice.engine, Streams)
    listener, updates = listen(owner, samples, VadOptions())
    assert check(listener, updates) == text
    assert {one.language for one in listener.segments} == {"en"}
    for before, after in pairwise(updates):
        assert after.settled or after.segment or after.tail != before.tail, "only what is new is told"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("vad", [VadOptions(), None], ids=["utterances", "one utterance"])
def test_qwen3_does_as_much_for_a_second_at_the_end_as_at_the_beginning(
    vad: VadOptions | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is counted, not timed: encoder windows, and tokens that the decoder reads and writes."""
    pytest.importorskip("transformers")
    owner = recogniser(load_class("qwen3"), "digits", Options(language="en"), CHECKPOINTS / "qwen3-asr-digits")
    engine, works = owner.recogniser.load(), []
    begin = engine.stream

    def stream(options: Options) -> Any:
        begun = begin(options)
        works.append(begun.work)  # type: ignore[attr-defined]
        return begun

    monkeypatch.setattr(engine, "stream", stream)
    samples, text = digits(24)
    part = len(samples)  # two minutes of the same strings in each of ten, give or take what is under way
    listener = Listener(owner.recogniser, Recording("x"), owner.options, Listening(vad))
    counts = [(0, 0, 0)]
    settled = 0
    for at in range(10):
        for start in range(0, part, SAMPLE_RATE):
            block = np.take(samples, range(start, min(start + SAMPLE_RATE, part)), mode="wrap")
            settled += sum(len(update.settled.split()) for update in listener.feed(block))
        counts.append(tuple(sum(getattr(one, name) for one in works) for name in ("windows", "tokens", "written")))  # type: ignore[arg-type]
        assert settled > 0.8 * (at + 1) * len(text.split()), "nothing piles up unsettled"
    for of_kind in zip(*counts, strict=True):
        spent = np.diff(of_kind)
        assert spent.max() <= 1.2 * spent.min() and sum(spent[-3:]) <= 1.05 * sum(spent[:3]), spent


class Moody(Engine):
    """Says what its script says, whatever it hears."""

    name = "moody"
    models: ClassVar[dict[str, Any]] = {}
    script: ClassVar[list[list[str] | Exception]] = []

    def __init__(self, weights: Weights, device: Device) -> None:
        self.calls = 0

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        self.calls += 1
        said = self.script[self.calls % len(self.script)]
        if isinstance(said, Exception):
            raise said
        return [[Segment(" ".join(said), 0.0, clip.seconds)] if said else [] for clip in clips]


@pytest.mark.parametrize(("settle_after", "latest"), [(2.0, 4.8), (4.0, 6.8), (math.inf, 11.0)])
def test_words_settle_after_a_time_if_that_is_asked_for(settle_after: float, latest: float) -> None:
    """Of an engine that is never sure of the third word; each takes half a second."""

    class Unsure(Moody):
        def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
            self.calls += 1
            words = [f"w{number:02}" for number in range(int(2 * clips[0].seconds))]
            words[2:3] = [f"u{self.calls:02}"][: len(words[2:3])]
            return [[Segment(" ".join(words), 0.0, clips[0].seconds)] if words else []]

    owner = recogniser(Unsure, "x", Options())
    listener = Listener(
        owner.recogniser, Recording("x"), owner.options, Listening(pace=Pace(settle_after=settle_after))
    )
    updates, block = [], np.zeros(1600, np.float32)
    for number in range(100):
        updates += [(0.1 * (number + 1), one) for one in listener.feed(block)]
    updates += [(10.0, one) for one in listener.finish()]
    check(listener, [one for _, one in updates])
    assert listener.segments[0].text.split()[:2] == ["w00", "w01"]
    assert next(time for time, one in updates if "u" in one.settled) <= latest


@settings(max_examples=40)
@given(st.lists(WORDS, min_size=1, max_size=6), st.integers(1, 60))
def test_settled_text_is_never_taken_back_however_the_engine_changes_its_mind(
    script: list[list[str]], seconds: int
) -> None:
    kind = type("Changing", (Moody,), {"script": script})
    owner = recogniser(kind, "x", Options())
    check(*listen(owner, np.zeros(seconds * SAMPLE_RATE, np.float32), None, block=8000))


def test_a_language_found_out_twice_holds_for_the_utterance() -> None:
    asked = []

    class Torn(Moody):
        identifies_language = True

        def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
            asked.append(clips[0].language)
            language = clips[0].language or ("en", "de", "de", "en")[len(asked) % 4]
            return [[Segment("ja", 0.0, 1.0, language=language)]]

    listener, _ = listen(recogniser(Torn, "x", Options()), np.zeros(9 * SAMPLE_RATE, np.float32), None)
    first = asked.index("de")
    assert set(asked[:first]) == {None} and set(asked[first:]) == {"de"}
    assert {one.language for one in listener.segments} == {"de"}


def test_no_engine_hears_more_than_it_can() -> None:
    lengths = []

    class Short(Moody):
        max_seconds = 8.0

        def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
            lengths.extend(clip.seconds for clip in clips)
            return [[] for _ in clips]

    for behind in (False, True):
        listen(recogniser(Short, "x", Options()), np.zeros(40 * SAMPLE_RATE, np.float32), None, behind=behind)
    assert max(lengths) <= 8.0


def test_a_hypothesis_that_fails_costs_nothing_and_a_last_one_its_segment() -> None:
    kind = type("Failing", (Moody,), {"script": [["a", "b"], AsrError("no luck"), ["a", "b", "c"]]})
    listener, updates = listen(recogniser(kind, "x", Options()), np.zeros(6 * SAMPLE_RATE, np.float32), None)
    assert check(listener, updates).startswith("a b")
    kind = type("Failing", (Moody,), {"script": [AsrError("no luck")]})
    for samples in (6 * SAMPLE_RATE, 20 * STEP):  # the last hypothesis has heard all, or not
        listener, updates = listen(recogniser(kind, "x", Options()), np.zeros(samples, np.float32), None)
        assert [str(one) for one in listener.failures] == ["no luck"] and not listener.segments


def test_a_hypothesis_that_was_broken_off_settles_nothing() -> None:
    """It is mostly a loop: the next one may be none, and a long window or the end is decoded with all care."""
    asked = []

    class Looping(Moody):
        def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
            asked.append((clips[0].growing, round(clips[0].end)))
            said = [f"w{number:02}" for number in range(int(2 * clips[0].start), int(2 * clips[0].end))]
            if not clips[0].growing or 2 < clips[0].seconds < 4:
                return [[Segment(" ".join(said), 0.0, clips[0].seconds)]]
            return [[Segment("so " * 9, 0.0, clips[0].seconds, flags=(Flag.TRUNCATED.value,))]]

    listener, updates = listen(recogniser(Looping, "x", Options()), np.zeros(14 * SAMPLE_RATE, np.float32), None)
    assert "so" not in check(listener, updates)
    assert all(growing for growing, end in asked if end < 12)
    assert [growing for growing, end in asked if end == 12] == [True, False] and not asked[-1][0]


@pytest.mark.slow
def test_an_hour_takes_no_more_memory_than_a_minute() -> None:
    import tracemalloc

    owner = recogniser(Fake, "pace=2", Options(word_timestamps=True))
    listener = Listener(owner.recogniser, Recording("a-b-c-d-e-f-g"), owner.options)
    block, text, peaks = np.zeros(SAMPLE_RATE, np.float32), [], []
    tracemalloc.start()
    try:
        for second in range(3600):
            text += [update.settled for update in listener.feed(block)]
            if second in (120, 3599):
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    text += [update.settled for update in listener.finish()]
    assert " ".join(text).split() == spoken(3600, 2)
    assert peaks[1] < peaks[0] + 20e6, "segments with words of an hour, and no samples"


# Sources


PCM = sources.Pcm("s16le", SAMPLE_RATE, 1)


class Dripping(io.RawIOBase):
    """Gives what it holds in pieces of the sizes told."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self.data, self.sizes, self.calls = data, sizes, 0

    def read1(self, size: int = -1) -> bytes:
        size = self.sizes[self.calls % len(self.sizes)]
        self.calls += 1
        found, self.data = self.data[:size], self.data[size:]
        return found


@pytest.mark.parametrize("sizes", [(1,), (3, 5), (1 << 16,)])
@pytest.mark.parametrize(
    ("kind", "dtype", "scale"),
    [("s16le", "<i2", 32768), ("s16be", ">i2", 32768), ("f32le", "<f4", 1), ("s32le", "<i4", 2**31)],
)
def test_raw_samples_in_pieces_of_any_size(sizes: tuple[int, ...], kind: str, dtype: str, scale: float) -> None:
    wanted = np.sin(np.arange(4001) * 0.05).astype(np.float32) / 2
    stereo = np.stack([wanted, -wanted / 2], axis=1)
    data = (stereo * scale).astype(dtype).tobytes()
    pcm = sources.Pcm(kind, SAMPLE_RATE, 2)
    for channel, expected in ((0, wanted), (1, -wanted / 2), (None, wanted / 4)):
        blocks = sources.raw_blocks(Dripping(data, sizes), pcm, Recording("-", channel), pytest.fail)  # type: ignore[arg-type]
        assert np.allclose(np.concatenate(list(blocks)), expected, atol=1e-4)


def test_raw_samples_that_end_inside_one() -> None:
    said: list[str] = []
    data = np.zeros(1000, "<i2").tobytes() + b"\x01"
    blocks = list(sources.raw_blocks(io.BytesIO(data), PCM, Recording("-"), said.append))
    assert sum(map(len, blocks)) == 1000 and "ends inside a sample: 1 of 2 bytes" in said[0]
    with pytest.raises(InputError, match="empty"):
        list(sources.raw_blocks(io.BytesIO(b""), PCM, Recording("-"), said.append))


def test_raw_samples_of_another_rate_and_no_numbers() -> None:
    tone = np.sin(np.arange(44_100) * 2 * np.pi * 440 / 44_100).astype("<f4")
    tone[100] = np.nan
    pcm = sources.Pcm("f32le", 44_100, 1)
    found = np.concatenate(list(sources.raw_blocks(io.BytesIO(tone.tobytes()), pcm, Recording("-"), pytest.fail)))
    assert len(found) == pytest.approx(SAMPLE_RATE, abs=50) and np.isfinite(found).all()
    assert np.argmax(np.abs(np.fft.rfft(found[:16_000]))) == 440


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("s16le", ("s16le", 16_000, 1)), ("S16LE:8000", ("s16le", 8000, 1)), ("f32le:48000:2", ("f32le", 48_000, 2))],
)
def test_how_raw_samples_are_told(text: str, wanted: tuple[str, int, int]) -> None:
    found = sources.parse_pcm(text)
    assert (found.kind, found.rate, found.channels) == wanted


@pytest.mark.parametrize("text", ["s16", "s16le:fast", "s16le:16000:0", "s16le:16000:1:1", "", "s16le:-5"])
def test_how_they_are_not_told(text: str) -> None:
    with pytest.raises(UsageError, match="s16le:16000:1"):
        sources.parse_pcm(text)


def test_a_file_that_grows(tmp_path: Path) -> None:
    path, whole = tmp_path / "live.wav", (DIGITS / "string00.wav").read_bytes()
    path.write_bytes(whole[:30])  # not even the header

    def grow() -> None:
        with path.open("ab") as file:
            for at in range(30, len(whole), 9999):
                time.sleep(0.02)
                file.write(whole[at : at + 9999])
                file.flush()

    thread = threading.Thread(target=grow)
    thread.start()
    source = sources.open_source(str(path), None, idle=0.5, channel=None)
    found = np.concatenate(list(source.blocks(pytest.fail, threading.Event())))
    thread.join()
    usual = np.concatenate(list(audio.decode(Recording(str(DIGITS / "string00.wav")), pytest.fail)))
    assert np.allclose(found, usual, atol=1e-6)


def test_a_file_that_grows_can_be_left(tmp_path: Path) -> None:
    path = tmp_path / "x.raw"
    path.write_bytes(b"\0" * 32_000)
    stop, found = threading.Event(), []
    for block in sources.open_source(str(path), PCM, idle=60, channel=None).blocks(pytest.fail, stop):
        found.append(block)
        stop.set()
    assert sum(map(len, found)) == 16_000


class FakeSounddevice(types.ModuleType):
    """PortAudio's module with one microphone of two channels at 8 kHz."""

    class PortAudioError(Exception):
        """Its error."""

    class InputStream:
        """Half a second of rising samples, then overflows, then the end of the test's patience."""

        def __init__(self, samplerate: int, channels: int, dtype: str, device: Any) -> None:
            assert (samplerate, dtype) == (8000, "float32")
            self.channels, self.calls = channels, 0

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def read(self, frames: int) -> tuple[Any, bool]:
            self.calls += 1
            return np.full((frames, self.channels), 0.25, np.float32), self.calls in (3, 4)

    def query_devices(self, device: Any = None, kind: str | None = None) -> Any:
        card = {"name": "Fake mic", "max_input_channels": 2, "default_samplerate": 8000.0}
        if device not in (None, 0, "Fake mic"):
            raise ValueError(f"no input device matching {device!r}")
        return card if kind else [card, {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 8000.0}]


def test_a_microphone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSounddevice("sounddevice"))
    assert sources.devices() == [(0, "Fake mic", 2, 8000)]
    stop, said, found = threading.Event(), list[str](), []
    for block in sources.open_source("mic:0", None, 1.0, 1).blocks(said.append, stop):
        found.append(block)
        if len(found) == 6:
            stop.set()
    samples = np.concatenate(found)
    assert len(samples) == pytest.approx(0.6 * SAMPLE_RATE, abs=200) and samples[3000] == pytest.approx(0.25, abs=0.01)
    assert len(said) == 1 and "lost" in said[0]
    with pytest.raises(InputError, match=r"no input device matching 'Nothing'.*mic:list"):
        list(sources.open_source("mic:Nothing", None, 1.0, None).blocks(said.append, threading.Event()))


def test_no_microphone_software(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtra, match=r"pip install 'asrcli\[mic\]'"):
        sources.devices()


# Sessions


class Given:
    """A source that gives blocks, with pauses of wall clock between."""

    name, waits = "given", False

    def __init__(self, blocks: Sequence[Any], pause: float = 0.0, error: Exception | None = None) -> None:
        self.given, self.pause, self.error = blocks, pause, error
        self.recording = Recording("a-b-c-d-e-f-g")

    def blocks(self, warn: sources.Warn, stop: threading.Event) -> Iterator[Any]:
        for block in self.given:
            stop.wait(self.pause)
            yield block
        if self.error:
            raise self.error


def session(engine: type[Engine], model: str, source: Any) -> list[Any]:
    choice = Choice(engine, Weights(model, None), Device(threads=1))
    return list(Session(source, choice, Options(word_timestamps=True)).start())


def second() -> Any:
    return np.zeros(SAMPLE_RATE, np.float32)


def test_a_session_is_ready_then_hears_then_is_over() -> None:
    happened = session(Fake, "pace=2", Given([second()] * 30))
    assert isinstance(happened[0], Ready) and isinstance(happened[-1], Over) and happened[-1].error is None
    assert happened[-1].transcript.text.split() == spoken(30, 2)


def test_a_slow_engine_loses_nothing_and_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asrcli.streaming.session.LIVE", 1e9)  # whatever its speed, this stream counts as live
    happened = session(Fake, "pace=2,sleep=0.1", Given([second()] * 40, pause=0.005))
    assert happened[-1].transcript.text.split() == spoken(40, 2)
    assert sum(isinstance(one, Note) and "slower than the speech" in one.text for one in happened) == 1
    assert sum(isinstance(one, Update) for one in happened) < 40, "fewer hypotheses than seconds"


def test_an_engine_that_loads_for_long_is_not_called_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asrcli.streaming.session.LIVE", 1e9)
    read = threading.Event()
    whole = Session._read
    monkeypatch.setattr(Session, "_read", lambda self: (whole(self), read.set()))
    monkeypatch.setattr(Session, "_warm_up", lambda self: read.wait())
    happened = session(Fake, "pace=2", Given([second()] * 30))
    assert happened[-1].transcript.text.split() == spoken(30, 2)
    assert not [one for one in happened if isinstance(one, Note)]


def test_what_was_heard_before_a_failure_is_kept() -> None:
    happened = session(Fake, "pace=2", Given([second()] * 10, error=InputError("x: cut off")))
    assert str(happened[-1].error) == "x: cut off"
    assert happened[-1].transcript.text.split() == spoken(10, 2)
    gone = type("Gone", (Moody,), {"script": [["a", "b"]] * 4 + [EngineUnavailable("gone")]})
    happened = session(gone, "x", Given([second()] * 10, pause=0.05))
    assert isinstance(happened[-1].error, EngineUnavailable)
    assert happened[-1].transcript.text == "a b"


def test_weights_that_do_not_load() -> None:
    happened = session(Fake, "nonsense=1", Given([second()] * 3))
    assert isinstance(happened[-1], Over) and "unknown behaviour" in str(happened[-1].error)


def test_stopping_hears_what_was_taken_in() -> None:
    source = Given([second()] * 1000, pause=0.01)
    choice = Choice(Fake, Weights("pace=2", None), Device(threads=1))
    running = Session(source, choice, Options(word_timestamps=True)).start()
    for happening in running:
        if isinstance(happening, Update):
            running.stop()
        last = happening
    assert isinstance(last, Over) and last.error is None
    words = last.transcript.text.split()
    assert words == spoken(last.transcript.seconds, 2) and 0 < len(words) < 2000
