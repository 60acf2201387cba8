"""One command measures every installed engine on spoken digits; then the runs are compared, plotted and placed."""

from __future__ import annotations

import json
import random
import wave
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from support.command import Run
from support.server import hearing, serving

from asrcli.capabilities import implementation
from asrcli.datasets.results import RunRecord, read_run
from asrcli.engine import Device, Weights, installed, load_class
from asrcli.leaderboard.snapshot import load

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # NeMo's, where its tiny models are built

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
QUICK = ("--repeats", "1", "--speed-sample", "2", "--batches", "1,2", "--threads", "1")


@dataclass(frozen=True)
class Contestant:
    """What is given to ``--engine``, what it is called then, and the most errors it may make."""

    engine: str
    system: str
    most: float = 0.15  # of the words; what it makes is in the README of the checkpoints


def contestants(folders: list[Path], place: Path, server: str) -> Iterator[Contestant]:
    """Yield every engine that can be measured here, on its tiny trained models."""
    yield Contestant("fake", "fake", 99)
    yield Contestant("pocketsphinx", "pocketsphinx:en-us", 99)  # knows all words of English, and few of these voices
    if not load_class("moonshine").missing():
        yield Contestant("moonshine:tiny-en", "moonshine:tiny-en", 99)  # as much; its package brings the weights
    yield Contestant(f"openai_server:{server}#tiny", f"openai_server:{server.partition('://')[2]}#tiny")
    for path in {path.name: path for folder in folders for path in sorted(folder.glob("*-digits*"))}.values():
        name = path.name.partition("-")[0]
        if "aligner" in path.name or path.name == "whisper-digits":  # which is what the conversion is tested with
            continue
        engine = {"parakeet": "transformers", "firered2": "firered"}.get(name, name)
        if load_class(engine).missing():
            continue
        for backend in getattr(load_class(engine), "backends", ("",)):
            at = f"@{backend}" if backend else ""
            if (
                not implementation(load_class(engine), backend or None)
                .for_weights(Weights(path.name, str(path)))
                .missing()
            ):
                yield Contestant(f"{engine}{at}:{path}", f"{engine}{at}:{path.name}")
    if not load_class("nemo").missing():
        from nemo_engine.tiny import transducer

        yield Contestant(f"nemo:{transducer(place)}", "nemo:tdt.nemo", 99)  # random weights: it runs, and hears nothing


@pytest.fixture(scope="module")
def server(checkpoints: Path) -> Iterator[str]:
    """Return the address of a server with a real recogniser inside."""
    name = "whisper-digits-ct2"
    whisper = load_class("whisper")(Weights(name, str(checkpoints / name)), Device(threads=1))
    with ExitStack() as stack:
        yield stack.enter_context(serving(hearing(whisper))).url


def human_strings(recordings: Path, folder: Path, count: int) -> Path:
    """Write strings of three to six digits of one human speaker each, from takes that no checkpoint was trained on."""
    chance = random.Random(7)
    speakers = sorted({path.name.split("_")[1] for path in recordings.glob("*.wav")})
    for number in range(count):
        speaker, said = speakers[number % len(speakers)], chance.choices(range(10), k=chance.randint(3, 6))
        parts = [np.zeros(1600, "<i2")]
        for digit in said:
            with wave.open(str(recordings / f"{digit}_{speaker}_{chance.choice((3, 4))}.wav")) as take:
                assert (take.getframerate(), take.getsampwidth(), take.getnchannels()) == (8000, 2, 1)
                parts.append(np.frombuffer(take.readframes(take.getnframes()), "<i2"))
            parts.append(np.zeros(chance.randint(800, 2000), "<i2"))
        path = folder / speaker / f"string{number:02}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(np.concatenate(parts).tobytes())
        path.with_suffix(".txt").write_text(" ".join(DIGITS[digit] for digit in said) + "\n")
    return folder


