"""Manifests scored as the leaderboard scores them, and runs measured here beside published rows."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaderboard.conftest import Called
from support.command import Run

from asrcli.datasets.results import RunRecord, write_run
from asrcli.errors import InputError
from asrcli.leaderboard.manifests import hub_id, manifest_name, official_name
from asrcli.leaderboard.runs import merge_rows, place_runs, set_of
from asrcli.leaderboard.scores import score_facts, score_file, score_folder, totals
from asrcli.leaderboard.snapshot import load
from asrcli.types import Utterance

SCORED = json.loads((Path(__file__).parent.parent / "data/leaderboard/scored.json").read_text())
OWN = {
    "ibm/granite-granite-speech-3.3-2b": "ibm-granite/granite-speech-3.3-2b"
}  # `score_results` cuts at the first "-"


def write_folder(folder: Path, files: dict[str, list[dict[str, Any]]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in files.items():
        (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize("name", SCORED)
def test_the_leaderboards_own_code_gives_the_same_numbers(name: str, tmp_path: Path) -> None:
    """To the last digit, for every manifest: WER, substitutions, deletions, insertions, seconds and RTFx."""
    case = SCORED[name]
    if case["language"] != "en":
        pytest.importorskip("num2words")
    scores = score_folder(write_folder(tmp_path / "results", case["files"]), case["language"])
    assert len(scores) == len(case["files"]) == len(case["results"])
    for key, expected in case["results"].items():
        model, _, dataset = key.partition(" | ")
        one = next(one for one in scores if (one.model, one.dataset) == (OWN.get(model, model), dataset))
        facts = score_facts(one)
        for fact, value in expected.items():  # sums of Python 3.12 and later differ in the last bit
            assert facts[fact] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value)
    for model, average in case["composite"].items():
        total = next(one for one in totals(scores) if one.model == OWN.get(model, model))
        assert f"{total.wer:.2f}" == f"{average:.2f}"
    assert any(one.rtfx is None for one in totals(scores)) == (name == "english")  # a manifest without times


def test_plain_words_score_as_jiwer_after_whispers_normaliser(tmp_path: Path) -> None:
    """A second oracle: where no compound and none of the leaderboard's own spellings come up, jiwer agrees."""
    jiwer = pytest.importorskip("jiwer")
    normalize = pytest.importorskip("whisper_normalizer.english").EnglishTextNormalizer()
    chance = random.Random(7)
    words = [
        "Mister,",
        "Colour",
        "twenty-five",
        "don't",
        "house.",
        "GREEN",
        '"walking"',
        "table's",
        "seventy",
        "dollars",
        "quickly;",
        "theatre",
    ]
    rows = []
    for number in range(300):
        said = chance.choices(words, k=chance.randint(2, 15))
        heard = [chance.choice(words) if chance.random() < 0.2 else word for word in said if chance.random() > 0.1]
        rows.append({"audio_filepath": str(number), "duration": 1.0, "time": 0.5, "text": " ".join(said),
                     "pred_text": " ".join(heard)})  # fmt: skip
    folder = write_folder(tmp_path / "r", {"MODEL_a-b_DATASET_c_test.jsonl": rows})
    one = score_folder(folder)[0]
    expected = jiwer.wer([normalize(row["text"]) for row in rows], [normalize(row["pred_text"]) for row in rows])
    assert one.wer == round(100 * expected, 2) and one.wer > 15
    assert one.rtfx == 2.0


def test_ids_of_the_hub_are_restored() -> None:
    assert hub_id("microsoft-Phi-4-multimodal-instruct") == "microsoft/Phi-4-multimodal-instruct"
    assert hub_id("ibm-granite-granite-speech-3.3-8b") == "ibm-granite/granite-speech-3.3-8b"
    assert hub_id("omniASR_CTC_7B_v2") == "facebook/omniASR-CTC-7B-v2"
    assert hub_id("whisper") == "whisper"


