"""Conditions for continuous integration: ``--fail-if 'wer > 0.08'``, ``--fail-if 'delta > 0 and significant'``.

A condition is read by the parser of Python's expressions and never evaluated: it comes from files and command lines.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from asrcli.compare import wording
from asrcli.compare.scores import FEW_UNITS, Comparison, PairScore
from asrcli.errors import InputError, UsageError

PER_CENT = re.compile(r"(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)%")
SYSTEM_NAMES = ("wer", "cer", "mer", "wil", "raw", "errors", "substitutions", "deletions", "insertions", "missing")
PAIR_NAMES = ("delta", "significant", "p", "z")
NAMES = (*SYSTEM_NAMES, *PAIR_NAMES)
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "Gt": operator.gt, "Lt": operator.lt, "GtE": operator.ge, "LtE": operator.le, "Eq": operator.eq,
    "NotEq": operator.ne,
}  # fmt: skip
Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether one condition holds for one system or pair of systems."""

    condition: str
    subject: str
    holds: bool
    values: tuple[tuple[str, float], ...]  # the names in the condition and what they stand for
    idle: str = ""  # why it could not hold, whatever the figures, and what to do; "" where it could

    @property
    def sentence(self) -> str:
        """Say what was found."""
        shown = ", ".join(f"{name} = {value:.4g}" for name, value in self.values)
        said = f"{self.subject}: {self.condition} {'holds' if self.holds else 'does not hold'} ({shown})"
        return f"{said}; it cannot: {self.idle}" if self.idle else said


class Condition:
    """One condition, parsed.

    Raises:
        UsageError: it cannot be read; the place is named.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.names: list[str] = []
        try:
            plain = PER_CENT.sub(lambda found: f"{float(found[1]) / 100!r}", self.text)
            self.tree = self.truth(ast.parse(plain, mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self.mistake("it cannot be read") from None

    def mistake(self, what: str) -> UsageError:
        """Return an error that names the condition."""
        return UsageError(
            f"--fail-if '{self.text}': {what}; write for example 'wer > 0.08' or 'delta > 0 and significant', "
            f"with {', '.join(NAMES)}"
        )

    def truth(self, one: ast.expr) -> Node:
        """Read what is true or false: a comparison, `significant`, and those joined or denied."""
        match one:
            case ast.BoolOp(op=joint, values=parts):
                return Node("and" if isinstance(joint, ast.And) else "or", tuple(map(self.truth, parts)))
            case ast.UnaryOp(op=ast.Not(), operand=denied):
                return Node("not", (self.truth(denied),))
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign).__name__ in COMPARISONS:
                return Node(type(sign).__name__, (self.operand(left), self.operand(right)))
            case ast.Name(id="significant"):
                return self.operand(one)
        raise self.mistake(f"'{ast.unparse(one)}' needs a comparison such as 'wer > 0'")

    def operand(self, one: ast.expr) -> Node:
        """Read a name or a number; ``8%`` is 0.08."""
        match one:
            case ast.Name(id=name) if name in NAMES:
                self.names.append(name)
                return Node(name)
            case ast.Constant(value=int() | float() as number):
                return Node("", number=float(number))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return Node("", number=-float(number))
        raise self.mistake(f"'{ast.unparse(one)}' is no name and no number")

    def outcomes(self, comparison: Comparison) -> list[Outcome]:
        """Return whether it holds, for each system, or for each later system against the first where pairs are named.

        ``delta`` is the rate of the later system less that of the first, the baseline: above zero it has got worse.
        """
        found = []
        for subject, values, fixed in subjects(comparison, pairs=any(name in PAIR_NAMES for name in self.names)):
            shown = tuple((name, values[name]) for name in dict.fromkeys(self.names))
            idle = fixed if fixed and not any(self.tree.possible({"significant": 0.0})) else ""
            found.append(Outcome(self.text, subject, self.tree.value(values) != 0, shown, idle))
        if not found:
            raise self.mistake("it names a difference, and there is only one system")
        return found


def check_baseline(conditions: Sequence[Condition], comparison: Comparison, first: Path) -> None:
    """Raise `InputError` where conditions are about differences from a first system that could not be read."""
    paired = any(name in PAIR_NAMES for one in conditions for name in one.names)
    if paired and comparison.systems[0].path != str(first):
        raise InputError(f"{first} is the baseline of --fail-if, and without it nothing is judged")


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a condition: a name, a number, or an operation."""

    name: str
    parts: tuple[Node, ...] = ()
    number: float = 0.0

    def value(self, values: Values) -> float:
        """Return what it comes to; 0 is false."""
        if not self.parts:
            return values[self.name] if self.name else self.number
        sides = [part.value(values) for part in self.parts]
        if self.name == "not":
            return float(not sides[0])
        if self.name in ("and", "or"):
            return float(all(sides) if self.name == "and" else any(sides))
        return float(COMPARISONS[self.name](*sides))

    def possible(self, fixed: Values) -> set[float]:
        """Return what it can come to, 0 or 1, when some names stand for these values and all others for any."""
        if not self.parts:
            known = self.number if not self.name else fixed.get(self.name)
            return {0.0, 1.0} if known is None else {known}
        if self.name in COMPARISONS and not all(part.name in ("", *fixed) for part in self.parts):
            return {0.0, 1.0}
        sides = [part.possible(fixed) for part in self.parts]
        if self.name == "not":
            return {float(not value) for value in sides[0]}
        if self.name in COMPARISONS:
            return {float(COMPARISONS[self.name](left, right)) for left in sides[0] for right in sides[1]}
        joined = all if self.name == "and" else any
        return {float(joined(pair)) for pair in product(*sides)}


def too_few(comparison: Comparison, pair: PairScore) -> str:
    """Return why nothing can be significant between two systems, and what to do; "" where it can."""
    if pair.enough:
        return ""
    have, least = wording.units(comparison, pair), f"{pair.fewest} are the least for 'significant'"
    more = "speakers or sessions" if comparison.groups else "utterances"
    return f"{have}, {least}; add {more}, or ask for the figures alone, such as 'delta > 1%'"


def subjects(comparison: Comparison, *, pairs: bool) -> list[tuple[str, Values, str]]:
    """Return every system, or every system against the first, its values, and why it cannot be significant if so."""
    rows: list[tuple[str, Values, str]] = []
    for index, one in enumerate(comparison.systems):
        if not one.counts.reference_length:
            raise InputError("the references have no words, so there is no rate for --fail-if to judge")
        measures = dict(one.measures)
        values = {
            "wer": one.counts.rate or 0.0, "cer": one.characters.rate or 0.0, "raw": one.ladder[0].rate or 0.0,
            "mer": measures["mer"] or 0.0, "wil": measures["wil"] or 0.0,
            "errors": one.counts.errors, "substitutions": one.counts.substitutions,
            "deletions": one.counts.deletions, "insertions": one.counts.insertions, "missing": len(one.missing),
        }  # fmt: skip
        if not pairs:
            rows.append((one.name, values, ""))
            continue
        for pair in comparison.pairs:
            if (pair.first, pair.second) == (0, index):
                test = pair.matched_pairs
                against = {
                    "delta": -pair.difference, "significant": float(pair.significant), "p": pair.matched_pairs_p,
                    "z": -math.copysign(math.inf, pair.difference) if test.constant else -test.z,
                }  # fmt: skip
                few = f", on {wording.units(comparison, pair)} only" if pair.units < FEW_UNITS else ""
                subject = f"{one.name} against {comparison.systems[0].name}{few}"
                rows.append((subject, {**values, **against}, too_few(comparison, pair)))
    return rows
