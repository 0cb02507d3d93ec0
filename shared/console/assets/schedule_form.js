/** A schedule made or changed, with its next fires while one types. What a cron means only the service says. */

import { get, parsed, post, put } from "./api.js";
import { field, valuesOf } from "./dialog.js";
import { h } from "./dom.js";
import { firesTable } from "./fires.js";
import { said } from "./notice.js";
import { go, link } from "./router.js";
import { at } from "./schedule_acts.js";

const TYPING_MS = 250;
const PREVIEWED = 5;
const MISSED = [["last", "Run once for the last one"], ["skip", "Skip them"], ["all", "Run for each, up to a limit"]];
const NEW = { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, priority: 0, max_retries: 3, timeout_seconds: 300, misfire_policy: "last", misfire_limit: 100, payload_template: {} };

export const title = ({ params, data }) => (params.id ? `Edit ${data?.name ?? "schedule"}` : "New schedule");

/** Read once: what is typed is not followed by what others change meanwhile. */
export async function read({ params, signal, state }) {
  state.schedule ??= params.id ? await get(at(params.id), { signal }) : NEW;
  return state.schedule;
}

export function view(schedule, page) {
  const { preview } = page.state;
  if (!preview && schedule.cron_expression) look(schedule, page);
  const known = fieldsOf(schedule, (event) => typed(event, page));
  return [
    h("p", { class: "crumbs", key: "crumbs" }, h("a", { href: link("/schedules") }, "Schedules"), schedule.id && h("a", { href: link(at(schedule.id)) }, schedule.name)),
    h(
      "form",
      { key: "form", class: "columns", on: { submit: (event) => save(event, schedule, known, page) } },
      h(
        "section",
        { "aria-label": "Settings" },
        known.map(field),
        h("datalist", { id: "zones", opaque: true }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone }))),
        h("p", { class: "problem", role: "alert" }, page.state.problem),
        h(
          "div",
          { class: "buttons" },
          h("a", { class: "button", href: link(schedule.id ? at(schedule.id) : "/schedules") }, "Leave it"),
          h("button", { type: "submit", class: "primary", disabled: page.state.isSaving }, schedule.id ? "Save" : "Create"),
        ),
      ),
      h(
        "section",
        { "aria-label": "Next fires", "aria-live": "polite", class: "preview" },
        h("h2", null, "Next fires"),
        !preview && h("p", { class: "faint", key: "none" }, "They show here as soon as there is a cron."),
        preview?.error && h("p", { class: "problem", key: "error" }, preview.error),
        preview?.fires && h("div", { key: "fires" }, firesTable(preview.fires, preview.timezone)),
      ),
    ),
  ];
}

function fieldsOf(schedule, onTime) {
  const on = { input: onTime, change: onTime };
  return [
    { name: "name", label: "Name", required: true, maxlength: 255, value: schedule.name },
    { name: "description", label: "Description", maxlength: 2048, value: schedule.description },
    { name: "cron_expression", label: "Cron", required: true, value: schedule.cron_expression, on, class: "mono", spellcheck: "false", autocomplete: "off", placeholder: "0 9 * * 1-5", help: "Minute, hour, day, month, weekday; with a sixth field in front, seconds. Or @daily and its like." },
    { name: "timezone", label: "Time zone", required: true, value: schedule.timezone, on, list: "zones", spellcheck: "false", autocomplete: "off" },
    { name: "queue_name", label: "Queue", required: true, maxlength: 100, value: schedule.queue_name, disabled: Boolean(schedule.id), help: schedule.id ? "A schedule keeps its queue." : "It comes into being with the first job." },
    { name: "payload_template", label: "Payload of each job", type: "textarea", rows: 6, value: JSON.stringify(schedule.payload_template, null, 2), class: "mono", spellcheck: "false", help: "Any JSON value." },
    { name: "priority", label: "Priority", type: "number", min: -100, max: 100, required: true, value: schedule.priority },
    { name: "max_retries", label: "Retries", type: "number", min: 0, max: 100, required: true, value: schedule.max_retries },
    { name: "timeout_seconds", label: "Timeout in seconds", type: "number", min: 1, max: 86_400, required: true, value: schedule.timeout_seconds },
    { name: "misfire_policy", label: "Fires missed while the service was down", type: "select", options: MISSED, value: schedule.misfire_policy },
    { name: "misfire_limit", label: "At most so many of them", type: "number", min: 1, max: 100, required: true, value: schedule.misfire_limit },
  ];
}

function typed(event, page) {
  const { cron_expression: cron, timezone } = event.currentTarget.form.elements;
  clearTimeout(page.state.timer);
  page.state.timer = setTimeout(() => look({ cron_expression: cron.value.trim(), timezone: timezone.value.trim() }, page), TYPING_MS);
}

async function look({ cron_expression: cron, timezone }, page) {
  const { state } = page;
  const asked = (state.asked = (state.asked ?? 0) + 1);
  state.preview ??= {};
  let preview = null;
  if (cron) {
    preview = await post("/schedules/preview", { cron_expression: cron, timezone, count: PREVIEWED }).then(
      (fires) => ({ fires, timezone }),
      (error) => ({ error: error.message }),
    );
  }
  if (asked !== state.asked) return;
  state.preview = preview;
  page.update();
}

async function save(event, schedule, known, page) {
  event.preventDefault();
  const { queue_name: queue, ...values } = valuesOf(event.currentTarget, known);
  const { state } = page;
  state.problem = null;
  state.isSaving = true;
  page.update();
  try {
    const body = { ...values, payload_template: jsonOf(values.payload_template) };
    const saved = schedule.id ? await put(at(schedule.id), body) : await post("/schedules", { ...body, queue_name: queue });
    said(`${saved.name} is saved.`);
    return go(at(saved.id));
  } catch (error) {
    state.problem = error.message;
  }
  state.isSaving = false;
  page.update();
}

function jsonOf(text) {
  try {
    return parsed(text);
  } catch (error) {
    throw new Error(`The payload is no JSON: ${error.message}`);
  }
}
