"""TextGrid, EAF, Audacity, CTM, STM and RTTM: against praatio, tgt, pympi, pyannote, meeteval and NIST's tools."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.command import Run, write_wav

from asrcli.formats import format_of, layout, render
from asrcli.formats.timeline import lay_out, time_doubts
from asrcli.types import Phone, Recording, Segment, Transcript, Turn, Word

SCTK = Path("/usr/lib/sctk/bin")
DEFAULT = layout()

HELLO = Word("Hello,", 0.5, 0.9, 0.75, phones=(Phone("HH", 0.5, 0.6), Phone("AH0", 0.6, 0.9)))
SAID = 'say "hi" {now} & <b>'


def transcript_of(*segments: Segment, path: str = "my talk.wav", seconds: float = 10.0, **more: object) -> Transcript:
    return Transcript(Recording(path, seconds=seconds), segments, "fake", language="en", seconds=seconds, **more)  # type: ignore[arg-type]


ALONE = transcript_of(
    Segment("Hello, world.", 0.5, 1.6, (HELLO, Word("world.", 1.0, 1.6, 0.5))),
    Segment(SAID, 3.0, 6.0),
)
TWO = transcript_of(
    Segment("Hello, world.", 0.5, 1.6, (HELLO, Word("world.", 1.0, 1.6)), speaker="channel 0"),
    Segment("No way", 1.2, 2.0, (Word("No", 1.2, 1.5), Word("way", 1.5, 2.0)), speaker="channel 1"),
)


def words_of(transcript: Transcript) -> list[str]:
    return [word for segment in transcript.segments for word in segment.text.split()]


# --- where intervals lie ----------------------------------------------------------------------------------------------


def test_spans_are_changed_as_little_as_needed() -> None:
    assert lay_out([(0, 500), (400, 900)], 0, 1000) == [(0, 400), (400, 900)]
    assert lay_out([(100, 400)] * 3, 0, 1000) == [(100, 200), (200, 300), (300, 400)]
    assert lay_out([(5, 5), (5, 5)], 0, None) == [(5, 6), (6, 7)]
    assert lay_out([(10, 20), (2000, 3000)], 0, 1000) == [(10, 20), (999, 1000)]
    assert lay_out([], 0, None) == []


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=30), st.none() | st.integers(30, 200))
def test_no_span_is_empty_and_none_overlap(pairs: list[tuple[int, int]], last: int | None) -> None:
    spans = sorted((start, start + length) for start, length in pairs)
    laid = lay_out(spans, 0, last)
    assert len(laid) == len(spans)
    times = [time for span in laid for time in span]
    assert times == sorted(times) and all(start < end for start, end in laid)
    assert last is None or not times or times[-1] <= last
    apart = all(end <= after for (_, end), (after, _) in pairwise(spans))
    if apart and all(end > start for start, end in spans) and (last is None or not spans or spans[-1][1] <= last):
        assert laid == spans


# --- TextGrid ---------------------------------------------------------------------------------------------------------


def read_textgrid(text: str, folder: Path) -> dict[str, list[tuple[float, float, str]]]:
    """Return the tiers as praatio reads them, after tgt has read the same."""
    import tgt
    from praatio import textgrid

    path = folder / "it.TextGrid"
    path.write_text(text, encoding="utf-8")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="error")
    read = {name: [tuple(entry) for entry in grid.getTier(name).entries] for name in grid.tierNames}
    other = tgt.io.read_textgrid(str(path), encoding="utf-8")
    assert {
        tier.name: [(float(one.start_time), float(one.end_time), one.text) for one in tier.intervals]
        for tier in other.tiers
    } == read
    assert grid.validate(reportingMode="error")
    return read


def test_textgrid_has_words_and_phones(tmp_path: Path) -> None:
    text = render(ALONE, "textgrid", DEFAULT)
    read = read_textgrid(text, tmp_path)
    assert list(read) == ["words", "phones", "utterances"]
    assert read["words"] == [(0.5, 0.9, "Hello,"), (1.0, 1.6, "world.")]
    assert read["utterances"] == [(3.0, 6.0, SAID)]  # nobody knows when its words are said
    assert read["phones"] == [(0.5, 0.6, "HH"), (0.6, 0.9, "AH0")]
    assert "xmax = 10\n" in text  # the length of the recording, which Praat wants of both


def test_textgrid_has_tiers_for_each_speaker(tmp_path: Path) -> None:
    read = read_textgrid(render(TWO, "textgrid", DEFAULT), tmp_path)
    assert list(read) == ["channel 0 - words", "channel 0 - phones", "channel 1 - words"]
    assert read["channel 1 - words"] == [(1.2, 1.5, "No"), (1.5, 2.0, "way")]


def test_textgrid_of_nothing_can_be_opened(tmp_path: Path) -> None:
    assert list(read_textgrid(render(transcript_of(), "textgrid", DEFAULT), tmp_path)) == ["words"]
    assert "xmax = 0.001\n" in render(transcript_of(seconds=0.0), "textgrid", DEFAULT)


def test_a_word_that_is_not_in_the_audio_is_on_no_tier(tmp_path: Path) -> None:
    absent = Word("never", 0.9, 0.9, 0.0, "aligned", status="not_in_audio")
    transcript = transcript_of(Segment("Hello, never", 0.5, 0.9, (HELLO, absent)))
    assert read_textgrid(render(transcript, "textgrid", DEFAULT), tmp_path)["words"] == [(0.5, 0.9, "Hello,")]
    assert "never" not in render(transcript, "ctm", DEFAULT)


GUESSED = (Word("a", 0.5, 0.9, 0.9, "aligned"), Word("7", 0.9, 1.1, None, "interpolated"))
GUESSED += (Word("x", 1.1, 1.2, None, "interpolated"), Word("b", 1.2, 1.6, 0.8, "aligned"))
INTERPOLATED = transcript_of(Segment("a 7 x b", 0.5, 1.6, GUESSED))
MADE_UP = (Word("no", 1.0, 1.5, source="interpolated"), Word("times", 1.5, 3.0, source="interpolated"))
INVENTED = transcript_of(Segment("no times", 1.0, 3.0, MADE_UP))


def test_interpolated_times_are_marked_in_every_format(tmp_path: Path) -> None:
    read = read_textgrid(render(INTERPOLATED, "textgrid", DEFAULT), tmp_path)
    assert read["interpolated"] == [(0.9, 1.2, "interpolated")] and len(read["words"]) == 4
    assert ">interpolated<" in render(INTERPOLATED, "eaf", DEFAULT)
    ctm = render(INTERPOLATED, "ctm", DEFAULT).splitlines()
    assert [line[:2] for line in ctm] == ["my", ";;", "my", "my", "my"] and "2 words" in ctm[1]
    marked = layout(highlight_words=True)
    assert "<u>a</u> 7 x b" in render(INTERPOLATED, "srt", marked) and "<u>7" not in render(INTERPOLATED, "vtt", marked)
    assert "{\\k40}a{\\k30} 7 x{\\k40} b" in render(INTERPOLATED, "ass", marked)
    assert "<00:00.50>a 7 x<00:01.20> b<" in render(INTERPOLATED, "lrc", marked)


@pytest.mark.parametrize("said", [INVENTED, transcript_of(Segment("no times", 1.0, 3.0))])
def test_no_word_has_times_that_nobody_knows(said: Transcript, tmp_path: Path) -> None:
    assert read_textgrid(render(said, "textgrid", DEFAULT), tmp_path) == {"utterances": [(1.0, 3.0, "no times")]}
    assert render(said, "eaf", DEFAULT).count("<ANNOTATION>") == 1
    assert render(said, "audacity", DEFAULT) == "1.000000\t3.000000\tno times\n"
    assert render(said, "ctm", DEFAULT) == ";; no word times: my_talk 1 1.000 2.000 no times\n"
    marked = layout(highlight_words=True)
    assert "<u>" not in render(said, "srt", marked) and "<00" not in render(said, "lrc", marked)
    assert render(said, "ass", marked).count("{\\k") == 1
    (line,) = time_doubts(said, ("ctm",), False)
    assert line.startswith("1 of 1 segment without word times")
    assert not list(time_doubts(said, ("txt", "srt"), False))


def test_interpolated_times_are_said() -> None:
    assert list(time_doubts(INTERPOLATED, ("ctm",), False)) == [
        "the times of 2 of 4 words are interpolated: no aligner has found them there"
    ]
    assert not list(time_doubts(INTERPOLATED, ("srt",), False))


# --- EAF --------------------------------------------------------------------------------------------------------------


def test_eaf_as_pympi_reads_it(tmp_path: Path) -> None:
    from pympi.Elan import Eaf

    path = tmp_path / "it.eaf"
    path.write_text(render(TWO, "eaf", DEFAULT), encoding="utf-8")
    eaf = Eaf(path)
    assert list(eaf.get_tier_names()) == [
        "channel 0", "channel 0 words", "channel 0 phones", "channel 1", "channel 1 words",
    ]  # fmt: skip
    assert eaf.get_annotation_data_for_tier("channel 0") == [(500, 1600, "Hello, world.")]
    assert eaf.get_annotation_data_for_tier("channel 0 phones") == [(500, 600, "HH"), (600, 900, "AH0")]
    assert sorted(eaf.get_annotation_data_for_tier("channel 1 words")) == [(1200, 1500, "No"), (1500, 2000, "way")]
    assert eaf.get_linked_files()[0]["MEDIA_URL"].endswith("/my%20talk.wav")
    assert eaf.get_linked_files()[0]["MIME_TYPE"] == "audio/x-wav"


@pytest.mark.parametrize(("place", "way"), [("-o", "../my%20talks/a%26.wav"), ("--output", "./my%20talks/a%26.wav")])
def test_eaf_says_the_way_to_its_recording_from_where_it_is(place: str, way: str, asr: Run, tmp_path: Path) -> None:
    from urllib.parse import unquote

    from lxml import etree

    (tmp_path / "my talks").mkdir()
    write_wav(tmp_path / "my talks" / "a&.wav")
    target = "out" if place == "-o" else "a.eaf"
    assert asr("transcribe", "my talks/a&.wav", "-e", "fake", "-f", "eaf", place, target).code == 0
    (written,) = tmp_path.rglob("*.eaf")
    media = etree.parse(str(written)).find("HEADER/MEDIA_DESCRIPTOR")
    assert media.get("RELATIVE_MEDIA_URL") == way
    assert (written.parent / unquote(way)).samefile(tmp_path / "my talks" / "a&.wav")


def test_eaf_escapes_and_keeps_the_order_that_the_schema_wants(tmp_path: Path) -> None:
    from lxml import etree

    noted = transcript_of(Segment(SAID + " \x00\uffff\U0001f600", 3.0, 6.0, speaker='a"<b'), path='q"&.mp3')
    root = etree.fromstring(render(noted, "eaf", DEFAULT).encode())
    assert [child.tag for child in root] == ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE"]
    assert root.find("TIER").get("TIER_ID") == 'a"<b'
    assert root.findtext(".//ANNOTATION_VALUE") == SAID + " \ufffd\U0001f600"
    assert root.find("HEADER/MEDIA_DESCRIPTOR").get("RELATIVE_MEDIA_URL") == "./q%22%26.mp3"
    slots = [int(slot.get("TIME_VALUE")) for slot in root.find("TIME_ORDER")]
    assert slots == sorted(slots)
    ids = [element.get("ANNOTATION_ID") for element in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(ids) == len(set(ids)) == 1


# --- Audacity ---------------------------------------------------------------------------------------------------------


def test_audacity_has_a_label_per_word_or_per_segment() -> None:
    """The format as the manual has it: start, tab, end, tab, label."""
    rows = [line.split("\t") for line in render(TWO, "audacity", DEFAULT).splitlines()]
    assert rows[0] == ["0.500000", "0.900000", "[channel 0] Hello,"]
    assert [label for _, _, label in rows][1:] == ["[channel 0] world.", "[channel 1] No", "[channel 1] way"]
    plain = transcript_of(Segment("two\twords", 1.0, 2.0), Segment("", 2.0, 3.0))
    assert render(plain, "audacity", DEFAULT) == "1.000000\t2.000000\ttwo words\n"


def test_labels_do_not_collide_with_text() -> None:
    assert format_of("out/talk.labels.txt") == "audacity" and format_of("talk.txt") == "txt"
    assert format_of("talk.textgrid") == format_of("TALK.TextGrid") == "textgrid"
    assert format_of("talk.doc") == format_of("") == "txt"


# --- CTM, STM, RTTM ---------------------------------------------------------------------------------------------------


def test_ctm_as_meeteval_reads_it() -> None:
    from meeteval.io import CTM

    read = CTM.parse(render(ALONE, "ctm", DEFAULT), parse_float=float).lines
    assert [(line.filename, line.channel, line.word) for line in read] == [
        ("my_talk", "1", word) for word in ("Hello,", "world.")
    ]
    assert (read[1].begin_time, read[1].duration, read[1].confidence) == (1.0, 0.6, "0.500")
    scored = CTM.parse(render(transcript_of(ALONE.segments[0]), "ctm", DEFAULT)).lines
    assert [line.confidence for line in scored] == ["0.750", "0.500"]  # a column for all, or for none


def test_ctm_has_channels_and_no_spaces_in_words() -> None:
    rows = [line.split() for line in render(TWO, "ctm", DEFAULT).splitlines()]
    assert [row[1] for row in rows] == ["1", "1", "2", "2"]
    spaced = transcript_of(Segment("ten o'clock", 1.0, 2.0, (Word("ten o'clock", 1.0, 2.0),)))
    assert render(spaced, "ctm", DEFAULT) == "my_talk 1 1.000 0.500 ten\nmy_talk 1 1.500 0.500 o'clock\n"
    second = replace(spaced, recording=replace(spaced.recording, channel=1))
    assert render(second, "ctm", DEFAULT).startswith("my_talk 2 ")


def test_stm_as_meeteval_reads_it() -> None:
    from meeteval.io import STM

    read = STM.parse(render(TWO, "stm", DEFAULT), parse_float=float).lines
    assert [(one.speaker_id, one.channel, one.begin_time, one.end_time, one.transcript) for one in read] == [
        ("channel_0", "1", 0.5, 1.6, "Hello, world."),
        ("channel_1", "2", 1.2, 2.0, "No way"),
    ]
    assert ' unknown 3.000 6.000 say "hi" ｛now｝ & <b>\n' in render(ALONE, "stm", DEFAULT)
    assert render(transcript_of(Segment("<o> x", 1, 1)), "stm", DEFAULT) == "my_talk 1 unknown 1.000 1.001 ＜o> x\n"


def test_rttm_as_pyannote_reads_it(tmp_path: Path) -> None:
    from pyannote.database.util import load_rttm

    turns = (Turn("S 1", 0.25, 2.0), Turn("S2", 1.5, 3.0), Turn("S 1", 4.0, 4.5))
    path = tmp_path / "it.rttm"
    path.write_text(render(replace(ALONE, turns=turns), "rttm", DEFAULT))
    read = load_rttm(path)["my_talk"]
    assert [(part.start, part.end, speaker) for part, _, speaker in read.itertracks(yield_label=True)] == [
        (0.25, 2.0, "S_1"), (1.5, 3.0, "S2"), (4.0, 4.5, "S_1"),
    ]  # fmt: skip


def test_rttm_without_a_diarization_has_the_speakers_of_the_segments() -> None:
    lines = render(TWO, "rttm", DEFAULT).splitlines()
    assert lines[1] == "SPEAKER my_talk 2 1.200 0.800 <NA> <NA> channel_1 <NA> <NA>"
    assert [line.split()[7] for line in render(ALONE, "rttm", DEFAULT).splitlines()] == ["unknown", "unknown"]


@pytest.mark.skipif(not (SCTK / "ctmValidator.pl").exists(), reason="needs NIST's tools: apt-get install sctk")
@pytest.mark.parametrize(("name", "options"), [("ctm", []), ("stm", []), ("rttm", ["-f", "-p"])])
def test_the_validators_of_nist_find_nothing(name: str, options: list[str], tmp_path: Path) -> None:
    """They know English words only, and rttmValidator wants the sexes of the speakers unless told otherwise (-p)."""
    plain = [
        replace(one, text=one.text.translate({44: None, 46: None}), words=())
        for one in (*TWO.segments, *ALONE.segments[:1])
    ]
    split, alone = replace(TWO, segments=tuple(plain[:2])), transcript_of(plain[2], path="z.wav")
    path = tmp_path / f"it.{name}"
    path.write_text(render(split, name, DEFAULT) + render(alone, name, DEFAULT))
    command = ["perl", SCTK / f"{name}Validator.pl", *options, "-i", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "ERROR" not in said and "Failed" not in said, said


@pytest.mark.skipif(not (SCTK / "sclite").exists(), reason="needs sclite: apt-get install sctk")
def test_sclite_scores_our_ctm_against_our_stm_without_an_error(tmp_path: Path) -> None:
    stm, ctm = tmp_path / "it.stm", tmp_path / "it.ctm"
    stm.write_text(render(TWO, "stm", DEFAULT))
    ctm.write_text(render(TWO, "ctm", DEFAULT))
    command = [SCTK / "sclite", "-r", stm, "stm", "-h", ctm, "ctm", "-o", "rsum", "stdout"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    total = next(line for line in done.stdout.splitlines() if "Sum" in line)
    assert [int(number) for number in total.replace("|", " ").split()[1:]] == [2, 4, 4, 0, 0, 0, 0, 0]


# --- every format, any transcript -------------------------------------------------------------------------------------

TIMES = st.floats(-1, 20, allow_nan=False)
TEXTS = st.text(max_size=8)
SPEAKERS = st.sampled_from([None, "S1", "S2", "channel 1", ""])
WORDS = st.lists(st.builds(Word, TEXTS, TIMES, TIMES, speaker=SPEAKERS), max_size=4).map(tuple)
SEGMENTS = st.lists(st.builds(Segment, TEXTS, TIMES, TIMES, words=WORDS, speaker=SPEAKERS), max_size=5)


@example([Segment("0", 1.0, 0.0)], 0.0)
@settings(max_examples=60)
@given(SEGMENTS, st.sampled_from([0.0, 2.0, 15.0]))
def test_whatever_is_said_can_be_read_again(segments: list[Segment], seconds: float) -> None:
    from lxml import etree
    from meeteval.io import CTM, RTTM, STM

    transcript = transcript_of(*segments, seconds=seconds)
    for read, name in ((CTM, "ctm"), (STM, "stm"), (RTTM, "rttm")):
        lines = read.parse(render(transcript, name, DEFAULT)).lines
        begins = [(line.channel, line.begin_time) for line in lines]
        assert begins == (sorted(begins) if name != "rttm" else sorted(begins, key=lambda row: row[1]))
    etree.parse(io.BytesIO(render(transcript, "eaf", DEFAULT).encode()))
    for line in render(transcript, "audacity", DEFAULT).splitlines():
        start, end, _ = line.split("\t")
        assert 0 <= float(start) <= float(end)


@settings(max_examples=40)
@given(SEGMENTS)
def test_any_textgrid_can_be_opened(tmp_path_factory: pytest.TempPathFactory, segments: list[Segment]) -> None:
    read_textgrid(render(transcript_of(*segments), "textgrid", DEFAULT), tmp_path_factory.mktemp("grid"))
