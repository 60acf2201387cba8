"""The card of a paper's claim: what it says, what carries it, what it rests on, and what would show it wrong.

All of it is quoted, each quote with its place, but for two sentences of ours that rules make from a quote: the
headline's numbers, and the measurement that would contradict them. Where the rules are not sure, nothing is said.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from asrcli.digest.figures import Figure, find_figures
from asrcli.digest.papers import evidence
from asrcli.digest.papers.evidence import DID, Headline, headline_of
from asrcli.digest.papers.own import alone, own_result
from asrcli.digest.papers.reading import Part, Reading, Reference, Sentence
from asrcli.digest.papers.tables import Link, links_of
from asrcli.digest.statements import tested
from asrcli.digest.statements.levels import own_levels
from asrcli.digest.statements.names import names_of
from asrcli.digest.versions import maker

_SHORT = re.compile(r"\(\s*([A-Za-z][\w/&-]{1,9})\s*(?:\)|[;,])")


@dataclass(frozen=True, slots=True)
class Term:
    """An abbreviation with its long form, which stands at a place of the text."""

    short: str
    long: str
    start: int
    end: int


def terms_of(text: str) -> list[Term]:
    """Return the abbreviations that a text explains, each where it does so first."""
    found: dict[str, Term] = {}
    for match in _SHORT.finditer(text):
        short = match[1]
        if short in found or sum(char.isupper() for char in short) < 2 or short.endswith("-"):
            continue
        before = text[max(0, match.start() - 160) : match.start()]
        if before.rstrip().endswith("]"):
            continue  # of what is cited
        window = re.split(r"[.;:()](?=\s)", before)[-1].rstrip()
        # At most so many words (Schwartz and Hearst): further back stands something else.
        window = " ".join(window.split(" ")[-min(len(short) + 5, 2 * len(short)) :])
        start = long_form(short, window)
        if start is None:
            continue
        long = window[start:]
        begin = match.start() - (len(before) - len(before.rstrip())) - len(long)
        if len(long) > len(short) and text[begin : begin + len(long)] == long:
            found[short] = Term(short, long, begin, begin + len(long))
    return list(found.values())


def long_form(short: str, window: str) -> int | None:
    """Return where the long form begins: every letter in order, the first one at the beginning of a word."""
    letters = [char.lower() for char in short if char.isalnum()]
    if len(letters) > 2 and letters[-1] == "s" and short[-1] == "s":
        letters.pop()  # the plural of an abbreviation
    at = len(window) - 1
    for number in range(len(letters) - 1, -1, -1):
        first = number == 0
        while at >= 0 and (
            window[at].lower() != letters[number] or (first and at > 0 and not window[at - 1].isspace())
        ):
            at -= 1
        if at < 0:
            return None
        at -= 1
    return at + 1


SCHEMA = 1
_COMPARED = re.compile(
    r"\b(?:outperform\w*|surpass\w*|exceed\w*|than|compared|versus|unlike|against|baselines?|existing|previous|prior|SOTA|"
    r"state-of-the-art)\b",
    re.I,
)
TERMS, CITED, FIGURES = 12, 8, 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card: a quote, or a sentence of ours and the quote that it rests on."""

    section: str  # headline, did, carries, follows, rests, wrong, limits
    text: str  # what is said: the quote itself, or our sentence
    quote: str
    start: int  # of the quote in what was read
    end: int
    heading: str  # the section of the paper, "" when it has none
    note: str = ""  # of what kind it is, where a section has several
    links: tuple[Link, ...] = ()

    @property
    def own(self) -> bool:
        """Tell whether the words are ours."""
        return self.text != self.quote


