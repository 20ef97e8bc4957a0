// Fields that are changed in place: Enter or leaving the field saves, Escape takes back what was typed, and so does a
// refusal. And drafts: what is typed into a note survives a refresh of what stands around it.
const drafts = new Map();

const field = (event) => event.target.closest?.("form[data-edit]") && event.target;

document.addEventListener("keydown", (event) => {
  const input = field(event);
  if (!input || event.isComposing || input.localName === "select") return;
  if (event.key === "Escape") {
    event.preventDefault(); // the drawer around it stays
    event.stopPropagation();
    input.value = input.defaultValue;
    input.blur();
  } else if (event.key === "Enter" && (input.localName === "input" || event.ctrlKey || event.metaKey)) {
    event.preventDefault(); // the form is sent by the change that leaving makes
    input.blur();
  }
}, true);

document.addEventListener("submit", (event) => event.target.matches("form[data-edit]") && event.preventDefault(), true);

// What is saved is what a refusal, or Escape, goes back to.
function keep(input) {
  if (input.localName === "select") for (const option of input.options) option.defaultSelected = option.selected;
  else input.defaultValue = input.value;
}

document.addEventListener("htmx:afterRequest", ({ target, detail: { elt, successful, xhr } }) => {
  const form = (elt ?? target).closest?.("form[data-edit], form[data-note]");
  if (!form) return;
  if (form.matches("[data-note]")) {
    if (successful) form.querySelectorAll("[data-draft]").forEach((input) => drafts.delete(input.id));
    return;
  }
  const now = document.getElementById(form.id) ?? form;
  if (!successful && xhr.status !== 422) now.reset();
  if (successful) {
    for (const input of now.elements) keep(input);
    now.classList.add("fact-saved");
    setTimeout(() => now.classList.remove("fact-saved"), 1200);
  }
});

document.addEventListener("htmx:sendError", ({ target }) => target.closest?.("form[data-edit]")?.reset());

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("[data-draft]")) return;
  if (target.value === target.defaultValue) drafts.delete(target.id);
  else drafts.set(target.id, target.value);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, words] of drafts) {
    const input = document.getElementById(id);
    if (!input) continue;
    if (input.value !== words) input.value = words;
    if (input.form.id.includes("note-edit")) show(input.form, true);
  }
});

function show(form, on) {
  form.hidden = !on;
  document.querySelector(`[data-note-edit="${CSS.escape(form.id)}"]`)?.setAttribute("aria-expanded", String(on));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-note-edit]");
  if (!button) return;
  const form = document.getElementById(button.dataset.noteEdit);
  show(form, form.hidden);
  if (!form.hidden) form.querySelector("textarea").focus();
});

document.addEventListener("reset", ({ target }) => {
  if (!target.matches("form[data-note]")) return;
  target.querySelectorAll("[data-draft]").forEach((input) => drafts.delete(input.id));
  show(target, false);
});

// A note is sent as a message is: Ctrl-Enter.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches?.("[data-draft]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
