/**
 * Tables that become cards on a narrow screen.
 *
 *   table({
 *     caption: "Queues",                       for screen readers
 *     rows, key: (row) => row.name,
 *     columns: [
 *       { title: "Queue", cell: (row) => h("a", { href: link(...) }, row.name) },   the first names the row
 *       { title: "Pending", cell: (row) => number(row.pending), end: true },        figures stand at the end
 *       { title: "", label: "Acts", cell: (row) => button(...), end: true },
 *     ],
 *     empty: "No queue yet.",                  text or an element
 *     dim: (row) => row.paused,                rows that are out of service
 *   })
 *   moreButton(hasMore, load)                  "Load more" under a list that is read by the page
 */

import { h } from "./dom.js";

export function table({ caption, rows, key, columns, empty = "Nothing here.", dim = () => false }) {
  if (rows.length === 0) return h("div", { class: "empty", key: "empty" }, empty);
  return h(
    "div",
    { class: "table", key: "table", role: "region", tabindex: "0", "aria-label": caption },
    h(
      "table",
      null,
      h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, columns.map(heading))),
      h("tbody", null, rows.map((row) => h("tr", { key: key(row), class: [dim(row) && "dim"] }, columns.map((column, place) => cell(row, column, place))))),
    ),
  );
}

function heading({ title, label, end }) {
  return h("th", { scope: "col", class: [end && "end"] }, title || h("span", { class: "unseen" }, label));
}

function cell(row, { title, cell: inside, end }, place) {
  const props = { class: [end && "end"], "data-label": title || null };
  return place === 0 ? h("th", { ...props, scope: "row" }, inside(row)) : h("td", props, inside(row));
}

export function moreButton(hasMore, load) {
  return hasMore && h("p", { class: "more", key: "more" }, h("button", { type: "button", on: { click: load } }, "Load more"));
}
