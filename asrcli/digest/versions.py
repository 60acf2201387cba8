"""The pages of a digest: which are kept as they are, which asr made one, what can be checked of another version's.

A newer version may draw pages otherwise, and its rules may say more or less. Its pages then differ from those of the
older one though nobody edited them: what asr wrote is remembered in `.asr` folders, and the sentences are compared.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from asrcli import __version__
from asrcli.base.console import complain, tell
from asrcli.errors import CheckFailed
from asrcli.outputs.ledger import Kept, ledger_of

UNRECORDED = "a version of asr that did not say which"
_UNSEEN = re.compile(r"<(style|script|title)\b.*?</\1>|<!--.*?-->", re.S | re.I)
_STYLE = re.compile(r"<style>.*?</style>", re.S)
_STYLE_HASH = re.compile(r"; style-src [^;\"]*")
_ELEMENT = re.compile(r"<[^>]*>")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@cache
def maker() -> str:
    """Return this version, "asr 0.1.0 (3f2a91c4)": the release, and a hash of all that decides what pages hold."""
    root = Path(__file__).parent
    code = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".css", ".js", ".json"))
    found = hashlib.sha256()
    for path in code:
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"asr {__version__} ({found.hexdigest()[:8]})"


def words_of(page: str, kind: str) -> str:
    """Return what a page says, without how it looks; ``kind`` is "html" or "md"."""
    if kind == "html":
        page = html.unescape(_ELEMENT.sub(" ", _UNSEEN.sub(" ", page)))
    else:
        page = html.unescape(_ESCAPE.sub(r"\1", page))
    return " ".join(page.split())


def unsaid(sentences: Iterable[str], page: str, kind: str) -> list[str]:
    """Return the sentences that do not stand on a page."""
    said = words_of(page, kind)
    return [one for one in sentences if " ".join(one.split()) not in said]


def as_written(path: Path) -> bool:
    """Tell whether a file is there as some asr wrote it, as the record of its folder says."""
    return path.is_file() and ledger_of(str(path.parent)).kept(str(path)) is None


class Checked(NamedTuple):
    """What was found when something was checked."""

    problems: list[str]  # does not hold
    notes: list[str]  # holds as far as this version can tell: another version made it


def check_page(path: Path, text: str, older: Sequence[str] | None, by: str, checked: Checked) -> None:
    """Compare a page with what this version makes of its data.

    Args:
        path: the page; its suffix is md, html or json.
        text: what this version makes.
        older: the sentences that have to stand on it, when another version made it.
        by: which version made it.
    """
    kind = path.suffix.removeprefix(".")
    try:
        written = path.read_bytes()
    except OSError:
        checked.problems.append(f"{path.name} is missing")
        return
    if written == text.encode("utf-8"):
        return
    page = written.decode("utf-8", "replace")
    if older is None or not of_another(path, page, text):
        checked.problems.append(f"{path.name} is not what the data gives: {first_difference(page, text)}")
    elif lost := unsaid(older, page, kind):
        checked.problems.append(f"{path.name} lacks {len(lost)} sentences of the data, such as “{lost[0]}”")
    else:
        checked.notes.append(f"{path.name} was drawn by {by or UNRECORDED}; its sentences are those of the data")


def first_difference(left: str, right: str) -> str:
    """Name the first line that differs."""
    pairs = zip(left.splitlines(), right.splitlines(), strict=False)
    return next((f"line {number} differs" for number, (a, b) in enumerate(pairs, 1) if a != b), "its length differs")


def of_another(path: Path, written: str, text: str) -> bool:
    """Tell whether a page that differs from what this version makes is another version's and not edited.

    Without a record only its style may differ: a link or a script that somebody changed says no word.
    """
    return as_written(path) or without_style(written) == without_style(text)


def without_style(page: str) -> str:
    """Return a page without its style, and without the hash of it in the policy."""
    return _STYLE.sub("", _STYLE_HASH.sub("", page))


@dataclass(slots=True)
class Files:
    """Writes files one by one; one that may not be replaced is said, and the others go on."""

    force: bool = False  # replace whatever is there
    refused: int = 0  # files in whose place lies something that asr did not make: results that are missing

    def write(self, path: Path, content: str | bytes) -> bool:
        """Write a file and remember what was written, unless it holds this already; tell whether it holds it now.

        Raises:
            OutputError: the disk or the permissions do not allow it.
        """
        ledger = ledger_of(str(path.parent))
        kept = Kept("a folder is there") if path.is_dir() else ledger.kept(str(path))
        same = holds(path, content.encode("utf-8") if isinstance(content, str) else content)
        if kept is None and same:
            return True
        if kept and not same and (not self.force or path.is_dir()):
            self.refused += not kept.edited
            complain(f"asr: {path}: kept: {kept.why}" if path.is_dir() else f"asr: {path}: {kept}")
            return False
        ledger.write(str(path), content, force=self.force or same)
        return True

    def tell(self, pages: Mapping[Path, str]) -> None:
        """Write pages, and name each that is there now; raise as `check` does."""
        for path, text in pages.items():
            if self.write(path, text):
                tell(path)
        self.check()

    def check(self) -> None:
        """Fail where a file is missing because another one lies in its place.

        Raises:
            CheckFailed: with how many.
        """
        if self.refused:
            raise CheckFailed(f"{self.refused} of the files could not be written: asr did not make what is there")


def holds(path: Path, data: bytes) -> bool:
    """Tell whether a file has exactly this content."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
