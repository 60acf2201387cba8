"""The formats: against independent readers (pysubs2, srt, webvtt-py, FFmpeg) and openai-whisper's own writers."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pysubs2
import pytest
import srt as srt_library
import webvtt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asrcli.errors import UsageError
from asrcli.formats import FORMATS, PROFILES, Layout, check, formats, layout, render
from asrcli.formats.cues import shape
from asrcli.formats.reading import parse_srt
from asrcli.formats.text import clean
from asrcli.types import Recording, Segment, Transcript, Word

DEFAULT = layout()


def transcript_of(*segments: Segment, path: str = "talk.wav", seconds: float = 60.0) -> Transcript:
    return Transcript(Recording(path), segments, "fake", language="en", seconds=seconds)


EXAMPLE = transcript_of(
    Segment(
        "Well, 2 < 3 & {x} --> y.",
        1.0,
        3.5,
        (
            *(Word("Well,", 1.0, 1.3), Word("2", 1.4, 1.6), Word("<", 1.6, 1.8), Word("3", 1.8, 2.0)),
            *(Word("&", 2.0, 2.2), Word("{x}", 2.2, 2.6), Word("-->", 2.6, 3.0), Word("y.", 3.0, 3.5)),
        ),
        speaker="S1",
    ),
    Segment("今天天气很好。", 5.0, 7.0, score=0.5, flags=("no_speech",)),
    Segment("  A line\nand\n\nanother\tone \x00\x1b[31m,  with\u2028breaks. ", 3661.0, 3664.25),
    seconds=3700.0,
)

# --- the table --------------------------------------------------------------------------------------------------------


def test_importing_the_table_imports_no_writer() -> None:
    code = (
        "import sys, asrcli.formats as w; assert len(w.FORMATS) == 16;"
        "print([m for m in sys.modules if m.startswith('asrcli.formats.') and not m.endswith('profiles')],"
        "[m for m in ('numpy', 'csv', 'json', 'difflib', 'importlib.metadata') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[] []\n"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_the_same_twice_and_encodes(name: str) -> None:
    broken = replace(EXAMPLE, recording=Recording(b"caf\xe9.wav".decode(errors="surrogateescape")))
    hopeless = Segment("lone \ud800 surrogate", 8.0, 9.0, speaker="\udcff")
    for transcript in (EXAMPLE, transcript_of(), replace(broken, segments=(*broken.segments, hopeless))):
        text = render(transcript, name, DEFAULT)
        text.encode()
        assert text == render(replace(transcript), name, DEFAULT)
        assert not text or text.endswith("\n")


def test_only_formats_of_lines_are_joinable() -> None:
    assert [name for name, format in FORMATS.items() if format.joinable] == [
        "txt",
        "jsonl",
        "tsv",
        "csv",
        "ctm",
        "stm",
        "rttm",
        "answers",
    ]


def test_header_only_once() -> None:
    for name in ("tsv", "csv"):
        first, second = render(EXAMPLE, name, DEFAULT), render(EXAMPLE, name, DEFAULT, header=False)
        assert first.endswith(second) and len(first) > len(second)


def test_parsing_a_list_of_formats() -> None:
    assert formats("srt,json") == ["srt", "json"]
    assert formats(" SRT , .vtt,srt") == ["srt", "vtt"]
    assert formats("all") == ["txt", "vtt", "srt", "tsv", "json"]
    assert formats("ass,all")[0] == "ass"
    with pytest.raises(UsageError, match="unknown format 'jso': did you mean 'json'"):
        formats("jso")
    with pytest.raises(UsageError, match=r"unknown format 'docx'.*choose from: txt, srt"):
        formats("srt,docx")
    with pytest.raises(UsageError, match="no format"):
        formats(" , ")
    with pytest.raises(UsageError, match="unknown format"):
        render(EXAMPLE, "pdf", DEFAULT)


def test_profiles_and_overrides() -> None:
    assert layout() == Layout() and layout("bbc").max_line_width == 37
    assert layout("netflix", max_lines=1, max_cps=None) == replace(PROFILES["netflix"], max_lines=1)
    for profile in PROFILES:
        layout(profile)  # each is possible
    with pytest.raises(UsageError, match="unknown subtitle profile 'netflx': did you mean 'netflix'"):
        layout("netflx")
    with pytest.raises(UsageError, match="--max-lines 0 is out of range"):
        layout(max_lines=0)
    with pytest.raises(UsageError, match="--max-duration 1 is shorter than --min-duration 2"):
        layout(min_duration=2.0, max_duration=1.0)
    with pytest.raises(UsageError, match="--max-cps nan"):
        layout(max_cps=float("nan"))
    with pytest.raises(UsageError, match="unknown subtitle constraint 'width'"):
        layout(width=3)


# --- text and tables --------------------------------------------------------------------------------------------------


def test_txt_is_one_line_per_segment() -> None:
    assert render(EXAMPLE, "txt", DEFAULT).split("\n") == [
        "[S1] Well, 2 < 3 & {x} --> y.",
        "今天天气很好。",
        "A line and another one [31m, with breaks.",
        "",
    ]


@given(st.text())
def test_clean_text_is_one_printable_line(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.split() == cleaned.split(" ") or not cleaned
    assert len(cleaned.splitlines()) <= 1 and not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", cleaned)
    assert clean(cleaned) == cleaned
    assert [char for char in cleaned if char.isalnum()] == [char for char in text if char.isalnum()]


def test_csv_is_read_back() -> None:
    tricky = Segment('He said "no", then\r\nleft; =1+1', 1.0, 2.0)
    name = 'a, "b"\n.wav'
    text = render(transcript_of(tricky, path=name), "csv", DEFAULT)
    assert text.count("\r\n") == 2
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["file"] == name and row["text"] == 'He said "no", then left; =1+1' and row["start"] == "1.000"


def test_jsonl_is_one_object_per_segment() -> None:
    rows = [json.loads(line) for line in render(EXAMPLE, "jsonl", DEFAULT).split("\n")[:-1]]
    assert [row["id"] for row in rows] == [0, 1, 2]
    assert {row["file"] for row in rows} == {"talk.wav"} and {row["language"] for row in rows} == {"en"}
    assert rows[0]["speaker"] == "S1" and rows[0]["words"][5]["word"].strip() == "{x}"
    assert rows[1]["flags"] == ["no_speech"] and rows[1]["text"] == "今天天气很好。"


# --- subtitles, read by others ----------------------------------------------------------------------------------------


def shown() -> list[tuple[float, float, str]]:
    """Return what the example must look like to any reader."""
    return [(cue.start, cue.end, "\n".join(cue.lines)) for cue in shape(EXAMPLE, DEFAULT)[0]]


def test_the_srt_library_reads_our_srt() -> None:
    read = list(srt_library.parse(render(EXAMPLE, "srt", DEFAULT), ignore_errors=False))
    assert [cue.index for cue in read] == [1, 2, 3]
    arrow = [(start, end, text.replace("-->", "->")) for start, end, text in shown()]
    arrow[0] = (*arrow[0][:2], "[S1] " + arrow[0][2])
    assert [(cue.start.total_seconds(), cue.end.total_seconds(), cue.content) for cue in read] == arrow


def test_webvtt_py_reads_our_vtt() -> None:
    read = webvtt.from_string(render(EXAMPLE, "vtt", DEFAULT))
    assert [cue.voice for cue in read.captions] == ["S1", None, None]
    found = [(cue.start_in_seconds, cue.end_in_seconds) for cue in read.captions]
    assert found == [(int(start), int(end)) for start, end, _ in shown()]
    assert "2 &lt; 3 &amp; {x} --&gt; y." in render(EXAMPLE, "vtt", DEFAULT)


@pytest.mark.parametrize("name", ["srt", "vtt", "ass"])
def test_pysubs2_reads_them_all(name: str) -> None:
    read = pysubs2.SSAFile.from_string(render(EXAMPLE, name, DEFAULT), format_=name)
    step = 10 if name == "ass" else 1
    assert [(event.start, event.end) for event in read] == [
        tuple(round(time * 1000) // step * step for time in times) for *times, _ in shown()
    ]
    assert read[1].plaintext == "今天天气很好。"


def test_pysubs2_reads_speaker_and_style_of_ass() -> None:
    read = pysubs2.SSAFile.from_string(render(EXAMPLE, "ass", DEFAULT))
    assert read[0].name == "S1" and read[0].style in read.styles and read.info["ScriptType"] == "v4.00+"


@pytest.mark.parametrize("name", ["srt", "vtt", "ass"])
def test_ffmpeg_shows_the_same_text(name: str, tmp_path: Path) -> None:
    """FFmpeg's demuxers and decoders turn each format into ASS events; the text must survive its markup."""
    av = pytest.importorskip("av")
    file = tmp_path / f"talk.{name}"
    file.write_text(render(EXAMPLE, name, DEFAULT), encoding="utf-8")
    texts, times = [], []
    with av.open(str(file)) as container:
        for packet in container.demux():
            times += [] if packet.pts is None else [float(packet.pts * packet.time_base)]
            for subtitle in packet.decode():
                decoded = subtitle.ass if isinstance(subtitle.ass, bytes) else subtitle.ass.encode()
                texts.append(decoded.decode().split(",", 8)[-1])
    assert times == [pytest.approx(start, abs=0.01) for start, _, _ in shown()]
    plain = [re.sub("\u2060", "", text.replace("\\{{}", "{").replace("\\{", "{")) for text in texts]
    expected = [text.replace("-->", "->") if name == "srt" else text for _, _, text in shown()]
    assert [text.removeprefix("[S1] ").replace("\\N", "\n") for text in plain] == expected


