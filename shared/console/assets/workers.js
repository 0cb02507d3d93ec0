/** Workers that have registered: who is there, who has fallen silent, who has room. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { ago, DASH, number } from "./format.js";
import { link } from "./router.js";
import { badge } from "./states.js";
import { table } from "./table.js";

const SILENT = new Set(["degraded", "offline"]);

export const events = ["WorkerRegistered", "WorkerHeartbeat", "WorkerDeregistered"];
export const title = () => "Workers";
export const read = ({ signal }) => get("/workers", { signal });
export const at = (id) => `/workers/${encodeURIComponent(id)}`;

/** What it says of itself, or that it has missed heartbeats. */
export const stateOf = ({ status }) => badge(status, SILENT.has(status) ? "It has missed heartbeats, which come every ten seconds." : null);

export function view(workers, page) {
  const wanted = (page.query.q ?? "").toLowerCase();
  const rows = workers.filter(({ id, hostname, queue_names: queues }) => [id, hostname, ...queues].some((text) => text.toLowerCase().includes(wanted)));
  const silent = workers.filter(({ status }) => SILENT.has(status)).length;
  return [
    h(
      "div",
      { class: "filters", role: "search", key: "filters" },
      h("label", { class: "unseen", for: "search" }, "Search workers"),
      h("input", {
        id: "search", type: "search", "data-search": true, placeholder: "Id, host or queue   /", value: page.query.q ?? "",
        on: { input: (event) => page.go({ q: event.currentTarget.value }, { replace: true }) },
      }),
      h("span", { class: "faint" }, `${number(rows.length)} of ${number(workers.length)}`),
      silent > 0 && h("span", { class: "badge bad", key: "silent" }, `${number(silent)} silent`),
    ),
    table({
      caption: "Workers",
      rows,
      key: (worker) => worker.id,
      dim: ({ status }) => SILENT.has(status),
      columns: [
        { title: "Worker", cell: ({ id }) => h("a", { href: link(at(id)) }, id) },
        { title: "State", cell: stateOf },
        { title: "Host", cell: ({ hostname }) => hostname },
        { title: "Queues", cell: ({ queue_names: queues }) => queues.join(", ") },
        { title: "Jobs", end: true, cell: ({ current_jobs: jobs, max_concurrency: most }) => `${number(jobs)} of ${number(most)}` },
        { title: "Heartbeat", end: true, cell: (worker) => ago(worker.last_heartbeat) },
        { title: "Version", cell: ({ version }) => version || DASH },
      ],
      empty: workers.length === 0 ? "No worker has registered. Workers may also take jobs without." : "No worker has this in its id, host or queues.",
    }),
  ];
}
