"""The contract that every installed engine keeps, third parties' too, on a tiny trained model where there is one.

An engine that is installed without an entry in `CASES` is tried with its default model when its weights are here.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from support.server import hearing, serving

from asrcli.engine import Device, Engine, Weights, installed, load_class
from asrcli.engines import device
from asrcli.engines.options import check_options
from asrcli.types import Clip, Options, Segment, WordSource
from asrcli.weights import models
from tests.clips import clip, noise, silence
from tests.nemo_engine.trained import archive

ROOT = Path(__file__).parent.parent
CHECKPOINTS = Path(__file__).parent / "checkpoints"
DIGITS = Path(__file__).parent / "data/digits"

HEAVY = (
    "numpy", "av", "torch", "transformers", "ctranslate2", "faster_whisper", "onnxruntime", "huggingface_hub",
    "pocketsphinx", "nemo", "tokenizers", "sentencepiece", "peft", "safetensors", "kaldi_native_fbank", "httpx",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What an engine is tried with."""

    model: str | None = None  # a name, or a folder of tests/checkpoints; None: its default
    listens: bool = True  # it hears sounds, and nothing in silence and noise
    server: str | None = None  # the engine is a client: a server on loopback has this checkpoint of Whisper inside
    archive: bool = False  # the model is made a `.nemo` archive first


CASES = {
    "canary": Case("canary-qwen-digits"),
    "fake": Case(listens=False),
    "nemo": Case("parakeet-tdt-digits", archive=True),
    "openai_server": Case(server="whisper-digits-ct2"),
    "pocketsphinx": Case(),
    "qwen3": Case("qwen3-asr-digits"),
    "transformers": Case("parakeet-ctc-digits"),
    "whisper": Case("whisper-digits-ct2"),
}
ENGINES = installed()


def case(name: str) -> Case:
    return CASES.get(name, Case(listens=False))


