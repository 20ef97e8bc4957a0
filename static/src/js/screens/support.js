// Support: forms with files. Texts are kept per ticket until they are sent; files are chosen or dropped, and stay chosen
// when something is refused; a key makes a repeat after a lost answer the same message.
const PREFIX = "draft:"; // who signs out leaves none behind: composer.js
const TIMEOUT = 90_000; // ms; the server gives an upload 60 s
const chosen = new WeakMap(); // form -> its files
const keys = new WeakMap(); // form -> {signature, key} of what was tried last

const formOf = (element) => element.closest?.("form[data-send]");
const input = (form) => form.querySelector("input[type=file]");
const texts = (form) => [...form.querySelectorAll("input:not([type=file], [type=hidden]), textarea")];
const files = (form) => chosen.get(form) ?? [];

function attempt(work) {
  try {
    return work();
  } catch {
    return null; // storage is full or forbidden: the draft lives as long as the page
  }
}

// --- drafts

const place = (form, field) => `${PREFIX}${form.dataset.draft}:${field.name}`;

function keepDraft(form, field) {
  attempt(() => (field.value ? localStorage.setItem(place(form, field), field.value) : localStorage.removeItem(place(form, field))));
}

function restoreDraft(form) {
  for (const field of texts(form)) field.value ||= attempt(() => localStorage.getItem(place(form, field))) ?? "";
}

function dropDraft(form) {
  for (const field of texts(form)) attempt(() => localStorage.removeItem(place(form, field)));
}

// --- files

function size(bytes) {
  const [unit, value] = bytes < 1048576 ? ["kilobyte", Math.max(1, Math.round(bytes / 1024))] : ["megabyte", bytes / 1048576];
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

/** What is wrong with each file, as far as one sees from here; the server looks again, and at the content. */
function faults(form) {
  const { most, limit, tooMany, tooLarge, empty } = input(form).dataset;
  let total = 0;
  return files(form).map((file, place) => {
    total += file.size;
    if (place >= Number(most)) return tooMany;
    if (total > Number(limit)) return tooLarge;
    return file.size === 0 ? empty : "";
  });
}

function showFiles(form) {
  const list = form.querySelector("[data-files]");
  const template = form.querySelector("template[data-file]");
  const wrong = faults(form);
  list.replaceChildren(
    ...files(form).map((file, place) => {
      const item = template.content.firstElementChild.cloneNode(true);
      item.querySelector("[data-name]").textContent = file.name;
      item.querySelector("[data-size]").textContent = size(file.size);
      item.querySelector("[data-wrong]").textContent = wrong[place];
      item.classList.toggle("drop-file-bad", Boolean(wrong[place]));
      item.querySelector("[data-drop-file]").dataset.dropFile = place;
      return item;
    }),
  );
}

function setFiles(form, found) {
  chosen.set(form, found);
  const carrier = new DataTransfer();
  found.forEach((file) => carrier.items.add(file));
  input(form).files = carrier.files;
  showFiles(form);
}

function addFiles(form, found) {
  const known = new Set(files(form).map((file) => `${file.name}/${file.size}/${file.lastModified}`));
  const fresh = [...found].filter((file) => !known.has(`${file.name}/${file.size}/${file.lastModified}`));
  setFiles(form, [...files(form), ...fresh]);
}

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

document.addEventListener("change", (event) => {
  const form = formOf(event.target);
  if (form && event.target === input(form)) addFiles(form, event.target.files);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-drop-file]");
  if (!button) return;
  const form = formOf(button);
  setFiles(form, files(form).filter((_, place) => place !== Number(button.dataset.dropFile)));
  input(form).focus();
});

document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault(); // a file that misses must not replace the page
  const form = formOf(event.target);
  event.dataTransfer.dropEffect = form ? "copy" : "none";
  document.querySelectorAll(".drop-over").forEach((other) => other !== form && other.classList.remove("drop-over"));
  form?.classList.add("drop-over");
});

document.addEventListener("dragleave", (event) => {
  const form = formOf(event.target);
  if (form && !form.contains(event.relatedTarget)) form.classList.remove("drop-over");
});

document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  const form = formOf(event.target);
  form?.classList.remove("drop-over");
  if (form) addFiles(form, event.dataTransfer.files);
});

document.addEventListener("paste", (event) => {
  const form = formOf(event.target);
  if (form && event.clipboardData?.files.length) {
    event.preventDefault(); // a screenshot
    addFiles(form, event.clipboardData.files);
  }
});

// --- sending

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The same content tried again keeps its key; anything else gets its own. */
function keyFor(form) {
  const named = files(form).map((file) => [file.name, file.size, file.lastModified]);
  const fields = [...form.elements].filter((field) => field.name && field.type !== "file").map((field) => [field.name, field.value]);
  const signature = JSON.stringify([form.getAttribute("hx-post"), fields, named]);
  if (keys.get(form)?.signature !== signature) keys.set(form, { signature, key: newKey() });
  return keys.get(form).key;
}

function progress(form, value) {
  const bar = form.querySelector("progress");
  bar.hidden = value === null;
  bar.value = value ?? 0;
}

document.addEventListener("input", (event) => {
  const form = formOf(event.target);
  if (form && texts(form).includes(event.target)) keepDraft(form, event.target);
});

document.addEventListener("keydown", (event) => {
  const form = formOf(event.target);
  if (!form || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, headers, parameters } = event.detail;
  if (elt.id === "tickets") parameters.set("shown", elt.querySelectorAll("[data-ticket]").length);
  if (!elt.matches("form[data-send]")) return;
  if (faults(elt).some(Boolean)) {
    event.preventDefault();
    elt.querySelector(".drop-file-bad [data-drop-file]").focus();
    return;
  }
  headers["Idempotency-Key"] = keyFor(elt);
  event.detail.timeout = TIMEOUT;
  elt.querySelector(".problems").replaceChildren();
});

document.addEventListener("htmx:xhr:progress", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-send]") || !files(form).length || !event.detail.lengthComputable) return;
  progress(form, Math.round((event.detail.loaded / event.detail.total) * 100));
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  const form = requestConfig?.elt;
  if (!form?.matches?.("form[data-send]") || xhr.status >= 300) return;
  dropDraft(form); // before the modal that it may stand in is emptied
  keys.delete(form);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = event.detail;
  if (!elt.matches("form[data-send]")) return;
  progress(elt, null);
  if (!successful || !elt.isConnected) return;
  for (const field of texts(elt)) field.value = "";
  setFiles(elt, []);
  elt.querySelector("textarea").focus();
});

// --- the list knows which ticket is open

document.addEventListener("htmx:load", () => {
  document.querySelectorAll("form[data-send]:not([data-ready])").forEach((form) => {
    form.dataset.ready = "true";
    restoreDraft(form);
  });
  const open = document.getElementById("ticket-open")?.value;
  document.querySelectorAll(".ticket-row").forEach((row) => {
    if (row.dataset.ticket === open) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });
});
