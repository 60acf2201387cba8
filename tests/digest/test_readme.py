"""Blocks of a README: what stands around them is kept, and what is wrong with them is said."""

from __future__ import annotations

import re

import pytest
from recordings import whole_day

from asrcli.digest.pages.readme import markers, update_readme
from asrcli.digest.run import load_editions
from asrcli.errors import InputError

LIST = "# Awesome speech\n\n## Papers\n\n{}\n{}\n\n## Ideas\n\n{}\n{}\n"


@pytest.fixture
def editions(run, out):
    run(whole_day())
    return load_editions(out)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_line_ends_and_the_end_of_the_file_are_kept(newline, end, editions, tmp_path):
    path = tmp_path / "README.md"
    text = f"# Mine\n\n{chr(10).join(markers('papers'))}\n\nafter{end}".replace("\n", newline)
    path.write_bytes(text.encode())
    assert update_readme(path, editions, None) == ["papers"]
    written = path.read_bytes().decode()
    assert written.startswith(f"# Mine{newline}{newline}<!--") and written.endswith(
        f"-->{newline}{newline}after{end.replace(chr(10), newline)}"
    )
    assert re.findall(r"\r?\n", written) == [newline] * written.count("\n")
    update_readme(path, editions, None)
    assert path.read_bytes().decode() == written


def test_a_block_in_a_list_is_indented_as_its_markers(editions, tmp_path):
    path = tmp_path / "README.md"
    start, end = markers("papers")
    path.write_text(f"- papers\n\n    {start}\n    {end}\n")
    update_readme(path, editions, None)
    lines = path.read_text().splitlines()
    assert all(line.startswith("    ") for line in lines[2:] if line) and any(
        line.startswith("    - [") for line in lines
    )


@pytest.mark.parametrize("fence", ["```", "~~~~", "````markdown"])
def test_markers_in_a_code_fence_are_text(fence, editions, tmp_path):
    path = tmp_path / "README.md"
    start, end = markers("papers")
    close = re.match(r"[`~]+", fence)[0]
    example = f"{fence}\n{start}\n{end}\n{close}\n"
    path.write_text(f"{example}\n{start}\n{end}\n")
    update_readme(path, editions, None)
    assert path.read_text().startswith(f"{example}\n{start}\n- [")
    path.write_text(example)
    with pytest.raises(InputError, match="has no block"):
        update_readme(path, editions, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- digest:paper:start -->\n<!-- digest:paper:end -->\n", "line 1: no block is called 'paper'"),
        (
            "<!-- digest:papers:start -->\n<!-- digest:ideas:start -->\n"
            "<!-- digest:papers:end -->\n<!-- digest:ideas:end -->\n",
            "within",
        ),
        ("<!-- digest:papers:end -->\n<!-- digest:papers:start -->\n", "the first one first"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(text, said, editions, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        update_readme(path, editions, None)
    assert path.read_text() == text


def test_readers_see_titles_and_sentences_and_the_quotes_of_what_is_said(editions, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(LIST.format(*markers("papers"), *markers("ideas")))
    update_readme(path, editions, None)
    text = path.read_text().replace("\\", "")
    assert not re.search(r"\d+–\d+\]", text)
    assert "Reports a WER of 5.2%" in text or "Reports 5.2% WER on LibriSpeech test-other. “" in text
    entries = [line for line in text.splitlines() if line.startswith("- ")]
    assert entries and all(re.match(r"- \[[^\]]+\]\(<https://[^>]+>\) - .*[.”]$", line) for line in entries)
