/**
 * What the console says about an act: read out by screen readers, gone by itself when all is well.
 *
 *   said("Queue emails is paused.")
 *   failed(error)      an ApiError, with the id of the request to look for in the log
 */

import { h } from "./dom.js";

const SHOWN_MS = 6_000;
const MOST = 4;

export const said = (text) => show("status", "good", [text]);

export function failed(error) {
  if (error?.name === "AbortError") return;
  show("alert", "bad", [error.message, error.requestId && h("small", null, "Request ", h("code", null, error.requestId))]);
}

function show(role, kind, content) {
  const place = document.getElementById("notices");
  const close = () => notice.remove();
  const notice = h(
    "div",
    { class: ["notice", kind], role },
    h("div", null, content),
    h("button", { type: "button", class: "quiet", "aria-label": "Dismiss", on: { click: close } }, "×"),
  );
  place.append(notice);
  while (place.children.length > MOST) place.firstElementChild.remove();
  if (kind === "good") setTimeout(close, SHOWN_MS);
}
