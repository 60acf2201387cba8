"""The model of voice activity, asked once for each sound that many tests hear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import pytest

from asrcli.audio import silero


class Remembering:
    """A session of onnxruntime that answers the same question from memory."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._known: dict[bytes, Any] = {}

    def run(self, wanted: None, inputs: dict[str, Any]) -> Any:
        """Return what the model says to samples after a state: all that its answer depends on."""
        asked = blake2b(digest_size=16)
        for name, value in sorted(inputs.items()):
            asked.update(f"{name} {value.shape} {value.dtype} ".encode())
            asked.update(value.data if value.flags.c_contiguous else value.tobytes())
        key = asked.digest()
        if key not in self._known:
            self._known[key] = self._session.run(wanted, inputs)
        return self._known[key]


@contextmanager
def remembered_voice_activity() -> Iterator[None]:
    """Let the model in this process remember its answers."""
    session = Remembering(silero._session())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(silero, "_session", lambda: session)
        yield
