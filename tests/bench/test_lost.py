"""Which words count as lost, as found, and which marks as false."""

from __future__ import annotations

import pytest

from asrcli.types import Recording, Region, Segment, Transcript
from benchmarks.lost import Counts, Said, count
from benchmarks.marks import interval, row

SAID = (Said("she put back letters", 0.0, 4.0), Said("most harvest was lost then", 10.0, 15.0))


def counted(*segments: Segment, gaps: tuple[Region, ...] = ()) -> Counts:
    return count(SAID, Transcript(Recording("a.wav"), segments, "fake", gaps=gaps))


def test_lost_found_and_false() -> None:
    first, second = Segment("she put back letters", 0.0, 4.0), Segment("most harvest was lost then", 10.0, 15.0)
    assert counted(first, second) == Counts(0, 0, 0, 0, 0)
    assert counted(first, second, gaps=(Region(5.0, 6.0),)) == Counts(0, 0, 1, 1, 1), "nobody spoke there"
    assert counted(first) == Counts(5, 0, 0, 0, 0)
    assert counted(first, gaps=(Region(10.0, 15.0),)) == Counts(5, 5, 1, 0, 0)
    wrong = Segment("thank you for watching", 10.0, 15.0, flags=("low_confidence",))
    assert counted(first, wrong) == Counts(5, 5, 1, 0, 0)
    assert counted(first, Segment("most harvest", 10.0, 12.0), gaps=(Region(12.5, 15.0),)) == Counts(3, 3, 1, 0, 0)
    assert counted(first, Segment("most or harvest lost then", 10.0, 15.0)).lost == 0, "two words are no run"


def test_a_flag_over_one_wrong_word_is_not_false() -> None:
    first, flags = Segment("she put back letters", 0.0, 4.0), ("low_confidence",)
    right = Segment("most harvest was lost then", 10.0, 15.0, flags=flags)
    assert counted(first, right) == Counts(0, 0, 1, 1, 1)
    for text in ("most harvest was lossed then", "most harvest was lost", "most harvest was lost then there"):
        assert counted(first, Segment(text, 10.0, 15.0, flags=flags)) == Counts(0, 0, 1, 0, 1), text


def test_words_written_elsewhere_are_lost() -> None:
    """A text that stands in its order, and seconds from where it was said, was not heard there."""
    assert (
        counted(Segment("she put back letters", 0.0, 4.0), Segment("most harvest was lost then", 20.0, 25.0)).lost == 5
    )


def test_words_of_a_recording_may_have_their_own_places() -> None:
    said = Said("one, two", 10.0, 20.0, places=(11.0, 19.0))
    assert said.words(lambda text: text.strip(",")) == [("one", 11.0), ("two", 19.0)]
    assert Said("one two", 10.0, 20.0).words(str) == [("one", 12.5), ("two", 17.5)]


def test_recordings_together_have_the_interval_of_their_count() -> None:
    """The ends are those of Garwood's table (1936)."""
    assert [interval(count) for count in (0, 1, 5)] == [
        pytest.approx((0.0, 3.689), abs=1e-3),
        pytest.approx((0.025, 5.572), abs=1e-3),
        pytest.approx((1.623, 11.668), abs=1e-3),
    ]
    one = Counts(lost=40, found=30, marks=9, false=1, slight=2)
    assert row("all", [one, one], 1800.0) == "| all | 30 | 80 | 75.0 | 18 | 2 | 4.0 (0.5 to 14.4) |"
