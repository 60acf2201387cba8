"""Plugins of other distributions: the core names no plugin, and takes from their declarations what it needs."""

from __future__ import annotations

import ast
import os
import re
import struct
import subprocess
import sys
import tomllib
from collections import deque
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path

import pytest
from support.command import quiet_environment, write_wav
from support.source import nodes

from asrcli.engine import Engine, Model, declared_here, load_class
from asrcli.engines import ranking, selection
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Options
from asrcli.weights import cache, models
from tests.fake_hub import COMMIT, serve

ROOT = Path(__file__).parent.parent
EXAMPLE = Path(__file__).parent / "example_engine"
HIGH = struct.pack("<f", 0.9)  # weights from which on nothing is loud
PUBLISHED = {
    "example/loudness-onnx": {"config.json": b"{}", "onnx/model.onnx": HIGH, "pytorch_model.bin": b"\x80\x04pickle"},
    "example/loudness-ort": {"encoder.ort": HIGH, "README.md": b"#"},
    "example/loudness-gguf": {"loudness.gguf": HIGH, "other.gguf": HIGH},
    "someone/loudness": {"onnx/q.onnx": HIGH, "config.json": b"{}", "code.py": b"raise SystemExit"},
}


def install(source: Path, target: Path) -> None:
    """Do what ``pip install --no-deps --target`` does to a one-file distribution, with no pip or network needed."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    for file in source.glob("asr_*.py"):
        (target / file.name).write_bytes(file.read_bytes())
    facts = target / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    ]
    (facts / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the example distribution, here and for processes that are started, with an empty cache of weights."""
    target = tmp_path / "site"
    target.mkdir()
    install(EXAMPLE, target)
    monkeypatch.syspath_prepend(str(target))
    monkeypatch.setenv("PYTHONPATH", str(target))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    declared_here.cache_clear()
    yield target
    declared_here.cache_clear()
    sys.modules.pop("asr_loudness", None)


