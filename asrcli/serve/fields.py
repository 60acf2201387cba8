"""The fields of a request, checked, as what is asked of the transcribing process."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from asrcli.base.hints import hint
from asrcli.base.languages import language_code
from asrcli.errors import UsageError
from asrcli.serve.answers import FORMATS_SERVED
from asrcli.serve.errors import Refused
from asrcli.serve.messages import Card, Transcribe
from asrcli.serve.uploads import Form
from asrcli.types import Options

Value = TypeVar("Value")

# What clients send that know no other server; all of it means the first engine.
DEFAULTS = re.compile(r"|whisper-1|gpt-[\w.-]*transcribe[\w.-]*", re.ASCII)
STREAMED = ("json", "verbose_json", "text")
GRANULARITIES = ("segment", "word")
OPTIONS = ("language", "prompt", "temperature", "hotwords", "task", "word_timestamps")  # of `asrcli.types.Options`


class Fields:
    """Takes one field after the other; what is left is `ignored`."""

    def __init__(self, form: Form) -> None:
        self._left = dict(form.fields)
        self.ignored: list[str] = []

    def one(self, name: str) -> str:
        """Return the last value of a field; "" without one."""
        return (self._left.pop(name, None) or [""])[-1].strip()

    def many(self, *names: str) -> tuple[str, ...]:
        """Return all values of a list, under any of its names, each also with brackets."""
        spelled = [spelling for name in names for spelling in (f"{name}[]", name)]
        found = [
            part.strip() for spelling in spelled for one in self._left.pop(spelling, ()) for part in one.split(",")
        ]
        return tuple(dict.fromkeys(filter(None, found)))

    def flag(self, name: str, otherwise: bool) -> bool:
        """Return a field that is true or false."""
        text = self.one(name).lower()
        if text not in ("", "true", "false", "1", "0"):
            raise Refused(400, f"{name} is '{text[:40]}': send true or false", name)
        return text in ("true", "1") if text else otherwise

    def left(self) -> list[str]:
        """Return the names of what is ignored."""
        return [*self.ignored, *self._left]


def wanted(form: Form, cards: Sequence[Card], task: str) -> tuple[Transcribe, list[str]]:
    """Return what a request to ``transcribe`` or ``translate`` asks for, and the names of the fields that are ignored.

    Raises:
        Refused: a value is none, or not one of this server.
    """
    fields = Fields(form)
    card = choose(fields.one("model"), cards)
    stream = fields.flag("stream", False)
    format = _choice(fields.one("response_format") or "json", FORMATS_SERVED, "response_format")
    if stream and format not in STREAMED:
        raise Refused(400, f"a stream is events of JSON, not {format}: leave stream or response_format out", "stream")
    words = _words(fields, format)
    options = Options(
        language=_language(fields.one("language")),
        task=None if task == "transcribe" else task,
        prompt=fields.one("prompt") or None,
        temperature=_temperature(fields.one("temperature")),
        hotwords=fields.many("hotwords", "keywords") or None,
        word_timestamps=True if "word" in words else None,
    )
    languages = tuple(_valid(language_code, one, "languages") for one in fields.many("languages"))
    vad = fields.flag("vad", True)
    for name in ("prompt", "temperature", "hotwords"):  # many clients always send them
        if getattr(options, name) is not None and name not in cards[card].supports:
            fields.ignored.append(name)
            options = replace(options, **{name: None})
    with_segments = not words or "segment" in words
    asked = Transcribe(0, "", card, format, stream, with_segments, "word" in words, vad, languages, options)
    return asked, fields.left()


def choose(name: str, cards: Sequence[Card]) -> int:
    """Return the index of the engine that a client names; raise `Refused` where it is not served."""
    if DEFAULTS.fullmatch(name):
        return 0
    for at, card in enumerate(cards):
        if name == card.id or name in card.names:
            return at
    served = ", ".join(card.id for card in cards)
    raise Refused(404, f"no model '{name[:100]}' here, only: {served}", "model", "model_not_found")


def _words(fields: Fields, format: str) -> tuple[str, ...]:
    asked = fields.many("timestamp_granularities")
    for one in asked:
        _choice(one, GRANULARITIES, "timestamp_granularities[]")
    if asked and format != "verbose_json":
        text = f"timestamp_granularities[] is for response_format=verbose_json, not {format}"
        raise Refused(400, text, "timestamp_granularities[]")
    return asked


def _choice(text: str, known: Sequence[str], param: str) -> str:
    if text not in known:
        raise Refused(400, f"{param} is '{text[:40]}': {hint(text[:40], list(known))}", param)
    return text


def _language(text: str) -> str | None:
    return None if text.lower() in ("", "auto") else _valid(language_code, text, "language")


def _temperature(text: str) -> tuple[float, ...] | None:
    """Return the temperature; for 0 OpenAI, too, goes up by itself where a result fails."""
    if not text:
        return None
    value = _valid(float, text, "temperature")
    if not 0 <= value <= 1:
        raise Refused(400, f"temperature is {text[:40]}: send 0 to 1", "temperature")
    return (value,) if value else None


def _valid(convert: Callable[[str], Value], text: str, param: str) -> Any:
    try:
        return convert(text[:200])
    except UsageError as error:
        raise Refused(400, str(error), param) from None
    except ValueError:
        raise Refused(400, f"{param} is '{text[:40]}': send a number", param) from None
