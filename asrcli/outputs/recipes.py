"""How an output was made, as it is written beside the output: what may be private is kept as a hash.

A folder of outputs is given away with its record. What somebody typed (a prompt, a question, words to expect) and where
their models lie is nobody else's business, and a hash is enough to see that it has changed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping

Recipe = Mapping[str, str]  # everything that shapes an output, by name: engine, model, options, layout

# Words that asr itself has: names of engines, formats, languages, and hashes.
WORDS = frozenset(
    (
        "audio", "backend", "channel", "channels", "command", "engine", "format", "language", "languages", "revision",
        "stretch", "task", "text",
    )
)  # fmt: skip
MODELS = frozenset({"aligner", "finder", "identifier", "model", "punctuation"})  # a name is public, a path is not
TYPED = frozenset({"append_punctuations", "ask", "hotwords", "language_model", "prepend_punctuations", "prompt"})
NUMBERS = re.compile(r"[-+.,()\s\de]*|True|False|None|inf")
NAME = re.compile(r"([\w.-]+:)?[\w.-]+(/[\w.-]+)?")  # tiny, owner/name, whisper:tiny
SEAL = re.compile(r"#([0-9a-f]{16}):[0-9a-f]{32}")


def kept(recipe: Recipe) -> dict[str, str]:
    """Return a recipe as it may be given away."""
    return {name: value if is_public(name, value) else seal(value) for name, value in recipe.items()}


def is_public(name: str, value: str) -> bool:
    """Return whether a value can be nothing but asr's own words and numbers."""
    if name in MODELS:
        return bool(NAME.fullmatch(value)) and not os.path.exists(value.rpartition(":")[2]) and value[:1] != "."
    if name == "vad":  # names a model, too
        return value == "off" or "'model': 'silero'" in value
    return name in WORDS or name.startswith("layout.") or (name not in TYPED and bool(NUMBERS.fullmatch(value)))


def seal(value: str, salt: str = "") -> str:
    """Return a hash of a value, with a salt of its own so that equal values of two records cannot be told."""
    salt = salt or os.urandom(8).hex()
    digest = hashlib.blake2b(value.encode(errors="surrogateescape"), key=salt.encode(), digest_size=16)
    return f"#{salt}:{digest.hexdigest()}"


def same(old: str | None, new: str | None) -> bool:
    """Return whether a kept value stands for a new one."""
    if old == new:
        return True
    sealed = SEAL.fullmatch(old or "")
    return sealed is not None and new is not None and old == seal(new, sealed[1])


def difference(old: Recipe, new: Recipe) -> str | None:
    """Return what has changed since a recipe was kept, in words; ``None`` when nothing has."""
    changed = sorted(name for name in {*old, *new} if not same(old.get(name), new.get(name)))
    if not changed:
        return None
    name, more = changed[0], f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    before, now = (_shown(name, recipe.get(name)) for recipe in (old, new))
    return f"{name} has changed{more}" if before == now else f"{name} was {before}, now {now}{more}"


def _shown(name: str, value: str | None) -> str:
    """Return a value as it may be printed."""
    if value is None:
        return "not set"
    if not SEAL.fullmatch(value) and is_public(name, value):
        return value
    return "a path" if name in MODELS else "set"
