/** API keys: who may come in, and what they may do. A secret is shown once, when it is made. */

import { del, get, post } from "./api.js";
import { ask, show } from "./dialog.js";
import { h } from "./dom.js";
import { ago, number } from "./format.js";
import { said } from "./notice.js";
import { actButton, lacking } from "./rights.js";
import { overlapField, secretView } from "./secret.js";
import { table } from "./table.js";

const RIGHTS = [
  "jobs:read", "jobs:write", "jobs:delete", "queues:read", "queues:write", "queues:admin", "workers:read", "workers:write",
  "schedules:read", "schedules:write", "webhooks:read", "webhooks:write", "api-keys:read", "api-keys:write",
  "organization:read", "organization:admin", "users:read", "users:admin",
];
const OF_A_WORKER = ["jobs:read", "jobs:write", "queues:read", "workers:write"];

export const title = () => "API keys";
export const read = ({ signal }) => get("/api-keys", { signal });
export const acts = (_, page) => h("button", { type: "button", class: "primary", "data-new": true, on: { click: () => create(page) } }, "New key");

export function view(keys, page) {
  const isAll = page.query.revoked === "yes";
  const rows = keys.filter((key) => isAll || !key.revoked_at);
  const revoked = keys.filter((key) => key.revoked_at).length;
  return [
    revoked > 0 &&
      h("div", { class: "filters", key: "filters" }, h("label", null, h("input", { type: "checkbox", checked: isAll, on: { change: () => page.go({ revoked: isAll ? null : "yes" }, { replace: true }) } }), ` Show ${number(revoked)} revoked`)),
    table({
      caption: "API keys",
      rows,
      key: (key) => key.id,
      dim: (key) => !key.is_active,
      columns: [
        { title: "Name", cell: ({ name }) => name },
        { title: "Begins with", cell: ({ key_prefix: prefix }) => h("code", null, `${prefix}…`) },
        { title: "May", cell: rights },
        { title: "Queues", cell: ({ queues }) => (queues.length === 0 || queues.includes("*") ? "all" : queues.join(", ")) },
        { title: "Requests a minute", end: true, cell: ({ rate_limit: rate }) => number(rate) },
        { title: "Last used", cell: ({ last_used: last }) => (last ? ago(last) : "never") },
        { title: "Ends", cell: ends },
        { title: "", label: "Acts", end: true, cell: (key) => !key.revoked_at && h("span", { class: "row end" }, isGood(key) && rotateButton(key, keys, page), h("button", { type: "button", class: "danger", "aria-label": `Revoke ${key.name}`, on: { click: () => revoke(key, page) } }, "Revoke")) },
      ],
      empty: "No key is good any more.",
    }),
  ];
}

function ends({ is_active: isActive, revoked_at: revoked, expires_at: end }) {
  if (!isActive) return h("span", { class: "state bad" }, revoked ? "Revoked" : "Switched off");
  return end ? ago(end) : "never";
}

const isGood = ({ is_active: isActive, expires_at: end }) => isActive && (!end || Date.parse(end) > Date.now());

function rotateButton(key, keys, page) {
  const successor = keys.find(({ id }) => id === key.rotated_to);
  const reason = lacking("api-keys:write") ?? (successor && isGood(successor) ? "another key takes its place already" : null);
  return actButton({ text: "Rotate", label: `Rotate ${key.name} ${key.key_prefix}`, reason, run: () => rotate(key, page) });
}

async function rotate({ id, name }, page) {
  const made = await ask({
    title: `Rotate ${name}?`,
    text: "A new key may do the same. The one before ends by itself, with the sessions that were opened with it: give the new one to whoever uses it in between.",
    fields: [overlapField()],
    act: "Rotate",
    run: ({ overlap_hours: hours }) => post(`/api-keys/${encodeURIComponent(id)}/rotate`, { overlap_seconds: Math.round(hours * 3600) }),
  });
  if (!made) return;
  await page.reload();
  await show({ title: `${made.name} has a new key`, content: secretView(made.key), act: "I have it" });
}

function rights({ permissions }) {
  if (permissions === null) return "everything";
  return h("details", null, h("summary", null, permissions.length === 1 ? permissions[0] : `${number(permissions.length)} rights`), permissions.join(", "));
}

async function create(page) {
  const queues = await get("/queues").catch(() => []);
  const made = await ask({
    title: "New API key",
    fields: [
      { name: "name", label: "Name", required: true, maxlength: 100, placeholder: "Mailer in production" },
      { name: "permissions", label: "May", type: "checks", value: OF_A_WORKER, options: RIGHTS.map((right) => [right, right]), help: "What a worker needs is ticked. None ticked: everything." },
      { name: "queues", label: "Only for these queues", help: "Names with commas between. Empty: all.", placeholder: queues.slice(0, 2).map((queue) => queue.name).join(", ") },
      { name: "rate_limit", label: "Requests a minute", type: "number", min: 1, max: 10_000, help: "Empty: the plan's." },
      { name: "expires_at", label: "Ends at", type: "datetime-local", help: "By your clock. Empty: never." },
    ],
    act: "Create",
    run: ({ name, permissions, queues: wanted, rate_limit: rate, expires_at: end }) =>
      post("/api-keys", {
        name,
        permissions: permissions.length > 0 ? permissions : null,
        queues: wanted.split(",").map((queue) => queue.trim()).filter(Boolean),
        rate_limit: rate,
        expires_at: end ? new Date(end).toISOString() : null,
      }),
  });
  if (!made) return;
  await page.reload();
  await show({ title: `${made.name} is there`, content: secretView(made.key), act: "I have it" });
}

async function revoke(key, page) {
  const done = await ask({
    title: `Revoke ${key.name}?`,
    text: "Whoever uses it is refused from the next request on, for good. Jobs that its workers hold are not given back before their lease ends.",
    act: "Revoke",
    danger: true,
    run: () => del(`/api-keys/${key.id}`),
  });
  if (done) {
    said(`${key.name} is revoked.`);
    await page.reload();
  }
}
