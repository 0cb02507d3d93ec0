/** One workflow: its graph, which follows what happens without moving, the same as a table, and what can be done. */

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { ago, DASH, duration, number } from "./format.js";
import { graphView } from "./graph.js";
import { said } from "./notice.js";
import { actButton, lacking } from "./rights.js";
import { link } from "./router.js";
import { badge, progressOf } from "./states.js";
import { table } from "./table.js";

const NEEDS = ["jobs:write"];

export const events = ["JobStatusChange", "WorkflowStarted", "WorkflowCompleted", "WorkflowFailed", "WorkflowCancelled", "WorkflowRetried"];
export const title = ({ data }) => data?.name ?? "Workflow";
export const read = ({ params, signal }) => get(`/workflows/${encodeURIComponent(params.id)}/graph`, { signal });

/** Of the events of all jobs those of its steps. */
export const concerns = ({ data: { job_id: job, workflow_id: workflow } }, { id, steps }) =>
  workflow ? workflow === id : steps.some((step) => step.id === job);

export const acts = (workflow, page) => [
  actButton({
    text: "Retry",
    reason: lacking(...NEEDS) ?? (workflow.status === "failed" ? null : "only a workflow that has failed is retried"),
    run: () => page.act(() => post(`/workflows/${workflow.id}/retry`), `${workflow.name} goes on: what failed or was cancelled runs again.`),
  }),
  actButton({
    text: "Cancel",
    kind: "danger",
    reason: lacking(...NEEDS) ?? (["pending", "running"].includes(workflow.status) ? null : `it is ${workflow.status} already`),
    run: () => cancel(workflow, page),
  }),
];

export function view(workflow, page) {
  const { progress } = workflow;
  return [
    h("p", { class: "crumbs", key: "crumbs" }, h("a", { href: link("/workflows") }, "Workflows"), badge(workflow.status), h("code", null, workflow.id)),
    workflow.description && h("p", { class: "faint", key: "description" }, workflow.description),
    h(
      "dl",
      { class: "figures", key: "figures" },
      [
        ["Completed", progressOf(progress.completed, progress.total, "Completed steps")],
        ["Running", number(progress.processing)],
        ["Waiting", number(progress.pending)],
        ["Failed", number(progress.failed), progress.failed > 0 && "bad"],
        ["Cancelled", number(progress.cancelled)],
        workflow.completed_at ? ["Ended", ago(workflow.completed_at)] : ["Created", ago(workflow.created_at)],
      ].map(([name, value, kind]) => h("div", { key: name, class: [kind] }, h("dt", null, name), h("dd", null, value))),
    ),
    graphView(workflow, page),
    h("h2", { key: "steps-title" }, "Steps"),
    steps(workflow),
  ];
}

function steps({ steps: rows, dependencies }) {
  const names = new Map(rows.map((step) => [step.id, step.key]));
  const parents = new Map(rows.map((step) => [step.id, []]));
  for (const edge of dependencies) parents.get(edge.child_job_id)?.push(edge);
  return table({
    caption: "Steps, with what each waits for",
    rows,
    key: (step) => step.id,
    columns: [
      { title: "Step", cell: (step) => h("a", { href: link(`/jobs/${step.id}`) }, step.key) },
      { title: "State", cell: ({ status }) => badge(status) },
      { title: "Job type", cell: (step) => step.job_type || DASH },
      { title: "Queue", cell: (step) => h("a", { href: link(`/queues/${encodeURIComponent(step.queue_name)}`) }, step.queue_name) },
      { title: "Waits for", cell: (step) => waitsFor(step, parents.get(step.id), names) },
      { title: "Retries", end: true, cell: (step) => `${number(step.attempt)} of ${number(step.max_retries)}` },
      { title: "Took", end: true, cell: ({ started_at: start, completed_at: end }) => h("time", null, start && end ? duration(Date.parse(end) - Date.parse(start)) : DASH) },
      { title: "Error", cell: (step) => step.last_error && h("span", { class: "clipped", title: step.last_error }, step.last_error) },
    ],
  });
}

/** A parent that is no step of this workflow is named by its job. */
function waitsFor({ dependency_mode: mode }, edges, names) {
  if (edges.length === 0) return DASH;
  return [
    edges.length > 1 && mode === "any" && "any of ",
    edges.map(({ parent_job_id: parent, dependency_type: type }, place) => [
      place > 0 && ", ",
      names.get(parent) ?? h("a", { href: link(`/jobs/${parent}`) }, parent),
      type !== "success" && ` (${type})`,
    ]),
  ];
}

async function cancel(workflow, page) {
  const done = await ask({
    title: `Cancel ${workflow.name}?`,
    text: "What is unfinished is cancelled, running jobs too. Their workers are told when they report.",
    act: "Cancel the workflow",
    danger: true,
    run: () => post(`/workflows/${workflow.id}/cancel`),
  });
  if (done) {
    said(`${workflow.name} is cancelled.`);
    await page.reload();
  }
}
