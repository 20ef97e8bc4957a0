// The client's pane beside a chat: a column where there is room, laid over the chat where there is none. Whoever folds
// it away on a wide screen finds it folded the next time.
const KEY = "client-pane";
const ROOM = 900; // px of the chat with its pane: css/chat.css knows the same number

const chat = () => document.querySelector("#chat > .chat");
const wide = () => chat()?.clientWidth >= ROOM;

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(state) {
  try {
    localStorage.setItem(KEY, state);
  } catch {
    // no storage: it lasts as long as the page
  }
}

function show(on) {
  chat().dataset.pane = on ? "open" : "shut";
  document.querySelector(".chat-card-open")?.setAttribute("aria-expanded", String(on));
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-client-toggle]") || !chat()) return;
  const on = chat().dataset.pane !== "open";
  if (wide()) keep(on ? "open" : "shut");
  show(on);
  if (!wide()) document.querySelector(on ? ".client-close" : ".chat-card-open")?.focus();
});

document.addEventListener("htmx:load", () => {
  if (!chat()) return;
  show(chat().dataset.pane ? chat().dataset.pane === "open" : wide() && kept() !== "shut");
});
document.addEventListener("htmx:afterSettle", () => chat()?.dataset.pane && show(chat().dataset.pane === "open"));
