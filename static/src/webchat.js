// The visitor's chat. A random secret made here is the visitor's only name; it travels in a header, never in an address.
// A message is shown at once, kept until the server has it, and repeated under the same key, which never doubles it.
const { key, textSending, textFailed, textAgain, textUs, textToday } = document.body.dataset;
const base = `/chat/${encodeURIComponent(key)}`;
const POLL = 3_000; // ms between questions while there is no stream
const PATIENCE = 15_000; // ms for one request
const SILENCE = 40_000; // ms; the server says something each 15 s
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

let outbox = JSON.parse(storage.get("outbox") ?? "[]"); // [{key, text}], oldest first, until the server has them
let last = 0; // the newest message that we have
let seen = 0; // up to where the server knows that we have read
let lastDay = "";
let shown = !embedded;
let streaming = false;
let sending = false;

async function call(path, options = {}) {
  const headers = { "X-Visitor": visitor, ...(options.body && { "Content-Type": "application/json" }) };
  const answer = await fetch(base + path, { ...options, headers, signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw Object.assign(new Error(String(answer.status)), { status: answer.status });
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

function bubble({ role, text, name, time }) {
  const item = element("li", role);
  item.append(element("div", "bubble", text));
  item.append(element("div", "foot", [role === "us" && (name || textUs), clock(time)].filter(Boolean).join(" · ")));
  return item;
}

function keepEnd(change) {
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
  change();
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

function forget(entry) {
  outbox = outbox.filter((each) => each !== entry);
  storage.set("outbox", JSON.stringify(outbox));
  document.getElementById(`out-${entry.key}`)?.remove();
}

/** Show what the server has. A message of ours that is still waiting here is recognised and gives way. */
function show(messages) {
  keepEnd(() => {
    for (const message of messages) {
      if (document.getElementById(`message-${message.id}`)) continue;
      if (message.role === "user") {
        const waiting = outbox.find((entry) => entry.text.trim() === message.text);
        if (waiting) forget(waiting);
      }
      dayBreak(message.time);
      const item = bubble(message);
      item.id = `message-${message.id}`;
      list.insertBefore(item, list.querySelector(".pending, .failed"));
      last = Math.max(last, message.id);
    }
  });
  read();
}

function showWaiting(entry, failed = false) {
  const item = element("li", `user ${failed ? "failed" : "pending"}`);
  item.id = `out-${entry.key}`;
  item.append(element("div", "bubble", entry.text));
  const foot = element("div", "foot", failed ? textFailed : textSending);
  if (failed) {
    const button = element("button", "", textAgain);
    button.type = "button";
    button.addEventListener("click", send);
    foot.append(button);
  }
  item.append(foot);
  const old = document.getElementById(item.id);
  keepEnd(() => (old ? old.replaceWith(item) : list.append(item)));
}

async function send() {
  if (sending) return;
  sending = true;
  try {
    while (outbox.length) {
      const entry = outbox[0];
      showWaiting(entry);
      const body = JSON.stringify({ visitor, key: entry.key, text: entry.text });
      const { message } = await call("/messages", { method: "POST", body });
      forget(entry);
      show([message]);
      offline(false);
    }
    listen();
  } catch (error) {
    outbox.forEach((entry) => showWaiting(entry, true));
    offline(!error.status);
    if (!error.status || error.status === 429 || error.status >= 500) setTimeout(send, 5_000);
  } finally {
    sending = false;
  }
}

async function load() {
  try {
    show((await call(`/messages?after=${last}`)).messages);
    offline(false);
  } catch (error) {
    offline(!error.status);
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
  const text = field.value.trim();
  if (!text) return;
  outbox.push({ key: random(), text });
  storage.set("outbox", JSON.stringify(outbox));
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
  await load();
  scroller.scrollTop = scroller.scrollHeight;
  outbox.forEach((entry) => showWaiting(entry));
  tellParent({ ready: true });
  if (outbox.length) send();
  else if (last) listen(); // nobody writes first to a visitor whom nobody knows
}

begin();
