"""The process that transcribes for the server: it decodes, cuts, batches and writes; engines are in workers of its own.

Run as ``python -m asrcli.serve.transcriber FD PARENT``. What a codec does to it costs the requests in flight, and the
server starts another one. It ends when the server does, and takes the uploads along.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

from asrcli.audio.inputs import Found
from asrcli.audio.vad import VadOptions
from asrcli.base.files import cause
from asrcli.engine import Engine
from asrcli.engines import device as devices
from asrcli.engines import selection
from asrcli.engines.recogniser import Choice
from asrcli.errors import AsrError, DeviceError, EngineUnavailable, InputError, UsageError
from asrcli.runs import plan as jobs
from asrcli.runs.events import Done, JobFailed, Loaded, Probed, Recognised
from asrcli.runs.execute import execute
from asrcli.serve import answers
from asrcli.serve import messages as say
from asrcli.serve.errors import BUG
from asrcli.serve.scheduler import Cancelled, Scheduler, Seat
from asrcli.transport.hosting import Next, Put, host
from asrcli.transport.messages import Said
from asrcli.types import SAMPLE_RATE, Options, Samples, Transcript
from asrcli.weights.models import HUB_VARIABLE
from asrcli.workers.pool import assemble
from asrcli.workers.wanted import Workers

AHEAD = 60.0  # seconds of audio decoded ahead of the engine for each request: many are open at once
HEARTBEAT = 1.0  # seconds

_uploads: list[str] = []  # their folder, as soon as it is known


class TooLong(InputError):
    """A request holds more audio than one may."""


def main() -> None:
    """Transcribe until the server goes away."""
    host(_work, (say.Start, say.Keys, say.Transcribe, say.Cancel), _leave)


def _leave() -> None:
    for folder in _uploads:
        shutil.rmtree(folder, ignore_errors=True)


def _work(receive: Next, put: Put) -> None:
    start: say.Start = receive()
    _uploads.append(start.folder)

    def announce(text: str) -> None:
        """Send a line to the server, which says it."""
        put(Said(text))

    chosen = [selection.choose_class(name, None, Options(), announce) for name in start.engines]
    put(say.Needs((HUB_VARIABLE, *(key for engine, _ in chosen for key in engine.keys))))
    given: say.Keys = receive()
    os.environ.update(given.values)
    served = [Served(engine, model, start, announce) for engine, model in chosen]
    for one in served:
        one.load()
    put(say.Ready(tuple(one.card for one in served)))
    threading.Thread(target=_beat, args=(served, put), name="asr-alive", daemon=True).start()
    seats: dict[int, Seat] = {}
    while True:
        match receive():
            case say.Transcribe() as wanted:
                one = served[wanted.card]
                seats[wanted.number] = seat = Seat(one.scheduler)
                work = Work(one, wanted, seat, put, lambda number: seats.pop(number, None))
                threading.Thread(target=work.run, name=f"asr-request-{wanted.number}", daemon=True).start()
            case say.Cancel(number):
                if (taken := seats.get(number)) is not None:
                    taken.cancel()


def _beat(served: list[Served], put: Put) -> None:
    while True:
        engines = [one.scheduler for one in served]
        busy = sum(each.busy for one in engines for each in one.recognisers)
        put(say.Alive(busy, sum(one.clips for one in engines), sum(one.calls for one in engines)))
        time.sleep(HEARTBEAT)


class Served:
    """One engine with its weights, in one worker or several."""

    def __init__(
        self, engine: type[Engine], model: str | None, start: say.Start, announce: Callable[[str], None]
    ) -> None:
        count = start.workers or len(devices.named(engine, start.device))

        def choose(device: str, threads: int) -> Choice:
            """Find the weights for one recogniser on a device, with a number of threads."""
            setup = selection.Setup(None, device, start.dtype, threads, start.offline)
            return selection.prepare(engine, model, Options(), setup, announce)

        self.crew = assemble(engine, Workers(count), start.device, start.threads, choose)
        for one in self.crew.recognisers:
            one.announce = announce
        self.engine, self.model, self.most_seconds = engine, model, start.most_seconds
        named = model or engine.default_model
        self.shown = os.path.basename(os.path.abspath(named)) if os.path.exists(named) else named
        supports = tuple(sorted(self.crew.recognisers[0].choice.engine.supports))
        self.card = say.Card(f"{engine.name}:{self.shown}", (engine.name, self.shown), supports)
        self.scheduler = Scheduler(self.crew.recognisers)

    def load(self) -> None:
        """Load the weights of all workers, at once."""
        with ThreadPoolExecutor(len(self.crew.recognisers)) as pool:
            list(pool.map(lambda one: one.load(), self.crew.recognisers))


class Work:
    """One request, in a thread of its own."""

    def __init__(
        self, served: Served, wanted: say.Transcribe, seat: Seat, put: Put, over: Callable[[int], object]
    ) -> None:
        self.served, self.wanted, self.seat = served, wanted, seat
        self.put, self.over = put, over
        self.spoken = answers.Spoken()
        self.stage = "reading"  # "preparing", "hearing": by which a failure is told

    def run(self) -> None:
        """Transcribe; the last message is an answer or a failure."""
        try:
            last: Any = self._transcribed()
        except Exception as error:  # the boundary of a request: the others go on
            last = self._failure(error)
        self.seat.cancel()  # clips of one that has failed in its middle
        self.over(self.wanted.number)
        self.put(last)

    def _transcribed(self) -> say.Answer:
        with closing(execute(jobs.plan(self._request()), self.seat)) as events:
            for event in events:
                match event:
                    case Probed(((_, seconds),)):
                        self.stage = "preparing"
                        self._check_length(seconds or 0.0)
                    case Loaded():
                        self.stage = "hearing"
                    case Recognised(segments=segments):
                        self.put(say.Heard(self.wanted.number, self.spoken.add(segments)))
                    case JobFailed(error=error):
                        raise error
                    case Done(transcript=transcript):
                        return self._answer(replace(transcript, model=self.served.shown))
        raise RuntimeError("a run without an end")

    def _answer(self, transcript: Transcript) -> say.Answer:
        wanted = self.wanted
        body = (
            answers.done(transcript, self.spoken.text)
            if wanted.stream
            else answers.body(transcript, wanted.format, wanted.with_segments, wanted.with_words)
        )
        return say.Answer(wanted.number, body, transcript.seconds)

    def _request(self) -> jobs.Request:
        wanted, name = self.wanted, answers.rendered(self.wanted.format)
        return jobs.Request(
            (Found(wanted.path),),
            engine=self.served.engine.name,
            model=self.served.model,
            options=wanted.options,
            formats=(name,) if name else (),
            vad=VadOptions() if wanted.vad else None,
            languages=wanted.languages,
            offline=True,  # a request has nothing downloaded
            queue_seconds=AHEAD,
            listen=self._listen,
        )

    def _listen(self, index: int, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """Count what is decoded: a file may claim to be shorter than it is."""
        seconds = 0.0
        for block in blocks:
            self.seat.check()
            self._check_length(seconds := seconds + len(block) / SAMPLE_RATE)
            yield block

    def _check_length(self, seconds: float) -> None:
        if seconds > self.served.most_seconds:
            raise TooLong(f"more than {self.served.most_seconds / 3600:g} hours of audio: send it in parts")

    def _failure(self, error: Exception) -> say.Failed:
        number = self.wanted.number
        text = cause(error).replace(self.wanted.path, "the file")
        match error:
            case TooLong():
                return say.Failed(number, 413, text, "audio_too_long")
            case Cancelled():
                return say.Failed(number, 499, text)
            case UsageError():
                return say.Failed(number, 400, text, "unsupported")
            case EngineUnavailable() | DeviceError() if self.stage != "hearing":  # an aligner that is not here
                return say.Failed(number, 400, text, "unsupported")
            case EngineUnavailable() | DeviceError():
                return say.Failed(number, 503, text, "engine_unavailable")
            case InputError() if self.stage == "reading":
                return say.Failed(number, 415, text, "not_audio")
            case AsrError():  # trying again would not help
                return say.Failed(number, 422, text, "not_transcribed")
        self.put(Said("".join(traceback.format_exception(error))))
        return say.Failed(number, 500, BUG, "bug")


if __name__ == "__main__":
    main()
