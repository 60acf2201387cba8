# ruff: noqa: E501 -- subtitles as they stand in files
"""Subtitles of players, downloaders and stations: each format read as other readers do, by content where the name misleads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.command import Run

from asrcli.alignment.script import holds_cues, read_script, retimed, written_words
from asrcli.datasets import manifests
from asrcli.errors import InputError
from asrcli.formats import Layout, render
from asrcli.formats.captions import kind_of, read_cues
from asrcli.formats.reading import join_frames
from asrcli.formats.turns import read_rttm
from asrcli.types import Recording, Segment, Transcript, Word

EXAMPLE = Path(__file__).parent.parent / "examples" / "lights-slt.wav"
PLAYED = {  # name, text; all say the same at the same times but for where a format has none
    "a.sub": "{1}{1}25.000\n{25}{50}Good morning|everyone there\n{125}{150}{y:i}thank you\n",
    "b.sub": "[INFORMATION]\n[TITLE]x\n[END INFORMATION]\n[SUBTITLE]\n[COLF]&HFFFFFF,[STYLE]no\n00:00:01.00,00:00:02.00\n"
    "Good morning[br]everyone there\n\n00:00:05.00,00:00:06.00\nthank you\n",
    "a.mpl": "[10][20]Good morning|/everyone there\n[50][60]thank you\n",
    "a.smi": "<SAMI><HEAD></HEAD><BODY>\n<SYNC Start=1000><P Class=ENCC>Good <i>morning</i><br>everyone there\n<SYNC Start=2000><P Class=ENCC>&nbsp;\n"
    "<SYNC Start=5000><P Class=ENCC>thank you\n<SYNC Start=6000><P Class=ENCC>&nbsp;\n</BODY></SAMI>\n",
    "a.stl": "//a comment\n$FontName = Arial\n00:00:01:00 , 00:00:02:00 , Good morning|everyone there\n00:00:05:00 , 00:00:06:00 , thank you\n",
    "a.rt": '<window type="generic"><time begin="1" end="2"/>Good morning<br/>everyone there<time begin="5" end="6"/><clear/>thank you\n',
    "a.txt": "00:00:01:Good morning|everyone there\n00:00:05:thank you\n",
    "b.txt": "1\n00:00:01,000 --> 00:00:02,000\nGood morning\neveryone there\n\n2\n00:00:05,000 --> 00:00:06,000\nthank you\n",
    "c.txt": "WEBVTT\n\n00:01.000 --> 00:02.000\nGood morning\neveryone there\n\n00:05.000 --> 00:06.000\nthank you\n",
    "d.srt": "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Good morning\neveryone there\n\n00:05.000 --> 00:06.000\nthank you\n",
}  # fmt: skip


def bytes_of(text: str) -> list[str]:
    """Return a text as pairs of bytes of CEA-608, each with its odd parity."""
    raw = [ord(char) | (0 if ord(char).bit_count() % 2 else 0x80) for char in text] + [0x80] * (len(text) % 2)
    return [f"{first:02x}{second:02x}" for first, second in zip(raw[::2], raw[1::2], strict=True)]


def scc(*captions: tuple[str, list[str]]) -> str:
    return "Scenarist_SCC V1.0\n\n" + "".join(f"{time}\t{' '.join(codes)}\n\n" for time, codes in captions)


LOAD, SHOW, ERASE, ROLL = (
    ["94ae", "94ae", "9420", "9420"],
    ["942f", "942f"],
    ["942c", "942c"],
    ["9425", "9425", "94ad", "94ad", "9470"],
)
PLAYED["a.scc"] = scc(
    ("00:00:01:00", [*LOAD, "94d0", *bytes_of("Good morning"), "9470", *bytes_of("everyone there"), *SHOW]),
    ("00:00:02:00", ERASE),
    ("00:00:05:00", [*LOAD, "9470", *bytes_of("thank you"), *SHOW]),
)  # fmt: skip


@pytest.mark.parametrize("name", PLAYED)
def test_each_format_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PLAYED[name])
    script = read_script(str(tmp_path / name))
    assert script.cues and holds_cues(str(tmp_path / name))
    assert [piece.text for piece in script.pieces] == ["Good morning\neveryone there", "thank you"]
    assert [cue.start for cue in read_cues(PLAYED[name], Path(name).suffix)] == [1.0, 5.0]


@pytest.mark.parametrize(
    ("name", "theirs"), [("a.sub", "microdvd"), ("a.mpl", "mpl2"), ("a.txt", "tmp"), ("a.smi", "sami")]
)
def test_another_reader_reads_the_same(name: str, theirs: str) -> None:
    pysubs2 = pytest.importorskip("pysubs2")
    read = pysubs2.SSAFile.from_string(PLAYED[name], format_=theirs)
    shown = [
        (one.start / 1000, one.plaintext.split("\n")) for one in read if one.plaintext.strip() and one.end > one.start
    ]
    assert [(cue.start, [*cue.lines]) for cue in read_cues(PLAYED[name], Path(name).suffix)] == [
        one for one in shown if one[1] != ["25.000"]
    ]


def test_captions_of_television_that_roll_are_read_once_and_the_last_is_kept() -> None:
    rows = ("one two", "three four", "three four", "five")
    text = scc(*((f"00:00:0{2 * n + 1};00", [*ROLL, *bytes_of(row)]) for n, row in enumerate(rows)))
    assert [cue.lines for cue in read_cues(text, ".txt")] == [("one two",), ("three four",), ("three four",), ("five",)]


def test_of_a_sami_in_two_languages_one_is_read() -> None:
    text = "<SAMI><BODY>\n" + "".join(
        f"<SYNC Start={start}><P Class=KRCC>{korean}\n<SYNC Start={start}><P Class=ENCC>{english}\n"
        for start, korean, english in ((1000, "안녕", "hello"), (3000, "고마워", "thanks"))
    )
    assert [cue.lines for cue in read_cues(text, ".smi")] == [("안녕",), ("고마워",)]


TT = '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:p="http://www.w3.org/ns/ttml#parameter" xmlns:s="http://www.w3.org/ns/ttml#styling" {}><head>{}</head><body>{}</body></tt>'
TIMED = [  # attributes, head, body, what is read: worked out by hand from the recommendation
    ('p:frameRate="30" p:frameRateMultiplier="1000 1001"', "", '<p begin="00:01:00:15" end="00:01:02:00">a</p>', [(60.501, 62.0, "a")]),
    ('p:frameRate="1" p:frameRateMultiplier="30000 1001"', "", '<p begin="300f" end="600f">a</p>', [(10.01, 20.02, "a")]),
    ('p:frameRate="25" p:subFrameRate="2"', "", '<p begin="50t" end="00:00:02:12.1">a</p>', [(1.0, 2.5, "a")]),
    ("", "", '<p begin="2t" end="3t">a</p>', [(2.0, 3.0, "a")]),
    ("", "", '<div timeContainer="seq"><p dur="1s">a</p><p dur="2s">b</p></div>', [(0.0, 1.0, "a"), (1.0, 3.0, "b")]),
    ("", "", '<p begin="1.5" end="2.5">a</p><p begin="01:05.5" end="01:06">b</p>', [(1.5, 2.5, "a"), (65.5, 66.0, "b")]),
    ("", "", '<p begin="1s" end="2s"><span s:ruby="container"><span s:ruby="base">東京</span><span s:ruby="text">とうきょう</span></span>だ</p>', [(1.0, 2.0, "東京だ")]),
    ("", '<styling><style xml:id="r" s:ruby="text"/></styling>', '<p begin="1s" end="2s">東京<span style="x r">とうきょう</span>だ</p>', [(1.0, 2.0, "東京だ")]),
]  # fmt: skip


@pytest.mark.parametrize(("attributes", "head", "body", "read"), TIMED)
def test_times_of_timed_text(attributes: str, head: str, body: str, read: list[tuple[float, float, str]]) -> None:
    text = TT.format(attributes, head, body)
    assert [(cue.start, cue.end, *cue.lines) for cue in read_cues(text, ".ttml")] == read
    assert kind_of(text, ".xml") == kind_of("<?xml version='1.0'?>\n<!-- x -->\n" + text, ".txt") == ".ttml"


CUE = "1\n00:00:01,000 --> 00:00:02,500\n{}\n"
LINES = [
    ("one<br>two<br />three\\Nfour", ("one", "two", "three", "four")),
    ("Rock &amp; roll &lt;3 &#39;n&#x27; so", ("Rock & roll <3 'n' so",)),
    ("R&D; AT&T &copy", ("R&D; AT&T &copy",)),
    ("{i}one{/i} {y:b}two {C:$0000ff}three", ("one two three",)),
    ("menu File --> Open\n5 --> 6 is up", ("menu File --> Open", "5 --> 6 is up")),
]


@pytest.mark.parametrize(("text", "lines"), LINES)
def test_markup_in_subrip_glues_no_words_and_leaves_none(text: str, lines: tuple[str, ...]) -> None:
    assert [cue.lines for cue in read_cues(CUE.format(text), ".srt")] == [lines]


def test_ruby_of_webvtt_is_said_once() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:03.000\n<ruby>東京<rt>とうきょう</rt></ruby>です<br>ね\n"
    assert [cue.lines for cue in read_cues(text, ".vtt")] == [("東京です", "ね")]


@pytest.mark.parametrize("arrow", ["—>", " –> ", "→", " --&gt; ", "->", "-->"])
def test_arrows_of_word_processors_and_pages(arrow: str) -> None:
    (cue,) = read_cues(f"1\n00:00:01,000{arrow}00:00:02,500\none\n", ".srt")
    assert (cue.start, cue.end, cue.lines) == (1.0, 2.5, ("one",))


TIMED_ODDLY = [  # as public reports have them
    ("00:00:01,249.0999999999999 --> 00:00:02,251.79999999999995", 1.249, 2.251),
    ("00:00:01,0: --> 00:00:02,5:", 1.0, 2.5),
    ("00：00：01，000 --> 00：00：02，500", 1.0, 2.5),
    ("0:0:1,5 --> 0:0:2,75", 1.5, 2.75),
    ("00:00:01 --> 00:00:02", 1.0, 2.0),
    ("00:00:01,000 --> 00:00:02,500 X1:100 X2:200 Y1:10 Y2:20", 1.0, 2.5),
]


@pytest.mark.parametrize(("times", "start", "end"), TIMED_ODDLY)
def test_odd_times_of_programs_are_read(times: str, start: float, end: float) -> None:
    (cue,) = read_cues(f"1\n{times}\none\n", ".srt")
    assert (cue.start, cue.end, cue.lines) == (start, end, ("one",))


def test_settings_of_webvtt_need_no_blank_and_stay() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:03.000align:left\none\n"
    assert [(cue.end, cue.lines) for cue in read_cues(text, ".vtt")] == [(3.0, ("one",))]
    done = retimed(text, "a.vtt", [Segment("one", 2.0, 4.0)])
    assert done == "WEBVTT\n\n00:00:02.000 --> 00:00:04.000align:left\none\n"


def test_files_put_together_have_marks_of_byte_order_inside() -> None:
    text = "\ufeff" + CUE.format("one") + "\n\ufeff" + CUE.format("two").replace("01,", "02,")
    assert [cue.lines for cue in read_cues(text, ".srt")] == [("one",), ("two",)]


def test_cues_out_of_order_are_read_in_that_of_time_and_stay_where_they_are() -> None:
    text = "2\n00:00:04,000 --> 00:00:05,000\ntwo\n\n1\n00:00:01,000 --> 00:00:02,000\none\n"
    assert [cue.lines for cue in read_cues(text, ".srt")] == [("one",), ("two",)]
    done = retimed(text, "a.srt", [Segment("one", 1.5, 2.5), Segment("two", 6.0, 7.0)])
    assert done == "2\n00:00:06,000 --> 00:00:07,000\ntwo\n\n1\n00:00:01,500 --> 00:00:02,500\none\n"


def test_enhanced_lyrics() -> None:
    text = "[offset:+500]\n[00:01.00]v1: <00:01.00> Good <00:01.50> morning <00:02.00>\n[bg: <00:02.00> yeah]\n[00:03.00]v2:bye\n"
    cues = read_cues(text, ".lrc")
    assert [(cue.start, *cue.lines) for cue in cues] == [(1.0, "Good morning"), (2.0, "yeah"), (3.0, "bye")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32"])
@pytest.mark.parametrize("said", ["Hello, this is it", "今天天气很好，我们出去玩", "Привет"])
def test_wide_characters_with_and_without_a_mark(encoding: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_bytes(CUE.format(said).encode(encoding))
    assert [piece.text for piece in read_script(str(tmp_path / "a.srt")).pieces] == [said]


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        ("ä", "cp1252", None),  # before, an arbitrary one of the many in which it is a letter
        ("Der März ist da", "cp1252", ["CP1252"]),
        ("Tšekki", "cp1252", ["CP1252"]),
        ("חברפס טשראן", "cp1255", ["CP1251", "CP1253", "CP1255"]),
        ("İspanya'ya", "cp1254", ["CP1254", "CP1250"]),
    ],
)
def test_an_encoding_is_named_where_letters_tell_it_and_else_all_that_are_likely(
    text: str, encoding: str, named: list[str] | None, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    with pytest.raises(InputError) as said:
        read_script(str(tmp_path / "a.txt"))
    found = re.findall(r"in (\S+) it is '([^']*)", str(said.value))
    if named is None:
        assert "iconv -f ENCODING -t UTF-8 FILE > NEW; CP1252 is usual for Western Europe" in str(said.value)
    assert sorted(name for name, _ in found) == sorted(named or [])
    assert all(shown == text.encode(encoding).decode(name).partition("'")[0] for name, shown in found)
    assert f"iconv -f {found[0][0] if found else 'ENCODING'} -t" in str(said.value)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "gb18030", "cp932", "cp949"])
def test_the_encodings_of_old_are_named(encoding: str, tmp_path: Path) -> None:
    said = {"cp1252": "déjà vu", "cp1251": "Привет", "gb18030": "今天天气", "cp932": "今日は", "cp949": "안녕하세요"}
    (tmp_path / "a.srt").write_bytes(CUE.format(said[encoding]).encode(encoding))
    says = f"line 3: not UTF-8.*{said[encoding]}.*iconv.*{encoding.upper()}"
    with pytest.raises(InputError, match=says):
        read_script(str(tmp_path / "a.srt"))
    for name in ("list.csv", "list.tsv", "list.jsonl"):  # lists of recordings and texts say the same
        row = {".csv": "a.wav,{}", ".tsv": "a.wav\t{}", ".jsonl": '{{"audio": "a.wav", "text": "{}"}}'}[name[4:]]
        (tmp_path / name).write_bytes(f"path{row[5]}text\n\n{row.format(said[encoding])}\n".encode(encoding))
        with pytest.raises(InputError, match=says):
            manifests.read(tmp_path / name)
    (tmp_path / "a.rttm").write_bytes(f"\n\nSPEAKER {said[encoding]} 1 0 1".encode(encoding))
    with pytest.raises(InputError, match=says):
        read_rttm(tmp_path / "a.rttm")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.idx", b"# VobSub index", "pictures"),
        ("a.sub", b"\0\0\1\xba\x44\0\4", "pictures"),
        ("a.sup", b"PG\0\0", "pictures"),
        ("a.stl", b"850STL25.01\xff\xfe", "an editor of subtitles"),
        ("a.scc", b"Scenarist_SCC V1.0\n", "no cues of scc"),
        ("a.mcc", b"File Format=MacCaption_MCC V1.0\n", "ffmpeg -i FILE new.srt"),
        ("a.mcc", b"File Format=MacCaption_MCC V1.0", "an editor of subtitles"),
        ("a.sub", b"hello there\n", "no subtitles that are read.*MicroDVD"),
        ("a.html", b"<!DOCTYPE html><p>hello</p>", "neither plain text nor.*srt"),
        ("a.jsonc", b'{"hello": 1}', "neither plain text nor.*srt"),
    ],
)
def test_what_is_not_read_is_said_with_what_is(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as failed:
        read_script(str(tmp_path / name))
    assert str(tmp_path / name) in str(failed.value)


@pytest.mark.parametrize(
    "text",
    [
        "[soft music] Hello.\n",
        "10: one\n",
        "{x} so\n",
        "12:30 we met\n",
        "12:30:00 We begin.\nAnd so on.\nThe end.\n",
        "[00:05] Hello.\nNo times here.\nNone.\n",
        "[1][2] so\nthat\nis\n",
        "<3 you\n",
        "1\nhello\n",
        "[1] A note\n",
    ],
)
def test_a_plain_text_stays_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text)
    script = read_script(str(tmp_path / "a.txt"))
    assert not script.cues and [piece.text for piece in script.pieces] == text.strip().split("\n")


def test_youtubes_json() -> None:
    from asrcli.alignment.script import parse_script

    text = '{"wireMagic":"pb3","events":[{"tStartMs":0,"id":1},{"tStartMs":1000,"segs":[{"utf8":"Good"},{"utf8":" morning","tOffsetMs":500}]},{"aAppend":1,"segs":[{"utf8":"\\n"}]}]}'
    assert [piece.text for piece in parse_script(text, "a.json3").pieces] == ["Good morning"]


@pytest.mark.parametrize("format", ["srt", "vtt", "ass", "lrc"])
@pytest.mark.parametrize("highlight", [False, True])
def test_lines_of_subtitles_stay_lines_in_another_format(format: str, highlight: bool) -> None:
    said = ("Good morning", "everyone there"), ("- 你好吗", "- 很好")
    segments = []
    for number, lines in enumerate(said):
        words = written_words("\n".join(lines))
        timed = [Word(word, number * 9 + place, number * 9 + place + 0.5) for place, word in enumerate(words)]
        segments.append(Segment("\n".join(lines), number * 9.0, number * 9.0 + len(words), words=tuple(timed)))
    layout = Layout(by_segment=True, keep_breaks=True, highlight_words=highlight)
    text = render(Transcript(Recording("a.wav"), tuple(segments), "fake", seconds=20.0), format, layout)
    joined = [" ".join(lines) for lines in said]
    read = [re.sub(" *\n *", "\n", cue.text) for cue in join_frames(read_cues(text, f".{format}"))]
    assert read == (joined if format == "lrc" else ["\n".join(lines) for lines in said])


@pytest.mark.slow
def test_subtitles_called_txt_are_aligned_as_subtitles(asr: Run, tmp_path: Path) -> None:
    first, rest = EXAMPLE.with_suffix(".txt").read_text().split(maxsplit=1)
    *middle, last = rest.split()
    lines = f"{' '.join(middle)}|{last}"
    (tmp_path / "talk.txt").write_text(f"{{10}}{{20}}{first}\n{{220}}{{240}}{lines}\n")
    done = asr("align", EXAMPLE, "talk.txt", "-a", "pocketsphinx")
    assert done.code == 0, done.err
    assert done.out.count("-->") == 2 and first in done.out.splitlines()[2] and "{" not in done.out
    assert done.out.endswith(f"\n{last}\n")  # a line of its own, as it was


@pytest.mark.parametrize("kind", ["srt", "vtt", "ass", "lrc"])
def test_speakers_who_talk_at_once_are_read_back_without_their_names(kind: str, tmp_path: Path) -> None:
    """Names are no words: in LRC, too, where the lines of two speakers stand between each other."""
    said = [("Ann Lee", 0.5, "good morning"), ("Bob", 0.8, "wait a moment"), ("Ann Lee", 2.5, "thank you")]
    segments = tuple(Segment(text, start, start + 1.5, speaker=speaker) for speaker, start, text in said)
    transcript = Transcript(Recording("talk.wav"), segments, "fake", seconds=6.0)
    path = tmp_path / f"talk.{kind}"
    path.write_text(render(transcript, kind, Layout()))
    script = read_script(str(path))
    assert sorted(word for piece in script.pieces for word in written_words(piece.text)) == sorted(
        word for _, _, text in said for word in text.split()
    )
    assert {piece.speaker for piece in script.pieces} == {"Ann Lee", "Bob"}


@pytest.mark.parametrize(
    "name", ["a.ctm", "a.stm", "a.rttm", "a.tsv", "a.csv", "a.jsonl", "a.TextGrid", "a.labels.txt"]
)
def test_tables_of_times_are_no_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("talk 1 0.0 0.5 hello\n")
    with pytest.raises(InputError, match=r"is a table of times, which is not read: give \.txt"):
        read_script(str(tmp_path / name))
