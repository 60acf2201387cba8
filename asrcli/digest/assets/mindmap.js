"use strict";
// Draws the tree in #tree as SVG. Texts become text nodes and addresses were checked before they got here:
// nothing of the data is ever read as markup or code.
(function () {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const GAP = 48, LONGEST = 90, PAGE = 25, NARROW = 700, INDENT = 22;
  const svg = document.getElementById("map");
  const find = document.getElementById("find");
  const root = JSON.parse(document.getElementById("tree").textContent);
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = "14px system-ui, sans-serif";
  const view = { x: 0, y: 0, scale: 1 };
  const held = new Map();
  let drawing = null, nodes = [], spread = 0, wanted = null;

  function narrow() { return window.innerWidth < NARROW; }
  function row() { return narrow() ? 44 : 26; }
  function top() { return document.querySelector("header").offsetHeight + 16; }

  function make(name, attributes, parent) {
    const element = document.createElementNS(NAMESPACE, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    parent.appendChild(element);
    return element;
  }

  function leaves(node) {
    return node.children ? node.children.reduce((sum, child) => sum + leaves(child), 0) : 1;
  }

  function whole(node) {
    if (node.more) return "\u2026 " + node.more + " more";
    return node.children ? node.text + " (" + leaves(node) + ")" : node.text + (node.fresh ? " \u25cf" : "");
  }

  // A phone shows an indented list, in which every label has the rest of the line.
  function label(node) {
    const room = narrow() ? Math.max(60, window.innerWidth - 40 - node.depth * INDENT) : 0;
    const text = Array.from(whole(node));
    let length = Math.min(text.length, LONGEST);
    const cut = () => text.slice(0, length).join("") + (length < text.length ? "\u2026" : "");
    while (room && length > 4 && ruler.measureText(cut()).width > room) length -= 1;
    return cut();
  }

  function width(node) { return ruler.measureText(label(node)).width + 18; }

  function prepare(node, depth, parent) {
    node.depth = depth;
    node.parent = parent;
    node.open = depth < UNFOLDED;
    node.shown = UNFOLDED > 1 ? Infinity : PAGE;
    for (const child of node.children || []) prepare(child, depth + 1, node);
  }

  // A large group shows a page of its children and a row that shows the next.
  function visible(node) {
    if (!node.open || !node.children) return [];
    const left = node.children.length - node.shown;
    const some = node.children.slice(0, node.shown);
    return left > 0 ? some.concat({ more: left, depth: node.depth + 1, parent: node }) : some;
  }

  function place(node, x, at) {
    nodes.push(node);
    node.x = x;
    const below = visible(node);
    if (narrow()) {
      node.y = at * row();
      return below.reduce((next, child) => place(child, child.depth * INDENT, next), at + 1);
    }
    if (!below.length) {
      node.y = at * row();
      return at + 1;
    }
    let next = at;
    for (const child of below) next = place(child, x + GAP + width(node), next);
    node.y = (below[0].y + below[below.length - 1].y) / 2;
    return next;
  }

  function connect(from, to) {
    const start = narrow() ? from.x : from.x + width(from), middle = (start + to.x) / 2;
    const curve = narrow()
      ? ["M", start, from.y + 8, "L", start, to.y, "L", to.x - 8, to.y]
      : ["M", start, from.y, "C", middle, from.y, middle, to.y, to.x, to.y];
    make("path", { d: curve.join(" ") }, drawing);
  }

  function act(node) {
    if (node.more) node.parent.shown += PAGE;
    else node.open = !node.open;
    render();
  }

  function draw(node) {
    if (node.parent) connect(node.parent, node);
    const group = make("g", { class: (node.fresh ? "fresh " : "") + (node.hit ? "hit" : "") }, drawing);
    const link = { href: node.url, target: "_blank", rel: "noopener noreferrer" };
    const parent = node.url ? make("a", link, group) : group;
    make("text", { x: node.x + 12, y: node.y }, parent).textContent = label(node);
    make("title", {}, group).textContent = whole(node);
    if (!node.children && !node.more) return;
    const knob = make("g", { tabindex: 0, role: "button", "aria-label": whole(node) }, group);
    if (!node.more) knob.setAttribute("aria-expanded", String(node.open));
    const reach = narrow() ? width(node) + 22 : 44;
    make("rect", { x: node.x - 22, y: node.y - row() / 2, width: reach, height: row() }, knob);
    make("circle", { cx: node.x, cy: node.y, r: 6, class: node.open ? "" : "folded" }, knob);
    if (node === wanted) knob.focus();  // drawn anew, the keyboard stays where it was
    knob.addEventListener("click", () => { if (spread < 8) act(node); });
    knob.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      wanted = node.more ? node.parent : node;
      act(node);
    });
  }

  function move() {
    drawing.setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.scale})`);
  }

  function render() {
    if (drawing) drawing.remove();
    drawing = make("g", {}, svg);
    nodes = [];
    place(root, 0, 0);
    nodes.forEach(draw);
    move();
  }

  // Everything into the window where it can still be read; else from the top.
  function fit() {
    const right = Math.max(...nodes.map((node) => node.x + width(node)));
    const first = Math.min(...nodes.map((node) => node.y)), last = Math.max(...nodes.map((node) => node.y));
    const high = svg.clientHeight - top() - 16;
    const all = Math.min(1, (svg.clientWidth - 40) / right, high / (last - first + row()));
    view.scale = narrow() ? 1 : Math.max(0.6, all);
    view.x = 24;
    const fits = (last - first + row()) * view.scale <= high;
    view.y = top() + row() / 2 - first * view.scale + (fits && !narrow() ? (high - (last - first) * view.scale) / 2 - row() / 2 : 0);
    move();
  }

  function zoom(factor, x, y) {
    const scale = Math.min(4, Math.max(0.2, view.scale * factor));
    view.x = x - (x - view.x) * scale / view.scale;
    view.y = y - (y - view.y) * scale / view.scale;
    view.scale = scale;
    move();
  }

  function search() {
    const words = find.value.trim().toLowerCase();
    let first = null;
    (function look(node) {
      node.hit = Boolean(words) && node.text.toLowerCase().includes(words);
      let inside = false;
      (node.children || []).forEach((child, at) => {
        if (!look(child)) return;
        inside = true;
        node.shown = Math.max(node.shown, at + 1);
      });
      node.open = words ? inside : node.depth < UNFOLDED;
      if (node.hit && !node.children && !first) first = node;
      return node.hit || inside;
    })(root);
    render();
    fit();
    if (!first) return;
    view.y = svg.clientHeight / 2 - first.y * view.scale;
    move();
  }

  svg.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    spread = held.size > 1 ? 99 : 0;
  });
  for (const name of ["pointerup", "pointercancel"]) {
    window.addEventListener(name, (event) => { held.delete(event.pointerId); });
  }
  window.addEventListener("pointermove", (event) => {
    const was = held.get(event.pointerId);
    if (!was) return;
    const now = { x: event.clientX, y: event.clientY };
    held.set(event.pointerId, now);
    spread += Math.abs(now.x - was.x) + Math.abs(now.y - was.y);
    if (held.size === 1) {
      view.x += now.x - was.x;
      view.y += now.y - was.y;
      move();
      return;
    }
    const other = [...held.entries()].find(([id]) => id !== event.pointerId)[1];
    const before = Math.hypot(was.x - other.x, was.y - other.y) || 1;
    zoom(Math.hypot(now.x - other.x, now.y - other.y) / before, (now.x + other.x) / 2, (now.y + other.y) / 2);
  });
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1, event.clientX, event.clientY);
  }, { passive: false });
  window.addEventListener("keydown", (event) => {
    if (event.target === find || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) { view.x += step[0]; view.y += step[1]; move(); }
    else if (event.key === "+") zoom(1.2, svg.clientWidth / 2, svg.clientHeight / 2);
    else if (event.key === "-") zoom(1 / 1.2, svg.clientWidth / 2, svg.clientHeight / 2);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });
  window.addEventListener("resize", () => { render(); fit(); });
  find.addEventListener("input", search);
  document.getElementById("fit").addEventListener("click", fit);
  document.getElementById("fold").addEventListener("click", () => {
    find.value = "";
    prepare(root, 0, null);
    render();
    fit();
  });

  prepare(root, 0, null);
  render();
  fit();
})();
