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

from asrcli.engine import Weights
from asrcli.engines.options import check_options
from asrcli.errors import ModelError, UsageError
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


def test_its_list_is_in_the_order_of_the_sums() -> None:
    log_probs = np.log(np.random.default_rng(3).dirichlet(np.ones(3) * 2, 5))
    sums: dict[tuple[int, ...], float] = {}
    for path in product(range(3), repeat=5):
        sums[collapse(path)] = sums.get(collapse(path), 0.0) + float(np.exp(log_probs[np.arange(5), path].sum()))
    expected = sorted(sums.items(), key=lambda one: one[1], reverse=True)[:7]
    found = Beam(SMALL, 300).best(log_probs, 7)
    assert [tuple(tokens) for tokens, _ in found] == [tokens for tokens, _ in expected]
    assert np.exp([score for _, score in found]) == pytest.approx([total for _, total in expected])


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


def test_the_weight_and_the_bonus_of_a_language_model(arpa: Path) -> None:
    log_probs = said("A|CAT", {2: ("C", "B")})
    assert read(Beam(LETTERS, 20, LanguageModel(arpa, weight=0.0)).search(log_probs)) == "A BAT"
    # p(a | <s>), p(cat | a) and the end after it (back-off weight and unigram, log10), and a bonus for two words.
    plain = dict((read(tokens), score) for tokens, score in Beam(LETTERS, 20).best(log_probs, 20))
    for weight, bonus in ((0.5, 1.5), (2.0, -3.0)):
        scored = Beam(LETTERS, 20, LanguageModel(arpa, weight, bonus)).best(log_probs, 20)
        own = dict((read(tokens), score) for tokens, score in scored)
        expected = plain["A CAT"] + weight * (-0.1 - 0.1 - 0.3 - 1.0) * np.log(10) + 2 * bonus
        assert own["A CAT"] == pytest.approx(expected, abs=1e-4)


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


def test_the_engine_lists_alternatives(trained: Callable[[str], Transformers], strings: list[tuple[Clip, str]]) -> None:
    engine = trained("parakeet-ctc-digits")
    clips = [one for one, _ in strings[:3]]
    found = engine.transcribe(clips, Options(beam_size=8, n_best=4))
    for (segment,), (_, text) in zip(found, strings, strict=False):
        listed = segment.alternatives
        assert 1 < len(listed) <= 4 and len({one.tokens for one in listed}) == len(listed)
        assert (listed[0].text, listed[0].tokens, segment.text) == (segment.text, segment.tokens, text)
        ranked = [one.search_score for one in listed]
        assert ranked == sorted(ranked, reverse=True) and ranked[0] < 0
        assert all(len(one.token_logprobs) == len(one.tokens) for one in listed)
    for (segment,) in engine.transcribe(clips, Options(n_best=1)):
        assert [one.text for one in segment.alternatives] == [segment.text]
    assert all(own[0].alternatives == () for own in engine.transcribe(clips, Options(beam_size=8)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(engine_options=(("lm_weight", 1.0),)), "--engine-option lm-weight is for --language-model: give that"),
        (Options(n_best=2), "--n-best 2: the search of engine 'transformers' keeps one hypothesis; add --beam-size 2"),
        (Options(n_best=101, language_model="x"), "keeps 100 hypotheses"),
        (Options(length_penalty=0.5, beam_size=3), "has no --length-penalty with this model; engines that do: "),
        (Options(length_penalty=0.5), "--length-penalty 0.5 is for a beam search: add --beam-size 5"),
    ],
)
def test_options_of_the_search_are_checked(checkpoints: Path, options: Options, message: str) -> None:
    """What the class refuses before the weights are found, or the card of the folder after that."""
    weights = Weights("ctc", str(checkpoints / "parakeet-ctc-digits"))
    with pytest.raises(UsageError) as caught:
        check_options(Transformers, options)
        check_options(Transformers.for_weights(weights), options)
    assert message in str(caught.value)


def test_a_file_that_is_no_language_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("kenlm")
    with pytest.raises(ModelError, match="there is no language model"):
        LanguageModel(tmp_path / "none.arpa")
    (tmp_path / "bad.arpa").write_text("hello")
    with pytest.raises(ModelError, match="no language model that KenLM reads: first non-empty line was") as caught:
        LanguageModel(tmp_path / "bad.arpa")
    assert "HashedSearch" not in str(caught.value) and len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", ""), "KenLM draws a bar on standard error if it may"
