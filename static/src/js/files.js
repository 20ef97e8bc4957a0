// Files on their way to a client: chosen by the paperclip, pasted or dropped; shown as a list above the text until the
// message leaves with them.
import { toast } from "./requests.js";

const form = () => document.getElementById("composer");
const list = () => document.getElementById("compose-files");
const picker = () => document.getElementById("compose-file");

let chosen = []; // File objects
let owner = ""; // the dialog that they were chosen for

export const pending = () => (owner === form()?.dataset.uuid ? chosen : []);

export function forget() {
  chosen = [];
  if (list()) draw();
}

function say(words) {
  toast("toast-failed", words);
}

function add(files) {
  if (!files.length || !form()) return;
  if (!form().dataset.filesUrl) return say(form().dataset.noFiles);
  if (owner !== form().dataset.uuid) chosen = [];
  owner = form().dataset.uuid;
  const most = Number(form().dataset.filesMax);
  if (chosen.length + files.length > most) say(form().dataset.many);
  chosen = [...chosen, ...files].slice(0, most);
  draw();
  form().elements.namedItem("text").focus();
}

function sized(bytes) {
  const [unit, value] = bytes < 1048576 ? ["kilobyte", Math.ceil(bytes / 1024)] : ["megabyte", bytes / 1048576];
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

function row(file, number) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "clip";
  name.textContent = file.name;
  const size = document.createElement("span");
  size.className = "document-size";
  size.textContent = sized(file.size);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "link-button";
  remove.dataset.removeFile = number;
  remove.textContent = "×";
  remove.setAttribute("aria-label", `${form().dataset.remove}: ${file.name}`);
  item.append(name, size, remove);
  return item;
}

function draw() {
  const files = pending();
  list().replaceChildren(...files.map(row));
  list().hidden = !files.length;
  if (files.length) form().setAttribute("hx-encoding", "multipart/form-data");
  else form().removeAttribute("hx-encoding");
}

document.addEventListener("click", (event) => {
  const remove = event.target.closest?.("[data-remove-file]");
  if (remove) {
    chosen.splice(Number(remove.dataset.removeFile), 1);
    draw();
  }
  if (!event.target.closest?.("#compose-clip")) return;
  if (form().dataset.filesUrl) picker().click();
  else say(form().dataset.noFiles);
});

document.addEventListener("change", (event) => {
  if (event.target !== picker()) return;
  add([...event.target.files]);
  event.target.value = "";
});

document.addEventListener("paste", (event) => {
  if (event.target.form !== form() || !event.clipboardData?.files.length) return;
  event.preventDefault();
  add([...event.clipboardData.files]);
});

const column = (event) => event.target.closest?.(".chat-column");
const carries = (event) => event.dataTransfer?.types.includes("Files") && form() && column(event);

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    column(event).dataset.drop = "true";
  });
}

document.addEventListener("dragleave", (event) => {
  if (column(event) && !column(event).contains(event.relatedTarget)) delete column(event).dataset.drop;
});

document.addEventListener("drop", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  delete column(event).dataset.drop;
  add([...event.dataTransfer.files]);
});

document.addEventListener("htmx:load", () => list() && draw());
