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

// The contents of the page: closed where they stand above it; the section that is read is marked.
const contents = document.querySelector(".contents");
if (contents) {
  if (contents.offsetWidth > innerWidth / 2) contents.open = false;
  const links = [...contents.querySelectorAll("a")];
  const heads = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const mark = () => {
    const read = heads.findLastIndex((head) => head.getBoundingClientRect().top < innerHeight / 3);
    links.forEach((link) => link.removeAttribute("aria-current"));
    links[read]?.setAttribute("aria-current", "true");
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
}

// Tables with a name: sorted by a click on a heading, filtered, saved as they are shown.
const number = new Intl.Collator("en", { numeric: true });
const content = (cell) => cell.querySelector(".mark + a") ?? cell; // a variant without its letter
const shown = (cell) => cell.dataset.value ?? content(cell).textContent.trim();
const isNumber = (text) => text !== "" && Number.isFinite(Number(text));
// Less is better: ranks, errors, and what has a unit of time or memory.
const isCost = (heading, cell) =>
  /^rank|error|loss|brier/i.test(heading.textContent) || /\d (ms|s|min|h|[kMG]B)$/.test(cell.textContent);

function compare(a, b) {
  const gap = (text) => text === "–" || text === "";
  if (gap(a) || gap(b)) return 0;
  return isNumber(a) && isNumber(b) ? a - b : number.compare(a, b);
}

function sortable(table, heading, column) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button); // for the keyboard
  heading.addEventListener("click", () => {
    const body = table.tBodies[0];
    const numbers = [...body.rows].every((row) => /^(–|)$|^-?[\d.]/.test(shown(row.cells[column])));
    const least = !numbers || isCost(heading, body.rows[0].cells[column]);
    const [first, other] = least ? ["ascending", "descending"] : ["descending", "ascending"];
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
    table.dispatchEvent(new Event("change"));
  });
}

// A spreadsheet would evaluate a text that begins like a formula.
function quoted(cell) {
  let text = shown(cell);
  if (/^'*[=+\-@\t\r\n＝＋－＠]/.test(text) && !isNumber(text)) text = `'${text}`;
  const unit = cell.dataset.unit ? ` (${cell.dataset.unit})` : "";
  return `"${text.replaceAll('"', '""')}${unit}"`;
}

function csv(table) {
  const rows = [table.tHead.rows[0], ...table.tBodies[0].rows].filter(({ dataset }) => !dataset.out);
  return rows.map((row) => [...row.cells].map(quoted).join(",")).join("\r\n") + "\r\n";
}

// A link that saves the text which a function makes at a click.
function saving(title, name, type, text) {
  const link = document.createElement("a");
  link.textContent = title;
  link.href = "#";
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const file = document.createElement("a");
    file.href = URL.createObjectURL(new Blob([await text()], { type }));
    file.download = name;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 10_000); // some browsers read it later
  });
  return link;
}

// Long tables are shown in pages; a page of the table is never printed or saved alone.
const PAGE = 25;
function paged(table, tools) {
  const rows = () => [...table.tBodies[0].rows].filter(({ dataset }) => !dataset.out);
  const [back, place, next] = ["button", "output", "button"].map((tag) => document.createElement(tag));
  let first = 0;
  const show = (from) => {
    const left = rows();
    first = Math.max(0, from < left.length ? from : first);
    for (const row of table.tBodies[0].rows) row.hidden = Boolean(row.dataset.out);
    left.forEach((row, n) => row.classList.toggle("elsewhere", n < first || n >= first + PAGE));
    place.textContent = `${Math.min(first + 1, left.length)}–${Math.min(first + PAGE, left.length)} of ${left.length}`;
    back.disabled = first === 0;
    next.disabled = first + PAGE >= left.length;
  };
  if (rows().length > 2 * PAGE) {
    Object.assign(back, { type: "button", textContent: "Previous" });
    Object.assign(next, { type: "button", textContent: "Next" });
    back.addEventListener("click", () => show(first - PAGE));
    next.addEventListener("click", () => show(first + PAGE));
    tools.append(back, place, next);
    table.addEventListener("change", () => show((first = 0)));
    show(0);
  }
}

for (const table of document.querySelectorAll("table[data-name]")) {
  [...table.tHead.rows[0].cells].forEach((heading, n) => sortable(table, heading, n));
  const rows = [...table.tBodies[0].rows];
  const tools = document.createElement("div");
  const filter = document.createElement("input");
  const count = document.createElement("output");
  tools.className = "tools";
  filter.type = "search";
  filter.placeholder = "Filter rows";
  filter.setAttribute("aria-label", `Filter the rows of ${table.dataset.name}`);
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      row.dataset.out = row.hidden ? "out" : "";
    }
    table.dispatchEvent(new Event("change"));
    const left = rows.filter((row) => !row.hidden).length;
    count.textContent = wanted ? `${left} of ${rows.length}` : "";
  });
  const text = async () => `\ufeff${csv(table)}`;
  tools.append(filter, count, saving("Save as CSV", `${table.dataset.name}.csv`, "text/csv", text));
  paged(table, tools);
  table.parentElement.before(tools);
}

// Drawings of a lesson: beside each other in one file, which has no style sheet.
const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font", "text-anchor"];
const whole = (share) => Math.round(255 * share);
const plain = (value) =>
  value.replace(/color\(srgb ([\d.]+) ([\d.]+) ([\d.]+)\)/, (_, ...parts) => `rgb(${parts.slice(0, 3).map(whole)})`);

function joined(drawings) {
  const all = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  let x = 0;
  for (const drawing of drawings) {
    const { width, height } = drawing.viewBox.baseVal;
    const copy = drawing.cloneNode(true);
    const elements = drawing.querySelectorAll("text, rect, circle, path");
    copy.querySelectorAll("text, rect, circle, path").forEach((element, n) => {
      const style = getComputedStyle(elements[n]);
      element.style = DRAWN.map((name) => `${name}: ${plain(style.getPropertyValue(name))}`).join("; ");
    });
    for (const [name, value] of Object.entries({ x, width, height })) copy.setAttribute(name, value);
    all.append(copy);
    x += width + GAP;
  }
  const heights = [...drawings].map((drawing) => drawing.viewBox.baseVal.height);
  all.setAttribute("viewBox", `0 0 ${x - GAP} ${Math.max(...heights)}`);
  return all;
}

// Figures: saved as they are shown.
document.querySelectorAll("figure > .picture").forEach((picture, n) => {
  const drawing = async () => {
    if (picture.view) return picture.view.toSVG();
    const drawings = picture.querySelectorAll("svg.drawing");
    const copy = drawings.length ? joined(drawings) : picture.querySelector("svg").cloneNode(true);
    copy.style.color = getComputedStyle(picture).color;
    return new XMLSerializer().serializeToString(copy);
  };
  const page = location.pathname.split("/").pop().replace(/\.html$/, "");
  const tools = document.createElement("div");
  tools.className = "tools";
  tools.append(saving("Save as SVG", `${page || "figure"}-${n + 1}.svg`, "image/svg+xml", drawing));
  if (picture.querySelector("svg") || picture.nextElementSibling?.matches("script.chart"))
    picture.parentElement.append(tools);
});

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
