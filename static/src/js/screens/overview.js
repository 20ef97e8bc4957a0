// The chart of the overview: it draws the numbers of #trend-table into #trend-plot, in the theme's colours, and again
// when they, the theme or the room for it change. A refresh lays new elements over the old ones: the drawing is kept and
// put back, so that nothing flickers.
import uPlot from "uplot";

const SERIES = [
  { column: 1, key: "new", color: "--accent", fill: true },
  { column: 2, key: "won", color: "--good" },
  { column: 3, key: "lost", color: "--bad" },
];
const LABEL = 64; // px that a day's name needs

let plot = null;
let drawn = ""; // what the plot shows
let tip = null;

const host = () => document.getElementById("trend-plot");
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function read() {
  const rows = [...document.querySelectorAll("#trend-table tbody tr")];
  return {
    names: rows.map((row) => row.dataset.short),
    words: rows.map((row) => row.cells[0].textContent),
    titles: [...document.querySelectorAll("#trend-table thead th")].map((cell) => cell.textContent),
    data: [rows.map((_, n) => n), ...SERIES.map(({ column }) => rows.map((row) => Number(row.cells[column].querySelector("[data-number]").dataset.number)))],
  };
}

function showTip(at, { words, titles, data }) {
  if (at.cursor.idx == null) {
    tip.hidden = true;
    return;
  }
  const n = at.cursor.idx;
  const items = SERIES.map(({ key, column }) => {
    const item = document.createElement("li");
    const value = document.createElement("output");
    item.className = `ov-key-${key}`;
    value.textContent = data[column][n];
    item.append(titles[column], value);
    return item;
  });
  const title = document.createElement("b");
  title.textContent = words[n];
  const list = document.createElement("ul");
  list.append(...items);
  tip.replaceChildren(title, list);
  tip.hidden = false;
  const left = at.valToPos(n, "x") + at.over.offsetLeft;
  const room = at.root.clientWidth - tip.offsetWidth;
  tip.style.left = `${Math.max(0, left + 12 > room ? left - tip.offsetWidth - 12 : left + 12)}px`;
}

function options(shown, width, height) {
  const { names, data } = shown;
  const most = Math.max(4, ...data.slice(1).flat());
  const every = Math.max(1, Math.ceil((names.length * LABEL) / width));
  const grid = { stroke: color("--line"), width: 1 };
  const axis = { stroke: color("--ink-2"), font: `12px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false }, border: { show: false } };
  return {
    width,
    height,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: false, range: [-0.3, Math.max(names.length - 0.7, 0.3)] }, y: { range: [0, most * 1.08] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, splits: () => names.map((_, n) => n).filter((n) => (names.length - 1 - n) % every === 0), values: (_, at) => at.map((n) => names[n]) },
      { ...axis, grid, size: 40, space: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] },
    ],
    series: [
      {},
      ...SERIES.map(({ color: name, fill }) => ({
        stroke: color(name),
        width: 2,
        fill: fill ? color("--accent-tint") + "80" : undefined,
        points: { show: names.length <= 31, size: 6, fill: color("--surface") },
      })),
    ],
    hooks: { setCursor: [(at) => showTip(at, shown)] },
  };
}

function draw() {
  const place = host();
  if (!place) {
    plot?.destroy();
    plot = null;
    return;
  }
  const { clientWidth: width, clientHeight: height } = place;
  if (!width || !height) return;
  const shown = read();
  const now = JSON.stringify([shown, width, height, document.documentElement.dataset.bsTheme]);
  if (plot && drawn === now) {
    if (plot.root.parentNode !== place) place.replaceChildren(plot.root, tip);
    return;
  }
  plot?.destroy();
  tip = document.createElement("div");
  tip.className = "ov-tip";
  tip.hidden = true;
  place.replaceChildren();
  plot = new uPlot(options(shown, width, height), shown.data, place);
  place.append(tip);
  drawn = now;
  place.dataset.drawn = shown.names.length; // what the tests wait for
  watch.disconnect();
  watch.observe(place);
}

const watch = new ResizeObserver(() => requestAnimationFrame(draw));
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
document.body.addEventListener("htmx:afterSwap", draw);
draw();
