/** What the plan allows, and how much of it is used. */

import { get } from "./api.js";
import { meter } from "./chart.js";
import { h } from "./dom.js";
import { bytes, number, percent, plural } from "./format.js";

const NAMES = { jobs_today: "Jobs today", active_jobs: "Unfinished jobs", queues: "Queues", workers: "Workers", api_keys: "API keys", schedules: "Schedules", workflows: "Workflows", webhooks: "Webhooks" };

export const events = ["QueueStats", "QueueCreated", "QueueDeleted", "WorkerRegistered", "WorkerDeregistered"];
export const title = () => "Usage";
export const read = ({ signal }) => get("/organizations/usage", { signal });

export function view({ plan_display_name: plan, limits, usage, warnings }) {
  return [
    warnings.map((warning) => h("div", { key: warning.resource, class: ["banner", warning.severity === "critical" ? "bad" : "warn"] }, h("p", null, warning.message))),
    h(
      "section",
      { key: "usage", "aria-labelledby": "usage-title" },
      h("h2", { id: "usage-title" }, `Plan ${plan}`),
      h("div", { class: "uses" }, Object.entries(usage).map(([name, item]) => use(NAMES[name] ?? name, item))),
    ),
    h(
      "section",
      { key: "limits", "aria-labelledby": "limits-title" },
      h("h2", { id: "limits-title" }, "Also in the plan"),
      h(
        "dl",
        { class: "pairs" },
        pair("Requests", `${number(limits.rate_limit_requests_per_second)} a second, ${number(limits.rate_limit_burst)} at once`),
        pair("Largest payload", bytes(limits.max_payload_size_bytes)),
        pair("Finished jobs are kept", plural(limits.job_retention_days, "day")),
        pair("History is kept", plural(limits.history_retention_days, "day")),
      ),
    ),
  ];
}

function use(name, { current, limit, is_disabled: isOff }) {
  const said = isOff ? "not in this plan" : limit === null ? "no limit" : `of ${number(limit)}, ${percent(current / limit)}`;
  return h("div", { key: name }, h("div", { class: "between" }, h("span", null, name), h("span", null, h("b", null, number(current)), h("span", { class: "faint" }, ` ${said}`))), limit > 0 && meter(current, limit));
}

const pair = (name, value) => [h("dt", null, name), h("dd", null, value)];
