"""The month as a tree: topics, papers, model families. One HTML file without a request, an outline in markdown, and OPML.

The tree is drawn by a small script of our own (SVG, text nodes only). Vendoring d3 and markmap-view would add 330 KB of other
people's bundles and a renderer that executes HTML in titles; the markdown outline opens in markmap as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from asrcli.digest.cleaning import markdown_link, safe_url
from asrcli.digest.edition import Edition
from asrcli.digest.markup import Html, add, join_html, tag, write_xml
from asrcli.digest.pages.html import document
from asrcli.digest.topics import TOPICS

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
    """Return the tree of some days, in an order that depends on the data alone: topics as in the taxonomy, then by title."""
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
    values: dict[str, object] = {"t": node.text, "u": safe_url(node.url), "n": node.new}
    return values | ({"c": [data_of(child) for child in node.children]} if node.children else {})


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
    return document(tree.text, language, body, STYLE, SCRIPT.replace("OPEN_LEVELS", str(unfolded)))


STYLE = """
:root{color-scheme:light dark;--line:#8a8f98;--new:#c2410c;--text:#1c1e21;--back:#fff}
@media(prefers-color-scheme:dark){:root{--text:#e4e6eb;--back:#18191a;--new:#fb923c}}
html,body{margin:0;height:100%;background:var(--back);color:var(--text);font:14px system-ui,sans-serif}
header{position:fixed;left:1rem;top:.5rem;max-width:60%;pointer-events:none}h1{font-size:1.1rem;margin:0}header p{margin:.2rem 0;opacity:.7}
header b{color:var(--new)}svg{width:100%;height:100%;display:block;cursor:grab}
path{fill:none;stroke:var(--line);stroke-width:1.2}text{fill:var(--text);dominant-baseline:middle}
a text{text-decoration:underline}circle{stroke:var(--line);stroke-width:1.5;fill:var(--back);cursor:pointer}
circle.shut{fill:var(--line)}.new>text,.new>a>text{fill:var(--new)}
""".strip()

SCRIPT = """
"use strict";
(function(){
const NS="http://www.w3.org/2000/svg",svg=document.getElementById("map"),root=JSON.parse(document.getElementById("tree").textContent);
const ROW=24,GAP=48,LONG=90,view={x:40,y:0,k:1};
let group;
function make(name,attributes,parent){const e=document.createElementNS(NS,name);for(const key in attributes)e.setAttribute(key,attributes[key]);
parent.appendChild(e);return e}
function short(text){const all=Array.from(text);return all.length>LONG?all.slice(0,LONG-1).join("")+"\\u2026":text}
function prepare(node,depth){node.open=depth<OPEN_LEVELS;(node.c||[]).forEach(function(child){prepare(child,depth+1)})}
function place(node,x,row){node.x=x;const inner=node.open&&node.c?node.c:[];
if(!inner.length){node.y=row*ROW;return row+1}
const next=x+GAP+measure(node);let at=row;inner.forEach(function(child){at=place(child,next,at)});
node.y=(inner[0].y+inner[inner.length-1].y)/2;return at}
const canvas=document.createElement("canvas").getContext("2d");canvas.font="14px system-ui,sans-serif";
function label(node){return short(node.t)+(node.c?" ("+count(node)+")":"")+(node.n&&!node.c?" \\u25cf":"")}
function count(node){return node.c?node.c.reduce(function(sum,child){return sum+count(child)},0):1}
function measure(node){return canvas.measureText(label(node)).width+16}
function draw(node){const g=make("g",{"class":node.n?"new":""},group);
if(node.open&&node.c)node.c.forEach(function(child){const from=node.x+measure(node),middle=(from+child.x)/2;
make("path",{d:"M"+from+","+node.y+"C"+middle+","+node.y+" "+middle+","+child.y+" "+child.x+","+child.y},group);draw(child)});
const place=node.u?make("a",{href:node.u,target:"_blank",rel:"noopener noreferrer"},g):g;
const text=make("text",{x:node.x+10,y:node.y},place);text.textContent=label(node);
make("title",{},g).textContent=node.t;
if(node.c){const dot=make("circle",{cx:node.x,cy:node.y,r:6,"class":node.open?"":"shut"},g);
dot.addEventListener("click",function(){node.open=!node.open;render()})}}
function move(){group.setAttribute("transform","translate("+view.x+","+view.y+") scale("+view.k+")")}
function render(){if(group)group.remove();group=make("g",{},svg);place(root,0,0);draw(root);move()}
prepare(root,0);render();
view.y=svg.clientHeight/2-root.y;move();
let held=null;
svg.addEventListener("pointerdown",function(event){held={x:event.clientX-view.x,y:event.clientY-view.y}});
window.addEventListener("pointermove",function(event){if(held){view.x=event.clientX-held.x;view.y=event.clientY-held.y;move()}});
window.addEventListener("pointerup",function(){held=null});
svg.addEventListener("wheel",function(event){event.preventDefault();const k=Math.min(4,Math.max(.1,view.k*(event.deltaY<0?1.1:1/1.1)));
view.x=event.clientX-(event.clientX-view.x)*k/view.k;view.y=event.clientY-(event.clientY-view.y)*k/view.k;view.k=k;move()},{passive:false});
})();
""".strip()
