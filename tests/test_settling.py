"""How late words of a stream settle, as the benchmark counts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from asr_plugins.fake import Fake

from asrcli.audio.decode import decode
from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice
from asrcli.types import Recording
from benchmarks.settling import Remembering, delays, settled

DIGITS = Path(__file__).parent / "data/digits/string00.wav"


def test_each_word_is_as_late_as_the_text_that_holds_all_of_it() -> None:
    words = [("it", 1.0), ("is", 1.5), ("not", 2.0), ("over", 2.5)]
    assert delays(words, "It is over.", [(2, 2.0), (4, 3.0), (11, 6.0)]) == [1.0, 4.5, 3.5]  # "not" was not recognised
    assert delays(words[:2], "It was is", [(2, 2.0), (4, 3.0), (9, 6.0)]) == [1.0, 4.5]


def test_what_was_recognised_once_is_not_asked_again_and_costs_as_much() -> None:
    samples = np.concatenate([*decode(Recording(str(DIGITS)), print)])
    recogniser = Remembering(Choice(Fake, Weights("pace=2", None), Device(threads=1)))
    text, steps, _ = settled(recogniser, samples, float("inf"))
    engine = recogniser.load()
    assert isinstance(engine, Fake)
    calls = engine.calls
    assert text and calls and steps[-1][0] == len(text) and recogniser.saved == 0
    assert settled(recogniser, samples, float("inf"))[0] == text
    assert engine.calls == calls and recogniser.saved > 0
