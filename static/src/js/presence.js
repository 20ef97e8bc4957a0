// Colleagues see who has a dialog open and who types in it: a sign of life each BEAT while the page is in sight, and
// at most each TYPING while keys come. What is shown of others is asked again when it has had its time.
import { SIGNED } from "./requests.js";
import htmx from "./htmx.js";

const BEAT = 20_000; // ms; the server forgets a silent page after 50 s
const TYPING = 3_000;
const STILL = 5_000; // ms without a key: no longer typing

let open = null; // the address that takes our signs
let keyed = 0; // when the last key came
let said = 0; // when typing was said last
let stale = 0;

const place = () => document.getElementById("presence");

/** Not through htmx: it is no news for the page, and must reach the server also while the page goes away. */
function sign(address, state) {
  const body = new URLSearchParams({ state });
  fetch(address, { method: "POST", body, headers: SIGNED, keepalive: true }).catch(() => {});
}

function look() {
  if (open && !document.hidden) sign(open, Date.now() - keyed < STILL ? "typing" : "looking");
}

function changed() {
  const now = place()?.dataset.signs ?? null;
  if (now === open) return;
  if (open) sign(open, "gone");
  open = now;
  keyed = said = 0;
  look();
}

/** Somebody's sign grows old without any event: look again then. */
function wait() {
  clearTimeout(stale);
  const ends = [...(place()?.querySelectorAll("[data-stale]") ?? [])].map((each) => Number(each.dataset.stale));
  if (ends.length) stale = setTimeout(() => place() && htmx.trigger(place(), "live"), Math.min(...ends) * 1000);
}

document.addEventListener("htmx:load", () => {
  changed();
  wait();
});
document.addEventListener("htmx:afterSettle", wait);
document.addEventListener("dialog-closed", changed);

document.addEventListener("input", (event) => {
  if (!open || event.target.form?.id !== "composer") return;
  keyed = Date.now();
  if (keyed - said < TYPING) return;
  said = keyed;
  look();
});

// Sent: no longer typing, at once.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt.id !== "composer" || !detail.successful || !said) return;
  keyed = said = 0;
  look();
});

document.addEventListener("visibilitychange", () => {
  if (!open) return;
  if (document.hidden) sign(open, "gone");
  else look();
});
addEventListener("pagehide", () => open && sign(open, "gone"));
setInterval(look, BEAT);
