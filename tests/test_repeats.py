"""Tests of the benchmarks that hear recordings several times: what sounds the same, errors, intervals and rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asrcli.bench.sounds import read_samples, write_samples
from asrcli.types import SAMPLE_RATE
from benchmarks import accuracy, copies
from benchmarks.repeats import SHIFT, Scores, rounded, write_rounded

TEXTS = ["north south east west up down left right near far over", "red green blue", *["cats dogs"] * 4]


def test_other_roundings_are_the_same_sound_moved_by_10_ms_at_most() -> None:
    sound = 0.1 * np.random.default_rng(5).standard_normal(SAMPLE_RATE).astype(np.float32)
    most = round(SHIFT * SAMPLE_RATE)
    assert rounded(sound, 0) is sound
    shifts = set()
    for number in range(1, 12):
        other = rounded(sound, number)
        assert np.array_equal(other, rounded(sound, number))
        inside = sound[2 * most : -2 * most]
        likeness = np.correlate(other[: len(inside) + 4 * most], inside)
        shift = int(likeness.argmax()) - 2 * most
        beside = other[2 * most + shift :][: len(inside)] - inside
        assert abs(shift) == abs(len(other) - len(sound)) <= most
        assert 20 * np.log10(beside.std()) == pytest.approx(-80, abs=0.3)
        shifts.add(shift)
    assert len(shifts) > 6 and min(shifts) < 0 < max(shifts)


def test_each_time_all_recordings_are_written_once(tmp_path: Path) -> None:
    sounds = [np.full(SAMPLE_RATE, level, np.float32) for level in (0.1, 0.2)]
    originals = [write_samples(tmp_path / f"{name}.wav", sound) for name, sound in zip("ab", sounds, strict=True)]
    written = write_rounded(tmp_path / "out", originals, 3)
    assert [path.stem for path in written] == ["a-0", "b-0", "a-1", "b-1", "a-2", "b-2"]
    levels = [float(np.median(read_samples(str(path)))) for path in written]
    assert levels == pytest.approx([0.1, 0.2] * 3, abs=1e-4)


def heard(*changes: tuple[str, str]) -> list[list[str]]:
    """Return what a system wrote in each hearing, with one word of it changed."""
    return [[text.replace(*change) for text in TEXTS] for change in changes]


def test_errors_are_means_over_hearings_and_intervals_rest_on_stretches() -> None:
    systems = [heard(("north ", "forth "), ("", "")), heard(("dogs", "cat"), ("dogs", "cat"))]
    scores = Scores.of(str.split, systems, TEXTS)
    assert scores.words == 22 and scores.totals.tolist() == [[1, 0], [4, 4]]
    assert scores.spread.units == 7, "ten words of the first text and the last one, and five more"
    assert scores.spread.rates.tolist() == pytest.approx([0.5 / 22, 4 / 22])
    assert scores.rate(1).startswith("18.2 (") and scores.minus(0, 1).startswith("-15.9 (")
    same = Scores.of(str.split, [systems[0], list(reversed(systems[0]))], TEXTS)
    assert same.minus(0, 1).startswith("+0.0 (-"), "which hearing it was is of no account"
    assert Scores.of(str.split, [[TEXTS[:2]]], TEXTS[:2]).rate(0) == "0.0 (too few)"


def test_a_table_holds_bare_systems_against_asr_with_the_same_weights(capsys: pytest.CaptureFixture[str]) -> None:
    ours, bare = accuracy.SYSTEMS[:2]
    accuracy.show({ours: (heard(("", "")), 2.0), bare: (heard(("dogs", "cat")), 3.0)}, {ours.name: ""}, TEXTS)
    first, second = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[4:6]]
    assert first[:3] == [ours.name, "0.0", "0 to 0"] and first[-2:] == ["", "2.0"]
    assert second[:3] == [bare.name, "4.0", "4 to 4"] and second[5].startswith("-18.2 (") and second[6] == "3.0"


@pytest.mark.slow
def test_the_copies_have_a_difference_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {
        write_samples(tmp_path / f"{number}.wav", np.zeros(800, np.float32)): text for number, text in enumerate(TEXTS)
    }
    monkeypatch.setattr(copies, "english", lambda: paths)
    monkeypatch.setattr(copies, "mandarin", dict)

    def hear(system: accuracy.System, files: list[Path]) -> tuple[list[str], float]:
        return heard(("dogs", "cat") if system.bare else ("", ""))[0], 1.25

    monkeypatch.setattr(accuracy.System, "hear", hear)
    copies.main()
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[4:]]
    assert [row[0] for row in rows] == [
        f"{who}, {what}, English" for what in ("base", "tiny.en") for who in copies.HOWS
    ]
    assert rows[0][1:9] == ["22", "0", "0", "0", "0", "0", "0", "0.0 (0.0 to 27.2)"] and rows[0][-1] == "6"
    assert rows[1][2:8] == ["4", "4", "4", "4", "4", "20"] and rows[1][9].startswith("-18.2 (")
