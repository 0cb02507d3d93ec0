/**
 * Figures and times for people, in the language and the zone of their browser.
 *
 *   number(12345)  compact(12345)  percent(0.5)  bytes(2048)  duration(milliseconds)  seconds(90)
 *   ago(iso), clock(iso)   <time> elements: how long ago or until (kept up to date by the page), and the instant
 *   plural(3, "job")       "3 jobs"
 *   DASH                   what stands where nothing is known
 */

import { h } from "./dom.js";

export const DASH = "–";

const numbers = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const instants = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const withZone = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
const isMissing = (value) => value === null || value === undefined || Number.isNaN(value);

export const number = (value) => (isMissing(value) ? DASH : numbers.format(value));
export const compact = (value) => (isMissing(value) ? DASH : short.format(value));
export const percent = (share) => (isMissing(share) ? DASH : percents.format(share));
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export function bytes(value) {
  if (isMissing(value)) return DASH;
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(1024)));
  return `${numbers.format(Math.round((value / 1024 ** step) * 10) / 10)} ${units[step]}`;
}

/** Two units at most: "350 ms", "1.4 s", "3 m 20 s", "2 d 4 h". */
export function duration(milliseconds) {
  if (isMissing(milliseconds)) return DASH;
  const ms = Math.abs(milliseconds);
  if (ms < 1_000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const whole = Math.round(ms / 1000);
  const parts = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]];
  const first = parts.findIndex(([, size]) => whole >= size);
  let rest = whole;
  return parts
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count ? `${count} ${unit}` : "";
    })
    .filter(Boolean)
    .join(" ");
}

export const seconds = (value) => (isMissing(value) ? DASH : duration(value * 1000));

/** How long ago, or until: "12 s ago", "in 3 m 20 s". */
export function relative(iso, now = Date.now()) {
  const difference = Date.parse(iso) - now;
  if (Math.abs(difference) < 1_000) return "now";
  const length = duration(Math.round(Math.abs(difference) / 1000) * 1000).replace(/\.0 /, " ");
  return difference < 0 ? `${length} ago` : `in ${length}`;
}

/** The instant, as the clock on the wall says it. */
export const local = (iso) => (iso ? instants.format(new Date(iso)) : DASH);

export function ago(iso) {
  if (!iso) return DASH;
  return h("time", { datetime: iso, title: withZone.format(new Date(iso)), "data-relative": true }, relative(iso));
}

export function clock(iso) {
  if (!iso) return DASH;
  return h("time", { datetime: iso, title: withZone.format(new Date(iso)) }, local(iso));
}

/** Bring the relative times of a page up to date. */
export function refreshTimes(root) {
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const text = relative(element.dateTime);
    if (element.textContent !== text) element.firstChild.nodeValue = text;
  }
}
