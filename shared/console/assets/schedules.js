/** Schedules: what recurs, when it fires next, and what stands still. */

import { h } from "./dom.js";
import { ago, DASH, number } from "./format.js";
import { filterBy, pageOf, pager } from "./pager.js";
import { actButton, lacking } from "./rights.js";
import { go, link } from "./router.js";
import { NEEDS_TO_RUN, pauseButton, stateOf } from "./schedule_acts.js";
import { table } from "./table.js";

export const events = ["ScheduleCreated", "ScheduleUpdated", "SchedulePaused", "ScheduleResumed", "ScheduleTriggered", "ScheduleDeleted"];
export const title = () => "Schedules";
export const read = (where) => pageOf("/schedules", { is_active: where.query.active }, where);
export const acts = () => actButton({ text: "New schedule", reason: lacking(...NEEDS_TO_RUN), kind: "primary", isNew: true, run: () => go("/schedules/new") });

export function view(data, page) {
  return [
    h("div", { class: "filters", key: "filters" }, filterBy("active", "State", [["", "All"], ["true", "Active"], ["false", "Paused"]], page)),
    table({
      caption: "Schedules",
      rows: data.items,
      key: (schedule) => schedule.id,
      dim: (schedule) => !schedule.is_active,
      columns: [
        { title: "Schedule", cell: (schedule) => h("a", { href: link(`/schedules/${schedule.id}`), title: schedule.description }, schedule.name) },
        { title: "State", cell: stateOf },
        { title: "Cron", cell: ({ cron_expression: cron, timezone }) => [h("code", null, cron), " ", h("span", { class: "faint" }, timezone)] },
        { title: "Queue", cell: ({ queue }) => h("a", { href: link(`/queues/${encodeURIComponent(queue)}`) }, queue) },
        { title: "Last run", end: true, cell: (schedule) => ago(schedule.last_run_at) },
        { title: "Next fire", end: true, cell: (schedule) => ago(schedule.next_run_at) },
        { title: "Runs", end: true, cell: (schedule) => number(schedule.run_count) },
        { title: "Missed fires", cell: missed },
        { title: "", label: "Acts", end: true, cell: (schedule) => pauseButton(schedule, page) },
      ],
      empty: page.query.active || page.query.after ? "No such schedule." : "No schedule yet. One makes a job whenever its cron says so.",
    }),
    pager(data, page),
  ];
}

export function missed({ misfire_policy: policy, misfire_limit: limit }) {
  return { skip: "skipped", last: "last one", all: `all, to ${limit}` }[policy] ?? DASH;
}
