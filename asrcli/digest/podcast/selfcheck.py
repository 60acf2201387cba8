"""The toolbox hears itself: transcribe the episode, and report what a listener would mishear."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.digest.podcast.lexicon import say
from asrcli.digest.podcast.quantities import ordinal, whole
from asrcli.digest.podcast.script import Script
from asrcli.errors import AsrError
from asrcli.text.cardinals import LARGE, SMALL, TENS
from asrcli.types import ErrorCounts, Options, Recording, Transcript, Word

if TYPE_CHECKING:
    from jiwer.process import AlignmentChunk

    from asrcli.aligner import AlignedWord
    from asrcli.alignment.reference import BoundaryError
    from asrcli.digest.podcast.episode import Cue

_SPELLED = re.compile(r"\b[A-Z](?: [A-Z])+s?\b")
MARGIN = 0.2  # seconds of silence left around a turn
ALLOWED = 0.1  # of the names and numbers may go unheard before it is said
ALIKE = 75.0  # of 100: letters in which a name and what was written for it agree; "WAXAL" is heard as "Waxel"
SHORT = 4  # letters; shorter names have to agree in all, or nearly in the names of their letters
SPELLED_ALIKE = 80.0  # of 100
_TERM = re.compile(r"[A-Z]{2,}|[a-z]+[A-Z]|\d")
_NUMBERS = {*SMALL, *TENS[2:], *(name for _, name in LARGE), "point", "minus"}
_HOMOPHONES = {"to": "two", "too": "two", "for": "four", "ate": "eight", "won": "one", "oh": "zero", "o": "zero"}
_WITH_NUMBERS = {"percent", "version", "and", "of", "by", "per", "the"}  # say nothing by themselves
_NAMED = "ay bee see dee ee eff jee aitch eye jay kay ell em en oh pee kyu ar ess tee yu vee doubleyu ex why zee"
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", _NAMED.split(), strict=True))
_CARDINALS = {ordinal(number): whole(number) for number in (*range(1, 20), *range(20, 91, 10))}


@dataclass(frozen=True, slots=True)
class Heard:
    """What an engine made of an episode."""

    engine: str
    counts: ErrorCounts  # against what the voices were told to say
    misheard: tuple[tuple[str, str], ...]  # what was said and what was heard ("" is nothing), most telling first
    lost_terms: tuple[str, ...]  # names, acronyms and numbers as written that most of the time were heard as others
    warnings: tuple[str, ...] = ()  # what was said about the sound, such as that no speech was found in it
    terms: int = 0  # how many there were

    @property
    def warning(self) -> str:
        """What a publisher should know; "" while at most a tenth of the names and numbers went unheard."""
        if not self.terms or len(self.lost_terms) <= ALLOWED * self.terms:
            return ""
        return f"{len(self.lost_terms)} of {self.terms} names and numbers were heard as something else"


def plain(text: str) -> list[str]:
    """Return lower-case words without punctuation; capitals said one by one ("A S R") are one word."""
    joined = _SPELLED.sub(lambda found: found[0].replace(" ", ""), text)
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", joined.lower())


def holds(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Tell whether a phrase stands in a list of words, in one piece."""
    return f" {' '.join(phrase)} " in f" {' '.join(words)} "


def values(words: Sequence[str]) -> list[str]:
    """Return the numbers among words: "twenty sixth of March" is twenty six."""
    plain_words = [_CARDINALS.get(word, word) for word in words]
    return [word for word in plain_words if word in _NUMBERS]


def understood(phrase: Sequence[str], heard: Sequence[str]) -> bool:
    """Tell whether what an engine wrote sounds like a phrase: numbers by value, names by most of their letters.

    A name with numbers in it has to have both; "to" may be the two of "wave to vec two".
    """
    from rapidfuzz import fuzz

    numbers, letters = values(phrase), [word for word in phrase if not values([word])]
    spelled = [_HOMOPHONES.get(word, word) for word in heard] if letters else heard
    if numbers and not holds(values(heard), numbers) and not holds(values(spelled), numbers):
        return False
    if not letters or (numbers and all(word in _WITH_NUMBERS for word in letters)):
        return True
    name, text = "".join(letters), "".join(word for word in heard if not values([word]))
    if len(name) < SHORT:
        return holds(heard, letters) or fuzz.ratio(aloud(name), aloud(text)) >= SPELLED_ALIKE
    part = fuzz.partial_ratio(name, text) if len(text) > len(name) else 0.0
    return max(part, fuzz.ratio(name, text)) >= ALIKE


