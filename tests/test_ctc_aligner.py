"""The aligner `ctc`: its search against torchaudio and against all paths, and what it does with words and clips."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.transformers_models import viterbi
from asr_plugins.transformers_models.viterbi import STAR, STAR_COST, align, align_batch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers_engine.make_alignments import case

from asrcli.aligner import Aligner
from asrcli.engine import Device, Weights, load_plugin
from asrcli.errors import ModelError
from asrcli.types import Clip
from asrcli.weights import models
from tests.clips import clip, silence

pytest.importorskip("torch")
pytest.importorskip("transformers")
HERE = Path(__file__).parent
ORACLE = HERE / "data/ctc/forced_align.npz"
DIGITS = HERE / "data/digits"
BLANK = 0


# The search


def test_same_paths_as_torchaudio() -> None:
    with np.load(ORACLE) as oracle:
        assert len(oracle.files) > 50
        for seed in oracle.files:
            log_probs, labels = case(int(seed))
            path = align(log_probs, labels.tolist(), BLANK)
            assert path is not None
            assert np.array_equal(np.stack((path.firsts, path.pasts), 1), oracle[seed]), f"case {seed}"


def test_the_same_with_eight_decisions_in_a_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long texts keep bits, short ones bytes; here short ones keep bits."""
    for seed in range(20):
        log_probs, labels = case(seed)
        plain = align(log_probs, labels.tolist(), BLANK)
        with monkeypatch.context() as patch:
            patch.setattr(viterbi, "FEW", 0)
            packed = align(log_probs, labels.tolist(), BLANK)
        assert plain is not None and packed is not None
        assert np.array_equal(plain.firsts, packed.firsts) and np.array_equal(plain.pasts, packed.pasts)


def test_an_impossible_label_has_no_path() -> None:
    log_probs = np.log(np.random.default_rng(0).dirichlet(np.ones(4), 30))
    log_probs[:, 2] = -np.inf
    assert align(log_probs, [1, 2, 3], BLANK) is None
    assert align_batch([log_probs] * 2, [[2], [1, 3]], BLANK)[1] is not None
    log_probs[20, 2] = -3.0
    path = align(log_probs, [1, 2, 3], BLANK)
    assert path is not None and (path.firsts[1], path.pasts[1]) == (20, 21)


def test_together_as_alone() -> None:
    cases = [case(seed) for seed in range(20)]
    together = align_batch([one for one, _ in cases], [labels.tolist() for _, labels in cases], BLANK)
    for path, (log_probs, labels) in zip(together, cases, strict=True):
        alone = align(log_probs, labels.tolist(), BLANK)
        assert (path is None) == (alone is None)
        if path is not None and alone is not None:
            assert np.array_equal(path.firsts, alone.firsts) and np.array_equal(path.pasts, alone.pasts)
            assert path.scores == pytest.approx(alone.scores)


def collapse(path: tuple[int, ...]) -> list[int]:
    return [token for place, token in enumerate(path) if token and (place == 0 or path[place - 1] != token)]


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 2), min_size=1, max_size=4))
def test_no_path_is_better(seed: int, labels: list[int]) -> None:
    """Every one of the 3^6 paths over three tokens and six frames is tried."""
    log_probs = np.log(np.random.default_rng(seed).dirichlet(np.ones(3), 6))
    reading = [path for path in product(range(3), repeat=6) if collapse(path) == labels]
    found = align(log_probs, labels, BLANK)
    if not reading:
        assert found is None
        return
    assert found is not None
    best = max(reading, key=lambda path: log_probs[np.arange(6), path].sum())
    mine = np.zeros(6, dtype=int)
    for label, first, past in zip(labels, found.firsts, found.pasts, strict=True):
        mine[first:past] = label
    assert log_probs[np.arange(6), mine].sum() == pytest.approx(log_probs[np.arange(6), best].sum())


def test_a_text_that_does_not_fit_has_no_path() -> None:
    log_probs = np.log(np.full((4, 3), 1 / 3))
    assert align(log_probs, [], BLANK) is None
    assert align(log_probs, [1, 2, 1, 2, 1], BLANK) is None
    assert align(log_probs, [1, 1, 1], BLANK) is None, "equal labels need blanks between them"
    assert align(log_probs, [1, 1, 2], BLANK) is not None
    assert align(log_probs[:0], [1], BLANK) is None


def test_a_star_takes_what_the_known_labels_leave() -> None:
    log_probs = np.log(np.full((12, 4), 0.01))
    for frame, token in enumerate([0, 1, 1, 0, 3, 3, 3, 3, 0, 2, 2, 0]):
        log_probs[frame, token] = np.log(0.97)
    path = align(log_probs, [1, STAR, 2], BLANK)
    assert path is not None
    assert path.firsts.tolist() == [1, 4, 9] and path.pasts.tolist() == [3, 8, 11]
    assert path.scores[1] == pytest.approx(np.log(0.97) - STAR_COST)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_vocabulary() -> None:
    """Frames times vocabulary in single precision are 31 MiB here; a copy of them would be seen."""
    random = np.random.default_rng(0)
    log_probs = random.standard_normal((1000, 8000)).astype(np.float32)
    labels = random.integers(1, 8000, 200).tolist()
    tracemalloc.start()
    align(log_probs, labels, BLANK)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20


# Words and clips


