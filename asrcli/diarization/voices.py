"""People by how they sound: named by a short recording of each, or one and the same in many recordings of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.audio.decode import decode
from asrcli.audio.inputs import walk
from asrcli.base.files import cause, write_atomic
from asrcli.diarization.speakers import Diarization
from asrcli.diarizer import Diarizer
from asrcli.errors import InputError, UsageError
from asrcli.formats.turns import UNKNOWN
from asrcli.types import Recording, Samples, Turn, Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Print = NDArray[np.float32]  # (dimensions,), of length one
    Cosines = NDArray[np.float64]  # (speakers, speakers)


SUFFIX = ".voice"
KIND = "asr voice print 1"
MOST_BYTES = 100_000


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


@dataclass(frozen=True, slots=True)
class KeptVoice:
    """The print of one person, which somebody asked to keep: it stands for recordings of the voice.

    It tells who somebody is. Nothing but `asr voices add` writes one, and only its owner may read the file.
    """

    name: str
    source: str  # the diarizer with its revision: prints of two are not comparable
    recordings: tuple[str, ...]  # names of the files that it was made of
    values: tuple[float, ...]

    @property
    def print(self) -> Print:
        """The print as an array."""
        import numpy as np

        return np.array(self.values, np.float32)


def voice_path(folder: str, name: str) -> Path:
    """Return the file of a person. Raises `UsageError` for a name that no file can have."""
    if not name.strip() or name.startswith(".") or any(sign in name for sign in "/\\\0\n:"):
        raise UsageError(f"'{name}' is no name for a voice: give one that a file can have, such as Anna")
    return Path(folder, name + SUFFIX)


def kept_voices(folder: str) -> dict[str, Path]:
    """Return the files of prints in a folder, by name."""
    return {path.stem: path for path in sorted(Path(folder).glob("*" + SUFFIX)) if path.is_file()}


def read_voice(path: Path) -> KeptVoice:
    """Return a print that was kept; raise `UsageError` where the file is none, or damaged."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["kind"] != KIND:
            raise ValueError(f"its kind is {data['kind']!r}")
        values = data["print"]
        if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
            raise ValueError("its print is no list of numbers")
        if not 0.99 <= sum(value * value for value in map(float, values)) <= 1.01:
            raise ValueError("its numbers are no print of length one")
        names = [data["source"], *list(data["recordings"])]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("what it was made of has no names")
        return KeptVoice(path.stem, names[0], tuple(names[1:]), tuple(map(float, values)))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        reason = " ".join(cause(error).split())[:100]
        raise UsageError(f"'{path}' is no voice print that asr has written: {reason}") from error


def write_voice(folder: str, voice: KeptVoice) -> Path:
    """Write a print, to be read by its owner only, and return the file."""
    path = voice_path(folder, voice.name)
    Path(folder).mkdir(parents=True, exist_ok=True)
    values = [round(value, 7) for value in voice.values]
    data = {"kind": KIND, "source": voice.source, "recordings": list(voice.recordings), "print": values}
    before = os.umask(0o077)
    try:
        write_atomic(path, json.dumps(data, ensure_ascii=False) + "\n")
    finally:
        os.umask(before)
    path.chmod(0o600)
    return path


def join_prints(prints: Sequence[Print]) -> tuple[float, ...]:
    """Return the mean direction of several prints of one person."""
    total = sum(prints[1:], start=prints[0])
    length = float((total @ total) ** 0.5)
    return tuple(float(value) / length for value in total)


@dataclass(frozen=True, slots=True)
class _Speaker:
    """One speaker of one recording."""

    recording: int
    label: str
    known: str  # the name by a known voice, "" without


@dataclass(frozen=True, slots=True)
class _Likeness:
    """How a speaker is like the people of the other recordings."""

    group: int  # that it belongs to
    nearest: int  # the group that is nearest, its own where that has somebody of another recording
    cosine: float  # with the others of that group, in the mean
    is_sure: bool


