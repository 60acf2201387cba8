"""Which engine is chosen by itself, by what is on the machine."""

from __future__ import annotations

from collections import deque

import pytest

from asrcli.cli.commands.requests import engine_choice
from asrcli.engines import selection
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Options

EMBEDDED = ("whisper:base", "whisper:tiny.en", "moonshine:tiny-en", "pocketsphinx:en-us")


def choose(
    monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], name: str = "auto", options: Options | None = None
) -> tuple[str, list[str]]:
    """Return what is chosen, and the lines about it, when so many models are here and all packages are installed."""
    monkeypatch.setattr(selection.models, "is_here", lambda engine, model: f"{engine.name}:{model}" in here)
    monkeypatch.setattr("asrcli.engine.Plugin.missing", classmethod(lambda own: ()))
    said: list[str] = []
    engine, model = selection.choose_class(name, None, options or Options(), said.append)
    return f"{engine.name}:{model}", said


@pytest.mark.parametrize(
    ("more", "language", "chosen"),
    [
        ((), None, "whisper:base"),
        ((), "fr", "whisper:base"),
        (("whisper:small",), None, "whisper:small"),
        (("whisper:small.en",), "fr", "whisper:base"),
        (("qwen3:0.6b", "nemo:parakeet-tdt-0.6b-v3"), None, "qwen3:0.6b"),
    ],
)
def test_larger_weights_come_first(
    monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], language: str | None, chosen: str
) -> None:
    found, said = choose(monkeypatch, EMBEDDED + more, options=Options(language=language))
    assert found == chosen and len(said) == 1 and len(said[0]) < 80 and chosen in said[0]


def test_the_embedded_ones_follow_in_order(monkeypatch: pytest.MonkeyPatch, logged: deque[str]) -> None:
    for number, chosen in enumerate(EMBEDDED):
        assert choose(monkeypatch, EMBEDDED[number:])[0] == chosen
    _, said = choose(monkeypatch, EMBEDDED[3:])
    assert len(said) == 1 and "asrcli[offline]" in said[0]
    assert "not whisper: no weights here" in logged and "not qwen3: no weights here" in logged


def test_what_one_cannot_do_is_left_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(monkeypatch, EMBEDDED[2:], options=Options(word_timestamps=True))[0] == "pocketsphinx:en-us"


@pytest.mark.parametrize(("language", "pull"), [("de", "whisper:base"), ("yue", "whisper:large-v3-turbo")])
def test_a_language_that_none_speaks(monkeypatch: pytest.MonkeyPatch, language: str, pull: str) -> None:
    with pytest.raises(EngineUnavailable, match=f"speaks '{language}'.* asr engines pull {pull}$"):
        choose(monkeypatch, EMBEDDED[1:], options=Options(language=language))


@pytest.mark.parametrize(
    ("here", "language", "chosen"),
    [
        (EMBEDDED, None, "whisper:tiny.en"),
        (EMBEDDED, "fr", "whisper:base"),
        (EMBEDDED[2:], "en", "moonshine:tiny-en"),
        ((*EMBEDDED, "whisper:tiny"), "fr", "whisper:tiny"),
        (("whisper:large-v3",), "fr", "whisper:large-v3"),
    ],
)
def test_fast(monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], language: str | None, chosen: str) -> None:
    found, said = choose(monkeypatch, here, "fast", Options(language=language))
    assert found == chosen and len(said) == 1
    assert ("for en alone" in said[0]) == (language is None)


def test_fast_and_a_name_do_not_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_choice("auto", True) == "fast" and engine_choice("x", False) == "x"
    with pytest.raises(UsageError, match="--engine whisper out"):
        engine_choice("whisper", True)
    with pytest.raises(UsageError, match="--model base out"):
        selection.choose_class("fast", "base", Options(), print)
