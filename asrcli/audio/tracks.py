"""Which sound track of a container is used: one that was asked for, or the one that players take."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asrcli.base.counts import count_of
from asrcli.base.languages import DIALECTS, KIN, language_code
from asrcli.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


COMMENTARY = re.compile(r"comment|kommentar|comentario|commento", re.IGNORECASE)
DESCRIPTION = re.compile(r"descripti|audiodes[ck]|visually impaired", re.IGNORECASE)
MUSIC = re.compile(
    r"music only|isolated (music|score)|music (and|&) effects|\bM&E\b|instrumental|karaoke", re.IGNORECASE
)
# What titles call languages in themselves; in English every name is known.
NATIVE = {
    "deutsch": "de", "français": "fr", "español": "es", "castellano": "es", "italiano": "it", "português": "pt",
    "nederlands": "nl", "polski": "pl", "русский": "ru", "українська": "uk", "日本語": "ja", "中文": "zh",
    "普通话": "zh", "國語": "zh", "粤语": "yue", "粵語": "yue", "한국어": "ko", "türkçe": "tr", "svenska": "sv",
    "dansk": "da", "norsk": "no", "suomi": "fi", "čeština": "cs", "magyar": "hu", "română": "ro", "ελληνικά": "el",
    "العربية": "ar", "हिन्दी": "hi",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Track:
    """A sound track as its container describes it."""

    language: str | None  # code; None where the container does not say
    title: str
    channels: int
    default: bool  # the one that players take
    aside: str = ""  # what it is instead of what everybody hears: a commentary, a description, only music
    decodable: bool = True


def best_of(container: Any) -> Any:
    """Return the audio stream that players take: the best one, or where FFmpeg knows no way to decode it another.

    None is the best of MPEG streams whose sound begins so late that nothing of it has been seen.
    """
    best = container.streams.best("audio")
    if best is None and "mpeg" not in container.format.name:
        return None
    if best is not None and best.codec_context is not None:
        return best
    decodable = [one for one in container.streams.audio if one.codec_context is not None]
    return min(decodable, key=lambda one: bool(_aside(one.disposition, _title(one))), default=best)


def choose_track(path: str, container: Any, wanted: int | None) -> Any:
    """Return an audio stream by its number, or the best; ``None`` where there is none.

    Raises:
        InputError: no such track.
    """
    if wanted is None:
        return best_of(container)
    streams = container.streams.audio
    if wanted < len(streams):
        return streams[wanted]
    raise InputError(f"{path}: has no sound track {wanted}; it has {count_of(streams, 'track')}, counted from 0")


def tracks_of(container: Any) -> tuple[Track, ...]:
    """Return the sound tracks of an open container, in order."""
    best = best_of(container)  # None where FFmpeg knows the codec of none
    titles = map(_title, container.streams.audio)
    return tuple(
        Track(
            _language(stream.language, title),
            title,
            0 if stream.codec_context is None else stream.codec_context.channels,
            best is not None and stream.index == best.index,
            _aside(stream.disposition, title),
            stream.codec_context is not None,
        )
        for stream, title in zip(container.streams.audio, titles, strict=True)
    )


def _language(declared: str | None, title: str) -> str | None:
    """Return the code of a stream's language; its title may name one that its code means among others."""
    code = code_of(declared)
    if code is not None and not any(code in kin for kin in KIN):
        return code
    named = _named(title)
    return named if code is None or {code, named} in KIN else code


def _title(stream: Any) -> str:
    return " ".join(str(stream.metadata.get("title", "")).split())


def _aside(flags: Any, title: str) -> str:
    """Return what a stream is instead of what everybody hears, as its flags or its title say; "" if nothing does."""
    if not flags and not title:
        return ""
    from av.stream import Disposition

    if flags & Disposition.comment or COMMENTARY.search(title):
        return "commentary"
    if flags & (Disposition.visual_impaired | Disposition.descriptions) or DESCRIPTION.search(title):
        return "description"
    if flags & Disposition.clean_effects or MUSIC.search(title):
        return "without voices"
    return "for the hard of hearing" if flags & Disposition.hearing_impaired else ""


def _named(title: str) -> str | None:
    """Return the code of the language whose name a title is, or begins with: ``English 5.1``; ``None`` of others."""
    for name in (title, title.partition(" ")[0].strip(",;:()[]")):
        if code := NATIVE.get(name.casefold()):
            return code
        if len(name) > 3:  # shorter ones are words, too
            with suppress(UsageError):
                return language_code(name)
    return None


def code_of(language: str | None) -> str | None:
    """Return the code of a language as a container spells it (``deu``, ``ger``, ``de-AT``), ``None`` if it is none.

    Of languages that no engine names it is what stands there: ``gle``.
    """
    if not language or language.lower() in ("und", "mul", "zxx", "mis", "qaa"):
        return None
    try:
        return language_code(language)
    except UsageError:
        known = next((code for code, dialects in DIALECTS.items() if language.lower() in dialects), None)
        other = re.match(r"[a-z]{2,3}(?![^-])", language.lower())
        return known or (other and other[0])


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
    code = language if wanted is None else code_of(wanted) or language_code(wanted)
    spoken = [number for number, track in enumerate(tracks) if code is not None and track.language == code]
    spoken = spoken or [number for number, track in enumerate(tracks) if {code, track.language} in KIN]
    if wanted is not None and not spoken:
        raise InputError(f"{name}: has no sound track in '{wanted}'; it has {listed(tracks)}")
    if not spoken:
        return None
    return min(spoken, key=lambda one: (not tracks[one].decodable, bool(tracks[one].aside), not tracks[one].default))


def numbered(wanted: str | None) -> int | None:
    """Return the number of the track that was asked for of a pipe, which cannot be looked into.

    Raises:
        InputError: a language was asked for.
    """
    if wanted is None or wanted.isdecimal():
        return None if wanted is None else int(wanted)
    raise InputError(f"--track {wanted}: a pipe's tracks have no known language; give the number of one, from 0")


def line_of(tracks: Sequence[Track], chosen: int | None, how: str = "--track takes another") -> str | None:
    """Return a clause that says which of several tracks is used, what there is and how another is taken; ``None`` for
    one track.
    """
    if len(tracks) < 2:
        return None
    number = next((place for place, one in enumerate(tracks) if one.default), 0) if chosen is None else chosen
    return f"sound track {number} is used, of {listed(tracks)}; {how}"


def listed(tracks: Sequence[Track]) -> str:
    """Return what tracks there are: ``2: 0 de (Kommentar), 1 en``."""
    parts = []
    for number, track in enumerate(tracks[:20]):
        said = [track.title[:40], "" if track.title else track.aside, "" if track.decodable else "in no known codec"]
        title = f" ({', '.join(filter(None, said))})" if any(said) else ""
        parts.append(f"{number} {track.language or 'in no marked language'}{title}")
    more = ", ..." if len(tracks) > len(parts) else ""
    return f"{len(tracks)}: {', '.join(parts)}{more}"