def name_people(found: Mapping[int, Diarization], diarizer: type[Diarizer]) -> dict[int, Diarization]:
    """Return the speakers of recordings with one label for one person, and ``unknown N`` where that is in doubt.

    Speakers whose prints are alike are put together, the likest first, by the mean cosine of all pairs; never two of
    one recording. In doubt is one who is as near to others, and one who is alone and too near to somebody to be
    another person. Names by known voices stay. `Diarization.voices` says who is nearest, and how far.

    Args:
        found: by number of the recording.
        diarizer: says which cosines leave no doubt.
    """
    import numpy as np

    speakers = [
        _Speaker(number, label, label if any(voice.speaker == voice.nearest == label for voice in one.voices) else "")
        for number, one in sorted(found.items())
        for label in one.prints
    ]
    if not speakers:
        return dict(found)
    prints = np.stack([found[one.recording].prints[one.label] for one in speakers])
    cosines = (prints @ prints.T).astype(np.float64)
    groups = _groups(speakers, cosines, diarizer.same_person or 0.0)
    likenesses = [_likeness(at, speakers, groups, cosines, diarizer) for at in range(len(speakers))]
    labels = _labels(speakers, likenesses)
    group_names = {one.group: label for one, label in zip(likenesses, labels, strict=True)}
    group_names |= {one.group: label for one, label in zip(likenesses, labels, strict=True) if one.is_sure}
    names = {number: dict[str, Voice]() for number in found}
    for speaker, likeness, label in zip(speakers, likenesses, labels, strict=True):
        nearest = group_names[likeness.nearest] if likeness.cosine > -1.0 else ""
        names[speaker.recording][speaker.label] = Voice(label, nearest, round(1 - likeness.cosine, 3))
    return {number: _renamed(one, names[number]) for number, one in found.items()}


def _groups(speakers: Sequence[_Speaker], cosines: Cosines, limit: float) -> list[int]:
    """Return the group of each speaker: average linkage, without two of one recording or two names in one group."""
    import numpy as np

    recordings = np.array([one.recording for one in speakers])
    known = np.array([one.known for one in speakers])
    apart = recordings[:, None] == recordings
    apart |= (known[:, None] != known) & (known != "") & (known[:, None] != "")
    together = (known[:, None] == known) & (known != "") & ~apart
    sums = np.where(apart, -np.inf, cosines)
    sums[together] += 10.0  # one name, one person
    counts = np.ones(len(speakers))
    groups = np.arange(len(speakers))
    np.fill_diagonal(sums, -np.inf)
    while len(speakers) > 1:
        means = sums / np.outer(counts, counts)
        one, other = np.unravel_index(int(means.argmax()), means.shape)
        if not means[one, other] >= limit:
            break
        sums[one] += sums[other]
        sums[:, one] = sums[one]
        sums[one, one] = -np.inf
        sums[other] = sums[:, other] = -np.inf
        counts[one] += counts[other]
        groups[groups == other] = one
    return [int(one) for one in groups]


def _likeness(
    at: int, speakers: Sequence[_Speaker], groups: Sequence[int], cosines: Cosines, diarizer: type[Diarizer]
) -> _Likeness:
    own, others = groups[at], dict[int, list[float]]()
    for other, group in enumerate(groups):
        if speakers[other].recording != speakers[at].recording:
            others.setdefault(group, []).append(float(cosines[at, other]))
    means = {group: sum(values) / len(values) for group, values in others.items()}
    mine = means.pop(own, None)
    here = {groups[other] for other in range(len(groups)) if speakers[other].recording == speakers[at].recording}
    rivals = {group: mean for group, mean in means.items() if group not in here}
    rival = max(rivals, key=lambda group: (rivals[group], -group), default=None)
    second = rivals[rival] if rival is not None else -1.0
    if mine is not None:
        return _Likeness(own, own, mine, bool(speakers[at].known) or mine >= second + diarizer.margin)
    is_sure = bool(speakers[at].known) or second < diarizer.other_person
    return _Likeness(own, own if rival is None else rival, second, is_sure)


def _labels(speakers: Sequence[_Speaker], likenesses: Sequence[_Likeness]) -> list[str]:
    """Return the label of each speaker: names stay, others are numbered in the order of the recordings."""
    names = {one.group: speaker.known for speaker, one in zip(speakers, likenesses, strict=True) if speaker.known}
    labels, numbers, strangers = [], dict[int, str](), 0
    for one in likenesses:
        if not one.is_sure:
            strangers += 1
            labels.append(f"{UNKNOWN} {strangers}")
            continue
        if one.group not in names and one.group not in numbers:
            numbers[one.group] = f"SPEAKER_{len(numbers):02}"
        labels.append(names.get(one.group) or numbers[one.group])
    return labels


def _renamed(found: Diarization, names: Mapping[str, Voice]) -> Diarization:
    """Return a diarization with other labels, and who is nearest to each of them."""

    def moved(turns: Sequence[Turn]) -> tuple[Turn, ...]:
        """Return turns with the names that were found."""
        labels = ((turn, names[turn.speaker].speaker if turn.speaker in names else turn.speaker) for turn in turns)
        return tuple(replace(turn, speaker=label) for turn, label in labels)

    voices = tuple(voice for voice in names.values() if voice.nearest)
    return replace(found, turns=moved(found.turns), exclusive=moved(found.exclusive), voices=voices or found.voices)
