"""Which sound track of a container is used: one that was asked for, or the one that players take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asrcli.base.counts import count_of
from asrcli.base.languages import language_code
from asrcli.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Track:
    """A sound track as its container describes it."""

    language: str | None  # code; None where the container does not say
    title: str
    channels: int
    default: bool  # the one that players take


def choose_track(path: str, container: Any, wanted: int | None) -> Any:
    """Return an audio stream by its number, or the best; ``None`` where there is none.

    Raises:
        InputError: no such track.
    """
    if wanted is None:
        return container.streams.best("audio")
    streams = container.streams.audio
    if wanted < len(streams):
        return streams[wanted]
    raise InputError(f"{path}: has no sound track {wanted}; it has {count_of(streams, 'track')}, counted from 0")


def tracks_of(container: Any) -> tuple[Track, ...]:
    """Return the sound tracks of an open container, in order."""
    best = container.streams.best("audio")  # None where FFmpeg knows the codec of none
    return tuple(
        Track(
            code_of(stream.language),
            " ".join(str(stream.metadata.get("title", "")).split()),
            0 if stream.codec_context is None else stream.codec_context.channels,
            best is not None and stream.index == best.index,
        )
        for stream in container.streams.audio
    )


def code_of(language: str | None) -> str | None:
    """Return the code of a language as a container spells it (``deu``, ``ger``, ``de-AT``), ``None`` if it is none."""
    if not language or language.lower() in ("und", "mul", "zxx", "mis", "qaa"):
        return None
    try:
        return language_code(language)
    except UsageError:
        return None


def find_track(name: str, tracks: Sequence[Track], wanted: str | None, language: str | None) -> int | None:
    """Return the number of the track to use; ``None`` leaves it to what players take.

    Args:
        name: what messages call the file.
        tracks: those it has.
        wanted: a number, or a language, that was asked for.
        language: the code of what is spoken, where that is known: its track is taken if the file marks one.

    Raises:
        InputError: the file has no such track.
    """
    if wanted is not None and wanted.isdecimal():
        if int(wanted) >= len(tracks):
            raise InputError(f"{name}: has no sound track {wanted}; it has {listed(tracks)}")
        return int(wanted)
    code = language_code(wanted) if wanted is not None else language
    spoken = [number for number, track in enumerate(tracks) if code is not None and track.language == code]
    if wanted is not None and not spoken:
        raise InputError(f"{name}: has no sound track in '{wanted}'; it has {listed(tracks)}")
    if not spoken:
        return None
    return next((number for number in spoken if tracks[number].default), spoken[0])


def numbered(wanted: str | None) -> int | None:
    """Return the number of the track that was asked for of a pipe, which cannot be looked into.

    Raises:
        InputError: a language was asked for.
    """
    if wanted is None or wanted.isdecimal():
        return None if wanted is None else int(wanted)
    raise InputError(f"--track {wanted}: a pipe's tracks have no known language; give the number of one, from 0")


def line_of(tracks: Sequence[Track], chosen: int | None) -> str | None:
    """Return a clause that says which of several tracks is used and what there is; ``None`` for one track."""
    if len(tracks) < 2:
        return None
    number = next((place for place, one in enumerate(tracks) if one.default), 0) if chosen is None else chosen
    return f"sound track {number} is used, of {listed(tracks)}; --track takes another"


def listed(tracks: Sequence[Track]) -> str:
    """Return what tracks there are: ``2: 0 de (Kommentar), 1 en``."""
    parts = []
    for number, track in enumerate(tracks[:20]):
        title = f" ({track.title[:40]})" if track.title else ""
        parts.append(f"{number} {track.language or 'in no marked language'}{title}")
    more = ", ..." if len(tracks) > len(parts) else ""
    return f"{len(tracks)}: {', '.join(parts)}{more}"
