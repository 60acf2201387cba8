"""Which server, which way of asking it, and which of its models: read from the model's name and the environment.

``http://host:8000/v1#Qwen/Qwen3-ASR-1.7B`` names a server and, behind ``#``, one of its models. A plain name is a model
of the server in ``ASR_SERVER_URL``. The end of the address says how to ask: nothing, or ``/audio/transcriptions``, is
OpenAI's endpoint for files; ``/chat/completions`` sends the sound in a chat; ``/inference`` is whisper.cpp's server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

from asrcli.base.http import is_loopback
from asrcli.base.secret import Secret
from asrcli.errors import UsageError

Style = Literal["transcriptions", "chat", "inference"]

URL_VARIABLE, KEY_VARIABLE, OPENAI_KEY_VARIABLE = "ASR_SERVER_URL", "ASR_SERVER_KEY", "OPENAI_API_KEY"
ANY_MODEL = "default"  # whichever model the server has
ENDPOINTS: Mapping[str, Style] = {
    "/audio/transcriptions": "transcriptions",
    "/chat/completions": "chat",
    "/inference": "inference",
}
OPENAI = "api.openai.com"
EXAMPLE = "-m http://127.0.0.1:8000/v1#MODEL"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and what is wanted of it."""

    base: str  # http://host:8000/v1
    style: Style
    model: str  # "" when none is named

    @property
    def endpoint(self) -> str:
        """The address that sound is sent to."""
        return self.base + next(path for path, style in ENDPOINTS.items() if style == self.style)

    @property
    def host(self) -> str:
        """The name of the machine, for messages and for what depends on it."""
        return urlsplit(self.base).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(self.base)

    def key(self) -> Secret:
        """Return the key from the environment, an empty one without; OpenAI's own key goes to OpenAI only.

        The key of a server that the environment names is for that server, and for no other that a model's name has.

        Raises:
            UsageError: it cannot be sent in a header. The key is not in the message.
        """
        variable = KEY_VARIABLE
        if not os.environ.get(variable) and self.host == OPENAI and self.base.startswith("https:"):
            variable = OPENAI_KEY_VARIABLE
        given_for = self.base if variable == OPENAI_KEY_VARIABLE else os.environ.get(URL_VARIABLE, "").strip()
        return Secret.from_environment(variable, given_for or self.base)


def parse(name: str) -> Address:
    """Return the address that a model's name stands for.

    Raises:
        UsageError: there is no address, or one with a user, a password or parameters, which would end up in records.
    """
    is_address = name.startswith(("http://", "https://"))
    text = name if is_address else os.environ.get(URL_VARIABLE, "").strip()
    if not text:
        raise UsageError(f"no server is named: give {EXAMPLE}, or set {URL_VARIABLE}")
    where = "--model" if is_address else URL_VARIABLE
    parts = _split(text, where)
    path = parts.path.rstrip("/")
    style: Style = "transcriptions"
    for ending, found in ENDPOINTS.items():
        if path.endswith(ending):
            path, style = path.removesuffix(ending), found
    if not path and style != "inference":
        path = "/v1"
    model = parts.fragment if is_address or name in ("", ANY_MODEL) else name
    return Address(urlunsplit((parts.scheme, parts.netloc, path, "", "")), style, model)


def _split(text: str, where: str) -> SplitResult:
    """Split an address; what must not be shown is not shown when it is refused."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{where} is no address of a server: write {EXAMPLE}")
    if "@" in parts.netloc or parts.query:
        raise UsageError(
            f"{where}: leave user, password and parameters out of the address; a key goes in {KEY_VARIABLE}"
        )
    return parts