def aloud(letters: str) -> str:
    """Return the names of letters, in which "DER" and "DR" are nearly the same and "DPO" and "BBO" are not."""
    return "".join(_LETTERS.get(letter, letter) for letter in letters)


@dataclass(frozen=True, slots=True)
class Told:
    """What a voice was told to say: its words, and where among them each name and number stands."""

    words: tuple[str, ...]
    places: dict[str, list[tuple[int, int]]]  # as written -> beginnings and ends


def told(script: Script, lexicon: dict[str, str] | None = None) -> Told:
    """Return the words of a script as they are said, with its names and numbers."""
    words: list[str] = []
    places: dict[str, list[tuple[int, int]]] = {}
    for spoken in (word for turn in script.turns for word in say(turn.text, lexicon)):
        begin = len(words)
        words += plain(spoken.said)
        if _TERM.search(spoken.written) and len(words) > begin:
            places.setdefault(spoken.written.strip(".,;:!?()\"'"), []).append((begin, len(words)))
    return Told(tuple(words), places)


def window(chunks: Sequence[AlignmentChunk], begin: int, end: int) -> tuple[int, int]:
    """Return where the words of a hypothesis stand that were heard for some words of the reference."""
    over = [one for one in chunks if one.ref_start_idx < end and one.ref_end_idx > begin]
    first, last = over[0], over[-1]
    start, stop = first.hyp_start_idx, last.hyp_end_idx
    start += begin - first.ref_start_idx if first.type == "equal" else 0
    stop -= last.ref_end_idx - end if last.type == "equal" else 0
    return start, stop


def compare(script: Script, heard: str, engine: str, lexicon: dict[str, str] | None = None) -> Heard:
    """Set what was heard against what was said."""
    import jiwer

    text = told(script, lexicon)
    # What an engine writes as "5.2%" is what was said as "five point two percent": numbers are compared as values.
    found = [word for spoken in say(heard, lexicon) for word in plain(spoken.said)]
    output = jiwer.process_words(" ".join(text.words), " ".join(found)) if found else None
    counts = ErrorCounts(0, 0, 0, len(text.words))
    if output:
        counts = ErrorCounts(output.hits, output.substitutions, output.insertions, output.deletions)
    pairs: Counter[tuple[str, str]] = Counter()
    for chunk in output.alignments[0] if output else ():
        if chunk.type in ("substitute", "delete"):
            said = " ".join(text.words[chunk.ref_start_idx : chunk.ref_end_idx])
            pairs[said, " ".join(found[chunk.hyp_start_idx : chunk.hyp_end_idx])] += 1
    gone = []
    for term, places in text.places.items():
        windows = ((begin, end, window(output.alignments[0], begin, end)) for begin, end in places) if output else ()
        missed = [not understood(text.words[begin:end], found[own[0] : own[1]]) for begin, end, own in windows]
        if not missed or 2 * sum(missed) > len(missed):
            gone.append(term)
    misheard = tuple(sorted(pairs, key=lambda pair: (-pairs[pair], pair)))
    return Heard(engine, counts, misheard, tuple(sorted(gone)), terms=len(text.places))


def listen(
    path: Path, script: Script, engine: str = "auto", lexicon: dict[str, str] | None = None, language: str = "en"
) -> Heard:
    """Transcribe an episode with one of the toolbox's engines, the best that is here, and compare.

    An engine that takes a prompt listens a second time, with the script's names and numbers as its prompt: what it then
    writes as it should is a name that it did not know, and no fault of the voice.

    Raises:
        AsrError: as `asrcli.transcribe` does.
    """
    from asrcli import transcribe

    heard = list(transcribe(path, engine=engine, language=language))
    named = f"{heard[0].engine}:{heard[0].model}" if heard else engine
    found = compare(script, " ".join(one.text for one in heard), named, lexicon)
    if heard and found.lost_terms and takes_prompts(heard[0]):
        names = told(script, lexicon).places
        again = transcribe(
            path, engine=heard[0].engine, model=heard[0].model, language=language, prompt=f"{', '.join(names)}."
        )
        second = compare(script, " ".join(one.text for one in again), named, lexicon).lost_terms
        found = replace(found, lost_terms=tuple(term for term in found.lost_terms if term in second))
    return replace(found, warnings=tuple(line for transcript in heard for line in transcript.warnings))


