"""From paths and options to a comparison: read, match, guess what was not said, score."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from asrcli.base.files import check_local
from asrcli.compare.comparison import judge
from asrcli.compare.matching import Hypotheses, Unread, distinct_names, match, match_one
from asrcli.compare.nist import check_marks
from asrcli.compare.scores import Comparison, Settings, SystemScore
from asrcli.compare.sources import STRICT, Losses, Source, kind_of, names_system, read_source
from asrcli.compare.systems import prepare, score_system
from asrcli.datasets.results import scoring_of
from asrcli.errors import InputError, UsageError
from asrcli.scoring.alignment import Convention, align, count_all, without_collector
from asrcli.scoring.network import is_marked
from asrcli.text.normalisers import NORMALIZERS, build_cutter
from asrcli.types import Utterance

# The most frequent words of written English that no other major language has among its own.
ENGLISH = frozenset("the and of to is that it was for with as are this have you not but they from".split())
UNGROUPED = "none"
NORMALIZER = "asr"  # where nobody says otherwise
ENOUGH = 0.08  # share of these words in a text to take it for English; running English has 20 to 30 %


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    normalizer: str | None = None  # what the run records say, or else asr
    language: str | None = None
    convention: str | None = None
    explain: bool = False
    fields: tuple[str, ...] = ()
    group: str | None = None
    fragments: bool = False  # words that are cut off are right where what was recognised begins or ends with them
    formats: tuple[str | None, str | None] = (None, None)  # of the references, and of what was recognised


@without_collector()
def run(reference: Path, hypotheses: Sequence[Path], wanted: Wanted, losses: Losses = STRICT) -> Comparison:
    """Compare what lies at these paths; ``losses`` takes what cannot be read, and the rest is compared.

    Raises:
        UsageError: an option names something that does not exist.
        InputError: the references cannot be read, or no system that has something in common with them.
    """
    check_names(wanted)
    source = read_source(reference, hypotheses=False, format=wanted.formats[0], losses=losses)
    kinds: dict[int, str] = {}
    whole = losses if len(hypotheses) > 1 else STRICT
    for place, path in enumerate(hypotheses):
        with whole.boundary(path):
            kinds[place] = system_kind(path, wanted.formats[1])
    hypotheses = [hypotheses[place] for place in kinds]
    utterances, unread = matcher(source, hypotheses, wanted, losses, lines=".txt" in kinds.values())
    if not utterances:
        raise InputError(f"{reference}: no utterances")
    if wanted.group:
        utterances = regrouped(utterances, wanted.group)
    wanted, said = as_recorded(wanted, (reference, *hypotheses))
    marked = source.marked and any(is_marked(one.text) for one in utterances)
    settings = settings_of(wanted.normalizer, wanted.language, utterances, wanted.convention, marked=marked)
    settings = replace(settings, fragments=with_fragments(settings, wanted))
    if settings.convention is Convention.SCLITE and (marked or (source.marked and ".trn" in kinds.values())):
        settings = replace(settings, marked=True)
        check_marks(reference, kind_of(reference, wanted.formats[0]))
        unread = [Unread(one.path, partial(with_marks_checked, one, wanted.formats[1])) for one in unread]
    found = judge(utterances, score_all(utterances, unread, settings, whole), settings, str(reference))
    rules = explain(found) if wanted.explain else ()
    unused = unscored(reference, hypotheses)
    return replace(
        found,
        notes=(*losses.notes, *source.notes, *found.notes, *said, *unused, *remarks(settings, wanted)),
        rules=rules,
    )


def system_kind(path: Path, format: str | None) -> str:
    """Return how the file of a system is written."""
    if not path.exists():  # the system says more where it is not given to us
        check_local(str(path), "copy it here first")
        raise InputError(f"{path} does not exist")
    return kind_of(path, format)


def unscored(reference: Path, hypotheses: Sequence[Path]) -> list[str]:
    """Return that the first file's own hypotheses are not scored, where it has some: a run record has both texts."""
    if not names_system(reference) or any(one.exists() and one.samefile(reference) for one in hypotheses):
        return []
    return [f"{reference} gives the references alone; to score its hypotheses too, name it twice"]


def with_marks_checked(unread: Unread, format: str | None) -> Hypotheses:
    """Return what a system recognised when its marks are as sclite's."""
    check_marks(Path(unread.path), kind_of(Path(unread.path), format))
    return unread.read()


def with_fragments(settings: Settings, wanted: Wanted) -> bool:
    """Return whether words that are cut off count, which only the convention of sclite knows."""
    if wanted.fragments and settings.convention is not Convention.SCLITE:
        raise UsageError("--fragments is sclite's -F: add --convention sclite")
    return wanted.fragments


def remarks(settings: Settings, wanted: Wanted) -> list[str]:
    """Return what a reader must know about the choices that were made."""
    notes = []
    leaderboard = Convention.OPEN_ASR_LEADERBOARD
    if wanted.language is None and settings.language and settings.normalizer == "asr":
        notes.append("language: en, guessed from the references (--language says otherwise)")
    if settings.normalizer == leaderboard and settings.language == "hi":
        notes.append(
            "the Open ASR Leaderboard scores Hindi on lattices of spellings (voi_oiwer), which this is not; its "
            "normaliser takes the vowel signs out, --normalizer asr keeps them"
        )
    if settings.marked and settings.convention is not Convention.SCLITE:
        notes.append("the references hold alternations or optional words, which only --convention sclite understands")
    return notes


