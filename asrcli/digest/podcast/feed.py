"""The podcast's feed, RSS 2.0 with the iTunes and podcast namespaces, and its cover."""

from __future__ import annotations

import hashlib
import struct
import uuid
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from asrcli.digest.edition import Edition
from asrcli.digest.pages.feeds import address, identity, notes_html
from asrcli.digest.podcast.episode import Episode, load_episodes
from asrcli.digest.podcast.script import PROMISE
from asrcli.digest.settings import Settings
from asrcli.digest.versions import Files
from asrcli.web.markup import add, write_xml

COVER = "cover.png"
SPACES = {
    "xmlns:itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "xmlns:podcast": "https://podcastindex.org/namespace/1.0",
    "xmlns:atom": "http://www.w3.org/2005/Atom",
}
PODCAST_SPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")  # of podcast:guid, from the namespace's own text


def podcast_feed(episodes: Sequence[Episode], notes: dict[str, Edition], settings: Settings) -> str:
    """Return the feed, newest episode first; ``notes`` are the days' editions, for the show notes."""
    site = settings.site
    root = Element("rss", {"version": "2.0", **SPACES})
    channel = add(root, "channel")
    add(channel, "title", settings.title)
    add(channel, "link", site or "https://example.invalid/")
    add(channel, "description", f"{settings.title}: {PROMISE}.")
    add(channel, "language", settings.language)
    add(channel, "itunes:author", settings.author)
    category = channel
    for name in settings.category.split(">"):
        category = add(category, "itunes:category", text=name.strip())
    owner = add(channel, "itunes:owner")
    add(owner, "itunes:name", settings.author)
    if settings.email:
        add(owner, "itunes:email", settings.email)
    add(channel, "itunes:image", href=address(site, f"podcast/{COVER}"))
    add(channel, "itunes:explicit", "false")
    add(channel, "itunes:type", "episodic")
    self_address = address(site, "podcast.xml")
    add(channel, "atom:link", href=self_address, rel="self", type="application/rss+xml")
    name = self_address.partition("://")[2].rstrip("/") or self_address
    add(channel, "podcast:guid", str(uuid.uuid5(PODCAST_SPACE, name)))
    for episode in episodes:
        add_item(channel, episode, notes.get(episode.day), settings)
    return write_xml(root)


def add_item(channel: Element, episode: Episode, edition: Edition | None, settings: Settings) -> None:
    """Append one episode."""
    site = settings.site
    item = add(channel, "item")
    add(item, "title", episode.title)
    add(item, "guid", identity(site, settings.title, f"podcast {episode.day}"), isPermaLink="false")
    add(item, "pubDate", format_datetime(datetime.fromisoformat(episode.day).replace(tzinfo=UTC)))
    add(item, "link", address(site, f"daily/{episode.day}.html"))
    add(item, "description", notes_html(edition).markup if edition else episode.title)
    file = address(site, f"podcast/{episode.file}")
    add(item, "enclosure", url=file, length=str(episode.bytes), type=episode.media_type)
    add(item, "itunes:duration", str(round(episode.seconds)))
    add(item, "itunes:episodeType", "full")
    add(item, "itunes:explicit", "false")
    base = f"podcast/{episode.day}"
    add(item, "podcast:chapters", url=address(site, f"{base}.chapters.json"), type="application/json+chapters")
    add(item, "podcast:transcript", url=address(site, f"{base}.vtt"), type="text/vtt", language=settings.language)


def write_feed(out: Path, settings: Settings, files: Files | None = None) -> Path:
    """Write podcast.xml from the episodes that are there."""
    from asrcli.digest.run import daily_path, load_edition

    episodes = load_episodes(out)
    notes = {one.day: load_edition(out, one.day) for one in episodes if daily_path(out, one.day, "json").is_file()}
    path = out / "podcast.xml"
    files = files or Files()
    cover = out / "podcast" / COVER
    if not cover.exists():  # a picture of your own stays
        files.write(cover, cover_png(settings.title))
    files.write(path, podcast_feed(episodes, notes, settings))
    return path


SIDE = 1400  # pixels; directories take 1400 to 3000
BARS = 28


def cover_png(title: str) -> bytes:
    """Return the picture: the same for the same title, and without text, which nobody could read at 60 pixels."""
    import numpy as np

    seed = np.frombuffer(hashlib.sha256(title.encode()).digest(), np.uint8)
    dark = (seed[:3] // 5 + 16).astype(np.uint8)
    light = (255 - seed[3:6] // 4).astype(np.uint8)
    picture = np.empty((SIDE, SIDE, 3), np.uint8)
    picture[:] = dark
    wide = SIDE // (BARS + 4)
    for bar in range(BARS):
        swell = 1.0 - abs(2 * bar / (BARS - 1) - 1.0)
        high = int(SIDE * (0.06 + (0.25 + 0.5 * swell) * seed[6 + bar % 26] / 255))
        left = (bar + 2) * wide + wide // 5
        picture[(SIDE - high) // 2 : (SIDE + high) // 2, left : left + wide * 3 // 5] = light
    rows = np.concatenate([np.zeros((SIDE, 1), np.uint8), picture.reshape(SIDE, -1)], axis=1)
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = {b"IHDR": head, b"IDAT": zlib.compress(rows.tobytes(), 9), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks.items())


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
