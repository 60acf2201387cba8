"""The live services, asked for real: run by hand with `pytest -m live`. Nothing else asserts anything about them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from recordings import SETTINGS

from asrcli.digest.items import USABLE
from asrcli.digest.run import collectors
from asrcli.digest.sources import Task
from asrcli.web.client import Recording, load_records
from asrcli.web.live import LiveWeb

pytestmark = pytest.mark.live


@pytest.mark.parametrize("name", ["arxiv", "hf", "github", "hn"])
def test_a_source_answers_and_its_recording_replays(name, tmp_path):
    day = datetime.now(UTC).date()
    asked = collectors()[name](Task(day, Recording(LiveWeb(), tmp_path, ""), SETTINGS))
    assert asked.state in USABLE, asked.evidence
    again = collectors()[name](Task(day, load_records(tmp_path), SETTINGS))
    assert (again.state, again.items) == (asked.state, asked.items)
