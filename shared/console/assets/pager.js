/**
 * Lists that are read by the page, each going on behind the last one seen: `after` in the query is its id.
 *
 *   pageOf("/workflows", { status }, where)       { items, hasMore } of the page that the query names
 *   pager(data, page)                             buttons to the newest and to older ones
 */

import { getPage } from "./api.js";
import { h } from "./dom.js";

const LIMIT = 50;

export const pageOf = (path, query, { query: { after }, signal }) =>
  getPage(path, { query: { ...query, after, limit: LIMIT }, signal });

export function pager({ items, hasMore }, page) {
  const isFirst = !page.query.after;
  if (isFirst && !hasMore) return null;
  const turn = (after) => {
    page.go({ after });
    scrollTo(0, 0);
  };
  return h(
    "nav",
    { class: "row pager", key: "pager", "aria-label": "Pages of the list" },
    h("button", { type: "button", disabled: isFirst, on: { click: () => turn(null) } }, "Newest"),
    h("button", { type: "button", disabled: !hasMore, on: { click: () => turn(items.at(-1).id) } }, "Older"),
  );
}

/** A choice that filters a list: another one begins at the newest again. */
export function filterBy(name, label, options, page) {
  return h(
    "label",
    { class: "row", key: name },
    h("span", { class: "faint" }, label),
    h(
      "select",
      { name, value: page.query[name] ?? "", on: { change: (event) => page.go({ [name]: event.currentTarget.value || null, after: null }) } },
      options.map(([value, text]) => h("option", { value }, text)),
    ),
  );
}
