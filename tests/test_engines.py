"""The contract of `asrcli.testing` on every built-in engine, with a tiny trained model where there is one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
from support.server import hearing, serving

from asrcli.capabilities import names_any_model
from asrcli.engine import GROUP, Device, Weights, load_class
from asrcli.testing import CHECKS, Case, Check, ContractBroken
from tests.clips import clip, first_seconds
from tests.nemo_engine.trained import archive

ROOT = Path(__file__).parent.parent
CHECKPOINTS = Path(__file__).parent / "checkpoints"
DIGITS = Path(__file__).parent / "data/digits"


@dataclass(frozen=True)
class Tried:
    """What a built-in engine is tried with."""

    model: str | None = None  # a name, or a folder of tests/checkpoints; None: its default
    rejects_noise: bool | None = True  # the tiny models know digits and nothing else; None: as its card says
    server: str | None = None  # the engine is a client: a server on loopback has this checkpoint inside
    archive: bool = False  # the model is made a `.nemo` archive first
    seconds: float = 9.0  # of each clip of speech


CASES = {
    "canary": Tried("canary-qwen-digits"),
    "fake": Tried(rejects_noise=False),  # it does not listen
    "firered": Tried("firered2-aed-digits"),
    "moonshine": Tried(rejects_noise=None, seconds=3.0),
    "nemo": Tried("parakeet-tdt-digits", archive=True),
    "openai_server": Tried(server="parakeet-ctc-digits"),
    "pocketsphinx": Tried(rejects_noise=None, seconds=1.0),
    "qwen3": Tried("qwen3-asr-digits"),
    "transformers": Tried("parakeet-ctc-digits"),
    "whisper": Tried("whisper-digits-ct2", seconds=3.0),
}
BUILT_IN = sorted(point.name for point in distribution("asrcli").entry_points if point.group == GROUP)


# Engines of which the check, or every check, takes seconds. PocketSphinx searches in noise as in speech.
SLOW = {
    ("nemo", None),
    *(("pocketsphinx", check) for check in ("noisy_clips", "no_clips", "neighbours", "order", "times")),
    *(("moonshine", check) for check in ("no_clips", "neighbours", "order")),
    *(("whisper", check) for check in ("neighbours", "order", "identified_languages")),
}
PAIRS = [
    pytest.param(name, one, marks=pytest.mark.slow if {(name, None), (name, one.__name__)} & SLOW else ())
    for name in BUILT_IN
    for one in CHECKS
]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Case]]:
    """Return what makes the case of an engine: one engine is loaded at a time, and once for all of its checks."""
    with ExitStack() as stack:
        yield lru_cache(maxsize=1)(lambda name: make(name, stack, tmp_path_factory))


@pytest.fixture
def case(request: pytest.FixtureRequest, cases: Callable[[str], Case]) -> Case:
    return cases(request.param)


def make(name: str, stack: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return the case of an engine, or fail without one; skip an engine whose packages are not installed."""
    assert name in CASES, f"engine '{name}' has no case: add one to CASES"
    tried = CASES[name]
    behind = load_class("transformers" if tried.server else name)
    if missing := {*load_class(name).missing(), *behind.missing()}:
        pytest.skip(f"{', '.join(missing)} is not installed")
    model = tried.model
    if model is not None and (CHECKPOINTS / model).is_dir():
        model = str(CHECKPOINTS / model)
    if model is not None and tried.archive:
        model = str(archive(Path(model), tmp_path_factory.mktemp("nemo")))
    if inside := tried.server:
        engine = behind(Weights(inside, str(CHECKPOINTS / inside)), Device(threads=1))
        model = f"{stack.enter_context(serving(hearing(engine))).url}#tiny"
    speech = [first_seconds(clip(DIGITS / f"string{number:02}.wav"), tried.seconds) for number in range(3)]
    return Case(name, speech, model, rejects_noise=tried.rejects_noise)


@pytest.mark.parametrize(("case", "check"), PAIRS, indirect=["case"], ids=lambda one: getattr(one, "__name__", one))
def test_contract(case: Case, check: Check) -> None:
    check(case)


def test_no_case_is_for_an_engine_that_is_gone() -> None:
    assert set(CASES) == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_languages_of_every_model_are_declared(name: str) -> None:
    kind = load_class(name)
    assert names_any_model(kind) or all(kind.languages(model) for model in kind.models)


def test_entry_points_modules_and_extras_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["asrcli.engines"]
    modules = {path.stem for path in (ROOT / "plugins/asr_plugins").glob("[a-z]*") if path.suffix in ("", ".py")}
    aligners = project["entry-points"].get("asrcli.aligners", {})
    others = project["entry-points"]["asrcli.diarizers"]
    targets = (*points.values(), *aligners.values(), *others.values())
    declared = {target.split(":")[0].split(".")[1] for target in targets}
    assert modules == declared, "each module of asr_plugins is behind an entry point, and the other way round"
    assert set(points) == set(BUILT_IN), "run pip install --editable . again"
    base = "".join(project["dependencies"]).replace("-", "_")
    for name in points:
        kind = load_class(name)
        brought = all(module.split(".")[0] in base or module == "ctranslate2" for module in kind.requires)
        assert brought if not kind.extra else kind.extra in project["optional-dependencies"], name


# The checks themselves: each finds an engine that breaks what it is about


def broken(name: str, **changes: object) -> Case:
    """Return a case whose engine is the fake one, loaded, with other attributes or methods."""
    case = Case("fake", [clip(DIGITS / f"string{number:02}.wav") for number in range(3)], rejects_noise=False)
    kind = type("Broken", (type(case.loaded),), changes)
    case.loaded = kind(Weights("default", None), Device())
    return case


@pytest.mark.parametrize(
    ("check", "changes", "reason"),
    [
        ("no_clips", {"transcribe": lambda self, clips, options: [[]]}, "no clips gave results"),
        ("silent_clips", {"transcribe": lambda self, clips, options: []}, "0 results for one clip"),
        ("order", {"transcribe": lambda self, clips, options: [[] for _ in clips]}, "nothing recognised"),
        ("identified_languages", {"identify_language": lambda self, clips: [{"de": 1.0} for _ in clips]}, "'de'"),
        ("answers", {"supports": frozenset()}, "go together"),
        ("answers", {"generate": lambda self, prompts, most: ["same"] * len(prompts)}, "different questions"),
        ("streams", {"stream": lambda self, options: None}, "inherit from Streams"),
    ],
)
def test_a_check_finds_what_it_is_about(check: str, changes: dict[str, object], reason: str) -> None:
    [found] = [one for one in CHECKS if one.__name__ == check]
    found(broken(check))
    with pytest.raises(ContractBroken, match=reason):
        found(broken(check, **changes))


def test_noise_is_rejected_only_where_that_is_promised() -> None:
    [found] = [one for one in CHECKS if one.__name__ == "noisy_clips"]
    case = broken("noisy_clips")
    found(case)
    case.rejects_noise = True
    with pytest.raises(ContractBroken, match="transcribed as"):
        found(case)
