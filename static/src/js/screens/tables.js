// Tables of rows to work with: which rows are chosen, bulk acts on them, cells edited in place.
const htmx = window.htmx;
const picked = new Set(); // the ids of rows, also of those that a refresh has taken out of sight
let all = false; // everything that matches the filter, shown or not
let filter = null; // the filter that the choice was made under

const data = () => document.querySelector("[data-table]");
const boxes = () => [...document.querySelectorAll("[data-pick]")];
const filtered = () => {
  const query = new URLSearchParams(data()?.dataset.query ?? "");
  query.delete("sort"); // another order of the same rows
  return query.toString();
};
const bar = () => document.getElementById("bulk");
const total = () => (data()?.dataset.total ? Number(data().dataset.total) : null);
const number = (value) => value.toLocaleString(document.documentElement.lang);

function paint() {
  const place = bar();
  if (!place) return;
  const shown = boxes();
  for (const box of shown) box.checked = all || picked.has(box.value);
  const head = document.getElementById("pick-page");
  const chosen = shown.filter((box) => box.checked).length;
  if (head) {
    head.checked = shown.length > 0 && chosen === shown.length;
    head.indeterminate = chosen > 0 && chosen < shown.length;
  }
  const count = all ? total() : picked.size;
  place.hidden = !all && picked.size === 0;
  const words = place.querySelector("[data-picked]");
  words.textContent = count === null ? words.dataset.words.replace("{n}", "10 000+") : words.dataset.words.replace("{n}", number(count));
  const more = place.querySelector("[data-pick-all]");
  more.hidden = all || shown.length === 0 || chosen < shown.length || (total() !== null && total() <= picked.size);
  more.textContent = total() === null ? more.dataset.many : more.dataset.words.replace("{n}", number(total()));
}

function unpick() {
  picked.clear();
  all = false;
  paint();
}

let last = null; // the box pressed before, for Shift
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-pick]");
  if (box) {
    const shown = boxes();
    const from = shown.indexOf(last);
    const to = shown.indexOf(box);
    const run = event.shiftKey && from >= 0 ? shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    if (all) shown.forEach((one) => picked.add(one.value));
    all = false;
    for (const one of run) box.checked ? picked.add(one.value) : picked.delete(one.value);
    last = box;
    paint();
  } else if (event.target.id === "pick-page") {
    const on = event.target.checked;
    if (!on) all = false;
    for (const one of boxes()) on ? picked.add(one.value) : picked.delete(one.value);
    if (!on) picked.clear();
    paint();
  } else if (event.target.closest?.("[data-pick-all]")) {
    all = true;
    paint();
  } else if (event.target.closest?.("[data-unpick]")) unpick();
});

// The question of a bulk act says how many rows; its answer carries which.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-act]");
  if (!button || !bar()?.contains(button)) return;
  const rows = all ? total() ?? "" : picked.size;
  const url = new URL(bar().dataset.url, location.href);
  url.searchParams.set("act", button.dataset.act);
  url.searchParams.set("rows", rows);
  htmx.ajax("GET", url.pathname + url.search, { target: "#modal-body", swap: "innerHTML" });
});

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters } = event.detail;
  if (elt.matches("[data-bulk]")) {
    if (all) parameters.all = "1";
    else parameters.ids = [...picked].join(",");
    parameters.query = data()?.dataset.query ?? "";
  } else if (elt.matches("[data-table]")) parameters.shown = boxes().length || document.querySelectorAll("[data-row]").length;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = event.detail;
  if (elt.matches?.("[data-bulk]") && successful) unpick();
  if (elt.matches?.("[data-cell]")) finish(elt, successful);
});

/** The row as the server has it now: confirmed, or taken back in sight of everybody. */
async function finish(form, successful) {
  const row = form.closest("tr");
  if (!row) return;
  await htmx.ajax("GET", form.dataset.rowUrl, { target: row, swap: "outerHTML" });
  const now = document.getElementById(row.id);
  if (!now || successful === null) return;
  now.classList.add(successful ? "row-saved" : "row-refused");
  setTimeout(() => now.classList.remove("row-saved", "row-refused"), 1600);
}

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-cell]");
  if (!form || event.key !== "Escape") return;
  event.stopPropagation();
  finish(form, null);
});

document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.("[data-cell]");
  if (!form) return;
  setTimeout(() => {
    const field = form.querySelector("input:not([type=hidden]), select");
    const changed = field?.localName === "select" ? field.selectedOptions[0]?.defaultSelected === false : field?.value !== field?.defaultValue;
    if (form.isConnected && !form.contains(document.activeElement) && !changed) finish(form, null);
  }, 50);
});

// A row opens its deal wherever it is pressed beside its controls.
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("[data-row]");
  if (!row || event.target.closest("a, button, input, select, label, form, .pick") || String(getSelection())) return;
  row.querySelector("[data-open]")?.click();
});

document.addEventListener("click", (event) => {
  const act = event.target.closest?.("[data-hide-act]")?.closest("[data-act-row]");
  if (!act) return;
  sessionStorage.setItem(`hidden-${act.id}`, "1");
  act.remove();
});

function settle() {
  for (const act of document.querySelectorAll("[data-act-row]")) if (sessionStorage.getItem(`hidden-${act.id}`)) act.remove();
  const editor = document.querySelector("[data-cell] :is(select, input:not([type=hidden]))");
  if (editor && document.activeElement === document.body) {
    editor.focus();
    editor.select?.();
  }
  if (filter !== filtered()) {
    filter = filtered();
    unpick();
  } else paint();
}

document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (target?.id === "table") document.querySelector(".data-wrap")?.scrollTo({ top: 0 });
});
settle();
