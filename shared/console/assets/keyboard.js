/**
 * Everything by keys. A page takes part by marking elements:
 *   data-search    the field that `/` goes to          data-new    the button that `n` presses
 * Rows of tables are gone through with `j` and `k`, by the first link or button of each, and chosen with `x`.
 */

import { show } from "./dialog.js";
import { h } from "./dom.js";
import { go } from "./router.js";

const CHORD_MS = 1_500;
let chordUntil = 0;

export function listenToKeys(pages) {
  const places = pages.filter((page) => page.nav && page.shortcut);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("main.sign-in")) return;
    const place = event.timeStamp < chordUntil && places.find((page) => page.shortcut === event.key);
    chordUntil = event.key === "g" ? event.timeStamp + CHORD_MS : 0;
    const run = place ? () => go(place.path) : KEYS[event.key];
    if (!run) return;
    event.preventDefault();
    run(places);
  });
}

const KEYS = {
  "/": () => focus("[data-search]"),
  n: () => document.querySelector("#main [data-new]")?.click(),
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement?.closest("#main tr")?.querySelector("input[type=checkbox]")?.click(),
  "?": help,
};

function focus(selector) {
  const element = document.querySelector(`#main ${selector}`);
  element?.focus();
  element?.select?.();
}

function step(by) {
  const rows = [...document.querySelectorAll("#main tbody tr")].map((row) => row.querySelector("a, button")).filter(Boolean);
  const here = rows.findIndex((element) => element.closest("tr").contains(document.activeElement));
  rows[Math.max(0, Math.min(rows.length - 1, here < 0 ? 0 : here + by))]?.focus();
}

function help(places) {
  const lines = [
    ...places.map((page) => [["g", page.shortcut], page.nav]),
    [["/"], "Search"],
    [["n"], "New"],
    [["j"], "Next row"],
    [["k"], "Row before"],
    [["x"], "Choose the row"],
    [["Esc"], "Leave a field or a question"],
    [["?"], "These keys"],
  ];
  show({
    title: "Keys",
    content: h("dl", { class: "keys" }, lines.map(([keys, text]) => [h("dt", null, keys.map((key) => h("kbd", null, key))), h("dd", null, text)])),
  });
}
