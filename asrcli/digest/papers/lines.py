"""The lines of a text or PDF put back into what they were: sections, captions, tables and the list of references."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from asrcli.digest.papers.reading import Part, Reading, Reference, Table, part_of, put_together
from asrcli.web.cleaning import clean

_REFERENCES = re.compile(r"^[#\s]*(?:\d{1,2}\.?\s+)?(?:References|REFERENCES|Bibliography|BIBLIOGRAPHY)[ \t:]*$", re.M)
_APPENDIX = re.compile(r"^[#\s]*(?:(?:Appendix|APPENDIX|Supplementary)\b.{0,60}|A\.?\s+[A-Z][\w ]{3,60})$", re.M)
_ENTRY = re.compile(r"\b(?:19|20)\d\d\b|\barXiv\b|^\s*\[\d+\]", re.M)  # of a list of references
_LABELLED = re.compile(r"^\s*(?:\[(\d{1,3})\]|(\d{1,3})\.\s)\s*", re.M)
_NUMBERED = re.compile(
    r"^(?P<mark>\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.|[A-H](?:\.\d{1,2}){0,2}\.?)\s+(?P<name>[A-Z][^.!?;]{1,80})$"
)
_KNOWN = re.compile(
    r"^(?:abstract|introduction|related works?|background|methods?|methodology|experiments?|experimental set-?up|"
    r"evaluation|results(?: and discussion)?|discussion|limitations?|conclusions?(?: and future work)?|"
    r"acknowledge?ments?|ethics statement|ethical considerations|appendix(?: [A-H])?)\W*$",
    re.I,
)
_RUN_IN = re.compile(r"^(?P<name>Abstract|ABSTRACT)\s*[—–:.-]+\s*(?P<rest>\S.*)$")
_LABEL = r"^(?P<label>(?:Table|TABLE|Figure|FIGURE|Fig\.|Algorithm|Listing)\s*(?:\d+|[IVX]+))"
_COLON = re.compile(rf"{_LABEL}\s*:\s*(?P<rest>.*)$", re.M)
_POINT = re.compile(rf"{_LABEL}(?:\s*[:.]\s*(?P<rest>.*)|(?P<none>))$")
_NUMBER = re.compile(r"^[+\-−±~≈<>(]*\d(?:[\d.,]*\d)?(?:%|[BMKk]|h|x|×)?[+*†‡)]*$|^[-–—]$|^N/?A$")


def from_lines(lines: Sequence[str], title: str, what: str) -> Reading:
    """Return what the lines of a paper hold, under its title; ``what`` was read."""
    own, listed, left_out = without_references("\n".join(without_contents(lines)))
    reader = _Reader([line.strip() for line in own.splitlines() if line.strip()])
    reader.read()
    words = _Words(own)
    pieces = [
        (part, words.join(heading.split("\n")), words.join(gathered)) for part, heading, gathered in reader.pieces
    ]
    text, blocks = put_together(pieces)
    return Reading(
        title,
        text,
        f"{what}{left_out}",
        blocks=blocks,
        tables=tuple(reader.tables),
        references=references_in(listed, words),
    )


def without_contents(lines: Sequence[str]) -> list[str]:
    """Return lines without a table of contents, which repeats every heading."""
    begin = next(
        (at for at, line in enumerate(lines) if re.fullmatch(r"(?:table of )?contents", line.strip(), re.I)), -1
    )
    end = begin + 1
    while begin >= 0 and end < len(lines) and re.search(r"\s\d{1,3}$|(?:\s?\.){4,}", lines[end]):
        end += 1
    kept = [*lines[: max(begin, 0)], *lines[end:]]
    return [line for line in kept if not re.search(r"(?:\s?\.){5,}\s*\d*$", line)]


def without_references(text: str) -> tuple[str, str, str]:
    """Return a paper without its list of references, the list, and what to say of that.

    The list goes from the last heading of that name to an appendix, or to the end.
    """
    headings = list(_REFERENCES.finditer(text))
    if not headings:
        return text, "", ""
    begin = headings[-1].start()
    appendix = _APPENDIX.search(text, headings[-1].end())
    end = appendix.start() if appendix else len(text)
    if not _ENTRY.search(text, begin, end):
        return text, "", ""
    return f"{text[:begin]}\n{text[end:]}", text[headings[-1].end() : end], ", without its references"


def references_in(listed: str, words: _Words) -> tuple[Reference, ...]:
    """Return the entries of a numbered list; of lists without numbers none, since the text cannot be tied to them."""
    found = list(_LABELLED.finditer(listed))
    entries: list[Reference] = []
    for number, match in enumerate(found, 1):
        end = found[number].start() if number < len(found) else len(listed)
        label = match[1] or match[2]
        if label == str(len(entries) + 1):  # "2023." at the beginning of a line is no label
            entries.append(Reference(label, clean(words.join(listed[match.end() : end].splitlines()), 600)))
    return tuple(entries)


# Of words with a hyphen: halves that begin, or end, hardly a word that a line's end cuts.
_FIRST = frozenset("self cross low zero fine open near large real well full few next long".split())
_SECOND = frozenset(
    "based specific level aware agnostic driven trained tuned tuning source party efficient scale quality "
    "resource shot language entropy only invariant guided generated augmented ready script stage end rate".split()
)


class _Words:
    """Joins lines, and words that a line's end cut."""

    def __init__(self, text: str) -> None:
        self.known = {word.lower() for word in re.findall(r"[^\W\d_]{3,}", re.sub(r"\w{1,40}-\n\w{1,40}", "-", text))}
        hyphened = (word.lower().split("-") for word in re.findall(r"\b\w{1,40}(?:-\w{1,40})+", text))
        self.hyphened = {f"{left}-{right}" for parts in hyphened for left, right in pairwise(parts)}

    def join(self, lines: Sequence[str]) -> str:
        """Return the lines as one."""
        return re.sub(r"(\S{1,60})-\n(\w{1,40})", self._mend, "\n".join(line.strip() for line in lines))

    def _mend(self, found: re.Match[str]) -> str:
        left, right = found[1], found[2]
        head = re.split(r"[^\w-]", left)[-1]
        last = head.rpartition("-")[2]
        if f"{last}-{right}".lower() in self.hyphened:
            return f"{left}-{right}"
        if f"{last}{right}".lower() in self.known and last.isalpha():
            return f"{left}{right}"
        # A name, an abbreviation or a number keeps its hyphen; an unknown word was cut by the line's end.
        small = last.lower() in ("of", "the", "to", "and", "in", "by", "for", "on") and "-" in head
        keeps = (
            small
            or found.string[found.end() : found.end() + 1] == "-"
            or not right[:1].islower()
            or not last.isalpha()
            or last.isupper()
            or re.search(r"[a-z][A-Z]", head) is not None
            or {last.lower(), right} <= self.known  # two words of their own
            or (len(last) > 2 and right.lower() in _SECOND)
            or (len(right) > 4 and last.lower() in _FIRST)
        )
        return f"{left}-{right}" if keeps else f"{left}{right}"


