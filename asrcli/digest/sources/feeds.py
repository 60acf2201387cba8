"""RSS 2.0, RSS 1.0 and Atom feeds, GitHub releases (which are Atom feeds), and OPML lists of feeds."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asrcli.base.counts import count_of
from asrcli.base.files import reason
from asrcli.base.whole import read_whole
from asrcli.digest.items import Item, Kind, Report, State
from asrcli.digest.sources import Task, ask, combine
from asrcli.errors import InputError
from asrcli.web.cleaning import clean, clean_title, plain_text, safe_url
from asrcli.web.client import Answer, Call, canonical
from asrcli.web.markup import MarkupError, child_text, local_name, read_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, cleaned."""

    id: str
    title: str
    link: str
    text: str
    when: str  # ISO 8601 UTC, "" when not given or not readable
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    element: Element


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed."""

    title: str
    built: str  # ISO 8601 UTC of the last build, "" when not given
    entries: tuple[Entry, ...]
    complete: bool
    problem: str


def read_feed(data: bytes) -> Feed:
    """Read any feed; raise `MarkupError` where it is not XML, not a feed, or not safe."""
    document = read_xml(data)
    root = document.root
    if local_name(root) not in ("feed", "rss", "rdf"):
        raise MarkupError(f"<{clean(local_name(root), 40)}> is not a feed")
    head = next((child for child in root if local_name(child) == "channel"), root)
    holders = (head, root) if head is not root else (root,)
    entries = [read_entry(child) for holder in holders for child in holder if local_name(child) in ("item", "entry")]
    built = utc(child_text(head, "lastbuilddate") or child_text(head, "updated", "pubdate", "date"))
    return Feed(clean_title(child_text(head, "title")), built, tuple(entries), document.complete, document.problem)


def read_entry(element: Element) -> Entry:
    """Read one item or entry."""
    link = ""
    for child in element:
        if local_name(child) == "link" and child.get("rel", "alternate") == "alternate":
            link = link or safe_url(child.get("href") or child.text or "")
    authors = [
        clean(child_text(child, "name") or child.text or "", 200)
        for child in element
        if local_name(child) in ("author", "creator")
    ]
    tags = [clean(child.get("term") or child.text or "", 80) for child in element if local_name(child) == "category"]
    return Entry(
        clean(child_text(element, "id", "guid") or link, 500),
        plain_text(child_text(element, "title"), 400),
        link,
        plain_text(child_text(element, "summary", "description", "content", "encoded")),
        utc(child_text(element, "published", "pubdate", "date", "updated")),
        tuple(filter(None, authors)),
        tuple(filter(None, tags)),
        element,
    )


def utc(stamp: str) -> str:
    """Return an RFC 2822 or ISO 8601 time as ISO 8601 UTC; "" when it is neither."""
    stamp = stamp.strip()
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        try:
            when = parsedate_to_datetime(stamp)
        except (TypeError, ValueError):
            return ""
    try:
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (OverflowError, ValueError):
        return ""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def fetch_feed(task: Task, url: str, name: str) -> tuple[Feed, Answer] | Report:
    """Ask for one feed; a failed report when there is none."""
    answer = ask(task, Call(url, ACCEPT), name)
    if isinstance(answer, Report):
        return answer
    try:
        return read_feed(answer.body), answer
    except MarkupError as error:
        return Report(name, State.FAILED, f"HTTP 200 but {clean(str(error), 120)}")


def broken(read: Sized | int, feed: Feed) -> str:
    """Say how many entries were read of a feed that breaks off, and why it does."""
    return f"breaks off after {count_of(read, 'entry', 'entries')} ({clean(feed.problem, 80)})"


def feed_report(task: Task, url: str, name: str, kind: Kind) -> Report:
    """Read one feed into items."""
    fetched = fetch_feed(task, url, name)
    if isinstance(fetched, Report):
        return fetched
    feed, _ = fetched
    source = "github" if kind is Kind.RELEASE else "rss"
    items = tuple(
        entry_item(entry, url, kind, source, feed.title) for entry in feed.entries if entry.id and entry.title
    )
    if not feed.complete:
        return Report(name, State.PARTIAL, broken(items, feed), items)
    if not items:
        # A repository without releases is a quiet one; a blog without entries is not a blog.
        state = State.QUIET if kind is Kind.RELEASE else State.EMPTY
        return Report(name, state, "HTTP 200 with no entries")
    newest = max((entry.when for entry in feed.entries), default="")
    return Report(
        name, State.OK, f"{count_of(items, 'entry', 'entries')}, newest {newest[:10] or 'without a date'}", items
    )


def entry_item(entry: Entry, url: str, kind: Kind, source: str, feed_title: str) -> Item:
    """Turn a feed entry into an item."""
    if kind is Kind.RELEASE:
        repository = "/".join(urlsplit(url).path.split("/")[1:3])
        tag = clean(entry.link.rpartition("/")[2] or entry.title, 80)
        identity, title = f"github:{repository}@{tag}", f"{repository} {entry.title}"
        return Item(identity, kind, title, entry.link, source, entry.text, (), entry.when)
    identity = f"url:{canonical(entry.link)}" if entry.link else f"url:{canonical(url)}#{entry.id}"
    authors = entry.authors or ((feed_title,) if feed_title else ())
    return Item(identity, kind, entry.title, entry.link, source, entry.text, authors, entry.when, tags=entry.tags[:10])


def collect_feeds(task: Task) -> Report:
    """Read every feed of the settings."""
    parts = [feed_report(task, url, f"rss {feed_label(url)}", Kind.ARTICLE) for url in task.settings.feeds]
    return combine("rss", parts) if parts else Report("rss", State.OFF, "no feeds in the settings")


def collect_releases(task: Task) -> Report:
    """Read the releases of every repository of the settings."""
    parts = []
    for repository in task.settings.releases:
        url = f"https://github.com/{repository}/releases.atom"
        parts.append(feed_report(task, url, f"github {clean(repository, 80)}", Kind.RELEASE))
    if not parts:
        return Report("github", State.OFF, "no repositories in the settings")
    return combine("github", parts, summarise_parts(parts))


def summarise_parts(parts: Sequence[Report]) -> str:
    """Say how many parts ended how, naming those that did not end well."""
    bad = [
        f"{part.name.partition(' ')[2]}: {part.evidence}" for part in parts if part.state not in (State.OK, State.QUIET)
    ]
    said = f"{len(parts) - len(bad)} of {len(parts)} read"
    return said + ("; " + "; ".join(bad[:5]) + ("; ..." if len(bad) > 5 else "") if bad else "")


def feed_label(url: str) -> str:
    """Return a short name for a feed address."""
    parts = urlsplit(url)
    return clean(f"{parts.hostname or url}{parts.path}".rstrip("/"), 60)


def read_opml(data: bytes) -> list[tuple[str, str]]:
    """Return title and address of every feed in an OPML list; raise `InputError` where it is not OPML."""
    try:
        document = read_xml(data)
    except MarkupError as error:
        raise InputError(f"not an OPML file: {error}") from error
    if local_name(document.root) != "opml" or not document.complete:
        raise InputError("not an OPML file (or a cut one)")
    found = []
    for outline in document.root.iter():
        url = safe_url(outline.get("xmlUrl") or "")
        if local_name(outline) == "outline" and url:
            found.append((clean_title(outline.get("title") or outline.get("text") or url), url))
    return found


def read_opml_file(path: Path) -> list[tuple[str, str]]:
    """Read an OPML file."""
    try:
        return read_opml(read_whole(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
