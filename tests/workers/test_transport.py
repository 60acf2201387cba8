"""Values between processes, and processes that are started, greeted, watched and ended."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.fake import Fake
from hypothesis import given
from hypothesis import strategies as st
from support.recipes import ROOT

from asrcli.bench import messages as bench
from asrcli.engine import Borrowed, Device, Model, Packaged, Weights
from asrcli.errors import EngineUnavailable, MissingExtra, UsageError
from asrcli.transport import child as parents
from asrcli.transport import messages
from asrcli.transport.child import Child, Died
from asrcli.transport.codec import ProtocolError, decode, encode
from asrcli.transport.messages import Hello, exception, trouble
from asrcli.types import Alternative, Clip, Options, Phone, Recording, Region, Segment, Utterance, Word
from asrcli.workers import messages as say

texts = st.text(st.characters(codec="utf-8") | st.sampled_from("\udc80\x00\u2028"), max_size=8)  # names of files too
numbers = st.floats(allow_nan=False)
phones = st.builds(Phone, texts, numbers, numbers)
words = st.builds(Word, texts, numbers, numbers, st.none() | numbers, phones=st.tuples(phones))
alternatives = st.builds(Alternative, texts, numbers, st.just((1, 2)), st.tuples(numbers))
segments = st.builds(
    Segment,
    texts,
    numbers,
    numbers,
    words=st.tuples(words),
    alternatives=st.tuples(alternatives),
    flags=st.tuples(texts),
)
WEIGHTS = Weights(
    "x", "/x\udcff", "1", Model("a/b", borrowed=(Borrowed("c/d", None, {"e": "f"}),), packaged=Packaged({"g": "h"}, {}))
)


def there(message: Any, *kinds: type) -> Any:
    """Return what the other side makes of a message."""
    head, samples = encode(message)
    return decode(head, bytearray(b"".join(samples)), kinds or (type(message),))


@given(st.lists(st.lists(segments, max_size=2).map(tuple), max_size=2).map(tuple))
def test_segments_cross_as_they_are(found: tuple[tuple[Segment, ...], ...]) -> None:
    message = say.Transcribed(found, 7)
    assert there(message) == message


@pytest.mark.parametrize(
    "message",
    [
        say.Start("a:B", WEIGHTS, Device("cuda", 3, "float16", 2), True),
        bench.Job("fake", None, WEIGHTS, Device(), Options(temperature=(0.0, 0.2), engine_options=(("a", 1.5),))),
        bench.Transcribe((Utterance("a", "b", fields=(("c", "d"),)),)),
        say.Identified(({"de": 0.1, "en": 1e-300},)),
        Weights("a", None),
    ],
    ids=lambda one: type(one).__name__,
)
def test_messages_cross_as_they_are(message: object) -> None:
    assert there(message) == message


def test_clips_cross_with_their_samples() -> None:
    rng = np.random.default_rng(0)
    sounds = [rng.standard_normal(count).astype(np.float32) for count in (0, 5, 70_001)]
    clips = tuple(Clip(Recording("a", 1), float(at), one, (Region(0, 1),)) for at, one in enumerate(sounds))
    found: say.Transcribe = there(say.Transcribe(clips, Options(beam_size=2)))
    assert found.options == Options(beam_size=2)
    for one, heard, sound in zip(clips, found.clips, sounds, strict=True):
        assert (heard.recording, heard.start, heard.speech) == (one.recording, one.start, one.speech)
        assert heard.samples.tobytes() == sound.tobytes() and heard.samples.dtype == np.float32


def test_numbers_of_numpy_become_numbers_and_nothing_else_is_sent() -> None:
    found = there(say.Transcribed(((Segment("a", np.float32(0.1), np.float64(0.1)),),), 1)).segments[0][0]  # type: ignore[arg-type]
    assert (found.start, found.end) == (float(np.float32(0.1)), 0.1)
    with pytest.raises(ProtocolError, match="Path"):
        encode(Weights("a", Path("b")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "head", [b"", b"{}", b'{"is":"Start","with":{}}', b'{"is":"Hello","with":{"x":1}}', b"[" * 99_999]
)
def test_what_is_no_message_is_refused(head: bytes) -> None:
    with pytest.raises(ProtocolError, match="expected one of Hello"):
        decode(head, bytearray(), (messages.Hello,))


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return exception(there(trouble(caught)))


def test_exceptions_say_the_same_on_the_other_side() -> None:
    for error in (UsageError("a"), MissingExtra("x", ["y"]), ZeroDivisionError("b"), RuntimeError("c")):
        assert type(raised(error)) is type(error) and str(raised(error)) == str(error)
    other = raised(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"))
    assert "UnicodeDecodeError" in str(other) and "test_transport.py" in str(other.__cause__)


@pytest.fixture
def start() -> Any:
    """Return what starts a worker, which ends with the test."""
    children: list[Child] = []

    def begin(announce: Callable[[str], None] = print) -> Child:
        children.append(Child("asrcli.workers", announce))
        return children[-1]

    yield begin
    for one in children:
        one.close()


def load(child: Child, model: str = "default") -> None:
    """Let a worker load the fake engine."""
    child.greet()
    child.send(say.Start(f"{Fake.__module__}:Fake", Weights(model, None), Device()))
    assert child.receive((say.Ready,)).memory > 1e6


def test_another_version_is_refused_by_both_sides(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "PROTOCOL", 99)
    with pytest.raises(EngineUnavailable, match=r"protocol 1\).*protocol 99"):
        start().greet()
    child = start()
    child.send(messages.hello())
    child.receive((messages.Hello,))
    with pytest.raises(EngineUnavailable, match=r"protocol 99\).*protocol 1\)"):  # what it says of us
        child.receive((say.Ready,))


def test_a_child_outlives_the_thread_that_started_it(start: Any) -> None:
    """Linux ends with its parent's *thread* what is to die with its parent."""
    found: list[Child] = []
    thread = threading.Thread(target=lambda: found.append(start()))
    thread.start()
    thread.join()
    load(found[0])


