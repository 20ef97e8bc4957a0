// Two places for what is opened over a page: #modal asks (a form), #drawer shows (a chat). Whatever is swapped into
// #modal-body or #drawer-body opens it; Escape, [data-close], a press beside it, and the server's "close-modal" and
// "close-drawer" close it. Closed, it is empty: nothing in it listens any more.
const PLACES = ["modal", "drawer"];
const place = (name) => document.getElementById(name);
const inside = (name) => document.getElementById(`${name}-body`);

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  const name = PLACES.find((known) => target?.id === `${known}-body`);
  if (!name || place(name).open || !inside(name).childElementCount) return;
  place(name).showModal();
  inside(name).querySelector("[autofocus]")?.focus();
});

// A form may be shut by mistake: what has been typed into it is asked about.
function hasTyped(dialog) {
  return [...dialog.querySelectorAll("input:not([type=hidden], [type=search]), textarea")].some(
    (field) => field.closest("form[hx-post]") && field.value !== field.defaultValue && field.type !== "checkbox",
  );
}

function mayClose(dialog) {
  return dialog.id !== "modal" || !hasTyped(dialog) || dialog.dataset.sure === "yes";
}

function shake(dialog) {
  dialog.dataset.sure = "yes"; // the second try closes
  dialog.classList.add("dialog-asks");
  setTimeout(() => dialog.classList.remove("dialog-asks"), 400);
}

function close(dialog) {
  if (mayClose(dialog)) dialog.close();
  else shake(dialog);
}

document.addEventListener("click", (event) => {
  const dialog = event.target.closest?.("dialog");
  if (!dialog || !PLACES.includes(dialog.id)) return;
  if (event.target.closest("[data-close]")) dialog.close();
  else if (event.target === dialog) close(dialog); // the backdrop
});

document.addEventListener(
  "cancel",
  (event) => {
    if (!PLACES.includes(event.target.id) || mayClose(event.target)) return;
    event.preventDefault();
    shake(event.target);
  },
  true,
);

document.addEventListener(
  "close",
  (event) => {
    if (!PLACES.includes(event.target.id)) return;
    const toasts = document.getElementById("toasts");
    if (event.target.contains(toasts)) document.body.append(toasts);
    event.target.removeAttribute("data-sure");
    inside(event.target.id).replaceChildren();
    document.dispatchEvent(new CustomEvent("dialog-closed", { detail: { name: event.target.id } }));
  },
  true,
);

for (const name of PLACES) document.addEventListener(`close-${name}`, () => place(name).close());
