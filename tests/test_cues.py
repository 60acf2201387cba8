"""Subtitle cues: the optimiser against trying everything, the constraints on random words, line breaks by script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.formats import PROFILES, Layout, check, layout, render
from asrcli.formats.cues import Cue, Violation, check_cues, shape
from asrcli.formats.optimiser import CUE, LONELY_LINE, VIOLATION, Optimiser
from asrcli.formats.reading import join_frames, parse_srt, parse_vtt
from asrcli.formats.text import label
from asrcli.formats.units import NO_END, NO_START, clusters, columns, recording_end, spell, units
from asrcli.types import Recording, Segment, Transcript, Word

DEFAULT = layout()


def say(text: str, rate: float = 15.0, start: float = 0.0, pauses: float = 0.0) -> tuple[Word, ...]:
    """Return the words of a text said at so many characters per second, with pauses after punctuation."""
    words = []
    for word in text.split():
        end = start + (len(word) + 1) / rate
        words.append(Word(word, round(start, 3), round(end, 3)))
        start = end + pauses * (word[-1] in ",.?!")
    return tuple(words)


def transcript_of(*segments: Segment, seconds: float = 0.0) -> Transcript:
    return Transcript(Recording("a.wav"), segments, "fake", seconds=seconds)


def segment_of(words: Sequence[Word], speaker: str | None = None) -> Segment:
    return Segment(" ".join(word.text for word in words), words[0].start, words[-1].end, tuple(words), speaker)


def lines(text: str, layout: Layout = DEFAULT, rate: float = 15.0) -> list[tuple[str, ...]]:
    return [cue.lines for cue in shape(transcript_of(segment_of(say(text, rate, pauses=0.4))), layout)[0]]


# --- random words -----------------------------------------------------------------------------------------------------

ALPHABETS = ("abcdefg.,?", "äöüßé!", "абвг", "今天的人。，「」ー", "กขคะา", "한국어", "🙂́")
word_texts = st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters, min_size=1, max_size=12))
steps = st.tuples(word_texts, st.integers(0, 900), st.integers(0, 3000) | st.just(0), st.sampled_from([None, "A", "B"]))


@st.composite
def random_transcripts(draw: st.DrawFn, max_words: int = 40, one_speaker: bool = False) -> Transcript:
    """Draw words with any lengths and pauses, some without any length at all, cut into segments anywhere."""
    clock = draw(st.integers(0, 3000))
    segments, words = [], []
    speaker = None
    for text, length, pause, other in draw(st.lists(steps, max_size=max_words)):
        words.append(Word(text, clock / 1000, (clock + length) / 1000))
        clock += length + pause
        if draw(st.booleans()):
            segments.append(segment_of(words, speaker))
            words = []
            speaker = None if one_speaker else other
    if words:
        segments.append(segment_of(words, speaker))
    silence = draw(st.integers(0, 5 * 16000)) / 16000  # recordings do not end on a millisecond
    return transcript_of(*segments, seconds=draw(st.sampled_from([0.0, clock / 1000, clock / 1000 + silence])))


layouts = st.sampled_from([*PROFILES.values()]) | st.builds(
    Layout,
    max_line_width=st.integers(4, 50),
    max_lines=st.integers(1, 4),
    max_cps=st.none() | st.floats(3, 40),
    min_duration=st.floats(0, 1.5),
    max_duration=st.none() | st.floats(1.5, 10),
    min_gap=st.floats(0, 0.3),
    close_gap=st.sampled_from([0.0, 0.5]),
    max_words_per_line=st.none() | st.integers(1, 6),
)

shaping = layouts.filter(lambda layout: not layout.by_segment)


@settings(max_examples=250)
@given(random_transcripts(), layouts)
def test_cues_are_in_order_within_the_recording_and_lose_no_text(transcript: Transcript, layout: Layout) -> None:
    cues, warnings = shape(transcript, layout)
    said = "".join(segment.text for segment in transcript.segments)
    if len({segment.speaker for segment in transcript.segments}) < 2:
        shown = "".join(line for cue in cues for line in cue.lines)
        assert "".join(shown.split()) == "".join(said.split())
    for cue in cues:
        assert 0 <= cue.start <= cue.end and cue.lines and all(line == line.strip() and line for line in cue.lines)
        assert transcript.seconds == 0 or cue.end <= round(transcript.seconds * 1000) / 1000
        assert tuple("".join(word.text for word in row) for row in cue.words) == cue.lines
        times = [time for row in cue.words for word in row for time in (word.start, word.end)]
        assert times == sorted(times) and cue.start <= times[0] and times[-1] <= cue.end
    if not layout.by_segment:
        assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
        for speaker in {cue.speaker for cue in cues}:  # several may be shown at once
            own = [cue for cue in cues if cue.speaker == speaker]
            assert all(one.end <= two.start and one.start < two.start for one, two in pairwise(own)) or (
                transcript.seconds and transcript.seconds * 1000 < 20 * len(said)
            )
        assert warnings == [str(one) for one in check_cues(cues, layout)]


@settings(max_examples=250)
@given(random_transcripts(), shaping)
def test_only_a_single_word_is_wider_than_a_line(transcript: Transcript, layout: Layout) -> None:
    found = {unit.text for unit in units(transcript, layout.max_line_width)}
    cues, _ = shape(transcript, layout)
    for violation in check_cues(cues, layout):
        cue = cues[violation.cue]
        if violation.constraint in ("max_line_width", "max_words_per_line"):
            labelled = [label(cue.speaker) + cue.lines[0], *cue.lines[1:]]
            wide = [line for line in labelled if columns(line) > layout.max_line_width]
            assert {line.removeprefix(label(cue.speaker)) for line in wide} <= found, violation
        if violation.constraint == "max_lines" or (len(cue.lines) > 1 and violation.constraint == "max_line_width"):
            last = max(word.start for row in cue.words for word in row)
            assert last - cue.start <= 2 * (layout.min_duration + layout.min_gap) + 0.002, violation
        assert violation.constraint not in ("max_duration", "empty"), violation


@settings(max_examples=250)
@given(random_transcripts(), shaping)
def test_no_cue_is_short_where_its_speaker_has_more_to_say_or_the_recording_goes_on(
    transcript: Transcript, layout: Layout
) -> None:
    cues, _ = shape(transcript, layout)
    for cue in cues:
        if cue.end - cue.start < layout.min_duration - 0.001:
            assert [one.speaker for one in cues].count(cue.speaker) == 1, cue
            assert transcript.seconds and cue.start + layout.min_duration > transcript.seconds - 0.001, cue


def every_cut(count: int) -> Iterator[tuple[int, ...]]:
    for size in range(count):
        for inner in combinations(range(1, count), size):
            yield (0, *inner, count)


@settings(max_examples=200)
@given(random_transcripts(max_words=7), shaping)
def test_no_cut_is_cheaper_than_the_one_found(transcript: Transcript, layout: Layout) -> None:
    """Try all cuts into cues (and with them every number of broken constraints) and compare."""
    found = units(transcript, layout.max_line_width)
    if not 0 < len(found) <= 9:
        return
    optimiser = Optimiser(found, layout, recording_end(transcript))

    def price(first: int, stop: int) -> float:
        brief = stop - first == 1 or optimiser._is_brief(first, stop)
        rows = optimiser._lines(first, stop) or (optimiser._overfull(first, stop) if brief else None)
        same = len({unit.speaker for unit in found[first:stop]}) == 1
        length = found[stop - 1].end - found[first].start
        too_long = layout.max_duration is not None and length > round(layout.max_duration * 1000)
        if not same or (too_long and not brief) or rows is None:
            return float("inf")
        inside = CUE + sum(optimiser._stay_cost(place) for place in range(first, stop - 1))
        cost, breaks = rows
        return cost + inside + optimiser._cue_cost(first, stop, breaks)

    cheapest = min(sum(price(*pair) for pair in pairwise(cut)) for cut in every_cut(len(found)))
    chosen = sum(price(cut.first, cut.stop) for cut in optimiser.cuts())
    assert chosen == pytest.approx(cheapest, rel=1e-9)
    broken = [one for one in check_cues(shape(transcript, layout)[0], layout) if one.constraint in TIMED]
    assert len(broken) <= cheapest // VIOLATION


@settings(max_examples=150)
@given(random_transcripts(max_words=12, one_speaker=True), shaping)
def test_no_break_into_two_lines_is_better(transcript: Transcript, layout: Layout) -> None:
    found = units(transcript, layout.max_line_width)
    optimiser = Optimiser(found, layout, None)
    for first, stop in combinations(range(len(found) + 1), 2):
        tried = [
            optimiser._break_cost(optimiser._width(first, middle), optimiser._width(middle, stop), middle)
            + LONELY_LINE * ((middle - first == 1) + (stop - middle == 1))
            for middle in range(first + 1, stop)
            if optimiser._fits(first, middle, opening=True) and optimiser._fits(middle, stop, opening=False)
        ]
        chosen = optimiser._two_lines(first, stop, opening=True)
        assert (chosen is None) == (not tried) and (chosen is None or chosen[0] == pytest.approx(min(tried)))


TIMED = ("min_duration", "max_cps", "min_gap")


@st.composite
def comfortable_speech(draw: st.DrawFn) -> Transcript:
    """Draw one speaker's words at 8 to 14 characters per second, with pauses up to two seconds."""
    clock = 0.0
    words = []
    for text in draw(st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=60)):
        length = (len(text) + 1) / draw(st.floats(8, 14))
        words.append(
            Word(text + draw(st.sampled_from(["", "", "", ",", "."])), round(clock, 3), round(clock + length, 3))
        )
        clock += length + draw(st.sampled_from([0.0, 0.0, 0.1, 0.5, 2.0]))
    return transcript_of(segment_of(words), seconds=clock + 2)


