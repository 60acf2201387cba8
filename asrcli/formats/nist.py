"""The formats of NIST's scoring tools: CTM (timed words), STM (segments) and RTTM (turns of speakers).

Fields are parted by white space, so names of recordings and speakers have ``_`` where they had some. Channels count
from 1, as they do in NIST's files: the mix is channel 1, and so is the first channel of a file that was split.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from asrcli.formats.text import clean
from asrcli.formats.timeline import Interval, field, file_label, lay_out, tiers
from asrcli.formats.turns import UNKNOWN, channel_of, turns_of
from asrcli.formats.units import milliseconds

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript


def render_ctm(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write CTM: file, channel, start, duration, word, and the score where every word has one.

    The format knows no speakers: words of different ones on one channel stand in the order of time. A word with a
    space in it is one line per part. What is no timed word is said in comments (``;;``): a segment without word times
    stands in one, and words with interpolated times follow one.
    """
    found = tiers(transcript)
    rows = [
        (_channel(transcript, tier.speaker), part) for tier in found for word in tier.words for part in _parts(word)
    ]
    name = file_label(transcript.recording.path)
    scored = all(word.score is not None for _, word in rows)
    lines = []
    for timed, run in groupby(sorted(rows, key=_by_time), key=lambda row: row[1].timed):
        words = list(run)
        mark = "" if timed else f";; interpolated times: {len(words)} words from here\n"
        for channel, word in words:
            score = f" {word.score:.3f}" if scored else ""
            times = f"{_seconds(word.start)} {_seconds(word.end - word.start)}"
            lines.append((channel, word.start, word.end, f"{mark}{name} {channel} {times} {word.text}{score}\n"))
            mark = ""
    for tier in found:
        channel = _channel(transcript, tier.speaker)
        for one in tier.utterances:
            times = f"{_seconds(one.start)} {_seconds(one.end - one.start)}"
            comment = f";; no word times: {name} {channel} {times} {one.text}\n"
            lines.append((channel, one.start, one.end, comment))
    return "".join(line for *_, line in sorted(lines, key=lambda line: line[:3]))


def _by_time(row: tuple[int, Interval]) -> tuple[int, int, int]:
    return row[0], row[1].start, row[1].end


def render_stm(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write STM: file, channel, speaker (``unknown`` where none is known), start, end and text of each segment.

    Braces, and a ``<`` at the start, would be read as alternatives and as a label; their full-width forms stand for
    them.
    """
    rows = []
    for segment in transcript.segments:
        text = clean(segment.text).translate(_PLAIN)
        if text:
            start, end = milliseconds(segment.start), milliseconds(segment.end)
            opened = "＜" + text[1:] if text.startswith("<") else text
            speaker = field(segment.speaker or UNKNOWN)
            rows.append((_channel(transcript, segment.speaker), start, max(end, start + 1), speaker, opened))
    name = file_label(transcript.recording.path)
    return "".join(
        f"{name} {channel} {speaker} {_seconds(start)} {_seconds(end)} {text}\n"
        for channel, start, end, speaker, text in sorted(rows, key=lambda row: row[:3])
    )


def render_rttm(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write RTTM: who speaks when, from the diarization or the channels, else from the segments themselves."""
    rows = []
    for turn in turns_of(transcript):
        start, end = milliseconds(turn.start), milliseconds(turn.end)
        rows.append((start, max(end, start + 1), field(turn.speaker), _channel(transcript, turn.speaker)))
    name = file_label(transcript.recording.path)
    return "".join(
        f"SPEAKER {name} {channel} {_seconds(start)} {_seconds(end - start)} <NA> <NA> {speaker} <NA> <NA>\n"
        for start, end, speaker, channel in sorted(rows)
    )


_PLAIN = str.maketrans({"{": "｛", "}": "｝"})


def _parts(word: Interval) -> Iterator[Interval]:
    """Yield a word, or its parts where it has spaces, each with its share of the time."""
    texts = word.text.split()
    step = (word.end - word.start) / len(texts)
    spans = [(round(word.start + step * n), round(word.start + step * (n + 1))) for n in range(len(texts))]
    for text, (start, end) in zip(texts, lay_out(spans, word.start, word.end), strict=True):
        yield Interval(text, start, end, word.score, timed=word.timed)


def _channel(transcript: Transcript, speaker: str | None) -> int:
    channel = channel_of(speaker)
    return (transcript.recording.channel or 0) + 1 if channel is None else channel + 1


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"
