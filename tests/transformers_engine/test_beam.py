"""The beam search of CTC models against the sum over all paths, and with a language model."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.beam import Beam, LanguageModel, time_tokens
from asr_plugins.transformers_models.vocabulary import Vocabulary
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.errors import ModelError
from asrcli.types import Clip, Options

SMALL = Vocabulary(["<pad>", "a", "b"], 0, frozenset({0}), None)
LETTERS = Vocabulary(["<pad>", "|", "A", "B", "C", "T"], 0, frozenset({0}), "|")


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(token for place, token in enumerate(path) if token and (place == 0 or path[place - 1] != token))


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_it_finds_the_text_of_the_greatest_sum(seed: int) -> None:
    """All 3^6 paths are summed by what they read; greedy decoding would take the best single path."""
    log_probs = np.log(np.random.default_rng(seed).dirichlet(np.ones(3) * 2, 6))
    sums: dict[tuple[int, ...], float] = {}
    for path in product(range(3), repeat=6):
        reading = collapse(path)
        sums[reading] = sums.get(reading, 0.0) + float(np.exp(log_probs[np.arange(6), path].sum()))
    found = tuple(Beam(SMALL, 300).search(log_probs))
    assert sums[found] == pytest.approx(max(sums.values()))


def test_greedy_and_beam_differ_where_they_should() -> None:
    """Graves 2012, figure 7.4: the best path is two blanks, the most probable text is a."""
    log_probs = np.log(np.array([[0.6, 0.4 - 1e-9, 1e-9], [0.6, 0.4 - 1e-9, 1e-9]]))
    assert Beam(SMALL, 10).search(log_probs) == [1]


def test_tokens_have_frames() -> None:
    log_probs = np.log(np.full((5, 3), 0.01))
    for frame, token in enumerate([0, 1, 1, 0, 2]):
        log_probs[frame, token] = np.log(0.98)
    spans = time_tokens(log_probs, Beam(SMALL, 5).search(log_probs), 0)
    assert [(one.token, one.first, one.past) for one in spans] == [(1, 1, 3), (2, 4, 5)]
    assert spans[0].score == pytest.approx(0.98)
    assert time_tokens(log_probs, [], 0) == []


def write_arpa(path: Path, words: dict[str, float], pairs: dict[str, float]) -> Path:
    """Write a bigram model in ARPA form, scores in log10; fields are parted by tabs."""
    unigrams = [f"{score}\t{word}\t-0.3" for word, score in {"<unk>": -1.0, "<s>": -99.0, **words}.items()]
    unigrams.append("-1.0\t</s>")
    bigrams = [f"{score}\t{pair}" for pair, score in pairs.items()]
    counts = [f"ngram 1={len(unigrams)}", f"ngram 2={len(bigrams)}"]
    sections = ["\\data\\", *counts, "", "\\1-grams:", *unigrams, "", "\\2-grams:", *bigrams, "", "\\end\\", ""]
    path.write_text("\n".join(sections))
    return path


@pytest.fixture
def arpa(tmp_path: Path) -> Path:
    pytest.importorskip("kenlm")
    pairs = {"<s> a": -0.1, "a cat": -0.1, "a bat": -2.0}
    return write_arpa(tmp_path / "words.arpa", dict.fromkeys(("a", "cat", "bat"), -1.0), pairs)


def said(text: str, unsure: dict[int, tuple[str, str]]) -> np.ndarray:
    """Return emissions of a text of `LETTERS`, a blank after each letter; two letters alike where it is unsure."""
    log_probs = np.log(np.full((2 * len(text), 6), 0.002))
    for place, letter in enumerate(text):
        log_probs[2 * place + 1, 0] = np.log(0.99)
        first, second = unsure.get(place, (letter, letter))
        log_probs[2 * place, LETTERS.tokens.index(first)] = np.log(0.45)
        log_probs[2 * place, LETTERS.tokens.index(second)] = np.log(0.54 if first != second else 0.99)
    return log_probs


def read(tokens: list[int]) -> str:
    return "".join(LETTERS.surface(token) for token in tokens)


def test_a_language_model_decides_what_the_sound_leaves_open(arpa: Path) -> None:
    log_probs = said("A|CAT", {2: ("C", "B")})
    assert read(Beam(LETTERS, 20).search(log_probs)) == "A BAT"
    assert read(Beam(LETTERS, 20, LanguageModel(arpa)).search(log_probs)) == "A CAT"


def test_a_language_model_does_not_overrule_clear_sounds(arpa: Path) -> None:
    assert read(Beam(LETTERS, 20, LanguageModel(arpa)).search(said("A|BAT", {}))) == "A BAT"


def test_the_engine_takes_a_language_model(
    trained: Callable[[str], Transformers], strings: list[tuple[Clip, str]], tmp_path: Path
) -> None:
    pytest.importorskip("kenlm")
    engine = trained("parakeet-ctc-digits")
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    path = write_arpa(tmp_path / "digits.arpa", dict.fromkeys(words, -1.0), {"one two": -1.0})
    clips = [one for one, _ in strings[:2]]
    found = engine.transcribe(clips, Options(language_model=str(path), beam_size=8, word_timestamps=True))
    assert [own[0].text for own in found] == [text for _, text in strings[:2]]
    assert all(len(own[0].words) == len(own[0].text.split()) for own in found)


def test_a_file_that_is_no_language_model(tmp_path: Path) -> None:
    pytest.importorskip("kenlm")
    with pytest.raises(ModelError, match="there is no language model"):
        LanguageModel(tmp_path / "none.arpa")
    (tmp_path / "bad.arpa").write_text("hello")
    with pytest.raises(ModelError, match="no language model that KenLM reads"):
        LanguageModel(tmp_path / "bad.arpa")
