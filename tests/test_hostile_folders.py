"""Hostile weights and configurations for every engine, drawn from seeds: each is refused in one line, or harmless.

Counts: 40 folders for each of 19 kinds of model, 760. A case is made again from its kind and number alone. Loading and
hearing run in a process of its own (this file, run as a program), which reports whatever it opens, runs or connects to.
"""

from __future__ import annotations

import copyreg
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if __name__ != "__main__":
    from support.hostile import configurations, places_of_numbers, set_number, spoil

CASES = 40  # of each kind
SECONDS = 180  # for one; busy machines are slow
MEMORY_MB = 1500  # beyond what the same folder takes undamaged
HUGE = (100_000, 2**30)  # one that may pass for a size, and one that does not
SPACE = 4 << 30  # bytes of address space beyond what the libraries have
HERE = Path(__file__).parent
TINY = HERE / "checkpoints"
KINDS = {
    "transformers ctc": ("engine", "transformers", "parakeet-ctc-digits"),
    "transformers rnnt": ("engine", "transformers", "parakeet-rnnt-digits"),
    "transformers tdt": ("engine", "transformers", "parakeet-tdt-digits"),
    "transformers whisper": ("engine", "transformers", "whisper-digits"),
    "whisper": ("engine", "whisper", "whisper-digits-ct2"),
    "whisper converted": ("engine", "whisper", "whisper-digits"),
    "qwen3": ("engine", "qwen3", "qwen3-asr-digits"),
    "qwen3 original": ("engine", "qwen3", "qwen3-asr-digits-original"),
    "qwen3 aligner": ("aligner", "qwen3", "qwen3-aligner-digits"),
    "ctc aligner": ("aligner", "ctc", "parakeet-ctc-digits"),
    "canary": ("engine", "canary", "canary-qwen-digits"),
    "firered": ("engine", "firered", "firered2-aed-digits"),
    "firered converted": ("engine", "firered", "firered-safe"),
    "firered llm": ("engine", "firered", "firered-llm-digits"),
    "firered punctuation": ("punctuation", "firered", "punctuation"),
    "firered voice activity": ("vad", "firered", "vad"),
    "moonshine": ("engine", "moonshine", "moonshine"),
    "pyannote": ("speakers", "pyannote", "pyannote"),
    "nemo": ("engine", "nemo", "nemo"),
}
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # those of libraries that build tiny models


# The process that loads


def serve() -> None:
    """Load the folders named on standard input and hear a clip with each; answer each with a line of JSON."""
    import resource

    import torch

    torch.set_num_threads(1)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    seen: list[str] = []
    for line in sys.stdin:
        job = json.loads(line)
        if job["watch"] and not seen:
            seen.append("watching")
            sys.addaudithook(watcher(seen, job["planted"]))
            size = _status("VmSize") * 1024
            resource.setrlimit(resource.RLIMIT_AS, (size + SPACE, size + SPACE))
        before = len(seen)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins again
        start = _status("VmHWM")
        answer, said = attempt(job["role"], job["name"], job["folder"])
        grown = (_status("VmHWM") - start) // 1024
        print(json.dumps({"answer": answer, "said": said, "mb": grown, "seen": seen[before:]}), file=out, flush=True)


def _status(name: str) -> int:
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0])


