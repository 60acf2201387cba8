"""The engine `openai_server` against real HTTP servers on loopback: good ones, slow ones, broken ones."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.openai_server import client
from support.command import Run, write_wav
from support.server import Call, Reply, Server, hearing, serving

from asrcli.engine import Engine, Weights, load_class
from asrcli.engines.device import Device
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.errors import AsrError, EngineUnavailable, ModelError, UsageError
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Region
from tests.clips import clip as clip_of

DIGITS = Path(__file__).parent / "data/digits"
CHECKPOINTS = Path(__file__).parent / "checkpoints"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait little between tries, and take nothing from the environment."""
    monkeypatch.setattr(client, "FIRST_WAIT", 0.001)
    for name in ("URL", "KEY", "TIMEOUT", "CONCURRENCY"):
        monkeypatch.delenv(f"ASR_SERVER_{name}", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def tone(seconds: float = 1.0) -> Clip:
    samples = np.sin(np.arange(round(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32) / 2
    return Clip(Recording("tone.wav", seconds=seconds), 0.0, samples)


def connect(name: str) -> Engine:
    weights = Weights(name, None)
    return load_class("openai_server").for_weights(weights)(weights, Device())


def says(text: str, **more: Any) -> Callable[[Call], Reply]:
    return lambda call: Reply({"text": text, **more})


def in_turn(*replies: Reply) -> Callable[[Call], Reply]:
    """Answer with one after the other, and then with the last again."""
    left = list(replies)
    return lambda call: left.pop(0) if len(left) > 1 else left[0]


GOOD = Reply({"text": "one two"})


# What is sent, and how answers are read


def test_what_is_sent() -> None:
    with serving(says("one")) as server:
        options = Options(language="de", prompt="Bach und Händel", temperature=(0.2,))
        sent = tone(0.5)
        connect(f"{server.url}#tiny").transcribe([sent], options)
    (call,) = server.calls
    assert call.path == "/v1/audio/transcriptions"
    assert call.form == {
        "model": ["tiny"],
        "response_format": ["verbose_json"],
        "language": ["de"],
        "prompt": ["Bach und Händel"],
        "temperature": ["0.2"],
    }
    assert np.abs(call.samples - sent.samples).max() <= 1 / 32767
    assert "authorization" not in {name.lower() for name in call.headers}


def test_times_and_words_of_a_good_server() -> None:
    answer = {
        "text": "one two three",
        "language": "english",
        "segments": [
            {"start": 0.0, "end": 0.5, "text": " one two", "avg_logprob": -0.2, "no_speech_prob": 0.01, "tokens": [1]},
            {"start": 0.5, "end": 9.0, "text": " three", "avg_logprob": float("nan")},
        ],
        "words": [
            {"word": "one", "start": 0.0, "end": 0.2},
            {"word": "two", "start": 0.25, "end": 0.45},
            {"word": "three", "start": 0.6, "end": 0.9},
            {"word": "lost"},
        ],
    }
    with serving(lambda call: Reply(answer)) as server:
        (found,) = connect(server.url).transcribe([tone()], Options(word_timestamps=True))
        (plain,) = connect(server.url).transcribe([tone()], Options())
    assert [(one.text, one.start, one.end, one.language) for one in found] == [
        ("one two", 0.0, 0.5, "en"),
        ("three", 0.5, 1.0, "en"),
    ]
    assert [word.text for one in found for word in one.words] == ["one", "two", "three"]
    assert found[0].avg_logprob == -0.2 and found[1].avg_logprob is None
    assert all(not one.words for one in plain)
    assert server.calls[0].form["timestamp_granularities[]"] == ["segment", "word"]


def test_a_model_that_gives_text_only() -> None:
    def answer(call: Call) -> Reply:
        if call.form["response_format"] == ["verbose_json"]:
            return Reply({"error": {"message": "response_format 'verbose_json' is not compatible"}}, 400)
        return Reply({"text": "one two"})

    with serving(answer) as server:
        engine = connect(server.url)
        spoken = Clip(Recording("x"), 10.0, tone(2.0).samples, speech=(Region(10.5, 11.5),))
        (found,) = engine.transcribe([spoken], Options())
        engine.transcribe([tone()], Options())
        with pytest.raises(Exception, match="gives no word times"):
            engine.transcribe([tone()], Options(word_timestamps=True))
    assert [(one.text, one.start, one.end) for one in found] == [("one two", 0.5, 1.5)]
    assert [call.form["response_format"] for call in server.calls[:3]] == [["verbose_json"], ["json"], ["json"]]


def test_word_times_that_a_server_does_not_give_are_no_silence() -> None:
    with (
        serving(says("one two")) as server,
        pytest.raises(EngineUnavailable, match="gives no word times: leave --word-timestamps out"),
    ):
        connect(server.url).transcribe([tone()], Options(word_timestamps=True))


def test_translation_has_its_own_endpoint() -> None:
    with serving(says("one")) as server:
        connect(server.url).transcribe([tone()], Options(task="translate"))
    assert server.calls[0].path == "/v1/audio/translations"


def test_whisper_cpp() -> None:
    with serving(says(" one two\n"), models=None) as server:
        (found,) = connect(server.url.removesuffix("/v1") + "/inference").transcribe([tone()], Options())
    assert server.calls[0].path == "/inference" and found[0].text == "one two"


def test_chat_as_vllm_serves_qwen3() -> None:
    def answer(call: Call) -> Reply:
        forced = call.json["messages"][-1]["role"] == "assistant"
        text = "eins zwei" if forced else "language English<asr_text>one two"
        return Reply({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "length"}]})

    with serving(answer) as server:
        engine = connect(f"{server.url}/chat/completions#tiny")
        (heard,) = engine.transcribe([tone()], Options())
        (forced,) = engine.transcribe([tone()], Options(language="de", prompt="Numbers.", hotwords=("eins", "zwei")))
    assert [(one.text, one.language, one.flags) for one in heard] == [("one two", "en", ("truncated",))]
    assert [(one.text, one.language) for one in forced] == [("eins zwei", "de")]
    first, second = (call.json for call in server.calls)
    assert [message["role"] for message in first["messages"]] == ["user"]
    kind, _, data = first["messages"][0]["content"][0]["audio_url"]["url"].partition(",")
    assert kind == "data:audio/wav;base64" and base64.b64decode(data)[:4] == b"RIFF"
    assert second["messages"][0] == {"role": "system", "content": "Numbers.\neins, zwei"}
    assert second["messages"][-1] == {"role": "assistant", "content": "language German<asr_text>"}
    assert second["continue_final_message"] is True and second["add_generation_prompt"] is False


@pytest.mark.parametrize("content", ["language None<asr_text>", "", None, "  "])
def test_silence_in_a_chat(content: str | None) -> None:
    with serving(lambda call: Reply({"choices": [{"message": {"content": content}}]})) as server:
        assert connect(f"{server.url}/chat/completions").transcribe([tone()], Options()) == [[]]


def test_clips_go_out_together_but_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_SERVER_CONCURRENCY", "3")
    with serving(lambda call: Reply({"text": str(len(call.samples))}, hang=0.0)) as server:
        slow = server.answer

        def later(call: Call) -> Reply:
            time.sleep(0.1)
            return slow(call)

        server.answer = later
        clips = [tone(0.2 + number / 100) for number in range(9)]
        found = connect(server.url).transcribe(clips, Options())
    assert [one[0].text for one in found] == [str(len(clip.samples)) for clip in clips], "in the order of the clips"
    assert server.most == 3


def test_text_that_is_no_text() -> None:
    """Half a character cannot be written to a file, and an escape sequence should reach no terminal."""
    with serving(
        lambda call: Reply(b'{"text": "one \\ud83d two\\u001b[2J \\ud83d\\ude00 \xd9\x85\xdb\x8c\xe2\x80\x8c"}')
    ) as server:
        ((found,),) = connect(server.url).transcribe([tone()], Options())
    assert found.text == "one \ufffd two [2J \U0001f600 \u0645\u06cc\u200c"


@pytest.mark.slow
def test_several_callers_share_an_engine() -> None:
    """Each has its own clips, one of which the server refuses; each finds out which, and nothing is sent twice."""
    bad = tone(0.7)

    def answer(call: Call) -> Reply:
        time.sleep(0.005)
        length = len(call.samples)
        return Reply({"error": "no"}, 415) if length == len(bad.samples) else Reply({"text": str(length)})

    with serving(answer) as server:
        weights = Weights(server.url, None)
        choice = Choice(load_class("openai_server").for_weights(weights), weights, Device())
        owner = LocalRecogniser(choice, print)
        owner.load()

        def call(number: int) -> bool:
            clips = [tone(0.2 + (number * 8 + at) / 1000) for at in range(8)]
            clips[number % 8] = replace(bad)
            heard = owner.transcribe(clips, Options())
            return all(
                isinstance(one, AsrError) if at == number % 8 else one[0].text == str(len(clips[at].samples))  # type: ignore[index]
                for at, one in enumerate(heard)
            )

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(call, range(16)))
        assert len(server.calls) == 16 * 8
        assert owner.load()._kept == {}  # type: ignore[attr-defined]


