/** One job: what it is, why it is not running, what happened to it, and what can be done. */

import { get } from "./api.js";
import { actsInHand, readActs } from "./act_progress.js";
import { h } from "./dom.js";
import { ago, clock, number, seconds } from "./format.js";
import { jobActs, reasons } from "./job_acts.js";
import { explanation } from "./job_explain.js";
import { isUnfinished, jobState } from "./job_state.js";
import { timeline } from "./job_timeline.js";
import { link } from "./router.js";
import { block, pretty, words } from "./value.js";

const LOOK_MS = 3_000;
const WAITING = new Set(["pending", "scheduled"]);
const RELATED_SHOWN = 50;

export const events = ["JobStatusChange", "JobUpdated"];
export const eventQuery = ({ params }) => ({ job_id: params.id });
export const title = ({ params }) => params.id;
export const acts = ({ job }, page) => jobActs(job, page);

export async function read({ params, state, signal }) {
  const at = `/jobs/${encodeURIComponent(params.id)}`;
  const job = await get(at, { query: { include: "history" }, signal });
  const [explained, related] = await Promise.all([
    WAITING.has(job.status) ? get(`${at}/explain`, { signal }) : null,
    get(`${at}/dependencies`, { signal }),
    readActs(state, signal),
  ]);
  return { job, explained, related };
}

export function view({ job, explained, related }, page) {
  watch(job, page);
  return [
    h("p", { class: "crumbs", key: "crumbs" }, h("a", { href: link("/jobs") }, "Jobs"), " ", h("a", { href: link("/jobs", { queue: job.queue_name }) }, words(job.queue_name)), " ", jobState(job.status)),
    reasons(job),
    actsInHand(page),
    explained && explanation(explained),
    job.last_error && h("section", { key: "error", "aria-labelledby": "error-title" }, h("h2", { id: "error-title" }, "Last error"), block("error", job.last_error, page)),
    h(
      "div",
      { class: "columns", key: "columns" },
      h("section", { "aria-labelledby": "facts-title" }, h("h2", { id: "facts-title" }, "Facts"), facts(job)),
      timeline(job),
    ),
    h("section", { key: "payload", "aria-labelledby": "payload-title" }, h("h2", { id: "payload-title" }, "Payload"), block("payload", pretty(job.payload), page)),
    job.result !== null && h("section", { key: "result", "aria-labelledby": "result-title" }, h("h2", { id: "result-title" }, "Result"), block("result", pretty(job.result), page)),
    others("Waits for", related.dependencies, related.dependency_mode === "any" ? "One of them is enough." : null),
    others("What waits for it", related.dependents),
  ];
}

/** Its place in the order moves with other jobs, of which no event of this one tells. */
function watch(job, { state, reload }) {
  clearTimeout(state.timer);
  if (isUnfinished(job)) state.timer = setTimeout(() => document.hidden || reload(), LOOK_MS);
}

function facts(job) {
  const known = [
    ["Queue", h("a", { href: link(`/queues/${encodeURIComponent(job.queue_name)}`) }, words(job.queue_name))],
    ["Type", typeof job.payload?.job_type === "string" && words(job.payload.job_type)],
    ["Priority", number(job.priority)],
    ["Attempts", `${number(job.attempts)} of ${number(job.max_retries + 1)}`],
    ["Made", when(job.created_at)],
    ["Due", job.scheduled_at && when(job.scheduled_at)],
    ["Started", job.started_at && when(job.started_at)],
    ["Ended", job.completed_at && when(job.completed_at)],
    ["Expires", job.expires_at && when(job.expires_at)],
    ["Timeout", seconds(job.timeout_seconds)],
    ["Worker", job.assigned_worker_id && words(job.assigned_worker_id)],
    ["Lease ends", job.status === "processing" && when(job.leased_until)],
    ["Tags", job.tags !== null && tags(job.tags)],
    ["Idempotency key", job.idempotency_key && h("code", null, words(job.idempotency_key))],
    ["Workflow", job.workflow_id && h("a", { href: link(`/workflows/${job.workflow_id}`) }, job.workflow_id)],
    ["Parent", job.parent_job_id && h("a", { href: link(`/jobs/${job.parent_job_id}`) }, job.parent_job_id)],
    ["Trace", job.traceparent && h("code", { title: job.traceparent }, traceOf(job.traceparent))],
    ["Tells", job.completion_webhook && words(job.completion_webhook)],
  ];
  return h("dl", { class: "pairs" }, known.filter(([, value]) => value).map(([name, value]) => [h("dt", { key: name }, name), h("dd", { key: `${name}-value` }, value)]));
}

const when = (iso) => [clock(iso), " ", h("span", { class: "faint" }, "(", ago(iso), ")")];

/** The id by which tracing tools find it: the second field of the header. */
const traceOf = (traceparent) => traceparent.split("-")[1] ?? traceparent;

/** A key of an object finds the job, and so does an element of a list. */
function tags(given) {
  const isList = Array.isArray(given);
  const entries = isList ? given.map((tag) => [tag, null]) : Object.entries(given);
  return h("ul", { class: "row tags" }, entries.map(([tag, value]) => h("li", null, typeof tag === "string" ? h("a", { class: "badge", href: link("/jobs", { tag }) }, words(tag, 60)) : h("code", null, words(pretty(tag))), value !== null && [" ", words(typeof value === "string" ? value : JSON.stringify(value), 120)])));
}

function others(name, jobs, note = null) {
  if (jobs.length === 0) return null;
  const id = name.replaceAll(" ", "-").toLowerCase();
  return h(
    "section",
    { key: id, "aria-labelledby": id },
    h("h2", { id }, `${name} (${number(jobs.length)})`),
    note && h("p", { class: "faint" }, note),
    h("ul", { class: "related" }, jobs.slice(0, RELATED_SHOWN).map((job) => h("li", { key: job.job_id, class: "row" }, jobState(job.status), h("a", { href: link(`/jobs/${job.job_id}`), class: "mono" }, job.job_id), words(job.queue_name)))),
    jobs.length > RELATED_SHOWN && h("p", { class: "faint" }, `and ${number(jobs.length - RELATED_SHOWN)} more`),
  );
}
