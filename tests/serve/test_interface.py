"""``asr serve`` as its clients see it: OpenAI's own, ours, and those that do things in their own way."""

from __future__ import annotations

import json
import re
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.command import Run, write_silence
from support.serve import Running, serving

if TYPE_CHECKING:  # a second to import, for the one worker that runs these tests
    import openai

TESTS = Path(__file__).parent.parent
DIGITS = TESTS / "data/digits"
WHISPER = TESTS / "checkpoints/whisper-digits-ct2"
ONE = DIGITS / "string00.wav"
NUMBERS = ("id", "seek", "start", "end", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, "-e", f"whisper:{WHISPER}", "-e", "fake:pace=2", "--threads", "1") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[openai.OpenAI]:
    import openai

    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def strings(folder: Path, count: int) -> Path:
    """Write a recording of several clips: strings of digits, with pauses between them."""
    path = folder / "long.wav"
    with wave.open(str(path), "wb") as out:
        for number, part in enumerate(sorted(DIGITS.glob("*.wav"))[:count]):
            with wave.open(str(part)) as one:
                if not number:
                    out.setparams(one.getparams())
                out.writeframes(one.readframes(one.getnframes()))
                out.writeframes(bytes(2 * 3 * one.getframerate()))
    return path


# The same as asr transcribe


@pytest.mark.parametrize(
    "formats",
    ["srt", *(pytest.param(one, marks=pytest.mark.slow) for one in ("TextGrid", "txt,vtt,tsv,csv,lrc,ass"))],
)
def test_formats_are_what_asr_transcribe_writes_byte_for_byte(
    server: Running, asr: Run, tmp_path: Path, formats: str
) -> None:
    common = ("-e", "whisper", "-m", WHISPER, "-o", "out", "--threads", 1)
    assert asr("transcribe", ONE, *common, "-f", formats).code == 0
    for extension in formats.split(","):
        answer = server.ask(ONE.read_bytes(), response_format=extension.lower().replace("txt", "text"))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        written = (tmp_path / f"out/string00.{extension}").read_bytes().decode()
        assert answer.text == written.replace(str(ONE), "upload"), extension


@pytest.mark.slow
def test_a_long_recording_is_what_asr_transcribe_writes(server: Running, asr: Run, tmp_path: Path) -> None:
    long = strings(tmp_path, 5)
    assert asr("transcribe", long, "-e", "whisper", "-m", WHISPER, "-o", "out", "--threads", 1, "-f", "srt").code == 0
    assert server.ask(long.read_bytes(), response_format="srt").text == (tmp_path / "out/long.srt").read_text()


@pytest.mark.parametrize("name", ["ctm", "stm", "rttm", "jsonl", "asr_json"])
def test_the_clients_name_for_a_file_goes_nowhere(server: Running, name: str) -> None:
    model = "whisper" if name == "asr_json" else "fake"
    answer = server.ask(ONE.read_bytes(), model=model, response_format=name)
    assert answer.status_code == 200, answer.text
    assert "passwd" not in answer.text and "upload" in answer.text
    assert str(WHISPER) not in answer.text and "/tmp" not in answer.text
    assert not any("passwd" in line or "upload" in line for line in server.lines)


def test_our_own_client_says_what_the_engine_says_itself(server: Running, asr: Run, tmp_path: Path) -> None:
    """Text, and times to the millisecond: a clip that is cut here is not cut again there."""
    own = asr("transcribe", ONE, "-e", "whisper", "-m", WHISPER, "-f", "json,srt", "-o", "own", "--threads", 1)
    model = f"{server.url}/v1#whisper:whisper-digits-ct2"
    asked = asr("transcribe", ONE, "-e", "openai_server", "-m", model, "-f", "json,srt", "-o", "asked")
    assert (own.code, asked.code) == (0, 0), asked.err
    assert (tmp_path / "asked/string00.srt").read_text() == (tmp_path / "own/string00.srt").read_text()
    one, other = (json.loads((tmp_path / f"{name}/string00.json").read_text()) for name in ("own", "asked"))
    assert one["text"] == other["text"] == "nine eight two five"
    assert [(row["start"], row["end"]) for row in one["segments"]] == [
        (row["start"], row["end"]) for row in other["segments"]
    ]


def test_requests_at_once_get_what_each_would_get_alone(server: Running) -> None:
    paths = sorted(DIGITS.glob("*.wav"))[:3]
    alone = [server.ask(path.read_bytes(), response_format="srt").text for path in paths]
    with ThreadPoolExecutor(len(paths)) as pool:
        together = list(pool.map(lambda path: server.ask(path.read_bytes(), response_format="srt").text, paths))
    assert together == alone and len(set(alone)) == 3
    assert not server.left()


# OpenAI's client


