// The bell: the tab's title says how much waits; by choice a tone and a notice of the desktop do, too, when it grows.
import htmx from "./htmx.js";
import { SIGNED } from "./requests.js";

const TONE = { pitch: 660, seconds: 0.18, loudness: 0.08 };
const APART = 2000; // ms: of several open tabs only one sounds
const bell = document.getElementById("bell");
const counts = () => document.getElementById("counts");

function stored(name) {
  try {
    return localStorage.getItem(`aiguro:${name}`);
  } catch {
    return null;
  }
}

function store(name, value) {
  try {
    localStorage.setItem(`aiguro:${name}`, value);
  } catch {
    // this browser keeps nothing: the choice holds for the page
  }
}

let before = null;

function entitle() {
  const { waiting = 0, unread = 0, most = 99 } = counts()?.dataset ?? {};
  const number = Number(waiting) + Number(unread);
  const bare = document.title.replace(/^\(\d+\+?\) /, "");
  const wanted = number ? `(${number > most ? `${most}+` : number}) ${bare}` : bare;
  if (document.title !== wanted) document.title = wanted;
}

let sounds = null;

function ring() {
  if (stored("sound") !== "on" || Date.now() - Number(stored("rang") ?? 0) < APART) return;
  store("rang", String(Date.now()));
  sounds ??= new AudioContext();
  const [tone, volume] = [sounds.createOscillator(), sounds.createGain()];
  tone.frequency.value = TONE.pitch;
  volume.gain.setValueAtTime(TONE.loudness, sounds.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, sounds.currentTime + TONE.seconds);
  tone.connect(volume).connect(sounds.destination);
  tone.start();
  tone.stop(sounds.currentTime + TONE.seconds);
}

function tell(words) {
  if (stored("desktop") !== "on" || !document.hidden || !("Notification" in window)) return;
  if (Notification.permission !== "granted") return;
  const notice = new Notification("AIGURO", { body: words, tag: "aiguro" });
  notice.onclick = () => {
    window.focus();
    notice.close();
  };
}

function heard() {
  const data = counts()?.dataset;
  if (data?.waiting === undefined) return;
  entitle();
  const now = { waiting: Number(data.waiting), unread: Number(data.unread) };
  const more = before && (now.waiting > before.waiting || now.unread > before.unread);
  if (bell.open && before && now.unread !== before.unread) htmx.trigger("#notifications", "open-bell");
  before = now;
  if (!more) return;
  ring();
  tell(data.words);
}

async function choose(box) {
  const name = box.dataset.alert;
  if (name === "desktop" && box.checked) {
    const allowed = "Notification" in window && (await Notification.requestPermission()) === "granted";
    box.checked = allowed;
    document.getElementById("alert-refused").hidden = allowed;
  }
  store(name, box.checked ? "on" : "off");
  if (name === "sound" && box.checked) {
    store("rang", "0");
    ring(); // so that one knows what it sounds like
  }
}

if (bell) {
  for (const box of bell.querySelectorAll("[data-alert]")) {
    box.checked = stored(box.dataset.alert) === "on";
    box.addEventListener("change", () => choose(box));
  }
  bell.addEventListener("toggle", () => bell.open && htmx.trigger("#notifications", "open-bell"));
  bell.addEventListener("click", (event) => {
    const item = event.target.closest("[data-read]");
    if (item) fetch(item.dataset.read, { method: "POST", keepalive: true, headers: SIGNED });
  });
  document.addEventListener("htmx:load", (event) => event.detail.elt.id === "counts" && heard());
  new MutationObserver(entitle).observe(document.querySelector("title"), { childList: true });
}
