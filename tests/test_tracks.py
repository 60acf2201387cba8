"""Several sound tracks in one file: which is heard, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from support.command import Run

from asrcli.audio.decode import decode, probe
from asrcli.audio.tracks import code_of
from asrcli.base.languages import NAMES, THREE_LETTERS, language_code
from asrcli.errors import AsrError, UsageError
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import encode, tone

EXAMPLES = Path(__file__).parents[1] / "examples"

TRACKS = (("deu", "", 600), ("eng", "Commentary", 900), ("fre", "", 1200), (None, "", 1500))


def several(path: Path, tracks: Any = TRACKS, default: int = 0, flags: Any = None) -> Path:
    """Write a file whose tracks are sounds, or tones of a pitch; `flags` are more dispositions, by number."""
    with av.open(str(path), "w") as container:
        streams = []
        for number, (language, title, hertz) in enumerate(tracks):
            stream = container.add_stream("aac", rate=16_000, layout="mono")
            stream.disposition = av.stream.Disposition.default if number == default else av.stream.Disposition(0)
            stream.disposition |= (flags or {}).get(number, av.stream.Disposition(0))
            if language:
                stream.metadata["language"] = language
            if title:
                stream.metadata["title"] = title
            streams.append((stream, hertz if isinstance(hertz, np.ndarray) else tone(1, 16_000, hertz, 0.3)))
        for stream, samples in streams:
            for at in range(0, len(samples) - 1023, 1024):
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, at : at + 1024]), "fltp", "mono")
                frame.sample_rate, frame.pts = 16_000, at
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def pitch(path: Path, track: int | None) -> int:
    """Return the loudest frequency of a track, to 100 Hz."""
    samples = np.concatenate(list(decode(Recording(str(path), track=track), lambda text: None)))[4000:12_000]
    return round(int(np.argmax(np.abs(np.fft.rfft(samples)))) * SAMPLE_RATE / len(samples) / 100) * 100


@pytest.mark.parametrize(
    ("wanted", "language", "hertz"),
    [
        (None, None, 600),
        ("0", None, 600),
        ("1", None, 900),
        ("3", "de", 1500),
        ("en", None, 900),
        ("fr", "de", 1200),
        (None, "en", 900),
        (None, "fr", 1200),
        (None, "it", 600),  # no track is marked so
    ],
)
@pytest.mark.parametrize("ending", ["mkv", pytest.param("mp4", marks=pytest.mark.slow)])
def test_the_track_is_chosen_by_number_or_language(
    ending: str, wanted: str | None, language: str | None, hertz: int, tmp_path: Path
) -> None:
    path = several(tmp_path / f"several.{ending}")
    assert pitch(path, probe(str(path), wanted, language).track) == hertz


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("4", "has no sound track 4; it has 4: 0 de, 1 en (Commentary), 2 fr, 3 in no marked language"),
        ("it", "has no sound track in 'it'; it has 4: 0 de"),
    ],
)
def test_a_track_that_is_not_there_is_said_with_what_there_is(wanted: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(AsrError) as caught:
        probe(str(several(tmp_path / "several.mkv")), wanted)
    assert says in str(caught.value)


def test_the_command_says_what_there_is_and_takes_another(asr: Run, tmp_path: Path) -> None:
    path = several(tmp_path / "several.mkv")
    done = asr("transcribe", str(path), "-e", "fake", "--no-vad", "-f", "json")
    assert done.code == 0, done.err
    assert "sound track 0 is used, of 4: 0 de, 1 en (Commentary)" in done.err
    assert "track" not in json.loads(done.out)["recording"]
    done = asr("transcribe", str(path), "-e", "fake", "--no-vad", "-f", "json", "--track", "English")
    assert json.loads(done.out)["recording"]["track"] == 1
    assert "sound track 1 is used" in done.err
    done = asr("transcribe", str(path), "-e", "fake", "--no-vad", "--track", "it")
    assert (done.code, done.err.count("has no sound track in 'it'")) == (1, 1)
    done = asr("transcribe", str(path), "-e", "fake", "--no-vad", "--track", "klingon")
    assert done.code == 2


def test_tracks_of_a_pipe_are_said(asr: Run, tmp_path: Path) -> None:
    data = several(tmp_path / "several.mkv").read_bytes()
    done = asr("transcribe", "-", "-e", "fake", "--no-vad", "--track", "2", stdin=data)
    assert (done.code, done.err.count("sound track 2 is used, of 4: 0 de, 1 en (Commentary), 2 fr")) == (0, 1), done.err


def test_rows_of_a_dataset_get_their_track_by_language(asr: Run, tmp_path: Path) -> None:
    """The first track is silent, so the engine that says the name of a file says nothing of it."""
    speech = np.concatenate(list(decode(Recording(str(EXAMPLES / "garden-awb.wav")), print)))
    path = several(tmp_path / "some words.mkv", [("deu", "", np.zeros_like(speech)), ("eng", "", speech)])
    row = {"audio": str(path), "text": "some words"}
    rows = {"plain": [row], "marked": [row | {"language": "English"}], "part": [row | {"offset": 0.1, "duration": 2}]}
    for name, lines in rows.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    for name, language, track in (("plain", "en", 1), ("part", "en", 1), ("marked", None, 1), ("plain", None, 0)):
        manifest, chosen = str(tmp_path / f"{name}.jsonl"), ("-l", language) if language else ()
        done = asr("transcribe", "--manifest", manifest, "-e", "fake", *chosen)
        said = f"{path}: sound track {track} is used, of 2: 0 de, 1 en; -l takes that of a language"
        assert (done.code, done.err.count(said)) == (0, 1), done.err
        assert json.loads(done.out)["pred_text"] == ("some words" if track else "")
    measure = ("bench", str(tmp_path / "plain.jsonl"), "-e", "fake", "--repeats", "1", "-o", str(tmp_path / "runs"))
    for language, track, rate in (("en", 1, 0.0), ("de", 0, 1.0)):
        done = asr(*measure, "-l", language, "--json", "-")
        assert done.err.count(f"sound track {track} is used, of 2") == 1, done.err
        measures = json.loads(done.out)["runs"][0]["measures"]
        assert [one["value"] for one in measures if one["name"] == "wer"] == [rate]


def test_one_track_gets_no_line(asr: Run, tmp_path: Path) -> None:
    path = several(tmp_path / "one.mkv", TRACKS[:1])
    done = asr("transcribe", str(path), "-e", "fake", "--no-vad", "-l", "en")
    assert (done.code, "sound track" in done.err) == (0, False)


def test_tracks_of_which_none_can_be_decoded_are_one_line(asr: Run, tmp_path: Path) -> None:
    """Of tracks with more channels than there can be, none is the best one."""
    path = encode(tmp_path / "one.aiff", tone(1, 16_000, 440, 0.3), 16_000, "pcm_s16be")
    data = bytearray(path.read_bytes())
    at = data.index(b"COMM") + 8
    data[at : at + 2] = b"\x40\x02"
    path.write_bytes(data)
    done = asr("transcribe", "one.aiff", "-e", "fake")
    assert (done.code, done.out) == (1, "") and "unexpected" not in done.err
    assert "one.aiff: its audio track is coded in a way that FFmpeg does not know" in done.err


@pytest.mark.parametrize(
    ("tracks", "wanted", "hertz"),
    [
        ([("eng", "", 600), ("chi", "", 900)], "yue", 900),  # FFmpeg shows Matroska's Cantonese as Chinese
        ([("chi", "", 600), ("chi", "Cantonese", 900)], "yue", 900),
        ([("chi", "\u7cb5\u8a9e", 600), ("chi", "", 900)], "zh", 900),
        ([("eng", "", 600), ("yue", "", 900)], "zh", 900),
        ([("eng", "", 600), ("nno", "", 900)], "no", 900),
        ([("nob", "", 600), ("nno", "", 900)], "nn", 900),
        ([("eng", "", 600), ("tgl", "", 900)], "fil", 900),
        ([("eng", "", 600), ("arz", "", 900)], "ar", 900),  # Egyptian Arabic
        ([("eng", "", 600), ("cmn", "", 900)], "zho", 900),
        ([("eng", "", 600), ("pes", "", 900)], "per", 900),
    ],
)
def test_a_track_is_found_by_the_code_of_its_macrolanguage(
    tracks: Any, wanted: str, hertz: int, tmp_path: Path
) -> None:
    path = several(tmp_path / "several.mkv", tracks)
    info = probe(str(path), wanted)
    assert tracks[info.track][2] == hertz
    assert probe(str(path), None, language_code(wanted)).track == info.track
    with pytest.raises(AsrError, match="has no sound track in 'ko'"):
        probe(str(path), "ko")


def test_a_language_that_no_engine_names_is_a_language(asr: Run, tmp_path: Path) -> None:
    path = several(tmp_path / "irish.mkv", [("eng", "", 600), ("gle", "", 900), ("und", "", 1200)])
    for wanted in ("gle", "GLE", "gle-IE"):
        assert pitch(path, probe(str(path), wanted).track) == 900
    done = asr("transcribe", str(path), "-e", "fake", "--no-vad", "--track", "gle")
    assert done.code == 0
    assert "sound track 1 is used, of 3: 0 en, 1 gle, 2 in no marked language; --track takes another" in done.err
    done = asr("transcribe", str(path), "-e", "fake", "--no-vad", "--track", "epo")
    assert done.code == 1 and "has no sound track in 'epo'; it has 3: 0 en, 1 gle" in done.err


def test_languages_of_containers_are_known() -> None:
    assert {language_code(three) for three in THREE_LETTERS} <= set(NAMES)
    assert (code_of("ger"), code_of("deu"), code_of("en-US"), code_of("und"), code_of("xyzzy"), code_of(None)) == (
        "de", "de", "en", None, None, None,
    )  # fmt: skip
    with pytest.raises(UsageError):
        language_code("xyz")


@pytest.mark.parametrize(
    ("tracks", "flags", "hertz"),
    [
        ([("eng", "Director's commentary", 600), ("eng", "Main", 900)], {}, 900),
        ([("eng", "", 600), ("eng", "", 900)], {0: av.stream.Disposition.comment}, 900),
        ([("eng", "", 600), ("eng", "", 900)], {0: av.stream.Disposition.visual_impaired}, 900),
        ([("eng", "", 600), ("eng", "", 900)], {0: av.stream.Disposition.hearing_impaired}, 900),
        ([("eng", "Audio description", 600), ("fre", "", 900)], {}, 600),  # the one that there is
        ([("eng", "Music only", 600), ("eng", "5.1", 900)], {}, 900),
        ([("eng", "", 600), ("eng", "", 900)], {0: av.stream.Disposition.clean_effects}, 900),
    ],
)
def test_a_commentary_is_not_what_is_said_in_a_language(tracks: Any, flags: Any, hertz: int, tmp_path: Path) -> None:
    effects = av.stream.Disposition.clean_effects in flags.values()  # which Matroska does not have
    path = several(tmp_path / f"several.{'ts' if effects else 'mkv'}", tracks, flags=flags)
    for wanted, language in (("en", None), (None, "en")):
        assert pitch(path, probe(str(path), wanted, language).track) == hertz
    assert pitch(path, probe(str(path), "0").track) == 600


@pytest.mark.parametrize(
    ("title", "wanted"), [("Deutsch 5.1", "de"), ("German", "de"), ("日本語", "ja"), ("Français", "fr")]
)
def test_a_title_may_name_the_language(title: str, wanted: str, tmp_path: Path) -> None:
    path = several(tmp_path / "titles.mkv", [(None, "Main", 600), (None, title, 900)])
    assert pitch(path, probe(str(path), wanted).track) == 900
    assert [track.language for track in probe(str(path)).tracks] == [None, wanted]


def test_a_track_in_an_unknown_codec_leaves_the_others(asr: Run, tmp_path: Path) -> None:
    """As telephones write: a track for players of their own beside one for all."""
    path = several(tmp_path / "phone.mkv", [("eng", "", 600), ("eng", "", 900)])
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_ZZZ", 1))
    assert pitch(path, None) == pitch(path, probe(str(path), None, "en").track) == 900
    done = asr("transcribe", "phone.mkv", "-e", "fake", "--no-vad")
    assert done.code == 0
    assert "sound track 1 is used, of 2: 0 en (in no known codec), 1 en; --track takes another" in done.err


def test_a_track_that_ends_before_another_is_not_cut_short(tmp_path: Path) -> None:
    """A Matroska says only how long the longest is."""
    path = several(tmp_path / "two.mkv", (("deu", "", tone(3, 16_000, 600, 0.3)), ("eng", "", 900)))
    told: list[str] = []
    assert sum(map(len, decode(Recording(str(path), track=1), told.append))) == pytest.approx(SAMPLE_RATE, abs=2048)
    assert not [line for line in told if "cut short" in line]
