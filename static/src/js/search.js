// The palette over every screen: Ctrl-K opens it, arrows walk through what was found, Enter goes there. What was looked
// for last stays in this browser.
import htmx from "./htmx.js";

const KEPT = 5;
const PLACE = "aiguro:searched";
const palette = document.getElementById("palette");
const field = document.getElementById("palette-words");
const list = document.getElementById("palette-found");

const options = () => [...list.querySelectorAll('[role="option"]:not([aria-disabled])')];

function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(kept) ? kept.filter((words) => typeof words === "string").slice(0, KEPT) : [];
  } catch {
    return [];
  }
}

function keep(words) {
  if (!words) return;
  try {
    localStorage.setItem(PLACE, JSON.stringify([words, ...recent().filter((known) => known !== words)].slice(0, KEPT)));
  } catch {
    // a browser without storage only forgets
  }
}

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else field.removeAttribute("aria-activedescendant");
}

function showRecent() {
  const words = recent();
  if (!words.length) return;
  const group = document.getElementById("palette-recent").content.firstElementChild.cloneNode(true);
  const blank = group.querySelector("[data-words]");
  words.forEach((text, number) => {
    const item = blank.cloneNode(true);
    item.id = `found-recent-${number}`;
    item.querySelector(".palette-main").textContent = text;
    item.dataset.words = text;
    group.append(item);
  });
  blank.remove();
  list.prepend(group);
}

function open() {
  if (palette.open) return field.select();
  palette.showModal();
  field.value = "";
  field.focus();
  htmx.trigger(field, "search-now");
}

function shown() {
  if (!field.value.trim()) showRecent();
  const found = options();
  field.setAttribute("aria-expanded", String(found.length > 0));
  choose(field.value.trim() ? (found[0] ?? null) : null);
  document.getElementById("palette-told").textContent = found.length ? String(found.length) : (list.querySelector("h3")?.textContent ?? "");
}

function go(option, apart) {
  if ("words" in option.dataset) {
    field.value = option.dataset.words;
    field.focus();
    htmx.trigger(field, "search-now");
    return;
  }
  keep(field.value.trim());
  if (apart) window.open(option.href, "_blank", "noopener");
  else location.assign(option.href);
  if (!apart) palette.close();
}

function step(by) {
  const found = options();
  if (!found.length) return;
  const at = found.findIndex((option) => option.getAttribute("aria-selected") === "true");
  choose(found[(at + by + found.length + (at < 0 && by < 0 ? 1 : 0)) % found.length]);
}

if (palette) {
  document.addEventListener("keydown", (event) => {
    if (event.code !== "KeyK" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette]")) open();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      const chosen = options().find((option) => option.getAttribute("aria-selected") === "true");
      if (chosen) go(chosen, event.ctrlKey || event.metaKey);
    } else if (event.key === "Escape") {
      event.preventDefault(); // a search field would only empty itself
      palette.close();
    }
  });
  palette.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]');
    if (event.target === palette || event.target.closest("[data-palette-close]")) palette.close();
    else if (option && !option.ariaDisabled && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      go(option, false);
    }
  });
  palette.addEventListener("close", () => {
    list.replaceChildren();
    field.setAttribute("aria-expanded", "false");
  });
  list.addEventListener("htmx:afterSwap", shown);
}
