"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from hypothesis.internal.conjecture import providers
from support import recipes
from support.command import Result, Run, Shell, quiet_environment
from support.zygote import PLACE, Zygote, common

from asrcli.base.import_guard import guard_imports

HERE = Path(__file__).parent
# Variables that are read when a command runs, or by a library that `zygote.py` does not import: HF_ by huggingface_hub.
LATE = (
    "ASR_",
    "AWS_",
    "AZURE_",
    "COLUMNS",
    "GOOGLE_",
    "HF_",
    "HOME",
    "MARK",
    "SECRET",
    "XDG_",
    "TERM",
    "OPENAI_",
    "PATH",
    "TZ",
)
TOGETHER = {  # the start of a test's path -> its group, which has something expensive in common
    "canary/test_nemo": "nemo",
    "nemo_engine/": "nemo",
    "test_engines": "nemo",  # canary's default backend
    "digest/test_model": "nemo",  # the same
    "canary/": "canary",
    "firered/": "firered",
    "qwen3/": "qwen3",
    "transformers_engine/": "transformers",
    "bench/test_conversations": "measures",  # scipy.stats, matplotlib, meeteval and pyannote.metrics
    "leaderboard/test_output": "measures",
    "test_compare.py": "measures",
    "test_compare_verdicts": "measures",
    "test_language_heard": "measures",
    "test_scoring": "measures",
    "test_targets": "measures",
    "test_boundaries": "source",
    "test_children": "source",
    "test_code_form": "source",
    "test_imports": "source",
    "test_plugins": "source",
    "test_unreadable": "source",
}
# Few tests that take long: by their number they would come last, and one worker would wait for the other.
LONG = (
    "bench/test_bench.py",
    "test_cut.py",
    "test_end_to_end.py",
    "test_environments.py",
    "test_killed_run.py",
    "test_pocketsphinx.py",
    "test_readme.py",
    "test_search_options.py",
    "test_shared_runs.py",
    "test_streams_and_signals.py",
    "test_whisper.py",
    "test_wrong_pairs.py",
)
QUICK = 4  # the quick suite tries one in so many of the examples of a property; `make test-slow` tries all
collect_ignore = ["example_engine"]  # a distribution of its own, whose test needs it installed: see test_plugins.py

