/**
 * Small pictures of figures, without a library. Each says in words what it shows.
 *
 *   sparkline([3, 5, 2], { label: "Jobs a minute: 2 now, 5 at most" })
 *   bars([{ label: "14:00", value: 12, second: 3 }, ...], { label, unit, secondLabel })    second stands on top, in red
 *   meter(current, limit)         how much of a limit is used
 */

import { h, svg } from "./dom.js";
import { number } from "./format.js";

const WIDTH = 240;
const HEIGHT = 48;

export function sparkline(values, { label }) {
  const most = Math.max(1, ...values);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : WIDTH;
  const points = values.map((value, place) => `${round(place * step)},${round(HEIGHT - 2 - (value / most) * (HEIGHT - 4))}`);
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    values.length > 1 && svg("polygon", { class: "area", points: `0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}` }),
    svg("polyline", { class: "line", points: points.join(" ") }),
  );
}

export function bars(items, { label, unit = "", secondLabel = "" }) {
  const most = Math.max(1, ...items.map(({ value, second = 0 }) => value + second));
  const step = WIDTH / Math.max(1, items.length);
  const size = (value) => (value > 0 ? Math.max(0.75, (value / most) * HEIGHT) : 0);
  return svg(
    "svg",
    { class: "chart bars", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    items.map(({ label: name, value, second = 0 }, place) => {
      const x = round(place * step + step * 0.1);
      const width = round(step * 0.8);
      const above = secondLabel ? `, ${number(second)} ${secondLabel}` : "";
      return svg(
        "g",
        null,
        svg("title", null, `${name}: ${number(value)} ${unit}${above}`),
        svg("rect", { class: "hit", x: round(place * step), y: 0, width: round(step), height: HEIGHT }),
        svg("rect", { class: "bar", x, y: round(HEIGHT - size(value)), width, height: round(size(value)) }),
        second > 0 && svg("rect", { class: "bar second", x, y: round(HEIGHT - size(value) - size(second)), width, height: round(size(second)) }),
      );
    }),
  );
}

export function meter(current, limit) {
  const share = limit ? Math.min(1, current / limit) : 0;
  return h(
    "div",
    { class: ["meter", share >= 1 ? "bad" : share >= 0.8 && "warn"], "aria-hidden": "true" },
    h("div", { style: { "inline-size": `${round(share * 100)}%` } }),
  );
}

const round = (value) => Math.round(value * 100) / 100;
