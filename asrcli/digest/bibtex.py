"""Authors of a BibTeX library, most frequent first."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from asrcli.base.files import reason
from asrcli.base.whole import read_whole
from asrcli.digest.latex import as_text
from asrcli.errors import InputError
from asrcli.web.cleaning import clean

LONGEST = 50_000  # characters of a value; the authors of the largest collaborations have 40 000
_AUTHOR = re.compile(r"\bauthor\s*=\s*(?=[{\"])", re.I)


def read_authors(path: Path) -> list[str]:
    """Return every author as "First Last".

    Raises:
        InputError: the file cannot be read or holds no author.
    """
    try:
        text = read_whole(path).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    found: Counter[str] = Counter()
    for field in _AUTHOR.finditer(text):
        for name in re.split(r"\s+and\s+", re.sub(r"[{}\\]", "", as_text(value_at(text, field.end())))):
            last, comma, first = name.partition(",")
            plain = clean(f"{first} {last}" if comma else name, 200)
            if plain and plain.casefold() != "others":
                found[plain] += 1
    if not found:
        raise InputError(f"{path} holds no author")
    return sorted(found, key=lambda name: (-found[name], name))


def value_at(text: str, start: int) -> str:
    """Return what a pair of braces or quotation marks holds; braces within are balanced (``{\\v{r}}``)."""
    level = 0
    for at in range(start + 1, min(len(text), start + LONGEST)):
        char, escaped = text[at], text[at - 1] == "\\"
        if level == 0 and char == ("}" if text[start] == "{" else '"') and not (escaped and char == '"'):
            return text[start + 1 : at]
        level += (char == "{") - (char == "}")
    return ""
