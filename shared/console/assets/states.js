/** States of jobs, workflows, schedules, workers and deliveries, by colour, sign and word: none of them alone. */

import { h } from "./dom.js";
import { stateName } from "./job_state.js";

const SIGNS = {
  good: ["✓", ["completed", "success", "healthy", "done", "active", "enabled"]],
  info: ["▶", ["processing", "running"]],
  bad: ["✕", ["failed", "deadletter", "offline", "auto_disabled"]],
  warn: ["!", ["degraded", "draining", "paused", "disabled", "refused", "unknown"]],
  "": ["◷", ["pending", "scheduled"]],
  off: ["⊘", ["cancelled"]],
};
const WORDS = { auto_disabled: "Disabled after failures", running: "Running" };

/** What a state looks like: { tone, sign, word }. */
export function lookOf(state) {
  const [tone, [sign]] = Object.entries(SIGNS).find(([, [, states]]) => states.includes(state)) ?? ["", ["?"]];
  return { tone, sign, word: WORDS[state] ?? capital(stateName(String(state))) };
}

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

export function badge(state, title) {
  const { tone, sign, word } = lookOf(state);
  return h("span", { class: ["badge", "sign", tone], title }, h("span", { "aria-hidden": "true" }, sign), word);
}

/** How many of how many, as a bar and in words. */
export function progressOf(done, total, label) {
  return h("span", { class: "share" }, h("progress", { value: done, max: Math.max(1, total), "aria-label": label }), ` ${done} of ${total}`);
}
