"""The digest to subscribe to, Atom (RFC 4287) and JSON Feed 1.1 with an entry per day, and a day as a message."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from xml.etree.ElementTree import Element

from asrcli.digest.edition import Edition
from asrcli.digest.pages.html import claim_html, day_html, idea_html, link, status
from asrcli.digest.pages.markdown import day_markdown
from asrcli.digest.settings import Settings
from asrcli.reports.table import json_text
from asrcli.web.markup import Child, Html, add, join_html, tag, write_xml

ATOM = "http://www.w3.org/2005/Atom"
FEED_SPACE = uuid.UUID("6b7b1c43-6c0e-5f43-9a0c-6b1f0e0f2d11")


def identity(site: str, title: str, part: str) -> str:
    """Return a permanent id that needs no domain: a name-based UUID."""
    return uuid.uuid5(FEED_SPACE, f"{site}\n{title}\n{part}").urn


def address(site: str, path: str) -> str:
    """Return an absolute address when the folder is published somewhere, else the relative one."""
    return f"{site.rstrip('/')}/{path}" if site else path


def summary_html(edition: Edition) -> Html:
    """Return the entry's body: the state of the sources, the ideas, and the papers by title."""
    ideas = tag("ul", *(tag("li", idea_html(idea)) for idea in edition.ideas)) if edition.ideas else ""
    papers = tag("ol", *(tag("li", link(paper.title, paper.url)) for paper in edition.papers)) if edition.papers else ""
    return join_html([*head_html(edition), ideas, papers])


def notes_html(edition: Edition) -> Html:
    """Return the show notes of an episode: every sentence that the show may say of a paper, with its source."""
    papers = (
        tag("li", link(one.title, one.url), *(tag("p", claim_html(claim)) for claim in (*one.claims, *one.own)))
        for one in edition.papers
    )
    return join_html([*head_html(edition), tag("ol", *papers) if edition.papers else ""])


def head_html(edition: Edition) -> list[Child]:
    """Return the state of the sources, and what a day says first."""
    said = [tag("p", text) for text in (edition.headline, edition.opening) if text]
    return [status(edition), *said]


def atom_feed(editions: Sequence[Edition]) -> str:
    """Return the Atom feed, newest day first."""
    title, site, language = head_of(editions)
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": language})
    add(feed, "title", title)
    add(feed, "id", identity(site, title, "feed"))
    add(feed, "updated", max((one.updated for one in editions), default="1970-01-01T00:00:00Z"))
    add(add(feed, "author"), "name", title)
    add(feed, "link", rel="self", href=address(site, "feed.xml"))
    for edition in editions:
        entry = add(feed, "entry")
        add(entry, "title", f"{title}: {edition.day}")
        add(entry, "id", identity(site, title, edition.day))
        add(entry, "updated", edition.updated)
        add(entry, "link", rel="alternate", type="text/html", href=address(site, f"daily/{edition.day}.html"))
        add(entry, "content", summary_html(edition).markup, type="html")
    return write_xml(feed)


def json_feed(editions: Sequence[Edition]) -> str:
    """Return the JSON feed, newest day first."""
    title, site, language = head_of(editions)
    values: dict[str, object] = {"version": "https://jsonfeed.org/version/1.1", "title": title, "language": language}
    if site:
        values |= {"home_page_url": address(site, ""), "feed_url": address(site, "feed.json")}
    values["items"] = [
        {
            "id": identity(site, title, edition.day),
            "url": address(site, f"daily/{edition.day}.html"),
            "title": f"{title}: {edition.day}",
            "date_published": f"{edition.day}T00:00:00Z",
            "date_modified": edition.updated,
            "content_html": summary_html(edition).markup,
        }
        for edition in editions
    ]
    return json_text(values)


def head_of(editions: Sequence[Edition]) -> tuple[str, str, str]:
    """Return title, site and language, as the newest day has them."""
    if not editions:
        return "Speech recognition digest", "", "en"
    return editions[0].title, editions[0].site, editions[0].language


def sources_opml(settings: Settings) -> str:
    """Return the feeds and repositories that are followed as an OPML 2.0 list."""
    root = Element("opml", {"version": "2.0"})
    add(add(root, "head"), "title", settings.title)
    body = add(root, "body")
    addresses = [*settings.feeds, *(f"https://github.com/{one}/releases.atom" for one in settings.releases)]
    addresses += [f"https://rss.arxiv.org/atom/{category}" for category in settings.categories]
    for url in addresses:
        add(body, "outline", type="rss", text=url, xmlUrl=url)
    return write_xml(root)


def day_message(edition: Edition, sender: str, to: str) -> bytes:
    """Return a day as an RFC 5322 message; the same bytes for the same day.

    Args:
        sender: address of the sender, "" to leave the header to the mail program.
        to: address of the reader, or "".
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(f"{edition.title}: {edition.day}: {edition.headline}".split())[:200]
    if sender:
        message["From"] = sender
    if to:
        message["To"] = to
    message["Date"] = format_datetime(datetime.fromisoformat(edition.day).replace(tzinfo=UTC))
    token = identity(edition.site, edition.title, f"mail {edition.day}").rpartition(":")[2]
    message["Message-ID"] = f"<{token}@digest.invalid>"
    message.set_content(day_markdown(edition))
    message.add_alternative(day_html(edition, filters=False), subtype="html")
    message.set_boundary(f"digest-{token}")
    return message.as_bytes()
