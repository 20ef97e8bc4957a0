// The page of a person who works here: htmx, live updates, and what HTML alone cannot do.
import "./htmx.js";
import "./swaps.js";
import "./requests.js";
import "./menus.js";
import "./confirm.js";
import "./dialogs.js";
import "./inbox.js";
import "./thread.js";
import "./composer.js";
import "./live.js";
