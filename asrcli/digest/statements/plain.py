"""A sentence as the rules read it: without LaTeX, letter for letter in the same place, and cut into clauses."""

from __future__ import annotations

import re

_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sc|sf|tt)?|emph|math(?:bf|rm|it)|underline|bf|it|rm)\s*\{|\\(?:sim|approx|times|,|;|!| )"
)
LONGEST = 1200  # characters of a sentence that is read; real ones are half as long
# Where another subject may begin.
_CLAUSE = re.compile(
    r";|:(?=\s)|\s--+\s|—|,?\s+(?:while|whereas|whilst|but|although|though|where|which|whose)\b|,\s+and\s+(?=(?:the|our|its|a)\s|it\s|we\s)|"
    r",\s+(?=(?:unlike|compared|versus|outperforming|surpassing|exceeding|beating|improving|followed)\b)|"
    r"\s(?=compared (?:to|with)\b)"
)
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|„[^“”]*[“”]|«[^»]*»|``.*?''|(?<!\w)‘[^’]*’(?!\w)")


def plain(sentence: str) -> str:
    """Return the sentence with LaTeX replaced by blanks: every other character keeps its place."""
    text = _COMMAND.sub(lambda found: " " * len(found[0]), sentence)
    text = text.replace("\\%", " %").replace("\\&", " &")
    return re.sub(r"[${}~]", " ", text)


def is_quoted(text: str, at: int) -> bool:
    """Tell whether a place stands between quotation marks: what is said there may be anybody's words."""
    return any(found.start() < at < found.end() for found in _QUOTED.finditer(text))


def clauses(text: str) -> list[tuple[int, int]]:
    """Return where the clauses of a plain sentence begin and end."""
    cuts = [found.start() for found in _CLAUSE.finditer(text)]
    begins = [
        0,
        *(found.end() if found[0].strip() in (";", ":", "—") else found.start() for found in _CLAUSE.finditer(text)),
    ]
    return list(zip(begins, [*cuts, len(text)], strict=True))