@settings(max_examples=200)
@given(comfortable_speech(), st.sampled_from(["default", "netflix", "bbc", "ted", "youtube"]))
def test_ordinary_speech_breaks_no_constraint(transcript: Transcript, profile: str) -> None:
    assert shape(transcript, PROFILES[profile])[1] == []


@settings(max_examples=150)
@given(random_transcripts(), layouts)
def test_what_was_written_reads_back_as_the_cues(transcript: Transcript, layout: Layout) -> None:
    cues, _ = shape(transcript, layout)
    srt = parse_srt(render(transcript, "srt", layout))
    vtt = parse_vtt(render(transcript, "vtt", layout))
    assert [(cue.start, cue.end, cue.text) for cue in srt] == [(cue.start, cue.end, cue.text) for cue in cues]
    assert vtt == [replace(cue, words=()) for cue in cues]
    if not layout.by_segment:
        assert check_cues(vtt, layout) == check_cues(cues, layout)


# --- what reads well --------------------------------------------------------------------------------------------------


def test_cuts_at_sentences_and_clauses() -> None:
    text = (
        "It was the best of times, it was the worst of times, it was the age of wisdom, "
        "it was the age of foolishness. It was the season of Light."
    )
    assert lines(text) == [
        ("It was the best of times,", "it was the worst of times,"),
        ("it was the age of wisdom,", "it was the age of foolishness."),
        ("It was the season of Light.",),
    ]


