"""The flood of models, folded: one row for a model and everything converted, quantised or retrained from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from asrcli.digest.items import Item
from asrcli.digest.ranking import Ranked

# What conversions add to a name. Removed from the end, again and again, they leave the name of the family.
_SUFFIX = re.compile(
    r"[-_. ]+(?:gguf|ggml|onnx|mlx|coreml|openvino|ctranslate2|ct2|faster|tensorrt|trt|rknn|qnn|"
    r"tflite|litert|executorch|awq|gptq|exl2|bnb|"
    r"hqq|nf4|fp\d+|bf16|f16|f32|int\d+|i?q\d(?:[-_][a-z0-9]{1,3})*|\d+-?bits?|w\d+a\d+|quantized|quantised|quant|optimum|optimized|"
    r"converted|safetensors|hf|v?\d{8}|checkpoint-?\d+|ep(?:och)?-?\d+|step-?\d+|e\d{1,3}|r\d{1,4}|s\d{1,2}|f\d{1,2}|fold-?\d+|ds[-_]?f?\d{1,3}|run-?\d+|seed-?\d+|"
    r"lr[-_]?[\d.]+(?:e-?\d+)?|\d(?:\.\d+)?e-\d+|ver|\d{2,7}|test|final|backup|copy|lora|adapter|merged|exp-?\d*)$",
    re.I,
)
SHOWN = 8  # variants named in a row
BULK = 3  # rows that one owner may have in a day; more are one row, unless the owner is followed
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])", re.I)


@dataclass(frozen=True, slots=True)
class Family:
    """One row of the table of models."""

    name: str
    id: str  # of the member that stands for it
    title: str
    url: str
    owner: str
    members: int
    variants: tuple[str, ...]  # names of other members
    downloads: int
    likes: int
    papers: tuple[str, ...]  # ids
    score: float
    reasons: tuple[str, ...]
    licence: str  # as the hub's tag says it, "" when it does not
    size: str  # parameters, "1.7 B", as the hub counts them or the name says; "" when neither does
    created: str  # day
    base: str  # the model it was made from, as its tags say


def family_name(item: Item) -> str:
    """Return the family of a model: the model it was made from when its tags say so, else its name without suffixes."""
    for tag in item.tags:
        if tag.startswith("base_model:"):
            return stem(tag.rpartition(":")[2])
    return stem(item.title)


def stem(name: str) -> str:
    """Return a repository's name without owner and without what conversions add."""
    left = name.rpartition("/")[2].lower()
    while True:
        shorter = _SUFFIX.sub("", left)
        if shorter == left or not shorter:
            return re.sub(r"[-_ ]+", "-", left).strip("-") or name.lower()
        left = shorter


def fold(ranked: Sequence[Ranked]) -> tuple[list[Family], int]:
    """Return one row per family, best first, and how many models have no downloads and no likes.

    A family without any sign of life is counted and not shown, unless its owner is one the user follows.
    """
    groups: dict[str, list[Ranked]] = {}
    for one in ranked:
        groups.setdefault(family_name(one.item), []).append(one)
    rows: list[Family] = []
    silent = 0
    for name, members in by_bulk(groups).items():
        row = family_row(name, members)
        noted = any(reason.startswith(("from ", "starred")) or "trending" in reason for reason in row.reasons)
        if row.downloads or row.likes or noted:
            rows.append(row)
        else:
            silent += row.members
    return sorted(rows, key=lambda row: (-row.score, row.id)), silent


def by_bulk(groups: dict[str, list[Ranked]]) -> dict[str, list[Ranked]]:
    """Put the families of one owner together when there are many: a batch of exports or variants is one thing."""
    owners: dict[str, list[str]] = {}
    for name, members in groups.items():
        if not any(reason.text.startswith("from ") for one in members for reason in one.reasons):
            owners.setdefault(owner_of(members[0].item), []).append(name)
    found = dict(groups)
    for owner, names in owners.items():
        if owner and len(names) > BULK:
            together = [one for name in names for one in found.pop(name)]
            found[owner] = sorted(together, key=lambda one: (-one.score, one.item.id))
    return found


def owner_of(item: Item) -> str:
    """Return who a model belongs to."""
    return item.authors[0] if item.authors else ""


def size_of(item: Item) -> str:
    """Return a model's number of parameters."""
    count = item.signal("parameters")
    if count:
        return f"{count / 1e9:.3g} B" if count >= 1e9 else f"{count / 1e6:.3g} M"
    found = _SIZE.search(item.title.rpartition("/")[2].replace("_", "-").replace("-", " "))
    return f"{found[1]} {found[2].upper()}" if found else ""


def tag_of(item: Item, start: str) -> str:
    """Return what follows the start of the first tag that has it."""
    return next((tag[len(start) :] for tag in item.tags if tag.startswith(start)), "")


def family_row(name: str, members: Sequence[Ranked]) -> Family:
    """Describe one family by its best-ranked member."""
    head, others = members[0].item, [member.item.title for member in members[1:]]
    return Family(
        name,
        head.id,
        head.title,
        head.url,
        owner_of(head),
        len(members),
        tuple(others[:SHOWN]),
        int(sum(member.item.signal("downloads") for member in members)),
        int(sum(member.item.signal("likes") for member in members)),
        tuple(sorted({paper for member in members for paper in member.item.about})),
        members[0].score,
        tuple(reason.text for reason in members[0].reasons if reason.points > 0),
        tag_of(head, "license:"),
        size_of(head),
        head.published[:10],
        tag_of(head, "base_model:").rpartition(":")[2],
    )
