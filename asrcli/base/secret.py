"""Keys and tokens: shown nowhere, and sent to the one host that they were given for."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlsplit

from asrcli.errors import UsageError

MARK = "***"
SHORTEST = 4  # characters; what is shorter would be found everywhere


class Secret:
    """A key for one host. Printing, formatting and copying it into other processes give nothing of it.

    Args:
        value: the key; what stands round it is cut off.
        url: an address of the host that it is for, or its name.
        name: the variable that it comes from, for messages.

    Raises:
        UsageError: it cannot be sent in a header. The key is not in the message.
    """

    __slots__ = ("_host", "_value")

    def __init__(self, value: str, url: str, name: str = "the key") -> None:
        self._value = value.strip()
        self._host = _host(url)
        if not (self._value.isascii() and self._value.isprintable()) or " " in self._value:
            raise UsageError(f"{name} holds characters that no key has: set it again")

    @classmethod
    def from_environment(cls, name: str, url: str) -> Secret:
        """Return the key in a variable; an empty one where it is not set. Raises as the class."""
        return cls(os.environ.get(name, ""), url, name)

    def headers(self, url: str) -> dict[str, str]:
        """Return what to send with a request to an address: nothing to other hosts than the secret's own."""
        own = self._value and _host(url) == self._host
        return {"Authorization": f"Bearer {self._value}"} if own else {}

    def hide(self, text: str) -> str:
        """Return text, of a server or another library, without the key."""
        if len(self._value) < SHORTEST:
            return text
        return text.replace(self._value, MARK).replace(json.dumps(self._value)[1:-1], MARK)

    def hide_bytes(self, data: bytes) -> bytes:
        """Return data without the key."""
        return data.replace(self._value.encode(), MARK.encode()) if len(self._value) >= SHORTEST else data

    def hide_in(self, value: Any) -> Any:
        """Return decoded JSON whose texts do not hold the key."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.hide_in(one) for one in value]
        if isinstance(value, dict):
            return {self.hide(key): self.hide_in(one) for key, one in value.items()}
        return value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._value, self._host) == (other._value, other._host)

    def __hash__(self) -> int:
        return hash((self._value, self._host))

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not written down")


def _host(url: str) -> str:
    """Return scheme, name and port of an address, or a name as it is."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower() if parts.netloc else url.lower()
