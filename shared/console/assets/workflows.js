/** Workflows, the newest first: how far each is. */

import { h } from "./dom.js";
import { ago, DASH, duration, number } from "./format.js";
import { filterBy, pageOf, pager } from "./pager.js";
import { link } from "./router.js";
import { badge, progressOf } from "./states.js";
import { table } from "./table.js";

const STATUSES = ["pending", "running", "completed", "failed", "cancelled"];

export const events = ["WorkflowCreated", "WorkflowStarted", "WorkflowCompleted", "WorkflowFailed", "WorkflowCancelled", "WorkflowRetried"];
export const title = () => "Workflows";
export const read = (where) => pageOf("/workflows", { status: where.query.status }, where);

export function view(data, page) {
  return [
    h("div", { class: "filters", key: "filters" }, filterBy("status", "State", [["", "All"], ...STATUSES.map((status) => [status, status])], page)),
    table({
      caption: "Workflows",
      rows: data.items,
      key: (workflow) => workflow.id,
      columns: [
        { title: "Workflow", cell: (workflow) => h("a", { href: link(`/workflows/${workflow.id}`), title: workflow.description }, workflow.name) },
        { title: "State", cell: ({ status }) => badge(status) },
        { title: "Progress", cell: ({ name, completed_jobs: done, total_jobs: total }) => progressOf(done, total, `Completed steps of ${name}`) },
        { title: "Failed", end: true, cell: ({ failed_jobs: failed }) => (failed ? h("span", { class: "badge bad" }, number(failed)) : DASH) },
        { title: "Age", end: true, cell: (workflow) => ago(workflow.created_at) },
        { title: "Took", end: true, cell: took },
      ],
      empty: page.query.status || page.query.after ? "No such workflow." : "No workflow yet. One is made by POST /api/v1/workflows: jobs that wait for one another.",
    }),
    pager(data, page),
  ];
}

function took({ started_at: start, completed_at: end }) {
  return start && end ? duration(Date.parse(end) - Date.parse(start)) : DASH;
}
