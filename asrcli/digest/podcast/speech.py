"""Voices: text in, samples and word times out. No voice is ever downloaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from asrcli.base.children import NOWHERE, python, surroundings
from asrcli.base.files import cause
from asrcli.digest.podcast.espeak import library
from asrcli.digest.podcast.lexicon import Spoken
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Word, WordSource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TIMEOUT = 600  # seconds for a whole show; espeak-ng needs one, flite ten
RATE = 165  # words per minute for espeak-ng


@dataclass(frozen=True, slots=True)
class Line:
    """A turn made ready: the speaker, and every word as written and as said."""

    speaker: str  # "host" or "guest"
    words: tuple[Spoken, ...]

    @property
    def said(self) -> str:
        """What the voice gets to read."""
        return " ".join(word.said for word in self.words if word.said)


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """One spoken turn."""

    samples: NDArray[np.int16]  # (n,), mono
    rate: int  # Hz
    words: tuple[Word, ...]  # as written, seconds from the start of the turn


class Voice(Protocol):
    """Whatever speaks."""

    @property
    def name(self) -> str:
        """The name, as ``--voice`` takes it."""

    def speak(self, lines: Sequence[Line]) -> list[Speech]:
        """Speak every line; raise `EngineUnavailable` where the voice is not there or fails."""


def word_times(line: Line, starts: Sequence[tuple[int, float]], seconds: float, source: WordSource) -> tuple[Word, ...]:
    """Give each written word the time of what is said for it.

    Args:
        starts: character position in ``line.said`` and start in seconds, in order.
        seconds: length of the speech.
    """
    spans, at = [], 0
    for word in line.words:
        if word.said:
            spans.append((word.written, at, at + len(word.said)))
            at += len(word.said) + 1
    begins: list[float] = []
    for _, first, last in spans:
        own = [when for position, when in starts if first <= position < last]
        begins.append(max(own[0] if own else 0.0, begins[-1] if begins else 0.0))
    ends = [*begins[1:], seconds]
    return tuple(
        word
        for (written, _, _), begin, end in zip(spans, begins, ends, strict=True)
        for word in apart(Word(written, min(begin, seconds), min(max(begin, end), seconds), source=source))
    )


def apart(together: Word) -> Iterator[Word]:
    """Yield the words that are said as one ("17 April 2026"), with their share of the time."""
    words = together.text.split(" ")
    if len(words) == 1:
        yield together
        return
    each = (together.end - together.start) / len(together.text)
    at = together.start
    for word in words:
        end = together.end if word is words[-1] else min(together.end, at + each * (len(word) + 1))
        yield Word(word, at, end, source="interpolated")
        at = end


def spread(line: Line, seconds: float) -> tuple[Word, ...]:
    """Give words times in proportion to their letters, for voices that tell none."""
    said = line.said
    starts, at = [], 0
    for word in said.split(" "):
        starts.append((at, seconds * at / max(1, len(said))))
        at += len(word) + 1
    return word_times(line, starts, seconds, "interpolated")


def run_program(command: Sequence[str], text: str) -> None:
    """Run a voice's program with the text on its standard input; the text is never an argument, and paths are whole.

    Raises:
        EngineUnavailable: it fails or takes too long.
    """
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            cwd=NOWHERE,
            env=surroundings(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailable(f"{command[0]} did not speak: {cause(error)}") from error
    if done.returncode:
        raise EngineUnavailable(
            f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()[-200:]}"
        )


def read_wave(path: Path) -> tuple[NDArray[np.int16], int]:
    """Return samples and rate of a 16-bit wave file."""
    import numpy as np

    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
        return samples.reshape(-1, file.getnchannels())[:, 0], file.getframerate()


@dataclass(frozen=True, slots=True)
class Espeak:
    """espeak-ng through its library: the only voice that says when each word starts."""

    name: str = "espeak-ng"
    voices: tuple[tuple[str, str], ...] = (("host", "en+f3"), ("guest", "en-us"))

    def speak(self, lines: Sequence[Line]) -> list[Speech]:
        """Speak every line in one process."""
        import numpy as np

        voices = dict(self.voices)
        asked = "".join(
            json.dumps({"text": line.said, "voice": voices[line.speaker], "rate": RATE}) + "\n" for line in lines
        )
        spoken = []
        with tempfile.TemporaryDirectory() as folder:
            run_program(python("-m", "asrcli.digest.podcast.espeak", folder), asked)
            for number, line in enumerate(lines):
                told = json.loads((Path(folder) / f"{number:04}.json").read_text())
                samples = np.fromfile(Path(folder) / f"{number:04}.pcm", dtype=np.int16)
                starts = [(position, when) for position, _, when in told["words"]]
                words = word_times(line, starts, len(samples) / told["rate"], "model")
                spoken.append(Speech(samples, told["rate"], words))
        return spoken


@dataclass(frozen=True, slots=True)
class Program:
    """A voice that is a program: the text on standard input, a wave file out. Word times are spread by letters."""

    name: str
    commands: tuple[tuple[str, tuple[str, ...]], ...]  # speaker -> command; "{}" stands for the wave file

    def speak(self, lines: Sequence[Line]) -> list[Speech]:
        """Speak every line in a process of its own."""
        commands = dict(self.commands)
        spoken = []
        with tempfile.TemporaryDirectory() as folder:
            for number, line in enumerate(lines):
                path = Path(folder) / f"{number}.wav"
                run_program([str(path) if part == "{}" else part for part in commands[line.speaker]], line.said)
                samples, rate = read_wave(path)
                spoken.append(Speech(samples, rate, spread(line, len(samples) / rate)))
        return spoken


@dataclass(frozen=True, slots=True)
class Kokoro:
    """Kokoro through kokoro-onnx, with the model and voices files that the user has."""

    model: Path
    voices_file: Path
    name: str = "kokoro"
    voices: tuple[tuple[str, str], ...] = (("host", "bf_emma"), ("guest", "am_michael"))

    def speak(self, lines: Sequence[Line]) -> list[Speech]:
        """Speak every line."""
        import numpy as np

        try:
            from kokoro_onnx import Kokoro as Model  # type: ignore[import-not-found]
        except ImportError as error:
            raise EngineUnavailable("the voice kokoro needs kokoro-onnx: pip install kokoro-onnx") from error
        model, voices = Model(str(self.model), str(self.voices_file)), dict(self.voices)
        spoken = []
        for line in lines:
            samples, rate = model.create(line.said, voice=voices[line.speaker], speed=1.0, lang="en-us")
            whole = (np.clip(np.asarray(samples), -1, 1) * 32767).astype(np.int16)
            spoken.append(Speech(whole, int(rate), spread(line, len(whole) / rate)))
        return spoken


def flite() -> Program:
    """Return flite with its two clearest voices."""
    voices = (("host", "slt"), ("guest", "rms"))
    return Program(
        "flite", tuple((who, ("flite", "-voice", voice, "-f", "/dev/stdin", "-o", "{}")) for who, voice in voices)
    )


def piper(models: Sequence[Path]) -> Program:
    """Return Piper with one or two voices (.onnx with .onnx.json beside)."""
    voices = (("host", models[0]), ("guest", models[-1]))
    return Program(
        "piper", tuple((who, ("piper", "--model", str(path), "--output_file", "{}")) for who, path in voices)
    )


def choose_voice(name: str | None, folder: Path | None = None) -> Voice:
    """Return the voice asked for, or the best that is there: Kokoro or Piper with voices in a folder, espeak-ng, flite.

    Raises:
        UsageError: no such voice.
        EngineUnavailable: the voice asked for, or any voice, is not there.
    """
    found = {voice.name: voice for voice in installed_voices(folder)}
    if name is None:
        if not found:
            raise EngineUnavailable(
                "no voice: install espeak-ng or flite, or name a folder of Piper or Kokoro voices (--voice-dir)"
            )
        return next(iter(found.values()))
    if name not in ("espeak-ng", "flite", "kokoro", "piper"):
        raise UsageError(f"--voice {name!r} is not one of espeak-ng, flite, kokoro, piper")
    if name not in found:
        hint = "--voice-dir with its files" if name in ("kokoro", "piper") else f"apt-get install {name}"
        raise EngineUnavailable(f"the voice {name} is not there: {hint}")
    return found[name]


def installed_voices(folder: Path | None) -> list[Voice]:
    """Return the voices that can speak here, best first."""
    found: list[Voice] = []
    models = sorted(folder.absolute().glob("*.onnx")) if folder else []
    speakers = sorted(folder.absolute().glob("voices*.bin")) if folder else []
    kokoro = [path for path in models if "kokoro" in path.name]
    if kokoro and speakers:
        found.append(Kokoro(kokoro[0], speakers[0]))
    spoken = [path for path in models if path.with_name(path.name + ".json").is_file()]
    if spoken and shutil.which("piper"):
        found.append(piper(spoken))
    if library():
        found.append(Espeak())
    if shutil.which("flite"):
        found.append(flite())
    return found
