"""What is heard without text is heard again, and what stays without text is told; where clips meet, sentences do."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.fake import Fake
from audio_files import write_wav

import asrcli
from asrcli.audio.cut import CutOptions
from asrcli.audio.decode import decode
from asrcli.audio.vad import VadOptions
from asrcli.base.join import join_texts
from asrcli.engine import Device, Weights, load_class
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.errors import EngineUnavailable
from asrcli.pipeline.again import is_slow, letters, recognise_again
from asrcli.pipeline.assembly import Assembly, clip_key, settle
from asrcli.pipeline.joints import capitalised
from asrcli.pipeline.parts import without_repeats
from asrcli.runs.execute import pipeline_settings
from asrcli.runs.plan import Request
from asrcli.streaming.listener import Listener, Listening
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Recording, Region, Segment, Timings, Transcript, Word

WORDS = [f"word{number}" for number in range(30)]


@pytest.fixture(scope="module")
def long(digit_strings: list[tuple[Path, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of digits with short pauses, named by its words."""
    out = tmp_path_factory.mktemp("long") / f"{'-'.join(WORDS)}.wav"
    with wave.open(str(out), "wb") as joined:
        for path, _ in digit_strings:
            with wave.open(str(path), "rb") as part:
                if not joined.getnframes():
                    joined.setparams(part.getparams())
                joined.writeframes(part.readframes(part.getnframes()))
            if joined.getnframes() > 29 * joined.getframerate():
                break
    return out


def ends_early(
    monkeypatch: pytest.MonkeyPatch, longest: float, end: float | None = 3.0, heard_of_it: float = 3.0
) -> list[float]:
    """Make the engine close after three seconds of what is longer; returns the lengths of what it hears.

    Args:
        monkeypatch: of the test.
        longest: seconds that it hears whole.
        end: where the segment ends that it gives; None: at the end of the clip.
        heard_of_it: seconds after which it closes.
    """
    whole, heard = Fake._recognise, []

    def hear(self: Fake, clip: Clip, options: Options) -> list[Segment]:
        heard.append(clip.seconds)
        if clip.seconds <= longest:
            return whole(self, clip, options)
        first = replace(clip, samples=clip.samples[: round(heard_of_it * SAMPLE_RATE)])
        return [replace(one, end=clip.seconds if end is None else one.end) for one in whole(self, first, options)]

    monkeypatch.setattr(Fake, "_recognise", hear)
    return heard


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize(
    ("kept", "heard", "expected"),
    [
        ([("All right, thanks.", 0.0, 4.0)], ("Thanks.", 3.7, 4.2), []),  # the edge of the last word, heard again
        ([("All right, thanks.", 0.0, 4.0)], ("Thanks. Bye now.", 3.7, 5.2), ["Bye now."]),
        ([("All right, thanks.", 0.0, 4.0)], ("Thanks.", 4.3, 4.8), ["Thanks."]),  # said twice
        ([("all of it", 0.0, 4.0)], ("It was, all of it.", 3.7, 6.0), ["was, all of it."]),
        ([("one", 0.0, 1.0), ("Four five", 8.0, 9.0)], ("two three four", 6.0, 8.3), ["two three"]),
        ([("你好吗", 0.0, 4.0)], ("吗我很好", 3.7, 6.0), ["我很好"]),
    ],
)
def test_a_gap_that_is_heard_again_repeats_no_word_at_its_edges(
    kept: list[tuple[str, float, float]], heard: tuple[str, float, float], expected: list[str], timed: bool
) -> None:
    def segment(text: str, start: float, end: float) -> Segment:
        tokens = text.split() if text.isascii() else list(text)
        step = (end - start) / len(tokens)
        words = [Word(one, start + at * step, start + (at + 1) * step) for at, one in enumerate(tokens)]
        return Segment(text, start, end, words=tuple(words) if timed else ())

    around = [segment(*one) for one in kept]
    found = without_repeats([segment(*heard)], around, Region(kept[0][2], 8.0))
    assert [one.text for one in found] == expected
    assert not timed or [word.text for one in found for word in one.words] == [
        token for text in expected for token in (text.split() if text.isascii() else text)
    ]


