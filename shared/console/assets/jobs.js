/** All jobs: found by a filter that stands in the address, chosen, and acted upon together. */

import { actsInHand, readActs } from "./act_progress.js";
import { ACTS, actReason, beginAct } from "./bulk.js";
import { h } from "./dom.js";
import { ago, number, plural } from "./format.js";
import { FIELDS, filterForm, inWords, readQueues, toApi } from "./job_filter.js";
import { readList, readMore } from "./job_list.js";
import { jobState } from "./job_state.js";
import { failed } from "./notice.js";
import { actButton } from "./rights.js";
import { go, link } from "./router.js";
import { moreButton, table } from "./table.js";
import { words } from "./value.js";

const AN_ID = /^job_[0-9a-hjkmnp-tv-z]{13}$/i;
const ERROR_SHOWN = 140;

export const events = ["JobCreated", "JobStatusChange", "JobUpdated"];
export const eventQuery = ({ query = {} }) => (query.queue ? { queue: query.queue } : {});
export const title = () => "Jobs";

export async function read({ query, state, signal }) {
  if (AN_ID.test(query.q ?? "")) go(`/jobs/${query.q.toLowerCase()}`, {}, { replace: true });
  const about = aboutOf(query);
  // What is shown stays until something else is there to be shown.
  const next = state.about === about && !state.isRenewed ? state : { about, rows: null };
  await Promise.all([readQueues(state, signal), readActs(state, signal), readList(next, toApi(query), query.order, signal)]);
  if (next !== state) Object.assign(state, next, { chosen: new Set(), isAll: false, isRenewed: false });
  return state.rows;
}

const aboutOf = (query) => JSON.stringify([query.order, ...FIELDS.map((name) => query[name])]);

export function view(_, page) {
  const { state, query } = page;
  const isLooking = state.about !== aboutOf(query);
  return [
    filterForm(page),
    isLooking && h("p", { key: "looking", class: "faint", role: "status" }, "Looking…"),
    query.cause && h("p", { key: "cause", class: "row" }, h("span", { class: "badge" }, "Dead letters of one cause"), h("a", { href: link("/jobs", { ...query, cause: null }) }, "Show all")),
    actsInHand(page),
    !isLooking && bulkBar(page),
    state.newer > 0 && h("p", { key: "newer", class: "newer", role: "status" }, h("button", { type: "button", on: { click: () => ((state.isRenewed = true), page.reload()) } }, newerText(state))),
    list(page, isLooking),
    moreButton(state.hasMore && !isLooking, () => readMore(state, toApi(query), query.order).then(page.update, failed)),
  ];
}

const newerText = ({ newer, areMoreNewer }) => `Show ${areMoreNewer ? `more than ${newer - 1} new jobs` : plural(newer, "new job")}`;

function list(page, isOld) {
  const { state, query } = page;
  return table({
    caption: "Jobs",
    rows: state.rows,
    key: (job) => job.id,
    dim: (job) => isOld || job.isGone,
    columns: [
      { title: "Job", cell: (job) => named(job, page) },
      { title: "State", cell: (job) => (job.isGone ? h("span", { class: "state" }, "Deleted") : jobState(job.status)) },
      { title: "Queue", cell: (job) => h("a", { href: link(`/queues/${encodeURIComponent(job.queue_name)}`) }, words(job.queue_name)) },
      { title: "Attempts", end: true, cell: (job) => `${number(job.attempts)} of ${number(job.max_retries + 1)}` },
      { title: "Made", end: true, cell: (job) => ago(job.created_at) },
    ],
    empty: FIELDS.some((name) => query[name]) ? "No job is like this." : "No job yet. Push one: POST /api/v1/jobs.",
  });
}

function named(job, { state, update }) {
  const choose = (event) => {
    if (state.isAll) Object.assign(state, { isAll: false, chosen: new Set(state.rows.map((row) => row.id)) });
    if (event.currentTarget.checked) state.chosen.add(job.id);
    else state.chosen.delete(job.id);
    update();
  };
  return h(
    "div",
    { class: "job" },
    h("input", { type: "checkbox", "aria-label": `Choose ${job.id}`, checked: state.isAll || state.chosen.has(job.id), on: { change: choose } }),
    h(
      "div",
      null,
      h("a", { href: link(`/jobs/${job.id}`), class: "mono" }, job.id),
      (job.job_type || job.priority !== 0) && h("small", { key: "type" }, words(job.job_type, 80), job.priority !== 0 && `${job.job_type ? " · " : ""}priority ${number(job.priority)}`),
      job.last_error && h("small", { key: "error", class: "error" }, words(job.last_error, ERROR_SHOWN)),
    ),
  );
}

function bulkBar(page) {
  const { state, query, update } = page;
  if (state.rows.length === 0) return null;
  const choose = (ids, isAll) => {
    Object.assign(state, { chosen: new Set(ids), isAll });
    update();
  };
  const shown = state.rows.filter((job) => !job.isGone).map((job) => job.id);
  const isEach = shown.length > 0 && shown.every((id) => state.chosen.has(id));
  const chosen = state.rows.filter((job) => state.isAll || state.chosen.has(job.id));
  const begin = async (act) => (await beginAct(page, act, filter())) && choose([], false);
  const filter = () => (state.isAll ? toApi(query) : { job_ids: [...state.chosen] });
  return h(
    "div",
    { class: "bulk", key: "bulk", role: "group", "aria-label": "Acts on several jobs" },
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: isEach || state.isAll, on: { change: (event) => choose(event.currentTarget.checked ? shown : [], false) } }), " ", chosenText(state, query)),
    isEach && !state.isAll && (state.hasMore || state.newer > 0) && h("button", { type: "button", class: "quiet", key: "all", on: { click: () => choose([], true) } }, "Choose all that match the filter"),
    chosen.length > 0 && h("div", { class: "row", key: "acts" }, Object.keys(ACTS).map((act) => actButton({ text: ACTS[act].text, kind: ACTS[act].danger && "danger", reason: actReason(act, chosen, state.isAll), run: () => begin(act) }))),
  );
}

function chosenText(state, query) {
  if (state.isAll) return `All that match: ${inWords(toApi(query))}`;
  return state.chosen.size > 0 ? `${number(state.chosen.size)} chosen` : "Choose all shown";
}
