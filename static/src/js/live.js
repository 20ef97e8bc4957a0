// One stream for the whole page. It carries only names of what changed; elements with data-live="name" fetch themselves
// anew, with their own rights. A silent stream is taken for dead: after sleep or a change of network no error comes.
import htmx from "./htmx.js";

const SILENCE = 40_000; // ms; the server beats each 15 s
const HEAL = 30_000; // ms between refreshes that make up for anything lost on the way
const PATIENCE = 1_500; // ms before a person is told: most losses are over by then
const SLOWEST = 10_000; // ms between two tries

const url = document.body.dataset.liveUrl;
let source = null;
let topic = ""; // the open dialog, which the stream hears besides the lists
let tries = 0;
let heard = 0;
let bannerTimer = 0;
let retryTimer = 0;
let missed = false;

const openDialog = () => document.getElementById("open-dialog")?.value ?? "";
const fetchAnew = (element) => htmx.trigger(element, "live");

function refresh(name) {
  const wanted = name === "*" ? "[data-live]" : `[data-live~="${CSS.escape(name)}"]`;
  document.querySelectorAll(wanted).forEach(fetchAnew);
}

function banner(on) {
  clearTimeout(bannerTimer);
  bannerTimer = 0;
  document.getElementById("connection-lost")?.toggleAttribute("hidden", !on);
}

function opened(stream, dialog) {
  if (source !== stream) source?.close(); // the new one hears everything: the old one may go
  source = stream;
  tries = 0;
  heard = Date.now();
  banner(false);
  if (missed) refresh("*");
  else if (dialog && dialog !== topic) refresh(`dialog-${dialog}`); // what happened between its rendering and now
  missed = false;
  topic = dialog;
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
  const dialog = openDialog();
  const stream = new EventSource(dialog ? `${url}?dialog=${encodeURIComponent(dialog)}` : url);
  stream.onopen = () => opened(stream, dialog);
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
  topic = openDialog();
  let wanted = topic;
  connect();
  setInterval(again, 5_000);
  setInterval(() => document.hidden || refresh("*"), HEAL);
  document.addEventListener("visibilitychange", () => document.hidden || again());
  document.addEventListener("htmx:load", () => {
    if (openDialog() === wanted) return;
    wanted = openDialog();
    if (source) connect();
  });
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
