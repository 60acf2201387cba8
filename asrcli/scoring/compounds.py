"""Find words that differ from the other text only in being written apart: ``white paper`` and ``whitepaper``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asrcli.scoring.dynamic import Merge


def find_merges(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Merge]:
    """Return every place where adjacent words of one side make one word of the other.

    Those that end at the same two positions come in the order in which kaldialign tries them: reference words first,
    the fewest first. The first of them wins a tie.
    """
    merges = [Merge(end, place, words, in_reference=True) for end, words, place in joins(reference, hypothesis)]
    merges += [Merge(place, end, words, in_reference=False) for end, words, place in joins(hypothesis, reference)]
    return merges


def joins(apart: Sequence[str], together: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (end of the words that are apart, how many they are, end of the one word) for every join."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(together, start=1):
        places.setdefault(word, []).append(place)
    longest = max(map(len, places), default=0)
    for end in range(2, len(apart) + 1):
        joined, words = apart[end - 1], 1
        while words < end and len(joined) < longest:
            words += 1
            joined = apart[end - words] + joined
            for place in places.get(joined, ()):
                yield end, words, place


def join_alike(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Write words together on both sides where they differ only in being written apart.

    The Open ASR Leaderboard does this before it aligns languages other than English (normalizer/eval_utils.py,
    `normalize_compound_pairs`), with the matching of Python's difflib; it shortens the reference too.
    """
    from difflib import SequenceMatcher

    if reference == hypothesis:
        return reference, hypothesis
    words: list[str] = []
    joined: list[str] = []
    for _, start, end, place, stop in SequenceMatcher(None, reference, hypothesis).get_opcodes():
        said, instead = reference[start:end], hypothesis[place:stop]
        if said != instead and "".join(said) == "".join(instead):
            said = instead = ["".join(said)]
        words += said
        joined += instead
    return words, joined
