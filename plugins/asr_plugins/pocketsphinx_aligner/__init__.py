"""Align English with the acoustic model that is inside the PocketSphinx wheel; works everywhere, with no network.

The best path of the words through the sound is searched for exactly, with phones, and with a way out: sound that is no
word of the text, and words that are not in the sound, are left to the caller instead of being squeezed together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from asrcli.aligner import AlignedWord, Aligner
from asrcli.base.files import cause
from asrcli.engine import Device, Model, Weights
from asrcli.errors import ModelError
from asrcli.types import Clip, Phone, Word

if TYPE_CHECKING:
    from asr_plugins.pocketsphinx_aligner.search import Leaps, Sound

FRAMES_PER_SECOND = 100
# Frame i begins at 10 i ms and lasts 25.6 ms, so its middle is 12.8 ms later, and the border of two frames 7.8 ms.
BORDER = 0.0078
SHORTEST = 0.05  # seconds; a shorter clip holds no word

# A word's score is the logistic function of how well its frames fit, compared with the best base phone of each frame.
# On the recordings of `docs/align.md`, right words lie around 0.4 (read) and -1.7 (mumbled, with a cold), wrong ones
# around -6; -3 is as likely to be one as the other.
EVEN = -3.0
# Words left over between two words that were found are in the sound between those after all when they fit this well, or
# less well but they are few and the time is right for them: mumbled, rather than missing.
MUMBLED_FIT = -3.4
FEW_FIT = -5.5
USUAL_FIT = 0.0  # of right words that were found; where theirs is lower, by a voice or a room, all limits are
FEW_WORDS = 6
FEW_SECONDS = 0.2  # per phone, at most
LEAST_SECONDS = 0.03  # per phone: three states
MUMBLED_SCORE = 0.25  # of such words, at most


class PocketSphinxAligner(Aligner):
    """Exact search with the US English model of CMU PocketSphinx."""

    name = "pocketsphinx"
    rank = 10  # always there
    requires = ("pocketsphinx",)
    models: ClassVar[Mapping[str, Model]] = {
        "en-us": Model(None, size_mb=38, languages=("en",), licence="BSD-2-Clause", layout="pocketsphinx")
    }
    default_model = "en-us"
    loads_folders = False
    max_seconds = 30.0
    recognises = True
    rejects = True

    def __init__(self, weights: Weights, device: Device) -> None:
        from pocketsphinx import get_model_path

        from asr_plugins.pocketsphinx_aligner.acoustic import AcousticModel
        from asr_plugins.pocketsphinx_aligner.pronunciation import Pronouncer

        folder = Path(get_model_path()) / "en-us"
        try:
            self.model = AcousticModel(folder / "en-us")
        except (OSError, ValueError) as error:
            raise ModelError(f"the model in the pocketsphinx package cannot be read: {cause(error)}") from error
        self.pronouncer = Pronouncer(folder / "cmudict-en-us.dict")

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        """Return when each word is said, or ``None`` where the sound is plainly something else."""
        return [self._align(clip, words) for clip, words in zip(clips, texts, strict=True)]

    def recognise(self, clips: Sequence[Clip], words: Sequence[str], language: str | None) -> list[list[Word]]:
        """Return the stretches of ``words`` that are found in each clip, in whatever order they come."""
        return [self._recognise(clip, words) for clip in clips]

    def _align(self, clip: Clip, words: Sequence[str]) -> list[AlignedWord | None]:
        if not words or clip.seconds < SHORTEST:
            return [None] * len(words)
        stretch = Stretch(self._features(clip), words, clip.seconds)
        self._place(stretch, range(len(words)), range(len(stretch.features)), "onward")
        runs = left_over(stretch.found)
        usual = stretch.usual_fit()
        filled = [run for run in runs if self._fill(stretch, *run, usual)]
        for first, last in around(stretch.found, filled):  # the borders beside what was left over were not right either
            start, end = stretch.frames(first, last)
            self._place(stretch, range(first, last), range(start, end), "forced")
        return [
            None if sounds is None else self._word(sounds, clip.seconds, number in stretch.doubtful)
            for number, sounds in enumerate(stretch.found)
        ]

    def _fill(self, stretch: Stretch, first: int, last: int, usual: float) -> bool:
        """Place words between two found ones if the sound between those may well be they; tell whether it is.

        The words beside them may have been found in the wrong place, which leaves no room: they are tried anew too.
        """
        for start, end in ((first, last), (first - 1, last), (first, last + 1), (first - 1, last + 1)):
            if start < 1 or end >= len(stretch.words) or None in (stretch.found[start - 1], stretch.found[end]):
                continue
            before = stretch.found[start:end]
            if self._fits(stretch, start, end, usual):
                stretch.doubtful.update(range(start, end))
                return True
            stretch.found[start:end] = before
        return False

    def _fits(self, stretch: Stretch, first: int, last: int, usual: float) -> bool:
        """Place words ``[first, last)`` into what is between their neighbours; tell whether that is likely."""
        start, end = stretch.frames(first - 1, first)[1], stretch.frames(last, last + 1)[0]
        phones = sum(len(self.pronouncer.pronunciations(word)[0]) for word in stretch.words[first:last])
        share = (end - start) / FRAMES_PER_SECOND / phones
        if share < LEAST_SECONDS:
            return False
        stretch.found[first:last] = [None] * (last - first)
        self._place(stretch, range(first, last), range(start, end), "forced")
        few = last - first <= FEW_WORDS and share <= FEW_SECONDS
        least = (FEW_FIT if few else MUMBLED_FIT) + min(0.0, usual - USUAL_FIT)
        sounds = [sound for own in stretch.found[first:last] for sound in own or ()]
        return None not in stretch.found[first:last] and fit_of(sounds) >= least

    def _place(self, stretch: Stretch, words: range, frames: range, leaps: Leaps) -> None:
        """Search for some of the words in some of the frames."""
        features = stretch.features[frames.start : frames.stop]
        for number, sounds in self._path(features, stretch.words[words.start : words.stop], leaps):
            start = frames.start
            moved = [replace(sound, start=sound.start + start, end=sound.end + start) for sound in sounds]
            stretch.found[words[number]] = moved

    def _recognise(self, clip: Clip, words: Sequence[str]) -> list[Word]:
        if not words or clip.seconds < SHORTEST:
            return []
        found = []
        for number, sounds in self._path(self._features(clip), words, "anywhere"):
            word = self._word(sounds, clip.seconds)
            found.append(Word(words[number], word.start, word.end, word.score))
        return found

    def _features(self, clip: Clip) -> Any:
        from asr_plugins.pocketsphinx_aligner.acoustic import features

        return features(clip.samples)

    def _path(self, features: Any, words: Sequence[str], leaps: Leaps) -> list[tuple[int, list[Sound]]]:
        """Return the numbers of the words on the best path, each with its phones."""
        from asr_plugins.pocketsphinx_aligner.search import Graph, Search

        numbers = self.model.numbers
        ways = [
            [[numbers[phone] for phone in phones] for phones in self.pronouncer.pronunciations(word)] for word in words
        ]
        path: list[tuple[int, list[Sound]]] = []
        for sound in Search(Graph(self.model, ways), features, leaps).sounds():
            if sound.word >= 0 and sound.first:
                path.append((sound.word, []))
            if sound.word >= 0:
                path[-1][1].append(sound)
        return path

    def _word(self, sounds: Sequence[Sound], seconds: float, doubtful: bool = False) -> AlignedWord:
        import math

        def time(frame: int) -> float:
            """Return the seconds at which a frame begins."""
            return round(min(seconds, frame / FRAMES_PER_SECOND + BORDER), 4)

        phones = tuple(Phone(self.model.phones[sound.phone], time(sound.start), time(sound.end)) for sound in sounds)
        score = 1.0 / (1.0 + math.exp(EVEN - fit_of(sounds)))
        score = min(score, MUMBLED_SCORE) if doubtful else score
        return AlignedWord(phones[0].start, phones[-1].end, round(score, 3), phones)


@dataclass(slots=True)
class Stretch:
    """A clip while its words are being placed."""

    features: Any  # (frames, 3, 13)
    words: Sequence[str]
    seconds: float
    found: list[list[Sound] | None] = field(init=False)
    doubtful: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.found = [None] * len(self.words)

    def frames(self, first: int, last: int) -> tuple[int, int]:
        """Return where words ``[first, last)``, all of them placed, begin and end."""
        one, two = self.found[first], self.found[last - 1]
        assert one is not None and two is not None
        return one[0].start, two[-1].end

    def usual_fit(self) -> float:
        """Return how well the words fit that were found: the voice and the microphone."""
        fits = sorted(fit_of(sounds) for sounds in self.found if sounds)
        return fits[len(fits) // 2] if fits else USUAL_FIT


def fit_of(sounds: Sequence[Sound]) -> float:
    """Return how well frames fit on average; 0 is as good as the best base phone of each."""
    frames = sum(sound.end - sound.start for sound in sounds)
    return sum(sound.fit * (sound.end - sound.start) for sound in sounds) / max(1, frames)


def left_over(found: Sequence[object | None]) -> list[tuple[int, int]]:
    """Return the stretches ``[first, last)`` without times that have words with times on both sides."""
    placed = [number for number, word in enumerate(found) if word is not None]
    return [(one + 1, two) for one, two in pairwise(placed) if two - one > 1]


def around(found: Sequence[object | None], filled: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest stretches of placed words around those that were filled in, each once."""
    stretches = set()
    for first, last in filled:
        while first > 0 and found[first - 1] is not None:
            first -= 1
        while last < len(found) and found[last] is not None:
            last += 1
        stretches.add((first, last))
    return sorted(stretches)
