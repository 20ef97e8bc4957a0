// Every request carries the CSRF token; every failed one says so in a toast.
import htmx from "./htmx.js";

const SHOWN = 8000; // ms a toast stays
const KEPT = 4; // toasts at once

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
});

function put(toast) {
  const place = document.getElementById("toasts");
  if (!place || !toast) return;
  place.append(toast);
  htmx.process(toast);
  while (place.children.length > KEPT) place.firstElementChild.remove();
  setTimeout(() => toast.remove(), SHOWN);
}

/** A toast from a <template> of the page, optionally with another text. */
export function toast(id, text) {
  const template = document.getElementById(id);
  if (!template) return;
  const node = template.content.firstElementChild.cloneNode(true);
  if (text) node.querySelector("[data-text]").textContent = text;
  put(node);
}

/** Elements that refresh themselves fail quietly: the banner tells of a lost connection, the next refresh heals. */
function isBackground({ detail: { elt, requestConfig } }) {
  return requestConfig?.verb === "get" && elt.matches("[data-live]");
}

// The server says what happened in the header HX-Trigger, as the event "toast"; a proxy's error page does not.
document.addEventListener("toast", (event) => {
  const { kind, message, elt } = event.detail;
  if (kind === "error" && elt?.matches("[data-live]")) return;
  toast(kind === "error" ? "toast-failed" : "toast-done", message);
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (isBackground(event) || xhr.status === 409 || xhr.status === 422) return;
  if (/HX-(Redirect|Trigger):/i.test(xhr.getAllResponseHeaders())) return;
  toast("toast-failed");
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!isBackground(event)) toast("toast-offline");
  });
}

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-dismiss]")?.closest(".toast-note")?.remove();
});
