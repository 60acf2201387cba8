"""A day as markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from asrcli.base.counts import count_of
from asrcli.digest.edition import Claim, Edition, Idea, Line, Paper, Update
from asrcli.digest.families import Family
from asrcli.digest.figures import Figure
from asrcli.reports.table import markdown_table
from asrcli.web.cleaning import escape_markdown, file_name, markdown_link

HEADINGS = {
    "dataset": "Datasets",
    "release": "Releases",
    "story": "Discussions",
    "article": "Articles",
    "post": "Posts",
}
BAD = ("stale", "partial", "empty", "failed")
AUTHORS = 4


def day_markdown(edition: Edition, cards: Collection[str] = ()) -> str:
    """Return the page, with links to the pages of papers that are among ``cards``."""
    blocks = [
        f"# {escape_markdown(edition.title)}: {edition.day}",
        source_status(edition),
        escape_markdown(edition.headline),
        *([escape_markdown(edition.opening)] if edition.opening else []),
    ]
    if edition.ideas:
        blocks += ["## Ideas", "\n".join(idea_markdown(one) for one in edition.ideas)]
    if edition.papers:
        blocks += [f"## Papers ({len(edition.papers)})", *(paper_markdown(paper, cards) for paper in edition.papers)]
        blocks += numbers_table(edition.papers)
    if edition.updates:
        lines = [f"- {markdown_link(one.title, one.url)} {new_version(one)}" for one in edition.updates]
        blocks += [f"## New versions ({len(edition.updates)})", "\n".join(lines)]
    if edition.models:
        blocks += [f"## Models ({count_of(edition.models, 'family', 'families')})", models_table(edition.models)]
    for kind, heading in HEADINGS.items():
        lines = [line_markdown(line) for line in edition.lines if line.kind == kind]
        if lines:
            blocks += [f"## {heading} ({len(lines)})", "\n".join(lines)]
    sources = [
        (escape_markdown(one.name), one.state, str(one.news), escape_markdown(one.evidence)) for one in edition.sources
    ]
    blocks += ["## Sources", table(("Source", "State", "News", "Evidence"), sources), footer(edition)]
    return "\n\n".join(blocks) + "\n"


def source_status(edition: Edition) -> str:
    """Return the line a report opens with: which sources did not end well, before anything else."""
    bad = [source for source in edition.sources if source.state in BAD]
    if not bad:
        return "All sources were read."
    said = "; ".join(f"{escape_markdown(one.name)} {one.state} ({escape_markdown(one.evidence)})" for one in bad)
    return f"**Not everything was read.** {said}."


def source_note(identity: str) -> str:
    """Return the link that proves a claim."""
    prefix, _, name = identity.partition(":")
    return markdown_link(name, f"https://arxiv.org/abs/{name}") if prefix == "arxiv" else escape_markdown(name)


def claim_markdown(claim: Claim) -> str:
    """Return a sentence with its source; its quote follows when the sentence is not the source's own."""
    quote = "" if claim.verbatim else f" “{escape_markdown(claim.quote)}”"
    return f"{escape_markdown(claim.text)}{quote} [{source_note(claim.id)}]"


def idea_markdown(idea: Idea) -> str:
    """Return one idea as a list item: the title, what was done, what came of it."""
    said = " ".join(escape_markdown(claim.text) for claim in idea.claims)
    return f"- **{markdown_link(idea.title, idea.url)}** {said} [{source_note(idea.id)}]"


def own_markdown(paper: Paper) -> list[str]:
    """Return what the digest says of a paper in its own words, each with its quote."""
    return [f"{escape_markdown(one.text)} “{escape_markdown(one.quote)}”" for one in paper.own]


def new_version(update: Update) -> str:
    """Say what became of a paper that was reported before."""
    return "was withdrawn" if update.withdrawn else f"is now version {update.version}"


def card_name(identity: str, cards: Collection[str]) -> str:
    """Return the name of a paper's own page, "" when it has none."""
    name = file_name(identity.partition(":")[2])
    return name if name in cards else ""


def head_of(paper: Paper) -> str:
    """Return what stands under the title of a paper: its topic, authors, day and categories."""
    more = f" and {len(paper.authors) - AUTHORS} more" if len(paper.authors) > AUTHORS else ""
    authors = ", ".join(paper.authors[:AUTHORS]) + more
    return " · ".join(filter(None, (paper.topic, authors, paper.published, " ".join(paper.categories[:4]))))