@settings(max_examples=100)
@given(st.lists(st.text("abc <>&{}\\N-\n\r\t今。1:,.0", max_size=40), max_size=6))
@example(["0\\N0", "\\N0"])
def test_no_text_breaks_a_file(texts: list[str]) -> None:
    """Whatever a recogniser says, the independent readers find every cue with its times."""
    segments = [Segment(text, 2.0 * place, 2.0 * place + 1.5) for place, text in enumerate(texts)]
    transcript = transcript_of(*segments)
    times = [(round(cue.start * 1000), round(cue.end * 1000)) for cue in shape(transcript, DEFAULT)[0]]
    read = srt_library.parse(render(transcript, "srt", DEFAULT), ignore_errors=False)
    assert [(round(c.start.total_seconds() * 1000), round(c.end.total_seconds() * 1000)) for c in read] == times
    assert [(c.start, c.end) for c in pysubs2.SSAFile.from_string(render(transcript, "vtt", DEFAULT), "vtt")] == times
    events = pysubs2.SSAFile.from_string(render(transcript, "ass", DEFAULT), "ass")
    assert [(c.start, c.end) for c in events] == [(start // 10 * 10, end // 10 * 10) for start, end in times]
    assert check(render(transcript, "srt", DEFAULT), "srt", DEFAULT) == shape(transcript, DEFAULT)[1]


def test_markup_in_a_text_stays_text_in_srt() -> None:
    text = render(transcript_of(Segment(r"if a <b> then {\an8} </i> 2 <3", 0.0, 3.0)), "srt", DEFAULT)
    assert text.splitlines()[2] == "if a <\u2060b> then {\u2060\\an8} <\u2060/i> 2 <3"
    read = pysubs2.SSAFile.from_string(text)[0].plaintext.replace("\u2060", "")
    assert read == "if a <b> then  </i> 2 <3"  # it takes anything in braces for a code, whatever one does
    assert parse_srt(text)[0].lines == (r"if a <b> then {\an8} </i> 2 <3",)


def test_ass_codes_in_a_text_stay_text() -> None:
    text = render(transcript_of(Segment(r"C:\New {\b1}bold", 0.0, 3.0)), "ass", DEFAULT)
    assert text.splitlines()[-1].endswith(",,C:\\\u2060New \\{\\\u2060b1}bold")


# --- highlighted words ------------------------------------------------------------------------------------------------

TWO_WORDS = transcript_of(Segment("Hello world.", 1.0, 2.5, (Word("Hello", 1.0, 1.5), Word("world.", 1.75, 2.5))))
KARAOKE = layout(highlight_words=True, min_duration=0.0)


def test_highlighted_words_are_underlined_as_they_are_said() -> None:
    assert render(TWO_WORDS, "srt", KARAOKE) == (
        "1\n00:00:01,000 --> 00:00:01,500\n<u>Hello</u> world.\n\n"
        "2\n00:00:01,500 --> 00:00:01,750\nHello world.\n\n"
        "3\n00:00:01,750 --> 00:00:02,500\nHello <u>world.</u>\n"
    )
    assert check(render(EXAMPLE, "srt", replace(DEFAULT, highlight_words=True)), "srt", DEFAULT) != []
    lit = replace(DEFAULT, highlight_words=True)
    assert check(render(EXAMPLE, "srt", lit), "srt", lit) == shape(EXAMPLE, DEFAULT)[1]


def test_ass_karaoke_adds_up_to_the_cue() -> None:
    line = render(TWO_WORDS, "ass", KARAOKE).splitlines()[-1]
    assert line.endswith("{\\k50}Hello{\\k25}{\\k75} world.")


def test_enhanced_lrc() -> None:
    lines = render(TWO_WORDS, "lrc", KARAOKE).splitlines()
    assert lines == ["[length:01:00]", "[00:01.00]<00:01.00>Hello<00:01.75> world.<00:02.50>"]


def test_lrc_clears_the_display_in_long_silence() -> None:
    lines = render(EXAMPLE, "lrc", DEFAULT).splitlines()
    assert lines[0] == "[length:61:40]" and lines[1].startswith("[00:01.00][S1] Well,")
    assert lines[3] == "[00:07.00]" and lines[4].startswith("[61:01.00]")


# --- openai-whisper ---------------------------------------------------------------------------------------------------

# Recorded from openai-whisper 20250625, whisper/utils.py: `WriteX(".").write_result(json.loads(our JSON), file)`.
WHISPERED = transcript_of(
    Segment("Hello world.", 0.5, 2.0, (Word("Hello", 0.5, 1.0), Word("world.", 1.25, 2.0))),
    Segment("Good\tday --> to you.", 2.5, 4.0),
    Segment("今天很好。", 3601.0, 3602.5, (Word("今天", 3601.0, 3601.5), Word("很好。", 3601.5, 3602.5))),
    seconds=3700.0,
)
BARE = replace(WHISPERED, segments=tuple(replace(segment, words=()) for segment in WHISPERED.segments))
THEIR_SRT = (
    "1\n00:00:00,500 --> 00:00:02,000\nHello world.\n\n"
    "2\n00:00:02,500 --> 00:00:04,000\nGood\tday -> to you.\n\n"
    "3\n01:00:01,000 --> 01:00:02,500\n今天很好。\n\n"
)
THEIR_VTT = (
    "WEBVTT\n\n00:00.500 --> 00:02.000\nHello world.\n\n"
    "00:02.500 --> 00:04.000\nGood\tday -> to you.\n\n"
    "01:00:01.000 --> 01:00:02.500\n今天很好。\n\n"
)
THEIR_TSV = (
    "start\tend\ttext\n500\t2000\tHello world.\n2500\t4000\tGood day --> to you.\n3601000\t3602500\t今天很好。\n"
)
THEIR_TXT = "Hello world.\nGood\tday --> to you.\n今天很好。\n"
THEIR_HIGHLIGHTS = (
    "1\n00:00:00,500 --> 00:00:01,000\n<u>Hello</u> world.\n\n"
    "2\n00:00:01,000 --> 00:00:01,250\nHello world.\n\n"
    "3\n00:00:01,250 --> 00:00:02,000\nHello <u>world.</u>\n\n"
)


def test_the_whisper_profile_writes_what_openai_whisper_writes_from_our_json() -> None:
    """But for the tab, which they leave, the blank line at the end, and the hours that their vtt leaves out."""
    whisper = layout("whisper")
    assert render(BARE, "srt", whisper) + "\n" == THEIR_SRT.replace("\t", " ")
    assert render(BARE, "tsv", whisper) == THEIR_TSV
    assert render(WHISPERED, "txt", whisper) == THEIR_TXT.replace("\t", " ")
    ours = webvtt.from_string(render(BARE, "vtt", whisper))
    theirs = webvtt.from_string(THEIR_VTT.replace("\t", " "))
    assert [(cue.start, cue.end) for cue in ours.captions] == [(cue.start, cue.end) for cue in theirs.captions]


def test_highlights_are_those_of_openai_whisper() -> None:
    first = replace(WHISPERED, segments=WHISPERED.segments[:1])
    assert render(first, "srt", layout("whisper", highlight_words=True)) + "\n" == THEIR_HIGHLIGHTS


def test_our_json_says_today_what_was_recorded() -> None:
    """Their writers join the words, or strip the texts: both must still give the recorded lines."""
    segments = json.loads(render(WHISPERED, "json", DEFAULT))["segments"]
    assert ["".join(word["word"] for word in segment["words"]).strip() for segment in segments] == [
        "Hello world.",
        "Good day --> to you.",
        "今天很好。",
    ]
    assert "".join(segment["text"].strip() + "\n" for segment in segments) == THEIR_TXT
    assert all("words" not in segment for segment in json.loads(render(BARE, "json", DEFAULT))["segments"])
