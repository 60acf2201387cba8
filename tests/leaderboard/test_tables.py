"""The tables that come with asr, against what they were read from; damaged files; defects and ranks."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaderboard.conftest import PROTOCOL, make_row, make_table

from asrcli.errors import InputError, UsageError
from asrcli.leaderboard.defects import Fault, find_defects
from asrcli.leaderboard.ranking import arrange, front, ranks
from asrcli.leaderboard.snapshot import keep, load, newest, read, render, shipped_folder, versions
from asrcli.leaderboard.tables import Kind, Table, set_name
from asrcli.leaderboard.terminal import reductions
from asrcli.leaderboard.view import View
from asrcli.reports.blocks import two_digits

PRIMARY = {"en_short": "english", "en_long": "long-form", "multilingual": "multilingual"}
QUOTED = {
    "en_short_2026-10-02": "english-quoted",
    "en_short_2026-07-24": "english-quoted-july",
    "en_short_2026-09-19_default_view": "english-quoted-space",
    "en_short_2026-09-19_top3_per_set": "english-quoted-top3",
    "en_short_2026-09-04_ls_clean": "english-quoted-clean",
    "en_short_secondary": "english-quoted-sites",
}


def number(text: str) -> float | None:
    return float(text) if text else None


# ---- the numbers


def test_every_cell_is_that_of_the_source(shared: Path) -> None:
    lines: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (shared / "leaderboard/open_asr_leaderboard_2026-03-26.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            lines[line["track"]].append(line)
    assert set(lines) == {*PRIMARY, *QUOTED}
    cells = 0
    for track, name in {**PRIMARY, **QUOTED}.items():
        table = load(name)
        rows = {row.model: row for row in table.rows}
        assert rows.keys() == {line["model"] for line in lines[track]}
        assert len(rows) == len(table.rows)
        rates: dict[str, dict[str, float]] = defaultdict(dict)
        for line in lines[track]:
            row = rows[line["model"]]
            assert (row.average, row.rtfx, row.parameters) == tuple(
                number(line[key]) for key in ("avg_wer", "rtfx", "params_b")
            )
            assert (row.licence, row.source, row.day) == (line["license_class"], line["source"], line["snapshot_date"])
            assert row.kind is (Kind.PUBLISHED if track in PRIMARY else Kind.SECOND_HAND)
            if line["wer"] and line["dataset"]:
                rates[row.model][set_name(line["dataset"])] = float(line["wer"])
                cells += 1
        assert {model: row.rates for model, row in rows.items()} == {model: rates[model] for model in rows}
    assert cells == 1210 + 24 + 3 + 2  # 82 second-hand rows, most of them averages alone


def markdown_tables(text: str) -> list[list[list[str]]]:
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[[cell.strip(" *") for cell in line.strip()[1:-1].split("|")] for line in b.splitlines()] for b in blocks]


def section(shared: Path, page: str, start: str) -> list[list[str]]:
    text = (shared / "research" / page).read_text().partition(start)[2]
    return [row for row in markdown_tables(text)[0] if not set("".join(row)) <= set("-:")]


def numbers_of(cells: list[str]) -> list[float]:
    """Return what stands in cells like ``1.63/3.38`` and ``4.50 (sic)``."""
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?(?=[\s/,*]|$)", " ".join(cells).replace("(sic)", ""))]


def test_self_reported_tables_are_those_of_the_reports(shared: Path) -> None:
    """Column by column: all numbers of a model in the report, in its order, are those of its rows here."""
    rows = section(shared, "qwen3-asr.md", "### 4.3")
    models = ("Qwen/Qwen3-ASR-0.6B", "Qwen/Qwen3-ASR-1.7B", "openai/whisper-large-v3", "openai/gpt-4o-transcribe")
    names = [f"qwen3-asr-{part}" for part in ("english", "chinese", "multilingual", "streaming")]
    for column, model in enumerate((*models, "google/gemini-2.5-pro"), 1):
        cells = [row[column] for row in rows[1:] if column < len(row) and not row[0].startswith("language-ID")]
        told = numbers_of(cells)
        mine = [rate for name in names for row in load(name).rows if row.model == model for rate in row.rates.values()]
        assert sorted(mine) == sorted(told), model
    for start, name, skipped in (("### 10.1", "firered-mandarin", 2), ("### 10.5", "firered2", 2)):
        rows = section(shared, "firered-asr.md", start)
        table = load(name)
        if name == "firered2":  # a row per test set there, a row per model here
            averages, *rows = [row for row in rows[1:] if row[0].isdigit() or row[1] == "average 1-24"]
            assert [row.average for row in table.rows] == [float(cell) for cell in averages[2:]]
            told = [[float(row[place]) for row in rows] for place in range(2, 8)]
        else:
            told = [[float(cell) for cell in row[skipped:-1]] for row in rows[1:]]
            assert [row.average for row in table.rows] == [float(row[-1]) for row in rows[1:]]
        assert [list(row.rates.values()) for row in table.rows] == told
        assert {row.kind for row in table.rows} == {Kind.SELF_REPORTED}
    singing = section(shared, "firered-asr.md", "### 10.3")
    told = [[float(row[1]), float(row[3])] for row in singing[1:]]
    assert [list(row.rates.values()) for row in load("firered-singing").rows] == told
    scaling = section(shared, "firered-asr.md", "### 10.2")
    told = [[float(cell) for row in scaling[1:] for cell in row[1:]]]
    assert [[row.average for row in load("firered-scaling").rows]] == told


def test_every_row_has_source_day_and_protocol() -> None:
    for version in versions():
        assert version.shipped
        table = read(version.path)
        assert render(table) == version.path.read_text("utf-8")
        for row in table.rows:
            assert row.source and re.fullmatch(r"\d{4}-\d\d-\d\d", row.day) and row.protocol.name
            assert row.kind is table.kind
            assert set(row.rates) <= {one.name for one in table.sets}


# ---- what is wrong with them


def defects(name: str) -> dict[tuple[Fault, str], str]:
    return {(one.fault, one.model or one.text.split()[1]): one.text for one in find_defects(load(name))}


def test_the_known_defects_are_found() -> None:
    """Those of the snapshot's own description: two averages, one fragile order, narrow gaps, a flattered winner."""
    found = defects("english")
    wrong = {model: text for (fault, model), text in found.items() if fault is Fault.AVERAGE}
    assert set(wrong) == {"nvidia/canary-180m-flash", "efficient-speech/lite-whisper-large-v3-turbo-acc"}
    assert "7.12, its 8 columns give 6.94" in wrong["nvidia/canary-180m-flash"]
    assert "7.77, its 8 columns give 7.52" in wrong["efficient-speech/lite-whisper-large-v3-turbo-acc"]
    tedlium = found[Fault.FRAGILE, "tedlium"]
    assert "first is zoom/scribe_v1 (5.80) instead of CohereLabs/cohere-transcribe-03-2026 (5.42)" in tedlium
    assert any("0.02 to 0.17 points" in text for (fault, _), text in found.items() if fault is Fault.CLOSE)
    assert not any(fault is Fault.INCOMPLETE for fault, _ in found)

    found = defects("long-form")
    incomplete = {model for fault, model in found if fault is Fault.INCOMPLETE}
    assert incomplete == {
        "elevenlabs/scribe_v1",
        "assembly/best",
        "google/chirp_3",
        "nvidia/stt_en_conformer_transducer_small",
    }
    assert found[Fault.FLATTERED, "elevenlabs/scribe_v1"] == (
        "its published average 5.90 would be number 1, only without coraal"
    )
    for name in ("long-form", "multilingual", "firered-mandarin", "firered2"):
        assert not any(fault is Fault.AVERAGE for fault, _ in defects(name)), name


