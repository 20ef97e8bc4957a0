// Runs before the first paint: the person's theme, else the system's. Kept in this browser.
const KEY = "theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is forbidden here: follow the system
  }
}

function show() {
  document.documentElement.dataset.bsTheme = kept() ?? (dark.matches ? "dark" : "light");
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("[data-theme-toggle]")) return;
  const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // it holds until the next page
  }
  document.documentElement.dataset.bsTheme = next;
});

dark.addEventListener("change", show);
addEventListener("storage", (event) => event.key === KEY && show());
show();
