/** One queue: its figures, and its limits and settings to change while it runs. */

import { activityView, readActivity } from "./activity.js";
import { get } from "./api.js";
import { field, valuesOf } from "./dialog.js";
import { h } from "./dom.js";
import { figures } from "./figures.js";
import { ago, duration, number, seconds } from "./format.js";
import { CONFIG_FIELDS, configure, deleteQueue, pauseButton, stateOf } from "./queue_acts.js";
import { link } from "./router.js";

export const events = ["QueueStats", "QueueUpdated", "QueuePaused", "QueueResumed", "QueueDeleted"];
export const eventQuery = ({ params }) => ({ queue: params.name });
export const title = ({ params }) => params.name;

export async function read(where) {
  const { params, signal } = where;
  const at = `/queues/${encodeURIComponent(params.name)}`;
  const [queue, stats, activity] = await Promise.all([
    get(at, { signal }),
    get(`${at}/stats`, { signal }),
    readActivity(where, params.name),
  ]);
  return { queue, stats, activity };
}

export const acts = ({ queue }, page) => [
  pauseButton(queue, page),
  h("button", { type: "button", class: "danger", on: { click: () => deleteQueue(queue) } }, "Delete"),
];

export function view({ queue, stats, activity }, page) {
  return [
    h("p", { class: "crumbs", key: "crumbs" }, h("a", { href: link("/queues") }, "Queues"), " ", h("a", { href: link("/jobs", { queue: queue.name }) }, "Jobs"), " ", h("a", { href: link("/dead-letters", { queue: queue.name }) }, "Dead letters"), " ", stateOf(queue)),
    queue.paused && h("div", { class: "banner warn", key: "paused" }, h("p", null, "Paused ", ago(queue.paused_at), queue.paused_by && [" by ", h("code", null, queue.paused_by)], queue.pause_reason && `: ${queue.pause_reason}`, ".")),
    figures(figuresOf(stats)),
    activityView(activity, page),
    h("section", { key: "settings", "aria-labelledby": "settings-title" }, h("h2", { id: "settings-title" }, "Limits and settings"), settings(queue, page)),
  ];
}

function figuresOf(stats) {
  const jobsOf = (status) => link("/jobs", { queue: stats.queue_name, status });
  return [
    ["Waiting", number(stats.pending), null, jobsOf("pending")],
    ["Scheduled", number(stats.scheduled), null, jobsOf("scheduled")],
    ["Running", number(stats.processing), null, jobsOf("processing")],
    ["Workers", number(stats.active_workers)],
    ["Oldest that is due", seconds(stats.oldest_job_age_seconds)],
    ["Run time, on average", duration(stats.avg_processing_time_ms)],
    ["Completed in 24 h", number(stats.completed_jobs_24h)],
    ["Failed in 24 h", number(stats.failed_jobs_24h), stats.failed_jobs_24h > 0 && "bad"],
    ["Dead letters", number(stats.deadletter), stats.deadletter > 0 && "bad", jobsOf("deadletter")],
  ];
}

function settings(queue, page) {
  const save = (event) => {
    event.preventDefault();
    const values = valuesOf(event.currentTarget, CONFIG_FIELDS);
    page.act(() => configure(queue.name, values), `${queue.name} has new settings: they hold from the next job that is taken.`);
  };
  return h(
    "form",
    { class: "settings", on: { submit: save } },
    h("div", { class: "grid" }, CONFIG_FIELDS.map((known) => field({ ...known, value: queue[known.name] ?? "", placeholder: known.required ? null : "No limit" }))),
    h("div", { class: "buttons" }, h("span", { class: "faint" }, "Changed ", ago(queue.updated_at)), h("button", { type: "submit", class: "primary" }, "Save")),
  );
}
