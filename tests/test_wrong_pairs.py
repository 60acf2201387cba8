"""`asr align` takes no text for that of a recording in which a word of it is found here and there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner

from asrcli.alignment import choice
from asrcli.alignment.confidence import confident
from asrcli.alignment.result import Summary, summarise
from asrcli.alignment.windows import Pairing
from asrcli.audio.inputs import Found
from asrcli.engine import Device, Engine, Weights, load_class
from asrcli.engines.recogniser import LocalRecogniser
from asrcli.runs.align import align_pair, execute
from asrcli.runs.align_checks import failed_check
from asrcli.runs.align_pairs import Pair
from asrcli.runs.align_plan import AlignRequest, plan
from asrcli.runs.events import Done, JobFailed
from asrcli.types import Recording, Region, Segment, Transcript, Word

TEXT = ("it", "was", "a", "long", "day", "and", "i", "am", "very", "tired", "so", "let", "us", "talk", "about", "it",
        "tomorrow")  # fmt: skip
SAID = (
    "If you press this button the whole screen turns blue and nothing else works.",
    "A committee of seven people will decide about the new library in March.",
    "I really do not know what he was thinking when he sold that house.",
    "The river had risen so quickly that the farmers moved their cattle at night.",
)
UNSAID = (
    "They have been married for forty years and they still argue about the garden fence.",
    "Computers can now recognise most of what people say in a quiet room.",
    "You should not have said that in front of the children.",
)


def found(places: Sequence[tuple[float, float] | None], score: float = 0.9) -> list[Word]:
    """Return the words of `TEXT` said where told, or not found."""
    return [
        Word(text, 0.0, 0.0, 0.0, "interpolated", status="not_in_audio")
        if place is None
        else Word(text, *place, score, "aligned", status="ok" if score >= 0.3 else "low")
        for text, place in zip(TEXT, places, strict=False)
    ]


def spoken(first: float, count: int) -> list[tuple[float, float]]:
    return [(first + 0.3 * number, first + 0.3 * number + 0.28) for number in range(count)]


def checked(words: Sequence[Word], speech: Sequence[Region]) -> tuple[Summary, str | None]:
    """Return the summary of words in a recording, and what the check says of it."""
    text = " ".join(word.text for word in words)
    segments = (Segment(text, 0.0, 1.0, tuple(words)),)
    made = Transcript(Recording("a.wav"), segments, "test", language="en", speech=tuple(speech))
    return summarise(made), failed_check(made, AlignRequest(pairs=()))


def test_words_far_apart_are_no_text_however_well_each_fits() -> None:
    words = found([(2.0 * number, 2.0 * number + 0.4) for number in range(len(TEXT))])
    summary, problem = checked(words, [Region(0.0, 40.0)])
    assert summary.found == len(TEXT) and summary.sure == 0 and summary.coverage == 0.0
    assert problem == f"0 of {len(TEXT)} words (0%) are surely in the audio: another text, or speech in another " + (
        "language than 'en'"
    )


def test_words_that_fit_badly_are_no_text_however_many() -> None:
    places = spoken(0.0, len(TEXT))
    assert checked(found(places, 0.36), [Region(0.0, 5.1)])[0].sure == 0
    assert checked(found(places, 0.55), [Region(0.0, 5.1)])[0].sure == len(TEXT)


def test_a_silent_pause_parts_no_text_and_other_speech_does() -> None:
    words = found([*spoken(0.0, 8), *spoken(12.0, 9)])
    assert len(confident(words, [Region(0.0, 2.5), Region(12.0, 14.8)])) == len(TEXT)
    words = found([*spoken(0.0, 3), *spoken(12.0, 14)])
    assert confident(words, [Region(0.0, 16.2)]) == frozenset(range(3, len(TEXT)))
    assert len(confident(words, [Region(0.0, 16.2)], detected=False)) == 14


def test_a_short_line_is_said_where_those_on_both_sides_of_it_are() -> None:
    """Four words that fit well are no text by themselves; between two lines that are, in their order, they are."""
    speech = [Region(0.0, 40.0)]
    places = [*spoken(0.0, 7), *spoken(12.0, 3), *spoken(24.0, 7)]
    words = found(places, 0.8)
    assert len(confident(words, speech)) == len(TEXT)
    assert confident([*words[:7], *found([*places[:7], *spoken(12.0, 3)], 0.6)[7:], *words[10:]], speech) == {
        *range(7),
        *range(10, len(TEXT)),
    }
    last = found([*spoken(0.0, 13), *spoken(20.0, 4)], 0.8)
    assert confident(last, [Region(0.0, 6.0), Region(20.0, 21.2)]) == frozenset(range(13)), "nothing stands behind it"


def test_a_text_of_a_word_or_two_is_all_that_is_said() -> None:
    words = [Word("seven", 1.0, 1.5, 0.9, "aligned", status="ok")]
    assert confident(words, [Region(0.9, 1.7)]) == {0}
    assert not confident(words, [Region(0.9, 9.7)]), "one word of many fits anywhere"


@pytest.mark.parametrize(
    ("count", "score", "seconds", "missing", "told"),
    [
        (4, 0.89, 0.45, False, True),  # "Ever tried. Ever failed."
        (3, 0.93, 0.45, False, True),
        (4, 0.89, 0.25, False, False),  # as short as chance has them
        (4, 0.6, 0.9, False, False),  # as doubtful
        (4, 0.95, 0.45, True, False),  # three of four words
        (2, 0.95, 0.9, False, False),
    ],
)
def test_a_line_alone_in_other_speech(count: int, score: float, seconds: float, missing: bool, told: bool) -> None:
    """Whole, long and clear it is said; chance finds a word or two of it, or all of it short and doubtful."""
    words = [
        Word("word", 30.0 + at * seconds, 30.0 + (at + 0.9) * seconds, score, "aligned", status="ok")
        for at in range(count)
    ]
    if missing:
        words[2] = Word("word", 30.0, 30.0, 0.0, "interpolated", status="not_in_audio")
    assert len(confident(words, [Region(0.0, 60.0)])) == (count if told else 0)


def test_scores_of_an_aligner_that_places_every_word_decide_nothing() -> None:
    words = found(spoken(0.0, len(TEXT)), 0.2)
    assert not confident(words, [Region(0.0, 5.1)])
    assert len(confident(words, [Region(0.0, 5.1)], scored=False)) == len(TEXT)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return sentences said slowly and low, in a room that echoes: 20 s in which much is found that is not said."""
    if not (shutil.which("flite") and shutil.which("sox")):
        pytest.skip("needs flite and sox: apt-get install flite sox")
    folder = tmp_path_factory.mktemp("said")
    parts = [folder / f"{number}.wav" for number in range(len(SAID))]
    for path, text in zip(parts, SAID, strict=True):
        subprocess.run(["flite", "-voice", "awb", "-t", text, "-o", str(path)], check=True)
    whole = folder / "said.wav"
    effects = ["pitch", "-200", "tempo", "0.8", "reverb", "40"]
    subprocess.run(["sox", "-D", "-G", *map(str, parts), str(whole), *effects], check=True)
    return whole


