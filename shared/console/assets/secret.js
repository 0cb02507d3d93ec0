/**
 * A secret that is shown once, with a button that copies it.
 *
 *   show({ title, content: secretView(key, "What it is for."), act: "I have it" })
 */

import { h } from "./dom.js";

/** For how long the one before is good too, in a form. */
export const overlapField = () => ({
  name: "overlap_hours", label: "Hours in which both are good", type: "number", min: 0, max: 720, step: "any", required: true, value: 24, help: "0: the one before ends at once.",
});

export function secretView(secret, text = "") {
  return [
    h("p", null, text, text && " ", "Copy it now: it is never shown again."),
    h("pre", null, h("code", { class: "secret", "data-secret": true }, secret)),
    h("button", { type: "button", on: { click: (event) => copy(event.currentTarget, secret) } }, "Copy"),
  ];
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it, and copy by hand";
  }
}
