"""Papers in HTML: arXiv's own (LaTeXML, whose classes say what everything is), and others by their elements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from asrcli.digest.papers.reading import Part, Reading, Reference, Table, part_of, put_together
from asrcli.errors import InputError
from asrcli.web.cleaning import clean

NUMBER_CELL = re.compile(r"^\W*\d+(?:[.,]\d+)*\W*(?:[BMKk]|h|±.*|\(.*)?\W*$")
MAX_COLUMNS = 30


@dataclass(slots=True)
class Grid:
    """A figure or table that is being read."""

    rows: list[list[str]] = field(default_factory=list)
    caption: str = ""
    spans: dict[int, tuple[int, str]] = field(default_factory=dict)  # column -> rows it still fills, and with what

    def fill(self) -> None:
        """Put into the row what cells of earlier rows hold for it."""
        row = self.rows[-1]
        while (held := self.spans.get(len(row))) and held[0] > 0:
            self.spans[len(row)] = (held[0] - 1, held[1])
            row.append(held[1])

    def add(self, words: str, width: int, height: int) -> None:
        """Put a cell into the row."""
        self.fill()
        for _ in range(width):
            if height > 1:
                self.spans[len(self.rows[-1])] = (height - 1, words)
            self.rows[-1].append(words)


def spanned(values: dict[str, str], name: str) -> int:
    """Return over how many columns or rows a cell goes."""
    written = values.get(name, "")
    return max(1, min(int(written), MAX_COLUMNS)) if written.isascii() and written.isdigit() and len(written) < 4 else 1


def split_head(rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return one name per column from the rows above the first one with numbers, and the other rows."""
    width = max(map(len, rows))
    first = next((at for at, row in enumerate(rows) if any(NUMBER_CELL.match(cell) for cell in row[1:])), 0)
    heads = [row for row in rows[: min(first, 3)] if len(row) == width]
    names = tuple(" ".join(dict.fromkeys(filter(None, column))) for column in zip(*heads, strict=True))
    return names, tuple(rows[first:])


_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_BLOCKS = frozenset(["p", "div", "section", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "figure"])
# What an element is by its class (LaTeXML's), else by its name.
_BY_CLASS = {
    **dict.fromkeys(
        ["ltx_authors", "ltx_note", "ltx_tag_bibitem", "ltx_tag_item", "ltx_page_logo", "ltx_page_footer",
         "ltx_page_navbar", "ltx_TOC", "ltx_ERROR", "ltx_keywords", "ltx_classification", "ltx_dates",
         "package-alerts", "ltx_listing", "ltx_equation", "ltx_equationgroup"],
        "silent",
    ),
    "ltx_abstract": "abstract",
    "ltx_bibliography": "bibliography",
    "ltx_bibitem": "entry",
    "ltx_figure": "figure",
    "ltx_table": "figure",
    "ltx_caption": "caption",
}  # fmt: skip
_BY_NAME = {
    **dict.fromkeys(
        ["script", "style", "nav", "header", "footer", "button", "form", "annotation", "annotation-xml", "svg",
         "template", "noscript"],
        "silent",
    ),
    **dict.fromkeys(["h1", "h2", "h3", "h4", "h5", "h6"], "heading"),
    "title": "title",
    "figure": "figure",
    "figcaption": "caption",
    "caption": "caption",
    "p": "p",
    "dd": "p",
}  # fmt: skip
_IN_TABLE = {"tr": "row", "td": "cell", "th": "cell"}
_REFERENCES = re.compile(r"^\W*(?:\d+\W+)?(?:references|bibliography|literature cited)\W*$", re.I)
_GATHERED = ("p", "heading", "caption", "cell", "entry", "title", "cite")
MAX_TABLES = 200
MAX_DEPTH = 400  # elements within elements; what is deeper is passed over


