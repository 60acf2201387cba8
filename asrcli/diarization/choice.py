"""Which diarizer a run uses: the one that is named, else of those that can be used now the one of the highest rank."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, cast

from asrcli.base.background import Announce
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.diarization.voices import voice_files
from asrcli.diarizer import Diarizer
from asrcli.engine import Device, Weights, check_installed, installed, load_plugin
from asrcli.engines import device as devices
from asrcli.engines import ranking
from asrcli.errors import EngineUnavailable, ModelError, UsageError
from asrcli.weights import models

UNKNOWN_MEGABYTES = 10**6


@dataclass(frozen=True, slots=True)
class DiarizerChoice:
    """Which diarizer to load, from where and onto what; nothing is loaded yet."""

    diarizer: type[Diarizer]
    weights: Weights
    device: Device


def choose(wanted: SpeakerOptions) -> tuple[type[Diarizer], str | None]:
    """Return the diarizer and the model that are asked for, or of what is on this machine the best that can be used.

    Looks at the disk only. Where none can be used, the answer is one that lacks little.

    Raises:
        UsageError: no such diarizer or model, or one that cannot do what is wanted.
        EngineUnavailable: there is none at all.
    """
    if wanted.model is not None:
        return _named(wanted.model)
    able = [one for one in ranking.ranked(Diarizer) if one.same_person is not None or not wanted.by_voice]
    if not able:
        raise EngineUnavailable("no installed package has a diarizer that can do this")
    usable = (one for one in able if not one.missing() and models.is_here(one))
    return next(usable, None) or min(able, key=_lacking), None


def _lacking(diarizer: type[Diarizer]) -> tuple[bool, bool, int]:
    """Return what sorts diarizers that cannot be used by how much they lack: packages, then weights."""
    model = diarizer.models[diarizer.default_model]
    ready = not diarizer.missing()
    return not ready, ready and not model.hub_id, model.size_mb or UNKNOWN_MEGABYTES


def _named(spelling: str) -> tuple[type[Diarizer], str | None]:
    """Return diarizer and model of ``NAME``, ``NAME:MODEL``, a model by itself, or a folder."""
    name, _, model = spelling.partition(":")
    if name in installed(Diarizer):
        return load_plugin(Diarizer, name), model or None
    if (plugin := ranking.declaring(Diarizer, spelling)) is not None:
        return plugin, plugin.short_name(spelling)
    if not (models.HUB_ID.fullmatch(spelling) or spelling.startswith((".", "/", "~")) or os.path.exists(spelling)):
        load_plugin(Diarizer, spelling)  # says which there are
    return next(one for one in ranking.ranked(Diarizer) if one.loads_folders), spelling


def check_wanted(wanted: SpeakerOptions) -> None:
    """Raise when the diarizer is not installed or cannot do what is asked of it; imports nothing of it."""
    if wanted.exactly and (wanted.at_least or wanted.at_most):
        raise UsageError("--speakers says how many exactly: leave out --min-speakers and --max-speakers")
    if wanted.at_least and wanted.at_most and wanted.at_least > wanted.at_most:
        raise UsageError(f"--min-speakers {wanted.at_least} is more than --max-speakers {wanted.at_most}")
    chosen, model = choose(wanted)
    if wanted.by_voice and chosen.same_person is None:
        able = [one.name for one in ranking.ranked(Diarizer) if one.same_person is not None]
        raise UsageError(f"{wanted.by_voice} is for --diarize-model {' or '.join(able)}, not '{wanted.model}'")
    if wanted.voices is not None:
        voice_files(wanted.voices)
    if model and os.path.isdir(model):
        chosen.check_folder(model)
    declared_model = chosen.models.get(model or chosen.default_model)
    if declared_model is not None and not declared_model.hub_id and not models.is_here(chosen, model):
        others = [
            one for one in ranking.ranked(Diarizer) if one is not chosen and not wanted.model and not wanted.by_voice
        ]
        hint = "".join(f"; or for {one.name}: {one.install_command()}" for one in others)
        command = models.install_command(chosen, model)
        raise ModelError(f"the weights of diarizer '{chosen.name}' are not on this machine: {command}{hint}")
    check_installed(chosen)


def prepare(wanted: SpeakerOptions, device: str, offline: bool, announce: Announce, threads: int = 0) -> DiarizerChoice:
    """Find the weights, pulling them when they are not here and that is allowed, and the device; load nothing.

    Raises:
        ModelError: they are not here and cannot be had, or are not the ones that were declared.
        UsageError: no such folder or model.
    """
    chosen, model = choose(wanted)
    weights = models.resolve(chosen, model, offline=offline, pull=True, announce=announce)
    kind = device if device.split(":")[0] in chosen.devices else "auto"
    return DiarizerChoice(chosen, weights, devices.choose(cast(Any, chosen), kind, threads=threads))


def recipe(wanted: SpeakerOptions) -> dict[str, str]:
    """Return diarizer, model and what identifies its weights, "" where that is unknown before they are found."""
    from asrcli.engines.selection import declared_revision

    chosen, model = choose(wanted)
    return {
        "speakers": f"{chosen.name} {model or chosen.default_model}",
        "speakers.revision": declared_revision(chosen, model),
    }
