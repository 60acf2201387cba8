"""The report as one HTML file: nothing is fetched, and no text of the data can become a script.

The data stands in the page as JSON with every ``<``, ``>`` and ``&`` escaped, the script puts it into the page as text,
and a content security policy lets only this very script and style run, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from asrcli.base.counts import count_of
from asrcli.compare import wording
from asrcli.compare.breakdown import by_field, fields_of
from asrcli.compare.classes import CLASSES
from asrcli.compare.identification import identified
from asrcli.compare.scores import LADDER, Comparison, PairScore, SystemScore

MOST_BYTES = 14_000_000  # of the utterances in the page: it stays below 15 MB and opens in a second or two
MOST_BUCKETS = 14  # of one chart
ROWS_AT_ONCE = 500  # in a piece of the page

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_html(comparison: Comparison, *, fields: Sequence[str] = (), folder: Path | None = None) -> Iterator[str]:
    """Return the page in pieces that are not copied again: of 20,000 utterances it has 7 MB.

    Args:
        comparison: what to show.
        fields: breakdowns to show besides those that the data suggests.
        folder: where the page will lie: recordings are linked from there.
    """
    rows, left_out = utterance_rows(comparison, folder)

    def data() -> Iterator[str]:
        yield dump(page_data(comparison, fields, left_out)).removesuffix("}") + ',"rows":['
        for start in range(0, len(rows), ROWS_AT_ONCE):
            yield ("," if start else "") + ",".join(rows[start : start + ROWS_AT_ONCE])
        yield "]}"

    return page_pieces("asrcli.compare.page", title(comparison), data(), "media-src 'self' file:; ")


def fill_page(package: str, heading: str, data: object, allowed: str = "") -> str:
    """Return a page made of ``page.html``, ``style.css`` and ``script.js`` of a package, with data for the script.

    Args:
        package: dotted name.
        heading: title of the page.
        data: what the script reads from the element ``data``.
        allowed: more directives of the content security policy, each with ``; `` after it.
    """
    return "".join(page_pieces(package, heading, [dump(data)], allowed))


def page_pieces(package: str, heading: str, data: Iterable[str], allowed: str) -> Iterator[str]:
    """Yield a page as `fill_page` returns it; ``data`` are the pieces of what `dump` has made safe."""
    parts = {
        name: files(package).joinpath(name).read_text(encoding="utf-8")
        for name in ("page.html", "style.css", "script.js")
    }
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest(parts['script.js'])}'; "
        f"style-src 'sha256-{digest(parts['style.css'])}'; {allowed}base-uri 'none'; form-action 'none'"
    )
    before, after = parts["page.html"].split("@@data@@")
    for mark, text in (("policy", policy), ("title", html.escape(heading)), ("style", parts["style.css"])):
        before = before.replace(f"@@{mark}@@", text, 1)
    yield before
    yield from data
    yield after.replace("@@script@@", parts["script.js"], 1)


def digest(text: str) -> str:
    """Return the hash by which the policy knows a script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


UNSAFE = re.compile("[<>&\x00-\x1f\u2028\u2029\ud800-\udfff]")


