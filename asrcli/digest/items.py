"""What travels: one piece of news, whatever source it came from, and how that source ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a piece of news is; the order is the order in a report."""

    PAPER = "paper"
    MODEL = "model"
    DATASET = "dataset"
    RELEASE = "release"
    STORY = "story"  # a link that people discuss (Hacker News)
    ARTICLE = "article"  # an entry of a feed
    POST = "post"  # X


_ALWAYS = ("id", "kind", "title", "url", "source", "version")  # but the first version, which is what is not said


@dataclass(frozen=True, slots=True)
class Item:
    """One paper, model, release or story. Texts were cleaned when they were read (`asrcli.web.cleaning`)."""

    id: str  # "arxiv:2601.21337", "hf:org/name", "hf-dataset:org/name", "github:org/name@v1", "hn:123", "url:https://..."
    kind: Kind
    title: str
    url: str  # https or http, or "" when the source gave nothing safe
    source: str  # "arxiv", "hf", "github", "hn", "rss", "x"
    text: str = ""  # abstract, description or body, as plain text
    authors: tuple[str, ...] = ()
    published: str = ""  # ISO 8601 day or time, UTC, as the source says it
    updated: str = ""
    version: int = 1
    tags: tuple[str, ...] = ()  # arXiv categories, hub tags
    announced: str = ""  # arXiv's announcement type: new, cross, replace, replace-cross
    signals: tuple[tuple[str, float], ...] = ()  # downloads, likes, points, upvotes, ...
    about: tuple[str, ...] = ()  # ids of other items this one is about (a model's papers)

    def signal(self, name: str) -> float:
        """Return one signal, 0 when the source did not give it."""
        return next((value for key, value in self.signals if key == name), 0.0)

    def to_json(self) -> str:
        """Return one line of JSON, the same for the same item; what is empty is left out."""
        told = {
            name: value
            for name, value in asdict(self).items()
            if (value if name not in _ALWAYS else name != "version" or value != 1)
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Item:
        """Read what `to_json` wrote."""
        values = json.loads(line)
        lists = {name: tuple(values[name]) for name in ("authors", "tags", "about") if name in values}
        signals = tuple((str(name), float(value)) for name, value in values.get("signals", ()))
        return cls(**{**values, **lists, "signals": signals, "kind": Kind(values["kind"])})


# In an abstract or in arXiv's comments, at their beginning: what a paper says of another is something else.
_WORK = r"(?:paper|submission|article|manuscript|work|version|preprint)"
_WITHDRAWN = re.compile(
    rf"^\W*(?:{_WORK} )?(?:withdrawn|retracted)\b|"
    rf"\b(?:this|the) {_WORK} (?:has been|was|is|is being) (?:withdrawn|retracted|removed by arxiv)\b|"
    rf"\b(?:we|authors?) (?:have |has |hereby |wish to |had to )?"
    rf"(?:withdr[ae]wn?|retract(?:ed)?) (?:this|the|our) {_WORK}\b|"
    r"\b(?:withdrawn|retracted) (?:by (?:the |its )?(?:authors?|arxiv|submitter|admin\w*)|due to|because|from arxiv)\b",
    re.I,
)
_MARKED = re.compile(r"^\W*(?:withdrawn|retracted)\b\W*[:\])-]", re.I)  # "RETRACTED: ...", "[Withdrawn] ..."


def is_withdrawn(item: Item) -> bool:
    """Tell whether a paper was withdrawn, as its title, its abstract or its comment on arXiv says."""
    comments = (tag.partition(": ")[2] for tag in item.tags if tag.startswith("comment: "))
    said = any(_WITHDRAWN.search(text) for text in (item.text[:400], *comments))
    return item.kind is Kind.PAPER and (said or _MARKED.match(item.title) is not None)


_NEW_STYLE = r"\d{4}\.\d{4,5}"
_OLD_STYLE = r"[a-z][a-z-]+(?:\.[A-Z]{2})?/\d{7}"
ARXIV_ID = re.compile(rf"(?P<base>{_NEW_STYLE}|{_OLD_STYLE})(?:v(?P<version>\d{{1,3}}))?", re.ASCII)
# The paper on carbon emissions in the hub's model card template: the tag says nothing about the model.
TEMPLATE_PAPERS = frozenset({"1910.09700"})


def arxiv_id(text: str) -> tuple[str, int] | None:
    """Return base id and version (1 when not given) of an arXiv id, link or OAI identifier; ``None`` for others."""
    tail = re.sub(
        r"^(?:https?://(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html)/|oai:arXiv\.org:|arxiv:)", "", text.strip(), flags=re.I
    )
    found = ARXIV_ID.fullmatch(tail.removesuffix(".pdf"))
    return (found["base"], int(found["version"] or 1)) if found else None


def merge(old: Item, new: Item) -> Item:
    """Join two sightings of one item: the later version's words, the last signals, everything it is about.

    Of one version the words first read are kept, so that spans into them stay true whichever way of asking repeats
    it. The announcement type is known to one transport only, and one that knows no text must not erase it.
    """
    base, other = (new, old) if new.version > old.version else (old, new)
    return replace(
        base,
        text=base.text or other.text,
        authors=base.authors or other.authors,
        published=min(filter(None, (base.published, other.published)), default=""),
        updated=max(base.updated, other.updated),
        announced=base.announced or other.announced,
        tags=tuple(dict.fromkeys((*base.tags, *other.tags))),
        signals=tuple(sorted({**dict(old.signals), **dict(new.signals)}.items())),
        about=tuple(sorted({*base.about, *other.about})),
    )


class State(StrEnum):
    """How a source, or one way of asking it, ended."""

    OK = "ok"  # answered, and there is news
    QUIET = "quiet"  # answered, fresh, and nothing is new: the only state that may be called "no news"
    STALE = "stale"  # answered with old data
    PARTIAL = "partial"  # some of it was read: a cut answer, or one of two ways failed
    EMPTY = "empty"  # answered 200 with nothing where something must be
    FAILED = "failed"  # no usable answer
    OFF = "off"  # needs a token or a budget that was not given


SOUND = frozenset({State.OK, State.QUIET})
USABLE = frozenset({State.OK, State.QUIET, State.PARTIAL})


@dataclass(frozen=True, slots=True)
class Report:
    """What one source, or one transport of it, gave and how that is known."""

    name: str  # "arxiv", or "arxiv rss" for a transport
    state: State
    evidence: str  # status, totals, dates: one line, for the reader of the digest
    items: tuple[Item, ...] = ()
    parts: tuple[Report, ...] = ()  # the transports it was put together from
    marks: tuple[tuple[str, str], ...] = ()  # watermarks to keep when the run is stored: name and value


def join(states: Iterable[State]) -> State:
    """Return the state of a source from the states of its transports.

    One bad way beside a usable one is partial. Ways that fail alike keep their name; different failures are failed.
    """
    found = [state for state in states if state is not State.OFF]
    if not found:
        return State.OFF
    if all(state in SOUND for state in found):
        return State.OK if State.OK in found else State.QUIET
    if any(state in USABLE for state in found):
        return State.PARTIAL
    return found[0] if len(set(found)) == 1 else State.FAILED


def exit_code(reports: Sequence[Report]) -> int:
    """Return 0 when every source asked is sound, 3 when some are not, 4 when none is usable."""
    asked = [report.state for report in reports if report.state is not State.OFF]
    if asked and not any(state in USABLE for state in asked):
        return 4
    return 0 if asked and all(state in SOUND for state in asked) else (3 if asked else 4)
