"""Which words count as lost, as found, and which marks as false."""

from __future__ import annotations

from asrcli.types import Recording, Region, Segment, Transcript
from benchmarks.lost import Said, count

SAID = (Said("she put back letters", 0.0, 4.0), Said("most harvest was lost then", 10.0, 15.0))


def counted(*segments: Segment, gaps: tuple[Region, ...] = ()) -> tuple[int, int, int, int]:
    return count(SAID, Transcript(Recording("a.wav"), segments, "fake", gaps=gaps))


def test_lost_found_and_false() -> None:
    first, second = Segment("she put back letters", 0.0, 4.0), Segment("most harvest was lost then", 10.0, 15.0)
    assert counted(first, second) == (0, 0, 0, 0)
    assert counted(first, second, gaps=(Region(5.0, 6.0),)) == (0, 0, 1, 1), "nobody spoke there"
    assert counted(first) == (5, 0, 0, 0)
    assert counted(first, gaps=(Region(10.0, 15.0),)) == (5, 5, 1, 0)
    wrong = Segment("thank you for watching", 10.0, 15.0, flags=("low_confidence",))
    assert counted(first, wrong) == (5, 5, 1, 0)
    assert counted(first, Segment("most harvest", 10.0, 12.0), gaps=(Region(12.5, 15.0),)) == (3, 3, 1, 0)
    assert counted(first, Segment("most or harvest lost then", 10.0, 15.0)) == (0, 0, 0, 0), "two words are no run"


def test_words_written_elsewhere_are_lost() -> None:
    """A text that stands in its order, and seconds from where it was said, was not heard there."""
    assert counted(Segment("she put back letters", 0.0, 4.0), Segment("most harvest was lost then", 20.0, 25.0))[0] == 5
