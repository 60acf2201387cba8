"""What servers answer, as segments: OpenAI's ``json`` and ``verbose_json``, and the text of a chat.

Servers differ in what they leave out and in where they put words, so nothing is taken for granted but ``text``.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from asrcli.base.languages import language_code
from asrcli.errors import AsrError, EngineUnavailable, UsageError
from asrcli.types import Clip, Flag, Segment, Word

TEXT_MARK = "<asr_text>"  # of Qwen3-ASR: "language English<asr_text>one two"
SPOKEN = "language "
# Of an answer about one clip of at most 30 s, whose text a model in a loop may have made: what more costs grows faster.
MOST_CHARACTERS, MOST_ENTRIES = 100_000, 5_000


class TooMuch(AsrError):
    """An answer that no clip has; others may be better."""


def read_transcription(answer: Any, clip: Clip) -> list[Segment]:
    """Return the segments of an answer of the transcriptions endpoint.

    Raises:
        EngineUnavailable: it is no such answer.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise EngineUnavailable("the server's answer has no 'text': is it the right address?")
    _check_size(answer, clip)
    language = code(answer.get("language"))
    words = [word for entry in _list(answer.get("words")) if (word := _word(entry, clip))]
    found = [segment for entry in _list(answer.get("segments")) if (segment := _segment(entry, clip))]
    if not found and answer["text"].strip():
        found = [whole_segment(answer["text"], clip)]
    if words and not any(segment.words for segment in found):
        found = _share(words, found)
    return _in_order([replace(segment, language=segment.language or language) for segment in found])


def read_chat(answer: Any, clip: Clip) -> list[Segment]:
    """Return the segment of an answer of the chat endpoint; raise `EngineUnavailable` where it is no such answer."""
    try:
        choice = answer["choices"][0]
        content = str(choice["message"]["content"] or "")
    except (TypeError, KeyError, IndexError):
        raise EngineUnavailable("the server's answer has no message: is it the right address?") from None
    head, mark, rest = content.partition(TEXT_MARK)
    text = (rest if mark else content).strip()
    _check_size({"text": text}, clip)
    if not text:
        return []
    language = code(head.strip().removeprefix(SPOKEN).split(",")[0]) if mark else None  # "Chinese,English"
    flags = (Flag.TRUNCATED.value,) if choice.get("finish_reason") == "length" else ()
    return [replace(whole_segment(text, clip), language=language, flags=flags)]


def _check_size(answer: Mapping[str, Any], clip: Clip) -> None:
    """Raise `TooMuch` for an answer that says more than can be said."""
    segments = _list(answer.get("segments"))
    inside = [one for one in segments if isinstance(one, dict)]
    entries = len(segments) + len(_list(answer.get("words"))) + sum(len(_list(one.get("words"))) for one in inside)
    length = max(len(answer["text"]), sum(len(str(one.get("text") or "")) for one in inside))
    for count, most, what in ((length, MOST_CHARACTERS, "characters"), (entries, MOST_ENTRIES, "segments and words")):
        if count > most:
            raise TooMuch(f"the server answers {count:,} {what} for a clip of {clip.seconds:.1f} s")


def whole_segment(text: str, clip: Clip) -> Segment:
    """Return text without times as one segment, from the first to the last speech of the clip."""
    start = clip.speech[0].start - clip.start if clip.speech else 0.0
    end = clip.speech[-1].end - clip.start if clip.speech else clip.seconds
    start = _time(start, clip)
    return Segment(clean(text), start, max(start, _time(end, clip)))


def clean(text: str) -> str:
    """Return text without control characters, which would reach terminals, and without halves of characters."""
    kinds = {"Cc": " ", "Cs": "\ufffd"}
    return "".join(kinds.get(unicodedata.category(char), char) for char in text).strip()


def code(language: Any) -> str | None:
    """Return the code of a language that a server names in its own way, or None."""
    try:
        return language_code(language) if isinstance(language, str) else None
    except UsageError:
        return None


def _segment(entry: Any, clip: Clip) -> Segment | None:
    if not isinstance(entry, dict) or not str(entry.get("text") or "").strip():
        return None
    whole_clip = whole_segment(str(entry["text"]), clip)
    start = _time(entry.get("start"), clip, whole_clip.start)
    words = tuple(word for one in _list(entry.get("words")) if (word := _word(one, clip)))
    return replace(
        whole_clip,
        start=start,
        end=max(start, _time(entry.get("end"), clip, whole_clip.end)),
        words=words,
        avg_logprob=_number(entry.get("avg_logprob"), most=0.0),
        no_speech_prob=_number(entry.get("no_speech_prob"), least=0.0, most=1.0),
        temperature=_number(entry.get("temperature"), least=0.0),
        tokens=tuple(token for token in _list(entry.get("tokens")) if isinstance(token, int)),
    )


def _word(entry: Any, clip: Clip) -> Word | None:
    """Return a word, or None for one without text or times, which is no word time."""
    if not isinstance(entry, dict):
        return None
    text = clean(str(entry.get("word") or entry.get("text") or ""))
    if not text or _number(entry.get("start")) is None or _number(entry.get("end")) is None:
        return None
    start = _time(entry["start"], clip)
    score = _number(entry.get("probability", entry.get("score")), least=0.0, most=1.0)
    return Word(text, start, max(start, _time(entry["end"], clip)), score)


def _share(words: Sequence[Word], segments: Sequence[Segment]) -> list[Segment]:
    """Give each word to the first segment that its middle is not behind."""
    own: list[list[Word]] = [[] for _ in segments]
    at = 0
    for word in words:
        while at < len(segments) - 1 and (word.start + word.end) / 2 > segments[at].end:
            at += 1
        if own:
            own[at].append(word)
    return [replace(segment, words=tuple(mine)) for segment, mine in zip(segments, own, strict=True)]


def _in_order(segments: Sequence[Segment]) -> list[Segment]:
    """Return segments and words whose times do not go back, whatever the server says; words lie in their segment."""
    ordered, earliest = [], 0.0
    for segment in segments:
        words, clock = [], max(earliest, min([segment.start, *(word.start for word in segment.words)]))
        start = clock
        for word in segment.words:
            begin = max(clock, word.start)
            words.append(replace(word, start=begin, end=max(begin, word.end)))
            clock = words[-1].end
        end = max(segment.end, clock)
        ordered.append(replace(segment, start=start, end=end, words=tuple(words)))
        earliest = end
    return ordered


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any, least: float = -math.inf, most: float = math.inf) -> float | None:
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return min(max(number, least), most) if math.isfinite(number) else None


def _time(value: Any, clip: Clip, otherwise: float = 0.0) -> float:
    """Return a time within the clip."""
    number = _number(value)
    return min(max(otherwise if number is None else number, 0.0), clip.seconds)
