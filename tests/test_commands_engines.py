"""``asr engines`` and ``asr doctor`` as a shell sees them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.zygote import forked

from asrcli.cli.commands.doctor import PROBES, Probe, examine
from asrcli.cli.commands.engines import columns, language_list
from asrcli.engine import installed
from asrcli.engines.cards import cards
from tests.fake_hub import COMMIT, serve

HEAVY = (
    "numpy",
    "torch",
    "ctranslate2",
    "faster_whisper",
    "huggingface_hub",
    "av",
    "onnxruntime",
    "pocketsphinx",
    "rich",
)


def asr(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return forked(words, {**os.environ, **environment})


def asr_and_imports(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, whose last line on standard error is the heavy modules it imported."""
    code = (
        "import sys; from asrcli.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "hub/models--Systran--faster-whisper-base"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs/main").write_text(COMMIT)
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    (folder / "snapshots" / COMMIT / "model.bin").write_bytes(bytes(2_000_000))
    return tmp_path / "hub"


def test_lists_engines_and_imports_none(cache: Path) -> None:
    done = asr_and_imports("engines", HF_HUB_CACHE=str(cache), COLUMNS="120")
    assert done.returncode == 0 and done.stderr.strip().endswith("[]"), done.stderr
    lines = done.stdout.splitlines()
    names = [found[1] for line in lines if (found := re.match(r"(\S+): (?:installed|needs)", line))]
    assert [name for name in names if not name.startswith(("aligner:", "diarizer:"))] == installed()
    base = next(line for line in lines if line.startswith("  base*"))
    assert base.split() == ["base*", "here", "2", "MB", "99", "languages", "MIT", "74", "M"]
    assert next(line for line in lines if line.startswith("  tiny ")).split()[1:4] == ["-", "78", "MB"]


def test_one_engine_is_shown_with_its_languages_and_dialects(cache: Path) -> None:
    done = asr("engines", "qwen3", HF_HUB_CACHE=str(cache))
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "zh Chinese, en English, yue Cantonese" in said and "ro Romanian" in said and said.startswith("qwen3:")
    assert "dialects, with -l zh or none: Anhui," in said and "-l yue or none: Hong Kong, Guangdong" in said
    assert asr("engines", "show", "qwen3", HF_HUB_CACHE=str(cache)).stdout == done.stdout
    aligner = json.loads(asr("engines", "aligner:qwen3", "--json", HF_HUB_CACHE=str(cache)).stdout)
    assert [one["name"] for one in aligner] == ["aligner:qwen3"] and len(aligner[0]["models"][0]["languages"]) == 11
    wrong = asr("engines", "show", "qwn3", HF_HUB_CACHE=str(cache))
    assert wrong.returncode == 2 and "unknown engine 'qwn3': did you mean 'qwen3'?" in wrong.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("wisper", "whisper"), ("aligner:ctcc", "aligner:ctc"), ("campplus", "diarizer:campplus"), ("instal", "install")],
)
def test_a_wrong_name_in_the_place_of_a_command_is_told_what_was_meant(cache: Path, typed: str, meant: str) -> None:
    wrong = asr("engines", typed, HF_HUB_CACHE=str(cache))
    assert wrong.returncode == 2 and f"id you mean '{meant}'?" in wrong.stderr and wrong.stderr.count("\n") == 1


def test_whatever_the_list_has_is_shown_by_its_name(cache: Path) -> None:
    listed = json.loads(asr("engines", "--json", HF_HUB_CACHE=str(cache)).stdout)
    names = [card["name"] for card in listed]
    assert "diarizer:campplus" in names
    shown = json.loads(asr("engines", "show", *names, "--json", HF_HUB_CACHE=str(cache)).stdout)
    assert shown == listed