# A busy machine is no reason to fail: what is measured in time belongs to the benchmarks.
settings.register_profile("asr", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("asr")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell: children would ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Servers of tests write heads and bodies apart: each second piece would wait 40 ms for the answer to the first.
StreamRequestHandler.disable_nagle_algorithm = True
guard_imports()  # tests import pyannote and NeMo directly, too
# What lives as long as the process is not looked through for garbage again and again: an eighth of the processor time.
gc.disable()
gc.set_threshold(10_000, 20, 20)


class Logged(logging.Handler):
    """Keeps the last messages, and so formats each: one that cannot be formatted is an error of the test.

    pytest's own plugin looks at each logger of the process (thousands, once torch is imported) six times per test.
    """

    messages: ClassVar[deque[str]] = deque(maxlen=1000)

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


LOGGED = Logged()
logging.getLogger().addHandler(LOGGED)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests that load the same models in one worker, under --dist loadgroup.

    pytest-xdist 3.8.0 puts the marks of groups where pytest 9.2 does not look, and without a word scatters the tests.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            place = nodeid.partition("::")[0].removeprefix("tests/")
            return next((name for start, name in TOGETHER.items() if place.startswith(start)), place)

        def _assign_work_unit(self, node: Any) -> None:
            if first := next((name for name in LONG if name in self.workqueue), None):
                self.workqueue.move_to_end(first, last=False)
            super()._assign_work_unit(node)

    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_configure(config: pytest.Config) -> None:
    """Let all workers fork commands from one process."""
    if config.getoption("numprocesses", None) and "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ[PLACE] = common().start()


def pytest_unconfigure() -> None:
    """End the process that forks commands, where it is ours."""
    common().kill()


@pytest.hookimpl(tryfirst=True)  # before Hypothesis looks for constants
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the quick suite, try fewer examples, the same ones each time: `make test-slow` looks for new ones.

    Hypothesis draws the constants of all modules of the program that have been imported, too, and which these are
    depends on the tests that this worker has run before.
    """
    if "not slow" in config.option.markexpr:
        providers._get_local_constants = lambda: providers._local_constants
        tests = {item.function for item in items if isinstance(item, pytest.Function)}
        for test in filter(is_hypothesis_test, tests):
            full = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = settings(
                full, max_examples=-(-full.max_examples // QUICK), derandomize=True
            )


def pytest_collection_finish() -> None:
    """Collect garbage again, but not among the modules."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def logged() -> Iterator[deque[str]]:
    """Return what is logged while the test runs, of this program all of it."""
    log = logging.getLogger("asrcli")
    before = log.level
    log.setLevel(logging.DEBUG)
    LOGGED.setLevel(logging.NOTSET)  # loading a model with NeMo sets all handlers to ERROR
    LOGGED.messages.clear()
    yield LOGGED.messages
    log.setLevel(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of data kept beside the repository, or skip."""
    folder = Path(os.environ.get("ASR_TEST_SHARED", HERE.parent.parent / "shared"))
    if not (folder / "README.md").exists():
        pytest.skip(f"needs the shared data: {folder} is not there (set ASR_TEST_SHARED)")
    return folder


@pytest.fixture(scope="session")
def checkpoints() -> Path:
    """Return the folder of tiny trained models that the repository carries."""
    return HERE / "checkpoints"


@pytest.fixture(scope="session")
def digit_strings() -> list[tuple[Path, str]]:
    """Return recordings of spoken digit strings (flite voices) with their texts."""
    return [
        (text.with_suffix(".wav"), text.read_text().strip()) for text in sorted((HERE / "data/digits").glob("*.txt"))
    ]


@pytest.fixture
def recipe_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zygote: Zygote) -> Path:
    """Return a folder with the files that recipes name, where `asr` is on the path and its engine is `fake`."""
    zygote.client(tmp_path / "bin/asr")
    for name in [name for name in os.environ if name.startswith("ASR_") or name == "COLUMNS"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASR_ENGINE", "fake")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"])))
    recipes.fill(tmp_path / "place")
    return tmp_path / "place"


@pytest.fixture(scope="session")
def zygote() -> Zygote:
    """Return what forks commands from a process that has imported the program."""
    return common()


@contextmanager
def piped(data: bytes) -> Iterator[IO[bytes]]:
    """Give the reading end of a pipe that brings some bytes; nothing at all where there are none."""
    if not data:
        with open(os.devnull, "rb") as nothing:
            yield nothing
        return
    reading, writing = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), open(writing, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    with open(reading, "rb") as file:
        yield file
    thread.join()


@pytest.fixture
def asr(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Run:
    """Return a function that runs ``asr`` as a process of its own in a temporary folder.

    The process is forked from one that has imported the program, unless the environment says something that libraries
    read when they are imported.
    """
    home = tmp_path_factory.mktemp("home")
    # Weights that packages bring in parts are put together once for all homes, and checked by their hash in each.
    together = tmp_path_factory.getbasetemp()
    together = (together.parent if "PYTEST_XDIST_WORKER" in os.environ else together) / "packaged"
    together.mkdir(exist_ok=True)
    (home / ".cache/asr").mkdir(parents=True)
    (home / ".cache/asr/packaged").symlink_to(together)

    def run(*words: object, stdin: bytes = b"", timeout: float = 120, **environment: str) -> Result:
        named = [os.fspath(word) if isinstance(word, Path) else str(word) for word in words]
        surroundings = {**quiet_environment(home), **environment}
        with TemporaryFile() as out, TemporaryFile() as err:
            known = zygote.environment.items()
            if all(name.startswith(LATE) or (name, value) in known for name, value in environment.items()):
                with piped(stdin) as given:
                    files = (given.fileno(), out.fileno(), err.fileno())
                    code = zygote.run(named, tmp_path, surroundings, files)
            else:
                command = [sys.executable, "-m", "asrcli", *named]
                more = {"cwd": tmp_path, "timeout": timeout, "env": surroundings}
                code = subprocess.run(command, input=stdin, stdout=out, stderr=err, **more).returncode
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode("utf-8", "surrogateescape"))
        return Result(code, *texts)

    return run


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A tab of Chromium, to be touched, typed at and looked at; skips where there is none."""
    from support.browser import Tab

    made = Tab(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


@pytest.fixture
def shell(zygote: Zygote, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return a function that runs a line of bash in a temporary folder, where `asr` is a fork and its engine `fake`."""
    programs = tmp_path_factory.mktemp("bin")
    zygote.client(programs / "asr")
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    environment = {**quiet_environment(tmp_path), "PATH": path, "ASR_ENGINE": "fake"}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-uo", "pipefail", "-c", line]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    return run
