"""`asr align`: what belongs together is found, and what does not is reported, in the library and in the shell."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Run, quiet_environment, write_wav

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.places import Placed, islands, nearest
from asrcli.alignment.reference import BoundaryError, boundary_error, find_reference, textgrid_tiers
from asrcli.alignment.result import Token, spell, summarise, transcript_of, written_back
from asrcli.alignment.script import Piece, Script, guess_language, parse_script, read_script, sentences, written_words
from asrcli.alignment.sound import Survey
from asrcli.alignment.spoken import number, spoken_words
from asrcli.alignment.windows import Pairing, SpokenText, Windows
from asrcli.audio.inputs import Found
from asrcli.capabilities import names_any_model
from asrcli.compare.nist import read_ctm
from asrcli.engine import Device, Weights, installed, load_plugin
from asrcli.errors import InputError
from asrcli.runs.align import align_pair, execute
from asrcli.runs.align_pairs import Pair
from asrcli.runs.align_plan import AlignRequest, plan
from asrcli.runs.events import JobFailed
from asrcli.types import Clip, Recording, Region, Transcript, Word

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
NAMES = ("doctor-rms", "garden-awb", "lights-slt", "station-awb", "weather-rms")
DOCTOR, GARDEN, LIGHTS, STATION, WEATHER = NAMES
FOREIGN = "Die Katze sitzt auf dem Dach und wartet, bis der Regen endlich vorbei ist und die Sonne wieder scheint."
PAUSE = 0.6


def sentence(name: str) -> str:
    return (EXAMPLES / f"{name}.txt").read_text().strip()


def frames(name: str) -> bytes:
    with wave.open(str(EXAMPLES / f"{name}.wav")) as file:
        return file.readframes(file.getnframes())


def record(path: Path, parts: Sequence[str | float]) -> list[Region]:
    """Write recordings of examples and silences (seconds) one after the other; return where each lies."""
    pieces, spans, size = [], [], 0
    for part in parts:
        own = frames(part) if isinstance(part, str) else bytes(2 * round(16_000 * part))
        spans.append(Region(size / 32_000, (size + len(own)) / 32_000))
        pieces += [own, bytes(2 * round(16_000 * PAUSE))]
        size += len(own) + len(pieces[-1])
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"".join(pieces))
    return spans


Align = Callable[..., tuple[Transcript, list[Region]]]


@pytest.fixture(scope="module")
def align(tmp_path_factory: pytest.TempPathFactory) -> Align:
    """Return a function that records parts, writes a text, and aligns the two."""
    aligner = PocketSphinxAligner(Weights("en-us", None), Device())
    folder = tmp_path_factory.mktemp("align")

    def run(parts: Sequence[str | float], texts: Sequence[str]) -> tuple[Transcript, list[Region]]:
        spans = record(folder / "talk.wav", parts)
        (folder / "talk.txt").write_text("\n".join(sentence(text) if text in NAMES else text for text in texts))
        request = AlignRequest(pairs=(), language=None)
        return align_pair(str(folder / "talk.wav"), str(folder / "talk.txt"), Pairing(aligner), request), spans

    return run


def lies_in(transcript: Transcript, index: int, span: Region) -> bool:
    """Tell whether every word of a segment was found, and in a stretch of the recording."""
    segment = transcript.segments[index]
    found = all(word.status == "ok" for word in segment.words)
    return found and span.start <= segment.start < segment.end <= span.end


def absent(transcript: Transcript, index: int) -> bool:
    return all(word.status == "not_in_audio" for word in transcript.segments[index].words)


def gap_is(transcript: Transcript, span: Region) -> bool:
    """Tell whether the one gap is the speech of a stretch."""
    (gap,) = transcript.gaps
    return abs(gap.start - span.start) < 0.7 and abs(gap.end - span.end) < 0.7


# What has no counterpart is found and reported, not smeared over


def test_a_text_and_its_recording(align: Align) -> None:
    made, spans = align(NAMES, NAMES)
    assert all(lies_in(made, at, span) for at, span in enumerate(spans))
    assert not made.gaps and summarise(made).coverage == 1.0
    assert made.language == "en" and made.engine == "pocketsphinx"
    assert all(word.source == "aligned" and word.phones for segment in made.segments for word in segment.words)


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_a_paragraph_that_the_text_lacks_is_a_gap(align: Align) -> None:
    made, spans = align(NAMES, [DOCTOR, GARDEN, STATION, WEATHER])
    assert gap_is(made, spans[2])
    assert all(lies_in(made, at, spans[number]) for at, number in enumerate((0, 1, 3, 4)))


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_a_paragraph_that_the_recording_lacks_is_not_in_audio(align: Align) -> None:
    made, spans = align([DOCTOR, GARDEN, STATION, WEATHER], NAMES)
    assert absent(made, 2) and not made.gaps
    assert all(lies_in(made, at, spans[number]) for at, number in ((0, 0), (1, 1), (3, 2), (4, 3)))
    (leap,) = made.leaps
    assert [word.text for segment in made.segments for word in segment.words][leap.word] == "Please"
    assert (leap.word, leap.words) == (35, 11) and leap.confidence > 0.95, "whole sentences stand on both sides"


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_a_paragraph_that_stands_twice_is_found_once(align: Align) -> None:
    made, spans = align(NAMES, [DOCTOR, GARDEN, GARDEN, LIGHTS, STATION, WEATHER])
    assert sum(leap.words for leap in made.leaps) == len(sentence(GARDEN).split())
    assert absent(made, 1) or absent(made, 2)
    assert all(lies_in(made, at, spans[at - 1]) for at in (3, 4, 5)) and not made.gaps


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_a_paragraph_that_is_said_twice_is_a_gap_once(align: Align) -> None:
    made, spans = align([DOCTOR, GARDEN, GARDEN, LIGHTS, STATION, WEATHER], NAMES)
    assert gap_is(made, spans[1]) or gap_is(made, spans[2])
    assert summarise(made).coverage == 1.0
    assert all(lies_in(made, at, spans[at + 1]) for at in (2, 3, 4))


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_a_foreign_paragraph_is_not_in_audio(align: Align) -> None:
    made, spans = align(NAMES, [DOCTOR, GARDEN, FOREIGN, LIGHTS, STATION, WEATHER])
    assert absent(made, 2)
    assert all(lies_in(made, at, spans[at - (at > 2)]) for at in (0, 1, 3, 4, 5))


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_a_text_longer_than_the_recording(align: Align) -> None:
    made, spans = align([DOCTOR, GARDEN], NAMES)
    assert lies_in(made, 0, spans[0]) and lies_in(made, 1, spans[1])
    assert all(absent(made, at) for at in (2, 3, 4))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [8.0, 60.0])
def test_silence_in_the_middle_moves_nothing(align: Align, seconds: float) -> None:
    made, spans = align([DOCTOR, GARDEN, seconds, LIGHTS, STATION], [DOCTOR, GARDEN, LIGHTS, STATION])
    assert all(lies_in(made, at, spans[number]) for at, number in enumerate((0, 1, 3, 4)))
    assert not made.gaps


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_another_text_is_not_in_audio(align: Align) -> None:
    made, _ = align([DOCTOR, GARDEN], [LIGHTS, STATION, WEATHER])
    assert summarise(made).coverage < 0.1
    assert sum(gap.seconds for gap in made.gaps) > 8


@pytest.mark.slow  # quick on strings of digits: test_not_in_audio.py
def test_the_same_minute_again_and_again(align: Align) -> None:
    made, spans = align(NAMES * 3, NAMES * 3)
    assert all(lies_in(made, at, span) for at, span in enumerate(spans))


def test_a_long_passage_that_the_recording_lacks_is_leapt_over(align: Align) -> None:
    """Longer than what a window is offered: the place is found again by hearing."""
    passage = [
        "The quick brown fox jumps over the lazy dog while seven wizards make toxic brew for the jovial king."
    ] * 25
    made, spans = align([DOCTOR, GARDEN, LIGHTS, STATION], [DOCTOR, GARDEN, *passage, LIGHTS, STATION])
    assert lies_in(made, 0, spans[0]) and lies_in(made, 1, spans[1])
    assert lies_in(made, 27, spans[2]) and lies_in(made, 28, spans[3])
    assert sum(leap.words for leap in made.leaps) == 25 * len(passage[0].split())


def test_digits_and_signs_have_the_times_of_what_is_said(align: Align) -> None:
    whole, _ = align([STATION], [sentence(STATION)])
    made, _ = align([STATION], [sentence(STATION).replace("seven", "7 —")])
    times = {word.text: word for word in made.segments[0].words}
    said = {word.text: word for word in whole.segments[0].words}
    assert abs(times["7"].start - said["seven"].start) < 0.02 and abs(times["7"].end - said["seven"].end) < 0.02
    assert times["—"].source == "interpolated" and times["7"].end <= times["—"].start <= times["tomorrow"].start


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_an_hour_of_the_same_minute(align: Align) -> None:
    made, spans = align(NAMES * 142, NAMES * 142)
    assert made.seconds > 3590
    assert all(lies_in(made, at, span) for at, span in enumerate(spans))


# Aligners that put every word they are given somewhere


class Evenly(Aligner):
    """Hears a word every half second, told by the clip alone; knows no way out."""

    name = "evenly"
    max_seconds = 20.0

    def __init__(self) -> None:
        pass

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        return [[self._word(clip, text) for text in words] for clip, words in zip(clips, texts, strict=True)]

    def _word(self, clip: Clip, text: str) -> AlignedWord:
        start = min(max(0.0, int(text) / 2 - clip.start), clip.seconds - 0.01)  # squeezed in at the edges
        return AlignedWord(start, min(start + 0.4, clip.seconds))


class Blank:
    """A recording without a sound."""

    def clip(self, start: float, end: float, speech: Sequence[Region] = ()) -> Clip:
        import numpy as np

        samples = np.zeros(round((min(end, 300.0) - start) * 16_000), np.float32)
        return Clip(Recording("blank"), start, samples, tuple(one for one in speech if one.start < end))


def test_windows_go_on_at_the_last_trusted_word() -> None:
    words = [str(at) for at in range(600)]
    speech = [Region(at, at + 9.9) for at in range(0, 300, 10)]
    found = Windows(SpokenText(words, "en"), Blank(), speech, Pairing(Evenly())).run()
    assert all(found)
    off = [abs(one.start - at / 2) for at, one in enumerate(found) if one is not None]
    assert max(off) < 0.6 and sum(off) / len(off) < 0.05


class Tired(Evenly):
    """Knows no more than the first eight seconds of a clip; later words are squeezed together, the last ones lost."""

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        found = super().align(clips, texts, language)
        return [[self._tired(word) for word in own if word is not None] for own in found]

    def _tired(self, word: AlignedWord) -> AlignedWord | None:
        if word.start < 8.0:
            return replace(word, score=0.9)
        return AlignedWord(8 + word.start / 100, 8 + word.end / 100, 0.2) if word.start < 15.0 else None


def test_what_an_aligner_is_not_sure_of_is_done_again() -> None:
    words = [str(at) for at in range(600)]
    speech = [Region(at, at + 9.9) for at in range(0, 300, 10)]
    found = Windows(SpokenText(words, "en"), Blank(), speech, Pairing(Tired())).run()
    assert all(found)
    assert max(abs(one.start - at / 2) for at, one in enumerate(found) if one is not None) < 0.6


def test_of_words_that_are_the_same_the_nearest() -> None:
    words = [*"abcdabcdeabcd"]

    def numbers(*found: int) -> list[int]:
        return [number for number, _ in nearest(words, [(one, AlignedWord(one, one + 0.5)) for one in found])]

    assert numbers(4, 5, 6) == [0, 1, 2]
    assert numbers(0, 1, 6, 7) == [0, 1, 2, 3]
    assert numbers(5, 6, 7, 8) == [5, 6, 7, 8], "only there does an e follow"
    assert numbers(1, 2, 8, 9, 10) == [1, 2, 8, 9, 10]
    assert numbers() == []


def test_islands_after_a_leap_must_be_long() -> None:
    def row(text: str) -> list[AlignedWord | None]:
        return [AlignedWord(at, at + 0.5, 0.9) if sign == "x" else None for at, sign in enumerate(text)]

    def kept(text: str) -> str:
        trusted = {at for at, _ in islands(row(text))}
        return "".join("x" if at in trusted else "." for at in range(len(text)))

    assert kept("xx.x..xx") == "xx.x..xx"
    assert kept("xx......x..") == "xx........."
    assert kept("." * 40 + "xxxx") == "." * 44
    assert kept("." * 40 + "xxxxx") == "." * 40 + "xxxxx"


# Words written, words spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("$25", "twenty five dollars"),
        ("$1", "one dollar"),
        ("$2.50,", "two dollars and fifty cents"),
        ("£3m", "three million pounds"),
        ("1,250", "one thousand two hundred fifty"),
        ("1995", "nineteen ninety five"),
        ("1905", "nineteen oh five"),
        ("2000", "two thousand"),
        ("3.5%", "three point five percent"),
        ("10:30", "ten thirty"),
        ("(21st)", "twenty first"),
        ("12th", "twelfth"),
        ("10-12", "ten to twelve"),
        ("-5", "minus five"),
        ("007", "zero zero seven"),
        ("U.S.", "U S"),
        ("B2B", "B two B"),
        ("AT&T", "AT and T"),
        ("example.com", "example dot com"),
        ("Dr.", "doctor"),
        ("“don’t”", "don't"),
        ("well-known,", "well-known"),
        ("—", ""),
        ("…", ""),
        ("COVID-19", "COVID nineteen"),
    ],
)
def test_written_words_are_spoken(written: str, said: str) -> None:
    assert " ".join(spoken_words(written, "en")) == said


def test_numbers_in_other_scripts_and_languages() -> None:
    assert [spoken_words(one, "zh") for one in written_words("我有105元。")] == [
        ("我",), ("有",), ("一", "百", "零", "五"), ("元",),
    ]  # fmt: skip
    assert spoken_words("Straße", "de") == ("Straße",)
    assert spoken_words("12", "xx") == ()


@settings(max_examples=200)
@given(value=st.integers(0, 10**15 - 1))
def test_numbers_are_read_back(value: int) -> None:
    """The words mean the number again, by the toolbox's other half."""
    from asrcli.text.numbers_english import polish, read_numbers, split_numbers

    words = split_numbers(" ".join(number(value))).split()
    assert polish(" ".join(read_numbers(words)), literal_one=False) == str(value)


