"""The table of dependencies names what an installation brings, with the versions of constraints.txt."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([^ |]+) \| ([^|]+) \| ([\d.]+) \| ([^|]+) \|$", re.MULTILINE)


def key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name: str, found: set[str]) -> set[str]:
    """Return every package that a package needs on this machine, without extras."""
    for text in metadata.distribution(name).requires or []:
        one = Requirement(text)
        if (not one.marker or one.marker.evaluate({"extra": ""})) and key(one.name) not in found:
            found.add(key(one.name))
            needed(one.name, found)
    return found


def test_every_package_of_a_plain_installation_is_listed_with_its_licence() -> None:
    rows = {name: (version, licence.strip()) for name, version, licence, _, _ in ROW.findall(_text())}
    missing = needed("asrcli", set()) - rows.keys() - {"colorama", "importlib-metadata", "zipp"}  # of other systems
    assert not missing
    assert all(licence for _, licence in rows.values())
    pinned = dict(
        (key(line.partition("==")[0]), line.partition("==")[2].split()[0])
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    )
    differing = {name: version for name, (version, _) in rows.items() if pinned.get(name, version) != version}
    assert not differing


def test_every_upper_bound_has_its_reason() -> None:
    """And so has every package of asr itself that has none."""
    rows = re.findall(r"^\| ([a-z0-9, -]+) \| `?([^`|]+?)`? \|", _text().partition("## Upper bounds")[2], re.MULTILINE)
    said = {name: bound for names, bound in rows for name in names.split(", ")}
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for one in map(Requirement, dependencies):
        bound = next((str(each) for each in one.specifier if each.operator == "<"), "none")
        assert said.get(one.name) == bound, one


def _text() -> str:
    return (ROOT / "docs/dependencies.md").read_text()


def test_what_a_reader_has_to_know_is_named() -> None:
    assert "-c constraints.txt" in (ROOT / "README.md").read_text()
    assert {"libx264", "GPL"} <= set(re.findall(r"\w+", (ROOT / "NOTICE").read_text()))
    assert "Report a vulnerability" in (ROOT / "SECURITY.md").read_text()