def transcribe(path: Path) -> Transcript:
    (one,) = asrcli.transcribe(path, engine="fake")
    return one


@pytest.mark.slow
@pytest.mark.parametrize(("longest", "end"), [(16.0, 3.0), (9.0, None), (16.0, None), (6.0, None)])
def test_a_clip_that_ends_early_is_heard_again(
    long: Path, monkeypatch: pytest.MonkeyPatch, longest: float, end: float | None
) -> None:
    """Whether the segment ends with its words, or stretches over what it leaves out; also in pieces of it."""
    expected = transcribe(long).text.split()
    heard = ends_early(monkeypatch, longest, end)
    found = transcribe(long)
    most = 2 if longest > 10 else 6  # a short clip that is said slowly is heard once: nothing is wrong with that
    assert max(heard) > 20 and len(set(found.text.split()) & set(expected)) >= len(expected) - most
    assert longest < 10 or (found.gaps == () and not any(one.flags for one in found.segments))
    assert [one.start for one in found.segments] == sorted(one.start for one in found.segments)


@pytest.mark.slow
def test_what_stays_without_text_is_a_gap_or_flagged(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends_early(monkeypatch, 0.0, 1.0, heard_of_it=1.0)
    found = transcribe(long)
    assert sum(gap.seconds for gap in found.gaps) > 5
    monkeypatch.undo()
    ends_early(monkeypatch, 0.0, None, heard_of_it=1.0)
    flagged = [one for one in transcribe(long).segments if Flag.RATE_ANOMALY in one.flags]
    assert flagged


def test_what_is_heard_whole_is_heard_once(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = ends_early(monkeypatch, 100.0)
    assert transcribe(long).gaps == ()
    assert sum(heard) < 32


def test_the_loss_of_a_server_during_a_second_hearing_loses_nothing(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = Fake.transcribe
    calls: list[int] = []

    def once(self: Fake, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        calls.append(len(clips))
        if len(calls) > 1:
            raise EngineUnavailable("gone")
        return hear(self, clips, options)

    ends_early(monkeypatch, 16.0)
    monkeypatch.setattr(Fake, "transcribe", once)
    assert "word0" in transcribe(long).text and len(calls) > 1


def clip_of(seconds: float, *speech: tuple[float, float]) -> Clip:
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)
    return Clip(Recording("a.wav"), 100.0, noise, tuple(Region(100 + start, 100 + end) for start, end in speech))


@pytest.mark.parametrize(("bad", "score"), [(("low_confidence",), None), ((), 0.5)])
def test_a_doubtful_second_hearing_does_not_count(bad: tuple[str, ...], score: float | None) -> None:
    clip = clip_of(20.0, (0, 20))
    first = Segment("A few words.", 100.0, 102.0)

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        return [[Segment("Thank you for watching.", one.start, one.end, score=score, flags=bad)] for one in pieces]

    options = CutOptions(vad=None)
    assert recognise_again(clip, [first], options, hear) == (first,)


@pytest.mark.parametrize(
    ("heard", "flags", "start", "lasts"),
    [
        ("Uh...", ("low_confidence",), 8.6, True),
        ("Ähm", (), 8.6, True),
        ("Uh...", (), 11.0, False),  # apart from both sentences
        ("Oh.", ("low_confidence",), 8.6, False),  # said, or a "no"
        ("Uh", ("low_confidence", "truncated"), 8.6, False),
        ("Have a drive.", ("low_confidence",), 8.6, False),
    ],
)
def test_a_sentence_lasts_through_a_hesitation(heard: str, flags: tuple[str, ...], start: float, lasts: bool) -> None:
    """Whisper leaves out "uh", and is unsure when it hears nothing else; what stays without text is a gap."""
    clip = clip_of(20.0, (0, 8), (start, start + 1.2), (14, 20))
    first = [Segment("This is the corpus with the cold, and so I may sound a bit different today.", 100.0, 108.0)]
    first.append(Segment("The rest of it, in one sentence more, goes on to the end.", 114.0, 120.0))

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        (piece,) = pieces
        assert (
            piece.seconds == pytest.approx(2.2) and not piece.samples[:8000].any() and not piece.samples[-8000:].any()
        )
        return [[Segment(heard, piece.start, piece.end, score=0.1, flags=flags)]]

    found = recognise_again(clip, first, CutOptions(vad=None), hear)
    assert found == (replace(first[0], end=109.8) if lasts else first[0], first[1])


@pytest.mark.parametrize("nothing", [". . .", "♪♪", "…", " - "])
def test_a_text_without_a_letter_is_none(nothing: str) -> None:
    """Whisper writes dots over ten seconds of speech in noise, sure of each; they hid the speech from the gaps."""
    clip = clip_of(9.0, (0, 9))
    texts = [Segment(nothing, 0.0, 6.0, score=0.9), Segment("7", 6.0, 9.0)]
    assert [one.text for one in settle(clip, texts, Options(), clip.speech)] == ["7"]


def test_a_slow_text_that_no_second_hearing_confirms_is_flagged() -> None:
    """Of two sentences in one segment one may be lost in noise, and the text of the other has its time."""
    clip = clip_of(9.0, (0, 8.8))
    slow = Segment("My grandfather used to tell us stories about ships.", 100.0, 108.8)  # 4.8 letters a second

    def second(of_first: str, of_second: str, most: float = 5.0) -> tuple[str, ...]:
        def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
            texts = [of_first if one.start < 104 else of_second for one in pieces]
            return [
                [Segment(text, one.start, one.end)] if text else [] for text, one in zip(texts, pieces, strict=True)
            ]

        (found,) = recognise_again(clip, [slow], CutOptions(max_seconds=most, vad=None), hear)
        assert found.text == slow.text
        return found.flags

    assert second("My grandfather used to", "tell us stories about ships.") == ()
    assert second("My grandfather used to tell us", "") == second("", "") == ("rate_anomaly",)
    assert second("", "", most=30.0) == (), "it cannot be cut, and nobody has heard it again"


@pytest.mark.parametrize(
    ("texts", "flags"),
    [
        (("There was a smell of fresh bread.", ""), [()]),  # the other sentence is a gap
        (("So", "Uh no"), [("rate_anomaly",)] * 2),  # each is too short to be judged by itself
    ],
)
def test_what_a_second_hearing_brings_is_judged_by_the_speech_under_it(
    texts: tuple[str, ...], flags: list[tuple[str, ...]]
) -> None:
    clip = clip_of(20.0, (0.0, 2.4), (3.0, 7.6))

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        places = [Region(100.0, 102.4), Region(103.0, 107.6)]
        own = [Segment(text, one.start, one.end) for text, one in zip(texts, places, strict=True) if text]
        return [own, *([] for _ in pieces[1:])]

    found = recognise_again(clip, [], CutOptions(vad=None), hear)
    assert [one.flags for one in found] == flags


@pytest.mark.parametrize(("pause", "again"), [(1.3, False), (1.5, True), (8.0, True)])
@pytest.mark.parametrize("speech", [True, False])
def test_speech_between_the_words_of_one_segment_is_heard_again(pause: float, again: bool, speech: bool) -> None:
    """The engine has left out a sentence; in a pause without speech there is nothing to leave out."""
    after = 104 + pause
    clip = clip_of(20.0, *(((0, 20),) if speech else ((0, 4), (4 + pause, 20))))
    words = [
        *(Word(f"first{at}", 100 + at / 4, 100.25 + at / 4) for at in range(16)),
        *(Word(f"last{at}", after + at / 4, after + 0.25 + at / 4) for at in range(round((20 - 4 - pause) * 4))),
    ]
    segment = Segment(" ".join(word.text for word in words), 100.0, words[-1].end, tuple(words), tokens=(1, 2))

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        return [[Segment("What was said between.", 104.0, after)] for _ in pieces]

    found = recognise_again(clip, [segment], CutOptions(vad=None), hear)
    if not (again and speech):
        assert found == (segment,)
        return
    before, between, behind = found
    assert (before.text, before.end, before.words) == (
        " ".join(word.text for word in words[:16]),
        104.0,
        segment.words[:16],
    )
    assert between.text == "What was said between." and (behind.start, behind.words) == (after, segment.words[16:])
    lost = recognise_again(clip, [segment], CutOptions(vad=None), lambda pieces: [[] for _ in pieces])
    assert [one.text for one in lost] == [before.text, behind.text], "what stays without text lies under no segment"


@pytest.mark.parametrize(("silent", "heard"), [(None, True), (0.3, True), (0.31, False)])
def test_where_the_engine_doubts_that_somebody_speaks_no_bare_speech_is_heard_again(
    silent: float | None, heard: bool
) -> None:
    """It stays a gap; a segment with too little text is heard again all the same."""
    clip, pieces = clip_of(20.0, (0, 20)), list[Clip]()
    told = [Segment("One whole sentence of somebody in noise, no more.", 100.0, 104.0, no_speech_prob=silent)]

    def hear(own: Sequence[Clip]) -> list[list[Segment]]:
        pieces.extend(own)
        return [[] for _ in own]

    assert recognise_again(clip, told, CutOptions(vad=None), hear) == tuple(told) and bool(pieces) == heard
    pieces.clear()
    recognise_again(clip_of(6.0, (0, 6)), told, CutOptions(vad=None), hear)
    assert pieces, "a hesitation may be said there"
    pieces.clear()
    recognise_again(clip, [replace(told[0], end=120.0)], CutOptions(max_seconds=10.0, vad=None), hear)
    assert pieces


def test_words_said_apart_are_heard_again_together() -> None:
    """Each is too short to be heard again by itself: it may be a breath."""
    clip, heard = clip_of(12.0, *((2.0 * number, 2.0 * number + 0.8) for number in range(6))), list[Clip]()
    told = [Segment("One.", 100.0, 100.8)]

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        heard.extend(pieces)
        return [[Segment("Two. Three. Four. Five. Six.", 102.0, 110.8)] for _ in pieces]

    found = recognise_again(clip, told, CutOptions(vad=None), hear)
    assert [one.text for one in found] == ["One.", "Two. Three. Four. Five. Six."] and len(heard) == 1
    heard.clear()
    told.append(Segment("Three to six.", 104.0, 110.8))
    assert recognise_again(clip, told, CutOptions(vad=None), hear) == tuple(told) and not heard


def test_somebody_quiet_between_others_is_heard_again_at_an_ordinary_level() -> None:
    clip, heard = clip_of(12.0, (0, 12)), list[Clip]()
    clip.samples[4 * SAMPLE_RATE : 8 * SAMPLE_RATE] /= 100
    told = [
        Segment("One whole sentence of somebody who is loud.", 100.0, 104.0),
        Segment("And another one of the same loud voice.", 108.0, 112.0),
    ]

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        heard.extend(pieces)
        return [[Segment("A sentence that is said in a low voice.", 104.0, 108.0)] for _ in pieces]

    found = recognise_again(clip, told, CutOptions(vad=None), hear)
    assert [one.text for one in found] == [told[0].text, "A sentence that is said in a low voice.", told[1].text]
    (again,) = heard
    first = round((104 - again.start) * SAMPLE_RATE)
    assert np.abs(again.samples[first : first + 4 * SAMPLE_RATE]).max() == pytest.approx(0.7)
    assert np.abs(again.samples).max() <= 1.0


def test_a_word_that_was_not_heard_is_heard_again_set_off() -> None:
    """With silence around it and at an ordinary level; what is said of its time stays within the clip."""
    clip, heard = clip_of(0.9, (0.2, 0.7)), list[Clip]()

    def hear(pieces: Sequence[Clip]) -> list[list[Segment]]:
        heard.extend(pieces)
        word = Word("Yes.", 99.4, 100.6)
        return [[Segment("Yes.", 99.4, 101.5, (word,), flags=("low_confidence",))] for _ in pieces]

    (found,) = recognise_again(clip, [], CutOptions(), hear)
    assert (found.start, found.end) == (100.0, 100.9) and found.words == (Word("Yes.", 100.0, 100.6),)
    assert found.flags == ("low_confidence",), "what is doubtful is told"
    (again,) = heard
    samples = again.samples
    assert not samples[:8000].any() and not samples[-8000:].any() and again.start == 99.5
    assert np.allclose(samples[8000:-8000] / samples.max(), clip.samples / clip.samples.max(), atol=1e-6)
    assert np.abs(samples).max() == pytest.approx(0.7)
    assert (
        recognise_again(clip, [Segment("No.", 100.2, 100.7)], CutOptions(), hear)[0].text == "No." and len(heard) == 1
    )
    assert recognise_again(clip_of(9.0, (0, 8.8)), [], CutOptions(), hear) == () and len(heard) == 1, "it is no word"


@pytest.mark.parametrize(("asked", "tried"), [(None, [None, (0.0,)]), ((0.2,), [(0.2,), (0.2,)])])
def test_a_second_hearing_samples_nothing(
    yes: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[float, ...] | None, tried: list[tuple[float, ...] | None]
) -> None:
    """What would have to be sampled would be doubtful and not count; unless a temperature was asked for."""
    hear, temperatures = Fake.transcribe, list[tuple[float, ...] | None]()

    def noted(self: Fake, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        temperatures.append(options.temperature)
        return hear(self, clips, options)

    monkeypatch.setattr(Fake, "transcribe", noted)
    list(asrcli.transcribe(yes, engine="fake", model="truncate=0", temperature=asked))
    assert temperatures == tried


def test_what_an_engine_writes_without_speech_is_flagged(
    yes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where voice activity is off, it says of each segment whether anybody speaks; unless the engine vouches for it."""
    noise = write_wav(tmp_path / "noise.wav", clip_of(3.0).samples)
    monkeypatch.setattr(Fake, "rejects_noise", False)
    flags = {path: asrcli.transcribe(path, engine="fake", vad=False) for path in (noise, yes)}
    assert {path: next(one).segments[0].flags for path, one in flags.items()} == {noise: ("no_speech",), yes: ()}
    monkeypatch.setattr(Fake, "rejects_noise", True)
    assert next(asrcli.transcribe(noise, engine="fake", vad=False)).segments[0].flags == ()


@pytest.mark.parametrize(
    ("text", "seconds", "slow"),
    [
        ("Hello there.", 10.0, True),
        ("Hello there.", 3.9, False),  # too short to tell
        ("He was not at home when they called on him.", 8.0, False),
        ("今天天气很好我们去公园", 6.0, False),
        ("今天", 6.0, True),
        ("1 2 3 4 5", 4.5, False),
    ],
)
def test_text_for_each_second_of_speech(text: str, seconds: float, slow: bool) -> None:
    assert is_slow(Segment(text, 0.0, seconds + 5), [Region(0.0, seconds)]) == slow
    assert letters([Segment(text, 0, 1)]) > 0


@pytest.mark.parametrize(
    ("text", "seconds", "flagged"),
    [
        ("So", 3.3, True),
        ("So", 2.0, False),  # drawn out
        ("Yes, sir.", 2.6, False),
        ("好", 3.0, True),
        ("好的好的", 3.0, False),
        ("8", 1.5, False),
    ],
)
def test_a_lone_word_for_a_sentence_is_flagged(text: str, seconds: float, flagged: bool) -> None:
    """A recogniser that hears a rumble above all writes "So" for a sentence, and is sure of it."""
    heard = Segment(text, 100.0, 100.0 + seconds, score=0.9)
    (found,) = recognise_again(clip_of(seconds, (0.0, seconds)), [heard], CutOptions(vad=None), lambda _: [])
    assert found.flags == ((Flag.RATE_ANOMALY,) if flagged else ())


@pytest.fixture(scope="module")
def yes(digit_strings: list[tuple[Path, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One short word between two seconds of silence."""
    out = tmp_path_factory.mktemp("yes") / "yes.wav"
    with wave.open(str(digit_strings[0][0]), "rb") as whole, wave.open(str(out), "wb") as short:
        short.setparams(whole.getparams())
        silence, rate = bytes(4 * whole.getframerate()), whole.getframerate()
        short.writeframes(silence + whole.readframes(rate * 7 // 10) + silence)
    return out


def test_a_short_word_without_text_is_a_gap(yes: Path) -> None:
    """It is shorter than the gaps beside text that are told, and all that there is."""
    (heard,) = asrcli.transcribe(yes, engine="fake")
    assert heard.text == "yes" and heard.gaps == ()
    (lost,) = asrcli.transcribe(yes, engine="fake", model="truncate=0")
    assert not lost.segments and lost.gaps == lost.speech != () and lost.speech[0].seconds < 1.0


def test_a_short_word_is_heard_again_set_off_in_a_stream(yes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, whole = np.concatenate(list(decode(Recording(str(yes)), print))), Fake._recognise

    def hear(self: Fake, clip: Clip, options: Options) -> list[Segment]:
        return [] if clip.samples[:8000].any() else whole(self, clip, options)

    monkeypatch.setattr(Fake, "_recognise", hear)
    owner = LocalRecogniser(Choice(Fake, Weights("default", None), Device("cpu")))
    listener = Listener(owner, Recording(str(yes)), Options(), Listening(VadOptions()))
    for at in range(0, len(samples), 1600):
        list(listener.feed(samples[at : at + 1600]))
    list(listener.finish())
    (found,) = listener.transcript((), Timings()).segments
    (spoken,) = listener.endpointer.speech
    assert found.text == "yes" and spoken.start - 0.5 < found.start < found.end <= spoken.end + 0.5


def test_a_short_word_without_text_is_a_gap_of_a_stream(yes: Path) -> None:
    samples = np.concatenate(list(decode(Recording(str(yes)), print)))
    for model, lost in (("default", False), ("truncate=0", True)):
        owner = LocalRecogniser(Choice(Fake, Weights(model, None), Device("cpu")))
        listener = Listener(owner, Recording(str(yes), seconds=4.7), Options(), Listening(VadOptions()))
        list(listener.feed(samples))
        list(listener.finish())
        found = listener.transcript((), Timings())
        assert bool(found.gaps) == lost == (not found.segments)


# --- joints -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [
        ("It might be in.", "his power to do.", "His power to do."),
        ("Das war.", "über den Fluss", "Über den Fluss"),
        ("Это было.", "и мы ушли", "И мы ушли"),
        ("I know.", "don't go", "Don't go"),
        ("It might be in", "his power", "his power"),
        ("He asked Dr.", "smith", "smith"),
        ("Am 3.", "mai", "mai"),
        ("wait...", "and see", "and see"),
        ("Really?", "he asked", "he asked"),
        ("It was.", "iPhone", "iPhone"),
        ("It was.", "'tis", "'tis"),
        ("今天。", "我们", "我们"),
        ("Hola.", "¿cómo estás?", "¿Cómo estás?"),
        ("Hola.", "¡qué bien!", "¡Qué bien!"),
        ("It is over.", '"yes," he said', '"Yes," he said'),
        ("Он ушёл.", "«да», сказал он", "«Да», сказал он"),
        ('He said "go."', "then he left", "Then he left"),
        ("It is done (I think.)", "then he left", "Then he left"),
        ("Acme Inc.", "said so", "said so"),
        ("Այո։", "նա գնաց", "Նա գնաց"),
        ("„Das ist alles.“", "dann ging er", "Dann ging er"),
        ("'That is all.'", "then he left", "Then he left"),
        ("C'est fini.", "«\xa0oui\xa0», dit-il", "«\xa0Oui\xa0», dit-il"),
        ("So did I.", "then we left", "Then we left"),
        ("George I.", "of Great Britain", "of Great Britain"),
        ("No.", "he did not", "He did not"),
        ("Did he? No.", "he did not", "He did not"),
        ("It is No.", "five", "five"),
        ("Det är t.ex.", "en bil", "en bil"),
        ("Это стоит сто тыс.", "рублей", "рублей"),
        ("It costs approx.", "five pounds", "five pounds"),
        ("Das ist Nr.", "fünf", "fünf"),
        ("On Feb.", "third", "third"),
        ("at 3 p.m.", "we left", "we left"),
        ("the U.S.", "army", "army"),
        ("He left.", "— and then", "— and then"),
        ("He left.", "3. then", "3. then"),
        ("გამარჯობა.", "როგორ ხარ", "როგორ ხარ"),  # whose capitals are for headlines
    ],
)
def test_a_sentence_after_a_full_stop_begins_with_a_capital(before: str, text: str, expected: str) -> None:
    assert capitalised(before, text) == expected


def test_a_turkish_sentence_begins_with_a_turkish_capital() -> None:
    assert capitalised("Merhaba.", "istanbul", "tr") == "İstanbul"
    assert capitalised("Hello.", "it is", "en") == "It is"
    assert capitalised("Ja.", "ijs is koud", "nl") == "IJs is koud"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("我想……", "然后走了"), "我想……然后走了"),
        (("好——", "是的"), "好——是的"),
        (("他说：“好。”", "然后走了"), "他说：“好。”然后走了"),
        (("“好”", "“走”"), "“好”“走”"),
        (("そう…", "です"), "そう…です"),
        (("50", "％"), "50％"),
        (("完了。", "Next"), "完了。Next"),
        (("你好", "world", "再见"), "你好 world 再见"),
        (("He said “yes.”", "“No.”"), "He said “yes.” “No.”"),
        (("Wait…", "what"), "Wait… what"),
        (("He said “你好”", "then"), "He said “你好” then"),
        (("안녕", "하세요"), "안녕 하세요"),
    ],
)
def test_marks_of_all_scripts_belong_to_the_one_around_them(texts: tuple[str, ...], expected: str) -> None:
    assert join_texts(texts) == expected


def test_segments_of_two_clips_meet_in_a_transcript() -> None:
    assembly = Assembly(Recording("a.wav"), Options())
    texts = ("It might be in.", "his power to do.")
    for number, text in enumerate(texts):
        clip = Clip(Recording("a.wav"), 10.0 * number, np.zeros(1600, np.float32))
        first = Word(text.split()[0], 10.0 * number, 10.0 * number + 0.1)
        assembly.add(clip)
        assembly.by_key[clip_key(clip)].segments = (Segment(text, first.start, first.end, (first,)),)
    settled = assembly.ready()
    assert [one.text for one in settled] == ["It might be in.", "His power to do."]
    assert settled[1].words[0].text == "His" and assembly.segments == tuple(settled)


def test_segments_of_a_stream_meet(yes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled pieces, the segment and its words agree."""
    texts = iter(("It might be in.", "his power."))
    monkeypatch.setattr(Fake, "_recognise", lambda self, clip, options: [Segment(next(texts), 0.0, clip.seconds)])
    samples = np.concatenate(list(decode(Recording(str(yes)), print)))
    listener = Listener(
        LocalRecogniser(Choice(Fake, Weights("default", None), Device("cpu"))),
        Recording("-"),
        Options(),
        Listening(VadOptions()),
    )
    updates = [*listener.feed(np.concatenate([samples, samples]), behind=True), *listener.finish()]
    assert [one.text for one in listener.segments] == ["It might be in.", "His power."]
    assert [one.settled for one in updates if one.settled] == ["It might be in.", " His power."]


def test_an_engine_says_which_pause_ends_a_clip_and_how_much_it_takes_at_once() -> None:
    """A batch of Whisper is fitted to the threads."""
    whisper = load_class("whisper")
    for engine, pause in ((type("Padding", (Fake,), {"longest_pause": 8.0}), 8.0), (Fake, 2.0)):
        settings = pipeline_settings(Request(()), Choice(engine, Weights("default", None), Device("cpu")))
        assert (settings.cut.max_gap, settings.cut.pad) == (pause, 0.2)
    assert pipeline_settings(Request(()), Choice(whisper, Weights("base", None), Device("cpu"))).cut.pad == 0.5
    choice = Choice(load_class("moonshine"), Weights("tiny-en", None), Device("cpu"))
    assert pipeline_settings(Request(()), choice).cut.level_range == 10.0
    lengths = [whisper.batch_length(Device("cpu", threads=threads)) for threads in (1, 2, 4, 64)]
    assert lengths == [60.0, 120.0, 240.0, 240.0] and whisper.batch_length(Device("cuda")) == 480.0
    assert Fake.batch_length(Device("cpu")) == 240.0 and Fake.batch_length(Device("mps")) == 30.0