@dataclass(frozen=True, slots=True)
class Cited:
    """A work that the paper uses, and the sentence that says for what."""

    label: str
    entry: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number:
    """A figure of the authors' own and where the tables have it."""

    metric: str
    value: str
    start: int
    end: int
    place: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that the page of a paper shows."""

    schema: int
    name: str  # of the files
    title: str
    url: str
    identity: str
    version: int
    what: str  # was read
    whole: bool
    characters: int
    sha256: str  # of the text that the offsets count in
    lines: tuple[Line, ...]
    terms: tuple[Term, ...]
    numbers: tuple[Number, ...]
    cited: tuple[Cited, ...]
    citations: tuple[str, ...]
    maker: str = ""  # the version that wrote it, "" before versions were kept


def card_of(reading: Reading, name: str) -> Card:
    """Return the card of what was read."""
    sentences = reading.sentences()
    names = names_of(reading.title, reading.abstract)
    lines = lines_of(reading, sentences, names)
    return Card(
        schema=SCHEMA,
        name=name,
        title=reading.title,
        url=reading.url,
        identity=reading.identity,
        version=reading.version,
        what=reading.what,
        whole=reading.whole,
        characters=len(reading.text),
        sha256=hashlib.sha256(reading.text.encode("utf-8")).hexdigest(),
        lines=tuple(lines),
        terms=tuple(used_terms(reading, lines)),
        numbers=tuple(numbers_of(reading)),
        cited=tuple(cited_works(reading, sentences)),
        citations=reading.citations,
        maker=maker(),
    )


def lines_of(reading: Reading, sentences: Sequence[Sentence], names: frozenset[str]) -> list[Line]:
    """Return the lines of a card, section by section; a sentence stands in one of them only."""
    abstract = [one for one in sentences if one.part is Part.ABSTRACT] or list(sentences[:25])
    own = [one for one in sentences if one.part not in (Part.PRIOR, Part.BACK)]
    headline = headline_of(abstract, names)
    used = {headline.sentence.span} if headline else set()

    def fresh(found: Sequence[Sentence]) -> list[Sentence]:
        """Return the sentences that no line has used, and mark them as used."""
        kept = [one for one in found if one.span not in used]
        used.update(one.span for one in kept)
        return kept

    lines = []
    if headline:
        lines.append(line("headline", headline.sentence, reading, headline.said))
    lines += [line("did", one, reading) for one in fresh(did(abstract))]
    results = [one for one in own if one.part is Part.RESULTS]
    results = results or [one for one in own if one.part in (Part.METHOD, Part.OTHER)]
    carrying = evidence.carriers(results if reading.whole else abstract, headline, names)
    lines += [line("carries", one, reading) for one in fresh(carrying)]
    late = [one for one in own if one.part in (Part.ABSTRACT, Part.CONCLUSION, Part.RESULTS)]
    lines += [line("follows", one, reading) for one in fresh(evidence.consequences(late, names))]
    for kind, one in evidence.foundations(own if reading.whole else (), names):
        lines += [line("rests", found, reading, note=kind) for found in fresh([one])]
    if headline and (contradiction := contradicted(headline)):
        lines.append(line("wrong", headline.sentence, reading, contradiction))
    lines += [line("limits", one, reading) for one in fresh(evidence.limits(sentences if reading.whole else abstract))]
    return lines


def did(abstract: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentence of the abstract that says what was made or studied."""
    readable = [one for one in abstract if alone(one.words)]
    for cue in DID:
        if found := next((one for one in readable if cue.search(one.words[:160])), None):
            return [found]
    return []


def line(section: str, one: Sentence, reading: Reading, ours: str = "", note: str = "") -> Line:
    """Return a sentence as a line."""
    reached = {
        re.sub(r"[^\d.]", "", level.written)
        for level in own_levels(one.words, names_of(reading.title, reading.abstract))
    }
    links = links_of(one.words, reading.tables, reached) if section in ("headline", "carries") else ()
    return Line(section, ours or one.words, one.words, one.span.start, one.span.end, one.heading, note, links)


def contradicted(headline: Headline) -> str:
    """Return the measurement that would show a headline wrong; "" where it names no level on a test."""
    level = headline.level
    if level is None or not level.test:
        return ""
    written = level.written if "%" in level.written else f"{level.value:g}%"
    bound = f"{headline.against} or more" if headline.against else f"clearly more than {written}"
    average = " on average" if level.average else ""
    return f"A {level.metric} of {bound}{average}{tested(level.test)}, when somebody else scores the same system there."


