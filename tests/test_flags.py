"""What is flagged and, as much, what is not; and the check that all speech is covered."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Run, write_wav

from asrcli.pipeline.assembly import untexted
from asrcli.pipeline.flags import flag_segment, gaps, is_loop, merge, tokenise
from asrcli.types import Flag, Options, Region, Segment

NONE = Options()


def flags(segment: Segment, speech: list[Region] | None = None, options: Options = NONE) -> tuple[str, ...]:
    return flag_segment(segment, speech, options).flags


def said(text: str, seconds: float | None = None) -> Segment:
    return Segment(text, 0.0, len(text) / 12 if seconds is None else seconds)


# --- loops ------------------------------------------------------------------------------------------------------------

LOOPS = [
    "Thank you. Thank you. Thank you. Thank you. Thank you.",
    "I'm going to go ahead and I'm going to go ahead and I'm going to go ahead and I'm going to go ahead and",
    "Merci d'avoir regardé cette vidéo. Merci d'avoir regardé cette vidéo. Merci d'avoir regardé cette vidéo.",
    "Vielen Dank. Vielen Dank. Vielen Dank. Vielen Dank. Vielen Dank. Vielen Dank.",
    "Продолжение следует... " * 5,
    "the the the the the the the the the the the the",
    "谢谢观看谢谢观看谢谢观看谢谢观看谢谢观看",
    "字幕由社群提供字幕由社群提供字幕由社群提供",
    "ご視聴ありがとうございましたご視聴ありがとうございましたご視聴ありがとうございました",
    "시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다.",
    "ขอบคุณครับ" * 8,
    "So we start with the first part and then we go on " + "and then we go on " * 6,
    "hahahahahahahahahahahahahahahahahahahahahahahahahahahahaha",
]
NO_LOOPS = [
    "",
    "no no no",
    "No, no, no, no, no!",
    "very, very, very good",
    "It was a long, long, long time ago that this had happened to us.",
    "one two three one two three",
    "five five five one two one two seven",
    "row, row, row your boat, gently down the stream, merrily, merrily, merrily, merrily, life is but a dream",
    "We shall fight on the beaches, we shall fight on the landing grounds, we shall fight in the fields.",
    "Ja, ja, ja. Das ist gut.",
    "oui oui oui, bien sûr",
    "不不不，我不是这个意思",
    "哈哈哈哈哈哈",
    "谢谢，谢谢，谢谢大家",
    "はいはいはい、分かりました",
    "네, 네, 네, 알겠습니다.",
    "да да да, конечно",
    "las vegas las vegas",
    "Thank you, thank you, thank you!",
    "He stood there and said I do not know, I do not know, I do not know, and then he put on his coat, took his hat "
    "and walked out of the room without another word to any of us.",
]


@pytest.mark.parametrize("text", LOOPS)
def test_loops_are_flagged(text: str) -> None:
    assert Flag.REPEAT_LOOP in flags(said(text))


@pytest.mark.parametrize("text", NO_LOOPS)
def test_what_people_repeat_is_not(text: str) -> None:
    assert flags(said(text)) == ()


def test_a_long_ordinary_text_is_no_loop(digit_strings: list[tuple[object, str]]) -> None:
    """zlib's ratio grows with the length of any text; digits are the most repetitive thing that is really said."""
    text = " ".join(text for _, text in digit_strings)
    assert len(text) > 500 and not any(is_loop(one) for _, one in digit_strings)
    speech = " ".join(
        f"In chapter {number} we turn to the question of how sound {number * 7} moves." for number in range(3)
    )
    assert not is_loop(speech)


@given(st.text(max_size=300))
def test_flagging_never_fails_and_keeps_the_text(text: str) -> None:
    segment = Segment(text, 0.0, 3.0, flags=("truncated",))
    options = Options(prompt=text, hotwords=(text,))
    flagged = flag_segment(segment, [], options)
    assert flagged.text == text and flagged.flags[0] == "truncated"
    assert flag_segment(flagged, [], options) == flagged