@settings(max_examples=300)
@given(text=st.text(max_size=40))
def test_speaking_never_fails_and_loses_no_writing(text: str) -> None:
    words = written_words(text)
    assert "".join(words) == "".join(text.split())
    for language in ("en", "zh", "de", None):
        for word in words:
            assert all(spoken_words(word, language))


placements = st.one_of(
    st.none(), st.builds(lambda start, size: Placed(start, start + size, 0.5), st.floats(0, 9), st.floats(0, 2))
)


@settings(max_examples=300)
@given(placed=st.lists(placements, max_size=12), sizes=st.lists(st.integers(0, 3), max_size=12))
def test_no_time_is_ever_missing_or_goes_back(placed: list[Placed | None], sizes: list[int]) -> None:
    tokens, at = [], 0
    for size in sizes:
        tokens.append(Token("word", at, at + size))
        at += size
    words = written_back(tokens, [*placed, *[None] * at][:at], Region(0.0, 10.0))
    assert len(words) == len(tokens)
    ends = [0.0, *(time for word in words for time in (word.start, word.end)), 10.0]
    assert ends == sorted(ends)


def test_the_work_for_words_without_a_place_grows_with_their_number() -> None:
    """A subtitle of 20,000 open tags is a text of 40,000 words beside a recording of seconds."""

    def steps(size: int) -> int:
        tokens, done = [Token("word", number, number + 1) for number in range(size)], [0]

        def count(*_: Any) -> Any:
            done[0] += 1
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            written_back(tokens, [None] * size, Region(0.0, 10.0))
        finally:
            sys.settrace(before)
        return done[0]

    assert steps(800) < 3 * steps(400)


