"""Tests of the benchmark that pools recordings: errors of each utterance, and rows with paired intervals."""

from __future__ import annotations

from asrcli.types import Recording, Segment, Transcript
from benchmarks.pooled import errors, row
from benchmarks.spoken import Said

SAID = [Said("red green blue", 0, 1), Said("cats dogs", 2, 3), Said("north south east west", 4, 6)]
RIGHT = "Red, green, blue. Cats, dogs. North, south, east, west."


def heard(text: str) -> Transcript:
    return Transcript(Recording("x"), (Segment(text, 0.0, 6.0),), "whisper")


def test_errors_belong_to_the_utterance_where_they_are() -> None:
    assert errors(SAID, heard(RIGHT)) == ([0, 0, 0], [3, 2, 4])
    assert errors(SAID, heard("red green blew cats dogs and more north south west"))[0] == [1, 2, 1], "after dogs"
    assert errors(SAID, heard(""))[0] == [3, 2, 4]


def test_a_row_has_both_rates_and_their_difference() -> None:
    better, worse = heard(RIGHT), heard("red green blue cats north south east")
    cells = row("made", [SAID] * 3, [[(better, 1.5, 0), (worse, 2.0, 0)]] * 3).strip("| ").split(" | ")
    assert cells[:3] == ["made", "27", "0"] and cells[5] == "4", "seconds of all three"
    assert cells[6] == "6" and cells[7].startswith("22.2 (") and cells[-1].startswith("-22.2 (")
