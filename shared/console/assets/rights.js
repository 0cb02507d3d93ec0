/** What the signed-in key or person may do, so that a button says beforehand why it would be refused. */

import { h } from "./dom.js";
import { current } from "./session.js";

/** Why not, for a person; null when one of these permissions is there. */
export function lacking(...anyOf) {
  const has = current()?.permissions;
  return !has || anyOf.some((right) => has.includes(right)) ? null : `this sign-in lacks the permission ${anyOf.join(" or ")}`;
}

/** A button, or with a `reason` one that cannot be pressed and says why. `isNew`: the one that `n` presses. */
export function actButton({ text, label = text, run, reason = null, kind = null, isNew = false }) {
  return h(
    "button",
    { type: "button", key: text, class: [kind], "data-new": isNew, disabled: Boolean(reason), title: reason, "aria-label": reason ? `${label}: ${reason}` : label, on: { click: reason ? null : run } },
    text,
  );
}
