/** What stands around every page: the menu, whose organization it is, whether it is live, light or dark. */

import { h } from "./dom.js";
import { PAGES } from "./pages.js";
import { link } from "./router.js";
import { current, signOut } from "./session.js";

const LIVE = {
  live: ["Live", "Shown as it happens."],
  connecting: ["Connecting", "Reaching the stream of live events."],
  polling: ["Every 5 s", "There is no stream of live events here; pages are read again by the clock."],
  off: ["Every 30 s", "Nothing tells of changes here; the page is read again by the clock."],
};
const THEMES = [["system", "System"], ["light", "Light"], ["dark", "Dark"]];

export function frame(found) {
  const here = found?.route.under ?? found?.route.path;
  const { organization, email } = current();
  return [
    h(
      "aside",
      { class: "side", key: "side" },
      h(
        "div",
        { class: "brand" },
        h("a", { href: "#/" }, h("span", { class: "mark", "aria-hidden": "true" }, "≡"), " Spooled"),
        h("p", { id: "live", class: "live", role: "status", opaque: true }),
        h("button", { type: "button", class: "quiet menu", "aria-expanded": "false", "aria-controls": "menu", on: { click: toggleMenu } }, "Menu"),
      ),
      h(
        "div",
        { class: "folded", id: "menu" },
        h("nav", { "aria-label": "Pages" }, h("ul", null, PAGES.filter((page) => page.nav).map((page) => entry(page, here)))),
        h(
          "div",
          { class: "who" },
          h("p", { class: "org", title: organization?.id }, organization?.name ?? "", organization && h("span", { class: "badge" }, organization.plan_tier)),
          email && h("p", { class: "faint" }, email),
          h(
            "div",
            { class: "row" },
            h("label", { class: "unseen", for: "theme" }, "Appearance"),
            h("select", { id: "theme", value: spooledTheme.choice(), on: { change: (event) => spooledTheme.choose(event.currentTarget.value) } }, THEMES.map(([value, text]) => h("option", { value }, text))),
            h("button", { type: "button", on: { click: signOut } }, "Sign out"),
          ),
        ),
      ),
    ),
    h("main", { id: "main", key: "main", tabindex: "-1", opaque: true }),
  ];
}

/** Say how the page is kept up to date. */
export function setLive(state) {
  const place = document.getElementById("live");
  if (!place || place.dataset.state === state) return;
  const [text, title] = LIVE[state];
  place.dataset.state = state;
  place.title = title;
  place.replaceChildren(h("span", { class: "dot", "aria-hidden": "true" }), text);
}

function entry({ path, nav, shortcut }, here) {
  return h(
    "li",
    null,
    h("a", { href: link(path), "aria-current": path === here && "page", title: shortcut && `g, then ${shortcut}` }, nav),
  );
}

function toggleMenu(event) {
  const isOpen = event.currentTarget.getAttribute("aria-expanded") === "true";
  event.currentTarget.setAttribute("aria-expanded", String(!isOpen));
}
