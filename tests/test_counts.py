"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from asrcli.base.counts import count_of


@pytest.mark.parametrize(
    ("things", "said"), [(0, "0 words"), (1, "1 word"), (["a"], "1 word"), (2, "2 words"), (12_345, "12,345 words")]
)
def test_one_is_no_plural(things: int | list[str], said: str) -> None:
    assert count_of(things, "word") == said


def test_plurals_without_an_s() -> None:
    assert (count_of(1, "entry", "entries"), count_of(3, "entry", "entries")) == ("1 entry", "3 entries")
