"""A sentence in another language than its recording, within one clip."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.fake import Fake

import asrcli
from asrcli.pipeline.tongues import in_own_language
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Region, Segment

EXAMPLES = Path(__file__).parent.parent / "examples"
SPEECH = (Region(100.0, 104.0), Region(105.0, 109.0), Region(110.0, 111.0))
CLIP = Clip(Recording("a.wav"), 100.0, np.zeros(12 * SAMPLE_RATE, np.float32), SPEECH, language="en")
FIRST = Segment("Ever tried.", 100.0, 104.0, language="en", score=0.9)
LAST = Segment("Fail better.", 110.0, 111.0, language="en", score=0.9)
NONSENSE = Segment("Hoytist met her", 105.0, 109.0, language="en", score=0.4, flags=("low_confidence",))


@pytest.mark.parametrize(
    ("before", "guess", "score", "flags", "among", "counts"),
    [
        (None, {"de": 0.95}, 0.9, (), (), True),
        (None, {"de": 0.95}, None, (), (), True),
        (None, {"de": 0.8, "en": 0.1}, 0.9, (), (), False),  # perhaps
        (None, {"en": 0.99}, 0.9, (), (), False),
        (None, {"de": 0.95}, 0.5, (), (), False),  # a gap says more than words that nobody said
        (None, {"de": 0.95}, 0.9, ("low_confidence",), (), False),
        (None, {"de": 0.95, "fr": 0.02}, 0.9, (), ("en", "fr"), False),
        (NONSENSE, {"de": 0.95}, 0.5, ("low_confidence",), (), True),  # doubtful still, and less so
        (NONSENSE, {"de": 0.95}, 0.3, (), (), False),
        (NONSENSE, {"de": 0.95}, 0.9, ("repeat_loop",), (), False),
    ],
)
def test_a_stretch_without_a_good_text_is_recognised_in_its_own_language(
    before: Segment | None,
    guess: dict[str, float],
    score: float | None,
    flags: tuple[str, ...],
    among: tuple[str, ...],
    counts: bool,
) -> None:
    segments = [FIRST, *([before] if before else []), LAST]

    def identify(pieces: Sequence[Clip]) -> list[dict[str, float]]:
        assert [(one.start, one.end, one.speech) for one in pieces] == [(105.0, 109.0, SPEECH[1:2])]
        return [guess]

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        assert [one.language for one in pieces] == ["de"]
        return [[Segment("Heute ist es schön.", 105.0, 109.0, language="de", score=score, flags=flags)]]

    found = in_own_language(CLIP, segments, identify, hear, among)
    assert [one.text for one in found] == (
        [FIRST.text, "Heute ist es schön.", LAST.text] if counts else [*(one.text for one in segments)]
    )
    if counts:
        assert (found[1].language, found[1].language_score) == ("de", 0.95)


def test_nothing_is_asked_about_a_clip_with_good_texts() -> None:
    def never(pieces: Sequence[Clip]) -> list[list[Segment]]:
        raise AssertionError

    every = [FIRST, Segment("Heute ist es schön.", 105.0, 109.0, score=0.9), LAST]
    assert in_own_language(CLIP, every, never, never) == every  # type: ignore[arg-type]
    short = [FIRST, Segment("Heute ist es", 105.0, 107.0, score=0.9), LAST]  # 2 s without text
    assert in_own_language(CLIP, short, never, never) == short  # type: ignore[arg-type]


@pytest.mark.parametrize("language", [None, "en"])
def test_a_recording_says_which_part_is_in_another_language(
    language: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the vote is doubted: a language that was asked for is that of every part."""
    with wave.open(str(tmp_path / "three.wav"), "wb") as joined:
        for name in ("garden-awb", "lights-slt", "station-awb"):
            with wave.open(str(EXAMPLES / f"{name}.wav")) as part:
                if not joined.getnframes():
                    joined.setparams(part.getparams())
                joined.writeframes(part.readframes(part.getnframes()) + bytes(2 * part.getframerate()))
            ends = joined.getnframes() / joined.getframerate()

    def hear(self: Fake, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        english = [
            Segment("We sat in the garden.", 0.0, 2.5),
            Segment("We will meet tomorrow.", ends - 4.0, ends - 1.0),
        ]
        german = [Segment("Mach das Licht aus.", 0.0, 2.0)]
        return [english if not one.again else german if one.language == "de" else [] for one in clips]

    def identify(self: Fake, clips: Sequence[Clip]) -> list[dict[str, float]]:
        return [{"de": 0.97} if one.again else {"en": 0.97} for one in clips]

    monkeypatch.setattr(Fake, "transcribe", hear)
    monkeypatch.setattr(Fake, "identify_language", identify)
    said: list[str] = []
    (made,) = asrcli.transcribe(tmp_path / "three.wav", engine="fake", language=language, on_note=said.append)
    assert made.language == "en"
    assert [one.language for one in made.segments] == (["en", "en"] if language else ["en", "de", "en"])
    assert any("in 'de', and written so" in line for line in said) == (language is None), said


TRANSLATED = Segment("Today it is fine.", 105.0, 109.0, language="en", score=0.93)
OVER_BOTH = Segment("Fail again, today it is fine.", 103.0, 109.0, language="en", score=0.93)


@pytest.mark.parametrize(
    ("before", "share", "guess", "score", "flags", "written", "doubted"),
    [
        (TRANSLATED, 0.55, {"de": 0.97}, 0.8, (), True, False),
        (TRANSLATED, None, {"de": 0.97}, 0.8, (), False, False),  # nobody asked about this clip
        (TRANSLATED, 0.99, {"de": 0.97}, 0.8, (), False, False),
        (TRANSLATED, 0.55, {"de": 0.97}, 0.5, ("low_confidence",), False, True),
        (TRANSLATED, 0.55, {"de": 0.97}, 0.95, ("repeat_loop",), False, True),
        (TRANSLATED, 0.55, {"de": 0.5, "nl": 0.45}, 0.9, (), False, True),  # some other language
        (TRANSLATED, 0.55, {"de": 0.5, "en": 0.45}, 0.9, (), False, False),
        (OVER_BOTH, 0.55, {"de": 0.97}, 0.9, (), False, True),  # the English in it would be lost
    ],
)
def test_what_may_be_a_translation_is_written_in_its_own_language_or_doubted(
    before: Segment,
    share: float | None,
    guess: dict[str, float],
    score: float,
    flags: tuple[str, ...],
    written: bool,
    doubted: bool,
) -> None:
    def identify(pieces: Sequence[Clip]) -> list[dict[str, float]]:
        assert [(one.start, one.end) for one in pieces] == [(100.0, 104.0), (105.0, 109.0)]
        return [{"en": 0.99}, guess]

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        return [[Segment("Heute ist es schön.", 105.0, 109.0, language="de", score=score, flags=flags)]]

    clip = replace(CLIP, language_score=share)
    found = in_own_language(clip, [FIRST, before], identify, hear)
    assert [one.text for one in found] == [FIRST.text, "Heute ist es schön." if written else before.text]
    assert found[1].language == ("de" if written else "en")
    assert ("low_confidence" in found[1].flags) is doubted


@pytest.mark.parametrize(("share", "language"), [(0.55, "de"), (0.99, "en")])
def test_the_clips_that_vote_say_how_sure_they_are(
    share: float, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hear(self: Fake, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        texts = ["Mach das Licht aus." if one.language == "de" else "Turn off the light." for one in clips]
        return [[Segment(text, 0.1, one.seconds - 0.1)] for text, one in zip(texts, clips, strict=True)]

    def identify(self: Fake, clips: Sequence[Clip]) -> list[dict[str, float]]:
        return [{"de": 0.97} if one.again else {"en": share, "de": 1 - share} for one in clips]

    monkeypatch.setattr(Fake, "transcribe", hear)
    monkeypatch.setattr(Fake, "identify_language", identify)
    (made,) = asrcli.transcribe(EXAMPLES / "lights-slt.wav", engine="fake")
    assert [one.language for one in made.segments] == [language]