def asr(home: Path, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from asrcli.cli.main import main; main(sys.argv[1:])"
    place = {**quiet_environment(home), "HF_HUB_CACHE": str(home / "hub"), **environment}
    words_ = [str(word) for word in words]
    return subprocess.run([sys.executable, "-c", code, *words_], capture_output=True, text=True, env=place)


def test_an_engine_of_others_is_listed(example: Path) -> None:
    from asrcli.engines.cards import cards

    card = next(card for card in cards() if card.name == "loudness")
    assert card.installed and card.models[0].licence == "Apache-2.0" and card.models[0].here


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no installed package carry weights."""
    monkeypatch.setattr("asrcli.weights.packaged.is_here", lambda carried: False)


@pytest.mark.usefixtures("no_packages")
def test_auto_takes_it_by_its_rank(example: Path, monkeypatch: pytest.MonkeyPatch, logged: deque[str]) -> None:
    said: list[str] = []
    engine, model = selection.choose_class("auto", None, Options(), said.append)
    assert (engine.name, model) == ("loudness", "rms"), "whisper is before it and has no weights here"
    assert said == ["engine loudness:rms, the best with its weights here"]
    assert "not whisper: no weights here" in logged and not any("pocketsphinx" in line for line in logged)
    monkeypatch.setattr(engine, "rank", 5)
    engine, _ = selection.choose_class("auto", None, Options(), said.append)
    assert engine.name == "pocketsphinx", "whose rank is 10"
    assert said[-1].endswith("; better: pip install 'asrcli[offline]', or asr engines pull whisper:large-v3-turbo")
    monkeypatch.setattr(load_class("loudness"), "rank", 0)
    monkeypatch.setattr(load_class("pocketsphinx"), "rank", 0)
    with pytest.raises(EngineUnavailable, match="asr engines pull whisper:base") as caught:
        selection.choose_class("auto", None, Options(), said.append)
    assert "loudness" not in str(caught.value), "only when it is named"


@pytest.mark.usefixtures("no_packages")
def test_a_plugin_that_does_not_import_is_passed_over(example: Path, logged: deque[str]) -> None:
    (example / "asr_loudness.py").write_text("import a_module_nobody_has\n")
    said: list[str] = []
    assert selection.choose_class("auto", None, Options(), said.append)[0].name == "pocketsphinx"
    said_of_it = "loudness: engine 'loudness' (asr_loudness:Loudness) does not import"
    assert any(said_of_it in line for line in logged)


def test_an_aligner_of_others_follows_the_same_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: Path
) -> None:
    from asrcli.alignment.choice import choose_aligner

    points = example / "asr_loudness-0.1.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "\n[asrcli.aligners]\nown = asr_own:Own\n")
    (example / "asr_own.py").write_text(
        "from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner\n"
        "class Own(PocketSphinxAligner):\n    name, rank = 'own', 15\n"
    )
    declared_here.cache_clear()
    assert choose_aligner("auto", None, "en")[0].name == "own"
    monkeypatch.setattr(sys.modules["asr_own"].Own, "rank", 5)
    assert choose_aligner("auto", None, "en")[0].name == "pocketsphinx"


def test_its_own_packages_are_to_be_installed(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load_class("loudness")
    monkeypatch.setattr(engine, "requires", ("a_module_nobody_has",))
    with pytest.raises(EngineUnavailable) as caught:
        selection.choose_class("loudness", None, Options(), print)
    assert str(caught.value) == "engine 'loudness' needs a_module_nobody_has: pip install 'asr-loudness[level]'"
    monkeypatch.setattr(engine, "install", "level-meter --index-url https://example.org/simple")
    assert engine.install_command() == "pip install level-meter --index-url https://example.org/simple"
    monkeypatch.undo()
    assert load_class("whisper").install_command() == "pip install asrcli", "the base install brings it"
    assert load_class("qwen3").install_command() == "pip install 'asrcli[qwen3]'"


def fetched(home: Path, repository: str) -> set[str]:
    """Return the files of a repository in the cache of a home."""
    folder = home / "hub" / ("models--" + repository.replace("/", "--")) / "snapshots" / COMMIT
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_its_weights_come_from_the_hub(example: Path, tmp_path: Path) -> None:
    with serve(PUBLISHED) as hub:
        place = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
        names = [f"loudness:{name}" for name in ("onnx", "ort", "gguf", "someone/loudness")]
        done = asr(tmp_path, "engines", "pull", "-q", *names, **place)
        assert done.returncode == 0, done.stderr
    assert fetched(tmp_path, "example/loudness-onnx") == {"config.json", "onnx/model.onnx"}
    assert fetched(tmp_path, "example/loudness-ort") == {"encoder.ort"}
    assert fetched(tmp_path, "example/loudness-gguf") == {"loudness.gguf"}
    assert fetched(tmp_path, "someone/loudness") == {"config.json", "onnx/q.onnx"}
    engine = load_class("loudness")
    assert all(models.is_here(engine, name) for name in engine.models)
    sound = write_wav(tmp_path / "a.wav")
    for name in ("onnx", "example/loudness-gguf"):
        done = asr(tmp_path, "transcribe", "-q", "--no-vad", sound, "-m", name)
        assert (done.returncode, done.stdout) == (0, "quiet\n"), (name, done.stderr)
    plain = asr(tmp_path, "transcribe", "-q", "--no-vad", sound, "-m", "rms")
    assert plain.stdout == "loud\n", "the other models have their weights from the hub"


def test_a_download_without_weights_it_declares_says_so(example: Path, tmp_path: Path) -> None:
    with serve({"example/loudness-ort": {"model.onnx": HIGH}}) as hub:
        done = asr(tmp_path, "engines", "pull", "loudness:ort", HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="0")
    assert done.returncode == 3
    assert "has no weights that engine 'loudness' could load (*.onnx or *.ort or *.gguf)" in done.stderr


def test_every_file_of_weights_that_a_model_names_must_be_there(example: Path, tmp_path: Path) -> None:
    engine = load_class("loudness")
    both = Model("a/b", files=("onnx/encoder.onnx", "onnx/decoder.onnx", "vocabulary.json"))
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx/encoder.onnx").touch()
    assert not cache.has_weights(tmp_path, engine, both) and cache.has_weights(tmp_path, engine, None)
    (tmp_path / "onnx/decoder.onnx").touch()
    assert cache.has_weights(tmp_path, engine, both), "what is no weights is for the engine to miss"
    assert not cache.has_weights(tmp_path, load_class("qwen3"), None), "those are not its weights"


def test_the_example_passes_its_own_test(example: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", str(EXAMPLE), "-p", "no:cacheprovider", "-p", "no:xdist", "-q"]
    place = {**os.environ, "PYTHONPATH": str(example), "HF_HUB_CACHE": str(tmp_path)}
    command += [f"--rootdir={EXAMPLE}", "-c", os.devnull]
    done = subprocess.run(command, capture_output=True, text=True, env=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 15 and "skipped" not in done.stdout  # type: ignore[index]


# How a model is named


@pytest.mark.parametrize(
    ("engine", "model", "expected"),
    [
        ("auto", "Qwen/Qwen3-ASR-1.7B", ("qwen3", "1.7b")),
        ("Qwen/Qwen3-ASR-1.7B", None, ("qwen3", "1.7b")),
        ("qwen3", "qwen/qwen3-asr-1.7b", ("qwen3", "1.7b")),
        ("qwen3:Qwen/Qwen3-ASR-0.6B", None, ("qwen3", "0.6b")),
        ("auto", "FireRedTeam/FireRedASR2-AED", ("firered", "aed2")),
        ("auto", "large-v3-turbo", ("whisper", "large-v3-turbo")),
        ("qwen3:someone/else", None, ("qwen3", "someone/else")),
    ],
)
def test_a_hub_id_takes_the_engine_that_declares_it(
    engine: str, model: str | None, expected: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asrcli.engines.selection.check_installed", lambda plugin: None)
    found, short = selection.choose_class(engine, model, Options(), lambda text: None)
    assert (found.name, short) == expected


@pytest.mark.parametrize(
    ("engine", "model", "message"),
    [
        ("auto", "someone/else", r"no engine declares a model 'someone/else'; name the engine too: --engine NAME"),
        ("auto", "large-v3-turb", r"did you mean 'large-v3-turbo'\?"),
        ("someone/else", None, r"--engine someone/else: no engine declares this model; .*--engine NAME:someone/else"),
        ("whisper:tiny", "base", "names a model, and --model base another"),
    ],
)
def test_a_model_that_nobody_declares_needs_its_engine(engine: str, model: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        selection.choose_class(engine, model, Options(), lambda text: None)


def test_aligners_and_companions_are_named_like_engines(tmp_path: Path) -> None:
    from asrcli.aligner import Aligner
    from asrcli.alignment.choice import choose_aligner
    from asrcli.cli.commands.engines import _plugin
    from asrcli.companions import Detector, Punctuator

    kind = load_class("qwen3")
    if kind.missing():
        pytest.skip("torch is not installed")
    aligner, model = choose_aligner(f"qwen3:{tmp_path}", None, "en")
    assert (aligner.name, model) == ("qwen3", str(tmp_path))
    aligner, model = choose_aligner("Qwen/Qwen3-ForcedAligner-0.6B", None, "en")
    assert (aligner.name, model) == ("qwen3", "0.6b")
    with pytest.raises(UsageError, match=r"names a model, and --model 0\.6b another"):
        choose_aligner(f"qwen3:{tmp_path}", "0.6b", "en")
    with pytest.raises(UsageError, match="does not speak 'hi'"):
        choose_aligner(f"qwen3:{tmp_path}", None, "hi")
    for plugins in (Engine, Aligner, Detector, Punctuator):
        assert ranking.split(plugins, "some:a/b:c", "-x") == ("some", "a/b:c")
        assert ranking.split(plugins, "some", "-x") == ("some", None)
    assert _plugin("Qwen/Qwen3-ASR-0.6B")[1] == "0.6b"
    found, model = _plugin(f"aligner:qwen3:{tmp_path}")
    assert (found.role, model) == ("aligner", str(tmp_path))


# Languages


@pytest.mark.parametrize(
    ("engine", "model", "language"),
    [
        ("firered", None, "fr"),
        ("firered", "/some/folder", "fr"),
        ("firered", "aed", "yue"),
        ("qwen3", "/some/folder", "sw"),
        ("canary", "/some/folder", "fr"),
        ("whisper", "tiny.en", "fr"),
        ("whisper", "someone/else", "fil"),
        ("nemo", "canary-1b", "ja"),
        ("pocketsphinx", None, "fr"),
    ],
)
def test_a_language_that_a_model_does_not_speak_is_refused_before_loading(
    engine: str, model: str | None, language: str
) -> None:
    with pytest.raises(UsageError, match=f"does not speak '{language}', only: ") as caught:
        selection.choose_class(engine, model, Options(language=language), lambda text: None)
    assert caught.value.exit_code == 2


def test_languages_of_which_a_model_speaks_none_are_refused() -> None:
    """They were passed over: an English model wrote English for German speech, without a line."""
    for engine, model in (("whisper", "tiny.en"), ("canary", "/some/folder"), ("pocketsphinx", None)):
        with pytest.raises(UsageError, match="does not speak 'de', only: en"):
            selection.choose_class(engine, model, Options(), lambda text: None, ("de", "fr"))
        assert selection.choose_class(engine, model, Options(), lambda text: None, ("de", "en"))[0].name == engine
    assert selection.choose_class("whisper", "tiny", Options(), lambda text: None, ("de", "fr"))[1] == "tiny"


def test_a_dialect_says_which_language_to_use() -> None:
    from asrcli.base.languages import language_code

    for text, code in (("sichuan", "zh"), ("Wu", "zh"), ("Minnan dialect", "zh"), ("Hong Kong", "yue")):
        with pytest.raises(UsageError, match=f"use --language {code}$"):
            language_code(text)
    assert language_code("cantonese") == "yue" and language_code("mandarin") == "zh"


@pytest.mark.parametrize(("name", "code"), [("Deutsch", "de"), ("FRANÇAIS", "fr"), ("Русский", "ru"), ("日本語", "ja")])
def test_a_language_may_have_the_name_that_its_speakers_use(name: str, code: str) -> None:
    """`-l Deutsch` was asked whether it meant dutch."""
    from asrcli.base.languages import language_code

    assert language_code(name) == code


# The core names no plugin

NAMES = sorted(point.name for point in distribution("asrcli").entry_points if point.group.startswith("asrcli."))
WORD = re.compile(rf"(?<![\w-])({'|'.join(NAMES)})(?![\w-])")
# Modules and folders of the core with strings that have the name of a plugin, and why. None decides anything by it.
EXPLAINED = {
    "base/trust.py": "a list of what a project's file may choose: no plugin puts itself on it",
    "bench/environment.py": "the module of a distribution whose version is recorded",
    "bench/session.py": "an example in a message",
    "cli/commands/align.py": "an example in help",
    "cli/commands/bench.py": "examples in messages",
    "cli/commands/digest/": "examples in help, and the engine of the podcast's check where none is named",
    "cli/commands/engines.py": "examples in help",
    "cli/commands/transcribe_options.py": "examples in help",
    "cli/commands/doctor.py": "packages of the base install, each tried by itself",
    "digest/": "news of the field, which names models; the podcast's check takes what is in every install, -e another",
    "formats/foreign.py": "JSON of the program openai-whisper",
    "formats/profiles.py": "subtitles as the program openai-whisper writes them",
    "scoring/meetings.py": "the library that scores who speaks when",
    "testing/checks.py": "libraries that importing an engine must not bring in",
}


def mentions(path: Path) -> list[tuple[int, str]]:
    """Return line and text of the strings of a module, except docstrings, that have the name of a plugin."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    documents = {
        id(node.body[0].value)
        for node in nodes(path)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    strings = (node for node in nodes(path) if isinstance(node, ast.Constant) and id(node) not in documents)
    return [(node.lineno, node.value) for node in strings if isinstance(node.value, str) and WORD.search(node.value)]


def test_the_core_names_no_plugin() -> None:
    core = ROOT / "asrcli"
    found: Mapping[str, list[tuple[int, str]]] = {
        path.relative_to(core).as_posix(): mentions(path) for path in sorted(core.rglob("*.py"))
    }
    explained = {path: [one for one in EXPLAINED if path.startswith(one)] for path, own in found.items() if own}
    unexplained = [(path, found[path]) for path, reasons in explained.items() if not reasons]
    assert unexplained == [], "a plugin declares what is true of it; the core knows none by name"
    used = {one for reasons in explained.values() for one in reasons}
    assert used == set(EXPLAINED), "explanations that nothing needs any more"


def test_the_reader_of_names_sees_them(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""About whisper."""\nORDER = ("whisper",)\nnote = f"pull {ORDER}:qwen3"\nother = "whispered"\n')
    assert mentions(module) == [(2, "whisper"), (3, ":qwen3")]
