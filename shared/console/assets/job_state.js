/** How a job stands, in one word and colour. */

import { h } from "./dom.js";

export const STATES = {
  pending: ["Pending", null],
  scheduled: ["Scheduled", null],
  processing: ["Running", "info"],
  completed: ["Completed", "good"],
  failed: ["Failed", "bad"],
  deadletter: ["Dead letter", "bad"],
  cancelled: ["Cancelled", null],
};
const ADJECTIVES = { deadletter: "dead", processing: "running" };
const UNFINISHED = new Set(["pending", "scheduled", "processing"]);

export const stateName = (status) => STATES[status]?.[0] ?? status;
/** As it is said of jobs: "dead", "running". */
export const adjective = (status) => ADJECTIVES[status] ?? status;
export const isUnfinished = ({ status }) => UNFINISHED.has(status);

export function jobState(status) {
  return h("span", { class: ["state", STATES[status]?.[1]] }, stateName(status));
}
