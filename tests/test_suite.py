"""What the suite stands on: a forked command is like a process of its own, and the tests of a file share a worker."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis.internal.conjecture import providers
from support.command import Run, Shell, write_program, write_wav


def test_a_fork_has_the_descriptors_folder_and_status_of_its_caller(shell: Shell, tmp_path: Path) -> None:
    write_wav(tmp_path / "in/monday.wav")
    done = shell(
        "cd in; asr transcribe monday.wav --no-vad -q --events fd:3 3> ../events 4< /dev/null; asr nonsense; echo $?"
    )
    assert done.stdout == "monday\n2\n" and done.stderr.count("\n") == 1
    assert '"segment"' in (tmp_path / "events").read_text()


def test_forks_run_side_by_side(shell: Shell, tmp_path: Path) -> None:
    """The second must open the pipe before the first can write into it."""
    write_wav(tmp_path / "monday.wav")
    done = shell(
        "mkfifo pipe; asr transcribe monday.wav --no-vad -q > pipe & asr --version > /dev/null; cat pipe; wait"
    )
    assert done.stdout == "monday\n"
    done = shell("cat monday.wav | asr transcribe - --no-vad -q | tr a-z A-Z")
    assert (done.stdout, done.returncode) == ("SILENCE\n", 0)  # the fake hears no word in the name -


def test_the_libraries_of_engines_are_imported_in_a_process_of_their_own(shell: Shell, tmp_path: Path) -> None:
    """The first command that may need them leaves none of its pipes open there."""
    write_wav(tmp_path / "monday.wav")
    assert shell("asr transcribe -e pocksphinx monday.wav 2>&1 | cat").stdout.count("\n") == 1
    assert shell("asr doctor --help > /dev/null; asr transcribe monday.wav --no-vad -q").stdout == "monday\n"


def test_a_fork_that_is_killed_says_by_what(asr: Run, shell: Shell, tmp_path: Path) -> None:
    write_wav(tmp_path / "monday.wav")
    assert asr("transcribe", "-e", "fake", "-m", "kill=monday", "--no-vad", "monday.wav").code == -signal.SIGKILL
    assert shell("asr transcribe -m kill=monday --no-vad monday.wav; echo $?").stdout == "137\n"


@pytest.mark.parametrize("name", ["my clone/it's", "c" * 200 + "/d"], ids=["space", "long"])
def test_programs_of_tests_start_wherever_python_is(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone in a folder with a space failed some thirty tests."""
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / name))
    program = write_program(tmp_path / "a b/show", "import sys\nprint(sys.argv[1:], sys.flags.isolated)\n", "-IS")
    done = subprocess.run([program, "one two", "$3"], capture_output=True, text=True, env={})
    assert (done.stdout, done.stderr) == ("['one two', '$3'] 1\n", "")


def test_numpy_has_one_thread_also_without_workers() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    np.ones((2, 2)) @ np.ones((2, 2))
    found = [one for one in threadpoolctl.threadpool_info() if "numpy" in one["filepath"]]
    assert os.environ["OMP_NUM_THREADS"] != "1" or {one["num_threads"] for one in found} == {1}


def test_no_example_of_the_quick_suite_depends_on_the_tests_before(request: pytest.FixtureRequest) -> None:
    """Hypothesis draws the constants of modules that happen to be imported: the slow suite alone wants this."""
    quick = "not slow" in request.config.option.markexpr
    assert bool(providers._get_local_constants()) == (not quick)


@pytest.mark.slow
def test_tests_of_a_file_share_a_worker() -> None:
    files = ["tests/test_imports.py", "tests/test_printed.py"]
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-vv", *files]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=600)
    ran = set(re.findall(r"\[(gw\d)\] .*PASSED (\S+?)::", done.stdout))
    assert done.returncode == 0 and len(ran) == len(files) == len({worker for worker, _ in ran}), done.stdout