def test_answers_of_a_batch_are_kept_when_the_server_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_SERVER_CONCURRENCY", "1")

    def answer(call: Call) -> Reply:
        return Reply({"text": "good"}) if len(server.calls) < 3 else Reply({}, 429, {"Retry-After": "999"})

    with serving(answer) as server:
        weights = Weights(server.url, None)
        choice = Choice(load_class("openai_server").for_weights(weights), weights, Device())
        owner = LocalRecogniser(choice, print)
        heard = owner.transcribe([tone() for _ in range(5)], Options())
        assert [type(one) for one in heard] == [list, list, *[EngineUnavailable] * 3]
        with pytest.raises(EngineUnavailable):
            owner.transcribe([tone(), tone()], Options())
    assert len(server.calls) == 3


# Servers that fail


@pytest.mark.parametrize(
    "bad",
    [
        Reply({"error": {"message": "busy"}}, 429, {"Retry-After": "0"}),
        Reply({"error": "broken"}, 500),
        Reply(b"<html>Bad gateway</html>", 502),
        Reply(b"", 503),
        Reply(b"<html>hello</html>"),
        Reply({"text": "one two three four"}, cut=True),
    ],
    ids=["429", "500", "502", "503", "html", "cut"],
)
def test_a_failure_that_passes(bad: Reply) -> None:
    with serving(in_turn(bad, bad, GOOD)) as server:
        (found,) = connect(server.url).transcribe([tone()], Options())
    assert found[0].text == "one two" and len(server.calls) == 3


