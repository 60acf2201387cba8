"""XML read without risk, and XML and HTML written so that a text can never become markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element, XMLPullParser, indent, tostring

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


def read_xml(data: bytes) -> Document:
    """Parse XML without document types, entities or external access, keeping what stands before a break.

    Raises:
        MarkupError: too large, a document type, or no element at all.
    """
    if len(data) > MAX_BYTES:
        raise MarkupError(f"more than {MAX_BYTES // 2**20} MB")
    if has_doctype(data):
        raise MarkupError("a document type is not accepted")
    parser: Any = XMLPullParser(events=("start", "end"))
    problem = ""
    try:
        parser.feed(data)
        parser.close()
    except SyntaxError as error:  # ElementTree's ParseError
        problem = str(error)
    opened: list[Element] = []
    root = None
    try:
        for event, element in parser.read_events():
            root = element if root is None else root
            if event == "start":
                opened.append(element)
            else:
                opened.pop()
    except SyntaxError as error:
        problem = problem or str(error)
    if root is None:
        raise MarkupError(problem or "no XML")
    drop_unfinished(opened)
    return Document(root, not problem, problem)


def drop_unfinished(opened: Sequence[Element]) -> None:
    """Take the entry that a broken document stops in out of the tree: half an abstract is not an abstract."""
    for parent, child in pairwise(opened):
        if local_name(child) in ("entry", "item", "outline", "record"):
            parent.remove(child)
            return


def has_doctype(data: bytes) -> bool:
    """Tell whether a document carries a type or entity declaration, in any encoding that expat reads."""
    flat = data.replace(b"\0", b"").upper()  # UTF-16 and UTF-32 become ASCII for what is looked for
    return b"<!DOCTYPE" in flat or b"<!ENTITY" in flat


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
