"""Text from strangers, made harmless before it is kept, and escaped for the place it is written to.

Two steps, never mixed: `clean` runs once when text enters; `escape_markdown` and the serialisers of
`asrcli.web.markup` run when it leaves. What has been cleaned is stored, so character spans into it stay true.
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import urlsplit, urlunsplit

# Bidirectional controls, zero-width characters, soft hyphens and tags can show a reader another text than a program
# reads.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]{0,2000}|!--.*?--)>", re.DOTALL)
_SPECIAL = re.compile(r"([\\`*_\[\]#!|<>~$&])")
_STARTER = re.compile(r"^(?:([-+=:])|(\d+)([.)])(?=\s|$))")  # would begin a list, a heading or a table
MAX_TITLE = 400  # characters; the longest real arXiv title is below 300
MAX_TEXT = 20_000  # the longest real abstract is below 4 000


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return one line of NFC text without control, bidirectional or invisible characters, cut at ``limit``."""
    text = text[: limit * 4]
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs", "Co", "Cn") else char for char in text)
    text = _SPACE.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clean_title(text: str) -> str:
    """Clean a title."""
    return clean(text, MAX_TITLE)


def plain_text(markup: str, limit: int = MAX_TEXT) -> str:
    """Return the text of an HTML fragment: tags dropped, entities read once, cleaned."""
    return clean(html.unescape(_TAG.sub(" ", markup[: limit * 8])), limit)


def safe_url(url: str) -> str:
    """Return an http(s) link with a host, no user name and no control characters; "" for anything else."""
    url = url.strip()
    if len(url) > 2000 or any(char.isspace() or ord(char) < 33 or ord(char) == 127 for char in url):
        return ""
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or parts.username is not None:
            return ""
        parts.port  # noqa: B018  raises on nonsense
    except ValueError:
        return ""
    if clean(url, 2000) != url:
        return ""
    return re.sub(r"[\"'<>\\^`{|}()\[\]]", lambda found: f"%{ord(found[0]):02X}", urlunsplit(parts))


def escape_markdown(text: str) -> str:
    """Return text that every CommonMark reader shows as it is, in a paragraph, a table cell, a list or a link.

    Every special character gets a backslash, which also breaks comment markers, and ``:`` after a scheme is split so
    that readers with automatic links leave it alone.
    """
    escaped = _SPECIAL.sub(r"\\\1", clean(text))
    escaped = re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", "\\1\\\\\\2", escaped)
    return _STARTER.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", escaped)


def markdown_link(text: str, url: str) -> str:
    """Return a link, or only the text when there is no safe address."""
    url = safe_url(url)
    return f"[{escape_markdown(text)}](<{url}>)" if url else escape_markdown(text)


def file_name(text: str) -> str:
    """Return a name made of letters, digits, dots and dashes that cannot leave its folder."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")
    return name[:120] or "unnamed"
