"""The constraints that shape subtitle cues, and named sets of them.

Widths and reading speeds count **columns**: a wide East Asian character (Unicode Standard Annex 11, classes W and F)
is two columns, a combining mark none, everything else one. Style guides for Chinese, Japanese and Korean count
full-width characters; their figures are doubled here.

Sources of the figures:

- Netflix, Timed Text Style Guide: General Requirements (5/6 s to 7 s, 2 frames between events, 2 lines; gaps of 3 to
  11 frames are closed to 2), English (42 characters per line, 20 characters per second), Simplified Chinese (16 and 9),
  Japanese (13 and 4), Korean (16 and 12). Most other languages have 42 and 17. Frames are taken at 24 per second.
- BBC, Subtitle Guidelines 3.1 (37 characters per line in teletext), 3.3 (2 lines), 4.1 (160 to 180 words per minute, at
  least 0.3 s per word) and 4.5 (no gap, or one of at least a second). At six characters per word with its space, 180
  words per minute are 18 characters per second. They set no longest duration; Netflix's is taken.
- TED Translators, cheat sheet: 42 characters per line, 2 lines, 21 characters per second, 1 s to 7 s.
- YouTube and vertical video: the platforms publish no figures. `youtube` keeps TED's lines; `shorts` (one line of a few
  words) is our choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict, Unpack

from asrcli.base.hints import hint
from asrcli.errors import UsageError

FRAME = 1 / 24  # seconds


@dataclass(frozen=True, slots=True)
class Layout:
    """What a subtitle cue must keep to. ``None`` sets no limit."""

    max_line_width: int = 42  # columns
    max_lines: int = 2
    max_cps: float | None = 20.0  # columns per second
    min_duration: float = 5 / 6  # seconds
    max_duration: float | None = 7.0  # seconds
    min_gap: float = 2 * FRAME  # seconds between the end of a cue and the start of the next
    close_gap: float = 0.0  # seconds; a gap shorter than this is closed to min_gap
    max_words_per_line: int | None = None
    highlight_words: bool = False  # srt and vtt underline, ass and lrc time each word as it is said
    by_segment: bool = False  # one cue per segment as recognised, on one line, as openai-whisper writes; no shaping
    keep_breaks: bool = False  # with by_segment: the lines of subtitles that were read stay lines


class LayoutChanges(TypedDict, total=False):
    """Other values for fields of a `Layout`; one that is ``None`` changes nothing."""

    max_line_width: int | None
    max_lines: int | None
    max_cps: float | None
    min_duration: float | None
    max_duration: float | None
    min_gap: float | None
    max_words_per_line: int | None
    highlight_words: bool | None


NETFLIX = Layout(close_gap=12 * FRAME)

PROFILES: Mapping[str, Layout] = {
    "default": Layout(),
    "netflix": NETFLIX,
    "netflix-zh": replace(NETFLIX, max_line_width=32, max_cps=18.0),
    "netflix-ja": replace(NETFLIX, max_line_width=26, max_cps=8.0),
    "netflix-ko": replace(NETFLIX, max_line_width=32, max_cps=24.0),
    "bbc": Layout(max_line_width=37, max_cps=18.0, min_duration=0.9, min_gap=0.0, close_gap=1.0),  # three words
    "ted": Layout(max_cps=21.0, min_duration=1.0),
    "youtube": Layout(max_cps=21.0, min_duration=1.0, min_gap=0.0),
    "shorts": Layout(
        max_line_width=20, max_lines=1, max_cps=None, min_duration=0.3, max_duration=2.5, min_gap=0.0, close_gap=0.5
    ),
    "whisper": Layout(by_segment=True),
}


def layout(profile: str = "default", **overrides: Unpack[LayoutChanges]) -> Layout:
    """Return a profile with some of its constraints changed; an override that is ``None`` changes nothing.

    Raises:
        UsageError: no such profile or constraint, a value out of range, or constraints that exclude each other.
    """
    if profile not in PROFILES:
        every = f"choose from: {', '.join(PROFILES)}"
        raise UsageError(f"unknown subtitle profile '{profile}': {hint(profile, PROFILES, every)}")
    known = {field.name for field in fields(Layout)}
    for name in overrides:
        if name not in known:
            raise UsageError(f"unknown subtitle constraint '{name}'; choose from: {', '.join(sorted(known))}")
    changes: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    made = replace(PROFILES[profile], **changes)
    _check(made)
    return made


# name, lowest, highest; a line of fewer than four columns cannot hold two full-width characters
RANGES = (
    ("max_line_width", 4, 1000),
    ("max_lines", 1, 20),
    ("max_cps", 1, 1000),
    ("min_duration", 0, 60),
    ("max_duration", 0.1, 3600),
    ("min_gap", 0, 10),
    ("close_gap", 0, 60),
    ("max_words_per_line", 1, 1000),
)


def _check(layout: Layout) -> None:
    for name, lowest, highest in RANGES:
        value = getattr(layout, name)
        if value is not None and not lowest <= value <= highest:
            raise UsageError(f"--{name.replace('_', '-')} {value} is out of range: give {lowest} to {highest}")
    if layout.max_duration is not None and layout.max_duration < layout.min_duration:
        raise UsageError(
            f"--max-duration {layout.max_duration:g} is shorter than --min-duration {layout.min_duration:g}"
        )
