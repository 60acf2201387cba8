"""XML read without risk, and XML and HTML written so that a text can never become markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, indent, tostring
from xml.parsers.expat import ExpatError, ParserCreate

MAX_DEPTH = 100  # elements within elements; a real feed has less than ten
MAX_BYTES = 20 * 2**20  # of one answer; the largest real one (2 000 entries of arXiv) is 5 MB
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class MarkupError(ValueError):
    """A document that is not well-formed, or that carries a document type (where bombs and external entities live)."""


@dataclass(frozen=True, slots=True)
class Document:
    """What could be read of one XML document."""

    root: Element
    complete: bool  # False when it breaks off; what came before is in the tree
    problem: str = ""


class _Reader:
    """Builds a tree from expat's events; a document type stops it before any entity can be declared."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.opened: list[Element] = []
        self.texts: list[str] = []
        self.parser = ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.texts.append
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise MarkupError("a document type is not accepted")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        element = Element(qualified(name), {qualified(key): value for key, value in attributes.items()})
        if self.opened:
            self.opened[-1].append(element)
        elif self.root is None:
            self.root = element
        self.opened.append(element)
        if len(self.opened) > MAX_DEPTH:
            raise MarkupError(f"nested deeper than {MAX_DEPTH}")

    def _end(self, _: str) -> None:
        self._flush()
        self.opened.pop()

    def _flush(self) -> None:
        text = "".join(self.texts)
        self.texts.clear()
        if not text or not self.opened:
            return
        parent = self.opened[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + text
        else:
            parent.text = (parent.text or "") + text


def qualified(name: str) -> str:
    """Return a name as ElementTree writes it, ``{namespace}name``."""
    return "{" + name if "}" in name else name


def read_xml(data: bytes) -> Document:
    """Parse XML without document types, entities or external access, keeping what stands before a break.

    Raises:
        MarkupError: too large, too deep, a document type, or no element at all.
    """
    if len(data) > MAX_BYTES:
        raise MarkupError(f"more than {MAX_BYTES // 2**20} MB")
    reader = _Reader()
    problem = ""
    try:
        reader.parser.Parse(data, True)
    except ExpatError as error:
        problem = str(error)
    if reader.root is None:
        raise MarkupError(problem or "no XML")
    drop_unfinished(reader.opened)
    return Document(reader.root, not problem, problem)


def drop_unfinished(opened: Sequence[Element]) -> None:
    """Take the entry that a broken document stops in out of the tree: half an abstract is not an abstract."""
    for parent, child in pairwise(opened):
        if local_name(child) in ("entry", "item", "outline", "record"):
            parent.remove(child)
            return


def local_name(element: Element) -> str:
    """Return the tag without its namespace, in lower case."""
    return str(element.tag).rpartition("}")[2].lower()


def child_text(element: Element, *names: str) -> str:
    """Return the whole text of the first child with one of the names (namespaces ignored); "" without one."""
    for name in names:
        for child in element:
            if local_name(child) == name:
                return "".join(child.itertext())
    return ""


def legal(text: str) -> str:
    """Drop the characters XML cannot hold."""
    return _ILLEGAL.sub("", text)


def add(parent: Element, tag: str, text: str = "", /, **attributes: str) -> Element:
    """Append an element; text and attributes are escaped by the serialiser."""
    child = Element(tag, {name: legal(value) for name, value in attributes.items()})
    child.text = legal(text) or None
    parent.append(child)
    return child


def write_xml(root: Element) -> str:
    """Return the document with its declaration, indented."""
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is already safe; only this module and `tag` make it."""

    markup: str


Child = Html | str
_VOID = frozenset({"br", "hr", "meta", "link", "img"})


def tag(name: str, /, *children: Child, **attributes: str) -> Html:
    """Return one HTML element. Strings are escaped; ``class_`` and ``http_equiv`` are spelled as in Python."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(legal(value), quote=True)}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join_html(children).markup}</{name}>")


def join_html(children: Iterable[Child], between: str = "") -> Html:
    """Join elements and (escaped) texts."""
    parts: Sequence[str] = [
        child.markup if isinstance(child, Html) else html.escape(legal(child), quote=True) for child in children
    ]
    return Html(between.join(parts))
