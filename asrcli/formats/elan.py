"""Tiers for phonetics: EAF 3.0 (the XML of ELAN), Praat's TextGrid, and label tracks of Audacity."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import count
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from asrcli.formats.text import clean, label
from asrcli.formats.timeline import Interval, end_of, lay_out, speaker_names, tiers
from asrcli.formats.units import milliseconds

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript


# The schema wants a date. The same transcript must give the same bytes, so it is always this one.
DATE = "1970-01-01T00:00:00+00:00"
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Annotated = tuple[str, str, Sequence[Interval]]  # name of the tier, speaker, what stands on it


def render_eaf(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write EAF: for each speaker a tier of segments, ``NAME words``, and ``NAME phones`` where an aligner gave some.

    Only words that have times stand on ``NAME words``; ``NAME interpolated`` says where they are interpolated.

    All tiers are alignable and none depends on another, so that any of them can be corrected by hand. Where one
    speaker's segments overlap, the first ends where the second begins.
    """
    annotated = list(_tiers(transcript))
    slots = sorted({time for _, _, intervals in annotated for one in intervals for time in (one.start, one.end)})
    names = {time: f"ts{number}" for number, time in enumerate(slots, 1)}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<ANNOTATION_DOCUMENT AUTHOR="asr" DATE="{DATE}" FORMAT="3.0" VERSION="3.0"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">',
        ' <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">',
        *_media(transcript.recording.path),
        " </HEADER>",
        " <TIME_ORDER>",
        *(f'  <TIME_SLOT TIME_SLOT_ID="{name}" TIME_VALUE="{time}"/>' for time, name in names.items()),
        " </TIME_ORDER>",
    ]
    numbers = count(1)
    for name, speaker, intervals in annotated:
        lines.append(
            f' <TIER LINGUISTIC_TYPE_REF="default" PARTICIPANT={_attribute(speaker)} TIER_ID={_attribute(name)}>'
        )
        for one in intervals:
            lines.append(
                f'  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{next(numbers)}"'
                f' TIME_SLOT_REF1="{names[one.start]}" TIME_SLOT_REF2="{names[one.end]}">'
                f"<ANNOTATION_VALUE>{escape(_xml(one.text))}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        lines.append(" </TIER>")
    lines.append(' <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default" TIME_ALIGNABLE="true"/>')
    return "\n".join([*lines, "</ANNOTATION_DOCUMENT>"]) + "\n"


def _tiers(transcript: Transcript) -> Iterator[Annotated]:
    words = {tier.speaker: tier for tier in tiers(transcript)}
    segments: dict[str | None, list[Interval]] = {speaker: [] for speaker in words}
    names = speaker_names(transcript)
    for segment in sorted(transcript.segments, key=lambda one: (one.start, one.end)):
        text = clean(segment.text)
        if text:
            whole = Interval(text, milliseconds(segment.start), milliseconds(segment.end))
            segments.setdefault(names[segment.speaker], []).append(whole)
    for speaker, said in segments.items():
        name = speaker or "text"
        spans = lay_out([(one.start, one.end) for one in said], 0, None)
        if said:
            yield name, speaker or "", [Interval(one.text, *span) for one, span in zip(said, spans, strict=True)]
        if tier := words.get(speaker):
            own = {"words": tier.words, "phones": tier.phones, "interpolated": tier.interpolated}
            yield from ((f"{name} {kind}", speaker or "", found) for kind, found in own.items() if found)


def _media(path: str) -> Iterator[str]:
    if path != "-":
        address = Path(path).absolute().as_uri()
        kind = guess_type(path)[0] or "application/octet-stream"
        kind = "audio/x-wav" if kind == "audio/wav" else kind  # the name that ELAN knows
        yield (
            f"  <MEDIA_DESCRIPTOR MEDIA_URL={_attribute(address)} MIME_TYPE={_attribute(kind)}"
            f" {_relative(path, Path(path).parent)}/>"
        )


def seen_from(text: str, recording: str, target: str) -> str:
    """Return an EAF with the way to its recording from the folder that it is written to."""
    return text.replace(_relative(recording, Path(recording).parent), _relative(recording, Path(target).parent), 1)


def _relative(recording: str, folder: Path) -> str:
    way = os.path.relpath(recording, folder)
    way = way if way.startswith(os.pardir + os.sep) else f"./{way}"
    return f"RELATIVE_MEDIA_URL={_attribute(quote(way, errors='surrogateescape'))}"


def _attribute(text: str) -> str:
    return quoteattr(_xml(clean(text)))


def _xml(text: str) -> str:
    """Return the text without characters that XML 1.0 does not allow."""
    return NOT_XML.sub("\ufffd", text)


def render_textgrid(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write a TextGrid (long text format): a tier ``words``, and ``phones`` where an aligner gave some.

    Segments without word times stand on a tier ``utterances`` in place of the words, and where times of words are
    interpolated, a tier ``interpolated`` says so.

    With several speakers each has tiers of their own, ``NAME - words`` and ``NAME - phones``, as the Montreal Forced
    Aligner names them. Intervals fill the whole file, as Praat wants it; those without a word have no text.
    """
    found = tiers(transcript)
    end = max([end_of(transcript), *(one.end for tier in found for one in (*tier.words[-1:], *tier.utterances[-1:]))])
    named: list[tuple[str, Sequence[Interval]]] = []
    for tier in found:
        lead = f"{tier.speaker} - " if len(found) > 1 else ""
        own = {"words": tier.words, "phones": tier.phones, "interpolated": tier.interpolated}
        own["utterances"] = tier.utterances
        named += [(f"{lead}{name}", intervals) for name, intervals in own.items() if intervals]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_seconds(end)}"]
    lines += ["tiers? <exists>", f"size = {len(named) or 1}", "item []:"]
    for number, (name, intervals) in enumerate(named or [("words", ())], 1):
        lines += _tier(number, name, list(fill(intervals, end)), end)
    return "\n".join(lines) + "\n"


def fill(intervals: Sequence[Interval], end: int) -> Iterator[Interval]:
    """Yield the intervals with empty ones between them, so that nothing from zero to the end is left out."""
    last = 0
    for interval in intervals:
        if interval.start > last:
            yield Interval("", last, interval.start)
        yield interval
        last = interval.end
    if last < end:
        yield Interval("", last, end)


def _tier(number: int, name: str, intervals: Sequence[Interval], end: int) -> Iterator[str]:
    yield f"    item [{number}]:"
    yield '        class = "IntervalTier"'
    yield f"        name = {_quoted(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {_seconds(end)}"
    yield f"        intervals: size = {len(intervals)}"
    for place, interval in enumerate(intervals, 1):
        yield f"        intervals [{place}]:"
        yield f"            xmin = {_seconds(interval.start)}"
        yield f"            xmax = {_seconds(interval.end)}"
        yield f"            text = {_quoted(interval.text)}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def render_audacity(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write a label per word where words have times, a label per segment elsewhere; the speaker stands before the text.

    To import it: File > Import > Labels.
    """
    rows = [
        (interval.start, interval.end, f"{label(tier.speaker)}{interval.text}")
        for tier in tiers(transcript)
        for interval in (*tier.words, *tier.utterances)
    ]
    return "".join(f"{start / 1000:.6f}\t{end / 1000:.6f}\t{text}\n" for start, end, text in sorted(rows))
