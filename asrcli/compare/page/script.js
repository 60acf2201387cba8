"use strict";
{
// Every text of the data goes into the page as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const ROW = 34;

function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key === "class") element.className = value;
    else if (key === "colour") element.style.setProperty("--c", `var(--s${value % 6})`);
    else element[key] = value;
  }
  for (const child of children) element.append(child);
  return element;
}
function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const child of children) element.append(child);
  return element;
}
const percent = (rate) => (rate === null ? "–" : (100 * rate).toFixed(2) + " %");
const between = (interval) => (interval ? `${(100 * interval[0]).toFixed(2)} to ${(100 * interval[1]).toFixed(2)}` : "–");
const shorten = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
const colour = (place) => `var(--s${place % 6})`;

function overview() {
  document.title = data.title;
  byId("title").textContent = data.title;
  byId("summary").textContent = data.summary;
  byId("footer").textContent = data.footer;
  for (const note of data.notes) byId("notes").append(make("li", { textContent: note }));
  data.systems.forEach((system, place) => {
    const list = make("dl");
    const rows = [["95 % interval", between(system.interval)]];
    if (system.group_interval) rows.push(["95 % over speakers or sessions", between(system.group_interval)]);
    for (const [name, rate] of system.ladder) rows.push([name, percent(rate)]);
    rows.push(["characters", percent(system.cer)]);
    rows.push(["substituted / missed / inserted", system.counts.map((n) => n.toLocaleString("en")).join(" / ")]);
    for (const [name, value] of rows) list.append(make("dt", { textContent: name }), make("dd", { textContent: value }));
    const card = make("div", { class: "card", colour: place }, make("div", { class: "name", textContent: system.name }),
      make("div", { class: "rate", textContent: percent(system.wer) }));
    if (place === data.winner) card.append(make("div", { class: "best", textContent: "significantly better than all others" }));
    card.append(list);
    byId("cards").append(card);
  });
  for (const pair of data.pairs) {
    byId("verdicts").append(make("div", { class: "verdict" }, make("b", { textContent: pair.verdict }),
      make("span", { class: "quiet", textContent: pair.detail })));
  }
}

function panel(title, content) {
  byId("charts").append(make("div", { class: "chart" }, make("h3", { textContent: title }), content));
}
function niceStep(most) {
  const rough = most / 4 || 1, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= rough);
}
function intervals() {
  const width = 520, left = 130, height = 30 * data.systems.length + 30;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const ends = data.systems.flatMap((one) => [...(one.group_interval || one.interval || [one.wer || 0]), ...(one.interval || [])]);
  const low = Math.min(...ends), high = Math.max(...ends), pad = (high - low || 0.01) * 0.15;
  const x = (rate) => left + ((rate - low + pad) / (high - low + 2 * pad)) * (width - left - 20);
  const step = niceStep(high - low + 2 * pad);
  for (let tick = Math.ceil((low - pad) / step) * step; tick <= high + pad; tick += step) {
    svg.append(draw("line", { x1: x(tick), x2: x(tick), y1: 4, y2: height - 22, class: "grid" }),
      draw("text", { x: x(tick), y: height - 6, "text-anchor": "middle", class: "dim" }, (100 * tick).toFixed(step < 0.001 ? 2 : step < 0.01 ? 1 : 0) + " %"));
  }
  data.systems.forEach((one, place) => {
    const y = 20 + 30 * place;
    svg.append(draw("text", { x: left - 10, y: y + 4, "text-anchor": "end" }, shorten(one.name, 20)));
    if (one.group_interval) svg.append(draw("line", { x1: x(one.group_interval[0]), x2: x(one.group_interval[1]), y1: y, y2: y, stroke: colour(place), "stroke-width": 3, opacity: 0.35 }));
    if (one.interval) svg.append(draw("line", { x1: x(one.interval[0]), x2: x(one.interval[1]), y1: y, y2: y, stroke: colour(place), "stroke-width": 7, opacity: 0.55, "stroke-linecap": "round" }));
    if (one.wer !== null) svg.append(draw("circle", { cx: x(one.wer), cy: y, r: 5.5, fill: colour(place) }));
  });
  panel("Error rate with 95 % intervals (thin: over speakers or sessions)", svg);
}
function bars(title, labels, series, format, notes) {
  const many = series.length, left = 128, width = 520, thick = Math.max(6, Math.min(14, 36 / many)), gap = many * thick + 9;
  const height = labels.length * gap + 6, most = Math.max(...series.flat().map((v) => v || 0)) || 1;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  labels.forEach((label, row) => {
    const y = 4 + row * gap, name = draw("text", { x: left - 10, y: y + (many * thick) / 2 + 4, "text-anchor": "end" }, shorten(label, 19));
    name.append(draw("title", {}, notes ? `${label}: ${notes[row]}` : label));
    svg.append(name);
    series.forEach((values, place) => {
      const value = values[row], long = ((value || 0) / most) * (width - left - 70);
      svg.append(draw("rect", { x: left, y: y + place * thick, width: Math.max(long, 0.5), height: thick - 1, rx: 2, fill: colour(place) }),
        draw("text", { x: left + long + 6, y: y + place * thick + thick / 2 + 3.5, class: "dim" }, format(value)));
    });
  });
  panel(title, svg);
}
function confusions() {
  const table = make("table", {}, make("tr", {}, ...data.systems.map((one) => make("th", { colSpan: 2, textContent: one.name }))));
  const deepest = Math.max(...data.systems.map((one) => one.confusions.length));
  for (let row = 0; row < Math.min(deepest, 15); row++) {
    const line = make("tr");
    for (const one of data.systems) {
      const entry = one.confusions[row];
      line.append(make("td", { textContent: entry ? `${entry[0] || "∅"} → ${entry[1] || "∅"}` : "" }), make("td", { class: "n", textContent: entry ? entry[2].toLocaleString("en") : "" }));
    }
    table.append(line);
  }
  panel("Most frequent errors, reference → hypothesis", table);
}
function charts() {
  intervals();
  if (data.classes.length) bars("Errors by class", data.classes, data.systems.map((one) => one.classes), (n) => n.toLocaleString("en"));
  for (const field of data.fields) {
    bars(`Error rate by ${field.name}`, field.labels, data.systems.map((_, place) => field.rates.map((row) => row[place])), percent, field.sizes.map((n) => `${n} utterances`));
  }
  if (data.systems.some((one) => one.confusions.length)) confusions();
}

