"""Normalise and align texts with alternations and optional words: the marks stay, the words between them change."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from asrcli.scoring.alignment import Convention, align
from asrcli.scoring.network import align_networks, is_marked, parse_network

MARKS = re.compile(r"(\{|\}|\s/\s|(?<!\S)\([^\s()]+\)(?!\S)|(?<!\S)@(?!\S))")
TAG = re.compile(r"(?<=[^\s\\]);[^\s{}()]*")  # word;tag;tag, where \\; is a semicolon of the word
FRAGMENT = re.compile(r"(?<![^\s({/])((?:\w[\w']*-|-[\w']*\w))(?![^\s)}/])")


def align_marked(
    texts: Sequence[str], said: Sequence[str], normalize: Callable[[str], str], fragments: bool = False
) -> tuple[list[Sequence[str]], list[Sequence[str]], list[bytes]]:
    """Return words of the references in their best reading, words recognised, and alignments as sclite makes them.

    With `fragments`, a word of a reference that is cut off (``fr-``, ``-ment``) is right where what was recognised
    begins or ends so.
    """
    references: list[Sequence[str]] = [normalize(text).split() for text in texts]
    words: list[Sequence[str]] = [normalize(text).split() for text in said]
    marked = {index for index, text in enumerate(texts) if is_marked(text) or is_marked(said[index])}
    marked |= {index for index, text in enumerate(texts) if fragments and FRAGMENT.search(text)}
    plain = [index for index in range(len(texts)) if index not in marked]
    alignments = [b""] * len(texts)
    found = align([references[index] for index in plain], [words[index] for index in plain], Convention.SCLITE)
    for index, moves in zip(plain, found, strict=True):
        alignments[index] = moves
    for index in marked:
        network = parse_network(normalize_between(texts[index], normalize, fragments), fragments)
        hypothesis = parse_network(normalize_between(said[index], normalize))
        references[index], words[index], alignments[index] = align_networks(network, hypothesis)
    return references, words, alignments


def normalize_between(text: str, normalize: Callable[[str], str], fragments: bool = False) -> str:
    """Normalise the words between the marks; words that are cut off keep their hyphens where they count."""
    pieces = MARKS.split(TAG.sub("", text))
    if fragments:
        cut = [[piece] if MARKS.fullmatch(piece) else FRAGMENT.split(piece) for piece in pieces]
        pieces = [part for piece in cut for part in piece]
    return " ".join(_normalize_piece(piece, normalize, fragments) for piece in pieces)


def _normalize_piece(piece: str, normalize: Callable[[str], str], fragments: bool) -> str:
    """Normalise a mark, what stands between two of them, or a word that is cut off."""
    if fragments and FRAGMENT.fullmatch(piece):
        head, tail = "-" * piece.startswith("-"), "-" * piece.endswith("-")
        return " ".join(f"{head}{word}{tail}" for word in normalize(piece.strip("-")).split())
    if not MARKS.fullmatch(piece):
        return f" {normalize(piece)} "
    return " ".join(f"({word})" for word in normalize(piece[1:-1]).split()) if piece.startswith("(") else piece
