"""arXiv, three ways at once, because each of them fails silently now and then.

The feed of a category says what was announced today; the API gives submission dates and abstracts by topic; the listing
fills in the announcements that were missed. The three are joined by id, and the digest says what only one of them had.

News is what this digest has not seen, never what is younger than some hours: of 370 papers, 31 % became visible more
than two days after their submission, and 9 % after more than a week.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from asrcli.base.counts import count_of
from asrcli.digest.items import Item, Kind, Report, State, arxiv_id
from asrcli.digest.latex import as_text
from asrcli.digest.sources import Task, ask, combine
from asrcli.digest.sources.feeds import Entry, Feed, broken, fetch_feed
from asrcli.web.cleaning import clean, plain_text
from asrcli.web.client import Answer, Call
from asrcli.web.markup import child_text, local_name

PAGE = 300  # entries of one API page; by topic this reaches back about a month, beyond nearly every moderation hold
PAGES = 5  # of an answer, or of a listing
BATCH = 100  # ids in one look-up
API_STALE_DAYS = 6  # the newest of all speech papers is never older, long weekends and holidays included
EASTERN = timedelta(hours=4)  # UTC minus this has New York's date at its midnight, in summer and in winter
SHOWING = re.compile(r"showing\s+(?:first\s+)?(\d+)\s+of\s+(\d+)\s+entries", re.I)
LISTED = re.compile(r"""href\s*=\s*["']?/abs/([a-z-]*(?:\.[A-Z]{2})?/?\d{4}\.?\d{3,5})(?:v\d+)?["']""")
TOTAL = re.compile(r"Total of (\d+) entries", re.I)
SHOWN = 2000  # entries in one page: the most arXiv gives
HEADING = re.compile(r"<h3[^>]*>(.*?)</h3>", re.S | re.I)


def collect(task: Task) -> Report:
    """Read feeds, API and, where announcements were missed, listings."""
    feeds = [read_category(task, category) for category in task.settings.categories]
    api = query(task)
    fills = [fill for feed in feeds for fill in [back_fill(task, feed)] if fill is not None]
    reached = {category_of(fill): fill.state in (State.OK, State.QUIET) for fill in fills}
    feeds = [replace(feed, marks=feed.marks if reached.get(category_of(feed), True) else ()) for feed in feeds]
    parts = [*feeds, api, *fills]
    return combine("arxiv", parts, compare(feeds, api, fills))


def compare(feeds: Sequence[Report], api: Report, fills: Sequence[Report]) -> str:
    """Say what each way gave and how far they agree."""
    by_feed = {item.id for feed in feeds for item in feed.items}
    by_api = {item.id for item in api.items}
    both, only = len(by_feed & by_api), len(by_feed - by_api)
    lines = [f"feeds {len(by_feed)}, API {len(by_api)}, both {both}, only feeds {only}"]
    for part in (*feeds, api, *fills):
        if part.state is not State.OK or part in fills:
            lines.append(f"{part.name.removeprefix('arxiv ')} {part.state}: {part.evidence}")
    return "; ".join(lines)


def category_of(feed: Report) -> str:
    """Return the category in the name of a feed's report."""
    return feed.name.rpartition(" ")[2]


def mark_name(category: str) -> str:
    """Return the name of a category's watermark: the last day whose announcements were read."""
    return f"arxiv {category}"


# --- the feed of a category ---


def read_category(task: Task, category: str) -> Report:
    """Read today's announcements of one category."""
    name = f"arxiv feed {category}"
    fetched = fetch_feed(task, f"https://rss.arxiv.org/atom/{category}", name)
    if isinstance(fetched, Report):
        return fetched
    feed, answer = fetched
    items = tuple(filter(None, map(feed_item, feed.entries)))
    today = eastern_day(answer, task.day)
    state, evidence = judge_feed(feed, len(items), today)
    if state is State.OK and repeated(task, items):
        weekend = today.weekday() >= 5
        state = State.QUIET if weekend else State.STALE
        evidence = f"{evidence}, every one of them read before" + ("" if weekend else ": an old batch under a new date")
    fresh = state in (State.OK, State.QUIET) and feed.built
    # A feed that carries a date to come would leave all announcements until then unread.
    marks = ((mark_name(category), min(eastern(feed.built), today).isoformat()),) if fresh else ()
    return Report(name, state, evidence, items, marks=marks)


def repeated(task: Task, items: Sequence[Item]) -> bool:
    """Tell whether a feed announces nothing that was not read on an earlier day; later versions are left aside."""
    announced = [item for item in items if not item.announced.startswith("replace")]
    return bool(announced) and all(task.known(item.id) for item in announced)


def judge_feed(feed: Feed, count: int, today: date) -> tuple[State, str]:
    """Tell a quiet feed from a stale, empty or cut one. ``today`` is New York's day when it was asked for."""
    if not feed.complete:
        return State.PARTIAL, broken(count, feed)
    if count < len(feed.entries):
        lost = f"{len(feed.entries) - count} of {count_of(feed.entries, 'entry', 'entries')}"
        return State.PARTIAL, f"{lost} have no arXiv id"
    built = eastern(feed.built) if feed.built else None
    expected = last_weekday(today)
    if built is not None and built < expected:
        return State.STALE, f"built {built}, but {expected} is due; {count_of(count, 'entry', 'entries')}"
    if count:
        return State.OK, f"{count_of(count, 'entry', 'entries')} announced {built or '(no date)'}"
    if today.weekday() >= 5:
        return State.QUIET, f"no announcements on a {today:%A} (built {built or 'without a date'})"
    return State.EMPTY, f"HTTP 200 with no entries on a {today:%A}"


def feed_item(entry: Entry) -> Item | None:
    """Turn an announcement into an item."""
    found = arxiv_id(entry.id) or arxiv_id(entry.link)
    if found is None:
        return None
    base, version = found
    head, abstract, tail = entry.text.partition("Abstract:")
    announced = clean(child_text(entry.element, "announce_type"), 20).lower()
    authors = tuple(name.strip() for author in entry.authors for name in author.split(",") if name.strip())
    made = paper(base, version, entry.title, (tail if abstract else head).strip())
    return replace(made, authors=authors, updated=entry.when, tags=entry.tags[:12], announced=announced)


def paper(base: str, version: int, title: str, abstract: str) -> Item:
    """Return a paper with the fields every way knows."""
    url = f"https://arxiv.org/abs/{base}"
    words = [text if (made := as_text(text)) == text else clean(made) for text in (title, abstract)]
    return Item(f"arxiv:{base}", Kind.PAPER, words[0], url, "arxiv", words[1], version=version)


def eastern(stamp: str) -> date:
    """Return New York's day of an ISO 8601 UTC time."""
    return (datetime.fromisoformat(stamp) - EASTERN).date()


def eastern_day(answer: Answer, day: date) -> date:
    """Return New York's day when an answer was given, by the server's clock; the digest's day when it does not say."""
    try:
        return (parsedate_to_datetime(answer.header("date")) - EASTERN).date()
    except (TypeError, ValueError):
        return day


def last_weekday(day: date) -> date:
    """Return the day itself from Monday to Friday, else the Friday before."""
    return day - timedelta(days=max(0, day.weekday() - 4))


# --- the query API ---


def api_url(**parameters: object) -> str:
    """Return the address of an API call."""
    return "https://export.arxiv.org/api/query?" + urlencode(parameters)


def search_query(task: Task) -> str:
    """Return the query: any of the categories, and any of the phrases."""
    categories = " OR ".join(f"cat:{category}" for category in task.settings.categories)
    phrases = " OR ".join(f'all:"{phrase}"' for phrase in task.settings.phrases)
    return f"({categories}) AND ({phrases})"


def query(task: Task) -> Report:
    """Read newest submissions first, page by page, until a page holds nothing new."""
    pages: list[Report] = []
    wanted = {"search_query": search_query(task), "sortBy": "submittedDate", "sortOrder": "descending"}
    for page in range(PAGES):
        url = api_url(**wanted, start=page * PAGE, max_results=PAGE)
        report, more = read_api(task, url, "arxiv API")
        pages.append(report)
        if report.state is not State.OK or not more or all(task.known(item.id) for item in report.items):
            break
        if not task.marks:  # a first run takes older papers as known anyway
            break
    joined = combine("arxiv API", pages, "; ".join(page.evidence for page in pages if page.state is not State.OK))
    evidence = joined.evidence if joined.state is not State.OK else f"{count_of(joined.items, 'entry', 'entries')}"
    state, evidence = judge_api(task, joined, evidence)
    return replace(joined, state=state, evidence=evidence, parts=())


def judge_api(task: Task, report: Report, evidence: str) -> tuple[State, str]:
    """Tell old answers from fresh ones by the newest submission."""
    tomorrow = (task.day + timedelta(days=1)).isoformat()  # a date to come would make old answers fresh
    newest = max((item.published[:10] for item in report.items if item.published[:10] <= tomorrow), default="")
    if report.state is State.OK and newest and (task.day - date.fromisoformat(newest)).days > API_STALE_DAYS:
        return State.STALE, f"the newest of {len(report.items)} entries was submitted {newest}"
    return report.state, evidence


def read_api(task: Task, url: str, name: str) -> tuple[Report, bool]:
    """Read one API answer; also tell whether there are more pages."""
    fetched = fetch_feed(task, url, name)
    if isinstance(fetched, Report):
        return fetched, False
    feed, answer = fetched
    if any(entry.title == "Error" and "api/errors" in entry.id for entry in feed.entries):
        return Report(name, State.FAILED, f"arXiv says: {feed.entries[0].text[:120]}"), False
    items = tuple(filter(None, map(api_item, feed.entries)))
    total, start, size = (opensearch(answer.body, part) for part in ("totalResults", "startIndex", "itemsPerPage"))
    if not feed.complete:
        return Report(name, State.PARTIAL, broken(items, feed), items), False
    if not items and start == 0:
        return Report(name, State.EMPTY, f"HTTP 200 with no entries (totalResults {total})"), False
    due = max(len(feed.entries), min(size, total - start))
    if len(items) < due:
        return Report(name, State.PARTIAL, f"{len(items)} papers where {due} were promised", items), False
    more = start + len(feed.entries) < total
    return Report(name, State.OK, f"{len(items)} of {count_of(total, 'entry', 'entries')}", items), more


def opensearch(body: bytes, name: str) -> int:
    """Return a number of the answer's head, 0 when it is not there."""
    found = re.search(rb"<opensearch:%s[^>]*>\s*(\d{1,9})\s*<" % name.encode(), body)
    return int(found[1]) if found else 0


def api_item(entry: Entry) -> Item | None:
    """Turn an API entry into an item."""
    found = arxiv_id(entry.id)
    if found is None:
        return None
    updated = clean(next((child.text or "" for child in entry.element if local_name(child) == "updated"), ""), 30)
    comment = plain_text(child_text(entry.element, "comment"), 300)
    tags = (*entry.tags[:12], *((f"comment: {comment}",) if comment else ()))
    made = paper(*found, entry.title, entry.text)
    return replace(made, authors=entry.authors, published=entry.when, updated=updated, tags=tags)


# --- the listing, for what was missed ---


def back_fill(task: Task, feed: Report) -> Report | None:
    """Read the listing of a category when announcements lie between its watermark and its feed, else ``None``."""
    category = category_of(feed)
    mark = task.marks.get(mark_name(category))
    if not mark:
        return None
    since = date.fromisoformat(mark)
    until = last_weekday(task.day)
    if feed.state in (State.OK, State.QUIET):
        until -= timedelta(days=1)  # the feed itself holds the last day
    missed = weekdays(since, until)
    if not missed:
        return None
    name = f"arxiv listing {category}"
    listed: list[str] = []
    problems: list[str] = []
    for base in listing_urls(category, missed, task.day):
        for number in range(PAGES):
            answer = ask(task, Call(f"{base}?skip={number * SHOWN}&show={SHOWN}", "text/html"), name)
            if isinstance(answer, Report):
                return answer
            ids, total, problem = read_listing(answer.body.decode("utf-8", "replace"))
            listed += ids
            problems += [problem] if problem else []
            if total <= (number + 1) * SHOWN:
                break
    wanted = [base for base in dict.fromkeys(listed) if not task.known(f"arxiv:{base}")]
    details = [look_up(task, wanted[at : at + BATCH], name) for at in range(0, len(wanted), BATCH)]
    items = tuple(item for report in details for item in report.items)
    counts = f"{len(set(listed))} listed, {len(wanted)} not known, {len(items)} read"
    said = f"{len(missed)} missed days from {missed[0]}: {counts}"
    bad = problems + [report.evidence for report in details if report.state is not State.OK]
    if not listed:
        return Report(name, State.EMPTY, f"HTTP 200 but nothing listed for {len(missed)} missed days")
    return Report(name, State.PARTIAL if bad else State.OK, "; ".join([said, *bad[:3]]), items)


def look_up(task: Task, ids: Sequence[str], name: str) -> Report:
    """Read the papers with these ids."""
    report, _ = read_api(task, api_url(id_list=",".join(ids), start=0, max_results=len(ids)), name)
    return report


def weekdays(after: date, until: date) -> list[date]:
    """Return Mondays to Fridays after one day and up to another."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return [day for day in days if day.weekday() < 5]


def listing_urls(category: str, missed: Sequence[date], day: date) -> list[str]:
    """Return the listings that hold the missed days: the past week, or whole months when it is longer ago."""
    base = f"https://arxiv.org/list/{category}"
    if (day - missed[0]).days <= 5:
        return [f"{base}/pastweek"]
    # A month's listing is ordered by id, and an id's month is that of its submission.
    months: Iterable[str] = dict.fromkeys(f"{one:%Y-%m}" for one in (missed[0] - timedelta(days=7), *missed))
    return [f"{base}/{month}" for month in months]


def read_listing(page: str) -> tuple[list[str], int, str]:
    """Return the ids of a page, how many entries the whole listing has, and what is wrong with the page.

    A page is wrong when it holds fewer entries than its headings promise: then its form has changed.
    """
    found = LISTED.findall(page)
    total = TOTAL.search(page)
    promised = sum(int(one[0]) for heading in HEADING.findall(page) for one in SHOWING.findall(heading))
    problem = f"the listing promises {promised} entries and holds {len(found)}" if promised > len(found) else ""
    return list(dict.fromkeys(found)), int(total[1]) if total else len(found), problem
