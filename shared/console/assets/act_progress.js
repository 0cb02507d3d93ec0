/**
 * Acts on many jobs that are under way, on every page where they are begun: how far they are, and a way to stop.
 *
 *   await readActs(state, signal)      asks which there are
 *   actsInHand(page)                   shows them, and those that were begun here until they are put away
 *   follow(page, act)                  one was begun here
 */

import { get, post } from "./api.js";
import { h } from "./dom.js";
import { ago, number, percent, plural } from "./format.js";
import { inWords } from "./job_filter.js";
import { lacking, actButton } from "./rights.js";
import { link } from "./router.js";
import { words } from "./value.js";

const LOOK_MS = 1_000;
const NAMES = { retry: "Retry", cancel: "Cancel", delete: "Delete", set_priority: "Change of priority", move: "Move" };
const ENDINGS = { completed: ["Done", "good"], aborted: ["Aborted", "warn"], failed: ["Failed", "bad"], pending: ["Waiting", null], running: ["Running", "info"] };
const isUnderWay = ({ status }) => status === "pending" || status === "running";

export async function readActs(state, signal) {
  const recent = await get("/jobs/acts", { query: { limit: 10 }, signal }).catch((error) => {
    // What went wrong with the list of acts is no reason not to see the jobs.
    if (error.name === "AbortError") throw error;
    return [];
  });
  state.acts = recent.filter((act) => isUnderWay(act) || state.followed?.has(act.id));
}

export function follow({ state }, act) {
  state.followed ??= new Set();
  state.followed.add(act.id);
}

export function actsInHand(page) {
  const { state } = page;
  const acts = state.acts ?? [];
  watch(page, acts.some(isUnderWay));
  if (acts.length === 0) return null;
  return h("ul", { class: "in-hand", key: "in-hand", "aria-label": "Acts under way" }, acts.map((act) => h("li", { key: act.id, class: [ENDINGS[act.status][1]] }, line(act, page))));
}

/** Looks again while something is under way; when the last one has ended, the page is read too. */
function watch({ state, update, reload }, isNeeded) {
  clearTimeout(state.actTimer);
  if (!isNeeded) return;
  state.actTimer = setTimeout(async () => {
    await readActs(state).catch(() => null);
    if (state.acts.some(isUnderWay)) update();
    else await reload();
  }, LOOK_MS);
}

function line(act, page) {
  const putAway = () => {
    page.state.followed?.delete(act.id);
    page.state.acts = page.state.acts.filter(({ id }) => id !== act.id);
    page.update();
  };
  return [
    h("div", { class: "row" }, h("strong", null, actName(act)), actState(act), h("a", { href: link("/acts") }, "All acts")),
    progress(act),
    h("div", { class: "row" }, h("span", null, tally(act)), act.error && h("span", null, words(act.error)), isUnderWay(act) ? abortButton(act, page) : h("button", { type: "button", class: "quiet", on: { click: putAway } }, "Put away")),
  ];
}

/** What an act does to which jobs. */
export function actName({ act, filter, arguments: given }) {
  const to = given.queue_name ?? given.priority;
  return words(`${NAMES[act]}${to === undefined ? "" : ` to ${to}`}: ${inWords(filter)}`);
}

export function actState({ status }) {
  const [text, kind] = ENDINGS[status];
  return h("span", { class: ["state", kind] }, text);
}

export function progress(act) {
  return h("progress", { max: 1, value: act.progress, "aria-label": `${NAMES[act.act]}: ${percent(act.progress)}` });
}

export const tally = (act) =>
  [
    `${number(act.done)} of ${act.matched_is_exact ? "" : "at least "}${plural(act.matched, "job")}`,
    act.skipped > 0 && `${number(act.skipped)} changed otherwise before their turn`,
    act.failed > 0 && `${number(act.failed)} could not be changed`,
  ]
    .filter(Boolean)
    .join(", ");

export function abortButton(act, page) {
  const reason = lacking("jobs:write", "jobs:delete");
  const abort = () => page.act(() => post(`/jobs/acts/${act.id}/abort`), (ended) => `Stopped after ${plural(ended.done, "job")}: no further one is touched.`);
  return isUnderWay(act) ? actButton({ text: "Abort", label: `Abort the ${NAMES[act.act].toLowerCase()}`, kind: "danger", reason, run: abort }) : null;
}

/** Who began it and when. */
export const begun = ({ created_by: who, created_at: at }) => [who.name ? words(who.name, 80) : who.type === "user" ? "A person " : "", !who.name && h("code", null, who.id), " ", ago(at)];
