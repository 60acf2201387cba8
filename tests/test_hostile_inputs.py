"""Hostile texts, settings, ledgers and servers, drawn at random from fixed seeds: refused in one sentence, or harmless.

Counts: 3,000 texts through every writer and back, 400 settings files, 400 ledgers, 150 answers of servers. A case is
made again from its number alone.
"""

from __future__ import annotations

import json
import os
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.command import write_wav
from support.fuzz import seeded

from asrcli.base.config import look_up
from asrcli.base.secret import Secret
from asrcli.errors import AsrError
from asrcli.formats import FORMATS, Layout, render
from asrcli.formats.reading import parse_srt, parse_vtt
from asrcli.outputs.ledger import Ledger
from asrcli.types import Recording, Segment, Transcript, Word
from asrcli.web import chat
from asrcli.web.chat import ChatFailed, ChatServer

TEXTS, SETTINGS, LEDGERS, SERVERS = 3000, 400, 400, 150
PIECES = [
    "<script>alert(1)</script>", "</title>", "<a", "<v ", "-->", "00:00:01,000 --> 00:00:02,000", "\n\n", "\r", "\t",
    "\0", "<00:01.000>",
    "\x1b[2J", "\x9b31m", "\u202e", "\ufeff", "\ud800", "\u2028", "{\\an8}", "{\\pos(0,0)}", "\\N", "&lt;",
    "&#x1b;", "]]>",
    "=cmd|' /C calc'!A0", "+1", "@SUM(1)", '"', "'", "''", "`", "$(id)", "%s", "{0}", "${HOME}", "WEBVTT", "NOTE",
    "STYLE",
    "Dialogue: 0,", "<speaker>", "word", "größer", "日本語", "مرحبا", "😀", "e\u0301" * 9, "x" * 5000, " ", "[Ann] ",
]  # fmt: skip


def drawn(case: int, kind: str) -> random.Random:
    return random.Random(seeded(f"{kind} {case}"))


def text_of(draw: random.Random) -> str:
    return "".join(draw.choice(PIECES) for _ in range(draw.randint(1, 8)))


def transcript_of(draw: random.Random) -> Transcript:
    segments, at = [], 0.0
    for _ in range(draw.randint(1, 4)):
        text, end = text_of(draw), at + draw.choice([0.0, 0.001, 1.0, 7.0, 4000.0])
        words = tuple(Word(one, at, end) for one in text.split()[:20])
        speaker = draw.choice([None, text_of(draw)])
        segments.append(Segment(text, at, end, words=words, speaker=speaker))
        at = end
    name = text_of(draw)[:50].replace("\0", "").replace("\ud800", "\udc80")  # as names can be
    name = name.replace("\x1b", "").replace("\x9b", "")  # which csv has as they are; a terminal gets them escaped
    return Transcript(Recording(f"{name}.wav"), tuple(segments), at, "fake", text_of(draw)[:50])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_texts_through_every_writer() -> None:
    read = {"srt": parse_srt, "vtt": parse_vtt}
    for case in range(TEXTS):
        transcript = transcript_of(drawn(case, "text"))
        for name in FORMATS:
            try:
                out = render(transcript, name, Layout())
            except AsrError:
                continue
            assert isinstance(out, str), (case, name)
            assert name in ("json", "jsonl") or not {"\0", "\x1b", "\x9b"} & set(out), (case, name)
            if name in read:
                cues = read[name](out)
                assert all(one.start <= one.end for one in cues), (case, name)
            if name == "json":
                json.loads(out)


def value_of(draw: random.Random, depth: int = 0) -> str:
    simple = ["1", "-1", "1e308", "nan", "true", "'openai_server'", "'http://203.0.113.1/v1'", "'../../x'", "'/etc/x'"]
    simple += ["'fd:3'", "'~/x'", "1979-05-27", "''", '"\\u001b[2J"', "[]", "{a = 1}", "99999999999999999999999"]
    if depth < 3 and draw.random() < 0.2:
        return "[" + ",".join(value_of(draw, depth + 1) for _ in range(3)) + "]"
    return draw.choice(simple)


