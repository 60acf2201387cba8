"use strict";
// Search and topics of a day. Without this script the page is whole; it only hides what was not asked for.
(function () {
  const place = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("article, tbody tr, ul > li"));
  const papers = rows.filter((row) => row.dataset.topic);
  if (papers.length < 2) return;

  function make(name, properties, parent) {
    return parent.appendChild(Object.assign(document.createElement(name), properties));
  }

  const field = make("input", { type: "search", placeholder: "Search this day" }, place);
  const choice = make("select", {}, place);
  field.setAttribute("aria-label", "Search this day");
  choice.setAttribute("aria-label", "Topic");
  const said = make("span", { className: "note", role: "status" }, place);
  const topics = new Map();
  for (const paper of papers) topics.set(paper.dataset.topic, (topics.get(paper.dataset.topic) || 0) + 1);
  make("option", { value: "", textContent: "All topics (" + papers.length + ")" }, choice);
  for (const [name, count] of topics) make("option", { value: name, textContent: name + " (" + count + ")" }, choice);

  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      // A topic chooses among papers; other rows stay.
      const fits = !choice.value || !row.dataset.topic || row.dataset.topic === choice.value;
      row.hidden = !(fits && words.every((word) => text.includes(word)));
      if (row.dataset.topic && !row.hidden) left += 1;
    }
    said.textContent = words.length || choice.value ? left + " of " + papers.length + " papers" : "";
  }

  field.addEventListener("input", show);
  choice.addEventListener("change", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== field) { event.preventDefault(); field.focus(); }
    if (event.key === "Escape") { field.value = ""; choice.value = ""; show(); }
  });
  place.hidden = false;
})();
