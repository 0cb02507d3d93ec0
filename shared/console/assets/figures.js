/**
 * A row of figures.
 *
 *   figures([["Waiting", number(12)], ["Failed", number(3), "bad"], ["Oldest", seconds(9), null, link("/jobs")]])
 *
 * Each: name, value, tone (good, warn, bad or nothing), and where it leads.
 */

import { h } from "./dom.js";

export function figures(entries) {
  return h(
    "dl",
    { class: "figures", key: `figures ${entries[0][0]}` },
    entries.map(([name, value, tone, href]) =>
      h("div", { key: name, class: [tone] }, h("dt", null, name), h("dd", null, href ? h("a", { href }, value) : value)),
    ),
  );
}
