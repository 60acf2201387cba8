"""Names of outputs: where the result of each input goes, and that no two go to one place."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from string import Formatter

from asrcli.audio.inputs import STDIN, Found
from asrcli.base.files import cause, folded
from asrcli.errors import UsageError
from asrcli.places.addresses import STORES, below, file_of, is_address, join, named, scheme_of

LONGEST_NAME = 255  # bytes of a file name, on all usual file systems: 85 letters of three bytes
TEMPLATE = "{stem}.{format}"
TEMPLATE_FIELDS = {
    "stem": "name of the input without its extension",
    "ext": "extension of the input, with the dot",
    "name": "name of the input with its extension",
    "parent": "name of the input's folder",
    "engine": "name of the engine",
    "model": "name of the model, / and the like replaced by _",
    "format": "srt, txt, ...",
}


@dataclass(frozen=True, slots=True)
class Naming:
    """Where outputs go: a folder with a template for names, one file, or standard output."""

    folder: str | None = None  # None is standard output, unless `file`
    file: str | None = None  # one output, named exactly
    template: str = TEMPLATE
    mirror: bool = False  # keep the folders below a folder argument
    engine: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        for field in ("folder", "file"):
            if is_address(place := getattr(self, field) or ""):
                object.__setattr__(self, field, _writable(place))

    def by(self, engine: str, model: str) -> Naming:
        """Return the same for results of an engine or aligner and a model."""
        return replace(self, engine=engine, model=model)

    @property
    def to_stdout(self) -> bool:
        """Whether results go to standard output."""
        return self.folder is None and self.file is None

    @property
    def state_folder(self) -> str:
        """The folder that remembers what was made: where the outputs go, or the current one."""
        return self.folder if self.file is None and self.folder else os.path.dirname(self.file or "") or "."

    def check(self) -> None:
        """Raise `UsageError` when nothing can be where the results go, whatever the permissions."""
        if self.file is not None:
            check_file("--output", self.file)
        elif self.folder is not None:
            check_folder(self.folder)

    def path(self, found: Found, suffix: str) -> str:
        """Return the path of one output; the template has passed `check_template`."""
        if self.file is not None:
            return self.file
        elsewhere = is_address(found.path)
        source = Path(file_of(found.path) if elsewhere else "stdin" if found.path == STDIN else found.path)
        values = {
            "stem": source.stem,
            "ext": source.suffix,
            "name": source.name,
            "parent": source.absolute().parent.name if "{parent}" in self.template else "",
            "engine": self.engine,
            "model": _plain(self.model),
            "format": suffix,
        }
        name = self.template.format_map(values)
        for field in sorted(("stem", "name", "parent"), key=lambda field: -len(values[field])):
            if (excess := len(os.fsencode(os.path.basename(name))) - LONGEST_NAME) > 0:
                name = self.template.format_map(values := {**values, field: _shortened(values[field], excess)})
        folders = ""
        if self.mirror and found.root:
            folders = below(found.path, found.root) if elsewhere else os.path.relpath(source.parent, found.root)
        return join(self.folder or "", folders, name)


@cache
def _plain(model: str) -> str:
    """Return the name of a model as a part of a name of a file."""
    return "".join(char if char.isalnum() or char in "-._" else "_" for char in model)


def _writable(place: str) -> str:
    """Return the name of a place of a store; raise `UsageError` where nothing can be written there."""
    name = named(place).rstrip("/")
    if scheme_of(name) not in STORES:
        raise UsageError(f"'{name}' can be read and not written: write to s3://, gs:// or az://, or here")
    return name


def _shortened(stem: str, excess: int) -> str:
    """Return a name that is ``excess`` bytes shorter, and made unique by a hash of the whole."""
    mark = "~" + hashlib.blake2b(os.fsencode(stem), digest_size=4).hexdigest()
    kept = stem
    while kept and len(os.fsencode(kept)) > len(os.fsencode(stem)) - excess - len(mark):
        kept = kept[:-1]
    return kept + mark


def check_template(template: str, formats: Sequence[str]) -> None:
    """Raise `UsageError` when the template names an unknown field or gives several formats one name."""
    try:
        parts = [part[1:] for part in Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise UsageError(f"--output-template '{template}': {error}") from error
    used = [field for field, _, _ in parts]
    for field, shape, conversion in parts:
        if shape or conversion:  # {stem:>999999999} would take a gigabyte
            raise UsageError(f"--output-template '{template}': write '{{{field}}}' with nothing behind its name")
        if field not in TEMPLATE_FIELDS:
            known = ", ".join("{" + name + "}" for name in TEMPLATE_FIELDS)
            raise UsageError(f"--output-template '{template}' has an unknown field '{{{field}}}'; use {known}")
    if len(formats) > 1 and "format" not in used:
        raise UsageError(f"--output-template '{template}' gives {' and '.join(formats)} one name; add '.{{format}}'")


def check_collisions(outputs: Sequence[tuple[str, str]]) -> None:
    """Raise `UsageError` when two inputs would write one output.

    Args:
        outputs: (input, output) pairs. Names that differ only in case or in the form of their accents
            count as one, since some file systems think so.
    """
    owners: dict[str, str] = {}
    for source, output in outputs:
        first = owners.setdefault(folded(os.path.abspath(output)), source)
        if first != source:
            raise UsageError(f"'{first}' and '{source}' would both write '{output}'; {_apart(first, source)}")


def _apart(first: str, second: str) -> str:
    """Return what to type so that two inputs get names of their own."""
    one, other = Path(first).absolute(), Path(second).absolute()
    if one.parent.name.casefold() != other.parent.name.casefold():
        return "add --output-template '{parent}-{stem}.{format}', or --mirror-tree for what lies below folders"
    if one.suffix.casefold() != other.suffix.casefold():
        return "add --output-template '{stem}{ext}.{format}'"
    if one.parent == other.parent:  # names that differ in the form of an accent
        return "rename one of them, or give each an --output-dir of its own"
    return "add --mirror-tree for what lies below folders, or give each an --output-dir of its own"


def check_folder(path: str) -> None:
    """Raise `UsageError` when an output folder cannot be there, whatever the permissions."""
    if is_address(path):
        return
    for part in [Path(path), *Path(path).parents] if path else ():
        problem = ""
        try:
            if stat.S_ISDIR(os.stat(part).st_mode):
                return
            problem = f"'{part}' is a file"
        except NotADirectoryError:  # what it is below is looked at next
            continue
        except (FileNotFoundError, PermissionError):
            problem = f"'{part}' is a link to nothing" if os.path.islink(part) else ""
        except (OSError, ValueError) as error:  # too long, links in a circle, a zero byte
            problem = cause(error)
        if problem:
            raise UsageError(f"the output folder '{path}' cannot be made: {problem}")
    if not path:
        raise UsageError("the output folder has an empty name; . is the current one")


def check_file(option: str, path: str) -> None:
    """Raise `UsageError` when the file that an option names cannot be there, whatever the permissions."""
    if is_address(path):
        return
    if path.endswith("/") or os.path.isdir(path or "."):
        raise UsageError(f"{option} '{path}' is a folder: name a file in it" if path else f"{option} has an empty name")
    check_folder(os.path.dirname(path) or ".")
    try:
        os.stat(path)
    except (FileNotFoundError, PermissionError):
        return
    except (OSError, ValueError) as error:
        raise UsageError(f"{option} '{path}' cannot be written: {cause(error)}") from None


def check_writable(path: str) -> None:
    """Raise `UsageError` when nothing may be written into a folder, or none may be made there."""
    if is_address(path):  # whether something may be written shows when the run begins
        from asrcli.places.remote import check_there

        check_there(path)
        return
    there = next(part for part in [Path(path).absolute(), *Path(path).absolute().parents] if os.path.exists(part))
    if not os.access(there, os.W_OK | os.X_OK):
        what = "there is" if there == Path(path).absolute() else f"'{there}' gives"
        raise UsageError(f"the output folder '{path}': {what} no permission to write; choose another one")
