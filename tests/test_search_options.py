"""N-best lists and the options of one engine alone: where they are written, what they change, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.command import Run, write_wav

import asrcli
from asrcli.bench.replay import request_of
from asrcli.datasets.results import read_run
from asrcli.engine import load_class
from asrcli.engines.options import check_options
from asrcli.errors import UsageError
from asrcli.formats.json import read_transcript
from asrcli.runs.plan import Request, text_recipe
from asrcli.types import Options

ROOT = Path(__file__).parent.parent
FAKE = ("transcribe", "-e", "fake", "--no-vad")
LISTED = [  # what `fake` says of one-two.wav
    {"text": "one two", "search_score": -1.0, "tokens": [], "token_logprobs": []},
    {"text": "one one two", "search_score": -2.0, "tokens": [0], "token_logprobs": [-0.5]},
]


@pytest.fixture
def talk(tmp_path: Path) -> str:
    return write_wav(tmp_path / "one-two.wav").name


def schema(name: str) -> Any:
    document = json.loads((ROOT / f"docs/{name}.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(document)


def test_an_n_best_list_is_in_every_kind_of_json(asr: Run, talk: str, tmp_path: Path) -> None:
    done = asr(*FAKE, talk, "--n-best", "2", "-f", "json,jsonl,txt", "-o", "out", "--events", "events.jsonl")
    assert done.code == 0, done.err
    document = json.loads((tmp_path / "out/one-two.json").read_text())
    schema("transcript").validate(document)
    assert document["segments"][0]["alternatives"] == LISTED and {"n_best": "2"}.items() <= document["options"].items()
    assert read_transcript(tmp_path / "out/one-two.json").segments[0].alternatives[1].text == "one one two"
    assert json.loads((tmp_path / "out/one-two.jsonl").read_text())["alternatives"] == LISTED
    assert (tmp_path / "out/one-two.txt").read_text() == "one two\n"
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    (segment,) = (one for one in events if one["type"] == "segment")
    schema("events").validate(segment)
    assert segment["alternatives"] == LISTED


def test_without_being_asked_for_there_is_no_list(asr: Run, talk: str) -> None:
    assert "alternatives" not in asr(*FAKE, talk, "-f", "json").out


def test_only_formats_that_hold_the_list_are_made_again_for_it(asr: Run, talk: str) -> None:
    asr(*FAKE, talk, "-f", "txt,json", "-o", "out")
    done = asr(*FAKE, talk, "-f", "txt,json", "-o", "out", "--n-best", "2", "--dry-run")
    assert "n_best was not set, now 2" in done.out and done.out.count("make\t") == 1
    assert "make\tout/one-two.json" in done.out and "up to date\tout/one-two.txt" in done.out


@pytest.mark.slow
def test_a_run_cut_short_goes_on_with_its_list_and_its_own_options(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in/a-long-recording.wav", 170.0)  # six clips
    words = (*FAKE, "in", "-f", "json", "--batch-size", "1", "--n-best", "2", "--engine-option", "word-score=0.25")
    assert asr(*words, "-m", "crash=5,sleep=0.2", "-o", "out").code == 77
    (journal,) = (tmp_path / "out/.asr/journal").glob("*.jsonl")
    assert '"alternatives": [{' in journal.read_text().replace(":[{", ": [{")
    # Another value of the option may not take what the first one heard: it runs into the crash again.
    assert asr(*words, "--engine-option", "word-score=0.5", "-m", "crash=5,sleep=0.2", "-o", "out").code == 77
    resumed = asr(*words, "-m", "crash=5,sleep=0.2", "-o", "out")
    assert resumed.code == 0, resumed.err
    assert asr(*words, "-o", "whole").code == 0
    found, whole = (json.loads((tmp_path / name / "a-long-recording.json").read_text()) for name in ("out", "whole"))
    assert found["segments"] == whole["segments"] and len(whole["segments"][0]["alternatives"]) == 2
    assert {one["score"] for one in whole["segments"]} == {0.25}
    assert {"n_best": "2", "word_score": "0.25"}.items() <= whole["options"].items()


@pytest.mark.parametrize("spelling", ["word-score=0.5", "word_score=.5", "word-score=5e-1"])
def test_an_engine_option_is_a_name_and_a_number(asr: Run, talk: str, spelling: str) -> None:
    done = asr(*FAKE, talk, "--engine-option", "word-score=1", "--engine-option", spelling, "-f", "json")
    assert json.loads(done.out)["segments"][0]["score"] == 0.5, "the last one holds"


def test_an_engine_option_may_stand_in_a_file(asr: Run, talk: str, tmp_path: Path) -> None:
    (tmp_path / "asr.toml").write_text("[transcribe]\nengine = 'fake'\nengine-option = ['word-score=0.25']\n")
    assert asr("config", "trust").code == 0
    done = asr("transcribe", "--no-vad", talk, "-f", "json")
    assert json.loads(done.out)["options"]["word_score"] == "0.25"


@pytest.mark.parametrize("options", [{"word_score": 0.5}, {"word-score": 0.5}, (("word_score", 0.5),)])
def test_the_library_takes_a_mapping(tmp_path: Path, options: Any) -> None:
    path = write_wav(tmp_path / "one-two.wav")
    (found,) = asrcli.transcribe(path, engine="fake", vad=False, n_best=2, engine_options=options)
    assert found.segments[0].score == 0.5 and len(found.segments[0].alternatives) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(length_penalty=float("nan")), "--length-penalty nan: choose -10 to 10"),
        (Options(length_penalty=float("inf")), "--length-penalty inf: choose -10 to 10"),
        (Options(repetition_penalty=0.0), "--repetition-penalty 0: choose 0.1 to 10"),
        (Options(patience=0.0), "--patience 0: choose 0.1 to 10"),
        (Options(beam_size=100_000), "--beam-size 100000: choose 1 to 1000"),  # which computes for hours
        (Options(max_new_tokens=10**6), "--max-new-tokens 1000000: choose 1 to 100000"),
        (Options(no_repeat_ngram_size=-1), "--no-repeat-ngram-size -1: choose 0 to 100"),
    ],
)
def test_numbers_that_a_search_cannot_compute_with(options: Options, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_options(load_class("whisper"), options)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--n-best 2", "--n-best: txt has no place for a list; choose -f json or jsonl"),
        (
            "--n-best 4 -f json",
            "--n-best 4: the search of engine 'fake' keeps 3 hypotheses; add --beam-size 4, or more",
        ),
        ("--n-best 0 -f json", "'--n-best'"),
        ("--n-best 2 -f json --rttm-in .", "--n-best lists readings of whole segments"),
        ("--n-best 2 -f json -e pocketsphinx", "engine 'pocketsphinx' has no --n-best; engines that do: firered, "),
        ("--n-best 2 -f json --stream", "--n-best does not go with --stream"),
        ("--engine-option word-score", "--engine-option word-score: write a name and a number, such as "),
        ("--engine-option word-score=", "--engine-option word-score=: write a name and a number"),
        ("--engine-option =1", "--engine-option =1: write a name and a number"),
        ("--engine-option word-score=inf", "word-score=inf: write a name and a number"),
        ("--engine-option word-score=1.5", "--engine-option word-score=1.5: engine 'fake' takes 0 to 1"),
        ("--engine-option score=1", "engine 'fake' has no --engine-option score; it has word-score"),
        ("--engine-option eos-penalty=1", "has no --engine-option eos-penalty; engines that do: firered"),
        ("--engine-option x=1 -e pocketsphinx", "'pocketsphinx' has no --engine-option x; leave it out"),
        ("--punctuation-model firered", "--punctuation-model firered is for --punctuate: give that too"),
    ],
)
def test_what_cannot_work_is_said_at_once(asr: Run, talk: str, words: str, said: str) -> None:
    done = asr(*FAKE, talk, *words.split())
    assert (done.code, done.err.count("\n")) == (2, 1) and said in done.err, done.err


def test_a_manifest_has_no_place_for_a_list(asr: Run) -> None:
    done = asr("transcribe", "--manifest", "m.jsonl", "-e", "fake", "--n-best", "2")
    assert done.code == 2 and "--n-best and --manifest do not go together" in done.err


def test_a_penalty_of_zero_is_not_the_engine_s_own() -> None:
    """0.6 is the length penalty of firered: a text made with 0 is another one."""
    engine = load_class("firered")
    plain, off = (text_recipe(Request((), options=Options(length_penalty=one)), engine, None) for one in (None, 0.0))
    assert off == {**plain, "length_penalty": "0.0"}


def test_engines_show_their_own_options(asr: Run) -> None:
    shown = asr("engines").out
    assert "\n  ENGINE-OPTION " in shown and "\n  eos-penalty=1 " in shown and "\n  softmax-smoothing=1.25 " in shown
    cards = {card["name"]: card for card in json.loads(asr("engines", "--json").out)}
    own = cards["fake"]["own_options"]["word_score"]
    assert own == {"default": 0.9, "least": 0.0, "most": 1.0, "help": "confidence of every word"}
    assert cards["pocketsphinx"]["own_options"] == {}


@pytest.mark.slow
def test_a_benchmark_takes_them_and_its_replay_too(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "data/one.wav", 0.5)
    (tmp_path / "data/one.txt").write_text("one\n")
    words = ("bench", "data", "-e", "fake", "--repeats", "1", "--batches", "none", "--no-vad", "-o", "runs", "-q")
    done = asr(*words, "--engine-option", "word-score=0.5")
    assert done.code == 0, done.err
    (path,) = (path for path in (tmp_path / "runs").glob("*.jsonl") if "robustness" not in path.name)
    record = read_run(path)
    assert request_of(record, None).options == Options(engine_options=(("word_score", 0.5),))
    assert json.loads(record.fact("options")) == {"engine_options": [["word_score", 0.5]]}
    wrong = asr(*words, "--length-penalty", "0.5")
    assert wrong.code == 2 and "engine 'fake' has no --length-penalty; engines that do: firered" in wrong.err


@pytest.mark.slow
def test_the_same_seed_gives_the_same_text(asr: Run) -> None:
    """Of many recordings too, whose clips otherwise meet in another order in every run."""
    sampled = ("--temperature", 3, "--best-of", 1, "--max-new-tokens", 8)
    whisper = ("-e", "whisper", "-m", ROOT / "tests/checkpoints/whisper-digits-ct2", "-l", "en", *sampled, "-q")
    recordings = sorted((ROOT / "tests/data/digits").glob("*.wav"))[:3]
    first, again = (asr("transcribe", *recordings, *whisper, "--seed", 3) for _ in range(2))
    other = asr("transcribe", recordings[0], *whisper, "--seed", 4)
    assert first.code == 0 and len(set(first.out.splitlines())) > 2, first.err
    assert again.out == first.out
    assert other.code == 0 and not first.out.startswith(other.out)


def test_engines_that_sample_nothing_refuse_a_seed(asr: Run, talk: str) -> None:
    done = asr("transcribe", talk, "-e", "firered", "--seed", 1)
    assert (done.code, done.err) == (2, "asr: engine 'firered' has no --seed; engines that do: whisper\n")
