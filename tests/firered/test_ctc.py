"""Alignment by the CTC branch: against every path there is, and what becomes of pauses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from asr_plugins.firered.vocabulary import BLANK, align, clip_times, path_states, token_times
from hypothesis import given, settings
from hypothesis import strategies as st


def collapse(path):
    return [symbol for symbol, _ in itertools.groupby(path) if symbol != BLANK]


def best_path(log_probs, tokens):
    """Try all paths and return the best one that says the tokens, with its score."""
    frames, symbols = log_probs.shape
    paths = [path for path in itertools.product(range(symbols), repeat=frames) if collapse(path) == list(tokens)]
    scores = [sum(log_probs[frame, symbol] for frame, symbol in enumerate(path)) for path in paths]
    return (paths[int(np.argmax(scores))], max(scores)) if paths else (None, None)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000), frames=st.integers(1, 6), tokens=st.lists(st.integers(1, 3), min_size=1, max_size=4)
)
def test_viterbi_finds_the_best_of_all_paths(seed, frames, tokens):
    log_probs = np.log(np.random.RandomState(seed).dirichlet(np.ones(4), frames))
    path, score = best_path(log_probs, tokens)
    spans = align(log_probs[:, path_states(tokens)], tokens)
    assert (spans is None) == (path is None)
    if spans is None:
        return
    drawn = np.full(frames, BLANK)
    for token, (first, past) in zip(tokens, spans, strict=True):
        drawn[first:past] = token
    assert collapse(drawn) == tokens
    assert sum(log_probs[range(frames), drawn]) == pytest.approx(score)


@pytest.mark.parametrize("tokens", [[], [BLANK], [1, BLANK, 2], [1, 2, 3, 4], [1, 1, 1]])
def test_what_cannot_be_aligned(tokens):
    assert align(np.zeros((3, 2 * len(tokens) + 1)), tokens) is None


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
