"""A day as one HTML file: no request, one script that searches and filters, and a policy that allows no other."""

from __future__ import annotations

from collections.abc import Collection

from asrcli.base.counts import count_of
from asrcli.digest.assets import asset
from asrcli.digest.edition import Claim, Edition, Idea, Line, Paper
from asrcli.digest.families import Family
from asrcli.digest.pages import markdown
from asrcli.reports.page import digest
from asrcli.web.cleaning import safe_url
from asrcli.web.markup import Child, Html, join_html, tag


def content_hash(text: str) -> str:
    """Return the source expression that allows exactly this inline text."""
    return f"'sha256-{digest(text)}'"


def policy(style: str = "", script: str = "") -> str:
    """Return a content-security policy under which only these two texts do anything."""
    parts = ["default-src 'none'", "img-src data:", "base-uri 'none'", "form-action 'none'"]
    parts += [f"style-src {content_hash(style)}"] if style else []
    parts += [f"script-src {content_hash(script)}"] if script else []
    return "; ".join(parts)


def document(title: str, language: str, body: Child, style: str, script: str = "") -> str:
    """Return a whole page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        # Without an icon of its own, a browser asks the server for one.
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        Html(f"<style>{style}</style>"),
    )
    code = Html(f"<script>{script}</script>") if script else ""
    return "<!doctype html>\n" + tag("html", head, tag("body", body, code), lang=language).markup + "\n"


def link(text: str, url: str) -> Child:
    """Return a link, or only the text when the address is not safe."""
    url = safe_url(url)
    return tag("a", text, href=url, rel="noopener noreferrer") if url else text


def day_html(edition: Edition, filters: bool = True, cards: Collection[str] = ()) -> str:
    """Return the page, with search and filters or without a script (for mail), with links to papers' pages."""
    title = f"{edition.title}: {edition.day}"
    parts: list[Child] = [tag("h1", title), status(edition), tag("p", edition.headline)]
    parts += [tag("p", edition.opening)] if edition.opening else []
    parts += [tag("div", id="filters", hidden="hidden")] if filters else []
    if edition.ideas:
        parts += [tag("h2", "Ideas"), tag("ul", *(tag("li", idea_html(one)) for one in edition.ideas))]
    if edition.papers:
        parts += [tag("h2", f"Papers ({len(edition.papers)})"), *(paper_html(paper, cards) for paper in edition.papers)]
        parts += numbers(edition.papers)
    if edition.updates:
        lines = [tag("li", link(one.title, one.url), f" {markdown.new_version(one)}") for one in edition.updates]
        parts += [tag("h2", f"New versions ({len(edition.updates)})"), tag("ul", *lines)]
    if edition.models:
        parts += [tag("h2", f"Models ({count_of(edition.models, 'family', 'families')})"), models(edition.models)]
    for kind, heading in markdown.HEADINGS.items():
        lines = [line_html(line) for line in edition.lines if line.kind == kind]
        if lines:
            parts += [tag("h2", f"{heading} ({len(lines)})"), tag("ul", *lines)]
    rows = [
        tag("tr", *(tag("td", text) for text in (one.name, one.state, str(one.news), one.evidence)))
        for one in edition.sources
    ]
    parts += [tag("h2", "Sources"), table(("Source", "State", "News", "Evidence"), rows, "told")]
    last = markdown.footer(edition).removeprefix("---\n\n").replace("`", "").replace("\\", "")
    body = join_html([*parts, tag("p", last, class_="note")])
    return document(title, edition.language, body, asset("day.css"), asset("day.js") if filters else "")


def table(heads: tuple[str, ...], rows: list[Html], kind: str = "") -> Html:
    """Return a table; a phone shows every row of the kinds "told", whose last column is a sentence, and "listed", whose
    cells name their columns, as a paragraph.
    """
    inner = tag("table", tag("thead", tag("tr", *(tag("th", head) for head in heads))), tag("tbody", *rows))
    return tag("div", inner, class_=f"wide {kind}".strip(), tabindex="0", role="region", aria_label=heads[0])