def test_retry_after_is_honoured() -> None:
    with serving(in_turn(Reply({}, 429, {"Retry-After": "0.4"}), GOOD)) as server:
        engine = connect(server.url)
        started = time.monotonic()
        engine.transcribe([tone()], Options())
    assert time.monotonic() - started >= 0.4


def test_a_server_that_wants_too_long_a_rest_is_given_up() -> None:
    with (
        serving(lambda call: Reply({"error": "quota"}, 429, {"Retry-After": "86400"})) as server,
        pytest.raises(EngineUnavailable, match=r"429 \(quota\)"),
    ):
        connect(server.url).transcribe([tone()], Options())
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply({"error": {"message": "busy"}}, 429), "429 (busy)"),
        (Reply(b"<html>hello</html>"), "a web page where JSON is due"),
        (Reply(b"\x00\x01garbage"), "where JSON is due"),
        (Reply(b"[" * 100_000), "where JSON is due"),
        (Reply(b""), "nothing where JSON is due"),
        (Reply({"words": []}), "no 'text'"),
        (Reply([1, 2]), "no 'text'"),
        (Reply({"text": "x" * 100}, cut=True), "the connection broke"),
        (Reply({"error": "no such key"}, 401), "set ASR_SERVER_KEY"),
        (Reply(b"", 307, {"Location": "http://127.0.0.1:9/"}), "leads on to http://127.0.0.1:9/"),
    ],
    ids=["429", "html", "garbage", "brackets", "empty", "no text", "list", "cut", "401", "redirect"],
)
def test_a_server_that_is_of_no_use_ends_the_run(reply: Reply, words: str) -> None:
    with serving(lambda call: reply) as server:
        engine = connect(server.url)
        with pytest.raises(EngineUnavailable) as caught:
            engine.transcribe([tone()], Options())
    assert words in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_a_hang_ends() -> None:
    with serving(lambda call: Reply({"text": "late"}, hang=60.0)) as server:
        engine = connect(server.url)
        engine.client = client.Client(engine.address, 0.3)
        with pytest.raises(EngineUnavailable, match=r"no answer within 0\.3 s"):
            engine.transcribe([tone(), tone()], Options())
    assert len(server.calls) == 4  # each clip twice, side by side


@pytest.mark.slow
def test_a_drip_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_SERVER_TIMEOUT", "1")
    with serving(lambda call: Reply({"text": "l" + 30 * "a" + "te"}, drip=0.2)) as server:
        engine = connect(server.url)
        started = time.monotonic()
        with pytest.raises(EngineUnavailable, match="no answer within 1 s"):
            engine.transcribe([tone()], Options())
        assert time.monotonic() - started < 5 and len(server.calls) == 2


