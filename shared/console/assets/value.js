/**
 * What users put into jobs, as text: isolated from what stands around it, cut where it is long, and copied whole.
 *
 *   words(text)                      some words of a line, at most 300 characters of them
 *   block(name, text, page)          all of it, folded beyond 4,000 characters, with a button that copies it
 *   pretty(value)                    JSON for people
 */

import { h } from "./dom.js";
import { bytes } from "./format.js";
import { said } from "./notice.js";

const SHORT = 300;
const FOLDED = 4_000;

export const pretty = (value) => JSON.stringify(value, null, 2);

/** Letters of another direction stay within it. */
export function words(text, length = SHORT) {
  const given = String(text ?? "");
  return h("bdi", null, given.length > length ? `${given.slice(0, length)}…` : given);
}

export function block(name, text, { state, update }) {
  const isLong = text.length > FOLDED;
  const isOpen = state.unfolded?.has(name);
  const turn = () => {
    state.unfolded ??= new Set();
    if (!state.unfolded.delete(name)) state.unfolded.add(name);
    update();
  };
  return h(
    "div",
    { class: "value", key: name },
    h(
      "div",
      { class: "row" },
      isLong && h("button", { type: "button", key: "fold", "aria-expanded": String(Boolean(isOpen)), on: { click: turn } }, isOpen ? "Fold" : `Show all ${bytes(new Blob([text]).size)}`),
      h("button", { type: "button", key: "copy", "aria-label": `Copy ${name}`, on: { click: () => copy(name, text) } }, "Copy"),
    ),
    h("pre", { dir: "auto", tabindex: "0", "aria-label": name }, isLong && !isOpen ? `${text.slice(0, FOLDED)}…` : text),
  );
}

async function copy(name, text) {
  try {
    await navigator.clipboard.writeText(text);
    said(`The ${name} is copied.`);
  } catch {
    // Browsers keep the clipboard from pages that came over plain HTTP.
    said(`This browser does not let the page copy: select the ${name} and copy it by hand.`);
  }
}