def watcher(seen: list[str], planted: str) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that forbids processes, connections and the planted files, and notes them."""
    forbidden = (
        "socket.connect",
        "socket.getaddrinfo",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
    )

    def watch(event: str, given: tuple[Any, ...]) -> None:
        bad = event in forbidden and "uname" not in str(given) and "/dev/log" not in str(given)
        bad = bad or (event == "open" and "planted/secret" in str(given[0]))
        bad = bad or (event == "exec" and "evil" in str(getattr(given[0], "co_filename", "")))
        if bad:
            seen.append(f"{event} {given!r}"[:200])
            raise PermissionError(f"{event} is watched")

    return watch


def attempt(role: str, name: str, folder: str) -> tuple[str, str]:
    """Return how loading and hearing ended, and with which words."""
    import traceback

    from asrcli.errors import AsrError

    answer = "load"
    try:
        hear = loaded(role, name, folder)
        answer = "hear"
        hear()
    except AsrError as error:
        text = str(error)
        right = error.exit_code in (2, 3) or answer == "hear"
        return ("refused" if right and "\n" not in text else f"fault: exit {error.exit_code} in {answer}"), text
    except Exception as error:
        said = "".join(traceback.format_exception(error))[-3000:]
        # What fails while a clip is heard fails that input, with its traceback and exit code 1.
        return ("failed" if answer == "hear" else f"fault: {type(error).__name__} in {answer}"), said
    return "ok", ""


def loaded(role: str, name: str, folder: str) -> Callable[[], object]:
    """Load weights as a run does and return what hears two seconds with them."""
    import numpy as np

    from asrcli.engine import Weights
    from asrcli.engines.recogniser import opening
    from asrcli.types import Clip, Options, Recording

    random = np.random.default_rng(0)
    clips = [Clip(Recording("a.wav"), 0.0, (0.1 * random.standard_normal(32_000)).astype(np.float32))]
    if role == "speakers":
        from asr_plugins.pyannote import open_pipeline

        from asrcli.base.import_guard import guard_imports

        guard_imports()
        with opening(Weights(folder, folder)):
            pipeline = open_pipeline(folder)
        return lambda: pipeline
    kind, weights = resolved(role, name, folder)
    if role == "vad":
        stream = opened(kind, weights).stream()
        return lambda: stream.finish(clips[0].samples[:31_744])
    if role == "punctuation":
        punctuator = opened(kind, weights)
        return lambda: punctuator.marks([["hello", "you"]])
    from asrcli.alignment.choice import AlignerChoice
    from asrcli.engine import Device

    if role == "aligner":
        aligner = AlignerChoice(kind, weights, Device(threads=1)).load()
        return lambda: aligner.align(clips, [["one", "two"]], "en")
    from asrcli.capabilities import implementation
    from asrcli.engines.recogniser import Choice, LocalRecogniser

    with opening(weights):
        card = implementation(kind, "native" if name == "canary" else None).for_weights(weights)
    recogniser = LocalRecogniser(Choice(card, weights, Device(threads=1)))
    recogniser.load()

    def hear() -> None:
        for found in recogniser.transcribe(clips, Options(language="en" if "en" in card.speaks else None)):
            if isinstance(found, Exception):
                raise found

    return hear


def opened(kind: Any, weights: Any) -> Any:
    """Load a companion as `asrcli.engines.companions` does."""
    from asrcli.engines.recogniser import opening

    with opening(weights):
        return kind(weights)


def resolved(role: str, name: str, folder: str) -> tuple[Any, Any]:
    """Return the class of a model and its weights, found as a command finds them."""
    from asrcli.aligner import Aligner
    from asrcli.companions import Detector, Punctuator
    from asrcli.engine import load_class, load_plugin
    from asrcli.engines import companions
    from asrcli.weights import models

    if role in ("vad", "punctuation"):
        kind: Any = companions.find(Detector if role == "vad" else Punctuator, f"{name}:{folder}")
    else:
        kind = load_class(name) if role == "engine" else load_plugin(Aligner, name)
    return kind, models.resolve(kind, folder, offline=True, pull=False, announce=lambda text: None)


# The test


class Worker:
    """The process that loads, started again when it dies or hangs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[str] | None = None

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        import select

        if self.process is None:
            self.process = self.start()
        process = self.process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], SECONDS)
        line = process.stdout.readline() if ready else ""
        if line:
            return dict(json.loads(line))
        self.close()
        return {
            "answer": f"fault: died with {process.returncode}" if ready else "fault: hangs",
            "said": "",
            "mb": 0,
            "seen": [],
        }

    def start(self) -> subprocess.Popen[str]:
        places = dict.fromkeys(("HOME", "HF_HOME", "XDG_CACHE_HOME", "TMPDIR"), str(self.home))
        environment = {**os.environ, **places, "MARKER": str(self.home / "marker"), "SECRET": "planted-secret"}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, (HERE.parent, HERE)))
        with open(self.home / "errors", "ab") as errors:
            return subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                env=environment, cwd=self.home,
            )  # fmt: skip

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the undamaged folder of a kind, made when it is first needed, or skips."""
    made: dict[str, Path] = {}

    def find(name: str) -> Path:
        if (TINY / name).is_dir():
            return TINY / name
        if name not in made:
            made[name] = build(name, tmp_path_factory.mktemp("whole") / name)
        return made[name]

    return find


def build(name: str, folder: Path) -> Path:
    """Make a small model that the repository does not carry."""
    if name == "moonshine":
        from asr_plugins.moonshine import Moonshine

        from asrcli.weights import models

        if not models.is_here(Moonshine):
            pytest.skip("needs moonshine-voice, which carries the weights")
        weights = models.resolve(Moonshine, None, offline=True, pull=False, announce=print)
        return Path(shutil.copytree(weights.path or "", folder))
    if name == "firered-safe":
        from asr_plugins.firered.checkpoint import convert_to_safetensors

        return convert_to_safetensors(TINY / "firered2-aed-digits", folder)
    if name == "pyannote":
        pytest.importorskip("pyannote.audio")
        from pyannote.audio.core.task import Problem, Resolution

        from tests.support.tiny_pyannote import build as pyannote

        for enumeration in (Problem, Resolution):  # as all Pythons write them but 3.11.0 to 3.11.3
            copyreg.pickle(enumeration, lambda one: (type(one), (one.value,)))
        return pyannote(folder)
    if name == "nemo":
        pytest.importorskip("nemo")
        from tests.nemo_engine import tiny

        archive = tiny.ctc(folder.parent)
        folder.mkdir()
        return Path(shutil.move(archive, folder)).parent
    from tests.firered import companion_cases

    return companion_cases.punc_folder(folder) if name == "punctuation" else companion_cases.vad_folder(folder, "VAD")


class Trial:
    """One kind of model: its undamaged folder, a process, and what was found so far."""

    def __init__(self, kind: str, sound: Path, place: Path) -> None:
        self.kind, self.sound, self.place = kind, sound, place
        (place / "planted").mkdir()
        for file in ("secret", "text"):
            (place / "planted" / file).write_text("planted-secret")
        (place / "home").mkdir()
        self.worker = Worker(place / "home")
        role, name, _ = KINDS[kind]
        self.job = {"role": role, "name": name, "planted": str(place / "planted"), "watch": False}
        self.faults: list[str] = []
        self.answers: dict[str, int] = {}
        for _ in range(2):  # what libraries import or run when they are first used is no fault of the folder
            assert self.ask(sound)["answer"] == "ok"

    def ask(self, folder: Path, watch: bool = False) -> dict[str, Any]:
        return self.worker.ask({**self.job, "folder": str(folder), "watch": watch})

    def copy(self) -> Path:
        return Path(shutil.copytree(self.sound, tempfile.mkdtemp(dir=self.place), dirs_exist_ok=True))

    def attack(self, folder: Path, what: str) -> None:
        """Load a hostile copy, note what is wrong with how that ends, and throw the copy away."""
        if self.worker.process is None:
            self.ask(self.sound)
        found = self.ask(folder, watch=True)
        answer = found["answer"]
        self.answers[answer] = self.answers.get(answer, 0) + 1
        over = found["mb"] > MEMORY_MB or "memory" in found["said"].lower()
        if answer.startswith("fault") or over or found["seen"] or "planted-secret" in found["said"]:
            self.faults.append(f"{self.kind} {what[:300]}\n  {found}")
        shutil.rmtree(folder)

    def end(self) -> None:
        """Raise when anything was wrong."""
        self.worker.close()
        print(self.kind, self.answers)
        assert not (self.place / "home" / "marker").exists()
        assert not self.faults, f"{len(self.faults)} of {sum(self.answers.values())}\n" + "\n".join(self.faults)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_folders(kind: str, whole: Callable[[str], Path], tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    trial = Trial(kind, whole(KINDS[kind][2]), tmp_path)
    for case in range(CASES):
        folder = trial.copy()
        trial.attack(folder, f"{case}: {spoil(folder, f'{kind} {case}')}")
    trial.end()
    assert trial.answers.get("refused", 0) > CASES // 5, trial.answers  # the cases are not harmless


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_every_number_made_huge(kind: str, whole: Callable[[str], Path], tmp_path: Path) -> None:
    """No number of any configuration is memory that is asked for, or an end that never comes."""
    pytest.importorskip("transformers")
    sound = whole(KINDS[kind][2])
    numbers = [(path, place) for path in configurations(sound) for place in places_of_numbers(path)]
    if not numbers:
        pytest.skip("its numbers stand in no configuration")
    trial = Trial(kind, sound, tmp_path)
    for path, place in numbers:
        for value in HUGE:
            folder = trial.copy()
            set_number(folder / path.relative_to(sound), place, value)
            trial.attack(folder, f"{path.name} {place} = {value}")
    trial.end()


if __name__ == "__main__":
    serve()
