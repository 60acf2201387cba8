"""The JSON output: loads where openai-whisper's does, carries everything, keeps to its schema, and comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asrcli.errors import InputError
from asrcli.formats import layout, render
from asrcli.formats.json import read_transcript
from asrcli.types import Alternative, Answer, Flag, Recording, Region, Segment, Timings, Transcript, Word

SCHEMA = json.loads((Path(__file__).parent.parent / "docs/transcript.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

times = st.integers(0, 10_000_000).map(lambda ms: ms / 1000)
probabilities = st.integers(0, 10**6).map(lambda millionths: millionths / 10**6)
texts = st.text(max_size=30).map(str.strip)
words = st.builds(
    Word,
    text=st.text(min_size=1, max_size=8).map(str.strip).filter(bool),
    start=times,
    end=times,
    score=st.none() | probabilities,
    source=st.sampled_from(["model", "aligned", "interpolated"]),
    speaker=st.none() | texts,
)
alternatives = st.builds(
    Alternative,
    text=texts,
    search_score=probabilities.map(lambda value: -value),
    tokens=st.lists(st.integers(0, 60_000), max_size=3).map(tuple),
    token_logprobs=st.lists(probabilities.map(lambda value: -value), max_size=3).map(tuple),
)
segments = st.builds(
    Segment,
    text=texts,
    start=times,
    end=times,
    words=st.lists(words, max_size=4).map(tuple),
    speaker=st.none() | texts,
    language=st.none() | st.sampled_from(["en", "yue"]),
    score=st.none() | probabilities,
    avg_logprob=st.none() | probabilities.map(lambda value: -value),
    no_speech_prob=st.none() | probabilities,
    temperature=st.none() | probabilities,
    tokens=st.lists(st.integers(0, 60_000), max_size=3).map(tuple),
    flags=st.lists(st.sampled_from(list(Flag)), max_size=2).map(tuple),
    alternatives=st.lists(alternatives, max_size=2).map(tuple),
)
regions = st.lists(st.builds(Region, times, times), max_size=3).map(tuple)
names = st.text(min_size=1, max_size=8)
transcripts = st.builds(
    Transcript,
    recording=st.builds(
        Recording,
        path=st.binary(min_size=1, max_size=9).map(lambda name: name.decode(errors="surrogateescape")),
        channel=st.none() | st.integers(0, 7),
        seconds=st.none() | times,
        start=times,
        end=st.none() | times,
    ),
    segments=st.lists(segments, max_size=4).map(tuple),
    engine=names,
    model=st.none() | names,
    revision=st.none() | names,
    language=st.none() | st.sampled_from(["en", "yue"]),
    language_score=st.none() | probabilities,
    seconds=times,
    speech=regions,
    gaps=regions,
    warnings=st.lists(st.text(max_size=20), max_size=2).map(tuple),
    answers=st.lists(st.builds(Answer, texts, texts, regions), max_size=2).map(tuple),
    options=st.dictionaries(names, texts, max_size=3).map(lambda options: tuple(options.items())),
)


def written(transcript: Transcript) -> str:
    return render(transcript, "json", layout())


def read(tmp_path: Path, text: str) -> Transcript:
    file = tmp_path / "transcript.json"
    file.write_bytes(text.encode())
    return read_transcript(file)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(transcripts)
def test_comes_back_equal_and_keeps_to_the_schema(tmp_path: Path, transcript: Transcript) -> None:
    text = written(transcript)
    VALIDATOR.validate(json.loads(text))
    assert read(tmp_path, text) == transcript
    assert text.encode() == written(read(tmp_path, text)).encode()


def test_the_schema_is_valid_and_describes_every_property() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    bare = []

    def walk(node: Any, name: str) -> None:
        if isinstance(node, dict):
            for key, value in node.get("properties", {}).items():
                described = "description" in value or "description" in SCHEMA["$defs"][value["$ref"].rsplit("/")[-1]]
                if not described:
                    bare.append(f"{name}/{key}")
            for key, value in node.items():
                walk(value, f"{name}/{key}")

    walk(SCHEMA, "")
    assert bare == []


def test_the_schema_refuses_what_is_no_transcript() -> None:
    good = json.loads(written(example()))
    VALIDATOR.validate(good)
    for path, value in [
        (("schema",), "urn:asrcli:transcript:2"),
        (("segments", 0, "start"), "1.0"),
        (("segments", 0, "words", 0, "source"), "guessed"),
        (("segments", 0, "unheard_of"), 1),
        (("gaps",), [[0, 1]]),
    ]:
        bad = json.loads(json.dumps(good))
        place = bad
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        assert not VALIDATOR.is_valid(bad), path


def example() -> Transcript:
    return Transcript(
        Recording("talk.wav", seconds=9.0),
        (
            Segment("Hello, world.", 0.5, 2.0, (Word("Hello,", 0.5, 1.0, 0.9), Word("world.", 1.2, 2.0)), speaker="S1"),
            Segment("Good day.", 3.0, 4.0, score=0.5),
            Segment("今天很好。", 5.0, 6.0, (Word("今天", 5.0, 5.4), Word("很好", 5.4, 6.0))),
        ),
        "fake",
        language="en",
        seconds=9.0,
        timings=Timings(1.0, 2.0, 3.0),
    )


def test_openai_whisper_keys_hold_numbers_and_joined_texts_read_right() -> None:
    data = json.loads(written(example()))
    assert data["text"] == "Hello, world. Good day. 今天很好。"
    assert "".join(segment["text"] for segment in data["segments"]) == " Hello, world. Good day. 今天很好。"
    for segment in data["segments"]:
        for key in ("seek", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob"):
            assert isinstance(segment[key], int | float), key
        assert segment["words"], "openai-whisper's writers want words in all segments or in none"
    spelled = ["".join(word["word"] for word in segment["words"]) for segment in data["segments"]]
    assert spelled == [" Hello, world.", " Good day.", "今天很好"]
    assert data["segments"][0]["unknown"] == ["temperature", "avg_logprob", "no_speech_prob"]
    assert "words" in data["segments"][1]["unknown"]
    assert [word["probability"] for word in data["segments"][1]["words"]] == [0.5, 0.5]


def test_there_is_no_words_key_without_words() -> None:
    """openai-whisper's WriteSRT writes nothing at all when the first segment has an empty list of words."""
    bare = replace(example(), segments=tuple(replace(segment, words=()) for segment in example().segments))
    assert all("words" not in segment for segment in json.loads(written(bare))["segments"])