# Texts


def test_texts_of_every_kind_are_read(tmp_path: Path) -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n<i>One</i>\ntwo\n\n2\n00:00:03,000 --> 00:00:04,000\nthree\n"
    assert parse_script(srt, "a.srt") == Script((Piece("One\ntwo"), Piece("three")), cues=True)
    assert parse_script(srt, "-").cues
    vtt = parse_script("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hello\n", "-")
    assert vtt.pieces == (Piece("Hello", "Ann"),)
    whisper = {"text": " A b.", "segments": [{"text": " A b.", "start": 0, "end": 1}], "language": "en"}
    assert parse_script(json.dumps(whisper), "a.json") == Script((Piece("A b."),), "en")
    assert parse_script("One line.\n\n  Another. ", "a.txt").pieces == (Piece("One line."), Piece("Another."))
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="not UTF-8"):
        read_script(str(tmp_path / "a.txt"))
    (tmp_path / "b.txt").write_text(" \n")
    with pytest.raises(InputError, match="holds no words"):
        read_script(str(tmp_path / "b.txt"))


def test_a_paragraph_is_parted_into_sentences() -> None:
    long = "Dr. Smith came at 3.5 o'clock. " * 8
    assert sentences(long.strip()) == ["Dr. Smith came at 3.5 o'clock."] * 8
    assert sentences("Short. Lines. Stay.") == ["Short. Lines. Stay."]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" ".join(sentence(name) for name in NAMES), "en"),
        (FOREIGN + " " + FOREIGN, "de"),
        ("今天天气很好，我们去公园。", "zh"),
        ("今日はとても良い天気です。", "ja"),
        ("Сегодня хорошая погода.", "ru"),
        ("yes no", None),
        ("", None),
    ],
)
def test_the_language_of_a_text(text: str, code: str | None) -> None:
    assert guess_language(text) == code


