"""Which diarizer a run uses: the one whose model is named, else pyannote's where its weights are, else `campplus`."""

from __future__ import annotations

import os
from collections.abc import Callable

from asrcli.diarization import diarizer
from asrcli.diarization.campplus.finder import GET_WEIGHTS, IN_PACKAGE, CampPlus
from asrcli.diarization.campplus.voices import voice_files
from asrcli.diarization.diarizer import Diarizer
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.engine import Weights, check_installed
from asrcli.errors import ModelError, UsageError
from asrcli.weights import models, packaged

Announce = Callable[[str], None]
DiarizerClass = type[Diarizer] | type[CampPlus]


def choose(wanted: SpeakerOptions) -> DiarizerClass:
    """Return the diarizer that is asked for, or of what is on this machine the first that can be used.

    Looks at the disk only. Where neither can be used, the answer is the one that lacks less.
    """
    if wanted.voices is not None and wanted.model is None:
        return CampPlus
    if wanted.model is not None:
        return CampPlus if wanted.model in (CampPlus.name, *CampPlus.models) else Diarizer
    if not Diarizer.missing() and models.is_here(Diarizer):
        return Diarizer
    return Diarizer if not Diarizer.missing() and not packaged.is_here(IN_PACKAGE) else CampPlus


def check_wanted(wanted: SpeakerOptions) -> None:
    """Raise when the diarizer is not installed or cannot do what is asked of it; imports nothing of it."""
    if wanted.model and os.path.isdir(wanted.model) and not os.path.exists(os.path.join(wanted.model, "config.yaml")):
        raise UsageError(f"--diarize-model '{wanted.model}' has no config.yaml: it is no folder of a pyannote pipeline")
    if wanted.exactly and (wanted.at_least or wanted.at_most):
        raise UsageError("--speakers says how many exactly: leave out --min-speakers and --max-speakers")
    if wanted.at_least and wanted.at_most and wanted.at_least > wanted.at_most:
        raise UsageError(f"--min-speakers {wanted.at_least} is more than --max-speakers {wanted.at_most}")
    chosen = choose(wanted)
    if wanted.voices is not None:
        if chosen is Diarizer:
            raise UsageError(f"--voices is for --diarize-model {CampPlus.name}, not '{wanted.model}'")
        voice_files(wanted.voices)
    if chosen is CampPlus and not packaged.is_here(IN_PACKAGE):
        raise ModelError(
            f"the weights of diarizer '{CampPlus.name}' are not on this machine: {GET_WEIGHTS}, or for pyannote's "
            f"diarizer: {Diarizer.install_command()}"
        )
    check_installed(chosen)


def find_weights(wanted: SpeakerOptions, offline: bool, announce: Announce) -> tuple[DiarizerClass, Weights]:
    """Return the diarizer and its weights, pulling pyannote's when they are not here and that is allowed.

    Raises:
        ModelError: they are not here and cannot be had, or are not the ones that were declared.
        UsageError: no such folder or model.
    """
    if choose(wanted) is Diarizer:
        return Diarizer, diarizer.find_weights(wanted, offline, announce)
    folder = str(packaged.ready(IN_PACKAGE, announce))
    name = CampPlus.default_model
    return CampPlus, Weights(name, folder, packaged.revision(IN_PACKAGE), CampPlus.models[name])


def revision(wanted: SpeakerOptions) -> str:
    """Return what identifies the weights, where they are declared; "" where nobody can know before they are found."""
    from asrcli.engines.selection import declared_revision

    return packaged.revision(IN_PACKAGE) if choose(wanted) is CampPlus else declared_revision(Diarizer, wanted.model)