def test_openai_client_reads_each_format(client: openai.OpenAI) -> None:
    with open(ONE, "rb") as file:
        plain = client.audio.transcriptions.create(model="whisper-1", file=file)
    assert plain.text == "nine eight two five" and plain.usage.seconds == pytest.approx(2.598)  # type: ignore
    content = ONE.read_bytes()
    text = client.audio.transcriptions.create(model="", file=("a.wav", content), response_format="text")
    assert text == "nine eight two five\n"
    verbose = client.audio.transcriptions.create(
        model="gpt-4o-mini-transcribe", file=content, language="en", temperature=0.0,
        response_format="verbose_json", timestamp_granularities=["word", "segment"],
    )  # fmt: skip
    assert (verbose.language, verbose.duration, verbose.task) == ("english", 2.598, "transcribe")  # type: ignore
    assert [word.word for word in verbose.words or ()] == ["nine", "eight", "two", "five"]
    assert verbose.segments and verbose.segments[0].text == " nine eight two five"
    prompted = client.audio.transcriptions.create(
        model="whisper-1",
        file=content,
        prompt="digits",
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )  # this checkpoint never had a prompt: what it writes then depends on how the processor rounds
    assert [word.word for word in prompted.words or ()] == prompted.text.split()
    translated = client.audio.translations.create(model="fake", file=content)
    assert translated.text.startswith("UPLOAD ")


@pytest.mark.parametrize(("count", "calls"), [(2, 1), pytest.param(24, 2, marks=pytest.mark.slow)])
def test_openai_client_reads_a_stream_whose_pieces_add_up(
    client: openai.OpenAI, tmp_path: Path, count: int, calls: int
) -> None:
    """A piece for each call of the engine, which takes a minute at once."""
    long = strings(tmp_path, count)
    with open(long, "rb") as file:
        events = list(client.audio.transcriptions.create(model="whisper", file=file, stream=True))
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    done = events[-1]
    assert done.type == "transcript.text.done" and len(deltas) >= calls
    assert done.text == "".join(deltas)
    with open(long, "rb") as file:
        assert done.text == client.audio.transcriptions.create(model="whisper", file=file).text


def test_openai_client_lists_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["whisper:whisper-digits-ct2", "fake:pace=2"]
    assert client.models.retrieve("fake:pace=2").object == "model"


def test_openai_client_tells_errors_apart(client: openai.OpenAI) -> None:
    import openai

    ask = client.audio.transcriptions.create
    with pytest.raises(openai.NotFoundError, match="no model 'nemo' here, only: whisper:whisper-digits-ct2") as found:
        ask(model="nemo", file=ONE)
    assert (found.value.code, found.value.param, found.value.type) == (
        "model_not_found", "model", "invalid_request_error",
    )  # fmt: skip
    assert re.fullmatch(r"[0-9a-f]{32}", found.value.request_id or "")
    with pytest.raises(openai.APIStatusError, match="the file: is not audio") as refused:
        ask(model="", file=("talk.wav", b"no sound " * 99))
    assert refused.value.status_code == 415
    with pytest.raises(openai.APIStatusError, match="the file: is not audio"):  # not an event: nothing was sent yet
        list(ask(model="", file=b"no sound " * 99, stream=True))


# What strict clients want


def test_all_numbers_of_a_segment_are_numbers(server: Running) -> None:
    for model in ("whisper", "fake"):
        answer = server.ask(ONE.read_bytes(), model=model, response_format="verbose_json").json()
        assert "words" not in answer
        for row in answer["segments"]:
            assert all(isinstance(row[name], int | float) for name in NUMBERS)
            assert isinstance(row["tokens"], list) and row["text"].startswith(" ")


def test_words_alone_come_without_segments(server: Running) -> None:
    fields = {"response_format": "verbose_json", "timestamp_granularities__": "word"}
    answer = server.ask(ONE.read_bytes(), model="fake", **fields).json()
    assert "segments" not in answer
    assert all(set(word) == {"word", "start", "end"} for word in answer["words"]) and answer["words"]


def test_silence_is_no_mistake(server: Running, tmp_path: Path) -> None:
    answer = server.ask(write_silence(tmp_path / "a.wav", 3).read_bytes(), response_format="verbose_json")
    assert (answer.status_code, answer.json()["text"], answer.json()["segments"]) == (200, "", [])
    said = ["no speech was found in upload: its 3.0 s are digital silence"]
    assert answer.json()["asr"]["warnings"] == said
    streamed = server.ask((tmp_path / "a.wav").read_bytes(), response_format="verbose_json", stream="true")
    assert json.loads(streamed.text.strip().rpartition("data: ")[2])["asr"]["warnings"] == said


