"""Speech that the text lacks moves nothing, wherever it is and however long, and a text may be that of a part."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner
from hypothesis import given
from hypothesis import strategies as st

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.anchors import believed, going_on
from asrcli.alignment.places import Numbered, Placed
from asrcli.alignment.result import leaps_of, spell
from asrcli.alignment.script import Piece, Script
from asrcli.alignment.windows import Pairing, SpokenText, Windows, keep_whole
from asrcli.engine import Device, Weights
from asrcli.runs.align import align_pair
from asrcli.runs.align_checks import failed_check
from asrcli.runs.align_plan import AlignRequest
from asrcli.types import Clip, Recording, Region, Transcript, Word
from tests.test_align import NAMES, record, sentence

SLACK = 0.3
REQUEST = AlignRequest(pairs=(), language="en")
UNTEXTED = ("doctor-rms", "lights-slt", "station-awb")  # 15 s, again and again
TEXTED = ("garden-awb", "weather-rms")


@pytest.fixture(scope="module")
def aligner() -> PocketSphinxAligner:
    return PocketSphinxAligner(Weights("en-us", None), Device())


def aligned(
    parts: Sequence[str], texts: Sequence[str], aligner: PocketSphinxAligner, folder: Path
) -> tuple[Transcript, list[Region]]:
    spans = record(folder / "talk.wav", parts)
    (folder / "talk.txt").write_text("\n".join(map(sentence, texts)))
    return align_pair(str(folder / "talk.wav"), str(folder / "talk.txt"), Pairing(aligner), REQUEST), spans


def lost(made: Transcript, index: int, span: Region) -> int:
    """Return how many words of a sentence are not ``ok`` where it is said."""
    inside = [span.start - SLACK <= one.start and one.end <= span.end + SLACK for one in made.segments[index].words]
    return sum(one.status != "ok" or not own for one, own in zip(made.segments[index].words, inside, strict=True))


def listed(made: Transcript, span: Region) -> float:
    """Return which share of the speech in a stretch is listed as without text."""
    parts = [
        sum(max(0.0, min(one.end, span.end) - max(one.start, span.start)) for one in own)
        for own in (made.gaps, made.speech)
    ]
    return parts[0] / parts[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "rounds"),
    [
        (1, 1),
        *((place, 1) for place in (0, 2)),
        *(pytest.param(place, 40, marks=pytest.mark.timeout(1800)) for place in (0, 1, 2)),
    ],
)
def test_untexted_speech_moves_nothing(aligner: PocketSphinxAligner, tmp_path: Path, place: int, rounds: int) -> None:
    """A quarter of a minute and ten minutes, before, between and after two sentences."""
    other = UNTEXTED * rounds
    parts = [*TEXTED[:place], *other, *TEXTED[place:]]
    made, spans = aligned(parts, TEXTED, aligner, tmp_path)
    places = [at if at < place else at + len(other) for at in range(len(TEXTED))]
    assert sum(lost(made, at, spans[number]) for at, number in enumerate(places)) == 0
    assert listed(made, Region(spans[place].start, spans[place + len(other) - 1].end)) > 0.85
    assert failed_check(made, REQUEST) is None and not made.leaps


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_one_sentence_of_many(aligner: PocketSphinxAligner, tmp_path: Path, name: str) -> None:
    made, spans = aligned(NAMES, [name], aligner, tmp_path)
    assert sum(lost(made, at, spans[NAMES.index(name)]) for at in range(len(made.segments))) == 0
    assert failed_check(made, REQUEST) is None


WORDS = [f"word{number}" for number in range(200)]


def run_of(first: int, start: float, count: int, score: float = 0.9) -> list[Numbered]:
    return [(first + at, Placed(start + 0.4 * at, start + 0.4 * at + 0.38, score)) for at in range(count)]


def test_a_leap_needs_words_on_both_sides() -> None:
    speech = [Region(0.0, 60.0)]
    left, right = run_of(0, 0.0, 2), run_of(60, 0.9, 12)
    assert believed(WORDS, [*left, *right], speech) == right, "two words are too few for a leap of 58"
    left = run_of(0, 0.0, 12)
    assert believed(WORDS, [*left, *run_of(60, 4.9, 2)], speech) == left
    both = [*left, *run_of(60, 4.9, 12)]
    assert believed(WORDS, both, speech) == both


def test_a_lone_word_is_believed_only_beside_others() -> None:
    speech = [Region(0.0, 60.0)]
    many = run_of(1, 30.0, 12)
    assert believed(WORDS, [*run_of(0, 0.0, 1), *many], speech) == many
    assert len(believed(WORDS, [*run_of(0, 29.5, 1), *many], speech)) == 13
    silent = [Region(0.0, 0.5), Region(30.0, 60.0)]
    assert len(believed(WORDS, [*run_of(0, 0.0, 1), *many], silent)) == 13, "a pause is no other speech"
    assert len(believed(WORDS, run_of(5, 10.0, 2), speech, before=(4, Placed(9.0, 9.9, 0.9)))) == 2


def test_short_lines_in_their_order_hold_each_other() -> None:
    """Four words, one of them mumbled, are too few by themselves, and not where the lines around them are found."""
    speech = [Region(0.0, 60.0)]
    first, last, later = run_of(0, 0.0, 4), run_of(8, 20.0, 4), run_of(10, 20.0, 4)
    mumbled = [*run_of(4, 10.0, 3, 0.8), *run_of(7, 11.2, 1, 0.5)]
    assert believed(WORDS, [*first, *mumbled, *last], speech) == [*first, *mumbled, *last]
    assert believed(WORDS, [*first, *mumbled], speech) == first, "nothing says that the text goes on so far"
    assert believed(WORDS, [*first, *mumbled, *later], speech) == [*first, *later], "words lack between"
    assert believed(WORDS, [*first, *run_of(4, 10.0, 4, 0.6), *last], speech) == first, "it may be any other"
    unheard = run_of(4, 10.0, 3, 0.8)  # the last word of the line lacks
    assert believed(WORDS, [*first, *unheard, *last], speech) == [*first, *unheard, *last]
    assert believed(WORDS, [*first, *unheard, *run_of(9, 20.0, 4)], speech) == [*first, *run_of(9, 20.0, 4)]


def test_what_goes_on_from_a_word_waits_for_what_follows() -> None:
    speech = [Region(0.0, 60.0)]
    line, after = run_of(4, 10.0, 4, 0.8), run_of(8, 20.0, 3, 0.8)
    assert going_on([*line, *after], speech, 4) == [*line, *after]
    assert going_on([*line, *run_of(10, 20.0, 3)], speech, 4) == line
    assert going_on(line, speech, 2) == going_on(run_of(4, 10.0, 4, 0.6), speech, 4) == []


def test_a_last_word_in_other_speech_belongs_to_no_line() -> None:
    """Two words of a line lack, and a third one fits into what somebody else says behind them."""
    talk, line = [Region(0.0, 60.0)], run_of(0, 0.0, 6)
    far, near = run_of(8, 4.1, 1, 0.99), run_of(8, 3.2, 1, 0.99)
    assert believed(WORDS, [*line, *far], talk) == line
    assert believed(WORDS, [*line, *near], talk) == [*line, *near]
    assert believed(WORDS, [*line, *far], [Region(0.0, 2.5), Region(4.0, 60.0)]) == [*line, *far], (
        "a pause parts nothing"
    )
    first = run_of(0, 10.0, 1, 0.99)
    assert believed(WORDS, [*first, *run_of(3, 12.0, 6)], talk) == run_of(3, 12.0, 6)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("flite"), reason="needs flite: apt-get install flite")
def test_lines_of_four_words_between_other_speech_are_found(aligner: PocketSphinxAligner, tmp_path: Path) -> None:
    from benchmarks.untexted import OTHER, Case, Said, say, write

    lines = ("Close the window please", "We are going home", "He sold the piano", "I never saw her")
    parts = []
    for number, line in enumerate(lines):
        parts += [Said(say(("rms", "awb")[number % 2], OTHER[3 * number + 1])), Said(say("slt", line), line)]
    spans = write(Case("short lines", tuple(parts)), tmp_path)
    made = align_pair(str(tmp_path / "talk.wav"), str(tmp_path / "talk.txt"), Pairing(aligner), REQUEST)
    assert all(word.status != "not_in_audio" for segment in made.segments for word in segment.words)
    assert [lost(made, number, spans[2 * number + 1]) for number in (0, 2, 3)] == [0, 0, 0]


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 1.0)), max_size=30))
def test_what_is_believed_was_found_in_order(steps: list[tuple[float, float]]) -> None:
    found, clock = [], 0.0
    for number, (pause, score) in enumerate(steps):
        found.append((number, Placed(clock + pause, clock + pause + 0.3, score)))
        clock += pause + 0.3
    kept = believed(WORDS, found, [Region(0.0, 100.0)])
    assert [one for one in found if one in kept] == kept


def test_how_sure_a_leap_is() -> None:
    def word(status: str, score: float) -> Word:
        return Word("word", 0.0, 0.4, score, "aligned" if status == "ok" else "interpolated", status=status)  # type: ignore[arg-type]

    words = [*[word("ok", 0.9)] * 8, *[word("not_in_audio", 0.0)] * 3, *[word("ok", 0.9)] * 8]
    everything = frozenset(range(len(words)))
    (leap,) = leaps_of(words, everything)
    assert (leap.word, leap.words) == (8, 3) and leap.confidence > 0.95
    (weak,) = leaps_of(words, frozenset(range(12)))
    assert weak.confidence < 0.6, "one sure word stands behind it"
    (end,) = leaps_of(words[:11], everything)
    assert end.confidence == leap.confidence, "at the end of the text one side tells"


@pytest.mark.parametrize(
    ("missing", "low", "speech", "least", "most"),
    [
        (7, 3, 0.0, 0.9, 1.0),  # no speech that could hold them
        (7, 3, 3.0, 0.2, 0.5),  # mumbled by somebody who mumbles
        (7, 3, 40.0, 0.2, 0.5),  # or at the start of what others say
        (7, 0, 3.0, 0.6, 0.8),  # by somebody who does not
        (100, 3, 60.0, 0.9, 1.0),  # nobody mumbles so long
        (100, 3, 3.0, 0.9, 1.0),  # nor so fast
    ],
)
def test_words_that_may_be_mumbled_are_no_sure_leap(
    missing: int, low: int, speech: float, least: float, most: float
) -> None:
    """Where speech without text has room for them, words that are not found may be there."""
    before = [Word("words", float(at), at + 0.9, 0.95, "aligned", status="ok") for at in range(20)]
    for at in range(14, 14 + low):
        before[at] = replace(before[at], status="low")
    lost = [Word("words", 19.9, 19.9, 0.0, "interpolated", status="not_in_audio")] * missing
    regions = [Region(0.0, 19.9), Region(20.5, 20.5 + speech)]
    (leap,) = leaps_of([*before, *lost], frozenset(range(20)), regions)
    assert least <= leap.confidence <= most


class Saying(Aligner):
    """Finds each word where it is next said, in any speech."""

    name = "saying"
    rejects = True
    said: tuple[tuple[str, float], ...] = ()

    def __init__(self) -> None: ...

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        return [self.find(clip, words) for clip, words in zip(clips, texts, strict=True)]

    def find(self, clip: Clip, words: Sequence[str]) -> list[AlignedWord | None]:
        found: list[AlignedWord | None] = []
        clock = clip.start
        for word in words:
            start = next((at for text, at in self.said if text == word and clock - 0.01 <= at < clip.end - 0.3), None)
            clock = clock if start is None else start + 0.4
            found.append(None if start is None else AlignedWord(start - clip.start, start - clip.start + 0.4, 0.9))
        return found


class Silence:
    def clip(self, start: float, end: float, speech: Sequence[Region] = ()) -> Clip:
        return Clip(Recording("x"), start, np.zeros(round((end - start) * 16_000), np.float32), tuple(speech))


LINES = ("one two three four the", "the sun is out and so is he", "the end of it all")
EARLY = ((0, 0.0), (1, 0.4), (2, 0.8), (3, 1.2), (4, 1.6), *((at, 9.6 + 0.4 * at) for at in range(5, 18)))


@pytest.mark.parametrize(
    ("elsewhere", "moved"),
    [
        ({}, {}),
        ({5: 2.4}, {5: 11.6}),  # a first word where other speech begins
        ({4: 11.2}, {4: 1.6}),  # a last one where it ends
        ({5: None, 6: None, 7: None}, {5: 11.6, 6: 12.0, 7: 12.4}),
    ],
)
def test_a_piece_is_not_parted_by_other_speech(elsewhere: dict[int, float | None], moved: dict[int, float]) -> None:
    """Words that an aligner found elsewhere first, or not, are in the end beside the others of their line."""
    words = " ".join(LINES).split()
    truth = dict(EARLY)
    aligner = Saying()
    extra = [(words[number], at) for number, at in elsewhere.items() if at is not None]
    aligner.said = tuple(sorted([*((words[number], at) for number, at in EARLY), *extra], key=lambda one: one[1]))
    windows = Windows(SpokenText(words, "en"), Silence(), [Region(0.0, 17.0)], Pairing(aligner))
    first = {**truth, **elsewhere}
    windows.found = [
        None if (at := first[number]) is None else Placed(at, at + 0.4, 0.9) for number in range(len(words))
    ]
    keep_whole(windows, [0, 5, 13], Silence)
    assert {number: word.start for number, word in enumerate(windows.found) if word} == pytest.approx(
        {**truth, **moved}
    )


def test_a_sentence_that_is_interrupted_stays_so() -> None:
    """Nothing of it is said twice."""
    words = LINES[1].split()
    aligner = Saying()
    times = [0.0, 0.4, 0.8, *(9.0 + 0.4 * at for at in range(5))]
    aligner.said = tuple(zip(words, times, strict=True))
    windows = Windows(SpokenText(words, "en"), Silence(), [Region(0.0, 12.0)], Pairing(aligner))
    windows.found = [Placed(at, at + 0.4, 0.9) for at in times]
    keep_whole(windows, [0], Silence)
    assert [word.start for word in windows.found if word] == times


def test_pieces_are_lines_and_sentences() -> None:
    script = Script((Piece('Dr. Who is here. He said: "Go on!" And on'), Piece("– it goes")))
    spelling = spell(script, "en")
    assert [spelling.spoken[at] for at in spelling.starts] == ["doctor", "Who", "He", "And", "it"]


@pytest.mark.slow
@pytest.mark.parametrize("words", ["first", "absent"])
def test_four_words_of_a_recording(aligner: PocketSphinxAligner, tmp_path: Path, words: str) -> None:
    """The text is a line out of what is said; a line that nobody says is not found."""
    spans = record(tmp_path / "talk.wav", [*UNTEXTED, TEXTED[0]])
    text = " ".join(sentence(TEXTED[0]).split()[:4]) if words == "first" else "Coffee without milk please."
    (tmp_path / "talk.txt").write_text(text)
    made = align_pair(str(tmp_path / "talk.wav"), str(tmp_path / "talk.txt"), Pairing(aligner), REQUEST)
    assert lost(made, 0, spans[-1]) == (0 if words == "first" else 4)
