"""Which language was heard: scored against data that names it, and in every output that has a place for it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from support.command import Run, write_wav

from asrcli.compare.identification import code_of, comparable_code, identified
from asrcli.types import Utterance

# spoken, heard: counted by hand
PAIRS = [("de_DE", "de"), ("German", "nl"), ("fr", "fr"), ("fr", "de"), ("fr", "de"), ("fil_ph", "tl"), ("zh-CN", None)]


def utterances(spoken: list[str]) -> list[Utterance]:
    return [Utterance(str(number), "text", language=language) for number, language in enumerate(spoken)]


def test_accuracy_and_confusions_are_those_counted_by_hand() -> None:
    found = {one.spoken: one for one in identified(utterances([a for a, _ in PAIRS]), [b for _, b in PAIRS])}
    assert {name: (one.right, one.utterances) for name, one in found.items()} == {
        "all": (3, 7),
        "de": (1, 2),
        "fr": (1, 3),
        "tl": (1, 1),
        "zh": (0, 1),
    }
    assert found["all"].instead == (("fr as de", 2), ("de as nl", 1), ("zh as none", 1))
    assert found["fr"].instead == (("de", 2),) and found["zh"].instead == (("none", 1),)
    from scipy.stats import binomtest  # takes most of a second

    whole = found["all"].interval
    expected = binomtest(3, 7).proportion_ci(method="wilson")
    assert whole is not None and (whole.low, whole.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_nothing_is_scored_where_nothing_was_heard_or_named() -> None:
    assert identified(utterances(["de", "fr"]), [None, None]) == []
    assert identified([Utterance("1", "text")], ["de"]) == []
    assert identified(utterances(["de"]), ()) == []


def test_languages_are_the_same_however_they_are_named() -> None:
    assert [code_of(one) for one in ("German", "de_DE", "deu", "cmn_hans_cn", "Sichuan dialect", "xx", None)] == [
        *("de", "de", "de", "zh", "zh", "xx", "")
    ]
    assert comparable_code("fil") == comparable_code("tl")


def test_compare_scores_transcripts_and_manifests(asr: Run, tmp_path: Path) -> None:
    lines = [{"id": f"u{place}", "text": "eins zwei", "lang": spoken} for place, (spoken, _) in enumerate(PAIRS)]
    reference = tmp_path / "reference.jsonl"
    reference.write_text("".join(json.dumps(line) + "\n" for line in lines))
    heard = [{**line, "pred_text": "eins", "pred_language": b} for line, (_, b) in zip(lines, PAIRS, strict=True)]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in heard))
    for folder, told in (("found", {}), ("told", {"language": "de"})):
        (tmp_path / folder).mkdir()
        for line, (_, language) in zip(lines, PAIRS, strict=True):
            document = {"text": "eins", "language": language, "options": told}
            (tmp_path / folder / f"{line['id']}.json").write_text(json.dumps(document))
    systems = [tmp_path / name for name in ("manifest.jsonl", "found", "told")]
    done = asr("compare", reference, *systems, "--by", "language", "--json", "-")
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert set(data["language_heard"]) == {"manifest", "found"}  # what was told a language has heard none
    assert data["language_heard"]["manifest"] == data["language_heard"]["found"]
    assert data["language_heard"]["found"][0]["accuracy"] == pytest.approx(3 / 7)
    assert [row["value"] for row in data["by"]["language"]] == ["de", "fil", "fr", "zh"]
    page = asr("compare", reference, *systems, "--by", "language", "--markdown", "-")
    assert "| found | fr | 3 | 33.33 % | de 2 |" in page.out
    shown = asr("compare", reference, *systems, "--by", "language")
    assert "Language identified" in shown.out and "fr as de 2" in shown.out


def test_bench_scores_what_an_engine_hears_by_itself(asr: Run, tmp_path: Path) -> None:
    rows = [("de-eins", "de"), ("de-zwei", "de"), ("de-drei", "en"), ("four", "en")]  # the fake engine hears by names
    for name, _ in rows:
        write_wav(tmp_path / f"{name}.wav", 0.6)
    lines = [{"audio_filepath": f"{name}.wav", "text": name, "lang": language} for name, language in rows]
    manifest = tmp_path / "data.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    quick = ("-e", "fake", "--repeats", "1", "--batches", "none", "--no-vad")
    done = asr("bench", manifest, *quick, "-o", tmp_path / "runs", "--csv", "-")
    assert done.code == 0, done.err
    found = {
        (row["name"], row["condition"]): float(row["value"])
        for row in csv.DictReader(done.out.splitlines())
        if row["name"].startswith("language")
    }
    assert found == {
        ("language_accuracy", ""): 0.75,
        ("language_accuracy", "de"): 1.0,
        ("language_accuracy", "en"): 0.5,
        ("language_heard", "en as de"): 1.0,
    }
    run = next((tmp_path / "runs").glob("*.jsonl"))
    kept = {row["id"]: row for row in map(json.loads, run.read_text().splitlines()[1:])}
    assert (kept["de-drei"]["language"], kept["de-drei"]["pred_language"]) == ("en", "de")
    assert float(kept["de-drei"]["pred_language_score"]) == 0.9
    scored = asr("compare", run, run, "--by", "language", "--json", "-")
    assert json.loads(scored.out)["language_heard"]["fake"][0]["accuracy"] == 0.75


@pytest.mark.slow
@pytest.mark.parametrize(("language", "scored"), [(None, False), ("auto", True), ("de", False)])
def test_one_language_is_told_unless_it_is_to_be_found(
    asr: Run, tmp_path: Path, language: str | None, scored: bool
) -> None:
    write_wav(tmp_path / "de-eins.wav", 0.6)
    manifest = tmp_path / "data.jsonl"
    manifest.write_text(json.dumps({"audio_filepath": "de-eins.wav", "text": "eins", "lang": "de"}) + "\n")
    said = ("--language", language) if language else ()
    quick = ("-e", "fake", "--repeats", "1", "--batches", "none", "--no-vad", "-q")
    done = asr("bench", manifest, *quick, *said, "-o", tmp_path / "runs", "--json", tmp_path / "out.json")
    assert done.code == 0, done.err
    names = [one["name"] for one in json.loads((tmp_path / "out.json").read_text())["runs"][0]["measures"]]
    assert ("language_accuracy" in names) is scored
    run = next((tmp_path / "runs").glob("*.jsonl"))
    again = asr("bench", "--replay", run, "--yes", "-q", "-o", tmp_path / "again")
    assert again.code == 0, again.err
    assert ("pred_language" in next((tmp_path / "again").glob("*.jsonl")).read_text()) is scored


def test_tables_of_segments_have_the_language_and_its_probability(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "de-eins.wav", 0.6)
    done = asr("transcribe", tmp_path / "de-eins.wav", "-e", "fake", "--no-vad", "-f", "csv")
    assert done.code == 0, done.err
    (row,) = csv.DictReader(done.out.splitlines())
    assert (row["language"], row["language_score"]) == ("de", "0.9000")
    told = asr("transcribe", tmp_path / "de-eins.wav", "-e", "fake", "--no-vad", "-f", "jsonl", "-l", "en")
    assert json.loads(told.out)["language"] == "en" and json.loads(told.out)["language_score"] is None
