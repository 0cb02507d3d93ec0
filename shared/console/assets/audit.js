/** Who did what, when and from where, and how it ended. */

import { valuesOf } from "./dialog.js";
import { h } from "./dom.js";
import { clock, DASH } from "./format.js";
import { pageOf, pager } from "./pager.js";
import { link } from "./router.js";
import { badge } from "./states.js";
import { table } from "./table.js";

const FIELDS = [
  { name: "act", label: "Act", type: "text", placeholder: "queues.pause" },
  { name: "actor", label: "Who", type: "text", placeholder: "Id, or admin" },
  { name: "since", label: "From", type: "datetime-local" },
  { name: "until", label: "Before", type: "datetime-local" },
];

export const title = () => "Audit log";

export function read(where) {
  const { act, actor, since, until } = where.query;
  return pageOf("/audit", { act, actor, since: instant(since), until: instant(until) }, where);
}

export function view(data, page) {
  const isFiltered = FIELDS.some(({ name }) => page.query[name]);
  return [
    h(
      "form",
      { class: "filters", role: "search", key: "filters", on: { submit: (event) => filter(event, page) } },
      FIELDS.map(({ name, label, type, placeholder }) =>
        h("label", { class: "row" }, h("span", { class: "faint" }, label), h("input", { name, type, placeholder, value: page.query[name] ?? "", "data-search": name === "act", maxlength: type === "text" ? 100 : null })),
      ),
      h("button", { type: "submit" }, "Filter"),
      isFiltered && h("a", { key: "all", href: link("/audit") }, "Show all"),
    ),
    table({
      caption: "Acts, the newest first",
      rows: data.items,
      key: (entry) => entry.id,
      columns: [
        { title: "When", cell: (entry) => clock(entry.created_at) },
        { title: "Who", cell: ({ actor }) => who(actor, page) },
        { title: "Act", cell: ({ act }) => h("a", { href: link("/audit", { ...page.query, act, after: null }), class: "mono" }, act) },
        { title: "To", cell: ({ target }) => (target === null ? DASH : h("code", null, target)) },
        { title: "Outcome", cell: ({ outcome, code, status_code: status }) => [badge(outcome), (code || status >= 400) && h("small", { class: "faint" }, ` ${code ?? status}`)] },
        { title: "From", cell: (entry) => entry.client_address },
        { title: "Details", cell: details },
      ],
      empty: isFiltered || page.query.after ? "Nobody did such a thing." : "Nobody has done anything yet that is written down.",
    }),
    pager(data, page),
  ];
}

function who({ type, id, name }, page) {
  const known = { admin: "Administrator", anonymous: "Nobody known" }[type];
  const text = name ?? known ?? id ?? type;
  return h("a", { href: link("/audit", { ...page.query, actor: id ?? type, after: null }), title: id ?? type }, text);
}

function details({ details: asked, request_id: request }) {
  return h("details", null, h("summary", null, "Show"), h("p", null, "Request ", h("code", null, request)), h("pre", null, JSON.stringify(asked, null, 2)));
}

function filter(event, page) {
  event.preventDefault();
  const values = valuesOf(event.currentTarget, FIELDS);
  page.go({ ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value || null])), after: null });
}

/** A time of the viewer's clock as the API takes it; nothing of what is no time. */
function instant(text) {
  const time = text ? new Date(text) : null;
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : null;
}
