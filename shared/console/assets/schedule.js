/** One schedule: its next fires on two clocks, and what became of the last ones. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { ago, clock, DASH, duration, number } from "./format.js";
import { firesTable } from "./fires.js";
import { actButton, lacking } from "./rights.js";
import { go, link } from "./router.js";
import { at, deleteButton, NEEDS, pauseButton, stateOf, triggerButton } from "./schedule_acts.js";
import { missed } from "./schedules.js";
import { badge } from "./states.js";
import { table } from "./table.js";

const FIRES = 10;

export const events = ["ScheduleUpdated", "SchedulePaused", "ScheduleResumed", "ScheduleTriggered", "ScheduleDeleted", "JobStatusChange"];
export const title = ({ data }) => data?.schedule.name ?? "Schedule";
export const concerns = ({ data }, { schedule, runs }) =>
  data.schedule_id ? data.schedule_id === schedule.id : runs.some((run) => run.job_id === data.job_id);

export async function read({ params, signal }) {
  const path = at(params.id);
  const [schedule, fires, runs] = await Promise.all([
    get(path, { signal }),
    get(`${path}/preview`, { query: { count: FIRES }, signal }),
    get(`${path}/history`, { query: { limit: 50 }, signal }),
  ]);
  return { schedule, fires, runs };
}

export const acts = ({ schedule }, page) => [
  triggerButton(schedule, page),
  pauseButton(schedule, page),
  actButton({ text: "Edit", reason: lacking(...NEEDS), run: () => go(`${at(schedule.id)}/edit`) }),
  deleteButton(schedule),
];

export function view({ schedule, fires, runs }) {
  return [
    h("p", { class: "crumbs", key: "crumbs" }, h("a", { href: link("/schedules") }, "Schedules"), stateOf(schedule), h("code", null, schedule.id)),
    schedule.last_error && h("div", { class: "banner bad", key: "error" }, h("p", null, "The service paused it: ", schedule.last_error)),
    h(
      "div",
      { class: "columns", key: "facts" },
      h("section", { "aria-label": "Schedule" }, schedule.description && h("p", null, schedule.description), h("dl", { class: "pairs" }, facts(schedule))),
      h(
        "section",
        { "aria-label": "Payload and tags" },
        h("details", null, h("summary", null, "Payload of each job"), h("pre", null, JSON.stringify(schedule.payload_template, null, 2))),
        schedule.tags && h("details", null, h("summary", null, "Tags"), h("pre", null, JSON.stringify(schedule.tags, null, 2))),
        schedule.metadata && h("details", null, h("summary", null, "Metadata"), h("pre", null, JSON.stringify(schedule.metadata, null, 2))),
      ),
    ),
    h("h2", { key: "fires-title" }, schedule.is_active ? "Next fires" : "Next fires, were it not paused"),
    h("div", { key: "fires" }, firesTable(fires, schedule.timezone)),
    h("h2", { key: "runs-title" }, "Runs"),
    h("div", { key: "runs" }, runsTable(runs)),
  ];
}

function facts(schedule) {
  return [
    ["Cron", h("code", null, schedule.cron_expression)],
    ["Time zone", schedule.timezone],
    ["Queue", h("a", { href: link(`/queues/${encodeURIComponent(schedule.queue)}`) }, schedule.queue)],
    ["Next fire", schedule.next_run_at ? [clock(schedule.next_run_at), ", ", ago(schedule.next_run_at)] : DASH],
    ["Last run", schedule.last_run_at ? [clock(schedule.last_run_at), ", ", ago(schedule.last_run_at)] : DASH],
    ["Runs", number(schedule.run_count)],
    ["Missed fires", missed(schedule)],
    ["Priority", number(schedule.priority)],
    ["Retries", number(schedule.max_retries)],
    ["Timeout", duration(schedule.timeout_seconds * 1000)],
  ].map(([name, value]) => [h("dt", null, name), h("dd", null, value)]);
}

function runsTable(runs) {
  return table({
    caption: "Runs, the newest first",
    rows: runs,
    key: (run) => run.id,
    columns: [
      { title: "Started", cell: (run) => clock(run.started_at) },
      { title: "State", cell: ({ status }) => badge(status) },
      { title: "Planned for", cell: (run) => (run.planned_at ? clock(run.planned_at) : "by hand") },
      { title: "Job", cell: ({ job_id: job }) => (job ? h("a", { href: link(`/jobs/${job}`), class: "mono" }, job) : DASH) },
      { title: "Took", end: true, cell: ({ started_at: start, completed_at: end }) => (end ? duration(Math.max(0, Date.parse(end) - Date.parse(start))) : DASH) },
      { title: "Error", cell: ({ error_message: error }) => error && h("span", { class: "clipped", title: error }, error) },
    ],
    empty: "It has not run yet.",
  });
}
