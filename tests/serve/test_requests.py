"""Uploads piece by piece, and how an answer goes out while there is none yet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asrcli.serve import messages as say
from asrcli.serve import uploads
from asrcli.serve.app import Desk, Reply
from asrcli.serve.errors import Gone, Refused
from asrcli.serve.fields import choose
from asrcli.serve.uploads import Form, Limits, Reader
from asrcli.types import Options

KIND = {"content-type": "multipart/form-data; boundary=x"}


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def read(pieces: Sequence[Any], path: Path, limits: Limits = Limits(), reserve: Any = lambda count: None) -> Form:  # noqa: B008
    """Read pieces of a body; a number stands for a pause of as many seconds, ``None`` for a client that hangs up."""
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        while left and isinstance(left[0], float):
            await asyncio.sleep(left.pop(0))
        if not left:
            return {"type": "http.request", "body": b"", "more_body": False}
        piece = left.pop(0)
        return (
            {"type": "http.disconnect"} if piece is None else {"type": "http.request", "body": piece, "more_body": True}
        )

    return asyncio.run(Reader(KIND, str(path), limits, reserve).read(receive))


@given(content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 600), max_size=8), last=st.booleans())
def test_a_body_means_the_same_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, cuts: list[int], last: bool
) -> None:
    content = content.replace(b"\r\n--x", b"")
    path = tmp_path_factory.mktemp("upload") / "file"
    fields = part("model", b"whisper-1") + part("timestamp_granularities[]", b"word")
    file = part("file", content, "talk.wav")
    body = (fields + file if last else file + fields) + b"--x--\r\n"
    ends = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    form = read([body[one:other] for one, other in pairwise(ends)], path)
    assert path.read_bytes() == content and form.size == len(content)
    assert form.fields == {"model": ["whisper-1"], "timestamp_granularities[]": ["word"]}


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([part("a", b"1")] * 101 + [b"--x--\r\n"], 400),
        ([part("prompt", b"x" * (1 << 16)), part("prompt", b"x" * (1 + (1 << 16))), b"--x--\r\n"], 400),
        ([part("file", b"1", "a"), part("file", b"2", "b"), b"--x--\r\n"], 400),
        ([part("file", b"x" * 1001, "a"), b"--x--\r\n"], 413),
        ([part("other", b"x" * (1 << 17), "a")] * 9, 413),
        ([b"--y\r\n\r\n"], 400),
        ([b"\r\n" * 5], 400),
        ([part("file", b"1", "a")], 400),
        ([b"--x\r\n" + b"A" * 20_000], 400),
        ([b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n" * 3 + b"--x\r\n"], 400),
        ([b"--x\r\n", 0.2], 408),
    ],
)
def test_bodies_that_are_refused(
    pieces: list[Any], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SECONDS_BETWEEN", 0.05 if status == 408 else 30.0)
    with pytest.raises(Refused) as refused:
        read(pieces, tmp_path / "file", Limits(upload=1000))
    assert refused.value.status == status, refused.value


def test_a_trickle_is_too_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SECONDS_BETWEEN", 0.1)
    pieces = [part("file", b"", "a")[:-2], *[piece for _ in range(9) for piece in (0.05, b"x")]]
    with pytest.raises(Refused) as refused:
        read(pieces, tmp_path / "file")
    assert refused.value.status == 408


def test_who_hangs_up_is_told_nothing(tmp_path: Path) -> None:
    with pytest.raises(Gone):
        read([b"--x\r\n", None], tmp_path / "file")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no room for uploads") as refused:
        read([part("file", b"1", "a"), b"--x--\r\n"], tmp_path / "no such folder/file")
    assert refused.value.status == 503


def test_all_files_together_have_a_limit(tmp_path: Path) -> None:
    class Always:
        ready = True

    desk = Desk(Always(), str(tmp_path), Limits(space=100))  # type: ignore[arg-type]
    desk.reserve(90)
    with pytest.raises(Refused) as refused:
        read([part("file", b"x" * 20, "a"), b"--x--\r\n"], tmp_path / "file", reserve=desk.reserve)
    assert (refused.value.status, refused.value.headers["retry-after"], desk.stored) == (429, "1", 90)
    desk.open = desk.limits.requests
    with pytest.raises(Refused, match="64 requests are open"):
        desk.admit({})
    desk.open, desk.stopping = 0, True
    with pytest.raises(Refused, match="stopping"):
        desk.admit({})


# Answers


def reply(
    messages: Sequence[say.About | None], format: str = "json", stream: bool = False
) -> tuple[list[Any], Exception | None]:
    """Return what is sent, and how it ended."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        asked = say.Transcribe(1, "", 0, format, stream, True, False, True, (), Options())
        one = Reply(asked, {"warning": "x"}, send)
        for message in messages:
            await one.take(message)

    try:
        asyncio.run(run())
    except (Refused, Gone) as error:
        return sent, error
    return sent, None


HEARD, ANSWER, FAILED = say.Heard(1, "one"), say.Answer(1, '{"text": "one"}', 1.0), say.Failed(1, 422, "it died twice")


def test_a_long_silence_is_filled_with_white_space() -> None:
    sent, _ = reply([None, HEARD, None, None, ANSWER])
    body = b"".join(message.get("body", b"") for message in sent)
    assert body == b'  {"text": "one"}' and json.loads(body) == {"text": "one"}
    assert sent[0]["status"] == 200 and b"content-length" not in dict(sent[0]["headers"])
    assert not sent[-1].get("more_body")


def test_without_a_long_silence_an_answer_has_its_length() -> None:
    sent, _ = reply([HEARD, ANSWER])
    assert len(sent) == 2 and dict(sent[0]["headers"])[b"content-length"] == b"15"


@pytest.mark.parametrize("format", ["text", "srt"])
def test_text_is_not_begun_with_white_space(format: str) -> None:
    sent, _ = reply([HEARD, None, ANSWER], format)
    assert [message.get("body") for message in sent[1:]] == [b'{"text": "one"}']


def test_what_fails_has_its_status_as_long_as_none_was_sent() -> None:
    for messages in ([FAILED], [None, FAILED], [HEARD, FAILED]):
        sent, error = reply(messages)
        assert not sent and isinstance(error, Refused) and error.status == 422


def test_what_fails_later_is_never_taken_for_the_whole() -> None:
    sent, error = reply([HEARD, None, FAILED])
    assert isinstance(error, Gone) and sent[-1]["more_body"]  # the server breaks the connection


def test_what_fails_in_a_stream_is_an_event() -> None:
    sent, error = reply([HEARD, None, FAILED], stream=True)
    text = b"".join(message.get("body", b"") for message in sent).decode()
    assert error is None and ": still at it\n\n" in text
    assert json.loads(text.partition("event: error\ndata: ")[2])["error"]["message"] == "it died twice"
    assert not sent[-1].get("more_body")


@pytest.mark.parametrize(
    "name", ["", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe-2025-12-15", "one", "a:one"]
)
def test_names_that_mean_the_first(name: str) -> None:
    assert choose(name, (say.Card("a:one", ("a", "one"), ()), say.Card("b:two", ("b", "two"), ()))) == 0


@pytest.mark.parametrize("name", ["gpt-4o", "whisper-2", "../one", "a:two", "A", "x" * 10_000])
def test_names_that_mean_nothing_here(name: str) -> None:
    with pytest.raises(Refused) as refused:
        choose(name, (say.Card("a:one", ("a", "one"), ()),))
    assert (refused.value.status, refused.value.code) == (404, "model_not_found") and len(str(refused.value)) < 200