def test_last_words_and_silence(start: Any) -> None:
    child = start()
    load(child, "print=so long,kill=a")
    clip = Clip(Recording("a.wav", seconds=1.0), 0.0, np.zeros(16_000, np.float32))
    child.send(say.Transcribe((clip,), Options()))
    with pytest.raises(Died, match=r"^it was ended by SIGKILL \(out of memory\?\): so long$"):
        child.receive((say.Transcribed,))
    silent = start()
    load(silent)
    began = time.monotonic()
    with pytest.raises(Died, match="no answer within"):
        silent.receive((say.Transcribed,), 0.3)
    assert time.monotonic() - began >= 0.3
    silent.close()
    with pytest.raises(ProcessLookupError):
        os.kill(silent.pid, 0)


LEAVES = """
import os, subprocess, sys
from asrcli.transport.hosting import host
def work(receive, put):
    with open(os.environ["LEFT"], "w") as file:
        file.write(str(subprocess.Popen(["sleep", "1000"]).pid))
    os.kill(os.getpid(), 9)
host(work, ())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_a_process_has_started_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text(LEAVES)
    around = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "LEFT": str(tmp_path / "left")}
    child = Child("leaves", print, around, sys.executable)
    child.greet(60.0)
    with pytest.raises(Died, match="SIGKILL"):
        child.receive((Hello,), 60.0)
    child.close()
    state = Path("/proc", (tmp_path / "left").read_text(), "stat")
    until = time.monotonic() + 60
    while time.monotonic() < until and state.exists() and state.read_text().rsplit(")")[-1].split()[0] != "Z":
        time.sleep(0.01)
    assert time.monotonic() < until


def test_endings_have_names() -> None:
    assert parents.ending(-11) == "it was ended by SIGSEGV"
    assert parents.ending(3) == "it ended with exit code 3"