class Page(HTMLParser):
    """The texts and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def check_record(record: RunRecord, most: float) -> None:
    """Check that a run has every figure that this machine can have, and no other."""
    found = {(one.name, one.condition): one.value for one in record.measures}
    assert all(text is not None for text in record.hypotheses), record.system
    rate = found["wer", ""]
    assert rate is not None and rate <= most, (record.system, record.hypotheses)
    for name in ("import", "load", "first_result", "cold_start", "latency_p50", "latency_p95", "latency_p99"):
        value = found[name, ""]
        assert value is not None and 0 <= value < 300, (record.system, name)
    assert (found["rtfx", "batch 1"] or 0) > 0 and (found["memory_peak", "batch 1"] or 0) > 20, record.system
    assert any(name == "rtfx_best" for name, _ in found), record.system
    if record.fact("device").startswith("cpu"):
        assert found["torch_allocated", "batch 1"] is None, "a counter that is not there is blank"
    if not record.fact("gpu"):
        assert found["gpu_memory_peak", "batch 1"] is None and found["gpu_energy", "batch 1"] is None


def check_whole_run(asr: Run, folder: Path, dataset: Path, chosen: list[Contestant]) -> None:
    """Measure, compare, plot and place in the folder that ``asr`` runs in; check what each says about every engine."""
    systems = [one.system for one in chosen]
    named = [word for one in chosen for word in ("-e", one.engine)]
    done = asr(
        *("bench", dataset, *named, *QUICK, "--out", "runs"),
        *("--json", "report.json", "--html", "report.html", "--plot", "plot.svg"),
        timeout=1500,
    )
    assert done.code == 0, done.err[-3000:]
    data = json.loads((folder / "report.json").read_text())
    assert [run["system"] for run in data["runs"]] == systems
    records = [read_run(folder / run["record"]) for run in data["runs"]]
    for one, record in zip(chosen, records, strict=True):
        check_record(record, one.most)
        said = [line for line in done.err.splitlines() if line.startswith(f"asr: {one.system}: ")]
        assert 4 <= len(said) <= 12, said  # a line for every part of the work, though nobody looks on
    page = Page((folder / "report.html").read_text())
    xml.parse(folder / "plot.svg")
    plot = (folder / "plot.svg").read_text()  # where texts are texts
    for system in systems:
        assert system in done.out.replace("\n", "") or len(system) > 40
        assert page.text.count(system) > 3 and f"{system}</text>" in plot, system
    assert "script" not in page.tags and page.tags.count("circle") == len(systems)

    paths = [folder / run["record"] for run in data["runs"]]
    done = asr("compare", paths[0], *paths, "--json", "compared.json", "--html", "compared.html", "-q")
    assert done.code == 0, done.err
    compared = json.loads((folder / "compared.json").read_text())["systems"]
    rates = [record.measure("wer") for record in records]
    assert [one["wer"] for one in compared] == [pytest.approx(rate.value) for rate in rates if rate]

    done = asr("leaderboard", "--add", "runs", "--html", "board.html", "--json", "-", "--top", 0)
    assert done.code == 0, done.err
    placed = json.loads(done.out)
    assert sorted(run["model"] for run in placed["runs"]) == sorted(systems)
    assert len(placed["rows"]) == len(load("english").rows) + len(systems)
    assert all(any("NOT comparable" in line for line in run["comparisons"]) for run in placed["runs"])
    assert all(system in (folder / "board.html").read_text() for system in systems)


@pytest.mark.timeout(1800)
def test_every_engine_on_flite_strings(
    asr: Run, tmp_path: Path, checkpoints: Path, digit_strings: list[tuple[Path, str]], server: str
) -> None:
    for path, text in digit_strings[:6]:
        (tmp_path / "digits").mkdir(exist_ok=True)
        (tmp_path / "digits" / path.name).write_bytes(path.read_bytes())
        (tmp_path / "digits" / path.name).with_suffix(".txt").write_text(text)
    chosen = list(contestants([checkpoints], tmp_path / "nemo", server))
    check_whole_run(asr, tmp_path, tmp_path / "digits", chosen)


@pytest.mark.timeout(1800)
def test_every_engine_on_human_strings(asr: Run, tmp_path: Path, checkpoints: Path, shared: Path, server: str) -> None:
    strings = human_strings(shared / "fsdd/recordings", tmp_path / "fsdd", 12)
    chosen = list(contestants([shared / "checkpoints", checkpoints], tmp_path / "nemo", server))
    assert {"firered:firered-aed-digits", "qwen3:qwen3-asr-digits-original"} <= {one.system for one in chosen}
    check_whole_run(asr, tmp_path, strings, chosen)


def test_every_engine_is_among_them(checkpoints: Path, tmp_path: Path, server: str) -> None:
    """An engine that is added gets a tiny model here, or is named as one that has none."""
    measured = {one.engine.partition(":")[0].partition("@")[0] for one in contestants([checkpoints], tmp_path, server)}
    assert {name for name in installed() if not load_class(name).missing()} - measured <= {"example"}
