"""The robustness card: what happens to an engine's errors when recordings get worse, longer, or hold no speech."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.base.join import join_texts
from asrcli.bench import sounds
from asrcli.datasets.manifests import recording_of
from asrcli.types import SAMPLE_RATE, Utterance

if TYPE_CHECKING:
    from asrcli.types import Samples

LADDERS = {"white noise": (20, 10, 5, 0, -5), "babble": (10, 0), "music": (20, 10, 5, 0)}  # dB
LENGTHS = (5, 15, 30, 60, 120)  # seconds
SILENT = ("silence", "noise", "hum", "clicks", "instruments")
SILENT_SECONDS = (5.0, 30.0)
CONDITION = "condition"  # the field that names it, in every utterance of the card


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the card."""

    name: str
    utterances: tuple[Utterance, ...]
    speech: bool = True
    active_ratio: float | None = None  # dB, mean signal-to-noise ratio over active speech (ITU-T P.56)


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance and its samples."""

    utterance: Utterance
    samples: Samples


def conditions(utterances: Sequence[Utterance], folder: Path, seed: int) -> Iterator[Condition]:
    """Write the files of one condition after the other and yield it; the same seed gives the same files."""
    spoken = [Spoken(one, sounds.read_samples(recording_of(one))) for one in utterances]
    spoken = [one for one in spoken if sounds.power(one.samples)]
    yield Condition("clean", tuple(written(one, one.samples, "clean", folder) for one in spoken))
    yield from noisy(spoken, folder, seed)
    yield from longer(spoken, folder)
    band = "telephone band"
    yield Condition(band, tuple(written(one, sounds.telephone(one.samples), band, folder) for one in spoken))
    yield from coded(spoken, folder)
    yield from silent(folder, seed)


def written(one: Spoken, samples: Samples, condition: str, folder: Path) -> Utterance:
    """Write changed samples and return the utterance they are."""
    path = folder / slug(condition) / f"{slug(one.utterance.id)}.wav"
    return changed(one.utterance, condition, sounds.write_samples(path, samples), len(samples) / SAMPLE_RATE)


def changed(one: Utterance, condition: str, path: Path, seconds: float) -> Utterance:
    """Return an utterance as it is under a condition."""
    name = f"{one.id}@{condition}"
    fields = ((CONDITION, condition),)
    return replace(one, id=name, audio=str(path), start=None, end=None, seconds=seconds, track=None, fields=fields)


def slug(name: str) -> str:
    """Return a name that a file can have and that no other one gets."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-.") else "_" for char in name)[:80]
    return f"{plain}-{zlib.crc32(name.encode(errors='surrogatepass')):08x}"


def noisy(spoken: Sequence[Spoken], folder: Path, seed: int) -> Iterator[Condition]:
    """Yield the ladders of signal-to-noise ratios."""
    # Silence in an utterance takes power from the whole and none from active speech.
    louder = sum(-10 * math.log10(sounds.activity(one.samples)) for one in spoken) / max(1, len(spoken))
    for kind, ladder in LADDERS.items():
        if kind == "babble" and len(spoken) < 2:
            continue
        noises = [noise_for(kind, at, spoken, seed) for at in range(len(spoken))]
        for ratio in ladder:
            name = f"{kind} {ratio} dB"
            mixed = [sounds.mix(one.samples, noise, ratio) for one, noise in zip(spoken, noises, strict=True)]
            made = [written(one, samples, name, folder) for one, samples in zip(spoken, mixed, strict=True)]
            yield Condition(name, tuple(made), active_ratio=ratio + louder)


def noise_for(kind: str, at: int, spoken: Sequence[Spoken], seed: int) -> Samples:
    """Return the noise that one utterance gets: the same at every ratio."""
    one = spoken[at]
    lot = zlib.crc32(f"{seed} {kind} {one.utterance.id}".encode(errors="surrogatepass"))
    if kind == "babble":
        return sounds.babble(len(one.samples), [other.samples for other in spoken if other is not one], lot)
    return sounds.music(len(one.samples), lot) if kind == "music" else sounds.white(len(one.samples), lot)


def longer(spoken: Sequence[Spoken], folder: Path) -> Iterator[Condition]:
    """Yield ever longer recordings, made of utterances one after the other, as far as there are enough of them."""
    for seconds in LENGTHS:
        groups: list[list[Spoken]] = [[]]
        for one in spoken:
            groups[-1].append(one)
            if sum(len(each.samples) for each in groups[-1]) >= seconds * SAMPLE_RATE:
                groups.append([])
        full = [group for group in groups[:-1] if len(group) > 1]
        if not full:
            continue
        name = f"{seconds} s long"
        made = []
        for group in full:
            text = join_texts(one.utterance.text for one in group)
            whole = Spoken(replace(group[0].utterance, text=text), sounds.joined([one.samples for one in group]))
            made.append(written(whole, whole.samples, name, folder))
        yield Condition(name, tuple(made))


def coded(spoken: Sequence[Spoken], folder: Path) -> Iterator[Condition]:
    """Yield the codecs whose encoders are here."""
    for codec in sounds.CODECS:
        encoder = sounds.encoder_of(codec)
        if encoder is None:
            continue
        made = []
        for one in spoken:
            path = folder / slug(codec.name) / f"{slug(one.utterance.id)}{codec.suffix}"
            sounds.encode(one.samples, path, codec, encoder)
            made.append(changed(one.utterance, codec.name, path, len(one.samples) / SAMPLE_RATE))
        yield Condition(codec.name, tuple(made))


def silent(folder: Path, seed: int) -> Iterator[Condition]:
    """Yield sounds without speech."""
    for kind in SILENT:
        made = []
        for number, seconds in enumerate(SILENT_SECONDS):
            samples = sounds.without_speech(kind, seconds, seed + number)
            nothing = Spoken(Utterance(f"{kind}-{seconds:g}s", ""), samples)
            made.append(written(nothing, samples, kind, folder))
        yield Condition(kind, tuple(made), speech=False)
