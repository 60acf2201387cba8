"""Work shared with copies of the process comes to the same as work done in one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asrcli.compare import workers


def python(program: str, *words: object) -> str:
    """Run a program in a process of its own, which has a single thread; return what it prints."""
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")
SPREAD = """
import os, sys
from asrcli.compare import workers
os.sched_getaffinity = lambda pid: {0, 1}
if len(sys.argv) > 1:
    workers.can_fork = lambda: False
"""


@needs_fork
def test_copies_share_the_work_and_the_order_stays() -> None:
    program = SPREAD + "print(workers.spread(lambda item: (item * item, os.getpid() == here), range(5)))"
    program = program.replace("import os, sys", "import os, sys\nhere = os.getpid()")
    assert python(program) == str([(0, True), (1, False), (4, True), (9, False), (16, True)]) + "\n"
    assert python(program, "alone") == str([(item * item, True) for item in range(5)]) + "\n"


@needs_fork
@pytest.mark.parametrize("mishap", ["os._exit(0)", "os.kill(os.getpid(), 9)", "sys.exit(3)", "1 / 0"])
def test_what_a_copy_fails_at_is_done_here(mishap: str) -> None:
    program = f"""{SPREAD}
here = os.getpid()
def work(item):
    if os.getpid() != here:
        {mishap}
    return item
print(workers.spread(work, "abc"))
"""
    assert python(program) == "['a', 'b', 'c']\n"


@needs_fork
def test_a_mistake_is_the_same_in_every_process_and_leaves_no_copy_behind() -> None:
    program = f"""{SPREAD}
def work(item):
    raise ValueError(item)
try:
    workers.spread(work, "abc")
except ValueError as error:
    print(error)
try:
    os.wait()
except ChildProcessError:
    print("none left")
"""
    assert python(program) == "a\nnone left\n"


def test_a_process_with_threads_is_not_copied() -> None:
    program = "import threading; from asrcli.compare import workers; stop = threading.Event()\n"
    program += "threading.Thread(target=stop.wait, daemon=True).start(); print(workers.can_fork()); stop.set()"
    assert python(program) == "False\n"


def test_one_item_or_little_work_needs_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "can_fork", lambda: pytest.fail("nobody should ask"))
    assert workers.spread(str, [1]) == ["1"]
    assert workers.spread(str, [1, 2], pays=False) == ["1", "2"]


@needs_fork
def test_a_report_is_the_same_from_one_process_and_from_two(tmp_path: Path) -> None:
    words = re.findall("[a-z]+", "the cat sat on a mat and then went away to find some other house")
    for name, step in (("ref", 0), ("one", 7), ("two", 5)):
        rows = []
        for number in range(60):
            said = [words[(number * place) % len(words)] for place in range(1, 9)]
            heard = [word for place, word in enumerate(said) if not step or (number + place) % step]
            rows.append(json.dumps({"id": f"u{number}", "text": " ".join(heard), "speaker": f"s{number % 7}"}))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    program = f"""{SPREAD}
from pathlib import Path
from asrcli.compare import run, tables
run.MANY = 1
folder = Path({str(tmp_path)!r})
found = run.run(folder / "ref.jsonl", [folder / "one.jsonl", folder / "two.jsonl"], run.Wanted())
print(tables.to_json(found))
"""
    report = python(program)
    assert report == python(program, "alone")
    assert json.loads(report)["pairs"][0]["mapsswe"]["segments"] > 30
