"""Tokens and words: both ways of writing spaces, spelling, and what is not in the vocabulary."""

from __future__ import annotations

import pytest
from asr_plugins.transformers_models.vocabulary import STAR, Span, Vocabulary

CAPITALS = Vocabulary(["<pad>", "<s>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"], 0, frozenset({0, 1}), "|")
PIECES = Vocabulary(["<unk>", "▁", "▁the", "▁se", "ven", "s", "e", "v", "n", "字", "<blank>"], 10, frozenset({0}), None)


def spelled(vocabulary: Vocabulary, word: str) -> list[str]:
    return [vocabulary.tokens[token] if token != STAR else "*" for token in vocabulary.spell(word)]


@pytest.mark.parametrize(
    ("word", "tokens"),
    [
        ("don’t", ["D", "O", "N", "'", "T"]),
        ("Café", ["C", "A", "F", "E"]),
        ("naïve,", ["N", "A", "I", "V", "E"]),
        ("“well-known”", [*"WELLKNOWN"]),
        ("Æsir", ["*", "S", "I", "R"]),
        ("七", ["*"]),
        ("...", []),
        ("|", []),
    ],
)
def test_letters(word: str, tokens: list[str]) -> None:
    assert spelled(CAPITALS, word) == tokens


@pytest.mark.parametrize(
    ("word", "tokens"),
    [
        ("Seven", ["▁se", "ven"]),
        ("the", ["▁the"]),
        ("“Seven", ["▁se", "ven"]),
        ("vens", ["▁", "ven", "s"]),
        ("字", ["▁", "字"]),
        ("sévén", ["▁se", "ven"]),
        ("x", ["▁", "*"]),
    ],
)
def test_pieces(word: str, tokens: list[str]) -> None:
    assert spelled(PIECES, word) == tokens


def words(vocabulary: Vocabulary, tokens: list[str]) -> list[tuple[str, int, int]]:
    numbers = [vocabulary.tokens.index(token) for token in tokens]
    spans = [Span(number, place, place + 1, 0.5) for place, number in enumerate(numbers)]
    return [(word.text, word.first, word.past) for word in vocabulary.words(spans)]


def test_words_of_letters() -> None:
    assert words(CAPITALS, ["|", "A", "|", "|", "B", "C", "|"]) == [("A", 1, 2), ("BC", 4, 6)]
    assert words(CAPITALS, []) == words(CAPITALS, ["|"]) == []


def test_words_of_pieces() -> None:
    assert words(PIECES, ["▁the", "▁se", "ven", "s"]) == [("the", 0, 1), ("sevens", 1, 4)]
    assert words(PIECES, ["ven", "▁", "s", "e"]) == [("ven", 0, 1), ("se", 2, 4)]
    assert words(PIECES, ["▁", "字", "字"]) == [("字", 1, 2), ("字", 2, 3)], "no spaces in this script"
