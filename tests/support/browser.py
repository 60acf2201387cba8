"""Pages in headless Chromium, without a network."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
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


def chromium() -> str:
    """Return the browser's path; skip where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return program


def opened(page: Path, profile: Path, *more: str) -> tuple[str, str]:
    """Return the final tree of a page and what the browser logged; skip where there is no Chromium.

    Args:
        page: the file.
        profile: a folder of its own for the browser.
        more: further flags.
    """
    command = [chromium(), *FLAGS, *more, f"--user-data-dir={profile}", page.as_uri()]
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


class Tab:
    """A page in headless Chromium that is touched, typed at and looked at through the browser's debugging pipe."""

    def __init__(self, folder: Path) -> None:
        asked, told = os.pipe(), os.pipe()
        self.to, self.answer = os.fdopen(asked[1], "wb", buffering=0), os.fdopen(told[0], "rb")
        command = [chromium(), *FLAGS[:-2], "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        # The browser reads from descriptor 3 and writes to 4; a process between puts them there.
        moved = "import os, sys; [os.dup2(int(end), 3 + n) for n, end in enumerate(sys.argv[1:3])]; "
        moved += "os.execv(sys.argv[3], sys.argv[3:])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", moved, str(asked[0]), str(told[1]), *command],
            pass_fds=(asked[0], told[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (asked[0], told[1]):
            os.close(end)
        self.count, self.session = 0, ""
        pages = self.send("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in pages if one["type"] == "page")
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def send(self, method: str, **values: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and return its answer."""
        self.count += 1
        asked = {"id": self.count, "method": method, "params": values}
        if self.session:
            asked["sessionId"] = self.session
        self.to.write(json.dumps(asked).encode() + b"\0")
        while True:
            text = bytearray()
            while (char := self.answer.read(1)) not in (b"\0", b""):
                text += char
            found = json.loads(text)  # an empty text is a browser that has gone
            if found.get("id") == self.count:
                assert "error" not in found, found
                answer: dict[str, Any] = found["result"]
                return answer

    def open(self, page: Path, width: int, height: int, *, finger: bool, dark: bool = False) -> None:
        """Open a file in a window of a size, as a phone does or a desk."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=finger)
        self.send("Emulation.setTouchEmulationEnabled", enabled=finger, maxTouchPoints=5)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.send("Page.navigate", url=page.as_uri())
        while self.run("document.readyState + location.protocol") != "completefile:":
            pass

    def run(self, expression: str) -> Any:
        """Return what an expression gives in the page."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def faults(self, page: Path) -> list[str]:
        """Return what is wrong with how a page looks on phones and at a desk, light and dark."""
        found = []
        looks = (Path(__file__).parent / "looks.js").read_text()
        for width, dark in [(width, dark) for width in (320, 400, 1200) for dark in (False, True)]:
            self.open(page, width, 800, finger=width < 1000, dark=dark)
            self.settle()
            found += [f"{width} {'dark' if dark else 'light'}: {one}" for one in self.run(looks)]
        return found

    def settle(self) -> None:
        """Wait until the page has drawn what it was told."""
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def touch(self, *points: Sequence[tuple[float, float]], lift: bool = True) -> None:
        """Move some fingers along their points, together, and take them away."""
        for index, places in enumerate(zip(*points, strict=True)):
            told = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
            self.send("Input.dispatchTouchEvent", type="touchMove" if index else "touchStart", touchPoints=told)
        if lift:
            self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.settle()

    def press(self, key: str) -> None:
        """Press a key."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = {"Enter": 13, "Tab": 9, "Escape": 27}.get(key, ord(key) if len(key) == 1 else 0)
        told = {"key": key, "windowsVirtualKeyCode": code}
        self.send(
            "Input.dispatchKeyEvent",
            type="keyDown" if text else "rawKeyDown",
            **told,
            **({"text": text} if text else {}),
        )
        self.send("Input.dispatchKeyEvent", type="keyUp", **told)
        self.settle()

    def close(self) -> None:
        """End the browser."""
        self.process.kill()
        self.process.wait()
        self.to.close()
        self.answer.close()
