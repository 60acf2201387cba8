"""Match what each system recognised to the references, and account for everything that has no counterpart."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath

from asrcli.base.join import join_texts
from asrcli.compare.nist import lay_into_segments
from asrcli.compare.sources import Source, files_of, name_of, names_system
from asrcli.datasets.lines import TABLES
from asrcli.datasets.results import CARD_SUFFIX, head_of, system_of, workers_of
from asrcli.datasets.utterances import LINE_ID, SILENT_PIECES, predicted_language
from asrcli.errors import InputError
from asrcli.types import Utterance

MOST_NAMED = 3  # recordings in one line


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """What one system recognised, in the order of the references; ``None`` where it has nothing."""

    name: str
    path: str
    texts: tuple[str | None, ...]
    missing: tuple[str, ...] = ()  # references that this system has no text for
    extra: tuple[str, ...] = ()  # texts that belong to no reference
    notes: tuple[str, ...] = ()
    languages: tuple[str | None, ...] = ()  # that it identified by itself, in the same order; () where it says none


@dataclass(frozen=True, slots=True)
class Unread:
    """One system, and how what it recognised is matched to the references: `InputError` where that cannot be."""

    path: str
    read: Callable[[], Hypotheses]


def match(reference: Source, systems: Sequence[Source]) -> tuple[list[Utterance], list[Unread]]:
    """Return the references, and how each system's texts come in their order.

    Ids are compared as they are, and where a system shares none of them, by file name without folder and suffix.
    """
    names = distinct_names([Path(one.path) for one in systems])
    sources = [replace(one, name=name) for one, name in zip(systems, names, strict=True)]
    utterances = list(reference.utterances)
    counts = {len(one.utterances) for one in (reference, *sources) if one.lines}
    recording = any(len(one.utterances) == 1 for one in (reference, *sources))  # a transcript beside lines of its text
    if len(counts) > 1 or (counts and recording):
        utterances = whole_text(reference) if reference.lines else utterances
        sources = [
            replace(one, utterances=tuple(whole_text(one)), lines=False) if one.lines else one for one in sources
        ]
    return utterances, [Unread(source.path, partial(match_one, utterances, source, reference)) for source in sources]


def whole_text(source: Source) -> list[Utterance]:
    """Return a plain text file as one utterance: its lines do not correspond to those of the other file."""
    return [Utterance(LINE_ID.format(1), join_texts(line.text for line in source.utterances))]


def each_run(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Return the systems that paths mean, and lines about them: every run record in a folder is one of its own."""
    found: list[Path] = []
    notes = []
    for path in paths:
        texts = files_of(path) if os.path.isdir(path) else []  # unlike `is_dir`, also of a name that is too long
        runs = sorted((one for one in texts if system_of(one) is not None), key=lambda one: one.stem)
        found += runs or [path]
        if len(runs) > 1:
            notes.append(f"{path}: each of its {len(runs)} run records is a system")
        others = [one for one in texts if one not in runs and not one.name.endswith(CARD_SUFFIX)]
        if runs and others:
            notes.append(f"{path}: {_named(others)} beside its run records are not compared")
    for path in found:
        facts = (head_of(path) or {}).get("facts")
        if isinstance(facts, dict) and (workers := workers_of(facts)):
            notes.append(f"{path}: measured with {workers}, too (asr bench --with shows their speed)")
    return found, notes


