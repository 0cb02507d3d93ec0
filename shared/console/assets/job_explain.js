/** Why a job is not running: every gate of a claim, what it found, and when the job will start. */

import { h } from "./dom.js";
import { ago, clock } from "./format.js";
import { words } from "./value.js";

const NAMES = {
  state: "State", parents: "Jobs that it waits for", due: "Due", expiry: "Expiry", paused: "Pause", enabled: "Queue enabled",
  concurrency: "Concurrency", rate_limit: "Rate limit", order: "Order", workers: "Workers",
};

export function explanation({ summary, gates, estimate }) {
  const isHeld = gates.some((gate) => gate.verdict === "hold");
  return h(
    "section",
    { key: "explain", class: "explain", "aria-labelledby": "explain-title" },
    h("h2", { id: "explain-title" }, "Why is it not running?"),
    h("p", { class: ["summary", isHeld ? "warn" : "good"], role: "status" }, words(summary, 600)),
    h("ul", { class: "gates" }, gates.map((gate) => h("li", { key: gate.name, class: [gate.verdict === "hold" ? "warn" : "good"] }, gateLine(gate)))),
    h("p", { class: "faint" }, estimate.starts_at ? ["Starts ", clock(estimate.starts_at), " (", ago(estimate.starts_at), "). "] : "Nobody can tell when it starts. ", words(estimate.basis, 400)),
  );
}

const gateLine = ({ name, verdict, reason, until }) => [
  h("span", { class: "verdict" }, verdict === "hold" ? "Holds" : "Passes"),
  h("strong", null, NAMES[name] ?? name),
  h("span", { class: "reason" }, words(reason, 600), verdict === "hold" && until && h("span", { class: "faint" }, " Until ", clock(until), ".")),
];
