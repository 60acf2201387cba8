"""Posts on X: only with a token and a budget, because every post read costs money."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from asrcli.base.secret import Secret
from asrcli.digest.items import Item, Kind, Report, State
from asrcli.digest.sources import Task, ask_json, number_of, text_of
from asrcli.web.cleaning import clean
from asrcli.web.client import Call

PRICE = 0.005  # US dollars for one post; names of authors would cost 0.010 more each, so they are not asked for
REACH = timedelta(days=6)  # the search knows seven days, and refuses a `since_id` from before them
EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)
LEAST, MOST = 10, 100  # posts in one answer


def collect(task: Task) -> Report:
    """Read as many posts as the budget allows, newer than the last one seen."""
    if not task.x_token:
        return Report("x", State.OFF, "no token (ASR_X_TOKEN)")
    affordable = int(task.x_budget / PRICE + 1e-9)
    if affordable < LEAST:
        return Report(
            "x", State.OFF, f"a budget of ${task.x_budget:.2f} buys {affordable} posts, and one call reads {LEAST}"
        )
    parameters: dict[str, object] = {
        "query": task.settings.x_query[:512],
        "max_results": min(affordable, MOST),
        "tweet.fields": "created_at,public_metrics,author_id",
    }
    since = task.marks.get("x", "")
    if since and posted(int(since)) > datetime.combine(task.day, time(), UTC) - REACH:
        parameters["since_id"] = since
    secret = Secret(task.x_token, "https://api.x.com", "ASR_X_TOKEN")
    call = Call("https://api.x.com/2/tweets/search/recent?" + urlencode(parameters), "application/json", secret)
    values = ask_json(task, call, "x", dict)
    if isinstance(values, Report):
        return values
    posts = values.get("data", [])
    items = tuple(filter(None, map(read_post, posts if isinstance(posts, list) else [])))
    newest = max((item.id.partition(":")[2] for item in items), key=int, default="")
    cost = f"{len(items)} posts, at most ${len(items) * PRICE:.3f}"
    return Report("x", State.OK if items else State.QUIET, cost, items, marks=(("x", newest),) if newest else ())


def posted(number: int) -> datetime:
    """Return when a post was made: the upper bits of its number are milliseconds since November 2010."""
    return EPOCH + timedelta(milliseconds=number >> 22)


def read_post(post: Any) -> Item | None:
    """Turn a post into an item."""
    if not isinstance(post, dict):
        return None
    number, text = text_of(post.get("id")), clean(text_of(post.get("text")), 600)
    if not (number.isascii() and number.isdigit() and len(number) <= 20 and text):
        return None
    metrics = post.get("public_metrics")
    likes = number_of(metrics.get("like_count")) if isinstance(metrics, dict) else 0.0
    return Item(
        f"x:{number}", Kind.POST, clean(text, 120), f"https://x.com/i/web/status/{number}", "x", text,
        published=clean(text_of(post.get("created_at")), 30), signals=(("likes", likes),) if likes else (),
    )  # fmt: skip
