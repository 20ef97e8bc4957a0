// One stream for the whole page. It carries only names of what changed; elements with data-live="name" fetch themselves
// anew, with their own rights: at most once in data-live-pause ms where that is given, and only while the page is in
// sight, but for data-live-always. data-listen="dialog=<uuid>" makes the stream hear what is open besides the lists.
// A silent stream is taken for dead: after sleep or a change of network no error comes.
import htmx from "./htmx.js";

const SILENCE = 40_000; // ms; the server beats each 15 s
const HEAL = 30_000; // ms between refreshes that make up for anything lost on the way
const PATIENCE = 1_500; // ms before a person is told: most losses are over by then
const SLOWEST = 10_000; // ms between two tries

const url = document.body.dataset.liveUrl;
let source = null;
let topic = ""; // what is open, which the stream hears besides the lists
let tries = 0;
let heard = 0;
let bannerTimer = 0;
let retryTimer = 0;
let missed = false;

const late = new Set(); // elements that changed while nobody looked
const listeners = () => [...new Set([...document.querySelectorAll("[data-listen]")].map((e) => e.dataset.listen))];
const openThings = () => listeners().filter(Boolean).sort().join("&");

function fetchAnew(element) {
  if (document.hidden && !("liveAlways" in element.dataset)) {
    late.add(element);
    return;
  }
  const pause = Number(element.dataset.livePause ?? 0) - (Date.now() - (element.fetchedAt ?? 0));
  if (pause > 0) {
    element.fetchTimer ||= setTimeout(() => {
      element.fetchTimer = 0;
      if (element.isConnected) fetchAnew(element);
    }, pause);
    return;
  }
  element.fetchedAt = Date.now();
  htmx.trigger(element, "live");
}

function catchUp() {
  const waiting = [...late];
  late.clear();
  waiting.filter((element) => element.isConnected).forEach(fetchAnew);
}

function refresh(name) {
  const wanted = name === "*" ? "[data-live]" : `[data-live~="${CSS.escape(name)}"]`;
  document.querySelectorAll(wanted).forEach(fetchAnew);
}

function banner(on) {
  clearTimeout(bannerTimer);
  bannerTimer = 0;
  document.getElementById("connection-lost")?.toggleAttribute("hidden", !on);
}

function opened(stream, open) {
  if (source !== stream) source?.close(); // the new one hears everything: the old one may go
  source = stream;
  tries = 0;
  heard = Date.now();
  banner(false);
  if (missed) refresh("*");
  else {
    const before = topic.split("&"); // what happened between its rendering and now
    open.split("&").filter((name) => name && !before.includes(name)).forEach((name) => refresh(name.replace("=", "-")));
  }
  missed = false;
  topic = open;
}

function failed(stream) {
  stream.close();
  if (source && source !== stream) return;
  source = null;
  missed = true;
  bannerTimer ||= setTimeout(() => banner(true), PATIENCE);
  clearTimeout(retryTimer);
  retryTimer = setTimeout(connect, Math.min(SLOWEST, 500 * 2 ** tries++) * (0.75 + Math.random() / 2));
  if (tries > 3) refresh("*"); // no stream for us: at least what a request can bring
}

function connect() {
  const open = openThings();
  const stream = new EventSource(open ? `${url}?${open}` : url);
  stream.onopen = () => opened(stream, open);
  stream.onerror = () => failed(stream);
  stream.addEventListener("beat", () => (heard = Date.now()));
  stream.addEventListener("changed", (event) => {
    heard = Date.now();
    event.data.split(" ").forEach(refresh);
  });
}

function again() {
  if (!source || Date.now() - heard < SILENCE) return;
  source.close();
  source = null;
  missed = true;
  connect();
}

if (url) {
  topic = openThings();
  let wanted = topic;
  connect();
  setInterval(again, 5_000);
  setInterval(() => document.hidden || refresh("*"), HEAL);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    again();
    catchUp();
  });
  const listen = () => {
    if (openThings() === wanted) return;
    wanted = openThings();
    if (source) connect();
  };
  document.addEventListener("htmx:load", listen);
  document.addEventListener("dialog-closed", listen);
  document.addEventListener("refresh", (event) => event.detail.names.forEach(refresh)); // the server's HX-Trigger
  addEventListener("offline", () => banner(true));
  addEventListener("online", () => {
    missed = true;
    connect();
  });
  addEventListener("pagehide", () => {
    source?.close();
    source = null;
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    missed = true;
    connect();
  });
}
