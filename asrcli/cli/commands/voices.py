"""``asr voices``: prints of people's voices, kept because somebody asked for it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from asrcli.cli import apps
from asrcli.cli.groups import option
from asrcli.errors import UsageError

app = apps.app(no_args_is_help=True)

Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="Where the prints are; for --voices of asr transcribe.")]


@app.callback()
def voices() -> None:
    """Keep prints of voices, by which speakers are named: asr transcribe --diarize --voices FOLDER.

    A print tells who somebody is: it is personal data, to be kept with that person's consent only.
    """


@app.command()
def add(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the person.")],
    recordings: Annotated[list[str], typer.Argument(metavar="RECORDING", help="Some seconds of that voice alone.")],
    diarize_model: str | None = option(None, help="The diarizer that makes the print, as for asr transcribe."),
    force: bool = option(False, "--force", help="Replace the print of that name."),
    offline: bool = option(False, "--offline", help="Never use the network."),
) -> None:
    """Make the print of a voice, write it into the folder, and print the file.

    Examples: asr voices add people Anna anna.wav · asr voices add people Bob call1.wav call2.wav
    """
    from asrcli.base.console import Console
    from asrcli.diarization import voices as known_voices
    from asrcli.diarization.choice import check_wanted, prepare
    from asrcli.diarization.finder import LoadedDiarizer
    from asrcli.diarization.speakers import SpeakerOptions
    from asrcli.diarization.voices import listen_to

    path = known_voices.voice_path(folder, name)
    if path.exists() and not force:
        raise UsageError(f"'{path}' is there already: asr voices remove {folder} {name}, or --force replaces it")
    wanted = SpeakerOptions(model=diarize_model, keeps=True)
    check_wanted(wanted)
    note = Console(quiet=False).note
    loaded = LoadedDiarizer(prepare(wanted, "auto", offline, note), note)
    prints = [listen_to(one, loaded.people) for one in recordings]
    for recording, one in zip(recordings, prints, strict=True):
        if float(one @ prints[0]) < (loaded.choice.diarizer.same_person or 0.0):
            raise UsageError(f"'{recording}' and '{recordings[0]}' do not sound like one person: leave one of them out")
    names = tuple(map(os.path.basename, recordings))
    voice = known_voices.KeptVoice(name, loaded.source, names, known_voices.join_prints(prints))
    print(known_voices.write_voice(folder, voice))


@app.command(name="list")
def list_voices(folder: Folder) -> None:
    """List the prints in a folder: name, what they were made of, and by which diarizer.

    Examples: asr voices list people
    """
    from asrcli.base.console import printable, tell
    from asrcli.diarization import voices as known_voices

    if not os.path.isdir(folder):
        raise UsageError(f"'{folder}' is no folder: asr voices add {folder} NAME RECORDING makes one")
    for path in known_voices.kept_voices(folder).values():
        voice = known_voices.read_voice(path)
        tell("\t".join(map(printable, (voice.name, ", ".join(voice.recordings), voice.source))))


@app.command()
def remove(
    folder: Folder,
    people: Annotated[list[str], typer.Argument(metavar="NAME", help="Person whose print is removed.")],
) -> None:
    """Delete prints from a folder; recordings in it are left alone.

    Examples: asr voices remove people Anna
    """
    from asrcli.diarization import voices as known_voices

    known = known_voices.kept_voices(folder)
    unknown = [name for name in people if name not in known]
    if unknown:
        has = ", ".join(known) or "none"
        raise UsageError(f"'{folder}' has no print of '{unknown[0]}'; it has: {has}")
    for name in dict.fromkeys(people):
        known_voices.read_voice(known[name])  # nothing that asr has not written is deleted
        known[name].unlink()
