"use strict";
{
// Every text of the data goes into the page as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const GROUPS = ["open", "proprietary", "licence not said", "measured here"];
const SVG = "http://www.w3.org/2000/svg";
let order = { key: null, down: false }, chosen = null;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const number = (value, digits) => (value === null ? "–" : value.toFixed(digits));
// Halves are rounded up, as people do it: 3.045 is 3.05 though its binary value is a little less.
const twoDigits = (value) => (value === null ? "–" : (Math.round(value * 100 + 1e-6) / 100).toFixed(2));
const whole = (value) => (value === null ? "–" : value >= 10 ? Math.round(value).toLocaleString("en") : value.toFixed(2));
const groupOf = (row) => Math.max(0, GROUPS.indexOf(row.group));

const columns = [
  { name: "rank", get: (row) => row.rank, text: (row) => row.rank ?? "–" },
  { name: "95 %", get: (row) => row.interval && row.interval[0], text: (row) => (row.interval ? row.interval.join("–") : "") },
  { name: "model", kind: "t model", get: (row) => row.model.toLowerCase(), text: (row) => row.model },
  { name: `average ${data.unit}`, kind: "average", get: (row) => row.average, text: (row) => twoDigits(row.average) },
  ...data.sets.map((set, place) => ({ name: set.label, get: (row) => row.rates[place], text: (row) => number(row.rates[place], 2) })),
  { name: "RTFx", down: true, get: (row) => row.rtfx, text: (row) => whole(row.rtfx) },
  { name: "size", get: (row) => row.size, text: (row) => (row.size === null ? "–" : `${row.size} B`) },
  { name: "licence", kind: "t", get: (row) => row.licence || null, text: (row) => row.licence || "–" },
  { name: "protocol", kind: "t", get: (row) => row.protocol, text: (row) => row.protocol, tip: (row) => row.source },
  { name: "day", kind: "t", get: (row) => row.day, text: (row) => row.day },
  { name: "", kind: "t remark", get: (row) => row.remark || null, text: (row) => [row.kind === "published" ? "" : row.kind, row.remark].filter(Boolean).join(", ") },
];

function visible() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = data.rows.filter((row) => {
    const text = `${row.model} ${row.licence} ${row.protocol} ${row.kind}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (!byId("open").checked || row.group === "open" || row.group === "measured here");
  });
  if (order.key === null) return rows;
  const get = columns[order.key].get, sign = order.down ? -1 : 1;
  return rows.sort((one, other) => {
    const a = get(one), b = get(other);
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
    if (b === null || b === undefined) return -1;
    return a < b ? -sign : a > b ? sign : 0;
  });
}

function list() {
  const rows = visible();
  byId("shown").textContent = `${rows.length} of ${data.rows.length} models`;
  byId("body").replaceChildren(...rows.map((row) => {
    const line = make("tr", {}, ...columns.map((column) => make("td", {
      className: column.kind || "", textContent: column.text(row), title: column.tip ? column.tip(row) : "" })));
    if (row.rank === null) line.classList.add("unranked");
    if (row.kind === "measured here") line.classList.add("measured");
    if (row === chosen) line.classList.add("chosen");
    line.addEventListener("click", () => choose(row));
    return line;
  }));
  const there = new Set(rows);
  for (const [row, circle] of circles) {
    circle.classList.toggle("fade", !there.has(row));
    circle.classList.toggle("chosen", row === chosen);
  }
}
function choose(row, scroll) {
  chosen = chosen === row ? null : row;
  list();
  if (scroll) document.querySelector("tr.chosen")?.scrollIntoView({ block: "center" });
}

function head() {
  byId("head").append(...columns.map((column, place) => {
    const button = make("button", { textContent: column.name, type: "button" });
    button.addEventListener("click", () => {
      order = { key: place, down: order.key === place ? !order.down : Boolean(column.down) };
      list();
    });
    return make("th", { className: (column.kind || "").split(" ")[0] === "t" ? "t" : "", scope: "col" }, button);
  }));
}

const circles = new Map();
function chart() {
  const points = data.rows.filter((row) => row.average > 0 && row.rtfx > 0);
  if (!points.length) {
    byId("chart").append(make("p", { className: "quiet", textContent: "No row has both an average and a speed above zero." }));
    return;
  }
  const wide = 1180, high = 470, left = 52, right = 24, top = 14, bottom = 46;
  const scale = (values, low, high) => {  // logarithmic, with some room at both ends
    const ends = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
    const room = Math.max(0.03, 0.04 * (ends[1] - ends[0]));
    const place = (value) => low + ((Math.log10(value) - ends[0] + room) / (ends[1] - ends[0] + 2 * room)) * (high - low);
    const ticks = [];
    for (let power = Math.floor(ends[0]); power <= ends[1]; power++) ticks.push(...[1, 1.5, 2, 3, 4, 5, 6, 8].map((step) => step * 10 ** power));
    let shown = ticks.filter((tick) => Math.log10(tick) >= ends[0] - room && Math.log10(tick) <= ends[1] + room);
    if (shown.length > 12) shown = shown.filter((tick) => /^[0.]*[13]0*$/.test(String(+tick.toPrecision(3))));
    return { place, ticks: shown };
  };
  const speeds = scale(points.map((row) => row.rtfx), left, wide - right);
  const rates = scale(points.map((row) => row.average), high - bottom, top);
  const x = speeds.place, y = rates.place;
  const svg = draw("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": "Average error rate against speed" });
  for (const tick of speeds.ticks) {
    svg.append(draw("line", { x1: x(tick), x2: x(tick), y1: top, y2: high - bottom }),
      draw("text", { x: x(tick), y: high - bottom + 18, "text-anchor": "middle", class: "dim" }, (+tick.toPrecision(3)).toLocaleString("en")));
  }
  for (const tick of rates.ticks) {
    svg.append(draw("line", { x1: left, x2: wide - right, y1: y(tick), y2: y(tick) }),
      draw("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end", class: "dim" }, `${+tick.toPrecision(3)} %`));
  }
  svg.append(draw("text", { x: (wide + left) / 2, y: high - 8, "text-anchor": "middle", class: "dim" },
    "RTFx, seconds of audio per second: further right is faster, lower is more accurate; both scales are logarithmic"));
  const front = points.filter((row) => row.front).sort((one, other) => one.rtfx - other.rtfx);
  let path = "";
  front.forEach((row, place) => { path += place ? `V${y(row.average)}H${x(row.rtfx)}` : `M${left},${y(row.average)}H${x(row.rtfx)}`; });
  if (front.length) svg.append(draw("path", { d: `${path}V${top}` }));
  for (const row of points) {
    const circle = draw("circle", { cx: x(row.rtfx), cy: y(row.average), r: 4 + Math.sqrt(Math.min(row.size ?? 0, 12)) * 1.6,
      class: `g${groupOf(row)}` }, draw("title", {}, `${row.model}: ${twoDigits(row.average)} %, RTFx ${whole(row.rtfx)}`));
    circle.addEventListener("click", () => choose(row, true));
    circles.set(row, circle);
    svg.append(circle);
  }
  const taken = [];
  for (const row of [...front, ...points.filter((one) => one.kind === "measured here" && !one.front)]) {
    const name = row.model.split("/").pop().slice(0, 40), length = name.length * 6.2;
    const after = x(row.rtfx) + 10 + length < wide;
    const at = { x: after ? x(row.rtfx) + 10 : x(row.rtfx) - 10 - length, y: y(row.average) - 9 };
    while (taken.some((one) => Math.abs(one.y - at.y) < 14 && at.x < one.x + one.length && one.x < at.x + length)) at.y -= 14;
    taken.push({ ...at, length });
    svg.append(draw("text", { ...at, class: "name" }, name));
  }
  byId("chart").append(svg);
  const seen = new Set(points.map(groupOf));
  GROUPS.forEach((name, place) => {
    if (seen.has(place)) byId("legend").append(make("span", {}, make("i", { className: `g${place}` }), name));
  });
  byId("legend").append(make("span", { textContent: "size: parameters; dashed: nobody beats these in both" }));
  if (data.protocols.length > 1) byId("legend").append(make("span", { className: "warn", textContent: "several protocols: compare points of one only" }));
}

byId("title").textContent = data.title;
byId("notes").append(...data.notes.map((note) => make("li", { textContent: note })));
byId("protocols").append(...data.protocols.map((line) => make("li", { textContent: line })));
for (const run of data.runs) {
  byId("runs").append(make("div", { className: "card run" }, ...run.titles.map((title) => make("h2", { textContent: title })),
    make("ul", {}, ...run.lines.map((line) => make("li", { textContent: line, className: /NOT|DIFFERS/.test(line) ? "warn" : "" })))));
}
head();
chart();
list();
byId("search").addEventListener("input", list);
byId("open").addEventListener("change", list);
document.body.dataset.ready = "yes";
}
