"""Where options come from: flags, then ASR_*, then asr.toml, then the user's file; and `asr config`, which shows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.zygote import forked

from asrcli.base.config import look_up, settings
from asrcli.base.trust import _foreign, trust
from asrcli.cli.main import application
from asrcli.cli.variables import OWN, all_options, variable_of
from asrcli.errors import UsageError

OPTIONS = {"beam_size": False, "engine": False, "word_timestamps": False, "format": False, "show": True}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the current one, with an empty home and no ASR_* variable."""
    for name in list(os.environ):
        if name.startswith("ASR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write_user_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "home/.config/asr/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def asr(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the real program in the current folder."""
    return forked(words, {**os.environ, **variables})


def shown(*words: str, **variables: str) -> dict[str, dict[str, Any]]:
    done = asr("config", *words, "--json", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return {f"{row['command']} {row['option']}": row for row in map(json.loads, done.stdout.splitlines())}


# ---- the lookup


def test_nothing_set_gives_nothing(project: Path) -> None:
    assert settings("transcribe", OPTIONS) == {}


def test_the_nearest_project_file_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "asr.toml").write_text("beam-size = 2")
    (project / "a/b").mkdir(parents=True)
    monkeypatch.chdir(project / "a/b")
    assert settings("transcribe", OPTIONS)["beam_size"].value == 2
    (project / "a/asr.toml").write_text("beam-size = 3")
    found = settings("transcribe", OPTIONS)["beam_size"]
    assert (found.value, found.origin) == (3, str(project / "a/asr.toml"))


def test_a_commands_own_table_goes_before_the_top(project: Path) -> None:
    lines = ["engine = 'fake'", "beam-size = 1", "[transcribe]", "beam-size = 2", "[bench]", "beam-size = 3"]
    (project / "asr.toml").write_text("\n".join(lines))
    found = {name: one.value for name, one in settings("transcribe", OPTIONS).items()}
    assert found == {"engine": "fake", "beam_size": 2}
    assert settings("bench", OPTIONS)["beam_size"].value == 3


def test_the_table_of_a_command_below_a_command(project: Path) -> None:
    (project / "asr.toml").write_text("[engines]\nengine = 'fake'\n[engines.pull]\nengine = 'nemo'")
    assert settings("engines", OPTIONS)["engine"].value == "fake"
    assert settings("engines pull", OPTIONS)["engine"].value == "nemo"


@pytest.mark.parametrize("key", ["beam-size", "beam_size"])
def test_a_key_is_spelled_with_dashes_or_underscores(key: str, project: Path) -> None:
    (project / "asr.toml").write_text(f"{key} = 4")
    assert settings("transcribe", OPTIONS)["beam_size"].value == 4


def test_lists(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "asr.toml").write_text("format = ['srt', 'json']\nshow = ['a', 'b']")
    found = settings("transcribe", OPTIONS)
    assert (found["format"].value, found["show"].value) == ("srt,json", ["a", "b"])
    monkeypatch.setenv("ASR_SHOW", "c,d")
    assert settings("transcribe", OPTIONS)["show"].value == ["c", "d"]


def test_an_empty_variable_is_not_set(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_ENGINE", "")
    assert settings("transcribe", OPTIONS) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("beam-size = ", "is not TOML"),
        ("engine = 'fake", "is not TOML"),
        ("[transcribe]\nbeam-siz = 3", "[transcribe] has no option 'beam-siz'; did you mean 'beam-size'?"),
        ("[transcribe]\nzzzz = 3", "[transcribe] has no option 'zzzz'; see asr transcribe --help"),
        ("[transcrib]\nbeam-size = 3", "there is no command [transcrib]; did you mean 'transcribe'?"),
        ("transcribe = 3", "'transcribe' is a command: write its options below a line [transcribe]"),
    ],
)
def test_a_wrong_file_is_a_mistake_with_its_name(text: str, said: str, project: Path) -> None:
    (project / "asr.toml").write_text(text)
    with pytest.raises(UsageError) as raised:
        settings("transcribe", OPTIONS, ("transcribe", "bench"))
    assert said in str(raised.value)
    assert str(project / "asr.toml") in str(raised.value)


def test_a_file_that_is_not_utf8_is_a_mistake(project: Path) -> None:
    (project / "asr.toml").write_bytes(b"engine = '\xff'")
    with pytest.raises(UsageError, match="is not TOML"):
        settings("transcribe", OPTIONS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_mistake(project: Path) -> None:
    (project / "asr.toml").write_text("")
    (project / "asr.toml").chmod(0)
    with pytest.raises(UsageError, match="cannot read"):
        settings("transcribe", OPTIONS)


# ---- the real command


def test_precedence_step_by_step(project: Path, tmp_path: Path) -> None:
    user = write_user_file(tmp_path, "[transcribe]\nbeam-size = 2\nthreads = 1\nquiet = true")
    name = "transcribe --beam-size"
    assert (shown()[name]["value"], shown()[name]["origin"]) == (2, str(user))
    (project / "asr.toml").write_text("[transcribe]\nbeam-size = 3\nthreads = 2")
    assert (shown()[name]["value"], shown()[name]["origin"]) == (3, str(project / "asr.toml"))
    assert (shown(ASR_BEAM_SIZE="4")[name]["value"], shown(ASR_BEAM_SIZE="4")[name]["origin"]) == (
        "4",
        "environment ASR_BEAM_SIZE",
    )
    rest = shown("transcribe")
    assert rest["transcribe --quiet"]["value"] is True
    assert rest["transcribe --engine"] == {
        "command": "transcribe",
        "option": "--engine",
        "value": "auto",
        "origin": "default",
    }
    assert rest["transcribe --model"]["value"] is None


def test_precedence_reaches_the_transcript(project: Path, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "data/digits/string00.wav", project / "hello-there.wav")
    write_user_file(tmp_path, "engine = 'fake'\n[transcribe]\nformat = 'tsv'\nprompt = 'user'")
    assert asr("transcribe", "hello-there.wav").stdout.startswith("start\tend\ttext\n")  # the user's file
    (project / "asr.toml").write_text("[transcribe]\nformat = ['jsonl']\nword-timestamps = true\nprompt = 'project'")
    first = json.loads(asr("transcribe", "hello-there.wav").stdout.splitlines()[0])  # the project's
    assert [word["word"].strip() for word in _words(first)] == ["hello", "there"]
    done = asr("transcribe", "hello-there.wav", ASR_FORMAT="json", ASR_WORD_TIMESTAMPS="false")  # the environment
    assert _words(json.loads(done.stdout)) == []
    assert json.loads(done.stdout)["text"].strip() == "hello there"
    done = asr("transcribe", "hello-there.wav", "-f", "txt", ASR_FORMAT="json")  # the command line
    assert (done.stdout, done.returncode) == ("hello there\n", 0)


def _words(value: Any) -> list[dict[str, Any]]:
    """Return every word of a JSON output, wherever it stands."""
    if isinstance(value, dict):
        own = value.get("words")
        return own if isinstance(own, list) else [word for one in value.values() for word in _words(one)]
    return [word for one in value for word in _words(one)] if isinstance(value, list) else []


def test_a_whole_list_in_the_file_is_several_formats(project: Path) -> None:
    shutil.copy(Path(__file__).parent / "data/digits/string00.wav", project / "one.wav")
    (project / "asr.toml").write_text("engine='fake'\nformat = ['srt', 'vtt']\noutput-dir = 'out'")
    assert asr("transcribe", "one.wav").stdout.splitlines() == ["out/one.srt", "out/one.vtt"]


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ("[transcribe]\nbeam-size = 'many'", {}, "asr.toml: 'many' is no value for --beam-size"),
        ("[transcribe]\nbeam-size = 0", {}, "asr.toml: '0' is no value for --beam-size"),
        ("[transcribe]\nword-timestamps = 'perhaps'", {}, "asr.toml: 'perhaps' is no value for --word-timestamps"),
        ("", {"ASR_BEAM_SIZE": "x"}, "environment ASR_BEAM_SIZE: 'x' is no value for --beam-size"),
        ("[transcribe]\nbeam-sise = 1", {}, "did you mean 'beam-size'?"),
        ("beam-size = [", {}, "is not TOML"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_where_it_is(
    text: str, variables: dict[str, str], said: str, project: Path
) -> None:
    (project / "asr.toml").write_text(text)
    done = asr("transcribe", "one.wav", "-e", "fake", **variables)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_value_on_the_command_line_is_not_blamed_on_the_file(project: Path) -> None:
    (project / "asr.toml").write_text("beam-size = 3")
    done = asr("transcribe", "one.wav", "--beam-size", "x")
    assert done.returncode == 2
    assert "asr.toml" not in done.stderr
    assert "--beam-size" in done.stderr


def test_the_command_line_wins_over_a_wrong_value_in_the_file(project: Path) -> None:
    (project / "asr.toml").write_text("beam-size = 'x'")
    done = asr("transcribe", "missing.wav", "-e", "fake", "--beam-size", "3")
    assert (done.returncode, done.stderr) == (1, "asr: missing.wav: no such file\n")


def test_config_finds_options_that_no_command_has(project: Path) -> None:
    (project / "asr.toml").write_text("enginee = 'fake'")
    done = asr("config")
    assert done.returncode == 2
    assert "no command has an option 'enginee'; did you mean 'engine'?" in done.stderr


def test_an_entry_of_a_file_that_is_nearly_an_option_is_named(project: Path) -> None:
    (project / "one.wav").write_bytes(b"")
    # The fifth is an option of other commands, and the last is near to nothing.
    (project / "asr.toml").write_text("langauge = 'de'\nFormat = 'srt'\nfast_ = true\nmax-csp = 3\ntop = 3\nthing = 1")
    lines = asr("transcribe", "one.wav", "-e", "fake", "--dry-run").stderr.splitlines()
    assert [line.partition("asr.toml: ")[2] for line in lines if "nothing reads" in line] == [
        "nothing reads langauge: did you mean language?",
        "nothing reads Format: did you mean format?",
        "nothing reads fast-: did you mean fast?",
        "nothing reads max-csp: did you mean max-cps?",
    ]
    assert "nothing reads" not in asr("transcribe", "one.wav", "-e", "fake", "--dry-run", "-q").stderr


@pytest.mark.parametrize(("entry", "option"), [("threads = true", "threads"), ("subs = false", "subs")])
def test_yes_and_no_are_for_switches_alone(project: Path, entry: str, option: str) -> None:
    """Python takes true for 1: a file that says threads = true got one thread."""
    (project / "asr.toml").write_text(f"[transcribe]\n{entry}")
    done = asr("transcribe", "one.wav", "-e", "fake")
    assert done.returncode == 2 and f"is no value for --{option}" in done.stderr


def test_a_variable_that_is_nearly_an_option_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "one.wav").write_bytes(b"")
    for name in ("ASR_FORMT", "ASR_SERVER_KYE", "ASR_OUT", "ASR_LIMIT", "ASR_THING"):  # the third is one of digest
        monkeypatch.setenv(name, "the-value")
    done = asr("transcribe", "one.wav", "-e", "fake", "--dry-run")
    lines = [line for line in done.stderr.splitlines() if "nothing reads it" in line]
    assert lines == [
        "asr: ASR_FORMT is set, and nothing reads it: did you mean ASR_FORMAT?",
        "asr: ASR_SERVER_KYE is set, and nothing reads it: did you mean ASR_SERVER_KEY?",
    ]
    assert "nothing reads" not in asr("transcribe", "one.wav", "-e", "fake", "--dry-run", "-q").stderr
    group = asr("leaderboard", "score", "nowhere", **{"ASR_FORMT": "", "ASR_TOPP": "3"}).stderr
    assert group.count("ASR_TOPP") == 1
    everything = asr("config").stderr
    assert "ASR_THING is set" in everything and "the-value" not in everything


def test_the_variables_that_are_read_are_known() -> None:
    """Those that are no options stand in one list; the sources name no others."""
    root = Path(__file__).parent.parent
    text = "".join(path.read_text() for place in ("asrcli", "plugins") for path in (root / place).rglob("*.py"))
    named = set(re.findall(r'"(ASR_[A-Z_]+)"', text)) - {"ASR_OPTION", "ASR_"}
    options = {variable_of(name) for name in all_options(application())}
    assert {"ASR_LLM_KEY", "ASR_SERVER_URL"} < named <= OWN | options
    assert OWN - {"ASR_FUZZ_SEED", "ASR_TEST_SHARED"} <= named


def test_config_for_people(project: Path) -> None:
    (project / "asr.toml").write_text("[transcribe]\nword-timestamps = true")
    done = asr("config", "transcribe", "--changed")
    lines = done.stdout.splitlines()
    assert any(line.startswith("# ") and line.endswith("config.toml (not there)") for line in lines)
    assert f"# {project / 'asr.toml'}" in lines
    assert lines[-2:] == ["[transcribe]", f"--word-timestamps  true  ({project / 'asr.toml'})"]


def test_config_of_an_unknown_command(project: Path) -> None:
    done = asr("config", "transcrib")
    assert done.returncode == 2
    assert "did you mean 'transcribe'?" in done.stderr


def test_config_shows_every_option_of_every_command(project: Path) -> None:
    from asrcli.cli.main import COMMANDS

    rows = shown()
    assert {row["command"].split()[0] for row in rows.values()} == set(COMMANDS)
    assert {"transcribe --engine", "transcribe --format", "transcribe --vad", "config --json"} <= set(rows)


# ---- the file of a project is not the user's own word


@pytest.mark.parametrize(
    "line",
    [
        "engine = 'openai_server'",
        "engine = 'openai_server:http://203.0.113.1/v1#m'",
        "model = 'http://203.0.113.1/v1#m'",
        "model = '//server/share'",
        "engine-option = ['url=http://203.0.113.1']",
        "report = '../taken.jsonl'",
        "events = 'fd:7'",
        "events = '/dev/tty'",
        "output-dir = '/tmp'",
        "output-dir = 'elsewhere'",  # a link
        "output-template = '../{stem}.{format}'",
        "output-template = '/etc/{stem}'",
        "output-template = 'elsewhere/{stem}.{format}'",
        "mirror-tree = true",
        "force = true",
        "offline = false",
        "manifest = '/etc/passwd'",
        "files-from = '/etc/passwd'",
        "model-dir = '/tmp'",
        "language-model = 'x.arpa'",
    ],
)
def test_what_a_project_may_not_decide_needs_trust(line: str, project: Path, tmp_path: Path) -> None:
    (project / "elsewhere").symlink_to(tmp_path)
    (project / "asr.toml").write_text(line)
    name = line.partition(" ")[0]
    options = {name.replace("-", "_"): False, "beam_size": False}
    found = look_up("transcribe", options)
    assert (found.values, found.refused) == ({}, [name])
    trust(project / "asr.toml")
    assert list(look_up("transcribe", options).values) == [name.replace("-", "_")]
    (project / "asr.toml").write_text(f"{line} # changed")
    assert look_up("transcribe", options).values == {}


@pytest.mark.parametrize(("folder", "file"), [(0o777, 0o644), (0o1777, 0o644), (0o755, 0o666)])
def test_a_file_that_others_can_write_does_not_count(folder: int, file: int, project: Path) -> None:
    (project / "asr.toml").write_text("beam-size = 2")
    (project / "asr.toml").chmod(file)
    project.chmod(folder)
    found = look_up("transcribe", OPTIONS)
    assert found.values == {}
    assert "others can write" in found.notice()


def test_a_file_of_another_user_does_not_count(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "asr.toml").write_text("beam-size = 2")
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    assert "another user" in look_up("transcribe", OPTIONS).notice()
    assert settings("transcribe", OPTIONS) == {}


def test_a_folder_of_another_user_does_not_count(project: Path) -> None:
    """There a link, of either kind, gives a file of the user's own."""
    (project / "asr.toml").write_text("beam-size = 2")
    file, folder = os.stat(project / "asr.toml"), list(os.stat(project))
    assert _foreign(file, os.stat_result(folder)) == ""
    folder[4] = os.geteuid() + 1
    assert _foreign(file, os.stat_result(folder)) == "its folder belongs to another user"
    folder[4] = 0  # of a container, or the root of all
    assert _foreign(file, os.stat_result(folder)) == ""


def test_a_link_to_a_trusted_file_is_not_trusted(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "asr.toml").write_text("force = true")
    trust(project / "asr.toml")
    assert look_up("transcribe", {"force": False}).values
    other = tmp_path / "unpacked"
    other.mkdir()
    (other / "asr.toml").symlink_to(project / "asr.toml")
    monkeypatch.chdir(other)
    assert look_up("transcribe", {"force": False}).refused == ["force"]


def test_a_project_cannot_send_recordings_away(project: Path) -> None:
    shutil.copy(Path(__file__).parent / "data/digits/string00.wav", project / "one.wav")
    (project / "asr.toml").write_text(
        "engine = 'openai_server'\nmodel = 'http://127.0.0.1:9/v1#m'\nquiet = true\n[transcribe]\nthreads = 3"
    )
    done = asr("transcribe", "one.wav", "-e", "fake")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines[0] == f"asr: {project / 'asr.toml'}: quiet = true, threads = 3"
    assert "not taken: engine, model; after a look at it, asr config trust" in lines[1]
    assert asr("config", "trust").returncode == 0
    done = asr("transcribe", "one.wav")
    assert "127.0.0.1:9" in done.stderr.splitlines()[-1]  # asked now, and nobody is there
    done = asr("transcribe", "one.wav", "-e", "fake")
    assert (done.returncode, done.stdout) == (0, "one\n"), done.stderr  # a typed engine is not given another's model


def test_a_typed_option_wins_over_its_rivals(project: Path) -> None:
    (project / "asr.toml").write_text(
        "output-dir = 'out'\nmodel = 'large'\nclip-timestamps = '1,2'\ntask = 'translate'"
    )
    options = dict.fromkeys(["output_dir", "output", "model", "engine", "clip_timestamps", "start", "task"], False)
    typed = ["output", "engine", "start"]
    assert list(look_up("transcribe", options, typed=typed).values) == ["task"]
    assert set(look_up("transcribe", options, typed=["model"]).values) == {
        "output_dir",
        "clip_timestamps",
        "task",
        "model",
    }


def test_the_top_of_a_file_reaches_only_commands_where_it_means_the_same(project: Path) -> None:
    (project / "asr.toml").write_text("language = 'de'\nmodel = 'large'\njson = true\nengine = 'whisper'")
    names = dict.fromkeys(["language", "model", "json", "engine"], False)
    assert set(settings("transcribe", names)) == set(names)
    assert set(settings("compare", names)) == {"language"}
    assert set(settings("leaderboard", names)) == set(settings("digest podcast", names)) == set()
    assert set(settings("align", names)) == {"language", "json"}
