"use strict";
// Folds, pages, searches and zooms the lists of the page. They are whole without it: nothing is made from data here.
(function () {
  const PAGE = 25;
  const map = document.getElementById("map"), tree = document.getElementById("tree");
  const find = document.getElementById("find"), said = document.getElementById("said");
  const groups = [...tree.querySelectorAll("button.node")].map((button) => button.parentElement);
  const shown = new Map(), mores = new Map();
  let wanted = [], scale = 1, held = null, moved = false;

  function narrow() { return window.innerWidth < 700; }
  function list(group) { return group.querySelector(":scope > ul"); }
  function items(group) { return [...list(group).children].filter((item) => item !== mores.get(group)); }
  function label(item) { return item.querySelector(":scope > .node"); }
  function depth(item) { return item.dataset.depth; }
  function fits(item) { return wanted.every((word) => label(item).textContent.toLowerCase().includes(word)); }
  function isOpen(group) { return label(group).getAttribute("aria-expanded") === "true"; }
  function open(group, yes) {
    label(group).setAttribute("aria-expanded", String(yes));
    list(group).hidden = !yes;
  }

  // A large group shows a page of its children, and a row that shows the next; a search, those that were found.
  function page(group) {
    const found = items(group).filter((item) => !wanted.length || item.dataset.found);
    const some = new Set(found.slice(0, shown.get(group)));
    for (const item of items(group)) item.hidden = !some.has(item);
    const more = mores.get(group), left = found.length - some.size;
    more.hidden = left <= 0;
    more.firstChild.textContent = "\u2026 " + left + " more";
  }

  function more(group) {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.className = "node";
    item.append(button);
    list(group).append(item);
    mores.set(group, item);
    button.addEventListener("click", () => {
      const next = items(group).filter((one) => one.hidden && (!wanted.length || one.dataset.found))[0];
      shown.set(group, shown.get(group) + PAGE);
      page(group);
      if (next) label(next).focus({ preventScroll: true });
    });
  }

  function fold() {
    wanted = [];
    find.value = "";
    said.textContent = "";
    for (const item of tree.querySelectorAll("li")) label(item).classList.remove("hit");
    for (const group of groups) {
      shown.set(group, Number(tree.dataset.unfolded) > 1 ? Infinity : PAGE);
      open(group, Number(depth(group)) < Number(tree.dataset.unfolded));
      page(group);
    }
  }

  function search() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return fold();
    wanted = words;
    let hits = 0;
    (function look(item) {
      const leaf = !item.querySelector(":scope > ul"), hit = fits(item);
      label(item).classList.toggle("hit", hit);
      hits += leaf && hit;
      const inside = leaf ? 0 : items(item).filter(look).length;
      item.dataset.found = hit || inside ? "yes" : "";
      if (!leaf) {
        shown.set(item, PAGE);
        open(item, inside > 0);
        page(item);
      }
      return hit || inside > 0;
    })(tree.firstElementChild);
    said.textContent = hits + " found";
    const first = visible().find((node) => node.classList.contains("hit"));
    if (first) first.scrollIntoView({ block: "center", inline: "center" });
  }

  function visible() { return [...tree.querySelectorAll(".node")].filter((node) => node.offsetParent); }

  // What was unfolded stays where it was touched, but for the lower third: there its children would not be seen.
  function toggle(group) {
    const before = label(group).getBoundingClientRect(), third = window.innerHeight / 3;
    open(group, !isOpen(group));
    const after = label(group).getBoundingClientRect();
    const hidden = Math.max(0, list(group).getBoundingClientRect().bottom - window.innerHeight);
    const up = isOpen(group) && before.top > 2 * third ? Math.min(hidden, before.top - third) : 0;
    (narrow() ? window : map).scrollBy(after.left - before.left, after.top - before.top + up);
  }

  function zoom(to, x, y) {
    const before = scale;
    scale = Math.min(3, Math.max(0.3, to));
    tree.style.zoom = scale;
    const at = narrow() ? document.scrollingElement : map;
    at.scrollLeft = (at.scrollLeft + x) * scale / before - x;
    at.scrollTop = (at.scrollTop + y) * scale / before - y;
  }

  // As much as can still be read.
  function fit() {
    zoom(1, 0, 0);
    if (!narrow()) {
      const right = Math.max(...visible().map((node) => node.getBoundingClientRect().right)) + map.scrollLeft + 16;
      const low = Math.max(...visible().map((node) => node.getBoundingClientRect().bottom)) + map.scrollTop - map.offsetTop + 16;
      zoom(Math.max(0.6, Math.min(1, map.clientWidth / right, map.clientHeight / low)), 0, 0);
    }
    (narrow() ? window : map).scrollTo(0, 0);
  }

  function walk(key, node) {
    const all = visible(), at = all.indexOf(node), item = node && node.parentElement;
    const group = item && item.querySelector(":scope > ul") ? item : null;
    const up = item && item.parentElement.closest("li");
    if (at < 0) return all[0];
    if (key === "ArrowDown") return all[at + 1];
    if (key === "ArrowUp") return all[at - 1];
    if (key === "ArrowRight" && group && !isOpen(group)) toggle(group);
    else if (key === "ArrowRight" && group) return all[at + 1];
    else if (key === "ArrowLeft" && group && isOpen(group) && up) toggle(group);
    else if (key === "ArrowLeft" && up) return label(up);
    return node;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = [map.clientWidth / 2, map.clientHeight / 2];
    if (event.key === "Escape") { fold(); fit(); label(tree.firstElementChild).focus(); }
    else if (event.target === find && event.key === "Enter") (visible().find((one) => one.classList.contains("hit")) || find).focus();
    else if (event.target === find && event.key !== "ArrowDown") return;
    else if (/^Arrow/.test(event.key)) {
      const next = walk(event.key, document.activeElement.closest("#tree .node"));
      if (next) { next.focus({ preventScroll: true }); next.scrollIntoView({ block: "nearest", inline: "nearest" }); }
    }
    else if (event.key === "+") zoom(scale * 1.2, ...middle);
    else if (event.key === "-") zoom(scale / 1.2, ...middle);
    else if (event.key === "0") fit();
    else if (event.key === "/") find.focus();
    else return;
    event.preventDefault();
  });

  // Fingers scroll and pinch as on every page; a mouse takes hold of the map.
  map.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button || narrow()) return;
    held = [event.clientX, event.clientY];
    moved = false;
  });
  window.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) { held = null; return; }
    const [x, y] = [held[0] - event.clientX, held[1] - event.clientY];
    if (!moved && Math.hypot(x, y) < 5) return;
    moved = true;
    map.classList.add("held");
    map.scrollBy(x, y);
    held = [event.clientX, event.clientY];
  });
  window.addEventListener("pointerup", () => { held = null; map.classList.remove("held"); });
  map.addEventListener("dragstart", (event) => event.preventDefault());
  map.addEventListener("click", (event) => {
    if (moved) { event.preventDefault(); event.stopPropagation(); moved = false; }
  }, true);
  map.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;  // two fingers on a touchpad
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / 200), event.clientX, event.clientY - map.offsetTop);
  }, { passive: false });
  window.addEventListener("beforeprint", () => { for (const group of groups) { shown.set(group, Infinity); open(group, true); page(group); } });
  for (const group of groups) {
    more(group);
    label(group).addEventListener("click", () => toggle(group));
  }
  find.addEventListener("input", search);
  document.getElementById("fit").addEventListener("click", fit);
  document.getElementById("fold").addEventListener("click", () => { fold(); fit(); });
  document.getElementById("smaller").addEventListener("click", () => zoom(scale / 1.2, map.clientWidth / 2, map.clientHeight / 2));
  document.getElementById("larger").addEventListener("click", () => zoom(scale * 1.2, map.clientWidth / 2, map.clientHeight / 2));
  fold();
  fit();
})();
