"""A page about one paper, in the manner of an open review, that says what was read and claims nothing about the rest.

Sentences under "core claim", "what carries it", "numbers" and "limits" are the paper's own, with their place. What
follows from them (the premise that bears the load, what would settle it, objections) is built by rules from those
sentences, is marked as inference, and names the sentence it rests on. Nobody's answer to an objection is made up.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asrcli.digest.figures import Figure, find_figures
from asrcli.digest.items import Item, Kind
from asrcli.digest.pages.markdown import figure_text
from asrcli.digest.sentences import Span, rank_sentences, split_sentences
from asrcli.errors import InputError, MissingExtra
from asrcli.web.cleaning import clean, escape_markdown, markdown_link

MAX_PAGES = 60
MAX_FILE = 50 * 2**20
_CLAIM = re.compile(
    r"\b(?:we|this (?:paper|work|study)|our) (?:\w+ )?"
    r"(?:propose|introduce|present|show|demonstrate|find|argue|release|describe|report)",
    re.I,
)
_EVIDENCE = re.compile(
    r"\b(?:experiment|evaluat|result|outperform|improv|reduc|achiev|ablation|compar|benchmark|reach|obtain|"
    r"trained on|tested)\w*",
    re.I,
)
_LIMIT = re.compile(
    r"\b(?:limitation|limited to|however|only on|future work|does not|do not|cannot|fail(?:s|ed)? (?:to|on)|assum)\w*",
    re.I,
)
_HEDGE = re.compile(r"\b(?:suggest|may|might|could|potential|promising)\w*", re.I)
_TEST_SETS = re.compile(
    r"\b(?:LibriSpeech|TED-?LIUM|Common ?Voice|FLEURS|GigaSpeech|VoxPopuli|AMI|Earnings-?2[12]|SPGISpeech|"
    r"AISHELL(?:-\d)?|WenetSpeech|"
    r"MLS|CHiME(?:-\d)?|Switchboard|CallHome|MuST-C|CoVoST|TIMIT|WSJ|SEAME|ASCEND|Kathbath|TORGO|UASpeech)\b"
)


_REFERENCES = re.compile(r"^[#\s]*(?:\d{1,2}\.?\s+)?(?:References|REFERENCES|Bibliography|BIBLIOGRAPHY)[ \t:]*$", re.M)
_APPENDIX = re.compile(r"^[#\s]*(?:(?:Appendix|APPENDIX|Supplementary)\b.{0,60}|A\.?\s+[A-Z][\w ]{3,60})$", re.M)
_ENTRY = re.compile(r"\b(?:19|20)\d\d\b|\barXiv\b|^\s*\[\d+\]", re.M)  # of a list of references


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a paper."""

    title: str
    text: str
    what: str  # "abstract", "PDF, pages 1-9", "text file"
    url: str = ""
    identity: str = ""
    version: int = 1
    citations: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Tell whether more than the abstract was read."""
        return self.what != "abstract"


@dataclass(frozen=True, slots=True)
class Inference:
    """A conclusion of ours and the sentence it rests on."""

    text: str
    span: Span


def read_item(item: Item) -> Reading:
    """Return what the store holds of a paper: its abstract.

    Raises:
        InputError: no paper, or one without an abstract.
    """
    if item.kind is not Kind.PAPER or not item.text:
        raise InputError(f"{item.id}: there is no abstract of it in the digest")
    return Reading(item.title, item.text, "abstract", item.url, item.id.partition(":")[2], max(1, item.version))


def read_file(path: Path) -> Reading:
    """Read a PDF or a text file.

    Raises:
        InputError: it cannot be read, is too large or holds no text.
        MissingExtra: a PDF, and no reader for it.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise InputError(f"{path}: larger than {MAX_FILE // 2**20} MB")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if data.startswith(b"%PDF"):
        return read_pdf(path)
    raw = data.decode("utf-8", "replace")
    first, _, rest = raw.strip().partition("\n")
    own, left_out = without_references(rest)
    text = clean(dehyphenate(own), MAX_FILE)
    if not text:
        raise InputError(f"{path}: holds no text beside its first line")
    return Reading(clean(first.lstrip("# "), 400), text, f"text file{left_out}")


# What pypdf lets out of a file that somebody has broken.
BROKEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, NotImplementedError)


