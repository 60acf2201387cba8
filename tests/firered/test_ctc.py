"""The times of tokens by the CTC branch: what becomes of pauses, and that they stay in the clip."""

from __future__ import annotations

import pytest
from asr_plugins.firered.vocabulary import clip_times, token_times
from hypothesis import given
from hypothesis import strategies as st


def test_pause_is_left_between_words():
    """Ten tokens of 0.2 s, and 4 s of silence in the middle."""
    spans = [(5 * place + 100 * (place >= 5), 5 * place + 100 * (place >= 5) + 2) for place in range(10)]
    times = clip_times(token_times(spans, 155), 6.2)
    starts, ends = zip(*times, strict=True)
    assert starts[5] - ends[4] > 2.5
    assert starts[5] == pytest.approx(spans[5][0] * 0.04 + 0.04 - 0.06)
    assert all(end == start for start, end in zip(starts[1:5], ends[:4], strict=True))


@given(
    frames=st.lists(st.integers(0, 200), min_size=1, max_size=12, unique=True).map(sorted),
    seconds=st.floats(0.1, 9),
)
def test_times_stay_in_the_clip_and_in_order(frames, seconds):
    times = clip_times(token_times([(frame, frame + 1) for frame in frames], frames[-1] + 3), seconds)
    flat = [time for pair in times for time in pair]
    assert all(0 <= time <= seconds for time in flat)
    assert flat == sorted(flat)
