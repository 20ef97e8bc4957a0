// Writing to a client: the draft is kept, a double click or a repeat after a failure sends one message.
import { unfilled } from "./canned.js";
import { ask } from "./confirm.js";
import { forget, pending } from "./files.js";

const PREFIX = "draft:";
const GROWS = CSS.supports("field-sizing", "content");

const form = () => document.getElementById("composer");
const field = () => form()?.elements.namedItem("text") ?? null;
const store = {
  get: (uuid) => attempt(() => localStorage.getItem(PREFIX + uuid)) ?? "",
  set: (uuid, text) => attempt(() => localStorage.setItem(PREFIX + uuid, text)),
  drop: (uuid) => attempt(() => localStorage.removeItem(PREFIX + uuid)),
};

function attempt(work) {
  try {
    return work();
  } catch {
    return null; // storage is full or forbidden: the draft lives as long as the page
  }
}

function grow(area) {
  if (GROWS) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

/** A key names one message: the same text tried again keeps it, another text gets its own. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

let tried = null; // what the last failed attempt carried: {uuid, text, files, key}

function keyFor(uuid, text, files) {
  const same = tried?.uuid === uuid && tried.text === text && tried.files.every((file, at) => file === files[at]);
  if (!same || tried.files.length !== files.length) tried = { uuid, text, files: [...files], key: newKey() };
  return tried.key;
}

// A variable that nobody has filled is asked about before it leaves for a client.
document.addEventListener("htmx:confirm", (event) => {
  if (event.detail.elt !== form()) return;
  const names = unfilled(field().value);
  if (!names.length) return;
  event.preventDefault();
  const { ask: question, askLabel } = form().dataset;
  ask(question.replace("$", names.join(", ")), askLabel, () => event.detail.issueRequest(true));
});

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  grow(event.target);
  const { uuid } = form().dataset;
  if (event.target.value) store.set(uuid, event.target.value);
  else store.drop(uuid);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.target !== field()) return;
  event.preventDefault();
  form().requestSubmit();
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt !== form()) return;
  const text = event.detail.parameters.get("text") ?? "";
  const files = pending();
  if (!text.trim() && !files.length) event.preventDefault();
  event.detail.parameters.set("key", keyFor(form().dataset.uuid, text, files));
  if (!files.length) return;
  event.detail.path = form().dataset.filesUrl;
  event.detail.timeout = 0; // a film takes its time
  files.forEach((file) => event.detail.formData.append("files", file, file.name));
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, requestConfig } = event.detail;
  if (elt.id !== "composer" || !successful) return;
  const sent = requestConfig.parameters.text ?? "";
  tried = null;
  forget();
  if (store.get(elt.dataset.uuid) === sent) store.drop(elt.dataset.uuid);
  const area = field();
  if (!area || form().dataset.uuid !== elt.dataset.uuid) return;
  area.value = area.value === sent ? "" : area.value;
  grow(area);
  area.focus();
});

// A refresh must not take the text away: the composer is replaced only when what it allows has changed.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.id !== "compose") return;
  const next = fragment.querySelector("#compose") ?? fragment.firstElementChild;
  if (next?.dataset.state === target.dataset.state) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:load", () => {
  const area = field();
  if (!area || area.dataset.ready) return;
  area.dataset.ready = "true";
  area.value = store.get(form().dataset.uuid);
  grow(area);
  if (!matchMedia("(pointer: fine)").matches) return;
  if (area.closest("#drawer")) area.focus();
  else if (!document.querySelector("dialog[open]")) {
    if (document.activeElement === document.body || document.activeElement?.closest?.("#dialogs")) area.focus();
  }
});

// Who signs out leaves no texts behind on this machine.
document.addEventListener("submit", (event) => {
  if (!event.target.matches?.("[data-forget]")) return;
  attempt(() =>
    Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .forEach((key) => localStorage.removeItem(key)),
  );
});
