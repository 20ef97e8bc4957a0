// The messages of the open dialog: where the reader stands, and telling the server what has been read.
//
// The scroller is column-reverse: it begins at the end, keeps its place when older messages come in above, and
// scrollTop is 0 at the end and negative above it. Only what is added below has to be made up for.
import htmx from "./htmx.js";

const NEAR = 48; // px from the end that still count as "at the end"

const scroller = () => document.getElementById("thread");
const atEnd = (box) => box.scrollTop > -NEAR;

let before = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const box = scroller();
  if (!box || event.detail.target?.id !== "messages") return;
  const last = document.getElementById("messages").lastElementChild;
  before = { end: atEnd(box), height: box.scrollHeight, last: last?.id };
});

document.addEventListener("htmx:afterSwap", (event) => {
  const box = scroller();
  if (!box || !before || event.detail.target?.id !== "messages") return;
  const last = document.getElementById("messages").lastElementChild;
  const mine = event.detail.requestConfig?.verb === "post";
  if (before.end || (mine && last?.id !== before.last)) box.scrollTop = 0;
  else box.scrollTop -= box.scrollHeight - before.height;
  if (!before.end && !mine && last?.id !== before.last) showNews(true);
  if (last?.id !== before.last && last?.classList.contains("message-user")) say(last);
  before = null;
});

/** A screen reader hears what the client has just written; older messages that come in above stay silent. */
function say(message) {
  document.getElementById("said").textContent = message.querySelector(".bubble-text")?.textContent ?? "";
}

function showNews(on) {
  const button = document.getElementById("thread-news");
  if (button) button.hidden = !on;
}

document.addEventListener(
  "scroll",
  (event) => {
    if (event.target.id === "thread" && atEnd(event.target)) showNews(false);
  },
  true,
);

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#thread-news")) return;
  scroller().scrollTo({ top: 0, behavior: "smooth" });
  showNews(false);
});

// Read is what a person has in front of them: the dialog is open and the page is visible.
let reading = false;

function read() {
  const head = document.getElementById("chat-head");
  if (!head?.dataset.read || head.dataset.unread === "0" || document.hidden || reading) return;
  reading = true;
  head.dataset.unread = "0";
  htmx.ajax("post", head.dataset.read, { source: head, swap: "none" }).finally(() => (reading = false));
}

// An answer that comes after its chat was closed has nowhere to go. The list hears it itself: what has left the page
// tells the document nothing any more.
function guard() {
  const list = document.getElementById("messages");
  if (!list || list.guarded) return;
  list.guarded = true;
  list.addEventListener("htmx:beforeSwap", (event) => {
    if (!list.isConnected) event.detail.shouldSwap = false;
  });
}

document.addEventListener("htmx:load", guard);
document.addEventListener("htmx:load", read);
document.addEventListener("visibilitychange", read);
