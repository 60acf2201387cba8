"""Where two clips meet: a sentence begins with a capital after a full stop, as it does within a clip.

An engine that recognises a clip by itself may end it with a full stop where the speaker goes on, and begin the next one
with a small letter. What is settled is never taken back, so the next one changes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asrcli.types import Segment

TITLES = frozenset({"mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "vs.", "etc.", "e.g.", "i.e.", "no.", "z.b.", "bzw."})
# A full stop behind a word; not behind a number ("am 3. mai"), a single letter ("J. smith") or another full stop.
STOPPED = re.compile(r"(?:^|\s)(\S*[^\W\d_]{2}\.)\s*$")
FIRST = re.compile(r"\s*[^\W\d_]+")


def capitalised(before: str, text: str) -> str:
    """Return a text with a capital where it begins with a word in small letters and `before` ends with a full stop."""
    stopped, first = STOPPED.search(before), FIRST.match(text)
    if not stopped or stopped[1].lower() in TITLES or not first or not first[0].strip().islower():
        return text
    at = first.end() - len(first[0].lstrip())
    return text[:at] + text[at].upper() + text[at + 1 :] if len(text[at].upper()) == 1 else text


def joined(before: str, segment: Segment) -> Segment:
    """Return a segment likewise, with its words."""
    return respelled(segment, capitalised(before, segment.text))


def respelled(segment: Segment, text: str) -> Segment:
    """Return a segment with its text in other capitals at the beginning, and its first word likewise."""
    if text == segment.text:
        return segment
    first = tuple(
        replace(word, text=text[: len(word.text)]) if segment.text.startswith(word.text) else word
        for word in segment.words[:1]
    )
    return replace(segment, text=text, words=first + segment.words[1:])