def test_what_cannot_be_scored_is_named(tmp_path: Path) -> None:
    good = {"text": "a b", "pred_text": "a b", "duration": 1, "time": 1}
    for name, rows, words in (
        ("some.jsonl", [good], "neither a run record nor named like"),
        ("MODEL_a-b_DATASET_c.jsonl", [], "no utterances"),
        ("MODEL_a-b_DATASET_c.jsonl", [good, {"text": "a"} | {"pred_text": 5}], "line 2: 'text' and 'pred_text'"),
        ("MODEL_a-b_DATASET_c.jsonl", [{"pred_text": "a"}], "line 1: 'text' and 'pred_text'"),
        ("MODEL_a-b_DATASET_c.jsonl", [good | {"duration": "long"}], "line 1: 'duration' must be a number"),
        ("MODEL_a-b_DATASET_c.jsonl", [good | {"parent_id": "p", "chunk_index": 0}, good], "line 2: no parent_id"),
        ("MODEL_a-b_DATASET_c.jsonl", [good | {"parent_id": "p", "chunk_index": float("nan")}], "cannot be nan"),
        ("MODEL_a-b_DATASET_c.jsonl", [good, good | {"time": -1}], "line 2: 'time' cannot be -1"),
    ):
        path = write_folder(tmp_path, {name: rows}) / name
        with pytest.raises(InputError) as error:
            score_file(path)
        assert words in str(error.value) and name in str(error.value)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no manifest"):
        score_folder(empty)


