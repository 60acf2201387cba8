"use strict";
// Draws the tree in #tree as SVG. Texts become text nodes and addresses were checked before they got here:
// nothing of the data is ever read as markup or code.
(function () {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const ROW = 24, GAP = 48, LONGEST = 90;
  const svg = document.getElementById("map");
  const root = JSON.parse(document.getElementById("tree").textContent);
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = "14px system-ui, sans-serif";
  const view = { x: 40, y: 0, scale: 1 };
  let drawing = null;
  let held = null;

  function make(name, attributes, parent) {
    const element = document.createElementNS(NAMESPACE, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    parent.appendChild(element);
    return element;
  }

  function shorten(text) {
    const characters = Array.from(text);
    return characters.length > LONGEST ? characters.slice(0, LONGEST - 1).join("") + "\u2026" : text;
  }

  function leaves(node) {
    return node.children ? node.children.reduce((sum, child) => sum + leaves(child), 0) : 1;
  }

  function label(node) {
    if (node.children) return shorten(node.text) + " (" + leaves(node) + ")";
    return shorten(node.text) + (node.fresh ? " \u25cf" : "");
  }

  function width(node) {
    return ruler.measureText(label(node)).width + 16;
  }

  function unfold(node, depth) {
    node.open = depth < UNFOLDED;
    for (const child of node.children || []) unfold(child, depth + 1);
  }

  // Leaves take a row each; a parent stands in the middle of its children. Returns the next free row.
  function place(node, x, row) {
    node.x = x;
    const shown = node.open && node.children ? node.children : [];
    if (!shown.length) {
      node.y = row * ROW;
      return row + 1;
    }
    for (const child of shown) row = place(child, x + GAP + width(node), row);
    node.y = (shown[0].y + shown[shown.length - 1].y) / 2;
    return row;
  }

  function connect(from, to) {
    const start = from.x + width(from), middle = (start + to.x) / 2;
    const curve = ["M", start, from.y, "C", middle, from.y, middle, to.y, to.x, to.y].join(" ");
    make("path", { d: curve }, drawing);
  }

  function draw(node) {
    if (node.open) for (const child of node.children || []) { connect(node, child); draw(child); }
    const group = make("g", { class: node.fresh ? "fresh" : "" }, drawing);
    const link = { href: node.url, target: "_blank", rel: "noopener noreferrer" };
    const parent = node.url ? make("a", link, group) : group;
    make("text", { x: node.x + 10, y: node.y }, parent).textContent = label(node);
    make("title", {}, group).textContent = node.text;
    if (!node.children) return;
    const knob = make("circle", { cx: node.x, cy: node.y, r: 6, class: node.open ? "" : "folded" }, group);
    knob.addEventListener("click", () => { node.open = !node.open; render(); });
  }

  function move() {
    drawing.setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.scale})`);
  }

  function render() {
    if (drawing) drawing.remove();
    drawing = make("g", {}, svg);
    place(root, 0, 0);
    draw(root);
    move();
  }

  svg.addEventListener("pointerdown", (event) => { held = { x: event.clientX - view.x, y: event.clientY - view.y }; });
  window.addEventListener("pointerup", () => { held = null; });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    view.x = event.clientX - held.x;
    view.y = event.clientY - held.y;
    move();
  });
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const scale = Math.min(4, Math.max(0.1, view.scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1)));
    view.x = event.clientX - (event.clientX - view.x) * scale / view.scale;
    view.y = event.clientY - (event.clientY - view.y) * scale / view.scale;
    view.scale = scale;
    move();
  }, { passive: false });

  unfold(root, 0);
  render();
  view.y = svg.clientHeight / 2 - root.y;
  move();
})();
