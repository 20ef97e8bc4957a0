// htmx as this site runs it: no eval, no inline styles, no pages kept in the browser's storage.
import htmx from "htmx.org";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  historyCacheSize: 0,
  historyRestoreAsHxRequest: false,
  selfRequestsOnly: true,
  timeout: 20000,
  defaultSettleDelay: 0,
  attributesToSettle: [], // it would write style attributes, which the policy forbids
  scrollIntoViewOnBoost: false,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "409|422", swap: true, error: true }, // a form comes back with what is wrong in it
    { code: "[45]..", swap: false, error: true },
  ],
});

window.htmx = htmx; // for the scripts of single screens (js/screens)

export default htmx;
