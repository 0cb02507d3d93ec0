/**
 * Filters of jobs, in three forms: as the address of the page has them, as the API takes them, and in words.
 *
 *   toApi({ status: "failed", since: "1h" })     { status, created_after }
 *   toPlace({ queue_name: "emails" })            { queue } for a link to the list
 *   inWords({ queue_name: "emails" })            "jobs in the queue emails"
 */

import { get } from "./api.js";
import { field } from "./dialog.js";
import { h } from "./dom.js";
import { local, number } from "./format.js";
import { adjective, STATES } from "./job_state.js";

const MINUTE_MS = 60_000;
const SINCE = { "15m": ["Last 15 minutes", 15], "1h": ["Last hour", 60], "24h": ["Last 24 hours", 1_440], "7d": ["Last 7 days", 10_080] };
const STATUSES = [["", "Any state"], ...Object.entries(STATES).map(([status, [name]]) => [status, name]), ["failed,deadletter", "Failed or dead"]];
const TIMES = [["", "Made at any time"], ...Object.entries(SINCE).map(([name, [text]]) => [name, text])];
const ORDERS = [["", "Newest first"], ["asc", "Oldest first"]];
const NAMES = { queue: "queue_name", status: "status", type: "job_type", tag: "tag", q: "q", cause: "cause" };
const MORE = ["type", "tag", "from", "to"];
/** The fields of the address that say which jobs are listed. */
export const FIELDS = [...Object.keys(NAMES), "since", "from", "to"];

export function toApi(query, now = Date.now()) {
  const filter = {};
  for (const [name, apiName] of Object.entries(NAMES)) if (query[name]) filter[apiName] = query[name];
  const from = SINCE[query.since] ? now - SINCE[query.since][1] * MINUTE_MS : Date.parse(query.from ?? "");
  const to = Date.parse(query.to ?? "");
  if (!Number.isNaN(from)) filter.created_after = new Date(from).toISOString();
  if (!Number.isNaN(to)) filter.created_before = new Date(to).toISOString();
  return filter;
}

export function toPlace(filter) {
  const query = Object.fromEntries(Object.entries(NAMES).map(([name, apiName]) => [name, filter[apiName]]));
  return { ...query, from: filter.created_after, to: filter.created_before };
}

export function inWords(filter) {
  const states = filter.status ? `${filter.status.split(",").map(adjective).join(" or ")} ` : "";
  const rest = [
    filter.cause && "of one cause",
    filter.queue_name && `in the queue ${filter.queue_name}`,
    filter.job_type && `of the type ${filter.job_type}`,
    filter.tag && `with the tag ${filter.tag}`,
    filter.q && `with “${filter.q}” in queue, type or id`,
    filter.created_after && `made after ${local(filter.created_after)}`,
    filter.created_before && `made before ${local(filter.created_before)}`,
  ].filter(Boolean);
  const jobs = filter.job_ids ? `${number(filter.job_ids.length)} chosen ${states}${filter.job_ids.length === 1 ? "job" : "jobs"}` : `${states}jobs`;
  return rest.length > 0 ? `${jobs} ${rest.join(", ")}` : filter.job_ids || states ? jobs : "all jobs";
}

/** The names of the queues, once in a visit; none for a key that may not see them. */
export async function readQueues(state, signal) {
  if (state.queues) return;
  const queues = await get("/queues", { signal }).catch((error) => {
    if (error.status === 403) return [];
    throw error;
  });
  state.queues = queues.map((queue) => queue.name);
}

export function queueChoice({ query, state, go }) {
  const names = [...new Set([...state.queues, query.queue].filter(Boolean))].sort();
  return choice("queue", "Queue", [["", "All queues"], ...names.map((name) => [name, name])], query.queue, { change: (event) => go({ queue: event.currentTarget.value }) });
}

/** The fields over the list. Choices hold at once, words when they are entered. */
export function filterForm(page) {
  const { query, go } = page;
  const pick = (name) => ({ change: (event) => go({ [name]: event.currentTarget.value || null }) });
  const submit = (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.currentTarget));
    go({ ...given, from: instant(given.from), to: instant(given.to), since: given.from || given.to ? null : query.since });
  };
  return h(
    "form",
    { class: "filters", role: "search", key: "filters", on: { submit } },
    h("label", { class: "unseen", for: "search" }, "Search by type, queue or id"),
    h("input", { id: "search", type: "search", name: "q", "data-search": true, maxlength: 255, placeholder: "Type, queue or id   /", value: query.q ?? "" }),
    queueChoice(page),
    choice("status", "State", STATUSES, query.status, pick("status")),
    choice("since", "Time", query.from || query.to ? [["", "Between two instants"], ...TIMES.slice(1)] : TIMES, query.since, { change: (event) => go({ since: event.currentTarget.value, from: null, to: null }) }),
    choice("order", "Order", ORDERS, query.order, pick("order")),
    h(
      "details",
      { class: "more-filters", open: MORE.some((name) => query[name]) },
      h("summary", null, "More filters"),
      h(
        "div",
        { class: "grid" },
        field({ id: "filter-type", name: "type", label: "Job type, exactly", value: query.type ?? "", maxlength: 1024 }),
        field({ id: "filter-tag", name: "tag", label: "Tag", value: query.tag ?? "", maxlength: 1024 }),
        field({ id: "filter-from", name: "from", label: "Made from", type: "datetime-local", value: wall(query.from) }),
        field({ id: "filter-to", name: "to", label: "Made before", type: "datetime-local", value: wall(query.to) }),
      ),
      h("div", { class: "buttons" }, h("button", { type: "submit" }, "Apply")),
    ),
  );
}

function choice(name, label, options, value, on) {
  return [
    h("label", { class: "unseen", for: `filter-${name}` }, label),
    h("select", { id: `filter-${name}`, value: value ?? "", on }, options.map(([option, text]) => h("option", { value: option }, text))),
  ];
}

const instant = (text) => (text ? new Date(text).toISOString() : null);

/** An instant as a field for date and time has it: in the zone of the browser. */
function wall(iso) {
  const at = Date.parse(iso ?? "");
  if (Number.isNaN(at)) return "";
  return new Date(at - new Date(at).getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
}
