// hx-confirm asks in our own dialog, which can be read, styled and answered from the keyboard.

/** Ask a person; `yes` is called when they agree. */
export function ask(question, label, yes) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("[data-question]").textContent = question;
  dialog.querySelector("[value=yes]").textContent = label ?? dialog.dataset.label;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && yes(), { once: true });
  dialog.showModal();
}

document.addEventListener("htmx:confirm", (event) => {
  const { question, elt } = event.detail;
  if (!question) return;
  event.preventDefault();
  ask(question, elt.dataset.confirmLabel, () => event.detail.issueRequest(true));
});
