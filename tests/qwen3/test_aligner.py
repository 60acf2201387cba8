"""The forced aligner: the official times, the repair, and real digit strings with known times."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.qwen3.aligner import Qwen3Aligner, in_order, piled_up, repair, unit
from hypothesis import given
from hypothesis import strategies as st

from asrcli.engine import Device, Weights
from asrcli.errors import ModelError
from asrcli.types import Clip, Recording
from tests.clips import clip, noise, silence
from tests.qwen3 import random_models as cases
from tests.qwen3.conftest import SEEDS

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture(scope="module")
def aligner(checkpoints: Path) -> Qwen3Aligner:
    return load(checkpoints / "qwen3-aligner-digits")


def load(folder: Path) -> Qwen3Aligner:
    return Qwen3Aligner(Weights(folder.name, str(folder)), Device("cpu", threads=1))


def piece(samples: np.ndarray) -> Clip:
    return Clip(Recording("made.wav"), 0.0, samples.astype(np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_times_are_the_official_ones(seed: int, tmp_path: Path, official: dict[str, np.ndarray]) -> None:
    """The random models know no time, so their stamps are far out of order: this proves the repair, too."""
    model = load(cases.write_original(tmp_path, seed, aligner=True)).model
    clips = [cases.wave(seconds, seed) for seconds in cases.SECONDS]
    texts = [cases.WORDS[: 2 * (number + 1)] for number in range(len(clips))]
    for number, one in enumerate(model.stamps(clips, texts)):
        times = np.array([int(time * 1000 + 1e-6) / 1000 for time in repair(one.seconds)]).reshape(-1, 2)
        assert times == pytest.approx(official[f"align-{seed}-{number}"], abs=0.0011)


@pytest.mark.slow
def test_times_of_the_trained_model_are_the_official_ones(
    checkpoints: Path, digit_strings: list[tuple[Path, str]], official: dict[str, np.ndarray]
) -> None:
    model = load(checkpoints / "qwen3-aligner-digits").model
    clips = [cases.digit_wave(path) for path, _ in digit_strings]
    stamps = model.stamps(clips, [text.split() for _, text in digit_strings])
    for number, one in enumerate(stamps):
        times = np.array(repair(one.seconds)).reshape(-1, 2)
        assert times == pytest.approx(official[f"digits-times-{number}"], abs=0.0011)


# The repair


def slow_in_order(values: list[int]) -> list[int]:
    """Compare all pairs, as the official code does."""
    length, before = [1] * len(values), [-1] * len(values)
    for at in range(len(values)):
        for earlier in range(at):
            if values[earlier] <= values[at] and length[earlier] + 1 > length[at]:
                length[at], before[at] = length[earlier] + 1, earlier
    kept = []
    at = length.index(max(length)) if values else -1
    while at >= 0:
        kept.append(at)
        at = before[at]
    return kept[::-1]


@given(st.lists(st.integers(0, 12), max_size=40))
def test_the_same_subsequence_as_comparing_all_pairs(values: list[int]) -> None:
    assert in_order(values) == slow_in_order(values)


@given(st.lists(st.integers(0, 5000), max_size=60))
def test_repaired_times_do_not_go_back_and_stay_in_range(values: list[int]) -> None:
    repaired = repair(values)
    assert repaired == sorted(repaired)
    assert not values or (min(values) <= repaired[0] and repaired[-1] <= max(values))
    assert all(repaired[place] == values[place] for place in in_order(values))


@pytest.mark.parametrize(
    ("values", "repaired"),
    [
        ([], []),
        ([3], [3]),
        ([1, 9, 2, 3], [1, 1, 2, 3]),  # one outlier takes its nearer neighbour, the left one of two as near
        ([1, 9, 8, 2, 3, 4], [1, 1, 2, 2, 3, 4]),
        ([0, 90, 80, 70, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7]),  # three are spread
        ([90, 80, 70, 4, 5, 6, 7], [4, 4, 4, 4, 5, 6, 7]),
        ([4, 5, 6, 7, 3, 2, 1], [4, 5, 6, 7, 7, 7, 7]),
    ],
)
def test_repair(values: list[int], repaired: list[int]) -> None:
    assert repair(values) == pytest.approx(repaired)


@pytest.mark.slow
def test_the_repair_of_an_hour_takes_no_time() -> None:
    """Comparing all pairs of 40 000 values would take minutes; the limit is generous a hundred times over."""
    import time

    values = [random.Random(0).gauss(at, 50.0) for at in range(40_000)]
    begun = time.process_time()
    assert len(repair(values)) == 40_000
    assert time.process_time() - begun < 20


# Real speech


def known_strings(folder: Path, count: int) -> list[tuple[Clip, list[str], list[tuple[float, float]]]]:
    """Join single recorded digits to strings; a word's edges are where it is within 30 dB of its loudest 10 ms."""
    pick = random.Random(7)
    names = sorted({path.stem.split("_")[1] for path in folder.glob("*.wav")})
    strings = []
    for _ in range(count):
        speaker, parts, used = pick.choice(names), [np.zeros(pick.randrange(1600, 4800))], 0
        used = len(parts[0])
        words, times = [], []
        for _ in range(pick.randrange(3, 7)):
            digit = pick.randrange(10)
            samples = read_wave(folder / f"{digit}_{speaker}_{pick.choice([3, 4])}.wav")
            first, last = edges(samples)
            words.append(NAMES[digit])
            times.append(((used + first) / 16_000, (used + last) / 16_000))
            parts += [samples, np.zeros(pick.randrange(800, 4800))]
            used += len(samples) + len(parts[-1])
        strings.append((piece(np.concatenate(parts)), words, times))
    return strings


