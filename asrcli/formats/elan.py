"""EAF 3.0, the XML of ELAN."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from asrcli.formats.text import clean
from asrcli.formats.timeline import Interval, lay_out, speaker_names, tiers
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
        if speaker in words:
            yield f"{name} words", speaker or "", words[speaker].words
            if words[speaker].phones:
                yield f"{name} phones", speaker or "", words[speaker].phones


def _media(path: str) -> Iterator[str]:
    if path != "-":
        address = Path(path).absolute().as_uri()
        beside = "./" + quote(Path(path).name, errors="surrogateescape")
        kind = guess_type(path)[0] or "application/octet-stream"
        kind = "audio/x-wav" if kind == "audio/wav" else kind  # the name that ELAN knows
        yield (
            f"  <MEDIA_DESCRIPTOR MEDIA_URL={_attribute(address)} MIME_TYPE={_attribute(kind)}"
            f" RELATIVE_MEDIA_URL={_attribute(beside)}/>"
        )


def _attribute(text: str) -> str:
    return quoteattr(_xml(clean(text)))


def _xml(text: str) -> str:
    """Return the text without characters that XML 1.0 does not allow."""
    return NOT_XML.sub("\ufffd", text)