@dataclass(slots=True)
class _Reader:
    """Goes through the lines once."""

    lines: list[str]
    pieces: list[tuple[Part, str, list[str]]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    sections: list[tuple[int, Part, str]] = field(default_factory=list)
    last: int = 0  # number of the last section of the first level
    label: str = ""
    caption: str = ""
    rows: list[str] = field(default_factory=list)
    captions: re.Pattern[str] = _COLON
    part: Part = Part.ABSTRACT  # and name of the section that is being read
    name: str = ""

    def read(self) -> None:
        """Read all lines."""
        typical = median(len(line) for line in self.lines) if self.lines else 0
        # "Table 2. Unless ..." may be the middle of a sentence where captions are written with a colon.
        self.captions = _COLON if _COLON.search("\n".join(self.lines)) else _POINT
        # A text without an abstract's heading begins with what is most like one.
        headed = any(self.heading(line) for line in self.lines)
        self.part = Part.BACK if headed else Part.ABSTRACT
        at = 0
        while at < len(self.lines):
            at = self.take(at, typical) + 1
        self.close_table()

    def take(self, at: int, typical: float) -> int:
        """Take what begins at a line; return the number of its last line."""
        line = self.lines[at]
        if found := self.heading(line):
            return self.take_heading(at, found, typical)
        if caption := self.captions.match(line):
            return self.take_caption(at, caption, typical)
        if is_row(line) or self.beside_rows(at, typical):
            self.rows.append(line)
            return at
        self.close_table()
        if not self.pieces or self.pieces[-1][:2] != (self.part, self.name):
            self.pieces.append((self.part, self.name, []))
        self.pieces[-1][2].append(line)
        return at

    def take_heading(self, at: int, found: re.Match[str], typical: float) -> int:
        """Begin a section and return the number of its heading's last line."""
        self.close_table()
        line = self.lines[at]
        while at + 1 < len(self.lines) and goes_on(line, self.lines[at + 1], typical):
            at += 1
            line = f"{line}\n{self.lines[at]}"
        self.part, self.name, rest = self.enter(line, found)
        self.pieces.append((self.part, self.name, [rest] if rest else []))
        return at

    def beside_rows(self, at: int, typical: float) -> bool:
        """Tell whether a line without numbers belongs to a table: its head, or a row that groups others."""
        line = self.lines[at]
        if not (self.label or self.rows) or line[-1:] in ".:;,":
            return False
        short = len(line) < typical * (0.6 if self.rows else 1.3)
        return short and any(map(is_row, self.lines[at + 1 : at + 3]))

    def heading(self, line: str) -> re.Match[str] | None:
        """Return how a line is a heading."""
        plain = line.lstrip("# ")
        if found := _RUN_IN.match(plain) or _KNOWN.match(plain):
            return found
        found = _NUMBERED.match(plain)
        if not found or is_row(line) or len(plain.split()) > 12:
            return None
        mark = found["mark"].rstrip(".")
        if not mark[:1].isdigit():
            return found if part_of(found["name"]) is not Part.OTHER or found["name"].isupper() else None
        first = int(mark.partition(".")[0])
        return found if first in (self.last, self.last + 1) and ("." in mark or first == self.last + 1) else None

    def enter(self, line: str, found: re.Match[str]) -> tuple[Part, str, str]:
        """Enter a section; return its part, its heading and what text follows on the same line."""
        plain = line.lstrip("# ")
        groups = found.groupdict()
        mark = (groups.get("mark") or "").rstrip(".")
        name = plain[found.start("name") :] if mark else groups.get("name") or plain.strip(" :.")
        level = mark.count(".") + 1 if mark else 1
        if mark[:1].isdigit():
            self.last = int(mark.partition(".")[0])
        while self.sections and self.sections[-1][0] >= level:
            self.sections.pop()
        part = part_of(name, self.sections[-1][1] if self.sections else Part.OTHER)
        self.sections.append((level, part, name))
        return part, name, groups.get("rest") or ""

    def take_caption(self, at: int, found: re.Match[str], typical: float) -> int:
        """Take a caption and return the number of its last line."""
        waiting = self.rows if self.rows and not self.label else []
        if not waiting:
            self.close_table()
        words = [found["rest"] or ""]
        while (
            not re.search(r"[.!?]\)?$", self.lines[at])
            and (len(self.lines[at]) > typical * 0.7 or self.lines[at].endswith("-"))
            and at + 1 < len(self.lines)
            and len(words) < 12
            and not (
                is_row(self.lines[at + 1])
                or self.heading(self.lines[at + 1])
                or self.captions.match(self.lines[at + 1])
            )
        ):
            at += 1
            words.append(self.lines[at])
        is_table = found["label"].lower().startswith("table")
        self.label, self.caption = (found["label"], clean(" ".join(words), 600)) if is_table else ("", "")
        if waiting:
            self.close_table()
        return at

    def close_table(self) -> None:
        """Keep the table that was being read, when there is one."""
        rows = [cells_of(line) for line in self.rows]
        body = [row for row in rows if len(row) > 1]
        if body and len(self.tables) < 200:
            heads = [line.split() for line in self.rows if len(cells_of(line)) < 2]
            width = max(len(row) for row in body)
            head = next((tuple(words) for words in reversed(heads) if len(words) == width), ())
            self.tables.append(Table(self.label, self.caption, head, tuple(body)))
        if self.rows:
            self.label, self.caption, self.rows = "", "", []


def goes_on(line: str, following: str, typical: float) -> bool:
    """Tell whether a heading has a second line."""
    if line.endswith("-"):
        return True
    full = len(line) > typical * 0.6
    return full and len(following) < typical * 0.5 and len(following.split()) <= 4 and following[-1:] not in ".:;,)!?"


def is_row(line: str) -> bool:
    """Tell whether a line is a row of a table: at least two numbers, and little beside them."""
    words = [word for word in line.split() if word != "|"]
    numbers = sum(bool(_NUMBER.match(word)) for word in words)
    return numbers >= 2 and numbers >= 0.4 * len(words) and not re.search(r"[a-z]\.$", line)


def cells_of(line: str) -> tuple[str, ...]:
    """Return the words before the first number of a row as one cell, and each further word as a cell."""
    words = [word for word in line.split() if word != "|"]
    first = next((at for at, word in enumerate(words) if at and _NUMBER.match(word)), len(words))
    return (" ".join(words[:first]), *words[first:])
