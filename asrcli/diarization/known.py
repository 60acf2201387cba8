"""Speakers in the plan of a run: turns that were found elsewhere, and what outputs with speakers depend on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from asrcli.base.files import as_stored, check_local
from asrcli.diarization.speakers import Diarization, SpeakerOptions
from asrcli.errors import InputError, UsageError
from asrcli.formats.turns import read_rttm, turns_of_input

KnownTurns = Diarization | InputError  # the error is that of one input: the others go on


def plan_speakers(wanted: SpeakerOptions, inputs: Sequence[str], channels: str) -> Mapping[str, KnownTurns]:
    """Check what is asked for, and return the turns of each input where they are in RTTM files.

    Raises:
        UsageError: options that exclude each other, or no such file.
        MissingExtra: the diarizer is not installed.
        ModelError: its weights are not.
    """
    if channels == "split":
        raise UsageError("--channels split gives a speaker to each channel already: leave out --diarize and --rttm-in")
    if wanted.rttm is None:
        from asrcli.diarization.choice import check_wanted

        check_wanted(wanted)
        return {}
    if not os.path.exists(wanted.rttm):
        check_local(wanted.rttm, "copy it here first")
        raise UsageError(f"--rttm-in '{wanted.rttm}' is not there")
    if os.path.isdir(wanted.rttm):
        return {path: _from_folder(wanted.rttm, path) for path in inputs}
    return _from_file(wanted.rttm, inputs)


def _from_folder(folder: str, path: str) -> KnownTurns:
    """Return the turns of the file that is named like an input; one that is empty says that nobody speaks."""
    name = os.path.splitext(os.path.basename(path))[0] + ".rttm"
    where = as_stored(os.path.join(folder, name))
    try:
        known = read_rttm(where)
        turns = turns_of_input(path, where, known, alone=True) if known else ()
    except InputError as error:
        return error
    return Diarization(turns, source=f"rttm {name}")


def _from_file(where: str, inputs: Sequence[str]) -> dict[str, KnownTurns]:
    known = read_rttm(where)
    found: dict[str, KnownTurns] = {}
    for path in inputs:
        try:
            turns = turns_of_input(path, where, known, alone=len(inputs) == 1)
            found[path] = Diarization(turns, source=f"rttm {os.path.basename(where)}")
        except InputError as error:
            found[path] = error
    return found


def speaker_recipe(
    wanted: SpeakerOptions | None, known: KnownTurns | None, inputs: Sequence[str] = ()
) -> dict[str, str]:
    """Return what the speakers of one input depend on, by name and value; outputs with others are out of date.

    Args:
        known: the turns of this input, where they are.
        inputs: all of the run, among which one person has one label.
    """
    if wanted is None:
        return {}
    if isinstance(known, Diarization):
        turns = repr([(turn.speaker, turn.start, turn.end) for turn in known.turns])
        return {"speakers": "rttm " + hashlib.blake2b(turns.encode(), digest_size=12).hexdigest()}
    if known is not None:
        return {"speakers": "rttm"}
    from asrcli.diarization.choice import recipe

    parts = {
        **recipe(wanted),
        "speakers.exactly": wanted.exactly,
        "speakers.at_least": wanted.at_least,
        "speakers.at_most": wanted.at_most,
        "speakers.voices": _voices_hash(wanted.voices) if wanted.voices else None,
        "speakers.same": _hash("\0".join(sorted(inputs))) if wanted.same else None,
    }
    return {name: str(value) for name, value in parts.items() if value}


def _voices_hash(folder: str) -> str:
    """Return a hash of the names and recordings of the known voices."""
    from asrcli.diarization.voices import voice_files
    from asrcli.weights.hashes import file_hash

    parts = [f"{name}\0{file_hash(Path(path))}\n" for name, path in voice_files(folder).items()]
    return _hash("".join(parts))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=12).hexdigest()
