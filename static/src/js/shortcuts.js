// Keys: an element with data-shortcut="x" (or a sequence, "g d") is pressed, or entered where one can type, by that key.
// By the key's place on the keyboard, so that a Russian layout does as well. "?" lists what this screen has.
const PAUSE = 1200; // ms between the keys of a sequence
const sheet = document.getElementById("keys");
const SIGNS = { Slash: "/", Comma: ",", Period: ".", Minus: "-", Equal: "=", BracketLeft: "[", BracketRight: "]" };

let pressed = [];
let last = 0;

function keyOf(event) {
  if (event.key === "?" || (event.shiftKey && event.code === "Slash")) return "?";
  if (event.shiftKey) return "";
  if (/^Key[A-Z]$/.test(event.code)) return event.code[3].toLowerCase();
  if (/^Digit\d$/.test(event.code)) return event.code[5];
  return SIGNS[event.code] ?? "";
}

const typing = (element) =>
  element?.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]");

/** The elements that can be used now: inside the uppermost dialog, where one is open; the screen's before the frame's. */
function elements() {
  const within = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const seen = [...within.querySelectorAll("[data-shortcut]")].filter(
    (e) => e.dataset.shortcut && !e.disabled && e.getClientRects().length && (within !== document || !e.closest("dialog")),
  );
  return seen.sort((a, b) => Number(!a.closest("main, dialog")) - Number(!b.closest("main, dialog")));
}

function use(element) {
  const control = element.matches("input, textarea, select") ? element : null;
  if (control && !["checkbox", "radio", "button", "submit", "file"].includes(control.type)) {
    control.focus();
    control.select?.();
  } else element.click();
}

const name = (e) =>
  e.dataset.shortcutLabel || e.getAttribute("aria-label") || e.labels?.[0]?.textContent.trim() || e.placeholder || e.textContent.trim() || e.title;

function line(element) {
  const [row, term, keys] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  term.textContent = name(element);
  for (const key of element.dataset.shortcut.split(" ")) {
    const cap = document.createElement("kbd");
    cap.textContent = key.toUpperCase();
    keys.append(cap, " ");
  }
  row.append(term, keys);
  return row;
}

function list(id, found) {
  const section = document.getElementById(id);
  section.hidden = !found.length;
  section.querySelector("dl").replaceChildren(...found.map(line));
}

function show() {
  const known = new Set();
  const found = elements().filter((e) => !known.has(e.dataset.shortcut) && known.add(e.dataset.shortcut));
  list("keys-go", found.filter((e) => e.dataset.shortcut.startsWith("g ")));
  list("keys-here", found.filter((e) => !e.dataset.shortcut.startsWith("g ")));
  sheet.showModal();
}

/** Screen readers are told of single keys; for sequences there is no way to say it. */
function announce() {
  for (const e of document.querySelectorAll("[data-shortcut]:not([aria-keyshortcuts])")) {
    if (e.dataset.shortcut.length === 1) e.setAttribute("aria-keyshortcuts", e.dataset.shortcut);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (typing(event.target)) return;
  const key = keyOf(event);
  if (!key) return;
  if (key === "?" && sheet) {
    event.preventDefault();
    if (sheet.open) sheet.close();
    else if (!document.querySelector("dialog[open]")) show();
    return;
  }
  pressed = Date.now() - last < PAUSE ? [...pressed, key].slice(-2) : [key];
  last = Date.now();
  const usable = elements();
  const of = (keys) => usable.find((e) => e.dataset.shortcut === keys);
  const found = of(pressed.join(" ")) ?? (usable.some((e) => e.dataset.shortcut.startsWith(`${key} `)) ? null : of(key));
  if (!found) return;
  event.preventDefault();
  pressed = [];
  use(found);
});

sheet?.addEventListener("click", (event) => {
  if (event.target === sheet || event.target.closest("[data-keys-close]")) sheet.close();
});
document.addEventListener("htmx:load", announce);
announce();
