"""The engine that recognises the file name: for tests, for trying commands, and as the example to copy for a new
engine.

The model name says how it behaves, as ``key=value`` pairs joined by commas: ``asr transcribe talk.wav -e fake -m
sleep=0.1,fail=bad``. The words of the file's stem are spread evenly over the whole recording, and a clip says those
words whose middle lies in it, so that cut and uncut recordings give the same text.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import ClassVar

from asrcli.capabilities import Answers, AnyModel, Concurrent, Stream, Streams, StreamUpdate
from asrcli.engine import Device, Engine, EngineOption, Model, Weights
from asrcli.errors import AsrError, ModelError, OutOfMemory
from asrcli.types import SAMPLE_RATE, Alternative, Clip, Flag, Options, Samples, Segment, Word

BEHAVIOURS = {
    "sleep": "seconds of sleep per call",
    "rtf": "seconds of sleep per second of audio",
    "load": "seconds of sleep while loading",
    "fail": "raise an error for a clip whose recording has this in its name",
    "bug": "divide by zero for a clip whose recording has this in its name",
    "crash": "end the process at once (exit 77) at this call, counted from 1",
    "segv": "die by SIGSEGV at a clip whose recording has this in its name",
    "exit": "end the process (exit 77) likewise",
    "kill": "be killed, as when the system is out of memory, likewise",
    "hang": "never return, with the interpreter's lock held, likewise",
    "die-loading": "die so while loading: segv, exit, kill or hang",
    "once": "die only as long as there is no such file, and make it",
    "leak": "megabytes of memory that each call adds",
    "print": "print this on descriptor 1 at each call",
    "oom": "run out of memory on more than this many clips at once",
    "oom-on": "run out of memory always on this kind of device",
    "truncate": "recognise only this many seconds of a clip, and do not say so",
    "loop": "repeat the last word this many times",
    "invent": "text said for every clip, speech or not",
    "max": "longest clip in seconds that it recognises right",
    "pace": "say the words of the name over and over, at this many words per second",
    "stream": "have a stream of its own, which settles a word when the one after it is over",
}


DEATHS: Mapping[str, Callable[[], object]] = {
    "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(77),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: ctypes.PyDLL(None).sleep(100_000),
}


class Fake(Engine, Answers, AnyModel, Concurrent):
    """Says the words of the file name, and misbehaves on request (see `BEHAVIOURS`)."""

    name = "fake"
    rank = 0
    models: ClassVar[Mapping[str, Model]] = {"default": Model(None, licence="Apache-2.0", layout="none")}
    default_model = "default"
    loads_folders = False
    max_seconds = 30.0
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 240.0, "cuda": 480.0}
    devices = ("cpu", "cuda")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {"cpu": ("float32",), "cuda": ("float16", "int8")}
    supports = frozenset({"prompt", "word_timestamps", "beam_size", "n_best", "temperature", "task", "seed", "ask"})
    own_options: ClassVar[Mapping[str, EngineOption]] = {
        "word_score": EngineOption(0.9, 0.0, 1.0, "confidence of every word"),
    }
    identifies_language = True
    rejects_noise = True  # it does not listen: what it writes is no guess at a sound

    def __init__(self, weights: Weights, device: Device) -> None:
        self.behaviour = parse_behaviour(weights.name)
        self.device = device
        self.calls = 0
        self.leaked: list[bytes] = []
        time.sleep(self._number("load", 0.0))
        if death := self.behaviour.get("die-loading"):
            self._die(death)

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return the words of each recording's name that fall into the clip."""
        self.calls += 1
        if self.calls == self._number("crash", -1):
            os._exit(77)
        self._misbehave(clips)
        if len(clips) > self._number("oom", float("inf")) or self.behaviour.get("oom-on") == self.device.kind:
            raise OutOfMemory(f"fake: {len(clips)} clips do not fit on {self.device}")
        time.sleep(self._number("sleep", 0.0) + self._number("rtf", 0.0) * sum(clip.seconds for clip in clips))
        return [self._recognise(clip, options) for clip in clips]

    @classmethod
    def for_weights(cls, weights: Weights) -> type[Engine]:
        """Return the class with a stream of its own when it was asked for."""
        return FakeStreaming if "stream" in parse_behaviour(weights.name) else cls

    @classmethod
    def beams(cls, options: Options) -> int:
        """Return how many hypotheses it may list, three unless it is said."""
        return options.beam_size or 3

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Recognise German in names that start with ``de-``, English in all others."""
        german = [PurePath(clip.recording.path).stem.startswith("de-") for clip in clips]
        return [{"de": 0.9, "en": 0.1} if one else {"en": 0.9, "de": 0.1} for one in german]

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Answer with the first numbered line of the prompt, and name it."""
        lines = (re.search(r"^(\[\d+\]) (.*)$", prompt, re.MULTILINE) for prompt in prompts)
        return [f"It says: {line[2]} {line[1]}" if line else "Nothing." for line in lines]

    def _number(self, key: str, default: float) -> float:
        return float(self.behaviour.get(key, default))

    def _misbehave(self, clips: Sequence[Clip]) -> None:
        """Print, leak and die as told."""
        if "print" in self.behaviour:
            os.write(1, f"{self.behaviour['print']}\n".encode())
        if "leak" in self.behaviour:
            self.leaked.append(os.urandom(1) * int(1e6 * self._number("leak", 0.0)))
        for death in DEATHS:
            name = self.behaviour.get(death)
            if name and any(name in clip.recording.path for clip in clips):
                self._die(death)

    def _die(self, how: str) -> None:
        if once := self.behaviour.get("once"):
            try:
                os.close(os.open(once, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
        DEATHS[how]()

    def _recognise(self, clip: Clip, options: Options) -> list[Segment]:
        fail = self.behaviour.get("fail")
        if fail and fail in clip.recording.path:
            raise AsrError(f"fake: told to fail on '{fail}'")
        bug = self.behaviour.get("bug")
        if bug and bug in clip.recording.path:
            raise ZeroDivisionError("fake: told to have a bug")
        until = min(clip.seconds, self._number("truncate", float("inf")))
        pace = self._number("pace", 0.0)
        score = options.own("word_score", 0.9)
        found = _words_at_pace(clip, until, pace) if pace else _words_between(clip, until)
        words = [replace(word, score=score) for word in found]
        if words and "loop" in self.behaviour:
            words += [words[-1]] * int(self.behaviour["loop"])
        if "invent" in self.behaviour:
            words = [Word(self.behaviour["invent"], 0.0, until)]
        if not words:
            return []
        text = " ".join(word.text for word in words)
        if options.task == "translate":
            text = text.upper()
        flags = (Flag.REPEAT_LOOP.value,) if "loop" in self.behaviour else ()
        kept = tuple(words) if options.word_timestamps and "loop" not in self.behaviour else ()
        listed = tuple(_alternatives(text, options.n_best or 0))
        segment = Segment(text, words[0].start, words[-1].end, words=kept, score=score, flags=flags)
        return [replace(segment, alternatives=listed)]


class FakeStreaming(Fake, Streams):
    """The same with a stream of its own."""

    def stream(self, options: Options) -> Stream:
        """Begin an utterance."""
        return FakeStream(self._number("pace", 2.0))


class FakeStream(Stream):
    """Counts the words that there is time for: ``word0 word1 ...``."""

    def __init__(self, pace: float) -> None:
        self.pace, self.seconds, self.said = pace, 0.0, 0

    def accept(self, samples: Samples) -> StreamUpdate:
        """Settle all words but the last."""
        self.seconds += len(samples) / SAMPLE_RATE
        over = int(self.seconds * self.pace)
        return self._settle(max(self.said, over - 1), f"word{over - 1}" if over else "")

    def finish(self) -> StreamUpdate:
        """Settle the last word too."""
        return self._settle(int(self.seconds * self.pace), "")

    def _settle(self, count: int, tail: str) -> StreamUpdate:
        new = "".join(f"{' ' if number else ''}word{number}" for number in range(self.said, count))
        self.said = count
        return StreamUpdate(new, f" {tail}" if count and tail else tail, count / self.pace)


def _alternatives(text: str, count: int) -> Iterator[Alternative]:
    """Yield the text, then the text with one more of its first words said twice each time."""
    words = text.split()
    for rank in range(count):
        yield Alternative(" ".join(words[:rank] + words), -1.0 - rank, tuple(range(rank)), (-0.5,) * rank)


def parse_behaviour(model: str) -> dict[str, str]:
    """Split ``key=value,key=value``; the name ``default`` and the empty name mean no special behaviour.

    Raises:
        ModelError: a key is not one of `BEHAVIOURS`.
    """
    behaviour: dict[str, str] = {}
    for pair in model.split(","):
        key, _, value = pair.partition("=")
        if key in ("", "default"):
            continue
        if key not in BEHAVIOURS:
            raise ModelError(f"fake: unknown behaviour '{key}'; choose from: {', '.join(BEHAVIOURS)}")
        behaviour[key] = value or "1"
    return behaviour


def _words_between(clip: Clip, until: float) -> list[Word]:
    """Return the words of the name whose middle is in the first `until` seconds of the clip, with clip times."""
    words = PurePath(clip.recording.path).stem.replace("-", " ").replace("_", " ").split() or ["silence"]
    whole = clip.recording.seconds or clip.end
    share = whole / len(words)
    spoken = []
    for number, text in enumerate(words):
        middle = (number + 0.5) * share - clip.start
        if 0 <= middle < until:
            start = max(0.0, number * share - clip.start)
            spoken.append(Word(text, start, min(until, (number + 1) * share - clip.start)))
    return spoken


def _words_at_pace(clip: Clip, until: float, pace: float) -> list[Word]:
    """Return the words whose middle is in the first `until` seconds of the clip, with clip times."""
    words = PurePath(clip.recording.path).stem.replace("-", " ").replace("_", " ").split() or ["silence"]
    spoken = []
    for number in range(int(clip.start * pace), int((clip.start + until) * pace) + 1):
        start = number / pace - clip.start
        if 0 <= start + 0.5 / pace < until:
            text = words[number % len(words)]
            spoken.append(Word(text, max(0.0, start), min(until, start + 1 / pace)))
    return spoken