VALUES = st.one_of(st.none(), st.text(max_size=8), st.floats(), st.integers(-3, 3), st.lists(st.none(), max_size=1))
KEYS = st.sampled_from(["text", "pred_text", "duration", "time", "parent_id", "chunk_index", "asr_run", "x"])


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=8), max_size=4), st.binary(max_size=12))
@settings(max_examples=150)
def test_any_manifest_is_scored_or_refused(rows: list[dict[str, Any]], noise: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "MODEL_a-b_DATASET_c.jsonl"
        path.write_bytes("".join(json.dumps(row) + "\n" for row in rows).encode() + noise)
        try:
            one = score_file(path)
        except InputError as error:
            assert path.name in str(error)
            return
    assert one.utterances > 0 and (one.wer is None) == (one.counts.reference_length == 0)


def test_unheard_utterances_and_missing_pieces_are_told(tmp_path: Path) -> None:
    row = {"text": "one two three", "pred_text": None, "duration": 1, "time": 1}
    path = write_folder(tmp_path, {"MODEL_a-b_DATASET_c.jsonl": [row]}) / "MODEL_a-b_DATASET_c.jsonl"
    one = score_file(path)
    assert (one.wer, one.notes) == (100.0, ("1 utterances without pred_text count as not recognised",))
    piece = {**row, "pred_text": "three", "parent_id": "call", "chunk_index": 2}
    write_folder(tmp_path, {path.name: [piece]})
    assert "pieces of call are missing or double" in score_file(path).notes[0]


def test_the_command_writes_what_the_leaderboard_keeps_beside_manifests(tmp_path: Path, called: Called) -> None:
    import hashlib

    folder = write_folder(tmp_path / "results", SCORED["english"]["files"])
    code, out, _ = called("score", folder, "--write")
    assert code == 0 and "ibm-granite/granite-speech-3.3-2b" in out and "all 3" in out and "20.52" in out
    for path in folder.glob("*.jsonl"):
        kept = json.loads(path.with_suffix(".score.json").read_text())
        assert kept["manifest_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert kept["multilingual"] is False and set(kept) == {
            "wer", "ins", "del", "sub", "audio_length", "inference_time", "rtfx", "language", "multilingual",
            "manifest_sha256",
        }  # fmt: skip
    assert called("score", folder)[0] == 0  # what was written is not taken for manifests
    data = json.loads(called("score", folder, "--json")[1])
    assert [one["datasets"] for one in data["models"]] == [3, 1]
    assert called("score", folder, "--csv")[1].count("\n") == 5
    assert called("score", tmp_path / "nowhere")[0] == 1
    assert called("score", folder, "-l", "klingonish")[0] == 2


# ---- runs of asr bench


def make_run(dataset: str, count: int = 20, **facts: str) -> RunRecord:
    utterances = tuple(
        Utterance(f"u{n}", "green house river stone cloud", f"u{n}.wav", "en", seconds=2.0) for n in range(count)
    )
    heard = tuple("green house river stone storm" if n % 2 else "green house river stone cloud" for n in range(count))
    return RunRecord("whisper", utterances, heard, (0.5,) * count, "openai/whisper-mine", dataset=dataset,
                     started="2026-11-21T10:00:00Z", facts=tuple(facts.items()))  # fmt: skip


def test_a_run_goes_out_and_comes_back_as_it_was(tmp_path: Path, called: Called) -> None:
    record = make_run("oal:librispeech-clean")
    write_run(record, tmp_path / "run.jsonl")
    code, out, err = called("export", tmp_path / "run.jsonl", "-o", tmp_path / "results")
    assert (code, err) == (0, "")
    path = Path(out.strip())
    assert path.name == "MODEL_openai-whisper-mine_DATASET_hf-audio-open-asr-leaderboard_librispeech_test.clean.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    texts = {"text": "green house river stone cloud", "pred_text": "green house river stone storm"}
    assert rows[1] == {"audio_filepath": "u1", "duration": 2.0, "time": 0.5, **texts}
    one, same = score_file(path), score_file(tmp_path / "run.jsonl")
    assert (one.wer, one.rtfx, one.counts) == (same.wer, same.rtfx, same.counts) == (10.0, 4.0, one.counts)
    assert one.model == same.model == "openai/whisper-mine"


ENGLISH = ("ami", "earnings22", "gigaspeech", "spgispeech", "tedlium", "voxpopuli")
ENGLISH_SETS = (*(f"esb:{name}" for name in ENGLISH), "esb:librispeech-clean", "esb:librispeech-other")


def test_the_models_own_report_is_as_the_hub_reads_it(tmp_path: Path, called: Called) -> None:
    """Field by field as the file of nvidia/canary-qwen-2.5b, read by a YAML library."""
    yaml = pytest.importorskip("yaml")
    runs = tmp_path / "runs"
    runs.mkdir()
    for number, name in enumerate(ENGLISH_SETS):
        write_run(make_run(name), runs / f"{number}.jsonl")
    code, out, err = called("export", runs, "-o", tmp_path / "results")
    assert (code, err) == (0, "") and out.count("_DATASET_hf-audio-esb-datasets-test-only-sorted_") == 8
    code, _, err = called("score", tmp_path / "results", "--eval-results", tmp_path / "model")
    assert code == 0 and err.count("\n") == 1, err
    found = yaml.safe_load((tmp_path / "model/.eval_results/open_asr_leaderboard.yaml").read_text())
    values = {one["dataset"]["task_id"]: one["value"] for one in found}
    assert values == {"mean_wer": 10.0, "rtfx": 4.0} | dict.fromkeys(
        ("ami_wer", "earnings22_wer", "gigaspeech_wer", "librispeech_clean_wer", "librispeech_other_wer",
         "spgispeech_wer", "tedlium_wer", "voxpopuli_wer"), 10.0
    )  # fmt: skip
    assert {one["dataset"]["id"] for one in found} == {"hf-audio/open-asr-leaderboard"}
    assert set(found[0]) == {"dataset", "value", "notes"} and "d1e99b25" in found[0]["notes"]


def test_what_a_report_cannot_hold_is_named(tmp_path: Path, called: Called) -> None:
    for number, name in enumerate(("oal:ami", "oal:spgispeech")):
        write_run(make_run(name), tmp_path / f"{number}.jsonl")
    code, _, err = called("score", tmp_path, "--eval-results", tmp_path / "model")
    text = (tmp_path / "model/.eval_results/open_asr_leaderboard.yaml").read_text()
    assert code == 0 and "mean_wer" not in text and text.count("task_id") == 1 and "spgispeech_wer" in text
    assert "does not hold mean_wer and rtfx" in err and "does not hold oal:ami: no task" in err
    write_run(replace(make_run("oal:ami"), model="other/model"), tmp_path / "2.jsonl")
    code, _, err = called("score", tmp_path, "--eval-results", tmp_path / "both")
    assert code == 2 and "one model's manifests at a time" in err and not (tmp_path / "both").exists()
    code, _, err = called("score", tmp_path / "2.jsonl", "--eval-results", tmp_path / "both")
    assert code == 1 and "nothing to report" in err and not (tmp_path / "both").exists()


def test_sets_of_bench_have_the_names_of_the_leaderboards_own_scripts() -> None:
    """As its results are printed in pull requests 64 and 205, and by `score_bucket_results.py`."""
    names = ("esb:ami", "oal:librispeech-other", "oal:monsoon", "ml:fleurs-de")
    assert {name: official_name(name) for name in names} == {
        "esb:ami": "hf-audio-esb-datasets-test-only-sorted_ami_test",
        "oal:librispeech-other": "hf-audio-open-asr-leaderboard_librispeech_test.other",
        "oal:monsoon": "VoiceArena-Monsoon_en_IN_test__test",
        "ml:fleurs-de": "nithinraok-asr-leaderboard-datasets_fleurs_de_test",
    }  # fmt: skip
    assert official_name("owner/name@main:a:dev") == "owner-name_a_dev" and official_name("/my/digits") == "/my/digits"


def test_what_the_leaderboard_does_not_score_is_not_exported(tmp_path: Path, called: Called) -> None:
    """Its `prepare_data` drops rows whose normalised reference is empty or says that the stretch is to be ignored."""
    texts = ("green house", "uh", "Ignore_time_segment_in_scoring", "ignore time segment in scoring", "(noise)", "two")
    rows = tuple(Utterance(f"a/b/u{n}.flac", text, f"/here/u{n}.flac", "en") for n, text in enumerate(texts))
    write_run(RunRecord("e", rows, ("x",) * 6, (0.5,) * 6, "a/b", dataset="esb:ami"), tmp_path / "run.jsonl")
    _, out, _ = called("export", tmp_path / "run.jsonl", "-o", tmp_path)
    found = [json.loads(line) for line in Path(out.strip()).read_text().splitlines()]
    assert [(one["audio_filepath"], one["text"]) for one in found] == [("u0.flac", "green house"), ("u5.flac", "two")]


def test_a_manifest_needs_the_models_id(tmp_path: Path, called: Called) -> None:
    write_run(replace(make_run("digits"), model="tiny"), tmp_path / "run.jsonl")
    code, _, err = called("export", tmp_path / "run.jsonl", "-o", tmp_path / "results")
    assert code == 2 and "--model owner/name" in err and not (tmp_path / "results").exists()
    code, out, _ = called("export", tmp_path / "run.jsonl", "-o", tmp_path / "results", "--model", "me/../x")
    assert code == 2
    code, out, _ = called("export", tmp_path / "run.jsonl", "-o", tmp_path / "results", "--model", "me/x..")
    assert code == 0 and Path(out.strip()).parent == tmp_path / "results"
    code, _, err = called("export", *[tmp_path / "run.jsonl"] * 2, "--model", "a/b", "-o", tmp_path / "results")
    assert code == 2 and "--dataset" in err
    assert manifest_name("a/b", "../../etc/x") == "MODEL_a-b_DATASET_..-..-etc-x.jsonl"


def test_a_run_stands_beside_the_published_rows(tmp_path: Path, called: Called) -> None:
    paths = [tmp_path / "clean.jsonl", tmp_path / "ami.jsonl"]
    write_run(make_run("esb:librispeech-clean", cpu="Some CPU"), paths[0])
    write_run(make_run("esb:ami", cpu="Some CPU"), paths[1])
    code, out, _ = called("--add", paths[0], "--add", paths[1], "--top", 3)
    assert code == 0
    row = next(line for line in out.splitlines() if "openai/whisper-mine" in line and "measured here" in line)
    assert "10.00" in row and "would be number" in row and row.split()[0] == "–"  # placed, not ranked
    assert "test set: NOT comparable: 20 utterances, librispeech-clean has 2,620" in out
    assert "measured here (data of 2026-11-21)" in out
    assert "normaliser: DIFFERS" in out and "speed: NOT comparable (Some CPU; the table: NVIDIA A100" in out
    data = json.loads(called("--add", paths[0], "--add", paths[1], "--json", "-")[1])
    assert [one["name"] for one in data["sets"]] == ["librispeech-clean", "ami"]
    mine = next(
        one
        for one in json.loads(called("--add", paths[0], "--json", "-", "--top", 0)[1])["rows"]
        if one["kind"] == "measured here"
    )
    better = sum(row.rates["librispeech-clean"] < 10.0 for row in load("english").rows)
    assert mine["remark"] == f"would be number {better + 1} of 88, if comparable" and mine["rank"] is None
    assert mine["protocol"] == "measured here" and mine["source"] == str(paths[0]) and mine["day"] == "2026-11-21"
    mixed = json.loads(called("--add", paths[0], "--json", "-", "--top", 0, "--mix")[1])
    assert next(one for one in mixed["rows"] if one["kind"] == "measured here")["rank"] == better + 1
    assert any("mixes 2 protocols" in note for note in mixed["notes"])


def test_a_run_on_another_set_is_shown_and_not_placed(tmp_path: Path, called: Called) -> None:
    write_run(make_run("/somewhere/digits"), tmp_path / "run.jsonl")
    code, out, _ = called("--add", tmp_path / "run.jsonl", "--top", 2)
    assert code == 0 and "NOT comparable: 'digits' is none of this table's" in out
    assert "would be number" not in out and "openai/whisper-mine on digits: WER 10.00 %, RTFx 4.00, 20" in out
    code, _, err = called("--add", tmp_path / "run.jsonl", "--table", "nope")
    assert code == 2 and "choose english" in err
    (tmp_path / "run.jsonl").write_text('{"text": "a"}\n')
    code, _, err = called("--add", tmp_path / "run.jsonl")
    assert code == 1 and "not a run record; run records are what `asr bench DATASET -e ENGINE` leaves" in err
    (tmp_path / "run.jsonl").write_text('{\n "text": "a"}\n')
    assert "`asr bench DATASET" in called("--add", tmp_path / "run.jsonl")[2]
    (tmp_path / "empty").mkdir()
    assert "no run record in it" in called("--add", tmp_path / "empty")[2]
    assert called("export")[::2] == (
        2,
        "asr: nothing to export: name run records of `asr bench`, asr leaderboard export RUN.jsonl\n",
    )


def test_utterances_that_failed_count_as_missed(tmp_path: Path) -> None:
    record = make_run("esb:ami", 4)
    write_run(
        replace(record, hypotheses=(None, *record.hypotheses[1:]), times=(None, *record.times[1:])),
        tmp_path / "r.jsonl",
    )
    one = place_runs([tmp_path / "r.jsonl"], load("english"))[0]
    assert (
        one.row.rates == {"ami": 35.0} and merge_rows([one])[0].rtfx is None
    )  # five of twenty words missed, two wrong
    assert any("1 of 4 utterances failed" in line for line in one.comparisons)
    assert len(merge_rows([one, one])) == 2  # the same run twice is not joined into one


def test_runs_of_a_model_are_pooled_and_named_by_what_they_ran_on(tmp_path: Path) -> None:
    """Speeds are pooled over seconds, never averaged; short names carry their engine."""
    facts = {"device": "cuda:0", "gpu": "NVIDIA H200", "cpu": "Some CPU"}
    for name, record in (
        ("a", replace(make_run("esb:ami", **facts), model="tiny")),
        ("b", replace(make_run("esb:tedlium", **facts), model="/models/tiny", times=(0.1,) * 20)),
        ("c", replace(make_run("esb:ami", cpu="Some CPU"), model="tiny")),
    ):
        write_run(record, tmp_path / f"{name}.jsonl")
    one, other = merge_rows(place_runs([tmp_path / f"{name}.jsonl" for name in "abc"], load("english")))
    assert (one.model, one.protocol.hardware, other.protocol.hardware) == ("whisper:tiny", "NVIDIA H200", "Some CPU")
    assert (one.protocol.name, other.protocol.name) == ("measured here", "measured here (2)")
    assert one.rates == {"ami": 10.0, "tedlium": 10.0} and other.rates == {"ami": 10.0}
    assert one.rtfx == pytest.approx((40 + 40) / (10 + 2), abs=0.01) and other.rtfx == 4.0
    assert one.source.count(".jsonl") == 2


@pytest.mark.slow
def test_what_bench_leaves_is_placed_exported_and_scored(asr: Run, digit_strings: list[tuple[Path, str]]) -> None:
    folder = digit_strings[0][0].parent
    quick = ("--sample", 3, "--repeats", 1, "--speed-sample", 1, "--batches", "none", "-q")
    done = asr("bench", folder, "-e", "fake", "--out", "runs", *quick, COLUMNS="200")
    assert done.code == 0, done.err
    found = asr("leaderboard", "score", "runs", "--json", COLUMNS="200")
    one = json.loads(found.out)["manifests"][0]
    assert (one["model"], one["utterances"]) == ("fake", 3)
    placed = asr("leaderboard", "--add", one["file"], "--json", "-")
    run = json.loads(placed.out)["runs"][0]
    assert placed.code == 0 and run["utterances"] == 3 and run["rates"][run["set"]] == one["wer"]
    sent = asr("leaderboard", "export", one["file"], "--model", "me/fake", "-o", "results")
    again = json.loads(asr("leaderboard", "score", "results", "--json").out)["manifests"][0]
    assert sent.code == 0 and {**again, "file": "", "model": "", "manifest_sha256": ""} == {
        **one, "file": "", "model": "", "manifest_sha256": "", "dataset": again["dataset"],
    }  # fmt: skip
    compared = asr("compare", one["file"], one["file"], "-n", "open-asr-leaderboard", "-l", "en", "--json", "-", "-q")
    assert round(100 * json.loads(compared.out)["systems"][0]["wer"], 2) == one["wer"]


def test_data_sets_of_bench_are_the_columns_of_the_tables() -> None:
    assert {name: set_of(name) for name in ("esb:ami", "oal:ami", "ml:fleurs-de", "long:earnings21", "x/y.jsonl")} == {
        "esb:ami": "ami", "oal:ami": "ami-cleaned", "ml:fleurs-de": "de-fleurs", "long:earnings21": "earnings21",
        "x/y.jsonl": "y",
    }  # fmt: skip
    assert set_of("ml:mcv-de") in {one.name for one in load("multilingual").sets}
    assert set_of("esb:librispeech-other") in {one.name for one in load("english").sets}
