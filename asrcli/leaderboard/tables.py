"""The values of a leaderboard: tables of rows, each with its source, its day and the protocol it was measured under."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Who stands behind a number."""

    PUBLISHED = "published"  # by the leaderboard that measured it
    SECOND_HAND = "second-hand"  # quoted by somebody else; the original was not read
    SELF_REPORTED = "self-reported"  # by the authors of a model, about it and about others
    MEASURED = "measured here"  # by `asr bench`


@dataclass(frozen=True, slots=True)
class Protocol:
    """How numbers came about; only those of one protocol can be ranked against each other. "" is not known."""

    name: str
    scorer: str = ""  # what counts the errors
    normalizer: str = ""
    hardware: str = ""  # of the speed
    note: str = ""


@dataclass(frozen=True, slots=True)
class EvalSet:
    """One test set, a column of a table."""

    name: str  # as it is typed, the same in every table
    label: str  # as the source spells it
    language: str = ""  # code; "" for several
    unit: str = "WER"  # or CER; "WER/CER" for several languages
    averaged: bool = True  # whether the table's average is over it
    utterances: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One model in one table. Rates are per cent; ``None`` and a missing test set are not known, never zero."""

    model: str
    protocol: Protocol
    source: str  # where the values were read
    day: str  # of the data, YYYY-MM-DD; never the day of reading
    kind: Kind = Kind.PUBLISHED
    rates: Mapping[str, float] = field(default_factory=dict)  # name of a test set -> rate
    average: float | None = None  # as published
    rtfx: float | None = None  # seconds of audio per second
    parameters: float | None = None  # billions, as published
    licence: str = ""  # "Open", "Proprietary" or the licence's name; "" where the source has none

    @property
    def is_open(self) -> bool | None:
        """Whether the weights are open; ``None`` where the source does not say."""
        return self.licence.lower() != "proprietary" if self.licence else None


@dataclass(frozen=True, slots=True)
class Table:
    """One table of one day."""

    name: str
    title: str
    day: str
    kind: Kind
    sets: tuple[EvalSet, ...]
    rows: tuple[Row, ...]
    note: str = ""  # what to know before reading it; how the average is defined
    revision: str = ""  # of the source, where it has one

    @property
    def version(self) -> str:
        """What distinguishes it from other versions of the same table."""
        return f"{self.day} {self.revision[:8]}".rstrip()


# Spellings that mean the same test set in the sources, after `set_name` has made them alike.
_ALIASES = {
    "ls-clean": "librispeech-clean",
    "ls-other": "librispeech-other",
    "librispeech-test-clean": "librispeech-clean",
    "librispeech-test-other": "librispeech-other",
    "librispeech-clean-test": "librispeech-clean",
    "librispeech-other-test": "librispeech-other",
    "voxpopuli-aa-cleaned": "voxpopuli-cleaned-aa",
    "coraal-avg": "coraal",
}


def set_name(label: str) -> str:
    """Return the name of a test set: ``LS Clean WER`` and ``librispeech_test.clean`` are ``librispeech-clean``."""
    name = re.sub(r"[^a-z0-9+]+", "-", re.sub(r"(?i)\s+(wer|cer)$", "", label.strip()).lower()).strip("-")
    name = re.sub(r"^([a-z]{2})-covost$", r"\1-mcv", name)  # the leaderboard's old name of Common Voice
    return _ALIASES.get(name, name)
