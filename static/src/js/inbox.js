// The list of dialogs: which row is open, how many rows a refresh must bring.
function selected() {
  return document.getElementById("open-dialog")?.value ?? "";
}

function mark(uuid) {
  for (const row of document.querySelectorAll("#dialogs [data-uuid]")) {
    if (row.dataset.uuid === uuid) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("#dialogs [data-uuid]");
  if (row && !event.ctrlKey && !event.metaKey && !event.shiftKey) mark(row.dataset.uuid);
});

// A refresh brings as many rows as are shown, so that the place where a person reads does not jump.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "dialogs") return;
  event.detail.parameters.set("shown", String(document.querySelectorAll("#dialogs [data-uuid]").length));
});

document.addEventListener("htmx:load", () => {
  const list = document.getElementById("dialogs");
  if (!list) return;
  mark(selected());
});

// Arrow keys walk through the list.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const row = event.target.closest?.("#dialogs [data-uuid]");
  if (!row) return;
  const rows = [...document.querySelectorAll("#dialogs [data-uuid]")];
  const next = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
