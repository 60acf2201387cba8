"""What was read of a paper: its text in parts, its tables and its list of references, whatever file it came in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from asrcli.base.files import reason
from asrcli.digest.items import Item, Kind
from asrcli.digest.sentences import Span, split_sentences
from asrcli.errors import InputError
from asrcli.web.cleaning import clean

MAX_FILE = 50 * 2**20
MAX_SENTENCES = 3000
SHORTEST, LONGEST = 20, 700  # characters of a sentence that is looked at


class Part(StrEnum):
    """What a section is for: it decides whose words its sentences are likely to be."""

    ABSTRACT = "abstract"
    INTRODUCTION = "introduction"
    PRIOR = "prior work"
    METHOD = "method"
    RESULTS = "results"
    LIMITS = "limits"
    CONCLUSION = "conclusion"
    OTHER = "other"
    BACK = "back matter"  # thanks, funding, ethics: nothing of it is evidence


_PARTS = (
    (Part.ABSTRACT, r"abstract"),
    (Part.LIMITS, r"limitations?\b|threats to validity"),
    (Part.PRIOR, r"related works?|background|previous work|prior work|literature|preliminar"),
    (Part.BACK, r"acknowledge?ments?|ethic|funding|broader impact|author contribution|contributors|conflict|"
                r"generative ai|use of (?:generative |large )?(?:ai|llm)|disclosure|availability|checklist"),
    (Part.INTRODUCTION, r"introduction|motivation"),
    (Part.CONCLUSION, r"conclu|discussion|summary|future work|outlook"),
    (Part.RESULTS, r"results?|evaluation|ablation|analys[ie]s|findings|performance|comparison"),
    (Part.METHOD, r"method|approach|model|architecture|experiment|set-?up|data|corp(?:us|ora)|training|"
                  r"implementation|system|proposed|framework|baselines?"),
)  # fmt: skip


def part_of(heading: str, parent: Part = Part.OTHER) -> Part:
    """Return what a section is for by its heading; by the section around it when the heading does not say."""
    if parent in (Part.PRIOR, Part.BACK, Part.LIMITS):
        return parent
    found = next((part for part, words in _PARTS if re.search(rf"\b(?:{words})", heading, re.I)), None)
    return found or parent


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the text of one section."""

    part: Part
    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table as rows of cells; of a PDF only the first cell of a row and its numbers are told apart."""

    label: str  # "Table 2"
    caption: str
    head: tuple[str, ...]  # one name per column, () when it is not known
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of the list of references, under the label by which the text names it."""

    label: str  # "12", or "Radford et al., 2023"
    entry: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the text."""

    span: Span
    part: Part
    heading: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a paper. Captions, tables and references are no part of its text."""

    title: str
    text: str
    what: str  # "abstract", "PDF, pages 1-9", "text file"
    url: str = ""
    identity: str = ""
    version: int = 1
    citations: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def whole(self) -> bool:
        """Tell whether more than the abstract was read."""
        return not self.what.startswith("abstract")

    @property
    def abstract(self) -> str:
        """The abstract; the beginning of a text whose parts are not known."""
        own = [self.text[one.start : one.end] for one in self.blocks if one.part is Part.ABSTRACT]
        return " ".join(own) or self.text[:3000]

    def sentences(self) -> list[Sentence]:
        """Return the sentences that are not too short or too long to be read."""
        found = []
        for block in self.blocks or (Block(Part.ABSTRACT, "", 0, len(self.text)),):
            for span in split_sentences(self.text[block.start : block.end]):
                if SHORTEST <= span.end - span.start <= LONGEST:
                    moved = Span(block.start + span.start, block.start + span.end)
                    found.append(Sentence(moved, block.part, block.heading, moved.of(self.text)))
        return found[:MAX_SENTENCES]


def put_together(pieces: Sequence[tuple[Part, str, str]]) -> tuple[str, tuple[Block, ...]]:
    """Return one text and its blocks from (part, heading, words); neighbours of one section become one block."""
    text = ""
    blocks: list[Block] = []
    for part, heading, words in pieces:
        words = clean(words, MAX_FILE)
        if not words:
            continue
        start = len(text) + bool(text)
        text = f"{text}\n{words}" if text else words
        blocks.append(Block(part, heading, start, len(text)))
    return text, tuple(blocks)


def read_item(item: Item) -> Reading:
    """Return what the store holds of a paper: its abstract.

    Raises:
        InputError: no paper, or one without an abstract.
    """
    if item.kind is not Kind.PAPER or not item.text:
        raise InputError(f"{item.id}: there is no abstract of it in the digest")
    return Reading(item.title, item.text, "abstract", item.url, item.id.partition(":")[2], max(1, item.version))


def read_file(path: Path) -> Reading:
    """Read a PDF, an HTML page or a text file.

    Raises:
        InputError: it cannot be read, is too large or holds no text.
        MissingExtra: a PDF, and no reader for it.
    """
    from asrcli.digest.papers.hypertext import is_html, read_html
    from asrcli.digest.papers.lines import from_lines
    from asrcli.digest.papers.pdf import read_pdf

    try:
        if path.stat().st_size > MAX_FILE:
            raise InputError(f"{path}: larger than {MAX_FILE // 2**20} MB")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from error
    if data.startswith(b"%PDF"):
        return read_pdf(path)
    raw = data.decode("utf-8", "replace")
    if is_html(raw):
        return read_html(raw, str(path))
    first, _, rest = raw.strip().partition("\n")
    found = from_lines(rest.splitlines(), clean(first.lstrip("# "), 400), "text file")
    if not found.text:
        raise InputError(f"{path}: holds no text beside its first line")
    return found
