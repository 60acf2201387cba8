"""Score one system against the references."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asrcli.compare.classes import classify, find_names
from asrcli.compare.matching import Hypotheses
from asrcli.compare.scores import Settings, Share, SystemScore, Words
from asrcli.errors import InputError
from asrcli.scoring.alignment import Convention, align, count_all, distances, is_only_path, join_alike, measures, tally
from asrcli.scoring.network import align_networks, is_marked, parse_network
from asrcli.text.normalisers import Cutter, build, build_cutter
from asrcli.text.universal import STEPS, plain_steps


@dataclass(frozen=True, slots=True)
class Prepared:
    """The references, made ready once for all systems."""

    texts: Sequence[str]
    words: Sequence[Words]  # normalised
    names: frozenset[str]
    cut: Cutter  # into normalised words; has the words of the references in memory


def prepare(texts: Sequence[str], settings: Settings) -> Prepared:
    """Make the references ready."""
    cut = build_cutter(settings.normalizer, settings.language)
    return Prepared(texts, [cut(text) for text in texts], find_names(texts), cut)


def score_system(prepared: Prepared, hypothesis: Hypotheses, settings: Settings, *, paired: bool = True) -> SystemScore:
    """Score one system; intervals come later, from resampling all systems together.

    A text that the system does not have counts as empty: every word of its reference is missed.

    Args:
        paired: there are other systems to test this one against.
    """
    import numpy as np

    said = [text or "" for text in hypothesis.texts]
    references, words, alignments = align_texts(prepared, said, settings)
    counts = count_all(alignments)
    errors, lengths = tally(alignments)
    unspaced = [["".join(one) for one in side] for side in (references, words)]
    wrong = np.array(distances(*unspaced), np.int64)
    letters = np.array([len(one) for one in unspaced[0]], np.int64)
    paths, unlike = sclite_paths((references, words), alignments, settings) if paired else ((), 0)
    return SystemScore(
        hypothesis.name,
        hypothesis.path,
        references,
        words,
        alignments,
        paths,
        unlike,
        counts,
        errors,
        lengths,
        (*plain_shares(prepared.texts, said, settings), Share(counts.errors, counts.reference_length)),
        Share(int(wrong.sum()), int(letters.sum())),
        wrong,
        letters,
        tuple(measures(counts).items()),
        classify(references, words, alignments, prepared.names),
        hypothesis.texts,
        hypothesis.missing,
        hypothesis.extra,
        hypothesis.notes,
        hypothesis.languages,
    )


def align_texts(
    prepared: Prepared, said: Sequence[str], settings: Settings
) -> tuple[Sequence[Words], Sequence[Words], Sequence[bytes]]:
    """Return the words of the references as they are scored, the words recognised, and their alignments."""
    if (settings.marked or settings.fragments) and settings.convention is Convention.SCLITE:
        normalize = build(settings.normalizer, settings.language)
        return align_marked(prepared.texts, said, normalize, settings.fragments)
    references: Sequence[Words] = prepared.words
    words: Sequence[Words] = [prepared.cut(text) for text in said]
    if settings.joins_alike:
        joined = [join_alike(one, other) for one, other in zip(references, words, strict=True)]
        references, words = [one for one, _ in joined], [other for _, other in joined]
    return references, words, align(references, words, settings.convention)


def plain_shares(texts: Sequence[str], said: Sequence[str], settings: Settings) -> list[Share]:
    """Return the errors raw, without case, and without punctuation."""
    if settings.convention is Convention.LEVENSHTEIN:
        return plain_distances(texts, said)
    references, hypothesis = ([plain_steps(text) for text in side] for side in (texts, said))
    shares = []
    for step in range(STEPS):
        counts = count_all(
            align([words[step] for words in references], [words[step] for words in hypothesis], settings.convention)
        )
        shares.append(Share(counts.errors, counts.reference_length))
    return shares


def plain_distances(texts: Sequence[str], said: Sequence[str]) -> list[Share]:
    """Return the fewest errors at each step; most texts are alike at several steps and are compared once.

    No text's words are kept: those of 20,000 utterances would take 30 MB.
    """
    from rapidfuzz.distance import Levenshtein

    errors, lengths = [0] * STEPS, [0] * STEPS
    for text, hypothesis in zip(texts, said, strict=True):
        reference = plain_steps(text)
        instead = reference if text == hypothesis else plain_steps(hypothesis)
        before = None
        wrong = 0
        for step, both in enumerate(zip(reference, instead, strict=True)):
            if before is None or both[0] is not before[0] or both[1] is not before[1]:
                wrong = 0 if both[0] is both[1] else Levenshtein.distance(*both)
            errors[step] += wrong
            lengths[step] += len(both[0])
            before = both
    return [Share(wrong, length) for wrong, length in zip(errors, lengths, strict=True)]


def sclite_paths(
    texts: tuple[Sequence[Words], Sequence[Words]], alignments: Sequence[bytes], settings: Settings
) -> tuple[Sequence[bytes], int]:
    """Return alignments as sclite makes them, on which NIST's matched-pairs test is defined, and how many are not.

    A text that is too long for its lattice keeps the alignment it has, which the report says.
    """
    if settings.convention is Convention.SCLITE:
        return alignments, 0
    references, words = texts
    paths = list(alignments)
    open_ = [index for index, moves in enumerate(paths) if not is_only_path(references[index], words[index], moves)]
    references, words = [references[index] for index in open_], [words[index] for index in open_]
    try:
        found = align(references, words, Convention.SCLITE)
    except InputError:
        return paths, align_each(paths, open_, references, words)
    for index, moves in zip(open_, found, strict=True):
        paths[index] = moves
    return paths, 0


def align_each(paths: list[bytes], places: Sequence[int], references: Sequence[Words], words: Sequence[Words]) -> int:
    """Put the alignments of sclite into ``paths``, text by text, and return how many texts are too long for one."""
    kept = 0
    for index, reference, hypothesis in zip(places, references, words, strict=True):
        try:
            paths[index] = align([reference], [hypothesis], Convention.SCLITE)[0]
        except InputError:
            kept += 1
    return kept


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
