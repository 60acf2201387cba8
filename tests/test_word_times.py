"""`asr transcribe --word-timestamps`: every word of every engine has a time, and says where it came from."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from asr_plugins.fake import Fake
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner
from asr_plugins.whisper import Whisper
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Run

from asrcli import api
from asrcli.alignment.choice import AlignerChoice, aligner_for, choose_aligner, prepare_aligner
from asrcli.alignment.words import FAR, AlignedTimes, _with_own, own_times, shared
from asrcli.audio.inputs import Found
from asrcli.engine import Device, Engine, Weights
from asrcli.engines import selection
from asrcli.engines.selection import Setup
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.formats import layout
from asrcli.outputs.naming import Naming
from asrcli.runs.plan import Request, plan
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


def test_the_aligner_is_loaded_once_for_all_runs_and_called_by_one_at_a_time() -> None:
    """Each request to asr serve, and each call of a Transcriber, loaded it anew: 1 to 3 s."""
    loads, busy = [], threading.Lock()

    class Counting(PocketSphinxAligner):
        def __init__(self, weights: Weights, device: Device) -> None:
            loads.append(weights)
            super().__init__(weights, device)

        def align(self, *given: Any) -> Any:
            assert busy.acquire(blocking=False), "two threads at once"
            try:
                return super().align(*given)
            finally:
                busy.release()

    choice = AlignerChoice(Counting, Weights("en-us", None), Device())
    heard = clip(EXAMPLES / "station-awb.wav")
    said = [Segment("We will meet at the station", 0.0, heard.seconds, language="en")]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: AlignedTimes(choice, print)(heard, said), range(3)))
    assert len(loads) == 1 and found[0] == found[1] == found[2]
    assert all(word.source == "aligned" for word in found[0][0].words)


def test_an_engine_without_times_gets_those_of_the_aligner(wordless: type[Wordless], tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    (tmp_path / "a.txt").write_text("We will meet at the station at half past 7 — tomorrow evening.")
    (made,) = api.transcribe(tmp_path / "a.wav", engine="wordless", word_timestamps=True)
    words = {word.text: word for word in check_words(made)}
    assert words["7"].source == "aligned" and words["—"].source == "interpolated"
    assert abs(words["7"].start - 2.24) < 0.05 and abs(words["7"].end - 2.51) < 0.05
    assert all(word.status is None for word in words.values())


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("format", ["ctm", "textgrid", "eaf"])
def test_formats_of_words_turn_word_times_on(wordless: type[Wordless], tmp_path: Path, format: str) -> None:
    """Half past seven is said at 2.24 s in the recording; a share of the letters is far from that."""
    (tmp_path / "a.wav").write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    (tmp_path / "a.txt").write_text("We will meet at the station at half past seven tomorrow evening")
    naming = Naming(str(tmp_path / "out"))
    (made,) = api.transcribe(tmp_path / "a.wav", engine="wordless", formats=(format,), naming=naming)
    words = check_words(made)
    assert {word.source for word in words} == {"aligned"} and abs(words[9].start - 2.24) < 0.05
    if format == "ctm":
        lines = (tmp_path / "out/a.ctm").read_text().splitlines()
        assert abs(float(lines[9].split()[2]) - 2.24) < 0.05 and len(lines) == 12


def test_karaoke_turns_word_times_on(tmp_path: Path) -> None:
    karaoke = Request((Found("a.wav"),), engine="fake", formats=("srt",), layout=layout(highlight_words=True))
    assert plan(karaoke).request.options.word_timestamps
    assert not plan(replace(karaoke, layout=layout())).request.options.word_timestamps


def test_without_word_times_utterances_are_written(wordless: type[Wordless], tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes((EXAMPLES / "station-awb.wav").read_bytes())
    (tmp_path / "a.txt").write_text("Wir treffen uns")
    wanted = Request((Found(str(tmp_path / "a.wav")),), engine="wordless", options=Options(language="de"))
    with pytest.raises(UsageError, match=r"ctm holds words .* no aligner here speaks 'de'.*-f stm holds segments"):
        plan(replace(wanted, formats=("ctm",)))
    planned = plan(replace(wanted, formats=("textgrid",)))
    assert planned.request.options.word_timestamps is None
    assert any("textgrid: segments without word times, since engine 'wordless'" in text for text in planned.notices)


def test_refused_word_times_are_not_made_up(wordless: type[Wordless]) -> None:
    off = Options(language="en", word_timestamps=False)
    wanted = Request((Found("a.wav"),), engine="wordless", options=off)
    with pytest.raises(UsageError, match="leave --no-word-timestamps out"):
        plan(replace(wanted, formats=("ctm",)))
    with pytest.raises(UsageError, match="--highlight-words needs to know"):
        plan(replace(wanted, formats=("ass",), layout=layout(highlight_words=True)))
    assert plan(replace(wanted, formats=("textgrid",))).aligner is None


@pytest.mark.slow
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


# The better of two sources


@pytest.mark.parametrize(("language", "better"), [("en", True), (None, True), ("fr", False)])
def test_who_is_nearer_the_truth_times_the_words(language: str | None, better: bool) -> None:
    asked = Options(word_timestamps=True, language=language)
    assert aligner_for(Whisper, asked, None) == ((PocketSphinxAligner, "en-us") if better else None)
    assert aligner_for(Whisper, asked, "engine") is None


def test_only_an_engine_with_times_can_keep_them() -> None:
    with pytest.raises(UsageError, match="'wordless' has no word times of its own"):
        aligner_for(Wordless, WORDS, "engine")


def test_the_engines_times_stay_where_the_aligner_does_not_speak() -> None:
    said: list[str] = []
    timer = AlignedTimes(AlignerChoice(PocketSphinxAligner, Weights("en-us", None), Device()), said.append)
    one = clip(EXAMPLES / "lights-slt.wav")
    heard = Segment("bonjour", 0.0, 1.0, words=(Word("bonjour", 0.2, 0.9),), language="fr")
    assert timer(one, [heard]) == (heard,) and said == []
    timer(one, [replace(heard, words=())])
    assert len(said) == 1 and "'fr'" in said[0]


def test_each_language_of_a_clip_is_timed_by_who_speaks_it() -> None:
    """The language of the first segment counted for all: what the engine had timed of the others was thrown away."""
    timer = AlignedTimes(AlignerChoice(PocketSphinxAligner, Weights("en-us", None), Device()), print)
    one = clip(EXAMPLES / "station-awb.wav")
    english = Segment("We will meet at the station", 0.0, 2.0, language="en")
    chinese = Segment("你好", 2.0, 3.0, words=(Word("你好", 2.2, 2.9),), language="zh")
    first, second = timer(one, [english, chinese])
    assert all(word.source == "aligned" for word in first.words) and second == chinese
    assert timer(one, [chinese, english]) == (second, first)


TIMES = st.lists(st.integers(0, 100), min_size=2, max_size=12).map(sorted)


@given(TIMES, TIMES, st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_engines_times_fill_what_the_aligner_left(aligned: list[int], own: list[int], found: list[bool]) -> None:
    count = min(len(aligned), len(own)) // 2
    placed = [
        Word(str(at), aligned[2 * at], aligned[2 * at + 1], source="aligned" if found[at] else "interpolated")
        for at in range(count)
    ]
    theirs = [Word(str(at), own[2 * at], own[2 * at + 1], score=0.5) for at in range(count)]
    filled = _with_own(placed, theirs)
    near = [
        word.source == "aligned" and max(word.start - own.end, own.start - word.end) <= FAR
        for word, own in zip(placed, theirs, strict=True)
    ]
    assert [word for word, kept in zip(filled, near, strict=True) if kept] == [
        replace(word, score=0.5) for word, kept in zip(placed, near, strict=True) if kept
    ], "times of the aligner, and how sure the engine is"
    assert all(word.source == "model" for word, kept in zip(filled, near, strict=True) if not kept)
    times = [time for word in filled for time in (word.start, word.end)]
    assert times == sorted(times)
    assert _with_own(placed, theirs[1:]) == placed, "other words: nothing is known"


def test_a_word_far_from_where_the_engine_heard_it_keeps_the_engines_time() -> None:
    """As real Whisper and PocketSphinx had it: "the" of "the reporting" 1.7 s early, before the pause and an "um"."""
    own = [Word("The", 10.03, 10.59), Word("reporting", 10.59, 11.07)]
    aligned = [Word("The", 8.83, 9.03, source="aligned"), Word("reporting", 10.62, 11.05, source="aligned")]
    assert _with_own(aligned, own) == [own[0], aligned[1]]


def test_an_aligned_word_keeps_how_sure_the_engine_is() -> None:
    """Whisper doubted "sick" (0.30) and not "is"; PocketSphinx, whose "is" fits badly (0.17), finds "sick" clearly."""
    own = [Word("is", 2.0, 2.2, score=0.99), Word("sick", 2.7, 2.9, score=0.3), Word("corpus", 3.0, 3.6)]
    aligned = [
        replace(word, source="aligned", score=score) for word, score in zip(own, (0.17, 0.89, 0.75), strict=True)
    ]
    assert [word.score for word in _with_own(aligned, own)] == [0.99, 0.3, 0.75]
