"""Tables on a terminal: where their cells break."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from rich.console import Console

from asrcli.reports.terminal import breaks, table


def pieces(text: str, width: int) -> list[str]:
    ends = [0, *breaks(text, width), len(text)]
    return [text[begin:end] for begin, end in pairwise(ends)]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("ibm-granite/granite-speech-3.3-8b", 24, ["ibm-granite/granite-", "speech-3.3-8b"]),
        ("CohereLabs/cohere-transcribe-03-2026", 24, ["CohereLabs/cohere-", "transcribe-03-2026"]),
        ("nvidia/parakeet-tdt-0.6b-v3", 40, ["nvidia/parakeet-tdt-0.6b-v3"]),
        ("with words enough and none too long", 10, ["with words enough and none too long"]),
        ("a nvidia/parakeet-tdt b", 12, ["a nvidia/", "parakeet-tdt b"]),
        ("unbreakableunbreakable", 10, ["unbreakableunbreakable"]),
        ("0.123456789-0.123456789", 12, ["0.123456789-", "0.123456789"]),
        ("北京-语音识别-模型", 8, ["北京-", "语音识别-", "模型"]),
    ],
)
def test_names_break_between_their_parts(text, width, expected):
    assert pieces(text, width) == expected


@pytest.mark.parametrize("width", [20, 33, 60])
def test_no_part_of_a_name_is_lost_or_torn(width):
    names = ["ibm-granite/granite-speech-3.3-8b", "kyutai/stt-2.6b-en", "Qwen/Qwen3-ASR-1.7B"]
    out = Console(file=io.StringIO(), width=width)
    out.print(table("", ["model", "WER"], [(name, "5.1") for name in names]))
    lines = [line[: width - 6].strip() for line in out.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert all(name in "".join(lines) for name in names)
    assert not any(line in ("B", "h-3.3-8b", "-1.7B") for line in lines)
