# ruff: noqa: E501 -- subtitles as they stand in files
"""Subtitles as people have them: read as forgivingly as players do, mistakes named by line, timed anew as they are."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.command import Run

from asrcli.alignment.readings import numbers_in
from asrcli.alignment.result import spell
from asrcli.alignment.script import parse_script, read_script, retimed
from asrcli.errors import InputError
from asrcli.formats.captions import read_cues
from asrcli.formats.reading import blocks, parse_srt, parse_vtt
from asrcli.types import Segment

EXAMPLE = Path(__file__).parent.parent / "examples" / "lights-slt.wav"
THREE = [((0.0, 2.0), "Ever tried."), ((2.0, 4.0), "No matter."), ((5.0, 8.0), "Fail again.")]
SRT = {
    "plain": "1\n00:00:00,000 --> 00:00:02,000\nEver tried.\n\n2\n00:00:02,000 --> 00:00:04,000\nNo matter.\n\n"
    "3\n00:00:05,000 --> 00:00:08,000\nFail again.\n",
    "negative": "1\n-00:00:01,000 --> 00:00:02,000\nEver tried.\n\n2\n00:00:02,000 --> 00:00:04,000\nNo matter.\n\n"
    "3\n00:00:05,000 --> 00:00:08,000\nFail again.\n",
    "centiseconds": "1\n00:00:00,00 --> 00:00:02,00\nEver tried.\n\n2\n00:00:02,00 --> 00:00:04,00\nNo matter.\n\n"
    "3\n00:00:05,00 --> 00:00:08,00\nFail again.\n",
    "no fraction, points, no hours": "1\n00:00 --> 00:02.000\nEver tried.\n\n2\n00:00:02.0 --> 00:00:04\nNo matter.\n\n"
    "3\n0:05.000 --> 0:8.0\nFail again.\n",
    "no blank lines": "1\n00:00:00,000 --> 00:00:02,000\nEver tried.\n2\n00:00:02,000 --> 00:00:04,000\nNo matter.\n"
    "3\n00:00:05,000 --> 00:00:08,000\nFail again.\n",
    "many blank lines": "\n\n1\n\n00:00:00,000 --> 00:00:02,000\n\nEver tried.\n\n\n\n2\n00:00:02,000 --> 00:00:04,000\n\n"
    "No matter.\n\n \n3\n00:00:05,000 --> 00:00:08,000\n\n\nFail again.\n\n",
    "no numbers": "00:00:00,000 --> 00:00:02,000\nEver tried.\n\n00:00:02,000 --> 00:00:04,000\nNo matter.\n\n"
    "00:00:05,000 --> 00:00:08,000\nFail again.",
    "windows": "\ufeff1\r\n00:00:00,000 --> 00:00:02,000\r\nEver tried.\r\n\r\n2\r\n00:00:02,000 --> 00:00:04,000\r\n"
    "No matter.\r\n\r\n3\r\n00:00:05,000 --> 00:00:08,000\r\nFail again.\r\n",
    "styles, places, other arrows": "1\n00:00:00,000-->00:00:02,000 X1:10 X2:20\n{\\an8}<i>Ever</i> tried.\n\n"
    '2\n00:00:02,000 -> 00:00:04,000\n<font color="#fff">No</font> matter.\n\n3\n00: 00:05, 000 --> 00:00:08,000\nFail again.\n',
}  # fmt: skip
VTT = {
    "yt-dlp": "WEBVTT\nKind: captions\nLanguage: en\n\n00:00:00.000 --> 00:00:02.000\nEver tried.\n\n"
    "00:00:02.000 --> 00:00:04.000 align:start position:0%\nNo matter.\n\n00:00:05.000 --> 00:00:08.000\nFail again.\n",
    "HLS": "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:00:00.000 --> 00:00:02.000\nEver tried.\n\n"
    "00:02.000 --> 00:04.000\nNo matter.\n\n00:00:05.000 --> 00:00:08.000\nFail again.\n",
    "notes, styles, ids": "\ufeffWEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:fred\n\nintro\n"
    "00:00.000 --> 00:02.000 line:0\n<v Ann>Ever tried.\n\nNOTE a remark\nof two lines\n\nsecond id\n00:02.000 --> 00:04.000\n"
    "<c.loud>No matter.</c>\n\nNOTE\n\n00:05.000 --> 00:08.000\nFail <00:06.000>again.\n",
    "60 seconds": "WEBVTT\n\n00:00.000 --> 00:02.000\nEver tried.\n\n00:00:02.000 --> 00:00:04.000\nNo matter.\n\n"
    "00:00:05.000 --> 00:00:08.000\nFail again.\n",
    "no header": SRT["plain"],
    "header and cue together": "WEBVTT\n00:00.000 --> 00:02.000\nEver tried.\n\n00:02.000 --> 00:04.000\nNo matter.\n\n"
    "00:05.000 --> 00:08.000\nFail again.\n",
}


@pytest.mark.parametrize("name", SRT)
def test_subrip_as_people_have_it(name: str) -> None:
    read = [((cue.start, cue.end), " ".join(cue.lines)) for cue in parse_srt(SRT[name])]
    assert read == THREE


@pytest.mark.parametrize("name", VTT)
def test_webvtt_as_people_have_it(name: str) -> None:
    read = [((cue.start, cue.end), " ".join(cue.lines)) for cue in parse_vtt(VTT[name])]
    assert read == THREE


def test_sixty_seconds_are_a_minute() -> None:
    (cue,) = parse_srt("1\n00:00:59,900 --> 00:00:60,500\nHello\n")
    assert (cue.start, cue.end) == (59.9, 60.5)


def test_blank_lines_inside_a_cue_lose_nothing() -> None:
    text = "1\n00:00:00,000 --> 00:00:02,000\nEver tried.\n\nNo matter.\n\n2\n00:00:02,000 --> 00:00:04,000\n\n\n3\n"
    cues = parse_srt(text + "00:00:05,000 --> 00:00:08,000\nTry again.\n\n2024\n\nwas the year\n")
    assert [cue.lines for cue in cues] == [("Ever tried.", "No matter."), (), ("Try again.", "2024", "was the year")]


SAID = ("hello there", "how are you", "how?", "thank you")


def test_captions_that_roll_are_known_in_every_format() -> None:
    rolled = [(SAID[:1],), *((SAID[place : place + 1], SAID[place : place + 2]) for place in range(3)), (SAID[3:],)]
    shown = [lines for lines_of in rolled for lines in lines_of]  # as yt-dlp converts them
    srt = "".join(
        f"{number}\n00:00:{number:02d},000 --> 00:00:{number + 1:02d},000\n{chr(10).join(lines)}\n\n"
        for number, lines in enumerate(shown, 1)
    )
    for text, kind in ((srt, ".srt"), ("WEBVTT\n\n" + srt, ".vtt")):
        assert [cue.lines for cue in read_cues(text, kind)] == [(line,) for line in SAID]


def test_lines_that_are_said_again_stay() -> None:
    said = [("No!",), ("No!", "I said no."), ("Why?",), ("Why not?", "Because."), ("Because?",)]
    text = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{chr(10).join(one)}\n\n" for n, one in enumerate(said, 1))
    assert [cue.lines for cue in read_cues(text, ".srt")] == said


def test_parts_of_hls_put_together_have_heads_and_cues_twice() -> None:
    head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n"
    long = "00:05.000 --> 00:11.000\nthat goes on\n\n"
    text = f"{head}00:01.000 --> 00:02.000\nhello\n\n{long}{head}{long}00:12.000 --> 00:13.000\nbye\n"
    assert [cue.lines for cue in read_cues(text, ".vtt")] == [("hello",), ("that goes on",), ("bye",)]


def test_captions_that_roll_are_read_once() -> None:
    text = (
        "WEBVTT\n\n00:00.000 --> 00:02.000 align:start\n \nEver<00:00.500><c> tried</c>\n\n"
        "00:02.000 --> 00:02.010 align:start\nEver tried\n \n\n"
        "00:02.010 --> 00:04.000 align:start\nEver tried\nno<00:02.500><c> matter</c>\n\n"
        "00:04.000 --> 00:04.010\nno matter\n \n\n00:04.010 --> 00:06.000\nno matter\nno<00:05.000><c> matter</c>\n"
    )
    assert [piece.text for piece in parse_script(text, "a.vtt").pieces] == ["Ever tried", "no matter", "no matter"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.srt", "1\n00:00:00,000 --> 00:00:02,000\nx\n\n2\n00:00:xx --> 00:00:04,000\ny\n", r"line 6: no times"),
        ("a.srt", "1\n00:00:00,000 --> 00:00:02,000\nx\n\n2\n1 --> 2\nz\n", r"line 6: no times of a cue: '1 --> 2'"),
        ("a.srt", "Some text\n\n1\n00:00:00,000 --> 00:00:02,000\nx\n", r"line 1: a cue without times: 'Some text'"),
        ("a.srt", "only text\n", r"line 1: a cue without times"),
        ("a.vtt", "only text\n", r"line 1: not WebVTT"),
    ],
)  # fmt: skip
def test_mistakes_name_file_and_line(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=f"{re.escape(str(tmp_path / name))}.*{said}"):
        read_script(str(tmp_path / name))


FULL = (
    "WEBVTT - My title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE keep me\n\nintro\n"
    "00:00:00.000 --> 00:00:02.000 align:start line:90%\n<v Ann><i>Ever</i> tried.\n&amp; failed.\n\n"
    "7\n00:00:02.000 --> 00:00:04.000\n♪\n\nlast\n00:00:05.000 --> 00:00:08.000 position:10%\nFail again.\n"
)


def test_timing_anew_keeps_all_but_the_times() -> None:
    segments = [Segment("Ever tried.\n& failed.", 10.0, 11.5), Segment("Fail again.", 15.0, 16.25)]
    done = retimed(FULL, "a.vtt", segments)
    assert done is not None
    changed = [(old, new) for old, new in zip(FULL.split("\n"), done.split("\n"), strict=True) if old != new]
    assert [new for _, new in changed] == [
        "00:00:10.000 --> 00:00:11.500 align:start line:90%",
        "00:00:12.000 --> 00:00:14.000",  # music goes with its neighbour
        "00:00:15.000 --> 00:00:16.250 position:10%",
    ]
    srt = "1\n-00:00:01,00 --> 00:00:02,00 X1:5\n{\\an8}<b>One</b>\n\ntwo\n9\n00:00:03,000 --> 00:00:04,000\nthree\n"
    assert retimed(srt, "a.srt", [Segment("One\ntwo", 1.0, 2.0), Segment("three", 3.5, 4.0)]) == (
        "1\n00:00:01,000 --> 00:00:02,000 X1:5\n{\\an8}<b>One</b>\n\ntwo\n9\n00:00:03,500 --> 00:00:04,000\nthree\n"
    )


def test_what_was_cut_out_of_a_recording_passes_no_other_cue() -> None:
    """Cues of which nothing was found went on as far behind their neighbour as before, into and behind other cues."""
    clock = [(0, 3), (4, 8), (8.4, 12), (12, 15), (16, 19)]
    text = "".join(
        f"{number}\n00:00:{start:06.3f} --> 00:00:{end:06.3f}\n{word}\n\n".replace(".", ",")
        for number, (word, (start, end)) in enumerate(zip("abcde", clock, strict=True), 1)
    )
    segments = [
        Segment("a", 0, 3),
        Segment("b", 3.5, 3.5),
        Segment("c", 3.5, 3.5),
        Segment("d", 4.2, 7),
        Segment("e", 8, 9),
    ]
    done = retimed(text, "a.srt", segments)
    assert done is not None
    times = [(cue.start, cue.end) for cue in parse_srt(done)]
    assert times == [(0, 3), (4, 4.2), (4.2, 4.2), (4.2, 7), (8, 9)]
    # Cues that lie over each other, as of two speakers, may go on doing so.
    both = "1\n00:00:01,000 --> 00:00:05,000\na\n\n2\n00:00:02,000 --> 00:00:04,000\nb\n"
    done = retimed(both, "a.srt", [Segment("a", 11.0, 15.0), Segment("b", 11.0, 11.0)])
    assert done is not None and [(cue.start, cue.end) for cue in parse_srt(done)] == [(11, 15), (12, 14)]


def test_timing_anew_of_what_has_other_cues_is_left_to_the_writer() -> None:
    assert retimed(FULL, "a.vtt", [Segment("other words", 1.0, 2.0)]) is None


def test_many_lines_take_no_longer_than_they_are_many() -> None:
    text = SRT["no blank lines"] * 5000
    assert len(blocks(text, vtt=False)) == 15_000


@pytest.mark.slow
def test_subtitles_come_back_as_they_were(asr: Run, tmp_path: Path) -> None:
    """Through the command: only times differ."""
    first, rest = EXAMPLE.with_suffix(".txt").read_text().split(maxsplit=1)
    text = (
        "WEBVTT - t\n\nNOTE n\n\nid one\n00:00:00.000 --> 00:00:00.500 line:1\n"
        f"<i>{first}</i>\n\n00:09.500 --> 00:10.000\n{rest.strip()}\n"
    )
    (tmp_path / "talk.vtt").write_text(text)
    done = asr("align", EXAMPLE, "talk.vtt", "--output", "new.vtt", "-a", "pocketsphinx")
    assert done.code == 0, done.err
    new = (tmp_path / "new.vtt").read_text()
    stamps = re.compile(r"[\d:]+\.\d+ --> [\d:]+\.\d+")
    assert stamps.sub("T", new) == stamps.sub("T", text)
    assert stamps.findall(new) != stamps.findall(text)
    printed = asr("align", EXAMPLE, "talk.vtt", "-a", "pocketsphinx")
    assert printed.out == new, "the same on standard output"


@pytest.mark.parametrize(
    ("label", "speaker"),
    [
        *((name, name) for name in ("Ann", "S1", "SPEAKER_00", "Dr. Bell", "Ms. Song", "2", "ann lee", "Musicka")),
        *((sound, None) for sound in ("Music", "applause", "upbeat music playing", "♪", " __ ", "笑い声", "Gelächter")),
    ],
)
def test_a_sound_in_brackets_is_no_speaker(label: str, speaker: str | None) -> None:
    (cue,) = parse_srt(f"1\n00:00:00,000 --> 00:00:02,000\n[{label}] Ever tried.\n")
    assert cue.speaker == speaker
    assert cue.lines == ("Ever tried.",) if speaker else (f"[{label}] Ever tried.",)


def test_a_sound_in_brackets_is_not_looked_for() -> None:
    text = "1\n00:00 --> 00:02\n[soft music] Ever [laughs] tried.\n\n2\n00:02 --> 00:04\n[Applause]\n"
    script = parse_script(text, "x.srt")
    assert spell(script, "en").spoken == ("Ever", "tried")
    assert [[token.text for token in own] for own in spell(script, "en").tokens] == [
        ["[soft", "music]", "Ever", "[laughs]", "tried."],
        ["[Applause]"],
    ]
    assert len(spell(parse_script("[soft music] Ever", "x.txt"), "en").spoken) == 3, "a plain text says what is said"


def test_a_number_behind_a_sound_keeps_its_place() -> None:
    spelling = spell(parse_script("1\n00:00 --> 00:02\n[music 25] In 1984 he left.\n", "x.srt"), "en")
    (number,) = numbers_in(spelling, "en")
    assert spelling.spoken[number.first : number.last] == tuple(number.ways[0]) and number.first == 1


def test_a_cue_of_which_nothing_was_found_stays_visible() -> None:
    """It keeps its length and its distance from its neighbour, and ends where the next cue begins."""
    cues = [("[Applause]", 0, 2), ("Hello there.", 2.5, 4), ("[Music]", 4, 9), ("Bye.", 9, 10)]
    text = "\n".join(
        f"{number}\n00:00:{start:06.3f} --> 00:00:{end:06.3f}\n{said}\n".replace(".", ",", 2)
        for number, (said, start, end) in enumerate(cues, 1)
    )
    found = [("[Applause]", 1.1, 1.1), ("Hello there.", 3.5, 5.0), ("[Music]", 5.0, 5.0), ("Bye.", 8.0, 9.0)]
    moved = retimed(text, "a.srt", [Segment(*one) for one in found])
    assert moved is not None
    assert re.findall(r"00:00:(\S+) --> 00:00:(\S+)", moved) == [
        ("01,000", "03,000"), ("03,500", "05,000"), ("05,000", "08,000"), ("08,000", "09,000")
    ]  # fmt: skip


SAID = ["Good morning", "everyone there", "thank you"]
ASS = (
    "[Script Info]\nTitle: x\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,a comment\n"
    "Dialogue: 1,0:00:00.00,0:00:09.00,Sign,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}\n"
    "Dialogue: 0,0:00:05.00,0:00:06.00,Default,Ann,0,0,0,fx,{\\pos(1,2)}thank {\\i1}you{\\i0}\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,Bob,0,0,0,,Good morning\\Neveryone\\hthere, all\n"
)
OTHERS = {
    "a.ass": ASS,
    "a.ssa": ASS.replace("Layer, Start", "Marked, Start").replace("Dialogue: 0", "Dialogue: Marked=0"),
    "a.sbv": "0:00:01.000,0:00:02.500\nGood morning\neveryone there, all\n\n0:00:05.000,0:00:06.000\nthank you\n",
    "a.lrc": "[ti:x]\n[00:05.00]thank <00:05.40> you\n[00:01.00]Good morning everyone there, all\n[00:02.50]\n[00:06.00]\n",
    "a.ttml": (
        '<?xml version="1.0" encoding="utf-16"?><tt xmlns="http://www.w3.org/ns/ttml"><head><metadata>x</metadata></head>'
        '<body begin="1s"><div><p begin="00:00:00.000" end="1.5s">Good\n morning<br/><span style="s">everyone</span> there,'
        ' all</p><p begin="4000ms" dur="1s">thank you</p><p begin="9s"/></div></body></tt>'
    ),
    "a.dfxp": (
        '<tt xmlns="http://www.w3.org/2006/10/ttaf1" xmlns:p="http://www.w3.org/ns/ttml#parameter" p:tickRate="10000000" '
        'p:frameRate="24"><body><div><p xml:id="s"><span begin="10000000t" end="25000000t">Good morning<br/>everyone there, all'
        '</span> <span begin="00:00:05:00" end="00:00:05:24">thank you</span></p></div></body></tt>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_subtitles_are_cues_and_no_plain_text(name: str, tmp_path: Path) -> None:
    cues = read_cues(OTHERS[name], Path(name).suffix)
    assert [(cue.start, cue.end) for cue in cues] == [(1.0, 2.5), (5.0, 6.0)]
    assert [" ".join(cue.lines) for cue in cues] == ["Good morning everyone there, all", "thank you"]
    (tmp_path / name).write_text(OTHERS[name])
    script = read_script(str(tmp_path / name))
    assert script.cues and len(script.pieces) == 2


@pytest.mark.parametrize("name", ["a.ass", "a.ssa", "a.lrc"])  # it reads no others of them
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_ffmpeg_reads_the_same(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(OTHERS[name])
    words = ["ffmpeg", "-v", "quiet", "-i", str(tmp_path / name), str(tmp_path / "new.srt")]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    shown = [(cue.start, " ".join(cue.lines)) for cue in parse_srt((tmp_path / "new.srt").read_text())]
    theirs = [(start, " ".join(said.replace("\\h", " ").split())) for start, said in shown]
    ours = [(cue.start, " ".join(cue.lines)) for cue in read_cues(OTHERS[name], Path(name).suffix)]
    assert [one for one in theirs if "m 0 0" not in one[1] and one[1].strip()] == ours


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.ass", "hello\n", "line 1: no events"),
        ("a.sbv", "hello\n", "line 1: no times of SBV"),
        ("a.lrc", "hello\n", "line 1: no times of LRC"),
        ("a.ttml", "<tt><body><p begin='soon'>x</p></body></tt>", "no time of TTML: 'soon'"),
        ("a.ttml", "<tt><body><p", "not TTML"),
        ("a.ttml", "<!DOCTYPE a [<!ENTITY b 'c'>]><tt/>", "not TTML"),
        ("a.ttml", "<html><p begin='1s'>x</p></html>", "not TTML"),
        ("a.smi", "<SAMI>", "no cues of sami"),
    ],
)
def test_what_is_no_such_file_is_said(name: str, text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=says) as failed:
        read_script(str(tmp_path / name))
    assert str(tmp_path / name) in str(failed.value)


def test_ass_is_timed_anew_with_styles_overrides_and_order_kept() -> None:
    segments = [Segment("Good morning\neveryone there, all", 2.0, 3.25), Segment("thank you", 6.5, 7.0)]
    done = retimed(ASS, "a.ass", segments)
    assert done == ASS.replace("0:00:05.00,0:00:06.00", "0:00:06.50,0:00:07.00").replace(
        "0:00:01.00,0:00:02.50", "0:00:02.00,0:00:03.25"
    )
    sung = ASS.replace("Good morning", "{\\k50}Good {\\k50}morning")
    assert retimed(sung, "a.ass", segments) is None  # the lengths of its syllables are old: the writer makes new ones


@pytest.mark.parametrize(
    "order", ["Start, End, Style, Text", "Style,Layer,Name,Start,End,Text", "End, Name, Start, Text"]
)
def test_events_of_ass_are_read_in_the_order_that_their_format_has(order: str, tmp_path: Path) -> None:
    """Before, times counted only in the second place and the third, and other events were passed over."""
    cells = {"start": "0:00:01.00", "end": "0:00:02.50", "style": "Default", "layer": "0", "name": "Anna"}
    said = r"Hello, {\i1}you{\i0}\Nthere"
    names = [name.strip().lower() for name in order.split(",")]

    def written(**new: str) -> str:
        row = ",".join({**cells, "text": said, **new}[name] for name in names)
        return f"[Script Info]\n\n[Events]\nFormat: {order}\nDialogue: {row}\n"

    (cue,) = read_cues(written(), ".ass")
    assert (cue.start, cue.end, cue.lines) == (1.0, 2.5, ("Hello, you", "there"))
    assert cue.speaker == ("Anna" if "name" in names else None)
    done = retimed(written(), "a.ass", [Segment("Hello, you\nthere", 3.0, 4.25)])
    assert done == written(start="0:00:03.00", end="0:00:04.25")
    with pytest.raises(InputError, match="line 5: no start and end where the Format has them"):
        read_cues(written(start="soon"), ".ass")


def test_numbers_that_stand_apart_from_their_times_are_no_text() -> None:
    """Every second line is blank where an end of a line was doubled."""
    text = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{n + 1}\nsaid\n\n" for n in range(1, 4)).replace(
        "\n", "\r\r\n"
    )
    assert [cue.lines for cue in parse_srt(text)] == [("2", "said"), ("3", "said"), ("4", "said")]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(
    "piece", ["{", "{\\p1", "{\\k1", "[00:01.00]", "<", "0:00:01.000,", "Dialogue: 0,", "<p begin='1s'>", "\\N"]
)
def test_long_lines_take_no_longer_than_they_are_long(name: str, piece: str) -> None:
    text = OTHERS[name].replace("thank", f"{piece * 20_000} thank", 1)
    with contextlib.suppress(InputError):  # where it is no XML any more
        assert len(read_cues(text, Path(name).suffix)) < 25_000


def srt(first: str = "00:00:01,000 --> 00:00:02,000", said: str = "Ever tried.", end: str = "") -> str:
    """Return SubRip of two cues, of which the first has these times and this text."""
    return f"1\n{first}\n{said}\n\n2\n00:00:03,000 --> 00:00:04,000\nNo matter.\n{end}"


@pytest.mark.parametrize(
    "text",
    [
        "1 00:00:01,000 --> 00:00:02,000\nEver tried.\n\n2 00:00:03,000 --> 00:00:04,000\nNo matter.\n",
        "1\n00:00:01,000 --> 00:00:02,000 Ever tried.\n\n2\n00:00:03,000 --> 00:00:04,000 X1:5 Y1:6\nNo matter.\n",
        srt("00:00:01,000 ---> 00:00:02,000"),
        srt("00:00:01;000 --> 00:00:02;000"),
        srt("00:00:01, --> 00:00:02,"),
        srt(said="Ever\\htried."),
        srt(end="\n3\n"),
        srt(end="\0\0"),
        srt(end="\x1a"),
        srt(said="Ever\x0ctried."),
        srt().replace("1\n", "#1\n", 1).replace("\n2\n", "\n#2\n"),
    ],
)
def test_slips_of_other_programs_are_read_and_kept(text: str) -> None:
    """A number or the text in the line of the times, three dashes, semicolons, hard blanks, a number without a cue."""
    script = parse_script(text, "a.srt")
    assert [piece.text for piece in script.pieces] == ["Ever tried.", "No matter."]
    done = retimed(text, "a.srt", [Segment("Ever tried.", 11.0, 12.5), Segment("No matter.", 13.0, 14.5)])
    assert done is not None
    stamps = re.compile(r"[\d:;,]+ -+> [\d:;,]+")
    assert stamps.sub("T", done) == stamps.sub("T", text)
    assert stamps.findall(done) == ["00:00:11,000 --> 00:00:12,500", "00:00:13,000 --> 00:00:14,500"]


def test_a_number_that_is_said_last_is_no_number_of_a_cue() -> None:
    for said in ("1984", "Lines\n3", "3"):
        assert parse_srt(srt() + f"\n3\n00:00:05,000 --> 00:00:06,000\n{said}")[-1].lines == tuple(said.split("\n"))


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.ass"])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_timing_anew_keeps_the_ends_of_lines(name: str, end: str) -> None:
    text = {"a.srt": srt(), "a.vtt": f"WEBVTT\n\n{srt()}".replace(",", "."), "a.ass": ASS}[name].replace("\n", end)
    cues = [Segment("\n".join(cue.lines), 11.0 + cue.start, 11.0 + cue.end) for cue in read_cues(text, name[1:])]
    done = retimed(text, name, cues)
    assert done is not None and done != text
    assert re.split(r"[\d:.,]+", done) == re.split(r"[\d:.,]+", text)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Ever \\{tried\\}.", "Ever {tried}."),
        ("{\\i1{\\b1}Ever tried.", "Ever tried."),
        ("{\\pbo5}Ever {a remark}tried.", "Ever tried."),
    ],
)
def test_braces_of_ass_are_those_of_players(said: str, shown: str) -> None:
    text = ASS.replace("{\\pos(1,2)}thank {\\i1}you{\\i0}", said)
    assert [cue.lines for cue in read_cues(text, ".ass")][-1] == (shown,)


YOUTUBE = {
    "a.srv1": '<transcript><text start="1" dur="1.5">Ever &amp;amp; tried.</text><text start="5" dur="1">No\nmatter.</text></transcript>',
    "a.srv2": '<timedtext><text t="1000" d="1500">Ever &amp;amp; tried.</text><text t="5000" d="1000" append="1">No\nmatter.</text></timedtext>',
    "a.srv3": (
        '<?xml version="1.0" encoding="utf-8" ?><timedtext format="3"><head><pen id="1"/></head><body><w t="0" id="1"/>'
        '<p t="1000" d="1500" w="1"><s ac="1">Ever</s><s t="400"> &amp;</s><s> tried.</s></p><p t="2000" d="9" a="1">\n</p>'
        '<p t="5000" d="1000">No\nmatter.</p></body></timedtext>'
    ),
}


@pytest.mark.parametrize("name", YOUTUBE)
def test_timed_text_of_youtube(name: str, tmp_path: Path) -> None:
    cues = read_cues(YOUTUBE[name], Path(name).suffix)
    assert [(cue.start, cue.end, cue.lines) for cue in cues] == [
        (1.0, 2.5, ("Ever & tried.",)), (5.0, 6.0, ("No", "matter."))
    ]  # fmt: skip
    (tmp_path / "called.txt").write_text(YOUTUBE[name])
    assert read_script(str(tmp_path / "called.txt")).cues


def test_what_moves_in_a_cue_of_ttml_is_no_cue() -> None:
    text = '<tt><body><p begin="1s" end="2s"><set begin="0s" end="1s"/>Ever tried.</p></body></tt>'
    assert [(cue.start, cue.end, cue.lines) for cue in read_cues(text, ".ttml")] == [(1.0, 2.0, ("Ever tried.",))]


def test_lyrics_are_timed_anew_with_their_head_and_lines_that_come_again() -> None:
    text = "[ar:A B]\r\n[ti:x]\r\n\r\n[00:01.00][00:05.00]Ever tried.\r\n[00:03.00]No matter.\r\n[00:04.00]\r\n[00:07.00]\r\n"
    said = [Segment("Ever tried.", 5.0, 6.5), Segment("No matter.", 8.0, 9.25), Segment("Ever tried.", 10.0, 11.0)]
    done = retimed(text, "a.lrc", said)
    assert done == (
        "[ar:A B]\r\n[ti:x]\r\n\r\n[00:05.00][00:10.00]Ever tried.\r\n[00:08.00]No matter.\r\n[00:09.25]\r\n[00:11.00]\r\n"
    )
    assert retimed(text.replace("No", "<00:03.00> No"), "a.lrc", said) is None  # times of words are the writer's
    assert retimed("[offset:+500]\n" + text, "a.lrc", said) is None


@pytest.mark.slow
def test_windows_subtitles_come_back_as_windows_subtitles(asr: Run, tmp_path: Path) -> None:
    """Through the command: the byte-order mark and the ends of lines."""
    said = EXAMPLE.with_suffix(".txt").read_text().strip()
    raw = f"\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\n{said}\r\n".encode()
    (tmp_path / "talk.srt").write_bytes(raw)
    done = asr("align", EXAMPLE, "talk.srt", "--output", "new.srt", "-a", "pocketsphinx")
    assert done.code == 0, done.err
    new = (tmp_path / "new.srt").read_bytes()
    stamps = re.compile(rb"[\d:]+,\d+ --> [\d:]+,\d+")
    assert stamps.sub(b"T", new) == stamps.sub(b"T", raw) and new != raw
