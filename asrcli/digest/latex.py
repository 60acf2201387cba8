"""LaTeX in titles and abstracts, as text: what authors typed for a typesetter, read by people and spoken by voices."""

from __future__ import annotations

import re

_HOLDS = re.compile(r"\\[A-Za-z%&_#$,;! '\"`^~{}]|\$[^$\n]{1,400}\$|``|''")
MAX = 20_000  # characters; longer ones are left as they are
_DEPTH = 40  # of braces


def as_text(text: str) -> str:
    """Return a text with its LaTeX turned into characters; text without any, and what cannot be read, is left alone.

    arXiv's abstracts are plain text in which authors leave some LaTeX: a per cent sign begins no comment, and neither
    an underscore nor an ampersand means anything outside of formulas.
    """
    if not _HOLDS.search(text) or len(text) > MAX or deep(text):
        return text
    from pylatexenc.latex2text import LatexNodes2Text
    from pylatexenc.latexwalker import LatexWalkerError

    source = re.sub(r"\\(?:texttt|url|href\{[^{}]*\}|textcolor(?:\[\w*\])?\{[^{}]*\})\s*\{([^{}]*)\}", r"\1", text)
    source = re.sub(r"~?\\(?:cite[tp]?|ref|label|footnote)\s*(?:\[[^\[\]]*\])?\{[^{}]*\}", "", source)
    source = re.sub(r"(?<![\w\\])~(?=\s*[\d$])", "∼", source)  # "about", and no space that does not break
    source = re.sub(r"(?<!\\)([%#&])", r"\\\1", source)
    # A formula's dollars come in pairs; a price's do not.
    source = source if len(re.findall(r"(?<!\\)\$", source)) % 2 == 0 else re.sub(r"(?<!\\)\$", r"\\$", source)
    source = re.sub(r"(?<=\d)\s*\\times\s*(?=[.,;\s]|$)", "×", source)
    reader = LatexNodes2Text(math_mode="text", strict_latex_spaces=False, keep_comments=False)
    try:
        found = reader.latex_to_text(source)
    except (LatexWalkerError, RecursionError, ValueError, IndexError, KeyError, TypeError, AttributeError):
        return text
    found = " ".join(found.replace("\xa0", " ").split())
    # A command that the library does not know vanishes with what it holds: then the source says more.
    return found if len(found) * 2 > len(re.sub(r"\\[A-Za-z]+|[{}$]", "", text)) else text


def deep(text: str) -> bool:
    """Tell whether braces are nested so deep that reading them would take long."""
    level = 0
    for char in text:
        level += (char == "{") - (char == "}")
        if level > _DEPTH:
            return True
    return False