def paper_markdown(paper: Paper, cards: Collection[str] = ()) -> str:
    """Return one paper."""
    lines = [f"### {markdown_link(paper.title, paper.url)}", escape_markdown(head_of(paper))]
    lines += [" ".join(claim_markdown(claim) for claim in paper.claims)] if paper.claims else []
    lines += own_markdown(paper)
    if name := card_name(paper.id, cards):
        lines.append(f"[What carries this claim](../papers/{name}.md)")
    for label, links in links_of(paper):
        lines.append(f"{label}: " + ", ".join(markdown_link(*one) for one in links))
    why = ", ".join(paper.reasons) or "no interest matches"
    return "\n\n".join([*lines, f"*Why here:* {escape_markdown(why)} ({paper.score:g})"])


def links_of(paper: Paper) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what belongs to a paper elsewhere: for each kind that there is, texts and addresses."""
    code = [(url.partition("://")[2].removeprefix("www.").rstrip("/"), url) for url in paper.code]
    models = [(name, f"https://huggingface.co/{name}") for name in paper.models]
    discussions = [("Hacker News", url) for url in paper.discussions]
    kinds = (("Code and data", code), ("Models", models), ("Discussed", discussions))
    return [(label, links) for label, links in kinds if links]


def figure_text(figure: Figure) -> str:
    """Return a figure as the field writes it."""
    if figure.metric in ("WER", "CER"):
        return f"{figure.value:g} %" + (" (change)" if figure.relative else "" if figure.own else " (mentioned)")
    if figure.metric == "parameters":
        return f"{figure.value / 1e9:g} B" if figure.value >= 1e9 else f"{figure.value / 1e6:g} M"
    return f"{figure.value:,.10g}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose columns are all aligned to the left."""
    return "\n".join(markdown_table(heads, rows, range(len(heads))))


def numbers_table(papers: tuple[Paper, ...]) -> list[str]:
    """Return the table of numbers, each with the sentence it was read in."""
    rows = [
        (source_note(paper.id), one.metric, escape_markdown(figure_text(one)), escape_markdown(one.quote))
        for paper in papers
        for one in paper.figures
    ]
    if not rows:
        return []
    return ["## Numbers, as the abstracts say them", table(("Paper", "What", "Value", "Quoted"), rows)]


MODEL_HEADS = ("Model", "Size", "Licence", "Made from", "Date", "Downloads", "Likes", "Papers")


def models_table(models: tuple[Family, ...]) -> str:
    """Return one row per family."""
    rows = []
    for row in models:
        more = f" ×{row.members}" if row.members > 1 else ""
        cells = [f"{markdown_link(row.title, row.url)}{more}", *(escape_markdown(text) for text in facts_of(row))]
        papers = ", ".join(source_note(paper) for paper in row.papers[:3])
        rows.append([*cells, papers])
    return table(MODEL_HEADS, rows)


def facts_of(row: Family) -> tuple[str, ...]:
    """Return the cells of a family between its name and its papers."""
    return (row.size, row.licence, row.base, row.created, str(row.downloads), str(row.likes))


def line_markdown(line: Line) -> str:
    """Return anything else."""
    notes = " · ".join(filter(None, (line.by, line.published, line.note)))
    return f"- {markdown_link(line.title, line.url)}" + (f" — {escape_markdown(notes)}" if notes else "")


def footer(edition: Edition) -> str:
    """Return what is not shown, in numbers, and how the page can be checked."""
    counts = edition.counts
    are = "is" if counts.unmatched == 1 else "are"
    hidden = [
        (counts.unmatched, f"of the papers read {are} about no phrase of the settings"),
        (counts.older, "older than a first run reports"),
        (counts.silent_models, f"of {counts.models} models without a download or like"),
        (counts.withdrawn, "withdrawn"),
        (counts.hidden, "hidden by you"),
        (counts.dropped_claims, "dropped for want of proof among the language model's sentences"),
    ]
    said = "; ".join(f"{number} {what}" for number, what in hidden if number) or "nothing"
    writer = escape_markdown(edition.writer)
    made = f" Made with {edition.maker}." if edition.maker else ""
    return f"---\n\nNot shown: {said}. Written by: {writer}.{made} Check it: `asr digest verify {edition.day}`"
