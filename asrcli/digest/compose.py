"""From what the store knows about a day to its edition: ranked, folded, quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from asrcli.digest.board import Best, Board
from asrcli.digest.edition import SCHEMA, Claim, Counts, Edition, Line, Paper, SourceLine, Update
from asrcli.digest.families import fold
from asrcli.digest.figures import find_figures
from asrcli.digest.ideas import idea_of, what_it_did
from asrcli.digest.items import Item, Kind, Report, exit_code, is_withdrawn
from asrcli.digest.ranking import Judge, Ranked, rank
from asrcli.digest.sentences import best_spans, terms
from asrcli.digest.settings import Settings
from asrcli.digest.statements import statements
from asrcli.digest.topics import topic_of
from asrcli.digest.versions import maker
from asrcli.web.cleaning import safe_url

IDEAS = 7
_CODE = re.compile(
    r"https?://(?:www\.)?(?:github\.com|gitlab\.com|huggingface\.co|codeberg\.org|zenodo\.org)/[\w./~%+-]+", re.I
)
_LISTED = (Kind.DATASET, Kind.RELEASE, Kind.STORY, Kind.ARTICLE, Kind.POST)


@dataclass(frozen=True, slots=True)
class Material:
    """Everything an edition is made from."""

    day: date
    settings: Settings
    reports: Sequence[Report]
    items: Sequence[Item]  # reported on this day
    updates: Sequence[tuple[Item, int]]
    seen_by: Mapping[str, set[str]]  # source -> ids
    starred: Sequence[Item] = ()
    hidden: frozenset[str] = frozenset()
    unmatched: int = 0
    older: int = 0
    withdrawn: int = 0
    board: Board | None = None


def make_judge(settings: Settings, items: Iterable[Item], starred: Sequence[Item], hidden: frozenset[str]) -> Judge:
    """Return what ranking needs to know beside an item: the day's other items and the user's marks."""
    words = frozenset(word for item in starred for word in terms(item.title))
    mentioned = frozenset(one for item in items if item.kind is not Kind.PAPER for one in item.about)
    return Judge(settings, frozenset(item.id for item in starred), hidden, words, mentioned)


def compose(material: Material) -> Edition:
    """Build the edition of a day without a language model."""
    shown = [item for item in material.items if item.id not in material.hidden]
    judge = make_judge(material.settings, material.items, material.starred, material.hidden)
    ranked = rank(shown, judge)
    papers = [paper_of(one, material) for one in ranked if one.item.kind is Kind.PAPER]
    ideas = [idea for paper in papers if paper.score > 0 and (idea := idea_of(paper))]
    families, silent = fold([one for one in ranked if one.item.kind is Kind.MODEL])
    counts = Counts(
        unmatched=material.unmatched,
        older=material.older,
        silent_models=silent,
        models=sum(one.item.kind is Kind.MODEL for one in ranked),
        hidden=len(material.items) - len(shown),
        withdrawn=material.withdrawn,
    )
    settings = material.settings
    return Edition(
        schema=SCHEMA,
        day=material.day.isoformat(),
        title=settings.title,
        language=settings.language,
        site=settings.site,
        writer="extractive",
        sources=tuple(source_line(report, material) for report in material.reports),
        exit_code=exit_code(material.reports),
        papers=tuple(papers),
        updates=tuple(
            Update(item.id, item.title, item.url, version, is_withdrawn(item)) for item, version in material.updates
        ),
        models=tuple(families),
        lines=tuple(line_of(one) for kind in _LISTED for one in ranked if one.item.kind is kind),
        ideas=tuple(ideas[:IDEAS]),
        counts=counts,
        board=best_of(material.board) if any(one.kind == "board" for paper in papers for one in paper.own) else (),
        maker=maker(),
    )


def source_line(report: Report, material: Material) -> SourceLine:
    """Describe how one source ended."""
    ids = {item.id for item in material.items}
    news = len(ids & material.seen_by.get(report.name, set()))
    parts = tuple(
        SourceLine(part.name, part.state, part.evidence, len(ids & {item.id for item in part.items}))
        for part in report.parts
    )
    return SourceLine(report.name, report.state, report.evidence, news, parts)


def paper_of(ranked: Ranked, material: Material) -> Paper:
    """Describe one paper: its two telling sentences, its figures, and what is said about it."""
    item = ranked.item
    about = [other for other in material.items if item.id in other.about]
    talk = [other for other in about if other.kind is Kind.STORY]
    return Paper(
        id=item.id,
        title=item.title,
        url=item.url,
        authors=item.authors,
        published=item.published[:10],
        announced=item.announced,
        categories=tuple(tag for tag in item.tags if not tag.startswith("comment: ")),
        topic=topic_of(item.title, item.text),
        score=ranked.score,
        reasons=tuple(reason.text for reason in ranked.reasons),
        text=item.text,
        claims=what_it_did(item.id, item.text) or telling(item),
        figures=find_figures(item.title, item.text),
        own=() if is_withdrawn(item) else own_claims(item.id, item.title, item.text, best_of(material.board)),
        code=code_in(item.text),
        models=tuple(sorted(other.title for other in about if other.kind is Kind.MODEL)),
        discussions=tuple(
            sorted(tag.partition(": ")[2] for other in talk for tag in other.tags if tag.startswith("discussion: "))
        ),
        sources=tuple(sorted(source for source, ids in material.seen_by.items() if item.id in ids)),
    )


def telling(item: Item) -> tuple[Claim, ...]:
    """Return the sentences of an abstract that say most, when none says what was done."""
    return tuple(
        Claim(item.id, span.start, span.end, span.of(item.text), span.of(item.text)) for span in best_spans(item.text)
    )


def best_of(board: Board | None) -> tuple[Best, ...]:
    """Return the board's best on each of its tests."""
    return board.best_by_test if board else ()


def own_claims(identity: str, title: str, text: str, board: Sequence[Best]) -> tuple[Claim, ...]:
    """Return what the digest says of a paper in its own words, each with the sentence that it rests on."""
    return tuple(
        Claim(identity, one.quote.start, one.quote.end, one.quote.of(text), one.text, one.kind)
        for one in statements(title, text, board)
    )


def code_in(text: str) -> tuple[str, ...]:
    """Return the addresses of code, weights and data that an abstract names."""
    found = (match[0].rstrip(".,;:)") for match in _CODE.finditer(text))
    return tuple(dict.fromkeys(url for url in map(safe_url, found) if url))


def line_of(ranked: Ranked) -> Line:
    """Describe anything else in one line."""
    item = ranked.item
    told = ("points", "comments", "likes", "downloads", "upvotes")
    notes = [f"{int(value)} {name}" for name, value in item.signals if name in told]
    by, day = ", ".join(item.authors[:3]), item.published[:10]
    return Line(item.id, item.kind, item.title, item.url, by, day, ", ".join(notes), ranked.score)
