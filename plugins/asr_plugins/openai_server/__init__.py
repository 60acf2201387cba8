"""A server that speaks OpenAI's protocol, as an engine: vLLM, speaches, whisper.cpp, OpenAI itself."""

from __future__ import annotations

import base64
import io
import os
import wave
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

from asr_plugins.openai_server.answers import SPOKEN, TEXT_MARK, read_chat, read_transcription
from asr_plugins.openai_server.client import ANY_MODEL, KEY_VARIABLE, OPENAI_KEY_VARIABLE, Client, Refused, parse
from asrcli.base.languages import NAMES
from asrcli.capabilities import AnyModel, Concurrent
from asrcli.engine import Device, Engine, Model, Weights
from asrcli.errors import AsrError, EngineUnavailable, ModelError, UsageError
from asrcli.types import SAMPLE_RATE, Clip, Options, Segment

TIMEOUT_VARIABLE, CONCURRENCY_VARIABLE = "ASR_SERVER_TIMEOUT", "ASR_SERVER_CONCURRENCY"
TIMEOUT = 120.0  # seconds for one clip of at most 30 s
CONCURRENCY = 8
SHORTEST = 0.1  # seconds; OpenAI refuses shorter sounds, and no word is as short
NO_LIST = (404, 405, 501)  # of a server that does not list its models
LISTED = 8  # models in a message

Answered = list[Segment] | AsrError


class OpenAIServer(Engine, AnyModel, Concurrent):
    """Any server with OpenAI's interface for speech."""

    name = "openai_server"
    rank = 0
    requires = ("httpx2",)
    models: ClassVar[Mapping[str, Model]] = {}
    default_model = ANY_MODEL
    loads_folders = False
    max_seconds = 30.0  # what Whisper recognises at once, and where vLLM cuts; far below OpenAI's limit of 25 MB
    clip_pad = 0.5  # as Whisper likes it, which most of these servers run
    keys = (KEY_VARIABLE, OPENAI_KEY_VARIABLE)
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 960.0}  # enough clips at hand to keep the server busy
    supports = frozenset({"task", "prompt", "hotwords", "word_timestamps", "temperature", "max_new_tokens"})

    def __init__(self, weights: Weights, device: Device) -> None:
        self.address = parse(weights.name)
        self.client = Client(self.address, _setting(TIMEOUT_VARIABLE, TIMEOUT))
        self.threads = int(_setting(CONCURRENCY_VARIABLE, CONCURRENCY))
        self.model = self._choose_model()
        self._kept: dict[Clip, Answered] = {}

    @classmethod
    def for_weights(cls, weights: Weights) -> type[Engine]:
        """Return the class for the way of asking that the address names."""
        return Chat if parse(weights.name).style == "chat" else Transcriptions

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return 30 s. Raises `UsageError` for a ladder of temperatures: what to do with it is the server's affair."""
        if options.temperature is not None and len(options.temperature) > 1:
            raise UsageError("engine 'openai_server' takes one --temperature")
        return cls.max_seconds

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Ask for all clips, a few at once.

        When one fails, the caller asks again clip by clip to learn which; answers are kept, and nothing is sent twice.
        """
        answered = {clip: self._kept.pop(clip) for clip in clips if clip in self._kept}
        unknown = [clip for clip in clips if clip not in answered]
        if unknown:
            with ThreadPoolExecutor(self.threads) as pool:
                answered |= zip(unknown, pool.map(lambda clip: self._transcribe(clip, options), unknown), strict=True)
        errors = [one for one in answered.values() if isinstance(one, AsrError)]
        if errors and len(clips) > 1:
            self._kept |= answered  # several callers share it, each with clips of its own
        for error in sorted(errors, key=lambda error: not isinstance(error, EngineUnavailable)):
            raise error
        return [one for clip in clips if not isinstance(one := answered[clip], AsrError)]

    def _transcribe(self, clip: Clip, options: Options) -> Answered:
        if clip.seconds < SHORTEST:
            return []
        try:
            return self._ask(clip, options)
        except AsrError as error:
            return error

    def _ask(self, clip: Clip, options: Options) -> list[Segment]:
        raise TypeError(f"take the class from for_weights, not {type(self).__name__}")

    def _choose_model(self) -> str:
        """Return the model to ask for, after the server has said that it has it."""
        listed = self._listed()
        wanted = self.address.model
        shown = ", ".join((listed or [])[:LISTED]) + (", ..." if len(listed or []) > LISTED else "")
        if wanted and listed is not None and wanted not in listed:
            raise ModelError(f"the server at {self.address.base} has no model '{wanted}', only: {shown or 'none'}")
        if not wanted and listed is not None:
            if len(listed) != 1:
                raise ModelError(f"the server at {self.address.base} has several models, name one behind #: {shown}")
            return listed[0]
        return wanted

    def _listed(self) -> list[str] | None:
        """Return the names of the server's models, None when it does not list them; the server answers, at least."""
        if self.address.style == "inference":
            return None
        try:
            answer = self.client.get(f"{self.address.base}/models", tries=2)
        except Refused as refused:
            if refused.status in NO_LIST:
                return None
            raise EngineUnavailable(str(refused)) from refused
        entries = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            raise EngineUnavailable(f"{self.address.base}/models lists no models: is it the right address?")
        return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]


