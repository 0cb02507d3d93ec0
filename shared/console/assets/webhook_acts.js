/** What can be done to a webhook, on its own page and in the list. */

import { del, post, put } from "./api.js";
import { ask, show } from "./dialog.js";
import { duration } from "./format.js";
import { failed, said } from "./notice.js";
import { actButton, lacking } from "./rights.js";
import { go } from "./router.js";
import { overlapField, secretView } from "./secret.js";
import { badge } from "./states.js";

export const NEEDS = ["webhooks:write"];
export const EVENTS = [
  "job.created", "job.started", "job.completed", "job.failed", "job.cancelled", "job.deadlettered", "job.retried",
  "queue.paused", "queue.resumed", "worker.registered", "worker.deregistered", "schedule.triggered",
  "workflow.completed", "workflow.failed",
];
const FORMATS = [["json", "JSON, for programs"], ["slack", "Slack"], ["discord", "Discord"], ["teams", "Teams"]];
const SECRET_BYTES = 32;
const HOUR = 3600;

/** Where its page is, and where the API has it. */
export const at = (id) => `/webhooks/${encodeURIComponent(id)}`;
export const api = (id) => `/outgoing-webhooks/${encodeURIComponent(id)}`;

export function stateOf({ enabled, last_status: last }) {
  if (enabled) return badge("enabled");
  return last === "auto_disabled" ? badge("auto_disabled", "Twenty deliveries in a row have failed.") : badge("disabled");
}

export function enableButton({ id, name, enabled }, page) {
  const [text, told] = enabled ? ["Disable", "is called no more."] : ["Enable", "is called again; its failures are forgotten."];
  return actButton({ text, reason: lacking(...NEEDS), label: `${text} ${name}`, run: () => page.act(() => put(api(id), { enabled: !enabled }), `${name} ${told}`) });
}

export const testButton = ({ id, name }, page) =>
  actButton({
    text: "Test",
    reason: lacking(...NEEDS),
    run: async () => {
      try {
        const { success, status_code: code, response_time_ms: time, error } = await post(`${api(id)}/test`);
        if (success) said(`${name} answered ${code} in ${duration(time)}.`);
        else failed(new Error(`The test of ${name} failed: ${error ?? `it answered ${code}`}, after ${duration(time)}.`));
      } catch (error) {
        failed(error);
      }
      await page.reload();
    },
  });

export async function newWebhook(page) {
  const made = await ask({
    title: "New webhook",
    fields: fieldsOf({ events: [], format: "json" }, { name: "makes_secret", label: "Make a secret, and show it once", type: "checkbox" }),
    act: "Create",
    run: async ({ makes_secret: makesSecret, secret, ...values }) => {
      const signing = makesSecret ? randomSecret() : secret;
      const webhook = await post("/outgoing-webhooks", { ...values, secret: signing || null });
      return { webhook, secret: makesSecret ? signing : null };
    },
  });
  if (!made) return;
  said(`${made.webhook.name} is there.`);
  if (made.secret) await showSecret(made.secret);
  await page.reload();
}

export async function editWebhook(webhook, page) {
  const done = await ask({
    title: `Edit ${webhook.name}`,
    fields: fieldsOf(webhook, { name: "ends_signing", label: "Sign no more", type: "checkbox" }),
    act: "Save",
    run: ({ ends_signing: endsSigning, secret, ...values }) =>
      put(api(webhook.id), endsSigning ? { ...values, secret: null } : secret ? { ...values, secret } : values),
  });
  if (done) {
    said(`${done.name} is saved.`);
    await page.reload();
  }
}

export async function rotateSecret(webhook, page) {
  const made = await ask({
    title: `Rotate the secret of ${webhook.name}?`,
    text: "Deliveries are signed with the new secret and the one before, until that ends by itself. Change the receiver in between.",
    fields: [overlapField()],
    act: "Rotate",
    run: ({ overlap_hours: hours }) => post(`${api(webhook.id)}/rotate-secret`, { overlap_seconds: Math.round(hours * HOUR) }),
  });
  if (!made) return;
  await showSecret(made.secret);
  await page.reload();
}

export async function deleteWebhook({ id, name }) {
  const done = await ask({
    title: `Delete ${name}?`,
    text: "Its deliveries go with it, sent or not.",
    act: "Delete the webhook",
    danger: true,
    run: () => del(api(id)),
  });
  if (done) {
    said(`${name} is gone.`);
    go("/webhooks");
  }
}

function fieldsOf({ id, name, url, events, format }, signing) {
  return [
    { name: "name", label: "Name", required: true, maxlength: 255, value: name },
    { name: "url", label: "URL", required: true, maxlength: 2048, value: url, inputmode: "url", spellcheck: "false", help: "https, and an address of the open internet." },
    { name: "events", label: "Events", type: "checks", options: EVENTS.map((event) => [event, event]), value: events },
    { name: "format", label: "Format", type: "select", options: FORMATS, value: format },
    { name: "secret", label: "Secret", type: "password", maxlength: 255, autocomplete: "new-password", help: id ? "Empty: it stays as it is. It is never shown." : "Deliveries are signed with it. Empty: they are not." },
    signing,
  ];
}

const showSecret = (secret) =>
  show({ title: "The secret of the webhook", content: secretView(secret, "Deliveries are signed with it, in X-Spooled-Signature."), act: "I have it" });

function randomSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return `whsec_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
