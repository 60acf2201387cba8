"""The files of a digest's folder: what a person edited, and what asr did not make, stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asrcli.base.console import complain
from asrcli.errors import CheckFailed
from asrcli.outputs.ledger import Kept, ledger_of


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
