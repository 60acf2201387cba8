"""Verdicts agree with the figures beside them, and a gate that cannot fire says so."""

from __future__ import annotations

import itertools
import json
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from asrcli.cli.main import main
from asrcli.compare import wording
from asrcli.compare.breakdown import together
from asrcli.compare.comparison import rate_interval
from asrcli.compare.conditions import Condition
from asrcli.compare.run import Wanted, run
from asrcli.compare.scores import Comparison
from asrcli.compare.tables import to_json
from asrcli.scoring.significance import fewest_units, flipped_signs


def called(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def spoilt(folder: Path, utterances: int, errors: tuple[float, float], words: int = 8, speakers: int = 0) -> list[Path]:
    """Write references and two systems that get these shares of the words of every utterance wrong."""
    chance = random.Random(3)
    paths = [folder / f"{name}.jsonl" for name in ("r", "good", "bad")]
    texts: list[list[dict]] = [[], [], []]
    for at in range(utterances):
        said = [f"w{chance.randrange(1000)}" for _ in range(words)]
        speaker = {"speaker": f"s{at % speakers}"} if speakers else {}
        texts[0].append({"id": f"u{at}", "text": " ".join(said), **speaker})
        for place, rate in enumerate(errors, start=1):
            wrong = round(rate * words)
            heard = ["x"] * wrong + said[wrong:]
            texts[place].append({"id": f"u{at}", "pred_text": " ".join(heard)})
    for path, rows in zip(paths, texts, strict=True):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return paths


def compared(folder: Path, *args: object, **more: object) -> Comparison:
    reference, *systems = spoilt(folder, *args, **more)  # type: ignore[arg-type]
    return run(reference, systems, Wanted(normalizer="none"))


def test_few_stretches_with_errors_are_a_difference_where_the_tests_agree(tmp_path: Path) -> None:
    """Twelve utterances, each one stretch: 0 % against 25 %."""
    found = compared(tmp_path, 12, (0.0, 0.25))
    pair = found.pairs[0]
    assert pair.matched_pairs.segments == 12
    assert pair.significant
    assert wording.verdict(found, pair) == "good makes fewer errors than bad"


@pytest.mark.parametrize("utterances", [6, 9])
def test_a_difference_on_few_utterances_says_how_few_they_are(utterances: int, tmp_path: Path) -> None:
    found = compared(tmp_path, utterances, (0.0, 0.5))
    assert found.pairs[0].significant
    assert (
        wording.verdict(found, found.pairs[0]) == f"good makes fewer errors than bad, on {utterances} utterances only"
    )
    assert wording.winner(found) is None  # nothing is bold
    assert (
        f"bad against good, on {utterances} utterances only: {GATE} holds"
        in Condition(GATE).outcomes(found)[0].sentence
    )
    assert wording.winner(compared(tmp_path, 10, (0.0, 0.5))) == 0


def test_five_utterances_can_show_nothing(tmp_path: Path) -> None:
    found = compared(tmp_path, 5, (0.0, 0.5))
    said = wording.verdict(found, found.pairs[0])
    assert said == "good and bad are not distinguishable: 5 utterances are too few to tell, 6 are the least"


def test_more_systems_need_more_utterances(tmp_path: Path) -> None:
    reference, *systems = spoilt(tmp_path, 6, (0.0, 0.5))
    found = run(reference, [*systems, systems[1]], Wanted(normalizer="none"))
    assert "6 utterances are too few to tell, 7 are the least" in wording.verdict(found, found.pairs[0])
    assert [fewest_units(tests) for tests in (1, 3, 6, 10)] == [6, 7, 8, 9]
    for tests in range(1, 200):
        least = fewest_units(tests)
        assert tests * 2 ** (1 - least) < 0.05 <= tests * 2 ** (2 - least)


def test_single_errors_that_one_system_alone_makes_are_a_difference(tmp_path: Path) -> None:
    """Every stretch differs by one error, so MAPSSWE has no deviation, and no Z."""
    found = compared(tmp_path, 12, (0.0, 0.125))
    assert found.pairs[0].matched_pairs.constant and found.pairs[0].significant
    data = json.loads(to_json(found))["pairs"][0]["mapsswe"]
    assert (data["z"], data["p"], data["p_holm"]) == (None, None, 2.0**-11)


def test_the_units_are_the_speakers_where_they_are_known(tmp_path: Path) -> None:
    found = compared(tmp_path, 60, (0.0, 0.5), speakers=6)
    assert found.pairs[0].units == 6
    assert "fewer errors than bad, on 6 speakers or sessions only" in wording.verdict(found, found.pairs[0])
    found = compared(tmp_path, 60, (0.0, 0.5), speakers=5)
    assert "5 speakers or sessions are too few to tell, 6 are the least" in wording.verdict(found, found.pairs[0])


def test_no_verdict_contradicts_its_figures(tmp_path: Path) -> None:
    """Over many sets: who is 'not distinguishable' has a test that says so."""
    chance = random.Random(8)
    for _ in range(40):
        rates = chance.choice([0.0, 0.125, 0.25]), chance.choice([0.125, 0.25, 0.5])
        found = compared(tmp_path, chance.randint(2, 30), rates)
        pair = found.pairs[0]
        said = wording.verdict(found, pair)
        apart = pair.interval is not None and not pair.interval.covers_zero
        agree = apart and max(pair.matched_pairs_p, pair.flipped_p) < 0.05
        assert ("not distinguishable" not in said and "equally" not in said) == agree
        assert pair.significant == agree
        assert ("only" in said) == (agree and pair.units < 10)


def test_the_randomisation_test_is_what_counting_all_signs_gives() -> None:
    random_ = np.random.default_rng(1)
    for _ in range(30):
        differences = random_.integers(-4, 6, random_.integers(1, 11))
        sums = [abs(int(differences @ signs)) for signs in itertools.product((-1, 1), repeat=len(differences))]
        expected = np.mean([one >= abs(int(differences.sum())) for one in sums])
        assert flipped_signs(differences) == pytest.approx(expected)


def test_the_randomisation_test_of_many_units_goes_over_smoothly() -> None:
    stats = pytest.importorskip("scipy.stats")
    random_ = np.random.default_rng(2)
    for number in (190, 230):
        differences = random_.choice([-1, 1], number, p=[0.4, 0.6])
        expected = stats.binomtest(int((differences > 0).sum()), number).pvalue
        assert flipped_signs(differences) == pytest.approx(expected, rel=0.05)


GATE = "delta > 0 and significant"


def test_a_gate_that_cannot_fire_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = spoilt(tmp_path, 5, (0.0, 0.5))
    junit, markdown = tmp_path / "x.xml", tmp_path / "x.md"
    assert called("compare", *files, "-q", "--fail-if", GATE, "--junit", junit, "--markdown", markdown) == 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "it cannot: 5 utterances, 6 are the least for 'significant'; add utterances, or" in said
    assert "'delta > 1%'" in said  # what to type instead, which can fire
    suite = ET.parse(junit).getroot()
    assert suite.attrib == {"name": "asr compare", "tests": "1", "failures": "0", "skipped": "1"}
    assert suite[0].find("skipped") is not None
    assert "⚠️" in markdown.read_text() and "✅" not in markdown.read_text()
    assert called("compare", *files, "-q", "--fail-if", "delta > 1%") == 1


@pytest.mark.parametrize("condition", [GATE, "significant", "not not significant", "significant == 1 and p < 1",
                                       "(significant and wer > 0) or (delta > 0 and significant)"])  # fmt: skip
def test_whether_a_gate_can_fire_is_seen_through_any_condition(condition: str, tmp_path: Path) -> None:
    few, many = compared(tmp_path, 5, (0.0, 0.5)), compared(tmp_path, 6, (0.0, 0.5))
    assert Condition(condition).outcomes(few)[0].idle
    assert not Condition(condition).outcomes(many)[0].idle
    assert Condition(condition).outcomes(many)[0].holds


@pytest.mark.parametrize(
    "condition",
    [
        "delta > 0",
        "delta > 0 and not significant",
        "significant or wer > 0.1",
        "significant < 1",
        "wer > 0.4",
        "delta > 0 and (significant or p < 0.1)",
    ],
)
def test_a_gate_that_can_fire_is_no_idle_one(condition: str, tmp_path: Path) -> None:
    outcome = Condition(condition).outcomes(compared(tmp_path, 5, (0.0, 0.5)))[-1]
    assert not outcome.idle and outcome.holds


# ---- intervals only where they cover


@pytest.mark.slow
def test_one_recording_has_no_interval_and_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = spoilt(tmp_path, 1, (0.02, 0.1), words=5_000)
    found = run(files[0], files[1:], Wanted(normalizer="none"))
    assert [one.interval for one in found.systems] == [None, None]
    assert (found.pairs[0].interval, found.pairs[0].significant) == (None, False)
    said = wording.verdict(found, found.pairs[0])
    assert said == "good and bad are not distinguishable: 1 utterance is too few to tell, 6 are the least"
    assert called("compare", *files) == 0
    assert "[" not in capsys.readouterr().out.split("Errors by class")[0]
    assert called("compare", *files, "-q", "--fail-if", GATE) == 0
    assert "it cannot: 1 utterance" in capsys.readouterr().err


@pytest.mark.parametrize(("utterances", "there"), [(4, False), (5, True)])
def test_an_interval_needs_five_utterances(utterances: int, there: bool, tmp_path: Path) -> None:
    found = compared(tmp_path, utterances, (0.25, 0.5))
    assert (found.systems[0].interval is not None) == there
    assert (found.systems[0].character_interval is not None) == there


def test_no_errors_have_an_upper_bound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the rule of three: of 1,000 words, 0.6 %."""
    files = spoilt(tmp_path, 100, (0.0, 0.1), words=10)
    assert called("compare", *files, "-n", "none") == 0
    assert "≤ 0.60" in capsys.readouterr().out
    interval = run(files[0], files[1:], Wanted(normalizer="none")).systems[0].interval
    assert interval is not None and (interval.low, round(interval.high, 4)) == (0, 0.006)


def test_few_speakers_decide_nothing_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = spoilt(tmp_path, 200, (0.0, 0.25), speakers=3)
    found = run(files[0], files[1:], Wanted(normalizer="none"))
    assert not found.pairs[0].significant
    assert all(one.interval is None and one.group_interval is None for one in found.systems)
    assert any(note.startswith("there are 3 speakers or sessions, too few") for note in found.notes)
    assert "3 speakers or sessions are too few to tell" in wording.verdict(found, found.pairs[0])
    found = run(files[0], files[1:], Wanted(normalizer="none", group="none"))  # as the note says
    assert found.pairs[0].significant and found.pairs[0].units == 200


def test_one_utterance_without_a_speaker_does_not_change_what_is_independent(tmp_path: Path) -> None:
    files = spoilt(tmp_path, 200, (0.125, 0.25), speakers=8)
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    rows[7].pop("speaker")
    files[0].write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = run(files[0], files[1:], Wanted(normalizer="none"))
    assert found.pairs[0].units == 9
    assert found.systems[0].group_interval is not None
    assert any("1 of 200 utterances name no speaker or session" in note for note in found.notes)


def test_breakdowns_have_intervals_over_speakers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = spoilt(tmp_path, 60, (0.125, 0.25), speakers=12)
    assert called("compare", *files, "--by", "length", "--by", "group", "--json", tmp_path / "x.json") == 0
    data = json.loads((tmp_path / "x.json").read_text())
    whole = data["systems"][0]
    assert data["by"]["length"][0]["systems"][0]["interval"] == pytest.approx(whole["group_interval"])
    assert "interval" not in data["by"]["group"][0]["systems"][0]  # of one speaker there is none
    assert whole["cer"]["interval"][0] < whole["cer"]["rate"] < whole["cer"]["interval"][1]


def test_conversations_have_intervals_over_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("meeteval")
    pytest.importorskip("pyannote.metrics")
    reference, heard = tmp_path / "r.stm", tmp_path / "h.stm"
    for number, there in ((4, False), (6, True)):
        said = [(f"rec{at}", "ann", "one two three four five six") for at in range(number)]
        reference.write_text("".join(f"{name} 1 {who} 0 9 {text}\n" for name, who, text in said))
        heard.write_text(
            "".join(f"{name} 1 s 0 9 {text[: 9 + 5 * (at % 3)]}\n" for at, (name, _, text) in enumerate(said))
        )
        assert called("compare", "--meetings", reference, heard, "--json", "-") == 0
        row = json.loads(capsys.readouterr().out)["systems"][0]
        assert (row["cp_interval"] is not None) == there
        assert not there or row["cp_interval"][0] < row["cp_wer"] < row["cp_interval"][1]


def test_the_mean_over_data_sets_has_an_interval_that_covers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = spoilt(tmp_path, 60, (0.125, 0.25))
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    rows = [{**row, "dataset": "small" if at < 15 else "big"} for at, row in enumerate(rows)]
    files[0].write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert called("compare", *files, "--by", "dataset", "--by", "length", "--json", tmp_path / "x.json") == 0
    data = json.loads((tmp_path / "x.json").read_text())
    rates = [bucket["systems"][1]["rate"] for bucket in data["by"]["dataset"]]
    macro = data["macro"]["dataset"][1]
    assert macro["rate"] == pytest.approx(sum(rates) / 2)
    assert macro["interval"][0] <= macro["rate"] <= macro["interval"][1]
    assert data["macro"]["length"] == []


def test_means_of_independent_rates_are_covered() -> None:
    chance = np.random.default_rng(5)
    covered = []
    for _ in range(400):
        rates, intervals = [], []
        for truth in (0.05, 0.1, 0.2):
            errors = chance.poisson(truth * 15 * chance.gamma(3, 1 / 3, 40))
            lengths = np.full(40, 15)
            rates.append(errors.sum() / lengths.sum())
            intervals.append(rate_interval(errors, lengths, None))
        mean = together(rates, intervals)
        covered.append(mean.low <= 0.35 / 3 <= mean.high)
    assert 0.92 <= np.mean(covered) <= 0.985
