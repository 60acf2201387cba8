"""Alignments and significance against the programs that define them."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.scoring import intervals, significance
from asrcli.scoring.alignment import Convention, align, count, count_all, distances, is_only_path, measures, tally
from asrcli.scoring.network import align_networks, is_marked, parse_network
from asrcli.types import ErrorCounts

DATA = Path(__file__).parent / "data/scoring"
WORDS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab", "c", "the", "cat"]), max_size=12)
PAIRS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def sclite() -> dict:
    return json.loads((DATA / "sclite.json").read_text())


def spoken(number: int, seed: int, vocabulary: int = 30) -> tuple[list[list[str]], list[list[str]]]:
    """Return random references and disturbed copies, with words that can be merged."""
    chance = random.Random(seed)
    words = [f"w{place}" for place in range(vocabulary)] + ["a", "b", "ab", "ba", "aa", "abb", "aab"]
    references, hypotheses = [], []
    for _ in range(number):
        said = chance.choices(words, k=chance.randint(0, 14))
        heard = []
        for word in said:
            throw = chance.random()
            if throw < 0.2:
                heard.append(chance.choice(words))
            elif throw > 0.3:
                heard += [word, chance.choice(words)] if throw < 0.36 else [word]
        references.append(said)
        hypotheses.append(heard)
    return references, hypotheses


def test_sclite_paths_are_equal_move_by_move(sclite: dict) -> None:
    references = [row[0].split() for row in sclite["pairs"]]
    for column in (1, 2):
        found = align(references, [row[column].split() for row in sclite["pairs"]], Convention.SCLITE)
        assert [moves.decode() for moves in found] == [row[column + 2] for row in sclite["pairs"]]


def test_sclite_counts_more_errors_than_levenshtein_where_it_should() -> None:
    pair = [["a", "b", "c", "d", "e"]], [["d", "e", "x", "y", "z"]]
    assert count(align(*pair)[0]).errors == 5
    assert count(align(*pair, Convention.SCLITE)[0]) == ErrorCounts(hits=2, insertions=3, deletions=3)


def test_where_there_is_only_one_path_it_is_the_path_of_sclite() -> None:
    """The shortcut of the matched-pairs test: half the utterances with errors need no lattice."""
    said, heard = spoken(6000, seed=5, vocabulary=4)
    plain, paths = align(said, heard), align(said, heard, Convention.SCLITE)
    only = [is_only_path(*row) for row in zip(said, heard, plain, strict=True)]
    assert all(one == other for one, other, sure in zip(plain, paths, only, strict=True) if sure)
    one_error = [len(moves) - moves.count(b"=") == 1 for moves in plain]
    assert 0.5 * sum(one_error) < sum(map(bool.__and__, only, one_error)) < sum(one_error)
    assert not is_only_path(["a", "a"], ["a"], b"=D") and not is_only_path(["a"], ["a", "a"], b"I=")


def test_alternations_and_optional_words_count_as_sclite_counts_them(sclite: dict) -> None:
    assert len(sclite["alternations"]) > 200
    differing = []
    for reference, heard, expected in sclite["alternations"]:
        counts = count(align_networks(parse_network(reference), parse_network(heard))[2])
        if [counts.hits, counts.substitutions, counts.deletions, counts.insertions] != expected:
            differing.append(reference)
    assert differing == []


@pytest.mark.parametrize(
    ("text", "heard", "letters"),
    [
        ("a { b / c d } e", "a c d e", b"===="),
        ("a (uh) b", "a b", b"=o="),
        ("a (uh) b", "a uh b", b"==="),
        ("{ a / @ } b", "b", b"="),
        ("word;tag other", "word other", b"=="),
        (r"semi\;colon;tag", r"semi\;colon", b"="),
        ("and/or { a/b } ;", "and/or b ;", b"==="),
    ],
)
def test_marks_of_references(text: str, heard: str, letters: bytes) -> None:
    assert is_marked(text)
    assert align_networks(parse_network(text), parse_network(heard))[2] == letters


def test_levenshtein_counts_are_those_of_jiwer() -> None:
    jiwer = pytest.importorskip("jiwer")
    references, hypotheses = spoken(800, seed=1)
    kept = [index for index, words in enumerate(references) if words]
    references, hypotheses = [references[index] for index in kept], [hypotheses[index] for index in kept]
    counts = count_all(align(references, hypotheses))
    expected = jiwer.process_words([" ".join(one) for one in references], [" ".join(one) for one in hypotheses])
    assert counts == ErrorCounts(expected.hits, expected.substitutions, expected.insertions, expected.deletions)
    assert measures(counts) == pytest.approx({"mer": expected.mer, "wil": expected.wil, "wip": expected.wip})
    letters = [["".join(one) for one in side] for side in (references, hypotheses)]
    assert sum(distances(*letters)) / sum(map(len, letters[0])) == pytest.approx(jiwer.cer(*letters))


@pytest.mark.parametrize("seed", range(4))
def test_merged_compounds_count_as_kaldialign_counts_them(seed: int) -> None:
    kaldialign = pytest.importorskip("kaldialign")
    references, hypotheses = spoken(1500, seed)
    for said, heard, moves in zip(
        references, hypotheses, align(references, hypotheses, Convention.OPEN_ASR_LEADERBOARD), strict=True
    ):
        counts, expected = count(moves), kaldialign.edit_distance(said, heard, merge_compounds=True)
        assert (counts.substitutions, counts.deletions, counts.insertions) == (
            expected["sub"],
            expected["del"],
            expected["ins"],
        ), (said, heard)
        assert counts.reference_length == len(said)


@given(PAIRS, st.sampled_from(Convention))
@settings(max_examples=150)
def test_every_alignment_accounts_for_every_word(
    pairs: list[tuple[list[str], list[str]]], convention: Convention
) -> None:
    references, hypotheses = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    alignments = align(references, hypotheses, convention)
    fewest = distances(references, hypotheses)
    errors, lengths = tally(alignments)
    for index, (said, heard, moves) in enumerate(zip(references, hypotheses, alignments, strict=True)):
        counts = count(moves)
        assert counts.reference_length == len(said) == lengths[index]
        assert moves.count(b"=") + moves.count(b"S") + moves.count(b"I") + moves.count(b">") == len(heard)
        assert counts.errors == errors[index]
        if convention is Convention.OPEN_ASR_LEADERBOARD:
            assert counts.errors <= fewest[index]
        else:
            assert counts.errors >= fewest[index]
            for move, word, other in walk(said, heard, moves):
                assert (word == other) == (move == "=")
    assert sum((count(moves) for moves in alignments), ErrorCounts()) == count_all(alignments)


def walk(said: list[str], heard: list[str], moves: bytes) -> list[tuple[str, str | None, str | None]]:
    left, right = iter(said), iter(heard)
    return [
        (move, next(left) if move != "I" else None, next(right) if move != "D" else None) for move in moves.decode()
    ]


@given(WORDS, WORDS)
@settings(max_examples=150)
def test_swapping_the_sides_swaps_insertions_and_deletions(said: list[str], heard: list[str]) -> None:
    there, back = count(align([said], [heard])[0]), count(align([heard], [said])[0])
    assert there.errors == back.errors
    assert there.insertions - there.deletions == back.deletions - back.insertions == len(heard) - len(said)


def test_long_texts_are_aligned_in_a_band() -> None:
    chance = random.Random(3)
    said = [f"w{chance.randint(0, 900)}" for _ in range(4000)]
    heard = [word for word in said if chance.random() > 0.05]
    moves = align([said], [heard], Convention.SCLITE)[0]
    assert count(moves) == ErrorCounts(hits=len(heard), deletions=len(said) - len(heard))


def test_mapsswe_and_mcnemar_are_those_of_sc_stats(sclite: dict) -> None:
    first = [row[3].encode() for row in sclite["pairs"]]
    second = [row[4].encode() for row in sclite["pairs"]]
    found = significance.matched_pairs(first, second)
    shown = re.search(r"# segs: (\d+).*mean: (\S+)\) \(std dev: (\S+)\) \(Z Stat: (\S+)\)", sclite["mapsswe"])
    assert shown is not None
    assert f"{found.segments} {found.mean:.3f} {found.deviation:.3f} {found.z:.3f}" == " ".join(shown.groups())
    errors = [np.array([count(moves).errors for moves in side]) for side in (first, second)]
    outcome = significance.mcnemar(*errors)
    table = [[int(number) for number in row] for row in sclite["mcnemar_table"]]
    assert [outcome.only_first, outcome.only_second] == [table[0][1], table[1][0]]


def test_mapsswe_by_hand() -> None:
    # one error each, far apart: two segments, +1 and -1; an insertion ends a run of right words
    found = significance.matched_pairs([b"S========="], [b"=========S"])
    assert (found.segments, found.mean, found.z) == (2, 0.0, 0.0)
    assert significance.matched_pairs([b"S=I=S"], [b"===="]).segments == 1
    assert significance.matched_pairs([b"S==S"], [b"===="]).segments == 2
    # two readings of one reference, of different length: the utterance is one segment
    assert significance.matched_pairs([b"SS=="], [b"D=="]).mean == 1.0
    assert significance.matched_pairs([b"S"] * 3, [b"="] * 3).segments == 3


def test_sign_and_signed_rank_tests_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    chance = np.random.default_rng(3)
    for units in (1, 5, 6, 12, 25):
        found = chance.normal(0.3, 1.0, units)
        above = int((found > 0).sum())
        assert significance.sign_test(found) == pytest.approx(stats.binomtest(above, units).pvalue)
        assert significance.wilcoxon(found) == pytest.approx(stats.wilcoxon(found, method="exact").pvalue)
    assert significance.wilcoxon(chance.normal(0.05, 1.0, 400)) < 1.0
    many = chance.normal(0.1, 1.0, 400)
    assert significance.wilcoxon(many) == pytest.approx(stats.wilcoxon(many, correction=True).pvalue, rel=0.02)


def test_ties_of_signed_ranks_are_counted_out() -> None:
    """Against every choice of signs; zeros are left out."""
    for sizes in ((1.0, 1.0, 2.0, 2.0, 5.0, 0.0), (0.5,) * 6, (3.0, 1.0, 1.0, 1.0)):
        ranks = scipy_ranks([one for one in sizes if one])
        sums = [abs(sum(s * r for s, r in zip(way, ranks, strict=True))) for way in product((1, -1), repeat=len(ranks))]
        expected = sum(one >= sum(ranks) - 1e-9 for one in sums) / len(sums)
        assert significance.wilcoxon(np.array(sizes)) == pytest.approx(expected)
    assert significance.sign_test(np.zeros(4)) == significance.wilcoxon(np.zeros(4)) == 1.0


def scipy_ranks(values: list[float]) -> list[float]:
    stats = pytest.importorskip("scipy.stats")
    return list(stats.rankdata(values))


def test_mcnemar_is_the_exact_binomial() -> None:
    assert significance.binomial_p(2, 10) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert significance.binomial_p(0, 0) == 1.0
    assert significance.binomial_p(2052, 4175) == pytest.approx(0.2787, abs=1e-3)


def test_holm_by_hand() -> None:
    assert significance.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert significance.holm([]) == []


def test_an_interval_of_many_utterances_is_that_of_the_normal_approximation() -> None:
    chance = np.random.default_rng(0)
    lengths = chance.integers(5, 30, 400)
    errors = chance.binomial(lengths, 0.1)
    found = intervals.jackknife(np.stack([errors, errors]), np.stack([lengths, lengths]))
    rate = errors.sum() / lengths.sum()
    deviation = np.sqrt(((errors - rate * lengths) ** 2).sum()) / lengths.sum()
    interval, same = found.interval(0), found.difference(0, 1)
    assert interval is not None and same is not None
    assert interval.low == pytest.approx(rate - 1.96 * deviation, abs=0.15 * deviation)
    assert interval.high == pytest.approx(rate + 1.96 * deviation, abs=0.15 * deviation)
    assert same.covers_zero and same.high < 0.001


def test_the_difference_of_many_utterances_is_that_of_the_paired_t_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    chance = np.random.default_rng(3)
    lengths = np.full(500, 20)
    both = chance.binomial(10, 0.1, 500)
    errors = np.stack([both + chance.binomial(10, 0.1, 500), both + chance.binomial(10, 0.14, 500)])
    found = intervals.jackknife(errors, np.stack([lengths, lengths])).difference(0, 1)
    expected = stats.ttest_rel(errors[0] / 20, errors[1] / 20).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.02 * (found.high - found.low))


def test_leaving_out_by_hand() -> None:
    errors, lengths = np.array([[1, 0, 4, 2, 0, 3]]), np.array([[9, 5, 12, 8, 6, 20]])
    without = [(errors.sum() - errors[0, at]) / (lengths.sum() - lengths[0, at]) for at in range(6)]
    found = intervals.jackknife(errors, lengths)
    assert found.shares[0, 0] == pytest.approx(5 * np.var(without))
    assert intervals.factor(found.effective[0, 0]) == pytest.approx(
        intervals.student_t(lengths.sum() ** 2 / (lengths**2).sum() - 1)
    )


def test_student_t_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for freedom in (1, 1.5, 2, 3.7, 5, 10, 33.3, 100, 999, 9_999, 10_001, 1e6):
        assert intervals.student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-4)


def test_intervals_over_speakers_are_wider_when_speakers_differ() -> None:
    speakers = np.repeat(np.arange(10), 40)
    lengths = np.full(400, 20)
    errors = speakers.copy()  # every utterance of a speaker is alike
    utterances = intervals.jackknife(errors[None], lengths[None]).interval(0)
    clustered = intervals.jackknife(errors[None], lengths[None], speakers).interval(0)
    assert clustered is not None and utterances is not None
    assert clustered.high - clustered.low > 3 * (utterances.high - utterances.low)


def test_one_long_recording_among_short_ones_is_hardly_more_than_one() -> None:
    errors, lengths = np.array([[400, 1, 0, 1, 0, 1]]), np.array([[5000, 5, 5, 5, 5, 5]])
    found = intervals.jackknife(errors, lengths)
    assert intervals.factor(found.effective[0, 0]) == pytest.approx(
        12.7, rel=0.01
    )  # Student's t with one degree of freedom


def test_more_needed_shrinks_with_the_difference() -> None:
    chance = np.random.default_rng(1)
    base = chance.integers(0, 4, 300)
    close, far = base + (chance.random(300) < 0.02), base + (chance.random(300) < 0.5)
    assert significance.more_needed(base, base) is None
    assert significance.more_needed(far, base) == 0
    assert significance.more_needed(close, base) is not None


def live_paths(folder: Path, references: Sequence[str], hypotheses: Sequence[str], *options: str) -> list[str]:
    """Return the path that the installed sclite finds for each text, a letter per word."""
    program = shutil.which("sclite") or "/usr/lib/sctk/bin/sclite"
    if not Path(program).exists():
        pytest.skip("needs sclite: apt-get install sctk")
    for name, texts in (("r", references), ("h", hypotheses)):
        (folder / f"{name}.trn").write_text("".join(f"{text} (s-{index})\n" for index, text in enumerate(texts)))
    command = [program, "-r", "r.trn", "trn", "-h", "h.trn", "trn", "-i", "spu_id", "-o", "sgml", *options]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    text = (folder / "h.trn.sgml").read_text()
    paths = re.findall(r'<PATH id="\(s-(\d+)\)"[^>]*>\n(.*?)\n?</PATH>', text, re.DOTALL)
    assert sorted(int(index) for index, _ in paths) == list(range(len(references)))
    found = {int(index): "".join(step[:1] for step in path.split(":")).replace("C", "=") for index, path in paths}
    return [found[index] for index in range(len(references))]


@pytest.mark.slow
def test_sclite_itself_agrees_on_thousands_of_utterances(tmp_path: Path) -> None:
    references, hypotheses = spoken(5000, seed=9)
    paths = live_paths(tmp_path, *([" ".join(words) for words in side] for side in (references, hypotheses)))
    assert paths == [moves.decode() for moves in align(references, hypotheses, Convention.SCLITE)]


def nested(chance: random.Random, depth: int, fewest: int, most: int) -> str:
    """Return random words with alternatives inside alternatives, and optional words."""
    pieces = []
    for _ in range(chance.randint(fewest, most)):
        word = chance.choice("abcde")
        if depth and chance.random() < 0.35:
            inner = [nested(chance, depth - 1, 1, 3) if chance.random() < 0.85 else "@" for _ in range(3)]
            word = "{ " + " / ".join(inner[: chance.randint(2, 3)]) + " }"
        elif chance.random() < 0.1:
            word = f"({word})"
        pieces.append(word)
    return " ".join(pieces)


@pytest.mark.slow
def test_sclite_itself_agrees_on_alternatives_inside_alternatives(tmp_path: Path) -> None:
    chance = random.Random(31)
    references = [nested(chance, 2, 1, 6) for _ in range(4000)]
    hypotheses = [" ".join(chance.choices("abcde", k=chance.randint(0, 7))) for _ in references]
    paths = live_paths(tmp_path, references, hypotheses, "-D")  # with optional words
    for reference, heard, path in zip(references, hypotheses, paths, strict=True):
        moves = align_networks(parse_network(reference), parse_network(heard))[2].decode()
        assert moves.replace("o", "=") == path, (reference, heard)
