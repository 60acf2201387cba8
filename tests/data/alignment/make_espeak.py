"""Say a sentence with espeak-ng and write down when: ``market-VOICE.ogg`` (Opus) and ``market-VOICE.ctm``.

    python make_espeak.py [FOLDER] [VOICE]

The library tells the start of every word and phone in milliseconds of the sound. A word ends where the next one
begins, or at the pause before it.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes.util import find_library
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
TEXT = "On Saturday morning, we walked to the market and bought apples, fresh bread and a bottle of milk."
SYNCHRONOUS, PHONE_EVENTS, UTF8, CHARACTERS, RATE = 2, 1, 1, 1, 1
END, WORD, PHONE = 0, 1, 7
WORDS_PER_MINUTE = 140


class Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int), ("identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("name", ctypes.c_char * 8),
    ]  # fmt: skip


@dataclass
class Said:
    """What the library reports."""

    rate: int
    samples: bytearray = field(default_factory=bytearray)
    words: list[tuple[str, float]] = field(default_factory=list)  # as written, and its start
    pauses: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def times(self) -> list[tuple[str, float, float]]:
        """Return word, start and end of each."""
        ends = [start for _, start in self.words[1:]] + [self.seconds]
        return [
            (text, start, min([end, *(pause for pause in self.pauses if start < pause < end)]))
            for (text, start), end in zip(self.words, ends, strict=True)
        ]


def speak(text: str, voice: str) -> Said:
    """Return the sound of a text, and the times of its words.

    Raises:
        OSError: espeak-ng is not installed, or has no such voice.
    """
    library = ctypes.CDLL(find_library("espeak-ng") or "libespeak-ng.so.1")
    said = Said(library.espeak_Initialize(SYNCHRONOUS, 0, None, PHONE_EVENTS))

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))
    def heard(samples, count, events):  # type: ignore[no-untyped-def]
        if samples and count > 0:
            said.samples += ctypes.string_at(samples, 2 * count)
        number = 0
        while events[number].type != END:
            event = events[number]
            if event.type == WORD:
                first = event.text_position - 1
                said.words.append((text[first : first + event.length], event.audio_position / 1000))
            elif event.type == PHONE and event.name[:1] in (b"_", b""):
                said.pauses.append(event.audio_position / 1000)
            number += 1
        return 0

    library.espeak_SetSynthCallback(heard)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise OSError(f"espeak-ng has no voice '{voice}'")
    library.espeak_SetParameter(RATE, WORDS_PER_MINUTE, 0)
    raw = text.encode()
    library.espeak_Synth(raw, ctypes.c_size_t(len(raw) + 1), 0, CHARACTERS, 0, UTF8, None, None)
    library.espeak_Synchronize()
    said.seconds = len(said.samples) / 2 / said.rate
    return said


def write_sound(path: Path, said: Said) -> None:
    """Encode the sound, 24 kbit/s."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = 24_000
        frame = av.AudioFrame.from_ndarray(np.frombuffer(bytes(said.samples), "<i2")[None], "s16", "mono")
        frame.sample_rate = said.rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def main(folder: str = str(HERE / "espeak"), voice: str = "en-us") -> None:
    """Write both files."""
    said, path = speak(TEXT, voice), Path(folder, f"market-{voice}.ogg")
    path.parent.mkdir(exist_ok=True)
    write_sound(path, said)
    lines = [f"{path.stem} 1 {start:.3f} {end - start:.3f} {text}\n" for text, start, end in said.times()]
    path.with_suffix(".ctm").write_text("".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
