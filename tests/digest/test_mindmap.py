"""The mindmap as somebody uses it: at a phone's width and at a desk's, touched, typed at and searched."""

from __future__ import annotations

import pytest
from support.browser import used

from asrcli.digest.mindmap import Node, branch, mindmap_html

TREE = Node(
    "Speech recognition digest: 2026-03-01 to 2026-03-31",
    children=(
        branch("Streaming and real time", [Node(f"A title about streaming, number {n}") for n in range(9)]),
        branch("Models", [Node(f"someone/model-{n}", "https://huggingface.co/x") for n in range(690)]),
    ),
)
# Acts as a user would, and leaves what it found as the page's text.
USER = """<script>(function () {
const found = {}, map = document.getElementById("map");
const at = () => map.querySelector("g").getAttribute("transform").match(/-?[\\d.]+/g).map(Number);
const labels = () => [...map.querySelectorAll("text")].map((one) => one.textContent);
const touch = (type, pointerId, clientX, clientY) =>
  (type === "pointerdown" ? map : window).dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY }));
found.labels = labels();
found.inside = [...map.querySelectorAll("text")].every((one) => one.getBoundingClientRect().right <= innerWidth);
const boxes = [...map.querySelectorAll("rect")].map((one) => one.getBoundingClientRect());
found.targets = boxes.map((box) => [box.width, box.height]);
const start = at();
touch("pointerdown", 1, 100, 400); touch("pointermove", 1, 320, 430); touch("pointerup", 1, 320, 430);
found.drag = [at()[0] - start[0], at()[1] - start[1]];
touch("pointerdown", 1, 100, 400); touch("pointerdown", 2, 200, 400); touch("pointermove", 2, 300, 400);
found.pinch = at()[2] / start[2];
touch("pointerup", 1, 0, 0); touch("pointerup", 2, 0, 0);
document.getElementById("fit").click();
found.fit = JSON.stringify(at()) === JSON.stringify(start);
window.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
found.arrow = at()[0] - start[0];
const named = (one) => one.getAttribute("aria-label").startsWith("Models");
const models = [...map.querySelectorAll("[role=button]")].find(named);
models.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
found.unfolded = labels().length;
found.more = labels().filter((one) => one.includes("more"));
found.focus = document.activeElement.getAttribute("aria-label");
document.getElementById("fold").click();
found.folded = labels().length;
const field = document.getElementById("find");
field.value = "MODEL-650"; field.dispatchEvent(new Event("input"));
const hit = map.querySelector(".hit text"), box = hit.getBoundingClientRect();
found.hit = [hit.textContent, box.top > 0 && box.bottom < innerHeight && box.left > 0 && box.left < innerWidth];
document.body.textContent = "FOUND" + JSON.stringify(found) + "END";
})();</script>"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1200])
def test_a_user_finds_the_way_around(width, tmp_path):
    found = used(mindmap_html(TREE), USER, width, tmp_path)
    assert len(found["labels"]) == 3 and found["inside"]
    assert found["drag"] == [220, 30] and found["pinch"] == pytest.approx(2) and found["fit"] and found["arrow"] == 60
    assert (found["unfolded"], found["more"]) == (29, ["… 665 more"]) and found["focus"] == "Models (690)"
    assert found["folded"] == 3 and found["hit"] == ["someone/model-650", True]
    if width == 400:
        assert all(wide >= 44 and high >= 44 for wide, high in found["targets"])
