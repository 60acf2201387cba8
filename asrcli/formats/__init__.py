"""Every format of a transcript, written and read.

The table `FORMATS` names the module of each format, which is imported when something is rendered in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from asrcli.base.hints import hint
from asrcli.errors import UsageError
from asrcli.formats.profiles import PROFILES, Layout, layout

if TYPE_CHECKING:
    from asrcli.types import Transcript

__all__ = ["FORMATS", "HIGHLIGHTING", "PROFILES", "WHISPER_FORMATS", "WORDED", "Format", "Layout", "check", "format_of",
           "formats", "layout", "render", "worded"]  # fmt: skip


# Of a transcript, how cues are shaped, and whether names of columns are written; gives text that encodes to UTF-8.
Renderer = Callable[["Transcript", Layout, bool], str]


@dataclass(frozen=True, slots=True)
class Format:
    """One output format, and where its writer is."""

    name: str
    extension: str  # without the dot
    module: str
    function: str
    joinable: bool  # the outputs of several recordings may follow one another on one stream

    def load(self) -> Renderer:
        """Import the writer."""
        return cast(Renderer, getattr(import_module(self.module), self.function))


def _format(name: str, module: str, joinable: bool = False, extension: str = "") -> Format:
    return Format(name, extension or name, f"asrcli.formats.{module}", f"render_{name}", joinable)


FORMATS: Mapping[str, Format] = {
    "txt": _format("txt", "text", joinable=True),
    "srt": _format("srt", "subtitles"),
    "vtt": _format("vtt", "subtitles"),
    "json": _format("json", "json"),
    "jsonl": _format("jsonl", "json", joinable=True),
    "tsv": _format("tsv", "text", joinable=True),
    "csv": _format("csv", "text", joinable=True),
    "lrc": _format("lrc", "subtitles"),
    "ass": _format("ass", "subtitles"),
    "textgrid": _format("textgrid", "elan", extension="TextGrid"),
    "eaf": _format("eaf", "elan"),
    "audacity": _format("audacity", "elan", extension="labels.txt"),  # its dialogue for labels shows *.txt
    "ctm": _format("ctm", "nist", joinable=True),
    "stm": _format("stm", "nist", joinable=True),
    "rttm": _format("rttm", "nist", joinable=True),
    "answers": Format("answers", "answers.md", "asrcli.formats.answers", "render_answers", joinable=True),
}

# Those that we read ourselves.
OWN_SUBTITLES = tuple(f".{name}" for name in "srt vtt ass ssa sbv lrc ttml dfxp itt srv1 srv2 srv3".split())
SUBTITLES = (*OWN_SUBTITLES, ".sub", ".smi", ".sami", ".mpl", ".stl", ".rt", ".scc")  # that are read as texts
UNREAD = (".mcc", ".usf", ".cap")  # subtitles that others turn into SubRip
PICTURES = (".sup", ".idx")  # subtitles without text
WORDED = frozenset({"ctm", "textgrid", "eaf"})  # formats of words with their times
HIGHLIGHTING = frozenset({"srt", "vtt", "ass", "lrc"})  # those that mark each word as it is said, when asked to
WHISPER_FORMATS = ("txt", "vtt", "srt", "tsv", "json")  # what openai-whisper means by "all"


def formats(text: str, known: Sequence[str] = (*FORMATS, "all")) -> list[str]:
    """Return the formats that a list such as ``srt,json`` or the word ``all`` names, each once, in that order.

    Args:
        text: the list.
        known: what can be chosen from.

    Raises:
        UsageError: a name is unknown, or the list is empty.
    """
    names: list[str] = []
    every = f"choose from: {', '.join(known)}"
    for name in (piece.strip().lower().removeprefix(".") for piece in text.split(",")):
        if name and name not in known:
            raise UsageError(f"unknown format '{name}': {hint(name, known, every)}")
        if name:
            names += WHISPER_FORMATS if name == "all" else [name]
    if not names:
        raise UsageError(f"no format in '{text}'; {every}")
    return list(dict.fromkeys(names))


def worded(formats: Collection[str], highlight: bool) -> list[str]:
    """Return which of the formats say when each word is said, and so have to be given word times.

    Args:
        formats: keys of `FORMATS`.
        highlight: whether subtitles mark each word as it is said.
    """
    return [name for name in formats if name in WORDED or (highlight and name in HIGHLIGHTING)]


def format_of(path: str) -> str:
    """Return the format that the extension of a file names; text for one that is unknown."""
    fitting = [one for one in FORMATS.values() if path.lower().endswith(f".{one.extension}".lower())]
    return max(fitting, key=lambda one: len(one.extension)).name if fitting else "txt"


def render(transcript: Transcript, format: str, layout: Layout, header: bool = True) -> str:
    """Return the transcript in one format; pure, and the same transcript always gives the same text.

    Args:
        transcript: what to write.
        format: a key of `FORMATS`.
        layout: how subtitle cues are shaped; the other formats do not read it.
        header: write the line of column names of tsv and csv; leave it out for every recording but the first
            when several follow one another on one stream.

    Raises:
        UsageError: the format is unknown.
    """
    if format not in FORMATS:
        every = f"choose from: {', '.join(FORMATS)}"
        raise UsageError(f"unknown format '{format}': {hint(format, FORMATS, every)}")
    return FORMATS[format].load()(transcript, layout, header)


def check(text: str, format: str, layout: Layout) -> list[str]:
    """Re-read rendered subtitles as a player would, and return one line about each constraint that a cue breaks.

    Formats other than srt and vtt give no lines, nor do layouts without shaping. With ``highlight_words`` the frames of
    a cue are put together again first.
    """
    if format not in ("srt", "vtt") or layout.by_segment:
        return []
    from asrcli.formats import cues, reading

    read = reading.parse_srt(text) if format == "srt" else reading.parse_vtt(text)
    shown = reading.join_frames(read) if layout.highlight_words else read
    return [str(violation) for violation in cues.check_cues(shown, layout)]
