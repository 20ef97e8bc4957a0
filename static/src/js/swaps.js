// Two ways to swap that htmx lacks.
//
// morph: the new element is laid over the old one, so focus, scroll and open menus survive a refresh.
// merge: a run of messages is laid into the list by id: known ones are renewed in place, new ones take their place
//        among them. A run that touches nothing we show means that we missed more than one page: it replaces all.
import { Idiomorph } from "idiomorph";
import htmx from "./htmx.js";

const SETTINGS = {
  morphStyle: "outerHTML",
  callbacks: {
    // An open menu stays open; what a person is typing stays typed.
    beforeAttributeUpdated: (name, node) => !(name === "open" && node.localName === "details"),
  },
};

/** What is being typed stays. Of whatever else has the focus, Idiomorph would keep the words too: a pressed button would
 * get its next address and still say what it did before. */
function morph(target, next) {
  const ignoreActiveValue = document.activeElement?.matches("input, textarea, select, [contenteditable]") ?? false;
  return Idiomorph.morph(target, next, { ...SETTINGS, ignoreActiveValue });
}

function merge(list, fragment) {
  const run = [...fragment.children];
  const messages = run.filter((item) => item.dataset.message);
  const here = (item) => list.querySelector(`#${CSS.escape(item.id)}`);
  const first = messages.map(here).find(Boolean);
  if (!first) {
    if (messages.length === 0) return [list];
    list.replaceChildren(...run);
    return run;
  }
  let last = null;
  const touched = [];
  for (const item of messages) {
    const known = here(item);
    if (known) {
      if (known.outerHTML !== item.outerHTML) touched.push(...morph(known, item));
    } else if (last) last.after(item);
    else first.before(item);
    if (!known) touched.push(item);
    last = known ? here(item) : item;
  }
  return touched.length ? touched : [list];
}

htmx.defineExtension("swaps", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style === "morph") return morph(target, fragment.firstElementChild);
    if (style === "merge") return merge(target, fragment);
    return false;
  },
});