def test_json_has_everything(cache: Path) -> None:
    done = asr("engines", "--json", HF_HUB_CACHE=str(cache))
    found = {card["name"]: card for card in json.loads(done.stdout)}
    assert {name for name, card in found.items() if card["role"] == "engine"} == set(installed())
    base = next(model for model in found["whisper"]["models"] if model["name"] == "base")
    assert base["here"] and base["installed_bytes"] == 2_000_000 and base["hub_id"] == "Systran/faster-whisper-base"
    assert base["licence"] == "MIT" and "de" in base["languages"] and len(base["revision"]) == 40
    assert found["pocketsphinx"]["models"][0]["here"] and found["pocketsphinx"]["devices"] == ["cpu"]


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_fits_a_narrow_terminal(cache: Path, width: int) -> None:
    lines = asr("engines", HF_HUB_CACHE=str(cache), COLUMNS=str(width)).stdout.splitlines()
    rows = [line for line in lines if line.startswith("  ")]
    assert all(len(line) <= width or len(line.split()) == 1 for line in rows), "only a name, whole, may be wider"
    assert any(line.startswith("  base*") for line in lines)
    below = lines[lines.index("openai_server: installed") + 1]
    assert below.startswith("  --model") and "MODEL" not in below, "no table without rows"


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_terminal_says_what_options_do(cache: Path, width: int) -> None:
    """The column was left out, and a name such as eos-penalty says nothing."""
    found = json.loads(asr("engines", "--json", HF_HUB_CACHE=str(cache)).stdout)
    told = " ".join(asr("engines", HF_HUB_CACHE=str(cache), COLUMNS=str(width)).stdout.split())
    helps = [own["help"] for card in found for own in card["own_options"].values()]
    assert len(helps) > 3 and all(one in told for one in helps)


def test_a_missing_package_is_said_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from asrcli.engine import load_class

    monkeypatch.setattr(load_class("whisper"), "requires", ("a_module_nobody_has",))
    card = next(card for card in cards() if card.name == "whisper")
    assert not card.installed and card.missing == ("a_module_nobody_has",)
    assert card.install == "pip install asrcli" and not any(model.here for model in card.models)


def test_columns_line_up() -> None:
    assert columns([("A", "BB"), ("aaa", "b")], 80) == ["  A    BB", "  aaa  b"]
    assert columns([("A", "BB"), ("aaa", "b")], 6) == ["  A", "  aaa"]
    assert (
        language_list(()) == "any"
        and language_list(("en", "de")) == "en de"
        and language_list(tuple("abcde")) == "5 languages"
    )


def test_pull_fetches_and_prints_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()  # a folder of that name is not the model of that name
    files = {"model.bin": b"w" * 100, "config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.json": b"[]"}
    with serve({"Systran/faster-whisper-tiny": files}) as hub:
        place = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path)}
        done = asr("engines", "pull", "whisper:tiny", **place)
        assert done.returncode == 0 and "downloading Systran/faster-whisper-tiny (78 MB)" in done.stderr
        [folder] = done.stdout.splitlines()
        assert {path.name for path in Path(folder).iterdir()} == set(files)
        assert Path(folder).name == "d90ca5fe260221311c53c58e660288d3deb8d356", "the pinned commit"
        (Path(folder) / "tokenizer.json").unlink()
        assert asr("engines", "pull", "whisper:tiny", "-q", **place).stdout == done.stdout
        assert (Path(folder) / "tokenizer.json").exists(), "pull completes what is partly here"
    assert "here" in next(
        line for line in asr("engines", HF_HUB_CACHE=str(tmp_path)).stdout.splitlines() if line.startswith("  tiny ")
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("pull", "whisper:bse"), 2, "did you mean 'base'"),
        (("pull", "whispr:base"), 2, "did you mean 'whisper'"),
        (("pull", "pocketsphinx"), 2, "nothing to pull"),
        (("pull", "pocketsphinx:x"), 2, "has no model 'x'"),
        (("pull",), 2, "missing argument"),
    ],
)
def test_wrong_names(words: tuple[str, ...], code: int, message: str) -> None:
    done = asr("engines", *words)
    assert done.returncode == code and message in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


# The doctor