def test_leaves_no_orphan() -> None:
    """A greedy cut at 84 characters leaves the last word alone."""
    text = "the committee will decide on the proposal for the new library building next week after lunch tomorrow"
    assert len(text) > 84
    assert all(len(cue) > 1 or len(cue[0].split()) > 2 for cue in lines(text))
    assert min(len(line.split()) for cue in lines(text) for line in cue) > 1


def test_balances_two_lines() -> None:
    (cue,) = lines("we are going to walk along the river until evening")
    assert len(cue) == 2 and min(map(len, cue)) > max(map(len, cue)) / 2  # TED's rule


def test_one_line_when_it_fits() -> None:
    assert lines("we walk along the river") == [("we walk along the river",)]


@pytest.mark.parametrize("width", [30, 37, 42])
def test_does_not_cut_after_an_article(width: int) -> None:
    text = "we went to see the old church on the hill and then we walked home through the dark woods together"
    assert all(len(line.split()[-1]) > 3 for cue in lines(text, layout(max_line_width=width)) for line in cue)


def test_a_lonely_word_joins_its_neighbours_across_a_pause_but_not_across_a_long_one() -> None:
    for pause, expected in ((1.15, 2), (3.0, 3)):
        words = say("well then")
        for text in ("maybe", "let us begin"):
            words += say(text, start=words[-1].end + pause)
        assert len(shape(transcript_of(segment_of(words)), DEFAULT)[0]) == expected


