/** What can be done to a schedule, on its own page and in the list. */

import { del, post } from "./api.js";
import { ask } from "./dialog.js";
import { said } from "./notice.js";
import { actButton, lacking } from "./rights.js";
import { go } from "./router.js";
import { badge } from "./states.js";

export const NEEDS = ["schedules:write"];
/** Whoever may push a job may also plan it, and run it now. */
export const NEEDS_TO_RUN = [...NEEDS, "jobs:write"];

export const at = (id) => `/schedules/${encodeURIComponent(id)}`;

/** Whether it fires; what the service paused by itself says why. */
export const stateOf = ({ is_active: isActive, last_error: error }) => badge(isActive ? "active" : "paused", error);

export function pauseButton({ id, name, is_active: isActive }, page) {
  const [text, act, told] = isActive ? ["Pause", "pause", "is paused."] : ["Resume", "resume", "goes on; what the pause skipped stays skipped."];
  return actButton({ text, reason: lacking(...NEEDS), label: `${text} ${name}`, run: () => page.act(() => post(`${at(id)}/${act}`), `${name} ${told}`) });
}

export const triggerButton = ({ id, name }, page) =>
  actButton({
    text: "Run now",
    reason: lacking(...NEEDS_TO_RUN),
    run: () => page.act(() => post(`${at(id)}/trigger`), ({ job_id: job }) => `${name} runs now, as ${job}. Its next fire stays as planned.`),
  });

export const deleteButton = (schedule) => actButton({ text: "Delete", reason: lacking(...NEEDS), kind: "danger", run: () => remove(schedule) });

async function remove({ id, name }) {
  const done = await ask({
    title: `Delete ${name}?`,
    text: "It fires no more, and its history goes with it. The jobs that it made stay.",
    act: "Delete the schedule",
    danger: true,
    run: () => del(at(id)),
  });
  if (done) {
    said(`${name} is gone.`);
    go("/schedules");
  }
}
