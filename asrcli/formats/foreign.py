"""Read the JSON of other recognisers: openai-whisper, faster-whisper and its command lines, WhisperX, OpenAI's API."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asrcli.types import Recording, Segment, Transcript, Word, spread


def transcript_from(data: Any, path: str) -> Transcript:
    """Return what a document of another program holds.

    Args:
        data: the parsed JSON: an object with ``segments``, or the bare list of them.
        path: the name of the file, which stands for the recording's: these programs do not record that.

    Raises:
        ValueError: there are no segments in it.
    """
    document = {"segments": data} if isinstance(data, list) else data
    if not isinstance(document, dict) or not isinstance(document.get("segments"), list):
        raise ValueError("no list of segments in it")
    segments = tuple(_segment(row) for row in document["segments"])
    end = max((segment.end for segment in segments), default=0.0)
    seconds = _number(document.get("duration")) or end
    return Transcript(
        recording=Recording(path),
        segments=segments,
        engine="whisper",
        language=document.get("language"),
        language_score=_number(document.get("language_probability")),
        seconds=max(seconds, end),
    )


def _segment(row: Mapping[str, Any]) -> Segment:
    start, end = _number(row["start"]), _number(row["end"])
    if start is None or end is None:
        raise ValueError(f"a segment without times: {str(row.get('text'))[:40]!r}")
    words = [word for word in row.get("words") or () if str(word.get("word", word.get("text", ""))).strip()]
    return Segment(
        text=str(row["text"]).strip(),
        start=start,
        end=max(start, end),
        words=tuple(_words(words, start, max(start, end))),
        speaker=row.get("speaker"),
        language=row.get("language"),
        score=_number(row.get("score")),
        avg_logprob=_number(row.get("avg_logprob")),
        no_speech_prob=_number(row.get("no_speech_prob")),
        temperature=_number(row.get("temperature")),
        tokens=tuple(int(token) for token in row.get("tokens") or ()),
    )


def _number(value: Any) -> float | None:
    """Return a finite number as it is, anything else as not known."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _words(rows: Sequence[Mapping[str, Any]], start: float, end: float) -> Iterator[Word]:
    """Yield the words; those without times (WhisperX's digits) share the time between their neighbours."""
    bare: list[Word] = []
    last = start
    for row in rows:
        word = _word(row)
        if _number(row.get("start")) is None or _number(row.get("end")) is None:
            bare.append(word)
            continue
        yield from spread(bare, last, max(last, word.start))
        bare = []
        last = word.end
        yield word
    yield from spread(bare, last, max(last, end))


def _word(row: Mapping[str, Any]) -> Word:
    score = _number(row.get("score"))
    start = _number(row.get("start")) or 0.0
    return Word(
        text=str(row.get("word", row.get("text"))).strip(),
        start=start,
        end=max(start, _number(row.get("end")) or 0.0),
        score=_number(row.get("probability")) if score is None else score,
        source="aligned" if score is not None else "model",
        speaker=row.get("speaker"),
    )
