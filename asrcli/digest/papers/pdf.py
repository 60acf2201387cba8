"""Papers in PDF: the text of their pages, and what must be mended in it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.digest.papers.lines import from_lines
from asrcli.digest.papers.reading import Reading
from asrcli.errors import InputError, MissingExtra
from asrcli.web.cleaning import clean

if TYPE_CHECKING:
    from pypdf import PageObject

MAX_PAGES = 60
# What pypdf lets out of a file that somebody has broken.
BROKEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, NotImplementedError)
_BOLD = re.compile(r"bold|medi$|cmbx|cmssbx|heavy|black|demi|-B$|-SB$", re.I)
_HEADING = re.compile(r"(?!(?:Table|Figure|Fig|Algorithm|Listing|Abstract)\b)[A-Z](?=.*[a-z])[^.!?]{2,79}")
_PROSE = re.compile(r"\s+(?:[A-Z“\"(][^\s]*|[a-z]\S*[A-Z]\S*)(?=(?:\s+\S+){0,6}?\s+[a-z]+(?:\s+\S+){0,4}?\s+[a-z]+\b)")
_STAMP = re.compile(r"^(?:\d{1,4}|arXiv:\S+.*|Preprint.{0,60}|Under review.{0,60}|Page \d+.{0,20})$", re.I)


def read_pdf(path: Path) -> Reading:
    """Read the text of a PDF, up to a number of pages.

    Raises:
        InputError: it cannot be read or holds no text.
        MissingExtra: there is no reader of PDFs.
    """
    try:
        from pypdf import PdfReader
        from pypdf.errors import PdfReadError
    except ImportError as error:
        raise MissingExtra("reading a PDF", ["pypdf"], "digest") from error
    try:
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it talks of each thing that it mends
        reader = PdfReader(path)
        title = str(reader.metadata.title or "") if reader.metadata else ""
        count = len(reader.pages)
        sizes: dict[float, list[str]] = {}
        if not title or len(title.split()) < 3:
            reader.pages[0].extract_text(visitor_text=partial(by_size, sizes))
        pages = [with_headings_apart(page) for page in reader.pages[:MAX_PAGES]]
    except (PdfReadError, OSError, RecursionError, AssertionError, *BROKEN) as error:
        raise InputError(f"{path}: not a PDF that can be read ({type(error).__name__})") from error
    lines = without_running_lines(pages)
    what = f"PDF, pages 1-{min(count, MAX_PAGES)} of {count}"
    found = from_lines(lines, clean(title, 400) or title_in(sizes, lines), what)
    if not found.text:
        raise InputError(f"{path}: the PDF holds no text (a scan?)")
    return found


def with_headings_apart(page: PageObject) -> str:
    """Return the text of a page, with a paragraph's heading that runs into it as a sentence of its own.

    Only the font tells such a heading from the sentence: "Decoding" and "Lark decodes with a beam of 8".
    """
    heads: list[str] = []
    before = ["\n"]

    def look(words: str, _: object, __: object, font: Any, ___: object) -> None:
        """Gather words in bold that begin a line, as pypdf visits the text of a page."""
        bold = _BOLD.search(str((font or {}).get("/BaseFont", "")))
        if bold and words.strip() and before[0].endswith("\n") and not words.endswith("\n"):
            heads.append(words)
        elif bold and words.strip() and heads and before[0] == heads[-1]:
            heads[-1] += words
            words = heads[-1]
        before[0] = words or before[0]

    text = page.extract_text(visitor_text=look)
    known = sorted({head.strip() for head in heads}, key=len, reverse=True)
    return "\n".join(apart(line, known) for line in text.splitlines())


def apart(line: str, heads: Sequence[str]) -> str:
    """Return a line, in two when it begins with a heading and goes on with a sentence."""
    for head in heads:
        rest = line.strip().removeprefix(head)
        if rest != line.strip() and head[-1].isalnum() and _HEADING.fullmatch(head) and _PROSE.match(rest):
            return f"{head}.\n{rest.strip()}"
    return line


def without_running_lines(pages: list[str]) -> list[str]:
    """Return the lines of all pages without page numbers, stamps and what stands at the edge of most pages."""
    split = [[line.strip() for line in page.splitlines() if line.strip()] for page in pages]
    edges = Counter(re.sub(r"\d+", "#", line) for lines in split for line in dict.fromkeys((*lines[:2], *lines[-2:])))
    often = {line for line, times in edges.items() if times > max(2, len(pages) / 3)}
    found = []
    for lines in split:
        last = len(lines) - 2
        found += [
            line
            for number, line in enumerate(lines)
            if not _STAMP.match(line) and not ((number < 2 or number >= last) and re.sub(r"\d+", "#", line) in often)
        ]
    return found


def by_size(sizes: dict[float, list[str]], words: str, _: object, matrix: list[float], __: object, size: float) -> None:
    """Gather the words of a page by the size of their letters."""
    if words.strip():
        sizes.setdefault(round(abs(size * matrix[3]), 1), []).append(words)


def title_in(sizes: dict[float, list[str]], lines: list[str]) -> str:
    """Return what is written largest on the first page and is more than two words; else its first line."""
    for _, words in sorted(sizes.items(), reverse=True)[: len(sizes) - 1]:  # the smallest is no title
        told = clean(" ".join(words), 400)
        if 2 < len(told.split()) <= 40 and sum(char.isalpha() for char in told) > len(told) / 2:
            return told
    return clean(lines[0], 400) if lines else ""
