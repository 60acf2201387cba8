"""A week of made-up news, to look at what a digest is without a network."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from asrcli.digest.items import Item, Kind, Report, State
from asrcli.digest.run import Plan, make_day
from asrcli.digest.settings import Settings
from asrcli.digest.store import Store
from asrcli.digest.versions import Files
from asrcli.web.client import RecordedWeb

FIRST = date(2026, 4, 13)
DAYS = 7
# Title, what it is about, what it reaches. Nobody wrote these papers.
PAPERS = (
    (
        "Lark: Streaming Speech Recognition with a Look-Ahead of One Frame",
        "We present Lark, a streaming recogniser that looks ahead by a single frame of 40 ms.",
        "Lark reaches 5.1% WER on LibriSpeech test-other with 110M parameters, at a real-time factor of 0.04.",
    ),
    (
        "Code-Switching without Tags: Multilingual ASR for Three Scripts",
        "We train one multilingual model on 9,000 hours in 14 languages and give it no language tags.",
        "Our model reduces WER from 21.4% to 17.9% on code-switched calls.",
    ),
    (
        "Who Spoke When in a Classroom: Diarization of Children",
        "We introduce a corpus of 31 hours of classroom speech with turns of 214 children.",
        "Existing diarization systems miss every third turn of the youngest speakers.",
    ),
    (
        "A Thousand Hours of Dialect: Low-Resource Speech Recognition Revisited",
        "We study how much labelled speech a dialect needs when the standard language has plenty.",
        "We find that 40 hours close two thirds of the gap, and that more of the standard language does not help.",
    ),
    (
        "Listening Twice: Confidence for Speech Language Models",
        "We propose a second pass in which a speech language model marks the words that it did not hear.",
        "Our approach sets a new state of the art in confidence estimation for speech recognition.",
    ),
    (
        "Pocket Whisper: Quantisation to Four Bits on a Phone",
        "We describe a quantised Whisper that runs on telephones without a network.",
        "We observe a 0.4% WER degradation at four bits and none at eight.",
    ),
    (
        "Forced Alignment of Sung Text",
        "We build an aligner for singing from a CTC model of speech recognition and 60 hours of songs.",
        "Median boundary errors fall from 96 ms to 41 ms.",
    ),
)


def write_demo(out: Path, files: Files | None = None) -> list[str]:
    """Write the week into a folder, as `asr digest run` would; return its days."""
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    with closing(Store(out / "digest.sqlite")) as store:
        for number, day in enumerate(days):
            report = Report("arxiv", State.OK, "made up for the demonstration", tuple(news_of(number, day)))
            plan = Plan(out, day, RecordedWeb([]), Settings(title="A made-up week"), files=files or Files())
            make_day(plan, store, [report], {})
    return [day.isoformat() for day in days]


def news_of(number: int, day: date) -> list[Item]:
    """Return what is news on one day of the week."""
    found = []
    for place in range(2):
        title, did, came = (
            PAPERS[(2 * number + place) % len(PAPERS)] if place == 0 else PAPERS[(number + 3) % len(PAPERS)]
        )
        identity = f"9904.{10_000 + 2 * number + place}"
        text = (
            f"Recognisers are seldom tried on what people say. {did} {came} Code is at https://github.com/example/demo."
        )
        found.append(
            Item(
                f"arxiv:{identity}", Kind.PAPER, title if place == 0 else f"{title}, Once More", f"https://example.org/{identity}",
                "arxiv", text, ("Ada Example", "Ben Sample"), day.isoformat(), tags=("eess.AS",), announced="new",
            )
        )  # fmt: skip
    name = f"example/lark-{number + 1}-0.6b"
    tags = ("license:apache-2.0", "base_model:example/lark")
    signals = (("downloads", 120.0 * (number + 1)), ("likes", 7.0))
    url = f"https://example.org/{name}"
    found.append(
        Item(f"hf:{name}", Kind.MODEL, name, url, "hf", "", ("example",), day.isoformat(), tags=tags, signals=signals)
    )
    return found
