/** Everything at a glance: what waits, how fast it goes, who works, what is dead, and what is wrong. */

import { activityView, readActivity } from "./activity.js";
import { get } from "./api.js";
import { h } from "./dom.js";
import { figures } from "./figures.js";
import { duration, number, plural, seconds } from "./format.js";
import { stateOf } from "./queue_acts.js";
import { link } from "./router.js";
import { table } from "./table.js";

const MOST_QUEUES = 10;
const LATE_SECONDS = 300;

export const events = ["QueueStats", "QueuePaused", "QueueResumed", "WorkerRegistered", "WorkerDeregistered", "SystemHealth"];
export const title = () => "Overview";

export async function read(where) {
  const { signal } = where;
  const [dashboard, health, activity] = await Promise.all([
    get("/dashboard", { signal }),
    get("/health", { signal }),
    readActivity(where),
  ]);
  return { dashboard, health, activity };
}

export function view({ dashboard, health, activity }, page) {
  const { jobs, queues, workers, recent_activity: recent } = dashboard;
  const isLate = jobs.oldest_job_age_seconds > LATE_SECONDS;
  return [
    troubles(dashboard, health).map(([key, tone, text, href]) =>
      h("div", { key, class: ["banner", tone] }, h("p", null, text), href && h("a", { href }, "Look")),
    ),
    figures([
      ["Waiting", number(jobs.pending), null, link("/jobs", { status: "pending" })],
      ["Oldest due", seconds(jobs.oldest_job_age_seconds), isLate && "warn"],
      ["Running", number(jobs.processing), null, link("/jobs", { status: "processing" })],
      ["Workers", [number(workers.healthy), h("small", null, ` of ${number(workers.total)}`)], workers.unhealthy > 0 && "warn"],
      ["Dead letters", number(jobs.deadletter), jobs.deadletter > 0 && "bad", link("/dead-letters")],
    ]),
    figures([
      ["Made in 1 h", number(recent.jobs_created_1h)],
      ["Completed in 1 h", number(recent.jobs_completed_1h)],
      ["Failed in 1 h", number(recent.jobs_failed_1h), recent.jobs_failed_1h > 0 && "bad"],
      ["Due to start, 24 h average", duration(jobs.avg_wait_time_ms)],
      ["Run time, 24 h average", duration(jobs.avg_processing_time_ms)],
    ]),
    activityView(activity, page),
    busiest(queues),
    h("p", { class: "faint", key: "system" }, `Spooled ${health.version}, ${dashboard.system.environment}, up for ${seconds(health.uptime_seconds)}. `, h("a", { href: "/docs" }, "API documentation")),
  ];
}

/** What somebody has to look at. */
function troubles({ jobs, queues, workers, system }, health) {
  const paused = queues.filter((queue) => queue.paused && queue.pending > 0);
  const waiting = jobs.pending > 0 && workers.healthy === 0 && jobs.processing === 0;
  return [
    !health.database && ["database", "bad", "The database is away. Nothing is lost; requests are refused until it is back."],
    (!health.cache || system.cache_status !== "healthy") && ["cache", "warn", "Redis is away. Everything works on; workers look for jobs by themselves, and live events come later."],
    health.silent_timers.length > 0 && ["timers", "bad", `Silent for three periods: ${health.silent_timers.join(", ")}. What ${health.silent_timers.length === 1 ? "this timer does" : "these timers do"} is not done.`],
    waiting && ["workers", "warn", `${plural(jobs.pending, "job")} ${jobs.pending === 1 ? "waits" : "wait"}, and no worker is heard of.`],
    paused.length > 0 && ["paused", "warn", `Paused with jobs waiting: ${paused.map((queue) => queue.name).join(", ")}.`, link("/queues")],
  ].filter(Boolean);
}

function busiest(queues) {
  const rows = [...queues].sort((one, other) => other.pending + other.processing - one.pending - one.processing || one.name.localeCompare(other.name)).slice(0, MOST_QUEUES);
  return h(
    "div",
    { class: "stack", key: "queues" },
    h("div", { class: "between" }, h("h2", null, "Busiest queues"), h("a", { href: link("/queues") }, `All ${number(queues.length)}`)),
    table({
      caption: "Busiest queues",
      rows,
      key: (queue) => queue.name,
      dim: (queue) => queue.paused,
      columns: [
        { title: "Queue", cell: ({ name }) => h("a", { href: link(`/queues/${encodeURIComponent(name)}`) }, name) },
        { title: "State", cell: ({ paused }) => (paused ? stateOf({ paused }) : stateOf({ enabled: true })) },
        { title: "Waiting", end: true, cell: ({ pending }) => number(pending) },
        { title: "Running", end: true, cell: ({ processing }) => number(processing) },
        { title: "Oldest due", end: true, cell: (queue) => seconds(queue.oldest_job_age_seconds) },
      ],
      empty: "No queue yet. One comes into being with its first job.",
    }),
  );
}