def used_terms(reading: Reading, lines: Sequence[Line]) -> list[Term]:
    """Return the abbreviations that the card uses and the paper explains."""
    words = " ".join([reading.title, *(one.quote for one in lines)])
    used = (one for one in terms_of(reading.text) if re.search(rf"(?<!\w){re.escape(one.short)}(?:s|\b)", words))
    return list(used)[:TERMS]


def numbers_of(reading: Reading) -> list[Number]:
    """Return the field's numbers: all of an abstract, and of the rest the error rates that are the authors' own."""
    prior = [(block.start, block.end) for block in reading.blocks if block.part in (Part.PRIOR, Part.BACK)]
    abstract = [(block.start, block.end) for block in reading.blocks if block.part is Part.ABSTRACT]
    names = names_of(reading.title, reading.abstract)
    found: dict[tuple[str, float, bool], Number] = {}
    for one in find_figures(reading.title, reading.text, reading.abstract):
        if any(start <= one.start < end for start, end in prior):
            continue
        told = not abstract or any(start <= one.start < end for start, end in abstract)
        if not is_theirs(one, reading.text, names):
            continue
        if not told and not (one.own and one.metric in ("WER", "CER")):
            continue
        links = () if one.relative else links_of(one.quote, reading.tables)
        link = next((link for link in links if float(link.number) == one.value), None)
        number = Number(one.metric, figure_words(one, reading.text), one.start, one.end, link.place if link else "")
        found.setdefault((one.metric, one.value, one.relative), number)
    return list(found.values())[:FIGURES]


def is_theirs(figure: Figure, text: str, names: frozenset[str]) -> bool:
    """Tell whether a figure is the authors' own, as far as its sentence says; sizes, hours and languages in a
    comparison may be anybody's.
    """
    if figure.metric in ("WER", "CER"):
        return figure.own or (figure.relative and own_result(figure.quote, names))
    begins = text.rfind(figure.quote, 0, figure.end + len(figure.quote))
    before = text[max(begins, 0) : figure.start]
    return not _COMPARED.search(before)


def figure_words(figure: Figure, text: str) -> str:
    """Return a figure as the field writes it; an error rate without its per cent sign as the paper does."""
    from asrcli.digest.pages.markdown import figure_text

    rate = figure.metric in ("WER", "CER")
    if rate and not re.match(r"\s?\\?%", text[figure.end : figure.end + 3]) and not figure.relative:
        return text[figure.start : figure.end]
    return figure_text(figure)


def cited_works(reading: Reading, sentences: Sequence[Sentence]) -> list[Cited]:
    """Return the works that results and methods lean on most, each with a sentence that cites it and no other."""
    uses: dict[str, list[Sentence]] = {}
    times: Counter[str] = Counter()
    ambiguous = {label for label, count in Counter(one.label for one in reading.references).items() if count > 1}
    known = {one.label: one for one in reading.references if one.label not in ambiguous}
    for one in sentences:
        labels = labels_in(one.words, known)
        times.update(labels)
        if one.part in (Part.METHOD, Part.RESULTS, Part.OTHER) and len(labels) == 1 and alone(one.words):
            uses.setdefault(labels[0], []).append(one)
    found = []
    for label, _ in times.most_common():
        if label in uses:
            shortest = min(uses[label], key=lambda one: (len(one.words), one.span.start))
            entry = known[label].entry
            found.append(Cited(label, entry, shortest.words, shortest.span.start, shortest.span.end))
    return found[:CITED]


def labels_in(words: str, known: dict[str, Reference]) -> list[str]:
    """Return the labels of references that a sentence names."""
    found = []
    for group in re.findall(r"\[(\d[\d,;\s–-]*)\]", words):
        for part in re.split(r"[,;\s]+", group):
            found += _numbers_of(part)
    named = [label for label in known if not label.isdigit() and len(label) > 6 and label in words]
    return [label for label in dict.fromkeys((*found, *named)) if label in known]


def _numbers_of(part: str) -> list[str]:
    """Return the numbers of a citation: ``7``, or all of ``3-5``."""
    first, dash, last = part.replace("–", "-").partition("-")
    if dash and first.isdigit() and last.isdigit() and int(last) - int(first) < 100:
        return [str(number) for number in range(int(first), int(last) + 1)]
    return [first] if first.isdigit() else []