def test_a_crash_in_a_driver_is_a_line() -> None:
    probes = (
        Probe("fine", "print('first'); print('1.2, all good')", "nothing"),
        Probe(
            "abort",
            "import os, sys; print('Could not load libcudnn', file=sys.stderr, flush=True); os.abort()",
            "fix a",
        ),
        Probe("segfault", "import ctypes; ctypes.string_at(0)", "fix b"),
        Probe("raises", "raise RuntimeError('CUDA driver version is insufficient')", "fix c"),
        Probe("killed", "import os; os.kill(os.getpid(), 9)", "fix d"),
        Probe("silent", "raise SystemExit(3)", "fix e"),
        Probe("absent", "raise SystemExit(1)", "fix f", module="a_module_nobody_has"),
    )
    found = {finding.name: finding for finding in examine(probes, seconds=30)}
    assert (found["fine"].state, found["fine"].facts, found["fine"].fix) == ("ok", "1.2, all good", "")
    assert found["abort"].facts == "crashed (SIGABRT): Could not load libcudnn" and found["abort"].fix == "fix a"
    assert found["segfault"].facts.startswith("crashed (SIGSEGV)")
    assert found["raises"].facts == "exit 1: RuntimeError: CUDA driver version is insufficient"
    assert found["killed"].facts == "crashed (SIGKILL): no message"
    assert found["silent"].facts == "exit 3: no message"
    assert (found["absent"].state, found["absent"].fix) == ("absent", "")
    assert [finding.name for finding in examine(probes[:3], 30)] == ["fine", "abort", "segfault"], "in order"


def test_a_probe_that_hangs_is_stopped() -> None:
    began = time.monotonic()
    [finding] = examine([Probe("hang", "import time; time.sleep(600)", "unplug it")], seconds=0.6)
    assert (finding.state, finding.fix) == ("broken", "unplug it")
    assert finding.facts == "no answer in 1 s: it hangs, or the machine is busy"
    assert time.monotonic() - began < 30


@pytest.mark.slow  # imports every library, each in a process of its own
def test_the_doctor_on_this_machine() -> None:
    done = asr_and_imports("doctor", "--json")
    found = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert list(found) == [probe.name for probe in PROBES]
    for name in ("ctranslate2", "onnxruntime", "pocketsphinx", "av"):
        assert found[name]["state"] == "ok" and found[name]["facts"][0].isdigit(), found[name]
    broken = [finding for finding in found.values() if finding["state"] == "broken"]
    assert done.returncode == (4 if broken else 0) and all(finding["fix"] for finding in broken)
    assert done.stderr.strip().endswith("[]"), "the doctor itself imports nothing that can crash"


def examined(words: list[str], names: set[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the doctor in this process with some of its probes; return the exit status."""
    from asrcli.cli.commands import doctor
    from asrcli.cli.main import main

    monkeypatch.setattr(doctor, "PROBES", tuple(probe for probe in PROBES if probe.name in names))
    with pytest.raises(SystemExit) as end:
        main(["doctor", *words])
    return int(end.value.code or 0)


def test_a_broken_library_is_exit_4_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torchaudio.py").write_text("raise OSError('libc10_cuda.so: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert examined([], {"torchaudio", "av"}, monkeypatch) == 4
    out = " ".join(capsys.readouterr().out.split())  # lines are broken between words
    assert re.match(r"ok av \d", out)
    assert "BROKEN torchaudio exit 1: OSError: libc10_cuda.so: cannot open shared object file" in out
    assert "to mend it: its build does not match torch: pip uninstall torchaudio" in out


def test_the_doctor_breaks_no_words_on_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torchaudio.py").write_text("raise OSError('libc10_cuda.so: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "60")
    assert examined([], {"torchaudio"}, monkeypatch) == 4
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("BROKEN  torchaudio    exit 1: OSError:") and len(lines) > 2
    assert all(len(line) <= 60 and line.startswith(" " * 22) for line in lines)
    assert "to mend it: its build does not match torch" in " ".join(" ".join(lines).split())


def test_network_only_when_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with serve({}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert examined([], {"av"}, monkeypatch) == 0
        assert "hub" not in capsys.readouterr().out.split() and hub.requests == []
        examined(["--network"], {"av"}, monkeypatch)
        assert f"ok      hub           {hub.url} answers 404" in capsys.readouterr().out


def test_aligners_are_listed_and_pulled_by_a_name_of_their_own(cache: Path) -> None:
    done = asr("engines", "--json", HF_HUB_CACHE=str(cache))
    found = {card["name"]: card for card in json.loads(done.stdout)}
    assert found["aligner:pocketsphinx"]["role"] == "aligner" and found["pocketsphinx"]["role"] == "engine"
    assert found["aligner:pocketsphinx"]["models"][0]["here"] is True
    assert "aligner:pocketsphinx: installed" in asr("engines", HF_HUB_CACHE=str(cache)).stdout
    assert "are not on a hub" in asr("engines", "pull", "aligner:pocketsphinx").stderr
    assert "did you mean 'pocketsphinx'" in asr("engines", "pull", "aligner:pocketsfinx").stderr
