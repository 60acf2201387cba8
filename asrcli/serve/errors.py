"""Requests that are not done: a status of HTTP, one line, and OpenAI's shape for both."""

from __future__ import annotations

import json
from collections.abc import Mapping

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
BUG = "a bug, whose traceback the server has printed"


class Refused(Exception):
    """One request is refused, or has failed.

    Args:
        text: one line for the client.
        param: the field that is to blame.
        code: what programs tell it by.
    """

    def __init__(
        self, status: int, text: str, param: str | None = None, code: str = "", headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(text)
        self.status, self.param, self.code = status, param, code
        self.headers = dict(headers)

    def body(self) -> str:
        """Return OpenAI's JSON, whose four keys its clients expect."""
        kind = TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        error = {"message": str(self), "type": kind, "param": self.param, "code": self.code or None}
        return json.dumps({"error": error}, ensure_ascii=False)


class Gone(Exception):
    """The client has hung up: there is no one to answer."""
