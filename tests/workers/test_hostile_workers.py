"""Workers that say what no worker says: each is refused as a death of its process, in time and without memory."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asrcli.transport import child as parents
from asrcli.transport import codec
from asrcli.transport.child import Child, Died
from asrcli.transport.codec import ProtocolError, decode
from asrcli.transport.messages import Said, Trouble
from asrcli.workers import messages as say

KINDS = (say.Ready, say.Transcribed, say.Identified, say.Generated, Said, Trouble)
SCRIPT = """
import json, os, socket, struct, sys, time
end = socket.socket(fileno=int(sys.argv[1]))
end.recv(99)
def put(head, claimed=None, body=0):
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    end.sendall(struct.pack("<IQ", len(head) if claimed is None else claimed, body) + head)
"""
LOUD = "os.write(2, b'\\x1b[2J\\x1b]0;owned\\x07' * 4096)"
SCRIPTS = {  # what a worker does, and what is said of it
    "garbage": ("end.sendall(os.urandom(9).rjust(400, b'\\xff'))", "is not understood"),
    "huge head": ("put(b'', claimed=2**32 - 1)", "is not understood"),
    "huge body": ("put(b'{}', body=2**63)", "is not understood"),
    "lies about its size": ("put(b'x', claimed=2**28); end.shutdown(2); sys.exit(3)", "exit code 3"),
    "samples that never come": ("put(b'{}', body=2**34); time.sleep(60)", "no answer within 0.3 s"),
    "drips": ("put(b'', claimed=999)\nwhile True: end.send(b' '); time.sleep(0.1)", "no answer within 0.3 s"),
    "never ends its talk": ('while True: put({"is": "Said", "with": {"text": "\\x1b[2J"}})', "lines for the user"),
    "talks slowly": (
        'while True: put({"is": "Said", "with": {"text": "a"}}); time.sleep(0.01)',
        "no answer within 0.3 s",
    ),
    "floods standard error": (f"for _ in range(999): {LOUD}\nsys.exit(3)", "exit code 3"),
    "closes and lives on": ("end.shutdown(2); end.close(); time.sleep(60)", "closed its connection"),
    "says what no error is": ('put({"is": "Trouble", "with": {"kind": ["a"], "text": 5}})', "is not understood"),
}


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Child]]:
    """Return what starts a worker that does as it is told, which ends with the test."""
    monkeypatch.setattr(parents, "SECONDS_TO_END", 0.3)
    children: list[Child] = []

    def begin(lines: str, announce: Callable[[str], None] = print) -> Child:
        (tmp_path / "hostile.py").write_text(SCRIPT + lines)
        children.append(Child("hostile", announce, {"PYTHONPATH": str(tmp_path)}))
        children[-1].send(say.Identify(()))
        return children[-1]

    yield begin
    for one in children:
        one.close(0.0)


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_worker_that_does_not_answer_has_died(what: str, hostile: Callable[..., Child]) -> None:
    lines, said = SCRIPTS[what]
    notes: list[str] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Died, match=said):
        hostile(lines, notes.append).receive(KINDS, 0.3 if said.startswith("no answer") else 60.0)
    assert len(notes) <= parents.MOST_SAID
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4 * codec.STEP / 1024


WRONG: list[Any] = [
    ["Ready", {"memory": None}],
    ["Ready", {"memory": 10**400}],
    ["Ready", {"memory": [1]}],
    ["Said", {"text": 7}],
    ["Transcribed", {"segments": [[{"text": 5, "start": "x", "end": None}]], "memory": 1}],
    ["Transcribed", {"segments": "abc", "memory": 1}],
    ["Transcribed", {"segments": [[{"text": "a", "start": 0, "end": 1, "words": {}}]], "memory": 1}],
    ["Identified", {"guesses": [5]}],
    ["Identified", {"guesses": [{"en": "x"}]}],
    ["Generated", {"answers": None}],
    ["Trouble", {"kind": ["a"], "text": "b"}],
    [["Ready"], {}],
]


@pytest.mark.parametrize("message", WRONG, ids=json.dumps)
def test_values_of_another_kind_are_no_message(message: list[Any]) -> None:
    with pytest.raises(ProtocolError, match="expected one of Ready"):
        decode(json.dumps({"is": message[0], "with": message[1]}).encode(), bytearray(), KINDS)


@pytest.mark.parametrize("count", [-1, 5, 10**9, 10**30, 1.5, "3", None, [1]])
def test_samples_are_never_more_than_came(count: Any) -> None:
    clip = {"recording": {"path": "a"}, "start": 0, "samples": count}
    head = json.dumps({"is": "Transcribe", "with": {"clips": [clip], "options": {}}}).encode()
    with pytest.raises(ProtocolError, match="expected one of Transcribe"):
        decode(head, bytearray(np.zeros(4, np.float32).tobytes()), (say.Transcribe,))