def matcher(
    source: Source, hypotheses: Sequence[Path], wanted: Wanted, losses: Losses, *, lines: bool
) -> tuple[list[Utterance], list[Unread]]:
    """Return the references, and for each system a function that reads what it recognised and matches it to them.

    Of plain lines, all files decide whether they correspond, and all are read before any is matched.
    """

    def read(path: Path) -> Source:
        """Read the texts of one system."""
        return read_source(path, hypotheses=True, format=wanted.formats[1], losses=losses)

    if source.lines or lines:
        sources = []
        for path in hypotheses:
            with (losses if len(hypotheses) > 1 else STRICT).boundary(path):
                sources.append(read(path))
        return match(source, sources)
    utterances = list(source.utterances)

    def read_one(path: Path, name: str) -> Hypotheses:
        """Read the texts of one system and match them with the utterances."""
        return match_one(utterances, replace(read(path), name=name), source)

    names = distinct_names(hypotheses)
    return utterances, [
        Unread(str(path), partial(read_one, path, name)) for path, name in zip(hypotheses, names, strict=True)
    ]


def score_all(
    utterances: Sequence[Utterance], unread: Sequence[Unread], settings: Settings, losses: Losses
) -> list[SystemScore]:
    """Read and score every system; raise `InputError` where none of them can be read."""
    prepared = prepare([one.text for one in utterances], settings)
    found = []
    for one in unread:
        with losses.boundary(one.path):
            found.append(score_system(prepared, one.read(), settings, paired=len(unread) > 1))
    if not found:
        raise InputError("no system is left to compare")
    return found


def check_names(wanted: Wanted) -> None:
    """Raise `UsageError` for a normaliser or convention that does not exist."""
    if wanted.normalizer is not None and wanted.normalizer not in NORMALIZERS:
        raise UsageError(f"there is no normaliser '{wanted.normalizer}': choose {', '.join(NORMALIZERS)}")
    chosen_convention(wanted.normalizer, wanted.convention)


def chosen_convention(normalizer: str | None, convention: str | None = None) -> Convention:
    """Return the convention asked for; the leaderboard's normaliser brings its own."""
    if convention is None:
        leaderboard = normalizer == Convention.OPEN_ASR_LEADERBOARD
        return Convention.OPEN_ASR_LEADERBOARD if leaderboard else Convention.LEVENSHTEIN
    try:
        return Convention(convention)
    except ValueError:
        raise UsageError(f"there is no convention '{convention}': choose {', '.join(Convention)}") from None


def settings_of(
    normalizer: str | None,
    language: str | None,
    utterances: Sequence[Utterance],
    convention: str | None = None,
    *,
    marked: bool = False,
) -> Settings:
    """Return how to score these utterances: the one place where what was not said is chosen."""
    chosen = normalizer or NORMALIZER
    known = language or guess_language(utterances)
    return Settings(chosen, known, chosen_convention(chosen, convention), marked)


def as_recorded(wanted: Wanted, paths: Sequence[Path]) -> tuple[Wanted, list[str]]:
    """Return what is wanted, with what the run records among the files say where that is left open, and a note.

    Records that differ decide nothing.
    """
    known = [one for path in paths if (one := scoring_of(path)) is not None]
    notes = []
    for name, option in (("normalizer", "--normalizer"), ("language", "--language")):
        values = list(dict.fromkeys(value for one in known if (value := getattr(one, name))))
        if getattr(wanted, name) is not None or not values:
            continue
        if len(values) > 1:
            notes.append(f"the runs were scored with different {name}s ({', '.join(values)}): {option} chooses one")
        elif name == "language" or values[0] in NORMALIZERS:
            wanted = replace(wanted, **{name: values[0]})
            notes += [f"{name} {values[0]}, as the run records say"] if values != [NORMALIZER] else []
    return wanted, notes


def regrouped(utterances: Sequence[Utterance], field: str) -> list[Utterance]:
    """Return the utterances grouped by another field; by ``none``, each by itself."""
    if field == UNGROUPED:
        return [replace(one, group=None) for one in utterances]
    values = [dict(one.fields).get(field) for one in utterances]
    if all(value is None for value in values):
        known = sorted({name for one in utterances[:1000] for name, _ in one.fields})
        raise UsageError(f"no utterance has a field '{field}' to group by; there are: {', '.join(known) or 'none'}")
    return [replace(one, group=value) for one, value in zip(utterances, values, strict=True)]


def guess_language(utterances: Sequence[Utterance]) -> str | None:
    """Return the language that the references name, or ``en`` where they look English; ``None`` otherwise."""
    named = {one.language for one in utterances if one.language}
    if named:
        code = named.pop().replace("_", "-").split("-")[0].lower() if len(named) == 1 else None
        return "en" if code in ("english", "eng") else code
    words = re.findall(r"[^\W\d_]+", " ".join(one.text for one in utterances[:500]).lower())
    return "en" if words and sum(word in ENGLISH for word in words) >= ENOUGH * len(words) else None


def explain(found: Comparison) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return for each rule of the normaliser how many more errors each system would make without it."""
    settings = found.settings
    rules = NORMALIZERS[settings.normalizer].rules
    if not rules:
        print(f"asr: note: the rules of '{settings.normalizer}' cannot be taken apart", file=sys.stderr)
    rows = []
    for rule in rules:
        cut = build_cutter(settings.normalizer, settings.language, frozenset({rule}))
        references = [cut(one.text) for one in found.utterances]
        changes = []
        for system in found.systems:
            words = [cut(text or "") for text in system.texts]
            changes.append(count_all(align(references, words, settings.convention)).errors - system.counts.errors)
        rows.append((rule, tuple(changes)))
    return tuple(rows)