def takes_prompts(transcript: Transcript) -> bool:
    """Tell whether the engine of a transcript takes a prompt."""
    from asrcli.engines.options import unsupported
    from asrcli.engines.selection import choose_class

    try:
        engine, _ = choose_class(transcript.engine, transcript.model, Options(), lambda line: None)
    except AsrError:  # what it was called is not how it is asked for
        return False
    return not unsupported(engine, Options(prompt="names"))


def check_times(path: Path, cues: Sequence[Cue], lexicon: dict[str, str] | None = None) -> BoundaryError:
    """Align every turn of an episode with what was said in it, and measure against the times that the voice gave.

    Every turn is known to hold all of its text, so that the aligner alone is asked: `asr align` doubts words that fit
    as badly as those of a synthetic voice do, and leaves out what may be other speech.

    Args:
        cues: what was said in each turn, every word as written, with its times.

    Raises:
        AsrError: there is no aligner for English here, or it fails.
    """
    from asrcli.alignment.choice import choose_aligner, prepare_aligner
    from asrcli.alignment.reference import BoundaryError, boundary_error
    from asrcli.alignment.sound import Tape
    from asrcli.base.console import complain
    from asrcli.engines.selection import Setup

    aligner = prepare_aligner(*choose_aligner("auto", None, "en"), Setup(offline=True), complain).load()
    tape, error = Tape(Recording(str(path))), BoundaryError((), 0, 0)
    for words, told in (together(cue.words, lexicon) for cue in cues if cue.words):
        clip = tape.clip(max(0.0, words[0].start - MARGIN), words[-1].end + MARGIN)
        said = [re.findall(r"[A-Za-z']+", one) for one in told]
        (found,) = aligner.align([clip], [[one for own in said for one in own]], "en")
        error += boundary_error(words, list(written_back(words, said, found, clip.start)))
    return error


def together(words: Sequence[Word], lexicon: dict[str, str] | None) -> tuple[list[Word], list[str]]:
    """Return the words of a turn, those that are said as one put together, and how each is said."""
    spoken = [one for one in say(" ".join(word.text for word in words), lexicon) if one.said]
    joined, at = [], 0
    for one in spoken:
        last = at + len(one.written.split(" ")) - 1
        joined.append(replace(words[at], text=one.written, end=words[last].end))
        at = last + 1
    return joined, [one.said for one in spoken]


def written_back(
    words: Sequence[Word], said: Sequence[Sequence[str]], found: Sequence[AlignedWord | None], begin: float
) -> Iterator[Word]:
    """Yield each written word that was found with the times of what was said for it, after a beginning."""
    at = 0
    for word, own in zip(words, said, strict=True):
        parts = found[at : at + len(own)]
        at += len(own)
        if parts and parts[0] is not None and parts[-1] is not None:
            yield replace(word, start=begin + parts[0].start, end=begin + parts[-1].end)


def report_markdown(heard: Heard, times: BoundaryError | None = None) -> str:
    """Return what a listener would mishear, and how far the aligner's times are from the voice's."""
    rate = heard.counts.rate
    lines = [
        f"# What {heard.engine} heard",
        f"Word error rate against what was said: {rate:.1%}." if rate is not None else "Nothing was said.",
    ]
    lines += [f"Warning: {line}." for line in heard.warnings]
    if times is not None:
        lines.append(f"Aligned with its text, against the voice's own times: {times}.")
    if heard.warning:
        lines.append(f"**{heard.warning[:1].upper()}{heard.warning[1:]}.**")
    if heard.lost_terms:
        lines.append("Names, acronyms and numbers heard as something else: " + ", ".join(heard.lost_terms) + ".")
    if heard.misheard:
        rows = [
            f"- “{said}” was heard as “{found}”" if found else f"- “{said}” was not heard"
            for said, found in heard.misheard[:40]
        ]
        lines.append("\n".join(rows))
    return "\n\n".join(lines) + "\n"
