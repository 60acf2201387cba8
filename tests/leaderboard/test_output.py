"""What people and programs read: views, blocks of a README, the plot, the page in a browser, and mistakes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from leaderboard.conftest import Called
from rich.console import Console
from support.browser import Tab, opened

from asrcli.datasets.results import write_run
from asrcli.leaderboard.snapshot import load, versions

START, END = "<!-- leaderboard-top10-start -->", "<!-- leaderboard-top10-end -->"


def rows(called: Called, *words: object) -> list[dict[str, object]]:
    code, out, _ = called(*words, "--top", 0, "--json", "-")
    assert code == 0
    found: list[dict[str, object]] = json.loads(out)["rows"]
    return found


# ---- views


@pytest.mark.slow
def test_filters_keep_what_fits_and_count_the_rest(called: Called) -> None:
    table = load("english")
    for words, fits in (
        (["--open"], lambda row: row.licence == "Open"),
        (["--license", "proprietary"], lambda row: row.licence == "Proprietary"),
        (["--max-size", 0.5], lambda row: row.parameters is not None and row.parameters <= 0.5),
        (["--min-size", 3], lambda row: row.parameters is not None and row.parameters >= 3),
        (["--min-rtfx", 1000], lambda row: row.rtfx is not None and row.rtfx >= 1000),
        (["--search", "PARAKEET"], lambda row: "parakeet" in row.model.lower()),
    ):
        expected = {row.model for row in table.rows if fits(row)}
        assert 0 < len(expected) < 87
        assert {row["model"] for row in rows(called, *words)} == expected
        code, out, _ = called(*words)
        assert code == 0 and f"{len(expected)} of 87 models fit" in out


def test_test_sets_languages_and_orders(called: Called) -> None:
    found = rows(called, "--sets", "LS Clean, librispeech_test.other")
    first = min(load("english").rows, key=lambda row: row.rates["librispeech-clean"] + row.rates["librispeech-other"])
    assert found[0]["model"] == first.model
    german = rows(called, "-t", "multilingual", "-l", "German")
    assert german[0]["average"] == pytest.approx((2.24 + 2.3) / 2)
    by_speed = [row["rtfx"] for row in rows(called, "--sort", "rtfx")]
    known = [value for value in by_speed if isinstance(value, float)]
    assert known == sorted(known, reverse=True) and by_speed[len(known) :] == [None] * 11
    by_set = [row["rates"] for row in rows(called, "--sort", "AMI")]
    assert [one["ami"] for one in by_set] == sorted(one["ami"] for one in by_set)  # type: ignore[index]
    without = rows(called, "--without", "tedlium")
    assert (without[0]["model"], round(float(str(without[0]["average"])), 2)) == ("zoom/scribe_v1", 5.8)


def test_wrong_averages_and_missing_sets_stand_on_their_rows(called: Called) -> None:
    _, out, _ = called("--top", 0)
    line = next(line for line in out.splitlines() if "nvidia/canary-180m-flash" in line)
    assert "6.94" in line and "published 7.12" in line and "2026-03-26" in line and "oal-2026-03" in line
    found = {row["model"]: row for row in rows(called, "-t", "long-form")}
    assert found["elevenlabs/scribe_v1"]["rank"] is None and found["elevenlabs/scribe_v1"]["remark"] == "no coraal"
    assert found["elevenlabs/scribe_v2"]["rank"] == 1
    assert "4 incomplete rows have no rank" in called("-t", "long-form")[1]


def test_tables_of_several_protocols_say_so(called: Called) -> None:
    code, out, _ = called("-t", "english", "-t", "qwen3-asr-english", "--search", "qwen3-asr")
    assert code == 0 and "2 protocols: ranks count within each" in out and "self-reported" in out
    assert called("-t", "english", "-t", "firered-mandarin")[0] == 2
    _, out, _ = called("tables")
    assert all(name in out for name in ("second-hand", "self-reported", "published", "firered2", "with asr"))
    assert len(json.loads(called("tables", "--json")[1])) == 22


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sets", "amy"], "no test set 'amy': did you mean ami?"),
        (["--sets", "zzz"], "choose ami, earnings22"),
        (["--sort", "wer"], "--sort wer: choose average, rtfx, size, model, ami"),
        (["--table", "nope"], "there is no table 'nope': choose english"),
        (["--date", "yesterday"], "write YYYY-MM-DD"),
        (["--language", "de"], "it has en"),
        (["--language", "dee"], "unknown language 'dee'"),
        (["--without", ",".join(one.name for one in load("english").sets)], "leaves no test set"),
        (["--search", "nobody"], "none of the 87 models fits: --search nobody"),
        (["-t", "long-form", "--open"], "the table names no licence of any model"),
        (["--plot", "x.gif"], "must end in .png"),
        (["--json", "-", "--csv", "-"], "can have standard output"),
        (["--top", "-1"], "--top"),
    ],
)
def test_mistakes_are_one_line(called: Called, words: list[str], said: str) -> None:
    code, out, err = called(*words)
    assert (code, out) == (2, "") and err.count("\n") == 1 and said in err


def test_a_damaged_version_is_named_and_nothing_is_lost(called: Called, own_folder: Path) -> None:
    own_folder.mkdir()
    path = own_folder / "english_2026-12-01.jsonl"
    path.write_text("not a table")
    code, _, err = called()
    assert code == 1 and str(path) in err and "--date" in err and path.read_text() == "not a table"
    assert called("--date", "2026-11-30")[0] == 0
    code, out, err = called("tables")
    assert code == 0 and str(path) in err and "english" in out


def test_findings_are_listed(called: Called) -> None:
    code, out, _ = called("check")
    assert code == 0 and "the published average is 7.12, its 8 columns give 6.94" in out
    found = json.loads(called("check", "-t", "long-form", "--json")[1])
    assert {"flattered", "incomplete", "fragile", "close"} <= {one["finding"] for one in found}


def test_csv_has_the_facts_of_every_row(called: Called) -> None:
    found = list(csv.DictReader(io.StringIO(called("--csv", "-", "--top", 0)[1])))
    assert len(found) == 87
    for line, row in zip(found, rows(called), strict=True):
        assert line["model"] == row["model"] and line["protocol"] == row["protocol"] == "oal-2026-03"
        assert line["source"] and line["hardware"].startswith("NVIDIA A100") and line["day"] and line["scorer"]


# ---- Markdown


def test_the_block_of_a_readme_is_rewritten_and_nothing_else(called: Called, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_bytes(f"# Mine\r\n\n{START}\nold 6.67 %\n{END}\ntail \u00e9".encode())
    readme.chmod(0o640)
    code, out, err = called("readme", readme)
    assert (code, out) == (0, "") and "rewritten, data of 2026-03-26" in err
    text = readme.read_bytes().decode()
    assert text.startswith(f"# Mine\r\n\n{START}\n| Rank |") and text.endswith(f"{END}\ntail \u00e9")
    assert "6.67" not in text and "| zoom/scribe\\_v1 |" in text and "Data of 2026-03-26. Source: Open ASR" in text
    assert text.count("https://huggingface.co/") == 8  # two of the ten are services: there is nothing to link to
    ranked = [line.split(" | ")[1] for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    assert "cohere-transcribe-03-2026" in ranked[0] and len(ranked) == 10
    stamp = readme.stat().st_mtime_ns
    assert "unchanged" in called("readme", readme)[2]
    assert readme.stat().st_mtime_ns == stamp and readme.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_digest_and_leaderboard_write_the_same_block(called: Called, tmp_path: Path) -> None:
    from asrcli.cli.commands.digest.options import load_board
    from asrcli.digest.pages.readme import update_readme

    one, other = tmp_path / "one.md", tmp_path / "other.md"
    for path in (one, other):
        path.write_text(f"{START}\n{END}\n")
    assert called("readme", one)[0] == 0
    assert update_readme(other, [], load_board) == ["leaderboard"]
    assert one.read_text() == other.read_text()


def test_the_digest_sets_claims_against_the_shipped_table(own_folder: Path) -> None:
    from asrcli.cli.commands.digest.options import load_board
    from asrcli.digest.statements import statements

    board = load_board()
    assert (board.day, len(board.rows), board.best.model) == ("2026-03-26", 87, "CohereLabs/cohere-transcribe-03-2026")
    assert [row.wer for row in board.rows[:3]] == [5.42, 5.47, 5.52]
    text = "We propose Foo. Our model reaches 5.6% WER on AMI."
    assert [one.text for one in statements("Foo", text, board.best_by_test)] == [
        "Reports 5.6% WER on AMI.",
        "The board's lowest WER, data of 2026-03-26, normalised its own way: "
        "on AMI 8.13 % (CohereLabs/cohere-transcribe-03-2026).",
    ]
    own_folder.mkdir()
    (own_folder / "english_2026-12-01.jsonl").write_text("damaged")
    assert load_board() == board


@pytest.mark.parametrize(
    "text", ["no markers", START, f"{END}{START}", f"{START}{START}{END}", f"{START}{END}{END}", "\udcff"]
)
def test_a_readme_without_a_proper_block_is_left_alone(called: Called, tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = readme.read_bytes()
    for words in (["readme", readme], ["--markdown", readme, "-q"]):
        code, _, err = called(*words)
        assert code == 1 and "README.md" in err
        assert readme.read_bytes() == before
    assert called("readme", tmp_path / "nowhere.md")[0] == 1


def test_markdown_goes_into_the_block_or_a_new_file(called: Called, tmp_path: Path) -> None:
    path = tmp_path / "board.md"
    assert called("--markdown", path, "-q", "--top", 3)[0] == 0
    text = path.read_text()
    assert text.startswith(START) and "oal-2026-03, published, 2026-03-26" in text and "A100" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 5 and len({line.count(" | ") for line in lines if not line.startswith("|--")}) == 1
    assert lines[1].count("|") == lines[0].count("|")
    assert called("--markdown", path, "-q", "--top", 3)[0] == 0 and path.read_text() == text
    assert called("--markdown", "-", "--top", 3)[1].strip() in text


def test_every_report_has_the_rows_of_top_and_what_was_measured_here(called: Called, tmp_path: Path) -> None:
    """Before, a page had all rows, and a run of one's own below them was in none but the table."""
    from leaderboard.test_scores import make_run

    write_run(make_run("mine"), tmp_path / "run.jsonl")
    page, table, text = tmp_path / "x.html", tmp_path / "x.csv", tmp_path / "x.md"
    words = ("--add", tmp_path / "run.jsonl", "--html", page, "--csv", table, "--markdown", text)
    code, out, err = called(*words, "--top", 3)
    assert code == 0 and [line for line in err.splitlines() if "x." in line] == [
        f"asr: {one}" for one in (table, text, page)
    ]
    mine = 3 + 1
    assert len(list(csv.DictReader(io.StringIO(table.read_text())))) == page.read_text().count('"model":') == mine
    assert f"{mine} of 88 rows" in page.read_text() and f"{mine} of 88 rows" in out
    assert len(json.loads(called(*words[:2], "--json", "-", "--top", 3)[1])["rows"]) == mine
    _, _, err = called(*words, "-q", "--force")
    assert "x.html" not in err, "quiet"
    assert page.read_text().count('"model":') == 88, "a page has all where nobody says how many"


