/** What happened to a job, the latest first. */

import { h } from "./dom.js";
import { clock, duration } from "./format.js";
import { words } from "./value.js";

const NAMES = {
  created: "Made", claimed: "Taken", completed: "Completed", failed: "Failed", retried: "Retried", released: "Given back", cancelled: "Cancelled", moved: "Moved",
};
const KINDS = { completed: "good", failed: "bad", cancelled: "warn", claimed: "info" };
const ERROR_SHOWN = 400;
const SHOWN = 100;

export function timeline({ history }) {
  const events = [...history].reverse();
  return h(
    "section",
    { "aria-labelledby": "timeline-title" },
    h("h2", { id: "timeline-title" }, "Timeline"),
    h("ol", { class: "timeline" }, events.slice(0, SHOWN).map((event, place) => h("li", { key: event.id, class: [KINDS[event.event_type]] }, entry(event, events[place + 1])))),
    events.length > SHOWN && h("p", { class: "faint" }, `and ${events.length - SHOWN} before`),
  );
}

function entry({ event_type: type, created_at: at, worker_id: worker, details }, before) {
  const { attempt, error, reason, will_retry: willRetry, from } = details ?? {};
  const since = before && Date.parse(at) - Date.parse(before.created_at);
  return [
    h("p", null, h("strong", null, NAMES[type] ?? words(type, 60)), attempt > 0 && ` · attempt ${attempt}`, willRetry === true && " · will be retried", worker && [" · ", words(worker, 80)], from && [" · from ", words(from, 100)]),
    h("p", { class: "faint" }, clock(at), since > 0 && ` · after ${duration(since)}`),
    (error || reason) && h("p", { class: "error" }, words(error ?? reason, ERROR_SHOWN)),
  ];
}
