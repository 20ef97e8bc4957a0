// The board of deals. A card is carried by mouse, by touch (a long press, so that scrolling stays scrolling) or by keys;
// where it was put is posted, and the server's answer confirms it, or the card goes back. And the deal's chat in the
// drawer, with its address. The board refreshes itself (hx-get of #board): here it is told what the page shows, and to
// wait while a card is carried.
import Sortable from "sortablejs";

const htmx = window.htmx;
const PATIENCE = 12_000; // ms for the server's answer, then the card goes back
const board = () => document.getElementById("board");
const columns = () => [...document.querySelectorAll("#board .column")];
const columnOf = (node) => node.closest(".column");
const uuidOf = (card) => card.id.replace("deal-", "");
const nameOf = (card) => card.querySelector(".deal-name").textContent;
const addressOf = (name, card) => board().dataset[name].replace(board().dataset.nowhere, uuidOf(card));
const mayMove = () => Boolean(board()?.dataset.move);

let carried = null; // {card, from, next}: where it was taken
let late = false; // a refresh that came meanwhile
let asking = 0; // moves that the server has not answered

// ---- Words for those who do not see it.

function say(kind, card) {
  const place = document.getElementById("board-says");
  const stage = columnOf(card)?.dataset.name ?? "";
  place.textContent = place.dataset[kind].replace("{name}", nameOf(card)).replace("{stage}", stage);
}

// ---- Where a card stands in its column: the newest activity first.

function settle(card, list) {
  const at = Number(card.dataset.at);
  const older = [...list.querySelectorAll(":scope > .deal")].find((other) => other !== card && Number(other.dataset.at) < at);
  list.insertBefore(card, older ?? list.querySelector(":scope > .column-more"));
}

function putBack({ card, from, next }) {
  if (!card.isConnected && !from.isConnected) return;
  from.insertBefore(card, next?.parentElement === from ? next : null);
  if (!next) settle(card, from);
}

// ---- Asking the server.

function ask(verb, url, card, options) {
  return new Promise((resolve) => {
    const done = (event) => {
      if (event.detail.requestConfig?.elt !== card) return;
      document.removeEventListener("htmx:afterRequest", done);
      resolve(Boolean(event.detail.successful));
    };
    document.addEventListener("htmx:afterRequest", done);
    htmx.ajax(verb, url, { source: card, ...options })?.catch(() => {}); // toasts tell what went wrong
  });
}

async function move(taken) {
  const { card } = taken;
  const [from, to] = [columnOf(taken.from), columnOf(card)];
  if (from === to) return putBack(taken);
  const name = card.id;
  const focused = card.contains(document.activeElement);
  asking++;
  settle(card, card.parentElement);
  card.classList.add("deal-moving");
  const values = { stage: to.dataset.code, now: from.dataset.code };
  const moved = await ask("POST", addressOf("move", card), card, { target: `#${name}`, swap: "outerHTML", values });
  asking--;
  const here = document.getElementById(name);
  here?.classList.remove("deal-moving");
  if (moved && here) {
    settle(here, here.closest(".column-cards"));
    arrive(here, focused);
    say("dropped", here);
  } else if (here) {
    putBack({ ...taken, card: here });
    say("back", here);
    if (focused) here.querySelector("a").focus();
  }
  if (!moved) late = true; // somebody else may have moved it: look
  catchUp();
}

function arrive(card, focused) {
  card.classList.add("deal-arrived");
  setTimeout(() => card.classList.remove("deal-arrived"), 1500);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (focused) card.querySelector("a").focus({ preventScroll: true });
}

function end(card, outcome) {
  if (outcome === "won") {
    card.classList.add("deal-moving");
    ask("POST", addressOf("closing", card), card, { target: `#${card.id}`, swap: "none", values: { outcome } }).then(() =>
      document.getElementById(card.id)?.classList.remove("deal-moving"),
    );
  } else {
    const query = outcome ? `?outcome=${outcome}` : "";
    htmx.ajax("GET", addressOf("closing", card) + query, { target: "#modal-body", swap: "innerHTML" })?.catch(() => {});
  }
}

// ---- By mouse and by touch.

let carriedLately = false; // the click that ends a drag opens nothing

function began(card) {
  carried = { card, from: card.parentElement, next: card.nextElementSibling };
  board().classList.add("board-carrying");
}

function ended() {
  carried = null;
  board().classList.remove("board-carrying");
}

function lists() {
  if (!mayMove()) return;
  for (const section of document.querySelectorAll(".board-section")) {
    for (const list of section.querySelectorAll(".column-cards")) sortable(list, section.id);
  }
  for (const zone of document.querySelectorAll(".zone")) {
    if (!Sortable.get(zone)) Sortable.create(zone, { group: { name: "zone", put: true, pull: false }, sort: false, draggable: ".deal" });
  }
}

function sortable(list, group) {
  if (Sortable.get(list)) return;
  Sortable.create(list, {
    group: { name: group, put: [group] },
    draggable: ".deal",
    sort: false,
    animation: 120,
    delay: 250,
    delayOnTouchOnly: true,
    touchStartThreshold: 6,
    forceFallback: true, // the same everywhere; a browser's own drag has no touch and no look
    fallbackOnBody: true,
    fallbackTolerance: 5,
    scroll: true,
    bubbleScroll: true,
    scrollSensitivity: 60,
    scrollSpeed: 14,
    ghostClass: "deal-ghost",
    fallbackClass: "deal-carried",
    onStart: ({ item }) => {
      drop(true); // what the keys hold
      began(item);
      document.getElementById("zones").hidden = false;
    },
    onEnd: ({ item, to }) => {
      carriedLately = true;
      setTimeout(() => (carriedLately = false), 50);
      document.getElementById("zones").hidden = true;
      const taken = carried;
      ended();
      if (to.dataset.zone) {
        putBack(taken);
        end(item, to.dataset.zone);
      } else if (to !== taken.from) move(taken);
      catchUp();
    },
  });
}

