"""Authors of a BibTeX library, most frequent first."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from asrcli.base.whole import read_whole
from asrcli.digest.latex import as_text
from asrcli.errors import InputError
from asrcli.web.cleaning import clean

_AUTHORS = re.compile(r"\bauthor\s*=\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|\"([^\"]*)\")", re.I)


def read_authors(path: Path) -> list[str]:
    """Return every author as "First Last".

    Raises:
        InputError: the file cannot be read or holds no author.
    """
    try:
        text = read_whole(path).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    found: Counter[str] = Counter()
    for braced, quoted in _AUTHORS.findall(text):
        for name in re.split(r"\s+and\s+", re.sub(r"[{}\\]", "", as_text(braced or quoted))):
            last, comma, first = name.partition(",")
            plain = clean(f"{first} {last}" if comma else name, 200)
            if plain and plain.casefold() != "others":
                found[plain] += 1
    if not found:
        raise InputError(f"{path} holds no author")
    return sorted(found, key=lambda name: (-found[name], name))