def test_cuts_at_a_long_pause() -> None:
    words = (*say("one two three"), *say("four five six", start=4.0))
    assert [cue.lines for cue in shape(transcript_of(segment_of(words)), DEFAULT)[0]] == [
        ("one two three",),
        ("four five six",),
    ]


def test_never_mixes_speakers_and_counts_the_label() -> None:
    first = segment_of(say("Are you coming with us"), "Anna")
    second = segment_of(say("Yes", start=first.end), "Ben")
    cues, _ = shape(transcript_of(first, second, seconds=9.0), layout(max_line_width=24))
    assert [(cue.speaker, cue.lines) for cue in cues] == [("Anna", ("Are you", "coming with us")), ("Ben", ("Yes",))]
    assert cues[0].text == "[Anna] Are you\ncoming with us"


def test_a_word_said_by_another_in_between_waits_for_the_end_of_the_phrase() -> None:
    text = "I went to the market, and then I came home again."
    second = segment_of(say("Yes.", start=1.0), "B")
    cues, _ = shape(transcript_of(segment_of(say(text, rate=10, pauses=0.5), "A"), second), DEFAULT)
    assert [(cue.speaker, cue.text[4:]) for cue in cues] == [
        ("A", "I went to the market,"),
        ("B", "Yes."),
        ("A", "and then I came home again."),
    ]
    # Where there is no time for that, both are shown at once.
    cues, warnings = shape(transcript_of(segment_of(say(text, rate=10), "A"), second), DEFAULT)
    assert [(cue.speaker, cue.start) for cue in cues] == [("A", 0.0), ("B", 1.0)] and not warnings


def test_a_short_cue_lasts_into_the_silence_but_never_into_the_next() -> None:
    transcript = transcript_of(segment_of(say("Yes.")), segment_of(say("No.", start=0.95)), seconds=10.0)
    cues, warnings = shape(transcript, layout(max_line_width=4, max_lines=1))
    assert cues[0].end == 0.833 < 0.95 - 0.083 and cues[1].end == pytest.approx(0.95 + 0.833)
    assert not warnings


def test_what_is_said_faster_than_a_cue_may_last_gets_a_smaller_gap_or_else_one_line_more() -> None:
    """The least duration was given up first: --subs shorts with names showed single words for a fifth of a second."""
    narrow = layout(max_line_width=4, max_lines=1)
    for start, ends, broken in ((0.9, [0.833, 1.733], ["min_gap"]), (0.6, [0.867], ["max_lines"])):
        spoken = segment_of(say("Yes.")), segment_of(say("No.", start=start))
        cues, warnings = shape(transcript_of(*spoken, seconds=10.0), narrow)
        assert [cue.end for cue in cues] == ends and [line.split()[2] for line in warnings] == broken
    named = [segment_of(say(text, start=start), name) for text, start, name in (
        ("We could do that on a day in May or so.", 0.0, "Katherine"), ("Or in June, if it is not so hot.", 2.8, "Bob"),
    )]  # fmt: skip
    for profile, least in (("shorts", 0.3), ("ted", 1.0), ("bbc", 0.9)):
        for name, read in (("srt", parse_srt), ("vtt", parse_vtt)):
            shown = read(render(transcript_of(*named, seconds=6.0), name, layout(profile)))
            assert min(cue.end - cue.start for cue in shown) >= least - 0.0005
            assert " ".join(" ".join(cue.lines) for cue in shown).replace("[Katherine] ", "").replace("[Bob] ", "") == (
                "We could do that on a day in May or so. Or in June, if it is not so hot."
            )
    hidden = segment_of(say("a b c d e f g h i j", rate=20), "Professor Emeritus Longname")  # wider than any line
    cues, _ = shape(transcript_of(hidden, seconds=9.0), layout("shorts"))
    assert min(cue.end - cue.start for cue in cues) >= 0.3 and max(len(cue.lines) for cue in cues) == 2