// A long press takes the card; the browser's own menu of the link would take the finger away.
document.addEventListener("contextmenu", (event) => {
  if (event.pointerType === "touch" && mayMove() && event.target.closest?.("#board .deal")) event.preventDefault();
});

// ---- By keys: the arrows walk, Space takes and leaves, Escape gives back.

function lift(card) {
  began(card);
  card.classList.add("deal-lifted");
  carried.keys = true;
  say("lifted", card);
}

function drop(back) {
  if (!carried?.keys) return;
  const taken = carried;
  taken.card.classList.remove("deal-lifted");
  ended();
  if (back || columnOf(taken.from) === columnOf(taken.card)) {
    putBack(taken);
    say("back", taken.card);
    taken.card.querySelector("a").focus();
    catchUp();
  } else move(taken);
}

function beside(card, step) {
  const row = [...columnOf(card).parentElement.children];
  return row[row.indexOf(columnOf(card)) + step];
}

function carry(card, step) {
  const column = beside(card, step);
  if (!column) return;
  settle(card, column.querySelector(".column-cards"));
  card.querySelector("a").focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  say("over", card);
}

function walk(card, key) {
  const sibling = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[key];
  let next = sibling && card[sibling];
  if (!sibling) {
    const all = columns();
    const step = key === "ArrowRight" ? 1 : -1;
    const cards = (column) => [...column.querySelectorAll(".deal")];
    const place = cards(columnOf(card)).indexOf(card);
    for (let at = all.indexOf(columnOf(card)) + step; all[at] && !next; at += step) {
      const found = cards(all[at]);
      next = found[Math.min(place, found.length - 1)];
    }
  }
  const link = next?.querySelector("a, button");
  link?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("#board .deal");
  if (!card || event.ctrlKey || event.altKey || event.metaKey) return;
  const { key } = event;
  const held = carried?.keys && carried.card === card;
  if (held && (key === " " || key === "Enter")) drop(false);
  else if (held && key === "Escape") drop(true);
  else if (held && (key === "ArrowLeft" || key === "ArrowRight")) carry(card, key === "ArrowRight" ? 1 : -1);
  else if (held && key.startsWith("Arrow")) return event.preventDefault();
  else if (key === " " && mayMove() && !carried) lift(card);
  else if (key === "Delete" && mayMove() && !carried) end(card, "");
  else if (key.startsWith("Arrow")) walk(card, key);
  else return;
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("focusout", (event) => {
  if (!carried?.keys || !carried.card.contains(event.target)) return;
  setTimeout(() => carried?.keys && !carried.card.contains(document.activeElement) && drop(true)); // Tab, or a press elsewhere
});

// ---- Staying in step with others.

function catchUp() {
  if (!late || carried || asking) return;
  late = false;
  htmx.trigger(board(), "live");
}

const isRefresh = (event) => event.target.id === "board" && event.detail.requestConfig?.verb === "get" && event.detail.elt === board();

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.matches(".deal")) event.detail.timeout = PATIENCE;
  if (event.target.id !== "board" || event.detail.target?.id !== "board" || event.detail.verb !== "get") return;
  const shown = (column) => `${column.dataset.stage}.${column.querySelectorAll(".deal").length}.${column.dataset.digest}`;
  event.detail.parameters.columns = columns().map(shown).join(",");
});

for (const name of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(name, (event) => {
    if (event.detail.target?.id !== "board" || !isRefresh(event)) return;
    if (!carried && !asking) return;
    late = true;
    if (name === "htmx:beforeRequest") event.preventDefault();
    else event.detail.shouldSwap = false;
  });
}

document.addEventListener("htmx:load", lists);
lists();

// ---- The chat in the drawer: ?deal= is its address, so that "back" closes it and a reload opens it.

const asked = () => new URLSearchParams(location.search).get("deal");
const drawer = () => document.getElementById("drawer");
let pushed = false;

function address(uuid) {
  const url = new URL(location.href);
  if (uuid) url.searchParams.set("deal", uuid);
  else url.searchParams.delete("deal");
  return url;
}

function show(uuid) {
  const url = board().dataset.drawer.replace(board().dataset.nowhere, uuid);
  htmx.ajax("GET", url, { target: "#drawer-body", swap: "innerHTML" })?.catch(() => {});
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#board .deal-link");
  if (!link) return;
  if (carriedLately) return event.preventDefault();
  if (!board().dataset.drawer || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const uuid = uuidOf(link.closest(".deal"));
  history.pushState({ deal: uuid }, "", address(uuid));
  pushed = true;
  show(uuid);
});

document.addEventListener("dialog-closed", ({ detail: { name } }) => {
  if (name !== "drawer" || !asked()) return;
  const link = document.querySelector(`#deal-${CSS.escape(asked())} a`);
  if (pushed) history.back();
  else history.replaceState(null, "", address(null));
  pushed = false;
  link?.focus({ preventScroll: true });
});

addEventListener("popstate", () => {
  if (!board()) return;
  pushed = false;
  if (asked()) show(asked());
  else if (drawer().open) drawer().close();
});

if (board()?.dataset.drawer && asked()) show(asked());
