"""Signs of a punctuation model in texts of several scripts. The signs are given; what is written is known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from asrcli.pipeline.punctuation import punctuate
from asrcli.types import Segment, Word


class Given:
    """Answers with the signs after the words that it was told."""

    def __init__(self, signs: str) -> None:
        self.signs = [sign.replace("-", "") for sign in signs.split()]
        self.asked: list[list[str]] = []

    def marks(self, texts: Sequence[Sequence[str]]) -> list[list[str]]:
        self.asked = [list(text) for text in texts]
        return [self.signs[: len(text)] for text in texts]


@pytest.mark.parametrize(
    ("text", "signs", "written"),
    [
        ("hello how are you", "， - - ？", "Hello, how are you?"),
        ("i'm ok how are you i am fine", "- 。 - - ？ - - 。", "I'm ok. How are you? I am fine."),
        ("SEVEN THREE NINE", "， ， 。", "Seven, three, nine."),
        ("今天很好", "- - - 。", "今天很好。"),
        ("你好世界", "- ， - ！", "你好，世界！"),
        ("我说ok你呢", "- - ， - ？", "我说ok，你呢？"),
        ("我说 ok 你呢", "- - ， - ？", "我说 ok，你呢？"),
        ("yes", "。", "Yes."),
        ("好", "。", "好。"),
        ("", "", ""),
    ],
)
def test_text(text: str, signs: str, written: str) -> None:
    model = Given(signs)
    (found,) = punctuate([Segment(text, 0.0, 1.0)], model)  # type: ignore[arg-type]
    assert found.text == written


def test_words_keep_their_times_and_get_the_signs() -> None:
    words = tuple(Word(text, at, at + 0.5, 0.9) for at, text in enumerate(("well-known", "don't", "go")))
    segment = Segment("well-known don't go", 0.0, 3.0, words)
    (found,) = punctuate([segment], Given("， - 。"))  # type: ignore[arg-type]
    assert found.text == "Well-known, don't go."
    assert [word.text for word in found.words] == ["Well-known,", "don't", "go."]
    assert [(word.start, word.end, word.score) for word in found.words] == [(at, at + 0.5, 0.9) for at in range(3)]


def test_what_has_punctuation_stays() -> None:
    model = Given("。 。")
    segments = [Segment("It is 3.5 percent.", 0, 1), Segment("no more", 1, 2), Segment("3.5 percent", 2, 3)]
    found = punctuate(segments, model)  # type: ignore[arg-type]
    assert [one.text for one in found] == ["It is 3.5 percent.", "No. More.", "3.5. Percent."]
    assert found[0] is segments[0] and model.asked == [["no", "more"], ["3.5", "percent"]]


def test_characters_are_asked_for_one_by_one() -> None:
    model = Given("- - - -")
    punctuate([Segment("我说ok吧", 0, 1)], model)  # type: ignore[arg-type]
    assert model.asked == [["我", "说", "ok", "吧"]]
