/** What can be done to a queue, on its own page and in the list. */

import { del, post, put } from "./api.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { seconds } from "./format.js";
import { go, link } from "./router.js";
import { said } from "./notice.js";

const at = (name) => `/queues/${encodeURIComponent(name)}`;

/** Whether it gives out jobs, and why not. */
export function stateOf({ paused, enabled, pause_reason: reason }) {
  if (paused) return h("span", { class: "state warn", title: reason }, "Paused");
  return enabled ? h("span", { class: "state good" }, "Open") : h("span", { class: "state warn" }, "Disabled");
}

export function pauseButton(queue, page) {
  const [text, run] = queue.enabled ? ["Pause", pause] : ["Resume", resume];
  return h("button", { type: "button", "aria-label": `${text} ${queue.name}`, on: { click: () => run(queue, page) } }, text);
}

async function pause({ name }, page) {
  const done = await ask({
    title: `Pause ${name}?`,
    text: "It still takes jobs in and gives none out. Jobs that run go on.",
    fields: [{ name: "reason", label: "Reason", maxlength: 500, help: "Others see it here, and in the explanation of every job that waits." }],
    act: "Pause",
    run: ({ reason }) => post(`${at(name)}/pause`, { reason: reason || null }),
  });
  if (done) {
    said(`${name} is paused.`);
    await page.reload();
  }
}

const resume = ({ name }, page) =>
  page.act(
    () => post(`${at(name)}/resume`),
    ({ paused_duration_secs: length }) => `${name} gives out jobs again, after ${seconds(length)}.`,
  );

export const CONFIG_FIELDS = [
  { name: "concurrency", label: "Concurrency", type: "number", min: 1, max: 1_000_000, help: "Jobs that run at once. Empty: no limit." },
  { name: "rate_limit", label: "Rate limit", type: "number", min: 1, max: 100_000, help: "Starts a second. Empty: no limit." },
  { name: "max_retries", label: "Retries", type: "number", min: 0, max: 100, required: true, help: "After the first attempt, for new jobs." },
  { name: "timeout_seconds", label: "Timeout", type: "number", min: 1, max: 86_400, required: true, help: "Seconds that a worker has for a job." },
  { name: "retry_delay_seconds", label: "First retry after", type: "number", min: 0, max: 2_592_000, step: "any", required: true, help: "Seconds." },
  { name: "backoff_multiplier", label: "Each next one times", type: "number", min: 1, max: 100, step: "any", required: true, help: "1 keeps the delay as it is." },
  { name: "backoff_max_seconds", label: "At most", type: "number", min: 0, max: 2_592_000, step: "any", required: true, help: "Seconds between two attempts." },
];

/** Change a queue; an empty limit is lifted, which the API is told by a null in `settings`. */
export const configure = (name, values) =>
  put(`${at(name)}/config`, { ...values, settings: { concurrency: values.concurrency, rate_limit: values.rate_limit } });

export async function newQueue(page) {
  const made = await ask({
    title: "New queue",
    text: "A queue also comes into being with its first job. Make it beforehand to set its limits.",
    fields: [{ name: "name", label: "Name", required: true, maxlength: 100 }, ...CONFIG_FIELDS.slice(0, 2)],
    act: "Create",
    run: (values) => post("/queues", values),
  });
  if (made) {
    said(`${made.name} is there.`);
    go(link(at(made.name)).slice(1));
  }
}

export async function deleteQueue({ name }) {
  const done = await ask({
    title: `Delete ${name}?`,
    text: "Its limits and settings go. Without its jobs this works only while none waits or runs.",
    fields: [
      { name: "jobs", label: "Delete its jobs too, waiting, running and finished ones", type: "checkbox" },
      { name: "confirmed", label: "Type the name of the queue", required: true, autocomplete: "off" },
    ],
    act: "Delete",
    danger: true,
    run: async ({ jobs, confirmed }) => {
      if (confirmed !== name) throw new Error(`That is not ${name}.`);
      await del(at(name), { query: { delete_jobs: jobs } });
    },
  });
  if (done) {
    said(`${name} is gone.`);
    go("/queues");
  }
}
