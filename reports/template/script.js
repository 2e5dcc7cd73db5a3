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

// Menus: one is open at a time, and on a narrow screen one button shows them; a click elsewhere or Escape closes them.
const nav = document.querySelector("nav"); // the summary has none
if (nav) {
  const menus = [...nav.querySelectorAll("details")];
  const opener = document.createElement("button");
  Object.assign(opener, { type: "button", className: "menus", textContent: "Menu", ariaExpanded: "false" });
  opener.addEventListener("click", () => (opener.ariaExpanded = String(opener.ariaExpanded === "false")));
  nav.querySelector("strong").after(opener);
  document.addEventListener("click", ({ target }) => {
    for (const menu of menus) if (!menu.contains(target)) menu.open = false;
    if (!nav.contains(target)) opener.ariaExpanded = "false";
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    const open = menus.find((menu) => menu.open);
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    } else if (opener.ariaExpanded === "true") {
      opener.ariaExpanded = "false";
      opener.focus();
    }
  });
}

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
const key = (cell) => cell.dataset.order ?? shown(cell); // it is sorted by this
const isNumber = (text) => text !== "" && Number.isFinite(Number(text));
// Less is better: ranks, errors, and what has a unit of time or memory.
const isCost = (heading, cell) =>
  /^rank|error|loss|brier/i.test(heading.textContent) || /\d (ms|s|min|h|[kMG]B)$/.test(cell.textContent);

const VERDICTS = ["the best", "better", "not distinguishable", "worse", "lecture's protocol"]; // in this order

function compare(a, b) {
  const gap = (text) => text === "–" || text === "";
  if (gap(a) || gap(b)) return 0;
  if (VERDICTS.includes(a) && VERDICTS.includes(b)) return VERDICTS.indexOf(a) - VERDICTS.indexOf(b);
  return isNumber(a) && isNumber(b) ? a - b : number.compare(a, b);
}

function sortable(table, heading, column) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button); // for the keyboard
  heading.addEventListener("click", () => {
    const body = table.tBodies[0];
    const numbers = [...body.rows].every((row) => /^(–|)$|^-?[\d.]/.test(key(row.cells[column])));
    const least = !numbers || isCost(heading, body.rows[0].cells[column]);
    const [first, other] = least ? ["ascending", "descending"] : ["descending", "ascending"];
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const text = (row) => key(row.cells[column]);
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
  // Browsers would keep the text, but not which rows it hides.
  Object.assign(filter, { type: "search", placeholder: "Filter rows", autocomplete: "off" });
  filter.setAttribute("aria-label", `Filter rows: ${table.caption?.textContent ?? table.dataset.name}`);
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

// Drawings and panels of one figure: in one file, which has no style sheet, as they stand on a wide page.
const ROOM = 800; // of their units in a row
const GAP = 30; // beside a drawing or chart
const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font", "text-anchor"];
const whole = (share) => Math.round(255 * share);
const plain = (value) =>
  value.replace(/color\(srgb ([\d.]+) ([\d.]+) ([\d.]+)\)/, (_, ...parts) => `rgb(${parts.slice(0, 3).map(whole)})`);

function joined(drawings) {
  const all = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  let [x, y, right, bottom] = [0, 0, 0, 0];
  for (const drawing of drawings) {
    const { width, height } = drawing.viewBox.baseVal;
    if (x && x + width > ROOM) [x, y] = [0, bottom + GAP];
    const copy = drawing.cloneNode(true);
    const painted = drawing.matches(".drawing") ? "text, rect, circle, path" : "none";
    const copies = copy.querySelectorAll(painted);
    drawing.querySelectorAll(painted).forEach((element, n) => {
      const style = getComputedStyle(element);
      copies[n].style = DRAWN.map((name) => `${name}: ${plain(style.getPropertyValue(name))}`).join("; ");
    });
    for (const [name, value] of Object.entries({ x, y, width, height })) copy.setAttribute(name, value);
    all.append(copy);
    [right, bottom] = [Math.max(right, x + width), Math.max(bottom, y + height)];
    x += width + GAP;
  }
  all.setAttribute("viewBox", `0 0 ${right} ${bottom}`);
  return all;
}

// Names of the lines of a picture: the chosen ones are shown, and all if none is chosen.
const CHOICE = "Choose names to see only these; choose one again to leave it out.";
for (const list of document.querySelectorAll(".names")) {
  const drawn = new Set([...list.parentElement.querySelectorAll("svg [data-of]")].map(({ dataset }) => dataset.of));
  const items = [...list.querySelectorAll("li[data-of]")].filter(({ dataset }) => drawn.has(dataset.of));
  const buttons = items.map((item) => {
    const button = document.createElement("button");
    button.type = "button";
    button.value = item.dataset.of;
    button.append(...item.childNodes);
    item.append(button);
    return button;
  });
  const isChosen = (button) => button.getAttribute("aria-pressed") === "true";
  const show = () => {
    const chosen = new Set(buttons.filter(isChosen).map(({ value }) => value));
    for (const part of list.parentElement.querySelectorAll("svg [data-of]")) {
      const isLeftOut = Boolean(chosen.size) && !chosen.has(part.dataset.of);
      if (part.parentElement.matches(".panels > svg")) part.parentElement.classList.toggle("left-out", isLeftOut);
      else part.style.opacity = isLeftOut ? 0.08 : "";
    }
  };
  for (const button of buttons) {
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(!isChosen(button)));
      show();
    });
  }
}

