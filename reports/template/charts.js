"use strict";
// Charts: their specification is in the page; they take the colours of the page.
const charts = [...document.querySelectorAll("script.chart")].map((block) => ({
  place: block.previousElementSibling,
  specification: JSON.parse(block.textContent),
}));

// Charts side by side: as many as fit into the width of the page.
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

// A search says how many points of a chart it finds, and what is searched if it finds none.
function counted(place, { usermeta, datasets }) {
  const box = place.querySelector("input[type=search]");
  if (!box || !usermeta?.searched) return;
  const columns = Object.entries(usermeta.searched);
  const [points] = Object.values(datasets);
  const texts = points.map((point) => columns.map(([, column]) => point[column]).join(" ").toLowerCase());
  const names = columns.map(([name]) => name).join(" and ");
  const count = document.createElement("output");
  const show = () => {
    const wanted = box.value.trim().toLowerCase();
    const found = texts.filter((text) => text.includes(wanted)).length;
    const none = `0 found. Searched: ${names} of the ${texts.length} points on the map, not the whole corpus.`;
    count.textContent = !wanted ? "" : found ? `${found} of ${texts.length} found` : none;
  };
  box.addEventListener("input", show);
  box.parentElement.after(count); // the label of the box
  show();
}

// What a reader has chosen in a chart remains if it is drawn again.
const isChoice = (name) => ["method", "wanted", "picked_store", "judged_store"].includes(name);

async function draw() {
  const { matches: isDark } = matchMedia("screen and (prefers-color-scheme: dark)");
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
    const state = place.view?.getState({ signals: isChoice, data: isChoice });
    place.view?.finalize();
    const shape = arranged(specification, place.clientWidth);
    const { view } = await vegaEmbed(place, shape, options);
    if (state) await view.setState(state).runAsync();
    place.view = view;
    counted(place, specification);
    place.classList.toggle("dark", isDark); // it may be printed
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
