"""What a transcript is answered as: OpenAI's JSON, or one of the formats of ``asr transcribe``, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from asrcli.base.join import join_texts
from asrcli.base.languages import NAMES
from asrcli.formats import FORMATS, layout, render
from asrcli.types import Segment, Transcript

OPENAI = {"text": "txt"}  # what OpenAI calls a format otherwise
OWN_JSON = "asr_json"  # the transcript as ``asr transcribe -f json`` writes it
# Without eaf, which is nothing without the place of its recording.
PLAIN = tuple(name for name in FORMATS if name not in ("json", "answers", "eaf"))
FORMATS_SERVED = ("json", "verbose_json", "text", *PLAIN, OWN_JSON)
# Keys of a segment that OpenAI's has, all of them numbers: strict clients refuse null, and what is missing.
SEGMENT = (
    "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob",
)  # fmt: skip
OWN = ("speaker", "language", "score", "flags")  # keys of asr's JSON that are handed on beside them
NAME = "upload"  # what a transcript calls the recording: the client's name for it goes nowhere


class Spoken:
    """The text of a request as it grows. The pieces that `add` returns, one after the other, are the whole text."""

    def __init__(self) -> None:
        self.text = ""

    def add(self, segments: Iterable[Segment]) -> str:
        """Add segments, in order, and return the further text."""
        before = self.text
        self.text = join_texts([before, *(segment.text for segment in segments)])
        return self.text[len(before) :]


def is_json(format: str) -> bool:
    """Return whether an answer is JSON."""
    return format in ("json", "verbose_json", OWN_JSON)


def rendered(format: str) -> str | None:
    """Return the key of `asrcli.formats.FORMATS` for an answer; ``None`` for OpenAI's own JSON."""
    if format in ("json", "verbose_json"):
        return None
    return "json" if format == OWN_JSON else OPENAI.get(format, format)


def body(transcript: Transcript, format: str, with_segments: bool, with_words: bool) -> str:
    """Return the whole answer.

    Args:
        format: one of `FORMATS_SERVED`.
        with_segments, with_words: verbose JSON holds them; with words alone OpenAI leaves segments out.
    """
    if name := rendered(format):
        return render(_named(transcript), name, layout())
    if format == "json":
        return _dump({"text": transcript.text, "usage": _usage(transcript)})
    return _dump(_verbose(transcript, with_segments, with_words))


def done(transcript: Transcript, text: str) -> str:
    """Return the data of the last event of a stream."""
    whole = _verbose(transcript, True, False)
    kept = {key: whole[key] for key in ("usage", "language", "duration", "segments", "asr")}
    return _dump({"type": "transcript.text.done", "text": text, **kept})


def _named(transcript: Transcript) -> Transcript:
    """Return a transcript that says nothing of where the server keeps uploads, its warnings included."""
    path, recording = transcript.recording.path, replace(transcript.recording, path=NAME)
    return replace(
        transcript, recording=recording, warnings=tuple(one.replace(path, NAME) for one in transcript.warnings)
    )


def _verbose(transcript: Transcript, with_segments: bool, with_words: bool) -> dict[str, Any]:
    whole = json.loads(render(_named(transcript), "json", layout()))
    found = {
        "task": whole["options"].get("task", "transcribe"),
        "language": NAMES.get(transcript.language or "", transcript.language or ""),
        "duration": whole["seconds"],
        "text": transcript.text,
        "usage": _usage(transcript),
        "asr": {key: whole[key] for key in ("engine", "model", "revision", "gaps", "warnings")},
    }
    if with_segments:
        found["segments"] = [
            {key: row[key] for key in SEGMENT} | {key: row[key] for key in OWN if row.get(key)}
            for row in whole["segments"]
        ]
    if with_words:
        words = (word for row in whole["segments"] for word in row.get("words", ()))
        found["words"] = [{"word": one["word"].strip(), "start": one["start"], "end": one["end"]} for one in words]
    return found


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(transcript.seconds, 3)}


def _dump(value: Any) -> str:
    """Return JSON that encodes to UTF-8, also where a text holds half a character."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")
