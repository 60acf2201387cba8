"""Read conversations: who speaks when, and where the format has words, what each says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from asrcli.base.files import check_local
from asrcli.compare.sources import is_seglst, of_kinds, readable, under
from asrcli.datasets.columns import Row
from asrcli.datasets.kaldi import read_stm
from asrcli.datasets.lines import read_json_lines
from asrcli.datasets.utterances import check_text
from asrcli.errors import InputError, UsageError
from asrcli.types import Utterance

WORDLESS = ".rttm"


def read_turns(path: Path) -> list[Utterance]:
    """Read the turns of an rttm file as segments without words."""
    from asrcli.formats.turns import read_rttm

    found = []
    for recording, turns in read_rttm(path).items():
        own = (("recording", recording),)
        for place, one in enumerate(turns):
            name = f"{recording}-{place}"
            found.append(Utterance(name, "", group=one.speaker, start=one.start, end=one.end, fields=own))
    return found


TEXTS = ("session_id", "speaker", "words")
TIMES = ("start_time", "end_time")


def read_seglst(path: Path) -> list[Utterance]:
    """Read segments, with the session as their recording.

    Raises:
        InputError: it is not SegLST, or an entry lacks something.
    """
    wanted = f"a list of objects with {', '.join((*TEXTS, *TIMES))} must be there"
    try:
        rows = [row for _, row in read_json_lines(path)]
    except InputError as error:
        raise InputError(f"{path} is not SegLST: {wanted} ({error})") from None
    if not is_seglst(rows):
        raise InputError(f"{path} is not SegLST: {wanted}")
    return [_segment(row, path, number) for number, row in enumerate(rows, start=1)]


def _segment(row: Row, path: Path, number: int) -> Utterance:
    for name in (*TEXTS, *TIMES):
        if name not in row:
            raise InputError(f"{path}: entry {number} has no '{name}'")
    try:
        start, end = (float(row[name]) for name in TIMES)
    except (TypeError, ValueError):
        raise InputError(f"{path}: entry {number}: start_time and end_time must be seconds") from None
    if not 0.0 <= start <= end < float("inf"):
        raise InputError(f"{path}: entry {number}: {start:g} to {end:g} is no stretch of time")
    session, speaker, words = (str(row[name]) for name in TEXTS)
    check_text(words, path, number)
    fields = (("recording", session),)
    return Utterance(
        f"{session}-{number}", words, group=speaker, start=start, end=end, seconds=end - start, fields=fields
    )


# Of a folder the first kind that is there counts: an stm has the words of the rttm beside it, and the JSON beside the
# rttm that `asr transcribe` wrote is no SegLST.
READERS: dict[str, Callable[[Path], list[Utterance]]] = {".stm": read_stm, WORDLESS: read_turns, ".json": read_seglst}


def read_conversations(path: Path) -> tuple[Sequence[Utterance], bool]:
    """Return the segments of a file, or of all files of one kind under a folder, and whether they have words.

    Raises:
        UsageError: it is of no format that has speakers and times.
        InputError: nothing is there, or something cannot be understood.
    """
    named = path.suffix in READERS or not (path.suffix or path.exists())  # the second may be a folder that is not there
    files = _of_folder(path) if path.is_dir() else [path] if named else []
    if not files:
        raise UsageError(
            "--meetings compares stm, SegLST (.json) or rttm files, or folders of them, which have speakers and times; "
            f"{path} {'holds none' if path.is_dir() else 'is none'}"
        )
    segments: list[Utterance] = []
    known: set[str] = set()
    for one in files:
        if not one.exists():
            check_local(str(one), "copy it here first")
            raise InputError(f"{one} does not exist")
        more = READERS[one.suffix](one)
        recordings = {dict(each.fields)["recording"] for each in more}
        if known & recordings:
            raise InputError(f"{one}: the recording '{min(known & recordings)}' is in another file under {path} too")
        known |= recordings
        segments += more
    return segments, files[0].suffix != WORDLESS


def _of_folder(folder: Path) -> list[Path]:
    files, closed = under(folder)
    for place, why in closed.items():
        raise InputError(f"{place}: {why}")
    kinds = (of_kinds(files, [kind]) for kind in READERS)
    return [readable(one) for one in next(filter(None, kinds), [])]