@pytest.mark.slow
@pytest.mark.parametrize("text", ["\n".join(SAID), *UNSAID], ids=["right", "wrong-1", "wrong-2", "wrong-3"])
def test_the_right_text_passes_and_others_fail(recording: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "text.txt").write_text(text)
    aligners = Pairing(PocketSphinxAligner(Weights("en-us", None), Device()))
    request = AlignRequest(pairs=(), language="en")
    problem = failed_check(align_pair(str(recording), str(tmp_path / "text.txt"), aligners, request), request)
    if text in UNSAID:
        assert problem is not None and "surely in the audio: another text" in problem
    else:
        assert problem is None


@pytest.mark.parametrize("own", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_recogniser_is_asked_before_a_text_is_called_another_one(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    """What a telephone leaves of "six" is no word for PocketSphinx, whose model wants the whole band."""
    said = Path(__file__).parent / "data/digits/string22"
    text = said if own else said.with_name("string21")
    listener = (load_class("whisper"), str(checkpoints / "whisper-digits-ct2"))
    monkeypatch.setattr(choice, "_choose_listener", lambda language: listener)
    pairs = (Pair(Found(f"{said}.wav"), f"{text}.txt"),)
    alone = AlignRequest(pairs, aligner="pocketsphinx", language="en", listener="none", threads=1)
    assert [type(event) for event in execute(plan(alone))][-1] is JobFailed
    asked = replace(alone, listener="auto")
    last = [*execute(plan(asked))][-1]
    assert isinstance(last, Done if own else JobFailed)
    if isinstance(last, Done):
        words = [word for segment in last.transcript.segments for word in segment.words]
        assert all(word.status == "ok" and 0.05 < word.end - word.start < 1 for word in words)
        assert all(one.end <= other.start for one, other in pairwise(words))


@pytest.mark.slow
def test_the_recogniser_is_found_and_loaded_once_for_all_texts(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Texts far longer than their recordings, each of which PocketSphinx calls another one."""
    listener = (load_class("whisper"), str(checkpoints / "whisper-digits-ct2"))
    monkeypatch.setattr(choice, "_choose_listener", lambda language: listener)
    loads: list[str] = []
    load = LocalRecogniser._open

    def counted(self: LocalRecogniser) -> Engine:
        loads.append(self.choice.engine.name)
        return load(self)

    monkeypatch.setattr(LocalRecogniser, "_open", counted)
    (tmp_path / "text.txt").write_text("\n".join(UNSAID * 20))
    sounds = [Path(__file__).parent / f"data/digits/string{number}.wav" for number in (21, 22)]
    pairs = tuple(Pair(Found(str(sound)), str(tmp_path / "text.txt")) for sound in sounds)
    request = AlignRequest(pairs, aligner="pocketsphinx", language="en", threads=1)
    assert [type(event) for event in execute(plan(request)) if isinstance(event, JobFailed)] == [JobFailed] * 2
    assert loads == ["whisper"]