@pytest.mark.slow
def test_settings_of_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a file says, nothing of it that sends, runs or writes elsewhere is taken."""
    from asrcli.cli.main import COMMANDS, build
    from asrcli.cli.spelling import option_names

    options = option_names(build("transcribe"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    names = sorted(options)
    for case in range(SETTINGS):
        draw = drawn(case, "settings")
        lines = [f"{name.replace('_', '-')} = {value_of(draw)}" for name in draw.sample(names, 8)]
        lines.insert(draw.randint(0, 8), draw.choice(["[transcribe]", "", "[digest.run]", "[x]", "a = [", "\0"]))
        (project / "asr.toml").write_text("\n".join(lines))
        try:
            found = look_up("transcribe", options, COMMANDS)
        except AsrError as error:
            assert "\n" not in str(error), case
            continue
        for name, setting in found.values.items():
            said = str(setting.value)
            assert "openai" not in said or name not in ("engine", "aligner"), (case, name)
            assert not ("203.0.113" in said and name in ("engine", "model", "aligner", "vad_model")), (case, name)
            if name in ("output", "output_dir", "report", "events"):
                assert said == "-" or Path(os.path.realpath(said)).is_relative_to(project), (case, name)
                assert not said.startswith(("fd:", "~", "/dev")), (case, name)
            assert name != "output_template" or (".." not in said.split("/") and said[:1] != "/"), (case, name)
            assert name not in ("force", "manifest", "files_from", "engine_option", "model_dir"), (case, name)


def json_of(draw: random.Random, depth: int = 0) -> Any:
    if depth < 4 and draw.random() < 0.4:
        return {draw.choice(["size", "mtime_ns", "digest", "x"]): json_of(draw, depth + 1) for _ in range(3)}
    if depth < 4 and draw.random() < 0.2:
        return [json_of(draw, depth + 1) for _ in range(3)]
    return draw.choice([None, True, 0, -1, 1e308, "", "a.txt", "../a.txt", "\x1b[2J", 10**30])


@pytest.mark.slow
def test_ledgers_of_strangers(tmp_path: Path) -> None:
    wav = write_wav(tmp_path / "a.wav")
    (tmp_path / ".asr").mkdir()
    (tmp_path / "a.txt").write_text("mine")
    for case in range(LEDGERS):
        draw = drawn(case, "ledger")
        lines = []
        for _ in range(5):
            line = {name: json_of(draw) for name in draw.sample(["output", "audio", "recipe", "digest"], 3)}
            line["output"] = draw.choice(["a.txt", json_of(draw)])
            lines.append(json.dumps(line)[: draw.choice([10_000, 30])])
        (tmp_path / ".asr/made.jsonl").write_text("\n".join([*lines, "[" * 9000, ""]))
        ledger = Ledger(str(tmp_path))
        assert ledger.stale(str(tmp_path / "a.txt"), str(wav), {}) is not None, case
        assert ledger.kept(str(tmp_path / "a.txt")) is not None, case


def answer_of(draw: random.Random, key: str) -> bytes:
    head = draw.choice(
        [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 500 " + key.encode() + b"\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://203.0.113.1/\r\n",
         b"HTTP/9.9 abc\r\n", b"", b"\0\xff" * 50, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, b"HTTP/1.1 401 no\r\n"]
    )  # fmt: skip
    length = draw.choice([b"", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n"])
    kind = draw.choice([b"", b"Content-Encoding: gzip\r\n", b"Content-Encoding: br\r\n"])
    body = draw.choice(
        [
            b"",
            b"{",
            b"[" * 50_000,
            key.encode(),
            b"null",
            b"\x1f\x8b" + bytes(99),
            b"ffffffffff\r\n",
            b"\x1b[2J<script>",
        ]
    )
    return head + length + kind + b"\r\n" + body


@contextmanager
def answering(data: bytes) -> Iterator[str]:
    """Answer every connection with the same bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        connection.recv(1 << 16)
                        connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_answers_of_hostile_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "planted-key-4711"
    monkeypatch.setattr(chat, "TRIES", 1)
    monkeypatch.setattr(chat, "SILENCE", 2.0)
    for case in range(SERVERS):
        with answering(answer_of(drawn(case, "server"), key)) as url:
            try:
                said = " ".join(ChatServer(url, "m", Secret(key, url)).generate(["?"], 5))
            except ChatFailed as error:
                said = str(error)
            assert key not in said, case
            assert "203.0.113" not in said or "leads on to http://203.0.113.1/: give that address" in said, case