def read_wave(path: Path) -> np.ndarray:
    return np.asarray(clip(path).samples, dtype=np.float64)


def edges(samples: np.ndarray) -> tuple[int, int]:
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    loud = np.flatnonzero(level > level.max() - 30)
    return int(loud[0]) * 160, (int(loud[-1]) + 1) * 160


@pytest.mark.slow
@pytest.mark.parametrize("source", ["flite-digits", "fsdd"])
def test_boundaries_of_strings_with_known_times(aligner: Qwen3Aligner, shared: Path, source: str) -> None:
    strings = known_strings(shared / source / "recordings", 40)
    found = aligner.align([one for one, _, _ in strings], [words for _, words, _ in strings], "en")
    errors = np.array(
        [
            (word.start - start, word.end - end)
            for (_, _, times), words in zip(strings, found, strict=True)
            for word, (start, end) in zip(words, times, strict=True)
            if word is not None
        ]
    )
    assert len(errors) == sum(len(words) for _, words, _ in strings)
    assert np.abs(errors).mean() < 0.08, errors
    print(f"{source}: {1000 * np.abs(errors).mean():.1f} ms over {errors.size} boundaries")


@pytest.mark.slow
def test_words_lie_where_the_sound_is(aligner: Qwen3Aligner, digit_strings: list[tuple[Path, str]]) -> None:
    """In a fresh clone no times are known, but a word is loud and most pauses are not."""
    clips = [clip(path) for path, _ in digit_strings]
    texts = [text.split() for _, text in digit_strings]
    for one, words, found in zip(clips, texts, aligner.align(clips, texts, "en"), strict=True):
        assert len(found) == len(words)
        assert all(word is not None and word.score is not None and word.score > 0.3 for word in found)
        inside = np.zeros(len(one.samples), dtype=bool)
        for word in found:
            assert word is not None
            inside[round((word.start - 0.08) * 16_000) : round((word.end + 0.08) * 16_000)] = True
        energy = one.samples**2
        assert energy[inside].sum() > 0.9 * energy.sum()


