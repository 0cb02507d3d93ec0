/** One webhook: whom it calls and for what, and how its deliveries went. Bodies are read on request alone. */

import { get, post } from "./api.js";
import { show } from "./dialog.js";
import { h } from "./dom.js";
import { ago, clock, DASH, duration, number } from "./format.js";
import { failed, said } from "./notice.js";
import { filterBy } from "./pager.js";
import { actButton, lacking } from "./rights.js";
import { link } from "./router.js";
import { badge } from "./states.js";
import { table } from "./table.js";
import { api, deleteWebhook, editWebhook, enableButton, NEEDS, rotateSecret, stateOf, testButton } from "./webhook_acts.js";

const MOST = 100;

export const title = ({ data }) => data?.webhook.name ?? "Webhook";

export async function read({ params, query, signal }) {
  const path = api(params.id);
  const wanted = { status: query.status, limit: MOST, bodies: false };
  const [webhook, deliveries] = await Promise.all([get(path, { signal }), get(`${path}/deliveries`, { query: wanted, signal })]);
  return { webhook, deliveries };
}

export const acts = ({ webhook }, page) => [
  testButton(webhook, page),
  enableButton(webhook, page),
  actButton({ text: "Edit", reason: lacking(...NEEDS), run: () => editWebhook(webhook, page) }),
  actButton({ text: "Rotate secret", reason: lacking(...NEEDS), run: () => rotateSecret(webhook, page) }),
  actButton({ text: "Delete", reason: lacking(...NEEDS), kind: "danger", run: () => deleteWebhook(webhook) }),
];

export function view({ webhook, deliveries }, page) {
  return [
    h("p", { class: "crumbs", key: "crumbs" }, h("a", { href: link("/webhooks") }, "Webhooks"), stateOf(webhook), h("code", null, webhook.id)),
    h("section", { key: "facts", "aria-label": "Webhook" }, h("dl", { class: "pairs" }, facts(webhook))),
    h("h2", { key: "deliveries-title" }, "Deliveries"),
    h(
      "div",
      { class: "filters", key: "filters" },
      filterBy("status", "State", [["", "All"], ["pending", "pending"], ["success", "success"], ["failed", "failed"]], page),
      h("span", { class: "faint" }, `Of the newest ${MOST}`),
    ),
    table({
      caption: "Deliveries, the newest first",
      rows: deliveries,
      key: (delivery) => delivery.id,
      columns: [
        { title: "Event", cell: ({ event }) => event },
        { title: "State", cell: ({ status }) => badge(status) },
        { title: "Answer", end: true, cell: ({ status_code: code }) => code ?? DASH },
        { title: "Attempts", end: true, cell: ({ attempts }) => number(attempts) },
        { title: "Happened", end: true, cell: (delivery) => ago(delivery.created_at) },
        { title: "Delivered", end: true, cell: delivered },
        { title: "Error", cell: ({ error }) => error && h("span", { class: "clipped", title: error }, error) },
        { title: "", label: "Acts", end: true, cell: (delivery) => h("span", { class: "row end" }, bodiesButton(webhook, delivery), retryButton(webhook, delivery, page)) },
      ],
      empty: page.query.status ? "No such delivery." : "Nothing has been sent yet.",
    }),
  ];
}

const isPast = (instant) => !instant || Date.parse(instant) <= Date.now();

/** How long it took, or when it is tried again. */
function delivered({ created_at: start, delivered_at: end, next_attempt_at: next }) {
  if (end) return `after ${duration(Math.max(0, Date.parse(end) - Date.parse(start)))}`;
  return next ? ["again ", ago(next)] : DASH;
}

function facts(webhook) {
  return [
    ["URL", h("code", null, webhook.url)],
    ["Events", webhook.events.join(", ")],
    ["Format", webhook.format],
    ["Last delivery", webhook.last_status ? [badge(webhook.last_status === "auto_disabled" ? "failed" : webhook.last_status), " ", ago(webhook.last_triggered_at)] : "none yet"],
    ["Failures in a row", `${number(webhook.failure_count)}; twenty disable it`],
    ...(isPast(webhook.overlap_ends_at) ? [] : [["Secret before", ["signs too, and ends ", ago(webhook.overlap_ends_at)]]]),
    ["Changed", clock(webhook.updated_at)],
  ].map(([name, value]) => [h("dt", null, name), h("dd", null, value)]);
}

const retryButton = (webhook, { id, event }, page) =>
  actButton({
    text: "Retry",
    label: `Retry ${event} ${id}`,
    reason: lacking(...NEEDS) ?? (webhook.enabled ? null : "the webhook is disabled: enable it, then retry"),
    run: async () => {
      const answer = await page.act(() => post(`${api(webhook.id)}/retry/${id}`));
      if (answer) (answer.success ? said : (text) => failed(new Error(text)))(answer.message);
    },
  });

function bodiesButton(webhook, { id, event }) {
  return h("button", { type: "button", key: "bodies", "aria-label": `Bodies of ${event} ${id}`, on: { click: () => showBodies(webhook, id) } }, "Bodies");
}

async function showBodies(webhook, id) {
  try {
    const { payload, response_body: answered, event, status_code: code } = await get(`${api(webhook.id)}/deliveries/${id}`);
    await show({
      title: event,
      content: [
        h("h3", null, "Sent"),
        h("pre", null, JSON.stringify(payload, null, 2)),
        h("h3", null, code ? `Answered, with ${code}` : "Answered"),
        answered ? h("pre", null, answered) : h("p", { class: "faint" }, "Nothing."),
      ],
    });
  } catch (error) {
    failed(error);
  }
}
