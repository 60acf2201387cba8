"""What the user named, expanded to recordings: files, folders, globs, lists of names, standard input."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from asrcli.base.counts import count_of
from asrcli.base.encoding import UTF16, decode_text
from asrcli.base.files import as_stored, check_local, is_special, reason
from asrcli.base.whole import read_whole
from asrcli.errors import UsageError
from asrcli.places.addresses import is_address

# What a folder is searched for: the names of what the library opens, as tests hold it against FFmpeg's own list. A file
# named on the command line may have any name; its content decides.
EXTENSIONS = frozenset(
    f".{name}"
    for name in (
        "3g2", "3ga", "3gp", "3gpp", "8svx", "aa3", "aac", "ac3", "adts", "aif", "aifc", "aiff", "alac", "amb", "amr",
        "ape", "asf", "au", "avchd", "avi", "avr", "awb", "bwf", "caf", "dav", "dif", "divx", "dsf", "dss", "dts",
        "dtshd", "dv", "dvr-ms", "eac3", "ec3", "evo", "f4a", "f4b", "f4v", "fap", "flac", "flv", "gsm", "gxf", "hcom",
        "insv", "ircam", "isma", "ismv", "latm", "lbc", "loas", "lrv", "lxf", "m2a", "m2t", "m2ts", "m4a", "m4b", "m4r",
        "m4v", "mj2", "mk3d", "mka", "mkv", "mlp", "mov", "mp1", "mp2", "mp3", "mp4", "mp4a", "mp4v", "mpa", "mpc",
        "mpe", "mpeg", "mpg", "mpga", "mpp", "mpv", "mts", "mxf", "nist", "nsv", "nut", "nuv", "oga", "ogg", "ogm",
        "ogv", "ogx", "oma", "omg", "opus", "paf", "psp", "pvf", "qcp", "qt", "ra", "rf64", "rm", "rmvb", "sf", "shn",
        "snd", "sox", "sph", "spx", "svx", "tak", "thd", "tod", "tp", "trp", "ts", "tta", "ty", "ty+", "vob", "voc",
        "vro", "w64", "wav", "wave", "weba", "webm", "wma", "wmv", "wtv", "wv", "wve", "xvid", "xwma",
    )
)  # fmt: skip
NO_SOUND = frozenset({".avif", ".heic", ".heif", ".ism", ".mks", ".mac", ".apl"})  # the same containers without sound
SOURCES = frozenset({".ts", ".mts"})  # TypeScript has the names of transport streams
# Sound that is not opened, or only when it says more of itself: protected, or samples without a head.
UNOPENED = frozenset(
    {".aa", ".aax", ".aaxc", ".m4p", ".ds2", ".vox", ".g722", ".g729", ".sln", ".alaw", ".ulaw", ".mid"}
)
HEADS = (
    b"fLaC", b"OggS", b"ID3", b"caff", b".snd", b"NIST_1A", b"#!AMR", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1",
    b"\0\0\1\xba", b"\x1a\x45\xdf\xa3", b"\x30\x26\xb2\x75",  # programme streams (.mod, .dat), Matroska, ASF
)  # fmt: skip
MOST_LOOKED_INTO = 1000  # files of a folder without such a name whose first bytes are read
STDIN = "-"
LONGEST = 4096  # characters of a pattern; longer ones match nothing, which takes minutes to find out


@dataclass(frozen=True, slots=True)
class Found:
    """One input file and the folder argument that it was found under ("" when it was named itself)."""

    path: str
    root: str = ""


def expand(arguments: Iterable[str]) -> list[Found]:
    """Return every input once, in the order of the arguments; folders are walked recursively, sorted by name.

    A name that exists is taken as it is; a pattern that matches nothing, and a folder without media, are mistakes. A
    name that does not exist stays in the list: it fails by itself and the others go on.

    Raises:
        UsageError: an argument stands for no input at all.
    """
    found: dict[str, Found] = {}
    for argument in arguments:
        for one in _expand_one(argument):
            found.setdefault(one.path if one.path == STDIN or is_address(one.path) else os.path.abspath(one.path), one)
    return list(found.values())


def _expand_one(argument: str) -> list[Found]:
    if argument == "":
        raise UsageError("an input has an empty name")
    if argument == STDIN:
        return [Found(STDIN)]
    if is_address(argument):
        from asrcli.audio.elsewhere import expand_address

        return [Found(name, root) for name, root in expand_address(argument)]
    if os.path.isdir(argument):
        files = [Found(path, argument) for path in walk(argument)]
        if not files:
            raise UsageError(f"no audio or video files in folder '{argument}'; name files of other types themselves")
        return files
    if any(sign in argument for sign in "*?[") and len(argument) <= LONGEST and not os.path.lexists(argument):
        matches = sorted(_matches(argument))
        if not matches:
            raise UsageError(f"nothing matches the pattern '{argument}'")
        return [one for match in matches for one in _expand_one(match)]
    return [Found(as_stored(argument))]


def _matches(pattern: str) -> list[str]:
    """Return what matches a pattern; ``**`` does not follow links to folders, of which two can make 2**40 paths."""
    from glob import glob, has_magic

    parts = pattern.split("/")
    if "**" not in parts:
        return glob(pattern)
    first = next(at for at, part in enumerate(parts) if has_magic(part))
    rest = [part for part in parts[first:] if part]
    rest += ["*"] if rest[-1] == "**" else []
    base = "/".join(parts[:first]) or ("/" if pattern.startswith("/") else "")
    hidden = any(part.startswith(".") for part in rest)
    found = (path.relative_to(base or ".") for path in Path(base or ".").glob("/".join(rest)))
    return [
        os.path.join(base, path) for path in found if hidden or not any(part.startswith(".") for part in path.parts)
    ]


def walk(folder: str) -> Iterator[str]:
    """Yield the media files below a folder, sorted, without hidden files and folders; links to folders not followed.

    Pipes and devices, whose opening may wait for ever, are inputs only when they are named. A folder that cannot be
    read is yielded itself, at the end: it fails as an input, instead of being passed over.
    """
    closed: list[str] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: closed.append(error.filename)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(parent, name)
            suffix = os.path.splitext(name)[1].lower()
            if name.startswith(".") or suffix not in EXTENSIONS or is_special(path):
                continue
            if suffix not in SOURCES or not _is_text(path):
                yield path
    yield from sorted(closed)


def _is_text(path: str) -> bool:
    """Return whether a file begins with lines of text."""
    with suppress(OSError, UnicodeDecodeError), open(path, "rb") as file:
        head = file.read(4096)
        return bool(head) and "\0" not in head[: head.rfind(b"\n") + 1 or None].decode()
    return False


def passed_over(folder: str) -> tuple[list[str], list[str]]:
    """Return what is below a folder and not searched for: what looks like sound, and pipes and links to folders.

    A file looks like sound by its name or its first bytes; of links those count that lead out of the folder.
    """
    kinds: dict[str, list[str]] = {"sound": [], "unknown": [], "other": [], "": []}
    root = os.path.join(os.path.realpath(folder), "")
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = (path for name in folders if os.path.islink(path := os.path.join(parent, name)))
        kinds["other"] += [path for path in links if not os.path.join(os.path.realpath(path), "").startswith(root)]
        for name in sorted(name for name in names if not name.startswith(".")):
            path = os.path.join(parent, name)
            kinds[_kind(path)].append(path)
    looking = filter(_looks_like_sound, kinds["unknown"][:MOST_LOOKED_INTO])
    return sorted([*kinds["sound"], *looking]), kinds["other"]


def _kind(path: str) -> str:
    """Return what a file is by its name: "sound" that is not opened, "other" than a file, "unknown", or else ""."""
    suffix = os.path.splitext(path)[1].lower()
    if is_special(path):
        return "other" if suffix in EXTENSIONS else ""
    if suffix in UNOPENED:
        return "sound"
    return "" if suffix in EXTENSIONS or suffix in NO_SOUND else "unknown"


def _looks_like_sound(path: str) -> bool:
    """Return whether the first bytes of a file are those of a recording."""
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        return False
    kinds = (head[:4], head[8:12])
    return (
        head.startswith(HEADS)
        or kinds in ((b"RIFF", b"WAVE"), (b"FORM", b"AIFF"), (b"RF64", b"WAVE"))
        or (head[4:8] == b"ftyp" and head[8:11] in (b"M4A", b"M4B", b"mp4", b"iso", b"3gp", b"qt "))
    )


def lines_of_passed_over(folders: Iterable[str]) -> Iterator[str]:
    """Yield lines about what is below folders ("" is none) and may be meant, and is passed over."""
    kinds = (
        ("file that looks like sound", "files that look like sound", "name files of such types themselves"),
        ("pipe or link to a folder", "pipes and links to folders", "name what is meant"),
    )
    for folder in dict.fromkeys(filter(None, folders)):
        for paths, (one, several, remedy) in zip(passed_over(folder), kinds, strict=True):
            if paths:
                first = "" if len(paths) == 1 else "first "
                yield f"{folder}: passed over {count_of(paths, one, several)}, {first}{paths[0]}; {remedy}"


def read_names(source: str, null: bool) -> list[str]:
    """Return the names listed in a file (or standard input for ``-``), one a line, or ended by NUL bytes.

    Raises:
        UsageError: the list cannot be read or is empty.
    """
    check_local(source, "copy it here first")
    try:
        raw = read_whole(source)
    except OSError as error:
        raise UsageError(f"cannot read the list '{source}': {reason(error)}") from error
    if raw.startswith(UTF16):  # what Windows' shells write into files
        try:
            raw = os.fsencode(decode_text(raw))
        except UnicodeError as error:
            raise UsageError(f"the list '{source}' is damaged UTF-16; write it as UTF-8") from error
    raw = raw.removeprefix(BOM_UTF8)
    parts: Sequence[bytes] = raw.split(b"\0") if null else raw.splitlines()
    names = [os.fsdecode(part) for part in parts if part]
    if not names:
        raise UsageError(f"the list '{source}' names no inputs")
    return names
