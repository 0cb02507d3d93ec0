/** Webhooks: whom the service calls when something happens, and whether they answer. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { ago, number } from "./format.js";
import { actButton, lacking } from "./rights.js";
import { link } from "./router.js";
import { badge } from "./states.js";
import { table } from "./table.js";
import { at, enableButton, NEEDS, newWebhook, stateOf } from "./webhook_acts.js";

export const title = () => "Webhooks";
export const read = ({ signal }) => get("/outgoing-webhooks", { signal });
export const acts = (_, page) => actButton({ text: "New webhook", reason: lacking(...NEEDS), kind: "primary", isNew: true, run: () => newWebhook(page) });

export function view(webhooks, page) {
  return table({
    caption: "Webhooks",
    rows: webhooks,
    key: (webhook) => webhook.id,
    dim: (webhook) => !webhook.enabled,
    columns: [
      { title: "Webhook", cell: (webhook) => h("a", { href: link(at(webhook.id)) }, webhook.name) },
      { title: "State", cell: stateOf },
      { title: "URL", cell: ({ url }) => h("span", { class: "clipped mono", title: url }, url) },
      { title: "Events", cell: ({ events }) => h("span", { title: events.join(", ") }, events.length > 2 ? `${events.slice(0, 2).join(", ")} and ${events.length - 2} more` : events.join(", ")) },
      { title: "Last delivery", cell: ({ last_status: status, last_triggered_at: last }) => (status ? [badge(status === "auto_disabled" ? "failed" : status), " ", ago(last)] : "none yet") },
      { title: "Failures in a row", end: true, cell: ({ failure_count: failures }) => (failures ? h("span", { class: "badge bad" }, number(failures)) : "0") },
      { title: "", label: "Acts", end: true, cell: (webhook) => enableButton(webhook, page) },
    ],
    empty: "No webhook yet. One calls a URL of yours when something happens.",
  });
}
