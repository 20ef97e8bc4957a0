// Every request carries the CSRF token and the organisation that this page shows: another tab may have chosen another
// one since. Every failed request says so in a toast.
import htmx from "./htmx.js";

const SHOWN = 8000; // ms a toast stays
const SHOWN_TO_UNDO = 15000;
const KEPT = 4; // toasts at once

const said = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
const organization = said("organization") ? { "X-Organization": said("organization") } : {};

/** What every write of this page must say, also one by fetch. */
export const SIGNED = { "X-CSRFToken": said("csrf-token"), ...organization };

document.addEventListener("htmx:configRequest", (event) => {
  Object.assign(event.detail.headers, event.detail.verb === "get" ? organization : SIGNED);
});

function put(toast, shown) {
  const place = document.getElementById("toasts");
  if (!place || !toast) return;
  const above = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (place.parentElement !== above) above.append(place); // what lies outside of an open dialog cannot be pressed
  const same = [...place.children].find((old) => old.textContent === toast.textContent);
  same?.remove(); // what is said again takes no second place
  place.append(toast);
  htmx.process(toast);
  while (place.children.length > KEPT) place.firstElementChild.remove();
  setTimeout(() => toast.remove(), shown);
}

/** A toast from a <template> of the page, optionally with another text, and with a button that posts to `undo`. */
export function toast(id, text, undo) {
  const template = document.getElementById(id);
  if (!template) return;
  const node = template.content.firstElementChild.cloneNode(true);
  if (text) node.querySelector("[data-text]").textContent = text;
  const button = node.querySelector("[data-undo]");
  if (undo && button) {
    button.setAttribute("hx-post", undo);
    button.setAttribute("hx-swap", "none");
    button.addEventListener("htmx:afterRequest", () => node.remove());
    button.hidden = false;
  }
  put(node, undo ? SHOWN_TO_UNDO : SHOWN);
}

/** Elements that refresh themselves fail quietly: the banner tells of a lost connection, the next refresh heals. */
function isBackground({ detail: { elt, requestConfig } }) {
  return requestConfig?.verb === "get" && elt.matches("[data-live]");
}

// The server says what happened in the header HX-Trigger, as the event "toast"; a proxy's error page does not.
document.addEventListener("toast", (event) => {
  const { kind, message, undo, elt } = event.detail;
  if (kind === "error" && elt?.matches("[data-live]")) return;
  toast(["error", "warning"].includes(kind) ? "toast-failed" : "toast-done", message, undo);
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