def test_a_clip_alone_and_beside_others(aligner: Qwen3Aligner, digit_strings: list[tuple[Path, str]]) -> None:
    clips = [clip(path) for path, _ in digit_strings[:6]]
    texts = [text.split() for _, text in digit_strings[:6]]
    together = aligner.align([*clips, silence(2.0)], [*texts, ["one"]], None)
    for one, words, found in zip(clips, texts, together, strict=False):
        alone = aligner.align([one], [words], None)[0]
        assert [(word.start, word.end) for word in found if word] == [(word.start, word.end) for word in alone if word]


@pytest.mark.slow
def test_both_layouts_give_the_same_times(
    aligner: Qwen3Aligner, shared: Path, digit_strings: list[tuple[Path, str]]
) -> None:
    other = load(shared / "checkpoints/qwen3-aligner-digits-original")
    clips, texts = [clip(path) for path, _ in digit_strings], [text.split() for _, text in digit_strings]
    assert aligner.align(clips, texts, "en") == other.align(clips, texts, "en")


def test_words_without_letters_have_no_time(aligner: Qwen3Aligner, digit_strings: list[tuple[Path, str]]) -> None:
    path, text = digit_strings[0]
    words = text.split()
    plain = aligner.align([clip(path)], [words], "en")[0]
    marked = aligner.align([clip(path)], [[words[0], "—", f"“{words[1]}”,", *words[2:], "'"]], "en")[0]
    assert marked[1] is None and marked[-1] is None
    assert [marked[0], *marked[2:-1]] == plain


def test_times_stay_inside_the_clip(aligner: Qwen3Aligner, digit_strings: list[tuple[Path, str]]) -> None:
    """A text that is far too long, sound that says nothing, and next to no sound."""
    for one in (silence(1.0), noise(0.7, 20), silence(0.01), clip(digit_strings[0][0])):
        found = aligner.align([one], [NAMES * 3], "en")[0]
        clock = 0.0
        assert None in found, "nobody says thirty words in so little time"
        for word in found:
            if word is None:
                continue
            assert clock <= word.start <= word.end <= one.seconds
            assert type(word.start) is float and word.score is not None and 0.0 <= word.score <= 1.0
            clock = word.end


def test_words_after_the_end_of_the_sound_have_no_time(
    aligner: Qwen3Aligner, digit_strings: list[tuple[Path, str]]
) -> None:
    path, text = digit_strings[4]
    words = text.split()
    found = aligner.align([clip(path)], [words + NAMES], "en")[0]
    assert None not in found[: len(words)] and None in found[len(words) :] and found[-1] is None


def test_words_on_top_of_each_other_are_a_pile() -> None:
    single = [0.0, 0.4, 0.4, 0.4, 0.48, 0.8, 0.8, 1.2, 1.2, 1.6]  # one word without length is rounding
    assert piled_up(single) == set()
    assert piled_up([0.0, 0.4, *[0.48] * 8, 0.48, 0.9]) == {1, 2, 3, 4}
    assert piled_up([]) == piled_up([0.4, 0.4]) == set()


def test_nothing_to_align(aligner: Qwen3Aligner) -> None:
    assert aligner.align([], [], "en") == []
    assert aligner.align([silence(1.0), silence(0.0)], [[], ["one"]], "en") == [[], [None]]


@pytest.mark.parametrize(
    ("word", "kept"),
    [("don't", "don't"), ("don’t", "don't"), ("state-of-the-art", "stateoftheart"), ("U.S.", "US"), ("北", "北"),
     ("Straße,", "Straße"), ("'", ""), ("—", ""), ("हिन्दी", "हनद")],
)  # fmt: skip
def test_units(word: str, kept: str) -> None:
    """Letters and digits of the Unicode categories that the official code keeps."""
    assert unit(word) == kept


def test_a_recogniser_is_no_aligner(checkpoints: Path) -> None:
    with pytest.raises(ModelError, match="recogniser, not an aligner"):
        load(checkpoints / "qwen3-asr-digits")
