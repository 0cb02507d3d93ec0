/** What was made and what ended, hour by hour: the pictures of the overview and of a queue. */

import { get } from "./api.js";
import { bars, sparkline } from "./chart.js";
import { h } from "./dom.js";
import { duration, number } from "./format.js";

const RANGES = [["3", "3 hours"], ["24", "24 hours"]];
const KEPT_MS = 30_000;
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The steps, read again when the timer may have counted: other figures change more often. */
export async function readActivity({ state, query, signal }, queueName) {
  const hours = query.hours === "24" ? 24 : 3;
  const known = state.activity;
  if (known && known.hours === hours && Date.now() - known.readAt < KEPT_MS) return known;
  const said = await get("/dashboard/activity", { query: { hours, queue_name: queueName }, signal }).catch((error) => {
    // A key that may not see the organization has no picture of it.
    if (error.status === 403) return null;
    throw error;
  });
  state.activity = { ...said, hours, readAt: Date.now() };
  return state.activity;
}

export function activityView({ steps, step_seconds: length, hours }, page) {
  if (!steps) return null;
  const sum = (name) => steps.reduce((total, step) => total + step[name], 0);
  const completed = sum("completed");
  const failed = sum("failed");
  const named = steps.map((step) => ({ label: hour.format(new Date(step.starts_at)), value: step.completed, second: step.failed }));
  const waits = steps.map((step) => step.avg_wait_time_ms ?? 0);
  const runs = steps.map((step) => step.avg_processing_time_ms ?? 0);
  return h(
    "section",
    { key: "activity", "aria-labelledby": "activity-title" },
    h(
      "div",
      { class: "between" },
      h("h2", { id: "activity-title" }, "Throughput and latency"),
      h("div", { class: "row", role: "group", "aria-label": "How far back" }, RANGES.map(([value, text]) => h("button", { type: "button", "aria-pressed": String(String(hours) === value), on: { click: () => page.go({ hours: value === "3" ? null : value }, { replace: true }) } }, text))),
    ),
    steps.length === 0
      ? h("p", { class: "faint" }, "Jobs are counted every five minutes; the first count is still to come.")
      : h(
          "div",
          { class: "pictures" },
          picture("Jobs that ended", `${number(completed)} completed, ${number(failed)} failed`, bars(named, { label: `Jobs that ended in steps of ${duration(length * 1000)}: ${number(completed)} completed, ${number(failed)} failed`, unit: "completed", secondLabel: "failed" }), named),
          picture("From due to start", `${latest(steps, "avg_wait_time_ms")} in the latest step, ${duration(Math.max(...waits))} at most`, sparkline(waits, { label: `Average wait of jobs until they start, at most ${duration(Math.max(...waits))}` }), named),
          picture("Run time", `${latest(steps, "avg_processing_time_ms")} in the latest step, ${duration(Math.max(...runs))} at most`, sparkline(runs, { label: `Average run time of jobs, at most ${duration(Math.max(...runs))}` }), named),
        ),
  );
}

const latest = (steps, name) => duration(steps.findLast((step) => step[name] !== null)?.[name]);

function picture(title, summary, chart, named) {
  return h(
    "figure",
    { key: title },
    h("figcaption", null, h("b", null, title), " ", h("span", { class: "faint" }, summary)),
    chart,
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", null, named[0].label), h("span", null, named.at(-1).label)),
  );
}
