/** What can be done to one job, and why not. */

import { del, post, put } from "./api.js";
import { ACTS, actReason, beginAct } from "./bulk.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { jobState } from "./job_state.js";
import { said } from "./notice.js";
import { actButton, lacking } from "./rights.js";
import { go } from "./router.js";

const RELEASED = "only a running job can be given back";

/** The acts of a job, each with the reason why it cannot be done now. */
const acts = (job, page) => [
  { text: "Retry", reason: actReason("retry", [job]), run: () => page.act(() => post(`/jobs/${job.id}/retry`), "It is back in its queue, with its attempts counted anew.") },
  { text: "Cancel", kind: "danger", reason: actReason("cancel", [job]), run: () => cancel(job, page) },
  { text: "Priority…", reason: actReason("set_priority", [job]), run: () => setPriority(job, page) },
  { text: "Move…", reason: actReason("move", [job]), run: () => beginAct(page, "move", { job_ids: [job.id] }) },
  { text: "Give back…", reason: lacking("jobs:write") ?? (job.status === "processing" ? null : RELEASED), run: () => giveBack(job, page) },
  { text: "Delete", kind: "danger", reason: actReason("delete", [job]), run: () => beginAct(page, "delete", { job_ids: [job.id] }, { then: () => go("/jobs") }) },
];

export const jobActs = (job, page) => acts(job, page).map(actButton);

/** The reasons in sight, for who has no pointer to rest on a button. */
export function reasons(job) {
  const refused = acts(job, {}).filter(({ reason }) => reason);
  if (refused.length === 0) return null;
  return h(
    "details",
    { class: "reasons", key: "reasons" },
    h("summary", null, `Not now: ${refused.map(({ text }) => text.replace("…", "").toLowerCase()).join(", ")}`),
    h("ul", null, refused.map(({ text, reason }) => h("li", null, `${text.replace("…", "")}: ${reason}.`))),
  );
}

async function cancel(job, page) {
  const done = await ask({
    title: `Cancel ${job.id}?`,
    text: [h("p", null, jobState(job.status)), h("p", null, "It will not run. Jobs that wait for it are cancelled with it, unless they wait for any ending.")],
    act: "Cancel the job",
    leave: "Leave it",
    danger: true,
    run: () => del(`/jobs/${job.id}`),
  });
  await after(done, "It is cancelled.", page);
}

async function setPriority(job, page) {
  const done = await ask({
    title: "Change the priority",
    fields: [{ ...ACTS.set_priority.field, value: job.priority }],
    act: "Change",
    run: ({ priority }) => put(`/jobs/${job.id}/priority`, { priority }),
  });
  await after(done, `It has priority ${done?.new_priority}.`, page);
}

async function giveBack(job, page) {
  const done = await ask({
    title: `Give ${job.id} back to its queue?`,
    text: "Its worker loses it: what that worker reports later is refused. The attempt is not counted. Do this when the worker is gone and its lease is long.",
    fields: [{ name: "delay_seconds", label: "Not before", type: "number", min: 0, max: 2_592_000, value: 0, help: "Seconds from now." }],
    act: "Give back",
    danger: true,
    run: ({ delay_seconds: delay }) => post(`/jobs/${job.id}/release`, { lease_id: job.lease_id, worker_id: job.assigned_worker_id, delay_seconds: delay ?? 0 }),
  });
  await after(done, "It is back in its queue.", page);
}

async function after(done, text, page) {
  if (!done) return;
  said(text);
  await page.reload();
}
