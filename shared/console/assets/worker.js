/** One worker, and the jobs that it holds. */

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { ago, clock, DASH, number } from "./format.js";
import { said } from "./notice.js";
import { actButton, lacking } from "./rights.js";
import { go, link } from "./router.js";
import { table } from "./table.js";
import { at, stateOf } from "./workers.js";

export const events = ["WorkerHeartbeat", "WorkerRegistered", "WorkerDeregistered", "JobStatusChange"];
export const title = ({ params }) => params.id;

/** Of jobs it is said who took them only when they are read: any that is begun or ended may be its own. */
export const concerns = ({ data }, { worker, jobs }) =>
  data.worker_id ? data.worker_id === worker.id : data.new_status === "processing" || jobs.some((job) => job.id === data.job_id);

export async function read({ params, signal }) {
  const [worker, jobs] = await Promise.all([get(at(params.id), { signal }), get(`${at(params.id)}/jobs`, { signal })]);
  return { worker, jobs };
}

export const acts = ({ worker }) => actButton({ text: "Forget", reason: lacking("workers:write"), kind: "danger", run: () => forget(worker) });

export function view({ worker, jobs }) {
  return [
    h("p", { class: "crumbs", key: "crumbs" }, h("a", { href: link("/workers") }, "Workers"), stateOf(worker)),
    h("section", { key: "facts", "aria-label": "Worker" }, h("dl", { class: "pairs" }, facts(worker))),
    h("h2", { key: "jobs-title" }, `Holds ${number(jobs.length)} ${jobs.length === 1 ? "job" : "jobs"}`),
    table({
      caption: "Jobs that it holds, the longest running first",
      rows: jobs,
      key: (job) => job.id,
      columns: [
        { title: "Job", cell: ({ id }) => h("a", { href: link(`/jobs/${id}`), class: "mono" }, id) },
        { title: "Job type", cell: (job) => job.job_type || DASH },
        { title: "Queue", cell: ({ queue }) => h("a", { href: link(`/queues/${encodeURIComponent(queue)}`) }, queue) },
        { title: "Retries", end: true, cell: (job) => `${number(job.retry_count)} of ${number(job.max_retries)}` },
        { title: "Started", end: true, cell: (job) => ago(job.started_at) },
      ],
      empty: "It holds no job.",
    }),
  ];
}

function facts(worker) {
  return [
    ["Host", worker.hostname],
    ["Queues", worker.queue_names.map((queue, place) => [place > 0 && ", ", h("a", { href: link(`/queues/${encodeURIComponent(queue)}`) }, queue)])],
    ["Jobs, as it says", `${number(worker.current_jobs)} of ${number(worker.max_concurrency)}`],
    ["Last heartbeat", ago(worker.last_heartbeat)],
    ["Registered", clock(worker.registered_at)],
    ["Kind", worker.worker_type || DASH],
    ["Version", worker.version || DASH],
    ["Metadata", worker.metadata === null ? DASH : h("code", null, JSON.stringify(worker.metadata))],
  ].map(([name, value]) => [h("dt", null, name), h("dd", null, value)]);
}

async function forget({ id }) {
  const done = await ask({
    title: `Forget ${id}?`,
    text: "It leaves the list and frees its place in the plan. Jobs that it holds stay with it until their lease ends. A worker that lives registers again.",
    act: "Forget the worker",
    danger: true,
    run: () => post(`${at(id)}/deregister`),
  });
  if (done) {
    said(`${id} is forgotten.`);
    go("/workers");
  }
}