# ---- pictures


def test_the_plot_holds_every_point_and_is_the_same_twice(called: Called, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    one, other, picture = (tmp_path / name for name in ("a.svg", "b.svg", "c.png"))
    for path in (one, other, picture):
        code, _, err = called("--plot", path, "-q")
        assert code == 0 and "11 models without an average or a speed are not in it" in err
    assert one.read_bytes() == other.read_bytes()
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000
    text = one.read_text()
    assert "parakeet-tdt-0.6b-v2" in text and "cohere-transcribe-03-2026" in text  # on the front, so they are named
    assert text.count("#2563eb") >= 76
    assert called("-t", "multilingual", "--search", "elevenlabs", "--plot", tmp_path / "d.png", "-q")[0] == 2


def test_eighty_columns_show_whole_figures_and_names(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = called("--top", 8)
    lines = out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    head = next(line for line in lines if "average WER" in line)
    assert head.split() == ["rank", "95", "%", "model", "average", "WER", "RTFx", "size", "licence"]
    assert any("zoom/scribe_v1" in line and "Proprietary" in line for line in lines)
    assert any("nvidia/canary-qwen-2.5b" in line and "5.63" in line for line in lines)
    assert any("oal-2026-03" in line for line in lines), "the protocol stands below"


@pytest.mark.parametrize("width", [72, 80, 100, 130])
def test_no_word_is_broken_where_runs_stand_beside_the_table(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """Once there were lines without a word at 80 columns, and `protoco/l`."""
    from leaderboard.test_scores import make_run

    monkeypatch.setenv("COLUMNS", str(width))
    write_run(make_run("mine"), tmp_path / "run.jsonl")
    _, out, _ = called("--add", tmp_path / "run.jsonl", "--top", 3)
    lines = out.splitlines()
    assert all(len(line) <= width for line in lines)
    board = lines[lines.index(next(line for line in lines if line.startswith(" rank"))) :]
    board = board[: next(at for at, line in enumerate(board) if not line.strip())]
    assert all(line.strip() for line in board) and sum(line[:5].strip() != "" for line in board) == 1 + 3 + 1 + 1
    columns = ("licence", "protocol", "day", "remark")
    gone = next((line for line in lines if line.startswith("no room for ")), "")
    assert all((name in board[0].split()) != (name in gone) for name in columns)
    if "protocol" in board[0]:
        assert any("oal-2026-03" in line for line in board)


def test_without_matplotlib_the_extra_is_named(called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "matplotlib" else found(name, *rest)
    )
    code, out, err = called("--plot", tmp_path / "x.png")
    assert (code, out) == (3, "") and "pip install 'asrcli[plots]'" in err


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[str, str]]:
    """Return a function that opens a page in headless Chromium: its DOM and what it logged."""
    return lambda page: opened(page, tmp_path_factory.mktemp("profile"))


def test_the_page_asks_for_nothing(called: Called, tmp_path: Path) -> None:
    path = tmp_path / "board.html"
    assert called("--html", path, "-q")[0] == 0
    text = path.read_text()
    assert "default-src 'none'" in text and "'unsafe-inline'" not in text
    assert not re.search(r"""(?:src|href|action)\s*=|@import|url\(|fetch\(|XMLHttpRequest""", text)
    assert path.read_text().count("</script>") == 2


@pytest.mark.slow
def test_the_page_is_readable_on_phones_and_at_a_desk(called: Called, tmp_path: Path, tab: Tab) -> None:
    path = tmp_path / "board.html"
    assert called("--html", path, "-q")[0] == 0
    assert tab.faults(path) == []
    tab.open(path, 390, 844, finger=True)
    seen = "(one => { const box = one.getBoundingClientRect(); return box.right <= innerWidth; })"
    assert tab.run(f"{seen}(document.querySelector('td.average'))"), "the rate it is sorted by is on the screen"


@pytest.mark.slow
def test_the_page_works_in_a_browser(called: Called, tmp_path: Path, browser: Callable[..., tuple[str, str]]) -> None:
    from leaderboard.test_scores import make_run

    name = "</script><script>document.title='PWNED'</script><img src=x onerror=alert(1)>"
    from dataclasses import replace

    write_run(replace(make_run("esb:ami"), model=name), tmp_path / "run.jsonl")
    path = tmp_path / "board.html"
    assert called("--html", path, "-q", "--add", tmp_path / "run.jsonl")[0] == 0
    page, log = browser(path)
    assert 'data-ready="yes"' in page
    assert page.count("<circle") == 77 and page.count("<tr") == 89  # 76 with a speed and the run; a head and 88 rows
    assert "<title>PWNED" not in page and "<img" not in page and "&lt;img src=x" in page
    assert "CONSOLE" not in log, log


def drawn(width: int, table: str, **view: str) -> str:
    """What a terminal of some width shows of a table."""
    from asrcli.leaderboard.ranking import arrange
    from asrcli.leaderboard.terminal import show
    from asrcli.leaderboard.view import View

    console = Console(width=width, file=io.StringIO())
    show(arrange([load(table)], View(**view)), console, 20)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_test_set_that_orders_the_rows_has_a_column_at_every_width(width: int) -> None:
    said = drawn(width, "firered2", sort="md-wu")
    assert " md-wu " in said and "7.14" in said and "23 of 24 test sets do not fit" in said


def test_a_table_without_averages_shows_rates_at_80_columns() -> None:
    """Once it showed models alone."""
    said = drawn(80, "firered-dialects")
    assert "44.00" in said and "1.73" in said and "average" not in said.partition("note:")[0]
    whole = drawn(200, "firered-dialects")
    assert "1.82" in whole and "3.50" in whole  # Whisper's on LibriSpeech, as the report quotes them
    assert "CERR" in drawn(80, "firered-mandarin") and "WER" not in drawn(80, "firered-mandarin").partition("note:")[0]


def test_the_default_view_names_the_newest_table(called: Called) -> None:
    newest = max(one.day for one in versions() if one.table.startswith("english-"))
    assert f"data of {newest}" in called("--top", 1)[1].replace("\n", " ")
    assert "newest:" not in called("--top", 1, "-t", "english")[1]  # who names a table knows which
