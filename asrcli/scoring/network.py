"""Align references that allow several readings: ``{ a / b c / @ }`` alternations and ``(w)`` optional words.

These are the notations of NIST's ``trn`` and ``stm`` files. A text becomes a network of arcs, one word each, and the
networks are aligned arc by arc with the costs and the tie-breaks of SCTK (src/sclite/word.c, net_dp.c): ``@`` is
nothing, and leaving out an optional word is correct but costs 2, so that saying it is better.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from struct import Struct

from asrcli.errors import InputError

NOTHING = "@"
SINGLE = Struct("f")


def single(value: float) -> float:
    """Round to single precision, in which sclite adds its costs: with ``@`` in both, it decides between equal paths."""
    return float(SINGLE.unpack(SINGLE.pack(value))[0])


SUBSTITUTION, OPTIONAL, PLAIN, NOTHINGS, NULL = 4.0, 2.0, 3.0, 1.0, single(0.001)
TOKENS = re.compile(r"[{}]|[^\s{}]+")
MARKED = re.compile(r"[{}]|(?<!\S)(?:\([^\s()]+\)|@)(?!\S)|\S;")
TAGS = re.compile(r"(?<!\\);")  # word;tag;tag, where \; is a semicolon of the word

Cell = tuple[float, int, int]  # cost, and the cell before: reference arc, hypothesis arc


@dataclass(frozen=True, slots=True)
class Arc:
    """One word of a network and the arcs that can come before it (0 is the start)."""

    word: str
    optional: bool
    before: tuple[int, ...]
    fragment: bool = False  # is right where the other word begins, or ends, with what there is of it

    def matches(self, other: Arc) -> bool:
        """Return whether another word is this one."""
        if self.word == other.word or not self.fragment or other.word == NOTHING:
            return self.word == other.word
        begun, ended = self.word.endswith("-"), self.word.startswith("-")
        hypothesis = other.word.strip("-")
        return (begun and hypothesis.startswith(self.word[:-1])) or (ended and hypothesis.endswith(self.word[1:]))


@dataclass(slots=True)
class Network:
    """Arcs in an order in which every arc comes after those before it; ``last`` are those that can end the text."""

    arcs: list[Arc] = field(default_factory=lambda: [Arc("", False, ())])
    last: tuple[int, ...] = (0,)


def is_marked(text: str) -> bool:
    """Return whether a text holds alternations, optional words, tagged words, or the ``@`` that is none."""
    return MARKED.search(text) is not None


def parse_network(text: str, fragments: bool = False) -> Network:
    """Read a text with alternations and optional words, and, where they count, words that are cut off.

    Raises:
        InputError: a brace is missing.
    """
    network = Network()
    rest = read_sequence(network, tokens_of(text), text, depth=0)
    if rest:
        raise InputError(f"a '}}' without its '{{' in: {text[:80]}")
    if fragments:
        for place, arc in enumerate(network.arcs):
            cut = len(arc.word) > 1 and arc.word.startswith("-") != arc.word.endswith("-")
            network.arcs[place] = replace(arc, fragment=cut)
    return network


def tokens_of(text: str) -> list[str]:
    """Cut a text into words, braces and, inside braces only, the slashes between alternatives."""
    tokens: list[str] = []
    depth = 0
    for symbol in TOKENS.findall(text):
        depth += (symbol == "{") - (symbol == "}")
        tokens += [piece for piece in re.split("(/)", symbol) if piece] if depth else [symbol]
    return tokens


def read_sequence(network: Network, tokens: list[str], text: str, depth: int) -> list[str]:
    """Add words to the network up to the end of this alternative; return the tokens that are left."""
    while tokens:
        symbol = tokens[0]
        if symbol == "}" or (symbol == "/" and depth):
            break
        tokens = tokens[1:]
        if symbol == "{":
            tokens = read_alternation(network, tokens, text, depth)
            continue
        symbol = TAGS.split(symbol, maxsplit=1)[0].replace("\\;", ";")
        optional = len(symbol) > 2 and symbol[0] == "(" and symbol[-1] == ")"
        network.arcs.append(Arc(symbol[1:-1] if optional else symbol, optional, network.last))
        network.last = (len(network.arcs) - 1,)
    return tokens


def read_alternation(network: Network, tokens: list[str], text: str, depth: int) -> list[str]:
    """Add the alternatives after a ``{``; return the tokens after its ``}``."""
    before, ends = network.last, []
    while True:
        network.last = before
        size = len(network.arcs)
        tokens = read_sequence(network, tokens, text, depth + 1)
        if len(network.arcs) == size:  # an empty alternative is nothing said
            network.arcs.append(Arc(NOTHING, False, before))
            network.last = (size,)
        ends += [end for end in network.last if end not in ends]
        if not tokens:
            raise InputError(f"a '{{' without its '}}' in: {text[:80]}")
        closing, tokens = tokens[0], tokens[1:]
        if closing == "}":
            network.last = tuple(ends)
            return tokens


def gap_cost(arc: Arc) -> float:
    """Return what it costs that the other side says nothing."""
    if arc.word == NOTHING:
        return NULL
    return OPTIONAL if arc.optional else PLAIN


def pair_cost(arc: Arc, other: Arc) -> float:
    """Return what it costs to align two words."""
    if arc.matches(other):
        return NOTHINGS if arc.word == NOTHING else 0.0
    return SUBSTITUTION


def align_networks(reference: Network, hypothesis: Network) -> tuple[list[str], list[str], bytes]:
    """Return the words of the best reading of each side, and their alignment.

    The letters are those of `asrcli.scoring.alignment.align`, and ``o``: an optional word of the reference that was
    left out, which is correct. An optional word that only the hypothesis has is left out of both.
    """
    cells: list[list[Cell]] = []
    for row, arc in enumerate(reference.arcs):
        line: list[Cell] = []
        cells.append(line)
        for column, other in enumerate(hypothesis.arcs):
            line.append(best_move(cells, (row, arc), (column, other)) if row or column else (0.0, -1, -1))
    ends = [(cells[row][column][0], row, column) for row in reference.last for column in hypothesis.last]
    _, row, column = min(ends, key=lambda end: end[0])
    return read_path(cells, reference, hypothesis, (row, column))


def best_move(cells: list[list[Cell]], at: tuple[int, Arc], over: tuple[int, Arc]) -> Cell:
    """Return cost and origin of one cell: substitution where it is not worse, deletion only where it is better."""
    (row, arc), (column, other) = at, over
    far = (float("inf"), -1, -1)
    inserted = min(((cells[row][back][0], row, back) for back in other.before), key=lambda cell: cell[0], default=far)
    deleted = min(((cells[back][column][0], back, column) for back in arc.before), key=lambda c: c[0], default=far)
    paired = far
    if row and column:
        origins = ((cells[up][back][0], up, back) for up in arc.before for back in other.before)
        paired = min(origins, key=lambda cell: cell[0])
    insertion = single(inserted[0] + gap_cost(other))
    deletion = single(deleted[0] + gap_cost(arc))
    substitution = single(paired[0] + pair_cost(arc, other))
    if substitution <= deletion and substitution <= insertion:
        return (substitution, *paired[1:])
    return (deletion, *deleted[1:]) if deletion < insertion else (insertion, *inserted[1:])


def read_path(
    cells: Sequence[Sequence[Cell]], reference: Network, hypothesis: Network, end: tuple[int, int]
) -> tuple[list[str], list[str], bytes]:
    """Walk back from the end and return the words of both sides and the letters between them."""
    words: list[str] = []
    others: list[str] = []
    letters = bytearray()
    row, column = end
    while row or column:
        _, up, back = cells[row][column]
        said = None if up == row else reference.arcs[row]
        recognised = None if back == column else hypothesis.arcs[column]
        if letter := letter_of(said, recognised):
            letters.append(ord(letter))
            words += [said.word] if said else []
            others += [recognised.word] if recognised else []
        row, column = up, back
    return words[::-1], others[::-1], bytes(letters[::-1])


def letter_of(said: Arc | None, recognised: Arc | None) -> str:
    """Return how a word of the reference and one that was recognised are counted; "" where neither is a word."""
    if said and recognised:
        return "=" if said.matches(recognised) else "S"
    if said:
        return "" if said.word == NOTHING else "o" if said.optional else "D"
    return "I" if recognised and recognised.word != NOTHING and not recognised.optional else ""
