"""Papers in PDF: the text of their pages, and what must be mended in it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from functools import partial
from pathlib import Path

from asrcli.digest.papers.lines import from_lines
from asrcli.digest.papers.reading import Reading
from asrcli.errors import InputError, MissingExtra
from asrcli.web.cleaning import clean

MAX_PAGES = 60
# What pypdf lets out of a file that somebody has broken.
BROKEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, NotImplementedError)
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
        pages = [page.extract_text() for page in reader.pages[:MAX_PAGES]]
    except (PdfReadError, OSError, RecursionError, AssertionError, *BROKEN) as error:
        raise InputError(f"{path}: not a PDF that can be read ({type(error).__name__})") from error
    lines = without_running_lines(pages)
    found = from_lines(lines)
    if not found.text:
        raise InputError(f"{path}: the PDF holds no text (a scan?)")
    read = min(count, MAX_PAGES)
    return Reading(
        clean(title, 400) or title_in(sizes, lines), found.text, f"PDF, pages 1-{read} of {count}{found.left_out}",
        blocks=found.blocks, tables=found.tables, references=found.references,
    )  # fmt: skip


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
