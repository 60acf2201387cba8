"""Names of people by how they sound: a folder with a short recording of each, matched with the speakers found."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.audio.decode import decode
from asrcli.audio.inputs import walk
from asrcli.diarization.store import SUFFIX, kept_voices, read_voice
from asrcli.errors import InputError, UsageError
from asrcli.formats.turns import UNKNOWN
from asrcli.types import Recording, Samples, Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from asrcli.diarizer import Diarizer

    Print = NDArray[np.float32]  # (dimensions,), of length one


def voice_files(folder: str) -> dict[str, str]:
    """Return the recording, or the print, of each person by name, which is that of the file without its extension.

    Raises:
        UsageError: no such folder, no recording in it, or two of one name.
    """
    if not os.path.isdir(folder):
        raise UsageError(f"--voices '{folder}' is no folder: name one with a short recording of each person")
    found: dict[str, str] = {}
    for path in sorted([*walk(folder), *map(str, kept_voices(folder).values())]):
        name = Path(path).stem
        if name in found:
            raise UsageError(f"--voices '{folder}' has two files for '{name}': '{found[name]}' and '{path}'")
        found[name] = path
    if not found:
        raise UsageError(f"--voices '{folder}' has no recordings: put a short one of each person there, NAME.wav")
    return found


def read_voices(folder: str, listen: Callable[[Samples], Mapping[str, Print]], source: str) -> dict[str, Print]:
    """Return the print of each person in a folder, by name: one that is kept, or that of a recording.

    Args:
        folder: with a print or a recording of each.
        listen: returns the print of each person in samples.
        source: the diarizer with its revision: prints of two are not comparable.

    Raises:
        UsageError: a recording in which nobody, or more than one person, is found; or as `voice_files`.
    """
    known = {}
    for name, path in voice_files(folder).items():
        if not path.endswith(SUFFIX):
            known[name] = listen_to(path, listen)
            continue
        kept = read_voice(Path(path))
        if kept.source != source:
            raise UsageError(f"'{path}' is a print by {kept.source}, not {source}: make it again with asr voices add")
        known[name] = kept.print
    return known


def listen_to(path: str, listen: Callable[[Samples], Mapping[str, Print]]) -> Print:
    """Return the print of the one person in a recording.

    Raises:
        UsageError: nobody, or more than one person, is found.
    """
    import numpy as np

    try:
        prints = listen(np.concatenate([np.zeros(0, np.float32), *decode(Recording(path), lambda _: None)]))
    except InputError as error:
        raise UsageError(f"the voice in '{path}' cannot be read: {error}") from error
    if len(prints) != 1:
        people = f"{len(prints)} people are" if len(prints) else "nobody is"
        raise UsageError(f"{people} found in '{path}': take some seconds in which one person speaks")
    return next(iter(prints.values()))


def name_speakers(
    prints: Mapping[str, Print], known: Mapping[str, Print], diarizer: type[Diarizer]
) -> dict[str, Voice]:
    """Return for each label the name with how far the nearest voice is; ``unknown N`` where that is in doubt.

    No two speakers have one name: together they are given the voices that suit them best.

    Args:
        prints: of the speakers, by label.
        known: of people, by name.
        diarizer: says which cosines leave no doubt.

    Raises:
        UsageError: a print that was kept has other dimensions.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    names = list(known)
    if not prints:
        return {}
    size = next(iter(prints.values())).shape
    if other := next((name for name, one in known.items() if one.shape != size), None):
        raise UsageError(f"the print of '{other}' is not as this diarizer makes them: asr voices add makes it again")
    cosines = np.stack(list(prints.values())) @ np.stack(list(known.values())).T  # (speakers, names)
    given = dict(zip(*linear_sum_assignment(-cosines), strict=True))
    found, strangers = dict[str, Voice](), 0
    for speaker, (label, row) in enumerate(zip(prints, cosines, strict=True)):
        chosen = given.get(speaker)
        if chosen is not None and _is_sure(row, chosen, diarizer):
            found[label] = Voice(names[chosen], names[chosen], round(1 - float(row[chosen]), 3))
            continue
        strangers += 1
        nearest = int(row.argmax())
        found[label] = Voice(f"{UNKNOWN} {strangers}", names[nearest], round(1 - float(row[nearest]), 3))
    return found


def _is_sure(row: Print, chosen: int, diarizer: type[Diarizer]) -> bool:
    others = max((float(value) for at, value in enumerate(row) if at != chosen), default=-1.0)
    return float(row[chosen]) >= max(diarizer.same_person or 0.0, others + diarizer.margin)
