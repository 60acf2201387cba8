"""Text and words from tokens: Chinese, English and mixed."""

from __future__ import annotations

import pytest
from asr_plugins.firered.vocabulary import Vocabulary, read_tokens

from asrcli.errors import ModelError

TOKENS = ["<blank>", "<unk>", "<pad>", "<sos>", "<eos>", "▁HE", "LLO", "▁", "S", "▁DON", "'", "T", "你", "好", "<sil>"]


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "dict.txt"
    path.write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)), encoding="utf-8")
    return lambda lower=True: Vocabulary(path, len(TOKENS), lower)


def ids(*tokens):
    return [TOKENS.index(token) for token in tokens]


CASES = [  # tokens, text, words
    (["你", "好"], "你好", ["你", "好"]),
    (["▁HE", "LLO", "▁DON", "'", "T"], "hello don't", ["hello", "don't"]),
    (["▁HE", "LLO", "你", "好"], "hello你好", ["hello", "你", "好"]),
    (["你", "▁HE", "LLO", "好", "▁", "S"], "你 hello好 s", ["你", "hello", "好", "s"]),
    (["LLO", "S", "▁HE"], "llos he", ["llos", "he"]),
    (["▁HE", "<sil>", "LLO"], "hello", ["he", "llo"]),
    (["<sil>", "<blank>"], "", []),
    (["▁"], "", []),
    ([], "", []),
]


@pytest.mark.parametrize(("tokens", "text", "words"), CASES)
def test_text_and_words(vocabulary, tokens, text, words):
    lower = vocabulary()
    assert lower.text(ids(*tokens)) == text
    grouped = lower.words(ids(*tokens))
    assert [word for word, _, _ in grouped] == words
    assert "".join(words) == text.replace(" ", "")
    edges = [edge for _, first, past in grouped for edge in (first, past)]
    assert edges == sorted(edges)


def test_first_generation_writes_capitals(vocabulary):
    capitals = vocabulary(lower=False)
    assert capitals.text(ids("▁HE", "LLO", "你")) == "HELLO你"
    assert capitals.words(ids("▁HE", "LLO")) == [("HELLO", 0, 2)]


def test_one_field_takes_the_line_number(tmp_path):
    (tmp_path / "dict.txt").write_text("<blank>\n你 1\n<space> 2\n\n好\n", encoding="utf-8")
    assert read_tokens(tmp_path / "dict.txt") == ["<blank>", "你", " ", " ", "好"]


@pytest.mark.parametrize("text", ["a 0\nb 2\n", "a 1\n", "a b c\n", "a zero\n"])
def test_wrong_numbers(tmp_path, text):
    (tmp_path / "dict.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"dict\.txt line \d is"):
        read_tokens(tmp_path / "dict.txt")


def test_not_utf8(tmp_path):
    (tmp_path / "dict.txt").write_bytes("你 0\n".encode("gbk"))
    with pytest.raises(ModelError, match="UnicodeDecodeError"):
        read_tokens(tmp_path / "dict.txt")