@pytest.fixture(
    scope="module", params=[pytest.param(one, marks=pytest.mark.slow) if one == "nemo" else one for one in ENGINES]
)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return each engine, loaded; skip those whose packages or weights are not here."""
    kind = load_class(request.param)
    if missing := kind.missing():
        pytest.skip(f"{', '.join(missing)} is not installed")
    model = case(request.param).model
    if model and case(request.param).archive:
        model = str(archive(CHECKPOINTS / model, tmp_path_factory.mktemp("nemo")))
    with ExitStack() as stack:
        if inside := case(request.param).server:
            whisper = load_class("whisper")(Weights(inside, str(CHECKPOINTS / inside)), Device(threads=1))
            model = f"{stack.enter_context(serving(hearing(whisper))).url}#tiny"
        yield loaded(kind, model)


def loaded(kind: type[Engine], model: str | None) -> Engine:
    if model is not None and (CHECKPOINTS / model).is_dir():
        model = str(CHECKPOINTS / model)
    if not models.is_here(kind, model):
        pytest.skip(f"the weights of {kind.name} are not on this machine")
    weights = models.resolve(kind, model, offline=True, pull=False, announce=print)
    return kind.for_weights(weights)(weights, device.choose(kind, "cpu", threads=1))


@pytest.fixture(scope="module")
def speech() -> list[Clip]:
    return [clip(DIGITS / f"string{number:02}.wav") for number in range(4)]


def texts(found: list[list[Segment]]) -> list[str]:
    return [" ".join(segment.text for segment in own) for own in found]


# What the class says, without loading anything


@pytest.mark.parametrize("name", ENGINES)
def test_the_card_is_sane(name: str) -> None:
    kind = load_class(name)
    assert kind.name == name
    assert kind.default_model in kind.models or kind.any_model
    assert set(kind.dtypes) <= set(kind.devices) <= {"cpu", "cuda", "mps"} and kind.devices
    assert all(all(isinstance(dtype, str) for dtype in dtypes) for dtypes in kind.dtypes.values())
    assert kind.supports <= {field.name for field in fields(Options)} - {"language"}
    assert not set(kind.own_options) & {field.name for field in fields(Options)}, "they stand beside each other"
    scorer = "words.arpa" if "language_model" in kind.supports else None  # some options are for it
    for own, option in kind.own_options.items():
        assert re.fullmatch("[a-z]+(_[a-z]+)*", own) and option.least <= option.default <= option.most and option.help
        check_options(kind, Options(engine_options=((own, option.default),), language_model=scorer))
    assert kind.beams(Options()) >= 1 and kind.beams(Options(beam_size=7)) == 7
    assert kind.max_seconds > 0 and kind.clip_seconds(Options()) > 0
    assert kind.batch_seconds and all(seconds > 0 for seconds in kind.batch_seconds.values())
    for short, model in kind.models.items():
        assert model.hub_id is None or models.HUB_ID.fullmatch(model.hub_id), short
        assert model.revision is None or re.fullmatch("[0-9a-f]{40}", model.revision), short
        assert model.licence and model.licence != "unknown", f"{short}: say the licence"
        assert all(re.fullmatch("[a-z]{2,3}", code) for code in model.languages), short


@pytest.mark.parametrize("name", ENGINES)
def test_importing_it_is_light(name: str) -> None:
    code = (
        "import sys; from asrcli.engine import load_class; from asrcli import models\n"
        f"kind = load_class({name!r}); kind.missing(); models.is_here(kind)\n"
        f"print([module for module in {HEAVY!r} if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_entry_points_modules_and_extras_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["asrcli.engines"]
    modules = {path.stem for path in (ROOT / "plugins/asr_plugins").glob("[a-z]*") if path.suffix in ("", ".py")}
    aligners = project["entry-points"].get("asrcli.aligners", {})
    declared = {target.split(":")[0].split(".")[1] for target in (*points.values(), *aligners.values())}
    assert modules == declared, "each module of asr_plugins is behind an entry point, and the other way round"
    assert set(points) <= set(ENGINES), "run pip install --editable . again"
    for name in points:
        kind = load_class(name)
        base = "".join(project["dependencies"]).replace("-", "_")
        if any(module.split(".")[0] not in base and module != "ctranslate2" for module in kind.requires):
            assert (kind.extra or name) in project["optional-dependencies"], name


# What it does with clips


def test_no_clips(engine: Engine) -> None:
    assert engine.transcribe([], Options()) == []


@pytest.mark.parametrize("seconds", [0.0, 0.0001, 0.05, 1.0, 5.0])
def test_silence(engine: Engine, seconds: float) -> None:
    found = engine.transcribe([silence(seconds)], Options())
    assert len(found) == 1
    if case(engine.name).listens:
        assert found == [[]]


@pytest.mark.parametrize("decibels", [20.0, 40.0, 60.0])
def test_noise(engine: Engine, decibels: float) -> None:
    found = engine.transcribe([noise(5.0, decibels)], Options())
    assert len(found) == 1
    if case(engine.name).listens:
        assert found == [[]]


def test_one_result_per_clip_in_order(engine: Engine, speech: list[Clip]) -> None:
    found = engine.transcribe(speech, Options())
    assert len(found) == len(speech) and all(own for own in found)
    assert texts(engine.transcribe(speech[::-1], Options())) == texts(found)[::-1]


def test_the_neighbours_do_not_matter(engine: Engine, speech: list[Clip]) -> None:
    options = Options(word_timestamps=True if "word_timestamps" in engine.supports else None)
    together = engine.transcribe([speech[0], noise(3.0, 10.0), speech[1], silence(0.05), speech[2]], options)
    alone = [engine.transcribe([one], options)[0] for one in speech[:3]]
    for left, right in zip([together[0], together[2], together[4]], alone, strict=True):
        assert [one.text for one in left] == [one.text for one in right]
        for one, other in zip(left, right, strict=True):
            assert (one.start, one.end) == pytest.approx((other.start, other.end), abs=0.021)
            assert [word.text for word in one.words] == [word.text for word in other.words]


def test_times_are_inside_the_clip_and_do_not_go_back(engine: Engine, speech: list[Clip]) -> None:
    asked = "word_timestamps" in engine.supports
    for one, own in zip(
        speech, engine.transcribe(speech, Options(word_timestamps=True if asked else None)), strict=True
    ):
        clock = 0.0
        for segment in own:
            assert segment.text == segment.text.strip() != ""
            check_times(segment.start, segment.end, clock, one.seconds)
            clock = segment.end
            if asked:
                assert segment.words, "word times were asked for"
            inner = segment.start
            for word in segment.words:
                check_times(word.start, word.end, inner - 1e-6, segment.end + 1e-6)
                inner = word.end
                assert word.text == word.text.strip() != "" and word.source in WordSource.__args__
                assert word.score is None or (type(word.score) is float and 0.0 <= word.score <= 1.0)
            assert segment.score is None or (type(segment.score) is float and 0.0 <= segment.score <= 1.0)


def check_times(start: float, end: float, earliest: float, latest: float) -> None:
    assert type(start) is float and type(end) is float, "Python's own floats: others do not go into JSON"
    assert math.isfinite(start) and earliest <= start <= end <= latest + 1e-6


def test_results_go_into_json(engine: Engine, speech: list[Clip]) -> None:
    from dataclasses import asdict

    json.dumps([asdict(segment) for own in engine.transcribe(speech[:1], Options()) for segment in own])


def test_languages_are_identified_when_it_says_so(engine: Engine, speech: list[Clip]) -> None:
    if not engine.identifies_language:
        pytest.skip("it does not identify languages")
    assert engine.identify_language([]) == []
    for scores in engine.identify_language(speech):
        assert max(scores, key=lambda code: scores[code]) == "en"
        assert all(type(score) is float and 0.0 <= score <= 1.0 for score in scores.values())
        assert sum(scores.values()) == pytest.approx(1.0, abs=0.01)


def test_questions_are_answered_when_it_says_so(engine: Engine) -> None:
    if not engine.answers:
        assert "ask" not in engine.supports
        pytest.skip("it has no language model")
    assert "ask" in engine.supports and engine.prompt_characters >= 1000
    asked = ["Sum up.\n\n[1] seven three nine", "Sum up.\n\n[1] hello"]
    answers = engine.generate(asked, 50)
    assert engine.generate([], 50) == [] and len(answers) == 2 and answers[0] != answers[1]
    assert [engine.generate([one], 50)[0] for one in asked] == answers
    assert all("<think>" not in answer and answer.strip() == answer != "" for answer in answers)


def test_backends_are_classes_that_know_their_name() -> None:
    for name in ENGINES:
        kind = load_class(name)
        for backend in kind.backends:
            chosen = kind.for_weights(Weights(kind.default_model, None), backend)
            assert chosen.backend == backend and chosen.name == name and issubclass(chosen, Engine)


# A third party's engine: one file, found through its entry point

EXAMPLE = Path(__file__).parent / "example_engine"


def install(source: Path, target: Path) -> None:
    """Do what ``pip install --no-deps --target`` does to a one-file distribution, with no pip or network needed."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    for file in source.glob("*.py"):
        (target / file.name).write_bytes(file.read_bytes())
    facts = target / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    ]
    (facts / "entry_points.txt").write_text("\n".join(lines))


def with_example(target: Path) -> dict[str, str]:
    install(EXAMPLE, target)
    return {**os.environ, "PYTHONPATH": str(target)}


def asr(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from asrcli.cli.main import main; main(sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment)


def test_a_third_party_engine_is_listed(tmp_path: Path) -> None:
    done = asr(with_example(tmp_path), "engines", "--json")
    card = next(card for card in json.loads(done.stdout) if card["name"] == "loudness")
    assert card["installed"] and card["models"][0]["licence"] == "Apache-2.0" and card["models"][0]["here"]


def test_a_third_party_engine_keeps_the_contract(tmp_path: Path) -> None:
    if "loudness" in ENGINES:
        pytest.skip("this is the run of the contract on it")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            str(Path(__file__)),
            "-k",
            "loudness",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
        ],
        capture_output=True,
        text=True,
        env=with_example(tmp_path),
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 15  # type: ignore[index]
