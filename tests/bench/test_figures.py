"""Figures, gauges and sounds, against numpy, known answers and fake counters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from asrcli.audio.vad import SpeechDetector, VadOptions
from asrcli.bench import figures, gauges, robustness, sounds, tables
from asrcli.bench import messages as say
from asrcli.bench.loaded import listen
from asrcli.bench.replay import drift, named
from asrcli.bench.sounds import music
from asrcli.bench.verdicts import front, told_apart, verdicts
from asrcli.capabilities import Stream, StreamUpdate
from asrcli.datasets.results import Measure, RunRecord, read_run, write_run
from asrcli.reports.labels import Box, place_names
from asrcli.reports.table import Grid, narrowed, needed
from asrcli.reports.terminal import Sheet
from asrcli.types import Options, Utterance

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def test_percentiles_are_numpys() -> None:
    choice = np.random.default_rng(5)
    for size in (1, 2, 7, 100):
        values = choice.exponential(size=size).tolist()
        for share in (0, 5, 50, 95, 99, 100):
            assert figures.percentile(values, share) == pytest.approx(np.percentile(values, share))


def test_names_in_a_plot_cover_neither_each_other_nor_a_point() -> None:
    chance = np.random.default_rng(3)
    frame = Box(0.0, 0.0, 900.0, 420.0)
    for _ in range(20):
        points = [(float(x), float(y)) for x, y in zip(*chance.normal((450, 210), (60, 30), (12, 2)).T, strict=True)]
        widths = [float(width) for width in chance.uniform(20, 120, 12)]
        boxes = [place.box for place in place_names(points, widths, 13.0, frame)]
        for at, box in enumerate(boxes):
            assert box.within(frame) and box.right - box.left == pytest.approx(widths[at])
            assert not any(box.meets(other) for other in boxes[:at])
            assert not any(box.left < x < box.right and box.top < y < box.bottom for x, y in points)
    lonely = place_names([(2.0, 2.0)], [5000.0], 13.0, frame)  # nowhere is room for it
    assert lonely[0].box.left > 2.0


def test_narrow_tables_lose_what_can_be_spared() -> None:
    grid = Grid("", ("system", "one", "two", "three"), (("a", "1", "22222", "3"),), spare=("two", "three", "gone"))
    assert needed(grid) == 6 + 3 + 5 + 5 + 4 * 3
    assert narrowed(grid, needed(grid)) == grid
    assert narrowed(grid, needed(grid) - 1).columns == ("system", "one", "three")
    assert narrowed(grid, 1).rows == (("a", "1"),)


def test_a_table_too_wide_for_the_terminal_goes_on_below_and_no_cell_is_broken() -> None:
    columns = ("system", *(f"figure {number}" for number in range(8)))
    rows = [("whisper:a-long-name-of-a-model", *(f"{number}.25" for number in range(8)))]
    console = Console(width=60, record=True, file=StringIO())
    console.print(Sheet(columns, rows, "Speed"))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert [line for line in lines if "Speed" in line] == [["Speed"]]
    found = [line for line in lines if line[:1] == [rows[0][0]]]
    assert len(found) > 1 and [cell for line in found for cell in line[1:]] == list(rows[0][1:])


def run_of(model: str, heard: str, started: str = "2026-11-21T10:00:00+00:00") -> RunRecord:
    utterances = tuple(Utterance(f"u{at}", "one two three four") for at in range(40))
    texts = tuple(heard if at % 3 else heard[: len(heard) // 2] for at in range(40))
    return RunRecord("e", utterances, texts, (1.0,) * 40, model, dataset="d", started=started)


def test_of_many_systems_the_best_is_held_against_the_others() -> None:
    runs = [
        run_of(name, text) for name, text in (("a", "one"), ("b", "one two three four"), ("c", "one two three four"))
    ]
    assert len(verdicts(runs)) == 3  # every pair
    said = verdicts([*runs, run_of("d", "one two")])
    assert said[0].startswith("e:b makes the fewest errors")
    assert said[1:] == ["as many errors: e:c", "significantly more: e:a, e:d"]


def test_names_that_many_runs_have_are_told_apart() -> None:
    runs = [run_of("x/small", ""), run_of("y/small", ""), run_of("z", "", "2026-11-21T10:00:01+00:00"), run_of("z", "")]
    names = [one.system for one in told_apart(runs)]
    assert names == ["e:x/small", "e:y/small", "e:z (2026-11-21T10:00:01)", "e:z (2026-11-21T10:00:00)"]
    assert [one.system for one in told_apart(runs[1:3])] == ["e:small", "e:z"]


def test_buckets_end_at_their_upper_bound() -> None:
    assert [figures.bucket(one) for one in (0.1, 5.0, 5.01, 30, 299, 3600)] == [
        *("0-5 s", "0-5 s", "5-15 s", "15-30 s", "60-300 s", "over 300 s"),
    ]


def test_speed_and_shares_of_known_times() -> None:
    rows = [(10.0, say.Transcribed("a", "x", 2.0, 0.5, 1.0)), (20.0, say.Transcribed("b", "x", 1.0, 0.25, 0.5))]
    found = {(one.name, one.condition): one.value for one in figures.in_turn(rows)}
    assert found["rtfx", "batch 1"] == 10.0
    assert found["file_rtfx_p50", ""] == pytest.approx(12.5)
    shares = [found[f"share_{part}", "batch 1"] for part in ("decode", "model", "rest")]
    assert shares == [0.25, 0.5, 0.25]


def test_the_best_batch_counts_decoding_and_says_what_did_not_fit() -> None:
    swept = [
        say.Batched(1, 1.0, (9.0, 10.0, 8.0), 100.0, 10),
        say.Batched(4, 1.0, (4.0, 3.0, 5.0), 100.0, 10, peak_rss=300 << 20, peak_gpu=7 << 20),
        say.Batched(8, 1.0, (), 100.0, 10, fits=False),
    ]
    found = {one.name: one for one in figures.sweep(swept)}
    assert found["rtfx_best"] == Measure("rtfx_best", 20.0, "x", "batch 4", 100 / 6, 25.0, 3)
    assert found["out_of_memory_at"].value == 8
    assert found["memory_peak"] == Measure("memory_peak", 300.0, "MiB", "batch 4, swept")
    assert found["gpu_memory_peak"] == Measure("gpu_memory_peak", 7.0, "MiB", "batch 4, swept")


def test_active_speech_does_not_depend_on_silence_and_gain() -> None:
    """ITU-T P.56: a steady tone is all active; silence behind speech changes the whole, and not what is active."""
    tone = np.sin(np.arange(5 * 16_000) * 2 * np.pi * 400 / 16_000).astype(np.float32)
    assert sounds.activity(tone) == pytest.approx(1.0, abs=0.02)
    assert sounds.activity(np.zeros(16_000, np.float32)) == 1.0
    half = np.concatenate([tone, np.zeros_like(tone)])
    assert sounds.activity(half) == pytest.approx(0.5, abs=0.04)  # and the hangover
    speech = sounds.read_samples(str(EXAMPLES / "garden-awb.wav"))
    share = sounds.activity(speech)
    assert 0.5 < share < 1.0 and sounds.activity(speech * 0.01) == pytest.approx(share)
    padded = np.concatenate([speech, np.zeros(3 * len(speech), np.float32)])
    assert 4 * sounds.activity(padded) == pytest.approx(share, rel=0.08)
    hat = speech.astype(np.float64)
    p = q = 0.0
    keep = np.exp(-1 / (16_000 * 0.03))
    for at, one in enumerate(np.abs(hat[:8000])):  # the filter as the recommendation writes it
        p = keep * p + (1 - keep) * one
        q = keep * q + (1 - keep) * p
        if at % 999 == 0:
            assert sounds.envelope(speech)[at] == pytest.approx(q, rel=1e-3, abs=1e-6)


def test_latency_spreads_between_repeats() -> None:
    times = [(2.0, 0.1), (2.0, 0.2), (10.0, 0.9)]
    repeats = [[(2.0, 0.1)], [(2.0, 0.3)]]
    found = {(one.name, one.condition): one for one in figures.latencies(times, repeats)}
    assert found["latency_p50", ""].value == 0.2
    assert (found["latency_p50", "0-5 s"].low, found["latency_p50", "0-5 s"].high) == (0.1, 0.3)
    assert found["latency_p50", "5-15 s"].low is None  # nothing of it was repeated
    assert found["latency_p50", "5-15 s"].count == 1


def test_a_table_of_latencies_has_no_column_for_repeats_that_were_not_made() -> None:
    times = [(2.0, 0.1), (2.0, 0.2), (10.0, 0.9)]
    run = RunRecord("fake", (), (), (), measures=tuple(figures.latencies(times, [])))
    grid = tables.latency([run])
    assert grid.columns[-1] == "p99" and "repeats" not in grid.note
    repeated = Measure("repeat_p50", 0.2, "s", low=0.1, high=0.3)
    grid = tables.latency([run, replace(run, measures=(*run.measures, repeated))])
    assert grid.columns[-1] == "p50 of repeats" and "of the repeats" in grid.note
    assert [bool(row[-1]) for row in grid.rows if row[1] == "all"] == [False, True]


class Recorder(Stream):
    """Says a word a second after one second, and settles each with the next piece."""

    def __init__(self) -> None:
        self.pieces = 0

    def accept(self, samples: object) -> StreamUpdate:
        self.pieces += 1
        settled = "word " if self.pieces > 2 else ""
        return StreamUpdate(settled, "word" if self.pieces > 1 else "")

    def finish(self) -> StreamUpdate:
        return StreamUpdate("end")


def test_a_stream_is_timed_on_the_clock_of_its_speaker() -> None:
    engine = SimpleNamespace(stream=lambda options: Recorder())
    found = listen(engine, "u", np.zeros(4 * 16_000, np.float32), 1.0, Options())  # type: ignore[arg-type]
    assert found.first == pytest.approx(2.0, abs=0.05)  # the second piece has been spoken at 2 s
    assert found.stable == pytest.approx(3.0, abs=0.05)
    assert found.after_end == pytest.approx(0.0, abs=0.05)
    assert found.text.split() == ["word", "word", "end"]


# Counters


class FakeNvml:
    """One GPU that takes 100 W more with every question."""

    class NVMLError(Exception):
        pass

    def __init__(self, *, energy: bool = True) -> None:
        self.energy, self.millijoules = energy, 1000

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetCount(self) -> int:
        return 1

    def nvmlDeviceGetHandleByIndex(self, at: int) -> int:
        return at

    def nvmlDeviceGetName(self, handle: int) -> bytes:
        return b"Fake GPU"

    def nvmlSystemGetDriverVersion(self) -> str:
        return "1.2"

    def nvmlDeviceGetPowerManagementLimit(self, handle: int) -> int:
        raise self.NVMLError

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:
        if not self.energy:
            raise self.NVMLError
        self.millijoules += 2000
        return self.millijoules

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(pid=os.getpid(), usedGpuMemory=7 * 2**20),
            SimpleNamespace(pid=-5, usedGpuMemory=2**30),
            SimpleNamespace(pid=os.getpid(), usedGpuMemory=None),
        ]


def test_gpu_counters_count_only_our_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())
    gpus = gauges.Gpus()
    assert (gpus.names(), gpus.driver(), gpus.power_limits()) == (["Fake GPU"], "1.2", None)
    assert gpus.memory({os.getpid()}) == 7 * 2**20
    assert gpus.memory({1}) is None  # the driver does not know it: no guess
    watch = gauges.Gauges(os.getpid(), gpus, gauges.Packages("/nowhere"))
    with watch.over() as readings:
        pass
    watch.close()
    assert readings[0].gpu_joules == 2.0
    assert readings[0].cpu_joules is None
    assert readings[0].gpu_memory == 7 * 2**20


def test_a_missing_counter_is_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(energy=False))
    assert gauges.Gpus().joules() is None
    monkeypatch.setitem(sys.modules, "pynvml", None)  # not installed
    gpus = gauges.Gpus()
    assert (gpus.joules(), gpus.memory({os.getpid()}), gpus.names(), gpus.driver()) == (None, None, [], None)
    ended = say.Ended(2.0, 1.0, 0)
    reading = gauges.Reading(2.0, None, None, None, None)
    found = {one.name: one.value for one in figures.resources(reading, ended, 3600.0, "batch 1", None)}
    assert found == {
        **dict.fromkeys(("memory_peak", "gpu_memory_peak", "torch_allocated", "torch_reserved")),
        **dict.fromkeys(("gpu_energy", "cpu_energy")),
        "cpu_load": 0.5,
    }


def test_energy_is_what_is_above_idle_per_hour_of_audio() -> None:
    reading = gauges.Reading(10.0, 2**20, 2 * 2**20, 1500.0, 40.0)
    found = {
        one.name: one.value
        for one in figures.resources(reading, say.Ended(10.0, 5.0, 3 * 2**20), 1800.0, "batch 1", idle=50.0)
    }
    assert found["gpu_energy"] == 2 * (1500 - 500)
    assert found["cpu_energy"] == 80
    assert found["memory_peak"] == 3  # the process's own count saw more than the readings


def test_cpu_energy_counters_may_run_over(tmp_path: Path) -> None:
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    (zone / "max_energy_range_uj").write_text("1000000")
    (zone / "energy_uj").write_text("900000")
    packages = gauges.Packages(str(tmp_path))
    assert packages.joules() == 0
    (zone / "energy_uj").write_text("100000")
    assert packages.joules() == pytest.approx(0.2)


def test_memory_of_a_whole_tree_is_counted() -> None:
    """With a child that holds 60 MB more than what is there before."""
    pytest.importorskip("psutil")
    code = "import sys; held = bytearray(60_000_000); print('ready', flush=True); sys.stdin.read()"
    before = gauges.tree_memory(os.getpid())
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        found = gauges.tree_memory(os.getpid())
        assert {os.getpid(), child.pid} <= set(gauges.tree_pids(os.getpid()))
        assert child.stdin is not None
        child.stdin.close()
    assert found is not None and before is not None and 50_000_000 < found - before < 120_000_000


# Sounds


@pytest.fixture
def spoken(digit_strings: list[tuple[Path, str]]) -> list[Utterance]:
    return [Utterance(path.stem, text, str(path)) for path, text in digit_strings[:4]]


def test_the_card_is_made_of_the_channel_that_is_transcribed(tmp_path: Path) -> None:
    """By two waves whose samples are known: of an utterance in the second channel the first is not heard."""
    waves = np.random.default_rng(0).integers(-8000, 8000, (16_000, 2), dtype=np.int16)
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        file.writeframes(waves.tobytes())
    one = Utterance("call", "hello", str(tmp_path / "call.wav"), fields=(("channel", "1"),))
    clean = next(robustness.conditions([one], tmp_path / "card", seed=0))
    heard = sounds.read_samples(clean.utterances[0].audio or "")
    assert np.allclose(heard, waves[:, 1] / 32768, atol=1e-4)


@pytest.mark.slow
def test_signal_to_noise_ratios_hold_in_the_file_that_is_heard(spoken: list[Utterance], tmp_path: Path) -> None:
    """Within 0.1 dB, from the files alone: quiet recordings are not turned down, so the rest of a mix is its noise."""
    soft = []
    for one in spoken:
        path = sounds.write_samples(tmp_path / f"{one.id}.wav", 0.1 * sounds.read_samples(one.audio or ""))
        soft.append(Utterance(one.id, one.text, str(path)))
    checked = 0
    for condition in robustness.conditions(soft, tmp_path / "card", seed=3):
        if "dB" not in condition.name:
            continue
        for one, clean in zip(condition.utterances, soft, strict=True):
            speech = sounds.read_samples(clean.audio or "").astype(np.float64)
            mixed = sounds.read_samples(one.audio or "").astype(np.float64)
            measured = 10 * np.log10(np.mean(speech**2) / np.mean((mixed - speech) ** 2))
            assert measured == pytest.approx(float(condition.name.split()[-2]), abs=0.1), condition.name
            checked += 1
    assert checked == 11 * len(spoken)


def test_a_mix_has_exactly_the_ratio_asked_for() -> None:
    choice = np.random.default_rng(1)
    speech = (0.3 * choice.standard_normal(16_000)).astype(np.float32)
    noise = choice.standard_normal(16_000).astype(np.float32)
    for ratio in (30, 0, -10):
        mixed = sounds.mix(speech, noise, ratio).astype(np.float64)
        (gain, level), *_ = np.linalg.lstsq(np.stack([speech, noise], 1).astype(np.float64), mixed, rcond=None)
        measured = 10 * np.log10(np.mean((gain * speech) ** 2) / np.mean((level * noise) ** 2))
        assert measured == pytest.approx(ratio, abs=0.001)
        assert np.abs(mixed).max() <= 0.991


@pytest.mark.slow
def test_the_card_is_the_same_for_the_same_seed(spoken: list[Utterance], tmp_path: Path) -> None:
    def bytes_of(folder: str, seed: int) -> dict[str, bytes]:
        made = robustness.conditions(spoken[:1], tmp_path / folder, seed)
        return {one.id: Path(one.audio or "").read_bytes() for each in made for one in each.utterances}

    first = bytes_of("a", 1)
    assert first == bytes_of("b", 1)
    other = bytes_of("c", 2)
    changed = {name.partition("@")[2] for name in first if first[name] != other[name]}
    assert {"white noise 0 dB", "music 0 dB", "noise", "hum", "clicks", "instruments"} <= changed
    assert not changed & {"clean", "telephone band", "silence"}


def test_the_telephone_band_and_the_lengths(spoken: list[Utterance], tmp_path: Path) -> None:
    time = np.arange(16_000) / 16_000
    for hertz, decibels in ((100, -57), (300, -3), (1000, 0), (3400, -3), (6800, -36)):
        tone = (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
        found = 10 * np.log10(sounds.power(sounds.telephone(tone)) / sounds.power(tone))
        assert found == pytest.approx(decibels, abs=0.5), hertz
    made = {one.name: one for one in robustness.conditions(spoken, tmp_path, 0)}
    joined = made["5 s long"].utterances[0]
    assert joined.seconds is not None and joined.seconds >= 5
    assert joined.text.split()[: len(spoken[0].text.split())] == spoken[0].text.split()


def test_music_has_the_notes_of_its_chords_and_no_speech() -> None:
    seconds, rate = 8, 16_000
    found = music(seconds * rate, 3)
    assert len(found) == seconds * rate and np.isfinite(found).all() and np.abs(found).max() > 0.1
    chance = np.random.default_rng(3)
    beat = round(rate * 60 / chance.uniform(80.0, 130.0))
    key = 110.0 * 2 ** (int(chance.integers(12)) / 12)
    bar = found[: 4 * beat] * np.hanning(4 * beat)
    spectrum = np.abs(np.fft.rfft(bar, 1 << 18))

    def loudness(hertz: float) -> float:
        at = round(hertz * (1 << 18) / rate)
        return float(spectrum[at - 8 : at + 9].max())

    for step in (0, 4, 7):  # the first chord is major; a quarter tone beside its notes there is little
        assert loudness(key * 2 ** (step / 12)) > 3 * loudness(key * 2 ** ((step + 0.5) / 12))
    detector = SpeechDetector(VadOptions(), keep_seconds=1.0)
    scaled = (found * 0.05 / np.sqrt(np.mean(found**2))).astype(np.float32)
    assert [*detector.feed(scaled), *detector.finish()] == []


def test_codecs_keep_length_and_change_the_sound(spoken: list[Utterance], tmp_path: Path) -> None:
    samples = sounds.read_samples(spoken[0].audio or "")
    heard = 0
    for codec in sounds.CODECS:
        encoder = sounds.encoder_of(codec)
        if encoder is None:
            continue
        heard += 1
        back = sounds.read_samples(str(sounds.encode(samples, tmp_path / f"{heard}{codec.suffix}", codec, encoder)))
        assert len(back) == pytest.approx(len(samples), abs=0.05 * 16_000), codec.name
        size = min(len(back), len(samples))
        spectra = [np.abs(np.fft.rfft(one[:size]))[: size // 5] for one in (back, samples)]
        likeness = np.corrcoef(*spectra)[0, 1]
        assert 0.5 < likeness < 0.99999, codec.name
    assert heard >= 3


# Records


def record(name: str, wer: float, rtfx: float, **facts: str) -> RunRecord:
    measures = (Measure("wer", wer, "errors/word"), Measure("rtfx", rtfx, "x", "batch 1", rtfx * 0.99, rtfx * 1.01))
    known = (Utterance("u1", "a", "/a.wav"), Utterance("u2", "b", "/b.wav"))
    return RunRecord(name, known, ("a", "b"), (0.1, 0.2), facts=tuple(facts.items()), measures=measures)


def test_the_card_of_an_engine_has_the_memory_of_the_table() -> None:
    """It had that of single utterances beside the speed of batches."""
    from asrcli.bench.reports import card

    measures = (
        Measure("rtfx", 3.0, "x", "batch 1"), Measure("rtfx_best", 9.0, "x", "batch 8"),
        Measure("memory_peak", 1234.0, "MiB", "batch 1"), Measure("memory_peak", 5678.0, "MiB", "batches"),
    )  # fmt: skip
    run = RunRecord("fake", (), (), (), measures=measures)
    shown = tables.batch_of(run), tables.part_of_best(run)
    assert shown == ("8", "batches") and "5,678 MiB" in card([run], 0)


def test_the_front_is_made_of_what_nothing_else_beats() -> None:
    runs = [record("slow", 0.05, 10), record("fast", 0.2, 1000), record("worse", 0.3, 900), record("same", 0.05, 10)]
    assert [runs[at].engine for at in front(runs)] == ["slow", "same", "fast"]


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    whole = record("e", 0.1, 5, machine="m")
    write_run(whole, tmp_path / "r.jsonl")
    again = read_run(tmp_path / "r.jsonl")
    assert (again.measures, again.facts, again.hypotheses, again.times) == (
        *(whole.measures, whole.facts, whole.hypotheses, whole.times),
    )
    write_run(again, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text() == (tmp_path / "r.jsonl").read_text()


def test_drift_names_what_differs() -> None:
    from dataclasses import replace

    before = record("e", 0.1, 5, dataset_sha256="1", python="3.11", command="x")
    assert drift(before, replace(before, facts=(*before.facts, ("command", "y")))).sentences() == []
    after = replace(
        record("e", 0.1, 9, dataset_sha256="1", python="3.12", command="y"), hypotheses=("a", "c"), revision="abc"
    )
    found = drift(before, after)
    assert not found.same
    assert found.texts == ("u2",)
    assert found.around == ("python was 3.11, is 3.12", "revision of the weights was None, is abc")
    assert found.speed == ("rtfx (batch 1) was 5 x, is 9 x",)
    assert drift(before, replace(before, facts=(("dataset_sha256", "2"),))).dataset


def test_a_recogniser_adds_up_what_its_engine_takes() -> None:
    from asrcli.engine import Device, Weights, load_class
    from asrcli.engines.recogniser import Choice, LocalRecogniser

    recogniser = LocalRecogniser(Choice(load_class("fake"), Weights("sleep=0.05", None), Device()))
    assert recogniser.busy == 0.0
    recogniser.transcribe([], Options())
    assert recogniser.busy >= 0.05


def test_every_address_and_path_of_a_record_is_shown_before_it_is_replayed() -> None:
    said = {
        "dataset": {"name": "/home/somebody/talks", "sample": None},
        "engine": "openai_server:http://203.0.113.9/v1#m",
        "options": {"engine_options": [["config", "../x"]], "language": "en"},
    }
    record = SimpleNamespace(fact=lambda name: json.dumps(said))
    assert named(record) == [  # type: ignore[arg-type]
        "dataset.name: /home/somebody/talks",
        "engine: openai_server:http://203.0.113.9/v1#m",
        "options.engine_options: ../x",
    ]
