"""The engine whose model is in its wheel: on read speech, and what it must not depend on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pytest
from asr_plugins.pocketsphinx import PocketSphinx, is_word, split_at_pauses

from asrcli.engine import Device, Weights
from asrcli.types import Clip, Options, Recording, Word
from tests.clips import clip, first_seconds, noise

ROOT = Path(__file__).parent.parent
WORDS = Options(word_timestamps=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[PocketSphinx]:
    yield PocketSphinx(Weights("en-us", None), Device())


@pytest.fixture(scope="module")
def librivox(shared: Path) -> list[tuple[Clip, str]]:
    texts = sorted((shared / "audio/librivox").glob("*.txt"))
    return [(clip(text.with_suffix(".wav")), text.read_text().strip()) for text in texts]


@pytest.mark.slow
def test_hears_read_speech_as_well_as_by_hand(engine: PocketSphinx, librivox: list[tuple[Clip, str]]) -> None:
    clips, references = zip(*librivox, strict=True)
    found = engine.transcribe(clips, Options())
    hypotheses = [" ".join(segment.text for segment in own) for own in found]
    assert jiwer.wer(list(references), hypotheses) <= 0.282, "the whole utterance in one call gives 28.2 %"


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.0, 30.0])
def test_a_clip_is_heard_the_same_after_any_other(
    engine: PocketSphinx, librivox: list[tuple[Clip, str]], seconds: float
) -> None:
    clips = [first_seconds(one, seconds) for one, _ in librivox[:2]]
    first = engine.transcribe(clips, WORDS)
    loud = Clip(Recording("loud"), 0.0, np.clip(clips[0].samples * 20, -1, 1).astype(np.float32))
    engine.transcribe([noise(seconds / 6, 6.0), loud], WORDS)
    assert all(first) and engine.transcribe(clips[::-1], WORDS)[::-1] == first, "to the last digit of the scores"


@pytest.mark.slow
def test_every_word_lies_on_sound(engine: PocketSphinx, digit_strings: list[tuple[Path, str]]) -> None:
    heard = clip(digit_strings[0][0])
    [segments] = engine.transcribe([heard], WORDS)
    words = [word for segment in segments for word in segment.words]
    assert len(words) == len(digit_strings[0][1].split())
    for word in words:
        own = heard.samples[int(word.start * 16000) : int(word.end * 16000)]
        assert float(np.abs(own).max()) > 0.1, word
        assert 0.05 < word.end - word.start < 1.5 and word.score is not None and 0 <= word.score <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("count", "seconds"), [(1, 3.0), (2, 30.0)])
def test_markers_are_no_words(
    engine: PocketSphinx, librivox: list[tuple[Clip, str]], count: int, seconds: float
) -> None:
    assert not any(is_word(token) for token in ("<s>", "</s>", "<sil>", "[NOISE]", "[SPEECH]", "++UM++"))
    for own in engine.transcribe([first_seconds(one, seconds) for one, _ in librivox[:count]], WORDS):
        for segment in own:
            assert segment.text.replace(" ", "").replace("'", "").isalpha(), "no (2), no <sil>"
            assert segment.text == " ".join(word.text for word in segment.words)


def test_segments_end_at_pauses() -> None:
    words = [Word("a", 0.0, 0.4), Word("b", 0.5, 0.9), Word("c", 2.0, 2.4)]
    assert [[word.text for word in group] for group in split_at_pauses(words)] == [["a", "b"], ["c"]]
    assert split_at_pauses([]) == []


@pytest.mark.slow
def test_words_only_when_asked_for(engine: PocketSphinx, digit_strings: list[tuple[Path, str]]) -> None:
    [segments] = engine.transcribe([clip(digit_strings[0][0])], Options())
    assert segments and not any(segment.words for segment in segments) and segments[0].language == "en"


@pytest.mark.slow  # a busy machine gives turns to others, too
def test_other_threads_run_meanwhile(engine: PocketSphinx, librivox: list[tuple[Clip, str]]) -> None:
    """Python must get a turn at least every second: that is when Ctrl-C is noticed."""
    long = Clip(Recording("long"), 0.0, np.concatenate([one.samples for one, _ in librivox])[: 12 * 16000])
    turns, done = [time.monotonic()], threading.Event()

    def watch() -> None:
        while not done.is_set():
            time.sleep(0.005)
            turns.append(time.monotonic())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    engine.transcribe([long], Options())
    took = time.monotonic() - began
    done.set()
    watcher.join()
    longest = max(later - earlier for earlier, later in pairwise(turns))
    assert longest < took / 3, "the decoder gives the interpreter back between chunks of a second"


@pytest.mark.slow
def test_says_nothing_on_its_own() -> None:
    code = (
        "from asr_plugins.pocketsphinx import PocketSphinx; from asrcli.engine import Device, Weights\n"
        "from asrcli.types import Options; from tests.clips import clip, noise\n"
        "engine = PocketSphinx(Weights('en-us', None), Device())\n"
        "engine.transcribe([clip('tests/data/digits/string01.wav'), noise(0.02, 3.0)], Options())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
