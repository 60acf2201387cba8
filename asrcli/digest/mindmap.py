"""The month as a tree: topics, papers, model families. One HTML file without a request, an outline in markdown, and
OPML.

The tree is nested lists that a style sheet draws: side by side at a desk, one below the other on a phone, where fingers
scroll and pinch as on every page and titles wrap. A small script folds, pages, searches and zooms. Vendoring d3 and
markmap-view would add 330 KB of other people's bundles and a renderer that executes HTML in titles; the markdown
outline opens in markmap as it is.
"""

from __future__ import annotations

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
TOOLS = (
    ("smaller", "−", "Smaller"),
    ("larger", "+", "Larger"),
    ("fit", "Fit", "Fit into the window"),
    ("fold", "Fold all", "Fold all"),
)
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


def lists(node: Node, depth: int = 0) -> Html:
    """Return a node with all below it as nested lists: whole without the script, which folds them."""
    mark: tuple[Html | str, ...] = (" ", tag("b", "●", title="new")) if node.new else ()
    kind = "node fresh" if node.new else "node"
    url = safe_url(node.url)
    if node.children:
        text = tag("span", f"{node.text} ({node.leaves})", dir="auto")
        label = tag("button", text, type="button", class_=kind, aria_expanded="true")
        return tag("li", label, tag("ul", *(lists(child, depth + 1) for child in node.children)), data_depth=str(depth))
    text = tag("span", node.text, *mark, dir="auto")
    if url:
        label = tag("a", text, class_=kind, href=url, target="_blank", rel="noopener noreferrer")
    else:
        label = tag("span", text, class_=kind, tabindex="-1")
    return tag("li", label, data_depth=str(depth))


def mindmap_html(tree: Node, language: str = "en", unfolded: int = OPEN) -> str:
    """Return the page, with ``unfolded`` levels open at first."""
    tools = [
        tag("input", id="find", type="search", placeholder="Search", aria_label="Search the titles"),
        *(tag("button", text, id=name, type="button", aria_label=said) for name, text, said in TOOLS),
    ]
    keys = "Arrows move, Enter opens, / searches, + and - zoom, 0 fits, Esc folds. "
    header = tag(
        "header",
        tag("h1", tree.text, dir="auto"),
        tag("div", *tools, id="tools"),
        tag("p", tag("span", keys, class_="keys"), tag("b", "●"), " is new. ", tag("span", id="said", role="status")),
    )
    body = tag("ul", lists(tree), id="tree", data_unfolded=str(unfolded))
    return document(
        tree.text, language, join_html([header, tag("div", body, id="map")]), asset("mindmap.css"), asset("mindmap.js")
    )