def test_a_word_in_the_last_moment_is_not_shown_seconds_before_it_is_said() -> None:
    """It had no time of its own, and stood in the cue before, over the pause and over what another said in it."""
    late = segment_of((Word("No.", 28.05, 28.27),), "B")
    asked = segment_of(say("Do you remember the day I went there?", start=23.8), "A")
    before = segment_of(say("Not now.", start=22.5), "B")
    for others in ((before, asked), (replace(before, speaker=None),)):
        last = replace(late, speaker=None) if len(others) == 1 else late
        cues, warnings = shape(transcript_of(*others, last, seconds=28.277), DEFAULT)
        assert [cue.lines for cue in cues][-1] == ("No.",) and not warnings
        assert 27.4 < cues[-1].start < 28.05 and cues[-1].end == 28.277
        assert all(cue.end <= cues[-1].start for cue in cues[:-1])
    # Where there is no silence before it, it stands with the words before it.
    words = say("Well, then we shall never know it. No.", pauses=0.0)
    (cue,), _ = shape(transcript_of(segment_of(words), seconds=words[-1].end), DEFAULT)
    assert cue.start == 0.0


def test_reading_time_is_taken_from_the_silence_after() -> None:
    fast = segment_of(say("forty characters said in a single second", rate=41))
    alone, _ = shape(transcript_of(fast, seconds=10.0), DEFAULT)
    assert alone[0].end == pytest.approx(2.0)  # 40 characters at 20 per second
    cramped, warnings = shape(transcript_of(fast, seconds=1.2), DEFAULT)
    assert cramped[0].end == 1.2 and "max_cps" in warnings[0]


def test_netflix_closes_small_gaps() -> None:
    words = (*say("This is one sentence that ends."), *say("This is another one.", start=2.4))
    transcript = transcript_of(segment_of(words), seconds=9.0)
    first, second = shape(transcript, layout("netflix", max_line_width=32, max_lines=1))[0]
    assert second.start - first.end == pytest.approx(0.083)
    assert words[5].end < 2.2


def test_does_not_show_the_end_of_a_sentence_with_the_beginning_of_another() -> None:
    text = (
        "I found a letter in the attic of our house in Vermont, and everything changed. It was addressed to my mother."
    )
    assert [cue[-1].split()[-1] for cue in lines(text, layout("bbc"))][-2:] == ["changed.", "mother."]


def test_bbc_leaves_no_gap_shorter_than_a_second() -> None:
    words = (*say("This is the first one.", start=0.0), *say("This is the second one.", start=2.2))
    transcript = transcript_of(segment_of(words), segment_of(say("This is the third.", start=6.0)), seconds=9.0)
    first, second, third = shape(transcript, layout("bbc", max_lines=1))[0]
    assert first.end == second.start and third.start - second.end >= 1.0


def test_segments_in_one_cue_are_joined_by_the_rule_of_their_script() -> None:
    for first, second, expected in (("Yes.", "It is.", "Yes. It is."), ("好。", "走吧。", "好。走吧。")):
        transcript = transcript_of(Segment(first, 0.0, 0.8), Segment(second, 0.8, 1.6))
        assert [cue.lines for cue in shape(transcript, DEFAULT)[0]] == [(expected,)]


def test_words_after_the_end_of_the_recording_are_shown_before_it() -> None:
    words = (*say("one two three"), Word("four", 9.0, 10.0), Word("five", 10.0, 11.0))
    cues, _ = shape(transcript_of(segment_of(words), seconds=5.0), DEFAULT)
    assert cues[-1].lines[-1].endswith("four five") and max(cue.end for cue in cues) <= 5.0
    assert all(cue.start < cue.end for cue in cues)


def test_words_of_two_speakers_at_the_same_moment_are_both_shown_long_enough() -> None:
    both = [Segment("Yes", 1.0, 1.0, speaker="A"), Segment("No", 1.0, 1.0, speaker="B")]
    cues, warnings = shape(transcript_of(*both, seconds=9.0), DEFAULT)
    assert [(cue.start, round(cue.end, 2)) for cue in cues] == [(1.0, 1.83)] * 2 and not warnings


CROSSTALK = (
    Segment("And he had then leisure to consider how much there might be in", 0.0, 5.54, speaker="A"),
    Segment("Had he married a more amiable woman, he might have been made still more kind.", 0.0, 6.0, speaker="B"),
    Segment("his power to do for them.", 5.54, 6.82, speaker="A"),
)


