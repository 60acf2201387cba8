"""A consensus of several recognisers by voting, word by word (ROVER).

Fiscus, "A post-processing system to yield reduced word error rates: Recognizer Output Voting Error Reduction (ROVER)",
ASRU 1997: each text is aligned to the slots made by those before it, and every slot is decided by most votes. Here a
text that is empty votes for silence, and one that is missing does not vote, where NIST's program stops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

SUBSTITUTION, GAP = 4, 3  # as in sclite and NIST's rover
NOTHING = ""


@dataclass(slots=True)
class Slot:
    """One place of the consensus: what each voter said there, as keys, and how they wrote it."""

    votes: list[str] = field(default_factory=list)  # in the order of the voters; "" is nothing
    forms: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, key: str, form: str) -> None:
        """Take the vote of the next voter."""
        self.votes.append(key)
        self.forms.setdefault(key, Counter())[form] += 1

    @property
    def winner(self) -> tuple[str, int]:
        """Return what most say, written as most write it, and how many say it; the earliest voter decides a tie."""
        counted = Counter(self.votes)
        most = max(counted.values())
        key = next(vote for vote in self.votes if counted[vote] == most)
        return (self.forms[key].most_common(1)[0][0] if key else NOTHING), most


@dataclass(frozen=True, slots=True)
class Consensus:
    """The words that won, with how many of the voters stood behind each, and where they did not agree."""

    words: tuple[str, ...]
    support: tuple[int, ...]  # votes for each word
    voters: int
    disputed: int  # slots with more than one opinion
    slots: int

    @property
    def disagreement(self) -> float:
        """Share of the slots on which opinions differ."""
        return self.disputed / self.slots if self.slots else 0.0


def vote(texts: Sequence[Sequence[tuple[str, str]] | None]) -> Consensus:
    """Return the consensus of several texts, of which the earlier ones decide ties.

    Args:
        texts: words as pairs of a key, which is compared, and a written form; ``None`` for a text that is missing.
    """
    slots: list[Slot] = []
    voters = 0
    for words in texts:
        if words is not None:
            slots = merged(slots, words, voters)
            voters += 1
    winners = [slot.winner for slot in slots]
    kept = [(form, votes) for form, votes in winners if form]
    return Consensus(
        tuple(form for form, _ in kept),
        tuple(votes for _, votes in kept),
        voters,
        sum(len(set(slot.votes)) > 1 for slot in slots),
        len(slots),
    )


def merged(slots: list[Slot], words: Sequence[tuple[str, str]], voters: int) -> list[Slot]:
    """Return the slots with one more text aligned to them."""
    done: list[Slot] = []
    for slot, word in aligned(slots, words):
        if slot is None:
            slot = Slot()
            for _ in range(voters):
                slot.add(NOTHING, NOTHING)
        slot.add(*(word or (NOTHING, NOTHING)))
        done.append(slot)
    return done


def aligned(
    slots: Sequence[Slot], words: Sequence[tuple[str, str]]
) -> list[tuple[Slot | None, tuple[str, str] | None]]:
    """Pair slots with words at the lowest cost; a word fits a slot where any system has it.

    What both begin with is paired without a table: it costs nothing, so no other way can be cheaper.
    """
    start = 0
    while start < min(len(slots), len(words)) and words[start][0] == slots[start].votes[0]:
        start += 1
    done: list[tuple[Slot | None, tuple[str, str] | None]] = [(slots[place], words[place]) for place in range(start)]
    rest, said = slots[start:], words[start:]
    sets = [set(slot.votes) for slot in rest]
    costs = [[GAP * column for column in range(len(said) + 1)]]
    for keys in sets:
        above = costs[-1]
        gap = 0 if NOTHING in keys else GAP
        line = [above[0] + gap]
        for column, (key, _) in enumerate(said):
            paired = above[column] + (0 if key in keys else SUBSTITUTION)
            line.append(min(paired, above[column + 1] + gap, line[column] + GAP))
        costs.append(line)
    return done + traced(costs, rest, said, sets)


def traced(
    costs: Sequence[Sequence[int]], slots: Sequence[Slot], words: Sequence[tuple[str, str]], sets: Sequence[set[str]]
) -> list[tuple[Slot | None, tuple[str, str] | None]]:
    """Walk back through the table of costs."""
    pairs: list[tuple[Slot | None, tuple[str, str] | None]] = []
    row, column = len(slots), len(words)
    while row or column:
        here = costs[row][column]
        if row and column:
            paired = costs[row - 1][column - 1] + (0 if words[column - 1][0] in sets[row - 1] else SUBSTITUTION)
            if here == paired:
                row, column = row - 1, column - 1
                pairs.append((slots[row], words[column]))
                continue
        if row and here == costs[row - 1][column] + (0 if NOTHING in sets[row - 1] else GAP):
            row -= 1
            pairs.append((slots[row], None))
        else:
            column -= 1
            pairs.append((None, words[column]))
    return pairs[::-1]