# --- no speech --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("speech", "flagged"),
    [
        (None, False),  # nobody looked
        ([], True),
        ([Region(0, 10)], False),
        ([Region(12, 20)], True),
        ([Region(0, 1.9)], True),
        ([Region(0, 2.1)], False),
        ([Region(0, 1), Region(5, 6.5)], False),
        ([Region(0, 1.5), Region(0.5, 1.5), Region(1, 1.5)], True),  # counted once
    ],
)
def test_text_without_speech(speech: list[Region] | None, flagged: bool) -> None:
    text = "You are listening to a programme about the history of the sea and of the people that live by it."
    assert (Flag.NO_SPEECH in flags(Segment(text, 0.0, 10.0), speech)) is flagged


def test_text_of_no_length_is_spoken_where_it_begins() -> None:
    short = Segment("So it goes.", 3.0, 3.0)
    assert [Flag.NO_SPEECH in flags(short, [one]) for one in (Region(2, 4), Region(5, 6))] == [False, True]


# --- rate -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds", "flagged"),
    [
        ("The quick brown fox jumps over the lazy dog.", 3.0, False),
        ("The quick brown fox jumps over the lazy dog. " * 2, 3.6, False),  # the fastest auctioneer
        ("The quick brown fox jumps over the lazy dog. " * 4, 2.0, True),
        ("Yes.", 3.0, False),
        ("Yes.", 0.1, False),  # too short to judge
        ("No.", 6.0, False),  # loose times
        ("Okay.", 28.0, True),
        ("今天天气很好我们去公园玩吧", 2.5, False),
        ("今天天气很好我们去公园玩吧" * 4, 2.5, True),
        ("안녕하세요 만나서 반갑습니다", 2.0, False),
        ("Donaudampfschifffahrtsgesellschaftskapitän ist ein langes Wort.", 4.0, False),
        ("2026", 2.0, False),
        ("...", 20.0, False),
    ],
)
def test_rate(text: str, seconds: float, flagged: bool) -> None:
    assert (Flag.RATE_ANOMALY in flags(Segment(text, 0.0, seconds))) is flagged


# --- echo -------------------------------------------------------------------------------------------------------------

GLOSSARY = Options(prompt="Glossary: Kubernetes, etcd, kubelet, containerd, Prometheus.")
CHINESE = Options(prompt="以下是普通话的句子，请加上标点符号。")
NAMES = Options(hotwords=("Anna Karenina", "Wronski", "Kitty", "Lewin"))


@pytest.mark.parametrize(
    ("text", "options", "flagged"),
    [
        ("Glossary: Kubernetes, etcd, kubelet, containerd", GLOSSARY, True),
        ("kubernetes etcd kubelet containerd prometheus", GLOSSARY, True),
        ("We run etcd and the kubelet on every node.", GLOSSARY, False),
        ("Kubernetes", GLOSSARY, False),
        (
            "Kubernetes, etcd, kubelet, containerd, all of these have to be restarted one after the other.",
            GLOSSARY,
            False,
        ),
        ("以下是普通话的句子，请加上标点符号。", CHINESE, True),
        ("今天我们学习普通话的句子。", CHINESE, False),
        ("Anna Karenina Wronski Kitty", NAMES, True),
        ("Anna Karenina met Wronski at the station.", NAMES, False),
        ("Glossary: Kubernetes, etcd, kubelet", NONE, False),
    ],
)
def test_prompt_echo(text: str, options: Options, flagged: bool) -> None:
    assert (Flag.PROMPT_ECHO in flags(said(text), options=options)) is flagged


# --- confidence, and all of it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "avg_logprob", "flagged"),
    [
        (None, None, False),
        (0.9, -0.2, False),
        (0.36, None, True),
        (0.38, -0.99, False),
        (0.2, -0.2, False),  # one word of two per cent among likely ones, and right
        (None, -1.01, True),
        (0.9, -2.0, True),
    ],
)
def test_low_confidence(score: float | None, avg_logprob: float | None, flagged: bool) -> None:
    segment = Segment("Good morning.", 0.0, 1.0, score=score, avg_logprob=avg_logprob)
    assert (Flag.LOW_CONFIDENCE in flags(segment)) is flagged