def test_wall_clock_timings_are_not_in_the_file() -> None:
    assert written(example()) == written(replace(example(), timings=Timings()))


def test_whisperx_readers_find_their_words() -> None:
    data = json.loads(written(example()))
    assert data["word_segments"][0] == {"word": "Hello,", "start": 0.5, "end": 1.0, "score": 0.9}
    assert data["segments"][0]["speaker"] == "S1"


def test_what_is_not_finite_is_not_known() -> None:
    broken = replace(example(), segments=(Segment("Hm.", 0.0, 1.0, avg_logprob=float("nan"), score=float("inf")),))
    (segment,) = json.loads(written(broken), parse_constant=pytest.fail)["segments"]
    assert "avg_logprob" in segment["unknown"] and "score" not in segment
    with pytest.raises(ValueError):
        written(replace(example(), segments=(Segment("Hm.", float("nan"), 1.0),)))


def test_a_name_that_is_not_utf8_comes_back(tmp_path: Path) -> None:
    path = b"caf\xe9.wav".decode(errors="surrogateescape")
    transcript = replace(example(), recording=Recording(path))
    assert read(tmp_path, written(transcript)).recording.path == path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not JSON"),
        (b'{"text"', "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "is not a transcript"),
        (b"3", "is not a transcript"),
        (b'{"segments": [{"start": null, "end": 1, "text": "x"}]}', "is not a transcript"),
        (b'{"segments": [1]}', "is not a transcript"),
        (b'{"schema": "urn:asrcli:transcript:1"}', "is not a transcript"),
        (b'{"schema": "urn:asrcli:transcript:7", "segments": []}', "version"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_transcript(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_transcript(tmp_path / "none.json")


# Made by hand with the keys of openai-whisper 20250625 (`transcribe.py`, `WriteJSON`) and WhisperX (`alignment.py`,
# where a word with no letter of the aligner's alphabet has no times).
OPENAI = {
    "text": " Hello world. Bye.",
    "segments": [
        {
            "id": 0, "seek": 0, "start": 0.0, "end": 1.6, "text": " Hello world.", "tokens": [50364, 2425, 1002, 13],
            "temperature": 0.2, "avg_logprob": -0.31, "compression_ratio": 0.6, "no_speech_prob": 0.01,
            "words": [
                {"word": " Hello", "start": 0.0, "end": 0.7, "probability": 0.93},
                {"word": " world.", "start": 0.7, "end": 1.6, "probability": 0.88},
            ],
        },
        {
            "id": 1, "seek": 0, "start": 2.0, "end": 2.5, "text": " Bye.", "tokens": [4621, 13], "temperature": 0.2,
            "avg_logprob": -0.31, "compression_ratio": 0.6, "no_speech_prob": 0.01, "words": [],
        },
    ],
    "language": "en",
}  # fmt: skip
WHISPERX = {
    "segments": [
        {
            "start": 0.5, "end": 4.0, "text": " It cost 40 dollars.", "speaker": "SPEAKER_00",
            "words": [
                {"word": "It", "start": 0.5, "end": 0.6, "score": 0.99, "speaker": "SPEAKER_00"},
                {"word": "cost", "start": 0.7, "end": 1.0, "score": 0.8},
                {"word": "40"},
                {"word": "dollars.", "start": 3.0, "end": 4.0, "score": 0.7},
            ],
        }
    ],
    "word_segments": [],
    "language": "en",
}  # fmt: skip


def test_reads_openai_whisper(tmp_path: Path) -> None:
    transcript = read(tmp_path, json.dumps(OPENAI))
    first, second = transcript.segments
    assert transcript.text == "Hello world. Bye." and transcript.language == "en" and transcript.seconds == 2.5
    assert first.words == (Word("Hello", 0.0, 0.7, 0.93), Word("world.", 0.7, 1.6, 0.88))
    assert (first.avg_logprob, first.temperature, first.no_speech_prob) == (-0.31, 0.2, 0.01)
    assert first.tokens == (50364, 2425, 1002, 13) and second.words == ()


def test_reads_whisperx_and_gives_every_word_a_time(tmp_path: Path) -> None:
    (segment,) = read(tmp_path, json.dumps(WHISPERX)).segments
    assert segment.speaker == "SPEAKER_00"
    assert segment.words[0] == Word("It", 0.5, 0.6, 0.99, "aligned", "SPEAKER_00")
    assert segment.words[2] == Word("40", 1.0, 3.0, None, "interpolated")


def test_reads_a_bare_list_of_segments(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps(OPENAI["segments"])).text == "Hello world. Bye."


def test_what_was_read_from_others_can_be_written(tmp_path: Path) -> None:
    for data in (OPENAI, WHISPERX):
        transcript = read(tmp_path, json.dumps(data))
        assert read(tmp_path, written(transcript)) == transcript