// Utterances: [id, reference, group, seconds, audio, [per system: 0 when all is right, or [errors, heard, moves, reference?]]]
const rows = data.rows, systems = data.systems.length;
const errorsOf = (row, place) => (row[5][place] ? row[5][place][0] : 0);
const columns = [
  { name: "Utterance", key: (row) => row[0], text: (row) => row[0], width: "minmax(90px, 1.2fr)" },
];
// On a phone the numbers come first; what was said stands below the table, of the row that is touched.
if (!matchMedia("(max-width: 700px)").matches) columns.push({ name: "Reference", key: (row) => row[1].length, text: (row) => row[1], width: "minmax(120px, 4fr)" });
if (rows.some((row) => row[2] !== null)) columns.push({ name: "Group", key: (row) => row[2] || "", text: (row) => row[2] || "", width: "minmax(60px, 0.8fr)" });
if (rows.some((row) => row[3] !== null)) columns.push({ name: "Seconds", key: (row) => row[3] || 0, text: (row) => (row[3] === null ? "" : row[3].toFixed(1)), width: "72px", number: true });
data.systems.forEach((one, place) => columns.push({ name: one.name, key: (row) => errorsOf(row, place), text: (row) => String(errorsOf(row, place)), width: "minmax(64px, 0.8fr)", number: true, errors: true }));
if (systems > 1) columns.push({ name: "Difference", key: (row) => Math.abs(errorsOf(row, 0) - errorsOf(row, 1)), text: (row) => String(errorsOf(row, 0) - errorsOf(row, 1)).replace("-", "−"), width: "92px", number: true });
const grid = columns.map((column) => column.width).join(" ");
byId("table").style.setProperty("--least", columns.length * 90 + "px");
let order = [], sorting = { column: columns.length - 1, down: true }, chosen = -1;