@pytest.mark.parametrize("highlight", [False, True])
def test_speakers_who_talk_at_once_are_both_shown_in_every_format(highlight: bool) -> None:
    """Sentences of three seconds once stood for 57 ms."""
    layout_ = layout(highlight_words=highlight)
    transcript = transcript_of(*CROSSTALK, seconds=7.1)
    cues, warnings = shape(transcript, layout_)
    assert min(cue.end - cue.start for cue in cues) >= 0.833 and not warnings
    for speaker in "AB":
        said = [one for one in CROSSTALK if one.speaker == speaker]
        own = [cue for cue in cues if cue.speaker == speaker]
        assert " ".join(" ".join(cue.lines) for cue in own) == " ".join(one.text for one in said)
        assert own[0].start == 0.0 and own[-1].end >= said[-1].end
    for name, parse in (("srt", parse_srt), ("vtt", parse_vtt)):
        text = render(transcript, name, layout_)
        read = join_frames(parse(text))
        assert check(text, name, layout_) == []
        assert [(one.start, one.end, one.speaker, one.lines) for one in read] == [
            (one.start, one.end, one.speaker, one.lines) for one in cues
        ]
    shown = [line for line in render(transcript, "ass", layout_).splitlines() if line.startswith("Dialogue")]
    assert len(shown) == len(cues)
    lyrics = re.sub(r"<[\d:.]+>", "", render(transcript, "lrc", layout_))
    assert all(one.text.split()[-1] in lyrics for one in CROSSTALK)


def test_turns_that_hardly_overlap_are_shown_one_after_the_other() -> None:
    """Where one speaker of another conversation is cut short, these stay as they are."""
    one = segment_of(say("Are you coming with us to the station?"), "A")
    other = segment_of(say("I am coming in a moment.", start=one.end - 0.1), "B")
    cues, warnings = shape(transcript_of(one, other, *[later(each, 20.0) for each in CROSSTALK]), DEFAULT)
    assert cues[0].end <= cues[1].start + 0.1 and not warnings


def test_a_long_answer_into_a_long_sentence_is_not_shown_when_it_is_over() -> None:
    one = segment_of(say("I think that we should go now because it is very late.", rate=20), "A")
    other = segment_of(say("No, yes, wait for me, please, I am not ready yet.", start=0.6), "B")
    cues, warnings = shape(transcript_of(one, other, seconds=8.0), DEFAULT)
    assert [(cue.speaker, cue.start) for cue in cues] == [("A", 0.0), ("B", 0.6)] and not warnings
    assert all(cue.end >= segment.end for cue, segment in zip(cues, (one, other), strict=True))


def later(segment: Segment, by: float) -> Segment:
    return replace(segment, start=segment.start + by, end=segment.end + by)


def test_words_per_line() -> None:
    text = "one two three four five six seven"
    found = lines(text, layout(max_words_per_line=2))
    assert max(len(line.split()) for cue in found for line in cue) == 2
    assert " ".join(" ".join(cue) for cue in found) == text


def test_a_long_word_stands_alone_and_is_reported() -> None:
    word = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
    transcript = transcript_of(segment_of(say(f"Das {word} gilt.", rate=4)), seconds=20.0)
    cues, warnings = shape(transcript, DEFAULT)
    assert (word,) in [cue.lines for cue in cues]
    assert [warning for warning in warnings if "max_line_width" in warning] == ["cue 2: max_line_width 63, limit 42"]


def test_by_segment_keeps_segments() -> None:
    text = "word " * 40
    transcript = transcript_of(Segment(text, 1.0, 9.0))
    ((cue,), warnings) = shape(transcript, layout("whisper"))
    assert (cue.start, cue.end, cue.lines, warnings) == (1.0, 9.0, (text.strip(),), [])


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_columns() -> None:
    assert [columns(text) for text in ("abc", "今天", "ｱｲｳ", "e\u0301", "한국", "ไทย", "🙂", "。")] == [
        3,
        4,
        3,
        1,
        4,
        3,
        2,
        2,
    ]


CHINESE = "今天天气很好，我们去公园玩吧。你觉得怎么样？「好的！」他说，然后我们就一起走出了家门，沿着河边慢慢地走。"
JAPANESE = (
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
    "何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。"
)


