/**
 * Acts on many jobs: looked at first, then confirmed with the token of that look, then done in the background.
 *
 *   beginAct(page, "retry", { cause: "cause_x" })     asks, previews, confirms; the page is read again (or `then`),
 *                                                     and shows the progress
 */

import { post } from "./api.js";
import { follow } from "./act_progress.js";
import { ask, show } from "./dialog.js";
import { h } from "./dom.js";
import { number, plural } from "./format.js";
import { inWords } from "./job_filter.js";
import { adjective, jobState } from "./job_state.js";
import { failed, said } from "./notice.js";
import { lacking } from "./rights.js";
import { words } from "./value.js";

const MOST_NAMED = 1_000;
const TYPED_FROM = 10;
const WAITING = ["pending", "scheduled"];

/** What each act is called, what it takes, and to which jobs it applies. */
export const ACTS = {
  retry: { text: "Retry", done: "retried", right: "jobs:write", statuses: ["failed", "deadletter"], rule: "only failed and dead jobs can be retried" },
  cancel: { text: "Cancel", done: "cancelled", right: "jobs:delete", statuses: WAITING, danger: true, rule: "only jobs that have not started can be cancelled" },
  set_priority: {
    text: "Priority…", done: "given another priority", right: "jobs:write", statuses: WAITING, rule: "only jobs that have not started have a place in the order",
    field: { name: "priority", label: "Priority", type: "number", min: -100, max: 100, step: 1, required: true, help: "From -100 to 100; the highest is taken first." },
  },
  move: {
    text: "Move…", done: "moved", right: "jobs:write", statuses: WAITING, rule: "only jobs that have not started can be moved",
    field: { name: "queue_name", label: "To the queue", required: true, maxlength: 100, pattern: "[A-Za-z0-9._\\-]+", help: "It comes into being if there is none." },
  },
  delete: { text: "Delete", done: "deleted", right: "jobs:delete", statuses: ["failed", "deadletter", "cancelled"], danger: true, rule: "only failed, dead and cancelled jobs can be deleted" },
};

/** Why an act cannot be begun on these jobs; null when it can. `isOpen`: there are others that are not shown. */
export function actReason(act, jobs, isOpen = false) {
  const { right, statuses, rule } = ACTS[act];
  const missing = lacking(right);
  if (missing) return missing;
  if (!isOpen && jobs.length > MOST_NAMED) return `at most ${number(MOST_NAMED)} jobs can be chosen one by one`;
  return isOpen || jobs.some((job) => statuses.includes(job.status)) ? null : rule;
}

export async function beginAct(page, act, filter, { then = page.reload } = {}) {
  const preview = await previewed(act, filter);
  if (!preview) return null;
  const begun = preview.matched === 0 ? await nothingToDo(preview) : await confirmed(preview, filter);
  if (!begun?.id) return null;
  said(`${ACTS[act].text.replace("…", "")}: begun on ${plural(begun.matched, "job")}.`);
  follow(page, begun);
  await then();
  return begun;
}

async function previewed(act, filter) {
  const { field, text } = ACTS[act];
  const look = (given) => post("/jobs/acts/preview", { act, filter, arguments: given });
  if (field) return ask({ title: text.replace("…", ""), fields: [field], act: "Preview", run: look });
  try {
    return await look({});
  } catch (error) {
    failed(error);
    return null;
  }
}

function confirmed(preview, filter) {
  const { text, danger } = ACTS[preview.act];
  const mustType = preview.act === "delete" && preview.matched >= TYPED_FROM;
  const request = { act: preview.act, filter, arguments: preview.arguments, token: preview.token };
  return ask({
    title: `${text.replace("…", "")} ${atLeast(preview)}${target(preview)}?`,
    text: [h("p", null, about(preview)), skipped(preview), sample(preview)],
    fields: mustType ? [{ name: "typed", label: `They are gone for good. Type ${preview.matched} to go on.`, required: true, autofocus: true, autocomplete: "off", inputmode: "numeric" }] : [],
    act: `${text.replace("…", "")} ${atLeast(preview)}`,
    leave: preview.act === "cancel" ? "Leave them" : undefined,
    danger,
    run: async ({ typed }) => {
      if (mustType && typed.replace(/[\s,.]/g, "") !== String(preview.matched)) throw new Error(`That is not ${preview.matched}.`);
      return post("/jobs/acts", request);
    },
  });
}

const nothingToDo = (preview) =>
  show({ title: `No job to ${ACTS[preview.act].text.replace("…", "").toLowerCase()}`, content: h("div", { class: "prose" }, h("p", null, about(preview)), skipped(preview)) });

const atLeast = ({ matched, matched_is_exact: isExact }) => `${isExact ? "" : "at least "}${plural(matched, "job")}`;

function target({ arguments: given }) {
  if (given.queue_name) return ` to ${given.queue_name}`;
  return given.priority === undefined ? "" : ` to priority ${number(given.priority)}`;
}

const about = ({ filter, by_status: counts }) => [
  h("strong", null, words(`${inWords(filter).replace(/^./, (first) => first.toUpperCase())}: `)),
  Object.entries(counts).filter(([, count]) => count > 0).map(([status, count]) => `${number(count)} ${adjective(status)}`).join(", ") || "none",
  ". What is made or dies after this look is not in the act.",
];

const skipped = (preview) =>
  preview.skipped.length > 0 && h("ul", null, preview.skipped.map(({ status, count, reason }) => h("li", null, `${number(count)} ${adjective(status)} left alone: ${reason}.`)));

function sample({ sample: jobs, matched }) {
  if (jobs.length === 0) return null;
  return h(
    "div",
    { class: "sample" },
    h("p", null, jobs.length < matched ? `The newest ${number(jobs.length)} of them:` : "These:"),
    h("ul", { tabindex: "0", "aria-label": "Some of the jobs" }, jobs.map((job) => h("li", null, h("code", null, job.id), " ", jobState(job.status), " ", words(job.queue_name, 60), " ", job.last_error ? h("small", null, words(job.last_error, 120)) : words(job.job_type, 60)))),
  );
}
