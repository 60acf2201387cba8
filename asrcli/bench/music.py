"""Music made by the program, so that nobody's recordings are needed: chords, a bass, a tune and drums, from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from asrcli.types import Samples

BEATS = (80.0, 130.0)  # a minute
HARMONICS = 8
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # semitones above the key: I, vi, IV, V
SCALE = (0, 2, 4, 7, 9, 12)  # of the tune: no note of it is at odds with a chord
LOWEST = 110.0  # Hz, of the lowest key


def music(length: int, seed: int) -> Samples:
    """Return ``length`` samples of music: a chord for each bar of four beats, a note for each half beat, drums."""
    import numpy as np

    choice = np.random.default_rng(seed)
    beat = round(SAMPLE_RATE * 60 / choice.uniform(*BEATS))
    key = LOWEST * 2 ** (int(choice.integers(12)) / 12)
    found = np.zeros(length + 4 * beat, np.float64)
    for bar, start in enumerate(range(0, length, 4 * beat)):
        chord = CHORDS[bar % len(CHORDS)]
        for step in chord:
            _add(found, start, tone(_pitch(key, step), 4 * beat) * 0.25)
        for number in range(4):
            at = start + number * beat
            _add(found, at, tone(_pitch(key, chord[0] - 12), beat, decay=3.0) * 0.6)
            _add(found, at, drum(beat, choice, low=number % 2 == 0))
            for half in range(2):
                step = 12 + int(choice.choice(SCALE))
                _add(found, at + half * beat // 2, tone(_pitch(key, step), beat // 2, decay=4.0) * 0.4)
    return found[:length].astype(np.float32)


def tone(pitch: float, length: int, decay: float = 1.0) -> NDArray[Any]:
    """Return a note with its harmonics, which dies away: ``decay`` in nepers a second."""
    import numpy as np

    time = np.arange(length) / SAMPLE_RATE
    numbers = [n for n in range(1, HARMONICS + 1) if n * pitch < SAMPLE_RATE / 2]
    whole = np.sum([np.sin(2 * np.pi * n * pitch * time) / n for n in numbers], axis=0)
    attack = np.minimum(1.0, np.arange(length) / (0.01 * SAMPLE_RATE))
    found: NDArray[Any] = whole * attack * np.exp(-decay * time)
    return found


def drum(length: int, choice: Any, *, low: bool) -> NDArray[Any]:
    """Return a beat of a bass drum, or of a snare."""
    import numpy as np

    time = np.arange(length) / SAMPLE_RATE
    if low:
        found: NDArray[Any] = np.sin(2 * np.pi * 60 * time) * np.exp(-18 * time) * 1.5
        return found
    hit: NDArray[Any] = choice.standard_normal(length) * np.exp(-25 * time) * 0.5
    return hit


def _pitch(key: float, semitones: int) -> float:
    return float(key * 2 ** (semitones / 12))


def _add(whole: NDArray[Any], start: int, part: NDArray[Any]) -> None:
    end = min(len(whole), start + len(part))
    whole[start:end] += part[: end - start]
