"""A program of its own that speaks with the espeak-ng library and says when each word starts.

``python -m asrcli.digest.podcast.espeak OUT`` reads one JSON object per line, ``{"text", "voice", "rate"}``, and writes
``OUT/0000.pcm`` (16-bit mono) and ``OUT/0000.json`` (rate and words: position, length in characters, seconds) for each.

The espeak-ng command cannot give word times; its library can. It runs in its own process: a crash in it is a failed
show and not a failed digest, and its licence (GPL-3) stays at arm's length.
"""

from __future__ import annotations

import ctypes
import json
import sys
from ctypes.util import find_library
from pathlib import Path
from typing import Any

SYNCHRONOUS, DONT_EXIT, UTF8, BY_CHARACTER, RATE = 2, 1 << 15, 1, 1, 1
WORD, LIST_END = 1, 0


class Event(ctypes.Structure):
    """espeak_EVENT of espeak-ng/speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


def library() -> tuple[str, str | None] | None:
    """Return the paths of the library (the system's, or the wheel espeakng-loader's) and of its data, or ``None``."""
    found = find_library("espeak-ng")
    if found:
        return found, None
    try:
        import espeakng_loader  # type: ignore[import-not-found]
    except ImportError:
        return None
    return str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path())


class Speaker:
    """The library, opened."""

    def __init__(self, path: str, data: str | None) -> None:
        self.lib: Any = ctypes.CDLL(path)
        self.rate = int(self.lib.espeak_Initialize(SYNCHRONOUS, 500, data.encode() if data else None, DONT_EXIT))
        if self.rate <= 0:
            raise OSError("espeak-ng cannot find its data")
        self.pcm = bytearray()
        self.words: list[tuple[int, int, float]] = []
        self.heard = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
        )(self._hear)
        self.lib.espeak_SetSynthCallback(self.heard)

    def _hear(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self.pcm += ctypes.string_at(samples, count * 2)
        index = 0
        while events[index].type != LIST_END:
            event = events[index]
            if event.type == WORD:
                self.words.append((event.text_position - 1, event.length, event.audio_position / 1000))
            index += 1
        return 0

    def speak(self, text: str, voice: str, rate: int) -> tuple[bytes, list[tuple[int, int, float]]]:
        """Return 16-bit samples and, for each word, its position and length in the text and its start in seconds."""
        self.pcm, self.words = bytearray(), []
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise OSError(f"espeak-ng has no voice {voice!r}")
        self.lib.espeak_SetParameter(RATE, rate, 0)
        data = text.encode()
        self.lib.espeak_Synth(data, len(data) + 1, 0, BY_CHARACTER, 0, UTF8, None, None)
        self.lib.espeak_Synchronize()
        return bytes(self.pcm), self.words


def main() -> None:
    """Speak every line of standard input."""
    out = Path(sys.argv[1])
    found = library()
    if found is None:
        sys.exit("no espeak-ng library")
    speaker = Speaker(*found)
    for number, line in enumerate(sys.stdin):
        asked = json.loads(line)
        pcm, words = speaker.speak(asked["text"], asked["voice"], asked["rate"])
        (out / f"{number:04}.pcm").write_bytes(pcm)
        (out / f"{number:04}.json").write_text(json.dumps({"rate": speaker.rate, "words": words}))


if __name__ == "__main__":
    main()
