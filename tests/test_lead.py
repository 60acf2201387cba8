"""How much of a shared folder a run begins ahead of its engine, and that it never waits for itself."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from asr_plugins.fake import Fake
from support.command import write_silence

from asrcli.audio.cut import CutOptions
from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.pipeline.batches import Closed, SecondsQueue
from asrcli.pipeline.events import Failed, Finished
from asrcli.pipeline.lead import Lead, limit
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings
from asrcli.types import Options, Recording

WAIT = 60.0  # seconds, after which a test has failed
CUT = CutOptions(max_seconds=1.0, vad=None)


class Decoders:
    """Recordings of a minute each that are begun in order, each by a thread that only waits for its turn."""

    def __init__(self, limit: float) -> None:
        self.queue: SecondsQueue[str] = SecondsQueue(1800.0)
        self.held = 0.0  # seconds that have left the queue
        self.lead = Lead(self.queue, limit, lambda: self.held)
        self.begun: list[int] = []
        self.thread = threading.Thread(target=self.begin_all, daemon=True)
        self.thread.start()

    def begin_all(self) -> None:
        try:
            for number in range(10):
                self.lead.begin(number, Recording("a.wav", seconds=60.0))
                with self.queue.changed:
                    self.begun.append(number)
                    self.queue.changed.notify_all()
        except Closed:
            self.begun.append(-1)

    def wait_for(self, count: int) -> bool:
        with self.queue.changed:
            return self.queue.changed.wait_for(lambda: len(self.begun) >= count, WAIT)


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    one = Decoders(120.0)
    yield one
    one.queue.close()
    one.thread.join(WAIT)
    assert not one.thread.is_alive() and one.begun[-1] in (-1, 9)


def test_no_more_is_begun_than_the_limit_and_one_more_for_who_has_nothing_to_do(decoders: Decoders) -> None:
    assert decoders.wait_for(2)
    with decoders.queue.changed:
        decoders.lead.ask(hungry=False)
        assert decoders.begun == [0, 1], "two minutes wait"
        decoders.lead.ask(hungry=True)
    assert decoders.wait_for(3)
    with decoders.queue.changed:
        assert decoders.begun == [0, 1, 2]
        for number in (0, 1, 2):  # decoded, all of it in the queue or with those who choose batches
            decoders.lead.end(number)
        decoders.held = 90.0
        decoders.queue.put("clip", 40.0)
        decoders.lead.ask(hungry=False)
        assert decoders.begun == [0, 1, 2], "130 s wait"
        decoders.held = 50.0  # a call has begun
        decoders.lead.ask(hungry=False)
    assert decoders.wait_for(4)


def test_nobody_is_woken_where_no_decoder_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recognisers that have nothing to do ask before they sleep, and would wake each other for ever."""
    queue: SecondsQueue[str] = SecondsQueue(1.0)
    lead = Lead(queue, 120.0, float)
    monkeypatch.setattr(queue.changed, "notify_all", lambda: pytest.fail("woken"))
    with queue.changed:
        for hungry in (False, True, False):
            lead.ask(hungry)


def test_the_limit_is_two_batches_where_others_share_the_work() -> None:
    assert limit(Settings(cut=CUT), 240.0, 2) == float("inf")
    assert limit(Settings(cut=CUT, shared=True), 30.0, 2) == 120.0
    assert limit(Settings(cut=CUT, shared=True, batch_size=2), 30.0, 2) == 8.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(9))
def test_runs_of_every_shape_come_to_their_end(tmp_path: Path, seed: int) -> None:
    """What fails, is not there, is empty or longer than said, with any batches, decoders and recognisers."""
    chance = random.Random(seed)
    paths = [
        str(write_silence(tmp_path / f"{'bad' if number % 5 == 3 else 'ok'}-{number}.wav", seconds))
        for number, seconds in enumerate((0.05, 0.3, 1.0, 2.5, 5.0, 9.0) * 3)
    ]
    (tmp_path / "broken.wav").write_bytes(b"RIFFxxxx")
    paths += [str(tmp_path / "broken.wav"), str(tmp_path / "missing.wav")]
    for _ in range(15):
        options = Options(language=chance.choice([None, "en"]), seed=chance.choice([None, None, 3]))
        recordings = [
            Recording(path, seconds=chance.choice([None, 2.0]), end=chance.choice([None, 1.5]))
            for path in chance.sample(paths, chance.randint(1, len(paths)))
        ]
        choice = Choice(Fake, Weights(chance.choice(["default", "fail=bad"]), None), Device())
        recognisers = [LocalRecogniser(choice) for _ in range(1 if options.seed else chance.randint(1, 3))]
        settings = Settings(
            cut=CUT,
            batch_size=chance.choice([1, 2, 64]),
            batch_seconds=chance.choice([None, 0.5, 3.0]),
            decode_threads=chance.choice([1, 2, 8]),
            queue_seconds=chance.choice([0.5, 4.0, 1800.0]),
            shared=True,
        )
        events = run(recordings, recognisers, options, settings)
        ends = [event.index for event in events if isinstance(event, Finished | Failed)]
        assert sorted(ends) == list(range(len(recordings)))
