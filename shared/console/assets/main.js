/** The console: who is signed in sees the frame and a page in it, everybody else the way in. */

import { patch } from "./dom.js";
import { frame, setLive } from "./frame.js";
import { refreshTimes } from "./format.js";
import { listenToKeys } from "./keyboard.js";
import { Live } from "./live.js";
import { PAGES } from "./pages.js";
import { find, go } from "./router.js";
import { current, onChange, token } from "./session.js";
import { signInView } from "./sign_in.js";
import { Visit } from "./visit.js";

const TIMES_MS = 5_000;
const POLL_MS = { live: 30_000, polling: 5_000, connecting: 10_000, off: 30_000 };

const app = document.getElementById("app");
let visit = null;
let liveState = "off";
let isFramed = false;

const live = new Live({
  token,
  onEvent: (event) => visit?.happened(event),
  onState: (state) => {
    liveState = state;
    setLive(state);
  },
});

function open() {
  if (!current()) return leave();
  if (!isFramed) app.replaceChildren();
  isFramed = true;
  const found = find(PAGES, location.hash);
  if (!found && location.hash.replace(/^#\/?/, "") === "") return go(PAGES[0].path, {}, { replace: true });
  patch(app, frame(found));
  setLive(liveState);
  visit = Visit.to(found, { live, before: visit });
}

function leaveLine() {
  visit?.end();
  visit = null;
  live.stop();
}

function leave() {
  leaveLine();
  isFramed = false;
  signInView(app);
}

addEventListener("hashchange", (event) => {
  // The skip link is a place in the page, not a page.
  if (location.hash === "#main") {
    history.replaceState(null, "", new URL(event.oldURL).hash || "#/");
    document.getElementById("main")?.focus();
  } else open();
});
// A page that is left is kept by browsers, and would keep its place among the few connections to a host.
addEventListener("pagehide", leaveLine);
addEventListener("pageshow", (event) => event.persisted && open());
addEventListener("visibilitychange", () => visit?.wake());
onChange(open);
listenToKeys(PAGES);
setInterval(() => refreshTimes(app), TIMES_MS);
(function poll() {
  setTimeout(() => {
    visit?.happened();
    poll();
  }, POLL_MS[liveState]);
})();
open();
