// One line on a company's site: <script src="…/widget.js" data-key="…" async></script>
// A round button at the corner opens the chat in a frame. Nothing of the site's styles reaches it, nor ours the site.
(() => {
  const script = document.currentScript ?? document.querySelector("script[data-key][src*='/widget.js']");
  const key = script?.dataset.key;
  if (!key || document.getElementById("aiguro-chat")) return;
  const origin = new URL(script.src, location.href).origin;
  const russian = (document.documentElement.lang || navigator.language).toLowerCase().startsWith("ru");
  const words = russian
    ? { open: "Открыть чат", close: "Закрыть чат", title: "Чат с компанией", unread: "непрочитанных" }
    : { open: "Open the chat", close: "Close the chat", title: "Chat with us", unread: "unread" };

  const STYLE = `
    :host { all: initial; }
    button {
      position: fixed; right: 20px; bottom: 20px; z-index: 2147483001; width: 56px; height: 56px; padding: 0; border: 0;
      border-radius: 50%; background: #3f5bd0; color: #fff; cursor: pointer; box-shadow: 0 6px 20px rgb(0 0 0 / 25%);
    }
    button:hover { background: #344eba; }
    button:focus-visible { outline: 3px solid #3f5bd0; outline-offset: 3px; }
    svg { width: 26px; height: 26px; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; vertical-align: middle; }
    .close, [aria-expanded="true"] .open { display: none; }
    [aria-expanded="true"] .close { display: inline; }
    i {
      position: absolute; top: -4px; right: -4px; min-width: 20px; padding: 0 5px; box-sizing: border-box; border-radius: 10px;
      background: #b3261e; color: #fff; font: 600 12px/20px system-ui, sans-serif;
    }
    [hidden] { display: none; }
    iframe {
      position: fixed; right: 20px; bottom: 88px; z-index: 2147483000; width: 380px; height: min(620px, calc(100vh - 108px));
      border: 0; border-radius: 14px; background: #f4f6f8; box-shadow: 0 10px 40px rgb(0 0 0 / 30%);
    }
    @media (prefers-color-scheme: dark) { iframe { background: #11141a; } }
    @media (max-width: 480px) {
      iframe { inset: 0; width: 100vw; height: 100dvh; border-radius: 0; }
      [aria-expanded="true"] { top: 10px; right: 10px; bottom: auto; width: 40px; height: 40px; }
    }
    @media print { button, iframe { display: none; } }`;

  const SIGNS =
    '<svg class="open" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4a2 2 0 0 1-2-2z"/></svg>' +
    '<svg class="close" viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg>';

  function start() {
    const host = document.createElement("div");
    host.id = "aiguro-chat";
    const root = host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet(); // allowed also where the site forbids inline styles
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];

    const button = document.createElement("button");
    button.type = "button";
    button.innerHTML = SIGNS;
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-label", words.open);
    const badge = document.createElement("i");
    badge.hidden = true;
    button.append(badge);
    root.append(button);
    document.body.append(host);

    let frame = null;
    const open = () => button.getAttribute("aria-expanded") === "true";
    let ready = false; // the frame listens
    const tell = () => ready && frame.contentWindow.postMessage({ aiguro: key, shown: open() }, origin);

    function toggle(on) {
      if (on && !frame) {
        frame = document.createElement("iframe");
        frame.title = words.title;
        frame.src = `${origin}/chat/${encodeURIComponent(key)}?embed=1`;
        root.prepend(frame);
      }
      button.setAttribute("aria-expanded", String(on));
      button.setAttribute("aria-label", on ? words.close : words.open);
      frame.hidden = !on;
      if (on) badge.hidden = true;
      else button.focus();
      tell();
    }

    button.addEventListener("click", () => toggle(!open()));
    document.addEventListener("keydown", (event) => event.key === "Escape" && open() && toggle(false));
    addEventListener("message", (event) => {
      if (!frame || event.source !== frame.contentWindow || event.origin !== origin || event.data?.aiguro !== key) return;
      if (event.data.ready) {
        ready = true;
        tell();
      }
      if (event.data.close) toggle(false);
      if (typeof event.data.unread === "number" && !open()) {
        badge.textContent = String(event.data.unread);
        badge.hidden = event.data.unread === 0;
        if (event.data.unread) button.setAttribute("aria-label", `${words.open}: ${event.data.unread} ${words.unread}`);
      }
    });
  }

  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
