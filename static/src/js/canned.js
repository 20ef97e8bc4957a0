// Canned answers in the composer: "/" in an empty field or the button opens a list that is searched while one types;
// arrows and Enter choose. What a variable could not be filled with stays in braces, is selected, and is asked about
// before it leaves.
import htmx from "./htmx.js";

const UNFILLED = /\{\s*[^{}\s]{1,30}\s*\}/g;

const menu = () => document.getElementById("canned-menu");
const search = () => document.getElementById("canned-search");
const opener = () => document.getElementById("canned-open");
const field = () => document.getElementById("composer")?.elements.namedItem("text");
const options = () => [...(menu()?.querySelectorAll("[data-insert]") ?? [])];
const chosen = () => options().find((option) => option.getAttribute("aria-selected") === "true");

/** The variables in a text that nobody has filled. */
export const unfilled = (text) => [...new Set(text.match(UNFILLED) ?? [])];

function open() {
  if (!menu()) return;
  menu().hidden = false;
  opener().setAttribute("aria-expanded", "true");
  search().value = "";
  search().focus();
  htmx.trigger(search(), "open");
}

function close(back = true) {
  if (!menu() || menu().hidden) return;
  menu().hidden = true;
  opener().setAttribute("aria-expanded", "false");
  if (back) field().focus();
}

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  search().setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function insert(option) {
  const area = field();
  const text = option.dataset.insert;
  close();
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  const [first] = unfilled(text);
  const at = first ? area.value.indexOf(first) : -1;
  if (at >= 0) area.setSelectionRange(at, at + first.length);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  if (!menu()) return;
  const option = event.target.closest?.("#canned-menu [data-insert]");
  if (option) insert(option);
  else if (event.target.closest?.("#canned-open")) menu().hidden ? open() : close();
  else if (event.target.closest?.(".canned-manage")) close(false);
  else if (!event.target.closest?.("#canned-menu")) close(false);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target === field() && !event.target.value) {
    event.preventDefault();
    open();
  }
  if (event.target !== search()) return;
  const all = options();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && all.length) {
    event.preventDefault();
    choose(all.at((all.indexOf(chosen()) + step) % all.length));
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (chosen()) insert(chosen());
  } else if (event.key === "Escape" || (event.key === "Backspace" && !event.target.value)) {
    event.preventDefault();
    event.stopPropagation();
    close();
  }
}, true); // before the dialog around it hears Escape

// The form of an answer: a press on a variable puts it where the cursor stands.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-variable]");
  const area = button?.closest("form").querySelector("textarea");
  if (!area) return;
  area.setRangeText(button.dataset.variable, area.selectionStart, area.selectionEnd, "end");
  area.focus();
});
