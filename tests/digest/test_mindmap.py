"""The mindmap as somebody uses it: at a phone's width and at a desk's, touched, typed at, searched and printed."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.browser import Tab

from asrcli.digest.mindmap import Node, branch, mindmap_html

LONG = "A title about streaming that is longer than a phone is wide, as most titles of papers are, number {}"
TREE = Node(
    "Speech recognition digest: 2026-03-01 to 2026-03-31",
    children=(
        branch("Streaming and real time", [Node(LONG.format(n), "https://arxiv.org/abs/1") for n in range(9)]),
        branch("<script>alert(1)</script>", [Node("</ul><img src=x onerror=alert(1)>", "javascript:alert(1)")]),
        branch("عربي", [Node("كلام و ASR معا", "https://arxiv.org/abs/2", new=True)]),
        branch("Models", [Node(f"someone/model-{n}", "https://huggingface.co/x") for n in range(690)]),
    ),
)
NODE = "[...document.querySelectorAll('#tree .node')].find((one) => one.textContent.startsWith({}))"
SEEN = "[...document.querySelectorAll('#tree .node')].filter((one) => one.offsetParent)"


class Lists(HTMLParser):
    """The labels of a page, each with how deep its list is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.depth, self.labels, self.links = 0, [], []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.depth += tag == "ul"
        if "node" in values.get("class", "").split():
            self.labels.append((self.depth, ""))
            self.inside = True
            self.links += [values["href"]] if "href" in values else []

    def handle_endtag(self, tag):
        self.depth -= tag == "ul"
        self.inside = self.inside and tag not in ("a", "button", "li")

    def handle_data(self, data):
        if self.inside:
            depth, text = self.labels[-1]
            self.labels[-1] = (depth, text + data)


def test_the_page_holds_every_title_as_text_without_its_script():
    found = Lists(mindmap_html(TREE))
    wanted = [(1, f"{TREE.text} (701)")]
    for group in TREE.children:
        wanted.append((2, f"{group.text} ({len(group.children)})"))
        wanted += [(3, leaf.text + (" ●" if leaf.new else "")) for leaf in group.children]
    assert found.labels == wanted
    assert len(found.links) == 700 and not any("script" in address for address in found.links)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "mindmap.html"
    path.write_text(mindmap_html(TREE))
    return path


def box(tab: Tab, start: str) -> tuple[float, float]:
    place = f"{NODE.format(json.dumps(start))}.getBoundingClientRect()"
    return tab.run(f"{place}.left"), tab.run(f"{place}.top")


def texts(tab: Tab) -> list[str]:
    return tab.run(f"{SEEN}.map((one) => one.textContent)")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(390, 844), (360, 640), (320, 568)])
def test_fingers_on_a_phone(width, height, tab, page):
    tab.open(page, width, height, finger=True)
    assert len(texts(tab)) == 5
    at = box(tab, "Streaming")
    tab.touch([(at[0] + 20, at[1] + 20)])
    assert len(texts(tab)) == 14 and box(tab, "Streaming") == at
    fits = (
        f"{SEEN}.every((one) => one.getBoundingClientRect().right <= innerWidth && one.scrollWidth <= one.clientWidth)"
    )
    assert tab.run(fits) and tab.run("document.documentElement.scrollWidth <= innerWidth")
    small = "[...document.querySelectorAll('button, input, .node')].filter((one) => one.offsetParent)"
    assert tab.run(f"{small}.every((one) => one.offsetWidth >= 44 && one.offsetHeight >= 44)")
    start = tab.run("scrollY")
    tab.touch([(200, 500 - 20 * step) for step in range(12)], lift=False)  # without the swing that follows
    assert tab.run("scrollY") - start == pytest.approx(220, abs=25)  # a browser takes the first pixels for a tap
    tab.send("Input.dispatchTouchEvent", type="touchCancel", touchPoints=[])
    tab.touch([(150 - 5 * n, 400) for n in range(12)], [(210 + 5 * n, 400) for n in range(12)])
    assert tab.run("visualViewport.scale") > 1.5


@pytest.mark.slow
def test_a_large_group_stays_on_the_screen_page_by_page(tab, page):
    assert tab.faults(page) == []
    tab.open(page, 390, 844, finger=True)
    at = box(tab, "Models")
    tab.touch([(at[0] + 20, at[1] + 20)])
    assert len(texts(tab)) == 31 and texts(tab)[-1] == "… 665 more" and box(tab, "Models") == at
    tab.run(f"{SEEN}.at(-1).click()")
    assert texts(tab)[-1] == "… 640 more" and tab.run("document.activeElement.textContent") == texts(tab)[30]
    tab.open(page, 1200, 300, finger=False)
    tab.run(f"{NODE.format(json.dumps('Models'))}.click()")
    assert 0 < box(tab, "Models")[1] < 200 and texts(tab)[5:7] == ["someone/model-0", "someone/model-1"]
    tab.run("document.getElementById('fold').click()")
    assert len(texts(tab)) == 5


@pytest.mark.slow
def test_keys_and_search_at_a_desk(tab, page):
    tab.open(page, 1200, 800, finger=False, dark=True)
    focus = "document.activeElement.textContent"
    for key, start in (
        ("ArrowDown", "Speech"),
        ("ArrowDown", "Streaming"),
        ("Enter", "Streaming"),
        ("ArrowRight", "A title"),
    ):
        tab.press(key)
        assert tab.run(focus).startswith(start), key
    for key, start in (("ArrowLeft", "Streaming"), ("ArrowLeft", "Streaming"), ("ArrowUp", "Speech")):
        tab.press(key)
        assert tab.run(focus).startswith(start), key
    assert len(texts(tab)) == 5
    zoom = "Number(document.getElementById('tree').style.zoom)"
    tab.press("+")
    assert tab.run(zoom) == pytest.approx(1.2)
    tab.press("-")
    tab.press("-")
    assert tab.run(zoom) == pytest.approx(1 / 1.2)
    tab.press("0")
    assert tab.run(zoom) == 1
    tab.press("/")
    tab.send("Input.insertText", text="MODEL-650")
    tab.settle()
    assert texts(tab)[-1] == "someone/model-650" and tab.run("document.getElementById('said').textContent") == "1 found"
    tab.press("Enter")
    assert tab.run(focus) == "someone/model-650"
    tab.press("Escape")
    assert len(texts(tab)) == 5 and tab.run(focus).startswith("Speech")


@pytest.mark.slow
def test_a_mouse_drags_by_what_it_moves_and_clicks_nothing(tab, page):
    tab.open(page, 1200, 500, finger=False)
    tab.run(f"{NODE.format(json.dumps('Models'))}.click()")
    tab.run("document.getElementById('map').scrollTo(0, 300)")
    tab.settle()
    start = box(tab, "Models")[1]
    for kind, by in (("Pressed", 0), ("Moved", 60), ("Moved", 120), ("Released", 120)):
        told = {"x": 900, "y": 250 + by, "button": "left", "buttons": int(kind != "Released"), "clickCount": 1}
        tab.send("Input.dispatchMouseEvent", type=f"mouse{kind}", **told)
    tab.settle()
    assert box(tab, "Models")[1] - start == pytest.approx(120, abs=1) and len(texts(tab)) == 31


@pytest.mark.slow
def test_the_print_shows_everything(tab, page):
    pypdf = pytest.importorskip("pypdf")
    import base64
    import io

    tab.open(page, 1200, 800, finger=False)
    data = tab.send("Page.printToPDF")["data"]
    text = "".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(base64.b64decode(data))).pages)
    assert len(set(re.findall(r"someone/model-\d+", text))) == 690
