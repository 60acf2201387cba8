"""Boundaries made by hand (TextGrid, CTM), and how far from them an alignment is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median

from asrcli.base.counts import count_of
from asrcli.base.encoding import decode_text
from asrcli.base.files import reason
from asrcli.base.whole import read_whole
from asrcli.errors import InputError, UsageError
from asrcli.types import Transcript, Word

WITHIN = (0.010, 0.020, 0.050, 0.100)  # seconds
LEAST_SHARED = 0.5  # of the words; a reference with fewer of them is that of another text
WORD_TIER = re.compile("words?|ort|orthography|text", re.IGNORECASE)
NO_WORD = frozenset({"", "<eps>", "sil", "sp", "spn", "<unk>", "<sil>", "#"})


@dataclass(frozen=True, slots=True)
class BoundaryError:
    """Distances between aligned and reference boundaries, word starts and ends alike."""

    shifts: tuple[float, ...]  # aligned minus reference, seconds; two per word
    words: int  # that both have
    unmatched: int  # words of the reference without a counterpart

    def __add__(self, other: BoundaryError) -> BoundaryError:
        return BoundaryError(self.shifts + other.shifts, self.words + other.words, self.unmatched + other.unmatched)

    @property
    def mean(self) -> float:
        """The mean absolute distance, which is the Accumulated Average Shift of the Qwen3-ASR report."""
        return sum(map(abs, self.shifts)) / len(self.shifts) if self.shifts else 0.0

    @property
    def median(self) -> float:
        """The median absolute distance."""
        return median(map(abs, self.shifts)) if self.shifts else 0.0

    def within(self, seconds: float) -> float:
        """Return the share of boundaries at most so far off."""
        return sum(abs(shift) <= seconds + 1e-9 for shift in self.shifts) / len(self.shifts) if self.shifts else 0.0

    def __str__(self) -> str:
        shares = ", ".join(f"{self.within(limit):.1%} within {1000 * limit:.0f} ms" for limit in WITHIN)
        missing = (
            f"; without a counterpart: {count_of(self.unmatched, 'word')} of the reference" if self.unmatched else ""
        )
        return (
            f"{count_of(self.words, 'word')}, boundary error "
            f"mean (Accumulated Average Shift) {1000 * self.mean:.1f} ms, "
            f"median {1000 * self.median:.1f} ms, {shares}{missing}"
        )


def boundary_error(reference: Sequence[Word], aligned: Sequence[Word]) -> BoundaryError:
    """Compare the boundaries of the words that both have, in order; words that are not in the audio do not count."""
    ours = [word for word in aligned if word.status != "not_in_audio"]
    left, right = ([_bare(word.text) for word in side] for side in (reference, ours))
    shifts: list[float] = []
    for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            known, found = reference[block.a + step], ours[block.b + step]
            shifts += [found.start - known.start, found.end - known.end]
    return BoundaryError(tuple(shifts), len(shifts) // 2, len(reference) - len(shifts) // 2)


def words_of(transcript: Transcript) -> list[Word]:
    """Return all words of a transcript."""
    return [word for segment in transcript.segments for word in segment.words]


def _bare(text: str) -> str:
    return re.sub(r"[^\w']", "", text.lower().replace("’", "'"))


def find_reference(folder: str, stem: str) -> list[Word]:
    """Return the words of a recording's reference: ``STEM.TextGrid`` or ``STEM.ctm`` in a folder, or in a shared CTM.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    place = Path(folder)
    for path in (place / f"{stem}.TextGrid", place / f"{stem}.textgrid"):
        if path.is_file():
            return read_textgrid(path)
    if (place / f"{stem}.ctm").is_file():
        return [word for _, word in _ctm([place / f"{stem}.ctm"])]
    words = [word for name, word in _ctm(sorted(place.glob("*.ctm"))) if name.split()[0] == stem]
    if not words:
        raise InputError(f"no reference for '{stem}' in '{folder}': {stem}.TextGrid or {stem}.ctm must be there")
    return words


def files_for(folder: str, stems: Sequence[str]) -> list[Path]:
    """Return the files of a folder that references of recordings with these names may be read from."""
    place = Path(folder)
    own = [place / f"{stem}{suffix}" for stem in stems for suffix in (".TextGrid", ".textgrid")]
    return own + sorted(place.glob("*.ctm"))


def check_reference(folder: str) -> None:
    """Raise `UsageError` when the folder of references is none, or has none."""
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(f"--reference {folder}: no such folder; it holds a TextGrid or CTM for each recording")
    if not any(path.suffix.lower() in (".textgrid", ".ctm") for path in place.iterdir()):
        raise UsageError(f"--reference {folder}: no TextGrid or CTM files in it")


def _ctm(paths: Iterable[Path]) -> Iterable[tuple[str, Word]]:
    from asrcli.compare.nist import read_ctm

    for path in paths:
        yield from read_ctm(path)


def read_textgrid(path: Path) -> list[Word]:
    """Return the words of a Praat TextGrid, in the long or the short text format; pauses are left out.

    The tier of words is the one called so, or else the first with intervals.

    Raises:
        InputError: the file is no TextGrid.
    """
    tiers = textgrid_tiers(path)
    if not tiers:
        raise InputError(f"{path}: no tier with intervals")
    name = next((name for name in tiers if WORD_TIER.fullmatch(name)), None)
    if name is None:
        name = next((name for name in tiers if re.search("word", name, re.IGNORECASE)), next(iter(tiers)))
    return [word for word in tiers[name] if word.text.lower() not in NO_WORD]


def textgrid_tiers(path: Path) -> dict[str, list[Word]]:
    """Return every interval tier of a TextGrid by name."""
    values = _values(path)
    tiers: dict[str, list[Word]] = {}
    try:
        if next(values) != '"ooTextFile"' or next(values) != '"TextGrid"':
            raise InputError(f"{path}: not a TextGrid")
        next(values), next(values)  # start and end of the whole
        if next(values) != "<exists>":
            return {}
        for _ in range(int(next(values))):
            kind, name, _, _, count = next(values), _unquoted(next(values)), next(values), next(values), next(values)
            if kind == '"IntervalTier"':
                tiers[name] = [
                    Word(start=float(next(values)), end=float(next(values)), text=_unquoted(next(values)))
                    for _ in range(int(count))
                ]
            else:
                [next(values) for _ in range(2 * int(count))]  # times and marks of points
    except (StopIteration, ValueError) as error:
        raise InputError(f"{path}: the TextGrid ends early or is damaged") from error
    return tiers


def _values(path: Path) -> Iterator[str]:
    """Yield numbers, strings and flags of a Praat text file: everything else in it is for the eye."""
    try:
        raw = read_whole(path)
    except OSError as error:
        raise InputError(f"cannot read '{path}': {reason(error)}") from error
    try:
        text = decode_text(raw)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: neither UTF-8 nor UTF-16") from error
    found = re.finditer(r'"(?:[^"]|"")*"|<\w+>|(?<![\w\[])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w\]])', text)
    return (one[0] for one in found)


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"').strip()
