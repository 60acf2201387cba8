"""Questions and answers about a recording as Markdown, each with the places it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from asrcli.ask.evidence import texts_in
from asrcli.formats.subtitles import timestamp
from asrcli.formats.text import clean

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Answer, Transcript

QUOTE = 200  # characters of a place


def render_answers(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write a section for each question; nothing for a transcript without questions."""
    if not transcript.answers:
        return ""
    lines = [f"# {_escape(clean(transcript.recording.name))}", ""]
    for answer in transcript.answers:
        lines += _section(transcript, answer)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(transcript: Transcript, answer: Answer) -> Iterator[str]:
    yield from (f"## {_escape(clean(answer.question))}", "")
    text = "\n".join(_escape(clean(line)) for line in answer.text.splitlines())
    yield from (text or "*No answer.*", "")
    if answer.spans:
        yield from ("Rests on:", "")
        for span in answer.spans:
            said = clean(texts_in(span, transcript.segments))
            quote = said if len(said) <= QUOTE else f"{said[:QUOTE].rsplit(' ', 1)[0]} …"
            yield f"- {timestamp(span.start, '.')} to {timestamp(span.end, '.')}: “{_escape(quote)}”"
        yield ""
    elif text:
        yield from ("*No place in the recording says this in its words.*", "")


def _escape(text: str) -> str:
    """Keep a text from being read as HTML or as a heading; other Markdown of an answer, such as lists, is let be."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"\\{safe}" if safe.startswith("#") else safe
