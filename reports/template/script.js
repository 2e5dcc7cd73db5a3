"use strict";
// Interactive parts of a page, which is complete without this script.

// Snakemake's own report shows a single page; other files cannot be reached from it.
if (!["file:", "http:", "https:"].includes(location.protocol)) {
  document.body.classList.add("alone");
  for (const link of document.querySelectorAll('a[href]:not([href^="#"]):not([href*=":"])')) {
    const text = document.createElement("span");
    text.append(...link.childNodes);
    link.replaceWith(text);
  }
}

// Menus: one is open at a time; a click elsewhere or Escape closes it.
const menus = [...document.querySelectorAll("nav details")];
document.addEventListener("click", ({ target }) => {
  for (const menu of menus) if (!menu.contains(target)) menu.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  const open = menus.find((menu) => menu.open);
  if (key !== "Escape" || !open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// Tables with a name: sorted by a click on a heading, filtered, saved as they are shown.
const number = new Intl.Collator("en", { numeric: true });
const shown = (cell) => cell.dataset.value ?? cell.textContent.trim();
const isNumber = (text) => text !== "" && Number.isFinite(Number(text));

function compare(a, b) {
  const gap = (text) => text === "–" || text === "";
  if (gap(a) || gap(b)) return 0;
  return isNumber(a) && isNumber(b) ? a - b : number.compare(a, b);
}

function sortable(table, heading, column) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const body = table.tBodies[0];
    const numbers = [...body.rows].every((row) => /^(–|)$|^-?[\d.]/.test(shown(row.cells[column])));
    const first = numbers ? "descending" : "ascending";
    const other = numbers ? "ascending" : "descending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const text = (row) => shown(row.cells[column]);
    const missing = (row) => text(row) === "–" || text(row) === "";
    body.append(
      ...[...body.rows].sort(
        (a, b) => missing(a) - missing(b) || sign * compare(text(a), text(b)),
      ),
    );
  });
}

// A spreadsheet would evaluate a text that begins like a formula.
function quoted(cell) {
  let text = shown(cell);
  if (/^'*[=+\-@\t\r\n＝＋－＠]/.test(text) && !isNumber(text)) text = `'${text}`;
  return `"${text.replaceAll('"', '""')}"`;
}

function csv(table) {
  const rows = [table.tHead.rows[0], ...table.tBodies[0].rows].filter((row) => !row.hidden);
  return rows.map((row) => [...row.cells].map(quoted).join(",")).join("\r\n") + "\r\n";
}

for (const table of document.querySelectorAll("table[data-name]")) {
  [...table.tHead.rows[0].cells].forEach((heading, n) => sortable(table, heading, n));
  const rows = [...table.tBodies[0].rows];
  const tools = document.createElement("div");
  const filter = document.createElement("input");
  const count = document.createElement("output");
  const save = document.createElement("a");
  tools.className = "tools";
  filter.type = "search";
  filter.placeholder = "Filter rows";
  filter.setAttribute("aria-label", `Filter the rows of ${table.dataset.name}`);
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const left = rows.filter((row) => !row.hidden).length;
    count.textContent = wanted ? `${left} of ${rows.length}` : "";
  });
  save.textContent = "Save as CSV";
  save.href = "#";
  save.download = `${table.dataset.name}.csv`;
  save.addEventListener("click", () => {
    const last = save.href;
    save.href = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
    URL.revokeObjectURL(last);
  });
  tools.append(filter, count, save);
  table.parentElement.before(tools);
}

// Charts: their specification is in the page; they take the colours of the page.
const charts = [...document.querySelectorAll("script.chart")].map((block) => ({
  place: block.previousElementSibling,
  specification: JSON.parse(block.textContent),
}));

// Charts side by side: as many as fit into the width of the page.
const GAP = 30; // pixels beside the drawing of a chart
function arranged(specification, room) {
  if (!specification.concat) return specification;
  const drawn = specification.concat[0].width;
  const columns = Math.max(1, Math.round(room / (drawn + GAP)));
  const width = Math.min(drawn, Math.floor(room / columns) - GAP);
  const concat = specification.concat.map((panel) => ({
    ...panel,
    width,
    height: Math.round((panel.height * width) / panel.width),
  }));
  const size = (param) => (param.name === "size" ? { ...param, value: width / drawn } : param);
  const params = specification.params?.map(size);
  const legend = { ...specification.config?.legend, columns: Math.max(1, Math.floor(room / 190)) };
  const config = { ...specification.config, legend };
  return { ...specification, columns, concat, params, config };
}

async function draw() {
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name));
  const config = {
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    view: { stroke: line },
    text: { color: ink },
    title: { color: ink, subtitleColor: soft },
    axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line },
    legend: { labelColor: ink, titleColor: soft },
  };
  for (const { place, specification } of charts) {
    // `ast`: expressions are interpreted, because the policy of the page forbids evaluation.
    const options = { ast: true, actions: false, renderer: "canvas", config };
    place.view?.finalize();
    const shape = arranged(specification, place.clientWidth);
    place.view = (await vegaEmbed(place, shape, options)).view;
  }
}

if (charts.length) {
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) draw();
    width = innerWidth;
  });
  // The wheel scrolls the page; it zooms a chart that was clicked or has the keyboard focus.
  for (const { place } of charts) {
    const unless = (event) => place === document.activeElement || event.stopPropagation();
    place.addEventListener("wheel", unless, { capture: true });
    place.addEventListener("pointerdown", ({ target }) => {
      if (target.tagName === "CANVAS") place.focus({ preventScroll: true });
    });
    place.addEventListener("submit", (event) => event.preventDefault());
  }
}