def _named(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(one.name for one in paths[:MOST_NAMED]) + more


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Name each system: a run by what ran, with its file where several are the same; all else by file or folder."""
    files = distinct_files(paths)
    systems = [system_of(path) for path in paths]
    often = Counter([*systems, *(file for file, system in zip(files, systems, strict=True) if system is None)])
    return [
        file if system is None else system if often[system] == 1 else f"{system} ({file})"
        for file, system in zip(files, systems, strict=True)
    ]


def distinct_files(paths: Sequence[Path]) -> list[str]:
    """Name each file or folder, with the folder above where names are the same, and a number where they still are."""
    names = [name_of(path) for path in paths]
    if len(set(names)) < len(names):
        names = ["/".join(path.with_suffix("").parts[-2:]) for path in paths]
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return distinct


def match_one(utterances: Sequence[Utterance], source: Source, reference: Source) -> Hypotheses:
    """Match one system."""
    texts = source.utterances
    notes = source.notes
    if source.words and any(one.start is not None and "recording" in dict(one.fields) for one in utterances):
        laid, outside, unknown = lay_into_segments([*utterances, *reference.ignored], source.words)
        scored = {one.id for one in utterances}
        texts = tuple(one for one in laid if one.id in scored)
        lie = "1 word lies" if outside == 1 else f"{outside} words lie"
        notes += (f"{lie} between segments and went to the next",) if outside else ()
        if unknown:
            shown = ", ".join(f"'{name}'" for name in sorted(unknown)[:MOST_NAMED])
            more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
            fields = dict(utterances[0].fields)
            there = f"{fields.get('recording')} {fields.get('channel')}"
            line = f"{source.path} has recordings that {reference.path} lacks: {shown}{more}; there it is '{there}'"
            if unknown.total() == len(source.words):
                raise InputError(line)
            notes += (f"{line}: {unknown.total()} words count as not recognised",)
    if source.lines != reference.lines:
        texts = in_order(texts, utterances, source, reference)
    hypothesis = {one.id: one.text for one in texts}
    names = [one.id for one in utterances]
    if not any(name in hypothesis for name in match_capitals(names, hypothesis)[0]):
        by_stem = {PurePath(one.id).stem: one.text for one in texts}
        stems = [PurePath(name).stem for name in names]
        if len(by_stem) == len(texts) and len(set(stems)) == len(stems) and any(stem in by_stem for stem in stems):
            hypothesis, names = by_stem, stems
        elif len(texts) == len(names) == 1:
            hypothesis = {names[0]: texts[0].text}
        else:
            raise InputError(
                f"{source.path} has no id in common with {reference.path}: "
                f"'{texts[0].id if texts else 'nothing'}' there, '{names[0] if names else 'nothing'}' here"
            )
    names, folded = match_capitals(names, hypothesis)
    if folded:
        are = "1 id is that" if len(folded) == 1 else f"{len(folded)} ids are those"
        notes += (f"{source.path}: {are} of {reference.path} but for capitals, accents or spaces: {folded[0]}",)
    known = set(names)
    languages = languages_of(source, names)
    found = tuple(hypothesis.get(name) for name in names)
    return Hypotheses(
        source.name,
        source.path,
        found,
        missing=tuple(one.id for one, name in zip(utterances, names, strict=True) if name not in hypothesis),
        extra=tuple(name for name in hypothesis if name not in known),
        notes=(*notes, *oddities(source, reference, [one.text for one in utterances] == list(found))),
        languages=languages,
    )


def in_order(
    texts: Sequence[Utterance], utterances: Sequence[Utterance], source: Source, reference: Source
) -> tuple[Utterance, ...]:
    """Return texts with the ids of utterances one by one, where one side has no ids and the other counts from 1.

    Raises:
        InputError: the ids are other ones; that a line of the one side is a text of the other would be chance.
    """
    texts = whole_text(source) if source.lines and len(utterances) == 1 else texts
    ids = [one.id for one in (utterances if source.lines else texts)]
    bare, named = (source, reference) if source.lines else (reference, source)
    if len(texts) == len(utterances) and (len(ids) == 1 or ids == [str(place) for place in range(1, len(ids) + 1)]):
        return tuple(replace(one, id=other.id) for one, other in zip(texts, utterances, strict=True))
    example = f"'{ids[0]}'" if ids else "none"
    raise InputError(
        f"{bare.path} has {len(bare.utterances)} texts without ids, and {named.path} {len(ids)} with ({example}): "
        "give both with ids, or both without"
    )


def languages_of(source: Source, names: Sequence[str]) -> tuple[str | None, ...]:
    """Return the language that a system identified in each utterance, by matching names; () where it says none."""
    hypothesis = {one.id: language for one in source.utterances if (language := predicted_language(one))}
    by_stem = {PurePath(name).stem: language for name, language in hypothesis.items()}
    if len(source.utterances) == len(names) == 1 and hypothesis:
        return tuple(hypothesis.values())
    return tuple(hypothesis.get(name) or by_stem.get(name) for name in names) if hypothesis else ()


def match_capitals(names: Sequence[str], hypothesis: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return names, as the hypotheses have them where only capitals, accents or spaces differ, and which do.

    A name that has a counterpart letter for letter keeps it, and of several that are alike none is taken.
    """
    known = set(names)
    alike = Counter(_folded(name) for name in [*hypothesis, *(name for name in names if name not in hypothesis)])
    free = {_folded(name): name for name in hypothesis if name not in known and alike[_folded(name)] <= 2}
    found = [name if name in hypothesis else free.get(_folded(name), name) for name in names]
    if len(set(found)) < len(found):
        return list(names), []
    return found, [f"'{old}' and '{new}'" for old, new in zip(names, found, strict=True) if old != new]


def _folded(name: str) -> str:
    """Return a name without capitals, spaces round it and accents taken apart, as macOS does in names of files."""
    plain = name if name.isascii() else unicodedata.normalize("NFC", name)
    return " ".join(plain.casefold().split())


def oddities(source: Source, reference: Source, same: bool) -> list[str]:
    """Return what a reader must know of a system's texts; ``same``: they are the references, letter for letter."""
    notes = []
    texts = "its text is that" if len(source.utterances) == 1 else f"all {len(source.utterances):,} texts are those"
    if same and not names_system(Path(source.path)):
        notes.append(
            f"{source.name}: {texts} of {reference.path}, "
            f"letter for letter, and {source.path} has none under a name such as 'pred_text': unless it was recognised "
            "without any error, this compares a reference with itself"
        )
    blank = sum(not one.text for one in source.utterances)
    if blank and source.path.endswith(TABLES):
        are, whose = ("1 cell is", "its") if blank == 1 else (f"{blank} cells are", "their")
        notes.append(f"{source.name}: {are} empty, nothing recognised or a failure: {whose} words count as missed")
    for one in source.utterances:
        if lost := dict(one.fields).get(SILENT_PIECES):
            notes.append(f"{source.name}: {lost} pieces of '{one.id}' have no hypothesis, their words count as missed")
    return notes
