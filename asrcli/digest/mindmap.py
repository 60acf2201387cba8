"""The month as a tree: topics, papers, model families. One HTML file without a request, an outline in markdown, and
OPML.

The tree is drawn by a small script of our own (SVG, text nodes only). Vendoring d3 and markmap-view would add 330 KB
of other people's bundles and a renderer that executes HTML in titles; the markdown outline opens in markmap as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from asrcli.digest.assets import asset
from asrcli.digest.edition import Edition
from asrcli.digest.pages.html import document
from asrcli.digest.topics import TOPICS
from asrcli.web.cleaning import markdown_link, safe_url
from asrcli.web.markup import Html, add, join_html, tag, write_xml

NEW_DAYS = 7  # what the last so many days of the span brought is marked as new
OPEN = 1  # levels unfolded at first: the topics, so that the first view is readable


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the tree."""

    text: str
    url: str = ""
    new: bool = False
    children: tuple[Node, ...] = ()

    @property
    def leaves(self) -> int:
        """How many leaves hang below."""
        return sum(child.leaves for child in self.children) if self.children else 1


def build_tree(editions: Sequence[Edition], title: str) -> Node:
    """Return the tree of some days, ordered by the data alone: topics as in the taxonomy, then by title."""
    days = sorted({edition.day for edition in editions}, reverse=True)
    fresh = set(days[:NEW_DAYS])
    topics: dict[str, list[Node]] = {}
    families: dict[str, Node] = {}
    for edition in sorted(editions, key=lambda one: one.day):
        for paper in edition.papers:
            topics.setdefault(paper.topic, []).append(Node(paper.title, paper.url, edition.day in fresh))
        for family in edition.models:
            text = family.title + (f" ×{family.members}" if family.members > 1 else "")
            families.setdefault(family.name, Node(text, family.url, edition.day in fresh))
    branches = [branch(topic, topics[topic]) for topic in TOPICS if topic in topics]
    if families:
        branches.append(branch("Models", list(families.values())))
    return Node(title, children=tuple(branches))


def branch(text: str, nodes: Sequence[Node]) -> Node:
    """Return a branch with its leaves by title."""
    leaves = tuple(sorted(nodes, key=lambda node: (node.text.casefold(), node.url)))
    return Node(text, new=any(node.new for node in leaves), children=leaves)


def outline_markdown(tree: Node) -> str:
    """Return the outline: headings and lists, as markmap reads them."""
    blocks = [f"# {markdown_link(tree.text, '')}"]
    for one in tree.children:
        lines = [f"- {markdown_link(leaf.text, leaf.url)}" + (" **new**" if leaf.new else "") for leaf in one.children]
        blocks += [f"## {markdown_link(one.text, '')} ({one.leaves})", "\n".join(lines)]
    return "\n\n".join(blocks) + "\n"


def outline_opml(tree: Node) -> str:
    """Return the outline as OPML 2.0."""
    root = Element("opml", {"version": "2.0"})
    add(add(root, "head"), "title", tree.text)
    body = add(root, "body")
    for one in tree.children:
        parent = add(body, "outline", text=one.text)
        for leaf in one.children:
            address = {"type": "link", "url": leaf.url} if safe_url(leaf.url) else {}
            add(parent, "outline", text=leaf.text, **address)
    return write_xml(root)


def plain_list(tree: Node) -> Html:
    """Return the tree as nested lists, for readers and browsers without scripts."""
    items = []
    for one in tree.children:
        leaves = [
            tag("li", tag("a", leaf.text, href=safe_url(leaf.url)) if safe_url(leaf.url) else leaf.text)
            for leaf in one.children
        ]
        items.append(tag("li", f"{one.text} ({one.leaves})", tag("ul", *leaves)))
    return tag("noscript", tag("ul", *items))


def data_of(node: Node) -> dict[str, object]:
    """Return a node as the script reads it."""
    values: dict[str, object] = {"text": node.text, "url": safe_url(node.url), "fresh": node.new}
    return values | ({"children": [data_of(child) for child in node.children]} if node.children else {})


def mindmap_html(tree: Node, language: str = "en", unfolded: int = OPEN) -> str:
    """Return the page, so many levels unfolded at first."""
    data = json.dumps(data_of(tree), ensure_ascii=False, separators=(",", ":"))
    # A data block is not run, but "</script>" and "<!--" in it would still end or bend it.
    data = (
        data.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
    body = join_html(
        [
            tag(
                "header",
                tag("h1", tree.text),
                tag("p", "Click a circle to fold or unfold; drag to move; wheel to zoom. ", tag("b", "●"), " is new."),
            ),
            Html('<svg id="map" role="img" aria-label="mindmap"></svg>'),
            plain_list(tree),
            Html(f'<script type="application/json" id="tree">{data}</script>'),
        ]
    )
    return document(
        tree.text, language, body, asset("mindmap.css"), asset("mindmap.js").replace("UNFOLDED", str(unfolded))
    )
