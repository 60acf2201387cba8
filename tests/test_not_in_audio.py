"""Every aligner finds and reports what only the text has, and what only the audio has.

The recordings are strings of digits by flite's voices, one after the other; each string is a line of the text.
PocketSphinx does the same with whole sentences in test_align.py.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.choice import choose_finder, prepare_aligner
from asrcli.alignment.listening import Listener
from asrcli.alignment.places import Placed, apart, is_spoken
from asrcli.alignment.result import summarise
from asrcli.alignment.windows import Pairing, SpokenText, Windows
from asrcli.engine import Device, Weights, load_class, load_plugin
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.engines.selection import Setup
from asrcli.runs.align import align_pair
from asrcli.runs.align_plan import AlignRequest
from asrcli.types import Clip, Recording, Region, Transcript
from tests.clips import clip
from tests.nemo_engine.trained import archive

pytest.importorskip("torch")
pytest.importorskip("transformers")
DIGITS = Path(__file__).parent / "data/digits"
STRINGS = sorted(DIGITS.glob("*.txt"))
LINES = [path.read_text().strip() for path in STRINGS]
FOREIGN = "good evening everybody please sit down and listen"
TEN = list(range(10))
PAUSE = 0.6
SLACK = 0.3  # seconds around a recorded string; whole strings lie further apart

Align = Callable[..., tuple[Transcript, list[Region]]]


# PocketSphinx finds the words for `qwen3`: slow, and tried on sentences in test_align.py and with doubt further below.
@pytest.fixture(
    scope="module",
    params=["ctc", *(pytest.param(one, marks=pytest.mark.slow) for one in ("listener", "qwen3", "nemo"))],
)
def align(request: pytest.FixtureRequest, checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Align:
    """Return a function that joins digit strings (numbers) and silences (seconds), and aligns lines with them."""
    if request.param == "nemo":
        aligners = nemo_alone(checkpoints, tmp_path_factory.mktemp("nemo"))
    else:
        aligners = aligners_of(request.param, checkpoints)
    place = tmp_path_factory.mktemp("digits")
    return lambda parts, lines: aligned(parts, lines, aligners, place)


def aligned(
    parts: Sequence[int | float], lines: Sequence[str], aligners: Pairing, place: Path
) -> tuple[Transcript, list[Region]]:
    """Align lines with digit strings (numbers) and silences (seconds); return where each part lies, too."""
    pieces: list[np.ndarray] = []
    spans, clock = [], 0.0
    for part in parts:
        own = np.zeros(round(part * 16_000), np.float32) if isinstance(part, float) else said(part)
        spans.append(Region(clock, clock + len(own) / 16_000))
        pieces += [own, np.zeros(round(PAUSE * 16_000), np.float32)]
        clock = spans[-1].end + PAUSE
    with wave.open(str(place / "talk.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.concatenate(pieces) * 32767).astype("<i2").tobytes())
    (place / "talk.txt").write_text("\n".join(lines))
    asked = AlignRequest(pairs=(), language="en")
    return align_pair(str(place / "talk.wav"), str(place / "talk.txt"), aligners, asked), spans


def aligners_of(name: str, checkpoints: Path) -> Pairing:
    """Return an aligner and who finds the words for it: as `asr align` does in English, or a recogniser."""
    kind = load_plugin(Aligner, "ctc" if name == "ctc" else "qwen3")
    folder = checkpoints / ("parakeet-ctc-digits" if name == "ctc" else "qwen3-aligner-digits")
    aligner = kind(Weights(folder.name, str(folder)), Device(threads=1))
    if name == "listener":
        engine, weights = load_class("qwen3"), checkpoints / "qwen3-asr-digits"
        choice = Choice(engine, Weights(weights.name, str(weights)), Device(threads=1))
        return Pairing(aligner, Listener(LocalRecogniser(choice, print), aligner), timed=True)
    chosen = choose_finder(kind, "en")
    return Pairing(aligner, prepare_aligner(*chosen, Setup(offline=True), print).load() if chosen else None)


def nemo_alone(checkpoints: Path, folder: Path) -> Pairing:
    """Return the aligner `nemo`, which finds its words itself, on an archive that is built in a folder."""
    kind = load_plugin(Aligner, "nemo")
    if missing := kind.missing():
        pytest.skip(f"{', '.join(missing)} is not installed")
    path = archive(checkpoints / "parakeet-ctc-digits", folder)
    return Pairing(kind(Weights(path.name, str(path)), Device(threads=1)))


def said(number: int) -> np.ndarray:
    return np.asarray(clip(STRINGS[number].with_suffix(".wav")).samples)


def lies_in(made: Transcript, index: int, span: Region) -> bool:
    """Tell whether a line lies in a stretch: all its words, but for one on the border to what has no text."""
    words = made.segments[index].words
    inside = [
        span.start - SLACK <= word.start <= word.end <= span.end + SLACK
        for word in words
        if word.status != "not_in_audio"
    ]
    return len(inside) == len(words) and sum(inside) >= len(words) - 1


def absent(made: Transcript, index: int) -> bool:
    return all(word.status == "not_in_audio" for word in made.segments[index].words)


@pytest.mark.slow
def test_a_text_and_its_recording(align: Align) -> None:
    made, spans = align(TEN, LINES[:10])
    assert all(lies_in(made, at, span) for at, span in enumerate(spans))
    assert not made.gaps and not made.leaps


def test_a_paragraph_that_the_text_lacks_is_a_gap(align: Align) -> None:
    made, spans = align(TEN, LINES[:4] + LINES[6:10])
    assert all(lies_in(made, at, spans[at if at < 4 else at + 2]) for at in range(8))
    assert made.gaps and not made.leaps
    assert spans[4].start < made.gaps[0].start < spans[4].end and made.gaps[-1].end < spans[6].start


def test_a_paragraph_that_the_recording_lacks_is_not_in_audio(align: Align) -> None:
    made, spans = align([0, 1, 2, 3, 6, 7, 8, 9], LINES[:10])
    assert absent(made, 4) and absent(made, 5) and not made.gaps
    assert all(lies_in(made, at, spans[at if at < 4 else at - 2]) for at in (0, 1, 2, 3, 6, 7, 8, 9))


@pytest.mark.slow
def test_a_paragraph_that_stands_twice_is_found_once(align: Align) -> None:
    made, spans = align(TEN, [*LINES[:4], *LINES[3:10]])
    assert absent(made, 3) != absent(made, 4)
    assert sum(leap.words for leap in made.leaps) == len(LINES[3].split()) and not made.gaps
    assert all(lies_in(made, at, spans[at if at < 3 else at - 1]) for at in (0, 1, 2, 5, 6, 7, 8, 9, 10))


@pytest.mark.parametrize(
    "align",  # only here the listener goes back on what it has found
    ["ctc", *(pytest.param(one, marks=pytest.mark.slow) for one in ("listener", "qwen3", "nemo"))],
    indirect=True,
)
def test_a_paragraph_that_is_said_twice_is_a_gap_once(align: Align) -> None:
    made, spans = align([0, 1, 2, 3, 3, 4, 5], LINES[:6])
    assert not made.leaps
    assert len(made.gaps) == 1 and spans[3].start < made.gaps[0].start < made.gaps[0].end < spans[5].start
    assert all(lies_in(made, at, spans[at if at < 3 else at + 1]) for at in (0, 1, 2, 4, 5))


def test_a_foreign_paragraph_is_not_in_audio(align: Align) -> None:
    made, spans = align(TEN, [*LINES[:5], FOREIGN, *LINES[5:10]])
    assert absent(made, 5) and not made.gaps
    assert all(lies_in(made, at, spans[at if at < 5 else at - 1]) for at in (0, 1, 2, 3, 4, 6, 7, 8, 9, 10))


def test_a_text_longer_than_the_audio(align: Align) -> None:
    made, spans = align([0, 1, 2], LINES)
    assert all(lies_in(made, at, spans[at]) for at in range(3))
    assert all(absent(made, at) for at in range(3, len(LINES)))


@pytest.mark.slow
def test_a_recording_that_begins_late_in_the_text(align: Align) -> None:
    made, spans = align(range(6, 16), LINES[:16])
    assert all(absent(made, at) for at in range(6))
    assert all(lies_in(made, at, spans[at - 6]) for at in range(6, 16))


@pytest.mark.parametrize("seconds", [8.0, pytest.param(60.0, marks=pytest.mark.slow)])
def test_silence_in_the_middle_moves_nothing(align: Align, seconds: float) -> None:
    made, spans = align([0, 1, 2, seconds, 3, 4], LINES[:5])
    assert all(lies_in(made, at, spans[at + (at > 2)]) for at in range(5))
    assert not made.gaps and not made.leaps


def test_another_text_is_not_in_audio(align: Align) -> None:
    made, _ = align([0, 1, 2, 3], [FOREIGN] * 2)
    assert summarise(made).coverage < 0.1 and made.gaps


@pytest.mark.slow
@pytest.mark.parametrize("times", [5, 12, pytest.param(210, marks=pytest.mark.timeout(900))])
def test_the_same_strings_again_and_again(align: Align, times: int) -> None:
    """A minute, three, and an hour: each word is in its own repetition.

    Voice activity takes one in thirty of these telephone voices for silence, the first after three minutes.
    """
    made, spans = align([0, 1, 2, 3, 4] * times, LINES[:5] * times)
    assert all(lies_in(made, at, span) for at, span in enumerate(spans))
    assert not made.gaps and not made.leaps
    words = [word for segment in made.segments for word in segment.words]
    inside = sum(
        span.start - SLACK <= word.start <= word.end <= span.end + SLACK
        for segment, span in zip(made.segments, spans, strict=True)
        for word in segment.words
    )
    assert inside >= 0.99 * len(words)


def test_words_where_voice_activity_heard_nobody(align: Align, monkeypatch: pytest.MonkeyPatch) -> None:
    """A string in the middle and the last one: five seconds each that nobody was found to speak in."""
    from asrcli.alignment import sound

    spans: list[Region] = []
    real = sound.survey

    def deaf(*given: Any) -> sound.Survey:
        found = real(*given)
        hidden = [Region(one.start - PAUSE, one.end + PAUSE) for one in spans]
        heard = [one for one in found.speech if not any(two.start < one.start < two.end for two in hidden)]
        return replace(found, speech=tuple(heard))

    parts = [0, 1, 2, 3.0, 4, 3.0, 5, 6, 3.0, 7]
    lines = [LINES[number] for number in parts if isinstance(number, int)]
    _, everything = align(parts, lines)
    said = [span for part, span in zip(parts, everything, strict=True) if isinstance(part, int)]
    spans += [said[3], said[6]]
    monkeypatch.setattr(sound, "survey", deaf)
    made, _ = align(parts, lines)
    assert sum(region.end - region.start for region in made.speech) > 10
    assert not any(region.start < one.end and region.end > one.start for one in spans for region in made.speech)
    inside = [
        [span.start - SLACK < word.start < span.end + SLACK for word in segment.words if word.status != "not_in_audio"]
        for segment, span in zip(made.segments, said, strict=True)
    ]
    assert all(all(own) for own in inside)
    assert all(len(own) >= len(segment.words) - 1 for own, segment in zip(inside, made.segments, strict=True))


@pytest.mark.slow
def test_strings_again_and_again_with_nobody_to_tell(checkpoints: Path, tmp_path: Path) -> None:
    """The tiny aligner was taught strings of 12 s and counts their words; it gets no more than it is sure of."""
    kind = load_plugin(Aligner, "qwen3")
    aligner = kind(Weights("tiny", str(checkpoints / "qwen3-aligner-digits")), Device(threads=1))
    made, spans = aligned([0, 1, 2, 3, 4] * 7, LINES[:5] * 7, Pairing(aligner), tmp_path)
    assert all(lies_in(made, at, span) for at, span in enumerate(spans))


# Who finds the words


@pytest.mark.slow
def test_a_weaker_judge_takes_no_word_away(checkpoints: Path, tmp_path: Path) -> None:
    """PocketSphinx finds no word of string 22; the aligner has been taught digits, and words stand on both sides."""
    aligners = aligners_of("qwen3", checkpoints)
    assert aligners.weaker
    made, spans = aligned([20, 22, 21], [LINES[20], LINES[22], LINES[21]], aligners, tmp_path)
    assert all(lies_in(made, at, span) for at, span in enumerate(spans))
    doubted = made.segments[1].words
    assert [word.status for word in doubted].count("low") >= 4
    assert all(0.05 < word.end - word.start < 1.0 for word in doubted)
    made, _ = aligned([0, 1], [LINES[0], FOREIGN, LINES[1]], aligners, tmp_path)
    assert absent(made, 1), "there is no room for what nobody says"


def test_who_finds_words_for_whom() -> None:
    qwen3, ctc = load_plugin(Aligner, "qwen3"), load_plugin(Aligner, "ctc")
    assert choose_finder(ctc, "en") is None, "it rejects by itself"
    assert choose_finder(qwen3, None) is None and choose_finder(qwen3, "ja") is None
    chosen = choose_finder(qwen3, "en")
    assert chosen is not None and chosen[0].rejects


class Everywhere(Aligner):
    """Places every word, one after the other, half a second each, whatever is heard."""

    name = "everywhere"
    max_seconds = 60.0

    def __init__(self) -> None:
        pass

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        return [[AlignedWord(0.5 * at, 0.5 * at + 0.4) for at in range(len(words))] for words in texts]


class Tapeful:
    """A minute of nothing."""

    def clip(self, start: float, end: float, speech: Sequence[Region] = ()) -> Clip:
        return Clip(Recording("tape"), start, np.zeros(round((end - start) * 16_000), np.float32), tuple(speech))


def test_words_where_nobody_speaks_are_not_there() -> None:
    found = Windows(SpokenText(["word"] * 12, "xx"), Tapeful(), [Region(0.5, 2.5)], Pairing(Everywhere())).run()
    assert [one is not None for one in found] == [True] * 6 + [False] * 6
    assert is_spoken(Tapeful().clip(0, 9, [Region(2, 3)]), AlignedWord(3.2, 3.6))


def test_words_are_parted_where_others_are_missing_or_there_is_time_for_more() -> None:
    words = [(at, Placed(start, start + 0.5, None)) for at, start in ((0, 0.0), (1, 0.6), (3, 1.2), (4, 5.0))]
    assert [[number for number, _ in own] for own in apart(words)] == [[0, 1], [3], [4]]


# The search of `ctc` for what is there


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10_000), st.lists(st.lists(st.integers(-1, 3), min_size=1, max_size=3), min_size=1, max_size=4))
def test_no_path_is_better(seed: int, words: list[list[int]]) -> None:
    """The same prices, searched in another way: from frame to frame over a table of states and their scores."""
    from asr_plugins.transformers_models import presence
    from asr_plugins.transformers_models.viterbi import STAR

    words = [[label if label else STAR for label in word] for word in words]
    log_probs = np.log(np.random.default_rng(seed).dirichlet(np.full(4, 0.3), 9)).astype(np.float32)
    trellis = presence.Trellis(log_probs, words, 0, None)
    assert float(trellis.rests[-1, trellis.nodes].max()) == pytest.approx(best_score(log_probs, words), abs=1e-3)
    runs = trellis.runs()
    assert all(run.start < run.end and run.first < run.last for run in runs)
    assert all(left.last <= right.first and left.end <= right.start for left, right in pairwise(runs))


States = dict[tuple[str, int], float]  # ("rest", labels said), ("in", label), ("other", node): the best score there


def best_score(log_probs: np.ndarray, words: list[list[int]]) -> float:
    """Return the score of the best path through the words."""
    from asr_plugins.transformers_models.presence import OTHER_PER_TOKEN, UNKNOWN_WORD

    labels: list[int] = []
    ends, price = [0], {}
    for word in words:
        if labels and labels[-1] == word[0] != -1:
            labels.append(0)
        if set(word) == {-1}:
            price[ends[-1]] = UNKNOWN_WORD
        for left, right in pairwise(word):
            labels += [left, 0] if left == right != -1 else [left]
        labels.append(word[-1])
        ends.append(len(labels))
    states: States = {("rest", 0): 0.0}
    before = 0
    for row in log_probs:
        loud = float(row[1:].max() - row[0])
        token = int(row[1:].argmax()) + 1 if loud > 0 else 0
        sound = max(loud, 0.0) - OTHER_PER_TOKEN * (token not in (0, before))
        before = token
        gains = [0.0 if label == 0 else loud - 1.0 if label == -1 else float(row[label] - row[0]) for label in labels]
        states = after(closed(states, ends), ends, gains, price, sound)
    return max(score for (kind, at), score in closed(states, ends).items() if kind == "rest" and at in ends)


def closed(states: States, ends: list[int]) -> States:
    """Return the states with those that are reached from them in no time."""
    from asr_plugins.transformers_models.presence import LEAP

    found: States = {}
    for (kind, at), score in states.items():
        raise_to(found, (kind, at), score)
        raise_to(found, ("rest", {"rest": at, "in": at + 1}.get(kind, ends[at] if at < len(ends) else 0)), score)
    for left in ends:
        for right in ends:
            if right > left and ("rest", left) in found:
                raise_to(found, ("rest", right), found["rest", left] - LEAP)
    return found


def after(states: States, ends: list[int], gains: list[float], price: dict[int, float], sound: float) -> States:
    """Return the states one frame later."""
    from asr_plugins.transformers_models.presence import OTHER

    found: States = {}
    for (kind, at), score in states.items():
        raise_to(
            found, (kind, at), score + {"rest": 0.0, "other": sound}.get(kind, gains[at] if at < len(gains) else 0)
        )
        if kind == "rest" and at in ends:
            raise_to(found, ("other", ends.index(at)), score - OTHER + sound)
        if kind == "rest" and at < len(gains):
            raise_to(found, ("in", at), score - price.get(at, 0.0) + gains[at])
    return found


def raise_to(scores: States, state: tuple[str, int], score: float) -> None:
    scores[state] = max(score, scores.get(state, -np.inf))


@pytest.mark.slow
def test_a_model_that_is_less_sure_finds_the_same_words(checkpoints: Path) -> None:
    """Prices are relative to the best path, so a softer distribution (up to four times) changes nothing."""
    from asr_plugins.transformers_models.presence import find_words

    kind = load_plugin(Aligner, "ctc")
    aligner = kind(Weights("tiny", str(checkpoints / "parakeet-ctc-digits")), Device(threads=1))
    model = aligner.model  # type: ignore[attr-defined]
    for number in range(0, 12, 2):
        emissions = np.concatenate(model.emissions([said(number), said(number + 1)]))
        first, second = LINES[number].split(), LINES[number + 1].split()
        text = [*first, *FOREIGN.split(), *second]
        labels = [model.vocabulary.spell(word) for word in text]
        for softer in (1.0, 2.0, 4.0):
            soft = emissions / softer
            soft -= np.log(np.exp(soft).sum(1, keepdims=True))
            runs = find_words(soft, labels, model.vocabulary.blank)
            found = [word for run in runs for word in range(run.first, run.last)]
            assert found == [*range(len(first)), *range(len(text) - len(second), len(text))], (number, softer)
