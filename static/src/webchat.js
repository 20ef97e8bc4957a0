// The visitor's chat. A random secret made here is the visitor's only name; it travels in a header, never in an address.
// A message is shown at once, kept until the server has it, and repeated under the same key, which never doubles it.
const { key, textSending, textFailed, textAgain, textRemove, textUs, textToday } = document.body.dataset;
const base = `/chat/${encodeURIComponent(key)}`;
const POLL = 3_000; // ms between questions while there is no stream
const PATIENCE = 15_000; // ms for one request
const SILENCE = 40_000; // ms; the server says something each 15 s
const AGAIN = 5_000; // ms until what did not arrive is sent again, unless the server asks for more
const LATER = [408, 409, 425, 429]; // refusals that pass: the same message may be taken later (409: the chat is off)
const SHOWN_MAX = 8 * 1024 * 1024; // bytes of an image that is shown; a larger one is saved
const VISIBLE = /[^\p{Z}\p{C}\p{M}\u115f\u1160\u2800\u3164\uffa0]|\p{Cn}/u; // as webhooks/webchat.py reads it
const embedded = window.parent !== window;

const list = document.getElementById("messages");
const scroller = document.getElementById("scroller");
const field = document.getElementById("text");

function random() {
  return [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const memory = new Map(); // where a browser forbids storage inside a frame, the chat lives as long as the page
const storage = {
  get(name) {
    try {
      return localStorage.getItem(`aiguro:${key}:${name}`) ?? memory.get(name);
    } catch {
      return memory.get(name);
    }
  },
  set(name, value) {
    memory.set(name, value);
    try {
      localStorage.setItem(`aiguro:${key}:${name}`, value);
    } catch {
      // see `memory`
    }
  },
};

const visitor = storage.get("visitor") ?? random();
storage.set("visitor", visitor);

let outbox = kept(); // [{key, text, refused}], oldest first, until the server has them
let last = 0; // up to where we have asked; an answer to what we say does not count: others may have come before it
let seen = 0; // up to where the server knows that we have read
let lastDay = "";
let shown = !embedded;
let streaming = false;
let sending = false;
let again; // the timer of the next try to send
let asking; // the timer of the next try to load

async function call(path, options = {}) {
  const headers = { "X-Visitor": visitor, ...(options.body && { "Content-Type": "application/json" }) };
  const answer = await fetch(base + path, { ...options, headers, signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) {
    const wait = 1000 * Number(answer.headers.get("Retry-After") ?? 0) || 0;
    throw Object.assign(new Error(String(answer.status)), { status: answer.status, wait });
  }
  return answer.json();
}

function element(tag, className, text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

function clock(time) {
  return new Date(time).toLocaleTimeString("ru-RU", { hour: "2-digit", minute: "2-digit" });
}

function dayBreak(time) {
  const date = new Date(time);
  if (date.toDateString() === lastDay) return;
  lastDay = date.toDateString();
  const today = lastDay === new Date().toDateString();
  const words = today ? textToday : date.toLocaleDateString("ru-RU", { day: "numeric", month: "long" });
  const before = list.querySelector(".pending, .failed");
  list.insertBefore(element("li", "day", words), before);
}

/** The bytes of a file: only fetch() can carry the secret in a header. */
async function bytesOf(file) {
  const answer = await fetch(`${base}/files/${file.id}`, { headers: { "X-Visitor": visitor } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.blob();
}

async function save(file) {
  try {
    const link = element("a");
    link.href = URL.createObjectURL(await bytesOf(file));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    offline(false);
  } catch {
    offline(true);
  }
}

/** A file as a line that saves it; an image is shown in a box of its own, whose size is known before it is here. */
function fileLine(file) {
  const line = button(file.name, () => save(file));
  line.className = "file";
  if (!/^image\/(png|jpeg|gif|webp)$/.test(file.type) || file.size > SHOWN_MAX) return line;
  const image = element("img");
  image.alt = file.name;
  line.replaceChildren(image);
  line.classList.add("image");
  bytesOf(file)
    .then((blob) => {
      const reader = new FileReader(); // the page's policy lets images come from data:, not from blob:
      reader.onload = () => (image.src = reader.result);
      reader.readAsDataURL(blob);
    })
    .catch(() => line.replaceChildren(file.name));
  return line;
}

function bubble({ role, text, name, time, files }) {
  const item = element("li", role);
  for (const file of files ?? []) item.append(fileLine(file));
  if (text || !files?.length) item.append(element("div", "bubble", text));
  item.append(element("div", "foot", [role === "us" && (name || textUs), clock(time)].filter(Boolean).join(" · ")));
  return item;
}

function keepEnd(change) {
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
  change();
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

function kept() {
  try {
    return JSON.parse(storage.get("outbox") ?? "[]");
  } catch {
    return [];
  }
}

/** Change the outbox. What other tabs of this visitor keep in the same place stays. */
function change(make) {
  outbox = make(outbox);
  storage.set("outbox", JSON.stringify(make(kept())));
}

function keep(entry) {
  const known = (entries) => entries.some((each) => each.key === entry.key);
  const put = (entries) => entries.map((each) => (each.key === entry.key ? entry : each));
  change((entries) => (known(entries) ? put(entries) : [...entries, entry]));
}

function forget(entry) {
  change((entries) => entries.filter((each) => each.key !== entry.key));
  document.getElementById(`out-${entry.key}`)?.remove();
}

/** Show what the server has. A message of ours that is still waiting here is recognised by its key and gives way. */
function show(messages) {
  keepEnd(() => {
    for (const message of messages) {
      if (document.getElementById(`message-${message.id}`)) continue;
      const waiting = outbox.find((entry) => `w${entry.key}` === message.ref);
      if (waiting) forget(waiting);
      dayBreak(message.time);
      const item = bubble(message);
      item.id = `message-${message.id}`;
      const next = [...list.children].find((each) => Number(each.id.replace("message-", "")) > message.id);
      list.insertBefore(item, next ?? list.querySelector(".pending, .failed"));
    }
  });
  read();
}

function button(words, press) {
  const made = element("button", "", words);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

function showWaiting(entry, failed = false) {
  const item = element("li", `user ${failed ? "failed" : "pending"}`);
  item.id = `out-${entry.key}`;
  item.append(element("div", "bubble", entry.text));
  const foot = element("div", "foot", failed ? textFailed : textSending);
  if (failed) {
    foot.append(button(textAgain, () => retry(entry)), button(textRemove, () => forget(entry)));
  }
  item.append(foot);
  const old = document.getElementById(item.id);
  keepEnd(() => (old ? old.replaceWith(item) : list.append(item)));
}

async function send() {
  if (sending) return;
  sending = true;
  clearTimeout(again);
  try {
    for (let entry; (entry = outbox.find((each) => !each.refused)); ) await sendOne(entry);
    if (list.querySelector("[id^=message-]")) listen();
  } catch (error) {
    outbox.forEach((entry) => showWaiting(entry, true));
    offline(!error.status);
    again = setTimeout(send, Math.max(AGAIN, error.wait ?? 0));
  } finally {
    sending = false;
  }
}

/** Throws what the next try may heal; a message that the server will never take is marked, and holds up no other. */
async function sendOne(entry) {
  showWaiting(entry);
  try {
    const body = JSON.stringify({ visitor, key: entry.key, text: entry.text });
    const { message } = await call("/messages", { method: "POST", body });
    forget(entry);
    show([message]);
  } catch (error) {
    if (!(error.status >= 400 && error.status < 500) || LATER.includes(error.status)) throw error;
    entry.refused = true;
    keep(entry);
    showWaiting(entry, true);
  }
  offline(false);
}

function retry(entry) {
  entry.refused = false;
  keep(entry);
  send();
}

async function load() {
  clearTimeout(asking);
  try {
    const { messages } = await call(`/messages?after=${last}`);
    show(messages);
    last = Math.max(last, ...messages.map((message) => message.id));
    offline(false);
    return true;
  } catch (error) {
    offline(!error.status);
    asking = setTimeout(load, Math.max(AGAIN, error.wait ?? 0)); // an open stream won't say it twice
    return false;
  }
}

function offline(on) {
  document.getElementById("offline").hidden = !on;
}

/** Read is what the visitor has in front of them. */
function read() {
  const newest = [...list.querySelectorAll(".us")].pop();
  const id = Number(newest?.id.replace("message-", "") ?? 0);
  if (id <= seen) return;
  if (document.hidden || !shown) {
    const unread = [...list.querySelectorAll(".us")].filter((item) => Number(item.id.slice(8)) > seen).length;
    tellParent({ unread });
    return;
  }
  seen = id;
  storage.set("seen", String(id));
  tellParent({ unread: 0 });
  call("/seen", { method: "POST", body: JSON.stringify({ visitor, id }) }).catch(() => (seen = 0));
}

/** fetch() instead of EventSource: only it can carry the secret in a header. Without a stream we ask each POLL. */
async function listen() {
  if (streaming) return;
  streaming = true;
  while (true) {
    try {
      await stream();
    } catch {
      // asked below, and tried again
    }
    await load();
    await new Promise((done) => setTimeout(done, document.hidden ? POLL * 10 : POLL));
  }
}

async function stream() {
  const control = new AbortController();
  let silence = setTimeout(() => control.abort(), SILENCE);
  try {
    const answer = await fetch(`${base}/live`, { headers: { "X-Visitor": visitor }, signal: control.signal });
    if (!answer.ok) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(() => control.abort(), SILENCE);
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      if (events.some((event) => /^event: messages$/m.test(event))) load();
    }
  } finally {
    clearTimeout(silence);
  }
}

function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = field.value.trim();
  const text = words.toWellFormed?.() ?? words; // half a surrogate pair would be refused
  if (!VISIBLE.test(text)) return;
  keep({ key: random(), text });
  field.value = "";
  grow();
  showWaiting(outbox.at(-1));
  scroller.scrollTop = scroller.scrollHeight;
  send();
});

field.addEventListener("input", grow);
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  document.getElementById("form").requestSubmit();
});

addEventListener("online", send);
document.addEventListener("visibilitychange", read);

// Inside the widget: the frame around us says whether it is open, we say what is unread.
function tellParent(message) {
  if (embedded) window.parent.postMessage({ aiguro: key, ...message }, "*");
}

addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.aiguro !== key) return;
  shown = event.data.shown === true;
  read();
  if (shown && matchMedia("(pointer: fine)").matches) field.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tellParent({ close: true });
});

async function begin() {
  seen = Number(storage.get("seen") ?? 0);
  const loaded = await load();
  scroller.scrollTop = scroller.scrollHeight;
  outbox.forEach((entry) => showWaiting(entry, entry.refused));
  tellParent({ ready: true });
  if (outbox.some((entry) => !entry.refused)) send();
  if (last || !loaded) listen(); // nobody writes first to a visitor whom nobody knows
}

begin();
