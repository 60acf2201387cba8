"""What the ``asr.toml`` of a project may decide: a folder that somebody unpacked is not the user's own word.

A file counts only when it belongs to the user and nobody else can write to its folder. Of the options in it, those
below are taken as they are: none of them sends anything, runs anything or writes outside the project. All others, and
files of others, need ``asr config trust``, which remembers the file's place and content; a change needs it again.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asrcli.base.whole import MOST
from asrcli.errors import OutputError, UsageError

# Engines, aligners and companions that work on this machine alone. A plugin of others is not known to.
LOCAL = frozenset(
    "auto fast canary firered moonshine nemo pocketsphinx qwen3 transformers whisper fake ctc silero".split()
)
MODEL = re.compile(r"[\w.@+-][\w.@+:-]*(/[\w.@+:-]+)*")  # no address, and no \\server of Windows
HARMLESS = frozenset(
    re.findall(
        r"\w+",
        """
        language languages task translate ask prompt hotwords start end clip_timestamps channels format
        word_timestamps punctuate dry_run fail_fast diarize speakers min_speakers max_speakers
        same_speakers
        subs max_line_width max_line_count max_words_per_line max_cps min_duration max_duration min_gap
        highlight_words vad vad_threshold vad_min_speech_duration_ms vad_min_silence_duration_ms beam_size
        n_best best_of patience length_penalty repetition_penalty no_repeat_ngram_size temperature
        temperature_increment_on_fallback compression_ratio_threshold logprob_threshold no_speech_threshold
        condition_on_previous_text carry_initial_prompt hallucination_silence_threshold prepend_punctuations
        append_punctuations suppress_tokens max_new_tokens seed batched batch_size device device_index
        compute_type fp16 threads quiet verbose min_coverage max_word_seconds no_ref normalizer convention
        meetings collar explain_normalizer by group show confusions bootstrap fail_if table date top sets
        without licence open min_size max_size min_rtfx search sort mix sample text_column repeats
        speed_sample batches concurrency robustness robustness_sample changed as_json since until strict max
        week days minutes backend
        """,
    )
)


def is_harmless(name: str, value: Any, project: Path) -> bool:
    """Return whether a project's file may give an option this value without being asked.

    Args:
        name: of the option, with underscores.
        value: as the file has it, a list where there are several.
        project: the folder of the file.
    """
    values = value if isinstance(value, list) else [value]
    check = CHECKS.get(name)
    return name in HARMLESS or (check is not None and all(check(one, project) for one in values))


def _is_local(value: Any, project: Path) -> bool:
    engine, _, model = str(value).partition(":")
    return engine in LOCAL and (not model or _is_model(model, project))


def _is_model(value: Any, _: Path) -> bool:
    return MODEL.fullmatch(str(value)) is not None


def _is_inside(value: Any, project: Path) -> bool:
    """Return whether what is written to a path stays in the project, with every link followed; an address does not."""
    if isinstance(value, bool) or value == "-":
        return True  # a flag of that name, or standard output
    text = str(value)
    if re.match(r"fd:|~|/dev/|/proc/|[A-Za-z][A-Za-z0-9+.-]*:/", text) or "\\" in text:
        return False
    try:
        return Path(os.path.realpath(text)).is_relative_to(os.path.realpath(project))
    except (OSError, ValueError):
        return False


def _is_name(value: Any, _: Path) -> bool:
    return not re.search(r"[/\\]", str(value))  # a folder of the project may be a link out of it


def _is_true(value: Any, _: Path) -> bool:
    return value is True  # to forbid the network, not to allow it


CHECKS: dict[str, Callable[[Any, Path], bool]] = {
    "engine": _is_local,
    "listener": _is_local,
    "model": _is_model,
    "aligner": _is_local,
    "identify_with": _is_local,
    "vad_model": _is_local,
    "punctuation_model": _is_local,
    "diarize_model": _is_model,
    "offline": _is_true,
    "output_template": _is_name,
    **dict.fromkeys(("output_dir", "output", "report", "events", "out", "consensus"), _is_inside),
    **dict.fromkeys(("json", "csv", "markdown", "html", "junit", "plot"), _is_inside),
}


def read_own(path: Path) -> tuple[bytes, str]:
    """Return what is in a project's file, and why it does not count, "" when it does.

    The two are of one open file, so that it cannot be replaced in between. A pipe is not waited for.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError("it is not a file")
        if facts.st_size > MOST:
            raise OSError(f"more than {MOST >> 20} MB, which no settings are")
        return file.read(MOST), _foreign(facts, os.stat(path.parent))


def _foreign(file: os.stat_result, folder: os.stat_result) -> str:
    if not hasattr(os, "geteuid"):  # Windows
        return ""
    if file.st_uid != os.geteuid():
        return "it belongs to another user"
    if folder.st_uid not in (os.geteuid(), 0):
        return "its folder belongs to another user"
    for facts, what in ((file, "it"), (folder, "its folder")):
        # Where each user has a group of the same number, that group is nobody else.
        others = stat.S_IWOTH | (0 if facts.st_gid == os.geteuid() else stat.S_IWGRP)
        if facts.st_mode & others:
            return f"others can write to {what}"
    return ""


def is_trusted(path: Path, content: bytes) -> bool:
    """Return whether the user has allowed this file with this content."""
    try:
        return _mark(path, content) in trust_file().read_text("utf-8").split()
    except (OSError, UnicodeDecodeError):
        return False


def trust(path: Path) -> None:
    """Allow a file with the content that it has now.

    Raises:
        UsageError: it cannot be read.
        OutputError: it cannot be remembered.
    """
    from asrcli.base.files import open_lines, reason, write_whole

    try:
        content, _ = read_own(path)
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {reason(error)}") from error
    if is_trusted(path, content):
        return
    try:
        descriptor = open_lines(trust_file())
        try:
            write_whole(descriptor, f"{_mark(path, content)}\n".encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write '{trust_file()}': {reason(error)}") from error


def trust_file() -> Path:
    """Return where the user's permissions are kept: a line for each file and content."""
    from platformdirs import user_config_path

    return user_config_path("asr") / "trusted"


def _mark(path: Path, content: bytes) -> str:
    place = os.path.join(os.path.realpath(path.parent), path.name)  # a link to a trusted file is in another place
    return hashlib.sha256(os.fsencode(place) + b"\0" + content).hexdigest()
