"""The script: two voices reading the digest's own sentences. Nothing is said that the digest does not hold.

The host names papers and sources; the guest reads the quoted sentences. The length follows the news: a day without
papers is told in a few lines, and nothing is made up to fill the time.
"""

from __future__ import annotations

from calendar import month_name
from dataclasses import dataclass
from datetime import date

from asrcli.base.counts import count_of
from asrcli.digest.edition import Claim, Edition, Paper
from asrcli.digest.pages.markdown import BAD, claim_markdown
from asrcli.digest.podcast.lexicon import say
from asrcli.web.cleaning import markdown_link

PAUSE, BREAK = 0.35, 0.9  # seconds of silence after a turn, and after a chapter
CHARACTERS = 14.0  # said per second by the slowest voice (flite; espeak-ng says 16)
MODELS = 3
PROMISE = "what is said of each paper is quoted in the show notes with its source"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one voice says in one go."""

    speaker: str  # "host" or "guest"
    text: str
    proof: Claim | None = None  # of a sentence of the digest


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the show: the opening, one paper, or the close."""

    title: str
    url: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A whole show."""

    day: str
    title: str
    chapters: tuple[Chapter, ...]

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Every turn, in order."""
        return tuple(turn for chapter in self.chapters for turn in chapter.turns)


def write_script(edition: Edition, minutes: float) -> Script:
    """Choose as many papers, best first, as fit into the minutes, and write the show."""
    closing = close(edition)
    chapters: list[Chapter] = []
    used = seconds_of(closing) + seconds_of(open_show(edition, 1))
    for number, paper in enumerate(edition.papers):
        chapter = paper_chapter(paper, number == 0)
        used += seconds_of(chapter)
        if chapters and used > minutes * 60:
            break
        chapters.append(chapter)
    opening = open_show(edition, len(chapters))
    return Script(edition.day, f"{edition.title}: {edition.day}", (opening, *chapters, closing))


def seconds_of(chapter: Chapter) -> float:
    """Estimate how long a chapter takes: what is said, not what is written, and the silences."""
    said = sum(len(word.said) + 1 for turn in chapter.turns for word in say(turn.text))
    return said / CHARACTERS + PAUSE * len(chapter.turns) + BREAK - PAUSE


def open_show(edition: Edition, told: int) -> Chapter:
    """Greet, and say first what was not read."""
    day = date.fromisoformat(edition.day)
    turns = [Turn("host", f"{edition.title}, {day.day} {month_name[day.month]} {day.year}.")]
    bad = [f"{source.name} {source.state}" for source in edition.sources if source.state in BAD]
    if bad:
        turns.append(Turn("guest", f"Not everything was read today: {', '.join(bad)}."))
    turns.append(Turn("host", edition.headline if edition.headline.endswith(".") else f"{edition.headline}."))
    if 0 < told < len(edition.papers):
        turns.append(Turn("host", f"Here are {told} of them; the rest are in the digest."))
    return Chapter("Opening", "", tuple(turns))


def paper_chapter(paper: Paper, first: bool) -> Chapter:
    """Tell one paper: title and authors, then its own sentences."""
    others = paper.authors[1] if len(paper.authors) == 2 else "others"
    by = f" By {' and '.join([*paper.authors[:1], *([others] if paper.authors[1:] else [])])}." if paper.authors else ""
    start = "First" if first else "Next"
    stop = "" if paper.title.endswith((".", "?", "!")) else "."
    turns = [Turn("host", f"{start}, {paper.topic.lower()}: {paper.title}{stop}{by}")]
    turns += [Turn("guest", claim.text, claim) for claim in paper.claims]
    turns += [Turn("host", claim.text, claim) for claim in paper.own]
    return Chapter(paper.title, paper.url, tuple(turns))


def close(edition: Edition) -> Chapter:
    """Name the models of the day and stop."""
    turns = []
    if edition.models:
        names = ", ".join(row.title.rpartition("/")[2] for row in edition.models[:MODELS])
        turns.append(Turn("guest", f"New or trending models: {names}."))
    if edition.updates:
        turns.append(Turn("guest", f"{count_of(edition.updates, 'paper')} came out in a new version."))
    turns.append(Turn("host", f"{PROMISE[0].upper()}{PROMISE[1:]}."))
    return Chapter("Close", "", tuple(turns))


def script_markdown(script: Script) -> str:
    """Return the show notes: who says what, and the source of every quoted sentence."""
    blocks = [f"# {markdown_link(script.title, '')}"]
    for chapter in script.chapters:
        blocks.append(f"## {markdown_link(chapter.title, chapter.url)}")
        for turn in chapter.turns:
            said = claim_markdown(turn.proof) if turn.proof else markdown_link(turn.text, "")
            blocks.append(f"**{turn.speaker.title()}:** {said}")
    return "\n\n".join(blocks) + "\n"