# References


def test_boundaries_are_compared_word_by_word(tmp_path: Path) -> None:
    reference = [Word("One", 1.0, 1.5), Word("two", 1.5, 2.0), Word("three", 2.0, 2.5)]
    ours = [Word("one,", 1.02, 1.5), Word("three", 2.0, 2.6), Word("four", 3, 4)]
    error = boundary_error(reference, ours)
    assert (error.words, error.unmatched) == (2, 1)
    assert error.mean == pytest.approx(0.03) and error.median == pytest.approx(0.01)
    assert [error.within(limit) for limit in (0.01, 0.02, 0.05, 0.1)] == [0.5, 0.75, 0.75, 1.0]
    assert (error + BoundaryError((0.5,), 1, 0)).words == 3
    (tmp_path / "a.ctm").write_text("a 1 1.0 0.5 One\nb 1 0.5 0.5 Two\n")
    assert find_reference(str(tmp_path), "b") == [Word("Two", 0.5, 1.0)]
    with pytest.raises(InputError, match="no reference for 'c'"):
        find_reference(str(tmp_path), "c")


LONG_GRID = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "TextTier"
        name = "events"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 0.5
            mark = "click 1"
    item [2]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1
            text = ""
        intervals [2]:
            xmin = 1
            xmax = 1.5
            text = "say ""it"""
        intervals [3]:
            xmin = 1.5
            xmax = 2.5
            text = "so"
