"""`asr transcribe --word-timestamps`: every word of every engine has a time, and says where it came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
from asr_plugins.fake import Fake
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Run

from asrcli import api
from asrcli.alignment.choice import AlignerChoice, choose_aligner, prepare_aligner
from asrcli.alignment.words import AlignedTimes, aligner_for, own_times, shared
from asrcli.engine import Device, Engine, Weights
from asrcli.engines import selection
from asrcli.engines.selection import Setup
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Clip, Options, Region, Segment, Transcript, Word
from tests.clips import clip

EXAMPLES = Path(__file__).parent.parent / "examples"
WORDS = Options(word_timestamps=True, language="en")


class Wordless(Fake):
    """An engine that hears what stands beside the recording and tells no times."""

    name = "wordless"
    supports: ClassVar[frozenset[str]] = frozenset()
    languages_of: ClassVar[str | None] = "en"

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        assert options.word_timestamps is None, "it was asked for what it cannot do"
        return [[self._read(one)] for one in clips]

    def _read(self, one: Clip) -> Segment:
        text = Path(one.recording.path).with_suffix(".txt").read_text().strip()
        return Segment(text, 0.0, one.seconds, language=self.languages_of)


@pytest.fixture
def wordless(monkeypatch: pytest.MonkeyPatch) -> type[Wordless]:
    """Install the engine for one test."""
    known = selection.load_class

    def load(name: str) -> type[Engine]:
        return Wordless if name == "wordless" else known(name)

    monkeypatch.setattr(selection, "load_class", load)
    return Wordless


def check_words(transcript: Transcript) -> list[Word]:
    """Return all words, after making sure that no time is missing, outside or going back."""
    words = [word for segment in transcript.segments for word in segment.words]
    for segment in transcript.segments:
        assert "".join(word.text for word in segment.words) == "".join(segment.text.split())
        assert segment.start <= segment.words[0].start and segment.words[-1].end <= segment.end
    assert all(0 <= word.start <= word.end <= transcript.seconds for word in words)
    assert all(one.end <= two.start for one, two in pairwise(words))
    assert all(word.source in ("model", "aligned", "interpolated") for word in words)
    return words


def test_an_engine_without_times_gets_those_of_the_aligner(wordless: type[Wordless], tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    (tmp_path / "a.txt").write_text("We will meet at the station at half past 7 — tomorrow evening.")
    (made,) = api.transcribe(tmp_path / "a.wav", engine="wordless", word_timestamps=True)
    words = {word.text: word for word in check_words(made)}
    assert words["7"].source == "aligned" and words["—"].source == "interpolated"
    assert abs(words["7"].start - 2.24) < 0.05 and abs(words["7"].end - 2.51) < 0.05
    assert all(word.status is None for word in words.values())


def test_invented_words_share_the_time_that_is_left(wordless: type[Wordless], tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    (tmp_path / "a.txt").write_text("We will meet at the station thanks for watching please subscribe to my channel")
    (made,) = api.transcribe(tmp_path / "a.wav", engine="wordless", word_timestamps=True)
    words = check_words(made)
    assert [word.source for word in words[:6]] == ["aligned"] * 6
    assert sum(word.source == "interpolated" for word in words) >= 6


def test_a_language_nobody_here_aligns_is_interpolated(
    wordless: type[Wordless], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wordless, "languages_of", "de")
    (tmp_path / "a.wav").write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    (tmp_path / "a.txt").write_text("Wir treffen uns am Bahnhof")
    notes: list[str] = []
    (made,) = api.transcribe(tmp_path / "a.wav", engine="wordless", word_timestamps=True, on_note=notes.append)
    assert {word.source for word in check_words(made)} == {"interpolated"}
    assert any("does not speak 'de'" in note for note in notes)


def test_times_of_its_own_are_kept_and_replaced_on_request(tmp_path: Path) -> None:
    path = tmp_path / "we-will-meet-at-the-station-at-half-past-seven-tomorrow-evening.wav"
    path.write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    (own,) = api.transcribe(path, engine="fake", word_timestamps=True)
    assert {word.source for word in check_words(own)} == {"model"}
    (aligned,) = api.transcribe(path, engine="fake", word_timestamps=True, aligner="pocketsphinx")
    words = check_words(aligned)
    assert {word.source for word in words} == {"aligned"} and aligned.text == own.text
    assert abs(words[9].start - 2.24) < 0.05


def test_what_cannot_be_is_refused_before_anything_loads(wordless: type[Wordless]) -> None:
    with pytest.raises(UsageError, match="'wordless' has no --word-timestamps of its own, and no aligner here"):
        aligner_for(Wordless, Options(word_timestamps=True, language="de"), None)
    with pytest.raises(UsageError, match="give both"):
        aligner_for(Wordless, Options(), "pocketsphinx")
    with pytest.raises(UsageError, match="does not speak 'de'"):
        aligner_for(Wordless, Options(word_timestamps=True, language="de"), "pocketsphinx")
    assert aligner_for(Fake, WORDS, None) is None
    assert aligner_for(Wordless, WORDS, None) is not None
    assert aligner_for(Wordless, WORDS, "pocketsphinx:en-us") == (PocketSphinxAligner, "en-us")


def test_the_best_aligner_that_is_here_is_chosen() -> None:
    aligner, model = choose_aligner("auto", None, "en")
    assert prepare_aligner(aligner, model, Setup(offline=True), print).weights.name == model
    with pytest.raises(EngineUnavailable, match="pocketsphinx: does not speak 'xx'"):
        choose_aligner("auto", None, "xx")


def test_a_long_clip_is_aligned_in_windows() -> None:
    """Clips of engines that hear any length are longer than what an aligner takes."""
    import numpy as np

    pieces = [clip(EXAMPLES / f"{name}.wav").samples for name in ("garden-awb", "lights-slt", "station-awb")] * 4
    texts = [(EXAMPLES / f"{name}.txt").read_text().strip() for name in ("garden-awb", "lights-slt", "station-awb")] * 4
    gap = np.zeros(8_000, np.float32)
    samples = np.concatenate([part for piece in pieces for part in (piece, gap)])
    sound = Clip(clip(EXAMPLES / "garden-awb.wav").recording, 100.0, samples)
    timer = AlignedTimes(AlignerChoice(PocketSphinxAligner, Weights("en-us", None), Device()), print)
    (made,) = timer(sound, [Segment(" ".join(texts), 100.0, sound.end, language="en")])
    assert all(word.source == "aligned" for word in made.words)
    starts = np.cumsum([0, *(len(piece) + 8_000 for piece in pieces)]) / 16_000 + 100.0
    sizes = np.cumsum([0, *(len(text.split()) for text in texts)])
    for number in range(len(pieces)):
        own = made.words[sizes[number] : sizes[number + 1]]
        assert starts[number] <= own[0].start and own[-1].end <= starts[number + 1]


spans = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12)


@settings(max_examples=300)
@given(sizes=spans)
def test_shared_times_stay_in_order(sizes: list[float | None]) -> None:
    words: list[Word] = []
    at = 1.0
    for size in sizes:
        if size is None:
            words.append(Word("abc", at, at, source="interpolated"))
        else:
            words.append(Word("abc", at, at + size, source="aligned"))
            at += size
    kept = shared(words, Region(0.5, at + 1))
    ends = [time for word in kept for time in (word.start, word.end)]
    assert len(kept) == len(words)
    assert all(one <= two + 1e-3 for one, two in pairwise(ends))


def test_an_engine_that_gives_no_words_after_all_has_interpolated_ones() -> None:
    sound = clip(EXAMPLES / "garden-awb.wav")
    given = Segment("a b", 0.0, 1.0, words=(Word("a", 0, 0.5), Word("b", 0.5, 1.0)))
    kept, filled = own_times(sound, [given, Segment("two words", 1.0, 2.0)])
    assert kept == given
    assert [(word.text, word.source) for word in filled.words] == [("two", "interpolated"), ("words", "interpolated")]


def test_in_the_shell(asr: Run, tmp_path: Path) -> None:
    (tmp_path / "we-will-meet.wav").write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    command = ("transcribe", "we-will-meet.wav", "-e", "fake", "--word-timestamps", "-f", "json", "-o", "out")
    assert asr(*command).code == 0
    planned = asr(*command, "--aligner", "pocketsphinx", "--dry-run")
    assert "aligner was not set, now pocketsphinx" in planned.out
    done = asr(*command, "--aligner", "pocketsphinx")
    assert done.code == 0, done.err
    (segment,) = json.loads((tmp_path / "out/we-will-meet.json").read_text())["segments"]
    assert [word["source"] for word in segment["words"]] == ["aligned"] * 3
    refused = asr("transcribe", "we-will-meet.wav", "-e", "fake", "--aligner", "pocketsphinx")
    assert (refused.code, "give both" in refused.err) == (2, True)
