/** Dead letters, grouped by what they died of: the largest group first. */

import { getPage } from "./api.js";
import { actsInHand, readActs } from "./act_progress.js";
import { ACTS, actReason, beginAct } from "./bulk.js";
import { h } from "./dom.js";
import { ago, number, plural } from "./format.js";
import { queueChoice, readQueues } from "./job_filter.js";
import { actButton } from "./rights.js";
import { link } from "./router.js";
import { moreButton } from "./table.js";
import { words } from "./value.js";

const PAGE = 50;
const ANY_DEAD = [{ status: "deadletter" }];
const QUEUES_SHOWN = 5;
const SAMPLE_SHOWN = 600;
const NOT_SORTED_YET = "these died before causes were kept; they are sorted within the hour";

export const events = ["JobFailed", "JobStatusChange"];
export const eventQuery = ({ query = {} }) => (query.queue ? { queue: query.queue } : {});
export const title = () => "Dead letters";

export async function read({ query, state, signal }) {
  const [groups] = await Promise.all([
    getPage("/jobs/dlq/causes", { query: { queue_name: query.queue, limit: state.limit ?? PAGE }, signal }),
    readQueues(state, signal),
    readActs(state, signal),
  ]);
  return groups;
}

export function view({ items, hasMore }, page) {
  const shown = items.reduce((sum, group) => sum + group.count, 0);
  const more = () => {
    page.state.limit = items.length + PAGE;
    page.reload();
  };
  return [
    h("div", { class: "filters", key: "filters" }, queueChoice(page), h("span", { class: "faint" }, summary(items, hasMore, shown))),
    actsInHand(page),
    items.length === 0
      ? h("div", { class: "empty", key: "empty" }, page.query.queue ? "No dead letter in this queue." : "No dead letters. Jobs come here when their last attempt has failed.")
      : h("ul", { class: "causes", key: "causes", "aria-label": "Causes" }, items.map((group) => h("li", { key: group.id ?? "none" }, card(group, shown, page)))),
    moreButton(hasMore, more),
  ];
}

function summary(items, hasMore, shown) {
  const counted = `${plural(shown, "dead letter")} of ${plural(items.length, "cause")}`;
  return hasMore ? `${counted}, and more` : counted;
}

function card(group, all, page) {
  const { id, cause, count, queues, sample_error: sample } = group;
  const filter = { status: "deadletter", cause: id, queue_name: page.query.queue || undefined };
  const text = cause || "No error was given";
  const act = (name) =>
    actButton({ text: `${ACTS[name].text} all`, label: `${ACTS[name].text} all ${plural(count, "job")} of: ${text.slice(0, 80)}`, kind: ACTS[name].danger && "danger", reason: id ? actReason(name, ANY_DEAD) : NOT_SORTED_YET, run: () => beginAct(page, name, filter) });
  return [
    h("div", { class: "count" }, h("strong", null, number(count)), h("progress", { max: all, value: count, "aria-hidden": "true" })),
    h(
      "div",
      { class: "cause" },
      h("h2", { class: "mono" }, words(text)),
      sample && sample !== cause && h("details", { key: "sample" }, h("summary", null, "Example"), h("pre", { dir: "auto" }, sample.slice(0, SAMPLE_SHOWN))),
      h("p", { class: "row" }, queues.slice(0, QUEUES_SHOWN).map((queue) => h("span", { class: "badge", key: queue }, words(queue, 60))), queues.length > QUEUES_SHOWN && h("span", { class: "faint" }, `and ${number(queues.length - QUEUES_SHOWN)} more`)),
      h("p", { class: "faint" }, "First ", ago(group.first_seen), ", last ", ago(group.last_seen), " · ", h("a", { href: link(`/jobs/${group.example_job_id}`) }, "the newest job")),
    ),
    h("div", { class: "acts" }, h("a", { class: "button", href: link("/jobs", { status: "deadletter", cause: id, queue: page.query.queue }) }, "Jobs"), act("retry"), act("delete")),
  ];
}
