"""What holds an engine on a node of Ray: an actor beside the engine's process, which it starts, asks and outlives.

The engine has a process of its own there too, as on this machine. So how it died is known, and what it printed last;
Ray says of a dead actor only that its connection was closed. An environment of the engine's own needs no Ray in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

from asrcli.errors import EngineUnavailable
from asrcli.transport.child import Child, Died
from asrcli.transport.codec import decode, encode
from asrcli.transport.messages import Hello, RemoteTrace, check, hello, trouble
from asrcli.workers import messages as say
from asrcli.workers.messages import Lacks, Lost

MODULE = "asrcli.workers"
ANSWERS = {
    say.Start: say.Ready,
    say.Transcribe: say.Transcribed,
    say.Identify: say.Identified,
    say.Generate: say.Generated,
}


class Host:
    """The actor. Its engine's process is started by the first greeting, and ends with it."""

    def __init__(
        self, interpreter: str | None, variables: Mapping[str, str], needs: Sequence[str] = (), keys: Sequence[str] = ()
    ) -> None:
        self._interpreter, self._variables, self._needs, self._keys = interpreter, variables, needs, keys
        self._child: Child | None = None

    def ask(self, head: str, body: Any) -> str:
        """Answer one message, written as `asrcli.transport.codec` writes it; a failure is an answer too."""
        message = decode(head.encode(), body, (Hello, say.Start, *get_args(say.Request)))
        try:
            answer = self._greet(message) if isinstance(message, Hello) else self._hand_on(message)
        except Died as death:
            answer = Lost(str(death))
        except Exception as error:
            met = error.__cause__
            answer = met.told if isinstance(met, RemoteTrace) else trouble(error)
        return encode(answer)[0].decode()

    def _greet(self, theirs: Hello) -> Hello | Lacks:
        """Start the engine's process, if both sides are of the same asr and all that it needs is on this node."""
        node = f"node {os.uname().nodename}"
        try:
            check(theirs)
        except EngineUnavailable as error:
            return Lacks(node_id(), f"{node}: {error}")
        for path in self._needs:
            if not os.path.exists(path):
                why = f"{node} has no '{path}': every node needs it there, as on a disk that they share"
                return Lacks(node_id(), why)
        # Lines of the engine go into Ray's log of the node.
        self._child = Child(MODULE, partial(print, flush=True), self._variables, self._interpreter, self._keys)
        self._child.greet()
        return hello()

    def _hand_on(self, message: Any) -> Any:
        assert self._child is not None, "greeted first"
        self._child.send(message)
        return self._child.receive((ANSWERS[type(message)],))


def node_id() -> str:
    """Return what Ray calls this node."""
    import ray

    found: str = ray.get_runtime_context().get_node_id()
    return found