def test_what_a_server_refuses_is_the_failure_of_one_clip_and_nothing_is_sent_twice() -> None:
    long = tone(1.5)

    def answer(call: Call) -> Reply:
        if len(call.samples) == len(long.samples):
            return Reply({"detail": [{"msg": "cannot be decoded"}]}, 415)
        return Reply({"text": "good"})

    with serving(answer) as server:
        weights = Weights(server.url, None)
        choice = Choice(load_class("openai_server").for_weights(weights), weights, Device())
        heard = LocalRecogniser(choice, print).transcribe([tone(), long, tone()], Options())
    assert [one if isinstance(one, Exception) else one[0].text for one in heard][::2] == ["good", "good"]
    assert "415 (cannot be decoded)" in str(heard[1])
    assert len(server.calls) == 3


@pytest.mark.slow
def test_a_server_that_always_breaks_is_not_asked_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_SERVER_CONCURRENCY", "1")
    with serving(lambda call: Reply({"error": "broken"}, 500)) as server:
        engine = connect(server.url)
        with pytest.raises(EngineUnavailable, match=r"500 \(broken\)"):
            engine.transcribe([tone(0.2) for _ in range(30)], Options())
    assert len(server.calls) == client.FAILURES * client.TRIES


# What is checked on loading


def test_the_model_is_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says("x"), models=["small", "large"]) as server:
        with pytest.raises(ModelError, match="no model 'tiny', only: small, large"):
            connect(f"{server.url}#tiny")
        with pytest.raises(ModelError, match="several models, name one behind #: small, large"):
            connect(server.url)
        monkeypatch.setenv("ASR_SERVER_URL", server.url)
        connect("large").transcribe([tone()], Options())
    assert server.calls[0].form["model"] == ["large"]
    with serving(says("x"), models=["only"]) as server:
        connect(server.url).transcribe([tone()], Options())
    assert server.calls[0].form["model"] == ["only"]


def test_a_server_without_a_list_of_models_is_taken_at_its_word() -> None:
    with serving(says("x"), models=None) as server:
        connect(f"{server.url}#tiny").transcribe([tone()], Options())
    assert server.calls[0].form["model"] == ["tiny"]


def test_no_server() -> None:
    with pytest.raises(EngineUnavailable, match=r"cannot be reached \(\w[\w ]+\); is the server running"):
        connect("http://127.0.0.1:9/v1#tiny")