// The name and figures of a mark: of a cell of a grid at the pointer, and of any mark at a touch, which shows no title.
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

function gridText(grid, { clientX, clientY }) {
  const { rows, columns, cells } = JSON.parse(grid.dataset.grid);
  const { left, top, width, height } = grid.getBoundingClientRect();
  const at = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  const row = at((clientY - top) / height, rows.length);
  const column = at((clientX - left) / width, columns.length);
  return `${rows[row]}, ${columns[column]}: ${cells[row].split(";")[column] || "0"}`;
}

function point(event) {
  const mark = event.target.closest?.(".spots *, .weighed span, .interval");
  const title = mark?.title || mark?.closest(".spots > *, .interval")?.querySelector("title")?.textContent;
  const text = mark?.dataset.grid ? gridText(mark, event) : event.pointerType !== "mouse" && title;
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${event.clientY > innerHeight / 2 ? event.clientY - tip.offsetHeight - 12 : event.clientY + 18}px`;
}

if (document.querySelector(".spots, .weighed, .interval")) {
  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, point);
  addEventListener("scroll", () => (tip.hidden = true), { passive: true });
}

// A picture in a file of its own has its names below it.
function withNames(drawing, names) {
  const { width, height } = drawing.viewBox.baseVal;
  let bottom = height;
  for (const name of names) {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "text");
    const sample = name.querySelector("svg")?.cloneNode(true);
    sample?.setAttribute("x", 20);
    sample?.setAttribute("y", bottom + 5);
    if (sample) drawing.append(sample);
    for (const part of (name.querySelector("button") ?? name).childNodes) {
      if (part.matches?.("svg")) continue;
      const word = document.createElementNS("http://www.w3.org/2000/svg", "tspan");
      word.setAttribute("fill", part.style?.color && !part.matches(".mark") ? part.style.color : "currentColor");
      word.textContent = part.textContent;
      line.append(word);
    }
    line.style.font = "9.5px sans-serif";
    line.setAttribute("x", sample ? 50 : 20);
    line.setAttribute("y", (bottom += 14));
    drawing.append(line);
  }
  drawing.setAttribute("viewBox", `0 0 ${width} ${bottom + 10}`);
  drawing.setAttribute("height", `${bottom + 10}pt`);
}

// Figures: saved as they are shown.
document.querySelectorAll("figure > .picture").forEach((picture, n) => {
  const drawn = () => {
    const drawings = picture.querySelectorAll("svg.drawing, .panels > svg:not(.left-out)");
    const copy = drawings.length ? joined(drawings) : picture.querySelector("svg").cloneNode(true);
    copy.style.color = getComputedStyle(picture).color;
    const names = picture.querySelectorAll(".names > li");
    if (names.length) withNames(copy, names);
    return new XMLSerializer().serializeToString(copy);
  };
  const drawing = async () => {
    const svg = picture.view ? await picture.view.toSVG() : drawn();
    const paper = getComputedStyle(document.body).backgroundColor;
    const sheet = `<rect width="100%" height="100%" fill="${paper}"/>`; // light text needs a dark one
    return svg.replace(/^<svg[^>]*>/, `$&${sheet}`).replaceAll("var(--paper)", paper);
  };
  const page = location.pathname.split("/").pop().replace(/\.html$/, "");
  const tools = document.createElement("div");
  tools.className = "tools";
  if (picture.querySelector(".names button")) tools.append(CHOICE);
  tools.append(saving("Save as SVG", `${page || "figure"}-${n + 1}.svg`, "image/svg+xml", drawing));
  if (picture.querySelector("svg") || picture.nextElementSibling?.matches("script.chart"))
    picture.parentElement.append(tools);
});
