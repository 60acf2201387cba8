"""What the digest says about a paper in its own words, each time with the sentence of the abstract that it rests on.

Statements are made by rules from the title, the abstract and the board's figures alone, so that `asr digest
verify` can make them again. Where the rules are not sure, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from asrcli.digest.board import Best
from asrcli.digest.sentences import Span, split_sentences
from asrcli.digest.statements.best import claims_best
from asrcli.digest.statements.board import beside_board
from asrcli.digest.statements.form import OWNED, turned
from asrcli.digest.statements.levels import Level, own_levels
from asrcli.digest.statements.names import holds_name, introduces, names_of

LEVELS = 3  # sentences with levels that are told of one paper
# A sentence that speaks of the one before it, and may take it back.
_BACK = re.compile(
    r"^\W*(?:this|that|these|those|the (?:number|rate|result|figure|gain|score|claim|model|system)s?|"
    r"unfortunately|however|but|yet|later|"
    r"sadly|alas|it|they|in fact|in reality|both|such|all|none|no)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of ours and the sentence of the abstract that it rests on."""

    kind: str  # level, best or board
    text: str
    quote: Span


def statements(title: str, text: str, board: Sequence[Best] = ()) -> tuple[Statement, ...]:
    """Return what can be said of a paper: its own levels, its claim of the state of the art, the board's beside.

    Args:
        title: of the paper.
        text: its abstract, which the quotes are spans of.
        board: the best of the leaderboard on each of its tests.
    """
    names = names_of(title, text)
    found: list[Statement] = []
    best: Statement | None = None
    previous = ""
    spans = list(split_sentences(text))
    for at, span in enumerate(spans):
        sentence = span.of(text)
        following = spans[at + 1].of(text) if at + 1 < len(spans) else ""
        if _BACK.match(following) and turned(following):
            continue
        known = names if of_ours(previous, names) else names - {"it"}
        if sum(one.kind == "level" for one in found) < LEVELS and (levels := own_levels(sentence, known)):
            found.append(Statement("level", said(levels), span))
            if beside := beside_board(title, sentence, levels, board):
                found.append(Statement("board", beside, span))
        if best is None and claims_best(sentence, known):
            best = Statement("best", "Claims the state of the art.", span)
        previous = sentence
    return (*found, *((best,) if best else ()))


def of_ours(previous: str, names: frozenset[str]) -> bool:
    """Tell whether the sentence before is about the authors' system, which "it" then means."""
    return holds_name(previous, names) or introduces(previous) or re.match(rf"\W*{OWNED}", previous) is not None


def said(levels: Sequence[Level]) -> str:
    """Say the levels of one sentence, as it writes them: "Reports 4.2% WER on AMI; 5.1% WER on average."."""
    parts = []
    for level in levels:
        rate = f"{level.written} {level.metric}" if "%" in level.written else f"a {level.metric} of {level.written}"
        parts.append(rate + (" on average" if level.average else "") + tested(level.test))
    return f"Reports {'; '.join(parts)}."


def tested(test: str) -> str:
    """Return where a level was reached, as it follows the level: " on AMI", " (AMI)"."""
    return f" {'' if test.startswith('(') else 'on '}{test}" if test else ""


__all__ = ["LEVELS", "Statement", "statements"]