@pytest.mark.parametrize(
    "name",
    [
        "http://",
        "http://user:hunter2@host/v1",
        "http://host/v1?key=hunter2",
        "https://host:0/v1",
        "http://[::1/v1",
        "tiny",
    ],
)
def test_addresses_that_are_refused_before_anything_loads(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_class("openai_server").for_weights(Weights(name, None))
    assert "hunter2" not in str(caught.value) and re.search("http://127.0.0.1:8000|ASR_SERVER", str(caught.value))


@pytest.mark.parametrize(
    ("name", "endpoint", "model"),
    [
        ("http://h:8000", "http://h:8000/v1/audio/transcriptions", ""),
        ("http://h:8000/v1/#Qwen/Qwen3-ASR-1.7B", "http://h:8000/v1/audio/transcriptions", "Qwen/Qwen3-ASR-1.7B"),
        ("https://h/api/v1/audio/transcriptions#a", "https://h/api/v1/audio/transcriptions", "a"),
        ("http://h/v1/chat/completions#a", "http://h/v1/chat/completions", "a"),
        ("http://h/inference", "http://h/inference", ""),
    ],
)
def test_addresses(name: str, endpoint: str, model: str) -> None:
    found = client.parse(name)
    assert (found.endpoint, found.model) == (endpoint, model)


# The key


def test_the_key_is_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_SERVER_KEY", "sk-secret\n")
    with serving(lambda call: Reply({"error": "wrong key sk-secret"}, 401)) as server:
        engine = connect(server.url)
        with pytest.raises(EngineUnavailable) as caught:
            engine.transcribe([tone()], Options())
    assert server.calls[0].headers["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in str(caught.value) and "is ASR_SERVER_KEY right?" in str(caught.value)
    monkeypatch.setenv("ASR_SERVER_KEY", "sk-sécret")
    with pytest.raises(UsageError) as odd:
        connect(server.url)
    assert "cret" not in str(odd.value).replace("characters", "")


def test_openais_key_goes_to_openai_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert client.parse("https://api.openai.com/v1#whisper-1").key().headers("https://api.openai.com/v1") == {
        "Authorization": "Bearer sk-openai"
    }
    for other in ("http://api.openai.com/v1", "https://api.openai.com.example/v1", "http://127.0.0.1:8000/v1"):
        assert not client.parse(other).key()


# The command


@pytest.fixture
def digits_server() -> Iterator[Server]:
    weights = Weights("digits", str(CHECKPOINTS / "whisper-digits-ct2"))
    with serving(hearing(load_class("whisper")(weights, Device(threads=1)))) as server:
        yield server


@pytest.mark.slow
def test_the_command_hears_what_the_engine_behind_the_server_hears(
    asr: Run, tmp_path: Path, digits_server: Server, digit_strings: list[tuple[Path, str]]
) -> None:
    paths = [path for path, _ in digit_strings[:3]]
    common = ("transcribe", *paths, "-l", "en", "--word-timestamps", "-f", "json")
    far = (*common, "-e", "openai_server", "-m", f"{digits_server.url}#tiny", "-o", "far")
    done = asr(*far, ASR_SERVER_KEY="sk-secret")
    assert (done.code, "sk-secret" in done.err + done.out) == (0, False), done.err
    near = asr(*common, "-e", "whisper", "-m", CHECKPOINTS / "whisper-digits-ct2", "--aligner", "engine", "-o", "near")
    assert near.code == 0, near.err
    for path in paths:
        one, other = (json.loads((tmp_path / side / f"{path.stem}.json").read_text()) for side in ("far", "near"))
        assert one["text"] == other["text"] != ""
        times = [[(word["start"], word["end"]) for word in words_of(side)] for side in (one, other)]
        assert np.allclose(times[0], times[1], atol=0.021)


def words_of(transcript: dict[str, Any]) -> list[dict[str, Any]]:
    return [word for segment in transcript["segments"] for word in segment["words"]]


def test_finished_work_is_kept_when_the_server_dies(asr: Run, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_wav(tmp_path / f"{name}.wav", seconds=1.0 + ord(name) / 100)

    def answer(call: Call) -> Reply:
        return Reply({"text": "done"}) if len(server.calls) == 1 else Reply(b"gone", 429, {"Retry-After": "999"})

    with serving(answer) as server:
        words = (
            "transcribe",
            "a.wav",
            "b.wav",
            "c.wav",
            "-e",
            "openai_server",
            "-m",
            server.url,
            "--no-vad",
            "-o",
            "out",
        )
        done = asr(*words, ASR_SERVER_CONCURRENCY="1")
        assert done.code == 3 and "429" in done.err and "1 done" in done.err
        said = [line for line in done.err.splitlines() if "(no_speech)" not in line]  # what is sent is a tone
        assert len(said) == 2
        (kept,) = (tmp_path / "out").glob("*.txt")
        assert kept.read_text() == "done\n"
        server.answer = says("later")
        again = asr(*words)
        assert again.code == 0 and len(again.out.splitlines()) == 2 and kept.read_text() == "done\n"


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("-m", "http://127.0.0.1:9/v1#tiny"), 3, "is the server running?"),
        (("-m", "tiny"), 2, "ASR_SERVER_URL"),
        (("-m", "http://h/v1", "--hotwords", "Bach"), 2, "--hotwords"),
        (("-m", "http://h/v1", "--temperature", "0,0.2"), 2, "one --temperature"),
        (("-m", "http://h/v1", "--beam-size", "5"), 2, "--beam-size"),
    ],
)
def test_each_mistake_is_one_line(asr: Run, tmp_path: Path, words: tuple[str, ...], code: int, hint: str) -> None:
    write_wav(tmp_path / "x.wav")
    done = asr("transcribe", "x.wav", "--no-vad", "-e", "openai_server", *words)
    assert (done.code, len(done.err.splitlines())) == (code, 1) and hint in done.err, done.err


def test_records_name_the_server_and_the_model(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "x.wav")
    with serving(says("one")) as server:
        done = asr(
            "transcribe", "x.wav", "-e", "openai_server", "-m", f"{server.url}#tiny", "--no-vad", "--json", "-f", "json"
        )
    assert done.code == 0, done.err
    assert json.loads(done.out)["model"] == f"{server.url}#tiny"


def test_the_clip_of_a_real_recording_survives_the_trip() -> None:
    sent = clip_of(DIGITS / "string00.wav")
    with serving(says("x")) as server:
        connect(server.url).transcribe([sent], Options())
    assert np.abs(server.calls[0].samples - sent.samples).max() <= 1 / 32767