function head() {
  const line = byId("head");
  line.style.gridTemplateColumns = grid;
  line.replaceChildren(...columns.map((column, place) => {
    const mark = sorting.column === place ? (sorting.down ? " ↓" : " ↑") : "";
    const button = make("button", { textContent: column.name + mark, title: column.name, class: column.number ? "n" : "" });
    button.setAttribute("role", "columnheader");
    if (mark) button.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
    button.addEventListener("click", () => {
      sorting = { column: place, down: sorting.column === place ? !sorting.down : !!column.number };
      refresh();
    });
    return button;
  }));
}
const FILTERS = [
  ["all utterances", () => true],
  ["with errors", (row) => row[5].some((one) => one)],
  ["where the first two differ", (row) => systems > 1 && errorsOf(row, 0) !== errorsOf(row, 1)],
  ["first better than second", (row) => systems > 1 && errorsOf(row, 0) < errorsOf(row, 1)],
  ["second better than first", (row) => systems > 1 && errorsOf(row, 0) > errorsOf(row, 1)],
  ["nothing recognised", (row) => row[5].some((one) => one && !one[1])],
];
function filters() {
  FILTERS.forEach(([name], place) => byId("only").append(make("option", { value: String(place), textContent: name })));
  const groups = [...new Set(rows.map((row) => row[2]).filter((one) => one !== null))].sort(new Intl.Collator(undefined, { numeric: true }).compare);
  byId("group").append(make("option", { value: "", textContent: "all groups" }));
  for (const name of groups.slice(0, 5000)) byId("group").append(make("option", { value: "=" + name, textContent: name }));
  byId("group").hidden = groups.length < 2;
  let waiting = 0;
  byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(refresh, 120); });
  for (const id of ["only", "group"]) byId(id).addEventListener("change", refresh);
}
function refresh() {
  const wanted = byId("search").value.toLowerCase(), keep = FILTERS[Number(byId("only").value)][1], group = byId("group").value;
  const has = (row) => !wanted || row[0].toLowerCase().includes(wanted) || row[1].toLowerCase().includes(wanted) ||
    row[5].some((one) => one && one[1].toLowerCase().includes(wanted));
  order = [];
  rows.forEach((row, index) => { if (keep(row) && (!group || "=" + row[2] === group) && has(row)) order.push(index); });
  const { key } = columns[sorting.column], sign = sorting.down ? -1 : 1, keys = new Map(order.map((index) => [index, key(rows[index])]));
  order.sort((a, b) => { const x = keys.get(a), y = keys.get(b); return x < y ? -sign : x > y ? sign : a - b; });
  byId("shown").textContent = `${order.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  byId("spacer").style.height = order.length * ROW + "px";
  byId("body").scrollTop = 0;
  head();
  paint();
}
function paint() {
  const body = byId("body"), first = Math.max(0, Math.floor(body.scrollTop / ROW) - 5);
  const last = Math.min(order.length, first + Math.ceil(body.clientHeight / ROW) + 10);
  byId("rows").style.transform = `translateY(${first * ROW}px)`;
  byId("rows").replaceChildren(...order.slice(first, last).map((index, offset) => {
    const row = rows[index], line = make("div", { class: "row" + (index === chosen ? " chosen" : "") });
    line.style.gridTemplateColumns = grid;
    line.setAttribute("role", "row");
    for (const column of columns) {
      const text = column.text(row), zero = column.errors && text === "0";
      line.append(make("span", { textContent: text, dir: column.number ? "ltr" : "auto", class: (column.number ? "n" : "") + (zero ? " zero" : "") }));
    }
    line.addEventListener("click", () => choose(first + offset));
    return line;
  }));
}
function choose(place) {
  if (place < 0 || place >= order.length) return;
  chosen = order[place];
  const body = byId("body");
  if (place * ROW < body.scrollTop) body.scrollTop = place * ROW;
  if ((place + 1) * ROW > body.scrollTop + body.clientHeight) body.scrollTop = (place + 1) * ROW - body.clientHeight;
  paint();
  detail(rows[chosen]);
}
function detail(row) {
  const [id, reference, group, seconds, audio, heard] = row;
  const facts = [group === null ? "" : "group " + group, seconds === null ? "" : seconds.toFixed(2) + " s"].filter(Boolean).join(", ");
  const parts = [make("h3", { textContent: id + (facts ? "  (" + facts + ")" : "") })];
  if (audio) parts.push(make("audio", { controls: true, preload: "none", src: audio }));
  heard.forEach((one, place) => {
    const words = make("div", { class: "words", dir: "auto" }), said = ((one ? one[3] : null) ?? reference).split(" ").filter(Boolean);
    const moves = one ? one[2] : "=".repeat(said.length), instead = one ? one[1].split(" ").filter(Boolean) : said;
    let a = 0, b = 0, left = [], right = [];
    for (const move of moves) {
      if (move === "<") { left.push(said[a++]); continue; }
      if (move === ">") { right.push(instead[b++]); continue; }
      if (move !== "I") left.push(said[a++]);
      if (move !== "D" && move !== "o") right.push(instead[b++]);
      words.append(make("div", { class: "word " + (move === "=" ? "eq" : move) }, make("span", { class: "r", textContent: left.join(" ") || " " }),
        make("span", { class: "h", textContent: right.join(" ") || (move === "D" ? "∅" : " ") })));
      left = []; right = [];
    }
    const wrong = one ? one[0] : 0;
    parts.push(make("div", { class: "pair", colour: place }, make("h3", { textContent: `${data.systems[place].name}: ${wrong} ${wrong === 1 ? "error" : "errors"}` }), words));
  });
  byId("detail").replaceChildren(...parts);
}
overview(); charts(); filters(); refresh();
if (order.length) choose(0);
byId("body").addEventListener("scroll", () => requestAnimationFrame(paint));
byId("table").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step) { event.preventDefault(); choose(order.indexOf(chosen) + step); }
});
document.documentElement.dataset.ready = String(Math.round(performance.now()));
}
