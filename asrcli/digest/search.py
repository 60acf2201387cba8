"""Find items in the store, and explain why one is where it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from asrcli.digest.compose import make_judge
from asrcli.digest.items import Item, Kind, arxiv_id
from asrcli.digest.ranking import Judge, Ranked, score
from asrcli.digest.settings import Interest, Settings
from asrcli.digest.store import NO_PHRASE, OLDER, WITHDRAWN, Store
from asrcli.errors import InputError, UsageError

WHY = {
    NO_PHRASE: "no phrase of the settings is its subject (`phrases` and `other_topics` in digest.toml)",
    WITHDRAWN: "it was withdrawn",
    OLDER: "it was older than a first run reports (`first_days` in digest.toml)",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item was or was not shown."""

    ranked: Ranked
    first_seen: str
    day: str  # the day it was reported on, "" when it was not
    why_not: str


def identify(text: str) -> str:
    """Return the id that a user means by an arXiv id, a link or a model's name."""
    found = arxiv_id(text)
    if found:
        return f"arxiv:{found[0]}"
    tail = text.removeprefix("https://huggingface.co/")
    if tail != text or (":" not in text and text.count("/") == 1):
        return f"hf-dataset:{tail.removeprefix('datasets/')}" if tail.startswith("datasets/") else f"hf:{tail}"
    return text


def explain(store: Store, identity: str, settings: Settings) -> Explanation:
    """Score one stored item again and say what became of it; raise `InputError` where no source ever gave it."""
    wanted = identify(identity)
    known = store.find(wanted)
    if known is None and (seen := store.passed_on(wanted)):
        item = Item(wanted, Kind.PAPER, "(its words are not kept)", "", "arxiv")
        return Explanation(Ranked(item, 0.0, ()), seen, "", WHY[NO_PHRASE])
    if known is None:
        raise InputError(f"{wanted} was never seen: no source gave it (`asr digest status` shows what was read)")
    day = date.fromisoformat(known.day or known.first_seen)
    judge = make_judge(settings, store.reported(day), store.starred(), store.feedback("hide"))
    why_not = WHY.get(known.why, known.why)
    if wanted in judge.hidden:
        why_not = "you hid it (`asr digest star` or `hide --undo` brings it back)"
    return Explanation(score(known.item, judge), known.first_seen, known.day, why_not)


def search(store: Store, query: str, limit: int = 20) -> list[tuple[Ranked, str]]:
    """Return the items that say most about a query, best first, each with the day it was reported on.

    Where no item has its words, those whose title or id has it within a word: "FireRed" finds FireRedASR2S.

    Raises:
        UsageError: the query is empty.
    """
    if not query.strip():
        raise UsageError("QUERY is empty: write words of a title or an abstract, or an author's name")
    judge = Judge(Settings(interests=(Interest(query, 10.0),), authors=(query,), organisations=()))
    found = []
    within = []
    for known in store.everything():
        one = score(known.item, judge)
        hit = sum(reason.points for reason in one.reasons if reason.text.startswith(("matches", "has “", "author")))
        if hit:
            found.append((hit, Ranked(one.item, round(hit, 3), one.reasons), known.day))
        elif query.strip().lower() in f"{one.item.id} {one.item.title}".lower():
            within.append((0.0, Ranked(one.item, 0.0, ()), known.day))
    found = found or within
    found.sort(key=lambda one: (-one[0], one[1].item.id))
    return [(ranked, day) for _, ranked, day in found[:limit]]