@pytest.fixture(scope="module")
def aligner(checkpoints: Path):  # type: ignore[no-untyped-def]
    kind = load_plugin(Aligner, "ctc")
    weights = models.resolve(kind, str(checkpoints / "parakeet-ctc-digits"), offline=True, pull=False, announce=print)
    return kind(weights, Device(threads=1))


@pytest.fixture(scope="module")
def strings() -> list[tuple[Clip, list[str]]]:
    texts = sorted(DIGITS.glob("*.txt"))[:12]
    return [(clip(text.with_suffix(".wav")), text.read_text().split()) for text in texts]


def check(one: Clip, found) -> None:  # type: ignore[no-untyped-def]
    clock = 0.0
    for word in found:
        assert clock <= word.start <= word.end <= one.seconds + 1e-6
        assert word.score is None or 0.0 <= word.score <= 1.0
        clock = word.end


def test_words_of_digit_strings(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    clips, texts = [one for one, _ in strings], [words for _, words in strings]
    together = aligner.align(clips, texts, "en")
    for one, words, found in zip(clips, texts, together, strict=True):
        assert len(found) == len(words)
        check(one, found)
        assert min(word.score for word in found) > 0.3
    alone = [aligner.align([one], [words], "en")[0] for one, words in strings[:6]]
    for left, right in zip(together, alone, strict=False):
        assert [(word.start, word.end) for word in left] == [(word.start, word.end) for word in right]


def test_a_wrong_text_is_left_out_or_scores_low(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    other = {"zero": "five", "one": "six", "two": "nine", "three": "one", "four": "six"}
    right, wrong = [], []
    for one, words in strings[:8]:
        right += [word.score for word in aligner.align([one], [words], "en")[0]]
        said = [other.get(word, "two") for word in words]
        wrong += [word.score if word else 0.0 for word in aligner.align([one], [said], "en")[0]]
    assert np.mean(right) > 0.9 and np.mean(wrong) < 0.2


def test_one_wrong_word_among_right_ones_moves_nothing(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    for one, words in strings[4:8]:
        plain = aligner.align([one], [words], "en")[0]
        other = [*words[:1], "zero" if words[1] != "zero" else "six", *words[2:]]
        found = aligner.align([one], [other], "en")[0]
        assert [word.start for word in found[2:]] == pytest.approx([word.start for word in plain[2:]], abs=0.1)
        assert found[1] is None or found[1].score < 0.3


def test_case_signs_and_accents_do_not_matter(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    one, words = strings[0]
    plain = aligner.align([one], [words], "en")[0]
    marked = [word.capitalize() + "," if place % 2 else f"“{word.upper()}”" for place, word in enumerate(words)]
    assert aligner.align([one], [marked], "en")[0] == plain
    accented = [word.replace("e", "é") for word in words]
    assert [found.start for found in aligner.align([one], [accented], "fr")[0]] == [found.start for found in plain]


def test_a_word_without_known_letters_is_a_star(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    one, words = strings[0]
    for unknown in ("七", "...", "42", "—"):
        text = [*words[:1], unknown, *words[2:]]
        found = aligner.align([one], [text], "en")[0]
        check(one, found)
        assert found[1].score is None and found[0].score > 0.5 and found[-1].score > 0.5


def test_nothing_to_place(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    one, words = strings[0]
    assert aligner.align([], [], "en") == []
    assert aligner.align([one], [[]], "en") == [[]]
    assert aligner.align([silence(0.05)], [words], "en") == [[None] * len(words)]
    assert aligner.align([silence(0.5)], [words * 5], "en") == [[None] * (5 * len(words))]
    assert aligner.align([silence(2.0)], [["one"]], "en") == [[None]]


def test_what_it_hears_is_spelled_as_in_the_text(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    clips = [one for one, _ in strings]
    spelled = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"]
    heard = aligner.recognise(clips, spelled, "en")
    right = sum(
        [word.text.lower() for word in found] == words for (_, words), found in zip(strings, heard, strict=True)
    )
    assert right >= 0.8 * len(strings)
    assert all(word.text in spelled for found in heard for word in found)
    for one, found in zip(clips, heard, strict=True):
        check(one, found)
    assert aligner.recognise([silence(2.0)], spelled, "en") == [[]]


def test_what_is_like_no_word_stays() -> None:
    from asr_plugins.transformers_models.aligner import Lexicon

    lexicon = Lexicon(["Don't", "know", "Straße"])
    assert [lexicon.nearest(word) for word in ("DONT", "NOW", "strasse", "xyz")] == ["Don't", "know", "Straße", "xyz"]


def test_words_stay_apart_where_the_sound_pauses(aligner, strings) -> None:  # type: ignore[no-untyped-def]
    """Half a second of silence between two strings is in no word."""
    (first, left), (second, right) = strings[0], strings[1]
    pause = np.zeros(8000, dtype=np.float32)
    joined = replace(first, samples=np.concatenate((first.samples, pause, second.samples)))
    found = aligner.align([joined], [left + right], "en")[0]
    gaps = [after.start - before.end for before, after in pairwise(found)]
    assert int(np.argmax(gaps)) == len(left) - 1 and max(gaps) > 0.4


def test_only_ctc_models(checkpoints: Path) -> None:
    kind = load_plugin(Aligner, "ctc")
    with pytest.raises(ModelError, match="needs a CTC model"):
        kind(Weights("tdt", str(checkpoints / "parakeet-tdt-digits")), Device())
    with pytest.raises(ModelError, match="name a model or a folder"):
        kind(Weights("none", None), Device())