def test_a_file_may_come_first_and_in_pieces_without_a_length(server: Running) -> None:
    """As OpenAI's client for JavaScript sends it."""
    content = ONE.read_bytes()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    rest = b'\r\n--x\r\nContent-Disposition: form-data; name="response_format"\r\n\r\ntext\r\n--x--\r\n'

    def pieces() -> Iterator[bytes]:
        yield head
        for at in range(0, len(content), 997):
            yield content[at : at + 997]
        yield from (rest[at : at + 1] for at in range(len(rest)))

    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = server.client.post("/audio/transcriptions", content=pieces(), headers=kind)
    assert (answer.status_code, answer.text) == (200, "nine eight two five\n")


def test_what_nobody_heeds_is_named(server: Running) -> None:
    answer = server.ask(ONE.read_bytes(), model="fake", hotwords="Bach", vad_filter="true", **{"a\u00e4\r\nb": "1"})
    assert answer.status_code == 200
    assert re.fullmatch(r'199 asr "ignored: hotwords, vad_filter, a[\w?%]+b"', answer.headers["warning"])


def test_a_stream_names_its_events(server: Running) -> None:
    """Some clients pass over events without a name; the segments of the last one are an extension that they read."""
    body = server.ask(ONE.read_bytes(), stream="true", response_format="verbose_json")
    assert body.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = [event.split("\n") for event in body.text.strip().split("\n\n")]
    assert [name for name, _ in events] == ["event: transcript.text.delta", "event: transcript.text.done"]
    assert [json.loads(data.removeprefix("data: "))["type"] for _, data in events] == [
        "transcript.text.delta",
        "transcript.text.done",
    ]


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"response_format": "docx"}, 400, "response_format"),
        ({"response_format": "diarized_json"}, 400, "response_format"),
        ({"temperature": "hot"}, 400, "temperature"),
        ({"temperature": "nan"}, 400, "temperature"),
        ({"language": "klingon"}, 400, "language"),
        ({"stream": "perhaps"}, 400, "stream"),
        ({"stream": "true", "response_format": "srt"}, 400, "stream"),
        ({"timestamp_granularities__": "word"}, 400, "timestamp_granularities[]"),
        ({"timestamp_granularities__": "phone", "response_format": "verbose_json"}, 400, "timestamp_granularities[]"),
        ({"model": "nemo"}, 404, "model"),
        ({"prompt": "x" * 70_000}, 400, "prompt"),
    ],
)
def test_values_that_are_none(server: Running, fields: dict[str, Any], status: int, param: str) -> None:
    answer = server.ask(ONE.read_bytes(), **fields)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["param"] == param
    assert len(error["message"]) < 400 and "\n" not in error["message"]
    assert not server.left()


def test_bodies_that_are_none(server: Running) -> None:
    empty = server.ask(b"")
    assert (empty.status_code, empty.json()["error"]["message"]) == (422, "the file is empty (0 bytes)")
    assert server.ask(None).status_code == 400
    several = [("file", ("a", ONE.read_bytes())), ("file", ("b", ONE.read_bytes()))]
    assert server.client.post("/v1/audio/transcriptions", files=several).status_code == 400
    for kind in ("application/json", "multipart/form-data", f"multipart/form-data; boundary={'x' * 300}"):
        answer = server.client.post("/v1/audio/transcriptions", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 400 and "multipart/form-data" in answer.json()["error"]["message"]
    cut = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc'
    kind = "multipart/form-data; boundary=x"
    answer = server.client.post("/v1/audio/transcriptions", content=cut, headers={"content-type": kind})
    assert "ends before its last boundary" in answer.json()["error"]["message"]
    assert server.client.get("/v1/audio/transcriptions").status_code == 405
    for method in ("GET", "POST", "DELETE"):
        answer = server.client.request(method, "/v1/chat/completions", content=b"{}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert server.client.post("/v1/models").headers["allow"] == "GET, HEAD"
    assert not server.left()


def test_an_aligner_that_is_not_here_is_no_fault_of_the_server(server: Running) -> None:
    """Nothing is downloaded for a request."""
    fields = {"response_format": "verbose_json", "timestamp_granularities__": "word", "language": "de"}
    answer = server.ask(ONE.read_bytes(), model="whisper", **fields)
    assert answer.status_code in (200, 400), answer.text  # by what is installed


def test_what_those_who_run_it_look_at(server: Running) -> None:
    assert server.client.get("/health").json() == {"status": "ok"}
    assert server.client.get("/ready").json() == {"status": "ready"}
    before = _metrics(server)
    server.ask(ONE.read_bytes())
    after = _metrics(server)
    assert after["asr_audio_seconds_total"] == pytest.approx(before["asr_audio_seconds_total"] + 2.598, abs=0.01)
    assert after['asr_requests_total{status="200"}'] >= before['asr_requests_total{status="200"}'] + 1
    assert (after["asr_requests_open"], after["asr_uploads_bytes"], after["asr_ready"]) == (0, 0, 1)


def _metrics(server: Running) -> dict[str, float]:
    lines = server.client.get("/metrics").text.splitlines()
    rows = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}