def read_pdf(path: Path) -> Reading:
    """Read the text of a PDF, up to a number of pages."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import PdfReadError
    except ImportError as error:
        raise MissingExtra("reading a PDF", ["pypdf"], "digest") from error
    try:
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it talks of each thing that it mends
        reader = PdfReader(path)
        title = str(reader.metadata.title or "") if reader.metadata else ""
        count = len(reader.pages)
        pages = [page.extract_text() for page in reader.pages[:MAX_PAGES]]
    except (PdfReadError, OSError, RecursionError, AssertionError, *BROKEN) as error:
        raise InputError(f"{path}: not a PDF that can be read ({type(error).__name__})") from error
    own, left_out = without_references("\n".join(pages))
    text = clean(dehyphenate(own), MAX_FILE)
    if not text:
        raise InputError(f"{path}: the PDF holds no text (a scan?)")
    read = min(count, MAX_PAGES)
    return Reading(clean(title, 400) or text[:100], text, f"PDF, pages 1-{read} of {count}{left_out}")


def without_references(text: str) -> tuple[str, str]:
    """Return a paper without its list of references, and what to say of that; titles of others are no evidence.

    The list goes from the last heading of that name to an appendix, or to the end.
    """
    headings = list(_REFERENCES.finditer(text))
    if not headings:
        return text, ""
    begin = headings[-1].start()
    appendix = _APPENDIX.search(text, headings[-1].end())
    end = appendix.start() if appendix else len(text)
    if not _ENTRY.search(text, begin, end):
        return text, ""
    return text[:begin] + "\n" + text[end:], ", without its references"


def dehyphenate(text: str) -> str:
    """Join words that a line break cut."""
    return re.sub(r"(\w)-\n(\w)", r"\1\2", text)


def pick(text: str, spans: Sequence[Span], pattern: re.Pattern[str], wanted: int, used: set[Span]) -> list[Span]:
    """Return the best sentences that match, in the order of the text, leaving out those used before."""
    found = [span for span in spans if pattern.search(span.of(text)) and span not in used]
    scores = rank_sentences([span.of(text) for span in found[:60]])
    best = sorted(range(len(scores)), key=lambda number: (-scores[number], number))[:wanted]
    chosen = [found[number] for number in sorted(best)]
    used.update(chosen)
    return chosen


def infer_premise(text: str, spans: Sequence[Span]) -> list[Inference]:
    """Return the premise that bears the load: what the evidence must stand for."""
    found = []
    for span in spans:
        sets = list(dict.fromkeys(_TEST_SETS.findall(span.of(text))))
        if sets:
            found.append(Inference(f"That results on {', '.join(sets)} stand for the recordings meant.", span))
    if not found and spans:
        found.append(
            Inference("That the comparison behind this sentence is like with like (data, size, decoding).", spans[0])
        )
    return found[:2]


def infer_tests(text: str, figures: Sequence[Figure], spans: Sequence[Span]) -> list[Inference]:
    """Return what would settle it: the measurement that the numbers call for."""
    found = []
    rates = [figure for figure in figures if figure.metric in ("WER", "CER")]
    for figure in rates[:2]:
        kind = "the stated change" if figure.relative else f"the stated {figure_text(figure)}"
        text_of = f"Scoring the output with one normaliser on the named test set: {kind} {figure.metric} holds or not."
        found.append(Inference(text_of, Span(figure.start, figure.end)))
    if not rates and spans:
        found.append(
            Inference(
                "An error rate on a public test set: the part that was read gives none for this sentence.", spans[0]
            )
        )
    return found


def infer_objections(text: str, figures: Sequence[Figure], claims: Sequence[Span], whole: bool) -> list[Inference]:
    """Return objections that follow from what was read, each with its sentence."""
    found = []
    for span in claims:
        sentence = span.of(text)
        if re.search(r"state[- ]of[- ]the[- ]art|\bSOTA\b|outperform", sentence, re.I) and not re.search(
            r"(?<![\w.-])\d", sentence
        ):
            found.append(Inference("It claims to be better and gives no number here.", span))
        if _HEDGE.search(sentence):
            found.append(Inference("It is hedged: what was shown and what is hoped are in one sentence.", span))
    for figure in figures:
        if figure.metric in ("WER", "CER") and figure.relative and not whole:
            change = figure_text(figure).removesuffix(" (change)")
            text_of = f"A change of {change} says little without the level it starts from."
            found.append(Inference(text_of, Span(figure.start, figure.end)))
    return found[:4]


def section(reading: Reading, heading: str, spans: Sequence[Span], none: str) -> str:
    """Return a section of quotes, or one line that nothing was found in what was read."""
    lines = [f"- “{escape_markdown(span.of(reading.text))}” [{span.start}–{span.end}]" for span in spans]
    return f"## {heading}\n\n" + ("\n".join(lines) or none)


def inferences(heading: str, found: Sequence[Inference], none: str) -> str:
    """Return a section of inferences, marked as such."""
    lines = [
        f"- *Inference:* {escape_markdown(one.text)} (rests on [{one.span.start}–{one.span.end}])" for one in found
    ]
    return f"## {heading}\n\n" + ("\n".join(lines) or none)


def paper_page(reading: Reading) -> str:
    """Return the page."""
    text = reading.text
    spans = [span for span in split_sentences(text)[:2000] if 20 <= span.end - span.start <= 700]
    used: set[Span] = set()
    claims = pick(text, spans, _CLAIM, 2, used) or spans[:1]
    evidence = pick(text, spans, _EVIDENCE, 4, used)
    limits = pick(text, spans, _LIMIT, 3, used)
    figures = find_figures(reading.title, text)
    extent = (
        "" if reading.whole else " Nothing is said here about parts that were not read (tables, ablations, references)."
    )
    rows = [f"| {one.metric} | {escape_markdown(figure_text(one))} | {one.start}–{one.end} |" for one in figures[:40]]
    numbers = (
        "\n".join(["| What | Value | Where |", "|---|---|---|", *rows])
        if rows
        else "None of the field's numbers were found in it."
    )
    source = (
        f" {markdown_link(f'arXiv:{reading.identity}v{reading.version}', reading.url)}." if reading.identity else ""
    )
    cited = "\n".join(f"- {one}" for one in reading.citations) or "Not asked for: no citation service was read."
    return (
        "\n\n".join(
            [
                f"# {markdown_link(reading.title, reading.url)}",
                f"Read: {escape_markdown(reading.what)}, {len(text):,} characters.{source}{extent}",
                section(reading, "Core claim", claims, "No sentence that states a claim was found."),
                section(reading, "What carries it", evidence, "No evidence is given in what was read."),
                inferences(
                    "The premise that bears the load", infer_premise(text, evidence or claims), "None can be named."
                ),
                inferences("What would settle it", infer_tests(text, figures, claims), "None can be named."),
                inferences(
                    "Objections",
                    infer_objections(text, figures, [*claims, *evidence], reading.whole),
                    "None follow from what was read.",
                ),
                section(reading, "Limits it names", limits, "None in what was read."),
                f"## Numbers\n\n{numbers}",
                f"## Cited by\n\n{cited}",
            ]
        )
        + "\n"
    )
