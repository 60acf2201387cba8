"""Sixty recordings with speech that the text lacks: what it costs in words, and whether it is listed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner

from asrcli.engine import Device, Weights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not shutil.which("flite"), reason="needs flite: apt-get install flite"),
]


def test_speech_without_text_costs_one_word_in_a_hundred_at_most(tmp_path: Path) -> None:
    from benchmarks.untexted import cases, outcome

    aligner = PocketSphinxAligner(Weights("en-us", None), Device(threads=1))
    made = [(case.kind, outcome(case, aligner, tmp_path)) for case in cases()]
    assert len(made) == 60
    counts = {name: sum(getattr(one, name) for _, one in made) for name in ("words", "lost", "misplaced")}
    assert counts["lost"] <= 0.01 * counts["words"] and not counts["misplaced"], (counts, made)
    assert all(one.listed > 0.85 for _, one in made), made