def test_flags_of_the_engine_stay_and_come_once() -> None:
    segment = Segment("Thank you. " * 6, 0.0, 5.0, flags=("truncated", "repeat_loop"), score=0.1)
    assert flags(segment) == ("truncated", "repeat_loop", "low_confidence")
    assert flag_segment(flag_segment(segment, None, NONE), None, NONE).flags == flags(segment)


def test_speech_counts_only_where_it_was_looked_for() -> None:
    segments = (said("Good morning to everybody.", 2.0), Segment("Thanks for watching!", 20.0, 22.0))
    assert [flag_segment(one, (Region(0.0, 2.0),), NONE).flags for one in segments] == [(), ("no_speech",)]
    assert [flag_segment(one, None, NONE).flags for one in segments] == [(), ()]


def test_tokens() -> None:
    assert tokenise("Don't STOP, Ｎow! 今天好。") == ["don't", "stop", "now", "今", "天", "好"]


# --- gaps -------------------------------------------------------------------------------------------------------------

TICKS = 200
spans = st.lists(
    st.tuples(st.integers(0, TICKS), st.integers(0, 40)).map(lambda pair: (pair[0], sum(pair))), max_size=12
)


def regions(pairs: list[tuple[int, int]]) -> list[Region]:
    return [Region(float(start), float(end)) for start, end in pairs]


def inside(pairs: list[tuple[int, int]], tick: int) -> bool:
    return any(start <= tick < end for start, end in pairs)


@given(spans, spans, st.integers(0, 10))
def test_gaps_are_the_speech_that_no_segment_covers(speech: list, covered: list, least: int) -> None:
    """Against counting every tick: a tick is in a gap exactly when it is in a long enough run of uncovered speech."""
    segments = [Segment("x", region.start, region.end) for region in regions(covered)]
    runs, run = [], []
    for tick in range(TICKS + 42):
        if inside(speech, tick) and not inside(covered, tick):
            run.append(tick)
        elif run:
            runs.append((run[0], run[-1] + 1))
            run = []
    expected = tuple(Region(float(a), float(b)) for a, b in runs if b - a >= least)
    assert gaps(regions(speech), segments, float(least)) == expected


@given(spans)
def test_merged_regions_cover_the_same_and_do_not_touch(pairs: list) -> None:
    merged = merge(regions(pairs))
    assert all(one.end < two.start for one, two in pairwise(merged))
    flat = [(int(region.start), int(region.end)) for region in merged]
    assert all(inside(pairs, tick) == inside(flat, tick) for tick in range(TICKS + 42))


@pytest.mark.slow
def test_gaps_of_an_hour_are_found_quickly_in_order() -> None:
    speech = [Region(2.0 * number, 2.0 * number + 1) for number in range(20_000)]
    segments = [Segment("x", region.start, region.end) for region in speech[::2]]
    assert gaps(speech, segments, 0.5) == tuple(speech[1::2])


def test_speech_without_text_is_listed_where_it_is_no_breath() -> None:
    """A region without any text counts from one second, what is left of one beside its text from 1.8 s."""
    speech = (Region(0.0, 6.0), Region(7.0, 8.1), Region(9.0, 9.9), Region(12.0, 16.0))
    segments = [Segment("we said", 1.7, 5.0), Segment("thanks", 12.0, 14.1)]
    assert untexted(speech, segments) == [Region(7.0, 8.1), Region(14.1, 16.0)]
    assert untexted(speech[:1], [Segment("we", 1.9, 6.0)]) == [Region(0.0, 1.9)]


def test_words_said_apart_without_text_are_listed_together() -> None:
    """Each is shorter than a second; two may be breath, and a text between two rows makes no row of them."""
    said = [Region(2.0 * number, 2.0 * number + 0.8) for number in range(8)]
    first, fourth = Segment("one", 0.0, 0.8), Segment("four", 6.0, 6.8)
    assert untexted(said, [first]) == said[1:]
    assert untexted(said, [first, fourth]) == said[4:]
    assert untexted(said[:3], [first]) == []


def test_every_flag_is_worth_a_line(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", 12.0)
    done = asr("transcribe", "a.wav", "-e", "fake", "--no-vad", "--engine-option", "word-score=0.1")
    assert "1 of 1 segment is suspicious (low_confidence, rate_anomaly), first at 0.0 s" in done.err
