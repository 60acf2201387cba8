"""JSON that openai-whisper's readers understand and that holds the whole transcript, and JSON Lines of segments.

The format is described by ``docs/transcript.schema.json``. openai-whisper's keys are always there and hold a number
even where the engine gave none; the key ``unknown`` of a segment then names them, and a word without confidence has no
``score``. openai-whisper's own writers look at the first segment to learn whether there are words and then want them
everywhere: ``words`` stands in all segments or in none, interpolated where only some have them. Times are rounded to
milliseconds and every other number to six decimals. Wall-clock timings are left out: the same input gives the same
bytes.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from asrcli.base.files import reason
from asrcli.base.join import is_unspaced
from asrcli.base.whole import read_whole
from asrcli.errors import InputError
from asrcli.formats.units import interpolated_words
from asrcli.types import Alternative, Answer, Leap, Phone, Recording, Region, Segment, Transcript, Turn, Voice, Word

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout

SCHEMA = "urn:asrcli:transcript:1"  # the $id of docs/transcript.schema.json

NEUTRAL = {"temperature": 0.0, "avg_logprob": 0.0, "no_speech_prob": 0.0}  # what stands for a number nobody knows


def render_json(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write one object, each top-level key and each segment on its own line, so that line tools can tell them apart."""
    lines = []
    for key, value in _document(transcript).items():
        if key in ("segments", "word_segments") and value:
            rows = ",\n".join(f"  {_dump(row)}" for row in value)
            lines.append(f" {_dump(key)}: [\n{rows}\n ]")
        else:
            lines.append(f" {_dump(key)}: {_dump(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def render_jsonl(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write one object per segment: the file it comes from, then the keys that a segment has in JSON."""
    recording = transcript.recording
    origin: dict[str, Any] = {"file": recording.path}
    if recording.channel is not None:
        origin["channel"] = recording.channel
    lines = []
    for row in _segments(transcript.segments):
        row["text"] = row["text"].strip()
        row.setdefault("language", transcript.language)
        row.setdefault("language_score", _number(transcript.language_score))
        lines.append(_dump({**origin, **row}) + "\n")
    return "".join(lines)


def _dump(value: Any) -> str:
    """Return JSON on one line that encodes to UTF-8: lone surrogates (names that are not UTF-8) are escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return (
        text if text.isascii() else re.sub("[\ud800-\udfff\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)
    )


def _document(transcript: Transcript) -> dict[str, Any]:
    rows = _segments(transcript.segments)
    words = [_whisperx(word) for row in rows for word in row.get("words", ())]
    return {
        "schema": SCHEMA,
        "text": transcript.text,
        "segments": rows,
        "language": transcript.language,
        "word_segments": words,
        "recording": _recording(transcript.recording),
        "engine": transcript.engine,
        "model": transcript.model,
        "revision": transcript.revision,
        "language_score": _number(transcript.language_score),
        "seconds": _time(transcript.seconds),
        "speech": _regions(transcript.speech),
        "gaps": _regions(transcript.gaps),
        **({"leaps": [_leap(leap) for leap in transcript.leaps]} if transcript.leaps else {}),
        **({"turns": [_turn(turn) for turn in transcript.turns]} if transcript.turns else {}),
        **({"voices": [_voice(voice) for voice in transcript.voices]} if transcript.voices else {}),
        "warnings": list(transcript.warnings),
        "answers": [
            {"question": answer.question, "text": answer.text, "spans": _regions(answer.spans)}
            for answer in transcript.answers
        ],
        "options": dict(transcript.options),
    }


def _recording(recording: Recording) -> dict[str, Any]:
    return {
        "path": recording.path,
        "channel": recording.channel,
        "seconds": None if recording.seconds is None else _time(recording.seconds),
        "start": _time(recording.start),
        "end": None if recording.end is None else _time(recording.end),
        **({} if recording.track is None else {"track": recording.track}),
        **({"jumps": True} if recording.jumps else {}),
    }


def _regions(regions: Iterable[Region]) -> list[dict[str, float]]:
    return [{"start": _time(region.start), "end": _time(region.end)} for region in regions]


def _leap(leap: Leap) -> dict[str, Any]:
    return {"word": leap.word, "words": leap.words, "start": _time(leap.start), "confidence": _number(leap.confidence)}


def _turn(turn: Turn) -> dict[str, Any]:
    return {"speaker": turn.speaker, "start": _time(turn.start), "end": _time(turn.end)}


def _voice(voice: Voice) -> dict[str, Any]:
    return {"speaker": voice.speaker, "nearest": voice.nearest, "distance": _number(voice.distance)}


def _time(seconds: float) -> float:
    """Round to milliseconds; adding zero turns -0.0 into 0.0."""
    return round(float(seconds), 3) + 0.0


def _number(value: float | None) -> float | None:
    """Round to six decimals; what is not finite is not known."""
    return None if value is None or not math.isfinite(value) else round(float(value), 6) + 0.0


def _segments(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    rows = []
    last = ""
    worded = any(segment.words for segment in segments)
    for number, segment in enumerate(segments):
        text = segment.text.strip()
        row = _segment(number, segment, _glue(last, text) + text)
        if worded:
            row["words"] = _words(segment)
            row["unknown"] += [] if segment.words else ["words"]
        rows.append(row)
        last = text[-1:] or last
    return rows


def _segment(number: int, segment: Segment, text: str) -> dict[str, Any]:
    """Return everything but the words."""
    known = {name: _number(getattr(segment, name)) for name in NEUTRAL}
    row: dict[str, Any] = {
        "id": number,
        "seek": round(segment.start * 100),  # openai-whisper's frames of 10 ms; it gives those of the window
        "start": _time(segment.start),
        "end": _time(segment.end),
        "text": text,
        "tokens": [int(token) for token in segment.tokens],
        "temperature": _or(known["temperature"], NEUTRAL["temperature"]),
        "avg_logprob": _or(known["avg_logprob"], NEUTRAL["avg_logprob"]),
        "compression_ratio": round(compression_ratio(segment.text), 6),
        "no_speech_prob": _or(known["no_speech_prob"], NEUTRAL["no_speech_prob"]),
    }
    if segment.speaker is not None:
        row["speaker"] = segment.speaker
    if segment.language is not None:
        row["language"] = segment.language
    if _number(segment.language_score) is not None:
        row["language_score"] = _number(segment.language_score)
    if _number(segment.score) is not None:
        row["score"] = _number(segment.score)
    if segment.alternatives:
        row["alternatives"] = [_alternative(one) for one in segment.alternatives]
    row["flags"] = [str(flag) for flag in segment.flags]
    row["unknown"] = [name for name, value in known.items() if value is None]
    return row


def _alternative(one: Alternative) -> dict[str, Any]:
    return {
        "text": one.text,
        "search_score": _number(one.search_score),
        "tokens": [int(token) for token in one.tokens],
        "token_logprobs": [_number(value) for value in one.token_logprobs],
    }


def _or(value: float | None, neutral: float) -> float:
    return neutral if value is None else value


def compression_ratio(text: str) -> float:
    """Return bytes of text per byte after zlib, openai-whisper's measure of repetition; 0 for no text."""
    data = text.strip().encode("utf-8", errors="replace")
    return len(data) / len(zlib.compress(data)) if data else 0.0


def _words(segment: Segment) -> list[dict[str, Any]]:
    """Return the words with the space before them in their text, as openai-whisper has it: joined they read right."""
    rows: list[dict[str, Any]] = []
    last, cursor = "", 0
    doubt = _or(_number(segment.score), 1.0)
    for word in segment.words or interpolated_words(segment):
        at = segment.text.find(word.text, cursor)
        if at >= 0 and cursor:
            glue = " " if any(map(str.isspace, segment.text[cursor:at])) else ""
        else:
            glue = _glue(last, word.text)
        cursor = at + len(word.text) if at >= 0 else cursor
        last = word.text[-1:] or last
        score = _number(word.score)
        row: dict[str, Any] = {
            "word": glue + word.text,
            "start": _time(word.start),
            "end": _time(word.end),
            "probability": _or(score, doubt),
            "source": word.source,
        }
        if score is not None:
            row["score"] = score
        if word.speaker is not None:
            row["speaker"] = word.speaker
        if word.status is not None:
            row["status"] = word.status
        if word.phones:
            row["phones"] = [
                {"phone": phone.text, "start": _time(phone.start), "end": _time(phone.end)} for phone in word.phones
            ]
        rows.append(row)
    return rows


def _glue(last: str, text: str) -> str:
    """Return what openai-whisper has before a text: a space, but none inside a script that writes none."""
    if not text or (is_unspaced(text[0]) and (not last or is_unspaced(last))):
        return ""
    return " "


def _whisperx(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a word as WhisperX lists it in ``word_segments``."""
    kept = ("start", "end", "score", "speaker")
    guessed = {"source": row["source"]} if row["source"] == "interpolated" else {}
    return {"word": row["word"].strip(), **{key: row[key] for key in kept if key in row}, **guessed}


def read_transcript(path: str | PathLike[str]) -> Transcript:
    """Read JSON that `render_json`, openai-whisper, faster-whisper or WhisperX has written.

    What `render_json` wrote comes back equal, but for the wall-clock timings and what was rounded away. From the others
    comes what they hold; words without times get interpolated ones.

    Raises:
        InputError: the file cannot be read, is not JSON, or is no transcript.
    """
    try:
        data = json.loads(read_whole(path))
    except OSError as error:
        raise InputError(f"cannot read '{path}': {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"'{path}' is not JSON, nor text; of a recording it is made by asr transcribe -f json"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"'{path}' is not JSON ({error}); of a recording it is made by asr transcribe -f json"
        ) from error
    try:
        return parse_transcript(data) if _is_ours(data, path) else _foreign(data, path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"'{path}' is not a transcript: {type(error).__name__}: {error}") from error


def _is_ours(data: Any, path: str | PathLike[str]) -> bool:
    """Return whether it says to be of our schema; of another version is an `InputError`."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if isinstance(schema, str) and schema != SCHEMA and schema.startswith(SCHEMA.rpartition(":")[0]):
        raise InputError(f"'{path}' is of version {schema}, this program reads {SCHEMA}: update asrcli")
    return schema == SCHEMA


def _foreign(data: Any, path: str | PathLike[str]) -> Transcript:
    from asrcli.formats.foreign import transcript_from

    return transcript_from(data, str(path))


def parse_transcript(data: Mapping[str, Any]) -> Transcript:
    """Return the transcript that a document of our own schema holds."""
    return Transcript(
        recording=Recording(**data["recording"]),
        segments=tuple(map(_parse_segment, data["segments"])),
        engine=data["engine"],
        model=data["model"],
        revision=data["revision"],
        language=data["language"],
        language_score=data["language_score"],
        seconds=data["seconds"],
        speech=_parse_regions(data["speech"]),
        gaps=_parse_regions(data["gaps"]),
        leaps=tuple(Leap(**leap) for leap in data.get("leaps", ())),
        turns=tuple(Turn(**turn) for turn in data.get("turns", ())),
        voices=tuple(Voice(**voice) for voice in data.get("voices", ())),
        warnings=tuple(data["warnings"]),
        answers=tuple(Answer(one["question"], one["text"], _parse_regions(one["spans"])) for one in data["answers"]),
        options=tuple(data["options"].items()),
    )


def _parse_regions(rows: Iterable[Mapping[str, float]]) -> tuple[Region, ...]:
    return tuple(Region(row["start"], row["end"]) for row in rows)


def _parse_segment(row: Mapping[str, Any]) -> Segment:
    known = {name: None if name in row["unknown"] else row[name] for name in NEUTRAL}
    return Segment(
        text=row["text"].strip(),
        start=row["start"],
        end=row["end"],
        words=() if "words" in row["unknown"] else tuple(map(_parse_word, row.get("words", ()))),
        speaker=row.get("speaker"),
        language=row.get("language"),
        score=row.get("score"),
        tokens=tuple(row["tokens"]),
        flags=tuple(row["flags"]),
        alternatives=tuple(map(_parse_alternative, row.get("alternatives", ()))),
        language_score=row.get("language_score"),
        **known,
    )


def _parse_alternative(row: Mapping[str, Any]) -> Alternative:
    return Alternative(row["text"], row["search_score"], tuple(row["tokens"]), tuple(row["token_logprobs"]))


def _parse_word(row: Mapping[str, Any]) -> Word:
    return Word(
        text=row["word"].strip(),
        start=row["start"],
        end=row["end"],
        score=row.get("score"),
        source=row["source"],
        speaker=row.get("speaker"),
        status=row.get("status"),
        phones=tuple(Phone(one["phone"], one["start"], one["end"]) for one in row.get("phones", ())),
    )