@pytest.mark.parametrize("text", [CHINESE, JAPANESE], ids=["chinese", "japanese"])
@pytest.mark.parametrize("width", [8, 13, 26, 32])
def test_kinsoku(text: str, width: int) -> None:
    """No line begins with closing punctuation or a small kana, or ends with an opening bracket."""
    transcript = transcript_of(Segment(text, 0.0, len(text) / 4))
    cues, _ = shape(transcript, layout(max_line_width=width, max_cps=40))
    shown = [line for cue in cues for line in cue.lines]
    assert "".join(shown) == text
    assert not [line for line in shown if line[0] in NO_START or line[-1] in NO_END]
    assert max(map(columns, shown)) <= width


def test_segments_without_words_get_times_in_proportion() -> None:
    transcript = transcript_of(Segment("aaaa bbbb cccc dddd", 0.0, 4.0))
    starts = [unit.start for unit in units(transcript, 42)]
    assert starts[0] == 0 and all(800 <= two - one <= 1100 for one, two in pairwise(starts))


def test_marks_stay_with_their_letters() -> None:
    assert list(clusters("e\u0301a")) == ["e\u0301", "a"]
    assert list(clusters("กำลังใจ")) == ["กำ", "ลั", "ง", "ใจ"]
    assert list(clusters("👩‍👩‍👧!")) == ["👩‍👩‍👧", "!"]


def test_thai_without_words_is_torn_only_between_clusters() -> None:
    text = "ภาษาไทยไม่มีการเว้นวรรคระหว่างคำเหมือนภาษาอังกฤษจึงต้องตัดคำเอง"
    cues, _ = shape(transcript_of(Segment(text, 0.0, 8.0)), layout(max_line_width=20))
    shown = [line for cue in cues for line in cue.lines]
    assert "".join(shown) == text and max(map(columns, shown)) <= 20
    assert not [line for line in shown if unicodedata.category(line[0]) == "Mn" or line[-1] in "เแโใไ"]


@pytest.mark.parametrize(
    ("text", "words", "spelled"),
    [
        ("Hello, world.", ["Hello", "world"], ["Hello,", " world."]),
        ("« Oui » dit-il.", ["Oui", "dit-il"], ["« Oui »", " dit-il."]),
        ("He said (quietly) no", ["He", "said", "quietly", "no"], ["He", " said", " (quietly)", " no"]),
        ("今天，很好。", ["今天", "很好"], ["今天，", "很好。"]),
        ("twenty-one days", ["twenty", "-one", "days"], ["twenty", "-one", " days"]),
        ("forty dollars", ["$40"], ["$40"]),  # the words of another spelling are taken as they are
    ],
)
def test_spelling_keeps_punctuation(text: str, words: list[str], spelled: list[str]) -> None:
    assert [" " * spaced + piece for _, (piece, spaced) in spell(text, words)] == spelled


# --- the check --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cues", "constraint"),
    [
        ([Cue(0, 2, ("x" * 43,))], "max_line_width"),
        ([Cue(0, 2, ("今" * 22,))], "max_line_width"),
        ([Cue(0, 2, ("a", "b", "c"))], "max_lines"),
        ([Cue(0, 1, ("x" * 42,))], "max_cps"),
        ([Cue(0, 0.5, ("x",))], "min_duration"),
        ([Cue(0, 8, ("x",))], "max_duration"),
        ([Cue(0, 1, ("x",)), Cue(1.05, 2, ("y",))], "min_gap"),
        ([Cue(0, 2, ("x",)), Cue(1, 3, ("y",))], "min_gap"),
        ([Cue(1, 2, ("x",)), Cue(0, 0.9, ("y",))], "order"),
        ([Cue(0, 1, ())], "empty"),
    ],
)
def test_the_check_finds_each_violation(cues: list[Cue], constraint: str) -> None:
    assert constraint in [violation.constraint for violation in check_cues(cues, DEFAULT)]


def test_the_check_passes_what_is_right() -> None:
    assert check_cues([Cue(0, 1, ("Hello",)), Cue(1.083, 3, ("x" * 18, "y" * 19))], DEFAULT) == []
    assert str(Violation(0, "max_cps", 25.0, 20.0)) == "cue 1: max_cps 25, limit 20"
