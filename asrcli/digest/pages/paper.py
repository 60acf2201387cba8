"""The card of a paper as a page: markdown, and one HTML file that makes no request and runs no script."""

from __future__ import annotations

import re

from asrcli.digest.assets import asset
from asrcli.digest.pages import markdown
from asrcli.digest.pages.html import document, link, table
from asrcli.digest.papers.card import Card, Cited, Line
from asrcli.web.cleaning import escape_markdown, markdown_link
from asrcli.web.markup import Child, Html, tag

# Section -> heading, and what stands there when it is empty; "" leaves an empty section out.
SECTIONS = {
    "headline": ("In one line", "No sentence that states a claim was found."),
    "did": ("What was done", ""),
    "carries": ("What carries it", "No result of the authors' own was found in what was read."),
    "follows": ("What follows if it is right", ""),
    "rests": ("What it rests on", ""),
    "wrong": ("What would show it wrong", "Nothing that was read sets the authors' own error rate on a named test."),
    "limits": ("Limits it names", "None were found in what was read."),
}  # fmt: skip
# What stands there instead below a headline: the same sentence may say a result, and a rate, that no rule is sure of.
BELOW_A_HEADLINE = {
    "carries": "No other result of the authors' own was found in what was read.",
    "wrong": "The rules cannot tell whether a rate in the line at the top is the authors' own, on a test it names.",
}
RATE = re.compile(r"\b[WC]ERs?\b|error rate")
NO_NUMBERS = "None of the field's numbers were found in it that are surely the authors' own."
OURS = "in our words"


def read_note(card: Card) -> str:
    """Say what was read, and what therefore nothing is said of."""
    extent = "" if card.whole else " Nothing is said here about what was not read: results, tables, references."
    made = f" Made with {card.maker}." if card.maker else ""
    return f"Read: {card.what}, {card.characters:,} characters.{made}{extent}"


def place_of(line: Line) -> str:
    """Return where a quote stands: its section and its characters."""
    heading = f"{line.heading}, " if line.heading else ""
    return f"{heading}{line.start}–{line.end}"


def source_name(card: Card) -> str:
    """Return the paper's id with its version, "" for a file."""
    return f"arXiv:{card.identity}v{card.version}" if card.identity else ""


def nothing_in(card: Card, section: str) -> str:
    """Return what stands in a section without lines, "" where it is left out."""
    headline = next((line.quote for line in card.lines if line.section == "headline"), "")
    if headline and (section != "wrong" or RATE.search(headline)):
        return BELOW_A_HEADLINE.get(section, SECTIONS[section][1])
    return SECTIONS[section][1]


def paper_markdown(card: Card) -> str:
    """Return the page in markdown."""
    blocks = [f"# {markdown_link(card.title, card.url)}"]
    source = f" {markdown_link(source_name(card), card.url)}." if card.identity else ""
    blocks.append(f"{escape_markdown(read_note(card))}{source}")
    for section, (heading, _) in SECTIONS.items():
        lines, none = [line for line in card.lines if line.section == section], nothing_in(card, section)
        if lines or none:
            blocks += [f"## {heading}", "\n".join(line_markdown(line) for line in lines) or none]
    if card.terms:
        terms = (
            f"- **{escape_markdown(one.short)}**: {escape_markdown(one.long)} [{one.start}–{one.end}]"
            for one in card.terms
        )
        blocks += ["## Terms", "\n".join(terms)]
    rows = [
        (one.metric, escape_markdown(one.value), f"{one.start}–{one.end}", escape_markdown(one.place))
        for one in card.numbers
    ]
    numbers = markdown.table(("What", "Value", "Where", "In a table"), rows)
    blocks += ["## Numbers", numbers if rows else NO_NUMBERS]
    if card.cited:
        blocks += ["## Works it uses", "\n".join(cited_markdown(one) for one in card.cited)]
    cited = "\n".join(f"- {one}" for one in card.citations) or "Not asked for: no citation service was read."
    return "\n\n".join([*blocks, "## Cited by", cited]) + "\n"


def line_markdown(line: Line) -> str:
    """Return one line with its quote, its place and where its numbers stand in the tables."""
    note = f"*{escape_markdown(line.note)}:* " if line.note else ""
    ours = f"{escape_markdown(line.text)} *({OURS})* " if line.own else ""
    links = "".join(f"\n  - {link.number}: {escape_markdown(link.place)}" for link in line.links)
    return f"- {note}{ours}“{escape_markdown(line.quote)}” [{escape_markdown(place_of(line))}]{links}"


def cited_markdown(one: Cited) -> str:
    """Return a work and the sentence that cites it."""
    name = f"[{one.label}] " if one.label.isdigit() else ""
    return f"- {escape_markdown(name + one.entry)} “{escape_markdown(one.quote)}” [{one.start}–{one.end}]"


def paper_html(card: Card, language: str = "en") -> str:
    """Return the page in HTML."""
    source: list[Child] = [" ", link(source_name(card), card.url), "."] if card.identity else []
    parts: list[Child] = [tag("h1", link(card.title, card.url)), tag("p", read_note(card), *source, class_="note")]
    for section, (heading, _) in SECTIONS.items():
        lines, none = [line for line in card.lines if line.section == section], nothing_in(card, section)
        if lines or none:
            parts.append(tag("h2", heading))
            parts.append(tag("ul", *map(line_html, lines)) if lines else tag("p", none, class_="note"))
    if card.terms:
        terms = (tag("li", tag("b", one.short), f": {one.long}") for one in card.terms)
        parts += [tag("h2", "Terms"), tag("ul", *terms)]
    rows = [tag("tr", *(tag("td", cell) for cell in (one.metric, one.value, one.place))) for one in card.numbers]
    parts.append(tag("h2", "Numbers"))
    parts.append(table(("What", "Value", "In a table"), rows) if rows else tag("p", NO_NUMBERS, class_="note"))
    if card.cited:
        parts += [tag("h2", "Works it uses"), tag("ul", *map(cited_html, card.cited))]
    parts.append(tag("p", "Quotes stand as the paper has them; nothing else was read into it.", class_="note"))
    return document(card.title, language, tag("main", *parts), asset("day.css"))


def line_html(line: Line) -> Html:
    """Return one line; the numbers that stand in a table are listed below it."""
    said: list[Child] = [tag("b", f"{line.note}: ")] if line.note else []
    said += [tag("span", line.text, f" ({OURS}) ", class_="own")] if line.own else []
    said += [tag("q", line.quote), tag("span", f" [{place_of(line)}]", class_="note")]
    if line.links:
        places = (tag("li", tag("b", one.number), f" {one.place}") for one in line.links)
        said.append(tag("ul", *places, class_="note"))
    return tag("li", *said)


def cited_html(one: Cited) -> Html:
    """Return a work and the sentence that cites it."""
    name = f"[{one.label}] " if one.label.isdigit() else ""
    return tag("li", f"{name}{one.entry} ", tag("q", one.quote))
