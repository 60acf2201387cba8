"""The program as a whole: what it imports, how it takes options, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from support.command import GONE, PYTHON, READER_GONE, Shell
from support.zygote import forked

import asrcli
from asrcli.base.console import printable
from asrcli.base.trust import trust
from asrcli.cli.commands import running
from asrcli.cli.main import COMMANDS, build, main
from asrcli.cli.spelling import modern_spelling
from asrcli.errors import EXIT_CODES
from asrcli.runs.plan import Request

DIGITS = Path(__file__).parent / "data/digits/string00.wav"
HEAVY = (
    "av", "ctranslate2", "faster_whisper", "httpx", "huggingface_hub", "jinja2", "jiwer", "lxml", "numpy",
    "onnxruntime", "pocketsphinx", "rapidfuzz", "rich.progress", "ssl", "torch", "transformers",
)  # fmt: skip

RUN_AND_LIST = """
import contextlib, io, json, sys
from asrcli.cli.main import main
for words in json.loads(sys.argv[2]):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main(words)
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, [name for name in sys.argv[1].split(",") if name in sys.modules], out.getvalue()]))
"""


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the current one, with no settings from outside."""
    for name in [name for name in os.environ if name.startswith("ASR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asr(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return forked(words, {**os.environ, **variables})


def run_and_list(*lines: Sequence[str]) -> list[tuple[int, list[str], str]]:
    """Run command lines in a process of their own; return the exit code, heavy modules so far and output of each."""
    command = [sys.executable, "-c", RUN_AND_LIST, ",".join(HEAVY), json.dumps(lines)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = map(json.loads, done.stdout.splitlines())
    return [(code or 0, heavy, output) for code, heavy, output in found]


# ---- nothing heavy before it is needed


def test_help_imports_nothing_heavy(clean: Path) -> None:
    lines = [["--help"], *([name, "--help"] for name in COMMANDS)]
    for words, (code, heavy, output) in zip(lines, run_and_list(*lines), strict=True):
        assert (code, heavy) == (0, []), words
        assert output.startswith("Usage: asr"), words


def test_the_program_begins_without_cryptography_and_records() -> None:
    """``hashlib`` loads OpenSSL, which ``asr --help`` and its completion wait for."""
    code = "import sys, asrcli.cli.main; print([one for one in ('hashlib', 'asrcli.types') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_the_program_looks_for_garbage_beside_its_modules_only() -> None:
    """What is imported stays: to look through it again and again takes an eighth of ``asr --help``."""
    code = (
        "import gc, sys; from asrcli.start import main; sys.argv[1:] = ['--version']\n"
        "try: main()\n"
        "finally: print(gc.isenabled(), gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 10_000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[1:] == ["True True True"]


def test_the_help_of_transcribe_has_every_option_in_a_section(clean: Path) -> None:
    lines = asr("transcribe", "--help", COLUMNS="80").stdout.splitlines()
    sections = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert sections[:3] == ["Arguments:", "Engine and language:", "Inputs:"] and sections[-1] == "Options:"
    assert [line.split()[0] for line in lines[lines.index("Options:") + 1 : -1] if line][:1] == ["-h,"]
    shown = "\n".join(lines)
    assert all(one.opts[0] in shown for one in build("transcribe").params if one.param_type_name == "option")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_is_cut_in_a_list_and_no_dots_come_twice(name: str) -> None:
    """Click ends a list's help at the first word with a full stop, and adds the dots of `REPORT...` itself."""
    command = build(name)
    children = getattr(command, "commands", {}).values()
    for child in children:
        short = child.get_short_help_str(200)
        assert not short.endswith("...") and short.count("`") % 2 == 0 and short.count("(") == short.count(")"), short
    for one in (one for each in (command, *children) for one in each.params if one.param_type_name == "argument"):
        assert one.metavar and not one.metavar.rstrip("]").endswith("..."), one.name  # else a lower-case name of ours


def test_a_mistake_in_the_options_imports_nothing_heavy(clean: Path) -> None:
    [(code, heavy, _)] = run_and_list(["transcribe", "a.wav", "-e", "fake", "--task", "sing"])
    assert (code, heavy) == (2, [])


def test_an_up_to_date_run_imports_nothing_heavy(clean: Path) -> None:
    shutil.copy(DIGITS, "one.wav")
    words = ("transcribe", "one.wav", "-e", "fake", "-o", "out", "--quiet")
    needed = run_and_list(words)[0][1]
    assert "av" in needed and "ssl" not in needed  # the list does notice; what writes XML would bring in the web
    assert run_and_list(words) == [(0, [], "")]


def test_listing_the_package_imports_nothing_heavy() -> None:
    code = f"import asrcli, sys; dir(asrcli); print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_the_public_names_are_there() -> None:
    assert {name: getattr(asrcli, name).__name__ for name in ("transcribe", "Options", "Transcript")} == {
        "transcribe": "transcribe", "Options": "Options", "Transcript": "Transcript",
    }  # fmt: skip
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        asrcli.nothing  # noqa: B018


# ---- openai-whisper's spellings (whisper/transcribe.py, `cli`, release 20250625)

WHISPER = {
    "--model": "tiny",
    "--model_dir": "models",
    "--device": "cpu",
    "--output_dir": "out",
    "--output_format": "all",
    "--verbose": "False",
    "--task": "translate",
    "--language": "German",
    "--temperature": "0.2",
    "--best_of": "3",
    "--beam_size": "4",
    "--patience": "1.5",
    "--length_penalty": "0.9",
    "--suppress_tokens": "-1",
    "--initial_prompt": "Good morning.",
    "--carry_initial_prompt": "True",
    "--condition_on_previous_text": "False",
    "--fp16": "False",
    "--temperature_increment_on_fallback": "0.4",
    "--compression_ratio_threshold": "2.2",
    "--logprob_threshold": "-0.8",
    "--no_speech_threshold": "0.5",
    "--word_timestamps": "True",
    "--prepend_punctuations": "\"'“¿([{-",
    "--append_punctuations": "\"'.。,，!！?？:：”)]}、",
    "--highlight_words": "True",
    "--max_line_width": "30",
    "--max_line_count": "1",
    "--max_words_per_line": "4",
    "--threads": "2",
    "--clip_timestamps": "1.5,3",
    "--hallucination_silence_threshold": "2",
}
EXPECTED = {
    "language": "de",
    "task": "translate",
    "temperature": (0.2, 0.6, 1.0),
    "best_of": 3,
    "beam_size": 4,
    "patience": 1.5,
    "length_penalty": 0.9,
    "suppress_tokens": (-1,),
    "prompt": "Good morning.",
    "carry_initial_prompt": True,
    "condition_on_previous_text": False,
    "compression_ratio_threshold": 2.2,
    "logprob_threshold": -0.8,
    "no_speech_threshold": 0.5,
    "word_timestamps": True,
    "prepend_punctuations": "\"'“¿([{-",
    "append_punctuations": "\"'.。,，!！?？:：”)]}、",
    "hallucination_silence_threshold": 2.0,
}


def parsed(*words: str) -> dict[str, Any]:
    """Return the options of a command line as the command's function gets them."""
    params: dict[str, Any] = transcribe_command().make_context("transcribe", list(words)).params
    return params


@cache
def transcribe_command() -> Any:
    return build("transcribe")


def test_a_whole_command_line_of_openai_whisper_means_the_same(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", "")  # --model_dir sets it; this puts it back
    (clean / "talk.wav").touch()
    words = [word for pair in WHISPER.items() for word in pair]
    runs: list[Request] = []
    monkeypatch.setattr(running, "run", lambda wanted, *rest: runs.append(wanted))
    command = transcribe_command()
    with pytest.raises(typer.Exit), command.make_context("transcribe", ["talk.wav", *words]) as context:
        command.invoke(context)
    (asked,) = runs
    assert dict(asked.options.given()) == EXPECTED
    assert (asked.model, asked.device, asked.dtype, asked.threads) == ("tiny", "cpu", "auto", 2)
    assert (asked.start, asked.end) == (1.5, 3.0)
    assert asked.formats == ("txt", "vtt", "srt", "tsv", "json")
    assert asked.naming.folder == "out"
    shape = asked.layout
    assert (shape.max_line_width, shape.max_lines, shape.max_words_per_line) == (30, 1, 4)
    assert shape.highlight_words
    assert os.environ["HF_HUB_CACHE"] == "models"


@pytest.mark.parametrize("option", WHISPER)
def test_each_option_of_openai_whisper_is_taken_both_ways(option: str, clean: Path) -> None:
    plain = option.replace("_", "-")
    first = parsed("talk.wav", option, WHISPER[option])
    assert first == parsed("talk.wav", plain, WHISPER[option]) == parsed("talk.wav", f"{option}={WHISPER[option]}")
    if (option, WHISPER[option]) not in (("--verbose", "False"),):  # that is the default, written out
        assert first != parsed("talk.wav")


def test_each_flag_takes_true_and_false_with_a_note(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = {"--a": "--no-a", "--b": ""}
    assert modern_spelling(["--a", "True", "x"], flags) == ["--a", "x"]
    assert modern_spelling(["--a=False", "x"], flags) == ["--no-a", "x"]
    assert modern_spelling(["--b", "false"], flags) == []
    assert capsys.readouterr().err.splitlines() == [
        "asr: note: --a True: write --a instead",
        "asr: note: --a False: write --no-a instead",
        "asr: note: --b false: write nothing instead",
    ]


def test_spellings_are_left_alone_where_they_are_no_options() -> None:
    flags = {"--a": "--no-a"}
    assert modern_spelling(["my_file.wav", "--x_y", "a_b", "--", "--c_d"], flags) == [
        "my_file.wav", "--x-y", "a_b", "--", "--c_d",
    ]  # fmt: skip
    assert modern_spelling(["--x_y=a_b"], flags) == ["--x-y=a_b"]
    assert modern_spelling(["--a", "true.wav"], flags) == ["--a", "true.wav"]


def test_on_and_off_are_values_of_a_flag_unless_they_are_files(clean: Path) -> None:
    flags = {"--vad": "--no-vad"}
    assert modern_spelling(["--vad", "off", "x"], flags) == ["--no-vad", "x"]
    assert modern_spelling(["--vad=On", "x"], flags) == ["--vad", "x"]
    Path("off").touch()
    assert modern_spelling(["--vad", "off"], flags) == ["--vad", "off"]


def test_a_dash_as_output_is_standard_output(clean: Path) -> None:
    shutil.copy(DIGITS, "one_two.wav")
    done = asr("transcribe", "-e", "fake", "--output", "-", "one_two.wav")
    assert (done.returncode, done.stdout) == (0, "one two\n")
    assert not Path("-").exists()


def test_an_input_that_begins_with_a_dash(clean: Path) -> None:
    shutil.copy(DIGITS, "-one_two.wav")
    done = asr("transcribe", "-e", "fake", "--", "-one_two.wav")
    assert (done.returncode, done.stdout) == (0, "one two\n")
    shutil.copy(DIGITS, "-1.wav")
    refused = asr("transcribe", "-e", "fake", "-1.wav")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "asr: no such option: -1; write ./-1.wav for the file\n"


def test_the_value_of_an_option_may_look_like_another(clean: Path) -> None:
    shutil.copy(DIGITS, "one.wav")
    assert asr("transcribe", "-e", "fake", "--output-template=-v", "-o", "-q", "one.wav").returncode == 2
    assert asr("transcribe", "-e", "fake", "--output-template=-v", "-o", "out", "one.wav").stdout == "out/-v\n"


def test_an_engine_may_be_named_with_its_model(clean: Path) -> None:
    shutil.copy(DIGITS, "one.wav")
    done = asr("transcribe", "one.wav", "-e", "fake:no-such-behaviour")
    assert done.returncode == 3 and "unknown behaviour 'no-such-behaviour'" in done.stderr
    made = asr("transcribe", "one.wav", "-e", "fake:sleep=0", "--output", "one.json")
    assert made.returncode == 0 and '"model": "sleep=0"' in Path("one.json").read_text()
    assert asr("ask", "one.json", "Who?", "-e", "fake:sleep=0").returncode == 0


GROUP = """
from typing import Annotated
import typer
app = typer.Typer(rich_markup_mode=None)
@app.callback(invoke_without_command=True)
def things(context: typer.Context, as_json: Annotated[bool, typer.Option("--as-json")] = False) -> None:
    "Show things."
    print("things", as_json)
@app.command()
def fetch(how_many: Annotated[int, typer.Option("--how-many")] = 1) -> None:
    "Fetch things."
    print("fetch", how_many)
@app.command()
def drop() -> None:
    "Drop things."
"""


@pytest.mark.parametrize(
    ("words", "variables", "printed"),
    [
        pytest.param(["--as_json", "True"], {}, "things True\n", marks=pytest.mark.slow),
        (["fetch", "--how_many", "3"], {}, "things False\nfetch 3\n"),
        pytest.param(["fetch"], {"ASR_HOW_MANY": "4"}, "things False\nfetch 4\n", marks=pytest.mark.slow),
        (["fetch"], {"ASR_AS_JSON": "1"}, "things True\nfetch 5\n"),
    ],
)
def test_commands_of_a_command_take_the_same_spellings_and_settings(
    words: list[str], variables: dict[str, str], printed: str, clean: Path
) -> None:
    (clean / "group_command.py").write_text(GROUP)
    (clean / "asr.toml").write_text("[things.fetch]\nhow-many = 5\n")
    trust(clean / "asr.toml")
    code = (
        "import sys; from asrcli.cli import main\n"
        "main.COMMANDS['things'] = main.CommandEntry('group_command', 'app', '')\n"
        "main.main(['things', *sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, printed), done.stderr


# ---- how it ends


def test_version() -> None:
    for word in ("--version", "-V"):
        done = asr(word)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"asr {asrcli.__version__}\n", "")


def test_help_lists_every_command_and_every_exit_code() -> None:
    shown = " ".join(asr("-h").stdout.split())
    for name, entry in COMMANDS.items():
        assert f"{name} {entry.help}" in shown
    for code, meaning in EXIT_CODES.items():
        assert f"{code}: {meaning}" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["transcrib", "a.wav"], "Did you mean 'transcribe'?"),
        (["xyzzy"], "No such command 'xyzzy'; choose one of: transcribe, serve"),
        (["report", "a.json"], "no such command 'a.json'; choose one of: merge"),
        (
            ["leaderboard", "--add", "a.json", "b.json"],
            "'b.json'; write --add before each run, or name their folder",
        ),
        (["transcribe", "a.wav", "--output"], "'--output' requires an argument; see asr transcribe --help"),
        (["transcribe", "a.wav", "--workers", "two"], "'two' is not a whole number of at least 0"),
        (["transcribe", "a.wav", "--vad-threshold", "3"], "'3' is not a number from 0 to 1"),
        (["transcribe", "a.wav", "-f", "srt,txt", "--output", "a.srt"], "for 2 formats give --output-dir"),
        (["transcribe", "a.wav", "-l", "klingon"], "unknown language 'klingon': give a code"),
        (["transcribe", "a.wav", "--engine-option", "foo=1"], "no engine has --engine-option foo; asr engines"),
        (["transcribe", "a.wav", "--beam-siz", "3"], "Possible options: --batch-size, --beam-size"),
        (["transcribe", "a.wav", "-e", "whispr"], "did you mean 'whisper'?"),
        (["transcribe", "a.wav", "-e", "fake", "-f", "srtt"], "did you mean 'srt'?"),
        (["transcribe", "a.wav", "-e", "fake", "-l", "germann"], "did you mean 'german'?"),
        (["transcribe", "a.wav", "-e", "fake", "--subs", "netflx"], "did you mean 'netflix'?"),
        (["transcribe", "a.wav", "-e", "fake", "--subs", "netflix"], "--subs netflix is for subtitles: give -f srt"),
        (["transcribe", "a.wav", "--max-cps", "9", "-f", "json"], "--max-cps 9.0 is for subtitles: give -f srt"),
        (["transcribe", "a.wav", "-e", "fake", "-o", "a.srt"], "that is a file's name: give --output a.srt"),
        (["align", "a.wav", "a.txt", "-o", "a.TextGrid"], "that is a file's name: give --output a.TextGrid"),
        (
            ["transcribe", "a.wav", "-e", "pocketsphinx", "--beam-size", "3"],
            "has no --beam-size; engines that do: ",
        ),
        (["transcribe"], "nothing to transcribe"),
        (["transcribe", "a.wav", "-e", "fake", "--vad-threshold", "7"], "--vad-threshold"),
        (["transcribe", "a.wav", "--prompt", "-v"], "--prompt needs a value, and '-v' is an option"),
        (["compare", "a", "b", "--json", "--html", "c"], "--json needs a value, and '--html' is an option"),
        (["leaderboard", "--json", "--top=3"], "--json needs a value"),
        (["transcribe", "a.wav", "-e", "fake:default", "-m", "default"], "give one of them"),
        (["transcribe", "a.wav", "-e", "canary@native"], "--engine canary --backend native"),
    ],
)
def test_a_wrong_word_is_exit_2_and_the_right_one_is_named(words: list[str], said: str, clean: Path) -> None:
    done = asr(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said.lower() in done.stderr.lower()


def test_control_characters_of_a_name_stay_on_one_line(clean: Path) -> None:
    assert printable("a\nb\x1b[31m\udcff") == r"a\nb\x1b[31m\udcff"
    done = asr("transcribe", "no\nsuch.wav", "-e", "fake")
    assert (done.returncode, done.stderr) == (1, "asr: no\\nsuch.wav: no such file\n")


@pytest.mark.parametrize(
    "encoding", ["ascii", *(pytest.param(one, marks=pytest.mark.slow) for one in ("latin-1", "cp1252"))]
)
def test_standard_output_is_utf8_whatever_the_locale(encoding: str, clean: Path) -> None:
    shutil.copy(DIGITS, "你好-wörld.wav")
    command = [sys.executable, "-m", "asrcli", "transcribe", "你好-wörld.wav", "-e", "fake"]
    done = subprocess.run(
        command, capture_output=True, timeout=60, env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    )
    assert (done.returncode, done.stdout.decode()) == (0, "你好 wörld\n")


def test_a_bug_keeps_its_traceback(clean: Path) -> None:
    (clean / "broken_command.py").write_text("def broken() -> None:\n    raise RuntimeError('boom')\n")
    code = (
        "from asrcli.cli import main; main.COMMANDS['broken'] = main.CommandEntry('broken_command', 'broken', '');"
        "main.main(['broken'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.endswith("RuntimeError: boom\n")


def test_a_reader_that_goes_away_is_no_error(clean: Path, shell: Shell) -> None:
    for number in range(4):
        shutil.copy(DIGITS, f"number-{number}.wav")
    done = shell(f"{READER_GONE}; asr transcribe . -e fake --quiet >&{GONE}; echo $?")
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_files_are_made_when_nobody_reads_their_names(clean: Path, shell: Shell) -> None:
    (clean / "in").mkdir()
    for number in range(4):
        shutil.copy(DIGITS, f"in/number-{number}.wav")
    done = shell(f"{READER_GONE}; asr transcribe in -e fake -o out --quiet >&{GONE}; echo $?")
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert len(list((clean / "out").glob("*.txt"))) == 4


def test_an_engine_that_fails_while_recordings_are_decoded_keeps_its_exit_code(clean: Path) -> None:
    """The threads of the libraries must not turn it into an abort, which they did more often than not."""
    for number in range(6):
        shutil.copy(DIGITS, f"number-{number}.wav")
    for _ in range(4):
        done = asr("transcribe", ".", "-e", "fake", "-m", "no-such-behaviour")
        assert (done.returncode, "Traceback" in done.stderr, "terminate" in done.stderr) == (3, False, False)
        assert done.stderr.splitlines()[-1].startswith(
            "asr: fake: unknown behaviour 'no-such-behaviour'; choose from: "
        )


@pytest.mark.parametrize("words", ["transcribe --help", "config", "leaderboard", "leaderboard --csv -"])
def test_nobody_reads_standard_output(words: str, shell: Shell) -> None:
    """What prints itself, through rich and through Typer ends the same way: quietly, with the shell's code for it."""
    done = shell(f"{READER_GONE}; asr {words} >&{GONE}; echo $?")
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words",
    ["transcribe --help", "config", "leaderboard"]
    + [f"transcribe talk.wav -e fake -q{more}" for more in ("", " -f txt -o out", " -f txt -o out --json")],
)
def test_standard_output_on_a_full_disk_is_one_line(words: str, clean: Path, shell: Shell) -> None:
    shutil.copy(DIGITS, "talk.wav")
    program = f"{PYTHON} -m asrcli" if words == "config" else "asr"  # one is no fork
    done = shell(f"{program} {words} > /dev/full")
    assert (done.returncode, done.stderr) == (1, "asr: cannot write to standard output: no space left on device\n")
    assert " -o " not in words or Path("out/talk.txt").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("option", ["--report", "--events"])
def test_records_on_a_full_disk_are_one_line(option: str, clean: Path) -> None:
    shutil.copy(DIGITS, "talk.wav")
    done = asr("transcribe", "talk.wav", "-e", "fake", "-q", option, "/dev/full")
    assert (done.returncode, done.stderr) == (1, f"asr: cannot write {option} /dev/full: no space left on device\n")


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_reports_of_what_was_measured_are_made_when_nobody_reads_the_tables(turn: int, clean: Path) -> None:
    Path("data").mkdir()
    shutil.copy(DIGITS, "data/one.wav")
    Path("data/one.txt").write_text("one\n")
    words = "bench data -e fake --no-vad --batches none --repeats 1 --out runs -q"
    assert asr(*words.split()).returncode == 0
    reports = ("bench --with runs --json b.json", "compare data runs --json c.json", "leaderboard --csv l.csv")
    nobody = (">/dev/full", ">&-", "| true")
    for report, streams in zip(reports, (*nobody[turn:], *nobody[:turn]), strict=True):
        subprocess.run(["bash", "-c", f"{PYTHON} -m asrcli {report} {streams}"], stderr=subprocess.DEVNULL)
        assert Path(report.split()[-1]).is_file(), report


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ("2> >(true)", 0),
        pytest.param(">/dev/full 2>/dev/full", 1, marks=pytest.mark.slow),
        *(pytest.param(one, 0, marks=pytest.mark.slow) for one in ("2>/dev/full", "2>&1 | true", "2>&-")),
    ],
)
def test_nobody_takes_standard_error(streams: str, code: int, clean: Path) -> None:
    """A log on a full disk ended the run after its first file, and with exit code 120."""
    for name in ("one", "two", "three"):
        shutil.copy(DIGITS, f"{name}.wav")
    words = f"{PYTHON} -m asrcli transcribe one.wav two.wav three.wav -e fake -f txt --no-vad -o out"
    done = subprocess.run(["bash", "-c", f"{words} {streams}; exit ${{PIPESTATUS[0]}}"], timeout=120)
    assert done.returncode == code
    assert sorted(path.name for path in Path("out").glob("*.txt")) == ["one.txt", "three.txt", "two.txt"]


def valued_options() -> Iterator[tuple[list[str], str]]:
    """Yield each option that takes a value of the commands with numbers, with words that make them do nothing."""
    for name in ("transcribe", "align", "compare", "leaderboard", "bench"):
        command = build(name)
        needed = ["x" for one in command.params if one.param_type_name == "argument" and one.required]
        for one in command.params:
            if one.param_type_name == "option" and not one.is_flag and one.opts:
                yield [name, *needed], one.opts[0]


@pytest.mark.slow
def test_no_option_takes_a_number_without_an_end(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(words: Sequence[str]) -> tuple[object, list[str]]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        return ended.value.code, capsys.readouterr().err.splitlines()

    numbers = 0
    for words, option in valued_options():
        kind = re.search(r"'abc' is not a (whole number|number)", " ".join(said([*words, f"{option}=abc"])[1]))
        if kind is None:
            continue
        numbers += 1
        for value in (
            ("nan", "inf", "-inf", "1e400") if kind[1] == "number" else (str(10**30), str(2**63), "-" + "9" * 40)
        ):
            code, lines = said([*words, f"{option}={value}"])
            assert (code, len(lines)) == (2, 1), (words, option, value, lines)
    assert numbers > 40


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--temperature-increment-on-fallback", "1e-9"], "give a number from 0.01, or None"),
        (["--temperature-increment-on-fallback", ","], "give a number from 0.01, or None"),
        (["--temperature", ","], "give up to 100 numbers from 0 to 10"),
        (["--temperature", "1e300"], "give up to 100 numbers from 0 to 10"),
        (["--temperature", ",".join(["1"] * 101)], "give up to 100 numbers from 0 to 10"),
        (["--max-cps", "nan"], "give a number that can be counted to"),
        (["--batch-size", str(2**31)], "give a number that can be counted to"),
        (["--seed", str(2**63)], "is not a whole number from 0 to 4294967294;"),
    ],
)
def test_numbers_have_sense(words: list[str], said: str, clean: Path) -> None:
    done = forked(["transcribe", "x.wav", "-e", "fake", *words], dict(os.environ))
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
