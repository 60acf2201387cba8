"""The number words of languages, as `tables/numbers.txt` has them: forms and values, ordinals with their signs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from asrcli.text import tables

LANGUAGES = ("ca", "cs", "de", "es", "fr", "it", "nl", "pl", "pt", "ru", "sv", "tr")
LIST = re.compile(r"(\w+) (\d+) (\d+) (.*)")
TERM = re.compile(r"([+*]?)([^+*]+)")
Ordinals = Mapping[str, str]  # words in small letters -> as they are written
Forms = dict[str, tuple[int, str]]  # words -> value, sign


@dataclass(frozen=True, slots=True)
class Counting:
    """How a language counts to 999,999. In a form a blank is one that may be left out."""

    small: Mapping[str, int]  # 0 to 99
    hundreds: Mapping[str, int]
    thousand: str  # how it stands alone, by |
    thousands: str  # behind how many
    point: str  # the words for the decimal mark
    ones: str  # forms of one that are articles, pronouns or both
    lone: str = ""  # the form of one that is a number wherever it stands
    hundred: str = ""  # the word behind how many hundreds, where it is one of its own
    joint: str = ""  # what may stand before the last part: "und"
    parts: Mapping[str, int] = field(default_factory=dict)  # words for tenths, hundredths -> digits behind the mark


def counting(language: str) -> Counting:
    """Return how one of `LANGUAGES` counts."""
    forms, texts = _section(language)
    values = {name: {form: value for form, (value, _) in forms[name].items()} for name in forms if name.islower()}
    return Counting(values["small"], values["hundreds"], parts=values.get("parts", {}), **texts)


@cache
def ordinals(language: str) -> Ordinals:
    """Return the ordinals of one of `LANGUAGES`; of others there are none."""
    forms = _section(language)[0]["ordinals"] if language in LANGUAGES else {}
    return {form: f"{value}{sign}" for form, (value, sign) in forms.items()}


def _section(language: str) -> tuple[dict[str, Forms], dict[str, str]]:
    """Return what the file has for a language: the forms of each name, and its fields."""
    lines = tables.lines("numbers.txt")
    start = lines.index(f"[{language}]") + 1
    names: dict[str, Forms] = {}
    texts: dict[str, str] = {}
    for line in lines[start:]:
        if line.startswith("["):
            break
        name, _, rest = line.partition(" ")
        if listed := LIST.fullmatch(line):
            names[name] = _listed(int(listed[2]), int(listed[3]), listed[4])
        elif name.endswith(":"):
            texts[name[:-1]] = rest.replace("_", " ")
        elif rest.startswith("= "):
            made = [_joined(term, names) for term in rest[2:].split(" / ")]
            names[name] = {form: value for forms in reversed(made) for form, value in forms.items()}
        else:
            names[name] = {form: value for form, value in names[name].items() if form not in rest.split()}
    return names, texts


def _listed(first: int, step: int, words: str) -> Forms:
    found: Forms = {}
    common, value = "", first
    for word in words.split():
        if word.startswith("="):
            common = word[1:]
            continue
        for form in word.split("|"):
            form, _, sign = form.partition("=")
            found[form.replace("_", " ")] = value, sign or common
        value += step
    found.pop("-", None)
    return found


def _joined(term: str, names: Mapping[str, Forms]) -> Forms:
    made: Forms = {"": (0, "")}
    for mark, piece in TERM.findall(term):
        forms = names.get(piece) or {piece.replace("_", " "): (int(mark == "*"), "")}
        made = {
            one + other: (value * more if mark == "*" else value + more, sign + end)
            for one, (value, sign) in made.items()
            for other, (more, end) in forms.items()
        }
    return made
