"""One day's digest as values: what DATE.json holds, and what every page is made from."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass

from asrcli.base.counts import count_of
from asrcli.digest.board import Best
from asrcli.digest.families import Family
from asrcli.digest.figures import Figure
from asrcli.errors import InputError
from asrcli.reports.table import json_text
from asrcli.transport.codec import build

SCHEMA = 2
# How reasons begin that come from what a reader follows; others are signs of use, and numbers in the abstract.
PERSONAL = ("matches “", "has “", "author ", "from ", "starred", "like starred: ")


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence and its proof: ``quote == text_of(id)[start:end]``.

    An extractive claim is its quote; a claim that a language model wrote says the quote in other words, with no
    number or id that the quote does not hold.
    """

    id: str  # of the item
    start: int
    end: int
    quote: str
    text: str
    kind: str = (
        "summary"  # summary, idea, done, result; the digest's own: level, best, board; on paper pages: inference
    )

    @property
    def verbatim(self) -> bool:
        """Tell whether the claim is the source's own words; the first letter may be a capital."""
        return self.text in (self.quote, self.quote[:1].upper() + self.quote[1:])


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How a source ended."""

    name: str
    state: str
    evidence: str
    news: int  # items of this day that it saw
    parts: tuple[SourceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of the day."""

    id: str
    title: str
    url: str
    authors: tuple[str, ...]
    published: str
    announced: str
    categories: tuple[str, ...]
    topic: str
    score: float
    reasons: tuple[str, ...]
    text: str  # the abstract, which every span counts in
    claims: tuple[Claim, ...]
    figures: tuple[Figure, ...]
    own: tuple[Claim, ...]  # what the digest says of it in its own words (`asrcli.digest.statements`)
    code: tuple[str, ...]  # addresses of code and weights that the abstract names
    models: tuple[str, ...]  # names of models of the day that are about it
    discussions: tuple[str, ...]  # addresses
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Idea:
    """One paper's idea, to be read alone: its title, what was done, and what came of it."""

    id: str
    title: str
    url: str
    claims: tuple[Claim, ...]  # of kind done and result, one or two


@dataclass(frozen=True, slots=True)
class Update:
    """A later version of a paper that was reported before."""

    id: str
    title: str
    url: str
    version: int
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Anything that is told in one line: datasets, releases, stories, articles, posts."""

    id: str
    kind: str
    title: str
    url: str
    by: str
    published: str
    note: str
    score: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What is not shown, in numbers."""

    unmatched: int = 0  # papers of the categories that no phrase matches
    older: int = 0  # known from a first run
    silent_models: int = 0  # nobody used or liked them
    models: int = 0
    dropped_claims: int = 0  # sentences of a language model that had no proof
    hidden: int = 0  # by the user
    withdrawn: int = 0  # papers that their authors took back before they were news


@dataclass(frozen=True, slots=True)
class Edition:
    """A day."""

    schema: int
    day: str
    title: str
    language: str
    site: str
    writer: str  # "extractive", or the name of the language model
    sources: tuple[SourceLine, ...]
    exit_code: int
    papers: tuple[Paper, ...]
    updates: tuple[Update, ...]
    models: tuple[Family, ...]
    lines: tuple[Line, ...]
    ideas: tuple[Idea, ...]
    counts: Counts
    board: tuple[Best, ...]  # what `Claim`s of kind board are made from
    changed: str = ""  # when a later run wrote other content than an earlier one, ISO 8601; "" when none did
    maker: str = ""  # the version that wrote it (`asrcli.digest.versions.maker`), "" before versions were kept

    @property
    def updated(self) -> str:
        """When the day last changed, for feeds."""
        return self.changed or f"{self.day}T00:00:00Z"

    @property
    def headline(self) -> str:
        """What the day brought, in one sentence; "no news" only when every source is sound."""
        kinds = (
            (self.papers, "paper", ""),
            (self.models, "model family", "model families"),
            (self.lines, "other item", ""),
        )
        found = [count_of(things, *nouns) for things, *nouns in kinds if things]
        if found:
            return ", ".join(found)
        return "No news." if self.exit_code == 0 else "Nothing could be read; this is not a quiet day."

    @property
    def opening(self) -> str:
        """A paragraph that says what kind of day it was, from its own data; "" without papers."""
        if not self.papers:
            return ""
        topics = Counter(paper.topic for paper in self.papers if paper.topic != "Other")
        often = [f"{topic} ({number})" for topic, number in topics.most_common(3) if number > 1]
        reporting = sum(any(claim.kind == "level" for claim in paper.own) for paper in self.papers)
        said = [f"Most often: {', '.join(often)}."] if often else []
        if reporting:
            one = "paper reports an error rate of its own system"
            said.append(count_of(reporting, one, "papers report error rates of their own systems") + ".")
        first = self.papers[0]
        chosen = any(reason.startswith(PERSONAL) for reason in first.reasons)
        return " ".join([*said, f"First{' by your interests' if chosen else ''}: “{first.title}”."])


def to_json(edition: Edition) -> str:
    """Return the text of DATE.json: the same bytes for the same day."""
    return json_text(dataclasses.asdict(edition))


def from_json(text: str, brief: bool = False) -> Edition:
    """Read DATE.json; ``brief`` leaves out what only the day's own pages show: three times as fast.

    Raises:
        InputError: not a digest, or one of another schema.
    """
    try:
        values = json.loads(text)
        if isinstance(values, dict) and isinstance(old := values.get("schema"), int) and 0 < old < SCHEMA:
            raise InputError(f"not a digest of schema {SCHEMA} but of {old}, an earlier version's: run its day again")
        if not isinstance(values, dict) or values.get("schema") != SCHEMA:
            raise InputError(f"not a digest of schema {SCHEMA}")
        if brief:
            values["papers"] = [{**paper, "text": "", "claims": [], "figures": []} for paper in values["papers"]]
        return build(Edition, values)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"not a digest ({type(error).__name__}: {str(error)[:100]})") from error
