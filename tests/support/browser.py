"""Pages in headless Chromium, without a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--dump-dom",
)


def opened(page: Path, profile: Path, *more: str) -> tuple[str, str]:
    """Return the final tree of a page and what the browser logged; skip where there is no Chromium.

    Args:
        page: the file.
        profile: a folder of its own for the browser.
        more: further flags.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    command = [program, *FLAGS, *more, f"--user-data-dir={profile}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=200, check=False)
    log = done.stderr.decode(errors="replace")
    assert done.returncode == 0, log[-500:]
    return done.stdout.decode(errors="replace"), log


def used(text: str, user: str, width: int, folder: Path) -> dict[str, Any]:
    """Return what a script finds that uses a page as a person would, and leaves ``FOUND{...}END`` in its place.

    Args:
        text: the page, with a policy that would not let the script act.
        user: the script.
        width: of the window, pixels.
        folder: for the page and the browser's files.
    """
    text, removed = re.subn('<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert removed == 1
    page = folder / "page.html"
    page.write_text(text.replace("</body>", f"{user}</body>"))
    tree, _ = opened(page, folder / "profile", "--virtual-time-budget=3000", f"--window-size={width},800")
    found = re.search("FOUND(.*)END", tree.rpartition("<body")[2], re.DOTALL)
    assert found is not None, tree[-500:]
    values: dict[str, Any] = json.loads(html.unescape(found[1]))
    return values