def dump(data: Any) -> str:
    """Return JSON that cannot end the element that it stands in, nor open another."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(data))


def title(comparison: Comparison) -> str:
    """Return the headline."""
    return " against ".join(one.name for one in comparison.systems[:4]) if comparison.systems else "Comparison"


def page_data(comparison: Comparison, fields: Sequence[str], left_out: int) -> dict[str, Any]:
    """Return what the script shows, but for the rows of the table."""
    words = int(comparison.systems[0].lengths.sum())
    notes = [*comparison.notes, *(line for one in comparison.systems for line in wording.unmatched(one))]
    if left_out:
        notes.append(
            f"{left_out:,} utterances with the fewest errors are counted but not listed: the page would be too big"
        )
    chosen = dict.fromkeys([*fields, *fields_of(comparison)[:6]])
    classes = [name for name in CLASSES if any(one.profile.classes[name] for one in comparison.systems)]
    return {
        "title": title(comparison),
        "summary": f"{count_of(comparison.utterances, 'utterance')}, {count_of(words, 'word')} "
        f"({comparison.reference_path})",
        "footer": f"{wording.convention(comparison)}. {wording.RULE}",
        "notes": notes,
        "winner": wording.winner(comparison),
        "systems": [system_data(one, classes) for one in comparison.systems],
        "pairs": [pair_data(comparison, pair) for pair in comparison.pairs],
        "classes": classes,
        "fields": [*(field_data(comparison, name) for name in chosen), *language_data(comparison)],
    }


def system_data(one: SystemScore, classes: Sequence[str]) -> dict[str, Any]:
    """Return the figures of one system."""
    counts = one.counts
    return {
        "name": one.name,
        "wer": counts.rate,
        "interval": [one.interval.low, one.interval.high] if one.interval else None,
        "group_interval": [one.group_interval.low, one.group_interval.high] if one.group_interval else None,
        "counts": [counts.substitutions, counts.deletions, counts.insertions],
        "ladder": [[name, share.rate] for name, share in zip(LADDER, one.ladder, strict=True)],
        "cer": one.characters.rate,
        "classes": [one.profile.classes[name] for name in classes],
        "confusions": [[said, heard, number] for (said, heard), number in one.profile.confusions.most_common(15)],
    }


def pair_data(comparison: Comparison, pair: PairScore) -> dict[str, Any]:
    """Return the verdict and the figures behind it."""
    names = f"{comparison.systems[pair.first].name} − {comparison.systems[pair.second].name}"
    over = f", over groups {wording.span(pair.group_interval, plus=True)}" if pair.group_interval else ""
    detail = (
        f"{names}: {wording.signed(pair.difference)} points, 95 % {wording.span(pair.interval, plus=True)}{over}; "
        f"MAPSSWE Z {wording.z_value(pair.matched_pairs)}, p (Holm) {wording.p_value(pair.matched_pairs_p)}; "
        f"randomisation p (Holm) {wording.p_value(pair.flipped_p)}; "
        f"McNemar p {wording.p_value(pair.mcnemar.p)}, sign test {wording.p_value(pair.sign_p)}, "
        f"Wilcoxon {wording.p_value(pair.wilcoxon_p)}; win / tie / loss {pair.wins:,} / {pair.ties:,} / {pair.losses:,}"
    )
    return {"verdict": wording.verdict(comparison, pair), "detail": detail}


def field_data(comparison: Comparison, name: str) -> dict[str, Any]:
    """Return one breakdown; of many values those where the first system makes the most errors per word."""
    buckets = by_field(comparison, name, intervals=False)
    label = {"length": "length in words", "group": "speaker or session"}.get(name, name)
    if len(buckets) > MOST_BUCKETS:
        label += f" (the worst {MOST_BUCKETS} of {len(buckets):,})"
        buckets = sorted(buckets, key=lambda one: -(one.shares[0].rate or 0.0))[:MOST_BUCKETS]
    return {
        "name": label,
        "labels": [one.value for one in buckets],
        "sizes": [one.utterances for one in buckets],
        "rates": [[share.rate for share in one.shares] for one in buckets],
    }


def language_data(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the share of utterances in which another language was heard, by the one that is spoken."""
    found = [identified(comparison.utterances, one.languages) for one in comparison.systems]
    if not any(found):
        return []
    names = list(dict.fromkeys(row.spoken for rows in found for row in rows))
    wrong = [{row.spoken: 1 - row.accuracy for row in rows} for rows in found]
    sizes = {row.spoken: row.utterances for rows in found for row in rows}
    return [
        {
            "name": "language, share of utterances in which another was heard",
            "labels": names,
            "sizes": [sizes[name] for name in names],
            "rates": [[own.get(name) for own in wrong] for name in names],
        }
    ]


def utterance_rows(comparison: Comparison, folder: Path | None) -> tuple[list[str], int]:
    """Return the utterances for the table as JSON, and how many with the fewest errors had to be left out."""
    import numpy as np

    total = np.stack([one.errors for one in comparison.systems]).sum(axis=0)
    rows: dict[int, str] = {}
    size = 0
    for index in np.argsort(-total, kind="stable").tolist():
        row = dump(utterance_row(comparison, index, folder))
        size += (len(row) if row.isascii() else len(row.encode())) + 1
        if size > MOST_BYTES:
            break
        rows[index] = row
    return [rows[index] for index in sorted(rows)], len(comparison.utterances) - len(rows)


def utterance_row(comparison: Comparison, index: int, folder: Path | None) -> list[Any]:
    """Return one utterance; a system that has everything right takes a single character."""
    one = comparison.utterances[index]
    said = " ".join(comparison.systems[0].references[index])
    heard: list[Any] = []
    for system in comparison.systems:
        moves = system.alignments[index].decode("ascii")
        own = " ".join(system.references[index])
        words = " ".join(system.words[index])
        if own == said == words:
            heard.append(0)
        else:
            heard.append([int(system.errors[index]), words, moves, *([own] if own != said else [])])
    return [one.id, said, one.group, one.seconds, audio_link(one.audio, comparison.reference_path, folder), heard]


def audio_link(audio: str | None, reference: str, folder: Path | None) -> str | None:
    """Return a link to a recording that is there: from the page's folder, escaped so that it can only be a path."""
    if not audio or "\0" in audio:
        return None
    beside = Path(reference).parent if reference else Path()
    found = next((path for path in (Path(audio), beside / audio) if path.is_file()), None)
    if found is None:
        return None
    return quote(os.path.relpath(found.resolve(), (folder or Path()).resolve()).replace(os.sep, "/"))
