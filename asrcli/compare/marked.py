"""Normalise and align texts with alternations and optional words: the marks stay, the words between them change."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from asrcli.scoring.alignment import Convention, align
from asrcli.scoring.network import align_networks, is_marked, parse_network

MARKS = re.compile(r"(\{|\}|\s/\s|(?<!\S)\([^\s()]+\)(?!\S)|(?<!\S)@(?!\S))")


def align_marked(
    texts: Sequence[str], said: Sequence[str], normalize: Callable[[str], str]
) -> tuple[list[Sequence[str]], list[Sequence[str]], list[bytes]]:
    """Return words of the references in their best reading, words heard, and alignments as sclite makes them."""
    references: list[Sequence[str]] = [normalize(text).split() for text in texts]
    words: list[Sequence[str]] = [normalize(text).split() for text in said]
    marked = {index for index, text in enumerate(texts) if is_marked(text) or is_marked(said[index])}
    plain = [index for index in range(len(texts)) if index not in marked]
    alignments = [b""] * len(texts)
    found = align([references[index] for index in plain], [words[index] for index in plain], Convention.SCLITE)
    for index, moves in zip(plain, found, strict=True):
        alignments[index] = moves
    for index in marked:
        network = parse_network(normalize_between(texts[index], normalize))
        heard = parse_network(normalize_between(said[index], normalize))
        references[index], words[index], alignments[index] = align_networks(network, heard)
    return references, words, alignments


def normalize_between(text: str, normalize: Callable[[str], str]) -> str:
    """Normalise the words between the marks."""
    pieces = MARKS.split(text)
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            pieces[place] = f" {normalize(piece)} "
        elif piece.startswith("("):
            pieces[place] = " ".join(f"({word})" for word in normalize(piece[1:-1]).split())
    return " ".join(pieces)
