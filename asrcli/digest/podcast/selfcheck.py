"""The toolbox hears itself: transcribe the episode, and report what a listener would mishear."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.digest.podcast.lexicon import say
from asrcli.digest.podcast.script import Script
from asrcli.types import ErrorCounts, Word

if TYPE_CHECKING:
    from asrcli.alignment.reference import BoundaryError

_SPELLED = re.compile(r"\b[A-Z](?: [A-Z])+s?\b")
_TERM = re.compile(r"[A-Z]{2,}|[a-z]+[A-Z]|\d")


@dataclass(frozen=True, slots=True)
class Heard:
    """What an engine made of an episode."""

    engine: str
    counts: ErrorCounts  # against what the voices were told to say
    misheard: tuple[tuple[str, str], ...]  # what was said and what was heard ("" is nothing), most telling first
    lost_terms: tuple[str, ...]  # names, acronyms and numbers as written whose words were not all heard


def plain(text: str) -> list[str]:
    """Return lower-case words without punctuation; capitals said one by one ("A S R") are one word."""
    joined = _SPELLED.sub(lambda found: found[0].replace(" ", ""), text)
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", joined.lower())


def holds(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Tell whether a phrase stands in a list of words, in one piece."""
    return f" {' '.join(phrase)} " in f" {' '.join(words)} "


def compare(script: Script, heard: str, engine: str, lexicon: dict[str, str] | None = None) -> Heard:
    """Set what was heard against what was said."""
    import jiwer

    spoken = [say(turn.text, lexicon) for turn in script.turns]
    said = plain(" ".join(word.said for line in spoken for word in line))
    found = plain(heard)
    output = jiwer.process_words(" ".join(said), " ".join(found)) if found else None
    counts = (
        ErrorCounts(output.hits, output.substitutions, output.insertions, output.deletions)
        if output
        else ErrorCounts(0, 0, 0, len(said))
    )
    pairs: Counter[tuple[str, str]] = Counter()
    for chunk in output.alignments[0] if output else ():
        if chunk.type in ("substitute", "delete"):
            pairs[
                " ".join(said[chunk.ref_start_idx : chunk.ref_end_idx]),
                " ".join(found[chunk.hyp_start_idx : chunk.hyp_end_idx]),
            ] += 1
    terms = {word.written.strip(".,;:!?()\"'") for line in spoken for word in line if _TERM.search(word.written)}
    phrases = {term: plain(" ".join(word.said for word in say(term, lexicon))) for term in terms}
    lost = tuple(sorted(term for term, phrase in phrases.items() if phrase and not holds(found, phrase)))
    return Heard(
        engine, counts, tuple(pair for pair, _ in sorted(pairs.items(), key=lambda one: (-one[1], one[0]))), lost
    )


def listen(path: Path, script: Script, engine: str = "pocketsphinx", lexicon: dict[str, str] | None = None) -> Heard:
    """Transcribe an episode with one of the toolbox's engines and compare.

    Raises:
        AsrError: as `asrcli.transcribe` does.
    """
    from asrcli import transcribe

    heard = " ".join(transcript.text for transcript in transcribe(path, engine=engine))
    return compare(script, heard, engine, lexicon)


def check_times(path: Path, known: Sequence[Word]) -> BoundaryError:
    """Align an episode with its text as `asr align` does, and measure against the times that the voice itself gave.

    Args:
        path: the episode.
        known: every word as written, with its times.

    Raises:
        AsrError: as the alignment does.
    """
    from tempfile import TemporaryDirectory

    from asrcli.alignment.reference import boundary_error, words_of
    from asrcli.audio.inputs import Found
    from asrcli.runs.align import execute
    from asrcli.runs.align_pairs import Pair
    from asrcli.runs.align_plan import AlignRequest, plan
    from asrcli.runs.execute import Done, JobFailed

    with TemporaryDirectory(prefix="asr-") as folder:
        text = Path(folder, "said.txt")
        text.write_text(" ".join(word.text for word in known), encoding="utf-8")
        request = AlignRequest((Pair(Found(str(path)), str(text)),), language="en", min_coverage=0.0)
        found: list[Word] = []
        for event in execute(plan(request)):
            if isinstance(event, JobFailed):
                raise event.error
            if isinstance(event, Done):
                found = words_of(event.transcript)
    return boundary_error(known, found)


def report_markdown(heard: Heard, times: BoundaryError | None = None) -> str:
    """Return what a listener would mishear, and how far the aligner's times are from the voice's."""
    rate = heard.counts.rate
    lines = [
        f"# What {heard.engine} heard",
        f"Word error rate against what was said: {rate:.1%}." if rate is not None else "Nothing was said.",
    ]
    if times is not None:
        lines.append(f"Aligned with its text, against the voice's own times: {times}.")
    if heard.lost_terms:
        lines.append("Names, acronyms and numbers not heard: " + ", ".join(heard.lost_terms) + ".")
    if heard.misheard:
        rows = [
            f"- “{said}” was heard as “{found}”" if found else f"- “{said}” was not heard"
            for said, found in heard.misheard[:40]
        ]
        lines.append("\n".join(rows))
    return "\n\n".join(lines) + "\n"