class Transcriptions(OpenAIServer):
    """OpenAI's endpoint for files."""

    supports = frozenset({"task", "prompt", "word_timestamps", "temperature"})

    def __init__(self, weights: Weights, device: Device) -> None:
        super().__init__(weights, device)
        self._verbose = True  # until the server refuses it: some models give plain text only

    def _ask(self, clip: Clip, options: Options) -> list[Segment]:
        with_words = bool(options.word_timestamps)
        try:
            found = self._post(clip, options, "verbose_json" if self._verbose else "json")
        except Refused as refused:
            if refused.status not in (400, 422) or not self._verbose or with_words:
                raise
            found = self._post(clip, options, "json")
            self._verbose = False
        if with_words and found and not any(segment.words for segment in found):
            raise EngineUnavailable(
                f"the server at {self.address.base} gives no word times: leave --word-timestamps out"
            )
        return found if with_words else [replace(segment, words=()) for segment in found]

    def _post(self, clip: Clip, options: Options, form: str) -> list[Segment]:
        values = {
            "model": self.model,
            "response_format": form,
            "language": clip.language or options.language,
            "prompt": options.prompt,
            "temperature": str(options.temperature[0]) if options.temperature else None,
            "timestamp_granularities[]": ["segment", "word"] if options.word_timestamps else None,
        }
        url = self.address.endpoint
        if options.task == "translate":
            url = url.replace("/audio/transcriptions", "/audio/translations")
            values["language"] = None  # the endpoint knows no language; the target is English
            if self.address.style == "inference":
                values["translate"] = "true"
        data = {name: value for name, value in values.items() if value}
        answer = self.client.post(url, data=data, files={"file": ("clip.wav", wav(clip), "audio/wav")})
        return read_transcription(answer, clip)


class Chat(OpenAIServer):
    """OpenAI's chat endpoint with the sound in the user's turn: how vLLM serves Qwen3-ASR with all it can do.

    Its endpoint for files drops the context and the language that was recognised. The context (prompt and hotwords) is
    the system turn; a language is forced by beginning the answer with it, as the model was trained.
    """

    supports = frozenset({"prompt", "hotwords", "temperature", "max_new_tokens"})

    def _ask(self, clip: Clip, options: Options) -> list[Segment]:
        language = clip.language or options.language
        context = "\n".join(filter(None, (options.prompt, ", ".join(options.hotwords or ()))))
        sound = "data:audio/wav;base64," + base64.b64encode(wav(clip)).decode("ascii")
        messages: list[dict[str, Any]] = [{"role": "system", "content": context}] if context else []
        messages.append({"role": "user", "content": [{"type": "audio_url", "audio_url": {"url": sound}}]})
        request: dict[str, Any] = {"model": self.model, "messages": messages}
        request["temperature"] = options.temperature[0] if options.temperature else 0.0
        if language:
            begun = f"{SPOKEN}{NAMES.get(language, language).capitalize()}{TEXT_MARK}"
            messages.append({"role": "assistant", "content": begun})
            request |= {"add_generation_prompt": False, "continue_final_message": True}
        if options.max_new_tokens:
            request["max_tokens"] = options.max_new_tokens
        found = read_chat(self.client.post(self.address.endpoint, json=request), clip)
        return [replace(segment, language=segment.language or language) for segment in found]


def wav(clip: Clip) -> bytes:
    """Return a clip as a 16-bit WAV file, which every server reads."""
    import numpy as np

    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        writer.writeframes((np.clip(clip.samples, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes())
    return file.getvalue()


def _setting(variable: str, otherwise: float) -> float:
    """Return a number from the environment, at least 1; raise `UsageError` where it is no such number."""
    text = os.environ.get(variable)
    try:
        number = otherwise if not text else float(text)
    except ValueError:
        number = 0.0
    if not 1 <= number < float("inf"):
        raise UsageError(f"{variable}={text}: give a number, 1 or more")
    return number