def is_html(text: str) -> bool:
    """Tell whether a file is a page of HTML."""
    return bool(
        re.match(
            r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b", text[:4000], re.I | re.S
        )
    )


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet."""

    name: str
    role: str  # what its end means: p, heading, caption, cell, row, figure, bibitem, section, silent, ""
    before: list[str] = field(default_factory=list)  # the text that was being gathered around it
    width: int = 1  # columns
    height: int = 1  # rows


class _Pages(HTMLParser):
    """Gathers paragraphs by section, tables and references."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[_Open] = []
        self.text: list[str] = []
        self.silent = 0
        self.title = ""
        self.page_title = ""
        self.levels: list[tuple[int, Part, str]] = []
        self.abstract = 0
        self.bibliography = 0
        self.in_references = False
        self.pieces: list[tuple[Part, str, str]] = []
        self.figures: list[Grid] = []
        self.tables: list[Table] = []
        self.labels: dict[str, str] = {}
        self.cited: str = ""
        self.entries: list[tuple[str, str]] = []
        self.entry: str = ""

    # -- events of the parser

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note that an element begins; what is deeper than `MAX_DEPTH` is passed over."""
        if name in _VOID:
            self.text.append(" ")
            return
        if len(self.opened) >= MAX_DEPTH:
            return
        if name in _BLOCKS and self.opened and self.opened[-1].name == "p":
            self.end(self.opened.pop())  # its end may be left out
        values = {key: value or "" for key, value in attributes}
        classes = set(values.get("class", "").split())
        role = self.role_of(name, classes, values)
        self.begin(role, values)
        self.opened.append(_Open(name, role, self.text, spanned(values, "colspan"), spanned(values, "rowspan")))
        if role in _GATHERED:
            self.text = []

    def handle_endtag(self, name: str) -> None:
        """Close the last element of that name and all within it."""
        if not any(one.name == name for one in self.opened[-40:]):
            return
        while self.opened:
            one = self.opened.pop()
            self.end(one)
            if one.name == name:
                return

    def handle_data(self, data: str) -> None:
        """Gather text, but that of scripts and the like."""
        if not self.silent:
            self.text.append(data)

    # -- what they mean

    def role_of(self, name: str, classes: set[str], values: dict[str, str]) -> str:
        """Return what an element is."""
        if self.silent:
            return "silent"
        if role := next((_BY_CLASS[one] for one in sorted(classes) if one in _BY_CLASS), ""):
            return role
        if values.get("id") == "abstract":
            return "abstract"
        if self.figures and name in _IN_TABLE:
            return _IN_TABLE[name]
        if name == "table":
            return "" if self.figures else "figure"
        if name == "li":
            return "entry" if self.in_references else "" if self.bibliography else "p"
        if name == "a" and (found := re.search(r"#(bib\.\w+)$", values.get("href", ""))):
            self.cited = found[1]
            return "cite"
        return _BY_NAME.get(name, "")

    def begin(self, role: str, values: dict[str, str]) -> None:
        """Note that an element begins."""
        match role:
            case "silent":
                self.silent += 1
            case "abstract":
                self.abstract += 1
            case "bibliography":
                self.bibliography += 1
            case "figure":
                self.figures.append(Grid())
            case "row":
                self.figures[-1].rows.append([])
            case "entry":
                self.entry = values.get("id", "")

    def end(self, one: _Open) -> None:
        """Take what an element held."""
        match one.role:
            case "silent":
                self.silent -= 1
            case "abstract":
                self.abstract -= 1
            case "bibliography":
                self.bibliography -= 1
            case "figure":
                self.take_figure()
            case role if role in _GATHERED:
                gathered = "".join(self.text)
                self.text = one.before
                self.take(one, clean(gathered, 50_000))
                if role == "cite":
                    self.text.append(gathered)

    def take(self, one: _Open, words: str) -> None:
        """Put words where they belong."""
        match one.role:
            case "cite":
                self.labels.setdefault(self.cited, words)
            case "title":
                self.page_title = self.page_title or words
            case "heading":
                self.take_heading(int(one.name[1]), words)
            case "caption" if self.figures:
                self.figures[-1].caption = words
            case "cell" if self.figures and self.figures[-1].rows:
                self.figures[-1].add(words, one.width, one.height)
            case "entry":
                self.entries.append((self.entry, words))
            case "p" if not (self.figures or self.bibliography or self.in_references):
                if plain := words.lstrip("•▪◦·*- "):
                    self.pieces.append((*self.where(), plain))

    def take_heading(self, level: int, words: str) -> None:
        """Note a section."""
        if self.abstract or self.figures:
            return
        self.in_references = bool(_REFERENCES.match(words))
        if level == 1 and not self.title:
            self.title = words
            return
        while self.levels and self.levels[-1][0] >= level:
            self.levels.pop()
        parent = self.levels[-1][1] if self.levels else Part.OTHER
        name = re.sub(r"^(?:(?:\d+|[A-Z]|[IVX]+)(?:\.\d+)*\.?)\s+(?=\S)", "", words)
        self.levels.append((level, part_of(name, parent), name))

    def where(self) -> tuple[Part, str]:
        """Return the section that is being read."""
        if self.abstract:
            return Part.ABSTRACT, "Abstract"
        return (self.levels[-1][1], self.levels[-1][2]) if self.levels else (Part.BACK, "")

    def take_figure(self) -> None:
        """Take a table that is complete."""
        made = self.figures.pop()
        rows = [tuple(row[:MAX_COLUMNS]) for row in made.rows if any(row)]
        found = re.match(r"\W*(Table\s+\w+(?:\.\w+)?)\s*[:.]?\s*(.*)", made.caption, re.I | re.S)
        if not rows or len(self.tables) >= MAX_TABLES:
            if rows or not made.caption or not self.figures:
                return
            self.figures[-1].caption = self.figures[-1].caption or made.caption  # of a figure within another
            return
        label, caption = (found[1], found[2]) if found else ("", made.caption)
        head, body = split_head(rows)
        self.tables.append(Table(label, caption, head, body))


def read_html(markup: str, name: str) -> Reading:
    """Read a page; ``name`` is what to call it when it holds nothing.

    Raises:
        InputError: it holds no text.
    """
    # A comment that never ends is looked for from every place where one begins.
    sound, end, rest = markup.rpartition("-->")
    pages = _Pages()
    pages.feed(sound + end + rest.replace("<!--", ""))
    pages.close()
    while pages.opened:
        pages.end(pages.opened.pop())
    text, blocks = put_together(pages.pieces)
    if not text:
        raise InputError(f"{name}: the page holds no paragraphs of a paper")
    references = tuple(
        Reference(label.strip("[]() "), entry)
        for key, entry in pages.entries
        if entry and (label := pages.labels.get(key, ""))
    )
    left_out = ", without its references" if pages.entries else ""
    title = clean(pages.title or pages.page_title, 400) or text[:100]
    return Reading(title, text, f"HTML{left_out}", blocks=blocks, tables=tuple(pages.tables), references=references)
