// The description of the API reads without a script. With one: find an operation, copy an example, see where one is.
const page = document.querySelector("main");
const nav = document.getElementById("nav");
const find = nav.querySelector("[data-find]");
const field = find.querySelector("input");

find.hidden = false;

/** Leave what has every word; a group, or a part of the list, without any is left out as a whole. */
function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of page.querySelectorAll("[data-words]")) {
    item.hidden = !words.every((word) => item.dataset.words.includes(word));
    shown += item.hidden ? 0 : 1;
  }
  for (const group of page.querySelectorAll(".docs-group")) group.hidden = !group.querySelector("[data-words]:not([hidden])");
  for (const part of page.querySelectorAll(".docs-intro, .docs-guide")) part.hidden = words.length > 0;
  page.querySelector("[data-nothing]").hidden = shown > 0;
  for (const link of nav.querySelectorAll("li a")) link.parentElement.hidden = isHidden(link.hash);
  for (const list of nav.querySelectorAll("ul")) {
    list.hidden = list.previousElementSibling.hidden = !list.querySelector("li:not([hidden])");
  }
}

function isHidden(hash) {
  return document.getElementById(decodeURIComponent(hash.slice(1)))?.closest("[hidden]") != null;
}

field.addEventListener("input", () => {
  filter();
  if (!nav.matches(":target")) scrollTo(0, 0);
});

document.addEventListener("keydown", (event) => {
  const writes = event.target.closest("input, textarea, [contenteditable]");
  if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape" && event.target === field) {
    field.value = "";
    filter();
  } else if (event.key === "Escape" && nav.matches(":target")) {
    location.hash = "#start";
  }
});

// A link to something that the filter hides shows everything again.
addEventListener("hashchange", () => {
  if (!location.hash || !isHidden(location.hash)) return;
  field.value = "";
  filter();
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});

const button = document.getElementById("copy").content.firstElementChild;
if (navigator.clipboard) {
  for (const example of page.querySelectorAll("[data-copy]")) {
    example.querySelector(".docs-example-head").append(button.cloneNode(true));
  }
}

page.addEventListener("click", async (event) => {
  const pressed = event.target.closest(".docs-copy");
  if (!pressed) return;
  await navigator.clipboard.writeText(pressed.closest("[data-copy]").querySelector("pre").textContent);
  const name = pressed.textContent;
  if (name === pressed.dataset.done) return;
  pressed.textContent = pressed.dataset.done;
  setTimeout(() => (pressed.textContent = name), 1500);
});

// Without a configured address the examples name the one this page came from.
for (const text of page.querySelectorAll("pre[data-server]")) {
  text.textContent = text.textContent.replace(text.dataset.server, location.origin);
}

/** Mark in the navigation what is being read. */
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      const link = nav.querySelector(`a[href="#${CSS.escape(entry.target.id)}"]`);
      if (!link) continue;
      for (const old of nav.querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      const box = link.getBoundingClientRect();
      if (box.top < 60 || box.bottom > innerHeight) nav.scrollTo({ top: nav.scrollTop + box.top - innerHeight / 2 });
    }
  },
  { rootMargin: "-80px 0px -75% 0px" },
);
for (const item of page.querySelectorAll(".docs-op")) seen.observe(item);