def status(edition: Edition) -> Html:
    """Return the line the page opens with."""
    bad = [source for source in edition.sources if source.state in markdown.BAD]
    if not bad:
        return tag("p", "All sources were read.", class_="note")
    said = "; ".join(f"{one.name} {one.state} ({one.evidence})" for one in bad)
    return tag("p", tag("strong", "Not everything was read."), f" {said}.", class_="bad")


def source_of(identity: str) -> Child:
    """Return the link that proves a claim."""
    prefix, _, name = identity.partition(":")
    return link(name, f"https://arxiv.org/abs/{name}") if prefix == "arxiv" else name


def claim_html(claim: Claim) -> Html:
    """Return a sentence with its source and the characters it stands at; its quote follows when it is not verbatim."""
    proof = tag("span", " [", source_of(claim.id), f", {claim.start}–{claim.end}]", class_="note")
    quote: list[Child] = [] if claim.verbatim else [" ", tag("q", claim.quote)]
    return tag("span", claim.text, *quote, proof)


def idea_html(idea: Idea) -> Html:
    """Return one idea: the title, what was done, what came of it."""
    said = join_html((claim_html(claim) for claim in idea.claims), " ")
    return tag("span", tag("b", link(idea.title, idea.url)), " ", said)


def paper_html(paper: Paper, cards: Collection[str] = ()) -> Html:
    """Return one paper."""
    parts: list[Child] = [tag("h3", link(paper.title, paper.url)), tag("p", markdown.head_of(paper), class_="note")]
    parts += [tag("p", join_html((claim_html(claim) for claim in paper.claims), " "))] if paper.claims else []
    parts += [tag("p", claim_html(claim), class_="own") for claim in paper.own]
    if name := markdown.card_name(paper.id, cards):
        parts.append(tag("p", tag("a", "What carries this claim", href=f"../papers/{name}.html")))
    for label, links in markdown.links_of(paper):
        parts.append(tag("p", f"{label}: ", join_html((link(*one) for one in links), ", ")))
    why = ", ".join(paper.reasons) or "no interest matches"
    parts.append(tag("p", f"Why here: {why} ({paper.score:g})", class_="note"))
    if paper.text:  # the characters of every quote count in this text
        parts.append(tag("details", tag("summary", "Abstract"), tag("p", paper.text)))
    return tag("article", *parts, id=paper.id, data_topic=paper.topic)


def numbers(papers: tuple[Paper, ...]) -> list[Child]:
    """Return the table of numbers."""
    rows = [
        tag(
            "tr", *(tag("td", cell) for cell in (source_of(paper.id), one.metric, markdown.figure_text(one), one.quote))
        )
        for paper in papers
        for one in paper.figures
    ]
    heads = ("Paper", "What", "Value", "Quoted")
    return [tag("h2", "Numbers, as the abstracts say them"), table(heads, rows, "told")] if rows else []


def models(families: tuple[Family, ...]) -> Html:
    """Return one row per family."""
    rows = []
    for row in families:
        name = tag("td", link(row.title, row.url), f" ×{row.members}" if row.members > 1 else "")
        papers = join_html((source_of(paper) for paper in row.papers[:3]), ", ")
        facts: tuple[Child, ...] = (*markdown.facts_of(row), papers)
        cells = zip(facts, markdown.MODEL_HEADS[1:], strict=True)
        rows.append(tag("tr", name, *(tag("td", text, data_label=head) for text, head in cells)))
    return table(markdown.MODEL_HEADS, rows, "listed")


def line_html(line: Line) -> Html:
    """Return anything else."""
    notes = " · ".join(filter(None, (line.by, line.published, line.note)))
    return tag("li", link(line.title, line.url), tag("span", f" — {notes}" if notes else "", class_="note"))