def test_leaving_a_set_out_is_counted_as_exact_fractions_count_it(shared: Path) -> None:
    rates: dict[str, dict[str, Fraction]] = defaultdict(dict)
    with (shared / "leaderboard/open_asr_leaderboard_2026-03-26.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if line["track"] == "en_short":
                rates[line["model"]][set_name(line["dataset"])] = Fraction(line["wer"])

    def places(left_out: str) -> dict[str, int]:
        sums = {model: sum(rate for name, rate in own.items() if name != left_out) for model, own in rates.items()}
        return {model: 1 + sum(other < own for other in sums.values()) for model, own in sums.items()}

    before = places("")
    found = defects("english")
    for name in ("tedlium", "ami", "gigaspeech"):
        changed = sum(before[model] != place for model, place in places(name).items())
        assert found[Fault.FRAGILE, name].startswith(f"without {name} {changed} of 87 ranks change")


def test_doubles_and_impossible_rates_are_found() -> None:
    table = make_table(make_row("m", {"a": 1.0, "b": 2.0}), make_row("m", {"a": 0.0, "b": 300.0}, average=150.0))
    found = {(one.fault, one.text) for one in find_defects(table)}
    assert (Fault.DOUBLE, "stands there 2 times") in found
    assert (Fault.RANGE, "a 0, b 300 per cent") in found
    assert not any(fault is Fault.AVERAGE for fault, _ in found)


# ---- ranks


def test_equal_averages_share_a_rank() -> None:
    assert ranks([3.0, 1.0, 2.0, 1.0]) == [4, 1, 3, 1]


@given(st.lists(st.tuples(*[st.integers(1, 9999)] * 3), min_size=2, max_size=12))
@settings(max_examples=60)
def test_ranks_and_their_intervals(cells: list[tuple[int, ...]]) -> None:
    rows = [
        make_row(f"m{n}", {s: cell / 100 for s, cell in zip("abc", own, strict=True)}) for n, own in enumerate(cells)
    ]
    board = arrange([make_table(*rows, sets="a b c")], View())
    sums = {row.model: sum(own) for row, own in zip(rows, cells, strict=True)}
    for one in board.standings:
        assert one.rank == 1 + sum(other < sums[one.row.model] for other in sums.values())
        assert one.interval is not None
        low, high = one.interval
        assert 1 <= low <= high <= len(rows)
        better = sum(all(x > y for x, y in zip(own, cells[int(one.row.model[1:])], strict=True)) for own in cells)
        assert high <= len(rows) - better  # whoever is worse on every set is never before it
    averages = [one.average or 0 for one in board.standings]
    assert averages == sorted(averages)


def test_rows_that_lack_a_set_have_no_rank_until_it_is_left_out() -> None:
    table = make_table(make_row("whole", {"a": 5.0, "b": 9.0}), make_row("part", {"a": 1.0}, average=1.0))
    whole, part = arrange([table], View()).standings
    assert (whole.row.model, whole.rank) == ("whole", 1)
    assert (part.rank, part.average, part.remark) == (None, None, "no b")
    first = arrange([table], View(without=("B",))).standings[0]
    assert (first.row.model, first.rank, first.average) == ("part", 1, 1.0)


def test_protocols_are_not_mixed_without_saying_so() -> None:
    from dataclasses import replace

    other = replace(PROTOCOL, name="q")
    table = make_table(
        make_row("x", {"a": 2.0, "b": 2.0}),
        make_row("y", {"a": 1.0, "b": 1.0}, protocol=other),
        make_row("z", {"a": 3.0, "b": 3.0}),
    )
    board = arrange([table], View())
    assert {one.row.model: one.rank for one in board.standings} == {"x": 1, "y": 1, "z": 2}
    assert any("ranks count within each" in note for note in board.notes)
    mixed = arrange([table], View(mix=True))
    assert {one.row.model: one.rank for one in mixed.standings} == {"x": 2, "y": 1, "z": 3}
    assert any("this rank mixes 2 protocols (p, q)" in note or "(q, p)" in note for note in mixed.notes)


def test_the_front_is_what_nobody_beats() -> None:
    table = make_table(
        make_row("fast", {"a": 9.0}, rtfx=100.0),
        make_row("good", {"a": 5.0}, rtfx=10.0),
        make_row("beaten", {"a": 6.0}, rtfx=9.0),
        make_row("silent", {"a": 1.0}),
        sets="a",
    )
    assert [one.row.model for one in front(arrange([table], View()).standings)] == ["fast", "good"]


def test_halves_are_rounded_up() -> None:
    assert (two_digits(3.045), two_digits(5.42375), two_digits(44.0)) == ("3.05", "5.42", "44.00")


# ---- files


def test_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    whole = next(shipped_folder().glob("english_*.jsonl")).read_text("utf-8")
    path = tmp_path / "english_2026-03-26.jsonl"
    for broken in (
        whole.replace('"ami": 8.13', '"ami": 8.12'),
        whole[: len(whole) // 2],
        whole.rpartition("{")[0],
        "",
        "<html>",
        "[]\n",
        '{"asr_leaderboard": 1}\n',
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    ):
        path.write_text(broken)
        with pytest.raises(InputError, match="damaged"):
            read(path)
    path.write_text(whole.replace('"asr_leaderboard": 1', '"asr_leaderboard": 2', 1))
    with pytest.raises(InputError, match="upgrade"):
        read(path)


@given(st.binary(max_size=200), st.integers(0, 30_000))
@settings(max_examples=60)
def test_no_file_is_read_as_something_else(noise: bytes, place: int) -> None:
    import tempfile

    whole = next(shipped_folder().glob("english_*.jsonl")).read_bytes()
    damaged = whole[:place] + noise + whole[place + len(noise) :]
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(damaged)
        file.flush()
        try:
            table = read(Path(file.name))
        except InputError:
            return
    assert len(table.rows) == 87  # only the description in the first line may differ


def test_versions_are_kept_and_found_by_day(own_folder: Path) -> None:
    table = load("english")
    newer = Table(**{**fields(table), "day": "2026-05-01", "revision": "abcdef012345"})
    first = keep(newer)
    second = keep(newer)
    assert first != second and first.read_bytes() == second.read_bytes()
    assert load("english").day == "2026-05-01"
    assert load("english", "2026-04-30").day == "2026-03-26"
    with pytest.raises(UsageError, match="the oldest version of 'english' is of 2026-03-26"):
        load("english", "2026-03-25")
    for path in (first, second):
        path.write_text("x")
    with pytest.raises(InputError, match="damaged"):
        load("english")
    last, told = newest("english")
    assert last == table and "2 newer files are damaged" in told


def fields(table: Table) -> dict[str, object]:
    return {name: getattr(table, name) for name in Table.__dataclass_fields__}


def test_the_files_hold_one_object_per_line() -> None:
    for version in versions():
        for line in version.path.read_text("utf-8").splitlines():
            assert isinstance(json.loads(line), dict)


def test_other_figures_of_the_qwen3_report_are_those_of_the_report(shared: Path) -> None:
    """Languages as errors, 100 less the accuracy; shifts of word edges; first tokens by requests at once."""
    rates = {name: {row.model: list(row.rates.values()) for row in load(f"qwen3-asr-{name}").rows} for name in OTHERS}
    (languages,) = (row for row in section(shared, "qwen3-asr.md", "### 4.3") if row[0].startswith("language-ID"))
    for column, model in enumerate(("Qwen/Qwen3-ASR-0.6B", "Qwen/Qwen3-ASR-1.7B", "openai/whisper-large-v3"), 1):
        told = [round(100 - float(cell), 1) for cell in languages[column].split("/")]
        row = next(row for row in load("qwen3-asr-language").rows if row.model == model)
        assert [*rates["language"][model], row.average] == told
    speed = section(shared, "qwen3-asr.md", "### 4.1")[1:9]
    for column, model in ((2, "Qwen/Qwen3-ASR-0.6B"), (5, "Qwen/Qwen3-ASR-1.7B")):
        assert rates["speed"][model] == [float(row[column].split("/")[0]) for row in speed]
    text = (shared / "research/qwen3-asr.md").read_text()
    labelled = next(block for block in markdown_tables(text) if block[0][0] == "human-labelled")[2:-1]
    for column, model in ((4, "Qwen/Qwen3-ForcedAligner-0.6B"), (2, "NeMo Forced Aligner"), (1, "Monotonic-Aligner")):
        assert rates["alignment"][model] == [float(row[column]) for row in labelled if row[column] != "-"]


OTHERS = ("language", "alignment", "speed")
# Table 7 of the report, also in its README at 7c6daf7, row by row.
SINGERS = ("openai/gpt-4o-transcribe", "google/gemini-2.5-pro", "bytedance/Doubao-ASR-1.0",
           "openai/whisper-large-v3", "FunAudioLLM/Fun-ASR-MLT-Nano", "Qwen/Qwen3-ASR-1.7B")  # fmt: skip
SUNG = """
M4Singer 16.77 20.88 7.88 13.58 7.29 5.98
MIR-1k-vocal 11.87 9.85 6.56 11.71 8.17 6.25
Opencpop 7.93 6.49 3.80 9.52 2.98 3.08
Popcs 32.84 15.13 8.97 13.77 9.42 8.52
EntireSongs-en 30.71 12.18 33.51 N/A N/A 14.60
EntireSongs-zh 34.86 18.68 23.99 N/A N/A 13.91
"""


def test_songs_are_those_of_the_qwen3_report() -> None:
    table = load("qwen3-asr-singing")
    rates = {row.model: row.rates for row in table.rows}
    assert sorted(rates) == sorted(SINGERS)
    lines = [line.split() for line in SUNG.strip().splitlines()]
    assert [one.label for one in table.sets] == [label for label, *_ in lines]
    for label, *cells in lines:
        found = [rates[model].get(set_name(label)) for model in SINGERS]
        assert found == [None if cell == "N/A" else float(cell) for cell in cells]


def test_relative_reductions_are_those_of_the_firered_report(shared: Path) -> None:
    told = [row[4] for row in section(shared, "firered-asr.md", "### 10.3")[1:]]
    board = arrange([load("firered-singing")], View(sets=("private-singing",)))
    found = {one.row.model: cell for one, cell in zip(board.standings, reductions(board, board.standings), strict=True)}
    assert [found[row.model] for row in load("firered-singing").rows] == told
