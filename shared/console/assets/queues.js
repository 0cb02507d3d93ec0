/** All queues: what waits, what runs, and which of them stand still. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { DASH, number, seconds } from "./format.js";
import { newQueue, pauseButton, stateOf } from "./queue_acts.js";
import { link } from "./router.js";
import { table } from "./table.js";

export const events = ["QueueStats", "QueueCreated", "QueueUpdated", "QueuePaused", "QueueResumed", "QueueDeleted"];
export const title = () => "Queues";

export async function read({ signal }) {
  const [queues, dashboard] = await Promise.all([
    get("/queues", { signal }),
    // A key that may see queues need not see the organization: then there are no figures.
    get("/dashboard", { signal }).catch((error) => {
      if (error.status === 403) return null;
      throw error;
    }),
  ]);
  const figures = new Map((dashboard?.queues ?? []).map((queue) => [queue.name, queue]));
  return queues.map((queue) => ({ ...queue, figures: figures.get(queue.name) }));
}

export const acts = (_, page) => h("button", { type: "button", class: "primary", "data-new": true, on: { click: () => newQueue(page) } }, "New queue");

export function view(queues, page) {
  const wanted = (page.query.q ?? "").toLowerCase();
  const rows = queues.filter((queue) => queue.name.toLowerCase().includes(wanted));
  return [
    h(
      "div",
      { class: "filters", role: "search" },
      h("label", { class: "unseen", for: "search" }, "Search queues"),
      h("input", {
        id: "search", type: "search", "data-search": true, placeholder: "Search queues   /", value: page.query.q ?? "",
        on: { input: (event) => page.go({ q: event.currentTarget.value }, { replace: true }) },
      }),
      h("span", { class: "faint" }, `${number(rows.length)} of ${number(queues.length)}`),
    ),
    table({
      caption: "Queues",
      rows,
      key: (queue) => queue.name,
      dim: (queue) => !queue.enabled,
      columns: [
        { title: "Queue", cell: (queue) => h("a", { href: link(`/queues/${encodeURIComponent(queue.name)}`) }, queue.name) },
        { title: "State", cell: stateOf },
        { title: "Waiting", end: true, cell: ({ figures }) => number(figures?.pending) },
        { title: "Running", end: true, cell: ({ figures }) => number(figures?.processing) },
        { title: "Oldest due", end: true, cell: ({ figures }) => seconds(figures?.oldest_job_age_seconds) },
        { title: "Concurrency", end: true, cell: ({ concurrency }) => limit(concurrency) },
        { title: "Starts a second", end: true, cell: ({ rate_limit: rate }) => limit(rate) },
        { title: "", label: "Acts", end: true, cell: (queue) => pauseButton(queue, page) },
      ],
      empty: queues.length === 0 ? "No queue yet. One comes into being with its first job." : "No queue has this in its name.",
    }),
  ];
}

const limit = (value) => (value === null ? h("span", { class: "faint", title: "No limit" }, DASH) : number(value));
