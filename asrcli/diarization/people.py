"""The same person in many recordings: one name for the speakers of a run whose voices are alike (`--same-speakers`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli.diarization.speakers import Diarization
from asrcli.diarizer import Diarizer
from asrcli.formats.turns import UNKNOWN
from asrcli.types import Turn, Voice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Cosines = NDArray[np.float64]  # (speakers, speakers)


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
        _Speaker(number, label, "" if label not in _named(one) else label)
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


def _named(found: Diarization) -> set[str]:
    """Return the labels that are names of known voices."""
    return {voice.speaker for voice in found.voices if voice.speaker == voice.nearest}


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