'''
SHORT_GRID = '''File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
2
"TextTier"
"events"
0
2.5
1
0.5
"click 1"
"IntervalTier"
"words"
0
2.5
3
0
1
""
1
1.5
"say ""it"""
1.5
2.5
"so"
'''


def test_textgrids_long_and_short(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    words = [Word("", 0, 1), Word('say "it"', 1, 1.5), Word("so", 1.5, 2.5)]
    for encoding in ("utf-8", "utf-16"):
        path.write_bytes(LONG_GRID.encode(encoding))
        assert textgrid_tiers(path) == {"words": words}
    path.write_text(SHORT_GRID)
    assert textgrid_tiers(path) == {"words": words}
    path.write_text(LONG_GRID[:300])
    with pytest.raises(InputError, match="ends early"):
        textgrid_tiers(path)


# The plug-in


def test_aligners_are_found_by_their_entry_points() -> None:
    assert "pocketsphinx" in installed(Aligner)
    for name in installed(Aligner):
        kind = load_plugin(Aligner, name)
        assert kind.name == name and (kind.default_model in kind.models or names_any_model(kind))
        assert kind.max_seconds > 0


def test_a_silent_recording_has_no_words() -> None:
    spelling = spell(Script((Piece("One two."),)), "en")
    made = transcript_of(spelling, [None, None], Recording("a"), Survey(3.0, ()), "x")
    assert [word.status for word in made.segments[0].words] == ["not_in_audio"] * 2


# The shell


@pytest.mark.slow
def test_a_pair_of_files(asr: Run, tmp_path: Path) -> None:
    done = asr("align", EXAMPLES / "station-awb.wav", EXAMPLES / "station-awb.txt", "-f", "json")
    assert done.code == 0, done.err
    words = json.loads(done.out)["segments"][0]["words"]
    assert len(words) == 12 and {word["status"] for word in words} == {"ok"}
    assert done.err == "asr: aligner pocketsphinx:en-us\n"


def test_a_folder_once_and_again(asr: Run, tmp_path: Path) -> None:
    for name in (GARDEN, LIGHTS):
        (tmp_path / f"in/{name}.wav").parent.mkdir(exist_ok=True)
        (tmp_path / f"in/{name}.wav").write_bytes((EXAMPLES / f"{name}.wav").read_bytes())
        (tmp_path / f"in/{name}.txt").write_text(sentence(name))
    done = asr("align", "in", "-f", "json,srt", "-o", "out", "--reference", HERE / "data/alignment")
    assert done.code == 0, done.err
    assert sorted(done.out.split()) == sorted(
        f"out/{name}.{kind}" for name in (GARDEN, LIGHTS) for kind in ("json", "srt")
    )
    assert len(re.findall("Accumulated Average Shift", done.err)) == 3  # each, and all
    again = asr("align", "in", "-f", "json,srt", "-o", "out", "-q")
    assert (again.code, again.out) == (0, "")
    (tmp_path / f"in/{LIGHTS}.txt").write_text("Please turn off the lights")
    planned = asr("align", "in", "-f", "json", "-o", "out", "--dry-run")
    assert re.search(rf"up to date\tout/{GARDEN}.json", planned.out)
    assert re.search(rf"make\tout/{LIGHTS}.json\ttext was", planned.out)


def test_times_in_a_file_of_another_extension_are_said(asr: Run, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes((EXAMPLES / f"{LIGHTS}.wav").read_bytes())
    (tmp_path / "talk.txt").write_text(sentence(LIGHTS))
    for name, said in (("words.foo", True), ("words.CTM", False), ("words.textgrid", False), ("words", False)):
        done = asr("align", "talk.wav", "talk.txt", "--output", name, "--dry-run")
        assert done.code == 0
        assert (f"asr: {name}: ctm, because no format has the extension '.foo'; -f names one" in done.err) is said


@pytest.mark.slow
@pytest.mark.parametrize("touched", ["talk.wav", "talk.txt"])
def test_inputs_that_were_only_touched_are_not_asked_for_again(asr: Run, tmp_path: Path, touched: str) -> None:
    """The time of the output is all that make looks at."""
    (tmp_path / "talk.wav").write_bytes((EXAMPLES / f"{LIGHTS}.wav").read_bytes())
    (tmp_path / "talk.txt").write_text(sentence(LIGHTS))
    command = ("align", "talk.wav", "talk.txt", "--output", "talk.ctm")
    assert asr(*command).code == 0
    source, made = tmp_path / touched, tmp_path / "talk.ctm"
    before = made.stat()
    os.utime(source, (before.st_mtime - 1, before.st_mtime - 1))
    os.utime(made, (before.st_mtime - 2, before.st_mtime - 2))
    assert asr(*command, "--dry-run").out.startswith("up to date")
    assert made.stat().st_mtime == before.st_mtime - 2
    assert asr(*command).code == 0
    assert made.stat().st_mtime_ns > source.stat().st_mtime_ns and made.stat().st_ino == before.st_ino


def test_a_folder_that_may_not_be_written_is_said_before_anything_loads(tmp_path: Path) -> None:
    refuse = (  # root may write anywhere
        "import os; os.access = lambda *_: False\n"
        "from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner as aligner\n"
        "aligner.__init__ = lambda *_: print('loaded', flush=True)\n"
        "from asrcli.cli.main import main; main()"
    )
    words = ("align", EXAMPLES / f"{LIGHTS}.wav", EXAMPLES / f"{LIGHTS}.txt", "-a", "pocketsphinx", "-o", "out")
    done = subprocess.run(
        [sys.executable, "-c", refuse, *words],
        cwd=tmp_path,
        env=quiet_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "permission to write" in done.stderr


def test_a_text_that_cannot_be_read_is_said_before_anything_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(PocketSphinxAligner, "__init__", lambda *_: loaded.append("loaded"))
    bad = tmp_path / "talk.txt"
    bad.write_bytes(b"\xff\xfe\xff")
    request = AlignRequest(
        pairs=(Pair(Found(str(EXAMPLES / f"{LIGHTS}.wav")), str(bad)),), aligner="pocketsphinx", language="en"
    )
    happened = list(execute(plan(request)))
    failures = [one for one in happened if isinstance(one, JobFailed)]
    assert len(failures) == 1 and str(bad) in str(failures[0].error) and not loaded


def test_a_line_per_word_unless_asked_otherwise(asr: Run, tmp_path: Path) -> None:
    done = asr("align", EXAMPLES / "lights-slt.wav", EXAMPLES / "lights-slt.txt", "--reference", tmp_path)
    assert done.code == 2 and "no TextGrid or CTM files in it" in done.err
    (tmp_path / "other.ctm").write_text("other 1 0.0 1.0 word\n")
    done = asr("align", EXAMPLES / "lights-slt.wav", EXAMPLES / "lights-slt.txt", "--reference", tmp_path)
    assert done.code == 0 and "no reference for 'lights-slt'" in done.err and "not done" not in done.err
    assert [line.split()[4] for line in done.out.splitlines()] == sentence(LIGHTS).split()


@pytest.mark.slow
def test_what_shaped_the_times_is_in_the_json(asr: Run) -> None:
    sound = (EXAMPLES / "station-awb.wav", EXAMPLES / "station-awb.txt")
    usual = json.loads(asr("align", *sound, "-f", "json").out)["options"]
    assert usual["device"] == "cpu" and usual["vad"] == "silero" and float(usual["vad_threshold"]) < 1
    assert "chunk_length" not in usual and "language" not in usual
    given = ("--no-vad", "--chunk-length", "20", "-l", "en", "--listener", "none")
    other = json.loads(asr("align", *sound, "-f", "json", *given).out)["options"]
    assert other.items() >= {"vad": "off", "chunk_length": "20", "language": "en", "listener": "none"}.items()
    assert not [name for name in other if name.startswith("vad_")]


def test_subtitles_keep_their_cues(asr: Run, tmp_path: Path) -> None:
    record(tmp_path / "talk.wav", [GARDEN, 2.0, LIGHTS])
    cues = [sentence(GARDEN), sentence(LIGHTS)[:25].strip(), sentence(LIGHTS)[25:].strip()]
    (tmp_path / "talk.srt").write_text(
        "".join(f"{at}\n00:00:0{at},000 --> 00:00:0{at},500\n{cue}\n\n" for at, cue in enumerate(cues, 1))
    )
    done = asr("align", "talk.wav", "talk.srt")
    assert done.code == 0, done.err
    blocks = done.out.strip().split("\n\n")
    assert [block.split("\n", 2)[2] for block in blocks] == cues
    starts = [int(hit[1]) * 1000 + int(hit[2]) for hit in re.finditer(r":(\d\d),(\d{3}) -->", done.out)]
    assert abs(starts[0] - 253) < 80 and abs(starts[1] - 6625) < 80


@pytest.mark.slow
def test_the_text_from_standard_input(asr: Run) -> None:
    done = asr("align", EXAMPLES / "lights-slt.wav", "-", "-f", "json", stdin=sentence(LIGHTS).encode())
    assert done.code == 0, done.err
    assert json.loads(done.out)["segments"][0]["words"][0]["word"].strip() == "Please"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        pytest.param(
            *(["a.wav", "b.txt", "--listener", "none"], 1, "another text, or speech in another language"),
            marks=pytest.mark.slow,
        ),
        (["a.wav", "half.txt", "--min-coverage", "0.9", "--listener", "none"], 1, "less than --min-coverage 0.9"),
        (["a.wav", "a.txt", "--max-word-seconds", "0.1"], 1, "more than --max-word-seconds 0.1"),
        (["a.wav", "german.txt", "-a", "pocketsphinx"], 2, "aligner 'pocketsphinx' does not speak 'de', only: en"),
        (["a.wav", "a.txt", "-l", "de"], 3, "does not speak 'de'): asr engines pull aligner:qwen3:0.6b\n"),
        (["a.wav"], 2, "needs its text"),
        (["a.wav", "none.txt"], 1, "holds no words"),
        pytest.param(["silent.wav", "a.txt"], 1, "no speech is detected in it", marks=pytest.mark.slow),
        (["a.wav", "a.txt", "--channels", "1"], 1, "has no channel 1"),
        (["a.wav", "a.txt", "--channels", "split"], 2, "with one channel, counted from 0"),
        (["a.wav", "a.txt", "--start", "3", "--end", "2"], 2, "--end 2 is not after --start 3"),
        (["a.wav", "a.txt", "-f", "answers"], 2, "unknown format 'answers'"),
        (["a.wav", "a.txt", "-f", "foo"], 2, "ctm, stm, rttm\n"),
        (["a.wav", "missing.txt"], 1, "cannot read the text 'missing.txt'"),
        (["missing.wav", "a.txt"], 1, "missing.wav"),
        (["-", "a.txt"], 2, "standard input can be the text"),
        (["a.wav", "a.txt", "--reference", "nowhere"], 2, "no such folder"),
        (["a.wav", "a.txt", "-a", "pocketsphnix"], 2, "did you mean 'pocketsphinx'?"),
        (["empty"], 2, "no audio or video files"),
        (["a.wav", "a.txt", "-f", "json,srt"], 2, "cannot share standard output"),
    ],
)
def test_what_goes_wrong_is_said(asr: Run, tmp_path: Path, options: list[str], code: int, said: str) -> None:
    (tmp_path / "a.wav").write_bytes((EXAMPLES / "garden-awb.wav").read_bytes())
    (tmp_path / "a.txt").write_text(sentence(GARDEN))
    (tmp_path / "b.txt").write_text(sentence(WEATHER))
    (tmp_path / "half.txt").write_text(sentence(GARDEN) + " " + sentence(LIGHTS))
    (tmp_path / "german.txt").write_text(FOREIGN + " " + FOREIGN)
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.txt").write_text(" \n")
    record(tmp_path / "silent.wav", [2.0])
    done = asr("align", *options)
    assert (done.code, said in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_a_reference_of_another_text_is_not_compared(asr: Run, tmp_path: Path) -> None:
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs/garden-awb.ctm").write_text((HERE / "data/alignment/weather-rms.ctm").read_text())
    sound, text = EXAMPLES / "garden-awb.wav", EXAMPLES / "garden-awb.txt"
    done = asr("align", sound, text, "--reference", "refs", "-f", "json", "-o", "out")
    assert done.code == 0 and "has other words" in done.err and "boundary error" not in done.err


@pytest.mark.slow
def test_one_channel_and_one_stretch(asr: Run, tmp_path: Path) -> None:
    """The text of each channel of a conversation is aligned with that channel; times stay those of the file."""
    left, right = (np.frombuffer(frames(name), "<i2") for name in (GARDEN, WEATHER))
    both = np.zeros((max(len(left), len(right)), 2), "<i2")
    both[: len(left), 0], both[: len(right), 1] = left, right
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        file.writeframes(both.tobytes())
    for channel, name in enumerate((GARDEN, WEATHER)):
        done = asr("align", "call.wav", EXAMPLES / f"{name}.txt", "--channels", channel, "-f", "json")
        assert done.code == 0, done.err
        alone = asr("align", EXAMPLES / f"{name}.wav", EXAMPLES / f"{name}.txt", "-f", "json")
        theirs, ours = (
            [word["start"] for part in json.loads(one.out)["segments"] for word in part["words"]]
            for one in (alone, done)
        )
        assert ours == pytest.approx(theirs, abs=0.03)
    (tmp_path / "part.txt").write_text("played in the garden until")
    known = [word for _, word in read_ctm(HERE / "data/alignment/garden-awb.ctm")]
    made = asr("align", EXAMPLES / "garden-awb.wav", "part.txt", "--start", "0.84", "--end", "2.2", "-f", "json")
    words = json.loads(made.out)["segments"][0]["words"]
    assert [word["status"] for word in words] == ["ok"] * 5
    starts = [word["start"] for word in words]
    assert starts == pytest.approx([word.start for word in known[2:7]], abs=0.05)


@pytest.mark.slow
def test_progress_is_told_as_it_goes(asr: Run, tmp_path: Path) -> None:
    record(tmp_path / "talk.wav", [GARDEN, 4.0, LIGHTS, 4.0, STATION])
    (tmp_path / "talk.txt").write_text("\n".join(map(sentence, (GARDEN, LIGHTS, STATION))))
    done = asr("align", "talk.wav", "talk.txt", "-f", "json", "-o", "out", "--events", "events.jsonl")
    assert done.code == 0, done.err
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    times = [one["until"] for one in events if one["type"] == "progress"]
    assert len(times) >= 3 and times == sorted(times)


@pytest.mark.slow
def test_karaoke_unless_asked_otherwise(asr: Run, tmp_path: Path) -> None:
    command = ("align", EXAMPLES / "garden-awb.wav", EXAMPLES / "garden-awb.txt", "-f")
    assert asr(*command, "ass").out.count("\\k") > 10
    assert "\\k" not in asr(*command, "ass", "--no-highlight-words").out
    assert asr(*command, "txt").out == sentence(GARDEN) + "\n"


@pytest.mark.slow
def test_a_failed_check_is_written_and_never_up_to_date(asr: Run, tmp_path: Path) -> None:
    (tmp_path / "half.txt").write_text(sentence(GARDEN) + " " + sentence(LIGHTS))
    command = ("align", EXAMPLES / "garden-awb.wav", "half.txt", "--min-coverage", "0.9", "-o", "out", "-f", "json")
    for _ in range(2):
        done = asr(*command, "--listener", "none", "--report", "report.jsonl")
        assert done.code == 1 and "13 of 24 words (54%) are surely in the audio" in done.err
        assert (tmp_path / "out/garden-awb.json").exists()
        assert json.loads((tmp_path / "report.jsonl").read_text())["error"] == "CheckFailed"


@pytest.mark.slow
def test_a_corrected_subtitle_is_aligned(asr: Run, tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "station-awb.wav", tmp_path / "we-will-meet-at-the-station-at-half-past-eleven.wav")
    (heard,) = tmp_path.glob("*.wav")
    assert asr("transcribe", heard, "-e", "fake", "-o", tmp_path, "-f", "srt").code == 0
    corrected = heard.with_suffix(".srt")
    corrected.write_text(corrected.read_text().replace("eleven", "seven tomorrow evening"))
    done = asr("align", heard, corrected, "-a", "pocketsphinx", "-f", "ctm")
    assert done.code == 0, done.err
    words = {line.split()[4]: float(line.split()[2]) for line in done.out.splitlines()}
    assert abs(words["seven"] - 2.24) < 0.05 and "tomorrow" in words


def test_a_text_and_a_recording_the_other_way_round(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "my talk.wav", 1.0)
    (tmp_path / "my talk.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\none\n")
    for audio in ("my talk.wav", "gone.mp3", "s3://bucket/talk.flac"):
        done = asr("align", "my talk.srt", audio)
        assert done.code == 2 and len(done.err.splitlines()) == 1, done.err
        assert f"write asr align {shlex.quote(audio)} 'my talk.srt'" in done.err
    same = asr("align", "my talk.wav", "my talk.wav")
    assert same.code == 2 and "name the text second" in same.err
